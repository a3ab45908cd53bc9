"""What scanning does by itself: scans begin with pushes and returns from the archive, end, go on daily, and expire.

BASIC     push or call ─► IN_PROGRESS ──half a minute, or the second look──► COMPLETE, or FAILED
ENHANCED  push ─────────► PENDING ────── the same ──► ACTIVE ──14 days──► SCAN_ELIGIBILITY_EXPIRED   (continuous)
                                                      COMPLETE                                       (on push)

What an image has in it does not change, and the advisories of the kit do not, either: layers are read once, and a later
look differs only in what was known on its day. Continuous scanning looks every day, all others once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from ecrlab.clock import Happening
from ecrlab.emulator import events, scanner
from ecrlab.emulator.scanning_rules import CONTINUOUS, MANUAL, frequency, scan_type
from ecrlab.emulator.scans import BASIC, ENHANCED, Scan
from ecrlab.emulator.state import Image, Registry, Repository
from ecrlab.errors import InvalidImage
from ecrlab.scan import Report

__all__ = ["Results", "Standing", "begin", "enter", "exhausted_quota", "live", "look", "reconfigure", "standing"]

_TAKES = timedelta(seconds=30)  # Guess: AWS names no duration
_QUOTA_PERIOD = timedelta(hours=24)
_SCANS_PER_REGISTRY = 100_000
_ELIGIBLE_FOR = timedelta(days=14)  # Amazon Inspector's default for new accounts; other values cannot be chosen here
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Results:
    """What a scan has found, as far as it was known at the last look, and the moments of the first and last looks."""

    report: Report
    first_observed_at: datetime
    observed_at: datetime


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a scan stands: AWS's status with its description, and what can be seen of its results, if anything."""

    status: str
    description: str
    results: Results | None = None


# --- beginnings -----------------------------------------------------------------------------------------------


def enter(registry: Registry, repository: Repository, image: Image, at: datetime) -> None:
    """Begin the scans that a push, or a return from the archive, brings with it.

    Guess: putting a known image under another tag counts as a push.
    """
    how_often = frequency(registry, repository)
    if not scanner.is_scannable(image) or how_often == MANUAL:
        return
    if scan_type(registry) == BASIC:
        if exhausted_quota(registry, image, at) is None:
            begin(registry, repository, image, at)
        return
    present = image.scans.get(ENHANCED)
    if present is not None and how_often == CONTINUOUS and at < present.eligible_from + _ELIGIBLE_FOR:
        present.eligible_from = at
    else:
        _begin_enhanced(repository, image, at, eligible_from=at)


def begin(registry: Registry, repository: Repository, image: Image, at: datetime) -> None:
    """Begin a basic scan."""
    image.scans[BASIC] = Scan(at, at)
    repository.images.scanning.add(image.digest)
    registry.basic_scans.append(at)


def exhausted_quota(registry: Registry, image: Image, at: datetime) -> str | None:
    """Return AWS's sentence about the quota that keeps an image from a basic scan, ``None`` if there is none.

    One scan of an image in 24 hours, and 100,000 of a registry, scans on push included (Amazon ECR service quotas).
    Guess: a scan on push beyond a quota is left out, and nobody is told. Wording of the second: guess after the first.
    """
    last = image.scans.get(BASIC)
    if last is not None and at - last.started_at < _QUOTA_PERIOD:
        return "The scan quota per image has been exceeded. Wait and try again."
    while registry.basic_scans and at - registry.basic_scans[0] >= _QUOTA_PERIOD:
        registry.basic_scans.popleft()
    if len(registry.basic_scans) >= _SCANS_PER_REGISTRY:
        return "The scan quota per registry has been exceeded. Wait and try again."
    return None


def _begin_enhanced(repository: Repository, image: Image, at: datetime, *, eligible_from: datetime) -> None:
    image.scans[ENHANCED] = Scan(at, eligible_from)
    repository.images.scanning.add(image.digest)


def reconfigure(registry: Registry, scanning: dict[str, object], at: datetime) -> None:
    """Put new rules into force, and take in what they cover.

    Enhanced scanning takes in the images of the last 14 days; older ones wait for another push (Amazon ECR User Guide,
    "Enhanced scanning"; its page on troubleshooting says 30 days).
    """
    before = {repository.name: frequency(registry, repository) for repository in registry}
    if scan_type(registry) == ENHANCED:
        for repository in registry:
            _settle(repository, before[repository.name], at)
    registry.scanning = scanning
    if scan_type(registry) != ENHANCED:
        return
    changes = []
    for repository in registry:
        now = frequency(registry, repository)
        if now != before[repository.name]:
            changes.append((repository, before[repository.name], now))
        if now != MANUAL:
            _take_in(repository, at)
    if changes:
        registry.publish(events.scan_frequencies_changed(changes, at))


def _settle(repository: Repository, how_often: str, at: datetime) -> None:
    """Write down when continuous scanning has looked last, before it may end."""
    for image in repository.images:
        scan = image.scans.get(ENHANCED)
        if scan is not None:
            scan.observed_at = _observed(scan, how_often, at)


def _take_in(repository: Repository, at: datetime) -> None:
    for image in repository.images:
        since = max(image.pushed_at, image.activated_at or image.pushed_at)
        is_new = image.status == "ACTIVE" and ENHANCED not in image.scans and scanner.is_scannable(image)
        if is_new and at < since + _ELIGIBLE_FOR:
            _begin_enhanced(repository, image, at, eligible_from=since)


# --- looking --------------------------------------------------------------------------------------------------


def look(registry: Registry, repository: Repository, image: Image, at: datetime) -> Standing | None:
    """Tell where the scan of an image stands; the second look finds a scan that was under way complete."""
    scan = image.scans.get(scan_type(registry))
    if scan is not None and not scan.is_over and image.status == "ACTIVE":
        if scan.asked:
            _end(scan_type(registry), registry, repository, image, at)
        scan.asked = True
    return standing(registry, repository, image, at)


def standing(registry: Registry, repository: Repository, image: Image, at: datetime) -> Standing | None:
    """Tell where the scan of an image stands, ``None`` if there is none."""
    scan = image.scans.get(scan_type(registry))
    if not scanner.is_scannable(image):
        return None
    if image.status != "ACTIVE":
        return Standing("IMAGE_ARCHIVED", "Archived images are not scanned.")  # Guess: the description
    if scan_type(registry) == BASIC:
        return _basic_standing(scan) if scan is not None else None
    return _enhanced_standing(scan, frequency(registry, repository), at)


def _basic_standing(scan: Scan) -> Standing:
    """Source of what cannot be scanned: aws-observability/aws-otel-collector issue 2193."""
    if not scan.is_over:
        return Standing("IN_PROGRESS", "The scan is in progress.")  # Guess: the description
    if scan.report is None:
        return _failed(scan)
    if scan.report.unsupported:
        return Standing(
            "FAILED", "UnsupportedImageError: The operating system and/or package manager are not supported."
        )
    return Standing("COMPLETE", "The scan was completed successfully.", _results(scan, scan.report, scan.observed_at))


def _enhanced_standing(scan: Scan | None, how_often: str, at: datetime) -> Standing | None:
    """Tell where an enhanced scan stands, ``None`` if there is none.

    Sources: alexjurkiewicz/ecr-scan-image issue 45 (ACTIVE) and pull request 51 (PENDING), aws/aws-sdk issue 289
    (COMPLETE for scan on push). Guess: the other descriptions, and FINDINGS_UNAVAILABLE for what is not covered any
    more.
    """
    if scan is None:
        return None if how_often == MANUAL else _EXPIRED
    if how_often == MANUAL:
        return Standing("FINDINGS_UNAVAILABLE", "The repository is not scanned any more.")
    if not scan.is_over:
        return Standing("PENDING", "Pending start of the image scan.")
    if scan.report is None:
        return _failed(scan)
    if scan.report.unsupported:
        return Standing("UNSUPPORTED_IMAGE", "The operating system of the image is not supported.")
    results = _results(scan, scan.report, _observed(scan, how_often, at))
    if how_often != CONTINUOUS:
        return Standing("COMPLETE", "The scan was completed successfully.", results)
    if at >= scan.eligible_from + _ELIGIBLE_FOR:
        return _EXPIRED
    return Standing("ACTIVE", "Continuous scan is selected for image.", results)


def _failed(scan: Scan) -> Standing:
    return Standing("FAILED", f"The image could not be read: {scan.fault}.")  # Guess: the description


_EXPIRED = Standing("SCAN_ELIGIBILITY_EXPIRED", "The image was pushed too long ago to be scanned.")


def _results(scan: Scan, report: Report, observed_at: datetime | None) -> Results:
    first = scan.finished_at or scan.started_at
    last = observed_at or first
    return Results(scanner.known(report, last), first, last)


def _observed(scan: Scan, how_often: str, at: datetime) -> datetime | None:
    """Tell when an image was looked at last: continuous scanning comes back every day while the image is eligible."""
    if scan.observed_at is None or how_often != CONTINUOUS:
        return scan.observed_at
    until = min(at, scan.eligible_from + _ELIGIBLE_FOR)
    return scan.observed_at + max(0, (until - scan.observed_at) // _DAY) * _DAY


# --- the passing of time --------------------------------------------------------------------------------------


def live(registry: Registry, repository: Repository, since: datetime, until: datetime) -> Iterator[Happening]:
    """End the scans that are over by ``until``, and tell what has expired after ``since``."""
    images = repository.images
    under_way = [image for digest in images.scanning if (image := images.by_digest(digest)) is not None]
    for image in sorted(under_way, key=lambda image: image.sequence):
        for kind, scan in image.scans.items():
            ends_at = scan.started_at + _TAKES
            if not scan.is_over and ends_at <= until:
                yield _end(kind, registry, repository, image, ends_at)
    if scan_type(registry) == ENHANCED and frequency(registry, repository) == CONTINUOUS:
        for image in images.from_sequence(0):
            watched = image.scans.get(ENHANCED)
            if watched is not None and watched.report is not None and not watched.report.unsupported:
                yield from _watched(repository, image, watched, watched.report, since, until)


def _end(kind: str, registry: Registry, repository: Repository, image: Image, at: datetime) -> Happening:
    """End a scan: examine the image, tell EventBridge, and return what happened."""
    scan = image.scans[kind]
    scan.finished_at = scan.observed_at = at
    if all(each.is_over for each in image.scans.values()):
        repository.images.scanning.discard(image.digest)
    try:
        scan.report = scanner.examine(registry, repository, image, at)
    except InvalidImage as fault:
        scan.fault = str(fault)
    counts = {} if scan.obstacle or scan.report is None else _counts(scan.report, kind, at)
    if kind == BASIC:
        status = "FAILED" if scan.obstacle else "COMPLETE"  # Guess: that a failure is told at all
        registry.publish(events.basic_scan_ended(repository, image, status, counts, at))
    elif not scan.obstacle:
        registry.publish(events.first_enhanced_scan_ended(repository, image, counts, at))
    return Happening(at, repository.name_of(image), _in_words(scan.obstacle, counts))


def _counts(report: Report, kind: str, at: datetime) -> dict[str, int]:
    return scanner.severity_counts(scanner.known(report, at), kind)


def _in_words(obstacle: str, counts: dict[str, int]) -> str:
    if obstacle:
        return f"could not be scanned: {obstacle}"
    found = ", ".join(f"{number} {severity}" for severity, number in counts.items())
    return f"scanned: {found or 'nothing found'}"


def _watched(
    repository: Repository, image: Image, scan: Scan, report: Report, since: datetime, until: datetime
) -> Iterator[Happening]:
    """Tell what continuous scanning has found after its first look, and when it ends."""
    expires = scan.eligible_from + _ELIGIBLE_FOR
    name, looked = repository.name_of(image), scan.observed_at or since
    for finding in report.findings:
        look = looked + max(0, (finding.vulnerability.published - looked.date()).days) * _DAY
        if looked < look < expires and since < look <= until:
            yield Happening(look, name, f"scanned again: {finding.id} ({finding.severity}) in {finding.package} is new")
    if since < expires <= until:
        yield Happening(expires, name, f"no longer scanned: {_ELIGIBLE_FOR.days} days have passed since its push")
