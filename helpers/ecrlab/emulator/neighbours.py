"""What a registry asks of the services beside it: the keys of AWS KMS and the signing profiles of AWS Signer.

The registry knows this protocol and these values; who answers is the adapter's business (``moto_keys``).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

__all__ = ["Alone", "Key", "Neighbours", "Profile"]


@dataclass(frozen=True, slots=True)
class Key:
    """A KMS key.

    Args:
        arn: Of the key itself, never of an alias.
        state: KMS's word: ``Enabled``, ``Disabled``, ``PendingDeletion``.
        is_symmetric: Whether data keys can be made with it.
        grants: The ids of its grants.
    """

    arn: str
    state: str
    is_symmetric: bool
    grants: frozenset[str]


@dataclass(frozen=True, slots=True)
class Profile:
    """A signing profile.

    Args:
        arn: Of the profile; ``version_arn`` names its present version.
        platform: What it signs for: ``Notation-OCI-SHA384-ECDSA``.
        is_active: ``False`` once it was cancelled.
        validity: How long its signatures are good: a number and ``DAYS``, ``MONTHS`` or ``YEARS``.
    """

    arn: str
    version_arn: str
    platform: str
    is_active: bool
    validity: tuple[int, str]


class Neighbours(Protocol):
    """The services beside one registry, in its account and Region."""

    def key(self, name: str) -> Key | None:
        """Find a key by its id, its ARN, an alias or an alias's ARN; only in the registry's Region."""
        ...

    def managed_key(self) -> Key:
        """Return the key that AWS manages for ECR in the account, made at its first use."""
        ...

    def grant(self, key_arn: str, operations: Sequence[str], repository_arn: str) -> str:
        """Let ECR use a key for a repository; return the id of the grant."""
        ...

    def retire(self, key_arn: str, grants: Iterable[str]) -> None:
        """Give grants back; those that are gone, or whose key is, are passed over."""
        ...

    def profile(self, arn: str) -> Profile | None:
        """Find a signing profile by its ARN, in whichever account; only in the registry's Region."""
        ...


class Alone:
    """A registry without neighbours: there are no keys and no profiles."""

    def key(self, name: str) -> Key | None:
        """There is none."""
        return None

    def managed_key(self) -> Key:
        """There is none."""
        raise LookupError("a registry without neighbours has no managed key")

    def grant(self, key_arn: str, operations: Sequence[str], repository_arn: str) -> str:
        """There is no key to use."""
        raise LookupError(f"a registry without neighbours has no key {key_arn}")

    def retire(self, key_arn: str, grants: Iterable[str]) -> None:
        """There is nothing to give back."""

    def profile(self, arn: str) -> Profile | None:
        """There is none."""
        return None
