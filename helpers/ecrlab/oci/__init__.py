"""Container images as immutable values: build, read, compare and check them without Docker, network or clock."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from ecrlab.oci.archive import File
from ecrlab.oci.artifact import artifact
from ecrlab.oci.build import annotate, append, image, index, layer, layer_from_file, relabel
from ecrlab.oci.descriptor import Descriptor, Platform
from ecrlab.oci.image import Image, Index, Layer
from ecrlab.oci.layout import read_layout, write_layout
from ecrlab.oci.manifest import ImageManifest, IndexManifest, parse_manifest
from ecrlab.oci.validate import Mismatch, validate

if TYPE_CHECKING:
    from ecrlab.oci import recipes

__all__ = [
    "Descriptor",
    "File",
    "Image",
    "ImageManifest",
    "Index",
    "IndexManifest",
    "Layer",
    "Mismatch",
    "Platform",
    "annotate",
    "append",
    "artifact",
    "image",
    "index",
    "layer",
    "layer_from_file",
    "parse_manifest",
    "read_layout",
    "recipes",
    "relabel",
    "validate",
    "write_layout",
]


def __getattr__(name: str) -> Any:
    """Load the recipes when they are first used: pushing and pulling needs none."""
    if name == "recipes":
        return import_module("ecrlab.oci.recipes")
    raise AttributeError(f"module 'ecrlab.oci' has no attribute {name!r}; it offers {', '.join(__all__)}")
