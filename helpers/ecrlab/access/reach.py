"""How far a statement reaches, read from its text alone: which actions, how many people, under which guard."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable

from ecrlab.access.actions import ACTIONS
from ecrlab.access.matching import matcher
from ecrlab.access.policy import Condition, Effect, NamedPrincipal, Quantifier, Statement

__all__ = [
    "account_of",
    "allowed",
    "concerns_ecr_only",
    "covers",
    "everything",
    "is_account",
    "is_anyone",
    "is_anywhere",
    "names",
    "narrowed_to_somebody",
    "narrowed_to_source",
    "network_of",
    "without_variables",
]

_VARIABLE = re.compile(r"\$\{[^{}]*\}")
_ROOT = re.compile(r"arn:aws[a-z-]*:iam::(\d{12}):root")

# A condition on one of these says who may come. Tags are missing on purpose: strangers choose the tags of their roles.
_SOMEBODY = frozenset(
    {
        "aws:principalaccount",
        "aws:principalarn",
        "aws:principalorgid",
        "aws:principalorgpaths",
        "aws:sourceip",
        "aws:sourcevpc",
        "aws:sourcevpcarn",
        "aws:sourcevpce",
        "aws:vpceaccount",
        "aws:vpceorgid",
        "aws:vpceorgpaths",
        "aws:vpcsourceip",
        "aws:userid",
    }
)
_SOURCE = frozenset({"aws:sourcearn", "aws:sourceaccount", "aws:sourceorgid", "aws:sourceorgpaths"})


def without_variables(pattern: str) -> str:
    """Return a pattern with a star in the place of each variable."""
    return _VARIABLE.sub("*", pattern)


def names(patterns: Iterable[str], action: str) -> bool:
    """Whether one of some action patterns fits ``ecr:…``; actions ignore case."""
    return any(matcher((pattern,), ignore_case=True)(action) for pattern in patterns)


def covers(statement: Statement, action: str) -> bool:
    """Whether a statement is about an action, by ``Action`` or by ``NotAction``."""
    return not names(statement.not_actions, action) if statement.not_actions else names(statement.actions, action)


def everything(pattern: str) -> bool:
    """Whether an action pattern fits every action of ECR."""
    return all(names([pattern], action.qualified) for action in ACTIONS.values())


def concerns_ecr_only(statement: Statement) -> bool:
    """Whether all its actions are ECR's, so that ECR's resources and keys are the only ones that count."""
    patterns = statement.actions or statement.not_actions
    return bool(statement.actions) and all(pattern.lower().startswith("ecr:") for pattern in patterns)


def allowed(statements: Iterable[Statement], actions: Iterable[str]) -> frozenset[str]:
    """Return those of ``actions`` that one of the statements allows."""
    allowing = [statement for statement in statements if statement.effect is Effect.ALLOW]
    return frozenset(action for action in actions if any(covers(statement, action) for statement in allowing))


def is_anyone(principal: NamedPrincipal) -> bool:
    """Whether it is ``*``."""
    return principal.name == "*"


def account_of(principal: NamedPrincipal) -> str | None:
    """Return the account that an ARN belongs to, if the principal is one."""
    parts = principal.name.split(":")
    return parts[4] if len(parts) > 4 and parts[0] == "arn" else None


def is_account(principal: NamedPrincipal) -> bool:
    """Whether it is a whole account, named by its root."""
    return _ROOT.fullmatch(principal.name) is not None


def narrowed_to_somebody(conditions: Iterable[Condition]) -> bool:
    """Whether some condition of an Allow says who may come, or from where."""
    return any(_admits_some(condition, _SOMEBODY | _SOURCE) for condition in conditions)


def narrowed_to_source(conditions: Iterable[Condition]) -> bool:
    """Whether some condition of an Allow says on whose behalf a service may come."""
    return any(_admits_some(condition, _SOURCE) for condition in conditions)


def _admits_some(condition: Condition, keys: frozenset[str]) -> bool:
    positive = "Not" not in condition.operator and condition.operator != "Null"
    open_if_absent = condition.if_exists or condition.quantifier is Quantifier.ALL
    return (
        condition.key.lower() in keys
        and positive
        and not open_if_absent
        and not any(is_anywhere(value) for value in condition.values)
    )


def is_anywhere(value: str) -> bool:
    """Whether a value of a condition fits practically everything: ``*``, ``0.0.0.0/0``, an ARN of any account."""
    plain = without_variables(value)
    if not plain.strip("*"):
        return True
    parts = plain.split(":", 5)
    if len(parts) == 6 and parts[0] == "arn":
        return not parts[4].strip("*")
    network = network_of(plain)
    return network is not None and network.prefixlen == 0


def network_of(value: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    """Read an address or a range; ``None`` if it is neither."""
    try:
        return ipaddress.ip_network(value, strict=False)
    except ValueError:
        return None
