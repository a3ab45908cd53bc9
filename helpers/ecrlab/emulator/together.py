"""Registries that live through time together, since what happens in one arrives in another.

Each registry lives for itself from one moment to the next at which something may set out for elsewhere: a policy
deletes at 02:00, a restore ends, a backfill goes on. Whatever sets out at such a moment arrives later, so that it does
not matter whose turn it is first, and in how many steps a clock is moved.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime

from ecrlab import lifecycle
from ecrlab.clock import Happening
from ecrlab.emulator import backfills, lifecycle_runs
from ecrlab.emulator.state import Registry

__all__ = ["catch_up"]


def catch_up(
    registries: Callable[[], Iterable[Registry]], until: datetime, *, engines_are_ours: bool = True
) -> tuple[Happening, ...]:
    """Do what all registries do by themselves up to a moment; a moment that has been reached changes nothing.

    Args:
        registries: Asked for all that there are, in a fixed order; more may come while images travel.
        until: Where the clock stands.
        engines_are_ours: As in ``lifecycle_runs.catch_up``.

    Returns:
        What happened, oldest first.
    """
    happened: list[Happening] = []
    while True:
        present = list(registries())
        moment = min([until, *(at for registry in present for at in _departures(registry))])
        for registry in present:
            happened.extend(lifecycle_runs.catch_up(registry, moment, engines_are_ours=engines_are_ours))
        for registry in present:
            happened.extend(backfills.go_on(registry, moment))
        if moment == until:
            return tuple(sorted(happened, key=lambda happening: happening.at))


def _departures(registry: Registry) -> Iterator[datetime]:
    """Tell at which moments something may set out next."""
    since, rules = registry.caught_up_to, registry.replication["rules"]
    if since is None:
        return
    yield from (backfill.next_at for backfill in registry.backfills.values() if not backfill.has_ended)
    if rules:
        ends = (at for repository in registry for at in repository.images.restores.values())
        yield from (at for at in ends if at > since)
    if any(rule.get("deleteReplication", {}).get("enabled") for rule in rules) and _may_delete(registry):
        yield lifecycle.first_run_after(since)


def _may_delete(registry: Registry) -> bool:
    return any(repository.lifecycle_policy or repository.images.followers for repository in registry)
