"""The nearest miss in words: what would have to be different for a refused request to go through."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches

from ecrlab.access.actions import ACTIONS
from ecrlab.access.conditions import OPERATORS
from ecrlab.access.deciding import Outcome
from ecrlab.access.explaining import Blocker, Case, blockers_of
from ecrlab.access.policy import Effect, PolicyKind, Quantifier
from ecrlab.access.principal import Reach
from ecrlab.access.tracing import ConditionTrace, StatementTrace
from ecrlab.access.variables import variables_in

__all__ = ["hints_for"]

_OWNER_SIDE = (PolicyKind.REPOSITORY, PolicyKind.REGISTRY)
_BY_NAME = {action.qualified.lower(): action for action in ACTIONS.values()}


def hints_for(case: Case) -> tuple[str, ...]:
    """Say what would help, the nearest first; empty if the request is allowed."""
    if case.verdict.outcome is Outcome.ALLOWED:
        return ()
    blockers = sorted(blockers_of(case), key=lambda blocker: blocker.kind is not case.verdict.decided_by)
    alone = len(blockers) == 1
    found = [hint for blocker in blockers for hint in _for_blocker(case, blocker, alone=alone)]
    return tuple(dict.fromkeys(found))


def _for_blocker(case: Case, blocker: Blocker, *, alone: bool) -> Iterator[str]:
    if blocker.statement is not None:
        yield from _past_a_deny(case, blocker.statement)
        return
    near = [entry for entry in _allows_in(case, blocker) if len(entry.misfits) == 1]
    for entry in near:
        yield from _for_near_miss(case, entry, alone=alone)
    yield from _for_a_login(case, blocker)
    if blocker.kind is PolicyKind.IDENTITY:
        yield from _for_delegation(case)
    if not any(entry.misfits != ("action",) for entry in near):
        yield from _for_misspelt_actions(case, blocker)
        yield _what_to_add(case, blocker)


def _allows_in(case: Case, blocker: Blocker) -> Iterator[StatementTrace]:
    """Yield the Allows that could have helped; in one account those of the resource's policies are a second way."""
    kinds = _OWNER_SIDE if blocker.kind in _OWNER_SIDE else (blocker.kind,)
    for layer in case.layers(*kinds):
        if layer.level == blocker.level:
            yield from (entry for entry in layer.statements if entry.effect is Effect.ALLOW)
    if blocker.kind is PolicyKind.IDENTITY and not case.needs_owner and not case.request.is_login:
        for layer in case.layers(*_OWNER_SIDE):
            yield from (entry for entry in layer.statements if _could_do_without_identity(entry))


def _could_do_without_identity(entry: StatementTrace) -> bool:
    misses_the_caller = entry.misfits == ("principal",)
    return entry.effect is Effect.ALLOW and (misses_the_caller or entry.reach in (Reach.ROLE, Reach.EXACT))


def _for_near_miss(case: Case, entry: StatementTrace, *, alone: bool) -> Iterator[str]:
    request = case.request
    match entry.misfits[0]:
        case "condition":
            failing = next(condition for condition in entry.conditions if not condition.holds)
            wish = _wish(failing)
            yield (
                f"It would be allowed if {wish}, by {entry.place}."
                if alone
                else f"{entry.place} would allow it if {wish}."
            )
        case "principal":
            named = ", ".join(dict.fromkeys(principal.name for principal in entry.statement.principals))
            yield f"{entry.place} allows {request.action}, but to {named}, and the caller is {request.principal.arn}."
        case "resource" if _takes_no_repository(request.action):
            yield (
                f'{request.action} takes no repository, so only "Resource": "*" grants it: {entry.place} is limited to '
                f"{_resources(entry)} and never grants it."
            )
        case "resource":
            yield (
                f"{entry.place} allows {request.action}, but on {_resources(entry)}{_about_variables(case, entry)}, "
                f"not on {request.resource}."
            )


def _resources(entry: StatementTrace) -> str:
    statement = entry.statement
    return ", ".join(statement.resources) or f"all but {', '.join(statement.not_resources)}"


def _about_variables(case: Case, entry: StatementTrace) -> str:
    """Say of a resource with variables why they did not help."""
    asked = [key for pattern in entry.statement.resources for key in variables_in(pattern)]
    if asked and not entry.statement.variables:
        return " (in version 2008-10-17 ${…} is plain text)"
    missing = [key for key in asked if case.request.lookup(key) is None]
    return f" (the request has no {missing[0]})" if missing else ""


def _takes_no_repository(action: str) -> bool:
    known = _BY_NAME.get(action.lower())
    return known is not None and not known.takes_repository


def _for_a_login(case: Case, blocker: Blocker) -> Iterator[str]:
    if not case.request.is_login or blocker.kind is not PolicyKind.IDENTITY:
        return
    resource_policies = [policy for policy in (case.policies.repository, case.policies.registry) if policy is not None]
    if any(statement.effect is Effect.ALLOW for policy in resource_policies for statement in policy):
        yield (
            "No repository policy and no registry policy gives a login token, not even with ecr:*; the caller's own "
            "identity policy has to."
        )


def _for_delegation(case: Case) -> Iterator[str]:
    if case.owner_reach is Reach.ACCOUNT or (case.owner_reach and case.needs_owner):
        account = case.request.principal.account_id
        named = "delegates to" if case.owner_reach is Reach.ACCOUNT else "lets in a caller of"
        yield (
            f"The policy of the resource {named} account {account}, but the identity policy of the caller in that "
            f"account lacks {case.request.action}."
        )


def _for_misspelt_actions(case: Case, blocker: Blocker) -> Iterator[str]:
    for entry in _allows_in(case, blocker):
        unknown = {
            pattern.lower(): pattern
            for pattern in entry.statement.actions
            if "*" not in pattern and "?" not in pattern and pattern.lower() not in _BY_NAME
        }
        for near in get_close_matches(case.request.action.lower(), unknown, n=1, cutoff=0.85):
            yield f"{entry.place} allows {unknown[near]}, which is no action of ECR: is {case.request.action} meant?"


def _what_to_add(case: Case, blocker: Blocker) -> str:
    request = case.request
    match blocker.kind:
        case PolicyKind.SCP:
            return f"Each level of the organization has to allow {request.action}; level {blocker.level} does not."
        case PolicyKind.REPOSITORY | PolicyKind.REGISTRY:
            who = request.principal.role_arn or request.principal.arn
            return f"The {blocker.kind.words} needs an Allow of {request.action} for {who}."
        case PolicyKind.BOUNDARY | PolicyKind.SESSION | PolicyKind.ENDPOINT:
            return f"The {blocker.kind.words} only narrows, but it has to contain {request.action}, too."
        case _ if request.principal.account_id is None:
            return f"Only callers of an account log in; {request.principal.words} has no identity policy to allow it."
        case _:
            return f"An identity policy of the caller needs an Allow of {request.action} on {request.resource}."


def _past_a_deny(case: Case, entry: StatementTrace) -> Iterator[str]:
    if entry.statement.not_principals:
        names = ", ".join(case.request.principal.names)
        if case.policies.boundary is not None:
            yield f"{entry.place} spares nobody who has a permissions boundary: use a condition on aws:PrincipalArn."
        else:
            yield f"{entry.place} spares only a caller of whom it lists every name, here: {names}."
    for condition in entry.conditions:
        yield f"{entry.place} would not deny it if {_wish(condition)}."
    if not entry.statement.conditions and not entry.statement.not_principals:
        yield f"{entry.place} denies without a condition: nothing but a change of that statement helps."


def _wish(trace: ConditionTrace) -> str:
    """Say what the key would have to be for the condition to come out the other way."""
    condition, found = trace.condition, trace.request_values
    is_ = "they are" if found and len(found) > 1 else "it is"
    now = f"{is_} {' and '.join(found)}" if found else "the request does not carry it"
    if condition.operator == "Null":
        return f"{condition.key} were {'not ' if found else ''}in the request"
    words = OPERATORS[condition.operator].words
    if trace.holds:
        words = words.removeprefix("not").lstrip() if words.startswith("not") else f"not {words}"
    who = ""
    if condition.quantifier is not Quantifier.NONE:
        who = "every value of " if (condition.quantifier is Quantifier.ALL) is not trace.holds else "a value of "
    return " ".join(f"{who}{condition.key} were {words} {_listed(trace.wanted)} ({now})".split())


def _listed(wanted: tuple[str, ...]) -> str:
    *first, last = wanted
    return f"{', '.join(first)} or {last}" if first else last
