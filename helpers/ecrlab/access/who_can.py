"""Who can do what with one repository: callers against actions, as a table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ecrlab.access.actions import ACTIONS
from ecrlab.access.deciding import Outcome
from ecrlab.access.decision import Decision, decide
from ecrlab.access.principal import Principal
from ecrlab.access.request import NO_CONTEXT, Context, Policies, Request
from ecrlab.cards import ShownAs, Table
from ecrlab.errors import InvalidInput

__all__ = ["WhoCan", "who_can"]

_CELL = {
    Outcome.ALLOWED: "✓ yes",
    Outcome.IMPLICITLY_DENIED: "✗ no",
    Outcome.EXPLICITLY_DENIED: "✗ Deny",
}


@dataclass(frozen=True, slots=True, repr=False)
class WhoCan(ShownAs):
    """One decision for each caller and action.

    Args:
        resource: The ARN of the repository.
        labels: What the callers are called, in order.
        actions: The actions, in order, as ``ecr:BatchGetImage``.
        decisions: By label and action.
    """

    resource: str
    labels: tuple[str, ...]
    actions: tuple[str, ...]
    decisions: Mapping[tuple[str, str], Decision]

    def cell(self, label: str, action: str) -> Decision:
        """Return one decision.

        Args:
            label: A caller's label.
            action: With or without ``ecr:``.

        Raises:
            InvalidInput: The table has no such row or column.
        """
        found = self.decisions.get((label, _qualified(action)))
        if found is None:
            raise InvalidInput(
                f"cell {label!r}, {action!r}", "the table has no such cell", "see its labels and actions"
            )
        return found

    def who(self, action: str) -> tuple[str, ...]:
        """Return the labels of those who can do something."""
        return tuple(label for label in self.labels if self.cell(label, action).allowed)

    def _shown(self) -> Table:
        caption = f"who can do what on {self.resource}"
        if len(self.actions) > len(self.labels):  # the longer side goes down the page
            rows = [(f"`{action}`", *(self._text(label, action) for label in self.labels)) for action in self.actions]
            return Table(("action", *self.labels), rows, caption)
        rows = [(label, *(self._text(label, action) for action in self.actions)) for label in self.labels]
        return Table(("caller", *(f"`{action}`" for action in self.actions)), rows, caption)

    def _text(self, label: str, action: str) -> str:
        return _CELL[self.decisions[label, action].outcome]


def who_can(
    principals: Mapping[str, tuple[Principal, Policies]],
    actions: Iterable[str],
    resource_arn: str,
    *,
    context: Context = NO_CONTEXT,
) -> WhoCan:
    """Decide every action for every caller.

    Args:
        principals: By label: who it is, and everything that has a say for this caller.
        actions: With or without ``ecr:``; those that take no repository are asked on ``*``.
        resource_arn: The repository.
        context: Context keys of every request.
    """
    names = tuple(dict.fromkeys(_qualified(action) for action in actions))
    decisions = {
        (label, action): decide(Request(principal, action, _resource(action, resource_arn), context=context), policies)
        for label, (principal, policies) in principals.items()
        for action in names
    }
    return WhoCan(resource_arn, tuple(principals), names, decisions)


def _qualified(action: str) -> str:
    return action if ":" in action else f"ecr:{action}"


def _resource(action: str, repository_arn: str) -> str:
    known = ACTIONS.get(action.removeprefix("ecr:"))
    return repository_arn if known is None or known.takes_repository else "*"
