"""Manifests of every family parse into values; what is broken is named by its place."""

import json
from pathlib import Path

import pytest
from ecrlab import oci
from ecrlab.errors import InvalidImage, InvalidInput
from ecrlab.naming import Digest
from ecrlab.oci import Descriptor, Platform
from ecrlab.oci.descriptor import choose

DATA = Path(__file__).parent / "data"
FOUND = json.loads((DATA / "found_manifests.json").read_text(encoding="utf-8"))
BROKEN = json.loads((DATA / "broken_manifests.json").read_text(encoding="utf-8"))


def bytes_of(case):
    """The manifest of a case, as text or as a document."""
    return (case["text"] * case.get("times", 1)).encode() if "text" in case else json.dumps(case["manifest"]).encode()


@pytest.mark.parametrize("case", [case for case in FOUND if "accepted" in case], ids=lambda case: case["id"])
def test_manifests_found_in_the_wild(case):
    """What tools really push is read, with any media type for config and layers."""
    manifest = oci.parse_manifest(bytes_of(case))
    index = isinstance(manifest, oci.IndexManifest)
    entries = [str(each.platform) for each in manifest.manifests] if index else [str(e.size) for e in manifest.layers]
    wanted = case["accepted"]
    assert (wanted["kind"], wanted["media_type"]) == ("index" if index else "image", manifest.media_type)
    assert wanted["entries"] == entries


@pytest.mark.parametrize("case", [case for case in FOUND + BROKEN if "refused" in case], ids=lambda case: case["id"])
def test_error_manifest(case):
    """A broken manifest is refused in one line: place, fact, way out."""
    with pytest.raises(InvalidImage) as caught:
        oci.parse_manifest(bytes_of(case))
    assert str(caught.value) in (case["refused"], case.get("refused_since_python_3.13"))


def test_error_manifest_too_large():
    """A manifest of 5 MiB is more than PutImage takes."""
    with pytest.raises(InvalidImage) as caught:
        oci.parse_manifest(b" " * (5 * 1024 * 1024))
    wanted = (
        "manifest: it has 5,242,880 bytes and ECR takes 4,194,304 at most; "
        "move data out of its annotations, or use fewer layers"
    )
    assert wanted == str(caught.value)


def test_error_manifest_is_not_utf8():
    """The first byte that is not UTF-8 is named."""
    with pytest.raises(InvalidImage) as caught:
        oci.parse_manifest(b'{"a":"\xff"}')
    assert "manifest: byte 6 is not UTF-8; hand over the bytes as stored" == str(caught.value)


def test_everything_in_a_manifest_is_kept():
    """Subject, artifact type, annotations and platforms arrive in the value."""
    digest = Digest.of(b"x")
    described = {"mediaType": "a/b", "digest": str(digest), "size": 1}
    manifest = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "artifactType": "text/spdx+json",
        "config": described,
        "layers": [{**described, "annotations": {"k": "v"}}],
        "subject": described,
        "annotations": {"a": "b"},
    }
    parsed = oci.parse_manifest(json.dumps(manifest).encode())
    assert (
        oci.ImageManifest(
            media_type="application/vnd.oci.image.manifest.v1+json",
            config=Descriptor("a/b", digest, 1),
            layers=(Descriptor("a/b", digest, 1, {"k": "v"}),),
            subject=Descriptor("a/b", digest, 1),
            artifact_type="text/spdx+json",
            annotations={"a": "b"},
        )
        == parsed
    )


@pytest.mark.parametrize(
    ("config_type", "family"),
    [
        ("application/vnd.docker.container.image.v1+json", "application/vnd.docker.distribution.manifest.v2+json"),
        ("application/vnd.oci.image.config.v1+json", "application/vnd.oci.image.manifest.v1+json"),
    ],
)
def test_a_manifest_without_media_type_is_told_by_its_config(config_type, family):
    """OCI allows mediaType to be left out; the config says whose family it is."""
    config = {"mediaType": config_type, "digest": str(Digest.of(b"")), "size": 0}
    manifest = json.dumps({"schemaVersion": 2, "config": config, "layers": []}).encode()
    assert family == oci.parse_manifest(manifest).media_type


# --- platforms --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["linux/amd64", "linux/arm/v7", "windows/amd64"])
def test_a_platform_prints_as_it_was_written(text):
    """Parsing and printing are inverse."""
    assert text == str(Platform.parse(text))


@pytest.mark.parametrize("text", ["", "linux", "linux/", "/amd64", "linux/arm/v7/x", "linux/amd 64"])
def test_error_platform(text):
    """A platform has two or three parts."""
    with pytest.raises(InvalidInput) as caught:
        Platform.parse(text)
    fact, way_out = "it is not an operating system and an architecture", "write e.g. 'linux/amd64' or 'linux/arm/v7'"
    wanted = f"platform {text!r}: {fact}; {way_out}"
    assert wanted == str(caught.value)


CHOICES = {  # wanted, offered, position of the choice
    "exact": ("linux/arm64", ["linux/amd64", "linux/arm64"], 1),
    "a variant left out means the usual one": ("linux/arm64/v8", ["linux/arm64"], 0),
    "and the other way round": ("linux/arm64", ["linux/arm64/v8"], 0),
    "the usual variant is preferred": ("linux/arm", ["linux/arm/v5", "linux/arm/v7"], 1),
    "another variant is better than nothing": ("linux/arm", ["linux/arm/v6"], 0),
    "a variant that is asked for must be there": ("linux/arm/v7", ["linux/arm/v6"], None),
    "another system": ("windows/amd64", ["linux/amd64"], None),
    "the first of two": ("linux/amd64", ["linux/amd64", "linux/amd64"], 0),
}


@pytest.mark.parametrize(("wanted", "offered", "position"), CHOICES.values(), ids=CHOICES)
def test_the_choice_among_platforms(wanted, offered, position):
    """The child is chosen as container runtimes choose it."""
    offers = [(Platform.parse(text), place) for place, text in enumerate(offered)]
    assert position == choose(Platform.parse(wanted), offers)


def test_a_windows_version_is_compared_only_if_it_is_asked_for():
    """os.version narrows the choice when the request names one."""
    there = Platform("windows", "amd64", os_version="10.0.20348")
    assert Platform("windows", "amd64").accepts(there)
    assert not Platform("windows", "amd64", os_version="10.0.17763").accepts(there)
