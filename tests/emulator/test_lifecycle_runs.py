"""What happens by itself when time passes: policies run at 02:00 UTC, referrers follow, restores end."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import boto3
from client_world import OCI_IMAGE, World, index, manifest
from ecrlab import emulator
from ecrlab.clock import ManualClock
from ecrlab.emulator import lifecycle_runs
from hypothesis import given, settings
from hypothesis import strategies as st
from moto import mock_aws
from test_laws import Direct
from test_lifecycle_operations import KEEP_ONE, rule, text

FIRST_RUN = datetime(2026, 11, 3, 2, tzinfo=UTC)  # the clock of the tests begins on the day before, at 09:00


def put_policy(world, policy: str) -> None:
    """Give the repository a policy."""
    world.ecr.put_lifecycle_policy(repositoryName="team/api", lifecyclePolicyText=policy)


def refer_to(subject: str, kind: str = "signature") -> str:
    """Write the manifest of a referrer."""
    descriptor = {"mediaType": OCI_IMAGE, "digest": subject, "size": 400}
    return manifest(subject=descriptor, artifactType=f"application/{kind}")


def digests(world) -> list[str]:
    """List what is there, archived or not, in push order."""
    return [image["imageDigest"] for image in world.details(filter={"imageStatus": "ANY"})]


# --- runs -----------------------------------------------------------------------------------------------------


def test_a_run_comes_within_24_hours_and_not_at_once(world):
    """An advance by a day always brings one; what it did comes back from the advance."""
    old, new = world.push(b"old", tag="v1"), world.push(b"new", tag="v2")
    put_policy(world, KEEP_ONE)
    assert [old, new] == digests(world)
    assert () == world.clock.advance(hours=16, minutes=59)
    (happening,) = world.clock.advance(hours=24)
    assert (FIRST_RUN, f"team/api@{old[:19]} (v1)") == (happening.at, happening.subject)
    assert happening.what.startswith("expired by rule 1")
    assert [new] == digests(world)


def test_days_at_once_are_days_one_by_one(world):
    """Each run has its own moment, and sees the ages of that moment."""
    aged = [world.push(annotations={"n": str(number)}) for number in range(3) if world.clock.advance(days=1) == ()]
    put_policy(world, text(rule(1, "untagged", "sinceImagePushed", 14)))
    happened = world.clock.advance(days=30)
    assert [f"team/api@{digest[:19]}" for digest in aged] == [happening.subject for happening in happened]
    assert [FIRST_RUN + timedelta(days=15 + number) for number in range(3)] == [event.at for event in happened]


def test_every_region_runs(world):
    """Policies of all regions run, and what they do comes back in the order of time."""
    for region in ("us-east-1", "eu-west-1"):
        there = World(boto3.client("ecr", region_name=region), world.clock)
        if region != "us-east-1":
            there.ecr.create_repository(repositoryName="team/api")
        there.push(b"old")
        there.push(b"new")
        put_policy(there, KEEP_ONE)
    assert [FIRST_RUN, FIRST_RUN] == [happening.at for happening in world.clock.advance(days=2)]


def test_a_clock_that_moves_otherwise_is_caught_up_with():
    """Any object with ``now()`` is a clock; the next call finds done what was due."""

    class Watch:
        moment = datetime(2026, 1, 1, tzinfo=UTC)

        def now(self):
            return self.moment

    watch = Watch()
    emulator.install(clock=watch)
    with mock_aws():
        there = World(boto3.client("ecr", region_name="us-east-1"), watch)
        there.ecr.create_repository(repositoryName="team/api")
        there.push(b"old", tag="v1")
        there.push(b"new", tag="v2")
        put_policy(there, KEEP_ONE)
        watch.moment += timedelta(days=1)
        assert ["v2"] == list(there.tags())
    emulator.uninstall()


def test_a_registry_of_a_former_install_is_left_alone():
    """Only the registries that are there now take part in an advance."""
    clock = ManualClock()
    for _ in range(2):
        emulator.install(clock=clock)
    with mock_aws():
        there = World(boto3.client("ecr", region_name="us-east-1"), clock)
        there.ecr.create_repository(repositoryName="team/api")
        there.push(b"old", tag="v1")
        there.push(b"new", tag="v2")
        put_policy(there, KEEP_ONE)
        assert 1 == len(clock.advance(days=1))
    emulator.uninstall()
    assert () == clock.advance(days=1)


def test_in_the_compatible_setting_no_policy_runs():
    """There policies are moto's: kept and given back. What was told to come back from the archive does."""
    clock = ManualClock()
    emulator.install(strict=False, clock=clock)
    with mock_aws():
        there = World(boto3.client("ecr", region_name="us-east-1"), clock)
        there.ecr.create_repository(repositoryName="team/api")
        for number in range(2):
            there.push(f"layer {number}".encode(), tag=f"v{number}")
        put_policy(there, KEEP_ONE)
        for target in ("ARCHIVE", "STANDARD"):
            there.ecr.update_image_storage_class(
                repositoryName="team/api", imageId={"imageTag": "v1"}, targetStorageClass=target
            )
        (happening,) = clock.advance(days=3)
        assert "restored from the archive; it can be pulled again" == happening.what
        assert 2 == len(there.details())
    emulator.uninstall()


def test_archive_by_pull_age_then_delete(world):
    """The two rules that delete what nobody uses: archived after 90 days without a pull, deleted a year later."""
    digest = world.push(b"layer", tag="v1")
    put_policy(
        world,
        text(
            rule(1, "any", "sinceImagePulled", 90, "transition"),
            rule(2, "any", "sinceImageTransitioned", 365, storageClass="archive"),
        ),
    )
    world.clock.advance(days=60)
    world.ecr.batch_get_image(repositoryName="team/api", imageIds=[{"imageTag": "v1"}])
    pulled = world.clock.now()
    (archived,) = world.clock.advance(days=100)
    assert pulled + timedelta(days=90) < archived.at <= pulled + timedelta(days=91)
    assert archived.what.startswith("archived by rule 1")
    (image,) = world.details(filter={"imageStatus": "ARCHIVED"})
    assert (archived.at, ["v1"]) == (image["lastArchivedAt"], image["imageTags"])
    (expired,) = world.clock.advance(days=400)
    assert archived.at + timedelta(days=366) == expired.at
    assert (f"team/api@{digest[:19]} (v1)", []) == (expired.subject, digests(world))


def test_an_index_goes_first_and_its_images_a_day_later(world):
    """While the index is there, its untagged images are kept."""
    child = world.push(b"layer")
    of_index = world.put(index(manifest(b"layer")), "multi")
    put_policy(
        world,
        text(
            rule(1, "tagged", "sinceImagePushed", 5, tagPatternList=["multi"]),
            rule(2, "untagged", "sinceImagePushed", 1),
        ),
    )
    first, second = world.clock.advance(days=30)
    assert (of_index[:19], child[:19]) == (first.subject[9:28], second.subject[9:28])
    assert (timedelta(days=1), []) == (second.at - first.at, digests(world))


def test_layers_of_what_expires_are_dropped(world):
    """As with a deletion by hand; a shared layer stays with the image that is left."""
    world.push(b"own", b"shared", tag="v1")
    world.push(b"shared", tag="v2")
    put_policy(world, KEEP_ONE)
    world.clock.advance(days=1)
    digest = json.loads(manifest(b"own", b"shared"))["layers"]
    answer = world.ecr.batch_check_layer_availability(
        repositoryName="team/api", layerDigests=[layer["digest"] for layer in digest]
    )
    assert [digest[1]["digest"]] == [layer["layerDigest"] for layer in answer["layers"]]


def test_an_image_that_is_being_restored_still_lies_in_the_archive(world):
    """A rule on the archive may take it before the restore ends; a day earlier the restore wins."""
    for days, expected in ((91, ["restored", "archived", "expired"]), (92, ["expired"])):
        world.push(annotations={"days": str(days)}, tag="v1")
        put_policy(
            world,
            text(
                rule(1, "any", "sinceImagePushed", 1, "transition"),
                rule(2, "any", "sinceImageTransitioned", 90, storageClass="archive"),
            ),
        )
        (archived,) = world.clock.advance(days=4)
        due = archived.at + timedelta(days=days - 1, minutes=-10)
        assert () == world.clock.advance(seconds=(due - world.clock.now()).total_seconds())
        world.ecr.update_image_storage_class(
            repositoryName="team/api", imageId={"imageTag": "v1"}, targetStorageClass="STANDARD"
        )
        assert expected == [happening.what.split()[0] for happening in world.clock.advance(days=200)]


def test_what_comes_back_takes_its_place_at_the_next_run(world):
    """A restored image is as new as its restore: within one advance it pushes out the one that was newest."""
    old = world.push(b"old", tag="v1")
    new = world.push(b"new", tag="v2")
    world.ecr.update_image_storage_class(
        repositoryName="team/api", imageId={"imageTag": "v1"}, targetStorageClass="ARCHIVE"
    )
    put_policy(world, KEEP_ONE)
    world.clock.advance(hours=16, minutes=50)
    world.ecr.update_image_storage_class(
        repositoryName="team/api", imageId={"imageTag": "v1"}, targetStorageClass="STANDARD"
    )
    back, expired = world.clock.advance(days=30)
    assert (FIRST_RUN + timedelta(minutes=10), old[:19]) == (back.at, back.subject[9:28])
    assert (FIRST_RUN + timedelta(days=1), new[:19]) == (expired.at, expired.subject[9:28])


# --- referrers ------------------------------------------------------------------------------------------------


def test_referrers_follow_at_the_next_run_without_any_policy(world):
    """The signature goes within 24 hours after its image, and what refers to the signature a day later."""
    subject = world.push(b"layer", tag="v1")
    signature = world.put(refer_to(subject))
    stamp = world.put(refer_to(signature, "stamp"))
    world.delete({"imageDigest": subject})
    assert [signature, stamp] == digests(world)
    first, second = world.clock.advance(days=5)
    assert ((FIRST_RUN, signature[:19]), (FIRST_RUN + timedelta(days=1), stamp[:19])) == (
        (first.at, first.subject[9:28]),
        (second.at, second.subject[9:28]),
    )
    assert "deleted, as the image it refers to was before" == first.what
    assert [] == digests(world)


def test_no_rule_takes_a_referrer_along(world):
    """A rule acts on the image; its signature is in no preview, and follows a day later."""
    subject = world.push(b"layer", tag="v1")
    signature = world.put(refer_to(subject))
    world.push(b"new", tag="v2")
    world.ecr.start_lifecycle_policy_preview(repositoryName="team/api", lifecyclePolicyText=KEEP_ONE)
    world.clock.advance(seconds=1)
    preview = world.ecr.get_lifecycle_policy_preview(repositoryName="team/api")
    assert ([subject], 1) == (
        [result["imageDigest"] for result in preview["previewResults"]],
        preview["summary"]["expiringImageTotalCount"],
    )
    put_policy(world, KEEP_ONE)
    first, second = world.clock.advance(days=5)
    assert [(FIRST_RUN, subject[:19]), (FIRST_RUN + timedelta(days=1), signature[:19])] == [
        (happening.at, happening.subject[9:28]) for happening in (first, second)
    ]
    assert second.what.startswith("deleted")


def test_referrers_follow_into_the_archive(world):
    """They are archived after their image; restoring the image leaves them there."""
    subject = world.push(b"layer", tag="v1")
    signature = world.put(refer_to(subject))
    for target in ("ARCHIVE", "STANDARD"):
        world.ecr.update_image_storage_class(
            repositoryName="team/api", imageId={"imageDigest": subject}, targetStorageClass=target
        )
        happened = [
            event for event in world.clock.advance(days=1) if event.subject.startswith(f"team/api@{signature[:19]}")
        ]
        expected = ["archived, as the image it refers to was before"] if target == "ARCHIVE" else []
        assert expected == [event.what for event in happened]
    assert {subject: "ACTIVE", signature: "ARCHIVED"} == {
        image["imageDigest"]: image["imageStatus"] for image in world.details(filter={"imageStatus": "ANY"})
    }


def test_a_subject_that_came_back_keeps_its_referrers(world):
    """What was deleted and pushed again before the run has lost nothing."""
    subject = world.push(b"layer", tag="v1")
    signature = world.put(refer_to(subject))
    world.delete({"imageDigest": subject})
    world.push(b"layer", tag="v1")
    assert () == world.clock.advance(days=3)
    assert {subject, signature} == set(digests(world))


def test_a_referrer_that_came_before_its_subject_stays(world):
    """The distribution specification lets it be pushed first."""
    world.push()
    world.put(refer_to("sha256:" + "0" * 64))
    assert () == world.clock.advance(days=3)


def test_a_referrer_in_an_index_waits_for_the_index(world):
    """An image that an index refers to goes after the index only."""
    subject = world.push(b"layer", tag="v1")
    signed = refer_to(subject)
    signature = world.put(signed)
    world.put(index(signed), "bundle")
    world.delete({"imageDigest": subject})
    assert () == world.clock.advance(days=2)
    world.delete({"imageTag": "bundle"})
    (followed,) = world.clock.advance(days=1)
    assert f"team/api@{signature[:19]}" == followed.subject


# --- laws -----------------------------------------------------------------------------------------------------

POLICIES = {
    "keep one": KEEP_ONE,
    "old untagged": text(rule(1, "untagged", "sinceImagePushed", 3)),
    "claims": text(
        rule(1, "tagged", "imageCountMoreThan", 1, tagPatternList=["a*"]),
        rule(2, "tagged", "sinceImagePushed", 2, tagPrefixList=["b"]),
        rule(3, "any", "sinceImagePushed", 20),
    ),
    "archive, then delete": text(
        rule(1, "any", "sinceImagePulled", 4, "transition"),
        rule(2, "any", "sinceImageTransitioned", 90, storageClass="archive"),
    ),
    "archive what is beyond one": text(
        rule(1, "untagged", "sinceImagePushed", 7),
        rule(2, "any", "imageCountMoreThan", 1, "transition"),
        rule(3, "any", "sinceImageTransitioned", 95, storageClass="archive"),
    ),
}
STEPS = st.tuples(
    st.sampled_from(["push", "push", "push", "index", "refer", "refer", "archive", "restore", "pull", "delete"]),
    st.integers(0, 9),
    st.sampled_from([None, "a1", "a2", "b1", "c1"]),
    st.sampled_from([0, 0, 7, 24, 30, 80]),
)
SCRIPTS = st.lists(STEPS, min_size=5, max_size=20)


class Play:
    """A registry that a script has filled; its clock tells what happened."""

    def __init__(self, script, policy: str | None = None) -> None:
        self.ecr = Direct()
        self.ecr.clock.subscribe(lambda _, after: lifecycle_runs.catch_up(self.ecr.registry, after))
        self.ecr("CreateRepository")
        self.ecr.upload(b"{}", [])
        self.texts: list[str] = []
        for kind, which, tag, hours in script:
            self._step(kind, which, tag)
            self.ecr.clock.advance(hours=hours)
        if policy:
            self.ecr("PutLifecyclePolicy", lifecyclePolicyText=policy)

    def _step(self, kind: str, which: int, tag: str | None) -> None:
        present = self.details()
        chosen = {"imageDigest": present[which % len(present)]["imageDigest"]} if present else {"imageTag": "none"}
        match kind:
            case "push":
                self._put(manifest(annotations={"n": str(len(self.texts))}), tag)
            case "index":
                self._put(index(self.texts[which % len(self.texts)] if self.texts else manifest()), tag)
            case "refer":
                self._put(refer_to(chosen.get("imageDigest", "sha256:" + "0" * 64), str(which)), tag)
            case "pull":
                self.ecr("BatchGetImage", imageIds=[chosen])
            case "delete":
                self.ecr("BatchDeleteImage", imageIds=[chosen])
            case "archive" | "restore":
                target = "ARCHIVE" if kind == "archive" else "STANDARD"
                self.ecr.refusal("UpdateImageStorageClass", imageId=chosen, targetStorageClass=target)

    def _put(self, document: str, tag: str | None) -> None:
        self.texts.append(document)
        self.ecr.refusal("PutImage", imageManifest=document, **({"imageTag": tag} if tag else {}))

    def details(self):
        """Describe everything."""
        return self.ecr("DescribeImages", filter={"imageStatus": "ANY"}, maxResults=1000)["imageDetails"]

    def advance_to_run(self):
        """Move to the next 02:00; return what happened."""
        hours = (26 - self.ecr.clock.now().hour) % 24 or 24
        return self.ecr.clock.advance(hours=hours)


@settings(deadline=None, max_examples=120)
@given(SCRIPTS, st.sampled_from(sorted(POLICIES)), st.lists(st.integers(1, 60), min_size=1, max_size=5))
def test_it_does_not_matter_in_how_many_steps_time_passes(script, name, days):
    """Runs that are left out would have changed nothing: a day at a time, or all days at once, it is the same."""
    at_once, daily, in_steps = (Play(script, POLICIES[name]) for _ in range(3))
    happened = at_once.ecr.clock.advance(days=sum(days))
    assert happened == tuple(event for _ in range(sum(days)) for event in daily.ecr.clock.advance(days=1))
    assert happened == tuple(event for step in days for event in in_steps.ecr.clock.advance(days=step))
    assert at_once.details() == daily.details() == in_steps.details()
    evaluated = {play.ecr("GetLifecyclePolicy")["lastEvaluatedAt"] for play in (at_once, daily, in_steps)}
    assert 1 == len(evaluated)


@settings(deadline=None, max_examples=120)
@given(SCRIPTS, st.sampled_from(sorted(POLICIES)))
def test_a_preview_shows_what_a_run_at_the_same_moment_does(script, name):
    """Same images, same actions, same rules; what merely follows a subject is in neither."""
    previewed, run = Play(script), Play(script, POLICIES[name])
    previewed.advance_to_run()
    previewed.ecr("StartLifecyclePolicyPreview", lifecyclePolicyText=POLICIES[name])
    previewed.ecr("GetLifecyclePolicyPreview")
    shown = {
        (
            result["imageDigest"][:19],
            {"EXPIRE": "expired", "TRANSITION": "archived"}[result["action"]["type"]],
            result["appliedRulePriority"],
        )
        for result in previewed.ecr("GetLifecyclePolicyPreview", maxResults=100)["previewResults"]
    }
    done = {
        (event.subject[9:28], event.what.split()[0], int(event.what.split()[3].rstrip(":;,")))
        for event in run.advance_to_run()
        if " by rule " in event.what
    }
    assert shown == done


@settings(deadline=None, max_examples=60)
@given(SCRIPTS, st.sampled_from(sorted(POLICIES)))
def test_an_index_in_use_keeps_its_images(script, name):
    """Whatever runs, no index outside the archive has lost an image to a policy, and layers follow their images."""
    play = Play(script, POLICIES[name])
    before = {image["imageDigest"]: image["imageStatus"] for image in play.details()}
    play.ecr.clock.advance(days=200)
    after = {image["imageDigest"]: image["imageStatus"] for image in play.details()}
    images = play.ecr.registry.repository("team/api").images
    for image in images:
        if image.status == "ACTIVE":
            children = [child.digest for child in image.manifest.children if before.get(child.digest) == "ACTIVE"]
            assert all(after.get(digest) == "ACTIVE" for digest in children)
        layers = {blob.digest for blob in image.manifest.blobs}
        assert layers <= play.ecr.registry.repository("team/api").layers.keys()
        archived = {digest for digest in layers if images.has_archived_layer(digest)}
        users = [other for other in images if archived & {blob.digest for blob in other.manifest.blobs}]
        assert all(other.status != "ACTIVE" for other in users)
