"""Policies of repositories and of the registry: checked, kept, given back. `authorizing` decides by them."""

from __future__ import annotations

from ecrlab.access import Policy, PolicyKind, parse
from ecrlab.emulator import errors
from ecrlab.emulator.authorizing import locks_out
from ecrlab.emulator.call import Answer, Call
from ecrlab.emulator.errors import EcrError
from ecrlab.emulator.state import Repository
from ecrlab.errors import InvalidPolicy

__all__ = ["OPERATIONS", "checked"]


def set_repository_policy(call: Call) -> Answer:
    """Keep a repository policy, unless it would lock its author out and ``force`` is not set."""
    repository = call.repository()
    text = call.parameters["policyText"]
    policy = checked(text, PolicyKind.REPOSITORY, "Invalid repository policy provided")
    forced = call.parameters.get("force", False) or not call.rules.access_is_decided
    if not forced and locks_out(call.caller, repository, policy, call.registry, call.now):
        # Guess: what AWS's model says about ``force``, as a constraint; its own sentence was not seen in public
        raise errors.invalid_parameter(
            "PolicyText", "The policy would prevent you from setting another policy in the future; to set it, use force"
        )
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
    """Keep the registry policy."""
    text = call.parameters["policyText"]
    checked(text, PolicyKind.REGISTRY, "Invalid registry policy provided")
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


def checked(text: str, kind: PolicyKind, sentence: str, parameter: str = "PolicyText") -> Policy:
    """Read a policy document that came as a parameter, or refuse it in AWS's words.

    AWS does not say what is wrong; `access.faults_of` does.

    Raises:
        EcrError: InvalidParameterException.
    """
    try:
        return parse(text, kind)
    except InvalidPolicy as invalid:
        raise errors.invalid_parameter(parameter, sentence) from invalid


OPERATIONS = {
    "DeleteRegistryPolicy": delete_registry_policy,
    "DeleteRepositoryPolicy": delete_repository_policy,
    "GetRegistryPolicy": get_registry_policy,
    "GetRepositoryPolicy": get_repository_policy,
    "PutRegistryPolicy": put_registry_policy,
    "SetRepositoryPolicy": set_repository_policy,
}
