"""What Amazon ECR lets a policy name: 60 actions, the operations they stand for, the sets that belong together."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from importlib.resources import files
from types import MappingProxyType

from ecrlab.errors import InvalidInput

__all__ = ["ACTIONS", "LOGIN", "PULL", "PUSH", "UNMAPPED", "Action", "action_of"]

SERVICE = "ecr"


@dataclass(frozen=True, slots=True)
class Action:
    """One action of the IAM table of ECR.

    Args:
        name: As in AWS's table, without the service: ``BatchGetImage``.
        access_level: Read, Write, List, Tagging or Permissions management.
        takes_repository: Whether a statement may name a repository's ARN; otherwise only ``"Resource": "*"`` grants it.
        permission_only: No API operation has this name; ECR checks it inside other calls.
        condition_keys: Keys of the request beside those every call has; a trailing ``/`` stands for any tag key.
        source: Address of the page it comes from.
        read: Day on which that page was read.
    """

    name: str
    access_level: str
    takes_repository: bool
    permission_only: bool
    condition_keys: tuple[str, ...]
    source: str
    read: date

    @property
    def qualified(self) -> str:
        """The name as a policy writes it: ``ecr:BatchGetImage``."""
        return f"{SERVICE}:{self.name}"


def _read() -> dict[str, Action]:
    data = tomllib.loads(files("ecrlab.access").joinpath("actions.toml").read_text(encoding="utf-8"))
    return {
        row["name"]: Action(
            name=row["name"],
            access_level=row["level"],
            takes_repository=row["repository"],
            permission_only=row.get("permission_only", False),
            condition_keys=tuple(row.get("keys", ())),
            source=data["source"][row["source"]]["address"],
            read=data["source"][row["source"]]["read"],
        )
        for row in data["action"]
    }


ACTIONS: Mapping[str, Action] = MappingProxyType(_read())
"""Every action of ECR by its name without the service, in alphabetical order."""

LOGIN = ("ecr:GetAuthorizationToken",)
"""What ``docker login`` needs, from an identity policy, on resource ``*``."""

PULL = ("ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")
"""What a pull needs on the repository, in the order in which a client calls it: the manifest, then each layer."""

PUSH = (
    "ecr:BatchCheckLayerAvailability",
    "ecr:InitiateLayerUpload",
    "ecr:UploadLayerPart",
    "ecr:CompleteLayerUpload",
    "ecr:PutImage",
)
"""What a push needs on the repository, in the order in which a client calls it: each layer, then the manifest."""

UNMAPPED = frozenset(
    {
        "DescribeReplicationBackfillResults",
        "ListReplicationBackfills",
        "StartReplicationBackfill",
        "StopReplicationBackfill",
    }
)
"""Operations of the API (botocore 1.44.5) for which AWS's table had no action yet when it was read."""

_OTHER_NAME = {"ListImageReferrers": "BatchGetImage"}  # ECR API Reference: the referrers are read with this permission


def action_of(operation: str) -> str | None:
    """Name the action that AWS checks for an operation of the ECR API.

    Args:
        operation: As botocore spells it: ``ListImageReferrers``.

    Returns:
        ``ecr:BatchGetImage`` here, and usually ``ecr:`` with the operation's own name; ``None`` for the operations in
        ``UNMAPPED``, of which it is unknown what AWS checks.

    Raises:
        InvalidInput: ECR has no such operation.
    """
    if operation in UNMAPPED:
        return None
    action = ACTIONS.get(_OTHER_NAME.get(operation, operation))
    if action is None or action.permission_only:
        raise InvalidInput(
            f"operation {operation!r}",
            "it is no operation of the ECR API with a known action",
            "spell it as botocore does, e.g. 'BatchGetImage'",
        )
    return action.qualified
