"""Enhanced scanning: by filter, once or every day, for fourteen days after a push; and what a change of type hides."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import boto3
import pytest
from client_world import refusal
from ecrlab import oci, registry
from ecrlab.clock import START, ManualClock
from scanning_world import counts, enhanced, look, move, on_push, push, start, status

CONTINUES = {"status": "ACTIVE", "description": "Continuous scan is selected for image."}
DONE = {"status": "COMPLETE", "description": "The scan was completed successfully."}
NOTHING = {"findings": [], "enhancedFindings": []}


def times(world, tag: str = "v1") -> tuple[datetime, datetime]:
    """Return when the first finding was observed first and last."""
    finding = look(world, tag)["imageScanFindings"]["enhancedFindings"][0]
    return finding["firstObservedAt"], finding["lastObservedAt"]


@pytest.mark.parametrize(("frequency", "expected"), [("CONTINUOUS_SCAN", CONTINUES), ("SCAN_ON_PUSH", DONE)])
def test_a_push_is_scanned(frequency, expected, world):
    """PENDING at first; then ACTIVE if the scan goes on, COMPLETE if it was the only one."""
    enhanced(world, frequency)
    push(world, "java-app-old")
    first, second = look(world), look(world)
    pending = {"status": "PENDING", "description": "Pending start of the image scan."}
    assert (pending, NOTHING) == (first["imageScanStatus"], first["imageScanFindings"])
    assert expected == second["imageScanStatus"]
    assert {"CRITICAL": 4} == second["imageScanFindings"]["findingSeverityCounts"]


def test_findings_say_which_image_has_them(world):
    """Repository, digest, tags, platform and push time of the image, and the layer that brings the package."""
    enhanced(world)
    digest = push(world, "java-app-old")
    world.clock.advance(minutes=1)
    finding = look(world)["imageScanFindings"]["enhancedFindings"][0]
    (resource,) = finding["resources"]
    image = resource["details"]["awsEcrContainerImage"]
    assert ("team/api", digest, ["v1"], "amd64", "DEBIAN_12", START, "123456789012") == (
        image["repositoryName"],
        image["imageHash"],
        image["imageTags"],
        image["architecture"],
        image["platform"],
        image["pushedAt"],
        image["registry"],
    )
    layers = {blob["digest"] for blob in _layers(world)}
    assert {package["sourceLayerHash"] for package in finding["packageVulnerabilityDetails"]["vulnerablePackages"]} <= (
        layers
    )


def _layers(world):
    (image,) = world.ecr.batch_get_image(repositoryName="team/api", imageIds=[{"imageTag": "v1"}])["images"]
    return json.loads(image["imageManifest"])["layers"]


def test_what_no_filter_covers_is_off(world):
    """There is no scan, and none can be asked for."""
    enhanced(world, pattern="prod")
    push(world, "java-app-old")
    world.clock.advance(days=1)
    assert "ScanNotFoundException" == refusal(look, world=world)[0]


def test_describe_images_says_nothing_about_enhanced_scans(world):
    """Status and findings are asked for image by image, or in Amazon Inspector."""
    enhanced(world)
    push(world, "java-app-old")
    world.clock.advance(minutes=1)
    assert not {"imageScanStatus", "imageScanFindingsSummary"} & world.details()[0].keys()


def test_scratch_is_not_supported(world):
    """UNSUPPORTED_IMAGE, without findings."""
    enhanced(world)
    registry.push(world.ecr, oci.image(oci.layer({"hello.txt": "hello"})), "team/api", tag="v1")
    world.clock.advance(minutes=1)
    answer = look(world)
    assert ("UNSUPPORTED_IMAGE", NOTHING) == (answer["imageScanStatus"]["status"], answer["imageScanFindings"])


# --- time -----------------------------------------------------------------------------------------------------


def test_continuous_scanning_looks_every_day(world):
    """The last look moves on by whole days, the first stays; scanning on push looks once."""
    enhanced(world)
    push(world, "java-app-old")
    world.clock.advance(minutes=1)
    first = START + timedelta(seconds=30)
    assert (first, first) == times(world)
    world.clock.advance(days=3, hours=12)
    assert (first, first + timedelta(days=3)) == times(world)
    enhanced(world, "SCAN_ON_PUSH")
    world.clock.advance(days=5)
    assert (DONE, (first, first + timedelta(days=3))) == (look(world)["imageScanStatus"], times(world))
    enhanced(world)
    assert (first, first + timedelta(days=8)) == times(world)


def test_continuous_scanning_ends_after_fourteen_days(world):
    """SCAN_ELIGIBILITY_EXPIRED, and the findings are closed; another push begins anew."""
    enhanced(world)
    digest = push(world, "java-app-old")
    world.clock.advance(days=13, hours=23)
    assert CONTINUES == look(world)["imageScanStatus"]
    (happened,) = world.clock.advance(hours=1)
    name = f"team/api@{digest[:19]} (v1)"
    expected = (START + timedelta(days=14), name, "no longer scanned: 14 days have passed since its push")
    assert expected == (happened.at, happened.subject, happened.what)
    answer = look(world)
    assert ("SCAN_ELIGIBILITY_EXPIRED", NOTHING) == (answer["imageScanStatus"]["status"], answer["imageScanFindings"])
    push(world, "java-app-old", tag="v2")
    world.clock.advance(minutes=1)
    assert (CONTINUES, {"CRITICAL": 4}) == (look(world)["imageScanStatus"], counts(world))


def test_another_tag_counts_as_a_push(world):
    """The fourteen days begin anew, the first look stays the first."""
    enhanced(world)
    push(world, "java-app-old")
    world.clock.advance(days=10)
    push(world, "java-app-old", tag="v2")
    world.clock.advance(days=10)
    assert (START + timedelta(seconds=30), START + timedelta(days=19, seconds=30)) == times(world)


def test_scanning_on_push_does_not_end(world):
    """What it found stays."""
    enhanced(world, "SCAN_ON_PUSH")
    push(world, "java-app-old")
    world.clock.advance(days=100)
    assert (DONE, {"CRITICAL": 4}) == (look(world)["imageScanStatus"], counts(world))


def test_the_first_switch_takes_in_fourteen_days(world):
    """Images that were pushed before are scanned if they are not older."""
    push(world, "java-app-old", tag="old")
    world.clock.advance(days=10)
    push(world, "python-app-old", tag="new")
    world.clock.advance(days=4)
    enhanced(world)
    world.clock.advance(minutes=1)
    assert ("SCAN_ELIGIBILITY_EXPIRED", "ACTIVE") == (status(world, "old"), status(world, "new"))
    world.clock.advance(days=10)
    assert "SCAN_ELIGIBILITY_EXPIRED" == status(world, "new")


def test_a_filter_that_comes_later_takes_in_what_it_covers(world):
    """And what a filter leaves shows its findings no more."""
    enhanced(world, pattern="prod")
    push(world, "java-app-old")
    enhanced(world, pattern="team/*")
    world.clock.advance(minutes=1)
    assert "ACTIVE" == status(world)
    enhanced(world, pattern="prod")
    answer = look(world)
    assert ("FINDINGS_UNAVAILABLE", NOTHING) == (answer["imageScanStatus"]["status"], answer["imageScanFindings"])


# --- what becomes known later ---------------------------------------------------------------------------------


class TestBeforeLog4Shell:
    """A registry on 6 December 2021, four days before the record of CVE-2021-44228 appeared."""

    @pytest.fixture
    def clock(self) -> ManualClock:
        """Return the time of the registry."""
        return ManualClock(datetime(2021, 12, 6, 12, tzinfo=UTC))

    def test_continuous_scanning_finds_what_becomes_known(self, world):
        """At the daily look of the day on which it is published, and the clock tells."""
        enhanced(world)
        digest = push(world, "java-app-old")
        world.clock.advance(minutes=1)
        assert {} == counts(world)
        assert () == world.clock.advance(days=3)
        (happened,) = world.clock.advance(days=1)
        name, what = f"team/api@{digest[:19]} (v1)", "scanned again: CVE-2021-44228 (CRITICAL) in "
        assert (datetime(2021, 12, 10, 12, 0, 30, tzinfo=UTC), name, what) == (
            happened.at,
            happened.subject,
            happened.what[: len(what)],
        )
        assert {"CRITICAL": 1} == counts(world)

    def test_scanning_on_push_does_not(self, world):
        """It looked once, and nothing was known then."""
        enhanced(world, "SCAN_ON_PUSH")
        push(world, "java-app-old")
        world.clock.advance(days=10)
        assert {} == counts(world)

    def test_basic_scanning_needs_another_scan(self, world):
        """Yesterday's result does not know what was published today."""
        push(world, "debian-11-old")
        start(world)
        world.clock.advance(minutes=1)
        before = counts(world)
        world.clock.advance(days=200)
        assert before == counts(world)
        start(world)
        world.clock.advance(minutes=1)
        assert sum(before.values()) < sum(counts(world).values())


# --- changes --------------------------------------------------------------------------------------------------


def test_a_change_of_type_hides_the_other_results(world):
    """Who changes back sees them again."""
    on_push(world)
    push(world, "debian-12-2023")
    world.clock.advance(minutes=1)
    basic = look(world)["imageScanFindings"]
    enhanced(world)
    assert "PENDING" == status(world)
    world.clock.advance(minutes=1)
    after = look(world)["imageScanFindings"]
    assert "findings" not in after
    on_push(world)
    assert basic == look(world)["imageScanFindings"]
    enhanced(world)
    assert after == look(world)["imageScanFindings"]


def test_the_archive_closes_findings_and_a_restore_scans_anew(world):
    """IMAGE_ARCHIVED meanwhile; the first look is then that after the restore."""
    enhanced(world)
    push(world, "java-app-old")
    world.clock.advance(days=1)
    move(world, "ARCHIVE")
    answer = look(world)
    assert ("IMAGE_ARCHIVED", NOTHING) == (answer["imageScanStatus"]["status"], answer["imageScanFindings"])
    move(world, "STANDARD")
    back_at = world.clock.now() + timedelta(minutes=20)
    world.clock.advance(hours=1)
    first, _ = times(world)
    assert back_at + timedelta(seconds=30) == first
    world.clock.advance(days=14)
    assert "SCAN_ELIGIBILITY_EXPIRED" == status(world)


def test_registries_are_configured_apart(world):
    """A region has its own rules and scans."""
    enhanced(world)
    other = boto3.client("ecr", region_name="eu-west-1")
    assert "BASIC" == other.get_registry_scanning_configuration()["scanningConfiguration"]["scanType"]
