"""Lab 02: the repository of a ferry company's booking team grows without end, and gets a lifecycle policy by Friday.

Eight tasks, from a worked example to a blank page. Each check asks the policy that is in force what it would do to
small made-up repositories, at ages well apart from the edges of a rule. So every policy that does the right thing
counts, however it is written.
"""

import json
from contextlib import suppress
from datetime import timedelta
from hashlib import sha256

from ecrlab import lifecycle, oci, registry
from ecrlab.clock import START
from ecrlab.course import Exercise, Mistake

NAME = "booking/web"
BASE = oci.layer({"etc/os-release": "NAME=Ferry Linux\n"})


def build(version, architecture="amd64"):
    """Build one version of the booking site for one processor."""
    app = oci.layer({"app/server.py": f"print('booking {version}')\n"})
    return oci.image(BASE, app, architecture=architecture)


def release(version):
    """Build one version for two processors, under one index."""
    return oci.index(build(version), build(version, "arm64"))


# --- What the registry says ----------------------------------------------------------------------------------------


def open_repository(lab):
    """Return a client and the repository's name in this lab."""
    return lab.client("ecr"), lab.repository_name(NAME)


def images(lab):
    """Return every image of the repository, archived ones as well, digest -> what DescribeImages says about it."""
    ecr, name = open_repository(lab)
    pages = ecr.get_paginator("describe_images").paginate(repositoryName=name, filter={"imageStatus": "ANY"})
    return {image["imageDigest"]: image for page in pages for image in page["imageDetails"]}


def is_there(lab, image):
    """Tell whether an image is in the repository and can be pulled."""
    return images(lab).get(str(image.digest), {}).get("imageStatus", "GONE") in ("ACTIVE", "ACTIVATING")


def policy_in_force(lab):
    """Return the policy of the repository, or ``None``."""
    ecr, name = open_repository(lab)
    try:
        return lifecycle.parse(ecr.get_lifecycle_policy(repositoryName=name)["lifecyclePolicyText"])
    except ecr.exceptions.LifecyclePolicyNotFoundException:
        return None


# --- What its policy would do --------------------------------------------------------------------------------------


def aged(name, days, *tags, pulled=None, archived=None, restored=None, index=None):
    """Return an image of a made-up repository; all ages in days.

    Args:
        name: What it is called here; its digest follows from it.
        days: How long ago it was pushed.
        tags: Its tags.
        pulled: How long ago it was last pulled; never, if left out.
        archived: How long ago it was archived; it is in the archive unless it was restored since.
        restored: How long ago it was restored from the archive.
        index: The name of the index that lists it.
    """
    in_archive = archived is not None and restored is None
    return lifecycle.Image(
        digest_of(name),
        ago(days),
        tags=tags,
        storage_class=lifecycle.StorageClass.ARCHIVE if in_archive else lifecycle.StorageClass.STANDARD,
        last_pulled_at=ago(pulled),
        archived_at=ago(archived),
        activated_at=ago(restored),
        parents=() if index is None else (digest_of(index),),
    )


def digest_of(name):
    """Return the digest of a made-up image."""
    return f"sha256:{sha256(name.encode()).hexdigest()}"


def ago(days):
    """Return the moment that many days before ``START``; ``None`` stays ``None``."""
    return None if days is None else START - timedelta(days=days)


def numbered(family, ages):
    """Return one image for each age, tagged with the family's name and a number; the first is the newest."""
    return [aged(f"{family}{days}", days, f"{family}{days}") for days in ages]


def acted_on(lab, shelf, entries):
    """Return the images of a made-up repository that the policy in force would act on, as positions in it."""
    policy = policy_in_force(lab)
    if policy is None:
        return set()
    plan = lifecycle.plan(policy, shelf, now=START)
    digests = {entry.image.digest for entry in getattr(plan, entries)}
    return {place for place, image in enumerate(shelf) if image.digest in digests}


def expires(lab, *shelf):
    """Tell which images of a made-up repository would expire at the next run, by their places."""
    return acted_on(lab, shelf, "expiring")


def archives(lab, *shelf):
    """Tell which images of a made-up repository would move to the archive at the next run, by their places."""
    return acted_on(lab, shelf, "transitioning")


def everything(shelf):
    """Return the places of all images."""
    return set(range(len(shelf)))


# --- Putting the account into the state in which a task starts -----------------------------------------------------


def stock(lab, *pushes):
    """Make booking/web anew, and push images so that each is as old as it should be.

    Args:
        lab: The open lab. Its clock moves by the age of the oldest image.
        pushes: Days ago, an image, and its tags; the oldest first.
    """
    ecr, name = open_repository(lab)
    with suppress(ecr.exceptions.RepositoryNotFoundException):
        ecr.delete_repository(repositoryName=name, force=True)
    ecr.create_repository(repositoryName=name)
    for (days, image, *tags), (next_days, *_) in zip(pushes, [*pushes[1:], (0,)], strict=True):
        for tag in tags or [None]:
            registry.push(ecr, image, name, tag=tag)
        lab.clock.advance(days=days - next_days)


def put_policy(lab, *rules):
    """Put a policy on booking/web."""
    ecr, name = open_repository(lab)
    ecr.put_lifecycle_policy(repositoryName=name, lifecyclePolicyText=json.dumps({"rules": rules}))


EXPIRE = {"type": "expire"}
ARCHIVE = {"type": "transition", "targetStorageClass": "archive"}
COUNT, PUSHED, PULLED, ARCHIVED = (
    "imageCountMoreThan",
    "sinceImagePushed",
    "sinceImagePulled",
    "sinceImageTransitioned",
)


def rule(priority, count_type, number, *patterns, status=None, action=EXPIRE, **selection):
    """Return one rule as AWS writes it: for the tags of these patterns, else for images of that status."""
    tags = {"tagStatus": status or "tagged"} | ({"tagPatternList": list(patterns)} if patterns else {})
    unit = {} if count_type == COUNT else {"countUnit": "days"}
    count = {"countType": count_type} | unit | {"countNumber": number}
    return {"rulePriority": priority, "selection": tags | selection | count, "action": action}


def cell(*rules, then=""):
    """Return a learner's cell that puts these rules into force."""
    lines = ",\n         ".join(map(repr, rules))
    return f"""\
import json
rules = [{lines}]
{PUT_BOOKING}
{then}"""


PUT_BOOKING = """\
ecr = lab.client("ecr")
repository = lab.repository_name("booking/web")
ecr.put_lifecycle_policy(repositoryName=repository, lifecyclePolicyText=json.dumps({"rules": rules}))"""

UNTAGGED_RULE = rule(1, PUSHED, 14, status="untagged")


# --- 1. Untagged growth --------------------------------------------------------------------------------------------

NIGHTLIES = tuple(build(f"nightly {number}") for number in range(1, 5))
IN_SERVICE = release("2.0.0")


def prepare_untagged(lab):
    """Leave a release for two platforms, and a nightly tag that has moved three times."""
    first, second, third, newest = NIGHTLIES
    stock(
        lab,
        (60, IN_SERVICE, "2.0.0"),
        (40, first, "nightly"),
        (20, second, "nightly"),
        (4, third, "nightly"),
        (1, newest, "nightly"),
    )
    return f"{NAME} holds release 2.0.0 for two platforms, and four nightly builds in a row. It has no policy."


OLD_LEFTOVERS = [aged(f"old {days}", days) for days in (16, 30, 400)]
YOUNG_LEFTOVERS = [aged(f"young {days}", days) for days in (1, 4, 8, 12)]
MANY_YOUNG = [aged(f"young of today {number}", 1) for number in range(30)]
NAMED = [aged("release", 300, "2.0.0"), aged("half", 300, index="release"), aged("build", 90, "build-7")]


def check_untagged(lab, answer):
    """Images without a tag go after 14 days, however many there are, and nothing else does."""
    if policy_in_force(lab) is None:
        return f"{NAME} has no lifecycle policy yet."
    if expires(lab, *OLD_LEFTOVERS) != everything(OLD_LEFTOVERS):
        return "Images without a tag that are older than 14 days would stay."
    if expires(lab, *YOUNG_LEFTOVERS, *MANY_YOUNG, *NAMED) or archives(lab, *YOUNG_LEFTOVERS, *NAMED):
        return "The policy would also touch images that have a tag, or that are younger than 14 days."
    return None


UNTAGGED = Exercise(
    id="02.untagged",
    title="What no tag names",
    objective="Write a rule that expires untagged images by age",
    minutes=6,
    prepare=prepare_untagged,
    starter="""\
import json
selection = {"tagStatus": ____, "countType": ____, "countUnit": "days", "countNumber": ____}
rules = [{"rulePriority": 1, "selection": selection, "action": {"type": "expire"}}]
ecr = lab.client("ecr")
repository = lab.repository_name("booking/web")
ecr.put_lifecycle_policy(repositoryName=repository, lifecyclePolicyText=json.dumps({"rules": rules}))
show.images(ecr, repository)""",
    check=check_untagged,
    mistakes=(
        Mistake(
            id="tagged-too",
            when=lambda lab, answer: bool(expires(lab, *NAMED)),
            message=(
                "Your rule selects images that have a tag as well: release `2.0.0` would expire, because it is older "
                "than the limit. Which of the three values of `tagStatus` did you write, and which images does it "
                "mean?"
            ),
            code=cell(rule(1, PUSHED, 14, status="any")),
        ),
        Mistake(
            id="by-number",
            when=lambda lab, answer: bool(expires(lab, *MANY_YOUNG)) and not expires(lab, *YOUNG_LEFTOVERS),
            message=(
                "Your rule counts images. It keeps a number of leftovers however old they are, and on a busy day it "
                "deletes some that are an hour old. Jonas asked for an age. `countType` decides whether a rule looks "
                "at numbers or at time."
            ),
            code=cell(rule(1, COUNT, 14, status="untagged")),
        ),
        Mistake(
            id="too-young",
            when=lambda lab, answer: bool(expires(lab, *YOUNG_LEFTOVERS)),
            message=(
                "Leftovers younger than two weeks would go. Jonas wants that time to look into a build that lost its "
                "name. Compare `countNumber` and its unit with what he wrote: `days` is the only unit there is."
            ),
            code=cell(rule(1, PUSHED, 2, status="untagged")),
        ),
        Mistake(
            id="too-old",
            when=lambda lab, answer: bool(policy_in_force(lab)) and 2 in expires(lab, *OLD_LEFTOVERS),
            message=(
                "The rule is of the right kind, but waits longer than two weeks: leftovers of sixteen days would stay. "
                "The bill counts each day. Compare `countNumber` with what Jonas wrote."
            ),
            code=cell(rule(1, PUSHED, 60, status="untagged")),
        ),
    ),
    hints=(
        "A rule has two halves. The selection says which images it looks at and what counts as too much. The action "
        "says what happens to those. Only the selection is missing here. Tomas's rule selects something else.",
        "`tagStatus` is one of `tagged`, `untagged` and `any`. `countType` is `imageCountMoreThan` for a number of "
        "images, or `sinceImagePushed` for the time since the push. `countNumber` is a whole number.",
        'Nearly the code: `{"tagStatus": "unt…", "countType": "sinceImage…", "countUnit": "days", "countNumber": …}`. '
        "Two weeks have to be written in days.",
    ),
    solution="""\
import json
selection = {"tagStatus": "untagged", "countType": "sinceImagePushed", "countUnit": "days", "countNumber": 14}
rules = [{"rulePriority": 1, "selection": selection, "action": {"type": "expire"}}]
ecr = lab.client("ecr")
repository = lab.repository_name("booking/web")
ecr.put_lifecycle_policy(repositoryName=repository, lifecyclePolicyText=json.dumps({"rules": rules}))
show.images(ecr, repository)""",
    explain=(
        "A tag that moves leaves its old image behind, without a name. The rule finds those by age. The halves of "
        "2.0.0 have no tag either, but an index refers to them: a rule cannot expire them before the index is gone."
    ),
    alternates=(
        cell(rule(5, PUSHED, 14, status="untagged") | {"description": "leftovers of moved tags"}),
        cell(rule(1, COUNT, 5000, "2.*"), rule(2, PUSHED, 14, status="untagged")),
    ),
)


# --- 2. Tomorrow ---------------------------------------------------------------------------------------------------

STALE = NIGHTLIES[:2]
FRESH = NIGHTLIES[2]


def prepare_tomorrow(lab):
    """Leave the repository of the first task with its policy, which has not run yet."""
    prepare_untagged(lab)
    put_policy(lab, UNTAGGED_RULE)
    return f"{NAME} holds release 2.0.0 and four nightly builds. A minute ago the rule of task 1 was put on it."


def digests_in(answer):
    """Return the digests of an answer: texts, identifiers as the API gives them, or a mixture."""
    try:
        return {each["imageDigest"] if isinstance(each, dict) else str(each) for each in answer}
    except (TypeError, KeyError):
        return None


def digests_of(*wanted):
    """Return the digests of built images."""
    return {str(image.digest) for image in wanted}


def check_tomorrow(lab, answer):
    """The answer names the two leftovers that are older than 14 days, and nothing else."""
    found = digests_in(answer)
    if found == digests_of(*STALE):
        return None
    return "`gone` does not name the images that the first run deletes. It is a set of digests."


WAIT_AND_LOOK = """\
ecr = lab.client("ecr")
repository = lab.repository_name("booking/web")
before = {image["imageDigest"] for image in ecr.list_images(repositoryName=repository)["imageIds"]}
%s
after = {image["imageDigest"] for image in ecr.list_images(repositoryName=repository)["imageIds"]}
gone = before - after
gone"""

TOMORROW = Exercise(
    id="02.tomorrow",
    title="When is it gone?",
    objective="Tell when a policy acts, and which untagged images it leaves alone",
    minutes=5,
    prepare=prepare_tomorrow,
    starter=WAIT_AND_LOOK % "lab.clock.advance(hours=____)",
    check=check_tomorrow,
    mistakes=(
        Mistake(
            id="at-once",
            when=lambda lab, answer: digests_in(answer) == set(),
            message=(
                "Nothing is gone. The policy is in force, yet putting it there deletes nothing by itself: the service "
                "runs policies later, at a time of its own. How long may it take by AWS's promise? Run `reset` "
                "before you try again."
            ),
            code=WAIT_AND_LOOK % "lab.clock.advance(minutes=5)",
        ),
        Mistake(
            id="children",
            when=lambda lab, answer: bool(digests_of(*IN_SERVICE.children) & (digests_in(answer) or set())),
            message=(
                "Your answer has the children of release `2.0.0` in it. They carry no tag, so the rule's words fit "
                "them, and still they are in the repository. Look at the column `Named by` of `show.images`: what "
                "refers to them?"
            ),
            code="""\
answer = lab.client("ecr").list_images(
    repositoryName=lab.repository_name("booking/web"), filter={"tagStatus": "UNTAGGED"}
)
gone = answer["imageIds"]""",
        ),
        Mistake(
            id="too-late",
            when=lambda lab, answer: str(FRESH.digest) in (digests_in(answer) or set()),
            message=(
                "You let the clock run for longer than one run needs, and a build of four days grew old meanwhile. "
                "It went with a later run. The question was about the first one. Run `reset`, and wait no longer than "
                "AWS's promise."
            ),
            code=WAIT_AND_LOOK % "lab.clock.advance(days=30)",
        ),
    ),
    hints=(
        "A lifecycle policy is no command. It is a standing order that the service carries out by itself, again and "
        "again. How soon does AWS promise to act once an image meets the conditions of a rule?",
        "`lab.clock.advance(hours=…)` lets time pass in your lab, and the service does what it would have done in that "
        "time. The user guide speaks of a number of hours after which the images are gone.",
        'AWS says "within 24 hours". So `lab.clock.advance(hours=…)` with that number is enough for a first run. '
        "Then let the cell compare the two listings.",
    ),
    solution=WAIT_AND_LOOK % "lab.clock.advance(hours=24)",
    explain=(
        "The service acts within 24 hours, at a time that you do not choose. The two leftovers went; the younger one "
        "stays until it is old enough. The children stay because the index of 2.0.0 refers to them, as long as it is there."
    ),
    alternates=(
        WAIT_AND_LOOK % "happenings = lab.clock.advance(days=1)",
        WAIT_AND_LOOK % "for hour in range(30):\n    lab.clock.advance(hours=1)",
    ),
)


# --- 3. Look before ------------------------------------------------------------------------------------------------

PRODUCTION = build("3.1.0")
BUILDS = tuple(build(f"build {number}") for number in range(101, 109))


def shelf_with_production():
    """Return the pushes of a release that runs in production, and of eight builds after it."""
    later = [(24 - 3 * place, image, f"build-{101 + place}") for place, image in enumerate(BUILDS)]
    return [(40, PRODUCTION, "3.1.0", "production"), *later]


def prepare_preview(lab):
    """Leave the release in production and eight younger builds, without a policy."""
    stock(lab, *shelf_with_production())
    return f"{NAME} holds 3.1.0, which is also tagged production, and eight builds after it. It has no policy."


DOOMED_TAGS = {"3.1.0", "production", "build-101", "build-102", "build-103"}


def tags_in(answer):
    """Return the tags of an answer: texts, results of a preview, or lists of tags."""
    found = set()
    for each in answer if isinstance(answer, list | tuple | set | frozenset) else [answer]:
        if isinstance(each, dict):
            found |= set(each.get("imageTags", []))
        elif isinstance(each, list | tuple | set | frozenset):
            found |= tags_in(each)
        else:
            found.add(str(each))
    return found


def is_untouched(lab):
    """Tell whether the repository has no policy, and all the images that it had."""
    return policy_in_force(lab) is None and digests_of(PRODUCTION, *BUILDS) <= images(lab).keys()


def check_preview(lab, answer):
    """The answer has the tags that the draft would expire, and the repository is as it was."""
    if tags_in(answer) == DOOMED_TAGS and is_untouched(lab):
        return None
    return "`doomed` does not hold the tags of the images that this draft would expire."


DRAFT = """\
import json
ecr = lab.client("ecr")
repository = lab.repository_name("booking/web")
selection = {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 5}
draft = json.dumps({"rules": [{"rulePriority": 1, "selection": selection, "action": {"type": "expire"}}]})
"""
WAIT_FOR_PREVIEW = """\
waiter = ecr.get_waiter("lifecycle_policy_preview_complete")
waiter.wait(repositoryName=repository, WaiterConfig={"Delay": 1})
"""
READ_PREVIEW = """\
results = ecr.get_lifecycle_policy_preview(repositoryName=repository)["previewResults"]
doomed = [tag for result in results for tag in result["imageTags"]]
"""
START_PREVIEW = "ecr.start_lifecycle_policy_preview(repositoryName=repository, lifecyclePolicyText=draft)\n"

PREVIEW = Exercise(
    id="02.preview",
    title="Look before you delete",
    objective="Preview a policy without putting it into force",
    minutes=6,
    prepare=prepare_preview,
    starter=DRAFT
    + "____  # start the preview of the draft\n"
    + WAIT_FOR_PREVIEW
    + "results = ____\n"
    + "doomed = ____\n",
    check=check_preview,
    mistakes=(
        Mistake(
            id="in-force",
            when=lambda lab, answer: not is_untouched(lab),
            message=(
                "The repository now has this policy, or has already lost images to it. The draft was to be tried "
                "without being put into force. One operation stores a policy, another only calculates what it would "
                "do. Run `reset`, and look at the names of the operations."
            ),
            code=DRAFT
            + "ecr.put_lifecycle_policy(repositoryName=repository, lifecyclePolicyText=draft)\n"
            + "ecr.start_lifecycle_policy_preview(repositoryName=repository)\n"
            + WAIT_FOR_PREVIEW
            + READ_PREVIEW,
        ),
        Mistake(
            id="too-early",
            when=lambda lab, answer: tags_in(answer) == set(),
            message=(
                "Your list is empty, as if the draft expired nothing. A preview is calculated in the background, and "
                "while its `status` is `IN_PROGRESS` it has no results. Look at the status in the answer before "
                "you read the results."
            ),
            code=DRAFT + START_PREVIEW + "answer = ecr.get_lifecycle_policy_preview(repositoryName=repository)\n"
            'doomed = [tag for result in answer.get("previewResults", []) for tag in result["imageTags"]]',
        ),
        Mistake(
            id="production-spared",
            when=lambda lab, answer: tags_in(answer) == DOOMED_TAGS - {"3.1.0", "production"},
            message=(
                "You left out `3.1.0`. A policy does not know what runs anywhere, and to it `production` is a tag like "
                "any other. The rule sorts all images by push time and keeps the newest. Compare with the results "
                "of the preview."
            ),
            code='doomed = ["build-101", "build-102", "build-103"]',
        ),
        Mistake(
            id="turned-round",
            when=lambda lab, answer: bool(tags_in(answer)) and not tags_in(answer) & DOOMED_TAGS,
            message=(
                "These are the images that stay. A count rule keeps the newest, and acts on what is beyond its number "
                "when images are sorted newest first. The results of the preview list those that it acts on."
            ),
            code='doomed = ["build-104", "build-105", "build-106", "build-107", "build-108"]',
        ),
    ),
    hints=(
        "Three steps: ask the service to calculate, wait until it is done, read the result. The waiting is written "
        "already. None of the three steps changes the repository.",
        "`start_lifecycle_policy_preview` takes the same arguments as `put_lifecycle_policy`. "
        "`get_lifecycle_policy_preview` answers with `previewResults`: a list with one entry per image, each with its "
        "`imageTags`.",
        "Nearly the code: `ecr.start_lifecycle_policy_preview(repositoryName=…, lifecyclePolicyText=draft)`, then "
        '`ecr.get_lifecycle_policy_preview(…)["previewResults"]`, then a list of every `tag` in the `imageTags` of '
        "each result.",
    ),
    solution=DRAFT + START_PREVIEW + WAIT_FOR_PREVIEW + READ_PREVIEW + "doomed",
    explain=(
        "The preview names each image with the rule that would act on it, and changes nothing. Here it shows that Tomas's "
        "draft expires what runs in production: the oldest of nine images, and only five may stay."
    ),
    alternates=(
        DRAFT
        + START_PREVIEW
        + WAIT_FOR_PREVIEW
        + "doomed = ecr.get_lifecycle_policy_preview(repositoryName=repository)['previewResults']",
        DRAFT
        + START_PREVIEW
        + "lab.clock.advance(minutes=5)\n"
        + "pages = ecr.get_paginator('get_lifecycle_policy_preview').paginate(repositoryName=repository)\n"
        + "doomed = {tag for page in pages for result in page['previewResults'] for tag in result['imageTags']}",
    ),
)


# --- 4. What runs in production ------------------------------------------------------------------------------------

SEEDED = (rule(1, PUSHED, 14, status="untagged"), rule(2, COUNT, 6, status="any"))


def prepare_production(lab):
    """Leave a policy in force whose next run would expire the release in production."""
    stock(lab, *shelf_with_production())
    put_policy(lab, *SEEDED)
    return f"{NAME} holds 3.1.0, tagged production, and eight builds. A policy is in force since a minute ago."


def with_builds(production, count):
    """Return a made-up repository: an image, then a number of builds after it, one a day."""
    return [production, *numbered("build-", range(1, count + 1))]


TODAY = with_builds(aged("today", 40, "3.1.0", "production"), 8)
NEXT_RELEASE = with_builds(aged("next", 40, "3.2.0", "production"), 8)
BARE = with_builds(aged("bare", 400, "production"), 60)
YEARS_LATER = with_builds(aged("years", 1000, "3.1.0", "production"), 900)


def production_expires(lab, shelf):
    """Tell whether the first image of a made-up repository would be lost, by expiry or to the archive."""
    return 0 in expires(lab, *shelf) | archives(lab, *shelf)


def tidies_builds(lab):
    """Tell whether builds still go when there are many, and the newest stay."""
    gone = expires(lab, *BARE)
    return not gone & {1, 2, 3, 4, 5} and set(range(9, 61)) <= gone


def check_production(lab, answer):
    """Whatever is tagged production stays for good, and builds are tidied as before."""
    if not is_there(lab, PRODUCTION):
        return "The image that ran in production is not in the repository any more. Use `reset`."
    if any(production_expires(lab, shelf) for shelf in (TODAY, NEXT_RELEASE, BARE, YEARS_LATER)):
        return "There are days on which the policy would still take the image that is tagged `production`."
    if not tidies_builds(lab):
        return "Production is safe, but of the builds no longer just the newest six stay."
    return None


REPAIR = """\
import json
ecr = lab.client("ecr")
repository = lab.repository_name("booking/web")
rules = json.loads(ecr.get_lifecycle_policy(repositoryName=repository)["lifecyclePolicyText"])["rules"]
"""
PUT_RULES = "ecr.put_lifecycle_policy(repositoryName=repository, lifecyclePolicyText=json.dumps({'rules': rules}))"

RESCUE = Exercise(
    id="02.production",
    title="About to delete production",
    objective="Protect an image from later rules by claiming it with an earlier one",
    minutes=9,
    prepare=prepare_production,
    starter=REPAIR + "rules = ____  # what must be changed, and what may stay?\n" + PUT_RULES,
    check=check_production,
    mistakes=(
        Mistake(
            id="lost",
            when=lambda lab, answer: not is_there(lab, PRODUCTION),
            message=(
                "Too late: the policy has run, and `production` is gone from the repository. Neither a tag nor a "
                "running container holds an image back. No operation brings an expired image back; somebody would "
                "have to push it again. Run `reset`, and repair the policy before the clock moves."
            ),
            code='lab.clock.advance(hours=24)\nshow.images(lab.client("ecr"), lab.repository_name("booking/web"))',
        ),
        Mistake(
            id="switched-off",
            when=lambda lab, answer: not expires(lab, *BARE),
            message=(
                "Production is safe, and nothing is tidied any more: of sixty builds, sixty would stay. That stops the "
                "incident, but it brings back the bill. The rest of the policy is still wanted. What has to happen "
                "to one image only?"
            ),
            code="""\
ecr = lab.client("ecr")
ecr.delete_lifecycle_policy(repositoryName=lab.repository_name("booking/web"))""",
        ),
        Mistake(
            id="by-version",
            when=lambda lab, answer: not production_expires(lab, TODAY) and production_expires(lab, NEXT_RELEASE),
            message=(
                "`3.1.0` is safe, but what you protect is this version. After the next release the tag `production` "
                "names another image, and that one would expire as this one would have. Which name follows what runs?"
            ),
            code=cell(
                rule(1, COUNT, 1, "3.1.0"), rule(2, PUSHED, 14, status="untagged"), rule(3, COUNT, 6, status="any")
            ),
        ),
        Mistake(
            id="postponed",
            when=lambda lab, answer: (
                not production_expires(lab, TODAY)
                and (production_expires(lab, BARE) or production_expires(lab, YEARS_LATER))
            ),
            message=(
                "Production survives tonight. It is still one of the images that the broad rule counts or measures, "
                "so with enough new builds, or enough time, it goes after all. You moved the limit; the image has to "
                "be taken out of that rule's reach."
            ),
            code=cell(rule(1, PUSHED, 14, status="untagged"), rule(2, COUNT, 20, status="any")),
        ),
        Mistake(
            id="still-doomed",
            when=lambda lab, answer: production_expires(lab, TODAY),
            message=(
                "The next run would still take the image tagged `production`. A later rule cannot save what an "
                "earlier one acts on, and a rule helps only if its pattern fits the tag. Preview the policy as in "
                "task 3: which rule acts on it?"
            ),
            code=cell(
                rule(1, COUNT, 1, "production-*"),
                rule(2, PUSHED, 14, status="untagged"),
                rule(3, COUNT, 6, status="any"),
            ),
        ),
    ),
    hints=(
        'No action means "keep". But an image that a rule selects is out of reach for all rules with a higher number, even '
        "if the first one does nothing to it. So who should select the image in production, and when?",
        "Add a rule with a lower `rulePriority` than the broad one: `tagStatus` `tagged`, a `tagPatternList` with the tag "
        "that follows what runs, and a count that is never exceeded. Numbers may have gaps but must be unique; a rule "
        "with `any` has the highest.",
        'Nearly the code: give the two old rules the numbers 2 and 3, and put before them `{"rulePriority": 1, "selection": '
        '{"tagStatus": "tagged", "tagPatternList": ["prod…"], "countType": "imageCountMoreThan", "countNumber": …}, …}`.',
    ),
    solution=REPAIR
    + """\
for rule in rules:
    rule["rulePriority"] += 1
claim = {"tagStatus": "tagged", "tagPatternList": ["production"], "countType": "imageCountMoreThan", "countNumber": 1}
rules = [{"rulePriority": 1, "selection": claim, "action": {"type": "expire"}}, *rules]
"""
    + PUT_RULES,
    explain=(
        'Only one image can carry the tag, so "more than one" never happens: the rule acts on nothing and claims the image. '
        'The broad rule still counts it, but cannot touch it. That is how ECR says "keep".'
    ),
    alternates=(
        cell(rule(1, COUNT, 9999, "prod*"), rule(5, PUSHED, 14, status="untagged"), rule(9, COUNT, 6, status="any")),
        cell(rule(1, PUSHED, 14, status="untagged"), rule(2, COUNT, 6, "build-*")),
        cell(
            {
                "rulePriority": 1,
                "selection": {
                    "tagStatus": "tagged",
                    "tagPrefixList": ["production"],
                    "countType": COUNT,
                    "countNumber": 10,
                },
                "action": EXPIRE,
            },
            rule(2, PUSHED, 14, status="untagged"),
            rule(3, COUNT, 6, status="any"),
        ),
    ),
)


# --- 5. Either, not both -------------------------------------------------------------------------------------------

BRANCHES = tuple(build(f"branch {number}") for number in range(1, 5))


def prepare_either(lab):
    """Leave builds of branches, and the rule that was to remove them."""
    dev, test, main, young = BRANCHES
    stock(
        lab,
        (50, main, "main"),
        (45, PRODUCTION, "3.1.0", "production"),
        (40, dev, "dev-login"),
        (30, test, "test-login"),
        (3, young, "dev-prices"),
    )
    put_policy(lab, rule(1, PUSHED, 14, "dev-*", "test-*"))
    return f"{NAME} holds builds of branches, some older than 14 days, and the rule that was to remove those."


OLD_DEV = numbered("dev-", (16, 40, 300))
OLD_TEST = numbered("test-", (17, 41, 301))
OLD_BOTH = [aged("both", 50, "dev-both", "test-both")]
YOUNG_BRANCHES = [*numbered("dev-", (1, 8, 12)), *numbered("test-", (2, 9, 11))]
NO_BRANCHES = [
    aged("main", 200, "main"),
    aged("release", 90, "3.1.0", "production"),
    aged("latest", 60, "latest"),
    aged("device", 60, "device-app"),
]


def check_either(lab, answer):
    """Builds of both families go after 14 days, and nothing else does."""
    old = [*OLD_DEV, *OLD_TEST, *OLD_BOTH]
    if expires(lab, *old) != everything(old):
        return "There are builds tagged `dev-…` or `test-…`, older than 14 days, that would stay."
    if expires(lab, *YOUNG_BRANCHES, *NO_BRANCHES):
        return "Builds of branches go, but so would images that are younger, or that belong to no branch."
    return None


RULE_FOR = """\
import json
def rule(priority, *patterns):
    selection = {"tagStatus": "tagged", "tagPatternList": list(patterns),
                 "countType": "sinceImagePushed", "countUnit": "days", "countNumber": 14}
    return {"rulePriority": priority, "selection": selection, "action": {"type": "expire"}}
"""


def prefixed(priority, *prefixes):
    """Return a rule that expires images after 14 days by the beginnings of their tags."""
    found = rule(priority, PUSHED, 14)
    found["selection"]["tagPrefixList"] = list(prefixes)
    return found


EITHER = Exercise(
    id="02.either",
    title="Either, not both",
    objective="Write OR as two rules, because the list of one rule means AND",
    minutes=6,
    prepare=prepare_either,
    starter=RULE_FOR + "rules = [____]  # it was: rule(1, 'dev-*', 'test-*')\n" + PUT_BOOKING,
    check=check_either,
    mistakes=(
        Mistake(
            id="too-wide",
            when=lambda lab, answer: bool(expires(lab, *NO_BRANCHES)),
            message=(
                "Old builds of branches would go, and others with them: at least one of `main`, `latest`, `device-app` "
                "and the release in production. A `*` stands for any characters, or none. Read each pattern against "
                "those names."
            ),
            code=cell(rule(1, PUSHED, 14, "*e*")),
        ),
        Mistake(
            id="one-family",
            when=lambda lab, answer: bool(expires(lab, *OLD_DEV)) != bool(expires(lab, *OLD_TEST)),
            message=(
                "One of the two families goes now, the other stays. The pattern that is left in your policy selects "
                "only the first. A policy may have up to fifty rules: what does the second family need?"
            ),
            code=cell(rule(1, PUSHED, 14, "dev-*")),
        ),
        Mistake(
            id="still-and",
            when=lambda lab, answer: bool(expires(lab, *OLD_BOTH)) and not expires(lab, *OLD_DEV, *OLD_TEST),
            message=(
                "Still nothing goes but images that carry both tags. Every entry of the list has to be matched by a "
                "tag of the image, and prefixes are no different from patterns in this. More entries make a rule "
                "narrower, not wider."
            ),
            code=cell(prefixed(1, "dev-", "test-")),
        ),
        Mistake(
            id="too-young",
            when=lambda lab, answer: bool(expires(lab, *YOUNG_BRANCHES)),
            message=(
                "Builds of branches go before they are 14 days old. The limit of the old rule was right, only its "
                "list was not. Look at `countType` and `countNumber` again."
            ),
            code=cell(rule(1, PUSHED, 1, "dev-*"), rule(2, PUSHED, 1, "test-*")),
        ),
    ),
    hints=(
        "Look at the images of the repository. Is there one with a `dev-` tag and a `test-` tag at once? For such an "
        "image Tomas's rule was written, although he did not mean it.",
        "All entries of one `tagPatternList` must match: AND. Different rules of one policy stand beside each other: OR. "
        "Each rule needs a `rulePriority` of its own.",
        'Nearly the code: `rules = [rule(1, "dev-*"), rule(…, …)]`.',
    ),
    solution=RULE_FOR + 'rules = [rule(1, "dev-*"), rule(2, "test-*")]\n' + PUT_BOOKING,
    explain=(
        "Inside a list all entries must match, so the old rule selected images with both tags, of which there were none. "
        "Two rules select either family. An image that fits both belongs to the rule with the lower number."
    ),
    alternates=(
        cell(prefixed(10, "test-"), prefixed(20, "dev-")),
        cell(rule(1, COUNT, 999, "production"), rule(2, PUSHED, 14, "test-*"), rule(3, PUSHED, 14, "dev-*")),
    ),
)


# --- 6. Keep releases, tidy the rest -------------------------------------------------------------------------------

RELEASES = (build("1.0.0"), build("2.0.0"))


def prepare_releases(lab):
    """Leave two releases with twelve other images after them, and no policy."""
    rest = [(26 - 2 * place, build(f"rest {place}"), f"build-{place}") for place in range(12)]
    rest[3] = (rest[3][0], build("try"), "try-pdf")
    stock(lab, (300, RELEASES[0], "v1.0.0"), (150, RELEASES[1], "v2.0.0"), *rest)
    return f"{NAME} holds the releases v1.0.0 and v2.0.0, and twelve other images. It has no policy."


YOUNG_REST = [
    *numbered("build-", range(1, 21)),
    *numbered("try-", range(21, 41, 2)),
    aged("lost", 41),
    aged("lost 2", 42),
]
OTHER_REST = set(range(20, len(YOUNG_REST)))
FEW_RELEASES = [aged("v1", 300, "v1.0.0"), aged("v2", 150, "v2.0.0"), aged("v3", 120, "v3.0.0", "latest")]
TWENTY_YEARS = [aged(f"v{days}", days, f"v{days}.0.0") for days in range(50, 7300, 25)]


def lost_releases(lab, releases):
    """Return how many releases would expire or leave for the archive, with much other traffic after them."""
    shelf = [*releases, *YOUNG_REST]
    return len((expires(lab, *shelf) | archives(lab, *shelf)) & everything(releases))


def check_releases(lab, answer):
    """Releases stay for twenty years, and of all the rest the newest ten."""
    if policy_in_force(lab) is None:
        return f"{NAME} has no lifecycle policy."
    if lost_releases(lab, FEW_RELEASES) or lost_releases(lab, TWENTY_YEARS):
        return "There are releases that would not stay for twenty years."
    gone = expires(lab, *YOUNG_REST)
    if gone & set(range(10)):
        return "Releases stay, but of the rest not even the newest ten would."
    if not set(range(12, len(YOUNG_REST))) <= gone:
        return "Releases stay, but of the rest more than the newest ten would stay, too."
    return None


ANY_TEN = rule(2, COUNT, 10, status="any")

KEEP = Exercise(
    id="02.releases",
    title="Keep releases, tidy the rest",
    objective="Write a policy of two rules in which the first one keeps",
    minutes=8,
    prepare=prepare_releases,
    starter="""\
import json
rules = ____  # a list of rules, each a dictionary
ecr = lab.client("ecr")
repository = lab.repository_name("booking/web")
ecr.put_lifecycle_policy(repositoryName=repository, lifecyclePolicyText=json.dumps({"rules": rules}))""",
    check=check_releases,
    mistakes=(
        Mistake(
            id="releases-counted",
            when=lambda lab, answer: lost_releases(lab, FEW_RELEASES) > 0,
            message=(
                "Releases would go as soon as enough younger images are there: a rule of yours counts them with the "
                "rest and acts on them. Ships that run `v1.0.0` could not restart. Think of task 4: how does an image "
                "get out of a rule's reach?"
            ),
            code=cell(rule(1, COUNT, 10, status="any")),
        ),
        Mistake(
            id="some-releases",
            when=lambda lab, answer: lost_releases(lab, TWENTY_YEARS) > 0,
            message=(
                "Today's releases stay, but not for twenty years: the rule that claims them acts on some of them in "
                "the end. With a release every few weeks there will be hundreds. What limit would that rule never "
                "reach?"
            ),
            code=cell(rule(1, COUNT, 20, "v*"), ANY_TEN),
        ),
        Mistake(
            id="builds-only",
            when=lambda lab, answer: bool(expires(lab, *YOUNG_REST)) and not OTHER_REST & expires(lab, *YOUNG_REST),
            message=(
                "Builds are tidied, but the order says everything else. Images tagged `try-…` and images without a tag "
                "fit none of your rules, and what no rule selects stays forever. Which `tagStatus` means all of them?"
            ),
            code=cell(rule(1, COUNT, 9999, "v*"), rule(2, COUNT, 10, "build-*")),
        ),
        Mistake(
            id="nothing-goes",
            when=lambda lab, answer: policy_in_force(lab) is not None and not expires(lab, *YOUNG_REST),
            message=(
                "Releases stay, and so does all the rest: with thirty other images, no rule acts on any. Keeping is "
                "half of the order. The other half needs a rule of its own, with a higher number."
            ),
            code=cell(rule(1, COUNT, 9999, "v*")),
        ),
    ),
    hints=(
        "Say the order as two rules: one that selects releases and never acts, and one that selects everything and keeps "
        "ten. Then ask which of them has to come first.",
        "A rule that never acts has a limit that is never reached, for instance a huge `countNumber`. A rule with "
        "`tagStatus` `any` takes no list of patterns, and has the highest number of all.",
        'Nearly the code: `{"rulePriority": 1, "selection": {"tagStatus": "tagged", "tagPatternList": ["v*"], "countType": '
        '"imageCountMoreThan", "countNumber": …}, "action": …}`, and a second one with `"tagStatus": "any"`.',
    ),
    solution="""\
import json
releases = {"tagStatus": "tagged", "tagPatternList": ["v*"], "countType": "imageCountMoreThan", "countNumber": 9999}
the_rest = {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 10}
rules = [
    {"rulePriority": 1, "selection": releases, "action": {"type": "expire"}},
    {"rulePriority": 2, "selection": the_rest, "action": {"type": "expire"}},
]
ecr = lab.client("ecr")
repository = lab.repository_name("booking/web")
ecr.put_lifecycle_policy(repositoryName=repository, lifecyclePolicyText=json.dumps({"rules": rules}))""",
    explain=(
        "The first rule claims every release and never acts. The second cannot touch what is claimed, yet still counts it: "
        "a young release takes one of the ten places. What no rule selects would stay for good."
    ),
    alternates=(
        cell(rule(3, PUSHED, 36500, "v*"), rule(7, COUNT, 10, status="any")),
        cell(rule(1, COUNT, 100000, "v*"), rule(2, COUNT, 1, "production"), rule(3, COUNT, 10, status="any")),
    ),
)


# --- 7. First the archive, then out --------------------------------------------------------------------------------

RETIRED = build("2.4.0")


def prepare_archive(lab):
    """Leave a version that nobody has pulled for long, and the one in production, pulled yesterday."""
    stock(lab, (120, RETIRED, "2.4.0"), (119, PRODUCTION, "3.1.0", "production"), (1, BUILDS[0], "build-101"))
    ecr, name = open_repository(lab)
    ecr.batch_get_image(repositoryName=name, imageIds=[{"imageTag": "production"}])
    return f"{NAME} holds 2.4.0, which nobody pulls any more, 3.1.0, pulled right now, and a young build. It has no policy."


UNUSED = [aged("never pulled", 200, "2.3.0"), aged("pulled long ago", 500, "1.9.0", pulled=130)]
IN_USE = [
    aged("in use", 400, "3.1.0", pulled=3),
    aged("new", 30, "build-7"),
    aged("restored", 500, "1.5.0", pulled=420, archived=300, restored=10),
]
LONG_ARCHIVED = [aged("long archived", 400, "1.2.0", archived=200), aged("longer", 900, archived=600)]
JUST_ARCHIVED = [aged("archived", 200, "2.2.0", archived=20), aged("archived before", 300, "2.1.0", archived=120)]


def archives_by_use(lab):
    """Tell whether images that nobody pulls move to the archive, and those in use stay."""
    return archives(lab, *UNUSED) == everything(UNUSED) and not touched(lab, *IN_USE)


def touched(lab, *shelf):
    """Return the places of images that would expire or move to the archive."""
    return expires(lab, *shelf) | archives(lab, *shelf)


def check_archive(lab, answer):
    """Unused images are archived and later expire, and the registry has shown it."""
    if not is_there(lab, PRODUCTION):
        return "The image tagged `production` is not there, or in the archive: no ship can pull it. Use `reset`."
    if not archives_by_use(lab) or expires(lab, *UNUSED, *IN_USE):
        return "The policy does not archive exactly what nobody has pulled for 90 days."
    if expires(lab, *LONG_ARCHIVED, *JUST_ARCHIVED) != everything(LONG_ARCHIVED):
        return "The policy does not expire exactly what has been in the archive for 180 days."
    if str(RETIRED.digest) in images(lab):
        return "The policy is right, but `2.4.0` is still in the repository."
    return None


UNUSED_RULE = rule(1, PULLED, 90, status="any", action=ARCHIVE)
LEAVE_ARCHIVE = rule(2, ARCHIVED, 180, status="any", storageClass="archive")
A_YEAR = """\
for _ in range(12):  # a month each
    lab.clock.advance(days=30)
    registry.pull(ecr, repository, "production")  # as the ships do
"""

ARCHIVING = Exercise(
    id="02.archive",
    title="First the archive, then out",
    objective="Archive by lack of use, expire from the archive, and prove it with the clock",
    minutes=10,
    prepare=prepare_archive,
    starter="""\
import json
unused = {"tagStatus": "any", "countType": ____, "countUnit": "days", "countNumber": 90}
archived = {"tagStatus": "any", "storageClass": "archive", "countType": ____, "countUnit": "days", "countNumber": ____}
rules = [{"rulePriority": 1, "selection": unused, "action": ____},
         {"rulePriority": 2, "selection": archived, "action": ____}]
"""
    + PUT_BOOKING
    + "\n"
    + A_YEAR,
    check=check_archive,
    mistakes=(
        Mistake(
            id="production-out",
            when=lambda lab, answer: bool(touched(lab, *IN_USE)),
            message=(
                "Your policy looks at the push: an image that was pushed long ago and pulled this morning would leave "
                "`standard`. From the archive no ship can pull. What shows that an image is in use is its last "
                "pull. Which `countType` reads that?"
            ),
            code=cell(rule(1, PUSHED, 90, status="any", action=ARCHIVE), LEAVE_ARCHIVE),
        ),
        Mistake(
            id="never-out",
            when=lambda lab, answer: archives_by_use(lab) and not expires(lab, *LONG_ARCHIVED),
            message=(
                "Unused images move to the archive and stay there for good. That is cheaper, but the order says that "
                "they go after half a year. A rule that looks at archived images has to say so in its selection; "
                "without, it means `standard`."
            ),
            code=cell(UNUSED_RULE),
        ),
        Mistake(
            id="half-time",
            when=lambda lab, answer: archives_by_use(lab) and bool(expires(lab, *JUST_ARCHIVED)),
            message=(
                "Images would leave the archive after less than the half year that Jonas asked for. 90 days is the "
                "least that the service accepts, and what is billed in any case. He wants 180, counted from the day "
                "of archiving."
            ),
            code=cell(UNUSED_RULE, rule(2, ARCHIVED, 90, status="any", storageClass="archive")),
        ),
        Mistake(
            id="not-proved",
            when=lambda lab, answer: (
                archives_by_use(lab)
                and expires(lab, *LONG_ARCHIVED, *JUST_ARCHIVED) == everything(LONG_ARCHIVED)
                and str(RETIRED.digest) in images(lab)
            ),
            message=(
                "Both rules are right, and nobody has seen them work yet: `2.4.0` is still in the repository. Listings "
                "leave archived images out unless `filter` asks for them. Let the clock run until it has left "
                "the archive, too. And remember who has to be pulled meanwhile."
            ),
            code=cell(UNUSED_RULE, LEAVE_ARCHIVE, then="lab.clock.advance(days=60)"),
        ),
    ),
    hints=(
        "Lack of use deletes nothing by itself: AWS offers pull age only as a reason to archive. Deletion takes a second "
        "rule, which looks at images in the archive and at the time that they have spent there.",
        "`sinceImagePulled` goes with the action `transition`, which needs a `targetStorageClass`. "
        "`sinceImageTransitioned` goes with `expire`, `storageClass` `archive`, and at least 90 days.",
        'Nearly the code: the first action is `{"type": "transition", "targetStorageClass": "arch…"}`, the second '
        '`{"type": "exp…"}`. The count types are `sinceImagePu…` and `sinceImageTr…`. Half a year is 180 days here.',
    ),
    solution="""\
import json
unused = {"tagStatus": "any", "countType": "sinceImagePulled", "countUnit": "days", "countNumber": 90}
archived = {"tagStatus": "any", "storageClass": "archive",
            "countType": "sinceImageTransitioned", "countUnit": "days", "countNumber": 180}
to_archive = {"type": "transition", "targetStorageClass": "archive"}
rules = [{"rulePriority": 1, "selection": unused, "action": to_archive},
         {"rulePriority": 2, "selection": archived, "action": {"type": "expire"}}]
"""
    + "ecr, repository = lab.client('ecr'), lab.repository_name('booking/web')\n"
    + PUT_BOOKING.splitlines()[-1]
    + "\n"
    + A_YEAR.rstrip(),
    explain=(
        "Never pulled, 2.4.0 was judged by its push and archived at the first run. Half a year later the second rule "
        "expired it. 3.1.0 is as old, but the ships kept pulling it, so its time began anew each month."
    ),
    alternates=(
        cell(
            rule(1, COUNT, 9, "production"),
            rule(20, PULLED, 90, status="any", action=ARCHIVE),
            rule(30, ARCHIVED, 180, status="any", storageClass="archive"),
            then="""\
for _ in range(40):  # a week each
    registry.pull(ecr, repository, "production")
    lab.clock.advance(days=7)""",
        ),
    ),
)


# --- 8. Friday -----------------------------------------------------------------------------------------------------

FRIDAY = {
    "production": release("3.1.0"),
    "v2.0.0": IN_SERVICE,
}
"""What must be in the repository afterwards, by a tag."""


def prepare_friday(lab):
    """Leave a repository with a bit of everything, and no policy."""
    dev, test, main, young = BRANCHES
    stock(
        lab,
        (200, IN_SERVICE, "v2.0.0"),
        (150, main, "main"),
        (120, FRIDAY["production"], "v3.1.0", "production", "nightly-1"),
        (50, dev, "dev-login"),
        (40, test, "test-login"),
        *((9 - 2 * place, image, "nightly", f"nightly-{place + 2}") for place, image in enumerate(NIGHTLIES)),
        (0, young, "dev-prices"),
    )
    return (
        f"{NAME} holds two releases for two platforms, nightly builds, builds of branches and main. It has no policy."
    )


KEPT = [
    aged("old", 4000, "v1.0.0"),
    aged("index", 200, "v2.0.0"),
    aged("child", 200, index="index"),
    aged("other child", 200, index="index"),
    aged("in production", 120, "production"),
]
PROMOTED = [
    aged("promoted", 120, "nightly-1", "v3.1.0"),
    aged("from a branch", 60, "dev-hotfix", "production"),
    aged("tested", 61, "test-hotfix", "v3.0.1"),
]
NIGHTLY_SHELF = numbered("nightly-", (20, 21, 22, 23, 24, 25))
OLD_NIGHTLY_SHELF = numbered("nightly-", (70, 71, 72, 73, 74))
OLD_LOST = [aged("lost", 9), aged("lost long ago", 80)]
YOUNG_LOST = [aged("lost today", 1), aged("lost this week", 5)]
QUIET = [aged("main", 120, "main"), aged("quiet", 400, "demo", pulled=150)]
LIVELY = [aged("asked for", 400, "main", pulled=20), aged("new", 60, "demo")]


def check_friday(lab, answer):
    """All points of the order hold, in whatever rules they are written."""
    if policy_in_force(lab) is None:
        return f"{NAME} has no lifecycle policy."
    if not all(is_there(lab, image) for image in FRIDAY.values()):
        return "A release is not in the repository any more, or in the archive. Use `reset`."
    if touched(lab, *KEPT) or touched(lab, *PROMOTED):
        return "Point 1: releases, or what is tagged `production`, would not stay."
    if expires(lab, *NIGHTLY_SHELF) != {3, 4, 5} or expires(lab, *OLD_NIGHTLY_SHELF) != {3, 4}:
        return "Point 2: of the nightly builds, not exactly the newest three would stay."
    old = [*OLD_DEV, *OLD_TEST, *OLD_BOTH]
    if expires(lab, *old) != everything(old) or expires(lab, *YOUNG_BRANCHES):
        return "Point 3: builds tagged `dev-…` or `test-…` would not go after 14 days."
    if expires(lab, *OLD_LOST) != everything(OLD_LOST) or expires(lab, *YOUNG_LOST):
        return "Point 4: images without a tag would not go after 7 days."
    if archives(lab, *QUIET) != everything(QUIET) or expires(lab, *QUIET) or touched(lab, *LIVELY):
        return "Point 5: of the rest, not exactly what nobody has pulled for 90 days would move to the archive."
    return None


CLAIMS = (rule(1, COUNT, 9999, "v*"), rule(2, COUNT, 9, "production"))
NIGHTLY_RULE = rule(3, COUNT, 3, "nightly-*")
BRANCH_RULES = (rule(4, PUSHED, 14, "dev-*"), rule(5, PUSHED, 14, "test-*"))
LEFTOVER_RULE = rule(6, PUSHED, 7, status="untagged")
REST_RULE = rule(7, PULLED, 90, status="any", action=ARCHIVE)

CHALLENGE = Exercise(
    id="02.friday",
    title="Friday",
    objective="Turn an order in words into a policy of several rules, on your own",
    minutes=16,
    prepare=prepare_friday,
    starter="""\
ecr = lab.client("ecr")
repository = lab.repository_name("booking/web")
____""",
    check=check_friday,
    mistakes=(
        Mistake(
            id="claimed-late",
            when=lambda lab, answer: bool(expires(lab, *PROMOTED)) and not touched(lab, *KEPT),
            message=(
                "A plain release stays, but not one that began as a nightly build or on a branch, and still carries "
                "that tag. An image with two tags belongs to the first rule that selects it. Compare the numbers of "
                "your rules with the order of the points."
            ),
            code=cell(
                rule(1, COUNT, 3, "nightly-*"),
                rule(2, PUSHED, 14, "dev-*"),
                rule(3, PUSHED, 14, "test-*"),
                rule(4, COUNT, 9999, "v*"),
                rule(5, COUNT, 9, "production"),
                LEFTOVER_RULE,
                REST_RULE,
            ),
        ),
        Mistake(
            id="releases-out",
            when=lambda lab, answer: bool(touched(lab, *KEPT)),
            message=(
                "A release, or what is tagged `production`, would expire or move to the archive. An archived image "
                "cannot be pulled either. Preview your policy, and look which of your rules has acted on those. No "
                "earlier rule of yours claims them both."
            ),
            code=cell(CLAIMS[1], NIGHTLY_RULE, *BRANCH_RULES, LEFTOVER_RULE, REST_RULE),
        ),
        Mistake(
            id="and-again",
            when=lambda lab, answer: bool(policy_in_force(lab)) and not expires(lab, *OLD_DEV, *OLD_TEST),
            message=(
                "Point 3 does nothing: old builds tagged `dev-…` or `test-…` stay, or go only if they carry both tags. "
                "Think of what the entries of one list mean to each other, as in task 5."
            ),
            code=cell(*CLAIMS, NIGHTLY_RULE, rule(4, PUSHED, 14, "dev-*", "test-*"), LEFTOVER_RULE, REST_RULE),
        ),
        Mistake(
            id="nightly-by-age",
            when=lambda lab, answer: (
                expires(lab, *NIGHTLY_SHELF) != {3, 4, 5} or expires(lab, *OLD_NIGHTLY_SHELF) != {3, 4}
            ),
            message=(
                "Of the nightly builds, not exactly the newest three stay. If the builds stop for a month, an age "
                "would delete all of them; a number would not. A preview shows which are left, and which rule "
                "selected the others."
            ),
            code=cell(*CLAIMS, rule(3, PUSHED, 3, "nightly-*"), *BRANCH_RULES, LEFTOVER_RULE, REST_RULE),
        ),
        Mistake(
            id="rest-stays",
            when=lambda lab, answer: bool(policy_in_force(lab)) and archives(lab, *QUIET) != everything(QUIET),
            message=(
                "The last point is open: an image like `main`, which none of the points before it names and nobody "
                "has pulled for months, would not move to the archive. What is left over after all other rules needs "
                "a rule of its own."
            ),
            code=cell(*CLAIMS, NIGHTLY_RULE, *BRANCH_RULES, LEFTOVER_RULE),
        ),
    ),
    hints=(
        'Write one line for each point: which images, by number or by age, and what happens to them. A point with "or" '
        "becomes two lines. Then sort: what must stay comes first, what means everything comes last.",
        "Seven rules do it. Two claim and never act, one counts, three look at `sinceImagePushed`, one at "
        "`sinceImagePulled` with the action `transition`. All of these have been in tasks 1 to 7; the function of task 5 "
        "saves typing.",
        "By `rulePriority`: 1 `v*` and 2 `production`, both with a count that is never reached; 3 `nightly-*` by number; 4 "
        "`dev-*` and 5 `test-*` by age; 6 untagged by age; 7 `any`, to the archive. Put them all into one `rules` and one "
        "`put_lifecycle_policy`.",
    ),
    solution="""\
import json
def rule(number, kind, count, *patterns, status="tagged", **action):
    selection = {"tagStatus": status, "countType": kind, "countNumber": count}
    selection |= {"tagPatternList": list(patterns)} if patterns else {}
    selection |= {} if kind == "imageCountMoreThan" else {"countUnit": "days"}
    return {"rulePriority": number, "selection": selection, "action": action or {"type": "expire"}}
count, pushed = "imageCountMoreThan", "sinceImagePushed"
rules = [rule(1, count, 9999, "v*"), rule(2, count, 1, "production"), rule(3, count, 3, "nightly-*"),
         rule(4, pushed, 14, "dev-*"), rule(5, pushed, 14, "test-*"), rule(6, pushed, 7, status="untagged"),
         rule(7, "sinceImagePulled", 90, status="any", type="transition", targetStorageClass="archive")]
lab.client("ecr").put_lifecycle_policy(
    repositoryName=lab.repository_name("booking/web"), lifecyclePolicyText=json.dumps({"rules": rules}))""",
    explain=(
        "What must stay is claimed first, so no later rule reaches it, whatever other tags it has. The broadest rule comes "
        "last. The children of the releases need no rule: their index holds them."
    ),
    alternates=(
        cell(
            rule(10, COUNT, 100, "prod*"),
            rule(20, PUSHED, 36500, "v*"),
            rule(30, PUSHED, 14, "test-*"),
            rule(40, PUSHED, 14, "dev-*"),
            rule(50, COUNT, 3, "nightly-*"),
            rule(60, PUSHED, 7, status="untagged"),
            rule(70, PULLED, 90, status="any", action=ARCHIVE),
        ),
        cell(*CLAIMS, NIGHTLY_RULE, *BRANCH_RULES, LEFTOVER_RULE, REST_RULE, then="lab.clock.advance(days=2)"),
    ),
)

EXERCISES = (UNTAGGED, TOMORROW, PREVIEW, RESCUE, EITHER, KEEP, ARCHIVING, CHALLENGE)
