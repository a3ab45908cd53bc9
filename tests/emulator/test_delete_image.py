"""BatchDeleteImage: tags and digests do different things, and what cannot be done is in ``failures``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from client_world import digest_of, index, manifest, refusal
from test_refusals import filled

CASES = json.loads((Path(__file__).parent / "identifiers.json").read_text("utf-8"))["cases"]


@pytest.fixture
def names(world):
    """Fill the repository as identifiers.json says."""
    app, other = world.push(b"app", tag="v1"), world.push(b"other", tag="other")
    world.put(manifest(b"app"), "stable")
    return {"$app": app, "$other": other, "$index": world.put(index(manifest(b"app")), "multi")}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
@pytest.mark.parametrize(("operation", "column"), [("batch_delete_image", "delete"), ("batch_get_image", "get")])
def test_an_identifier(operation, column, case, names, ecr):
    """Each identifier gets its own failure; the call itself succeeds."""
    identifier = filled(case["id"], names)
    answer = getattr(ecr, operation)(repositoryName="team/api", imageIds=[identifier])
    got = [(failure["imageId"], failure["failureCode"], failure["failureReason"]) for failure in answer["failures"]]
    expected = filled(case[column], names)
    assert ([(identifier, *expected)] if expected else []) == got


def test_by_tag_only_the_tag_goes(world):
    """As long as another tag is left."""
    digest = world.push(b"layer", tag="v1")
    world.put(manifest(b"layer"), "v2")
    assert {"imageIds": [{"imageDigest": digest, "imageTag": "v1"}], "failures": []} == world.delete({"imageTag": "v1"})
    assert {"v2": digest} == world.tags()


def test_the_image_goes_with_its_last_tag(world):
    """There is nothing left to describe."""
    world.push(b"layer", tag="v1")
    world.delete({"imageTag": "v1"})
    assert [] == world.details()


def test_by_digest_all_tags_go(world):
    """The answer lists each tag that was deleted."""
    digest = world.push(b"layer", tag="v1")
    world.put(manifest(b"layer"), "v2")
    deleted = world.delete({"imageDigest": digest})["imageIds"]
    assert [{"imageDigest": digest, "imageTag": tag} for tag in ("v1", "v2")] == deleted
    assert ([], {}) == (world.details(), world.tags())


def test_an_untagged_image_goes_by_digest(world):
    """The answer names it by the digest alone."""
    digest = world.push(b"layer")
    assert [{"imageDigest": digest}] == world.delete({"imageDigest": digest})["imageIds"]


def test_one_failure_does_not_stop_the_rest(world):
    """A batch does what it can."""
    digest = world.push(b"layer", tag="v1")
    answer = world.delete({"imageTag": "nope"}, {"imageTag": "v1"}, {})
    assert [{"imageDigest": digest, "imageTag": "v1"}] == answer["imageIds"]
    assert ["ImageNotFound", "MissingDigestAndTag"] == [failure["failureCode"] for failure in answer["failures"]]


def test_children_may_go_after_their_index(world):
    """In one call, if the index comes first."""
    child = world.push(b"layer")
    parent = world.put(index(manifest(b"layer")))
    assert [] == world.delete({"imageDigest": parent}, {"imageDigest": child})["failures"]


def test_layers_of_a_deleted_image_go_unless_another_has_them(world):
    """What an image shares with another stays."""
    first = world.push(b"shared", b"own")
    world.push(b"shared")
    world.delete({"imageDigest": first})
    answer = world.ecr.batch_check_layer_availability(
        repositoryName=world.repository, layerDigests=[digest_of(b"shared"), digest_of(b"own")]
    )
    assert [digest_of(b"shared")] == [layer["layerDigest"] for layer in answer["layers"]]
    assert [digest_of(b"own")] == [failure["layerDigest"] for failure in answer["failures"]]


def test_a_hundred_identifiers_are_the_most(world):
    """One more is refused as a whole."""
    many = [{"imageTag": f"t{number}"} for number in range(101)]
    assert 100 == len(world.delete(*many[:100])["failures"])
    message = (
        "Invalid parameter at 'imageIds' failed to satisfy constraint: "
        "'Member must have length less than or equal to 100'"
    )
    refused = refusal(world.ecr.batch_delete_image, repositoryName=world.repository, imageIds=many)
    assert ("InvalidParameterException", message) == refused


def test_force_deletes_a_repository_with_its_images(world):
    """A new one of the same name starts empty."""
    world.push(b"layer", tag="v1")
    world.ecr.delete_repository(repositoryName=world.repository, force=True)
    world.ecr.create_repository(repositoryName=world.repository)
    assert [] == world.details()
