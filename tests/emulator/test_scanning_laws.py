"""Laws of scanning: it does not matter in how many steps time passes, nor in which order layers were seen first."""

from __future__ import annotations

from functools import cache
from typing import Any

from ecrlab.emulator import lifecycle_runs
from ecrlab.emulator.state import Registry
from ecrlab.oci import recipes
from hypothesis import given, settings
from hypothesis import strategies as st
from scanning_world import rule
from test_laws import Direct

NAMES = ("debian-12-2023", "java-app-old", "python-app-old")
WAYS = (("BASIC", "SCAN_ON_PUSH"), ("ENHANCED", "SCAN_ON_PUSH"), ("ENHANCED", "CONTINUOUS_SCAN"), ("ENHANCED", None))
KEEP_TWO = (
    '{"rules": [{"rulePriority": 1, "description": "Keep the two latest images, whatever their tags are",'
    ' "selection": {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 2},'
    ' "action": {"type": "expire"}}]}'
)


@cache
def blobs(name: str) -> tuple[bytes, ...]:
    """Return the config and the layers of a lab image."""
    image = recipes.lab_image(name)
    layers = []
    for layer in image.layers:
        with layer.open() as stream:
            layers.append(stream.read())
    return image.config, *layers


class Play:
    """A registry that a script has filled; it keeps its events."""

    def __init__(self, script: list[tuple[str, int, int]]) -> None:
        self.events: list[Any] = []
        self.ecr = Direct(Registry("111122223333", "us-east-1", self.events.append))
        self.ecr.clock.subscribe(lambda _, after: lifecycle_runs.catch_up(self.ecr.registry, after))
        self.ecr("CreateRepository")
        self.ecr("PutLifecyclePolicy", lifecyclePolicyText=KEEP_TWO)
        for kind, which, minutes in script:
            self._step(kind, which)
            self.ecr.clock.advance(minutes=minutes)

    def _step(self, kind: str, which: int) -> None:
        tag = {"imageTag": f"v{which}"}
        match kind:
            case "push":
                name = NAMES[which % len(NAMES)]
                for data in blobs(name):
                    self._upload(data)
                self.ecr.refusal("PutImage", imageManifest=recipes.lab_image(name).manifest.decode(), **tag)
            case "configure":
                scan_type, frequency = WAYS[which % len(WAYS)]
                rules = [rule(frequency, "*")] if frequency else []
                self.ecr("PutRegistryScanningConfiguration", scanType=scan_type, rules=rules)
            case "scan":
                self.ecr.refusal("StartImageScan", imageId=tag)
            case "look":
                self.ecr.refusal("DescribeImageScanFindings", imageId=tag)
            case "delete":
                self.ecr("BatchDeleteImage", imageIds=[tag])
            case "archive" | "restore":
                target = "ARCHIVE" if kind == "archive" else "STANDARD"
                self.ecr.refusal("UpdateImageStorageClass", imageId=tag, targetStorageClass=target)

    def _upload(self, data: bytes) -> None:
        upload_id = self.ecr("InitiateLayerUpload")["uploadId"]
        part = {"partFirstByte": 0, "partLastByte": len(data) - 1, "layerPartBlob": data}
        self.ecr("UploadLayerPart", uploadId=upload_id, **part)
        digest = self.ecr.registry.repository("team/api").uploads[upload_id].digest
        self.ecr.refusal("CompleteLayerUpload", uploadId=upload_id, layerDigests=[digest])

    def standings(self) -> dict[str, Any]:
        """Look at every image twice; return the second answers, or what was refused."""
        images = self.ecr("DescribeImages", filter={"imageStatus": "ANY"})["imageDetails"]
        found: dict[str, Any] = {"images": images}
        for image in images:
            wanted = {"imageId": {"imageDigest": image["imageDigest"]}}
            refused = self.ecr.refusal("DescribeImageScanFindings", **wanted)
            found[image["imageDigest"]] = refused or self.ecr("DescribeImageScanFindings", **wanted)
        return found


STEPS = st.tuples(
    st.sampled_from(("push", "push", "push", "configure", "configure", "scan", "look", "delete", "archive", "restore")),
    st.integers(0, 3),
    st.sampled_from((0, 0, 1, 25, 60 * 11, 60 * 24 * 5)),
)


@settings(deadline=None, max_examples=60)
@given(st.lists(STEPS, min_size=4, max_size=14), st.lists(st.integers(1, 9), min_size=1, max_size=4))
def test_it_does_not_matter_in_how_many_steps_time_passes(script, days):
    """Happenings, events, statuses and findings are the same, an hour at a time or all at once."""
    at_once, in_steps, hourly = (Play(script) for _ in range(3))
    happened = at_once.ecr.clock.advance(days=sum(days))
    assert happened == tuple(each for step in days for each in in_steps.ecr.clock.advance(days=step))
    assert happened == tuple(each for _ in range(24 * sum(days)) for each in hourly.ecr.clock.advance(hours=1))
    assert at_once.events == in_steps.events == hourly.events
    assert at_once.standings() == in_steps.standings() == hourly.standings()


@settings(deadline=None, max_examples=40)
@given(st.lists(STEPS, min_size=4, max_size=14))
def test_a_scan_is_under_way_or_over(script):
    """Who looks twice never sees a scan under way, and what has findings has counts that add up."""
    play = Play(script)
    for answer in play.standings().values():
        if not isinstance(answer, dict):
            continue
        assert answer["imageScanStatus"]["status"] not in ("IN_PROGRESS", "PENDING")
        findings = answer.get("imageScanFindings", {})
        shown = [*findings.get("findings", ()), *findings.get("enhancedFindings", ())]
        assert sum(findings.get("findingSeverityCounts", {}).values()) == len(shown)
