"""Lifecycle policies: kept, given back, and previewed."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from ecrlab.emulator import errors
from ecrlab.emulator.call import Answer, Call
from ecrlab.emulator.state import Repository

__all__ = ["OPERATIONS"]

_NEVER = datetime.fromtimestamp(0, UTC)  # lastEvaluatedAt of a policy that did not run yet, says the AWS CLI's manual


def put_lifecycle_policy(call: Call) -> Answer:
    """Keep a lifecycle policy; nothing expires by it yet."""
    repository = call.repository()
    text = call.parameters["lifecyclePolicyText"]
    if not _has_rules(text):
        # The first half is AWS's, the second is not known for this case
        raise errors.invalid_parameter(
            "LifecyclePolicyText",
            "Lifecycle policy validation failure: the text is no JSON object with a list of rules",
        )
    repository.lifecycle_policy = text
    return _lifecycle(repository, text)


def get_lifecycle_policy(call: Call) -> Answer:
    """Give a lifecycle policy back."""
    repository = call.repository()
    return _lifecycle(repository, _present(repository)) | {"lastEvaluatedAt": _NEVER}


def delete_lifecycle_policy(call: Call) -> Answer:
    """Forget a lifecycle policy."""
    repository = call.repository()
    text = _present(repository)
    repository.lifecycle_policy = None
    return _lifecycle(repository, text) | {"lastEvaluatedAt": _NEVER}


def _present(repository: Repository) -> str:
    if repository.lifecycle_policy is None:
        raise errors.policy_not_found("Lifecycle", repository.name, repository.registry_id)
    return repository.lifecycle_policy


def _lifecycle(repository: Repository, text: str) -> Answer:
    return {
        "registryId": repository.registry_id,
        "repositoryName": repository.name,
        "lifecyclePolicyText": text,
    }


def _has_rules(text: str) -> bool:
    try:
        document: Any = json.loads(text)
    except (ValueError, RecursionError):
        return False
    return isinstance(document, dict) and isinstance(document.get("rules"), list)


OPERATIONS = {
    "DeleteLifecyclePolicy": delete_lifecycle_policy,
    "GetLifecyclePolicy": get_lifecycle_policy,
    "PutLifecyclePolicy": put_lifecycle_policy,
}
