"""Copies on their way from one registry to another, as records: what travels, and how it stands."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ecrlab.emulator.manifest import Manifest
    from ecrlab.emulator.state import Blob

__all__ = ["Arrival", "Cargo", "Copy", "Removal", "Replication"]


@dataclass(slots=True, eq=False)
class Replication:
    """How the copy of an image to one destination stands: AWS's status, and why it failed if it did."""

    begun_at: datetime
    status: str = "IN_PROGRESS"
    failure_code: str | None = None


@dataclass(frozen=True, slots=True)
class Cargo:
    """An image on its way, complete: a deletion at the source does not touch it any more.

    ``children`` are the images of an index; ``size`` is in bytes, ``None`` if it is not to be shown.
    """

    digest: str
    manifest_text: str
    manifest: Manifest
    size: int | None
    blobs: tuple[Blob, ...]
    children: tuple[Cargo, ...]


@dataclass(frozen=True, slots=True)
class Arrival:
    """Something that arrives in a registry: when, in which repository, and from which account and Region."""

    at: datetime
    repository: str
    source_account: str
    source_region: str


@dataclass(frozen=True, slots=True)
class Copy(Arrival):
    """An image that arrives, with the tags that it brings."""

    cargo: Cargo
    tags: tuple[str, ...]
    standing: Replication


@dataclass(frozen=True, slots=True)
class Removal(Arrival):
    """A deletion that is repeated: of one tag, or without a tag of the whole image."""

    digest: str
    tag: str | None
