"""A repository to play with, for a simulator that is given none: releases, daily builds, leftovers, an index."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from ecrlab.lifecycle import Image, PushPattern, StorageClass

__all__ = ["PUSHES", "example_images", "example_policy"]

_MB = 1_000_000

PUSHES = (PushPattern("build-{number}", 2, 60 * _MB, 120), PushPattern("prod-{number} stable", 14, 80 * _MB, 19))
"""What will be pushed: a build every two days, a release every fortnight that takes the tag ``stable`` over."""


def _rule(priority: int, description: str, action: str, **selection: Any) -> dict[str, Any]:
    target = {"targetStorageClass": "archive"} if action == "transition" else {}
    return {
        "rulePriority": priority,
        "description": description,
        "selection": selection,
        "action": {"type": action} | target,
    }


_DAYS = {"countUnit": "days"}
_RULES = (
    _rule(
        1,
        "keep three releases",
        "expire",
        tagStatus="tagged",
        tagPatternList=["prod-*"],
        countType="imageCountMoreThan",
        countNumber=3,
    ),
    _rule(
        2,
        "builds live for 14 days",
        "expire",
        tagStatus="tagged",
        tagPatternList=["build-*"],
        countType="sinceImagePushed",
        **_DAYS,
        countNumber=14,
    ),
    _rule(3, "tidy leftovers", "expire", tagStatus="untagged", countType="sinceImagePushed", **_DAYS, countNumber=7),
    _rule(
        4,
        "archive what nobody pulls",
        "transition",
        tagStatus="any",
        countType="sinceImagePulled",
        **_DAYS,
        countNumber=90,
    ),
    _rule(
        5,
        "and delete it half a year later",
        "expire",
        tagStatus="any",
        storageClass="archive",
        countType="sinceImageTransitioned",
        **_DAYS,
        countNumber=180,
    ),
)


def example_policy() -> str:
    """Return the policy of the example, as JSON."""
    return json.dumps({"rules": _RULES}, indent=2)


def example_images(now: datetime) -> tuple[Image, ...]:
    """Return the images of the example; their ages are the same at every moment.

    Args:
        now: The moment to which the ages refer, timezone-aware.
    """

    def image(days: float, *tags: str, megabytes: int = 60, name: str = "", **more: Any) -> Image:
        return Image(_digest(name or tags[0]), now - timedelta(days=days), tags, megabytes * _MB, **more)

    releases = (
        image(2, "prod-18", "stable", megabytes=80, last_pulled_at=now - timedelta(days=1)),
        image(16, "prod-17", megabytes=80, last_pulled_at=now - timedelta(days=2)),
        image(30, "prod-16", megabytes=80, last_pulled_at=now - timedelta(days=17)),
        image(58, "prod-15", megabytes=80, last_pulled_at=now - timedelta(days=31)),
        image(86, "prod-14", megabytes=80, last_pulled_at=now - timedelta(days=59)),
    )
    builds = tuple(image(day, f"build-{119 - day // 2}") for day in range(1, 25, 3))
    index = image(5, "multi-2", name="index", megabytes=110)
    children = tuple(
        image(5.01, name=f"multi-2 for {architecture}", megabytes=55, parents=(index.digest,))
        for architecture in ("amd64", "arm64")
    )
    leftovers = tuple(image(day, name=f"leftover of day {day}") for day in (3, 6, 9, 20))
    tools = (
        image(120, "migrate-1.4", megabytes=35, last_pulled_at=now - timedelta(days=88)),
        image(210, "base-2025", megabytes=95, last_pulled_at=now - timedelta(days=140)),
        image(
            400,
            "base-2024",
            megabytes=90,
            storage_class=StorageClass.ARCHIVE,
            archived_at=now - timedelta(days=150),
        ),
    )
    return (*releases, *builds, index, *children, *leftovers, *tools)


def _digest(name: str) -> str:
    return f"sha256:{sha256(name.encode()).hexdigest()}"
