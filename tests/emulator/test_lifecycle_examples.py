"""AWS's worked examples, and ours, lived through: pushes in the past, then the preview and the run of today."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from client_world import digest_of, index, manifest
from ecrlab.clock import ManualClock

EXAMPLES = json.loads((Path(__file__).parents[1] / "lifecycle" / "examples.json").read_text("utf-8"))
TODAY = datetime(2026, 11, 3, 2, tzinfo=UTC)  # a run of lifecycle policies


@pytest.fixture
def clock() -> ManualClock:
    """A clock that begins long before the oldest push of all examples."""
    return ManualClock(TODAY - timedelta(days=3000))


class Past:
    """The repository of an example, brought about by calls at the right moments."""

    def __init__(self, world, images: list[dict]) -> None:
        self.world = world
        self.images = {image["name"]: image for image in images}
        self.manifests = {name: self._manifest(name) for name in self.images}
        self.digests = {name: digest_of(text) for name, text in self.manifests.items()}
        for days_ago, _, name, act in sorted(self._events(), key=lambda event: (-event[0], event[1])):
            self._move_to(TODAY - timedelta(days=days_ago))
            act(name)
        self._move_to(TODAY - timedelta(seconds=1))

    def _children(self, name: str) -> list[str]:
        return [child for child, image in self.images.items() if name in image.get("referenced_by", ())]

    def _manifest(self, name: str) -> str:
        children = [self._manifest(child) for child in self._children(name)]
        return index(*children, annotations={"name": name}) if children else manifest(annotations={"name": name})

    def _events(self):
        """Yield what happened: days ago, order within the day, image, and the call."""
        for place, (name, image) in enumerate(self.images.items()):
            ages = [image["pushed_days_ago"]] + [
                self.images[parent]["pushed_days_ago"] for parent in image.get("referenced_by", ())
            ]
            order = 100 + image.get("push_order", place) if self._children(name) else image.get("push_order", place)
            yield max(ages), order, name, self._push
            if "pulled_days_ago" in image:
                yield image["pulled_days_ago"], 200, name, self._pull
            if "archived_days_ago" in image:
                yield image["archived_days_ago"], 300, name, self._archive
            if "activated_days_ago" in image:
                yield image["activated_days_ago"], 300, name, self._archive
                yield image["activated_days_ago"], 400, name, self._put

    def _move_to(self, moment: datetime) -> None:
        self.world.clock.advance(seconds=(moment - self.world.clock.now()).total_seconds())

    def _push(self, name: str) -> None:
        self.world.ensure(b"{}")
        tags = [tag.replace(" ", "-") for tag in self.images[name]["tags"]]
        for tag in tags or [None]:
            self.world.put(self.manifests[name], tag)

    def _put(self, name: str) -> None:
        self.world.put(self.manifests[name])

    def _pull(self, name: str) -> None:
        self.world.ecr.batch_get_image(repositoryName="team/api", imageIds=[{"imageDigest": self.digests[name]}])

    def _archive(self, name: str) -> None:
        self.world.ecr.update_image_storage_class(
            repositoryName="team/api", imageId={"imageDigest": self.digests[name]}, targetStorageClass="ARCHIVE"
        )


@pytest.mark.parametrize("example", EXAMPLES, ids=[example["name"] for example in EXAMPLES])
def test_an_example(example, world):
    """The preview announces what the example says, the run does it, and everything else stays as it was."""
    past = Past(world, example["images"])
    policy = json.dumps(example["policy"], indent=8)
    expected = {past.digests[each["image"]]: (each["action"].upper(), each["rule"]) for each in example["expected"]}

    world.ecr.start_lifecycle_policy_preview(repositoryName="team/api", lifecyclePolicyText=policy)
    world.ecr.get_waiter("lifecycle_policy_preview_complete").wait(repositoryName="team/api", WaiterConfig={"Delay": 0})
    results = world.ecr.get_lifecycle_policy_preview(repositoryName="team/api")["previewResults"]
    assert expected == {each["imageDigest"]: (each["action"]["type"], each["appliedRulePriority"]) for each in results}

    before = {image["imageDigest"]: image["imageStatus"] for image in world.details(filter={"imageStatus": "ANY"})}
    world.ecr.put_lifecycle_policy(repositoryName="team/api", lifecyclePolicyText=policy)
    happened = world.clock.advance(seconds=1)
    after = {image["imageDigest"]: image["imageStatus"] for image in world.details(filter={"imageStatus": "ANY"})}
    gone = {digest for digest, (action, _) in expected.items() if action == "EXPIRE"}
    archived = {digest: "ARCHIVED" for digest, (action, _) in expected.items() if action == "TRANSITION"}
    assert {digest: status for digest, status in (before | archived).items() if digest not in gone} == after
    assert (len(expected), {TODAY} if expected else set()) == (len(happened), {event.at for event in happened})
