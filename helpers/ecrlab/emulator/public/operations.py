"""The operations of Amazon ECR Public that act so far: repositories, catalog data, layers, PutImage, deletion."""

from __future__ import annotations

from typing import cast

from ecrlab.emulator import errors as private_errors
from ecrlab.emulator.call import Answer, Call, Operation
from ecrlab.emulator.operations import images, layers
from ecrlab.emulator.operations.resource_tags import merged
from ecrlab.emulator.public import errors
from ecrlab.emulator.public.state import PublicRegistry, PublicRepository

__all__ = ["OPERATIONS"]

_REPOSITORIES_PER_REGISTRY = 10_000  # Amazon ECR Public service quotas, adjustable


def create_repository(call: Call) -> Answer:
    """Make an empty repository."""
    name, registry = call.parameters["repositoryName"], cast(PublicRegistry, call.registry)
    if registry.repository(name):
        raise private_errors.repository_already_exists(name, registry.account_id)
    if len(registry) >= _REPOSITORIES_PER_REGISTRY:
        raise private_errors.limit_exceeded("The registry has the maximum number of repositories")
    tags = [{"Key": tag.get("Key", ""), "Value": tag.get("Value", "")} for tag in call.parameters.get("tags", [])]
    repository = PublicRepository(
        name, registry.account_id, registry.region, call.now, resource_tags=merged({}, tags), alias=registry.alias
    )
    repository.catalog = _catalog(call) if "catalogData" in call.parameters else None
    registry.add(repository)
    return {"repository": _described(repository), "catalogData": repository.catalog or {}}


def delete_repository(call: Call) -> Answer:
    """Remove a repository; with images in it only by ``force``."""
    repository = _repository(call)
    if len(repository.images) and not call.parameters.get("force"):
        raise private_errors.repository_not_empty(repository.name, repository.registry_id)
    call.registry.remove(repository)
    return {"repository": _described(repository)}


def get_repository_catalog_data(call: Call) -> Answer:
    """Tell what the gallery shows of a repository."""
    repository = _repository(call)
    if repository.catalog is None:
        raise errors.catalog_data_not_found(repository.name, repository.registry_id)
    return {"catalogData": repository.catalog}


def put_repository_catalog_data(call: Call) -> Answer:
    """Say what the gallery shows. Guess: the new data take the place of all that was there."""
    repository = _repository(call)
    repository.catalog = _catalog(call)
    return {"catalogData": repository.catalog}


def _catalog(call: Call) -> Answer:
    # A logo is taken and not shown: it has an address on AWS only.
    return {name: value for name, value in call.parameters["catalogData"].items() if name != "logoImageBlob"}


def _repository(call: Call) -> PublicRepository:
    return cast(PublicRepository, call.repository())


def _described(repository: PublicRepository) -> Answer:
    return {
        "repositoryArn": repository.arn,
        "registryId": repository.registry_id,
        "repositoryName": repository.name,
        "repositoryUri": repository.uri,
        "createdAt": repository.created_at,
    }


OPERATIONS: dict[str, Operation] = {
    "BatchCheckLayerAvailability": layers.batch_check_layer_availability,
    "BatchDeleteImage": images.batch_delete_image,
    "CompleteLayerUpload": layers.complete_layer_upload,
    "CreateRepository": create_repository,
    "DeleteRepository": delete_repository,
    "GetRepositoryCatalogData": get_repository_catalog_data,
    "InitiateLayerUpload": layers.initiate_layer_upload,
    "PutImage": images.put_image,
    "PutRepositoryCatalogData": put_repository_catalog_data,
    "UploadLayerPart": layers.upload_layer_part,
}
