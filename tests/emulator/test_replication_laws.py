"""Laws of replication: the steps of a clock do not matter, and what was pushed under a rule is at its destination."""

from __future__ import annotations

import json

from client_world import digest_of, manifest
from ecrlab.clock import ManualClock
from ecrlab.emulator import service, together
from ecrlab.emulator.errors import EcrError
from ecrlab.emulator.rules import STRICT
from ecrlab.emulator.state import Registry
from hypothesis import given, settings
from hypothesis import strategies as st

ACCOUNT, REGIONS = "111122223333", ("us-east-1", "eu-west-1", "ap-northeast-1")
KEEP_TWO = json.dumps(
    {
        "rules": [
            {
                "rulePriority": 1,
                "description": "keep two images, whoever pushed them and whatever they are called",
                "selection": {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 2},
                "action": {"type": "expire"},
            }
        ]
    }
)


class Trio:
    """Three registries of one account, asked without moto and boto3 in between."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.registries = {
            region: Registry(ACCOUNT, region, elsewhere=lambda _, there: self.registries.get(there))
            for region in REGIONS
        }
        self.clock.subscribe(lambda _, after: together.catch_up(self.registries.values, after))

    def __call__(self, region: str, operation: str, **parameters):
        """Make a call on ``team/api`` in a Region; return the answer or the code of its refusal."""
        if not operation.endswith(("Configuration", "Backfill")):
            parameters["repositoryName"] = "team/api"
        try:
            return service.answer(
                operation,
                parameters,
                caller=self.registries[region],
                principal="AKIAIOSFODNN7EXAMPLE",
                caller_of=lambda principal: None,
                on_refusal=lambda decision: None,
                registry_of=lambda account: self.registries[region],
                clock=self.clock,
                rules=STRICT,
                registries=self.registries.values,
            )
        except EcrError as refused:
            return refused.code

    def upload(self, region: str, data: bytes) -> None:
        """Upload a layer."""
        begun = self(region, "InitiateLayerUpload")
        part = {"partFirstByte": 0, "partLastByte": len(data) - 1, "layerPartBlob": data}
        self(region, "UploadLayerPart", uploadId=begun["uploadId"], **part)
        self(region, "CompleteLayerUpload", uploadId=begun["uploadId"], layerDigests=[digest_of(data)])

    def images(self, region: str) -> dict[str, tuple]:
        """Return what is to be seen of the images of a Region."""
        answer = self(region, "DescribeImages", filter={"imageStatus": "ANY"})
        if isinstance(answer, str):
            return {}
        return {
            each["imageDigest"]: (each["imagePushedAt"], sorted(each.get("imageTags", ())), each["imageStatus"])
            for each in answer["imageDetails"]
        }


STEPS = st.tuples(
    st.sampled_from(REGIONS[:2]),
    st.sampled_from(["push", "push", "push", "delete", "untag", "archive", "restore", "backfill"]),
    st.integers(0, 5),
    st.sampled_from(["v1", "v2", "latest"]),
    st.sampled_from([0, 0, 3, 12, 60, 20 * 60]),
)


def played(script, *, deletions: bool = True, policies: bool = True) -> Trio:
    """Fill two registries that copy to each other and to a third."""
    trio = Trio()
    for region, other in (REGIONS[:2], REGIONS[1::-1]):
        trio(region, "CreateRepository")
        trio.upload(region, b"{}")
        if policies:
            trio(region, "PutLifecyclePolicy", lifecyclePolicyText=KEEP_TWO)
        places = [{"region": there, "registryId": ACCOUNT} for there in (other, REGIONS[2])]
        rules = [{"destinations": places, "deleteReplication": {"enabled": deletions}}]
        trio(region, "PutReplicationConfiguration", replicationConfiguration={"rules": rules})
    for region, kind, which, tag, minutes in script:
        wanted = {"imageId": {"imageTag": tag}}
        match kind:
            case "push":
                text = manifest(annotations={"n": f"{which}"})
                trio(region, "PutImage", imageManifest=text, imageTag=tag)
            case "delete":
                digest = digest_of(manifest(annotations={"n": f"{which}"}))
                trio(region, "BatchDeleteImage", imageIds=[{"imageDigest": digest}])
            case "untag":
                trio(region, "BatchDeleteImage", imageIds=[{"imageTag": tag}])
            case "backfill":
                there = {"region": REGIONS[2], "registryId": ACCOUNT}
                trio(region, "StartReplicationBackfill", destination=there)
            case _:
                target = {"archive": "ARCHIVE", "restore": "STANDARD"}[kind]
                trio(region, "UpdateImageStorageClass", targetStorageClass=target, **wanted)
        trio.clock.advance(minutes=minutes)
    return trio


@settings(deadline=None, max_examples=60)
@given(st.lists(STEPS, min_size=3, max_size=14), st.lists(st.integers(1, 2000), min_size=1, max_size=12))
def test_the_steps_do_not_matter(script, minutes):
    """Moved at once, or in any steps, the same things happen at the same times, and the registries hold the same."""
    at_once, step_by_step = played(script), played(script)
    expected = at_once.clock.advance(minutes=sum(minutes))
    happened = [each for step in minutes for each in step_by_step.clock.advance(minutes=step)]
    assert sorted(expected, key=str) == sorted(happened, key=str)
    for region in REGIONS:
        assert at_once.images(region) == step_by_step.images(region)


@settings(deadline=None, max_examples=60)
@given(st.lists(STEPS, min_size=1, max_size=14))
def test_nothing_is_lost(script):
    """Without deletions, every image of a source is at its destinations half an hour after the last event."""
    trio = played(
        [step for step in script if step[1] in ("push", "archive", "restore")], deletions=False, policies=False
    )
    trio.clock.advance(minutes=30)
    here, there, both = (set(trio.images(region)) for region in REGIONS)
    assert (here, here) == (there, both)


@settings(deadline=None, max_examples=40)
@given(st.lists(STEPS, min_size=1, max_size=14))
def test_copies_come_once(script):
    """What has arrived sets out nowhere: after an hour of rest nothing is under way, and nothing happens any more."""
    trio = played(script, policies=False)
    trio.clock.advance(hours=3)
    assert [] == [arrival for registry in trio.registries.values() for arrival in registry.arrivals]
    assert () == trio.clock.advance(hours=8)
