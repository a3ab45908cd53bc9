"""A decision as a value: the outcome at once, its reasons when somebody asks for them."""

from __future__ import annotations

from dataclasses import dataclass

from ecrlab.access.deciding import Outcome, Verdict, judge
from ecrlab.access.explaining import Blocker, Case, blockers_of, notes_on, summary_of
from ecrlab.access.hints import hints_for
from ecrlab.access.policy import PolicyKind
from ecrlab.access.request import Policies, Request
from ecrlab.access.tracing import LayerTrace, StatementTrace, trace_of
from ecrlab.cards import Card, ShownAs, Table, Tone

__all__ = ["Decision", "decide"]


@dataclass(frozen=True, slots=True, repr=False)
class Decision(ShownAs):
    """How a request ended, and why. Reasons are worked out when they are read; deciding does not need them.

    Args:
        request: What was asked.
        policies: Everything that had a say.
        outcome: Allowed, or denied in one of two ways.
        decided_by: The layer that decided. Where both sides had to allow and did, it is the resource's side.
    """

    request: Request
    policies: Policies
    outcome: Outcome
    decided_by: PolicyKind

    @property
    def allowed(self) -> bool:
        """Whether the request goes through."""
        return self.outcome is Outcome.ALLOWED

    @property
    def summary(self) -> str:
        """Why, in one sentence."""
        return summary_of(self._case())

    @property
    def trace(self) -> tuple[LayerTrace, ...]:
        """Every layer that had a say, with every statement and every condition."""
        return trace_of(self.request, self.policies)

    @property
    def blockers(self) -> tuple[Blocker, ...]:
        """Every Deny that applies and every layer that has to allow and does not; empty if allowed."""
        return blockers_of(self._case())

    @property
    def hints(self) -> tuple[str, ...]:
        """What would have to be different for the request to go through, the nearest first; empty if allowed."""
        return hints_for(self._case())

    @property
    def notes(self) -> tuple[str, ...]:
        """Where AWS's sources leave room, or where a rule that mattered here surprises everybody; usually empty."""
        return notes_on(self._case())

    @property
    def aws_message(self) -> str:
        """AWS's sentence in the AccessDeniedException; empty if the request is allowed.

        Source: IAM User Guide, "Troubleshoot access denied error messages".
        """
        if self.allowed:
            return ""
        request, layer = self.request, self.decided_by.aws_words
        head = f"User: {request.principal.named_by_aws} is not authorized to perform: {request.action}"
        if self.outcome is Outcome.EXPLICITLY_DENIED:
            article = "an" if layer.startswith("identity") else "a"
            return f"{head} on resource: {request.resource} with an explicit deny in {article} {layer}"
        return f"{head} on resource: {request.resource} because no {layer} allows the {request.action} action"

    def trace_table(self) -> Table:
        """Return the whole trace as a table, one row for each statement."""
        rows = [
            (layer.title, *(_row(entry) if entry else ("", "", "", "", "", "", layer.words)))
            for layer in self.trace
            for entry in (layer.statements or [None])
        ]
        columns = ("layer", "statement", "effect", "principal", "action", "resource", "conditions", "applies")
        return Table(columns, rows, caption=f"{self.request.action} by {self.request.principal.arn}")

    def _case(self) -> Case:
        return Case(self.request, self.policies, Verdict(self.outcome, self.decided_by), self.trace)

    def _shown(self) -> Card:
        case = self._case()
        facts = [
            ("caller", self.request.principal.words),
            ("resource", f"`{self.request.resource}`"),
            ("decided by", self.decided_by.words),
            *((layer.title, layer.words) for layer in case.trace),
        ]
        body = [summary_of(case)]
        body += [f"AWS says: {self.aws_message}"] if not self.allowed else []
        body += [f"Nearest miss: {hint}" for hint in hints_for(case)[:1]]
        body += [f"Note: {note}" for note in notes_on(case)]
        tone = Tone.GOOD if self.allowed else Tone.BAD
        return Card(f"{self.request.action}: {self.outcome.value}", facts, body, tone=tone)


def _row(entry: StatementTrace) -> tuple[str, ...]:
    return (
        entry.statement.place,
        entry.effect.value,
        entry.reach.name.lower() if entry.kind.names_principals else "–",
        entry.action or "✗",
        entry.resource or "✗",
        "; ".join(map(str, entry.conditions)) or "none",
        "✓ applies" if entry.applies else f"✗ {', '.join(dict.fromkeys(entry.misfits))}",
    )


def decide(request: Request, policies: Policies) -> Decision:
    """Decide a request.

    Same inputs, same decision; the time counts only if the context carries ``aws:CurrentTime``.
    """
    verdict = judge(request, policies)
    return Decision(request, policies, verdict.outcome, verdict.decided_by)
