"""The pictures of the course hold what the registry holds, and their text form holds the same."""

import json
import re
from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree

import boto3
import pytest
from ecrlab import oci, open_lab, registry, show
from ecrlab.cloud import Lab, Mock
from ecrlab.errors import AwsCallError, EcrLabError, InvalidInput, InvalidName
from ecrlab.naming import Digest, ImageReference
from ecrlab.registry import Call
from ecrlab.show.diagrams import _folded
from ecrlab.show.drawing import Drawing

BASE = oci.layer({"etc/os-release": "NAME=Teaching Linux\n"})
FIRST = oci.image(BASE, oci.layer({"app/main.py": "print(1)\n"}))
SECOND = oci.image(BASE, oci.layer({"app/main.py": "print(2)\n"}))
ARM = oci.image(BASE, oci.layer({"app/main.py": "print(1)\n"}), architecture="arm64", variant="v8")
INDEX = oci.index(FIRST, ARM)


@pytest.fixture
def lab() -> Iterator[Lab]:
    """A fresh account in Mode Mock."""
    with open_lab(Mock()) as opened:
        yield opened


@pytest.fixture
def ecr(lab: Lab) -> Any:
    """An ECR client with one repository, ``payments/api``."""
    client = lab.client("ecr")
    client.create_repository(repositoryName="payments/api")
    return client


def texts(drawing: Drawing) -> str:
    """Return all that the picture says, without blanks and without the line breaks inside a box."""
    svg = ElementTree.fromstring(drawing.svg())
    return re.sub(r"\s", "", "".join(e.text or "" for e in svg.iter("{http://www.w3.org/2000/svg}text")))


def assert_says(drawing: Drawing, *facts: str) -> None:
    """Assert that both the picture and its text form say each fact."""
    for fact in facts:
        assert re.sub(r"\s", "", fact) in texts(drawing)
        assert fact in str(drawing)


def short(digest: Digest) -> str:
    """Return the digest as the pictures abbreviate it."""
    return f"sha256:{digest.short}…"


class TestRegistryMap:
    """``show.registry_map``."""

    def test_empty_registry(self, lab: Lab) -> None:
        """A registry is there before anything is in it, and its address names account and region."""
        drawing = show.registry_map(lab.client("ecr", region="eu-central-1"))
        host = "registry 111122223333.dkr.ecr.eu-central-1.amazonaws.com"
        assert_says(drawing, "account 111122223333", "region eu-central-1", host, "no repository yet")
        assert "no repository" in drawing.summary

    def test_images_with_and_without_tags(self, ecr: Any) -> None:
        """Each image is shown with its digest, its size and its tags, or with the word that it has none."""
        registry.push(ecr, FIRST, "payments/api", tag="latest")
        registry.push(ecr, SECOND, "payments/api", tag="latest")
        registry.push(ecr, SECOND, "payments/api", tag="1.1.0")
        drawing = show.registry_map(ecr)
        assert_says(drawing, f"{short(SECOND.digest)} {SECOND.size} B: 1.1.0, latest")
        assert_says(drawing, "repository payments/api", f"{short(FIRST.digest)} {FIRST.size} B: no tag")
        assert "1 repository." in drawing.summary

    def test_what_is_not_drawn_is_counted(self, ecr: Any) -> None:
        """A large registry is cut short, and says by how much."""
        for name in ("a1", "a2", "a3"):
            ecr.create_repository(repositoryName=name)
        registry.push(ecr, FIRST, "a1", tag="1")
        registry.push(ecr, SECOND, "a1", tag="2")
        assert_says(show.registry_map(ecr, most=1), "repository a1", "and 1 more image", "and 3 more repositories")

    def test_same_registry_same_picture(self, ecr: Any) -> None:
        """Drawing twice gives the same bytes."""
        registry.push(ecr, FIRST, "payments/api", tag="1")
        registry.push(ecr, SECOND, "payments/api", tag="2")
        assert show.registry_map(ecr)._repr_html_() == show.registry_map(ecr)._repr_html_()


class TestTags:
    """``show.tags``."""

    def test_a_moved_tag_leaves_an_untagged_image(self, ecr: Any) -> None:
        """The tag points to the new digest; the old image is still drawn, with the words "no tag"."""
        registry.push(ecr, FIRST, "payments/api", tag="latest")
        registry.push(ecr, SECOND, "payments/api", tag="latest")
        drawing = show.tags(ecr, "payments/api")
        assert f"latest → {short(SECOND.digest)}" in str(drawing)
        assert f"no tag → {short(FIRST.digest)}" in str(drawing)
        assert_says(drawing, "latest", "no tag", short(FIRST.digest), short(SECOND.digest))
        assert drawing.summary.startswith("1 tag on 2 images, 1 image without a tag.")
        assert drawing.svg().count('class="head"') == 1  # one arrow: the one tag

    def test_newest_push_comes_first(self, lab: Lab, ecr: Any) -> None:
        """Images are in the order of their push, the latest on top."""
        for image, tag in ((FIRST, "old"), (SECOND, "new")):
            registry.push(ecr, image, "payments/api", tag=tag)
            lab.clock.advance(hours=1)
        assert [line.split(" ")[0] for line in show.tags(ecr, "payments/api").lines] == ["new", "old"]

    def test_repository_without_images(self, ecr: Any) -> None:
        """An empty repository is drawn as such."""
        assert_says(show.tags(ecr, "payments/api"), "no image yet")

    def test_older_images_are_counted(self, ecr: Any) -> None:
        """What is not drawn is counted."""
        registry.push(ecr, FIRST, "payments/api", tag="1")
        registry.push(ecr, SECOND, "payments/api", tag="2")
        assert_says(show.tags(ecr, "payments/api", most=1), "and 1 older image")

    def test_long_tags_stay_inside(self, ecr: Any) -> None:
        """A tag of 128 characters is broken into lines, not cut off."""
        registry.push(ecr, FIRST, "payments/api", tag="t" * 128)
        assert_says(show.tags(ecr, "payments/api"), "t" * 128)

    def test_missing_repository(self, ecr: Any) -> None:
        """AWS's refusal is passed on in one line."""
        with pytest.raises(AwsCallError) as caught:
            show.tags(ecr, "payments/web")
        assert caught.value.code == "RepositoryNotFoundException"
        assert "DescribeImages on repository 'payments/web'" in str(caught.value)
        assert "\n" not in str(caught.value)


class TestAnatomy:
    """``show.anatomy`` and ``show.manifest``."""

    def test_image(self) -> None:
        """An image shows manifest, config and layers, each with digest and size."""
        drawing = show.anatomy(FIRST)
        parts = [FIRST.config_descriptor, *FIRST.layers]
        assert_says(drawing, short(FIRST.digest), "linux/amd64", f"{len(FIRST.manifest)} B")
        assert_says(drawing, *(short(part.digest) for part in parts), *(f"{part.size} B" for part in parts))
        assert drawing.svg().count('class="head"') == len(parts)

    def test_tag(self) -> None:
        """A tag stands in front, with an arrow of its own."""
        drawing = show.anatomy(FIRST, tag="1.0.0")
        assert str(drawing).splitlines()[1:3] == ["tag 1.0.0", str(drawing).splitlines()[2]]
        assert str(drawing).splitlines()[2].startswith(f"└─ manifest {short(FIRST.digest)}")
        assert_says(drawing, "1.0.0")

    def test_index_names_a_manifest_per_platform(self) -> None:
        """An index shows its children with their platforms; a shared layer is drawn once."""
        drawing = show.anatomy(INDEX, tag="latest")
        assert_says(drawing, short(INDEX.digest), "linux/amd64", str(ARM.platform), short(FIRST.digest))
        assert_says(drawing, short(ARM.digest), short(BASE.digest))
        assert texts(drawing).count(short(BASE.digest)) == 1
        assert str(drawing).count(short(BASE.digest)) == 2  # the text is a tree, so it says it under both

    def test_manifest_is_the_hashed_document(self) -> None:
        """The card's JSON is the manifest, indented; its title is the digest."""
        card = show.manifest(FIRST)
        assert json.loads(FIRST.manifest) == json.loads(card.code or "")
        assert card.title == f"Manifest {short(FIRST.digest)}"
        assert "linux" in (show.manifest(INDEX).code or "")


class TestSequence:
    """``show.sequence``."""

    def test_push(self, ecr: Any) -> None:
        """A push asks first, uploads what is missing, and puts the image last."""
        report = registry.push(ecr, FIRST, "payments/api", tag="1.0.0")
        drawing = show.sequence(report)
        steps = re.findall(r"^\d+\. client → .*?  (\w+)", str(drawing), re.MULTILINE)
        assert steps[0] == "BatchCheckLayerAvailability"
        assert steps[-1] == "PutImage"
        assert steps.count("CompleteLayerUpload") == 3
        assert "layer bucket  " not in str(drawing)
        assert_says(drawing, *set(steps), FIRST.digest.short)

    def test_pull(self, ecr: Any) -> None:
        """A pull asks for the manifest, and fetches each blob from the bucket."""
        registry.push(ecr, FIRST, "payments/api", tag="1.0.0")
        drawing = show.sequence(registry.pull_with_report(ecr, "payments/api", "1.0.0"))
        assert str(drawing).splitlines()[1].startswith("1. client → ECR API  BatchGetImage")
        assert str(drawing).count("→ layer bucket") == 3
        assert_says(drawing, "GetDownloadUrlForLayer", "layer bucket")

    def test_pictures_are_equal_for_equal_reports(self, ecr: Any) -> None:
        """Drawing twice gives the same bytes."""
        report = registry.push(ecr, INDEX, "payments/api", tag="1.0.0")
        assert show.sequence(report)._repr_html_() == show.sequence(report)._repr_html_()


ADDRESS = "111122223333.dkr.ecr.us-east-1.amazonaws.com/payments/api:1.4.2@sha256:" + "0f" * 32
PARTS = {
    ADDRESS: ["account", "service", "region", "domain", "repository", "tag", "digest"],
    "111122223333.dkr-ecr.eu-west-1.on.aws/tools": ["account", "service", "region", "domain", "repository"],
    "111122223333.dkr.ecr-fips.us-gov-west-1.amazonaws.com/a/b/c:x": [
        *("account", "service", "region", "domain", "repository", "tag"),
    ],
    "111122223333.dkr.ecr.cn-north-1.amazonaws.com.cn/api:1": [
        *("account", "service", "region", "domain", "repository", "tag"),
    ],
    "public.ecr.aws/my-alias/tools/web:2": ["registry host", "repository", "tag"],
}


class TestAddress:
    """``show.address``."""

    @pytest.mark.parametrize("reference", PARTS, ids=lambda reference: reference.split("/")[0])
    def test_parts(self, reference: str) -> None:
        """Each part has its name; the parts put together are the reference."""
        drawing = show.address(reference)
        named = re.findall(r"^ *(?!registry:)([a-z ]+): (.*) \(.*\)$", "\n".join(drawing.lines), re.MULTILINE)
        assert PARTS[reference] == [name for name, _ in named]
        assert all(text in reference for _, text in named)
        assert_says(drawing, *(name for name, _ in named), *(text for _, text in named))
        assert drawing.lines[0] == reference

    def test_value_and_text_are_alike(self) -> None:
        """A parsed reference gives the same picture as its text."""
        assert show.address(ADDRESS)._repr_html_() == show.address(ImageReference.parse(ADDRESS))._repr_html_()

    def test_long_names_stay_inside(self) -> None:
        """The longest repository name is broken into lines."""
        reference = f"111122223333.dkr.ecr.us-east-1.amazonaws.com/{'ab/' * 80}api:{'t' * 128}"
        assert_says(show.address(reference), "t" * 128, "ab/" * 80 + "api")


def test_journey_names_those_who_push_and_pull() -> None:
    """ECR stands between the builder and the three services that run images."""
    drawing = show.journey("team/web")
    assert_says(drawing, "your laptop", "Amazon ECR", "repository team/web", "Amazon ECS", "Amazon EKS", "AWS Lambda")


@pytest.mark.parametrize(
    ("name", "picture"),
    [
        ("anatomy", lambda _: show.anatomy(INDEX, tag="latest")),
        ("address", lambda _: show.address(ADDRESS)),
        ("journey", lambda _: show.journey()),
        ("registry_map", show.registry_map),
        ("tags", lambda ecr: show.tags(ecr, "payments/api")),
        ("sequence", lambda ecr: show.sequence(registry.push(ecr, INDEX, "payments/api", tag="1"))),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_every_picture_fits_and_speaks(ecr: Any, name: str, picture: Any) -> None:
    """No shape lies outside the picture, and there is alternative text of a sentence or two."""
    drawing = picture(ecr)
    svg = ElementTree.fromstring(drawing.svg())
    for rect in svg.iter("{http://www.w3.org/2000/svg}rect"):
        at = {key: float(value) for key, value in rect.attrib.items() if key in ("x", "y", "width", "height")}
        assert at["x"] >= 0 <= at["y"]
        assert at["x"] + at["width"] <= 760
        assert at["y"] + at["height"] <= drawing.height
    for text in svg.iter("{http://www.w3.org/2000/svg}text"):
        assert 0 < float(text.attrib["y"]) < drawing.height
        assert 0 < float(text.attrib["x"]) < 760
    assert drawing.title in svg.attrib["aria-label"]
    assert 20 < len(drawing.summary) < 400


class TestFolding:
    """Which calls become one step."""

    def test_parts_of_one_layer_are_one_step(self) -> None:
        """Parts in a row are counted and their sizes added; the parts of another layer are a step of their own."""
        part = Call("UploadLayerPart", "layer a", "", 10_000_000, "")
        other = Call("UploadLayerPart", "layer b", "", 5, "")
        steps = _folded([part, part, part, other])
        assert [step.about for step in steps] == ["layer a, 3 parts, 30.0 MB", "layer b"]

    def test_other_calls_are_never_folded(self) -> None:
        """Two equal calls in a row stay two steps."""
        call = Call("GetDownloadUrlForLayer", "layer a", "")
        assert len(_folded([call, call])) == 2


BAD_INPUT: dict[str, tuple[Any, type[EcrLabError], str]] = {
    "map of a name": (
        lambda ecr: show.registry_map("us-east-1"),  # type: ignore[arg-type]
        InvalidInput,
        "show.registry_map: 'us-east-1' is no ECR client; hand over lab.client(\"ecr\")",
    ),
    "map by another service": (
        lambda ecr: show.registry_map(boto3.client("s3", region_name="us-east-1")),  # type: ignore[arg-type]
        InvalidInput,
        'show.registry_map: a S3 is no ECR client; hand over lab.client("ecr")',
    ),
    "map of nothing": (
        lambda ecr: show.registry_map(ecr, most=0),
        InvalidInput,
        "show.registry_map: most=0 leaves nothing to draw; use a whole number from 1 up",
    ),
    "tags without a client": (
        lambda ecr: show.tags(None, "payments/api"),  # type: ignore[arg-type]
        InvalidInput,
        'show.tags: None is no ECR client; hand over lab.client("ecr")',
    ),
    "tags of nothing": (
        lambda ecr: show.tags(ecr, "payments/api", most=-1),
        InvalidInput,
        "show.tags: most=-1 leaves nothing to draw; use a whole number from 1 up",
    ),
    "anatomy of a digest": (
        lambda ecr: show.anatomy(str(FIRST.digest)),  # type: ignore[arg-type]
        InvalidInput,
        "show.anatomy: a str is no image; hand over an oci.Image or an oci.Index",
    ),
    "manifest of a layer": (
        lambda ecr: show.manifest(None),  # type: ignore[arg-type]
        InvalidInput,
        "show.manifest: None is no image; hand over an oci.Image or an oci.Index",
    ),
    "sequence of an image": (
        lambda ecr: show.sequence(()),  # type: ignore[arg-type]
        InvalidInput,
        "show.sequence: () is no report of a push or a pull; "
        "hand over what registry.push() or registry.pull_with_report() returned",
    ),
    "address of a number": (
        lambda ecr: show.address(7),  # type: ignore[arg-type]
        InvalidInput,
        "show.address: 7 is no image reference; hand over an ImageReference or its text",
    ),
    "address without a registry": (
        lambda ecr: show.address("payments/api"),
        InvalidName,
        "image reference 'payments/api': there is no registry host before the first '/', so clients would ask "
        "Docker Hub; put <account>.dkr.ecr.<region>.amazonaws.com/ in front",
    ),
    "journey to capitals": (
        lambda ecr: show.journey("Payments/API"),
        InvalidName,
        "repository 'Payments/API': capitals are not allowed and it has 'AIP'; try 'payments/api'",
    ),
}


@pytest.mark.parametrize("case", BAD_INPUT)
def test_bad_input(ecr: Any, case: str) -> None:
    """What cannot be drawn is refused in one clear line."""
    act, error, message = BAD_INPUT[case]
    with pytest.raises(error) as caught:
        act(ecr)
    assert message == str(caught.value)
