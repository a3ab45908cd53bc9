"""What is installed in an image: the package files of all layers, laid over each other."""

from __future__ import annotations

from collections.abc import MutableMapping, Sequence
from dataclasses import dataclass

from ecrlab.naming import Digest
from ecrlab.oci import Image
from ecrlab.scan.layer import LayerContents
from ecrlab.scan.package import Package, System

__all__ = ["Inventory", "inventory", "read_image"]


@dataclass(frozen=True, slots=True)
class Inventory:
    """The packages of an image, sorted by ecosystem, name, version and path."""

    system: System | None
    packages: tuple[Package, ...]
    warnings: tuple[str, ...]
    manifest_digest: Digest


def inventory(layers: Sequence[LayerContents], *, digest: Digest) -> Inventory:
    """Lay the contents of layers over each other, lowest first."""
    raise NotImplementedError


def read_image(image: Image, *, cache: MutableMapping[Digest, LayerContents] | None = None) -> Inventory:
    """List what is installed in an image; each layer is read once for as long as ``cache`` keeps it."""
    raise NotImplementedError
