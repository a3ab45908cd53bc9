"""Guard rails on a real account: what a lab's clients may change there, and how much they may add."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from ecrlab.cloud.estimate import monthly_usd
from ecrlab.cloud.safety import Owner
from ecrlab.errors import InvalidName, LabError
from ecrlab.naming import RepositoryArn

__all__ = ["READING", "Rails"]

READING = ("Describe", "Get", "List", "BatchGet", "BatchCheck")
"""How the names of operations begin that change nothing."""

_ADDING = frozenset({"CreateRepository", "InitiateLayerUpload"})
_REMOVING = frozenset({"DeleteRepository", "BatchDeleteImage"})
_TAGGING = frozenset({"TagResource", "UntagResource"})


class Rails:
    """Look at every call before it is sent: reading is free, changing is for the lab's own repositories.

    Args:
        owner: Whose repositories may be changed; what is created gets the owner's tags.
        limit_usd: US dollars a month; above it nothing is added.
        stored_bytes: Asks the account how much the lab stores.
    """

    def __init__(self, owner: Owner, limit_usd: Decimal, stored_bytes: Callable[[], int]) -> None:
        self._owner = owner
        self._limit_usd = limit_usd
        self._ask = stored_bytes
        self._stored: int | None = None  # as of the last look, plus what was uploaded since

    def check(self, params: Mapping[str, Any], model: Any, **_: Any) -> Any:
        """Answer botocore's ``provide-client-params``: new parameters, or ``None`` to leave them as they are.

        Raises:
            LabError: The call would change what is not the lab's, or add above the limit.
        """
        operation = model.name
        if operation.startswith(READING):
            return None
        if model.service_model.service_name != "ecr" or not self._is_own(operation, params):
            raise self._refusal(operation, params)
        if operation in _ADDING:
            self._check_limit(operation)
        if operation == "UploadLayerPart" and self._stored is not None:
            self._stored += _part_size(params)
        if operation in _REMOVING:
            self._stored = None
        return self._tagged(params) if operation == "CreateRepository" else None

    def _is_own(self, operation: str, params: Mapping[str, Any]) -> bool:
        if operation in _TAGGING:
            return self._is_own_arn(params.get("resourceArn")) and not _names_our_tags(params)
        return str(params.get("repositoryName", "")).startswith(self._owner.prefix)

    def _is_own_arn(self, arn: object) -> bool:
        try:
            return str(RepositoryArn.parse(str(arn)).repository).startswith(self._owner.prefix)
        except InvalidName:
            return False

    def _refusal(self, operation: str, params: Mapping[str, Any]) -> LabError:
        name = params.get("repositoryName")
        if name:
            return LabError(
                f"{operation} on repository {name!r}",
                f"on a real account a lab changes only repositories under {self._owner.prefix!r}",
                f"write lab.repository_name({name!r})",
            )
        if operation in _TAGGING:
            return LabError(
                f"{operation} on {params.get('resourceArn')!r}",
                "on a real account a lab tags only its own repositories, and keeps its own tags on them",
                "choose a repository of the lab and a key that does not begin with 'ecrlab:'",
            )
        return LabError(
            operation,
            "on a real account a lab changes only its own repositories, and this reaches further",
            "try it in Mode Mock, or make the call outside the lab",
        )

    def _check_limit(self, operation: str) -> None:
        if self._stored is None:
            self._stored = self._ask()
        estimate = monthly_usd(self._stored)
        if estimate > self._limit_usd:
            raise LabError(
                operation,
                f"what the lab stores may cost {estimate} USD a month and the limit is {self._limit_usd}",
                "lab.clean_up(dry_run=False), or open the lab with a higher spend_limit_usd",
            )

    def _tagged(self, params: Mapping[str, Any]) -> dict[str, Any] | None:
        wanted = params.get("tags", [])
        if not isinstance(wanted, list) or not all(isinstance(tag, dict) for tag in wanted):
            return None  # botocore says what is wrong with it
        ours = [{"Key": key, "Value": value} for key, value in self._owner.tags]
        others = [tag for tag in wanted if not str(tag.get("Key", "")).startswith("ecrlab:")]
        return {**params, "tags": others + ours}


def _names_our_tags(params: Mapping[str, Any]) -> bool:
    keys = [tag.get("Key") for tag in params.get("tags", ()) if isinstance(tag, dict)]
    return any(str(key).startswith("ecrlab:") for key in [*keys, *params.get("tagKeys", ())])


def _part_size(params: Mapping[str, Any]) -> int:
    first, last = params.get("partFirstByte"), params.get("partLastByte")
    return last - first + 1 if isinstance(first, int) and isinstance(last, int) else 0
