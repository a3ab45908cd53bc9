"""Report card: checks in order, a score, and how they look."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ecrlab.cards import Card, Table, Tone, html_of
from ecrlab.errors import InvalidInput
from ecrlab.oci.shown import Shown
from ecrlab.security.checks import Check, CheckOutcome

__all__ = ["FINDINGS_CHECK", "REGISTRY", "ReportCard"]

FINDINGS_CHECK = "no-severe-findings"
"""The code of the check that goes by scans."""

_HOW_TO_READ = "Look before you run one: `ecr` is your client, `image` the newest image, and `<…>` is yours to fill in."

REGISTRY = "registry"
"""The subject of the checks that are about the whole registry."""


@dataclass(frozen=True, slots=True, repr=False)
class ReportCard(Shown):
    """How one repository, or every repository of an account, stands.

    Args:
        subject: The repository's name, or the account and region.
        checks: Every check, repository by repository.
    """

    subject: str
    checks: tuple[Check, ...]

    @property
    def score(self) -> int | None:
        """Per cent of the weight of what could be judged that passed, rounded down; ``None`` if nothing could be.

        What is not known or not applicable does not count, neither for nor against.
        """
        judged = [check for check in self.checks if check.outcome.counts]
        total = sum(check.weight for check in judged)
        if not total:
            return None
        return 100 * sum(check.weight for check in judged if check.outcome is CheckOutcome.PASS) // total

    @property
    def failures(self) -> tuple[Check, ...]:
        """The checks that failed, the weightiest first."""
        found = (check for check in self.checks if check.outcome is CheckOutcome.FAIL)
        return tuple(sorted(found, key=lambda check: -check.weight))

    @property
    def unknowns(self) -> tuple[Check, ...]:
        """The checks whose outcome is not known."""
        return tuple(check for check in self.checks if check.outcome is CheckOutcome.NOT_KNOWN)

    @property
    def images_in_doubt(self) -> tuple[Check, ...]:
        """The checks of newest images that found something too bad, or that have no scan to go by."""
        doubtful = (CheckOutcome.FAIL, CheckOutcome.NOT_KNOWN)
        return tuple(check for check in self.checks if check.code == FINDINGS_CHECK and check.outcome in doubtful)

    @property
    def green(self) -> bool:
        """Whether every check passed, or does not apply."""
        return not self.failures and not self.unknowns

    @property
    def subjects(self) -> tuple[str, ...]:
        """What the checks are about, each once, in order."""
        return tuple(dict.fromkeys(check.subject for check in self.checks))

    def of(self, subject: str) -> ReportCard:
        """Return the part about one repository, or about the ``registry``.

        Raises:
            InvalidInput: No check is about it.
        """
        checks = tuple(check for check in self.checks if check.subject == subject)
        if not checks:
            raise InvalidInput(f"report card of {self.subject}", f"it says nothing of {subject!r}", "see its subjects")
        return ReportCard(subject, checks)

    def check(self, code: str, subject: str | None = None) -> Check:
        """Return one check.

        Args:
            code: Its name: ``tags-immutable``.
            subject: The repository; may be left out if only one thing is checked for this.

        Raises:
            InvalidInput: There is no such check, or more than one.
        """
        found = [check for check in self.checks if check.code == code and subject in (None, check.subject)]
        if len(found) != 1:
            fact = f"there are {len(found)} checks {code!r}" if found else f"there is no check {code!r}"
            raise InvalidInput(f"report card of {self.subject}", fact, "see its checks, and name the subject")
        return found[0]

    def card(self) -> Card:
        """Return the score."""
        counts = {outcome: sum(c.outcome is outcome for c in self.checks) for outcome in CheckOutcome}
        score = "no score: nothing could be judged" if self.score is None else f"{self.score} of 100"
        facts = [("score", score)]
        facts += [(str(outcome), f"{number:,}") for outcome, number in counts.items() if number]
        tone = Tone.BAD if self.failures else Tone.HINT if self.unknowns else Tone.GOOD
        body = ["What is not known counts neither for nor against."] if self.unknowns else []
        return Card(f"Report card of {self.subject}", facts, body, tone=tone)

    def table(self) -> Table | None:
        """Return every check of one repository; of an account, one line for each repository."""
        if not self.checks:
            return None
        return _in_full(self.checks) if len(self.subjects) == 1 else _by_subject(self)

    def calls(self) -> Card | None:
        """Return the calls that mend what failed, to be copied; ``None`` if there are none, or for a whole account."""
        lines = [f"# {check.code}\n{check.call}" for check in self.checks if check.call]
        if not lines or len(self.subjects) != 1:
            return None
        return Card("What mends it", body=(_HOW_TO_READ,), code="\n".join(lines), tone=Tone.HINT)

    def _repr_html_(self) -> str:
        parts = (self.card(), self.table(), self.calls())
        return html_of("".join(part.inner_html() for part in parts if part is not None))

    def _repr_markdown_(self) -> str:
        parts = (self.card(), self.table(), self.calls())
        return "\n".join(part._repr_markdown_() for part in parts if part is not None)

    def __str__(self) -> str:
        if len(self.subjects) != 1:
            return Shown.__str__(self)
        return "\n".join([str(self.card()), "", *(line for check in self.checks for line in _lines(check))])

    def to_json(self) -> str:
        """Return the card for a program."""
        document = {"subject": self.subject, "score": self.score, "green": self.green, "checks": _plain(self.checks)}
        return json.dumps(document, indent=2, ensure_ascii=False)

    def __repr__(self) -> str:
        return f"<ReportCard of {self.subject}: {self.score} of 100, {len(self.failures)} failed>"


def _in_full(checks: Iterable[Check]) -> Table:
    rows = [(str(check.outcome), check.code, check.reason, check.fix or "–", check.weight) for check in checks]
    return Table(("outcome", "check", "what is the case", "what to do", "weight"), rows)


def _lines(check: Check) -> Iterator[str]:
    """Write a check for a terminal, where calls would make a table too wide."""
    yield f"{check.outcome!s:<16}  {check.code}"
    yield f"    {check.reason}"
    if check.fix:
        yield f"    → {check.fix}"
    if check.call:
        yield f"      {check.call}"


def _by_subject(card: ReportCard) -> Table:
    rows = []
    for subject in card.subjects:
        part = card.of(subject)
        codes = ", ".join(check.code for check in part.failures) or "–"
        outcome = CheckOutcome.FAIL if part.failures else CheckOutcome.NOT_KNOWN if part.unknowns else CheckOutcome.PASS
        score = "–" if part.score is None else part.score
        rows.append((str(outcome), subject, score, codes, ", ".join(check.code for check in part.unknowns) or "–"))
    return Table(("outcome", "of", "score", "failed", "not known"), rows, "`of(NAME)` shows one in full")


def _plain(checks: Iterable[Check]) -> list[dict[str, object]]:
    return [
        {
            "code": check.code,
            "subject": check.subject,
            "outcome": check.outcome.name,
            "weight": check.weight,
            "reason": check.reason,
            "fix": check.fix,
            "call": check.call,
        }
        for check in checks
    ]
