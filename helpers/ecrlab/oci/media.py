"""The media types of container images: OCI's and Docker's, and what each one is for.

Sources: OCI image specification, media-types.md; Docker's "Image Manifest Version 2, Schema 2"
(distribution/distribution, docs/content/spec/manifest-v2-2.md). ECR accepts both families (ECR User Guide,
"Container image manifest format support in Amazon ECR").
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = [
    "DOCKER",
    "DOCKER_CONFIG",
    "DOCKER_INDEX",
    "DOCKER_LAYER",
    "DOCKER_LAYER_GZIP",
    "DOCKER_MANIFEST",
    "INDEX_TYPES",
    "MANIFEST_TYPES",
    "OCI",
    "OCI_CONFIG",
    "OCI_EMPTY",
    "OCI_INDEX",
    "OCI_LAYER",
    "OCI_LAYER_GZIP",
    "OCI_LAYER_ZSTD",
    "OCI_MANIFEST",
    "Compression",
    "Family",
    "compression_of",
    "is_filesystem_layer",
]

OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_CONFIG = "application/vnd.oci.image.config.v1+json"
OCI_EMPTY = "application/vnd.oci.empty.v1+json"
OCI_LAYER = "application/vnd.oci.image.layer.v1.tar"
OCI_LAYER_GZIP = "application/vnd.oci.image.layer.v1.tar+gzip"
OCI_LAYER_ZSTD = "application/vnd.oci.image.layer.v1.tar+zstd"

DOCKER_INDEX = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_CONFIG = "application/vnd.docker.container.image.v1+json"
DOCKER_LAYER = "application/vnd.docker.image.rootfs.diff.tar"
DOCKER_LAYER_GZIP = "application/vnd.docker.image.rootfs.diff.tar.gzip"

MANIFEST_TYPES = (OCI_MANIFEST, DOCKER_MANIFEST)
"""What describes one image: a config and layers."""

INDEX_TYPES = (OCI_INDEX, DOCKER_INDEX)
"""What points at other manifests, usually one for each platform."""

Compression = Literal["gzip", "zstd", "none"]

_LAYER_PREFIXES = ("application/vnd.oci.image.layer.", "application/vnd.docker.image.rootfs.")


@dataclass(frozen=True, slots=True)
class Family:
    """One consistent set of media types. ``OCI`` is what the kit builds unless it is asked for ``DOCKER``."""

    name: str
    index: str
    manifest: str
    config: str
    layer: str
    layer_gzip: str

    def layer_type(self, compression: Compression) -> str:
        """Return this family's media type of a layer; zstd exists only in OCI's set."""
        return {"none": self.layer, "gzip": self.layer_gzip, "zstd": OCI_LAYER_ZSTD}[compression]


OCI = Family("oci", OCI_INDEX, OCI_MANIFEST, OCI_CONFIG, OCI_LAYER, OCI_LAYER_GZIP)
DOCKER = Family("docker", DOCKER_INDEX, DOCKER_MANIFEST, DOCKER_CONFIG, DOCKER_LAYER, DOCKER_LAYER_GZIP)


def is_filesystem_layer(media_type: str) -> bool:
    """Say whether a blob of this type is a tar that goes into a container's file system."""
    return media_type.startswith(_LAYER_PREFIXES)


def compression_of(media_type: str) -> Compression:
    """Return how the tar of a layer is compressed, read from the end of its media type."""
    if media_type.endswith(("+gzip", ".gzip")):
        return "gzip"
    return "zstd" if media_type.endswith("+zstd") else "none"
