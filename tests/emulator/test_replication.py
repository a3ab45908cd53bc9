"""Replication: rules say what is copied where, and copies arrive as the clock moves."""

from __future__ import annotations

from datetime import UTC, datetime

import boto3
import pytest
from client_world import index, manifest, refusal
from ecrlab import emulator, registry, signatures
from ecrlab.clock import ManualClock
from ecrlab.oci import recipes
from moto import mock_aws
from replication_world import EUROPE, OTHER, OWN, TOKYO, at, images, place, replicate, rule, statuses
from scanning_world import on_push
from signing_world import IMAGE, configure, profile
from test_events import Listener

# --- rules ----------------------------------------------------------------------------------------------------

SAME = "Replication destination cannot be the same as the source registry"
REFUSED = {
    "the registry itself": ([rule(place("us-east-1"))], SAME),
    "the registry itself among others": ([rule(), rule(place(), place("us-east-1"))], SAME),
    "a Region that is not there": (
        [rule(place("xx-nowhere-1"))],
        "Replication destination region xx-nowhere-1 is unknown",
    ),
    "another partition": (
        [rule(place("cn-north-1"))],
        "Images cannot be replicated from us-east-1 to cn-north-1, in another partition",
    ),
    "26 destinations": (
        [
            rule(*(place(account=f"{number:012}") for number in range(20))),
            rule(*(place(TOKYO, f"{n:012}") for n in range(6))),
        ],
        "There can be at most 25 unique destinations",
    ),
}


@pytest.mark.parametrize(("rules", "sentence"), REFUSED.values(), ids=REFUSED)
def test_rules_that_cannot_be(rules, sentence, ecr):
    """They are refused whole, and the old rules stay."""
    replicate(ecr, rule(prefixes=("team/",)))
    before = ecr.describe_registry()["replicationConfiguration"]
    parameter = "Invalid parameter at 'replicationConfiguration' failed to satisfy constraint"
    expected = ("InvalidParameterException", f"{parameter}: '{sentence}'")
    assert expected == refusal(ecr.put_replication_configuration, replicationConfiguration={"rules": rules})
    assert before == ecr.describe_registry()["replicationConfiguration"]


def test_rules_are_described(ecr):
    """As they were put, with 25 destinations over several rules; an empty list takes them away."""
    rules = [
        rule(*(place(account=f"{number:012}") for number in range(15)), prefixes=("team/", "pay"), deletions=True),
        rule(*(place(account=f"{number:012}") for number in range(25))),
    ]
    assert {"rules": rules} == replicate(ecr, *rules)["replicationConfiguration"]
    described = ecr.describe_registry()
    assert (OWN, {"rules": rules}) == (described["registryId"], described["replicationConfiguration"])
    replicate(ecr)
    assert {"rules": []} == ecr.describe_registry()["replicationConfiguration"]


# --- pushes ---------------------------------------------------------------------------------------------------


def test_a_push_arrives(world):
    """Under way for ten minutes, then there: the repository, the image with its tag, and its layers."""
    replicate(world.ecr, rule())
    digest = world.push(b"layer", tag="v1")
    world.clock.advance(minutes=9)
    assert [(EUROPE, OWN, "IN_PROGRESS")] == statuses(world, digest)
    assert {} == images(at())
    (happening,) = world.clock.advance(minutes=1)
    assert [(EUROPE, OWN, "COMPLETE")] == statuses(world, digest)
    assert f"team/api@{digest[:19]} (v1)  arrived in eu-west-1 from us-east-1" in str(happening)
    (detail,) = at().describe_images(repositoryName="team/api")["imageDetails"]
    assert (digest, ["v1"], world.clock.now()) == (detail["imageDigest"], detail["imageTags"], detail["imagePushedAt"])
    assert world.details()[0]["imageSizeInBytes"] == detail["imageSizeInBytes"]


def test_a_copy_can_be_pulled(world):
    """The very bytes of the source, config and layers included; and it outlives its source."""
    image = recipes.lab_image("debian-11-old")
    replicate(world.ecr, rule())
    registry.push(world.ecr, image, "team/api", tag="v1")
    world.clock.advance(minutes=1)
    world.ecr.delete_repository(repositoryName="team/api", force=True)
    world.clock.advance(hours=1)
    assert image == registry.pull(at(), "team/api", "v1")


def test_time_that_passes_between_calls():
    """Without a clock that tells when it moves, whoever calls next, at either end, finds the copy there."""

    class Watch:
        now = staticmethod(lambda: Watch.moment)
        moment = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)

    emulator.install(clock=Watch())
    with mock_aws():
        ecr = boto3.client("ecr", region_name="us-east-1")
        ecr.create_repository(repositoryName="team/api")
        replicate(ecr, rule())
        registry.push(ecr, recipes.lab_image("debian-11-old"), "team/api", tag="v1")
        assert {} == images(at())
        Watch.moment = datetime(2026, 11, 2, 10, 0, tzinfo=UTC)
        (copy,) = at().describe_images(repositoryName="team/api")["imageDetails"]
    emulator.uninstall()
    assert datetime(2026, 11, 2, 9, 10, tzinfo=UTC) == copy["imagePushedAt"]


def test_only_from_now_on(world):
    """What was there before the rules stays where it is; taking the rules away leaves the copies."""
    old = world.push(b"old", tag="v1")
    replicate(world.ecr, rule())
    new = world.push(b"new", tag="v2")
    replicate(world.ecr)
    world.clock.advance(hours=1)
    world.push(b"newer", tag="v3")
    world.clock.advance(hours=1)
    assert {new: ["v2"]} == images(at())
    assert [] == statuses(world, old)


def test_filters_are_prefixes(world):
    """A rule with filters covers names that begin with one of them; of several rules each destination counts once."""
    replicate(
        world.ecr,
        rule(place(EUROPE), prefixes=("team/", "pay")),
        rule(place(EUROPE), place(TOKYO), prefixes=("payments",)),
    )
    went = {}
    for name in ("team/api", "payments/api", "my-team/api"):
        if name != "team/api":
            world.ecr.create_repository(repositoryName=name)
        digest = world.push(b"layer", tag="v1", repository=name)
        went[name] = [status[0] for status in statuses(world, digest, name)]
    assert {"team/api": [EUROPE], "payments/api": [EUROPE, TOKYO], "my-team/api": []} == went
    assert 3 == len(world.clock.advance(minutes=10))


def test_no_chain(world):
    """What has arrived is sent on nowhere, and not back."""
    replicate(world.ecr, rule(place(EUROPE)))
    replicate(at(EUROPE), rule(place(TOKYO), place("us-east-1")))
    digest = world.push(b"layer", tag="v1")
    world.clock.advance(hours=1)
    assert ({digest: ["v1"]}, {}) == (images(at(EUROPE)), images(at(TOKYO)))


def test_an_index_brings_its_images(world):
    """Those pushed before the rules, too."""
    child = manifest(b"a")
    digest = world.push(b"a")
    replicate(world.ecr, rule())
    whole = world.put(index(child), "multi")
    world.clock.advance(minutes=10)
    assert {digest: [], whole: ["multi"]} == images(at())


def test_a_tag_moves_as_at_the_source(world):
    """The image that had it stays, without it."""
    replicate(world.ecr, rule())
    first, second = world.push(b"1", tag="latest"), world.push(b"2", tag="latest")
    world.clock.advance(minutes=10)
    assert {first: [], second: ["latest"]} == images(at())


def test_an_immutable_destination(world):
    """The image arrives without the tag that is taken there; that is COMPLETE all the same."""
    at().create_repository(repositoryName="team/api", imageTagMutability="IMMUTABLE")
    replicate(world.ecr, rule())
    first, second = world.push(b"1", tag="latest"), world.push(b"2", tag="latest")
    world.clock.advance(minutes=10)
    assert {first: ["latest"], second: []} == images(at())
    assert [(EUROPE, OWN, "COMPLETE")] == statuses(world, second)


def test_settings_are_not_copied(world):
    """A repository that replication makes has defaults, and its scan on push is its own."""
    world.ecr.put_image_tag_mutability(repositoryName="team/api", imageTagMutability="IMMUTABLE")
    replicate(world.ecr, rule())
    world.push(b"layer", tag="v1")
    world.clock.advance(minutes=10)
    (made,) = at().describe_repositories()["repositories"]
    expected = ("MUTABLE", {"encryptionType": "AES256"}, {"scanOnPush": False}, world.clock.now())
    members = ("imageTagMutability", "encryptionConfiguration", "imageScanningConfiguration", "createdAt")
    assert expected == tuple(made[name] for name in members)


def test_scanned_on_arrival(world):
    """A destination that scans on push scans what arrives."""
    there = at()
    on_push(type(world)(there, world.clock))
    replicate(world.ecr, rule())
    registry.push(world.ecr, recipes.lab_image("debian-11-old"), "team/api", tag="v1")
    world.clock.advance(minutes=11)
    findings = there.describe_image_scan_findings(repositoryName="team/api", imageId={"imageTag": "v1"})
    assert "COMPLETE" == findings["imageScanStatus"]["status"]


def test_a_signature_follows(world):
    """Managed signing puts its signature beside the image, and that is a push."""
    configure(world.ecr, {"signingProfileArn": profile()})
    replicate(world.ecr, rule())
    registry.push(world.ecr, IMAGE, "team/api", tag="v1")
    world.clock.advance(minutes=10)
    listed = at().list_image_referrers(repositoryName="team/api", subjectId={"imageDigest": str(IMAGE.digest)})
    assert [signatures.SIGNATURE_TYPE] == [each["artifactType"] for each in listed["referrers"]]


# --- the archive ----------------------------------------------------------------------------------------------


def move(ecr, target: str) -> None:
    """Archive team/api:v1, or begin to restore it."""
    ecr.update_image_storage_class(repositoryName="team/api", imageId={"imageTag": "v1"}, targetStorageClass=target)


def test_archiving_is_not_copied_and_a_copy_restores(world):
    """An archived image at the destination is back when its next copy arrives; archiving is not copied."""
    replicate(world.ecr, rule())
    digest = world.push(b"layer", tag="v1")
    world.clock.advance(minutes=10)
    move(world.ecr, "ARCHIVE")
    world.clock.advance(days=1)
    (copy,) = at().describe_images(repositoryName="team/api")["imageDetails"]
    assert "ACTIVE" == copy["imageStatus"]
    move(at(), "ARCHIVE")
    world.put(manifest(b"layer"), "v2")
    world.clock.advance(minutes=10)
    assert {digest: ["v1", "v2"]} == images(at())
    (copy,) = at().describe_images(repositoryName="team/api")["imageDetails"]
    assert "ACTIVE" == copy["imageStatus"]


def test_a_restore_counts_as_a_push(world):
    """It sets out when the restore ends, with all tags, under the rules of that moment."""
    digest = world.push(b"layer", tag="v1")
    world.put(manifest(b"layer"), "stable")
    move(world.ecr, "ARCHIVE")
    replicate(world.ecr, rule())
    move(world.ecr, "STANDARD")
    whats = [(str(each.at.time()), each.what.split()[0]) for each in world.clock.advance(days=2)]
    assert [("09:20:00", "restored"), ("09:30:00", "arrived")] == whats
    assert {digest: ["v1", "stable"]} == images(at())


# --- what is asked, and told ----------------------------------------------------------------------------------


def test_a_status_names_its_image(world):
    """By digest and by tag; an image that is not there is refused."""
    digest = world.push(b"layer", tag="v1")
    answer = world.ecr.describe_image_replication_status(repositoryName="team/api", imageId={"imageTag": "v1"})
    expected = ("team/api", {"imageDigest": digest, "imageTag": "v1"}, [])
    assert expected == tuple(answer[name] for name in ("repositoryName", "imageId", "replicationStatuses"))
    ask = world.ecr.describe_image_replication_status
    assert (
        "ImageNotFoundException",
        "The image with imageId {imageDigest:'null', imageTag:'v9'} does not exist within the repository with name "
        "'team/api' in the registry with id '123456789012'",
    ) == refusal(ask, repositoryName="team/api", imageId={"imageTag": "v9"})
    assert (
        "RepositoryNotFoundException",
        "The repository with name 'team/web' does not exist in the registry with id '123456789012'",
    ) == refusal(ask, repositoryName="team/web", imageId={"imageTag": "v1"})


def test_the_destination_is_told(world):
    """One event with the members that AWS documents, in the Region where the copy arrives, and none as a push."""
    here, there = Listener({"source": ["aws.ecr"]}), Listener({"source": ["aws.ecr"]}, EUROPE)
    replicate(world.ecr, rule())
    digest = world.push(b"layer", tag="v1")
    world.clock.advance(minutes=30)
    assert ["PUSH"] == [detail["action-type"] for detail in here.details()]
    (event,) = there.heard()
    expected = {
        "result": "SUCCESS",
        "repository-name": "team/api",
        "image-digest": digest,
        "source-account": OWN,
        "action-type": "REPLICATE",
        "source-region": "us-east-1",
        "image-tag": "v1",
    }
    assert ("ECR Replication Action", EUROPE, "2026-11-02T09:10:00Z", expected) == (
        event["detail-type"],
        event["region"],
        event["time"],
        event["detail"],
    )
    assert [f"arn:aws:ecr:eu-west-1:{OWN}:repository/team/api"] == event["resources"]


def test_nothing_is_copied_in_the_compatible_setting():
    """There rules are moto's, which keeps them."""
    clock = ManualClock()
    emulator.install(strict=False, clock=clock)
    with mock_aws():
        ecr = boto3.client("ecr", region_name="us-east-1")
        ecr.create_repository(repositoryName="team/api")
        replicate(ecr, rule(place(account=OTHER)))
        ecr.put_image(repositoryName="team/api", imageManifest=manifest(b"layer"), imageTag="v1")
        assert () == clock.advance(hours=1)
    emulator.uninstall()
