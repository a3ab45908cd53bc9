"""PutImage and BatchGetImage: digests are those of bytes, tags move, and nothing is stored that could not be pulled."""

from __future__ import annotations

import json

import pytest
from client_world import OCI_CONFIG, OCI_IMAGE, OCI_INDEX, descriptor, digest_of, index, manifest, refusal

DOCKER_IMAGE = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
SBOM = "application/spdx+json"


def test_a_digest_is_that_of_the_bytes(world):
    """White space is part of a manifest: the same content in other bytes is another image."""
    tight = manifest(b"layer")
    wide = json.dumps(json.loads(tight), indent=4)
    assert world.push(b"layer") == digest_of(tight)
    assert world.put(wide) == digest_of(wide)
    assert {digest_of(tight), digest_of(wide)} == {image["imageDigest"] for image in world.details()}


def test_the_manifest_comes_back_byte_for_byte(world):
    """BatchGetImage gives what PutImage took, non-ASCII characters included."""
    text = json.dumps(json.loads(manifest(b"layer", annotations={"note": "größer"})), ensure_ascii=False)
    world.push(b"layer")
    digest = world.put(text, "wide")
    (image,) = world.ecr.batch_get_image(repositoryName=world.repository, imageIds=[{"imageTag": "wide"}])["images"]
    assert (text, digest_of(text)) == (image["imageManifest"], digest)
    assert {"imageDigest": digest, "imageTag": "wide"} == image["imageId"]


def test_a_size_is_that_of_the_layers(world):
    """Field imageSizeInBytes adds up the layers, without the config."""
    world.push(b"12345", b"1234567", tag="v1")
    assert [12] == [image["imageSizeInBytes"] for image in world.details()]


def test_the_size_of_an_index_is_its_largest_child(world):
    """An index has no layers of its own."""
    world.push(b"small")
    world.push(b"a larger layer")
    world.put(index(manifest(b"small"), manifest(b"a larger layer")), "multi")
    (image,) = world.details(imageIds=[{"imageTag": "multi"}])
    assert (len(b"a larger layer"), OCI_INDEX) == (image["imageSizeInBytes"], image["imageManifestMediaType"])


def test_a_tag_that_moves_leaves_its_image_untagged(world):
    """The old image stays, without a name, until somebody deletes it."""
    old, new = world.push(b"old", tag="latest"), world.push(b"new", tag="latest")
    assert {"latest": new} == world.tags()
    assert [old] == [image["imageDigest"] for image in world.details(filter={"tagStatus": "UNTAGGED"})]


def test_another_tag_for_a_known_image_needs_no_layers(world):
    """A manifest fetched and put under a new tag is how to retag without a pull."""
    digest = world.push(b"layer", tag="v1")
    assert digest == world.put(manifest(b"layer"), "stable")
    assert ["v1", "stable"] == world.details()[0]["imageTags"]


def test_push_times_come_from_the_clock(world):
    """Field imagePushedAt is the lab's time, and images of the same moment keep their order."""
    first, second = world.push(b"1"), world.push(b"2")
    world.clock.advance(days=3)
    third = world.push(b"3")
    described = world.details()
    assert [first, second, third] == [image["imageDigest"] for image in described]
    pushed = [image["imagePushedAt"] for image in described]
    assert (0, 3) == ((pushed[1] - pushed[0]).days, (pushed[2] - pushed[1]).days)


def test_a_pull_leaves_its_time(world):
    """LastRecordedPullTime is absent before the first pull and refreshed once in 24 hours."""
    world.push(b"layer", tag="v1")
    assert "lastRecordedPullTime" not in world.details()[0]
    seen = []
    for hours in (1, 23, 2):
        world.clock.advance(hours=hours)
        world.ecr.batch_get_image(repositoryName=world.repository, imageIds=[{"imageTag": "v1"}])
        seen.append(world.details()[0]["lastRecordedPullTime"])
    assert (seen[0] == seen[1], (seen[2] - seen[0]).total_seconds()) == (True, 25 * 3600)


KINDS = {  # id: (media type in the manifest, in the request, described as)
    "oci": (OCI_IMAGE, None, OCI_IMAGE),
    "docker": (DOCKER_IMAGE, None, DOCKER_IMAGE),
    "said by the request alone": (None, OCI_IMAGE, OCI_IMAGE),
    "said twice": (OCI_IMAGE, OCI_IMAGE, OCI_IMAGE),
}


@pytest.mark.parametrize(("own", "requested", "described"), KINDS.values(), ids=KINDS)
def test_both_families_of_manifests_are_kept(own, requested, described, world):
    """The media type comes from the manifest or, where it is silent, from the request."""
    world.push(b"layer")
    document = json.loads(manifest(b"layer", annotations={"case": "kinds"}))
    document["mediaType"] = own
    text = json.dumps({name: value for name, value in document.items() if value is not None})
    world.put(text, "kind", **({"imageManifestMediaType": requested} if requested else {}))
    assert described == world.details(imageIds=[{"imageTag": "kind"}])[0]["imageManifestMediaType"]


def test_a_docker_list_is_an_index(world):
    """Docker's manifest list behaves as OCI's index does."""
    child = world.push(b"layer")
    world.put(index(manifest(b"layer"), media_type=DOCKER_LIST), "multi")
    assert "ImageReferencedByManifestList" == world.delete({"imageDigest": child})["failures"][0]["failureCode"]


def test_an_artifact_names_its_subject(world):
    """DescribeImages shows what a referrer is, and what it refers to."""
    subject = world.push(b"layer", tag="v1")
    world.push(
        b"the sbom",
        artifactType=SBOM,
        subject={"mediaType": OCI_IMAGE, "digest": subject, "size": len(manifest(b"layer"))},
    )
    image, artifact = world.details()
    assert (OCI_CONFIG, None) == (image["artifactMediaType"], image.get("subjectManifestDigest"))
    assert (SBOM, subject) == (artifact["artifactMediaType"], artifact["subjectManifestDigest"])


def test_layers_that_live_elsewhere_are_not_asked_for(world):
    """A foreign layer, as Windows images have, is never uploaded."""
    foreign = descriptor(b"windows", "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip")
    world.upload(b"{}")
    text = json.dumps(json.loads(manifest()) | {"layers": [foreign]})
    assert digest_of(text) == world.put(text)


def test_a_failed_push_leaves_no_image(world):
    """Without its layers a manifest is not stored, and the tag stays where it was."""
    before = world.push(b"layer", tag="v1")
    code, _ = refusal(
        world.ecr.put_image, repositoryName=world.repository, imageManifest=manifest(b"missing"), imageTag="v1"
    )
    assert ("LayersNotFoundException", {"v1": before}) == (code, world.tags())


def test_only_accepted_media_types_are_handed_out(world):
    """A client that cannot read an index is not given one."""
    world.push(b"layer")
    world.put(index(manifest(b"layer")), "multi")
    asked = {"repositoryName": world.repository, "imageIds": [{"imageTag": "multi"}]}
    answer = world.ecr.batch_get_image(**asked, acceptedMediaTypes=[OCI_IMAGE])
    assert [] == answer["images"]
    assert "Requested image not found in an accepted media type" == answer["failures"][0]["failureReason"]
    assert 1 == len(world.ecr.batch_get_image(**asked, acceptedMediaTypes=[OCI_INDEX])["images"])
