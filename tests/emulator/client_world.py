"""What the tests of the emulator do all the time, through boto3 alone: upload bytes, build manifests, push."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError
from ecrlab.clock import ManualClock

OCI_IMAGE = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_CONFIG = "application/vnd.oci.image.config.v1+json"
OCI_LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
ACCOUNT = "123456789012"
MIB = 1024 * 1024


def digest_of(data: bytes | str) -> str:
    """Compute the digest of bytes, or of a text's bytes."""
    return "sha256:" + hashlib.sha256(data.encode() if isinstance(data, str) else data).hexdigest()


def descriptor(data: bytes, media_type: str = OCI_LAYER) -> dict[str, Any]:
    """Describe bytes as a manifest refers to them."""
    return {"mediaType": media_type, "digest": digest_of(data), "size": len(data)}


def manifest(*layers: bytes, config: bytes = b"{}", media_type: str = OCI_IMAGE, **members: Any) -> str:
    """Write the manifest of an image with these layers; ``members`` are added as they are."""
    document = {
        "schemaVersion": 2,
        "mediaType": media_type,
        "config": descriptor(config, OCI_CONFIG),
        "layers": [descriptor(layer) for layer in layers],
        **members,
    }
    return json.dumps(document)


def index(*children: str, media_type: str = OCI_INDEX, **members: Any) -> str:
    """Write an index over manifests."""
    entries = [descriptor(child.encode(), OCI_IMAGE) for child in children]
    return json.dumps({"schemaVersion": 2, "mediaType": media_type, "manifests": entries, **members})


def refusal(call, /, **parameters: Any) -> tuple[str, str]:
    """Make a call that must fail; return AWS's code and message."""
    try:
        call(**parameters)
    except ClientError as error:
        return error.response["Error"]["Code"], error.response["Error"]["Message"]
    raise AssertionError("the call went through")


@dataclass
class World:
    """A client, its clock, and the repository the tests work in."""

    ecr: Any
    clock: ManualClock
    repository: str = "team/api"

    def upload(self, data: bytes, sizes: Sequence[int] | None = None, repository: str | None = None) -> str:
        """Upload a layer in parts of the given sizes; return its digest."""
        name = {"repositoryName": repository or self.repository}
        upload_id = self.ecr.initiate_layer_upload(**name)["uploadId"]
        first = 0
        for size in sizes or [len(data)]:
            part = data[first : first + size]
            self.ecr.upload_layer_part(
                **name,
                uploadId=upload_id,
                partFirstByte=first,
                partLastByte=first + len(part) - 1,
                layerPartBlob=part,
            )
            first += size
        return self.ecr.complete_layer_upload(**name, uploadId=upload_id, layerDigests=[digest_of(data)])["layerDigest"]

    def ensure(self, data: bytes, repository: str | None = None) -> None:
        """Upload a layer unless the repository has it."""
        name = repository or self.repository
        answer = self.ecr.batch_check_layer_availability(repositoryName=name, layerDigests=[digest_of(data)])
        if not answer["layers"]:
            self.upload(data, repository=name)

    def push(self, *layers: bytes, tag: str | None = None, repository: str | None = None, **members: Any) -> str:
        """Push an image of these layers; return its digest."""
        for data in (*layers, b"{}"):
            self.ensure(data, repository)
        return self.put(manifest(*layers, **members), tag, repository)

    def put(self, text: str, tag: str | None = None, repository: str | None = None, **parameters: Any) -> str:
        """Put a manifest; return its digest."""
        if tag is not None:
            parameters["imageTag"] = tag
        answer = self.ecr.put_image(repositoryName=repository or self.repository, imageManifest=text, **parameters)
        return answer["image"]["imageId"]["imageDigest"]

    def details(self, **parameters: Any) -> list[dict[str, Any]]:
        """Describe images."""
        return self.ecr.describe_images(repositoryName=self.repository, **parameters)["imageDetails"]

    def tags(self) -> dict[str, str]:
        """Return every tag with the digest it points to."""
        listed = self.ecr.list_images(repositoryName=self.repository, maxResults=1000)["imageIds"]
        return {item["imageTag"]: item["imageDigest"] for item in listed if "imageTag" in item}

    def delete(self, *identifiers: dict[str, str]) -> dict[str, Any]:
        """Delete images; return what was deleted and what was not."""
        answer = self.ecr.batch_delete_image(repositoryName=self.repository, imageIds=list(identifiers))
        return {"imageIds": answer["imageIds"], "failures": answer["failures"]}
