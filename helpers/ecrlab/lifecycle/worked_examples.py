"""The worked examples of AWS's own page, as values: to be planned, and compared with what the page says."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from importlib.resources import files
from typing import Any

from ecrlab.lifecycle.document import parse
from ecrlab.lifecycle.image import Image
from ecrlab.lifecycle.planning import Plan, plan
from ecrlab.lifecycle.policy import Policy

__all__ = ["WorkedExample", "worked_examples"]


@dataclass(frozen=True, slots=True)
class WorkedExample:
    """A small repository, a policy, and what AWS says that the policy does.

    Args:
        name: A letter for its kind and variant: ``multiple-rules A``.
        policy: The policy.
        images: The images; the digest of each is the letter that AWS gives it.
        now: When the policy runs.
        expected: Image -> the rule that expires it, as AWS's page has it.
        source: The address of that page.
    """

    name: str
    policy: Policy
    images: tuple[Image, ...]
    now: datetime
    expected: dict[str, int]
    source: str

    @property
    def plan(self) -> Plan:
        """What our engine makes of it."""
        return plan(self.policy, self.images, now=self.now)

    @property
    def computed(self) -> dict[str, int]:
        """Image -> the rule that expires it, as our engine has it."""
        return {entry.image.digest: entry.rule for entry in self.plan.expiring if entry.rule is not None}


def worked_examples(now: datetime) -> dict[str, WorkedExample]:
    """Return the six examples that AWS works through, by name, with their images pushed before ``now``.

    Source: "Examples of lifecycle policies in Amazon ECR"; the addresses stand in each example.
    """
    return {row["name"]: _example(row, now) for row in _rows()}


@cache
def _rows() -> tuple[dict[str, Any], ...]:
    return tuple(json.loads(files("ecrlab.lifecycle").joinpath("worked_examples.json").read_text("utf-8")))


def _example(row: dict[str, Any], now: datetime) -> WorkedExample:
    images = tuple(
        Image(
            digest=each["name"],
            tags=tuple(each["tags"]),
            pushed_at=now - timedelta(days=each["pushed_days_ago"]),
            sequence=each.get("push_order", 0),
        )
        for each in row["images"]
    )
    return WorkedExample(row["name"], parse(row["policy"]), images, now, row["expected"], row["source"])
