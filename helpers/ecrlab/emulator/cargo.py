"""Whole images that travel between registries: loaded at one, unloaded at another, with all images of an index."""

from __future__ import annotations

from datetime import datetime

from ecrlab.emulator import scanning_runs
from ecrlab.emulator.replications import Cargo
from ecrlab.emulator.state import Image, Registry, Repository

__all__ = ["load", "unload"]


def load(repository: Repository, image: Image) -> Cargo:
    """Take an image of a repository along, complete."""
    found = (repository.layers.get(blob.digest) for blob in image.manifest.blobs)
    children = (repository.images.by_digest(child.digest) for child in image.manifest.children)
    return Cargo(
        image.digest,
        image.manifest_text,
        image.manifest,
        image.size,
        tuple(blob for blob in found if blob is not None),
        tuple(load(repository, child) for child in children if child is not None),
    )


def unload(registry: Registry, repository: Repository, cargo: Cargo, at: datetime, *, is_scanned: bool = True) -> Image:
    """Store what is not there yet, an index after its images; what lies in the archive is back at once.

    Args:
        registry: Its rules say what is scanned.
        repository: Where the image comes to lie, without a tag.
        cargo: What arrives.
        at: When.
        is_scanned: ``False`` leaves scans to moto, in the compatible setting.
    """
    for child in cargo.children:
        unload(registry, repository, child, at, is_scanned=is_scanned)
    images = repository.images
    image = images.by_digest(cargo.digest)
    if image is not None and image.status == "ACTIVE":
        return image
    if image is not None:
        images.activate(image, at)
    else:
        for blob in cargo.blobs:
            repository.layers[blob.digest] = registry.store(blob.digest, blob.size, blob.parts)
        image = Image(cargo.digest, images.next_sequence(), cargo.manifest_text, cargo.manifest, cargo.size, at)
        images.add(image)
    if is_scanned:
        scanning_runs.enter(registry, repository, image, at)
    return image
