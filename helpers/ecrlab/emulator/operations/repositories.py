"""Repositories: create, describe, delete, and the two settings that can be changed afterwards."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ecrlab.emulator import encryption, errors, paging
from ecrlab.emulator.call import Answer, Call
from ecrlab.emulator.operations.resource_tags import merged
from ecrlab.emulator.state import Mutability, Repository

__all__ = ["OPERATIONS", "mutability_members", "read_mutability"]

_DEFAULT_PAGE = 100
_REPOSITORIES_PER_REGISTRY = 100_000  # Amazon ECR service quotas, adjustable
_WITH_EXCLUSION = "_WITH_EXCLUSION"


def create_repository(call: Call) -> Answer:
    """Make an empty repository."""
    name = call.parameters["repositoryName"]
    if call.registry.repository(name):
        raise errors.repository_already_exists(name, call.registry.account_id)
    if len(call.registry) >= _REPOSITORIES_PER_REGISTRY:
        raise errors.limit_exceeded(f"The registry with id '{call.registry_id}' has the maximum number of repositories")
    repository = Repository(
        name,
        call.registry_id,
        call.registry.region,
        created_at=call.now,
        mutability=read_mutability(call.parameters),
        scan_on_push=call.parameters.get("imageScanningConfiguration", {}).get("scanOnPush", False),
        resource_tags=merged({}, call.parameters.get("tags", [])),
    )
    requested = call.parameters.get("encryptionConfiguration")
    repository.encryption = encryption.settings(requested, call.registry, call.rules)
    encryption.begin(call.registry, repository, call.rules)
    call.registry.add(repository)
    return {"repository": described(repository)}


def describe_repositories(call: Call) -> Answer:
    """List repositories in the order of their names, page by page, or the named ones."""
    names = call.parameters.get("repositoryNames")
    token = call.parameters.get("nextToken")
    limit = call.parameters.get("maxResults")
    if names:
        if token or limit:
            raise errors.invalid_parameter("maxResults", "This option cannot be used with repositoryNames")
        return {"repositories": [described(call.repository_named(name)) for name in dict.fromkeys(names)]}
    scope = (call.operation, call.registry.account_id, call.registry.region)
    (after,) = paging.decode_token(token, *scope) if token else ("",)
    found = (
        ((repository.name,), described(repository))
        for repository in call.registry.after_name(str(after))
        if call.rules.registry_id_selects_registry
        or call.parameters.get("registryId") in (None, repository.registry_id)
    )
    repositories, next_token = paging.page(found, limit or _DEFAULT_PAGE, *scope)
    return {"repositories": repositories, "nextToken": next_token}


def delete_repository(call: Call) -> Answer:
    """Remove a repository; with images in it only by ``force``."""
    repository = call.repository()
    if len(repository.images) and not call.parameters.get("force"):
        raise errors.repository_not_empty(repository.name, repository.registry_id)
    call.registry.remove(repository)
    encryption.end(call.registry, repository)
    return {"repository": described(repository)}


def put_image_tag_mutability(call: Call) -> Answer:
    """Say which tags may move from now on."""
    repository = call.repository()
    repository.mutability = read_mutability(call.parameters)
    return {
        "registryId": repository.registry_id,
        "repositoryName": repository.name,
        **mutability_members(repository.mutability),
    }


def put_image_scanning_configuration(call: Call) -> Answer:
    """Switch scanning on push on or off."""
    repository = call.repository()
    repository.scan_on_push = call.parameters["imageScanningConfiguration"].get("scanOnPush", False)
    return {
        "registryId": repository.registry_id,
        "repositoryName": repository.name,
        "imageScanningConfiguration": {"scanOnPush": repository.scan_on_push},
    }


def described(repository: Repository) -> Answer:
    """Return the ``Repository`` structure."""
    return {
        "repositoryArn": repository.arn,
        "registryId": repository.registry_id,
        "repositoryName": repository.name,
        "repositoryUri": repository.uri,
        "createdAt": repository.created_at,
        **mutability_members(repository.mutability),
        "imageScanningConfiguration": {"scanOnPush": repository.scan_on_push},
        "encryptionConfiguration": dict(repository.encryption),
    }


def read_mutability(parameters: Mapping[str, Any]) -> Mutability:
    """Read mode and filters: the filters belong to the two modes with exclusion, and to them only.

    Raises:
        EcrError: InvalidParameterException.
    """
    mode = parameters.get("imageTagMutability", "MUTABLE")
    filters = parameters.get("imageTagMutabilityExclusionFilters")
    if mode.endswith(_WITH_EXCLUSION) and not filters:
        raise errors.invalid_parameter(
            "imageTagMutabilityExclusionFilters",
            f"ImageTagMutabilityExclusionFilters can't be null when imageTagMutability is set as {mode}",
        )
    if filters and not mode.endswith(_WITH_EXCLUSION):
        # Guess: the counterpart of the sentence above
        raise errors.invalid_parameter(
            "imageTagMutabilityExclusionFilters",
            f"ImageTagMutabilityExclusionFilters must be null when imageTagMutability is set as {mode}",
        )
    return Mutability(mode, tuple(item["filter"] for item in filters or ()))


def mutability_members(mutability: Mutability) -> Answer:
    """Return mode and filters in AWS's spelling."""
    members: Answer = {"imageTagMutability": mutability.mode}
    if mutability.filters:
        members["imageTagMutabilityExclusionFilters"] = [
            {"filterType": "WILDCARD", "filter": text} for text in mutability.filters
        ]
    return members


OPERATIONS = {
    "CreateRepository": create_repository,
    "DeleteRepository": delete_repository,
    "DescribeRepositories": describe_repositories,
    "PutImageScanningConfiguration": put_image_scanning_configuration,
    "PutImageTagMutability": put_image_tag_mutability,
}
