"""The decision itself, and nothing but: who may, who may not, and which layer says so.

The order of the layers is AWS's (IAM User Guide, "Policy evaluation logic"). Reasons, traces and hints are made
elsewhere, afterwards, and nothing here looks at them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import Enum
from typing import NamedTuple

from ecrlab.access.applying import applies
from ecrlab.access.policy import Effect, Policy, PolicyKind
from ecrlab.access.principal import Reach
from ecrlab.access.request import Policies, Request

__all__ = ["Outcome", "Verdict", "identity_gates", "judge", "layers_in_play"]


class Outcome(Enum):
    """The three ways a request can end; the value is how we say it."""

    ALLOWED = "allowed"
    IMPLICITLY_DENIED = "denied, because nothing allows it"
    EXPLICITLY_DENIED = "denied by a Deny"


class Verdict(NamedTuple):
    """An outcome and the layer that decided it."""

    outcome: Outcome
    decided_by: PolicyKind


class _Answer(NamedTuple):
    """What the statements of one layer (or level) say together."""

    denies: bool
    allows: Reach


def judge(request: Request, policies: Policies) -> Verdict:
    """Decide a request."""
    if request.action.lower() == "sts:getcalleridentity":  # AWS answers it to everybody, whatever policies say
        return Verdict(Outcome.ALLOWED, PolicyKind.IDENTITY)
    bounded = policies.boundary is not None
    answers = [(kind, _answer(level, request, bounded)) for kind, level in layers_in_play(request, policies)]
    for kind, answer in answers:
        if answer.denies:
            return Verdict(Outcome.EXPLICITLY_DENIED, kind)
    for kind, answer in answers:
        if kind in (PolicyKind.SCP, PolicyKind.ENDPOINT) and not answer.allows:
            return Verdict(Outcome.IMPLICITLY_DENIED, kind)
    allowed = {kind: answer.allows for kind, answer in answers if answer.allows}
    return _by_resource_and_identity(request, policies, allowed)


def layers_in_play(request: Request, policies: Policies) -> Iterator[tuple[PolicyKind, tuple[Policy, ...]]]:
    """Yield the layers that have a say, in AWS's order; organization policies level by level.

    Left out are service control policies for services and service-linked roles, and the repository policy for
    requests that name no repository.
    """
    principal = request.principal
    if not principal.is_service_linked:
        yield from ((PolicyKind.RCP, level) for level in policies.rcps)
        if principal.account_id is not None:
            yield from ((PolicyKind.SCP, level) for level in policies.scps)
    if policies.endpoint is not None:
        yield PolicyKind.ENDPOINT, (policies.endpoint,)
    if policies.repository is not None and request.resource != "*":
        yield PolicyKind.REPOSITORY, (policies.repository,)
    if policies.registry is not None:
        yield PolicyKind.REGISTRY, (policies.registry,)
    if principal.account_id is not None:
        yield PolicyKind.IDENTITY, policies.identity
        if policies.boundary is not None:
            yield PolicyKind.BOUNDARY, (policies.boundary,)
        if policies.session:
            yield PolicyKind.SESSION, policies.session


def _answer(level: Iterable[Policy], request: Request, bounded: bool) -> _Answer:
    allows = Reach.NONE
    for policy in level:
        for statement in policy.statements:
            if statement.effect is Effect.DENY:
                if applies(statement, request, bounded=bounded):
                    return _Answer(True, Reach.NONE)
            elif allows is not Reach.EXACT:
                allows = max(allows, applies(statement, request, bounded=bounded))
    return _Answer(False, allows)


def _by_resource_and_identity(request: Request, policies: Policies, allowed: dict[PolicyKind, Reach]) -> Verdict:
    """Decide what no Deny, no organization and no endpoint has decided."""
    owner_side = _owner_side(request, allowed)
    reach = allowed[owner_side] if owner_side else Reach.NONE
    if request.principal.account_id is None:  # a service or anybody: there is no other side
        if owner_side:
            return Verdict(Outcome.ALLOWED, owner_side)
        missing = PolicyKind.IDENTITY if request.is_login else request.owner_layer
        return Verdict(Outcome.IMPLICITLY_DENIED, missing)
    if request.crosses_accounts and not request.is_login and not reach:
        return Verdict(Outcome.IMPLICITLY_DENIED, request.owner_layer)
    if owner_side and reach is Reach.EXACT and not request.crosses_accounts:
        return Verdict(Outcome.ALLOWED, owner_side)
    for gate in identity_gates(request, policies, reach):
        if gate not in allowed and not (gate is PolicyKind.IDENTITY and request.principal.is_root):
            return Verdict(Outcome.IMPLICITLY_DENIED, gate)
    passed_on = reach in (Reach.NONE, Reach.ACCOUNT) and not request.crosses_accounts
    return Verdict(Outcome.ALLOWED, owner_side if owner_side and not passed_on else PolicyKind.IDENTITY)


def identity_gates(request: Request, policies: Policies, reach: Reach) -> tuple[PolicyKind, ...]:
    """Name the policies on the caller's side that have to allow, given how closely the owner's side names it."""
    gates = [
        (PolicyKind.IDENTITY, request.crosses_accounts or reach is not Reach.ROLE),
        (PolicyKind.BOUNDARY, policies.boundary is not None),
        (PolicyKind.SESSION, bool(policies.session)),
    ]
    return tuple(kind for kind, needed in gates if needed)


def _owner_side(request: Request, allowed: dict[PolicyKind, Reach]) -> PolicyKind | None:
    """Name the resource policy that allows, the closer one if both do; none can give a login token."""
    if request.is_login:
        return None
    candidates = [kind for kind in (PolicyKind.REPOSITORY, PolicyKind.REGISTRY) if kind in allowed]
    return max(candidates, key=allowed.__getitem__, default=None)
