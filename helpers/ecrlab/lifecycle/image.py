"""An image of a repository, as far as lifecycle rules care: its tags, its times, and what refers to it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ecrlab.errors import InvalidInput
from ecrlab.lifecycle.policy import CountType, StorageClass

__all__ = ["Image", "counted_since"]

_TIMES = ("pushed_at", "last_pulled_at", "archived_at", "activated_at")


@dataclass(frozen=True, slots=True)
class Image:
    """One image, manifest list or artifact of a repository. All times are timezone-aware.

    Args:
        digest: ``sha256:…``; unique within the repository.
        pushed_at: When it was pushed.
        tags: All its tags; none makes it untagged.
        size_bytes: As stored, compressed.
        storage_class: Standard or archive.
        last_pulled_at: The last recorded pull, if any.
        archived_at: When it was last archived; needed while it lies in the archive.
        activated_at: When it was last restored from the archive, if ever.
        parents: Digests of the manifest lists (indexes) that refer to it.
        subject: Digest of the image that it describes, if it is a signature or the like (a referrer).
        sequence: Orders images that were pushed at the same moment; higher is newer.

    Raises:
        InvalidInput: A time carries no timezone, or an archived image does not say since when.
    """

    digest: str
    pushed_at: datetime
    tags: tuple[str, ...] = ()
    size_bytes: int = 0
    storage_class: StorageClass = StorageClass.STANDARD
    last_pulled_at: datetime | None = None
    archived_at: datetime | None = None
    activated_at: datetime | None = None
    parents: tuple[str, ...] = ()
    subject: str | None = None
    sequence: int = 0

    def __post_init__(self) -> None:
        for name in _TIMES:
            moment: datetime | None = getattr(self, name)
            if moment is not None and moment.tzinfo is None:
                fact = f"{name} is {moment.isoformat()}, without a timezone"
                raise InvalidInput(f"image {self.name}", fact, "add tzinfo=UTC")
        if self.storage_class is StorageClass.ARCHIVE and self.archived_at is None:
            raise InvalidInput(f"image {self.name}", "it is archived, and archived_at is missing", "say since when")

    @property
    def name(self) -> str:
        """What people call it: its first tag, or the beginning of its digest."""
        return self.tags[0] if self.tags else self.short_digest

    @property
    def short_digest(self) -> str:
        """The first twelve digits of the digest."""
        return self.digest.removeprefix("sha256:")[:12]

    @property
    def ordered_by(self) -> datetime:
        """The time that orders images of one storage class: push, restore or archiving.

        Source: Amazon ECR User Guide, lifecycle policies: the restore takes the place of the push.
        """
        if self.storage_class is StorageClass.ARCHIVE and self.archived_at is not None:
            return self.archived_at
        return self.activated_at or self.pushed_at


def counted_since(image: Image, count_type: CountType) -> datetime:
    """Return the moment from which a rule counts an image's days.

    A pull rule counts from the last pull, else from the push; a restore that is later than both counts instead.
    """
    if count_type is not CountType.SINCE_IMAGE_PULLED:
        return image.ordered_by
    used = image.last_pulled_at or image.pushed_at
    return max(used, image.activated_at) if image.activated_at else used
