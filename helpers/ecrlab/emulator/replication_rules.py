"""Where images of a repository are copied to: the rules of a replication configuration, read and explained.

rule ─┬─ no filters, or the name begins with one of them ─► its destinations; its deletions, too, if the rule says so
      └─ otherwise nothing

Source: "Private image replication" and "Replicating image deletions in Amazon ECR", Amazon ECR User Guide.
Nothing here knows a registry: notebooks ask ``route`` what a configuration means before anything is pushed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ecrlab.cards import ShownAs, Table
from ecrlab.errors import InvalidInput

__all__ = ["Destination", "Route", "Verdict", "route"]


@dataclass(frozen=True, slots=True, order=True)
class Destination:
    """Where copies go: a Region, and whose registry there (twelve digits)."""

    region: str
    registry_id: str

    def __str__(self) -> str:
        return f"{self.region} of {self.registry_id}"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one rule says about one repository.

    Args:
        rule: Its number in the configuration, from 1.
        applies: Whether the repository is covered.
        reason: Why, or why not.
        destinations: Of the rule, whether it applies or not.
        repeats_deletions: Whether deletions go there, too.
    """

    rule: int
    applies: bool
    reason: str
    destinations: tuple[Destination, ...]
    repeats_deletions: bool


@dataclass(frozen=True, slots=True, repr=False)
class Route(ShownAs):
    """What a replication configuration does with the images of one repository; shown as a table, rule by rule."""

    repository: str
    verdicts: tuple[Verdict, ...]

    @property
    def destinations(self) -> tuple[Destination, ...]:
        """Where a push is copied to, each place once, in the order of the rules."""
        return _unique(place for verdict in self.verdicts if verdict.applies for place in verdict.destinations)

    @property
    def deletions_go_to(self) -> tuple[Destination, ...]:
        """Where a deletion is repeated, each place once."""
        covering = (verdict for verdict in self.verdicts if verdict.applies and verdict.repeats_deletions)
        return _unique(place for verdict in covering for place in verdict.destinations)

    def _shown(self) -> Table:
        rows = [
            (
                verdict.rule,
                "yes" if verdict.applies else "no",
                verdict.reason,
                ", ".join(map(str, verdict.destinations)) or "none",
                "repeated" if verdict.repeats_deletions else "not repeated",
            )
            for verdict in self.verdicts
        ]
        copies = len(self.destinations)
        fate = f"{copies} {'copy' if copies == 1 else 'copies'}" if copies else "no copy"
        columns = ("Rule", "Applies", "Why", "Destinations", "Deletions")
        return Table(columns, rows, caption=f"A push to {self.repository}: {fate}")


def route(configuration: Mapping[str, Any], repository: str) -> Route:
    """Tell where the images of a repository are copied to.

    Args:
        configuration: ``replicationConfiguration`` as PutReplicationConfiguration takes it, or the whole answer of
            DescribeRegistry.
        repository: A repository name; whether it exists does not matter.

    Raises:
        InvalidInput: ``configuration`` is not one of the two, or ``repository`` is no name.
    """
    if not isinstance(repository, str) or not repository:
        raise InvalidInput("route", f"repository {repository!r} is no name", "write one, e.g. 'payments/api'")
    try:
        rules = configuration.get("replicationConfiguration", configuration)["rules"]
        verdicts = tuple(_verdict(number, rule, repository) for number, rule in enumerate(rules, start=1))
    except (AttributeError, KeyError, TypeError) as broken:
        raise InvalidInput(
            "route",
            f"a value of type {type(configuration).__name__} holds no replication rules as AWS spells them",
            "hand over the answer of describe_registry(), or {'rules': [{'destinations': [...]}]}",
        ) from broken
    return Route(repository, verdicts)


def _verdict(number: int, rule: Mapping[str, Any], repository: str) -> Verdict:
    prefixes = [each["filter"] for each in rule.get("repositoryFilters") or ()]
    matching = next((prefix for prefix in prefixes if repository.startswith(prefix)), None)
    if not prefixes:
        reason = "it has no filter: it covers every repository"
    elif matching is not None:
        reason = f"the name begins with {matching!r}"
    else:
        reason = f"the name does not begin with {' or '.join(map(repr, prefixes))}"
    return Verdict(
        number,
        not prefixes or matching is not None,
        reason,
        tuple(Destination(place["region"], place["registryId"]) for place in rule["destinations"]),
        (rule.get("deleteReplication") or {}).get("enabled", False),
    )


def _unique(places: Iterable[Destination]) -> tuple[Destination, ...]:
    return tuple(dict.fromkeys(places))
