"""How often a repository is scanned: the registry's rules, and the older setting of the repository itself.

filter "prod"  ─► anywhere in the name     prod, repo-prod, prodrepo
filter "prod*" ─► a star says where        prod, prod-repo, prodrepo
"""

from __future__ import annotations

from typing import Any

from ecrlab.emulator.mutability import matches
from ecrlab.emulator.scans import BASIC
from ecrlab.emulator.state import Registry, Repository

__all__ = ["CONTINUOUS", "MANUAL", "ON_PUSH", "frequency", "scan_type", "way_of_scanning"]

MANUAL, ON_PUSH, CONTINUOUS = "MANUAL", "SCAN_ON_PUSH", "CONTINUOUS_SCAN"
"""AWS's names of the frequencies. With enhanced scanning MANUAL means that nothing is scanned."""

_WEIGHT = {MANUAL: 0, ON_PUSH: 1, CONTINUOUS: 2}


def scan_type(registry: Registry) -> str:
    """Return the type of scanning of a registry: BASIC until it says otherwise."""
    chosen: str = registry.scanning["scanType"]
    return chosen


def frequency(registry: Registry, repository: Repository) -> str:
    """Return how often a repository is scanned."""
    return way_of_scanning(registry, repository)[0]


def way_of_scanning(registry: Registry, repository: Repository) -> tuple[str, list[dict[str, Any]]]:
    """Return how often a repository is scanned, and the filter that says so.

    Where filters of both frequencies match, continuous scanning wins (Amazon ECR User Guide, "Filters to choose which
    repositories are scanned"). Of several filters of one rule the last is named, as moto's authors found on AWS.
    Guess: with basic scanning the repository's own setting counts where no rule of the registry does.
    """
    chosen, applied = MANUAL, list[dict[str, Any]]()
    for rule in registry.scanning["rules"]:
        covering = [item for item in rule["repositoryFilters"] if _covers(item["filter"], repository.name)]
        if covering and _WEIGHT[rule["scanFrequency"]] >= _WEIGHT[chosen]:
            chosen, applied = rule["scanFrequency"], covering[-1:]
    if chosen == MANUAL and repository.scan_on_push and scan_type(registry) == BASIC:
        chosen = ON_PUSH
    return chosen, applied


def _covers(pattern: str, name: str) -> bool:
    """Match a wildcard filter; one without a star is found anywhere in the name."""
    return matches(name, pattern if "*" in pattern else f"*{pattern}*")
