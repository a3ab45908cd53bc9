"""A decision as a value: the outcome at once, its reasons when somebody asks for them."""

from __future__ import annotations

from dataclasses import dataclass

from ecrlab.access.deciding import Outcome, judge
from ecrlab.access.policy import PolicyKind
from ecrlab.access.request import Policies, Request

__all__ = ["Decision", "decide"]


@dataclass(frozen=True, slots=True)
class Decision:
    """How a request ended, and why.

    Args:
        request: What was asked.
        policies: Everything that had a say.
        outcome: Allowed, or denied in one of two ways.
        decided_by: The layer that decided.
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
    def aws_message(self) -> str:
        """AWS's sentence in the AccessDeniedException; empty if the request is allowed."""
        if self.allowed:
            return ""
        request, layer = self.request, self.decided_by.aws_words
        head = f"User: {request.principal.named_by_aws} is not authorized to perform: {request.action}"
        if self.outcome is Outcome.EXPLICITLY_DENIED:
            article = "an" if layer[0] in "aeio" else "a"
            return f"{head} on resource: {request.resource} with an explicit deny in {article} {layer}"
        return f"{head} on resource: {request.resource} because no {layer} allows the {request.action} action"


def decide(request: Request, policies: Policies) -> Decision:
    """Decide a request.

    Same inputs, same decision; the time counts only if the context carries ``aws:CurrentTime``.
    """
    verdict = judge(request, policies)
    return Decision(request, policies, verdict.outcome, verdict.decided_by)
