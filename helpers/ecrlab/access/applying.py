"""Whether one statement applies to one request: principal, action, resource and conditions all have to fit."""

from __future__ import annotations

from ecrlab.access.conditions import holds
from ecrlab.access.matching import arn_matcher, matcher
from ecrlab.access.policy import NamedPrincipal, Statement
from ecrlab.access.principal import Principal, PrincipalKind, Reach
from ecrlab.access.request import Request
from ecrlab.access.variables import expand

__all__ = ["action_fits", "applies", "first_action", "first_resource", "principal_reach", "resource_fits"]


def applies(statement: Statement, request: Request, *, bounded: bool = False) -> Reach:
    """Say whether a statement applies, and how closely it names the caller; ``Reach.NONE`` if it does not apply.

    Args:
        statement: Of any kind of policy; one without principals is about whoever it hangs on.
        request: What is asked.
        bounded: Whether the caller has a permissions boundary, which a Deny with ``NotPrincipal`` never spares.
    """
    if not (action_fits(statement, request.action) and resource_fits(statement, request)):
        return Reach.NONE
    reach = principal_reach(statement, request.principal, bounded=bounded)
    if not reach or not statement.conditions:
        return reach
    lookup, variables = request.lookup, statement.variables
    for condition in statement.conditions:
        if not holds(condition, lookup, variables=variables):
            return Reach.NONE
    return reach


def first_action(patterns: tuple[str, ...], action: str) -> str | None:
    """Return the first pattern that an action fits, in any case."""
    for pattern in patterns:
        if matcher((pattern,), ignore_case=True)(action):
            return pattern
    return None


def action_fits(statement: Statement, action: str) -> bool:
    """Say whether a statement is about an action."""
    if statement.actions:
        return first_action(statement.actions, action) is not None
    return first_action(statement.not_actions, action) is None


def first_resource(patterns: tuple[str, ...], request: Request, *, variables: bool) -> str | None:
    """Return the first pattern that the request's resource fits. A variable without a value fits nothing."""
    for pattern in patterns:
        parts = expand(pattern, request.lookup) if variables else (pattern,)
        if parts is not None and arn_matcher(parts, complete=True)(request.resource):
            return pattern
    return None


def resource_fits(statement: Statement, request: Request) -> bool:
    """Say whether a statement is about the request's resource; without ``Resource`` it is about its own repository."""
    if statement.resources:
        return first_resource(statement.resources, request, variables=statement.variables) is not None
    if statement.not_resources:
        return first_resource(statement.not_resources, request, variables=statement.variables) is None
    return True


def principal_reach(statement: Statement, principal: Principal, *, bounded: bool) -> Reach:
    """Say how closely a statement names a caller.

    ``NotPrincipal`` spares only a caller of whom it lists every name: a user's ARN and its account, a session's ARN,
    its role and its account (IAM User Guide, "AWS JSON policy elements: NotPrincipal").
    """
    if statement.principals:
        return max(_reach_of(entry, principal) for entry in statement.principals)
    if not statement.not_principals:
        return Reach.EXACT
    listed = {entry.name for entry in statement.not_principals}
    spared = "*" in listed or (bool(principal.names) and not bounded and principal.names.keys() <= listed)
    return Reach.NONE if spared else Reach.EXACT


def _reach_of(entry: NamedPrincipal, principal: Principal) -> Reach:
    if entry.name == "*":
        return Reach.EXACT
    if (entry.type == "Service") is not (principal.kind is PrincipalKind.SERVICE):
        return Reach.NONE
    return principal.names.get(entry.name, Reach.NONE)
