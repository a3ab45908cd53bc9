"""Backfills copy what was there before the rules, to one destination, as the clock moves."""

from __future__ import annotations

from uuid import UUID

import pytest
from client_world import index, manifest, refusal
from replication_world import EUROPE, OTHER, OWN, TOKYO, at, images, place, replicate, rule, statuses

REGIONS = (
    "us-east-2",
    "us-west-1",
    "us-west-2",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "eu-central-1",
    "eu-north-1",
    "ap-northeast-1",
    "ap-southeast-1",
    "ap-southeast-2",
)
UNKNOWN = "00000000-0000-4000-8000-000000000000"


def start(ecr, destination: dict | None = None) -> str:
    """Begin a backfill, to Europe by default; return its id."""
    return ecr.start_replication_backfill(destination=destination or place())["replicationBackfillId"]


def results(ecr, backfill_id: str, **parameters) -> dict:
    """Describe a backfill."""
    return ecr.describe_replication_backfill_results(replicationBackfillId=backfill_id, **parameters)


def status(ecr, backfill_id: str) -> str:
    """Return the status of a backfill."""
    return results(ecr, backfill_id)["status"]


def counts(ecr, backfill_id: str) -> tuple[int, ...]:
    """Return how many replications there are, how many have arrived, and how many have failed."""
    progress = results(ecr, backfill_id)["progress"]
    return tuple(progress[f"{kind}ReplicationCount"] for kind in ("total", "completed", "failed"))


@pytest.fixture
def full(world):
    """A repository with 25 images, pushed before there was a rule."""
    world.digests = [world.push(str(number).encode(), tag=f"v{number}") for number in range(25)]
    replicate(world.ecr, rule())
    return world


def test_from_beginning_to_end(full):
    """PREPARING without progress, ten at a time, then COMPLETE with a result for each; the images are there."""
    ecr, clock = full.ecr, full.clock
    began = clock.now()
    answer = ecr.start_replication_backfill(destination=place())
    backfill_id = answer["replicationBackfillId"]
    assert 4 == UUID(backfill_id).version
    members = ("registryId", "destination", "status", "startedAt")
    assert (OWN, place(), "PREPARING", began) == tuple(answer[name] for name in members)
    described = results(ecr, backfill_id)
    assert ("PREPARING", [], False) == (described["status"], described["results"], "progress" in described)
    course = []
    for minutes in (5, 10, 10):
        clock.advance(minutes=minutes)
        course.append((status(ecr, backfill_id), *counts(ecr, backfill_id), len(images(at()))))
    assert [
        ("IN_PROGRESS", 25, 0, 0, 0),
        ("IN_PROGRESS", 25, 10, 0, 10),
        ("IN_PROGRESS", 25, 20, 0, 20),
    ] == course
    assert [] == results(ecr, backfill_id)["results"]
    *arrivals, end = clock.advance(days=1)
    assert 5 == len(arrivals)
    assert ("COMPLETE: 25 of 25 replications have arrived", f"backfill to eu-west-1 of {OWN}") == (
        end.what,
        end.subject,
    )
    described = results(ecr, backfill_id)
    assert ("COMPLETE", (25, 25, 0), 35 * 60) == (
        described["status"],
        counts(ecr, backfill_id),
        (described["endedAt"] - described["startedAt"]).seconds,
    )
    assert {digest: [f"v{number}"] for number, digest in enumerate(full.digests)} == images(at())
    expected = {
        "repositoryName": "team/api",
        "imageId": {"imageDigest": full.digests[0], "imageTag": "v0"},
        "status": "COMPLETE",
    }
    assert expected == described["results"][0]
    assert [(EUROPE, OWN, "COMPLETE")] == statuses(full, full.digests[0])


def test_what_is_counted(world):
    """Each image with each of its tags; an index with its images once; the archive, and other prefixes, not."""
    world.push(b"1", tag="a")
    world.put(manifest(b"1"), "b")
    world.push(b"2")
    child, whole = world.push(b"3"), world.put(index(manifest(b"3")), "multi")
    world.push(b"4", tag="old")
    world.ecr.update_image_storage_class(
        repositoryName="team/api", imageId={"imageTag": "old"}, targetStorageClass="ARCHIVE"
    )
    world.ecr.create_repository(repositoryName="web/app")
    world.push(b"5", tag="v1", repository="web/app")
    replicate(world.ecr, rule(prefixes=("team/",)), rule(place(TOKYO)))
    backfill_id = start(world.ecr)
    world.clock.advance(hours=1)
    assert (4, 4, 0) == counts(world.ecr, backfill_id)
    by_tag = {each["imageId"].get("imageTag"): each for each in results(world.ecr, backfill_id)["results"]}
    assert ([], {"a", "b", None, "multi"}) == (by_tag["multi"]["subImageFailureCodes"], set(by_tag))
    arrived = images(at())
    assert ([], ["multi"], 4) == (arrived[child], arrived[whole], len(arrived))
    assert ({}, {}) == (images(at(), "web/app"), images(at(TOKYO)))


def test_nothing_to_copy(world):
    """A backfill without images is COMPLETE when it is prepared."""
    replicate(world.ecr, rule())
    backfill_id = start(world.ecr)
    world.clock.advance(minutes=5)
    assert ("COMPLETE", (0, 0, 0)) == (status(world.ecr, backfill_id), counts(world.ecr, backfill_id))


# --- failures -------------------------------------------------------------------------------------------------


def test_a_few_failures(full):
    """Copies that are not let in are FAILED with their codes; a filter finds them; the backfill ends all the same."""
    there = place(EUROPE, OTHER)
    replicate(full.ecr, rule(there))
    backfill_id = start(full.ecr, there)
    full.clock.advance(hours=1)
    described = results(full.ecr, backfill_id, resultStatusFilter="FAILED", maxResults=7)
    assert ("COMPLETE", (25, 0, 25), ["AccessDeniedException"]) == (
        described["status"],
        counts(full.ecr, backfill_id),
        described["progress"]["failureCodes"],
    )
    assert {"AccessDeniedException"} == {each["failureCode"] for each in described["results"]}
    seen = [each["imageId"]["imageTag"] for each in described["results"]]
    while token := described.get("nextToken"):
        described = results(full.ecr, backfill_id, resultStatusFilter="FAILED", maxResults=7, nextToken=token)
        seen += [each["imageId"]["imageTag"] for each in described["results"]]
    assert [f"v{number}" for number in range(25)] == seen
    assert [] == results(full.ecr, backfill_id, resultStatusFilter="COMPLETE")["results"]


def test_half_of_a_hundred(world):
    """From a hundred on it is judged: with half of them failed it is FAILED, and the rest is not begun."""
    text = manifest(b"layer")
    world.push(b"layer", tag="t000")
    for number in range(1, 130):
        world.put(text, f"t{number:03}")
    replicate(world.ecr, rule(place(EUROPE, OTHER)))
    backfill_id = start(world.ecr, place(EUROPE, OTHER))
    *_, end = world.clock.advance(days=1)
    assert ("FAILED", (130, 0, 100)) == (status(world.ecr, backfill_id), counts(world.ecr, backfill_id))
    assert "FAILED: 0 of 130 replications have arrived" == end.what
    assert 105 * 60 == (end.at - results(world.ecr, backfill_id)["startedAt"]).seconds


def test_images_that_go_meanwhile(full):
    """Deleted or archived before their turn, they fail with a code; the others arrive."""
    backfill_id = start(full.ecr)
    full.clock.advance(minutes=6)
    full.delete({"imageTag": "v20"})
    full.ecr.update_image_storage_class(
        repositoryName="team/api", imageId={"imageTag": "v21"}, targetStorageClass="ARCHIVE"
    )
    full.clock.advance(hours=1)
    described = results(full.ecr, backfill_id, resultStatusFilter="FAILED")["results"]
    assert {"v20": "ImageNotFoundException", "v21": "ImageArchivedException"} == {
        each["imageId"]["imageTag"]: each["failureCode"] for each in described
    }
    assert (25, 23, 2) == counts(full.ecr, backfill_id)


# --- stopping -------------------------------------------------------------------------------------------------


def test_stopped_while_preparing(full):
    """At once, and without progress for good."""
    backfill_id = start(full.ecr)
    answer = full.ecr.stop_replication_backfill(replicationBackfillId=backfill_id)
    assert ("STOPPED", place(), backfill_id) == tuple(
        answer[name] for name in ("status", "destination", "replicationBackfillId")
    )
    full.clock.advance(hours=1)
    described = results(full.ecr, backfill_id)
    assert ("STOPPED", False, True) == (described["status"], "progress" in described, "endedAt" in described)
    assert {} == images(at())


def test_stopped_on_the_way(full):
    """STOPPING until the copies under way have arrived; the rest stays where it is."""
    backfill_id = start(full.ecr)
    full.clock.advance(minutes=17)
    answer = full.ecr.stop_replication_backfill(replicationBackfillId=backfill_id)
    assert "STOPPING" == answer["status"]
    code, message = refusal(full.ecr.stop_replication_backfill, replicationBackfillId=backfill_id)
    assert (
        "ReplicationBackfillInvalidStatusException",
        f"The replication backfill with id '{backfill_id}' cannot be stopped: its status is STOPPING",
    ) == (code, message)
    full.clock.advance(hours=1)
    described = results(full.ecr, backfill_id)
    assert ("STOPPED", (25, 20, 0), 20) == (described["status"], counts(full.ecr, backfill_id), len(images(at())))
    assert 20 == len(described["results"])
    assert (
        "ReplicationBackfillInvalidStatusException"
        == refusal(full.ecr.stop_replication_backfill, replicationBackfillId=backfill_id)[0]
    )


# --- how many at once -----------------------------------------------------------------------------------------


def test_one_for_each_region(full):
    """A second one to a Region has to wait for the first, to whichever account."""
    replicate(full.ecr, rule(place(), place(EUROPE, OTHER), place(TOKYO)))
    first = start(full.ecr)
    assert (
        "ReplicationBackfillInProgressException",
        f"A replication backfill to the Region 'eu-west-1' is already in progress in the registry with id '{OWN}'",
    ) == refusal(full.ecr.start_replication_backfill, destination=place(EUROPE, OTHER))
    start(full.ecr, place(TOKYO))
    full.clock.advance(hours=1)
    second = start(full.ecr)
    listed = full.ecr.list_replication_backfills()
    assert (OWN, [second, first]) == (
        listed["registryId"],
        [each["replicationBackfillId"] for each in listed["backfills"] if each["destination"]["region"] == EUROPE],
    )


def test_ten_at_once(world):
    """The eleventh is refused until one has ended."""
    replicate(world.ecr, rule(*map(place, REGIONS)))
    for region in REGIONS[:10]:
        start(world.ecr, place(region))
    sentence = f"The registry with id '{OWN}' has the maximum number of replication backfills in progress"
    assert ("LimitExceededException", sentence) == refusal(
        world.ecr.start_replication_backfill, destination=place(REGIONS[10])
    )
    world.clock.advance(minutes=5)
    start(world.ecr, place(REGIONS[10]))


# --- looking --------------------------------------------------------------------------------------------------


def test_they_are_kept_for_90_days(full):
    """Counted from the end; afterwards nobody knows them."""
    backfill_id = start(full.ecr)
    full.clock.advance(minutes=35)
    full.clock.advance(days=89, hours=23, minutes=59, seconds=59)
    assert 1 == len(full.ecr.list_replication_backfills()["backfills"])
    full.clock.advance(seconds=1)
    assert [] == full.ecr.list_replication_backfills()["backfills"]
    sentence = f"The replication backfill with id '{backfill_id}' does not exist in the registry with id '{OWN}'"
    assert ("ReplicationBackfillNotFoundException", sentence) == refusal(
        full.ecr.describe_replication_backfill_results, replicationBackfillId=backfill_id
    )


def test_pages_of_backfills(world):
    """25 a page, the newest first; one that begins between two pages does not shift the second."""
    replicate(world.ecr, rule())
    begun = []
    for _ in range(27):
        begun.append(start(world.ecr))
        world.clock.advance(minutes=5)
    first = world.ecr.list_replication_backfills()
    begun.append(start(world.ecr))
    second = world.ecr.list_replication_backfills(nextToken=first["nextToken"])
    listed = [each["replicationBackfillId"] for each in first["backfills"] + second["backfills"]]
    assert begun[26::-1] == listed
    assert 25 == len(first["backfills"])
    assert "nextToken" not in second


IDS = {
    "stop": ("stop_replication_backfill", {"replicationBackfillId": UNKNOWN}),
    "describe": ("describe_replication_backfill_results", {"replicationBackfillId": UNKNOWN}),
}


@pytest.mark.parametrize(("operation", "parameters"), IDS.values(), ids=IDS)
def test_an_unknown_id(operation, parameters, ecr):
    """It is refused by name."""
    sentence = f"The replication backfill with id '{UNKNOWN}' does not exist in the registry with id '{OWN}'"
    assert ("ReplicationBackfillNotFoundException", sentence) == refusal(getattr(ecr, operation), **parameters)


def test_a_destination_that_is_not_configured(full):
    """It has to be in the rules."""
    sentence = "The destination is not part of the replication configuration"
    expected = f"Invalid parameter at 'destination' failed to satisfy constraint: '{sentence}'"
    assert ("InvalidParameterException", expected) == refusal(
        full.ecr.start_replication_backfill, destination=place(TOKYO)
    )
    assert [] == full.ecr.list_replication_backfills()["backfills"]
