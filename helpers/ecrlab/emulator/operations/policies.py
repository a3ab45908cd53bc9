"""Policy documents: kept and given back. What they decide comes with the engines of later chapters.

Only the outermost shape is checked here; AWS checks much more, and says so in the same sentence.
"""

from __future__ import annotations

import json
from typing import Any

from ecrlab.emulator import errors
from ecrlab.emulator.call import Answer, Call
from ecrlab.emulator.errors import EcrError
from ecrlab.emulator.state import Repository

__all__ = ["OPERATIONS"]


def set_repository_policy(call: Call) -> Answer:
    """Keep a repository policy; nobody is let in or kept out by it yet."""
    repository = call.repository()
    text = call.parameters["policyText"]
    if not _has_statements(text):
        raise errors.invalid_parameter("PolicyText", "Invalid repository policy provided")
    repository.policy = text
    return _policy(repository, text)


def get_repository_policy(call: Call) -> Answer:
    """Give a repository policy back."""
    repository = call.repository()
    return _policy(repository, _present(repository, repository.policy, "Repository"))


def delete_repository_policy(call: Call) -> Answer:
    """Forget a repository policy."""
    repository = call.repository()
    text = _present(repository, repository.policy, "Repository")
    repository.policy = None
    return _policy(repository, text)


def put_registry_policy(call: Call) -> Answer:
    """Keep the registry policy; nothing is decided by it yet."""
    text = call.parameters["policyText"]
    if not _has_statements(text):
        raise errors.invalid_parameter("PolicyText", "Invalid registry policy provided")
    call.registry.policy = text
    return {"registryId": call.registry.account_id, "policyText": text}


def get_registry_policy(call: Call) -> Answer:
    """Give the registry policy back."""
    return {"registryId": call.registry.account_id, "policyText": _registry_policy(call)}


def delete_registry_policy(call: Call) -> Answer:
    """Forget the registry policy."""
    text = _registry_policy(call)
    call.registry.policy = None
    return {"registryId": call.registry.account_id, "policyText": text}


def _registry_policy(call: Call) -> str:
    if call.registry.policy is None:
        account = call.registry.account_id
        raise EcrError(
            "RegistryPolicyNotFoundException", f"Registry policy does not exist in the registry with id '{account}'"
        )
    return call.registry.policy


def _present(repository: Repository, text: str | None, kind: str) -> str:
    if text is None:
        raise errors.policy_not_found(kind, repository.name, repository.registry_id)
    return text


def _policy(repository: Repository, text: str) -> Answer:
    return {"registryId": repository.registry_id, "repositoryName": repository.name, "policyText": text}


def _document(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _has_statements(text: str) -> bool:
    match _document(text):
        case {"Statement": dict(statement)}:
            return _is_statement(statement)
        case {"Statement": [_, *_] as statements}:
            return all(_is_statement(statement) for statement in statements)
    return False


def _is_statement(statement: Any) -> bool:
    match statement:
        case {"Effect": "Allow" | "Deny", **rest}:
            return all(rest.keys() & {element, f"Not{element}"} for element in ("Principal", "Action"))
    return False


OPERATIONS = {
    "DeleteRegistryPolicy": delete_registry_policy,
    "DeleteRepositoryPolicy": delete_repository_policy,
    "GetRegistryPolicy": get_registry_policy,
    "GetRepositoryPolicy": get_repository_policy,
    "PutRegistryPolicy": put_registry_policy,
    "SetRepositoryPolicy": set_repository_policy,
}
