"""What is installed in an image, and which known vulnerabilities that means: no Docker, no network, no clock."""

from __future__ import annotations

from ecrlab.scan.inventory import Inventory, inventory, read_image
from ecrlab.scan.layer import LayerContents, read_layer
from ecrlab.scan.limits import Limits
from ecrlab.scan.package import Manager, Package, System

__all__ = [
    "Inventory",
    "LayerContents",
    "Limits",
    "Manager",
    "Package",
    "System",
    "inventory",
    "read_image",
    "read_layer",
]
