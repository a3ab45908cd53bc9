"""The package sets of the lab images, and the base that applications stand on."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from ecrlab.oci.image import Image
from ecrlab.oci.recipes.stacking import expect_image
from ecrlab.oci.recipes.systems import debian

__all__ = ["SETS", "LabSet", "base_or_default", "rebuilt_debian"]


@dataclass(frozen=True, slots=True)
class LabSet:
    """What one lab image holds.

    Args:
        recipe: ``debian``, ``alpine``, ``python``, ``node`` or ``java``.
        packages: Names and versions, as that recipe takes them.
        release: Of the distribution; empty for applications.
    """

    recipe: str
    packages: Mapping[str, str]
    release: str = ""


def _read() -> dict[str, LabSet]:
    text = files("ecrlab.oci.recipes").joinpath("lab_images.json").read_text(encoding="utf-8")
    return {name: LabSet(**row) for name, row in json.loads(text)["images"].items()}


SETS: Mapping[str, LabSet] = _read()
"""Every lab image's set by name."""


@cache
def rebuilt_debian(architecture: str = "amd64") -> Image:
    """Return the base of every lab application: Debian 12 with all that is known mended."""
    chosen = SETS["debian-12-rebuilt"]
    return debian(chosen.packages, chosen.release, architecture=architecture)


def base_or_default(recipe: str, base: Image | None) -> Image:
    """Return the base an application is to stand on.

    Raises:
        InvalidInput: ``base`` is something else than an image.
    """
    if base is None:
        return rebuilt_debian()
    expect_image(recipe, base)
    return base
