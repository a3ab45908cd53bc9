"""What the recipes share: layers on a base, a program that is only named, and one file of an image."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ecrlab.errors import InvalidInput
from ecrlab.oci.archive import File
from ecrlab.oci.build import image
from ecrlab.oci.image import Image, Layer, describe
from ecrlab.oci.media import DOCKER_MANIFEST

__all__ = ["VARIANTS", "expect_image", "file_in", "placeholder", "stacked"]

VARIANTS = {"arm64": "v8"}
"""The variant that public images name beside an architecture."""


def expect_image(recipe: str, base: object) -> None:
    """Refuse what no recipe can stand on.

    Raises:
        InvalidInput: ``base`` is no single image.
    """
    if not isinstance(base, Image):
        raise InvalidInput(f"{recipe}: base", f"{describe(base)} is no image", "use recipes.debian(…) or another image")


def placeholder(name: str) -> File:
    """Return a file in place of a program that scanners do not look into."""
    return File(f"{name}: a lab image records what is installed and leaves the programs out\n", 0o755)


def stacked(base: Image, *layers: Layer, run: Mapping[str, Any]) -> Image:
    """Put layers on a base whose own layers are kept, and change how a container is started.

    Args:
        base: What lies below.
        layers: On top, lowest first.
        run: Fields of the config; ``Env`` is added to the base's, the others replace its.
    """
    settings: dict[str, Any] = json.loads(base.config)
    below: dict[str, Any] = settings.get("config") or {}
    return image(
        *base.layers,
        *layers,
        architecture=settings["architecture"],
        os=settings["os"],
        variant=settings.get("variant"),
        config={**below, **run, "Env": [*below.get("Env", []), *run.get("Env", [])]},
        family="docker" if base.media_type == DOCKER_MANIFEST else "oci",
    )


def file_in(base: Image, path: str) -> bytes | None:
    """Return a file's content from the highest layer that has it; ``None`` if none does.

    Meant for the few small layers of a recipe: each is read whole. Whiteouts are not followed, recipes write none.

    Raises:
        LayerChanged: A layer lies in a file that has changed since.
    """
    import tarfile  # not needed to build images, and slow to import

    for each in reversed(base.layers):
        with each.open() as stream, tarfile.open(fileobj=stream, mode="r|*") as tar:
            for member in tar:
                if member.name == path and (content := tar.extractfile(member)):
                    return content.read()
    return None
