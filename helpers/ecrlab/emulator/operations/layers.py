"""Layers: an upload is a small state machine, and a layer is a member of every repository it was pushed to.

initiate ─► part, part, … ─► complete ─► layer       a part must begin where the last one ended;
                   └─ gap: refused, the upload stays where it was        all but the last have at least 5 MiB
"""

from __future__ import annotations

import re
from itertools import pairwise

from ecrlab.emulator import creation_templates, download_urls, encryption, errors
from ecrlab.emulator.call import Answer, Call
from ecrlab.emulator.state import Repository, Upload

__all__ = ["OPERATIONS"]

_MIB = 1024 * 1024
_PART_SIZE = 10 * _MIB  # what InitiateLayerUpload recommends
_SMALLEST_PART = 5 * _MIB
_MOST_PARTS = 4_200  # Amazon ECR service quotas
_DIGEST = re.compile(r"[a-zA-Z0-9-_+.]+:[a-fA-F0-9]+")
_DEFAULT_MEDIA_TYPE = "application/vnd.docker.image.rootfs.diff.tar.gzip"


def initiate_layer_upload(call: Call) -> Answer:
    """Open an upload; the first thing in a repository that a template makes on push."""
    with creation_templates.pushed_to(call) as repository:
        encryption.refuse_if_locked(call.registry, repository)
        return {"uploadId": repository.begin_upload().upload_id, "partSize": _PART_SIZE}


def upload_layer_part(call: Call) -> Answer:
    """Take the next consecutive bytes of an upload."""
    repository = call.repository()
    upload = _upload(repository, call.parameters["uploadId"])
    encryption.refuse_if_locked(call.registry, repository)
    first, last = call.parameters["partFirstByte"], call.parameters["partLastByte"]
    part: bytes = call.parameters["layerPartBlob"]
    fault = _part_fault(upload, first, last, len(part))
    if fault:
        raise errors.invalid_layer_part(
            fault, upload.upload_id, repository.name, repository.registry_id, upload.size - 1
        )
    if len(upload.parts) >= _MOST_PARTS:
        raise errors.limit_exceeded(f"A layer has at most {_MOST_PARTS} parts")
    upload.append(part)
    return {
        "registryId": repository.registry_id,
        "repositoryName": repository.name,
        "uploadId": upload.upload_id,
        "lastByteReceived": upload.size - 1,
    }


def complete_layer_upload(call: Call) -> Answer:
    """Turn an upload into a layer, if it is what the client says it is.

    Guess: a refused completion leaves the upload open, so that the client may try another digest; a layer of archived
    images can be uploaded again, since a client finds it missing, and is in use again with the next PutImage.
    """
    repository = call.repository()
    upload = _upload(repository, call.parameters["uploadId"])
    encryption.refuse_if_locked(call.registry, repository)
    if not upload.parts:
        raise errors.empty_upload(upload.upload_id, repository.name, repository.registry_id)
    if call.rules.parts_have_a_minimum:
        _refuse_small_parts(upload)
    digest = upload.digest
    if digest not in call.parameters["layerDigests"]:
        raise errors.invalid_layer()
    if digest in repository.layers and not repository.images.has_archived_layer(digest):
        del repository.uploads[upload.upload_id]
        raise errors.layer_already_exists(digest, repository.name, repository.registry_id)
    repository.layers[digest] = call.registry.store(digest, upload.size, tuple(upload.parts))
    del repository.uploads[upload.upload_id]
    return {
        "registryId": repository.registry_id,
        "repositoryName": repository.name,
        "uploadId": upload.upload_id,
        "layerDigest": digest,
    }


def batch_check_layer_availability(call: Call) -> Answer:
    """Say which layers need not be uploaded. Wording of the reasons: as moto has it.

    Guess: in a repository that a template will make on push, all are missing; asking does not make it.
    """
    repository = creation_templates.promised(call)
    layers: list[Answer] = []
    failures: list[Answer] = []
    for digest in dict.fromkeys(call.parameters["layerDigests"]):
        blob = repository.layers.get(digest)
        if not _DIGEST.fullmatch(digest):
            failures.append(_failure(digest, "InvalidLayerDigest", f"Invalid layer digest '{digest}'"))
        elif blob is None:
            failures.append(_failure(digest, "MissingLayerDigest", f"Layer digest '{digest}' could not be found"))
        else:
            layers.append(
                {
                    "layerDigest": digest,
                    "layerAvailability": "ARCHIVED" if repository.images.has_archived_layer(digest) else "AVAILABLE",
                    "layerSize": blob.size,
                    "mediaType": repository.images.layer_media_type(digest) or _DEFAULT_MEDIA_TYPE,
                }
            )
    return {"layers": layers, "failures": failures}


def get_download_url_for_layer(call: Call) -> Answer:
    """Hand out an address for a layer that an image of the repository outside the archive refers to."""
    repository = call.repository()
    digest = call.parameters["layerDigest"]
    if digest not in repository.layers:
        raise errors.layer_not_found(digest, repository.name, repository.registry_id)
    if not repository.images.refers_to_layer(digest):
        raise errors.layer_inaccessible()
    if repository.images.has_archived_layer(digest):
        raise errors.layer_archived(digest, repository.name, repository.registry_id)
    return {"downloadUrl": download_urls.sign(repository, digest, call.now), "layerDigest": digest}


def _upload(repository: Repository, upload_id: str) -> Upload:
    upload = repository.uploads.get(upload_id)
    if upload is None:
        raise errors.upload_not_found(upload_id, repository.name, repository.registry_id)
    return upload


def _part_fault(upload: Upload, first: int, last: int, length: int) -> str | None:
    if first != upload.size:
        return f"the part begins at byte {first}, the next byte is {upload.size}"
    if not length or length != last - first + 1:
        return f"the part has {length} bytes, partFirstByte {first} and partLastByte {last} say {last - first + 1}"
    return None


def _refuse_small_parts(upload: Upload) -> None:
    for number, (part, _) in enumerate(pairwise(upload.parts), start=1):
        if len(part) < _SMALLEST_PART:
            raise errors.layer_part_too_small(number, len(part), upload.upload_id)


def _failure(digest: str, code: str, reason: str) -> Answer:
    return {"layerDigest": digest, "failureCode": code, "failureReason": reason}


OPERATIONS = {
    "BatchCheckLayerAvailability": batch_check_layer_availability,
    "CompleteLayerUpload": complete_layer_upload,
    "GetDownloadUrlForLayer": get_download_url_for_layer,
    "InitiateLayerUpload": initiate_layer_upload,
    "UploadLayerPart": upload_layer_part,
}
