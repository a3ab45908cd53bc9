"""Basic scanning: from real layers to findings, once in 24 hours, under way at first and then complete."""

from __future__ import annotations

import gzip
import json
from datetime import timedelta
from pathlib import Path

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import WaiterError
from botocore.validate import ParamValidator
from client_world import digest_of, index, manifest, refusal
from ecrlab import oci, registry
from ecrlab.clock import START
from ecrlab.emulator.model import service_model
from ecrlab.oci import recipes
from scanning_world import counts, enhanced, look, move, on_push, push, rule, start, status
from test_laws import Direct

LAB_IMAGES = json.loads((Path(__file__).parent / "scanning_lab_images.json").read_text("utf-8"))["cases"]
COMPLETE = {"status": "COMPLETE", "description": "The scan was completed successfully."}


def layers_of(image: oci.Image) -> list[bytes]:
    """Return the bytes of an image's layers."""
    blobs = []
    for layer in image.layers:
        with layer.open() as stream:
            blobs.append(stream.read())
    return blobs


@pytest.mark.parametrize("name", LAB_IMAGES)
def test_a_lab_image_has_these_findings(name, world):
    """Basic scanning sees the system's packages, enhanced scanning those of the languages, too."""
    on_push(world)
    push(world, name)
    world.clock.advance(minutes=1)
    found = {"BASIC": counts(world)}
    enhanced(world)
    world.clock.advance(minutes=1)
    found["ENHANCED"] = counts(world)
    assert LAB_IMAGES[name] == found


def test_every_lab_image_is_in_the_table():
    """A new one gets its line."""
    assert set(recipes.LAB_IMAGES) == set(LAB_IMAGES)


# --- under way, and over --------------------------------------------------------------------------------------


def test_a_scan_is_under_way_at_first_and_complete_at_the_second_look(world):
    """StartImageScan and the first look say IN_PROGRESS, without findings."""
    digest = push(world, "debian-12-2023")
    started = start(world)
    del started["ResponseMetadata"]
    about = {
        "registryId": "123456789012",
        "repositoryName": "team/api",
        "imageId": {"imageDigest": digest, "imageTag": "v1"},
    }
    assert about | {"imageScanStatus": {"status": "IN_PROGRESS"}} == started
    first, second = look(world), look(world)
    assert ("IN_PROGRESS", False) == (first["imageScanStatus"]["status"], "imageScanFindings" in first)
    assert COMPLETE == second["imageScanStatus"]
    assert START == second["imageScanFindings"]["imageScanCompletedAt"]


@pytest.mark.parametrize(("seconds", "expected"), [(29, "IN_PROGRESS"), (30, "COMPLETE"), (3600, "COMPLETE")])
def test_a_scan_takes_half_a_minute(seconds, expected, world):
    """A look at a later time finds it complete; it ended then, whenever somebody looks."""
    push(world, "debian-12-2023")
    start(world)
    world.clock.advance(seconds=seconds)
    answer = look(world)
    assert expected == answer["imageScanStatus"]["status"]
    if expected == "COMPLETE":
        assert START + timedelta(seconds=30) == answer["imageScanFindings"]["imageScanCompletedAt"]


def test_the_waiter_waits(world):
    """Botocore's image_scan_complete succeeds with the second look."""
    push(world, "debian-12-2023")
    start(world)
    waiter = world.ecr.get_waiter("image_scan_complete")
    waiter.wait(repositoryName="team/api", imageId={"imageTag": "v1"}, WaiterConfig={"Delay": 0, "MaxAttempts": 2})
    assert "COMPLETE" == status(world)


def test_the_waiter_fails_where_nothing_can_be_scanned(world):
    """The image has no operating system: FAILED, as AWS says it."""
    registry.push(world.ecr, oci.image(oci.layer({"hello.txt": "hello"})), "team/api", tag="v1")
    start(world)
    waiter = world.ecr.get_waiter("image_scan_complete")
    with pytest.raises(WaiterError):
        waiter.wait(repositoryName="team/api", imageId={"imageTag": "v1"}, WaiterConfig={"Delay": 0, "MaxAttempts": 2})
    answer = look(world)
    expected = {
        "status": "FAILED",
        "description": "UnsupportedImageError: The operating system and/or package manager are not supported.",
    }
    assert (expected, False) == (answer["imageScanStatus"], "imageScanFindings" in answer)


UNSUPPORTED = {  # id: what os-release says
    "a system that nobody knows": 'ID=elxr\nVERSION_ID="12"\n',
    "a release that AWS does not know yet": 'ID=debian\nVERSION_ID="99"\n',
}


@pytest.mark.parametrize("os_release", UNSUPPORTED.values(), ids=UNSUPPORTED)
def test_an_unknown_system_cannot_be_scanned(os_release, world):
    """Whatever packages are in it."""
    base = recipes.lab_image("debian-12-2023")
    image = oci.append(base, oci.layer({"etc/os-release": os_release, "usr/lib/os-release": os_release}))
    registry.push(world.ecr, image, "team/api", tag="v1")
    start(world)
    world.clock.advance(minutes=1)
    assert "FAILED" == status(world)


HOSTILE = {  # id: a layer that is none, or not whole
    "bytes that are no archive": lambda whole: b"layer",
    "a gzip stream that breaks off": lambda whole: whole[: len(whole) // 2],
    "a gzip stream of zeros": lambda whole: gzip.compress(bytes(100_000)),
    "nothing behind the head": lambda whole: whole[:10],
}


@pytest.mark.parametrize("layer", HOSTILE.values(), ids=HOSTILE)
def test_no_finding_is_made_up(layer, world):
    """What cannot be read has no findings; the scan fails, the call does not."""
    (whole,) = layers_of(recipes.lab_image("debian-11-old"))[:1]
    world.push(layer(whole), tag="v1")
    start(world)
    world.clock.advance(minutes=1)
    answer = look(world)
    assert ("FAILED", False) == (answer["imageScanStatus"]["status"], "imageScanFindings" in answer)


# --- what is found --------------------------------------------------------------------------------------------


def test_findings_have_the_shape_of_ecr():
    """What botocore's validator says of both shapes, before anything goes over the wire."""
    direct, image = Direct(), recipes.lab_image("java-app-old")
    direct("CreateRepository")
    for blob in (image.config, *layers_of(image)):
        direct.upload(blob, [])
    direct("PutImage", imageManifest=image.manifest.decode(), imageTag="v1")
    shape = service_model().operation_model("DescribeImageScanFindings").output_shape
    for kind, member in (("BASIC", "findings"), ("ENHANCED", "enhancedFindings")):
        direct("PutRegistryScanningConfiguration", scanType=kind, rules=[rule("SCAN_ON_PUSH", "*")])
        direct.refusal("StartImageScan", imageId={"imageTag": "v1"})
        direct.clock.advance(minutes=1)
        answer = direct("DescribeImageScanFindings", imageId={"imageTag": "v1"})
        answer = {name: value for name, value in answer.items() if value is not None}
        assert "" == ParamValidator().validate(answer, shape).generate_report()
        assert member in answer["imageScanFindings"]


def test_findings_come_in_pages(world):
    """Every finding once, in one order, whatever the size of the pages; a token of another image is refused."""
    push(world, "debian-11-old")
    push(world, "debian-12-2023", tag="v2")
    start(world, "v1")
    start(world, "v2")
    world.clock.advance(minutes=1)
    everything = look(world)["imageScanFindings"]["findings"]
    for size in (1, 5, 18, 1000):
        found = [
            finding
            for answer in world.ecr.get_paginator("describe_image_scan_findings").paginate(
                repositoryName="team/api", imageId={"imageTag": "v1"}, PaginationConfig={"PageSize": size}
            )
            for finding in answer["imageScanFindings"]["findings"]
        ]
        assert everything == found
    token = look(world, maxResults=1)["nextToken"]
    expected = "Invalid parameter at 'nextToken' failed to satisfy constraint: 'Invalid next token'"
    described = {"repositoryName": "team/api", "imageId": {"imageTag": "v2"}, "nextToken": token}
    assert ("InvalidParameterException", expected) == refusal(world.ecr.describe_image_scan_findings, **described)


def test_every_page_has_the_counts_of_all(world):
    """FindingSeverityCounts does not shrink with the page."""
    push(world, "debian-11-old")
    start(world)
    world.clock.advance(minutes=1)
    page = look(world, maxResults=2)["imageScanFindings"]
    assert (2, LAB_IMAGES["debian-11-old"]["BASIC"]) == (len(page["findings"]), page["findingSeverityCounts"])


def test_describe_images_has_a_summary(world):
    """Status, and counts once the scan is over; looking there does not end it."""
    push(world, "debian-12-2023")
    assert "imageScanStatus" not in world.details()[0]
    start(world)
    assert ["IN_PROGRESS"] * 3 == [world.details()[0]["imageScanStatus"]["status"] for _ in range(3)]
    world.clock.advance(minutes=1)
    (image,) = world.details()
    assert COMPLETE == image["imageScanStatus"]
    findings = look(world)["imageScanFindings"]
    del findings["findings"]
    assert findings == image["imageScanFindingsSummary"]


def test_the_advisories_are_not_newer_than_the_scan(world):
    """VulnerabilitySourceUpdatedAt is their day, or the scan's moment if the clock of the lab is behind."""
    push(world, "debian-12-2023")
    start(world)
    world.clock.advance(minutes=1)
    findings = look(world)["imageScanFindings"]
    assert findings["imageScanCompletedAt"] == findings["vulnerabilitySourceUpdatedAt"]
    world.clock.advance(days=60)
    start(world)
    world.clock.advance(minutes=1)
    findings = look(world)["imageScanFindings"]
    assert findings["vulnerabilitySourceUpdatedAt"] < findings["imageScanCompletedAt"]


# --- when it may be scanned -----------------------------------------------------------------------------------


def test_error_a_second_scan_within_24_hours(world):
    """Scans on push count; a day later there may be another."""
    on_push(world)
    push(world, "debian-12-2023")
    expected = ("LimitExceededException", "The scan quota per image has been exceeded. Wait and try again.")
    wanted = {"repositoryName": "team/api", "imageId": {"imageTag": "v1"}}
    impatient = boto3.client("ecr", region_name="us-east-1", config=Config(retries={"total_max_attempts": 1}))
    for hours in (0, 23, 0.99):
        world.clock.advance(hours=hours)
        assert expected == refusal(impatient.start_image_scan, **wanted)
    world.clock.advance(minutes=1)
    assert "IN_PROGRESS" == start(world)["imageScanStatus"]["status"]
    world.clock.advance(minutes=1)
    assert START + timedelta(hours=24, minutes=0.9) == look(world)["imageScanFindings"]["imageScanCompletedAt"]


def test_error_more_than_100_000_scans_within_24_hours():
    """The quota of a registry; the oldest scans make room."""
    direct = Direct()
    direct("CreateRepository")
    direct.upload(b"{}", [])
    direct("PutImage", imageManifest=manifest(), imageTag="v1")
    direct.registry.basic_scans.extend([direct.clock.now()] * 100_000)
    assert "LimitExceededException" == direct.refusal("StartImageScan", imageId={"imageTag": "v1"})
    direct.clock.advance(hours=24)
    assert direct.refusal("StartImageScan", imageId={"imageTag": "v1"}) is None


def test_a_push_is_scanned_where_a_filter_covers_it(world):
    """Elsewhere there is no scan until somebody asks."""
    world.ecr.create_repository(repositoryName="team/prod-api")
    on_push(world, "prod")
    push(world, "debian-12-2023", repository="team/prod-api")
    push(world, "debian-12-2023")
    described = {"repositoryName": "team/prod-api", "imageId": {"imageTag": "v1"}}
    assert "IN_PROGRESS" == world.ecr.describe_image_scan_findings(**described)["imageScanStatus"]["status"]
    code, _ = refusal(look, world=world)
    assert "ScanNotFoundException" == code


def test_a_tag_that_moves_back_within_a_day_is_no_new_scan(world):
    """A known image under another tag is pushed, and was scanned already; the push goes through."""
    on_push(world)
    push(world, "debian-12-2023", tag="v1")
    world.clock.advance(hours=1)
    push(world, "debian-12-2023", tag="v2")
    assert ("COMPLETE", "COMPLETE") == (status(world, "v1"), status(world, "v2"))


def test_the_images_of_an_index_are_scanned(world):
    """The index itself is not."""
    on_push(world)
    registry.push(world.ecr, recipes.multi_platform("debian-12-2023"), "team/api", tag="multi")
    assert "ScanNotFoundException" == refusal(look, world=world, tag="multi")[0]
    world.clock.advance(minutes=1)
    scanned = [image["imageScanStatus"]["status"] for image in world.details() if "imageScanStatus" in image]
    assert ["COMPLETE", "COMPLETE"] == scanned


# --- refusals -------------------------------------------------------------------------------------------------

WITHIN = "in the repository with name '{}' in the registry with id '123456789012'"


@pytest.fixture
def names(world) -> dict[str, str]:
    """Push an image (v1), its index (multi), an archived image (old) and a signature (sig); return their digests."""
    world.push(b"old", tag="old")
    move(world, "ARCHIVE", "old")
    app = manifest(b"app")
    digests = {"v1": world.push(b"app", tag="v1"), "multi": world.put(index(app), "multi"), "old": digest_of_old()}
    signature = json.loads(manifest(b"app"))
    signature["config"]["mediaType"] = "application/vnd.oci.empty.v1+json"
    return digests | {"sig": world.put(json.dumps(signature), "sig")}


def digest_of_old() -> str:
    """Return the digest of the archived image."""
    return digest_of(manifest(b"old"))


REFUSED = {  # id: (operation, repository, image id, code, message; {x} is the digest of the image with tag x)
    "a scan of an index": (
        "start_image_scan",
        "team/api",
        {"imageTag": "multi"},
        "UnsupportedImageTypeException",
        "The image with digest '{multi}' in the repository with name 'team/api' in the registry with id '123456789012' "
        "is of a type that cannot be scanned",
    ),
    "a scan of a signature": (
        "start_image_scan",
        "team/api",
        {"imageTag": "sig"},
        "UnsupportedImageTypeException",
        "The image with digest '{sig}' in the repository with name 'team/api' in the registry with id '123456789012' "
        "is of a type that cannot be scanned",
    ),
    "a scan of what is archived": (
        "start_image_scan",
        "team/api",
        {"imageTag": "old"},
        "ImageArchivedException",
        "The image with digest '{old}' in the repository with name 'team/api' in the registry with id '123456789012' "
        "is archived and cannot be scanned",
    ),
    "a scan of nothing": (
        "start_image_scan",
        "team/api",
        {"imageTag": "none"},
        "ImageNotFoundException",
        "The image with imageId {{imageDigest:'null', imageTag:'none'}} does not exist within the repository with name "
        "'team/api' in the registry with id '123456789012'",
    ),
    "a scan in no repository": (
        "start_image_scan",
        "team/none",
        {"imageTag": "v1"},
        "RepositoryNotFoundException",
        "The repository with name 'team/none' does not exist in the registry with id '123456789012'",
    ),
    "findings of what was not scanned": (
        "describe_image_scan_findings",
        "team/api",
        {"imageTag": "v1"},
        "ScanNotFoundException",
        "Image scan does not exist for the image with '{{imageDigest:'null', imageTag:'v1'}}' in the repository with "
        "name 'team/api' in the registry with id '123456789012'",
    ),
    "findings of an index": (
        "describe_image_scan_findings",
        "team/api",
        {"imageTag": "multi"},
        "ScanNotFoundException",
        "Image scan does not exist for the image with '{{imageDigest:'null', imageTag:'multi'}}' in the repository "
        "with name 'team/api' in the registry with id '123456789012'",
    ),
    "findings of nothing": (
        "describe_image_scan_findings",
        "team/api",
        {"imageTag": "none"},
        "ImageNotFoundException",
        "The image with imageId {{imageDigest:'null', imageTag:'none'}} does not exist within the repository with name "
        "'team/api' in the registry with id '123456789012'",
    ),
    "findings in no repository": (
        "describe_image_scan_findings",
        "team/none",
        {"imageTag": "v1"},
        "RepositoryNotFoundException",
        "The repository with name 'team/none' does not exist in the registry with id '123456789012'",
    ),
}


@pytest.mark.parametrize(
    ("operation", "repository", "image_id", "expected_code", "expected"), REFUSED.values(), ids=REFUSED
)
def test_error_what_is_refused(operation, repository, image_id, expected_code, expected, names, ecr):
    """The code is AWS's, the message as far as it is known."""
    code, message = refusal(getattr(ecr, operation), repositoryName=repository, imageId=image_id)
    assert (expected_code, expected.format(**names)) == (code, message)


def test_error_a_setting_of_no_repository(ecr):
    """PutImageScanningConfiguration names a repository that is there."""
    code, message = refusal(
        ecr.put_image_scanning_configuration,
        repositoryName="team/none",
        imageScanningConfiguration={"scanOnPush": True},
    )
    expected = "The repository with name 'team/none' does not exist in the registry with id '123456789012'"
    assert ("RepositoryNotFoundException", expected) == (code, message)


def test_error_a_scan_by_hand_where_amazon_inspector_scans(world):
    """Enhanced scanning has no manual scans: ValidationException, whether the image is there or not."""
    push(world, "debian-12-2023")
    enhanced(world)
    for tag in ("v1", "none"):
        code, message = refusal(world.ecr.start_image_scan, repositoryName="team/api", imageId={"imageTag": tag})
        assert ("ValidationException", "This feature is disabled") == (code, message)


# --- the archive ----------------------------------------------------------------------------------------------


def test_what_is_archived_shows_no_findings_until_it_is_back(world):
    """IMAGE_ARCHIVED; after a restore by hand the old result is there, for the quota of the day is used up."""
    push(world, "debian-12-2023")
    start(world)
    world.clock.advance(minutes=1)
    move(world, "ARCHIVE")
    answer = look(world)
    assert ("IMAGE_ARCHIVED", False) == (answer["imageScanStatus"]["status"], "imageScanFindings" in answer)
    move(world, "STANDARD")
    assert "IMAGE_ARCHIVED" == status(world)
    world.clock.advance(minutes=20)
    assert "COMPLETE" == status(world)


def test_a_scan_ends_with_the_move_into_the_archive(world):
    """It does not count, and another one may begin after the restore."""
    push(world, "debian-12-2023")
    start(world)
    move(world, "ARCHIVE")
    assert () == world.clock.advance(minutes=5)
    move(world, "STANDARD")
    world.clock.advance(minutes=20)
    start(world)
    world.clock.advance(minutes=1)
    assert "COMPLETE" == status(world)


@pytest.mark.parametrize("how", ["restore", "push"])
def test_a_return_from_the_archive_is_scanned_like_a_push(how, world):
    """Twenty minutes after the restore began, or at once with another push."""
    on_push(world)
    push(world, "debian-12-2023")
    move(world, "ARCHIVE")
    world.clock.advance(days=2)
    if how == "push":
        push(world, "debian-12-2023")
        back_at = world.clock.now()
    else:
        move(world, "STANDARD")
        back_at = world.clock.now() + timedelta(minutes=20)
    world.clock.advance(hours=1)
    assert back_at + timedelta(seconds=30) == look(world)["imageScanFindings"]["imageScanCompletedAt"]


# --- many images ----------------------------------------------------------------------------------------------


class Counted(tuple):
    """The parts of a layer; it counts how often somebody has read them."""

    reads = 0

    def __iter__(self):
        """Read the parts."""
        type(self).reads += 1
        return super().__iter__()


def test_a_layer_is_read_once_for_a_thousand_images():
    """The registry keeps what a layer says for as long as it has the layer."""
    direct, layers = Direct(), layers_of(recipes.lab_image("debian-11-old"))
    kept = [direct.registry.store(digest_of(data), len(data), Counted((data,))) for data in layers]
    direct("CreateRepository")
    direct("PutRegistryScanningConfiguration", rules=[rule("SCAN_ON_PUSH", "*")])
    for data in layers:
        direct.upload(data, [])
    for number in range(1000):
        config = json.dumps({"architecture": "amd64", "os": "linux", "author": f"number {number}"}).encode()
        direct.upload(config, [])
        direct("PutImage", imageManifest=manifest(*layers, config=config), imageTag=f"v{number}")
    direct.clock.advance(minutes=1)
    answer = direct("DescribeImageScanFindings", imageId={"imageTag": "v999"})
    assert LAB_IMAGES["debian-11-old"]["BASIC"] == answer["imageScanFindings"]["findingSeverityCounts"]
    assert (len(layers), len(layers)) == (len(direct.registry.layer_contents), Counted.reads)
    images = [{"imageTag": f"v{number}"} for number in range(1000)]
    for first in range(0, 1000, 100):
        direct("BatchDeleteImage", imageIds=images[first : first + 100])
    kept.clear()
    assert 0 == len(direct.registry.layer_contents)
