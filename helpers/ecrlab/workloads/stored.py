"""What a registry holds, as far as a pull is concerned: images, what they run on, what they are made of."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from ecrlab.access import Policy
from ecrlab.naming import Digest, ImageReference, RepositoryArn
from ecrlab.oci import Descriptor, Image, Index, Platform

__all__ = ["ImageState", "StoredImage", "StoredRepository", "entrypoint_of", "stored"]


class ImageState(StrEnum):
    """What DescribeImages says about an image."""

    ACTIVE = "ACTIVE"
    ARCHIVED = "ARCHIVED"
    ACTIVATING = "ACTIVATING"


@dataclass(frozen=True, slots=True)
class StoredImage:
    """One image or one index in a repository.

    Args:
        digest: Of its manifest.
        media_type: Of its manifest.
        tags: The tags that name it now.
        platform: What a single image runs on, by its config; ``None`` for an index, and where it is not known.
        children: For an index, what it offers: a platform and the digest of the image for it.
        layers: The layers of a single image, lowest first; sizes in bytes, compressed.
        state: Whether it can be pulled.
        is_index: Whether it is a list of images.
        entrypoint: The program it starts, by its config; empty if it names none.
    """

    digest: Digest
    media_type: str
    tags: tuple[str, ...] = ()
    platform: Platform | None = None
    children: tuple[tuple[Platform, Digest], ...] = ()
    layers: tuple[Descriptor, ...] = ()
    state: ImageState = ImageState.ACTIVE
    is_index: bool = False
    entrypoint: str = ""

    @property
    def size(self) -> int:
        """Bytes of all layers, compressed."""
        return sum(layer.size for layer in self.layers)


def stored(
    image: Image | Index, *, tags: Sequence[str] = (), state: ImageState = ImageState.ACTIVE
) -> tuple[StoredImage, ...]:
    """Return what a repository holds once an image was pushed: the image itself first, then an index's children.

    Args:
        image: The image or the index.
        tags: The tags that name it.
        state: Of all of it.
    """
    if isinstance(image, Image):
        made = StoredImage(
            image.digest,
            image.media_type,
            tuple(tags),
            image.platform,
            layers=image.document.layers,
            state=state,
            entrypoint=entrypoint_of(image.config),
        )
        return (made,)
    offered = tuple(
        (platform, described.digest)
        for described, child in zip(image.document.manifests, image.children, strict=True)
        if (platform := described.platform or (child.platform if isinstance(child, Image) else None)) is not None
    )
    top = StoredImage(image.digest, image.media_type, tuple(tags), children=offered, state=state, is_index=True)
    return (top, *(each for child in image.children for each in stored(child, state=state)))


def entrypoint_of(config: bytes) -> str:
    """Return the program that a config names, ``Entrypoint`` before ``Cmd``; empty if it names none."""
    try:
        settings = json.loads(config).get("config") or {}
        return str(next(iter(settings.get("Entrypoint") or settings.get("Cmd") or [""])))
    except (ValueError, AttributeError):  # an artifact's config is no image's
        return ""


@dataclass(frozen=True, slots=True)
class StoredRepository:
    """A repository: its images and the policies on its side.

    Args:
        arn: Its ARN, which says account and region.
        images: What is in it; an index and its children are entries of their own.
        policy: Its own policy.
        registry_policy: The policy of its registry.
        exists: Whether there is such a repository at all.
        key_fault: Why its KMS key cannot be used, as a clause; empty if it can, or if there is none.
    """

    arn: RepositoryArn
    images: tuple[StoredImage, ...] = ()
    policy: Policy | None = None
    registry_policy: Policy | None = None
    exists: bool = True
    key_fault: str = ""

    def find(self, reference: ImageReference) -> StoredImage | None:
        """Return the image that a reference means; a digest wins over a tag, and no tag means ``latest``."""
        if reference.digest is not None:
            return self.with_digest(reference.digest)
        tag = str(reference.tag or "latest")
        return next((image for image in self.images if tag in image.tags), None)

    def with_digest(self, digest: Digest) -> StoredImage | None:
        """Return the image with a digest."""
        return next((image for image in self.images if image.digest == digest), None)
