"""The whole trace of a request: every layer, every statement, every condition, and why it came out as it did.

It asks the same questions as the decision (see ``applying``), of every statement and without stopping early.
Nothing that decides reads it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from ecrlab.access.applying import action_fits, applies, first_action, first_resource, principal_reach, resource_fits
from ecrlab.access.conditions import OPERATORS, holds
from ecrlab.access.deciding import layers_in_play
from ecrlab.access.policy import Condition, Effect, Policy, PolicyKind, Quantifier, Statement
from ecrlab.access.principal import Reach
from ecrlab.access.request import Policies, Request
from ecrlab.access.variables import expand

__all__ = ["ConditionTrace", "LayerTrace", "StatementTrace", "Voice", "trace_of"]


class Voice(Enum):
    """What a layer says about a request."""

    ALLOWS = "allows"
    DENIES = "denies"
    SILENT = "says nothing"


@dataclass(frozen=True, slots=True)
class ConditionTrace:
    """One condition against one request.

    Args:
        condition: Operator, key and the policy's values.
        wanted: The policy's values, variables replaced; one whose variable has no value as it is written.
        request_values: What the request carries under the key; ``None`` if it carries none.
        holds: How it came out.
        reason: Why, as a clause: ``key absent: a negated operator holds``.
    """

    condition: Condition
    wanted: tuple[str, ...]
    request_values: tuple[str, ...] | None
    holds: bool
    reason: str

    def __str__(self) -> str:
        return f"{self.condition.written} {self.condition.key}: {'holds' if self.holds else 'fails'} ({self.reason})"


@dataclass(frozen=True, slots=True)
class StatementTrace:
    """One statement against one request.

    Args:
        kind: The layer.
        policy: The policy it stands in.
        statement: The statement itself: index, Sid, effect and patterns.
        applies: Whether everything fits, so that its effect counts.
        reach: How closely it names the caller; conditions aside.
        action: The pattern that the action fits, or ``all but …``; ``None`` if it does not fit.
        resource: Likewise; ``this repository`` if the statement has no ``Resource``.
        conditions: Each condition, evaluated even if something else does not fit.
    """

    kind: PolicyKind
    policy: Policy
    statement: Statement
    applies: bool
    reach: Reach
    action: str | None
    resource: str | None
    conditions: tuple[ConditionTrace, ...]

    @property
    def effect(self) -> Effect:
        """Allow or Deny."""
        return self.statement.effect

    @property
    def sid(self) -> str:
        """The statement's name; empty if it has none."""
        return self.statement.sid

    @property
    def index(self) -> int:
        """The statement's place in the document, from 0."""
        return self.statement.index

    @property
    def place(self) -> str:
        """How to point at it: ``Statement[0] "AllowPull" of the identity policy "ci"``."""
        return f"{self.statement.place} of the {_title(self.kind, self.policy)}"

    @property
    def misfits(self) -> tuple[str, ...]:
        """Which of principal, action, resource and condition do not fit; empty if the statement applies."""
        misfits = []
        if not self.reach:
            misfits.append("principal")
        if self.action is None:
            misfits.append("action")
        if self.resource is None:
            misfits.append("resource")
        misfits += ["condition"] * sum(not condition.holds for condition in self.conditions)
        return tuple(misfits)


@dataclass(frozen=True, slots=True)
class LayerTrace:
    """One layer, or one level of an organization's policies, against one request.

    Args:
        kind: The layer.
        level: Number of the level, from 1, for organization policies; otherwise 0.
        voice: What it says.
        reach: How closely its closest Allow names the caller.
        statements: Every statement of its policies.
    """

    kind: PolicyKind
    level: int
    voice: Voice
    reach: Reach
    statements: tuple[StatementTrace, ...]

    @property
    def title(self) -> str:
        """The layer's name, with the level if it has one."""
        return self.kind.words + (f", level {self.level}" if self.level else "")

    @property
    def words(self) -> str:
        """What the layer says, in one line."""
        speaking = [entry for entry in self.statements if entry.applies]
        if self.voice is Voice.DENIES:
            denying = next(entry for entry in speaking if entry.effect is Effect.DENY)
            return f"denies, by {denying.statement.place}"
        if self.voice is Voice.SILENT:
            return "says nothing that applies" if self.statements else "there is none"
        allowing = max((entry for entry in speaking if entry.effect is Effect.ALLOW), key=lambda entry: entry.reach)
        return f"allows{_whom(allowing)}, by {allowing.statement.place}"


def _whom(entry: StatementTrace) -> str:
    if entry.kind not in (PolicyKind.REPOSITORY, PolicyKind.REGISTRY):
        return ""
    if any(principal.name == "*" for principal in entry.statement.principals):
        return " everybody"
    return {Reach.ACCOUNT: " the caller's account", Reach.ROLE: " the caller's role"}.get(
        entry.reach, " this very caller"
    )


def _title(kind: PolicyKind, policy: Policy) -> str:
    return kind.words + (f' "{policy.name}"' if policy.name else "")


def trace_of(request: Request, policies: Policies) -> tuple[LayerTrace, ...]:
    """Trace a request through every layer that has a say, in AWS's order."""
    return tuple(_layers(request, policies))


def _layers(request: Request, policies: Policies) -> Iterator[LayerTrace]:
    levels: dict[PolicyKind, int] = {}
    for kind, level in layers_in_play(request, policies):
        levels[kind] = levels.get(kind, 0) + 1
        numbered = levels[kind] if kind in (PolicyKind.SCP, PolicyKind.RCP) else 0
        yield _layer(kind, numbered, level, request, bounded=policies.boundary is not None)


def _layer(kind: PolicyKind, level: int, members: tuple[Policy, ...], request: Request, *, bounded: bool) -> LayerTrace:
    statements = tuple(
        _statement(kind, policy, statement, request, bounded) for policy in members for statement in policy
    )
    speaking = [entry for entry in statements if entry.applies]
    reach = max((entry.reach for entry in speaking if entry.effect is Effect.ALLOW), default=Reach.NONE)
    denies = any(entry.effect is Effect.DENY for entry in speaking)
    voice = Voice.DENIES if denies else Voice.ALLOWS if reach else Voice.SILENT
    return LayerTrace(kind, level, voice, reach, statements)


def _statement(
    kind: PolicyKind, policy: Policy, statement: Statement, request: Request, bounded: bool
) -> StatementTrace:
    return StatementTrace(
        kind,
        policy,
        statement,
        bool(applies(statement, request, bounded=bounded)),
        principal_reach(statement, request.principal, bounded=bounded),
        _action(statement, request),
        _resource(statement, request),
        tuple(_condition(condition, request, statement.variables) for condition in statement.conditions),
    )


def _action(statement: Statement, request: Request) -> str | None:
    if not action_fits(statement, request.action):
        return None
    return first_action(statement.actions, request.action) or f"all but {', '.join(statement.not_actions)}"


def _resource(statement: Statement, request: Request) -> str | None:
    if not resource_fits(statement, request):
        return None
    if statement.not_resources:
        return f"all but {', '.join(statement.not_resources)}"
    return first_resource(statement.resources, request, variables=statement.variables) or "this repository"


def _condition(condition: Condition, request: Request, variables: bool) -> ConditionTrace:
    values = request.lookup(condition.key)
    outcome = holds(condition, request.lookup, variables=variables)
    expanded = [expand(value, request.lookup) if variables else (value,) for value in condition.values]
    takes_variables = OPERATORS[condition.operator].takes_variables
    wanted = tuple(
        "".join(parts) if parts is not None and takes_variables else written
        for parts, written in zip(expanded, condition.values, strict=True)
    )
    return ConditionTrace(condition, wanted, values, outcome, _reason(condition, values, outcome, request, variables))


def _reason(
    condition: Condition, values: tuple[str, ...] | None, outcome: bool, request: Request, variables: bool
) -> str:
    if condition.operator == "Null":
        return "the key is there" if values else "the key is absent"
    if not values:
        return f"key absent: {_rule_for_absence(condition)}"
    unresolved = [value for value in condition.values if variables and expand(value, request.lookup) is None]
    if unresolved and len(unresolved) == len(condition.values) and OPERATORS[condition.operator].takes_variables:
        return f"{unresolved[0]} has no value, so nothing fits"
    negated = OPERATORS[condition.operator].negated
    found = " and ".join(values) if len(values) < 4 else f"{len(values)} values"
    wanted = " or ".join(condition.values) if len(condition.values) < 4 else f"one of {len(condition.values)} values"
    match condition.quantifier:
        case Quantifier.ALL:
            return f"{'every value' if outcome else 'not every value'} of {found} {_fit(negated)} {wanted}"
        case Quantifier.ANY:
            return f"{'a value' if outcome else 'no value'} of {found} {_fit(negated)} {wanted}"
        case Quantifier.NONE:
            return f"{found} {'fits' if outcome is not negated else 'does not fit'} {wanted}"


def _fit(negated: bool) -> str:
    return "does not fit" if negated else "fits"


def _rule_for_absence(condition: Condition) -> str:
    if condition.if_exists:
        return "IfExists holds"
    if condition.quantifier is not Quantifier.NONE:
        return f"{condition.quantifier} {'holds' if condition.quantifier is Quantifier.ALL else 'fails'}"
    negated = OPERATORS[condition.operator].negated
    return "a negated operator holds" if negated else "an operator that is not negated fails"
