"""The lab images: six kinds of image, each once old, with flaws that made the news, and once rebuilt without them."""

from __future__ import annotations

from difflib import get_close_matches
from functools import cache

from ecrlab.errors import InvalidInput
from ecrlab.oci.build import index
from ecrlab.oci.image import Image, Index
from ecrlab.oci.recipes.java import java_app
from ecrlab.oci.recipes.lab_sets import SETS, rebuilt_debian
from ecrlab.oci.recipes.node import node_app
from ecrlab.oci.recipes.python import python_app
from ecrlab.oci.recipes.systems import alpine, debian

__all__ = ["LAB_IMAGES", "lab_image", "multi_platform"]

LAB_IMAGES: tuple[str, ...] = tuple(SETS)
"""Every name that :func:`lab_image` knows; for each ``…-old`` or ``…-2023`` there is a ``…-rebuilt``."""

_SYSTEMS = {"debian": debian, "alpine": alpine}
_APPLICATIONS = {"python": python_app, "node": node_app, "java": java_app}


def lab_image(name: str, *, architecture: str = "amd64") -> Image:
    """Build one of the lab images; the applications stand on ``debian-12-rebuilt``, whose layer they share.

    Args:
        name: One of :data:`LAB_IMAGES`.
        architecture: ``amd64`` or ``arm64``.

    Raises:
        InvalidInput: There is no such lab image, or no recipe for the architecture.
    """
    if name not in SETS:
        near = get_close_matches(str(name), SETS, n=1) or ["debian-12-rebuilt"]
        raise InvalidInput(f"lab image {name!r}", "there is none of this name", f"try {near[0]!r}, or see LAB_IMAGES")
    return _built(name, architecture)


def multi_platform(name: str) -> Index:
    """Build a lab image for amd64 and arm64 under one digest.

    Raises:
        InvalidInput: There is no such lab image.
    """
    return index(lab_image(name), lab_image(name, architecture="arm64"))


@cache
def _built(name: str, architecture: str) -> Image:
    chosen = SETS[name]
    if chosen.recipe in _APPLICATIONS:
        return _APPLICATIONS[chosen.recipe](chosen.packages, base=rebuilt_debian(architecture))
    return _SYSTEMS[chosen.recipe](chosen.packages, chosen.release, architecture=architecture)
