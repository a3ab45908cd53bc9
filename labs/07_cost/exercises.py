"""Lab 07: the bill of a ferry company grows, and somebody has to find out where, and halve it without losing a release.

Six tasks. Some checks judge a figure that was worked out; the others ask the registry what the rules in force would
leave, and add up the layers of that. Every way that leads there counts.
"""

from contextlib import suppress
from decimal import Decimal, InvalidOperation

from ecrlab import lifecycle, oci, pricing, registry
from ecrlab.course import Exercise, Mistake

KB = 1000
BOOKING, KIOSK, TILES = "booking/web", "kiosk/app", "maps/tiles"
SANDBOX, COPY = "sandbox/try", "sandbox/maps-copy"
GB = pricing.BYTES_PER_GB


def blob(name, size):
    """Return a layer of about so many bytes; the same name gives the same layer."""
    return oci.layer({name: (name * (size // len(name) + 1))[:size]}, compression="none")


def on(base, name, size):
    """Return an image: a layer of its own on a base, or alone if there is none."""
    return oci.image(*([base] if base else []), blob(f"app/{name}", size))


# --- Putting the account into the state in which a task starts -----------------------------------------------------


def fresh(lab, *names):
    """Make these repositories anew, empty and without rules; return a client."""
    ecr = lab.client("ecr")
    for name in names:
        with suppress(ecr.exceptions.RepositoryNotFoundException):
            ecr.delete_repository(repositoryName=lab.repository_name(name), force=True)
        ecr.create_repository(repositoryName=lab.repository_name(name))
    return ecr


def push_all(lab, ecr, name, images):
    """Push images a day apart, tag -> image, the oldest first."""
    for tag, image in images.items():
        registry.push(ecr, image, lab.repository_name(name), tag=tag)
        lab.clock.advance(days=1)


# --- What the registry would hold ----------------------------------------------------------------------------------


def policy_of(lab, name):
    """Return the lifecycle policy of a repository, or ``None``."""
    ecr = lab.client("ecr")
    try:
        text = ecr.get_lifecycle_policy(repositoryName=lab.repository_name(name))["lifecyclePolicyText"]
    except ecr.exceptions.LifecyclePolicyNotFoundException:
        return None
    return lifecycle.parse(text)


def left_in(lab, name):
    """Return the images that the next run of the policy in force leaves in the standard class, digest -> tags."""
    there = registry.inventory(lab.client("ecr"), lab.repository_name(name))
    policy = policy_of(lab, name)
    entries = lifecycle.plan(policy, there, now=lab.clock.now()).kept if policy else ()
    images = [entry.image for entry in entries] if policy else there
    return {each.digest: each.tags for each in images if each.storage_class is lifecycle.StorageClass.STANDARD}


def bytes_of(digests, known):
    """Add up the layers of images, each layer once; ``known`` are the images that a task began with."""
    blobs = {layer.digest: layer.size for image in known if str(image.digest) in digests for layer in image.layers}
    return sum(blobs.values())


def tags_left(lab, name):
    """Return the tags that the next run leaves."""
    return {tag for tags in left_in(lab, name).values() for tag in tags}


# --- 1. Where it lies ----------------------------------------------------------------------------------------------

TILE_BASE = blob("usr/tiles", 200 * KB)
SHELF = {
    TILES: {f"{n}.0": on(TILE_BASE, f"tiles {n}", 10 * KB) for n in range(1, 7)},
    BOOKING: {f"{n}.0": on(blob(f"usr/base {n}", 130 * KB), f"booking {n}", 20 * KB) for n in range(1, 4)},
    KIOSK: {f"{n}.0": on(blob("usr/kiosk", 60 * KB), f"kiosk {n}", 30 * KB) for n in range(1, 3)},
}


def prepare_where(lab):
    """Leave three repositories: one with many images on one base, one with few that share nothing."""
    ecr = fresh(lab, *SHELF)
    for name, images in SHELF.items():
        push_all(lab, ecr, name, images)
    return f"{TILES} holds six images, {BOOKING} three, {KIOSK} two."


def named(lab, answer):
    """Return the short name of the repository that an answer means: a name, or a row of the table."""
    name = getattr(answer, "name", answer)
    return next((each for each in SHELF if name in (each, lab.repository_name(each))), None)


def check_where(lab, answer):
    """The answer is the repository that stores the most bytes."""
    if named(lab, answer) is None:
        return "The answer names none of the three repositories."
    if named(lab, answer) != BOOKING:
        return f"{named(lab, answer)} is not the one that stores most."
    return None


WHERE = Exercise(
    id="07.where",
    title="Where it lies",
    objective="Find the repository that stores most, by its layers",
    minutes=6,
    prepare=prepare_where,
    starter="""\
from ecrlab import pricing
ecr = lab.client("ecr")
names = [lab.repository_name(name) for name in ("maps/tiles", "booking/web", "kiosk/app")]
images = [image for name in names for image in registry.stored(ecr, name, read_layers=____)]
storage = pricing.storage_of(images)
largest = ____
storage""",
    check=check_where,
    mistakes=(
        Mistake(
            id="sizes",
            when=lambda lab, answer: named(lab, answer) == TILES,
            message=(
                "`maps/tiles` has the largest sum of sizes. But a list of images counts a layer once for each image "
                "that uses it, and ECR stores it once for each repository. Which column of the table says what is "
                "stored, and did you read the layers?"
            ),
            code="""\
from ecrlab import pricing
ecr = lab.client("ecr")
names = [lab.repository_name(name) for name in ("maps/tiles", "booking/web", "kiosk/app")]
images = [image for name in names for image in registry.stored(ecr, name, read_layers=False)]
storage = pricing.storage_of(images)
largest = storage.repositories[0].name
ecr.tag_resource(
    resourceArn=ecr.describe_repositories(repositoryNames=names)["repositories"][0]["repositoryArn"],
    tags=[{"Key": "looked-at", "Value": "yes"}],
)""",
        ),
        Mistake(
            id="smallest",
            when=lambda lab, answer: named(lab, answer) == KIOSK,
            message=(
                "`kiosk/app` stores least of all. The table has the largest repository first; look at its column of "
                "stored bytes, from the top."
            ),
            code="""\
from ecrlab import pricing
ecr = lab.client("ecr")
names = [lab.repository_name(name) for name in ("maps/tiles", "booking/web", "kiosk/app")]
images = [image for name in names for image in registry.stored(ecr, name, read_layers=True)]
storage = pricing.storage_of(images)
largest = storage.repositories[-1].name""",
        ),
    ),
    hints=(
        "Two figures are easily mixed up: what the sizes of all images add up to, and what is stored. Layers that "
        "images share make the difference, and only manifests say which those are.",
        "`read_layers=True` reads the manifests. `storage.repositories` is sorted, the largest first, and each has a "
        "`name`, `listed_bytes` and `stored_bytes`.",
        "Nearly the code: `registry.stored(ecr, name, read_layers=T…)`, then `largest = storage.repositories[0].…`.",
    ),
    solution="""\
from ecrlab import pricing
ecr = lab.client("ecr")
names = [lab.repository_name(name) for name in ("maps/tiles", "booking/web", "kiosk/app")]
images = [image for name in names for image in registry.stored(ecr, name, read_layers=True)]
storage = pricing.storage_of(images)
largest = storage.repositories[0].name
storage""",
    explain=(
        "Six images of maps/tiles share one base, which is stored once. The three of booking/web share nothing. On a "
        "real account reading layers counts as a pull of each image, so it is a choice."
    ),
    alternates=(
        """\
from ecrlab import pricing
ecr = lab.client("ecr")
names = [lab.repository_name(name) for name in ("maps/tiles", "booking/web", "kiosk/app")]
images = [image for name in names for image in registry.stored(ecr, name, read_layers=True)]
largest = max(pricing.storage_of(images).repositories, key=lambda each: each.stored_bytes)""",
    ),
)


# --- 2. Halve it ---------------------------------------------------------------------------------------------------

WORK_BASE = blob("usr/work", 100 * KB)
RELEASES = {f"v{n}": on(WORK_BASE, f"release {n}", 40 * KB) for n in range(1, 4)}
BUILDS = {f"build-{n}": on(WORK_BASE, f"build {n}", 30 * KB) for n in range(1, 13)}
BEGAN_WITH = (*RELEASES.values(), *BUILDS.values())
WHOLE = bytes_of({str(image.digest) for image in BEGAN_WITH}, BEGAN_WITH)


def prepare_halve(lab):
    """Leave three releases, the oldest of all, and twelve builds after them; no policy."""
    ecr = fresh(lab, TILES)
    push_all(lab, ecr, TILES, RELEASES | BUILDS)
    return f"{TILES} holds releases v1 to v3 and builds 1 to 12 on one base, {WHOLE // KB} kB together. No policy."


def halved(lab):
    """Tell whether the next run leaves half of the bytes or less."""
    return bytes_of(left_in(lab, TILES), BEGAN_WITH) * 2 <= WHOLE


def check_halve(lab, answer):
    """Half of the bytes go by a rule; every release and the newest build stay, now and with the next builds."""
    if policy_of(lab, TILES) is None:
        return f"{TILES} has no lifecycle policy yet."
    tags = tags_left(lab, TILES)
    if not set(RELEASES) <= tags:
        return f"Of the releases only {', '.join(sorted(tags & set(RELEASES))) or 'none'} would stay."
    if "build-12" not in tags:
        return "The newest build would go."
    if not halved(lab):
        return f"{bytes_of(left_in(lab, TILES), BEGAN_WITH) // KB} of {WHOLE // KB} kB would stay."
    return None


def halve(*rules):
    """Return a learner's cell that puts these rules on maps/tiles."""
    return f"""\
import json
rules = [{", ".join(map(repr, rules))}]
ecr = lab.client("ecr")
repository = lab.repository_name("maps/tiles")
ecr.put_lifecycle_policy(repositoryName=repository, lifecyclePolicyText=json.dumps({{"rules": rules}}))"""


def keep_newest(priority, number, *patterns):
    """Return a rule that keeps so many of the images with these tags, or of all if none is named."""
    tags = {"tagStatus": "tagged", "tagPatternList": list(patterns)} if patterns else {"tagStatus": "any"}
    selection = tags | {"countType": "imageCountMoreThan", "countNumber": number}
    return {"rulePriority": priority, "selection": selection, "action": {"type": "expire"}}


HALVE = Exercise(
    id="07.halve",
    title="Half of it, and no release lost",
    objective="Choose a rule by the bytes it frees",
    minutes=8,
    prepare=prepare_halve,
    starter="""\
import json
selection = {"tagStatus": "tagged", "tagPatternList": ____, "countType": "imageCountMoreThan", "countNumber": ____}
rules = [{"rulePriority": 1, "selection": selection, "action": {"type": "expire"}}]
ecr = lab.client("ecr")
repository = lab.repository_name("maps/tiles")
ecr.put_lifecycle_policy(repositoryName=repository, lifecyclePolicyText=json.dumps({"rules": rules}))""",
    check=check_halve,
    mistakes=(
        Mistake(
            id="releases",
            when=lambda lab, answer: bool(policy_of(lab, TILES)) and not set(RELEASES) <= tags_left(lab, TILES),
            message=(
                "Your rule takes releases: `v1` is the oldest image of all, so a rule that counts everything deletes "
                "it first. Look at `tagPatternList`: which tags have only the builds?"
            ),
            code=halve(keep_newest(1, 2, "*")),
        ),
        Mistake(
            id="too-little",
            when=lambda lab, answer: "build-12" in tags_left(lab, TILES) and not halved(lab),
            message=(
                "Right images, but more than half stays. The base is shared, so deleting a build frees only its own "
                "32 kB: half of the images is not half of the bytes. How many builds may stay?"
            ),
            code=halve(keep_newest(1, 6, "build-*")),
        ),
        Mistake(
            id="newest",
            when=lambda lab, answer: "build-12" not in tags_left(lab, TILES),
            message=(
                "The newest build would go as well. It is what runs on the test ship. The rule counts from the newest "
                "image on: what does `countNumber` keep?"
            ),
            code="""\
import json
selection = {"tagStatus": "tagged", "tagPatternList": ["build-*"], "countType": "sinceImagePushed"}
selection |= {"countUnit": "days", "countNumber": 1}
rules = [{"rulePriority": 1, "selection": selection, "action": {"type": "expire"}}]
ecr = lab.client("ecr")
repository = lab.repository_name("maps/tiles")
lab.clock.advance(hours=12)
ecr.put_lifecycle_policy(repositoryName=repository, lifecyclePolicyText=json.dumps({"rules": rules}))""",
        ),
    ),
    hints=(
        "Work out what is there: a base of 102 kB once, three releases of 42, twelve builds of 32. Then what may stay, "
        "if half of it goes and the releases are sacred.",
        "`tagPatternList` names tags with `*`. `countNumber` is how many of the newest the rule keeps. 616 kB in half "
        "are 308; base and releases need 230 of them.",
        'Nearly the code: `"tagPatternList": ["build-…"]` and a `countNumber` of two or less.',
    ),
    solution=halve(keep_newest(1, 2, "build-*")),
    explain=(
        "What is shared stays as long as one image uses it, so a rule frees only what its images have alone. Two "
        "builds leave 294 of 616 kB. Releases are safe because no rule selects them."
    ),
    alternates=(
        halve(keep_newest(1, 1, "build-*")),
        halve(keep_newest(1, 999, "v*"), keep_newest(2, 2)),
    ),
)


# --- 3. The archive trap -------------------------------------------------------------------------------------------

LOGS = 800 * GB
LOG_DAYS = 30
CHOICE = pricing.archive_or_keep(LOGS, LOG_DAYS)
MORE = pricing.rounded(CHOICE.archived_usd - CHOICE.kept_usd)


def nothing(lab):
    """Nothing to prepare: the task is about figures."""
    return "Nothing was changed: this task is about figures."


def amount(answer):
    """Return an answer as dollars, or ``None`` if it is no number."""
    try:
        return None if isinstance(answer, bool) else Decimal(str(answer))
    except InvalidOperation:
        return None


def close_to(answer, usd):
    """Tell whether an answer means this amount, to the cent."""
    given = amount(answer)
    return given is not None and given.is_finite() and abs(given - usd) <= Decimal("0.011")


def check_trap(lab, answer):
    """The answer is what the archive costs more, in dollars."""
    if amount(answer) is None:
        return "The answer is no number of dollars."
    return None if close_to(answer, MORE) else f"{answer} USD is not the difference."


TRAP = Exercise(
    id="07.trap",
    title="Shall we archive it?",
    objective="Work out what the archive costs for a short time",
    minutes=5,
    prepare=nothing,
    starter="""\
from ecrlab import pricing
choice = pricing.archive_or_keep(800 * pricing.BYTES_PER_GB, days=____)
more = ____  # what the archive costs more than keeping, in USD
choice""",
    check=check_trap,
    mistakes=(
        Mistake(
            id="whole",
            when=lambda lab, answer: close_to(answer, CHOICE.archived_usd),
            message=(
                "That is what the archive costs, all of it. Keeping is not free either. Mira asks for the difference "
                "between the two."
            ),
            code="""\
from ecrlab import pricing
choice = pricing.archive_or_keep(800 * pricing.BYTES_PER_GB, days=30)
more = choice.archived_usd""",
        ),
        Mistake(
            id="same",
            when=lambda lab, answer: close_to(answer, Decimal(0)),
            message=(
                "The price of a GB is the same, but not the time: an archived image is paid for 90 days at least. How "
                "long are the logs needed?"
            ),
            code="""\
from ecrlab import pricing
choice = pricing.archive_or_keep(800 * pricing.BYTES_PER_GB, days=90)
more = choice.archived_usd - choice.kept_usd""",
        ),
        Mistake(
            id="turned",
            when=lambda lab, answer: close_to(answer, -MORE),
            message="The amount is right and its sign is not: which of the two choices is the dearer one?",
            code="""\
from ecrlab import pricing
choice = pricing.archive_or_keep(800 * pricing.BYTES_PER_GB, days=30)
more = choice.kept_usd - choice.archived_usd""",
        ),
    ),
    hints=(
        "Three things decide: how many GB, how long they are needed, and how long the archive is paid for at least. "
        "The table shows all three choices.",
        "`choice` has `kept_usd` and `archived_usd`, exact amounts. `days` is how long the logs are needed.",
        "Nearly the code: `days=30`, and `more = choice.archived_usd - choice.…`.",
    ),
    solution="""\
from ecrlab import pricing
choice = pricing.archive_or_keep(800 * pricing.BYTES_PER_GB, days=30)
more = choice.archived_usd - choice.kept_usd
choice""",
    explain=(
        "The archive is paid for 90 days, so for 30 days it costs three times as much. It is made for what must be "
        "kept long and is hardly ever pulled; below 150 TB it is not cheaper by the GB."
    ),
    alternates=(
        """\
from ecrlab import pricing
choice = pricing.archive_or_keep(800 * pricing.BYTES_PER_GB, days=30)
more = float(pricing.rounded(choice.archived_usd)) - float(pricing.rounded(choice.kept_usd))""",
        "more = 157.81",
    ),
)


# --- 4. What is scanned again --------------------------------------------------------------------------------------

FLEET = (BOOKING, TILES, SANDBOX, COPY)


def prepare_scans(lab):
    """Leave four repositories, and a registry that scans all of them again and again."""
    ecr = fresh(lab, *FLEET)
    everything = [{"filter": "*", "filterType": "WILDCARD"}]
    rules = [{"scanFrequency": "CONTINUOUS_SCAN", "repositoryFilters": everything}]
    ecr.put_registry_scanning_configuration(scanType="ENHANCED", rules=rules)
    return f"Enhanced scanning goes on continuously for all repositories: {', '.join(FLEET)}."


def frequencies(lab):
    """Return how each repository is scanned now, short name -> frequency."""
    names = [lab.repository_name(name) for name in FLEET]
    answer = lab.client("ecr").batch_get_repository_scanning_configuration(repositoryNames=names)
    told = {each["repositoryName"]: each["scanFrequency"] for each in answer["scanningConfigurations"]}
    return {name: told[lab.repository_name(name)] for name in FLEET}


def check_scans(lab, answer):
    """What sails is scanned continuously, the sandbox on push, by enhanced scanning."""
    kind = lab.client("ecr").get_registry_scanning_configuration()["scanningConfiguration"]["scanType"]
    if kind != "ENHANCED":
        return "The registry does not use enhanced scanning any more."
    for name, frequency in frequencies(lab).items():
        wanted = "SCAN_ON_PUSH" if name.startswith("sandbox/") else "CONTINUOUS_SCAN"
        if frequency != wanted:
            return f"{name} is scanned {frequency}; wanted is {wanted}."
    return None


def scans(continuous, on_push):
    """Return a learner's cell that sets the registry's scanning rules."""
    return f"""\
ecr = lab.client("ecr")
continuous = [{{"filter": text, "filterType": "WILDCARD"}} for text in {list(continuous)!r}]
on_push = [{{"filter": text, "filterType": "WILDCARD"}} for text in {list(on_push)!r}]
rules = [{{"scanFrequency": "CONTINUOUS_SCAN", "repositoryFilters": continuous}}] if continuous else []
rules += [{{"scanFrequency": "SCAN_ON_PUSH", "repositoryFilters": on_push}}] if on_push else []
ecr.put_registry_scanning_configuration(scanType="ENHANCED", rules=rules)"""


SCANS = Exercise(
    id="07.scans",
    title="Inspector's bill",
    objective="Limit continuous scanning to what runs",
    minutes=7,
    prepare=prepare_scans,
    starter="""\
ecr = lab.client("ecr")
continuous = [{"filter": text, "filterType": "WILDCARD"} for text in ____]
on_push = [{"filter": text, "filterType": "WILDCARD"} for text in ____]
rules = [
    {"scanFrequency": "CONTINUOUS_SCAN", "repositoryFilters": continuous},
    {"scanFrequency": "SCAN_ON_PUSH", "repositoryFilters": on_push},
]
ecr.put_registry_scanning_configuration(scanType="ENHANCED", rules=rules)""",
    check=check_scans,
    mistakes=(
        Mistake(
            id="contains",
            when=lambda lab, answer: (
                frequencies(lab)[COPY] == "CONTINUOUS_SCAN" and frequencies(lab)[SANDBOX] != "CONTINUOUS_SCAN"
            ),
            message=(
                "`sandbox/maps-copy` is still scanned continuously. A filter without a star means *contains*, and if "
                "both frequencies match, the continuous one wins. How do you say *begins with*?"
            ),
            code=scans(["booking", "maps"], ["sandbox"]),
        ),
        Mistake(
            id="off",
            when=lambda lab, answer: "MANUAL" in frequencies(lab).values() or "OFF" in frequencies(lab).values(),
            message=(
                "A repository that matches no rule is not scanned at all: with enhanced scanning there are no manual "
                "scans. The sandbox shall still be scanned once, when something is pushed."
            ),
            code=scans(["booking/*", "maps/*"], []),
        ),
        Mistake(
            id="all-once",
            when=lambda lab, answer: frequencies(lab)[BOOKING] == "SCAN_ON_PUSH",
            message=(
                "Now the booking site is scanned once only. A flaw that becomes known tomorrow would not be found in "
                "what runs today. Which repositories have to be watched?"
            ),
            code=scans([], ["*"]),
        ),
    ),
    hints=(
        "Two lists: what is watched, and what is scanned once. Each repository must match one of them, and the "
        "watched list must not match the sandbox.",
        "A filter may hold a star: `booking/*` begins with `booking/`. Without any star it means *contains*. "
        "Continuous wins where both match.",
        'Nearly the code: `["booking/*", "maps/…"]` and `["sandbox/…"]`.',
    ),
    solution=scans(["booking/*", "maps/*"], ["sandbox/*"]),
    explain=(
        "Inspector bills each image once and each later scan again. The sandbox is scanned when something is pushed, "
        "and not every day. `maps` without a star would have matched `sandbox/maps-copy`."
    ),
    alternates=(scans(["booking/*", "maps/*"], ["*"]), scans(["booking/web", "maps/tiles"], ["sandbox"])),
    elsewhere=lambda lab: lab.client("ecr").get_registry_scanning_configuration()["scanningConfiguration"],
)


# --- 5. The way to ECR ---------------------------------------------------------------------------------------------

WAYS = ("NAT gateway", "VPC endpoints")


def check_subnet(lab, answer):
    """The answer names the cheaper way for 900 GB in three zones."""
    if answer not in WAYS:
        return f"The answer is none of {' and '.join(map(repr, WAYS))}."
    return None if answer == "NAT gateway" else "That is the dearer one of the two."


def subnet(gigabytes, zones, cheaper):
    """Return a learner's cell that compares both ways."""
    return f"""\
from ecrlab import pricing
ways = dict(pricing.private_subnet({gigabytes} * pricing.BYTES_PER_GB, zones={zones}))
usd = {{name: pricing.estimate(used).usd for name, used in ways.items()}}
cheaper = {cheaper}"""


SUBNET = Exercise(
    id="07.subnet",
    title="Which way is cheaper?",
    objective="Compare a NAT gateway with endpoints, in dollars",
    minutes=6,
    prepare=nothing,
    starter=subnet("____", "____", "____  # the name of the cheaper way") + "\nusd",
    check=check_subnet,
    mistakes=(
        Mistake(
            id="one-zone",
            when=lambda lab, answer: answer == "VPC endpoints",
            message=(
                "In one or two zones you would be right. An interface endpoint is billed by the hour in each zone, "
                "and ECR needs two of them. The ferries run in three zones."
            ),
            code=subnet(900, 1, "min(usd, key=usd.get)"),
        ),
        Mistake(
            id="dollars",
            when=lambda lab, answer: amount(answer) is not None,
            message="That is an amount. Mira asks which way to take: its name, as the table has it.",
            code=subnet(900, 3, "min(usd.values())"),
        ),
    ),
    hints=(
        "A NAT gateway bills every GB. Endpoints bill hours, in each zone, whatever is pulled. So it depends on how "
        "much is pulled and in how many zones.",
        "`private_subnet(bytes, zones=…)` returns both ways. Mira's figures are 900 GB a month and three zones.",
        "Nearly the code: `900 * pricing.BYTES_PER_GB`, `zones=3`, and `cheaper = min(usd, key=usd.…)`.",
    ),
    solution=subnet(900, 3, "min(usd, key=usd.get)") + "\nusd",
    explain=(
        "900 GB through a NAT gateway cost 40.50 USD; two endpoints in three zones cost 43.80 USD. From 974 GB on the "
        "endpoints win. Security may decide otherwise: through endpoints nothing leaves AWS's network."
    ),
    alternates=("cheaper = 'NAT gateway'",),
)


# --- 6. Everything together ----------------------------------------------------------------------------------------

COMPANY = {
    TILES: RELEASES | BUILDS,
    BOOKING: {
        "1.0": on(None, "booking one", 90 * KB),
        "2.0": on(None, "booking two", 90 * KB),
        **{f"nightly-{n}": on(None, f"nightly {n}", 60 * KB) for n in range(1, 8)},
    },
    KIOSK: {
        "stable": on(None, "kiosk stable", 50 * KB),
        **{f"test-{n}": on(None, f"kiosk test {n}", 50 * KB) for n in range(1, 6)},
    },
}
SACRED = {TILES: set(RELEASES), BOOKING: {"1.0", "2.0"}, KIOSK: {"stable"}}
LIMIT = 800 * KB


def prepare_company(lab):
    """Leave the whole company's registry, without any policy."""
    ecr = fresh(lab, *COMPANY)
    for name, images in COMPANY.items():
        push_all(lab, ecr, name, images)
    return f"Three repositories, {company_bytes(lab) // KB} kB, no policy. Releases: v*, *.0 and stable."


def company_bytes(lab):
    """Return what the next runs leave in the standard class, over all repositories."""
    return sum(bytes_of(left_in(lab, name), images.values()) for name, images in COMPANY.items())


def check_company(lab, answer):
    """At most 800 kB stay, every release stays, and every repository has rules for the builds to come."""
    lost = {tag for name, tags in SACRED.items() for tag in tags - tags_left(lab, name)}
    if lost:
        return f"A release would be lost: {', '.join(sorted(lost))}."
    bare = [name for name in COMPANY if policy_of(lab, name) is None]
    if bare:
        return f"There are no rules for {', '.join(bare)}: what comes next would stay for ever."
    if company_bytes(lab) > LIMIT:
        return f"{company_bytes(lab) // KB} kB would stay; the limit is {LIMIT // KB}."
    return None


def company(rules):
    """Return a learner's cell that puts rules on repositories, name -> rules."""
    return f"""\
import json
ecr = lab.client("ecr")
for name, rules in {rules!r}.items():
    text = json.dumps({{"rules": rules}})
    ecr.put_lifecycle_policy(repositoryName=lab.repository_name(name), lifecyclePolicyText=text)"""


WHOLE_COMPANY = Exercise(
    id="07.company",
    title="The whole company",
    objective="Bring a registry under a limit with rules of your own",
    minutes=12,
    prepare=prepare_company,
    starter="____",
    check=check_company,
    mistakes=(
        Mistake(
            id="count-all",
            when=lambda lab, answer: any(tags - tags_left(lab, name) for name, tags in SACRED.items()),
            message=(
                "A release would go. A rule that counts everything deletes the oldest first, and here the releases "
                "are the oldest. Select the builds by their tags, or claim the releases with a rule of a lower number."
            ),
            code=company({name: [keep_newest(1, 3)] for name in COMPANY}),
        ),
        Mistake(
            id="by-hand",
            when=lambda lab, answer: company_bytes(lab) <= LIMIT,
            message=(
                "Under the limit today. But a repository has no rules, so next month it grows again. Deleting by hand "
                "is work for every month; a policy is work for once."
            ),
            code="""\
ecr = lab.client("ecr")
for name in ("maps/tiles", "booking/web", "kiosk/app"):
    repository = lab.repository_name(name)
    tags = [each["imageTag"] for each in ecr.list_images(repositoryName=repository)["imageIds"]]
    gone = [{"imageTag": tag} for tag in tags if tag.startswith(("build-", "nightly-", "test-"))]
    ecr.batch_delete_image(repositoryName=repository, imageIds=gone)""",
        ),
        Mistake(
            id="one-only",
            when=lambda lab, answer: any(policy_of(lab, name) for name in COMPANY),
            message=(
                "A good beginning, and still above the limit. `pricing.storage_of` with layers shows where the rest "
                "lies. Each repository has its own kind of builds: `build-*`, `nightly-*`, `test-*`."
            ),
            code=company({TILES: [keep_newest(1, 2, "build-*")]}),
        ),
    ),
    hints=(
        "First look: which repository stores how much, and which tags are only builds? Then one rule for each "
        "repository that keeps a few of those.",
        "Builds are tagged `build-*`, `nightly-*` and `test-*`. `imageCountMoreThan` keeps the newest of them. A loop "
        "over name and pattern is enough.",
        'Nearly the code: `for name, pattern in {"maps/tiles": "build-*", …}.items():`, then the selection of task 2 '
        "with that pattern, and `put_lifecycle_policy`.",
    ),
    solution=company(
        {
            TILES: [keep_newest(1, 2, "build-*")],
            BOOKING: [keep_newest(1, 2, "nightly-*")],
            KIOSK: [keep_newest(1, 2, "test-*")],
        }
    ),
    explain=(
        "Three rules of one shape. What they keep is bounded for ever: releases, and two builds of each kind. The rest "
        "of the bill is a matter of how many releases you keep."
    ),
    alternates=(
        company(
            {
                TILES: [keep_newest(1, 500, "v*"), keep_newest(2, 1)],
                BOOKING: [keep_newest(1, 500, "*.0"), keep_newest(2, 2)],
                KIOSK: [keep_newest(3, 1, "test-*")],
            }
        ),
    ),
)


EXERCISES = (WHERE, HALVE, TRAP, SCANS, SUBNET, WHOLE_COMPANY)
