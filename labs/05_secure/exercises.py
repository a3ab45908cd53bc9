"""Lab 05: one Thursday at a ferry company, from a question about Log4j to a repository with a clean report card.

Eight tasks, from a worked example to a blank page. Each check reads images, settings, keys and referrers through the
APIs, and scans what lies in the registry itself. Nothing is compared with a text, so every way that works counts.
"""

import json
from contextlib import suppress
from datetime import UTC, datetime
from functools import cache

from ecrlab import access, oci, registry, scan, security, signatures
from ecrlab.course import Exercise, Mistake
from ecrlab.oci import recipes

BASE = "platform/java"
APPS = ("fares/api", "booking/web", "crew/api")
"""Three applications that stand on one base image."""
PAYMENTS = "payments/api"
LOG4J = "org.apache.logging.log4j:log4j-core"
LOG4SHELL, INCOMPLETE_FIX = "CVE-2021-44228", "CVE-2021-45046"
TEAM = "222233334444"
"""The payments team's own account, which pulls from here."""
CYCLONEDX = "application/vnd.cyclonedx+json"
NOTARY_ENVELOPE = "application/jose+json"
SEVERE = ("CRITICAL", "HIGH")


# --- What is built -------------------------------------------------------------------------------------------------


@cache
def java_base(version):
    """Build the platform team's base: Debian, Java, Log4j of a version, and a launcher; four layers."""
    return recipes.java_app({LOG4J: version}, packaging="libraries")


@cache
def own_layers(name):
    """Return the two layers that are a Java application's own: a library beside Log4j, and its code."""
    library = recipes.java_app({"org.apache.commons:commons-text": "1.12.0"}, packaging="libraries").layers[2]
    return library, code(name)


def code(name):
    """Return the layer with the code of a service."""
    return oci.layer({f"app/{name}": f"the code of {name}\n", "app/service.yml": f"name: {name}\nport: 8080\n"})


def application(name, version):
    """Build an application on the base with Log4j of a version."""
    return oci.append(java_base(version), *own_layers(name))


@cache
def python_build(number, **packages):
    """Build the payments service: the mended packages, some of them in other versions, and its number."""
    mended = {"jinja2": "3.1.4", "pyyaml": "6.0.2", "requests": "2.32.3", "aiohttp": "3.10.11"}
    return oci.append(recipes.python_app(mended | packages), oci.layer({"app/build.txt": f"{number}\n"}))


# --- What the registry says ----------------------------------------------------------------------------------------


def digest_at(lab, name, tag):
    """Return the digest that a tag means, or ``None`` if there is no such tag or repository."""
    ecr = lab.client("ecr")
    try:
        asked = ecr.describe_images(repositoryName=name, imageIds=[{"imageTag": tag}])
    except (ecr.exceptions.ImageNotFoundException, ecr.exceptions.RepositoryNotFoundException):
        return None
    return asked["imageDetails"][0]["imageDigest"]


def pulled(lab, name, tag):
    """Pull what a tag means now; ``None`` if there is no such tag."""
    digest = digest_at(lab, name, tag)
    return registry.pull(lab.client("ecr"), name, digest) if digest else None


def images(lab, name):
    """Return everything that lies in a repository; nothing if there is no such repository."""
    ecr = lab.client("ecr")
    try:
        ecr.describe_repositories(repositoryNames=[name])
    except ecr.exceptions.RepositoryNotFoundException:
        return ()
    return registry.inventory(ecr, name)


def newest(lab, name):
    """Pull the image with a tag that was pushed last; ``None`` if there is none, or no repository."""
    tagged = [image for image in images(lab, name) if image.tags and not image.subject]
    if not tagged:
        return None
    last = max(tagged, key=lambda image: (image.pushed_at, image.sequence))
    return registry.pull(lab.client("ecr"), name, last.digest)


def flaws(image):
    """Return what the scanner finds in an image."""
    return {finding.id for finding in scan.scan(image).findings} if image else set()


def versions_of(image, package):
    """Return the versions of a package that lie in an image."""
    return {each.version for each in scan.read_image(image).packages if each.name == package} if image else set()


def has_layers(image, layers):
    """Tell whether an image still holds these layers."""
    held = {layer.digest for layer in image.layers} if isinstance(image, oci.Image) else set()
    return held.issuperset(layer.digest for layer in layers)


def attached(lab, name, digest, word):
    """Pull what refers to an image and whose type has a word in it: ``notary``, ``cyclonedx``."""
    if not images(lab, name):
        return []
    ecr = lab.client("ecr")
    found = ecr.list_image_referrers(repositoryName=name, subjectId={"imageDigest": str(digest)})["referrers"]
    matching = [each["digest"] for each in found if word in each.get("artifactType", "")]
    return [registry.pull(ecr, name, each) for each in matching]


def scanning(lab):
    """Return the registry's scanning rules; what a learner changes beside the repositories."""
    return lab.client("ecr").get_registry_scanning_configuration()["scanningConfiguration"]


# --- Putting the account into the state in which a task starts -----------------------------------------------------


def fresh(lab, name, *pushes, **settings):
    """Make a repository anew and push images, each with its tags, a minute after the other."""
    ecr = lab.client("ecr")
    with suppress(ecr.exceptions.RepositoryNotFoundException):
        ecr.delete_repository(repositoryName=name, force=True)
    ecr.create_repository(repositoryName=name, **settings)
    for image, *tags in pushes:
        for tag in tags or [None]:
            registry.push(ecr, image, name, tag=tag)
        lab.clock.advance(minutes=1)


def scan_all(lab):
    """Let the registry scan whatever is pushed, language packages too."""
    everything = [{"filter": "*", "filterType": "WILDCARD"}]
    rules = [{"scanFrequency": "SCAN_ON_PUSH", "repositoryFilters": everything}]
    lab.client("ecr").put_registry_scanning_configuration(scanType="ENHANCED", rules=rules)


def fleet(lab, version):
    """Push the base, and the three applications that stand on it."""
    scan_all(lab)
    fresh(lab, BASE, (java_base(version), "1.0"))
    for name in APPS:
        fresh(lab, name, (application(name, version), "production"))


# --- 1. Which layer is it? -----------------------------------------------------------------------------------------


def prepare_layer(lab):
    """Push the base and three applications, all with the old Log4j."""
    fleet(lab, "2.14.1")
    return f"{BASE} and three applications on it are in the registry, and scanned."


def digest_in(answer):
    """Return the digest of an answer: a text, or something that has one."""
    return str(getattr(answer, "digest", answer))


def the_app():
    """Return fares/api as it is pushed in task 1."""
    return application("fares/api", "2.14.1")


def check_layer(lab, answer):
    """The answer is the digest of the layer that holds Log4j."""
    if digest_in(answer) == str(scan.scan(the_app()).finding(LOG4SHELL).package.layer_digest):
        return None
    return f"`layer` is not the digest of the layer that brings {LOG4SHELL} into fares/api."


LAYER_START = """\
from ecrlab import scan
image = registry.pull(lab.client("ecr"), "fares/api", "production")
report = scan.scan(image)
"""

LAYER = Exercise(
    id="05.layer",
    title="Which layer is it?",
    objective="Trace a finding to the layer that brings it",
    minutes=6,
    prepare=prepare_layer,
    starter=f"{LAYER_START}layer = ____  # the digest of the layer that brings CVE-2021-44228",
    check=check_layer,
    mistakes=(
        Mistake(
            id="image",
            when=lambda lab, answer: digest_in(answer) == str(the_app().digest),
            message=(
                "That is the digest of the whole image, which is its manifest's. It says which image has the flaw, and "
                "you knew that already. Look at the package that the finding is about: it knows the layer it lies in."
            ),
            code=f"{LAYER_START}layer = str(image.digest)",
        ),
        Mistake(
            id="unpacked",
            when=lambda lab, answer: digest_in(answer) in {str(layer.diff_id) for layer in the_app().layers},
            message=(
                "That is the digest of an unpacked layer, as the config lists it. A registry, a manifest and a scan name a "
                "layer by the digest of its compressed bytes. Look at the other digest that a layer has."
            ),
            code=f"{LAYER_START}layer = image.layers[2].diff_id",
        ),
        Mistake(
            id="own",
            when=lambda lab, answer: digest_in(answer) in {str(layer.digest) for layer in own_layers("fares/api")},
            message=(
                "That layer is the application's own. It uses Log4j, but does not bring it. Run "
                "`show.layers_with_findings(report, image)` and see at which height the finding stands."
            ),
            code=f"{LAYER_START}layer = image.layers[-1].digest",
        ),
        Mistake(
            id="other",
            when=lambda lab, answer: digest_in(answer) in {str(layer.digest) for layer in the_app().layers},
            message=(
                "That layer is below the application, and the flaw does come from below. But nothing in this layer has a "
                "finding. Debian and Java have layers of their own in the base. Look at the package of the finding, not "
                "at the order."
            ),
            code=f"{LAYER_START}layer = image.layers[0].digest",
        ),
    ),
    hints=(
        "A scanner reads layer by layer and notes where each package lies. So the report already knows the answer; you only "
        "have to ask the right finding.",
        '`report.finding("CVE-…")` returns one finding. Its `package` has a name, a version, a path, and a `layer_digest`.',
        "Nearly the code: `report.finding(…).package.…`, with the number of the flaw as text.",
    ),
    solution=f'{LAYER_START}layer = report.finding("CVE-2021-44228").package.layer_digest',
    explain=(
        "The third layer holds the jar, and it belongs to the base. The application's own layers have no finding. "
        "The repair belongs where the layer comes from: in the base."
    ),
    alternates=(
        """\
from ecrlab import security
found = security.findings(lab.client("ecr"), "fares/api", "production")
layer = [each.packages[0].layer for each in found if each.vulnerability == "CVE-2021-44228"][0]""",
        f"{LAYER_START}layer = image.layers[2]",
    ),
)


# --- 2. Fix the base once ------------------------------------------------------------------------------------------


def prepare_base(lab):
    """Push the base and three applications, all with the old Log4j."""
    fleet(lab, "2.14.1")
    return f"{BASE}:1.0 and three applications on it are there, all with Log4j 2.14.1."


def productions(lab):
    """Return what each application has in production now."""
    return {name: pulled(lab, name, "production") for name in APPS}


def gutted(lab):
    """Return the applications that lost their own layers, or the library that they log with."""
    return [
        name
        for name, image in productions(lab).items()
        if not has_layers(image, own_layers(name)) or not versions_of(image, LOG4J)
    ]


def check_base(lab, answer):
    """The base and the three applications are clean, and still what they were."""
    if lost := gutted(lab):
        return f"{lost[0]}:production is not the application any more: its own layers or its logging are gone."
    for name, image in productions(lab).items():
        if found := flaws(image):
            return f"{name}:production still has {min(found)}."
    base = newest(lab, BASE)
    if base is None:
        return f"{BASE} is gone, and the next application needs it."
    if found := flaws(base):
        return f"The newest image of {BASE} still has {min(found)}: the next application will have it, too."
    return None


def base_cell(version="2.24.1", rebuilt="oci.append(base, *app.layers[len(old.layers):])", pushed="rebuilt"):
    """Return a cell of task 2, with the version of Log4j and what is built and pushed as code."""
    return f"""\
from ecrlab.oci import recipes
ecr = lab.client("ecr")
old = registry.pull(ecr, "platform/java", "1.0")
base = recipes.java_app({{"org.apache.logging.log4j:log4j-core": "{version}"}}, packaging="libraries")
registry.push(ecr, base, "platform/java", tag="1.1")
for name in ("fares/api", "booking/web", "crew/api"):
    app = registry.pull(ecr, name, "production")
    rebuilt = {rebuilt}
    registry.push(ecr, {pushed}, name, tag="production")"""


BASE_TASK = Exercise(
    id="05.base",
    title="Fix the base once",
    objective="Rebuild a base image, and everything that stands on it",
    minutes=10,
    prepare=prepare_base,
    starter=base_cell("@", "____  # the application's own layers on the new base").replace('"@"', "____"),
    check=check_base,
    mistakes=(
        Mistake(
            id="lost",
            when=lambda lab, answer: bool(gutted(lab)),
            message=(
                "No scanner complains any more, because the application is gone: in `production` now lies something without "
                "its own layers, or without the library that it logs with. Compare the layers of `app` and of what you "
                "pushed. Run `reset` first."
            ),
            code=base_cell(pushed="base"),
        ),
        Mistake(
            id="half",
            when=lambda lab, answer: any(flaws(image) == {INCOMPLETE_FIX} for image in productions(lab).values()),
            message=(
                "The first flaw is gone, and a second one is there: CVE-2021-45046. The version that mended Log4Shell mended "
                "it only in part, which was known four days later. Ask the scan what it says about your new base, "
                "and in which version."
            ),
            code=base_cell("2.15.0"),
        ),
        Mistake(
            id="on-top",
            when=lambda lab, answer: any(len(versions_of(image, LOG4J)) > 1 for image in productions(lab).values()),
            message=(
                "Now each application has two copies of Log4j. A layer on top adds files; it removes none, and the old jar "
                "still lies below, under its old name. Which layers of the application should stay, and what should "
                "be below them?"
            ),
            code="""\
from ecrlab.oci import recipes
ecr = lab.client("ecr")
for name in ("fares/api", "booking/web", "crew/api"):
    app = registry.pull(ecr, name, "production")
    patch = {"org.apache.logging.log4j:log4j-core": "2.24.1"}
    registry.push(ecr, recipes.java_app(patch, base=app, packaging="libraries"), name, tag="production")""",
        ),
        Mistake(
            id="base-only",
            when=lambda lab, answer: (
                newest(lab, BASE) is not None
                and not flaws(newest(lab, BASE))
                and all(map(flaws, productions(lab).values()))
            ),
            message=(
                "The base is mended, and the three applications are as they were. An image holds its layers for good; it does "
                "not follow its base. Look at what `production` means in each of the three repositories."
            ),
            code="""\
from ecrlab.oci import recipes
base = recipes.java_app({"org.apache.logging.log4j:log4j-core": "2.24.1"}, packaging="libraries")
registry.push(lab.client("ecr"), base, "platform/java", tag="1.1")""",
        ),
    ),
    hints=(
        "Two things are missing: a version in which all is mended, and the way from the new base to a new image. Layers are "
        "values: take those that are the application's own, and put them on another base.",
        "`oci.append(base, *layers)` puts layers on an image. `app.layers` is a tuple, the lowest first, and begins with "
        "the layers of `old`. For the version, read `fixed in` of both findings.",
        "Nearly the code: `oci.append(base, *app.layers[len(…):])`. For Log4j any version from 2.16.0 on has neither flaw.",
    ),
    solution=base_cell(),
    explain=(
        "One base, one repair, three rebuilds. The images share the new base's layers, so those are stored and "
        "sent once for each repository. That they are clean is not a hope: the check has scanned what `production` "
        "means now."
    ),
    alternates=(
        base_cell("2.17.1"),
        """\
from ecrlab.oci import recipes
ecr = lab.client("ecr")
base = recipes.java_app({"org.apache.logging.log4j:log4j-core": "2.24.1"}, packaging="libraries")
registry.push(ecr, base, "platform/java", tag="1.0")
for name in ("fares/api", "booking/web", "crew/api"):
    layers = registry.pull(ecr, name, "production").layers
    registry.push(ecr, oci.image(*base.layers, *layers[-2:]), name, tag="production")""",
    ),
)


# --- 3. The gate ---------------------------------------------------------------------------------------------------

GOOD_BUILD = "build-42"


@cache
def builds():
    """Return the builds of the payments service, tag -> image."""
    return {
        "build-40": python_build(40),
        "build-41": python_build(41),
        GOOD_BUILD: python_build(42, jinja2="2.10", requests="2.20.0"),
        "build-43": python_build(43, pyyaml="5.3.1"),
        "build-44": python_build(44, jinja2="2.10", aiohttp="3.8.1"),
        "build-45": recipes.runnable("payments, in one program\n"),
    }


def prepare_gate(lab):
    """Push six builds; the oldest is in production."""
    scan_all(lab)
    tags = {"build-40": ("build-40", "production")}
    fresh(lab, PAYMENTS, *((image, *tags.get(tag, (tag,))) for tag, image in builds().items()))
    return f"{PAYMENTS} holds build-40 to build-45, all scanned. build-40 is in production."


def promoted(lab):
    """Return the build that is in production now, or ``None``."""
    digest = digest_at(lab, PAYMENTS, "production")
    return next((tag for tag, image in builds().items() if str(image.digest) == digest), None)


def check_gate(lab, answer):
    """Production is the newest build that the order lets through."""
    if promoted(lab) == GOOD_BUILD:
        return None
    return f"{PAYMENTS}:production is {promoted(lab) or 'none of the builds'}; another build should be there."


def gate_cell(passed):
    """Return a cell of task 3, with the condition as code."""
    return f"""\
from datetime import date
from ecrlab import security
ecr, good = lab.client("ecr"), []
accepted = security.Ignore("CVE-2019-10906", "every template is our own", until=date(2026, 12, 31))
for build in ("build-41", "build-42", "build-43", "build-44", "build-45"):
    findings = security.findings(ecr, "payments/api", build)
    if {passed}:
        good.append(build)
image = registry.pull(ecr, "payments/api", good[-1])
registry.push(ecr, image, "payments/api", tag="production")
good"""


GATE = Exercise(
    id="05.gate",
    title="The gate",
    objective="Let a build pass or fail by its findings, with decisions that end",
    minutes=8,
    prepare=prepare_gate,
    starter=gate_cell("____"),
    check=check_gate,
    mistakes=(
        Mistake(
            id="unscanned",
            when=lambda lab, answer: promoted(lab) == "build-45",
            message=(
                "`build-45` went out because it has no finding. Look at the status of its scan: the scanner cannot read such an "
                "image, so nobody knows what is in it. No finding and no result are two different things."
            ),
            code=gate_cell('not {finding.severity for finding in findings} & {"CRITICAL", "HIGH"}'),
        ),
        Mistake(
            id="critical-only",
            when=lambda lab, answer: promoted(lab) == "build-44",
            message=(
                "`build-44` went out with a finding of severity HIGH in aiohttp, about which nobody has decided. Your gate "
                "looks for the worst severity only. Read the order again: from which severity on does a build fail?"
            ),
            code=gate_cell("security.gate(findings, ignore=[accepted], now=lab.clock.now()).passed"),
        ),
        Mistake(
            id="critical",
            when=lambda lab, answer: promoted(lab) == "build-43",
            message=(
                "`build-43` is in production with a CRITICAL finding in PyYAML. A decision about one flaw lets through that "
                "flaw, not the build that happens to be near it. Print the verdict of the gate for each build."
            ),
            code="""\
ecr = lab.client("ecr")
registry.push(ecr, registry.pull(ecr, "payments/api", "build-43"), "payments/api", tag="production")""",
        ),
        Mistake(
            id="too-strict",
            when=lambda lab, answer: promoted(lab) == "build-41",
            message=(
                "`build-41` is clean, but not the newest that may go. Your gate also stops `build-42`, whose one HIGH finding "
                "the security team has decided to live with. Which argument of `security.gate` takes decisions, and what "
                "else does it then want to know?"
            ),
            code=gate_cell('security.gate(findings, fail_on="HIGH").passed'),
        ),
    ),
    hints=(
        "A gate answers one question about one image: may it go on? It needs the findings, a threshold, the decisions, and "
        "the date on which it judges the decisions.",
        "`security.gate(findings, fail_on=…, ignore=[…], now=…)` returns a verdict with `passed`. An image without a scan "
        "result does not pass. `lab.clock.now()` is the moment.",
        'Nearly the code: `security.gate(findings, fail_on="HI…", ignore=[accepted], now=…).passed`.',
    ),
    solution=gate_cell('security.gate(findings, fail_on="HIGH", ignore=[accepted], now=lab.clock.now()).passed'),
    explain=(
        "The gate stops at HIGH and worse. A decision names one flaw, a reason and a last day, so that it cannot be "
        "forgotten. What could not be scanned does not pass: silence is no proof."
    ),
    alternates=(
        gate_cell(
            'findings.known and {f.vulnerability for f in findings if f.severity in ("CRITICAL", "HIGH")}'
            ' <= {"CVE-2019-10906"}'
        ),
        """\
ecr = lab.client("ecr")
found = ecr.batch_get_image(repositoryName="payments/api", imageIds=[{"imageTag": "build-42"}])["images"][0]
ecr.put_image(repositoryName="payments/api", imageManifest=found["imageManifest"], imageTag="production")""",
    ),
)


# --- 4. Scan what matters ------------------------------------------------------------------------------------------

WATCHED = {
    "payments/api": "CONTINUOUS_SCAN",
    "payments/batch": "CONTINUOUS_SCAN",
    "fares/api": "CONTINUOUS_SCAN",
    "tools/linter": "SCAN_ON_PUSH",
    "sandbox/payments-copy": "MANUAL",
    "sandbox/tools": "MANUAL",
}
"""Repository -> how it is to be scanned; with enhanced scanning MANUAL means not at all."""
COMING = {"payments/refunds": "CONTINUOUS_SCAN", "tools/formatter": "SCAN_ON_PUSH", "sandbox/fares-demo": "MANUAL"}
"""The same for repositories that come later. The check makes them, looks, and takes them away."""


def prepare_watch(lab):
    """Leave six repositories, and basic scanning without a rule."""
    ecr = lab.client("ecr")
    ecr.put_registry_scanning_configuration(scanType="BASIC", rules=[])
    for name in COMING:
        with suppress(ecr.exceptions.RepositoryNotFoundException):
            ecr.delete_repository(repositoryName=name, force=True)
    for name in WATCHED:
        fresh(lab, name)
    return "Six repositories of these names are there. Scanning is BASIC, and no rule covers any of them."


def scanned_how(lab, names):
    """Return how each repository is scanned under the rules in force."""
    if not names:
        return {}
    asked = lab.client("ecr").batch_get_repository_scanning_configuration(repositoryNames=list(names))
    return {each["repositoryName"]: each["scanFrequency"] for each in asked["scanningConfigurations"]}


def scanned_later(lab):
    """Return how the repositories that come later will be scanned: make them, ask, and take them away."""
    ecr, made = lab.client("ecr"), []
    for name in COMING:
        with suppress(ecr.exceptions.RepositoryAlreadyExistsException):
            ecr.create_repository(repositoryName=name)
            made.append(name)
    try:
        return scanned_how(lab, COMING)
    finally:
        for name in made:
            ecr.delete_repository(repositoryName=name)


def differing(lab, names, wanted=None):
    """Return the repositories that are not scanned as they should be, those that should be scanned in a certain way."""
    found = scanned_how(lab, names)
    return [name for name in names if found.get(name) != WATCHED[name] and WATCHED[name] == (wanted or WATCHED[name])]


def check_watch(lab, answer):
    """Enhanced scanning covers each repository as the table says, those that come later as well."""
    if scanning(lab)["scanType"] != "ENHANCED":
        return "Scanning is BASIC: it looks at packages of the operating system only."
    if wrong := differing(lab, WATCHED):
        return f"{wrong[0]} is scanned {scanned_how(lab, wrong[:1]).get(wrong[0], 'MANUAL')}, not {WATCHED[wrong[0]]}."
    later = scanned_later(lab)
    if wrong := [name for name, wanted in COMING.items() if later.get(name) != wanted]:
        return f"A new repository {wrong[0]} would be scanned {later.get(wrong[0])}, not {COMING[wrong[0]]}."
    return None


def watch_cell(continuous, on_push, scan_type="ENHANCED", first="CONTINUOUS_SCAN"):
    """Return a cell of task 4; the filters are lists, or code."""
    always, pushed = (each if isinstance(each, str) else json.dumps(each) for each in (continuous, on_push))
    return f"""\
ecr = lab.client("ecr")
always = [{{"filter": name, "filterType": "WILDCARD"}} for name in {always}]
on_push = [{{"filter": name, "filterType": "WILDCARD"}} for name in {pushed}]
rules = [
    {{"scanFrequency": "{first}", "repositoryFilters": always}},
    {{"scanFrequency": "SCAN_ON_PUSH", "repositoryFilters": on_push}},
]
ecr.put_registry_scanning_configuration(scanType="{scan_type}", rules=rules)
names = ["payments/api", "fares/api", "tools/linter", "sandbox/payments-copy"]
found = ecr.batch_get_repository_scanning_configuration(repositoryNames=names)["scanningConfigurations"]
{{each["repositoryName"]: each["scanFrequency"] for each in found}}"""


WATCH = Exercise(
    id="05.watch",
    title="Scan what matters",
    objective="Cover repositories with the registry's scanning rules, no more and no fewer",
    minutes=8,
    prepare=prepare_watch,
    starter=watch_cell("____", "____", "@", "@@").replace('"@@"', "____").replace('"@"', "____"),
    check=check_watch,
    mistakes=(
        Mistake(
            id="basic",
            when=lambda lab, answer: scanning(lab)["scanType"] == "BASIC" and bool(scanning(lab)["rules"]),
            message=(
                "Your rules are in force, and scanning is still BASIC. It finds packages of the operating system. Log4j is a "
                "library in a jar: basic scanning would have missed what you found this morning. Look at `scanType`."
            ),
            code="""\
filters = [{"filter": name, "filterType": "WILDCARD"} for name in ("payments/*", "fares/*", "tools/*")]
rules = [{"scanFrequency": "SCAN_ON_PUSH", "repositoryFilters": filters}]
lab.client("ecr").put_registry_scanning_configuration(scanType="BASIC", rules=rules)""",
        ),
        Mistake(
            id="contains",
            when=lambda lab, answer: bool(differing(lab, WATCHED, "MANUAL")),
            message=(
                "A sandbox is scanned as well, and each scan there is paid for. A filter is looked for in the whole name; "
                "without a star it may stand anywhere in it. Ask `batch_get_repository_scanning_configuration` which "
                "filter was applied to `sandbox/payments-copy`."
            ),
            code=watch_cell(["payments", "fares"], ["tools"]),
        ),
        Mistake(
            id="once",
            when=lambda lab, answer: (
                "SCAN_ON_PUSH" in scanned_how(lab, differing(lab, WATCHED, "CONTINUOUS_SCAN")).values()
            ),
            message=(
                "Payments and fares are not scanned continuously. Scanned on the push only, an image that was clean in "
                "November stays clean on paper, whatever becomes known in December. Look at `scanFrequency` of the rule "
                "that covers them."
            ),
            code=watch_cell(["payments/*", "fares/*"], ["tools/*"], first="SCAN_ON_PUSH"),
        ),
        Mistake(
            id="by-name",
            when=lambda lab, answer: scanning(lab)["scanType"] == "ENHANCED" and not differing(lab, WATCHED),
            message=(
                "The six repositories of today are scanned as the table says. A seventh, `payments/refunds`, would not be: "
                "your filters name repositories one by one. The table speaks of everything under a name. Look at what a "
                "star can do."
            ),
            code=watch_cell(["payments/api", "payments/batch", "fares/api"], ["tools/linter"]),
        ),
        Mistake(
            id="too-often",
            when=lambda lab, answer: bool(differing(lab, WATCHED, "SCAN_ON_PUSH")),
            message=(
                "`tools/linter` is not scanned on push only. If filters of both frequencies match a name, the continuous one "
                "wins; if none does, nothing is scanned. See which of the two is the case here."
            ),
            code=watch_cell(["payments/*", "fares/*", "tools/*"], ["tools/*"]),
        ),
    ),
    hints=(
        "A registry has one scanning configuration: a type, and at most two rules. Each rule has one frequency and a list of "
        "filters on names. What no filter matches is not scanned.",
        "`scanType` is `BASIC` or `ENHANCED`; only one of them reads jars. `scanFrequency` is `CONTINUOUS_SCAN` or "
        "`SCAN_ON_PUSH`. A filter with a star says where in the name it holds.",
        'Nearly the code: `["payments/…", "fares/…"]` for the first list, `["tools/…"]` for the second. All of it begins '
        "where the name begins.",
    ),
    solution=watch_cell(["payments/*", "fares/*"], ["tools/*"]),
    explain=(
        "`payments/*` means: the name begins so. `payments` alone would mean: the name contains it. Enhanced scanning "
        "reads jars and other libraries, and continuous scanning looks again when something becomes known. The "
        "sandboxes cost nothing."
    ),
    alternates=(
        watch_cell(["fares/*", "payments/*"], ["tools/*", "fares/*"]),
        """\
import json
both = [("SCAN_ON_PUSH", ["tools/*"]), ("CONTINUOUS_SCAN", ["pay*/*", "fares/*"])]
rules = [{"scanFrequency": often, "repositoryFilters": [{"filter": f, "filterType": "WILDCARD"} for f in filters]}
         for often, filters in both]
lab.client("ecr").put_registry_scanning_configuration(scanType="ENHANCED", rules=rules)""",
    ),
    elsewhere=scanning,
)


# --- 5. What is in it? ---------------------------------------------------------------------------------------------


def fares():
    """Return fares/api on the mended base."""
    return application("fares/api", "2.24.1")


def prepare_sbom(lab):
    """Push the mended base and the mended application."""
    fleet(lab, "2.24.1")
    return "fares/api:production stands on the mended base. Nothing is attached to it."


def bills(lab, image):
    """Return the bills of materials that are attached to an image of fares/api, as documents."""
    found = []
    for artifact in attached(lab, "fares/api", image.digest, "cyclonedx"):
        with artifact.layers[0].open() as stream, suppress(ValueError):
            found.append(json.loads(stream.read()))
    return [each for each in found if isinstance(each, dict)]


def listed(bill):
    """Return the packages of a bill: their addresses without what follows a question mark."""
    return {each.get("purl", "").partition("?")[0] for each in bill.get("components", ())} - {""}


def complete(bill, image):
    """Tell whether a bill lists every package that lies in an image."""
    return listed(scan.cyclonedx(scan.read_image(image), name="wanted")) <= listed(bill)


def check_sbom(lab, answer):
    """A complete bill of materials refers to what production means, which is still the application."""
    if digest_at(lab, "fares/api", "production") != str(fares().digest):
        return "fares/api:production is not the application any more."
    found = bills(lab, fares())
    if not found:
        return "No CycloneDX document that can be read refers to fares/api:production."
    if not any(complete(bill, fares()) for bill in found):
        return "The attached document does not list all that is in fares/api:production."
    return None


def sbom_cell(inventory="scan.read_image(image)", subject="image", tag=""):
    """Return a cell of task 5; what is read, what the artifact is about, and how it is tagged, as code."""
    return f"""\
from ecrlab import scan
ecr = lab.client("ecr")
image = registry.pull(ecr, "fares/api", "production")
base = registry.pull(ecr, "platform/java", "1.0")
bill = scan.cyclonedx({inventory}, name="fares/api")
kind = "application/vnd.cyclonedx+json"
artifact = oci.artifact({subject}, kind, bill, media_type=kind)
pushed = registry.push(ecr, artifact, "fares/api"{tag})"""


SBOM = Exercise(
    id="05.sbom",
    title="What is in it?",
    objective="Attach a bill of materials to the image that it describes",
    minutes=7,
    prepare=prepare_sbom,
    starter=sbom_cell("____", "____"),
    check=check_sbom,
    mistakes=(
        Mistake(
            id="tag-moved",
            when=lambda lab, answer: digest_at(lab, "fares/api", "production") not in (None, str(fares().digest)),
            message=(
                "The tag `production` now means your document, and a ship that pulls it gets JSON in place of a program. An "
                "artifact needs no tag: it is found by the image that it refers to. Run `reset`, then look at what "
                "you hand to `registry.push`."
            ),
            code=sbom_cell(tag=', tag="production"'),
        ),
        Mistake(
            id="of-the-base",
            when=lambda lab, answer: bool(bills(lab, java_base("2.24.1"))),
            message=(
                "The document is there, and refers to the base image. Whoever asks what belongs to `fares/api:production` asks "
                "by its digest, and is told that nothing does. Look at the first argument of `oci.artifact`."
            ),
            code=sbom_cell(subject="base"),
        ),
        Mistake(
            id="incomplete",
            when=lambda lab, answer: bool(bills(lab, fares())),
            message=(
                "A document refers to the right image, but leaves packages out: compare its components with those of "
                "`scan.read_image` of that very image. The application brings a library of its own, which the base does "
                "not know. From what did you read the bill?"
            ),
            code=sbom_cell("scan.read_image(base)"),
        ),
        Mistake(
            id="loose",
            when=lambda lab, answer: (
                len(images(lab, "fares/api")) > 1 and not attached(lab, "fares/api", fares().digest, "cyclonedx")
            ),
            message=(
                "Something new lies in the repository, but no CycloneDX document refers to the image. Beside it is not "
                "attached to it: only a `subject` in the manifest ties the two together. `list_image_referrers` shows what "
                "is tied."
            ),
            code="""\
import json
from ecrlab import scan
ecr = lab.client("ecr")
image = registry.pull(ecr, "fares/api", "production")
bill = json.dumps(scan.cyclonedx(scan.read_image(image), name="fares/api"))
registry.push(ecr, oci.image(oci.layer({"sbom.json": bill})), "fares/api", tag="production-sbom")""",
        ),
    ),
    hints=(
        "Two steps: read what is installed, and say which image it is about. Both concern the same image, the one that "
        "is in production.",
        "`scan.read_image(…)` returns an inventory; `scan.cyclonedx` wants one. The first argument of `oci.artifact` is "
        "the image that the document describes: its subject.",
        "Nearly the code: `scan.cyclonedx(scan.read_image(…), …)` and `oci.artifact(…, kind, bill, …)`, both with the "
        "image that you have pulled.",
    ),
    solution=sbom_cell(),
    explain=(
        "The artifact's manifest names the image's digest as its subject. The image itself is unchanged, so its digest "
        "and its signatures stay. Next time somebody asks who has Log4j, you read documents in place of layers."
    ),
    alternates=(
        sbom_cell(subject="image.descriptor"),
        sbom_cell("scan.scan(image).inventory", tag=', tag="production-sbom"'),
    ),
)


# --- 6. Who signed this? -------------------------------------------------------------------------------------------

SINCE, RELEASED = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 10, 30, tzinfo=UTC)
GENUINE, FORGED, COPIED = ("3.1.0", "3.1.3"), "3.1.1", "3.1.2"


@cache
def company():
    """Return the company's signing authority."""
    return signatures.authority("Northquay Ferries", since=SINCE)


@cache
def releases():
    """Return four releases of the booking site, tag -> image and signature."""
    impostor = signatures.authority("Northquay Ferries", since=SINCE, seed="somebody else")
    ours, theirs = (each.issue("release", since=SINCE) for each in (company(), impostor))
    images = {
        tag: oci.append(java_base("2.24.1"), oci.layer({"app/release": tag})) for tag in (*GENUINE, FORGED, COPIED)
    }
    signed = {
        tag: signatures.sign(image, theirs if tag == FORGED else ours, signed_at=RELEASED)
        for tag, image in images.items()
    }
    with signed[GENUINE[0]].layers[0].open() as stream:
        envelope = stream.read()
    signed[COPIED] = oci.artifact(images[COPIED], signatures.SIGNATURE_TYPE, envelope, media_type=NOTARY_ENVELOPE)
    return {tag: (images[tag], signed[tag]) for tag in sorted(images)}


def prepare_signed(lab):
    """Push four releases, each with a signature that refers to it."""
    scan_all(lab)
    fresh(lab, "booking/web", *((image, tag) for tag, (image, _) in releases().items()))
    for _, signature in releases().values():
        registry.push(lab.client("ecr"), signature, "booking/web")
    return "booking/web holds four releases, 3.1.0 to 3.1.3, and a signature refers to each of them."


def tags_in(answer):
    """Return the tags of an answer, or ``None`` if it is no collection of texts."""
    if isinstance(answer, str):
        return {answer}
    with suppress(TypeError):
        return {str(each) for each in answer}
    return None


def check_signed(lab, answer):
    """The answer names the two releases that the company has signed."""
    if tags_in(answer) == set(GENUINE):
        return None
    return "`trusted` does not name the releases that the company has signed. It is a list of tags."


def signed_cell(condition):
    """Return a cell of task 6, with the condition as code."""
    return f"""\
from datetime import UTC, datetime
from ecrlab import signatures
ecr, trusted = lab.client("ecr"), []
company = signatures.authority("Northquay Ferries", since=datetime(2026, 1, 1, tzinfo=UTC))
for tag in ("3.1.0", "3.1.1", "3.1.2", "3.1.3"):
    image = registry.pull(ecr, "booking/web", tag)
    subject = {{"imageDigest": str(image.digest)}}
    for each in ecr.list_image_referrers(repositoryName="booking/web", subjectId=subject)["referrers"]:
        signature = registry.pull(ecr, "booking/web", each["digest"])
        if {condition}:
            trusted.append(tag)
trusted"""


VERIFY = "signatures.verify(signature, subject=image, trust=signatures.trust(company), now=lab.clock.now())"

SIGNED = Exercise(
    id="05.signed",
    title="Who signed this?",
    objective="Verify signatures, and tell a signature from one that counts",
    minutes=10,
    prepare=prepare_signed,
    starter=signed_cell("____").removesuffix("\ntrusted"),
    check=check_signed,
    mistakes=(
        Mistake(
            id="any",
            when=lambda lab, answer: {FORGED, COPIED} <= (tags_in(answer) or set()),
            message=(
                "You trust every image that has something attached to it. Anybody who may push can attach a signature, and "
                "write any name into it. Whether it holds, and whose it is, only a verification says. Which function does "
                "that, and what does it need to know?"
            ),
            code=signed_cell('each["artifactType"] == signatures.SIGNATURE_TYPE'),
        ),
        Mistake(
            id="name",
            when=lambda lab, answer: FORGED in (tags_in(answer) or set()),
            message=(
                "Release `3.1.1` carries the company's name and was signed with somebody else's key. A name in a certificate "
                "is only a text. The verification says at which question it stopped: look at `root`."
            ),
            code=signed_cell(f'"TRUST" in {VERIFY}.verdict.name'),
        ),
        Mistake(
            id="copied",
            when=lambda lab, answer: COPIED in (tags_in(answer) or set()),
            message=(
                "The signature beside `3.1.2` is genuine, and of another image: somebody copied it. What was signed is the "
                "digest inside the envelope, whatever the manifest around it refers to. Which image did you verify it "
                "against?"
            ),
            code=signed_cell(f'"SUBJECT" in {VERIFY}.verdict.name or {VERIFY}.trusted'),
        ),
        Mistake(
            id="none",
            when=lambda lab, answer: tags_in(answer) == set(),
            message=(
                "No release passes your condition, but two of them were signed by the company. Print the verification of "
                "`3.1.0` and see at which question it stops: is it the trust, the image, or the time?"
            ),
            code=signed_cell(VERIFY.replace("trust(company)", "trust()") + ".trusted"),
        ),
    ),
    hints=(
        "A signature answers three questions: is it whole, is it about this very image, and do I trust who made it? You "
        "know the image and you know whom to trust.",
        "`signatures.verify(signature, subject=…, trust=…, now=…)` asks all of them; `trusted` is its short answer. "
        "`signatures.trust(…)` says whose root counts.",
        "Nearly the code: `signatures.verify(signature, subject=…, trust=signatures.trust(company), "
        "now=lab.clock.now()).…`.",
    ),
    solution=signed_cell(f"{VERIFY}.trusted"),
    explain=(
        "3.1.1 was signed by somebody with the same name and another root. 3.1.2 carries a copy of the signature of "
        "3.1.0. Both look right in a list of referrers; only the verification holds the bytes against the image and "
        "the root against those you trust."
    ),
    alternates=(
        signed_cell(f"{VERIFY}.verdict is signatures.Verdict.TRUSTED"),
        'trusted = ("3.1.3", "3.1.0")',
    ),
)


# --- 7. The key that went away -------------------------------------------------------------------------------------

LOCKED, VAULT = "ledger/api", "ledger/vault"
TOMAS_KEY, TEAM_KEY = "alias/tomas-test", "alias/ledger"


@cache
def ledgers():
    """Return the two images of the ledger, tags -> image."""
    build = {version: oci.image(oci.layer({"app/ledger": f"ledger {version}\n"})) for version in ("7.0.0", "7.0.1")}
    return {("7.0.0",): build["7.0.0"], ("7.0.1", "production"): build["7.0.1"]}


def key_of(lab, name):
    """Return the ARN of the key of a repository; ``None`` if it has none, or if there is no such repository."""
    ecr = lab.client("ecr")
    try:
        found = ecr.describe_repositories(repositoryNames=[name])["repositories"][0]
    except ecr.exceptions.RepositoryNotFoundException:
        return None
    return found["encryptionConfiguration"].get("kmsKey")


def new_key(lab, alias):
    """Make a key and let an alias mean it."""
    kms = lab.client("kms")
    key = kms.create_key(Description=alias)["KeyMetadata"]
    known = {each["AliasName"] for each in kms.list_aliases()["Aliases"]}
    put = kms.update_alias if alias in known else kms.create_alias
    put(AliasName=alias, TargetKeyId=key["KeyId"])
    return key["Arn"]


def is_the_teams(lab, key):
    """Tell whether a key is one that the task made for the team; an alias can be moved, a description stays."""
    return key is not None and lab.client("kms").describe_key(KeyId=key)["KeyMetadata"]["Description"] == TEAM_KEY


def prepare_key(lab):
    """Encrypt the ledger with a key that is about to be deleted; leave the team's own key unused."""
    ecr, old = lab.client("ecr"), new_key(lab, TOMAS_KEY)
    with suppress(ecr.exceptions.RepositoryNotFoundException):
        ecr.delete_repository(repositoryName=VAULT, force=True)
    new_key(lab, TEAM_KEY)
    settings = {"encryptionConfiguration": {"encryptionType": "KMS", "kmsKey": old}}
    fresh(lab, LOCKED, *((image, *tags) for tags, image in ledgers().items()), **settings)
    # moto's KMS takes the id of a key here, and not its ARN
    lab.client("kms").schedule_key_deletion(KeyId=old.rpartition("/")[2], PendingWindowInDays=7)
    return f"{LOCKED} has two images. Its key will be deleted in seven days. The team has a key of its own, {TEAM_KEY}."


def key_behind(lab, alias):
    """Return the ARN of the key that an alias means now."""
    return lab.client("kms").describe_key(KeyId=alias)["KeyMetadata"]["Arn"]


def keys(lab):
    """Return the state of the ledger's key, and what the two aliases mean: what changes beside the repositories."""
    locked, kms = key_of(lab, LOCKED), lab.client("kms")
    state = kms.describe_key(KeyId=locked)["KeyMetadata"]["KeyState"] if locked else None
    return [state, key_behind(lab, TOMAS_KEY), key_behind(lab, TEAM_KEY)]


def misplaced(lab):
    """Return the tags that do not mean in ledger/vault what they meant in ledger/api."""
    return [tag for tags, image in ledgers().items() for tag in tags if digest_at(lab, VAULT, tag) != str(image.digest)]


def check_key(lab, answer):
    """All that was in ledger/api can be pulled from ledger/vault, which has the team's key."""
    ecr = lab.client("ecr")
    try:
        found = ecr.describe_repositories(repositoryNames=[VAULT])["repositories"][0]["encryptionConfiguration"]
    except ecr.exceptions.RepositoryNotFoundException:
        return f"There is no repository {VAULT} yet."
    if not is_the_teams(lab, found.get("kmsKey")):
        return f"{VAULT} is not encrypted with the key behind {TEAM_KEY}."
    if missing := misplaced(lab):
        return f"{VAULT}:{missing[0]} does not mean what it meant in {LOCKED}."
    answered = ecr.batch_get_image(repositoryName=VAULT, imageIds=[{"imageTag": "production"}])
    return f"{VAULT} cannot be read: its key does not answer." if answered["failures"] else None


def key_cell(
    unlock="kms.cancel_key_deletion(KeyId=locked)\nkms.enable_key(KeyId=locked)",
    encryption='{"encryptionType": "KMS", "kmsKey": team}',
    tags='("7.0.0", "7.0.1", "production")',
):
    """Return a cell of task 7: how the old key is brought back, how the new repository is encrypted, what is copied."""
    return f"""\
ecr, kms = lab.client("ecr"), lab.client("kms")
repository = ecr.describe_repositories(repositoryNames=["ledger/api"])["repositories"][0]
locked = repository["encryptionConfiguration"]["kmsKey"].rpartition("/")[2]  # the key's id
{unlock}
team = kms.describe_key(KeyId="alias/ledger")["KeyMetadata"]["Arn"]
ecr.create_repository(repositoryName="ledger/vault", encryptionConfiguration={encryption})
for tag in {tags}:
    registry.push(ecr, registry.pull(ecr, "ledger/api", tag), "ledger/vault", tag=tag)"""


KEY = Exercise(
    id="05.key",
    title="The key that went away",
    objective="Rescue images from a key that is disabled, and give them one of your own",
    minutes=12,
    prepare=prepare_key,
    starter=key_cell("____  # let the old key answer again", "____", "____"),
    check=check_key,
    mistakes=(
        Mistake(
            id="half-awake",
            when=lambda lab, answer: keys(lab)[0] == "Disabled" and bool(misplaced(lab)),
            message=(
                "The deletion is cancelled, and the pull is still refused: read the error once more, it has a new reason. A key "
                "that was rescued from deletion is there, and not in use. Look at `KeyState` in "
                "`kms.describe_key`. Then run `reset`."
            ),
            code=key_cell("kms.cancel_key_deletion(KeyId=locked)"),
            raises="RegistryError",
        ),
        Mistake(
            id="alias",
            when=lambda lab, answer: key_behind(lab, TOMAS_KEY) == key_behind(lab, TEAM_KEY),
            message=(
                "The alias means another key now, and nothing else has changed: a repository remembers the key itself, not "
                "the name by which you called it. What is encrypted with a key needs that key. What can be done "
                "about its deletion?"
            ),
            code="""\
kms = lab.client("kms")
team = kms.describe_key(KeyId="alias/ledger")["KeyMetadata"]["KeyId"]
kms.update_alias(AliasName="alias/tomas-test", TargetKeyId=team)""",
        ),
        Mistake(
            id="not-kms",
            when=lambda lab, answer: not misplaced(lab) and key_of(lab, VAULT) is None,
            message=(
                "The images are in `ledger/vault`, encrypted with a key of Amazon S3: AES256, the default. The auditor wants a "
                "key that the company controls. It cannot be changed for this repository any more. Run `reset`, and "
                "look at `encryptionConfiguration`."
            ),
            code=key_cell(encryption='{"encryptionType": "AES256"}'),
        ),
        Mistake(
            id="old-key",
            when=lambda lab, answer: key_of(lab, VAULT) is not None and key_of(lab, VAULT) == key_of(lab, LOCKED),
            message=(
                "`ledger/vault` uses the same key as `ledger/api`. Whoever tidies up next time takes both away. The key behind "
                "`alias/ledger` is the one that the team looks after. Run `reset`: the choice is made once, when a "
                "repository is created."
            ),
            code=key_cell(encryption='{"encryptionType": "KMS", "kmsKey": locked}'),
        ),
        Mistake(
            id="managed",
            when=lambda lab, answer: key_of(lab, VAULT) is not None and not is_the_teams(lab, key_of(lab, VAULT)),
            message=(
                "`ledger/vault` is encrypted with KMS, but with a key that you did not choose: without `kmsKey`, Amazon ECR takes "
                "the one that AWS manages for it. The auditor wants the one that the team manages. Run `reset` and name "
                "that key."
            ),
            code=key_cell(encryption='{"encryptionType": "KMS"}'),
        ),
        Mistake(
            id="one-left",
            when=lambda lab, answer: 0 < len(misplaced(lab)) < 3,
            message=(
                "Something was left behind: not every tag of `ledger/api` means the same image in `ledger/vault`. If the old "
                "key goes for good, so does what only the old repository has. Compare the two with `show.images`."
            ),
            code=key_cell(tags='("7.0.1", "production")'),
        ),
    ),
    hints=(
        "What was encrypted with a key can be read with that key only. So first the old key has to answer again. Then the "
        "images can move, for a repository keeps its key for good.",
        "`kms.cancel_key_deletion` and `kms.enable_key`, in this order. A new repository takes "
        "`encryptionConfiguration` with `encryptionType` and `kmsKey`. `show.images` lists the tags.",
        "Nearly the code: `kms.cancel_key_deletion(KeyId=locked)`, then the same with `enable_key`; "
        '`{"encryptionType": "KMS", "kmsKey": …}`; and the three tags.',
    ),
    solution=key_cell(),
    explain=(
        "Amazon ECR asks KMS on each push and each pull, so a key that is disabled locks every image at once. Cancelling the "
        "deletion leaves the key disabled. The repository's key is chosen when it is created; afterwards one can "
        "only copy. The digests are the same: encryption is below the image."
    ),
    alternates=(
        key_cell(encryption='{"encryptionType": "KMS", "kmsKey": "alias/ledger"}'),
        """\
ecr, kms = lab.client("ecr"), lab.client("kms")
old = kms.describe_key(KeyId="alias/tomas-test")["KeyMetadata"]["KeyId"]
kms.cancel_key_deletion(KeyId=old)
kms.enable_key(KeyId=old)
images = {tag: registry.pull(ecr, "ledger/api", tag) for tag in ("7.0.0", "7.0.1", "production")}
ecr.delete_repository(repositoryName="ledger/api", force=True)
own = {"encryptionType": "KMS", "kmsKey": "alias/ledger"}
ecr.create_repository(repositoryName="ledger/vault", encryptionConfiguration=own)
for tag, image in images.items():
    registry.push(ecr, image, "ledger/vault", tag=tag)""",
    ),
    elsewhere=keys,
)


# --- 8. The report card --------------------------------------------------------------------------------------------

PULL = ("BatchGetImage", "GetDownloadUrlForLayer")
OLD_RELEASE = "2.1.0"


@cache
def old_release():
    """Return the service as it runs today, on a Debian with an old curl."""
    system = recipes.debian({"openssl": "3.0.20-1~deb12u2", "curl": "7.88.1-10"})
    return oci.append(recipes.python_app({"requests": "2.32.3"}, base=system), code(PAYMENTS))


def prepare_card(lab):
    """Leave a repository that is open to everybody, with an old base, movable tags, no signature and no SBOM."""
    scan_all(lab)
    fresh(lab, "platform/debian", (recipes.lab_image("debian-12-rebuilt"), "12"))
    fresh(lab, PAYMENTS, (old_release(), OLD_RELEASE))
    everybody = {"Effect": "Allow", "Principal": "*", "Action": [f"ecr:{each}" for each in PULL]}
    untagged = {"tagStatus": "untagged", "countType": "sinceImagePushed", "countUnit": "days", "countNumber": 14}
    rule = {"rulePriority": 1, "selection": untagged, "action": {"type": "expire"}}
    ecr = lab.client("ecr")
    policy = json.dumps({"Version": "2012-10-17", "Statement": [everybody]})
    ecr.set_repository_policy(repositoryName=PAYMENTS, policyText=policy)
    ecr.put_lifecycle_policy(repositoryName=PAYMENTS, lifecyclePolicyText=json.dumps({"rules": [rule]}))
    return f"{PAYMENTS} holds release {OLD_RELEASE}. platform/debian:12 is the base as the platform team mended it."


def card(lab):
    """Return the repository's report card, with the team's account as one to trust."""
    return security.report_card(lab.client("ecr"), PAYMENTS, now=lab.clock.now(), trusted=[TEAM])


def is_alive(lab):
    """Tell whether the newest image is still the payments service."""
    return has_layers(newest(lab, PAYMENTS), [code(PAYMENTS)])


def team_pulls(lab):
    """Tell whether a role of the payments team that its own account lets pull is let in here."""
    ecr = lab.client("ecr")
    try:
        text = ecr.get_repository_policy(repositoryName=PAYMENTS)["policyText"]
    except (ecr.exceptions.RepositoryPolicyNotFoundException, ecr.exceptions.RepositoryNotFoundException):
        return False
    anything = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}
    found = access.Policies(
        identity=(access.parse(anything, access.PolicyKind.IDENTITY),),
        repository=access.parse(text, access.PolicyKind.REPOSITORY),
    )
    who = access.Principal.of(f"arn:aws:iam::{TEAM}:role/payments-run")
    arn = ecr.describe_repositories(repositoryNames=[PAYMENTS])["repositories"][0]["repositoryArn"]
    asked = [access.Request(who, f"ecr:{action}", arn, lab.account_id, {}) for action in PULL]
    return all(access.decide(request, found).allowed for request in asked)


def verdicts(lab, image):
    """Return what the verification of each signature of an image comes to, with the company's root as the only one."""
    trust, now = signatures.trust(company()), lab.clock.now()
    notary = attached(lab, PAYMENTS, image.digest, "notary")
    return [signatures.verify(each, subject=image, trust=trust, now=now).trusted for each in notary]


def check_card(lab, answer):
    """Every check passes, and the service is as useful as before."""
    if not is_alive(lab):
        return f"The newest image of {PAYMENTS} is not the payments service any more."
    if not team_pulls(lab):
        return f"Account {TEAM} cannot pull from {PAYMENTS} any more."
    found = card(lab)
    if found.unknowns:
        found = card(lab)  # a scan that was pending is over at the second look
    if left := (*found.failures, *found.unknowns):
        return f"{left[0].code}: {left[0].reason}"
    if not any(verdicts(lab, newest(lab, PAYMENTS))):
        return "The newest image is signed, but not under the company's root."
    return None


CARD_START = """\
from datetime import UTC, datetime
from ecrlab import scan, signatures
ecr, name, kind = lab.client("ecr"), "payments/api", "application/vnd.cyclonedx+json"
company = signatures.authority("Northquay Ferries", since=datetime(2026, 1, 1, tzinfo=UTC))
"""
REBUILT = 'oci.append(registry.pull(ecr, "platform/debian", "12"), *registry.pull(ecr, name, "2.1.0").layers[1:])'
NARROW = """\
policy = ecr.get_repository_policy(repositoryName=name)["policyText"].replace('"*"', '{"AWS": "222233334444"}')
ecr.set_repository_policy(repositoryName=name, policyText=policy)"""


def card_cell(image=REBUILT, about="image", signer="company", policy=NARROW):
    """Return a cell of task 8: the image, what signature and bill are about, who signs, and the policy, as code."""
    return f"""\
{CARD_START}image = {image}
signature = signatures.sign({about}, {signer}.issue("release", since=lab.clock.now()), signed_at=lab.clock.now())
bill = oci.artifact({about}, kind, scan.cyclonedx(scan.read_image({about}), name=name), media_type=kind)
ecr.put_image_tag_mutability(repositoryName=name, imageTagMutability="IMMUTABLE")
{policy}
for each, tag in ((image, "2.1.1"), (signature, None), (bill, None)):
    registry.push(ecr, each, name, tag=tag)"""


CARD = Exercise(
    id="05.card",
    title="The report card",
    objective="Bring a repository in order, without taking anything from those who use it",
    minutes=15,
    prepare=prepare_card,
    starter=f"{CARD_START}____",
    check=check_card,
    mistakes=(
        Mistake(
            id="gone",
            when=lambda lab, answer: not is_alive(lab),
            message=(
                "The card may be green, for an empty repository has no flaws. But the newest image is not the payments service: "
                "it is gone, or has lost the layers that are its own. Run `reset`. Which layers of `2.1.0` are the base's?"
            ),
            code="""\
images = [{"imageTag": "2.1.0"}]
lab.client("ecr").batch_delete_image(repositoryName="payments/api", imageIds=images)""",
        ),
        Mistake(
            id="locked-out",
            when=lambda lab, answer: not team_pulls(lab),
            message=(
                "Strangers are out, and the payments team with them: account `222233334444` had lived on the open policy, and "
                "no other lets it in. Closing a door means to say who still has a key. Look at the policy's "
                "principal."
            ),
            code=card_cell(policy="ecr.delete_repository_policy(repositoryName=name)"),
        ),
        Mistake(
            id="old-digest",
            when=lambda lab, answer: (
                bool(attached(lab, PAYMENTS, old_release().digest, "notary"))
                and not verdicts(lab, newest(lab, PAYMENTS))
            ),
            message=(
                "Signature and bill refer to `2.1.0`, and the newest image is another one. A rebuild gives a new digest, and "
                "what was attached to the old digest does not move along. In which order must you work?"
            ),
            code=card_cell(about='registry.pull(ecr, name, "2.1.0")'),
        ),
        Mistake(
            id="stranger",
            when=lambda lab, answer: set(verdicts(lab, newest(lab, PAYMENTS))) == {False},
            message=(
                "The card says that a signature is there; it cannot say whose it counts as. Under the company's root this one "
                "does not hold. Verify it as in task 6, and look at the question at which it stops."
            ),
            code=card_cell(signer='signatures.authority("Payments", since=lab.clock.now())'),
        ),
        Mistake(
            id="settings-only",
            when=lambda lab, answer: newest(lab, PAYMENTS).digest == old_release().digest,
            message=(
                "The settings of the repository are better, and what runs is the same: `2.1.0` still is the newest image, with "
                "its old curl. No setting mends an image. Which layers would you put on `platform/debian:12`?"
            ),
            code=f"""\
ecr, name = lab.client("ecr"), "payments/api"
ecr.put_image_tag_mutability(repositoryName=name, imageTagMutability="IMMUTABLE")
{NARROW}""",
        ),
    ),
    hints=(
        "Work from the image outwards: rebuild, push, then sign and describe exactly what you have pushed, then close the "
        "settings. The report card says for each fault what to do.",
        "`oci.append` for the image; `signatures.sign` with `company.issue(…)`; `oci.artifact` for the bill; "
        "`put_image_tag_mutability`; `set_repository_policy` with account `222233334444` as principal.",
        "Nearly the code: `oci.append(base, *old.layers[1:])`, pushed as `2.1.1`; `signatures.sign(image, "
        'company.issue("release", since=…), signed_at=…)`, pushed without a tag; the same for the bill.',
    ),
    solution=card_cell(),
    explain=(
        "A signature and a bill are about one digest, so they come after the last rebuild. Tags that cannot move keep "
        "meaning what was signed. The policy names who pulls. And the card is no proof of safety: it says which "
        "known faults are not there."
    ),
    alternates=(
        card_cell('recipes.install(registry.pull(ecr, name, "2.1.0"), {"curl": "7.88.1-10+deb12u15"})').replace(
            "import scan, signatures", "import scan, signatures; from ecrlab.oci import recipes"
        ),
    ),
)

EXERCISES = (LAYER, BASE_TASK, GATE, WATCH, SBOM, SIGNED, KEY, CARD)
