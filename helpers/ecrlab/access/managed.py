"""The policies that AWS keeps ready for ECR, as documents: what each really grants."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from importlib.resources import files
from types import MappingProxyType
from typing import Any

from ecrlab.cards import Card, ShownAs

__all__ = ["MANAGED_POLICIES", "ManagedPolicy"]


@dataclass(frozen=True, slots=True, repr=False)
class ManagedPolicy(ShownAs):
    """One policy that AWS writes and maintains.

    Args:
        name: ``AmazonEC2ContainerRegistryPullOnly``.
        arn: What ``attach_role_policy`` takes; it names no account.
        version: AWS's number of the version that is in force.
        edited: Day of that version.
        source: Address of the page it comes from.
        read: Day on which that page was read.
        text: The document as indented JSON.
    """

    name: str
    arn: str
    version: str
    edited: date
    source: str
    read: date
    text: str

    @property
    def document(self) -> dict[str, Any]:
        """The policy document, a new one each time, so that it may be changed."""
        document: dict[str, Any] = json.loads(self.text)
        return document

    @property
    def ecr_actions(self) -> tuple[str, ...]:
        """The actions of ECR that it allows, as the document writes them: ``ecr:*`` stays ``ecr:*``."""
        actions = [action for statement in self.document["Statement"] for action in statement["Action"]]
        return tuple(action for action in actions if action.startswith("ecr:"))

    def _shown(self) -> Card:
        facts = [("ARN", f"`{self.arn}`"), ("version", f"{self.version} of {self.edited}")]
        return Card(self.name, (*facts, ("source", self.source)), code=self.text)


def _read() -> dict[str, ManagedPolicy]:
    rows = json.loads(files("ecrlab.access").joinpath("managed_policies.json").read_text(encoding="utf-8"))["policies"]
    return {
        row["name"]: ManagedPolicy(
            name=row["name"],
            arn=row["arn"],
            version=row["version"],
            edited=date.fromisoformat(row["edited"]),
            source=row["source"],
            read=date.fromisoformat(row["read"]),
            text=json.dumps(row["document"], indent=2),
        )
        for row in rows
    }


MANAGED_POLICIES: Mapping[str, ManagedPolicy] = MappingProxyType(_read())
"""AWS's managed policies for ECR, ECS task execution and EKS nodes, by name."""
