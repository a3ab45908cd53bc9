"""One check of a report card: a stable code, an outcome, the reason, and how to mend it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from ecrlab.security.reading import Unread

__all__ = ["Check", "CheckOutcome", "Verdict", "failed", "not_applicable", "not_known", "passed"]


class CheckOutcome(Enum):
    """How a check came out; the value is what people read, and each has a sign of its own."""

    PASS = "pass"
    FAIL = "fail"
    NOT_KNOWN = "not known"
    NOT_APPLICABLE = "not applicable"

    @property
    def sign(self) -> str:
        """One character in front of the word."""
        return {"pass": "✓", "fail": "✗", "not known": "?", "not applicable": "–"}[self.value]

    @property
    def counts(self) -> bool:
        """Whether it goes into the score."""
        return self in (CheckOutcome.PASS, CheckOutcome.FAIL)

    def __str__(self) -> str:
        return f"{self.sign} {self.value}"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one check says about one thing, before it has a name.

    Args:
        outcome: How it came out.
        reason: Why, in a sentence.
        fix: What to do, as an instruction; empty if there is nothing to do.
        call: The call that does it, as Python with a client named ``ecr``, the newest ``image`` and the names of the
            kit; empty if no single call does. What is in pointed brackets is the reader's to fill in.
    """

    outcome: CheckOutcome
    reason: str
    fix: str = ""
    call: str = ""


def passed(reason: str) -> Verdict:
    """Make the verdict that all is well."""
    return Verdict(CheckOutcome.PASS, reason)


def failed(reason: str, fix: str, call: str = "") -> Verdict:
    """Make the verdict that something should be mended."""
    return Verdict(CheckOutcome.FAIL, reason, fix, call)


def not_known(reason: str | Unread, fix: str = "") -> Verdict:
    """Make the verdict that it cannot be told, for instance because something could not be read."""
    if isinstance(reason, Unread):
        return Verdict(CheckOutcome.NOT_KNOWN, reason.reason, reason.way_out)
    return Verdict(CheckOutcome.NOT_KNOWN, reason, fix)


def not_applicable(reason: str) -> Verdict:
    """Make the verdict that the question does not arise here."""
    return Verdict(CheckOutcome.NOT_APPLICABLE, reason)


@dataclass(frozen=True, slots=True)
class Check:
    """One line of a report card.

    Args:
        code: Its name, which stays the same whatever the sentence says.
        subject: The repository, or ``registry``.
        weight: What it counts in the score; 0 is for information only.
        verdict: How it came out.
    """

    code: str
    subject: str
    weight: int
    verdict: Verdict

    @property
    def outcome(self) -> CheckOutcome:
        """How it came out."""
        return self.verdict.outcome

    @property
    def reason(self) -> str:
        """Why, in a sentence."""
        return self.verdict.reason

    @property
    def fix(self) -> str:
        """What to do, as an instruction; empty if there is nothing to do."""
        return self.verdict.fix

    @property
    def call(self) -> str:
        """The call that does it; empty if no single call does."""
        return self.verdict.call
