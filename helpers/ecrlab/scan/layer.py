"""What one layer says: the package databases in it, and what it hides of the layers below."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import BinaryIO

from ecrlab.naming import Digest
from ecrlab.scan.package import Manager, System

__all__ = ["LayerContents", "Listed", "PackageFile", "read_layer"]


@dataclass(frozen=True, slots=True)
class Listed:
    """One package as a file lists it; the ecosystem depends on files of other layers."""

    name: str
    version: str
    source: str = ""
    source_version: str = ""
    architecture: str = ""
    inside: str = ""


@dataclass(frozen=True, slots=True)
class PackageFile:
    """A file that lists packages, and what it lists."""

    path: str
    manager: Manager
    listed: tuple[Listed, ...] = ()
    warning: str = ""


@dataclass(frozen=True, slots=True)
class LayerContents:
    """What one layer adds and hides."""

    digest: Digest
    package_files: tuple[PackageFile, ...] = ()
    systems: tuple[tuple[str, System], ...] = ()
    whiteouts: frozenset[str] = frozenset()
    opaque: frozenset[str] = frozenset()
    occupied: frozenset[str] = frozenset()
    directories: frozenset[str] = frozenset()
    warnings: tuple[str, ...] = ()


def read_layer(source: Iterable[bytes] | BinaryIO, *, digest: Digest, media_type: str) -> LayerContents:
    """Read a layer once, from its first byte to its last."""
    raise NotImplementedError
