"""The archive: an image goes in at once, and comes back after twenty minutes, or as soon as it is pushed again.

ACTIVE ──ARCHIVE──► ARCHIVED ──STANDARD──► ACTIVATING ──20 minutes──► ACTIVE
                        └──────PutImage───────┴──────────at once────────┘

Guess: which updates ImageStorageClassUpdateNotSupportedException refuses is not documented. Here it is those that lead
nowhere, and those that would leave an index in use without one of its images.
"""

from __future__ import annotations

from datetime import timedelta

from ecrlab.emulator import errors, storage
from ecrlab.emulator.call import Answer, Call
from ecrlab.emulator.state import Image, Repository

__all__ = ["OPERATIONS"]

_RESTORE_TAKES = timedelta(minutes=20)  # "up to 20 minutes", says the Amazon ECR User Guide; here always so long


def update_image_storage_class(call: Call) -> Answer:
    """Archive an image, or begin to bring it back."""
    repository = call.repository()
    wanted, target = call.parameters["imageId"], call.parameters["targetStorageClass"]
    image = repository.images.find(wanted.get("imageDigest"), wanted.get("imageTag"))
    if image is None:
        raise errors.image_not_found(wanted, repository.name, repository.registry_id)
    obstacle = _obstacle_to_archiving(repository, image) if target == "ARCHIVE" else _obstacle_to_restoring(image)
    if obstacle:
        raise errors.storage_class_update_not_supported(image.digest, obstacle, repository.name, repository.registry_id)
    if target == "ARCHIVE":
        storage.archive(call.registry, repository, image, call.now)
    else:
        repository.images.begin_restore(image, call.now + _RESTORE_TAKES)
    return {
        "registryId": repository.registry_id,
        "repositoryName": repository.name,
        "imageId": {"imageDigest": image.digest} | dict(wanted),
        "imageStatus": image.status,
    }


def _obstacle_to_archiving(repository: Repository, image: Image) -> str | None:
    if image.status == "ARCHIVED":
        return "it is archived already"
    if image.status == "ACTIVATING":
        return "it is being restored"
    indexes = repository.images.parents_in_use(image.digest)
    return f"it is referenced by manifest list: [{', '.join(indexes)}]" if indexes else None


def _obstacle_to_restoring(image: Image) -> str | None:
    return {"ACTIVE": "it is not archived", "ACTIVATING": "it is being restored already"}.get(image.status)


OPERATIONS = {"UpdateImageStorageClass": update_image_storage_class}
