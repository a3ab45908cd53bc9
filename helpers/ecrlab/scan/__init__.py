"""What is installed in an image, and which known vulnerabilities that means: no Docker, no network, no clock."""

from __future__ import annotations

from ecrlab.scan.package import Manager, Package, System

__all__ = ["Manager", "Package", "System"]
