"""Severity gate: may this image go on? Passed or failed, a reason for each finding that decided, an exit code."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from ecrlab.cards import Card, Table, Tone
from ecrlab.errors import InvalidInput
from ecrlab.oci.shown import Shown
from ecrlab.security.findings import Finding, Findings
from ecrlab.security.severity import at_least, checked_severity, counted, counts_in_words

__all__ = ["Gate", "Ignore", "gate"]


@dataclass(frozen=True, slots=True)
class Ignore:
    """A finding that somebody decided to live with, for a while.

    Args:
        vulnerability: ``CVE-2024-2961``.
        reason: Why it is bearable, for whoever asks later.
        until: The last day on which this holds.
        package: Only in this package; empty means in all.

    Raises:
        InvalidInput: The vulnerability or the reason is empty, or ``until`` is no date.
    """

    vulnerability: str
    reason: str
    until: date
    package: str = ""

    def __post_init__(self) -> None:
        place = f"Ignore({self.vulnerability!r})"
        if not isinstance(self.vulnerability, str) or not self.vulnerability.strip():
            raise InvalidInput(place, "it names no vulnerability", "write e.g. 'CVE-2024-2961'")
        if not isinstance(self.reason, str) or not self.reason.strip():
            raise InvalidInput(place, "there is no reason", "say why it is bearable: somebody will ask")
        if not isinstance(self.until, date) or isinstance(self.until, datetime):
            raise InvalidInput(place, f"until={self.until!r} is no date", "write date(2026, 12, 31)")

    def covers(self, finding: Finding) -> bool:
        """Say whether it is about a finding, whatever the date: all of its packages have to be meant."""
        meant = not self.package or finding.package_names == (self.package,)
        return finding.vulnerability == self.vulnerability and meant


@dataclass(frozen=True, slots=True, repr=False)
class Gate(Shown):
    """Whether an image may go on.

    Args:
        image: What people call it.
        fail_on: The severity at which it fails; whatever is worse counts as well.
        blocking: The findings that stand in the way, the worst first.
        ignored: Findings as bad that somebody decided to live with, each with that decision.
        expired: Decisions that would have covered a blocking finding, and whose time is over.
        unused: Decisions that are about no finding of this image.
        unfixable: Findings as bad that are let through because no fixed version is named for them.
        below: How many findings are less bad, by severity.
        why_unknown: Why there is no scan to judge by; empty if there is one.
    """

    image: str
    fail_on: str
    blocking: tuple[Finding, ...] = ()
    ignored: tuple[tuple[Finding, Ignore], ...] = ()
    expired: tuple[Ignore, ...] = ()
    unused: tuple[Ignore, ...] = ()
    unfixable: tuple[Finding, ...] = ()
    below: tuple[tuple[str, int], ...] = ()
    why_unknown: str = ""

    @property
    def passed(self) -> bool:
        """Whether the image may go on. What has not been scanned may not."""
        return not self.blocking and not self.why_unknown

    @property
    def exit_code(self) -> int:
        """0 if it passed, 1 if not: for ``sys.exit`` in a build."""
        return 0 if self.passed else 1

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why it came out so, a sentence for each thing to know, what decided first."""
        said = [self.why_unknown] if self.why_unknown else []
        said += [f"{finding} {_fix(finding)}." for finding in self.blocking]
        said += [f"The decision to live with {d.vulnerability} ended on {d.until}." for d in self.expired]
        if self.passed:
            said.append(f"Nothing at {self.fail_on} or above stands in the way.")
        said += [
            f"{finding} is ignored until {decision.until}: {decision.reason}." for finding, decision in self.ignored
        ]
        said += [f"{finding} is let through: no fixed version is named." for finding in self.unfixable]
        said += [
            f"The decision about {decision.vulnerability} is about nothing here: drop it." for decision in self.unused
        ]
        if self.below:
            said.append(f"Below the threshold: {counts_in_words(dict(self.below))}.")
        return tuple(said)

    def card(self) -> Card:
        """Return the verdict with its reasons."""
        outcome = "passed" if self.passed else "failed"
        facts = (("image", self.image), ("fails on", f"{self.fail_on} and above"), ("exit code", str(self.exit_code)))
        listed = self.reasons[len(self.blocking) :] if self.blocking else self.reasons
        return Card(f"Severity gate {outcome}", facts, listed, tone=Tone.GOOD if self.passed else Tone.BAD)

    def table(self) -> Table | None:
        """Return the findings that stand in the way, if any."""
        if not self.blocking:
            return None
        rows = [
            (
                finding.severity,
                finding.vulnerability,
                ", ".join(finding.package_names) or "–",
                finding.fixes or "–",
            )
            for finding in self.blocking
        ]
        return Table(("severity", "vulnerability", "package", "fixed in"), rows, "In the way")

    def __repr__(self) -> str:
        return f"<Gate on {self.image}: {'passed' if self.passed else 'failed'}, {len(self.blocking)} in the way>"


def gate(
    findings: Findings,
    *,
    fail_on: str = "CRITICAL",
    ignore: Sequence[Ignore] = (),
    now: datetime | None = None,
    only_fixable: bool = False,
) -> Gate:
    """Judge an image by its findings.

    Args:
        findings: From :func:`findings`. An image without a scan result does not pass.
        fail_on: A severity; findings as bad or worse stand in the way.
        ignore: Findings to live with, each with its reason and its last day.
        now: The moment, needed with ``ignore``.
        only_fixable: Let findings through for which no fixed version is named. Not with basic scans, which name none.

    Raises:
        InvalidInput: No such severity, an ``ignore`` that is none or comes without ``now``, or ``only_fixable`` with
            the findings of a basic scan.
    """
    threshold = checked_severity(fail_on, "gate(fail_on=…)")
    if only_fixable and findings.kind == "basic":
        fact = "only_fixable would let everything through, for a basic scan names no fixed versions"
        raise InvalidInput("gate", fact, "leave it out, or scan with enhanced scanning")
    today = _today(ignore, now)
    severe = [finding for finding in findings if at_least(finding.severity, threshold)]
    decisions = {finding: [d for d in ignore if d.covers(finding)] for finding in severe}
    in_force = {finding: [d for d in made if d.until >= today] for finding, made in decisions.items()}
    open_ = [finding for finding in severe if not in_force[finding]]
    return Gate(
        image=findings.image,
        fail_on=threshold,
        blocking=tuple(finding for finding in open_ if finding.fixable or not only_fixable),
        ignored=tuple((finding, in_force[finding][0]) for finding in severe if in_force[finding]),
        expired=tuple(dict.fromkeys(d for finding in open_ for d in decisions[finding])),
        unused=tuple(d for d in ignore if not any(d.covers(finding) for finding in findings)),
        unfixable=tuple(finding for finding in open_ if only_fixable and not finding.fixable),
        below=tuple(counted(f.severity for f in findings if f not in decisions).items()),
        why_unknown=findings.why_unknown,
    )


def _today(ignore: Sequence[Ignore], now: datetime | None) -> date:
    for decision in ignore:
        if not isinstance(decision, Ignore):
            raise InvalidInput(
                "gate(ignore=…)",
                f"{decision!r} has neither reason nor last day",
                "write security.Ignore('CVE-2024-2961', 'why it is bearable', until=date(2026, 12, 31))",
            )
    if not ignore:
        return date.min
    if now is None:
        raise InvalidInput("gate", "ignore comes without now", "say for which moment: now=lab.clock.now()")
    return now.date()


def _fix(finding: Finding) -> str:
    return f"is fixed in {finding.fixes}" if finding.fixes else "has no fixed version that the scan names"
