"""Backfills: images that were there before a replication rule are copied to one of its destinations.

PREPARING ──5 minutes──► IN_PROGRESS ── ten copies at a time, 10 minutes each time ──► COMPLETE, or FAILED
    └─ stop ─► STOPPED       └─ stop ─► STOPPING ── the copies under way arrive ──► STOPPED

Every pair of an image and a tag is one replication. Guess: the durations and the ten; that an image without a tag
counts once, unless it belongs to an index, with which it travels; that what lies in the archive is left out.
Source: "Replication backfill", Amazon ECR User Guide, and the service model.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ecrlab.clock import Happening
from ecrlab.emulator.replication_rules import Destination, route
from ecrlab.emulator.replication_runs import TAKES, send
from ecrlab.emulator.replications import Replication
from ecrlab.emulator.state import Image, Registry, Repository

__all__ = ["KEPT_FOR", "PREPARATION_TAKES", "Attempt", "Backfill", "forget", "go_on", "stop"]

PREPARATION_TAKES = timedelta(minutes=5)
KEPT_FOR = timedelta(days=90)
"""How long a backfill that has ended can be looked at."""

_AT_A_TIME = 10
_JUDGED_FROM = 100
_ENDED = ("COMPLETE", "FAILED", "STOPPED")


@dataclass(slots=True, eq=False)
class Attempt:
    """One replication of a backfill: an image with one of its tags, or without any; how it stands once it has begun."""

    repository: Repository
    image: Image
    tag: str | None
    standing: Replication | None = None


@dataclass(slots=True, eq=False)
class Backfill:
    """One backfill, as far as it has come.

    Args:
        backfill_id: A UUID.
        number: Which of the registry's it is, from 1.
        destination: Where it copies to.
        started_at: When it was asked for.
        next_at: When it goes on by itself.
        attempts: All that it copies, in order; ``None`` until it is prepared.
        waiting: Those that have not begun.
    """

    backfill_id: str
    number: int
    destination: Destination
    started_at: datetime
    next_at: datetime
    status: str = "PREPARING"
    attempts: list[Attempt] | None = None
    waiting: deque[Attempt] = field(default_factory=deque)
    ended_at: datetime | None = None

    @property
    def has_ended(self) -> bool:
        """Whether its status is final."""
        return self.status in _ENDED

    def over(self, status: str | None = None) -> list[Attempt]:
        """Return what has been copied or has failed, or only that with a status of the two."""
        wanted = (status,) if status else ("COMPLETE", "FAILED")
        return [each for each in self.attempts or () if each.standing is not None and each.standing.status in wanted]

    def end(self, status: str, at: datetime) -> None:
        """Make a status final."""
        self.status, self.ended_at = status, at
        self.waiting.clear()


def stop(backfill: Backfill, at: datetime) -> None:
    """Stop a backfill that has not ended: at once if nothing is under way, else once that has arrived."""
    if backfill.attempts is None or len(backfill.over()) == len(backfill.attempts) - len(backfill.waiting):
        backfill.end("STOPPED", at)
    else:
        backfill.status = "STOPPING"


def forget(registry: Registry, at: datetime) -> None:
    """Drop the backfills that ended more than 90 days ago."""
    for backfill in list(registry.backfills.values()):
        if backfill.ended_at is not None and at >= backfill.ended_at + KEPT_FOR:
            del registry.backfills[backfill.backfill_id]


def go_on(registry: Registry, at: datetime) -> Iterator[Happening]:
    """Let the backfills of a registry go on at a moment, after what arrives by then has arrived."""
    for backfill in registry.backfills.values():
        if backfill.has_ended or backfill.next_at > at:
            continue
        if backfill.attempts is None:
            backfill.status = "IN_PROGRESS"
            backfill.attempts = list(_qualifying(registry, backfill.destination))
            backfill.waiting.extend(backfill.attempts)
        final = _final_status(backfill)
        if final is None:
            _begin_some(registry, backfill, at)
        else:
            backfill.end(final, at)
            copied, total = len(backfill.over("COMPLETE")), len(backfill.attempts)
            what = f"{final}: {copied} of {total} replications have arrived"
            yield Happening(at, f"backfill to {backfill.destination}", what)


def _qualifying(registry: Registry, destination: Destination) -> Iterator[Attempt]:
    """Walk what the rules of this moment send to a destination, by repository name, in the order of the pushes."""
    for repository in registry.after_name(""):
        if destination not in route(registry.replication, repository.name).destinations:
            continue
        for image in repository.images.from_sequence(0):
            is_alone = not repository.images.parents(image.digest)
            if image.status == "ACTIVE" and (image.tags or is_alone):
                yield from (Attempt(repository, image, tag) for tag in image.tags or (None,))


def _final_status(backfill: Backfill) -> str | None:
    """Return how a backfill ends now, ``None`` if it goes on.

    Guess: with failures, but fewer than make it fail, it is COMPLETE in the end.
    """
    over, failed = len(backfill.over()), len(backfill.over("FAILED"))
    if backfill.status == "STOPPING":
        return "STOPPED"
    if over >= _JUDGED_FROM and 2 * failed >= over:
        return "FAILED"
    return None if backfill.waiting else "COMPLETE"


def _begin_some(registry: Registry, backfill: Backfill, at: datetime) -> None:
    for attempt in [backfill.waiting.popleft() for _ in range(min(_AT_A_TIME, len(backfill.waiting)))]:
        repository, image = attempt.repository, attempt.image
        is_there = registry.repository(repository.name) is repository and image.digest in repository.images
        if is_there and image.status == "ACTIVE":
            tags = () if attempt.tag is None else (attempt.tag,)
            attempt.standing = send(registry, repository, image, tags, backfill.destination, at)
        else:  # deleted or archived meanwhile; guess: the codes
            code = "ImageArchivedException" if is_there else "ImageNotFoundException"
            attempt.standing = Replication(at, "FAILED", code)
    backfill.next_at = at + TAKES
