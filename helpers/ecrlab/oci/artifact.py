"""Artifacts that are about an image: signatures, bills of materials, reports. A registry lists them by their subject.

Source: OCI image specification 1.1, manifest.md, "Guidelines for Artifact Usage".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ecrlab.errors import InvalidImage
from ecrlab.naming import Digest
from ecrlab.oci.build import annotate
from ecrlab.oci.descriptor import Descriptor
from ecrlab.oci.document import Node, canonical_json
from ecrlab.oci.image import AnyImage, Image, Index, Layer, describe
from ecrlab.oci.media import OCI_EMPTY, OCI_MANIFEST
from ecrlab.oci.store import MemoryBlob

__all__ = ["artifact", "subject_descriptor"]

_NOTHING = b"{}"  # the config of what has none; the specification names these two bytes


def artifact(
    subject: AnyImage | Descriptor,
    artifact_type: str,
    data: bytes | str | Mapping[str, Any],
    *,
    media_type: str,
    annotations: Mapping[str, str] | None = None,
) -> Image:
    """Build a manifest with one blob that refers to an image; push it like one, without a tag.

    Args:
        subject: What the artifact is about. It need not be in the registry yet.
        artifact_type: What the artifact is, as a media type: ``application/vnd.cncf.notary.signature``.
        data: The blob. Text is stored as UTF-8, a mapping as JSON without spaces.
        media_type: What the blob is: ``application/jose+json``.
        annotations: Go into the manifest; a registry shows them in its list of referrers.

    Raises:
        InvalidImage: The subject is no image, there is no data, or a type or an annotation is none.
    """
    about = subject_descriptor(subject, "artifact")
    Node("", {"artifact_type": artifact_type}, "artifact").media_type("artifact_type")
    blob = _bytes(data)
    layer = Layer(Digest.of(blob), len(blob), None, media_type, MemoryBlob(blob))
    manifest: dict[str, Any] = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "artifactType": artifact_type,
        "config": Descriptor(OCI_EMPTY, Digest.of(_NOTHING), len(_NOTHING)).to_json(),
        "layers": [layer.descriptor.to_json()],
        "subject": about.to_json(),
    }
    made = Image(canonical_json(manifest), _NOTHING, (layer,))
    return annotate(made, annotations) if annotations else made


def subject_descriptor(subject: AnyImage | Descriptor, place: str) -> Descriptor:
    """Return media type, digest and size of a subject, without platform and annotations.

    Raises:
        InvalidImage: It is no image; ``place`` says who asked.
    """
    if not isinstance(subject, Image | Index | Descriptor):
        raise InvalidImage(
            place, f"its subject, {describe(subject)}, is no image", "hand over an image or its descriptor"
        )
    described = subject if isinstance(subject, Descriptor) else subject.descriptor
    return Descriptor(described.media_type, described.digest, described.size)


def _bytes(data: object) -> bytes:
    if isinstance(data, Mapping):
        return canonical_json(data)
    blob = data.encode() if isinstance(data, str) else data
    if not isinstance(blob, bytes):
        raise InvalidImage("artifact", f"its data is {describe(data)}", "hand over bytes, text or a mapping")
    if not blob:
        raise InvalidImage("artifact", "its data is empty", "hand over at least one byte; ECR takes no empty blob")
    return blob
