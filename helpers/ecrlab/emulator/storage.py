"""What can happen to a stored image as a whole: it is deleted, archived, or brought back; EventBridge hears of each."""

from __future__ import annotations

from datetime import datetime

from ecrlab.emulator import events, replication_runs, scanning_runs
from ecrlab.emulator.state import Image, Registry, Repository

__all__ = ["archive", "bring_back", "delete"]


def delete(
    registry: Registry, repository: Repository, image: Image, at: datetime, *, is_repeated: bool = False
) -> None:
    """Drop an image with its tags; each tag is told, and the digest of an image that has none.

    Args:
        registry: Its replication rules say where the deletion is repeated.
        repository: Where the image is.
        image: What goes.
        at: When.
        is_repeated: Whether this repeats a deletion in another registry, and so goes no further.
    """
    tags = tuple(image.tags) or (None,)
    repository.remove_image(image)
    for tag in tags:
        registry.publish(events.image_deleted(repository, image.digest, tag, at))
    if not is_repeated:
        replication_runs.repeat_removal(registry, repository, image.digest, None, at)


def archive(registry: Registry, repository: Repository, image: Image, at: datetime) -> None:
    """Move an active image into the archive."""
    repository.images.archive(image, at)
    registry.publish(events.storage_class_changed(repository, image, "ARCHIVE", at))


def bring_back(registry: Registry, repository: Repository, image: Image, at: datetime, *, is_scanned: bool) -> None:
    """End the restore of an image: it counts as pushed, so that it is scanned if its repository is, and replicated.

    Args:
        registry: Its rules say what is scanned, and what is replicated where.
        repository: Where the image is.
        image: It was archived.
        at: When its restore ends.
        is_scanned: ``False`` leaves scans to moto, in the compatible setting.
    """
    repository.images.activate(image, at)
    registry.publish(events.storage_class_changed(repository, image, "STANDARD", at))
    if is_scanned:
        scanning_runs.enter(registry, repository, image, at)
    replication_runs.enter(registry, repository, image, tuple(image.tags), at)
