"""The nearest miss in words: what would have to be different for a refused request to go through."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches

from ecrlab.access.actions import ACTIONS
from ecrlab.access.conditions import OPERATORS
from ecrlab.access.deciding import Outcome
from ecrlab.access.explaining import Blocker, Case, blockers_of
from ecrlab.access.policy import Condition, Effect, PolicyKind, Quantifier
from ecrlab.access.principal import Reach
from ecrlab.access.tracing import ConditionTrace, StatementTrace

__all__ = ["hints_for"]

_BY_NAME = {action.qualified.lower(): action for action in ACTIONS.values()}


def hints_for(case: Case) -> tuple[str, ...]:
    """Say what would help, the nearest first; empty if the request is allowed."""
    if case.verdict.outcome is Outcome.ALLOWED:
        return ()
    blockers = sorted(blockers_of(case), key=lambda blocker: blocker.kind is not case.verdict.decided_by)
    found = [hint for blocker in blockers for hint in _for_blocker(case, blocker)]
    return tuple(dict.fromkeys(found))


def _for_blocker(case: Case, blocker: Blocker) -> Iterator[str]:
    if blocker.statement is not None:
        yield from _past_a_deny(case, blocker.statement)
        return
    near = [entry for entry in _allows_in(case, blocker) if len(entry.misfits) == 1]
    for entry in near:
        yield from _for_near_miss(case, entry)
    yield from _for_a_login(case, blocker)
    if blocker.kind is PolicyKind.IDENTITY:
        yield from _for_delegation(case)
    if not any(entry.misfits != ("action",) for entry in near):
        yield from _for_misspelt_actions(case, blocker)
        yield _what_to_add(case, blocker)


def _allows_in(case: Case, blocker: Blocker) -> Iterator[StatementTrace]:
    owner_side = (PolicyKind.REPOSITORY, PolicyKind.REGISTRY)
    kinds = owner_side if blocker.kind in owner_side else (blocker.kind,)
    for layer in case.layers(*kinds):
        if layer.level == blocker.level:
            yield from (entry for entry in layer.statements if entry.effect is Effect.ALLOW)


def _for_near_miss(case: Case, entry: StatementTrace) -> Iterator[str]:
    request = case.request
    match entry.misfits[0]:
        case "condition":
            failing = next(condition for condition in entry.conditions if not condition.holds)
            yield f"It would be allowed by {entry.place} if {_wish(failing)}."
        case "principal":
            named = ", ".join(dict.fromkeys(principal.name for principal in entry.statement.principals))
            yield f"{entry.place} allows {request.action}, but to {named}, and the caller is {request.principal.arn}."
        case "resource" if _takes_no_repository(request.action):
            yield (
                f'{request.action} takes no repository, so only "Resource": "*" grants it: {entry.place} is limited to '
                f"{_resources(entry)} and never grants it."
            )
        case "resource":
            yield f"{entry.place} allows {request.action}, but on {_resources(entry)}, not on {request.resource}."


def _resources(entry: StatementTrace) -> str:
    statement = entry.statement
    return ", ".join(statement.resources) or f"all but {', '.join(statement.not_resources)}"


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
    now = f"it is {' and '.join(found)}" if found else "the request does not carry it"
    if condition.operator == "Null":
        return f"{condition.key} were {'not ' if found else ''}in the request"
    words = OPERATORS[condition.operator].words
    if trace.holds:
        words = words.removeprefix("not").lstrip() if words.startswith("not") else f"not {words}"
    who = ""
    if condition.quantifier is not Quantifier.NONE:
        who = "every value of " if (condition.quantifier is Quantifier.ALL) is not trace.holds else "a value of "
    return " ".join(f"{who}{condition.key} were {words} {_listed(condition)} ({now})".split())


def _listed(condition: Condition) -> str:
    *first, last = condition.values
    return f"{', '.join(first)} or {last}" if first else last
