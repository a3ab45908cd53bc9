"""moto's KMS and moto's Signer, as a registry asks them. moto is imported when something is asked, not before."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from ecrlab.emulator.ids import derived_uuid
from ecrlab.emulator.neighbours import Key, Profile
from ecrlab.naming import partition_of

__all__ = ["MotoNeighbours"]

_MANAGED = "alias/aws/ecr"
_DEFAULT_VALIDITY = {"value": 135, "type": "MONTHS"}  # AWS Signer API reference, SignatureValidityPeriod


@dataclass(frozen=True, slots=True)
class MotoNeighbours:
    """The services beside the registry of one account and Region."""

    account_id: str
    region: str

    def key(self, name: str) -> Key | None:
        """Find a key by its id, its ARN, an alias or an alias's ARN; only in the registry's Region."""
        found = self._moto_key(name)
        return None if found is None else _seen(found)

    def managed_key(self) -> Key:
        """Return the key that AWS manages for ECR, under an id that follows from account and Region."""
        backend, key_id = self._kms(self.account_id), derived_uuid("aws/ecr", self.account_id, self.region)
        if key_id not in backend.keys:
            made = backend.create_key(
                None, "ENCRYPT_DECRYPT", "SYMMETRIC_DEFAULT", "The default key of Amazon ECR", None
            )
            del backend.keys[made.id]  # moto has drawn a random id
            made.arn = made.arn.replace(made.id, key_id)
            made.id, made.key_manager = key_id, "AWS"
            backend.keys[key_id] = made
            backend.create_alias(key_id, _MANAGED)
        return _seen(backend.keys[key_id])

    def grant(self, key_arn: str, operations: Sequence[str], repository_arn: str) -> str:
        """Let ECR use a key for a repository, in the words of the CloudTrail example of the ECR User Guide."""
        service = f"ecr.{self.region}.amazonaws.com"
        grant = self._moto_key(key_arn).add_grant(
            name="",
            grantee_principal=service,
            operations=list(operations),
            constraints={"EncryptionContextSubset": {"aws:ecr:arn": repository_arn}},
            retiring_principal=service,
        )
        return str(grant.id)

    def retire(self, key_arn: str, grants: Iterable[str]) -> None:
        """Give grants back; those that are gone, or whose key is, are passed over."""
        key = self._moto_key(key_arn)
        for grant in grants if key is not None else ():
            key.retire_grant(grant)

    def profile(self, arn: str) -> Profile | None:
        """Find a signing profile by its ARN, in whichever account; only in the registry's Region."""
        partition, region, account, resource = _parts(arn)
        if (partition, region) != (partition_of(self.region), self.region):
            return None
        from moto.signer.models import signer_backends

        found: Any = signer_backends[account][region].signing_profiles.get(resource.rpartition("/")[2])
        if found is None:
            return None
        validity = {**_DEFAULT_VALIDITY, **found.signature_validity_period}
        return Profile(
            found.arn,
            found.profile_version_arn,
            found.platform_id,
            found.status == "Active",
            (int(validity["value"]), str(validity["type"])),
        )

    def _moto_key(self, name: str) -> Any:
        """Find moto's key behind a name; ``None`` if there is none in this Region."""
        account = self.account_id
        if name.startswith("arn:"):
            partition, region, account, name = _parts(name)
            if (partition, region) != (partition_of(self.region), self.region):
                return None
        if name == _MANAGED and account == self.account_id:
            name = self.managed_key().arn.rpartition("/")[2]
        backend = self._kms(account)
        key_id = backend.get_key_id_from_alias(name) if name.startswith("alias/") else name.removeprefix("key/")
        return backend.keys.get(key_id)

    def _kms(self, account_id: str) -> Any:
        from moto.kms.models import kms_backends

        return kms_backends[account_id][self.region]


def _seen(key: Any) -> Key:
    return Key(key.arn, key.key_state, key.key_spec == "SYMMETRIC_DEFAULT", frozenset(key.grants))


def _parts(arn: str) -> tuple[str, str, str, str]:
    """Split an ARN into partition, Region, account and resource; empty where something is missing."""
    _, partition, _, region, account, resource = (arn.split(":", 5) + [""] * 5)[:6]
    return partition, region, account, resource
