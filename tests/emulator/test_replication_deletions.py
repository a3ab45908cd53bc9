"""Deletions are repeated at the destinations of rules that say so, and nowhere else."""

from __future__ import annotations

import json

import pytest
from client_world import index, manifest
from replication_world import EUROPE, OTHER, TOKYO, at, images, let_in, place, replicate, rule
from test_events import Listener

BY_TAG, BY_DIGEST = "by tag", "by digest"


@pytest.fixture
def copied(world):
    """An image with two tags, v1 and stable, that has arrived in Europe (deletions go there, too) and in Tokyo."""
    replicate(world.ecr, rule(place(EUROPE), deletions=True), rule(place(TOKYO), deletions=False))
    world.digest = world.push(b"layer", tag="v1")
    world.put(manifest(b"layer"), "stable")
    world.clock.advance(minutes=10)
    return world


def test_a_tag_is_taken_off(copied):
    """The image stays, at both ends, with its other tag; without the rule the tag stays, too."""
    copied.delete({"imageTag": "v1"})
    (happening,) = copied.clock.advance(minutes=10)
    assert {copied.digest: ["stable"]} == images(at(EUROPE))
    assert {copied.digest: ["v1", "stable"]} == images(at(TOKYO))
    assert "lost the tag v1 in eu-west-1, as in us-east-1" == happening.what


@pytest.mark.parametrize("how", [BY_TAG, BY_DIGEST])
def test_an_image_is_deleted(how, copied):
    """By its last tag or by digest: the image goes with all the tags that it has there, its own ones included."""
    there = at(EUROPE)
    held = there.batch_get_image(repositoryName="team/api", imageIds=[{"imageTag": "v1"}])["images"][0]
    there.put_image(repositoryName="team/api", imageManifest=held["imageManifest"], imageTag="only-there")
    if how == BY_DIGEST:
        copied.delete({"imageDigest": copied.digest})
    else:
        copied.delete({"imageTag": "v1"}, {"imageTag": "stable"})
    copied.clock.advance(minutes=9)
    assert [copied.digest] == list(images(there))
    copied.clock.advance(minutes=1)
    assert {} == images(there)
    assert [copied.digest] == list(images(at(TOKYO)))


def test_a_policy_expires_an_image(copied):
    """At 02:00 here, ten minutes later there; the happenings tell both."""
    selection = {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 1}
    text = json.dumps({"rules": [{"rulePriority": 1, "selection": selection, "action": {"type": "expire"}}]})
    copied.ecr.put_lifecycle_policy(repositoryName="team/api", lifecyclePolicyText=text + " " * 100)
    newer = copied.push(b"newer", tag="v2")
    happened = copied.clock.advance(days=3)
    told = [(f"{each.at:%d %H:%M}", each.what.split(" in ")[0]) for each in happened]
    assert ("03 02:10", "deleted") == told[-1]
    assert "expired by rule 1" in told[-2][1]
    assert {newer: ["v2"]} == images(at(EUROPE))
    assert {copied.digest: ["v1", "stable"], newer: ["v2"]} == images(at(TOKYO))


def test_what_is_not_repeated(copied):
    """An archiving, and the deletion of a whole repository."""
    copied.ecr.update_image_storage_class(
        repositoryName="team/api", imageId={"imageTag": "v1"}, targetStorageClass="ARCHIVE"
    )
    copied.clock.advance(days=1)
    copied.ecr.delete_repository(repositoryName="team/api", force=True)
    copied.clock.advance(days=1)
    assert {copied.digest: ["v1", "stable"]} == images(at(EUROPE))


def test_a_deletion_overtakes_no_copy(world):
    """An image that is deleted while it is under way arrives, and goes when the deletion does."""
    replicate(world.ecr, rule(deletions=True))
    digest = world.push(b"layer", tag="v1")
    world.clock.advance(minutes=4)
    world.delete({"imageTag": "v1"})
    world.clock.advance(minutes=6)
    assert {digest: ["v1"]} == images(at())
    world.clock.advance(minutes=4)
    assert {} == images(at())


def test_a_deletion_goes_no_further(world):
    """Two registries that repeat each other's deletions do not pass one back and forth, and nothing is chained."""
    replicate(world.ecr, rule(place(EUROPE), deletions=True))
    replicate(at(EUROPE), rule(place("us-east-1"), place(TOKYO), deletions=True))
    digest = world.push(b"layer", tag="v1")
    replicate(at(TOKYO))
    other = type(world)(at(TOKYO), world.clock)
    other.ecr.create_repository(repositoryName="team/api")
    other.push(b"layer", tag="v1")
    world.clock.advance(minutes=10)
    world.delete({"imageTag": "v1"})
    assert 1 == len(world.clock.advance(hours=1))
    assert ({}, {}, {digest: ["v1"]}) == (images(world.ecr), images(at(EUROPE)), images(at(TOKYO)))


def test_an_index_there_keeps_its_images(world):
    """What an index at the destination refers to stays, as if somebody deleted it there."""
    replicate(world.ecr, rule(deletions=True))
    child = world.push(b"layer", tag="amd64")
    whole = world.put(index(manifest(b"layer")), "multi")
    world.clock.advance(minutes=10)
    world.ecr.batch_delete_image(repositoryName="team/api", imageIds=[{"imageDigest": whole}])
    at().put_image(repositoryName="team/api", imageManifest=index(manifest(b"layer"), annotations={"n": "1"}))
    world.delete({"imageDigest": child})
    world.clock.advance(minutes=10)
    assert child in images(at())
    assert whole not in images(at())


def test_another_account_repeats_what_it_lets_in(world):
    """Without the permission to replicate, deletions do not reach another account, either."""
    there = at(EUROPE, OTHER)
    let_in(there, "ecr:ReplicateImage", "ecr:CreateRepository")
    replicate(world.ecr, rule(place(EUROPE, OTHER), deletions=True))
    first, second = world.push(b"1", tag="v1"), world.push(b"2", tag="v2")
    world.clock.advance(minutes=10)
    world.delete({"imageTag": "v1"})
    world.clock.advance(minutes=10)
    assert {second: ["v2"]} == images(there)
    there.delete_registry_policy()
    world.delete({"imageTag": "v2"})
    assert () == world.clock.advance(minutes=10)
    assert {second: ["v2"]} == images(there)
    assert first not in images(there)


def test_deletions_are_told(copied):
    """The destination hears of a deletion as of any other."""
    heard = Listener({"detail-type": ["ECR Image Action"]}, EUROPE)
    copied.delete({"imageTag": "v1"})
    copied.delete({"imageTag": "stable"})
    copied.clock.advance(minutes=10)
    assert [("DELETE", "v1"), ("DELETE", "stable")] == [
        (each["action-type"], each["image-tag"]) for each in heard.details()
    ]
