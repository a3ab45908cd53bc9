"""A pull or a push as a whole: every action that a client needs, in its order, and where it stops."""

from __future__ import annotations

from dataclasses import dataclass

from ecrlab.access.actions import LOGIN, PULL, PUSH
from ecrlab.access.decision import Decision, decide
from ecrlab.access.principal import Principal, PrincipalKind
from ecrlab.access.request import NO_CONTEXT, Context, Policies, Request
from ecrlab.cards import ShownAs, Table

__all__ = ["Chain", "Step", "explain_pull", "explain_push"]

# Some clients ask for these as well, and go on without them.
_PULL_EXTRAS = ("ecr:BatchCheckLayerAvailability",)
_PUSH_EXTRAS = ("ecr:BatchGetImage",)


@dataclass(frozen=True, slots=True)
class Step:
    """One action on the way.

    Args:
        action: ``ecr:BatchGetImage``.
        decision: How it would end.
        needed: Whether the pull or push stops without it; the others are asked for by some clients only.
    """

    action: str
    decision: Decision
    needed: bool

    @property
    def fails(self) -> bool:
        """Whether the pull or push stops here."""
        return self.needed and not self.decision.allowed


@dataclass(frozen=True, slots=True, repr=False)
class Chain(ShownAs):
    """Every step of a pull or a push by one caller.

    Args:
        name: ``pull`` or ``push``.
        principal: Who tries.
        repository_arn: Where.
        steps: In the order in which a client goes.
    """

    name: str
    principal: Principal
    repository_arn: str
    steps: tuple[Step, ...]

    @property
    def first_failure(self) -> Step | None:
        """The step at which it stops; ``None`` if it goes through."""
        return next((step for step in self.steps if step.fails), None)

    @property
    def allowed(self) -> bool:
        """Whether every needed step is allowed."""
        return self.first_failure is None

    def _shown(self) -> Table:
        stop = self.first_failure
        rows = [
            (
                f"`{step.action}`",
                "needed" if step.needed else "optional",
                f"{'✓ allowed' if step.decision.allowed else '✗ denied'}{' ◀ stops here' if step is stop else ''}",
                step.decision.summary,
            )
            for step in self.steps
        ]
        outcome = "✓ goes through" if stop is None else f"✗ stops at {stop.action}"
        caption = f"{self.name} by {self.principal.words}: {outcome}"
        return Table(("action", "for it", "outcome", "why"), rows, caption)


def explain_pull(
    principal: Principal, repository_arn: str, policies: Policies, *, context: Context = NO_CONTEXT
) -> Chain:
    """Decide every action of a pull: the login, the manifest, the layers.

    Args:
        principal: Who pulls.
        repository_arn: From where.
        policies: Everything that has a say, the repository's policy included.
        context: Context keys of the requests.
    """
    return _chain("pull", PULL, _PULL_EXTRAS, Request(principal, PULL[0], repository_arn, context=context), policies)


def explain_push(
    principal: Principal, repository_arn: str, policies: Policies, *, context: Context = NO_CONTEXT
) -> Chain:
    """Decide every action of a push: the login, each layer, the manifest. Arguments as in :func:`explain_pull`."""
    return _chain("push", PUSH, _PUSH_EXTRAS, Request(principal, PUSH[0], repository_arn, context=context), policies)


def _chain(name: str, needed: tuple[str, ...], extras: tuple[str, ...], first: Request, policies: Policies) -> Chain:
    """Decide the login and then each action on the repository. A service does not log in: AWS lets it in itself."""
    principal, arn, context = first.principal, first.resource, first.context
    login = () if principal.kind is PrincipalKind.SERVICE else LOGIN
    requests = [(Request(principal, action, "*", context=context), True) for action in login]
    requests += [(Request(principal, action, arn, context=context), True) for action in needed]
    requests += [(Request(principal, action, arn, context=context), False) for action in extras]
    steps = (Step(request.action, decide(request, policies), is_needed) for request, is_needed in requests)
    return Chain(name, principal, arn, tuple(steps))
