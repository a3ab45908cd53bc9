"""Recompute everything an image claims, and name both sides of every difference."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ecrlab.errors import InvalidImage, InvalidInput
from ecrlab.naming import Digest
from ecrlab.oci.build import uncompressed_digest
from ecrlab.oci.descriptor import Descriptor
from ecrlab.oci.image import AnyImage, Image, Index, Layer, child_platform, describe, settings_of
from ecrlab.oci.media import compression_of, is_filesystem_layer
from ecrlab.oci.store import measure

__all__ = ["Mismatch", "validate"]


@dataclass(frozen=True, slots=True)
class Mismatch:
    """One claim that is not true.

    Args:
        place: Where it is made: ``layers[1].digest``, or ``manifests[0]: config.size`` inside an index.
        claimed: What is said there.
        computed: What the bytes say.
    """

    place: str
    claimed: str
    computed: str

    def __str__(self) -> str:
        return f"{self.place}: claimed {self.claimed}, computed {self.computed}"


def validate(image: AnyImage) -> tuple[Mismatch, ...]:
    """Recompute every digest, size, diff_id and platform of an image, or of an index and its children.

    Layers are read to their end and unpacked while streaming. A zstd layer is hashed and not unpacked, so its
    diff_id stays unchecked.

    Returns:
        One value per false claim, in the order of the manifest; empty if the image is sound.

    Raises:
        InvalidInput: ``image`` is no image.
    """
    if not isinstance(image, Image | Index):
        raise InvalidInput("validate", f"{describe(image)} is no image", "use oci.image(…) or oci.read_layout(…)")
    return tuple(_of_index(image) if isinstance(image, Index) else _of_image(image))


def _of_index(index: Index) -> Iterator[Mismatch]:
    for place, (described, child) in enumerate(zip(index.document.manifests, index.children, strict=True)):
        here = f"manifests[{place}]"
        yield from _compare(here, described, Digest.of(child.manifest), len(child.manifest))
        if described.media_type != child.media_type:
            yield Mismatch(f"{here}.mediaType", described.media_type, child.media_type)
        platform = child_platform(child)
        if described.platform and platform and described.platform != platform:
            yield Mismatch(f"{here}.platform", str(described.platform), str(platform))
        for mismatch in validate(child):
            yield Mismatch(f"{here}: {mismatch.place}", mismatch.claimed, mismatch.computed)


def _of_image(image: Image) -> Iterator[Mismatch]:
    yield from _compare("config", image.config_descriptor, Digest.of(image.config), len(image.config))
    for place, (described, layer) in enumerate(zip(image.document.layers, image.layers, strict=True)):
        with layer.blob.open() as stream:
            digest, size = measure(stream)
        yield from _compare(f"layers[{place}]", described, digest, size)
    yield from _diff_ids(image)


def _compare(place: str, claimed: Descriptor, digest: Digest, size: int) -> Iterator[Mismatch]:
    if claimed.digest != digest:
        yield Mismatch(f"{place}.digest", str(claimed.digest), str(digest))
    if claimed.size != size:
        yield Mismatch(f"{place}.size", f"{claimed.size:,} bytes", f"{size:,} bytes")


def _diff_ids(image: Image) -> Iterator[Mismatch]:
    settings = settings_of(image.document, image.config)
    if settings is None or not settings.has("rootfs"):
        return
    claimed = settings.object("rootfs").digests("diff_ids")
    if len(claimed) != len(image.layers):
        yield Mismatch("rootfs.diff_ids", f"{len(claimed)} layers", f"{len(image.layers)} layers")
        return
    for place, (diff_id, layer) in enumerate(zip(claimed, image.layers, strict=True)):
        computed = _unpacked(layer)
        if computed is not None and computed != str(diff_id):
            yield Mismatch(f"rootfs.diff_ids[{place}]", str(diff_id), computed)


def _unpacked(layer: Layer) -> str | None:
    """The digest of the tar inside a layer, or what is wrong with it; ``None`` where nothing can be said."""
    if not is_filesystem_layer(layer.media_type):
        return None
    with layer.blob.open() as stream:
        try:
            digest = uncompressed_digest(stream, compression_of(layer.media_type), "layer")
        except InvalidImage as exc:
            return exc.fact
    return str(digest) if digest else None
