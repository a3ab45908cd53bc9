"""How many bytes a registry is billed for: layers counted once for each repository, however many images share them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from ecrlab.cards import ShownAs, Table
from ecrlab.errors import InvalidInput
from ecrlab.pricing.book import PriceBook
from ecrlab.pricing.usage import Estimate, Usage, estimate, rounded

__all__ = ["Bill", "RepositoryStorage", "Storage", "StoredImage", "bill_of", "storage_of", "stored_images"]


@dataclass(frozen=True, slots=True)
class StoredImage:
    """An image as storage sees it.

    Args:
        repository: Where it lies.
        digest: Of its manifest.
        blobs: Digest and compressed size in bytes of its layers; empty if only ``size_bytes`` is known.
        size_bytes: What DescribeImages calls its size.
        tags: Its tags.
        archived: Whether it lies in the archive class.
    """

    repository: str
    digest: str
    blobs: Mapping[str, int]
    size_bytes: int
    tags: tuple[str, ...] = ()
    archived: bool = False


@dataclass(frozen=True, slots=True)
class RepositoryStorage:
    """The bytes of one repository.

    Args:
        name: The repository.
        images: How many images.
        listed_bytes: The sizes of its images added up, as a list of images suggests.
        standard_bytes: Stored in the standard class, every layer once.
        archive_bytes: Stored in the archive class: layers that no image of the standard class uses.
        estimated: Whether the layers of some image were not known, so that it counts in full.
    """

    name: str
    images: int
    listed_bytes: int
    standard_bytes: int
    archive_bytes: int
    estimated: bool

    @property
    def stored_bytes(self) -> int:
        """What is stored in both classes."""
        return self.standard_bytes + self.archive_bytes


@dataclass(frozen=True, slots=True, repr=False)
class Storage(ShownAs):
    """The bytes of a registry, by repository.

    Args:
        repositories: The largest first.
        shared_bytes: What several repositories hold of the same layers, counted beyond the first. With blob mounting
            ECR keeps such layers once; AWS does not say how the bill counts them, so the sum counts each repository.
    """

    repositories: tuple[RepositoryStorage, ...]
    shared_bytes: int

    @property
    def standard_bytes(self) -> int:
        """Stored in the standard class, over all repositories."""
        return sum(each.standard_bytes for each in self.repositories)

    @property
    def archive_bytes(self) -> int:
        """Stored in the archive class, over all repositories."""
        return sum(each.archive_bytes for each in self.repositories)

    @property
    def listed_bytes(self) -> int:
        """The sizes of all images added up."""
        return sum(each.listed_bytes for each in self.repositories)

    def repository(self, name: str) -> RepositoryStorage:
        """Return one repository's part.

        Raises:
            InvalidInput: There is no image of such a repository.
        """
        for each in self.repositories:
            if each.name == name:
                return each
        raise InvalidInput(f"repository {name!r}", "there is no image of it", "name one of those that were counted")

    def _shown(self) -> Table:
        columns = ("repository", "images", "sizes added up", "stored", "in the archive", "shared layers save")
        rows = [
            (
                each.name,
                each.images,
                _size(each.listed_bytes),
                _size(each.stored_bytes),
                _size(each.archive_bytes),
                "not known" if each.estimated else _size(each.listed_bytes - each.stored_bytes),
            )
            for each in self.repositories
        ]
        return Table(columns, rows, caption="Storage: each layer once for each repository")


def storage_of(images: Iterable[StoredImage]) -> Storage:
    """Count what images take up.

    A layer counts once in each repository; in the archive class only if no image of the standard class uses it. That
    layers are stored once per repository follows from how a push works (a layer that is there is not sent again); the
    billing page was not at hand.
    """
    by_repository: dict[str, list[StoredImage]] = {}
    for image in images:
        by_repository.setdefault(image.repository, []).append(image)
    counted = {name: _blobs(members) for name, members in by_repository.items()}
    repositories = [_counted(name, by_repository[name], *counted[name]) for name in by_repository]
    everything: dict[str, int] = {}
    total = 0
    for standard, archive in counted.values():
        blobs = {**standard, **archive}
        total += sum(blobs.values())
        everything |= blobs
    largest_first = sorted(repositories, key=lambda each: (-each.stored_bytes, each.name))
    return Storage(tuple(largest_first), total - sum(everything.values()))


@dataclass(frozen=True, slots=True, repr=False)
class Bill(ShownAs):
    """What storing a registry costs in a month, repository by repository.

    Args:
        storage: What is stored.
        region: Whose prices hold.
        estimates: One for each repository, in the order of ``storage.repositories``.
    """

    storage: Storage
    region: str
    estimates: tuple[Estimate, ...]

    @property
    def usd(self) -> Decimal:
        """All repositories together, in USD, rounded to cents once."""
        return rounded(sum((each.exact_usd for each in self.estimates), Decimal(0)))

    def _shown(self) -> Table:
        rows: list[tuple[object, ...]] = [
            (
                each.name,
                each.images,
                _size(each.listed_bytes),
                _size(each.stored_bytes) + " at most" * each.estimated,
                "not known" if estimated.not_known else f"{rounded(estimated.exact_usd)}",
            )
            for each, estimated in zip(self.storage.repositories, self.estimates, strict=True)
        ]
        rows.append(("together", "", _size(self.storage.listed_bytes), "", f"{self.usd}"))
        columns = ("repository", "images", "sizes added up", "stored", "USD a month")
        return Table(columns, rows, caption=f"Storage in {self.region}, with example prices: look up yours")


def bill_of(images: Iterable[StoredImage], *, region: str = "us-east-1", book: PriceBook | None = None) -> Bill:
    """Say what storing images costs in a month, repository by repository, the largest first.

    A volume price counts for each repository alone here; on the bill it counts for the whole account.
    """
    storage = storage_of(images)
    used = (
        Usage(standard_bytes=each.standard_bytes, archive_bytes=each.archive_bytes) for each in storage.repositories
    )
    return Bill(storage, region, tuple(estimate(each, region=region, book=book) for each in used))


def _blobs(images: Sequence[StoredImage]) -> tuple[dict[str, int], dict[str, int]]:
    """Return the blobs of the standard class, and those that only archived images use."""
    standard: dict[str, int] = {}
    archive: dict[str, int] = {}
    for image in images:
        (archive if image.archived else standard).update(image.blobs or {image.digest: image.size_bytes})
    return standard, {digest: size for digest, size in archive.items() if digest not in standard}


def _counted(
    name: str, images: Sequence[StoredImage], standard: Mapping[str, int], archive: Mapping[str, int]
) -> RepositoryStorage:
    listed = sum(image.size_bytes for image in images)
    estimated = any(not image.blobs for image in images)
    return RepositoryStorage(name, len(images), listed, sum(standard.values()), sum(archive.values()), estimated)


def stored_images(rows: Any) -> tuple[StoredImage, ...]:
    """Read images from a table: a pandas DataFrame, or dictionaries such as ``csv.DictReader`` gives.

    Columns ``repository`` and ``size_bytes`` are needed; ``digest``, ``tags`` (separated by spaces), ``archived`` and
    ``blobs`` (a mapping of digests to bytes) are read if they are there. Without ``blobs`` nothing is known about
    shared layers, and each image counts in full.

    Raises:
        InvalidInput: A row lacks a column, or its size is no whole number of bytes.
    """
    records = rows.to_dict("records") if hasattr(rows, "to_dict") else rows
    return tuple(_read(number, row) for number, row in enumerate(records, start=1))


def _read(number: int, row: Mapping[str, Any]) -> StoredImage:
    place = f"row {number}"
    for column in ("repository", "size_bytes"):
        if row.get(column) in (None, ""):
            raise InvalidInput(place, f"it has no {column!r}", "add the column")
    try:
        size = int(row["size_bytes"])
    except (TypeError, ValueError):
        size = -1
    if size < 0:
        raise InvalidInput(place, f"size_bytes {row['size_bytes']!r} is no size", "use whole bytes, e.g. 52428800")
    tags = row.get("tags") or ()
    return StoredImage(
        repository=str(row["repository"]),
        digest=str(row.get("digest") or f"row {number}"),
        blobs=row.get("blobs") or {},
        size_bytes=size,
        tags=tuple(tags.split()) if isinstance(tags, str) else tuple(tags),
        archived=str(row.get("archived") or "").lower() in ("true", "yes", "1"),
    )


def _size(size: int) -> str:
    for unit, factor in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if size >= factor:
            return f"{size / factor:,.1f} {unit}"
    return f"{size:,} B"
