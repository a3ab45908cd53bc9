"""Asking ECR what its scans found: one image in full, or how a repository's images came out one after another.

Source: Amazon ECR User Guide, image scanning: DescribeImageScanFindings is what to ask; the summaries in DescribeImages
are not filled by today's basic scanning.
"""

from __future__ import annotations

from typing import Any

from ecrlab.errors import InvalidInput
from ecrlab.lifecycle import Image, StorageClass
from ecrlab.registry import inventory
from ecrlab.security.findings import NOT_SCANNED, Findings, basic_finding, enhanced_finding, sorted_findings
from ecrlab.security.images import NamedImage, find_image, in_repository
from ecrlab.security.reading import Reading
from ecrlab.security.severity import SEVERITIES, severity_of
from ecrlab.security.trend import Standing, Trend

__all__ = ["findings", "findings_of", "trend"]

_PER_PAGE = 1000
"""The most that DescribeImageScanFindings returns at once (API model, ``MaxResults``)."""
_NO_SCAN = frozenset({"ScanNotFoundException"})
_OF_AN_INDEX = "This is an index; its images are scanned, each under its own digest."


def findings(client: Any, repository: str, reference: str) -> Findings:
    """Read what the latest scan of an image found, all pages.

    Args:
        client: A boto3 client of ECR, e.g. ``lab.client("ecr")``. Only calls that read are made.
        repository: Name of the repository, without the registry's address.
        reference: A tag, or a digest: ``sha256:…``. A tag is resolved once, so that all pages are about one image.

    Returns:
        The findings. That there is no scan, or none with a result, is a value too: see ``known``.

    Raises:
        InvalidInput: A name that does not parse, or a client that is none.
        RegistryError: There is no such image, or AWS refused.
    """
    place = in_repository(repository, reference)
    reading = Reading(client, f"findings of {place.repository}, image {reference}", str(place.repository))
    return findings_of(reading, find_image(reading, place))


def findings_of(reading: Reading, image: NamedImage) -> Findings:
    """Read the findings of an image that has been looked up.

    Raises:
        RegistryError: AWS refused.
    """
    pages = _pages(reading, image)
    if not pages:
        return Findings(image.name, image.digest, NOT_SCANNED, reason=_OF_AN_INDEX if image.is_index else "")
    status = pages[0].get("imageScanStatus", {})
    scans = [page.get("imageScanFindings", {}) for page in pages]
    basic = [shape for scan in scans for shape in scan.get("findings", ())]
    enhanced = [shape for scan in scans for shape in scan.get("enhancedFindings", ())]
    return Findings(
        image=image.name,
        digest=image.digest,
        status=status.get("status", ""),
        entries=sorted_findings([*map(basic_finding, basic), *map(enhanced_finding, enhanced)]),
        kind=_kind(status.get("status", ""), bool(enhanced)),
        scanned_at=scans[0].get("imageScanCompletedAt"),
        reason=status.get("description", "") if not image.is_index else _OF_AN_INDEX,
    )


def _pages(reading: Reading, image: NamedImage) -> list[dict[str, Any]]:
    """Return all pages; none if there is no scan."""
    asked: dict[str, Any] = {"imageId": {"imageDigest": image.digest}, **image.parameters}
    first = reading.ask("DescribeImageScanFindings", absent=_NO_SCAN, maxResults=_PER_PAGE, **asked)
    if first is None:
        return []
    pages = [first]
    while token := pages[-1].get("nextToken"):
        more = reading.ask("DescribeImageScanFindings", maxResults=_PER_PAGE, nextToken=token, **asked)
        pages.append(more or {})
    return pages


def _kind(status: str, has_enhanced: bool) -> str:
    """Tell the scanner by the answer: continuous scans stay ACTIVE, basic ones become COMPLETE."""
    if has_enhanced or status == "ACTIVE":
        return "enhanced"
    return "basic" if status == "COMPLETE" else ""


def trend(client: Any, repository: str, *, last: int = 20) -> Trend:
    """Read how the tagged images of a repository came out, in the order of their pushes: one call for each.

    Args:
        client: A boto3 client of ECR. Only calls that read are made.
        repository: Name of the repository.
        last: How many of the newest images to look at.

    Raises:
        InvalidInput: A name that does not parse, a client that is none, or ``last`` below 1.
        RegistryError: There is no such repository, or AWS refused.
    """
    if not isinstance(last, int) or last < 1:
        raise InvalidInput("trend", f"last={last!r} is no number of images", "use a whole number of 1 or more")
    reading = Reading(client, f"trend of {repository}", repository)
    tagged = [image for image in inventory(client, repository) if image.tags and image.subject is None]
    newest = sorted(tagged, key=lambda image: (image.pushed_at, image.sequence))[-last:]
    return Trend(repository, tuple(_standing(reading, repository, image) for image in newest))


def _standing(reading: Reading, repository: str, image: Image) -> Standing:
    """Read the counts of one image; they stand on the first page, so one finding is enough to ask for."""
    label = ", ".join(image.tags)
    if image.storage_class is StorageClass.ARCHIVE:
        return Standing(label, image.digest, image.pushed_at, "IMAGE_ARCHIVED", {})
    answer = reading.ask(
        "DescribeImageScanFindings",
        absent=_NO_SCAN,
        repositoryName=repository,
        imageId={"imageDigest": image.digest},
        maxResults=1,
    )
    status = NOT_SCANNED if answer is None else answer.get("imageScanStatus", {}).get("status", "")
    counted = (answer or {}).get("imageScanFindings", {}).get("findingSeverityCounts", {})
    counts = dict.fromkeys(SEVERITIES, 0)
    for word, number in counted.items():
        counts[severity_of(word)] += number
    return Standing(label, image.digest, image.pushed_at, status, {s: n for s, n in counts.items() if n})
