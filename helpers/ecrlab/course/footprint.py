"""What a learner can change in a registry, read through the API and boiled down to one fingerprint.

``reset`` takes it when a task begins, ``check`` compares: no change means that nothing was attempted.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from hashlib import sha256
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ecrlab.cloud import Lab

__all__ = ["footprint"]

_OPTIONAL = (
    ("get_repository_policy", "policyText", "RepositoryPolicyNotFoundException"),
    ("get_lifecycle_policy", "lifecyclePolicyText", "LifecyclePolicyNotFoundException"),
)
"""Texts that a repository may have: the operation, the member of its answer, and the error that says there is none."""


def footprint(lab: Lab, elsewhere: Callable[[Lab], Any] | None = None) -> str:
    """Return a fingerprint of the lab's repositories: settings, policies, tags, and which tag names which image.

    Args:
        lab: An open lab.
        elsewhere: Reads what counts beside the repositories, as ``Exercise.elsewhere`` has it.
    """
    ecr = lab.client("ecr")
    mine = lab.repository_name("")
    states = [
        _state(ecr, repository)
        for page in ecr.get_paginator("describe_repositories").paginate()
        for repository in page["repositories"]
        if repository["repositoryName"].startswith(mine)
    ]
    seen = [states, elsewhere(lab)] if elsewhere else states
    return sha256(json.dumps(seen, sort_keys=True, default=str).encode()).hexdigest()


def _state(ecr: Any, repository: dict[str, Any]) -> dict[str, Any]:
    name = repository["repositoryName"]
    pages = ecr.get_paginator("list_images").paginate(repositoryName=name)
    images = sorted((each.get("imageTag", ""), each["imageDigest"]) for page in pages for each in page["imageIds"])
    tags = ecr.list_tags_for_resource(resourceArn=repository["repositoryArn"])["tags"]
    return repository | {"images": images, "tags": tags, "texts": list(_texts(ecr, name))}


def _texts(ecr: Any, name: str) -> Iterator[str | None]:
    for operation, member, absent in _OPTIONAL:
        try:
            yield getattr(ecr, operation)(repositoryName=name)[member]
        except getattr(ecr.exceptions, absent):
            yield None
