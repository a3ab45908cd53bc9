"""Replication at the source: a push, a return from the archive and a deletion set out for other registries.

PutImage ──┐                           10 minutes
restore ───┼─► route(rules, name) ─► Copy ────────► destination.arrivals ─► replication_arrivals.receive
backfill ──┘
delete ────► rules with deleteReplication ─► Removal ──► the same way

Once per event: what arrives sets out nowhere else. AWS says "most images in under 30 minutes"; here always 10.
Source: "Private image replication in Amazon ECR", Amazon ECR User Guide.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from ecrlab.emulator import cargo
from ecrlab.emulator.replication_rules import Destination, route
from ecrlab.emulator.replications import Copy, Removal, Replication
from ecrlab.emulator.state import Image, Registry, Repository

__all__ = ["TAKES", "enter", "repeat_removal", "send"]

TAKES = timedelta(minutes=10)
"""How long a copy is under way. Guess: a deletion takes as long."""


def enter(registry: Registry, repository: Repository, image: Image, tags: Sequence[str], at: datetime) -> None:
    """Send an image that was pushed, or has come back from the archive, wherever the rules say.

    Args:
        registry: Its replication configuration has the rules.
        repository: Where the image is.
        image: What is copied, with all images of an index.
        tags: Those that the event brought; none copies the image without a tag.
        at: When it happened.
    """
    for destination in route(registry.replication, repository.name).destinations:
        send(registry, repository, image, tags, destination, at)


def send(
    registry: Registry,
    repository: Repository,
    image: Image,
    tags: Sequence[str],
    destination: Destination,
    at: datetime,
) -> Replication:
    """Send one image to one destination; return how the copy stands, now and later."""
    standing = Replication(at)
    there = registry.elsewhere(destination.registry_id, destination.region)
    if there is not None:  # in the compatible setting rules are moto's, and nothing is copied
        image.replications[destination] = standing
        there.expect(
            Copy(
                at + TAKES,
                repository.name,
                registry.account_id,
                registry.region,
                cargo.load(repository, image),
                tuple(tags),
                standing,
            ),
            at,
        )
    return standing


def repeat_removal(registry: Registry, repository: Repository, digest: str, tag: str | None, at: datetime) -> None:
    """Let the deletion of an image, or of one of its tags, be repeated wherever the rules say."""
    for destination in route(registry.replication, repository.name).deletions_go_to:
        there = registry.elsewhere(destination.registry_id, destination.region)
        if there is not None:
            removal = Removal(at + TAKES, repository.name, registry.account_id, registry.region, digest, tag)
            there.expect(removal, at)
