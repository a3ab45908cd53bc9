"""What a registry tells Amazon EventBridge: plain values, in the members that AWS documents.

Sources: "Amazon ECR events and EventBridge" and "EventBridge events sent for enhanced scanning", Amazon ECR User Guide.
A pull is no event.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ecrlab.naming import partition_of

if TYPE_CHECKING:
    from ecrlab.emulator.replications import Copy
    from ecrlab.emulator.state import Image, Repository

__all__ = [
    "Event",
    "basic_scan_ended",
    "first_enhanced_scan_ended",
    "image_deleted",
    "image_pushed",
    "image_replicated",
    "scan_frequencies_changed",
    "storage_class_changed",
]


@dataclass(frozen=True, slots=True)
class Event:
    """One event: ``at`` is timezone-aware UTC, ``detail`` is JSON, ``resources`` are ARNs."""

    at: datetime
    detail_type: str
    detail: Mapping[str, Any]
    resources: tuple[str, ...] = ()
    source: str = "aws.ecr"


def image_pushed(repository: Repository, digest: str, tag: str | None, at: datetime) -> Event:
    """Tell of a push that is complete."""
    return Event(at, "ECR Image Action", _action("PUSH", repository, digest, tag))


def image_deleted(repository: Repository, digest: str, tag: str | None, at: datetime) -> Event:
    """Tell of an image, or one of its tags, that was deleted. Guess: a lifecycle policy's deletions are told, too."""
    return Event(at, "ECR Image Action", _action("DELETE", repository, digest, tag))


def storage_class_changed(repository: Repository, image: Image, target: str, at: datetime) -> Event:
    """Tell that an image is in the archive, or back from it; a referrer's return has a name of its own."""
    more = {
        "target-storage-class": target,
        "last-activated-at": _moment(image.activated_at) if image.activated_at else None,
        "manifest-media-type": image.manifest.media_type,
        "artifact-media-type": image.manifest.artifact_type,
    }
    detail = _action("UPDATE_STORAGE_CLASS", repository, image.digest, next(reversed(image.tags), None))
    is_referrer = image.manifest.subject is not None and target == "STANDARD"
    return Event(
        at,
        "ECR Referrer Action" if is_referrer else "ECR Image Action",
        detail | {name: value for name, value in more.items() if value is not None},
    )


def image_replicated(copy: Copy, tag: str | None, *, account_id: str, region: str, succeeded: bool) -> Event:
    """Tell the destination, an account in a Region, that a copy has arrived there or has failed.

    Guess: a copy with several tags, as after a restore, is told once for each; and its arrival is not told as a push.
    """
    detail = {
        "result": "SUCCESS" if succeeded else "FAILED",
        "repository-name": copy.repository,
        "image-digest": copy.cargo.digest,
        "source-account": copy.source_account,
        "action-type": "REPLICATE",
        "source-region": copy.source_region,
    }
    arn = f"arn:{partition_of(region)}:ecr:{region}:{account_id}:repository/{copy.repository}"
    tagged = {"image-tag": tag} if tag is not None else {}
    return Event(copy.at, "ECR Replication Action", detail | tagged, (arn,))


def basic_scan_ended(
    repository: Repository, image: Image, status: str, counts: Mapping[str, int], at: datetime
) -> Event:
    """Tell how a basic scan ended; ``counts`` has only the severities that occur."""
    detail = {
        "scan-status": status,
        "repository-name": repository.name,
        "finding-severity-counts": dict(counts),
        "image-digest": image.digest,
        "image-tags": list(image.tags),
    }
    return Event(at, "ECR Image Scan", detail, (repository.arn,))


def first_enhanced_scan_ended(repository: Repository, image: Image, counts: Mapping[str, int], at: datetime) -> Event:
    """Tell, as Amazon Inspector does, that the first enhanced scan of an image is complete."""
    detail = {
        "scan-status": "INITIAL_SCAN_COMPLETE",
        "repository-name": repository.arn,
        "finding-severity-counts": dict(counts) | {"TOTAL": sum(counts.values())},
        "image-digest": image.digest,
        "image-tags": list(image.tags),
    }
    return Event(at, "Inspector2 Scan", detail, (repository.arn,), source="aws.inspector2")


def scan_frequencies_changed(changes: Iterable[tuple[Repository, str, str]], at: datetime) -> Event:
    """Tell which repositories are scanned otherwise than before: each with its frequency before and now."""
    repositories = [
        {
            "repository-name": repository.name,
            "repository-arn": repository.arn,
            "scan-frequency": now,
            "previous-scan-frequency": before,
        }
        for repository, before, now in changes
    ]
    detail = {
        "action-type": "SCAN_FREQUENCY_CHANGE",
        "repositories": repositories,
        "resource-type": "REPOSITORY",
        "scan-type": "ENHANCED",
    }
    return Event(at, "ECR Scan Resource Change", detail)


def _action(kind: str, repository: Repository, digest: str, tag: str | None) -> dict[str, Any]:
    detail = {
        "result": "SUCCESS",
        "repository-name": repository.name,
        "image-digest": digest,
        "action-type": kind,
    }
    return detail | ({"image-tag": tag} if tag is not None else {})


def _moment(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"
