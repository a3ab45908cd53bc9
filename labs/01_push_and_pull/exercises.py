"""Lab 01: a ferry company's payments team needs its image in Amazon ECR by noon.

Eight tasks, from a worked example to a blank page. Each check reads what the registry says now, so every way that
leads there counts. All images are built from the few words below: the same digests on every machine, in every run.
"""

import json
import re
from contextlib import suppress

from ecrlab import oci, registry
from ecrlab.course import Exercise, Mistake

NAME = "payments/api"
BASE = oci.layer({"etc/os-release": "NAME=Ferry Linux\n"})
BASE_ARM = oci.layer({"etc/os-release": "NAME=Ferry Linux for ARM\n"})


def build(version, architecture="amd64"):
    """Build one version of the payments program for one processor."""
    app = oci.layer({"app/server.py": f"print('payments {version}')\n"})
    return oci.image({"amd64": BASE, "arm64": BASE_ARM}[architecture], app, architecture=architecture)


def release(version):
    """Build one version for both processors, under one index."""
    return oci.index(build(version), build(version, "arm64"))


# --- What the registry says ----------------------------------------------------------------------------------------


def open_repository(lab):
    """Return a client and the repository's name in this lab."""
    return lab.client("ecr"), lab.repository_name(NAME)


def repository_names(lab):
    """Return the names of all repositories of the registry."""
    pages = lab.client("ecr").get_paginator("describe_repositories").paginate()
    return {repository["repositoryName"] for page in pages for repository in page["repositories"]}


def images(lab):
    """Return every image of the repository, digest -> tags; empty if there is no repository."""
    ecr, name = open_repository(lab)
    try:
        pages = [*ecr.get_paginator("describe_images").paginate(repositoryName=name)]
    except ecr.exceptions.RepositoryNotFoundException:
        return {}
    return {image["imageDigest"]: image.get("imageTags", []) for page in pages for image in page["imageDetails"]}


def tags(lab):
    """Return every tag of the repository, tag -> digest."""
    return {tag: digest for digest, named in images(lab).items() for tag in named}


def manifest_text(lab, digest):
    """Return the manifest of an image that is there, exactly as it is stored."""
    ecr, name = open_repository(lab)
    answer = ecr.batch_get_image(repositoryName=name, imageIds=[{"imageDigest": digest}])
    return answer["images"][0]["imageManifest"]


def manifest(lab, digest):
    """Return the manifest of an image as a value."""
    return oci.parse_manifest(manifest_text(lab, digest).encode())


def platforms(lab, digest):
    """Return the images that an index lists, platform -> digest; empty if it is no index."""
    found = manifest(lab, digest)
    listed = found.manifests if isinstance(found, oci.IndexManifest) else ()
    return {str(child.platform): str(child.digest) for child in listed}


def layers(lab, digest):
    """Return the digests of the layers of one image."""
    return {str(layer.digest) for layer in manifest(lab, digest).layers}


def setting(lab):
    """Return what the registry says about the repository."""
    ecr, name = open_repository(lab)
    return ecr.describe_repositories(repositoryNames=[name])["repositories"][0]


def may_move(lab, tag):
    """Tell whether the repository's setting lets a tag move."""
    found = setting(lab)
    filters = [each["filter"] for each in found.get("imageTagMutabilityExclusionFilters", [])]
    excluded = any(re.fullmatch(".*".join(map(re.escape, text.split("*"))), tag) for text in filters)
    return found["imageTagMutability"].startswith("MUTABLE") != excluded


# --- Putting the account into the state in which a task starts -----------------------------------------------------


def empty_repository(lab):
    """Make payments/api anew, mutable and without images."""
    ecr, name = open_repository(lab)
    delete_repository(ecr, name)
    ecr.create_repository(repositoryName=name)
    return ecr, name


def delete_repository(ecr, name):
    """Delete a repository with all that is in it, if it is there."""
    with suppress(ecr.exceptions.RepositoryNotFoundException):
        ecr.delete_repository(repositoryName=name, force=True)


# --- 1. A home for the image ---------------------------------------------------------------------------------------

WRONG_NAMES = {
    "dash": "payments-api",
    "no-namespace": "api",
}


def prepare_create(lab):
    """Delete payments/api, and the wrong repositories of earlier attempts."""
    ecr, name = open_repository(lab)
    for each in (name, address_as_name(lab), *map(lab.repository_name, WRONG_NAMES.values())):
        delete_repository(ecr, each)
    return "There is no repository for the payments team. Wrong ones from earlier attempts are deleted as well."


def address_as_name(lab):
    """Return the name of a repository that has the registry's address in it."""
    return lab.repository_name(f"{lab.registry}/{NAME}")


def check_create(lab, answer):
    """A repository of that name is there, whatever its settings."""
    if lab.repository_name(NAME) in repository_names(lab):
        return None
    return f"This registry has no repository {NAME}. If ECR refused the name, its message shows the pattern."


CREATE = Exercise(
    id="01.create",
    title="A home for the image",
    objective="Create a repository with a name that ECR accepts",
    minutes=4,
    prepare=prepare_create,
    starter="""\
ecr = lab.client("ecr")
ecr.create_repository(repositoryName=lab.repository_name(____))
show.repositories(ecr)""",
    check=check_create,
    mistakes=(
        Mistake(
            id="dash",
            when=lambda lab, answer: lab.repository_name("payments-api") in repository_names(lab),
            message=(
                "You created `payments-api`. For ECR this is one name with a dash in it, outside the namespace "
                "`payments/`. The registry has no `payments/api`, so the pipeline's push would be refused. "
                "Look at the ticket again: what stands between the two parts?"
            ),
            code="""\
ecr = lab.client("ecr")
ecr.create_repository(repositoryName=lab.repository_name("payments-api"))""",
        ),
        Mistake(
            id="no-namespace",
            when=lambda lab, answer: lab.repository_name("api") in repository_names(lab),
            message=(
                "You created `api`. A namespace is no folder that you are in: it is the front part of the name itself. "
                "The registry now has a repository `api` and none in `payments/`. Look at the worked example: "
                "how does its name begin?"
            ),
            code="""\
ecr = lab.client("ecr")
ecr.create_repository(repositoryName=lab.repository_name("api"))""",
        ),
        Mistake(
            id="address",
            when=lambda lab, answer: address_as_name(lab) in repository_names(lab),
            message=(
                "You put the registry's address into the name. ECR took it, because dots and slashes are allowed, and "
                "now a repository is called like that. The address says which registry is meant; a name stands "
                "inside it. Look at the worked example: what does it leave out?"
            ),
            code="""\
ecr = lab.client("ecr")
ecr.create_repository(repositoryName=lab.repository_name(f"{lab.registry}/payments/api"))""",
        ),
    ),
    hints=(
        "A repository name may contain lower-case letters, digits and single separators. The ticket was typed on a "
        "phone that likes capitals. What is left of its name if you keep ECR's rules?",
        "The call is `create_repository`, and its argument is `repositoryName`. Give it the whole name: the namespace, "
        "a slash, and the last part. The registry's address does not belong to it.",
        'Replace the blank by a text in quotes: `lab.repository_name("payments/…")`. What stands after the slash is in '
        "the ticket; write it in lower case.",
    ),
    solution="""\
ecr = lab.client("ecr")
ecr.create_repository(repositoryName=lab.repository_name("payments/api"))
show.repositories(ecr)""",
    explain=(
        "ECR refuses capitals, so `Payments/API` becomes `payments/api`. The part before the slash is a namespace: "
        "nothing but the beginning of the name, which policies and templates can match later."
    ),
    alternates=(
        """\
name = lab.repository_name("payments/api")
lab.client("ecr").create_repository(repositoryName=name, imageTagMutability="IMMUTABLE")""",
    ),
)


# --- 2. Push -------------------------------------------------------------------------------------------------------


def prepare_push(lab):
    """Leave payments/api empty."""
    empty_repository(lab)
    return f"{NAME} is there and empty."


def check_push(lab, answer):
    """The tag is there, whatever image it names."""
    if "1.4.2" in tags(lab):
        return None
    return f"{NAME} has no image with the tag 1.4.2. What it holds: see `show.images(ecr, repository)`."


PUSH = Exercise(
    id="01.push",
    title="The first push",
    objective="Push an image under a version tag",
    minutes=4,
    prepare=prepare_push,
    starter="""\
ecr = lab.client("ecr")
repository = lab.repository_name("payments/api")
base = oci.layer({"etc/os-release": "NAME=Ferry Linux\\n"})
app = oci.layer({"app/server.py": "print('payments 1.4.2')\\n"})
image = oci.image(base, app)
registry.push(ecr, image, repository, tag=____)""",
    check=check_push,
    mistakes=(
        Mistake(
            id="v-prefix",
            when=lambda lab, answer: "v1.4.2" in tags(lab) and "1.4.2" not in tags(lab),
            message=(
                "You pushed the image as `v1.4.2`. The registry has this tag and no other. A tag is compared letter "
                "by letter: it means nothing to ECR, and `v` is a letter like any other. Which tag does the deploy job "
                "ask for?"
            ),
            code="""\
ecr = lab.client("ecr")
image = oci.image(oci.layer({"app/server.py": "print('payments 1.4.2')\\n"}))
registry.push(ecr, image, lab.repository_name("payments/api"), tag="v1.4.2")""",
        ),
        Mistake(
            id="latest",
            when=lambda lab, answer: "latest" in tags(lab) and "1.4.2" not in tags(lab),
            message=(
                "You pushed the image as `latest`. This is its only tag now, and the next push of `latest` takes it "
                "away again. ECR reads no version out of the image. Look at the last line of your cell: "
                "where does a tag come from?"
            ),
            code="""\
ecr = lab.client("ecr")
image = oci.image(oci.layer({"app/server.py": "print('payments 1.4.2')\\n"}))
registry.push(ecr, image, lab.repository_name("payments/api"), tag="latest")""",
        ),
        Mistake(
            id="untagged",
            when=lambda lab, answer: bool(images(lab)) and not tags(lab),
            message=(
                "The image is there, but it has no tag. It can be pulled by its digest only, and the deploy job asks "
                "for a tag. Look at the column `Named by` of `show.images(ecr, repository)`, and at the last "
                "argument of the push."
            ),
            code="""\
ecr = lab.client("ecr")
image = oci.image(oci.layer({"app/server.py": "print('payments 1.4.2')\\n"}))
registry.push(ecr, image, lab.repository_name("payments/api"))""",
        ),
    ),
    hints=(
        "A push names three things: the repository, the image, and a tag. Two are there already. The deploy job asks "
        "for the third, and it compares letter by letter.",
        "`registry.push` has an argument `tag`, a text. It becomes the `imageTag` of `PutImage`, the last call of a "
        "push. Use exactly the version of the story.",
        'Replace the blank: `registry.push(ecr, image, repository, tag="1.…")`, with all three numbers of the version '
        "and nothing in front of them.",
    ),
    solution="""\
ecr = lab.client("ecr")
repository = lab.repository_name("payments/api")
base = oci.layer({"etc/os-release": "NAME=Ferry Linux\\n"})
app = oci.layer({"app/server.py": "print('payments 1.4.2')\\n"})
image = oci.image(base, app)
registry.push(ecr, image, repository, tag="1.4.2")""",
    explain=(
        "The layers and the config were uploaded first, the manifest last. Only then did the tag exist. "
        "The tag is a name that you chose; the digest follows from the bytes."
    ),
    alternates=(
        """\
ecr = lab.client("ecr")
repository = lab.repository_name("payments/api")
image = oci.image(oci.layer({"app/server.py": "print('payments 1.4.2')\\n"}))
registry.push(ecr, image, repository)
ecr.put_image(repositoryName=repository, imageManifest=image.manifest.decode(), imageTag="1.4.2")""",
    ),
)


# --- 3. The digest -------------------------------------------------------------------------------------------------

PUSHED = build("1.4.2")


def prepare_digest(lab):
    """Leave one image with one tag."""
    ecr, name = empty_repository(lab)
    registry.push(ecr, PUSHED, name, tag="1.4.2")
    return f"{NAME} holds one image, with the tag 1.4.2."


def said(answer):
    """Return an answer as text: a digest handed over as a value, a list of one, or a whole image reference."""
    text = str(answer[0] if isinstance(answer, list) and len(answer) == 1 else answer).strip()
    return text.rpartition("@")[2]


def check_digest(lab, answer):
    """The answer is the digest of the image's manifest."""
    if said(answer) == str(PUSHED.digest):
        return None
    return f"{answer!r} is no digest of this image. A digest is `sha256:` and 64 hexadecimal digits."


DIGEST = Exercise(
    id="01.digest",
    title="What exactly did we ship?",
    objective="Tell an image's digest from its tag and from the digests inside its manifest",
    minutes=5,
    prepare=prepare_digest,
    starter="""\
ecr = lab.client("ecr")
repository = lab.repository_name("payments/api")
details = ecr.describe_images(repositoryName=repository)["imageDetails"][0]
digest = ____""",
    check=check_digest,
    mistakes=(
        Mistake(
            id="tag",
            when=lambda lab, answer: said(answer).rpartition(":")[2] == "1.4.2",
            message=(
                "You handed over the tag. Today it names this image, and tomorrow someone may move it to another. The "
                "ticket needs the name that follows from the bytes. `DescribeImages` returns both; look at the other "
                "fields of `details`."
            ),
            code="""\
details = lab.client("ecr").describe_images(repositoryName=lab.repository_name("payments/api"))["imageDetails"][0]
digest = details["imageTags"][0]""",
        ),
        Mistake(
            id="config",
            when=lambda lab, answer: said(answer) == str(PUSHED.config_descriptor.digest),
            message=(
                "This is the digest of the image's config. It names one blob inside the image, and no image can be "
                "pulled by it. An image is named by the digest of its whole manifest, which stands one level higher. "
                "What else does `details` hold?"
            ),
            code="""\
import json
answer = lab.client("ecr").batch_get_image(
    repositoryName=lab.repository_name("payments/api"), imageIds=[{"imageTag": "1.4.2"}]
)
digest = json.loads(answer["images"][0]["imageManifest"])["config"]["digest"]""",
        ),
        Mistake(
            id="layer",
            when=lambda lab, answer: said(answer) in {str(layer.digest) for layer in PUSHED.layers},
            message=(
                "This is the digest of one layer. Other images may hold the same layer, so it does not tell them "
                "apart. The digest that names an image is computed over its manifest. Look for the field of "
                "`details` whose name begins with `image`."
            ),
            code="""\
import json
answer = lab.client("ecr").batch_get_image(
    repositoryName=lab.repository_name("payments/api"), imageIds=[{"imageTag": "1.4.2"}]
)
digest = json.loads(answer["images"][0]["imageManifest"])["layers"][0]["digest"]""",
        ),
        Mistake(
            id="short",
            when=lambda lab, answer: bool(re.match(r"(sha256:)?[0-9a-f]{7,63}\W*$", said(answer))),
            message=(
                "These are only the first digits of a digest, as tables abbreviate it for people. ECR compares all 64 of "
                "them and takes no abbreviation. Get the value from the registry instead of copying it from a table."
            ),
            code="""\
details = lab.client("ecr").describe_images(repositoryName=lab.repository_name("payments/api"))["imageDetails"][0]
digest = details["imageDigest"][:19]""",
        ),
    ),
    hints=(
        "An image has names that people give, and one that follows from its bytes. The ticket needs the second kind. "
        "The variable `details` holds what the registry knows about the image.",
        "`details` is a dictionary: one entry of `imageDetails` in the answer of `DescribeImages`. One of its fields "
        "is called `imageDigest`.",
        'Replace the blank by `details["…"]`, with the name of the field between the quotes.',
    ),
    solution="""\
ecr = lab.client("ecr")
repository = lab.repository_name("payments/api")
details = ecr.describe_images(repositoryName=repository)["imageDetails"][0]
digest = details["imageDigest"]""",
    explain=(
        "`imageDigest` is the sha256 of the manifest. The manifest holds the digests of config and layers, so this one "
        "value vouches for everything. A pull by digest gets the same bytes for as long as the image exists."
    ),
    alternates=(
        'digest = registry.pull(lab.client("ecr"), lab.repository_name("payments/api"), "1.4.2").digest',
        """\
import hashlib
answer = lab.client("ecr").batch_get_image(
    repositoryName=lab.repository_name("payments/api"), imageIds=[{"imageTag": "1.4.2"}]
)
digest = "sha256:" + hashlib.sha256(answer["images"][0]["imageManifest"].encode()).hexdigest()""",
    ),
)


# --- 4. Promote ----------------------------------------------------------------------------------------------------

IN_PRODUCTION = build("1.4.1")


def prepare_promote(lab):
    """Leave the version in production and the tested one."""
    ecr, name = empty_repository(lab)
    registry.push(ecr, IN_PRODUCTION, name, tag="1.4.1")
    registry.push(ecr, IN_PRODUCTION, name, tag="production")
    registry.push(ecr, PUSHED, name, tag="1.4.2")
    return f"{NAME} holds 1.4.1, which is also tagged production, and 1.4.2."


def check_promote(lab, answer):
    """Both tags name the image that was tested, byte for byte."""
    found = tags(lab)
    if found.get("production") == found.get("1.4.2") == str(PUSHED.digest):
        return None
    return "`production` and `1.4.2` do not name the tested image yet. Look at `show.tags(ecr, repository)`."


def same_content_other_bytes(lab, answer):
    """Tell whether production names a manifest that says the same in other bytes."""
    digest = tags(lab).get("production")
    if digest is None or digest == str(PUSHED.digest):
        return False
    return json.loads(manifest_text(lab, digest)) == json.loads(PUSHED.manifest)


PROMOTE = Exercise(
    id="01.promote",
    title="Into production, without moving a layer",
    objective="Give an image a second tag through its manifest alone",
    minutes=6,
    prepare=prepare_promote,
    starter="""\
ecr = lab.client("ecr")
repository = lab.repository_name("payments/api")
answer = ecr.batch_get_image(repositoryName=repository, imageIds=[{"imageTag": ____}])
manifest = answer["images"][0]["imageManifest"]
ecr.put_image(repositoryName=repository, imageManifest=manifest, imageTag=____)
show.tags(ecr, repository)""",
    check=check_promote,
    mistakes=(
        Mistake(
            id="backwards",
            when=lambda lab, answer: tags(lab).get("1.4.2") == str(IN_PRODUCTION.digest),
            message=(
                "You read the manifest of the old image and stored it as `1.4.2`. Now this tag names what was already "
                "in production, and the tested image has no tag. `BatchGetImage` names where you copy from, "
                "`PutImage` names where to. Use `reset` to start again."
            ),
            code="""\
ecr = lab.client("ecr")
repository = lab.repository_name("payments/api")
answer = ecr.batch_get_image(repositoryName=repository, imageIds=[{"imageTag": "production"}])
manifest = answer["images"][0]["imageManifest"]
ecr.put_image(repositoryName=repository, imageManifest=manifest, imageTag="1.4.2")""",
        ),
        Mistake(
            id="rewritten",
            when=same_content_other_bytes,
            message=(
                "`production` has the content of 1.4.2 under another digest. You parsed the manifest and wrote it "
                "again, with other blanks. The digest is computed over bytes, so ECR sees a new image that nobody has "
                "tested. Compare both digests in `show.tags(ecr, repository)`."
            ),
            code="""\
import json
ecr = lab.client("ecr")
repository = lab.repository_name("payments/api")
answer = ecr.batch_get_image(repositoryName=repository, imageIds=[{"imageTag": "1.4.2"}])
manifest = json.dumps(json.loads(answer["images"][0]["imageManifest"]), indent=2)
ecr.put_image(repositoryName=repository, imageManifest=manifest, imageTag="production")""",
        ),
        Mistake(
            id="renamed",
            when=lambda lab, answer: tags(lab).get("production") == str(PUSHED.digest) and "1.4.2" not in tags(lab),
            message=(
                "`production` names the right image, but the tag `1.4.2` is gone. An image may carry many tags, so "
                "nothing had to be deleted. Without the version tag nobody can tell later what ran in production. "
                "Use `reset` to start again."
            ),
            code="""\
ecr = lab.client("ecr")
repository = lab.repository_name("payments/api")
answer = ecr.batch_get_image(repositoryName=repository, imageIds=[{"imageTag": "1.4.2"}])
manifest = answer["images"][0]["imageManifest"]
ecr.put_image(repositoryName=repository, imageManifest=manifest, imageTag="production")
ecr.batch_delete_image(repositoryName=repository, imageIds=[{"imageTag": "1.4.2"}])""",
        ),
    ),
    hints=(
        "A tag points to a digest, and a digest stands for a manifest. Whoever stores the same manifest again under "
        "another tag gives one image a second name. Which image has been tested, and which name should it get?",
        "`BatchGetImage` reads a manifest: its `imageTag` is the image that you copy **from**. `PutImage` stores it: "
        "its `imageTag` is the name that you want to **give**. Do not touch the manifest in between.",
        'The first blank is the tested version, `"1.4.2"`. The second is the name that the deploy job follows: '
        '`imageTag="prod…"`.',
    ),
    solution="""\
ecr = lab.client("ecr")
repository = lab.repository_name("payments/api")
answer = ecr.batch_get_image(repositoryName=repository, imageIds=[{"imageTag": "1.4.2"}])
manifest = answer["images"][0]["imageManifest"]
ecr.put_image(repositoryName=repository, imageManifest=manifest, imageTag="production")
show.tags(ecr, repository)""",
    explain=(
        "Two calls, no layer: the repository has them already. `production` moved to the digest that was tested, to the "
        "byte. The old image keeps its tag `1.4.1`, so going back is the same two calls."
    ),
    alternates=(
        """\
ecr = lab.client("ecr")
repository = lab.repository_name("payments/api")
registry.push(ecr, registry.pull(ecr, repository, "1.4.2"), repository, tag="production")""",
    ),
)


# --- 5. Pull by digest ---------------------------------------------------------------------------------------------

DEPLOYED = release("2.0.0")
OVERWRITER = oci.index(build("2.0.0-debug"), build("2.0.0-debug", "arm64"))


def prepare_pull(lab):
    """Push a release, and another one over its tag."""
    ecr, name = empty_repository(lab)
    registry.push(ecr, DEPLOYED, name, tag="2.0.0")
    registry.push(ecr, OVERWRITER, name, tag="2.0.0")
    return f"{NAME} holds 2.0.0 for two platforms. The tag has been pushed twice; the ships run the first push."


def handed_over(answer):
    """Return the digest of an image that was handed over, or the digest itself."""
    return str(getattr(answer, "digest", None) or said(answer))


def check_pull(lab, answer):
    """The answer is the ARM image of the first push, as a value or by its digest."""
    if handed_over(answer) == str(DEPLOYED.pick("linux/arm64").digest):
        return None
    return "That is not the image on board. Hand over what `registry.pull` returned, or its digest."


PULL = Exercise(
    id="01.pull",
    title="What runs on board?",
    objective="Pull by digest, and pick the image for one platform out of an index",
    minutes=6,
    prepare=prepare_pull,
    starter=f"""\
ecr = lab.client("ecr")
repository = lab.repository_name("payments/api")
deployed = "{DEPLOYED.digest}"  # from the deploy log
image = registry.pull(ecr, repository, ____, platform=____)
image""",
    check=check_pull,
    mistakes=(
        Mistake(
            id="moved-tag",
            when=lambda lab, answer: (
                handed_over(answer) in map(str, [OVERWRITER.digest, *(c.digest for c in OVERWRITER.children)])
            ),
            message=(
                "This image was pushed after the ships had left. The tag `2.0.0` has moved to it, so a pull by tag "
                "returns what the tag names now. The image on board is still in the repository, without a tag. "
                "What does the deploy log know it by?"
            ),
            code="""\
image = registry.pull(lab.client("ecr"), lab.repository_name("payments/api"), "2.0.0", platform="linux/arm64")""",
        ),
        Mistake(
            id="other-platform",
            when=lambda lab, answer: handed_over(answer) == str(DEPLOYED.pick("linux/amd64").digest),
            message=(
                "The right release, but for another processor: this child of the index is for `linux/amd64`. "
                "The computers on board have ARM processors, and run another child. Look at the line `platform` of the "
                "image that you pulled."
            ),
            code=f"""\
image = registry.pull(
    lab.client("ecr"), lab.repository_name("payments/api"), "{DEPLOYED.digest}", platform="linux/amd64"
)""",
        ),
        Mistake(
            id="index",
            when=lambda lab, answer: handed_over(answer) == str(DEPLOYED.digest),
            message=(
                "The right release, but this is its index: a list of images, one for each platform. No machine runs an "
                "index. A client on board picks one child from it. Look at the digests that the index lists, and at "
                "the platform beside each."
            ),
            code=f"""\
image = registry.pull(lab.client("ecr"), lab.repository_name("payments/api"), "{DEPLOYED.digest}")""",
        ),
    ),
    hints=(
        "The tag has moved, so it cannot tell what was deployed this morning. The deploy log wrote down a name that does "
        "not move. And remember which processors the ships have.",
        "The third argument of `registry.pull` may be a tag or a digest. With `platform`, it picks one child of an "
        "index; a platform is written as operating system, slash, architecture.",
        'The first blank is the variable that holds the digest. The second is `"linux/…"`: on board they use ARM with '
        "64 bits, which is called `arm64`.",
    ),
    solution=f"""\
ecr = lab.client("ecr")
repository = lab.repository_name("payments/api")
deployed = "{DEPLOYED.digest}"  # from the deploy log
image = registry.pull(ecr, repository, deployed, platform="linux/arm64")
image""",
    explain=(
        "The digest of an index names the release for all platforms; the client then picks one child, which has a digest "
        "of its own. The tag moved, yet the deployed image is still there: it lost its name, not its bytes."
    ),
    alternates=(
        f"""\
index = registry.pull(lab.client("ecr"), lab.repository_name("payments/api"), "{DEPLOYED.digest}")
image = index.pick("linux/arm64")""",
        f"""\
import json
answer = lab.client("ecr").batch_get_image(
    repositoryName=lab.repository_name("payments/api"), imageIds=[{{"imageDigest": "{DEPLOYED.digest}"}}]
)
listed = json.loads(answer["images"][0]["imageManifest"])["manifests"]
image = next(each["digest"] for each in listed if each["platform"]["architecture"] == "arm64")""",
    ),
)


# --- 6. Freeze the releases ----------------------------------------------------------------------------------------

RELEASE_TAGS = ("2.0.0", "2.1.0", "3.0.0-rc.1", "hotfix-7")
"""Tags of today and of tomorrow that must stay where they are."""


def prepare_freeze(lab):
    """Leave a release whose tags may all move."""
    ecr, name = empty_repository(lab)
    for tag in ("2.0.0", "latest"):
        registry.push(ecr, DEPLOYED, name, tag=tag)
    return f"{NAME} holds 2.0.0, which is also tagged latest. Every tag may move."


def releases_stay(lab):
    """Tell whether the setting keeps release tags where they are."""
    return not any(may_move(lab, tag) for tag in RELEASE_TAGS)


def check_freeze(lab, answer):
    """Release tags stay and latest may move, by whatever filters."""
    if releases_stay(lab) and may_move(lab, "latest"):
        return None
    return "The setting is not what the team agreed on. Read it in words: `show.repositories(ecr, repository)`."


FREEZE = Exercise(
    id="01.freeze",
    title="Never again",
    objective="Choose a tag mutability mode with an exclusion",
    minutes=6,
    prepare=prepare_freeze,
    starter="""\
ecr = lab.client("ecr")
repository = lab.repository_name("payments/api")
ecr.put_image_tag_mutability(
    repositoryName=repository,
    imageTagMutability=____,
    imageTagMutabilityExclusionFilters=____,
)
show.repositories(ecr, repository)""",
    check=check_freeze,
    mistakes=(
        Mistake(
            id="all-fixed",
            when=lambda lab, answer: releases_stay(lab) and not may_move(lab, "latest"),
            message=(
                "Now no tag of this repository moves, `latest` included. The next nightly build would be refused with "
                "`ImageTagAlreadyExistsException`. The mode is right for releases. What is missing is the exception "
                "for one tag: look at the last line of the table of modes in notebook 02."
            ),
            code="""\
ecr = lab.client("ecr")
ecr.put_image_tag_mutability(
    repositoryName=lab.repository_name("payments/api"), imageTagMutability="IMMUTABLE"
)""",
        ),
        Mistake(
            id="turned-round",
            when=lambda lab, answer: (
                setting(lab)["imageTagMutability"].startswith("MUTABLE") and not may_move(lab, "latest")
            ),
            message=(
                "This says the opposite: `latest` stays where it is, and every release may be overwritten. In the name "
                "of the mode, the first word is the rule, and the filters are what is excluded from it. Read the "
                "column `In words` aloud."
            ),
            code="""\
ecr = lab.client("ecr")
ecr.put_image_tag_mutability(
    repositoryName=lab.repository_name("payments/api"),
    imageTagMutability="MUTABLE_WITH_EXCLUSION",
    imageTagMutabilityExclusionFilters=[{"filterType": "WILDCARD", "filter": "latest"}],
)""",
        ),
        Mistake(
            id="too-wide",
            when=lambda lab, answer: (
                setting(lab)["imageTagMutability"].endswith("EXCLUSION") and not releases_stay(lab)
            ),
            message=(
                "Some release tags may still be overwritten: a filter of yours covers them. With "
                "`IMMUTABLE_WITH_EXCLUSION`, a tag that fits a filter is excluded from the protection, and `*` stands "
                "for any characters. Check each filter against `2.0.0` and `2.1.0`."
            ),
            code="""\
ecr = lab.client("ecr")
ecr.put_image_tag_mutability(
    repositoryName=lab.repository_name("payments/api"),
    imageTagMutability="IMMUTABLE_WITH_EXCLUSION",
    imageTagMutabilityExclusionFilters=[{"filterType": "WILDCARD", "filter": "2.*"}],
)""",
        ),
    ),
    hints=(
        "There are four modes. Two make one rule for all tags. Two make a rule and exceptions from it. Say the team's "
        "wish in one sentence: what is the rule, and what is the exception?",
        "The mode is a text such as `IMMUTABLE_WITH_EXCLUSION`. `imageTagMutabilityExclusionFilters` is a list of "
        "dictionaries, each with `filterType` and `filter`. The only type is `WILDCARD`.",
        'Rule: tags stay, so `imageTagMutability="IMMUTABLE_WITH_EXCLUSION"`. Exception: '
        '`[{"filterType": "WILDCARD", "filter": "…"}]`, with the one tag that may move.',
    ),
    solution="""\
ecr = lab.client("ecr")
repository = lab.repository_name("payments/api")
ecr.put_image_tag_mutability(
    repositoryName=repository,
    imageTagMutability="IMMUTABLE_WITH_EXCLUSION",
    imageTagMutabilityExclusionFilters=[{"filterType": "WILDCARD", "filter": "latest"}],
)
show.repositories(ecr, repository)""",
    explain=(
        "The first word of the mode is the rule, the filters are the exceptions. A pushed release tag now stays, while "
        "`latest` may move. New tags are always accepted. Deleting is not prevented: this is no lock."
    ),
    alternates=(
        """\
ecr = lab.client("ecr")
ecr.put_image_tag_mutability(
    repositoryName=lab.repository_name("payments/api"),
    imageTagMutability="IMMUTABLE_WITH_EXCLUSION",
    imageTagMutabilityExclusionFilters=[
        {"filterType": "WILDCARD", "filter": "latest*"},
        {"filterType": "WILDCARD", "filter": "nightly"},
    ],
)""",
    ),
)


# --- 7. Leftovers --------------------------------------------------------------------------------------------------

LEFTOVERS = (build("nightly 1"), build("nightly 2"))
NIGHTLY = build("nightly 3")


def prepare_leftovers(lab):
    """Leave a release for two platforms, and two builds that lost their tag."""
    ecr, name = empty_repository(lab)
    registry.push(ecr, DEPLOYED, name, tag="2.0.0")
    for nightly in (*LEFTOVERS, NIGHTLY):
        registry.push(ecr, nightly, name, tag="nightly")
    return f"{NAME} holds the release 2.0.0 for two platforms, and three nightly builds in a row."


def left(lab):
    """Return the leftovers that are still there."""
    return {str(image.digest) for image in LEFTOVERS} & images(lab).keys()


def gone(lab, *wanted):
    """Return the digests of wanted images that are no longer there."""
    return {str(image.digest) for image in wanted} - images(lab).keys()


def check_leftovers(lab, answer):
    """The leftovers are gone and everything else is there."""
    if not left(lab) and not gone(lab, DEPLOYED, *DEPLOYED.children, NIGHTLY):
        return None
    return "Both leftovers are still there. Find images that neither a tag nor an index names."


CLEAN = Exercise(
    id="01.leftovers",
    title="Leftovers",
    objective="Delete untagged images and keep those that an index needs",
    minutes=7,
    prepare=prepare_leftovers,
    starter="""\
ecr = lab.client("ecr")
repository = lab.repository_name("payments/api")
leftovers = ____  # a list of identifiers: {"imageDigest": "sha256:…"}
response = ecr.batch_delete_image(repositoryName=repository, imageIds=leftovers)
show.deleted(response)""",
    check=check_leftovers,
    mistakes=(
        Mistake(
            id="release-gone",
            when=lambda lab, answer: bool(gone(lab, DEPLOYED)),
            message=(
                "The release 2.0.0 is gone: you deleted its index. A pull of `2.0.0` now fails on every ship. Its "
                "children had no tag because the index names them. Use `reset`, and look at the column `Named by` "
                "before you delete."
            ),
            code="""\
ecr = lab.client("ecr")
repository = lab.repository_name("payments/api")
ecr.batch_delete_image(repositoryName=repository, imageIds=[{"imageTag": "2.0.0"}])
untagged = ecr.list_images(repositoryName=repository, filter={"tagStatus": "UNTAGGED"})["imageIds"]
ecr.batch_delete_image(repositoryName=repository, imageIds=untagged)""",
        ),
        Mistake(
            id="nightly-gone",
            when=lambda lab, answer: bool(gone(lab, NIGHTLY)),
            message=(
                "You deleted the tag `nightly`. It was the last tag of the newest build, so that image went with it, "
                "while older builds have lost this tag long ago. A leftover has no tag at all. Use `reset`, and look "
                "at the column `Named by`."
            ),
            code="""\
lab.client("ecr").batch_delete_image(
    repositoryName=lab.repository_name("payments/api"), imageIds=[{"imageTag": "nightly"}]
)""",
        ),
        Mistake(
            id="one-left",
            when=lambda lab, answer: len(left(lab)) == 1,
            message=(
                "One leftover is gone, one is still there. Two builds lost the tag `nightly`, one after the other. "
                "Look at `show.images(ecr, repository)` again: its last rows stand for images that nothing names."
            ),
            code=f"""\
lab.client("ecr").batch_delete_image(
    repositoryName=lab.repository_name("payments/api"), imageIds=[{{"imageDigest": "{LEFTOVERS[0].digest}"}}]
)""",
        ),
    ),
    hints=(
        "Untagged and unused are two things. Let the registry show you what names each image: a tag, an index, or "
        "nothing. `show.images(ecr, repository)` has a column for it.",
        '`list_images` with `filter={"tagStatus": "UNTAGGED"}` returns identifiers of all untagged images. The children '
        "of the index are among them. You may leave them out, or read what ECR says to them.",
        'Either write the two digests of the last rows, in full: `[{"imageDigest": "sha256:…"}, …]`. Or hand over '
        '`ecr.list_images(…)["imageIds"]`: ECR refuses to delete children of an index, and says so in `failures`.',
    ),
    solution="""\
ecr = lab.client("ecr")
repository = lab.repository_name("payments/api")
leftovers = ecr.list_images(repositoryName=repository, filter={"tagStatus": "UNTAGGED"})["imageIds"]
response = ecr.batch_delete_image(repositoryName=repository, imageIds=leftovers)
show.deleted(response)""",
    explain=(
        "ECR deleted the two leftovers, and refused the children with `ImageReferencedByManifestList`. It raised nothing: "
        "refusals stand in `failures`. A careful script leaves children out and treats every failure as news."
    ),
    alternates=(
        """\
import json
ecr = lab.client("ecr")
repository = lab.repository_name("payments/api")
index = ecr.batch_get_image(repositoryName=repository, imageIds=[{"imageTag": "2.0.0"}])["images"][0]
needed = {child["digest"] for child in json.loads(index["imageManifest"])["manifests"]}
untagged = ecr.list_images(repositoryName=repository, filter={"tagStatus": "UNTAGGED"})["imageIds"]
leftovers = [image for image in untagged if image["imageDigest"] not in needed]
ecr.batch_delete_image(repositoryName=repository, imageIds=leftovers)""",
    ),
)


# --- 8. The release ------------------------------------------------------------------------------------------------

PLATFORMS = ("linux/amd64", "linux/arm64")


def prepare_release(lab):
    """Leave the release before, tagged latest as well."""
    ecr, name = empty_repository(lab)
    for tag in ("2.0.0", "latest"):
        registry.push(ecr, DEPLOYED, name, tag=tag)
    return f"{NAME} holds 2.0.0 for two platforms, which is also tagged latest. Every tag may move."


def released(lab):
    """Return the images of release 2.1.0, platform -> digest; empty if it is no index, or not there."""
    digest = tags(lab).get("2.1.0")
    return platforms(lab, digest) if digest else {}


def reuses_base(lab):
    """Tell whether each image of the release shares a layer with the one of 2.0.0 for the same platform."""
    return all(
        layers(lab, digest) & {str(layer.digest) for layer in DEPLOYED.pick(platform).layers}
        for platform, digest in released(lab).items()
    )


def is_new(lab):
    """Tell whether the release differs from 2.0.0 on every platform."""
    return not {str(child.digest) for child in DEPLOYED.children} & set(released(lab).values())


def check_release(lab, answer):
    """The four points of the order hold, in whatever order they were met."""
    if "2.1.0" not in tags(lab):
        return f"{NAME} has no tag 2.1.0."
    if not is_new(lab):
        return "2.1.0 lists an image of 2.0.0. It must hold a new program on both platforms."
    if tags(lab).get("2.0.0") != str(DEPLOYED.digest):
        return "2.0.0 does not name the image that it named before. Use `reset` to start again."
    if not set(PLATFORMS) <= released(lab).keys() or not reuses_base(lab):
        return "2.1.0 is not complete."
    if not may_move(lab, "latest"):
        return "`latest` names the release, but it may not move any more: the next release could not have it."
    if not releases_stay(lab) or tags(lab).get("latest") != tags(lab)["2.1.0"]:
        return "The release is there. The tags are not as the order asks for."
    return None


RELEASE = Exercise(
    id="01.release",
    title="Noon",
    objective="Publish a release for two platforms, with shared layers and tags that stay",
    minutes=12,
    prepare=prepare_release,
    starter="""\
ecr = lab.client("ecr")
repository = lab.repository_name("payments/api")
____""",
    check=check_release,
    mistakes=(
        Mistake(
            id="separate-tags",
            when=lambda lab, answer: (
                "2.1.0" not in tags(lab) and sum(tag.startswith("2.1.0-") for tag in tags(lab)) > 1
            ),
            message=(
                "You pushed an image for each platform under a tag of its own. Every client would have to know its "
                "processor, and the tag `2.1.0` does not exist. One tag can serve all platforms: look at what the tag "
                "`2.0.0` names."
            ),
            code="""\
ecr = lab.client("ecr")
repository = lab.repository_name("payments/api")
app = oci.layer({"app/server.py": "print('payments 2.1.0')\\n"})
for child in registry.pull(ecr, repository, "2.0.0").children:
    image = oci.image(child.layers[0], app, architecture=child.platform.architecture)
    registry.push(ecr, image, repository, tag=f"2.1.0-{child.platform.architecture}")""",
        ),
        Mistake(
            id="one-platform",
            when=lambda lab, answer: "2.1.0" in tags(lab) and not set(PLATFORMS) <= released(lab).keys(),
            message=(
                "`2.1.0` does not offer both platforms. A client for the missing one would find no image, or get one "
                "that its processor cannot run. Compare `2.1.0` with `2.0.0` in `show.images(ecr, repository)`: "
                "what is each, and how many children does it have?"
            ),
            code="""\
ecr = lab.client("ecr")
repository = lab.repository_name("payments/api")
old = registry.pull(ecr, repository, "2.0.0", platform="linux/amd64")
image = oci.append(old, oci.layer({"app/server.py": "print('payments 2.1.0')\\n"}))
registry.push(ecr, image, repository, tag="2.1.0")
registry.push(ecr, image, repository, tag="latest")""",
        ),
        Mistake(
            id="new-base",
            when=lambda lab, answer: bool(released(lab)) and not reuses_base(lab),
            message=(
                "Both platforms are there, but at least one image shares no layer with 2.0.0. The ships would load a "
                "base that they already have, over a slow link. A layer is recognised by its digest: reuse "
                "the layer itself, do not make a similar one."
            ),
            code="""\
ecr = lab.client("ecr")
repository = lab.repository_name("payments/api")
base = oci.layer({"etc/os-release": "NAME=Ferry Linux, again\\n"})
app = oci.layer({"app/server.py": "print('payments 2.1.0')\\n"})
both = oci.index(oci.image(base, app), oci.image(base, app, architecture="arm64"))
registry.push(ecr, both, repository, tag="2.1.0")
registry.push(ecr, both, repository, tag="latest")""",
        ),
        Mistake(
            id="latest-behind",
            when=lambda lab, answer: bool(released(lab)) and tags(lab).get("latest") != tags(lab)["2.1.0"],
            message=(
                "The release is complete, but `latest` does not name it. No registry moves this tag for you: it is a "
                "name like any other, and somebody has to push it. Compare the digests in "
                "`show.tags(ecr, repository)`."
            ),
            code="""\
ecr = lab.client("ecr")
repository = lab.repository_name("payments/api")
app = oci.layer({"app/server.py": "print('payments 2.1.0')\\n"})
old = registry.pull(ecr, repository, "2.0.0")
both = oci.index(*(oci.append(child, app) for child in old.children))
registry.push(ecr, both, repository, tag="2.1.0")""",
        ),
        Mistake(
            id="still-movable",
            when=lambda lab, answer: bool(released(lab)) and not releases_stay(lab),
            message=(
                "Release and `latest` are right, but `2.1.0` may still be overwritten, as `2.0.0` was this morning. "
                "Whether a tag stays is a setting of the repository, not of the push. Look at "
                "`show.repositories(ecr, repository)`."
            ),
            code="""\
ecr = lab.client("ecr")
repository = lab.repository_name("payments/api")
app = oci.layer({"app/server.py": "print('payments 2.1.0')\\n"})
old = registry.pull(ecr, repository, "2.0.0")
both = oci.index(*(oci.append(child, app) for child in old.children))
registry.push(ecr, both, repository, tag="2.1.0")
registry.push(ecr, both, repository, tag="latest")""",
        ),
    ),
    hints=(
        "Four steps: get the base layers that the ships have, build an image on each, put both under one index, and push "
        "it under two tags. Then make a setting of the repository. Each step is in an earlier task or in notebook 02.",
        "`registry.pull` without `platform` returns the whole index; its `children` have `layers` and a `platform`. "
        "`oci.image(…, architecture=…)` or `oci.append` builds, `oci.index` joins, `registry.push` pushes. The setting "
        "is `put_image_tag_mutability`.",
        'Nearly the code: `old = registry.pull(ecr, repository, "2.0.0")`, then for each `child` of `old.children` an '
        "`oci.append(child, app)`. Hand all of them to `oci.index(*…)`, push the result as `2.1.0` and as `latest`, and "
        "set the mode of task 6.",
    ),
    solution="""\
ecr = lab.client("ecr")
repository = lab.repository_name("payments/api")
app = oci.layer({"app/server.py": "print('payments 2.1.0')\\n"})
old = registry.pull(ecr, repository, "2.0.0")
images = [oci.image(c.layers[0], app, architecture=c.platform.architecture) for c in old.children]
for tag in ("2.1.0", "latest"):
    registry.push(ecr, oci.index(*images), repository, tag=tag)
ecr.put_image_tag_mutability(
    repositoryName=repository, imageTagMutability="IMMUTABLE_WITH_EXCLUSION",
    imageTagMutabilityExclusionFilters=[{"filterType": "WILDCARD", "filter": "latest"}],
)
show.images(ecr, repository)""",
    explain=(
        "The base layers of 2.0.0 were skipped in the push, because the repository has their digests. One index serves both "
        "platforms. `2.1.0` stays from now on, and `latest` can follow the next release."
    ),
    alternates=(
        """\
ecr = lab.client("ecr")
repository = lab.repository_name("payments/api")
ecr.put_image_tag_mutability(
    repositoryName=repository,
    imageTagMutability="IMMUTABLE_WITH_EXCLUSION",
    imageTagMutabilityExclusionFilters=[{"filterType": "WILDCARD", "filter": "latest"}],
)
app = oci.layer({"app/server.py": "print('payments 2.1.0')\\n"})
both = oci.index(*(oci.append(c, app) for c in registry.pull(ecr, repository, "2.0.0").children))
registry.push(ecr, both, repository, tag="2.1.0")
ecr.put_image(repositoryName=repository, imageManifest=both.manifest.decode(), imageTag="latest")""",
    ),
)

EXERCISES = (CREATE, PUSH, DIGEST, PROMOTE, PULL, FREEZE, CLEAN, RELEASE)
