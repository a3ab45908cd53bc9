"""Events on moto's default event bus: the members that AWS documents, at the time of the lab's clock."""

from __future__ import annotations

import json
import warnings
from uuid import UUID

import boto3
import pytest
from client_world import OCI_IMAGE, descriptor, manifest
from ecrlab import oci, registry
from scanning_world import enhanced, look, move, on_push, push

REPOSITORY_ARN = "arn:aws:ecr:us-east-1:123456789012:repository/team/api"


class Listener:
    """A queue behind a rule."""

    def __init__(self, pattern: dict, region: str = "us-east-1") -> None:
        self._sqs = boto3.client("sqs", region_name=region)
        self._events = boto3.client("events", region_name=region)
        self._url = self._sqs.create_queue(QueueName="heard")["QueueUrl"]
        asked = self._sqs.get_queue_attributes(QueueUrl=self._url, AttributeNames=["QueueArn"])
        self._events.put_rule(Name="listen", EventPattern=json.dumps(pattern))
        self._events.put_targets(Rule="listen", Targets=[{"Id": "1", "Arn": asked["Attributes"]["QueueArn"]}])

    def heard(self) -> list[dict]:
        """Take the events that have come, oldest first."""
        events = []
        while messages := self._sqs.receive_message(QueueUrl=self._url, MaxNumberOfMessages=10).get("Messages"):
            for message in messages:
                events.append(json.loads(message["Body"]))
                self._sqs.delete_message(QueueUrl=self._url, ReceiptHandle=message["ReceiptHandle"])
        return events

    def details(self) -> list[dict]:
        """Take the details of the events that have come."""
        return [event["detail"] for event in self.heard()]


@pytest.fixture
def listener(world) -> Listener:
    """Hear everything of ECR and of Amazon Inspector."""
    return Listener({"source": ["aws.ecr", "aws.inspector2"]})


def test_a_push_is_told(world, listener):
    """The whole event, as a queue gets it."""
    world.clock.advance(hours=1)
    digest = world.push(b"layer", tag="v1")
    (event,) = listener.heard()
    assert 36 == len(event.pop("id"))
    expected = {
        "version": "0",
        "detail-type": "ECR Image Action",
        "source": "aws.ecr",
        "account": "123456789012",
        "time": "2026-11-02T10:00:00Z",
        "region": "us-east-1",
        "resources": [],
        "detail": {
            "result": "SUCCESS",
            "repository-name": "team/api",
            "image-digest": digest,
            "action-type": "PUSH",
            "image-tag": "v1",
        },
    }
    assert expected == event


def test_what_is_refused_is_not_told(world, listener):
    """No image, no event."""
    world.push(b"layer", tag="v1")
    listener.heard()
    for text in (manifest(b"layer"), manifest(b"missing")):
        with pytest.raises(world.ecr.exceptions.ClientError):
            world.put(text, "v1")
    assert [] == listener.heard()


def test_deletions_are_told(world, listener):
    """A tag of several, an image with its tags, one without; a pull is no event."""
    first, second = world.push(b"first", tag="v1"), world.push(b"second")
    for tag in ("v2", "v3"):
        world.put(manifest(b"first"), tag)
    world.ecr.batch_get_image(repositoryName="team/api", imageIds=[{"imageTag": "v1"}])
    listener.heard()
    world.delete({"imageTag": "v2"}, {"imageDigest": first}, {"imageDigest": second}, {"imageTag": "none"})
    told = [(each["action-type"], each["image-digest"], each.get("image-tag")) for each in listener.details()]
    expected = [("DELETE", first, "v2"), ("DELETE", first, "v1"), ("DELETE", first, "v3"), ("DELETE", second, None)]
    assert expected == told


def test_a_policy_that_deletes_is_told(world, listener):
    """At the time of its run."""
    world.push(b"first", tag="v1")
    world.push(b"second", tag="v2")
    rule = {
        "rulePriority": 1,
        "description": "Keep one image, whatever its tag says about it",
        "selection": {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 1},
        "action": {"type": "expire"},
    }
    world.ecr.put_lifecycle_policy(repositoryName="team/api", lifecyclePolicyText=json.dumps({"rules": [rule]}))
    listener.heard()
    world.clock.advance(days=1)
    (event,) = listener.heard()
    assert ("2026-11-03T02:00:00Z", "DELETE", "v1") == (
        event["time"],
        event["detail"]["action-type"],
        event["detail"]["image-tag"],
    )


def test_the_archive_is_told(world, listener):
    """The move there, and the end of the restore; a referrer's return has a name of its own."""
    digest = world.push(b"layer", tag="v1")
    subject = descriptor(manifest(b"layer").encode(), OCI_IMAGE)
    referrer = world.put(manifest(b"layer", subject=subject), "sig")
    listener.heard()
    for tag in ("v1", "sig"):
        move(world, "ARCHIVE", tag)
        move(world, "STANDARD", tag)
    world.clock.advance(minutes=20)
    told = [
        (event["detail-type"], event["detail"]["image-digest"], event["detail"]["target-storage-class"], event["time"])
        for event in listener.heard()
    ]
    expected = [
        ("ECR Image Action", digest, "ARCHIVE", "2026-11-02T09:00:00Z"),
        ("ECR Image Action", referrer, "ARCHIVE", "2026-11-02T09:00:00Z"),
        ("ECR Image Action", digest, "STANDARD", "2026-11-02T09:20:00Z"),
        ("ECR Referrer Action", referrer, "STANDARD", "2026-11-02T09:20:00Z"),
    ]
    assert sorted(expected) == sorted(told)


def test_an_event_about_the_archive_has_these_members(world, listener):
    """As the User Guide lists them."""
    digest = world.push(b"layer", tag="v1")
    move(world, "ARCHIVE")
    move(world, "STANDARD")
    world.clock.advance(minutes=20)
    expected = {
        "result": "SUCCESS",
        "repository-name": "team/api",
        "image-digest": digest,
        "action-type": "UPDATE_STORAGE_CLASS",
        "image-tag": "v1",
        "target-storage-class": "STANDARD",
        "last-activated-at": "2026-11-02T09:20:00Z",
        "manifest-media-type": "application/vnd.oci.image.manifest.v1+json",
        "artifact-media-type": "application/vnd.oci.image.config.v1+json",
    }
    assert expected == listener.details()[-1]


# --- scans ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["clock", "look"])
def test_the_end_of_a_basic_scan_is_told_once(how, world, listener):
    """When the clock has moved on, or somebody has looked twice."""
    on_push(world)
    digest = push(world, "debian-12-2023")
    (pushed,) = listener.heard()
    for _ in range(3):
        look(world) if how == "look" else world.clock.advance(minutes=1)
    (event,) = listener.heard()
    expected = {
        "scan-status": "COMPLETE",
        "repository-name": "team/api",
        "finding-severity-counts": {"CRITICAL": 1, "HIGH": 3, "UNDEFINED": 1},
        "image-digest": digest,
        "image-tags": ["v1"],
    }
    assert ("ECR Image Action", "ECR Image Scan", "aws.ecr") == (
        pushed["detail-type"],
        event["detail-type"],
        event["source"],
    )
    assert ([REPOSITORY_ARN], expected) == (event["resources"], event["detail"])


def test_a_failed_scan_is_told(world, listener):
    """With no counts."""
    on_push(world)
    registry.push(world.ecr, oci.image(oci.layer({"hello.txt": "hello"})), "team/api", tag="v1")
    world.clock.advance(minutes=1)
    detail = listener.details()[-1]
    assert ("FAILED", {}) == (detail["scan-status"], detail["finding-severity-counts"])


def test_the_first_enhanced_scan_is_told_by_amazon_inspector(world, listener):
    """By another source, with the repository's ARN as its name, and a total."""
    enhanced(world)
    digest = push(world, "python-app-old")
    world.clock.advance(days=3)
    changed, pushed, scanned = listener.heard()
    assert ["ECR Scan Resource Change", "ECR Image Action"] == [changed["detail-type"], pushed["detail-type"]]
    expected = {
        "scan-status": "INITIAL_SCAN_COMPLETE",
        "repository-name": REPOSITORY_ARN,
        "finding-severity-counts": {"CRITICAL": 4, "HIGH": 7, "MEDIUM": 1, "TOTAL": 12},
        "image-digest": digest,
        "image-tags": ["v1"],
    }
    assert ("Inspector2 Scan", "aws.inspector2", expected) == (
        scanned["detail-type"],
        scanned["source"],
        scanned["detail"],
    )


def test_a_change_of_frequency_is_told(world, listener):
    """Which repositories are scanned otherwise than before; nothing, if none is."""
    world.ecr.create_repository(repositoryName="other")
    enhanced(world, pattern="team")
    enhanced(world, pattern="team")
    enhanced(world, "SCAN_ON_PUSH", "team")
    told = listener.details()
    frequencies = [
        (each["repository-name"], each["previous-scan-frequency"], each["scan-frequency"])
        for detail in told
        for each in detail.pop("repositories")
    ]
    expected = [("team/api", "MANUAL", "CONTINUOUS_SCAN"), ("team/api", "CONTINUOUS_SCAN", "SCAN_ON_PUSH")]
    common = {"action-type": "SCAN_FREQUENCY_CHANGE", "resource-type": "REPOSITORY", "scan-type": "ENHANCED"}
    assert (expected, [common] * 2) == (frequencies, told)


# --- rules and targets ----------------------------------------------------------------------------------------


def test_a_pattern_chooses(world):
    """By any member of the event; here pushes of one tag."""
    listener = Listener({"source": ["aws.ecr"], "detail": {"action-type": ["PUSH"], "image-tag": ["v2"]}})
    for tag in ("v1", "v2", "v3"):
        world.push(tag.encode(), tag=tag)
    assert ["v2"] == [detail["image-tag"] for detail in listener.details()]


def test_another_region_hears_nothing(world):
    """Events go to the bus of the registry's own region."""
    listener = Listener({"source": ["aws.ecr"]}, region="eu-west-1")
    world.push(b"layer", tag="v1")
    assert [] == listener.heard()


def test_a_rule_that_is_disabled_or_on_a_schedule_hears_nothing(world, listener):
    """It has no say in events."""
    events = boto3.client("events", region_name="us-east-1")
    events.put_rule(Name="hourly", ScheduleExpression="rate(1 hour)")
    targets = events.list_targets_by_rule(Rule="listen")["Targets"]
    events.put_targets(Rule="hourly", Targets=targets)
    events.disable_rule(Name="listen")
    world.push(b"layer", tag="v1")
    assert [] == listener.heard()


def test_a_log_group_hears_too(world):
    """The other target that moto knows."""
    logs = boto3.client("logs", region_name="us-east-1")
    logs.create_log_group(logGroupName="heard")
    (group,) = logs.describe_log_groups()["logGroups"]
    events = boto3.client("events", region_name="us-east-1")
    events.put_rule(Name="log", EventPattern='{"source": ["aws.ecr"]}')
    events.put_targets(Rule="log", Targets=[{"Id": "1", "Arn": group["arn"].removesuffix(":*")}])
    world.push(b"layer", tag="v1")
    (event,) = logs.filter_log_events(logGroupName="heard")["events"]
    assert "PUSH" == json.loads(event["message"])["detail"]["action-type"]


MISSING = {  # id: a target that gets nothing
    "a queue that is not there": {"Arn": "arn:aws:sqs:us-east-1:123456789012:none"},
    "a function": {"Arn": "arn:aws:lambda:us-east-1:123456789012:function:none"},
}


@pytest.mark.parametrize("target", MISSING.values(), ids=MISSING)
def test_a_target_that_cannot_be_reached_is_warned_of(target, world):
    """The push goes through, and the other rules hear of it."""
    events = boto3.client("events", region_name="us-east-1")
    events.put_rule(Name="broken", EventPattern='{"source": ["aws.ecr"]}')
    events.put_targets(Rule="broken", Targets=[{"Id": "1", **target}])
    listener = Listener({"source": ["aws.ecr"]})
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        digest = world.push(b"layer", tag="v1")
    (warned,) = [str(each.message) for each in caught if "EventBridge" in str(each.message)]
    assert warned.startswith("EventBridge rule 'broken': moto could not hand over an event 'ECR Image Action' (")
    assert digest in {detail["image-digest"] for detail in listener.details()}


def test_every_event_has_an_id_of_its_own(world, listener):
    """A UUID."""
    for number in range(3):
        world.push(b"%d" % number)
    ids = [event["id"] for event in listener.heard()]
    assert (3, {4}) == (len(set(ids)), {UUID(each).version for each in ids})
