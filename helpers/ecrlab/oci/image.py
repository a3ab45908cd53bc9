"""Layers, images and indexes as immutable values.

Index ──► Image ──► config            each arrow is a descriptor: media type, digest, size
   │         └────► layers
   └────► Image …
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, BinaryIO, TypeAlias

from ecrlab.cards import Card, Table, Tone
from ecrlab.errors import InvalidImage, InvalidInput
from ecrlab.naming import Digest
from ecrlab.oci.descriptor import Descriptor, Platform, choose
from ecrlab.oci.document import Node, parse_object
from ecrlab.oci.manifest import ImageManifest, IndexManifest, parse_manifest
from ecrlab.oci.media import DOCKER_CONFIG, OCI_CONFIG
from ecrlab.oci.shown import Shown, size_in_words
from ecrlab.oci.store import Blob

__all__ = ["Descriptor", "Image", "Index", "Layer", "Platform"]


@dataclass(frozen=True, slots=True, repr=False)
class Layer(Shown):
    """Some files as one blob, usually a compressed tar.

    Args:
        digest: Of the bytes as they are stored and sent, compressed if they are.
        size: Of the same bytes.
        diff_id: Digest of the tar after decompression; ``None`` for a blob that is no file system layer.
        media_type: What the blob is.
        blob: Where the bytes lie; two layers with the same digest are equal wherever theirs do.
    """

    digest: Digest
    size: int
    diff_id: Digest | None
    media_type: str
    blob: Blob = field(compare=False)

    def open(self) -> BinaryIO:
        """Return the bytes as a stream at its first byte; close it when done.

        Raises:
            LayerChanged: Now or while reading, if the layer lies in a file that has changed since.
        """
        return self.blob.open_verified(self.digest, self.size)

    @property
    def descriptor(self) -> Descriptor:
        """The entry that names this layer in a manifest."""
        return Descriptor(self.media_type, self.digest, self.size)

    def card(self) -> Card:
        """Return digest, diff_id, size and media type."""
        facts = [
            ("digest", f"`{self.digest}`"),
            ("diff_id", f"`{self.diff_id}`" if self.diff_id else "none: not part of a file system"),
            ("size", size_in_words(self.size)),
            ("media type", f"`{self.media_type}`"),
        ]
        return Card("Layer", tuple(facts), tone=Tone.NOTE)

    def __repr__(self) -> str:
        return f"<Layer {self.digest.short} {self.size:,} bytes>"


@dataclass(frozen=True, slots=True, repr=False)
class Image(Shown):
    """One image: the bytes of its manifest, the bytes of its config, and its layers, lowest first.

    Manifest and config are parsed at once; whether the digests in them are true, :func:`ecrlab.oci.validate` says.

    Attributes:
        document: The manifest as a value.
        digest: Of the manifest.
        platform: What the image runs on, by its config; ``None`` for artifacts such as charts and signatures.
        labels: Those in the config.

    Raises:
        InvalidImage: Manifest or config does not parse, or the manifest is an index or names another number of layers.
    """

    manifest: bytes
    config: bytes
    layers: tuple[Layer, ...]
    document: ImageManifest = field(init=False, compare=False)
    digest: Digest = field(init=False, compare=False)
    platform: Platform | None = field(init=False, compare=False)
    labels: Mapping[str, str] = field(init=False, compare=False)

    def __post_init__(self) -> None:
        document = parse_manifest(self.manifest)
        if not isinstance(document, ImageManifest):
            raise InvalidImage("manifest", "it is an index", "make an Index of it")
        if len(document.layers) != len(self.layers):
            raise InvalidImage(
                "layers",
                f"the manifest names {len(document.layers)} and {len(self.layers)} are given",
                "hand over one layer for each, in the same order",
            )
        object.__setattr__(self, "document", document)
        object.__setattr__(self, "digest", Digest.of(self.manifest))
        object.__setattr__(self, "platform", platform_of(document, self.config))
        object.__setattr__(self, "labels", _labels(document, self.config))

    @property
    def media_type(self) -> str:
        """The media type of the manifest."""
        return self.document.media_type

    @property
    def config_descriptor(self) -> Descriptor:
        """How the manifest names the config."""
        return self.document.config

    @property
    def size(self) -> int:
        """The sum of the layers in bytes, compressed; what ECR reports as ``imageSizeInBytes``."""
        return sum(layer.size for layer in self.layers)

    @property
    def descriptor(self) -> Descriptor:
        """The entry that names this image in an index."""
        return Descriptor(
            self.media_type,
            self.digest,
            len(self.manifest),
            platform=self.platform,
            artifact_type=self.document.artifact_type,
        )

    def card(self) -> Card:
        """Return digest, platform, sizes, labels and annotations."""
        facts = [
            ("digest", f"`{self.digest}`"),
            ("media type", f"`{self.media_type}`"),
            ("platform", str(self.platform) if self.platform else "none: not a container image"),
            ("config", f"`{self.config_descriptor.digest}`, {size_in_words(len(self.config))}"),
            ("layers", f"{len(self.layers)}, {size_in_words(self.size)} compressed"),
            *(("label", f"`{key}={value}`") for key, value in sorted(self.labels.items())),
            *(("annotation", f"`{key}={value}`") for key, value in sorted(self.document.annotations.items())),
        ]
        if self.document.artifact_type:
            facts.insert(2, ("artifact type", f"`{self.document.artifact_type}`"))
        if self.document.subject:
            facts.append(("subject", f"`{self.document.subject.digest}`"))
        return Card("Image", tuple(facts), tone=Tone.NOTE)

    def table(self) -> Table:
        """Return the layers, lowest first."""
        rows = [
            (i, f"sha256:{layer.digest.short}…", layer.size, layer.media_type)
            for i, layer in enumerate(self.layers, start=1)
        ]
        return Table(("layer", "digest", "bytes", "media type"), rows)

    def __repr__(self) -> str:
        platform = f" {self.platform}" if self.platform else ""
        count = len(self.layers)
        return f"<Image {self.digest.short}{platform} {count} layer{'' if count == 1 else 's'} {self.size:,} bytes>"


@dataclass(frozen=True, slots=True, repr=False)
class Index(Shown):
    """Several images under one digest, usually one for each platform.

    ``children`` are in the order of the manifest; a child may be an index itself.

    Raises:
        InvalidImage: The manifest does not parse, is no index, or does not name exactly these children.
    """

    manifest: bytes
    children: tuple[Image | Index, ...]
    document: IndexManifest = field(init=False, compare=False)
    digest: Digest = field(init=False, compare=False)

    def __post_init__(self) -> None:
        document = parse_manifest(self.manifest)
        if not isinstance(document, IndexManifest):
            raise InvalidImage("manifest", "it describes one image", "make an Image of it")
        if len(document.manifests) != len(self.children):
            raise InvalidImage(
                "manifests",
                f"the index names {len(document.manifests)} and {len(self.children)} are given",
                "hand over one image for each, in the same order",
            )
        object.__setattr__(self, "document", document)
        object.__setattr__(self, "digest", Digest.of(self.manifest))

    @property
    def media_type(self) -> str:
        """The media type of the manifest."""
        return self.document.media_type

    @property
    def descriptor(self) -> Descriptor:
        """The entry that names this index in another one."""
        return Descriptor(self.media_type, self.digest, len(self.manifest), artifact_type=self.document.artifact_type)

    @property
    def size(self) -> int:
        """The size of the largest child, as ECR counts an index (API reference, ``imageSizeInBytes``)."""
        return max((child.size for child in self.children), default=0)

    @property
    def platforms(self) -> tuple[Platform, ...]:
        """The platforms there are, in the order of the index; children of children included."""
        return tuple(platform for platform, _ in self._offers())

    def pick(self, platform: str | Platform) -> Image:
        """Return the child for a platform, as a container runtime would choose it.

        Args:
            platform: ``linux/arm64``, ``linux/arm/v7`` and the like. Without a variant the usual one is preferred.

        Raises:
            InvalidInput: The platform does not parse, or the index has none that fits; the message lists those it has.
        """
        wanted = Platform.parse(platform) if isinstance(platform, str) else platform
        found = choose(wanted, self._offers())
        if found is None:
            raise no_match(f"index {self.digest.short}", wanted, self.platforms)
        return found

    def _offers(self) -> list[tuple[Platform, Image]]:
        offers = []
        for described, child in zip(self.document.manifests, self.children, strict=True):
            if isinstance(child, Index):
                offers += child._offers()
            elif platform := described.platform or child.platform:
                offers.append((platform, child))
        return offers

    def card(self) -> Card:
        """Return digest, media type, platforms and annotations."""
        facts = [
            ("digest", f"`{self.digest}`"),
            ("media type", f"`{self.media_type}`"),
            ("platforms", ", ".join(map(str, self.platforms)) or "none"),
            ("size", f"{size_in_words(self.size)}, the largest child"),
            *(("annotation", f"`{key}={value}`") for key, value in sorted(self.document.annotations.items())),
        ]
        return Card("Image index", tuple(facts), tone=Tone.NOTE)

    def table(self) -> Table:
        """Return the children in the order of the index."""
        rows = [
            (str(described.platform or child_platform(child) or "-"), f"sha256:{described.digest.short}…", child.size)
            for described, child in zip(self.document.manifests, self.children, strict=True)
        ]
        return Table(("platform", "manifest digest", "bytes of layers"), rows)

    def __repr__(self) -> str:
        return f"<Index {self.digest.short} of {', '.join(map(str, self.platforms)) or len(self.children)}>"


AnyImage: TypeAlias = Image | Index


def child_platform(child: AnyImage) -> Platform | None:
    """Return the platform of an image; an index has none of its own."""
    return child.platform if isinstance(child, Image) else None


def no_match(place: str, wanted: Platform, offered: tuple[Platform, ...]) -> InvalidInput:
    """Say that no child fits, and which there are."""
    there = ", ".join(dict.fromkeys(map(str, offered))) or "no platforms"
    return InvalidInput(place, f"no matching manifest for {wanted}", f"this index has {there}")


def describe(value: Any) -> str:
    """Say in a few words what was handed over instead of an image."""
    return f"{value!r:.60}" if isinstance(value, str | bytes) else f"a value of type {type(value).__name__}"


def settings_of(document: ImageManifest, config: bytes) -> Node | None:
    """Return the parsed config; ``None`` if this is no container image and its config is something else.

    Raises:
        InvalidImage: The config of a container image is not a JSON object.
    """
    if document.config.media_type not in (OCI_CONFIG, DOCKER_CONFIG):
        return None
    return parse_object(config, "config")


def platform_of(document: ImageManifest, config: bytes) -> Platform | None:
    """Return what a config says an image runs on; ``None`` if it says nothing or is no image's config.

    Raises:
        InvalidImage: The config of a container image is not JSON, or its platform is not text.
    """
    settings = settings_of(document, config)
    if settings is None or not (settings.value.get("os") and settings.value.get("architecture")):
        return None
    return Platform(
        settings.text("os"),
        settings.text("architecture"),
        settings.value.get("variant") or None,
        settings.value.get("os.version") or None,
    )


def _labels(document: ImageManifest, config: bytes) -> dict[str, str]:
    settings = settings_of(document, config)
    return settings.object("config").texts("Labels") if settings is not None and settings.has("config") else {}


def diff_ids_of(document: ImageManifest, config: bytes) -> tuple[Digest | None, ...]:
    """Return what a config claims to be the uncompressed digest of each layer; ``None`` where it claims nothing.

    Raises:
        InvalidImage: The config of a container image is not JSON, or a diff_id is no digest.
    """
    nothing = (None,) * len(document.layers)
    settings = settings_of(document, config)
    if settings is None or not settings.has("rootfs") or not settings.object("rootfs").has("diff_ids"):
        return nothing
    claimed = settings.object("rootfs").digests("diff_ids")
    return claimed if len(claimed) == len(document.layers) else nothing
