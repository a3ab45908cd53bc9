"""Which condition keys a request to ECR can carry, and which actions carry them."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from importlib.resources import files
from types import MappingProxyType

from ecrlab.access.actions import ACTIONS, Action

__all__ = ["CONDITION_KEYS", "ConditionKey", "condition_key", "nearest_key"]


@dataclass(frozen=True, slots=True)
class ConditionKey:
    """One key of the request context.

    Args:
        name: As AWS spells it; with a trailing ``/`` it stands for every tag key.
        always: Whether every signed request carries it.
        actions: The actions of ECR whose requests can carry it.
    """

    name: str
    always: bool
    actions: frozenset[str]


def _read() -> dict[str, ConditionKey]:
    rows = tomllib.loads(files("ecrlab.access").joinpath("condition_keys.toml").read_text(encoding="utf-8"))["key"]

    def carriers(row: Mapping[str, object]) -> Iterable[Action]:
        return (action for action in ACTIONS.values() if action.takes_repository or row.get("on") != "repository")

    found = {row["name"]: _key(row["name"], bool(row.get("always")), carriers(row)) for row in rows}
    for name in dict.fromkeys(name for action in ACTIONS.values() for name in action.condition_keys):
        found[name] = _key(name, False, (action for action in ACTIONS.values() if name in action.condition_keys))
    return {name.lower(): key for name, key in found.items()}


def _key(name: str, always: bool, carriers: Iterable[Action]) -> ConditionKey:
    return ConditionKey(name, always, frozenset(action.qualified for action in carriers))


CONDITION_KEYS: Mapping[str, ConditionKey] = MappingProxyType(_read())
"""Every key by its name in lower case; ``aws:resourcetag/`` for all tags."""


def condition_key(name: str) -> ConditionKey | None:
    """Return the row of a key, in any case, ``aws:ResourceTag/team`` included; ``None`` if ECR never supplies it."""
    lowered = name.lower()
    prefix, slash, tag = lowered.partition("/")
    return CONDITION_KEYS.get(prefix + slash if tag else lowered)


def nearest_key(name: str) -> str | None:
    """Return the key that somebody who wrote ``name`` may have meant, if one looks alike."""
    close = get_close_matches(name.lower(), CONDITION_KEYS, n=1, cutoff=0.8)
    return CONDITION_KEYS[close[0]].name if close else None
