"""Encryption at rest: which key a repository uses, and what happens when the key does not answer.

CreateRepository ─► two grants on the key ─► a data key on every push, a decryption on every pull ─► DeleteRepository,
which gives the grants back. The choice is made once: no operation of ECR changes it.

Source: ECR User Guide, "Encryption at rest". Messages are those that KMS is known for; guess: ECR passes them on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ecrlab.emulator import errors
from ecrlab.emulator.ids import derived_uuid
from ecrlab.emulator.neighbours import Key
from ecrlab.emulator.rules import Rules
from ecrlab.emulator.state import Registry, Repository
from ecrlab.naming import partition_of

__all__ = ["Trouble", "begin", "end", "refuse_if_locked", "settings", "trouble"]

# The first is AWS's own example; guess: what the second is for.
_GRANTS = (("GenerateDataKey", "Decrypt"), ("RetireGrant", "DescribeKey"))
_NOT_ALLOWED = (
    "The ciphertext refers to a customer master key that does not exist, does not exist in this region, "
    "or you are not allowed to access."
)


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why KMS would not do what ECR asks: its error code, and its sentence."""

    code: str
    message: str


def settings(requested: Mapping[str, str] | None, registry: Registry, rules: Rules) -> dict[str, str]:
    """Return the encryption settings of a new repository; its key is named by the ARN, whatever the request calls it.

    Args:
        requested: encryptionConfiguration of the request. KMS without a key means the one that AWS manages for ECR.
        registry: Where the repository will be.
        rules: Whether the key has to be there.

    Raises:
        EcrError: InvalidParameterException for a key or a type that does not belong here; KmsException if the key is
            not there, or not to be used.
    """
    chosen = dict(requested or {"encryptionType": "AES256"})
    if chosen["encryptionType"] == "AES256" and "kmsKey" in chosen:
        # Guess: the documentation says that a key belongs to the KMS types only
        raise errors.invalid_parameter("encryptionConfiguration.kmsKey", "kmsKey must be null for AES256")
    if chosen["encryptionType"] == "KMS_DSSE" and rules.kms_is_asked and partition_of(registry.region) != "aws-us-gov":
        # Wording: guess; the fact is in the User Guide
        fact = "KMS_DSSE is available in AWS GovCloud (US) Regions only"
        raise errors.invalid_parameter("encryptionConfiguration.encryptionType", fact)
    if chosen["encryptionType"] != "AES256":
        chosen["kmsKey"] = _key_arn(chosen.get("kmsKey"), registry, rules)
    return chosen


def begin(registry: Registry, repository: Repository, rules: Rules) -> None:
    """Let ECR use the key of a new repository: two grants, visible in KMS's ListGrants."""
    if _has_key(repository) and rules.kms_is_asked:
        key = repository.encryption["kmsKey"]
        grants = (registry.neighbours.grant(key, operations, repository.arn) for operations in _GRANTS)
        repository.grants = tuple(grants)


def end(registry: Registry, repository: Repository) -> None:
    """Give the grants of a deleted repository back; this works whatever the state of the key."""
    if repository.grants:
        registry.neighbours.retire(repository.encryption["kmsKey"], repository.grants)
        repository.grants = ()


def trouble(registry: Registry, repository: Repository) -> Trouble | None:
    """Say why the content of a repository can be neither written nor read now; ``None`` if it can.

    A repository that was made without asking KMS, in the compatible setting, is never in trouble.
    """
    if not repository.grants:
        return None
    arn = repository.encryption["kmsKey"]
    key = registry.neighbours.key(arn)
    unusable = _unusable(key, arn)
    if unusable is None and key is not None and not key.grants.issuperset(repository.grants):
        return Trouble("AccessDeniedException", _NOT_ALLOWED)  # somebody has revoked a grant
    return unusable


def refuse_if_locked(registry: Registry, repository: Repository) -> None:
    """Refuse to write into a repository whose key does not answer.

    Raises:
        EcrError: KmsException, with KMS's code as ``kmsError``.
    """
    found = trouble(registry, repository)
    if found:
        raise errors.kms_exception(found.code, found.message)


def _key_arn(name: str | None, registry: Registry, rules: Rules) -> str:
    if not rules.kms_is_asked:
        account, region = registry.account_id, registry.region
        managed = f"arn:{partition_of(region)}:kms:{region}:{account}:key/{derived_uuid('aws/ecr', account, region)}"
        return name or managed
    key = registry.neighbours.key(name) if name else registry.neighbours.managed_key()
    unusable = _unusable(key, _in_full(name or "", registry))
    if unusable:
        raise errors.kms_exception(unusable.code, unusable.message)
    assert key is not None  # or it would be unusable
    return key.arn


def _unusable(key: Key | None, name: str) -> Trouble | None:
    if key is None:
        alias = ":alias/" in name
        return Trouble("NotFoundException", f"Alias {name} is not found." if alias else f"Key '{name}' does not exist")
    if key.state == "Disabled":
        return Trouble("DisabledException", f"{key.arn} is disabled.")
    if key.state != "Enabled":
        state = {"PendingDeletion": "pending deletion", "PendingImport": "pending import"}.get(key.state, key.state)
        return Trouble("KMSInvalidStateException", f"{key.arn} is {state}.")
    if not key.is_symmetric:  # Guess: the User Guide asks for a symmetric key; what it answers otherwise is not said
        return Trouble("InvalidKeyUsageException", f"{key.arn} key usage is not valid for GenerateDataKey.")
    return None


def _in_full(name: str, registry: Registry) -> str:
    """Write the ARN that KMS puts into its messages."""
    if name.startswith("arn:"):
        return name
    kind = "" if name.startswith("alias/") else "key/"
    return f"arn:{partition_of(registry.region)}:kms:{registry.region}:{registry.account_id}:{kind}{name}"


def _has_key(repository: Repository) -> bool:
    return repository.encryption["encryptionType"] != "AES256"
