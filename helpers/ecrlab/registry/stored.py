"""``stored``: the images of a repository as the bill sees them, for ``pricing.storage_of``. Only calls that read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from ecrlab.naming import RepositoryName
from ecrlab.oci import ImageManifest, parse_manifest
from ecrlab.oci.media import INDEX_TYPES, MANIFEST_TYPES
from ecrlab.pricing import StoredImage
from ecrlab.registry.client import Conversation, check_client
from ecrlab.registry.inventory import image_details
from ecrlab.registry.report import Call

if TYPE_CHECKING:
    from mypy_boto3_ecr import ECRClient

__all__ = ["stored"]

_IDS_PER_CALL = 100


def stored(client: ECRClient, repository: str, *, read_layers: bool = False) -> tuple[StoredImage, ...]:
    """Read what a repository stores, archived images too.

    Args:
        client: A boto3 client of ECR, e.g. ``lab.client("ecr")``. Only calls that read are made.
        repository: Name of the repository, without the registry's address.
        read_layers: Also read the manifests, and so which layers images share. BatchGetImage does that, and AWS
            records it as a pull, which puts off rules that count ``sinceImagePulled``. Archived images cannot be read.

    Returns:
        Every image, in the order of DescribeImages; without layers each counts in full.

    Raises:
        InvalidInput: The client is none, or the name is no repository's.
        RegistryError: There is no such repository, or AWS refused.

    Source: Amazon ECR API reference, DescribeImages, BatchGetImage (botocore 1.44.5).
    """
    check_client(client, "stored")
    name = RepositoryName.parse(repository)
    conversation = Conversation(client, f"storage of {name}", name)
    details = list(image_details(conversation))
    readable = [detail["imageDigest"] for detail in details if detail.get("imageStatus", "ACTIVE") == "ACTIVE"]
    blobs = dict(_blobs(conversation, readable)) if read_layers else {}
    return tuple(
        StoredImage(
            repository=str(name),
            digest=detail["imageDigest"],
            blobs=blobs.get(detail["imageDigest"], {}),
            size_bytes=detail.get("imageSizeInBytes", 0),
            tags=tuple(detail.get("imageTags", ())),
            archived=detail.get("imageStatus", "ACTIVE") != "ACTIVE",
        )
        for detail in details
    )


def _blobs(conversation: Conversation, digests: Sequence[str]) -> Iterator[tuple[str, dict[str, int]]]:
    """Yield the digest of each image with digest and size of its layers; an index has none of its own.

    The config and the manifest, a few kB, are left out, as they are in the size that DescribeImages tells.
    """
    for start in range(0, len(digests), _IDS_PER_CALL):
        asked = [{"imageDigest": digest} for digest in digests[start : start + _IDS_PER_CALL]]
        call = Call("BatchGetImage", f"{len(asked)} manifests")
        accepted = [*MANIFEST_TYPES, *INDEX_TYPES]
        for image in conversation.ask(call, imageIds=asked, acceptedMediaTypes=accepted)["images"]:
            manifest = parse_manifest(image["imageManifest"].encode())
            own = manifest.layers if isinstance(manifest, ImageManifest) else ()
            digest = image["imageId"]["imageDigest"]
            yield digest, {str(blob.digest): blob.size for blob in own} or {digest: 0}
