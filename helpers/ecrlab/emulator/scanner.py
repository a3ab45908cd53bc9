"""What ``ecrlab.scan`` says about an image of the emulator; each layer of a registry is read once, whoever has it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from ecrlab import scan
from ecrlab.emulator.scans import BASIC
from ecrlab.emulator.state import Blob, Image, Registry, Repository
from ecrlab.naming import Digest, RepositoryArn

__all__ = ["advisories_updated_at", "examine", "findings", "is_scannable", "known", "severity_counts"]

_CONFIGS = frozenset(
    {"application/vnd.oci.image.config.v1+json", "application/vnd.docker.container.image.v1+json"},
)


def is_scannable(image: Image) -> bool:
    """Tell whether something that runs is in it: no index, no signature, no SBOM, no chart.

    An index is not scanned itself, its images are (Amazon ECR User Guide, "Troubleshooting image scanning").
    """
    config = image.manifest.config
    return config is not None and config.media_type in _CONFIGS


def examine(registry: Registry, repository: Repository, image: Image, at: datetime) -> scan.Report:
    """Read the layers of an image, lowest first, and match what is installed with the advisories of the kit."""
    layers = []
    for reference in image.manifest.layers:
        blob = repository.layers.get(reference.digest)
        if blob is not None:  # a layer that is fetched from elsewhere by definition never came here
            layers.append(_contents(registry, blob, reference.media_type))
    return scan.match(scan.inventory(layers, digest=Digest(image.digest)), scan.load_advisories(), now=at)


def _contents(registry: Registry, blob: Blob, media_type: str) -> scan.LayerContents:
    known = registry.layer_contents.get(blob)
    if known is None:
        known = scan.read_layer(blob.parts, digest=Digest(blob.digest), media_type=media_type)
        registry.layer_contents[blob] = known
    return known


def known(report: scan.Report, at: datetime) -> scan.Report:
    """Leave out of a report what nobody knew at a moment: vulnerabilities whose record appeared on a later day."""
    findings = tuple(each for each in report.findings if each.vulnerability.published <= at.date())
    return report if len(findings) == len(report.findings) else replace(report, findings=findings)


def findings(
    report: scan.Report,
    kind: str,
    repository: Repository,
    image: Image,
    *,
    first_observed_at: datetime,
    observed_at: datetime,
) -> list[dict[str, Any]]:
    """Return the findings of a scan in AWS's spelling.

    Args:
        report: What was found.
        kind: Basic scanning tells of packages of the system only.
        repository: Where the image is.
        image: Enhanced findings say what is known about it.
        first_observed_at: When the image was looked at first.
        observed_at: When it was looked at last.
    """
    if kind == BASIC:
        return scan.basic_findings(report)
    config = _config(repository, image)
    architecture, author = (str(config.get(member) or "") for member in ("architecture", "author"))
    scanned = scan.ScannedImage(
        RepositoryArn.parse(repository.arn),
        Digest(image.digest),
        image.pushed_at,
        tags=tuple(image.tags),
        architecture=architecture,
        author=author,
    )
    return scan.enhanced_findings(report, scanned, first_observed_at=first_observed_at, now=observed_at)


def severity_counts(report: scan.Report, kind: str) -> dict[str, int]:
    """Count the findings of a scan type, the worst severity first; only those that occur."""
    return scan.severity_counts_of(scan.basic_findings(report)) if kind == BASIC else report.severity_counts


def advisories_updated_at(report: scan.Report, at: datetime) -> datetime:
    """Return the day of the advisories that a report rests on, or the moment of the scan if a lab's clock is behind."""
    day = report.advisories_collected
    return min(datetime(day.year, day.month, day.day, tzinfo=UTC), at)


def _config(repository: Repository, image: Image) -> Mapping[str, Any]:
    """Return what the config of an image says; nothing, if it is no JSON object."""
    reference = image.manifest.config
    blob = repository.layers.get(reference.digest) if reference else None
    try:
        document = json.loads(blob.read()) if blob else {}
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}
