"""What the registry reads in a manifest: its kind, and what it refers to. The bytes are kept as they came."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from typing import Any

from ecrlab.emulator.errors import EcrError, invalid_parameter

__all__ = ["Manifest", "Reference", "read_manifest"]

DOCKER_IMAGE = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
OCI_IMAGE = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
_INDEXES = frozenset({DOCKER_LIST, OCI_INDEX})
_IMAGES = frozenset({DOCKER_IMAGE, OCI_IMAGE})
# Layers that are fetched from elsewhere by definition, such as Windows base layers: never uploaded.
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}")
_FOREIGN = ("application/vnd.docker.image.rootfs.foreign.", "application/vnd.oci.image.layer.nondistributable.")
_EMPTY_CONFIG = "application/vnd.oci.empty.v1+json"


@dataclass(frozen=True, slots=True)
class Reference:
    """A descriptor inside a manifest: ``size`` in bytes as the manifest claims it."""

    digest: str
    size: int
    media_type: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """A manifest as the registry understands it.

    ``config`` and ``layers`` are empty for an index, ``children`` for everything else. ``artifact_type`` is what
    DescribeImages shows as artifactMediaType: the manifest's artifactType, else the media type of its config.
    """

    media_type: str
    config: Reference | None
    layers: tuple[Reference, ...]
    children: tuple[Reference, ...]
    artifact_type: str | None
    subject: str | None

    @property
    def is_index(self) -> bool:
        """Whether it points to other manifests."""
        return self.media_type in _INDEXES

    @property
    def blobs(self) -> tuple[Reference, ...]:
        """Config and layers: everything that must have been uploaded first, in the manifest's order."""
        config = (self.config,) if self.config else ()
        return tuple(blob for blob in config + self.layers if not blob.media_type.startswith(_FOREIGN))


def digest_of(manifest: str) -> str:
    """Return the digest of a manifest: sha256 over its bytes exactly as given."""
    return "sha256:" + hashlib.sha256(manifest.encode()).hexdigest()


def read_manifest(text: str, media_type: str | None, *, media_types_must_agree: bool) -> Manifest:
    """Read a manifest at the door.

    Args:
        text: JSON, as the client sent it.
        media_type: imageManifestMediaType of the request, if any.
        media_types_must_agree: Whether it must equal the manifest's own mediaType where both are given.

    Raises:
        EcrError: InvalidParameterException: no JSON object, no or an unknown media type, a descriptor that is none.
    """
    try:
        text.encode()  # half a surrogate pair is no text that could have come over the wire
        document = json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise invalid_parameter("ImageManifest", "Invalid JSON syntax") from None
    if not isinstance(document, dict):
        raise invalid_parameter("ImageManifest", "Invalid JSON syntax")
    kind = _media_type(document, media_type, media_types_must_agree)
    return Manifest(
        media_type=kind,
        config=_reference(document.get("config"), "config") if kind in _IMAGES else None,
        layers=_references(document, "layers") if kind in _IMAGES else (),
        children=_references(document, "manifests") if kind in _INDEXES else (),
        artifact_type=_artifact_type(document),
        subject=_subject(document),
    )


def _media_type(document: dict[str, Any], requested: str | None, must_agree: bool) -> str:
    own = document.get("mediaType")
    if own is not None and not isinstance(own, str):
        raise _malformed("mediaType is no text")
    if requested and own and requested != own and must_agree:
        raise _malformed(f"its mediaType is '{own}', the request says '{requested}'")
    kind = requested or own
    if not kind:
        raise EcrError("InvalidParameterException", "image manifest mediatype not provided in manifest or parameter")
    if kind not in _IMAGES | _INDEXES:
        raise _malformed(f"the media type '{kind}' is not supported")
    return kind


def _references(document: dict[str, Any], member: str) -> tuple[Reference, ...]:
    descriptors = document.get(member)
    if not isinstance(descriptors, list):
        raise _malformed(f"{member} is no list")
    return tuple(_reference(descriptor, f"{member}[{index}]") for index, descriptor in enumerate(descriptors))


def _reference(descriptor: Any, place: str) -> Reference:
    match descriptor:
        case {"digest": str(digest), "size": int(size), **rest} if size >= 0 and size is not True:
            media_type = rest.get("mediaType")
            return Reference(digest, size, media_type if isinstance(media_type, str) else "")
    raise _malformed(f"{place} is no descriptor with digest and size")


def _subject(document: dict[str, Any]) -> str | None:
    if document.get("subject") is None:
        return None
    digest = _reference(document["subject"], "subject").digest
    if not _DIGEST.fullmatch(digest):
        raise _malformed(f"the digest of its subject is '{digest}'")
    return digest


def _no_constant(name: str) -> None:
    """Refuse ``NaN`` and ``Infinity``, which Python reads and JSON does not have."""
    raise ValueError(name)


def _artifact_type(document: dict[str, Any]) -> str | None:
    config = document.get("config")
    of_config = config.get("mediaType") if isinstance(config, dict) else None
    own = document.get("artifactType")
    found = own or (of_config if of_config != _EMPTY_CONFIG else None)
    return found if isinstance(found, str) else None


def _malformed(fact: str) -> EcrError:
    # Guess: AWS's parameter name is known from its message on JSON syntax, the rest is ours.
    return invalid_parameter("ImageManifest", f"Image manifest is not valid: {fact}")
