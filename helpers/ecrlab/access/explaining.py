"""A decision in words: the one sentence, what stands in the way, and where AWS's sources leave room."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ecrlab.access.deciding import Outcome, Verdict, identity_gates
from ecrlab.access.policy import Effect, PolicyKind
from ecrlab.access.principal import PrincipalKind, Reach
from ecrlab.access.request import Policies, Request
from ecrlab.access.tracing import LayerTrace, StatementTrace, Voice
from ecrlab.access.variables import expand

__all__ = ["Blocker", "Case", "blockers_of", "notes_on", "summary_of"]

_OWNER_SIDE = (PolicyKind.REPOSITORY, PolicyKind.REGISTRY)
_CALLER_SIDE = (PolicyKind.IDENTITY, PolicyKind.BOUNDARY, PolicyKind.SESSION)


@dataclass(frozen=True, slots=True, repr=False)
class Blocker:
    """One thing that stands in the way: a Deny that applies, or a layer that has to allow and does not.

    Args:
        kind: The layer.
        statement: The Deny; ``None`` for a layer without an Allow.
        level: Number of the level of an organization's policies, from 1; otherwise 0.
        sentence: The same in words.
    """

    kind: PolicyKind
    statement: StatementTrace | None
    level: int
    sentence: str

    def __str__(self) -> str:
        return self.sentence

    __repr__ = __str__


@dataclass(frozen=True, slots=True)
class Case:
    """A request with everything that is known about it, for those who put it into words."""

    request: Request
    policies: Policies
    verdict: Verdict
    trace: tuple[LayerTrace, ...]

    def layers(self, *kinds: PolicyKind) -> Iterator[LayerTrace]:
        """Yield the traced layers of some kinds."""
        return (layer for layer in self.trace if layer.kind in kinds)

    @property
    def statements(self) -> Iterator[StatementTrace]:
        """Every statement of every layer."""
        return (entry for layer in self.trace for entry in layer.statements)

    @property
    def owner_reach(self) -> Reach:
        """How closely the owner's side names the caller in what it allows; a login token it cannot give."""
        if self.request.is_login:
            return Reach.NONE
        return max((layer.reach for layer in self.layers(*_OWNER_SIDE)), default=Reach.NONE)

    @property
    def needs_owner(self) -> bool:
        """Whether the resource's own policies have to allow."""
        return self.request.crosses_accounts and not self.request.is_login


def blockers_of(case: Case) -> tuple[Blocker, ...]:
    """Name every Deny that applies and every layer that has to allow and does not; empty if the request is allowed."""
    if case.verdict.outcome is Outcome.ALLOWED:
        return ()
    return (*_denies(case), *_silent_layers(case))


def _denies(case: Case) -> Iterator[Blocker]:
    for layer in case.trace:
        for entry in layer.statements:
            if entry.applies and entry.effect is Effect.DENY:
                yield Blocker(layer.kind, entry, layer.level, f"{entry.place} denies it")


def _silent_layers(case: Case) -> Iterator[Blocker]:
    action = case.request.action
    for layer in case.layers(PolicyKind.SCP, PolicyKind.ENDPOINT):
        if not layer.reach:
            where = f" of level {layer.level}" if layer.level else ""
            yield Blocker(layer.kind, None, layer.level, f"no {layer.kind.words}{where} allows {action}")
    if case.needs_owner and not case.owner_reach:
        yield Blocker(case.request.owner_layer, None, 0, f"no policy of the resource's account allows {action}")
    if _owner_is_enough(case) or (case.request.principal.account_id is None and not case.request.is_login):
        return
    allowed = {layer.kind for layer in case.trace if layer.reach}
    for gate in identity_gates(case.request, case.policies, case.owner_reach):
        if gate not in allowed and not (gate is PolicyKind.IDENTITY and case.request.principal.is_root):
            yield Blocker(gate, None, 0, f"no {gate.words} of the caller allows {action}")


def _owner_is_enough(case: Case) -> bool:
    return not case.needs_owner and case.owner_reach is Reach.EXACT


def summary_of(case: Case) -> str:
    """Say in one sentence how it came out and why."""
    outcome, decided_by = case.verdict
    if outcome is Outcome.ALLOWED:
        return _why_allowed(case)
    first = next(blocker for blocker in blockers_of(case) if blocker.kind is decided_by)
    if outcome is Outcome.EXPLICITLY_DENIED:
        return f"{first.sentence}, and no Allow outweighs a Deny."
    return f"{_capital(first.sentence)}{_why_needed(case, decided_by)}."


def _why_needed(case: Case, decided_by: PolicyKind) -> str:
    request = case.request
    if decided_by in _OWNER_SIDE:
        if request.principal.account_id is None:
            return f", and {request.principal.words} has no other way in"
        return f", and the caller belongs to account {request.principal.account_id}, so both sides have to"
    if decided_by is PolicyKind.IDENTITY and request.is_login:
        return ", and nothing else can give a login token"
    if decided_by is PolicyKind.IDENTITY and case.owner_reach is Reach.ACCOUNT and not request.crosses_accounts:
        return "; the repository policy names only the account, which has to pass the permission on"
    if decided_by is PolicyKind.IDENTITY and request.crosses_accounts:
        return "; that the resource's account allows it is only one of the two sides"
    return ""


def _why_allowed(case: Case) -> str:
    request, decided_by = case.request, case.verdict.decided_by
    if request.action.lower() == "sts:getcalleridentity":
        return "AWS tells every caller who it is, whatever policies say."
    if decided_by is PolicyKind.IDENTITY:
        if request.principal.is_root:
            return "The root of an account needs no policy in its own account, and nothing denies it."
        return f"{_capital(_allowing(case, PolicyKind.IDENTITY))} allows it, and nothing denies it."
    owner = _allowing(case, decided_by)
    if request.principal.account_id is None:
        return f"{owner} lets {request.principal.words} in."
    if request.crosses_accounts:
        caller = "the root's own power" if request.principal.is_root else _allowing(case, PolicyKind.IDENTITY)
        return f"Both sides allow it: {owner} and {caller}."
    if case.owner_reach is Reach.ROLE:
        return f"{owner} names the caller's role, which needs no identity policy in the same account."
    named = "everybody" if _names_everybody(case, decided_by) else "this very caller"
    return f"{owner} names {named}, which is enough in the same account."


def _allowing(case: Case, kind: PolicyKind) -> str:
    return _closest_allow(case, kind).place


def _names_everybody(case: Case, kind: PolicyKind) -> bool:
    return any(principal.name == "*" for principal in _closest_allow(case, kind).statement.principals)


def _closest_allow(case: Case, kind: PolicyKind) -> StatementTrace:
    """Return the statement whose Allow names the caller most closely."""
    statements = (entry for layer in case.layers(kind) for entry in layer.statements)
    allowing = (entry for entry in statements if entry.applies and entry.effect is Effect.ALLOW)
    return max(allowing, key=lambda entry: entry.reach)


def _capital(sentence: str) -> str:
    return sentence[0].upper() + sentence[1:]


def notes_on(case: Case) -> tuple[str, ...]:
    """Say where AWS's sources and other evaluators read the rules differently, or where a rule surprises everybody."""
    return tuple(dict.fromkeys([*_notes_on_not_principal(case), *_notes_on_exact_grants(case), *_notes_on_gaps(case)]))


def _notes_on_not_principal(case: Case) -> Iterator[str]:
    account = case.request.principal.account_id
    for entry in case.statements:
        if not (entry.applies and entry.statement.not_principals):
            continue
        listed = {spared.name for spared in entry.statement.not_principals}
        if case.policies.boundary is not None and case.request.principal.names.keys() & listed:
            yield (
                f"{entry.place} uses NotPrincipal. A Deny with NotPrincipal hits every caller that has a permissions "
                "boundary, whoever is listed; AWS states this, and hardly anybody expects it."
            )
        elif account is not None and any(name.endswith(f"::{account}:root") for name in listed):
            yield (
                f"{entry.place} lists the caller's account under NotPrincipal, but not every name of this caller. By "
                "AWS's page everybody in the account who is not listed by name is denied, so it is here; other "
                "evaluators exempt the whole account."
            )
        elif case.request.principal.names.keys() & listed:
            yield (
                f"{entry.place} lists this caller under NotPrincipal, but not all of its names. AWS says that a user "
                "needs its account beside it, and a session its role and its account; here the Deny applies."
            )


def _notes_on_exact_grants(case: Case) -> Iterator[str]:
    request, verdict = case.request, case.verdict
    if verdict.outcome is not Outcome.ALLOWED or verdict.decided_by not in _OWNER_SIDE or request.crosses_accounts:
        return
    silent = [kind for kind in (PolicyKind.BOUNDARY, PolicyKind.SESSION) if _is_silent(case, kind)]
    if case.owner_reach is Reach.EXACT and silent:
        does, is_ = ("does", "is") if len(silent) == 1 else ("do", "are")
        yield (
            f"The caller's {' and '.join(kind.words for kind in silent)} {does} not allow {request.action}, and "
            f"{is_} not asked: by AWS's page nothing on the caller's side limits a grant to this very caller or to '*' "
            "in the same account. Other evaluators deny here."
        )


def _is_silent(case: Case, kind: PolicyKind) -> bool:
    return any(layer.voice is Voice.SILENT for layer in case.layers(kind))


def _notes_on_gaps(case: Case) -> Iterator[str]:
    for entry in case.statements:
        if not (entry.applies and entry.statement.variables):
            continue
        for pattern in entry.statement.not_resources:
            if expand(pattern, case.request.lookup) is None:
                yield (
                    f"{entry.place} has {pattern} under NotResource, and its variable has no value in this request. "
                    "Here it then excludes nothing, so the statement applies, which is the safe reading of a Deny; "
                    "other evaluators drop the statement."
                )
    if case.request.principal.kind is PrincipalKind.ANONYMOUS and case.verdict.outcome is Outcome.ALLOWED:
        yield "A private registry answers no caller without a login, so '*' here means everybody in every AWS account."
