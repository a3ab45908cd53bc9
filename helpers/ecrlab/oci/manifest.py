"""Manifests parsed into values, whichever family they are from.

Source: OCI image specification, manifest.md and image-index.md; Docker image manifest version 2, schema 2.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn

from ecrlab.errors import InvalidImage
from ecrlab.oci.descriptor import Descriptor, Platform
from ecrlab.oci.document import Node, parse_object
from ecrlab.oci.media import DOCKER_MANIFEST, INDEX_TYPES, MANIFEST_TYPES, OCI_INDEX, OCI_MANIFEST

__all__ = ["MANIFEST_LIMIT", "ImageManifest", "IndexManifest", "parse_manifest"]

MANIFEST_LIMIT = 4_194_304
"""Bytes that a manifest may have: the maximum of PutImage's ``imageManifest`` (botocore 1.44.5), and what the
OCI distribution specification asks a registry to accept at least."""


@dataclass(frozen=True, slots=True)
class ImageManifest:
    """One image: its config and its layers, lowest first.

    ``subject`` names the manifest that this one is about (a signature's image); ``artifact_type`` is set on
    things that are no container image.
    """

    media_type: str
    config: Descriptor
    layers: tuple[Descriptor, ...]
    subject: Descriptor | None = None
    artifact_type: str | None = None
    annotations: Mapping[str, str] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class IndexManifest:
    """A list of manifests, usually one for each platform (Docker calls it a manifest list)."""

    media_type: str
    manifests: tuple[Descriptor, ...]
    subject: Descriptor | None = None
    artifact_type: str | None = None
    annotations: Mapping[str, str] = field(default_factory=dict, hash=False)


def parse_manifest(data: bytes) -> ImageManifest | IndexManifest:
    """Read the bytes of a manifest.

    Docker's version 2 schema 2 and OCI's manifests are read, with any media type for config and layers. A manifest
    without ``mediaType`` is told apart by its content, as OCI allows.

    Args:
        data: The bytes as stored; at most 4,194,304.

    Raises:
        InvalidImage: The place (``layers[1].digest``), what is wrong there, and how to mend it.
    """
    if len(data) > MANIFEST_LIMIT:
        raise InvalidImage(
            "manifest",
            f"it has {len(data):,} bytes and ECR takes {MANIFEST_LIMIT:,} at most",
            "move data out of its annotations, or use fewer layers",
        )
    node = parse_object(data, "manifest")
    _check_version(node)
    media_type = _media_type(node)
    shared: dict[str, Any] = {
        "subject": _descriptor(node.object("subject")) if node.has("subject") else None,
        "artifact_type": node.optional_text("artifactType"),
        "annotations": node.texts("annotations"),
    }
    if media_type in INDEX_TYPES:
        return IndexManifest(media_type, tuple(map(_descriptor, node.objects("manifests"))), **shared)
    config = _descriptor(node.object("config"))
    return ImageManifest(media_type, config, tuple(map(_descriptor, node.objects("layers"))), **shared)


def _check_version(node: Node) -> None:
    version = node.child("schemaVersion")
    if version.value == 1 and not isinstance(version.value, bool):
        version.refuse("schema 1 has no config and was retired in 2019", "push the image again with a current tool")
    if version.value != 2:
        version.refuse(f"{version.value!r} is not 2", "write 2")


def _media_type(node: Node) -> str:
    """What the manifest says it is, or what its content says if it does not; the two must agree."""
    if node.has("manifests") and (node.has("layers") or node.has("config")):
        # CVE-2021-41190: read as an index by one client and as an image by another.
        node.refuse("it has both 'manifests' and 'layers' or 'config'", "keep one kind")
    if not node.has("mediaType"):
        return _by_content(node)
    media_type = node.media_type("mediaType")
    if media_type not in (*MANIFEST_TYPES, *INDEX_TYPES):
        node.child("mediaType").refuse(f"{media_type!r} is no manifest", f"write e.g. {OCI_MANIFEST!r}")
    return media_type


def _by_content(node: Node) -> str:
    if node.has("manifests"):
        return OCI_INDEX
    if node.has("config") or node.has("layers"):
        config = node.value.get("config")
        docker = isinstance(config, dict) and str(config.get("mediaType")).startswith("application/vnd.docker.")
        return DOCKER_MANIFEST if docker else OCI_MANIFEST
    return _neither(node)


def _neither(node: Node) -> NoReturn:
    node.refuse("it has neither 'layers' nor 'manifests'", "hand over an image manifest or an index")


def _descriptor(node: Node) -> Descriptor:
    return Descriptor(
        media_type=node.media_type("mediaType"),
        digest=node.digest("digest"),
        size=node.size("size"),
        annotations=node.texts("annotations"),
        platform=_platform(node.object("platform")) if node.has("platform") else None,
        artifact_type=node.optional_text("artifactType"),
    )


def _platform(node: Node) -> Platform:
    return Platform(
        os=node.text("os"),
        architecture=node.text("architecture"),
        # Docker's tools write an empty variant where they mean none.
        variant=node.value.get("variant") and node.text("variant"),
        os_version=node.value.get("os.version") and node.text("os.version"),
    )
