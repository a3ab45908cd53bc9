"""What a scan says about one image, and how two scans differ."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from ecrlab.cards import Card, Table, Tone
from ecrlab.errors import InvalidInput
from ecrlab.oci.shown import Shown
from ecrlab.scan.advisory import SEVERITIES, severity_rank
from ecrlab.scan.finding import Finding
from ecrlab.scan.fixing import Fixes, fixes_of
from ecrlab.scan.inventory import Inventory
from ecrlab.scan.support import Coverage, support_of

__all__ = ["Comparison", "Report", "compare", "counts_in_words", "severity_counts"]

_ROWS_SHOWN = 60
_ABOUT_SEVERITY = (
    "Severity is the band of the record's CVSS score: NVD's, for some libraries GitHub's or PyPA's. "
    "AWS takes the distribution's own rating first."
)


def severity_counts(severities: Iterable[str]) -> dict[str, int]:
    """Count severities, the worst first; those that do not occur are left out, as ECR does."""
    counts = Counter(severities)
    return {severity: counts[severity] for severity in SEVERITIES if counts[severity]}


def counts_in_words(counts: dict[str, int]) -> str:
    """Write counts for people: ``5 critical, 12 high``."""
    return ", ".join(f"{count:,} {severity.lower()}" for severity, count in counts.items()) or "none"


def _plural(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


@dataclass(frozen=True, slots=True, repr=False)
class Report(Shown):
    """What the scanner found in one image, and how far its knowledge goes.

    Args:
        inventory: What is installed.
        findings: The worst severity first, then by number and package.
        warnings: What could not be read or judged.
        advisories_collected: The day of the advisories.
        vulnerabilities_known: How many they describe.
    """

    inventory: Inventory
    findings: tuple[Finding, ...]
    warnings: tuple[str, ...]
    advisories_collected: date
    vulnerabilities_known: int

    @property
    def severity_counts(self) -> dict[str, int]:
        """How many findings there are of each severity that occurs, the worst first."""
        return severity_counts(finding.severity for finding in self.findings)

    @property
    def unsupported(self) -> bool:
        """Whether ECR itself would answer ``UNSUPPORTED_IMAGE``, for it does not scan such a system."""
        return support_of(self.inventory.system).coverage is Coverage.UNSUPPORTED

    @property
    def extent(self) -> str:
        """The sentence that says how far the kit's knowledge goes."""
        known = f"{self.vulnerabilities_known:,}"
        return (
            f"The kit knows only its advisories of {self.advisories_collected}, about {known} vulnerabilities: "
            f"'no finding' means 'none of these {known}'."
        )

    def at_least(self, severity: str) -> tuple[Finding, ...]:
        """Return the findings of a severity or a worse one; ``UNDEFINED`` counts as the least, for nobody rated it.

        Raises:
            InvalidInput: There is no such severity.
        """
        if severity not in SEVERITIES:
            raise InvalidInput(
                f"severity {severity!r}", "there is no such severity", f"use one of {', '.join(SEVERITIES)}"
            )
        return tuple(f for f in self.findings if severity_rank(f.severity) <= severity_rank(severity))

    def finding(self, vulnerability_id: str, source: str | None = None) -> Finding:
        """Return the finding about a vulnerability, of a certain source package if several have it.

        Raises:
            InvalidInput: The image has no such finding; the message lists those it has.
        """
        for finding in self.findings:
            if finding.id == vulnerability_id and source in (None, finding.source):
                return finding
        wanted = vulnerability_id + (f" in {source}" if source else "")
        there = ", ".join(dict.fromkeys(finding.id for finding in self.findings)) or "no finding at all"
        raise InvalidInput(self._name, f"there is no finding {wanted}", f"it has {there}")

    def fixes(self) -> Fixes:
        """Return the updates that remove findings, package by package."""
        return fixes_of(self.findings)

    @property
    def _name(self) -> str:
        return f"scan of {self.inventory.manifest_digest.short}"

    def card(self) -> Card:
        """Return system, packages, counts, how far the knowledge goes, and the warnings."""
        packages = Counter(package.manager for package in self.inventory.packages)
        installed = ", ".join(f"{count:,} {manager}" for manager, count in sorted(packages.items())) or "none found"
        facts = (
            ("image", f"`{self.inventory.manifest_digest}`"),
            ("system", str(self.inventory.system) if self.inventory.system else "none (no os-release)"),
            ("packages", installed),
            ("severities", counts_in_words(self.severity_counts)),
        )
        body = [self.extent]
        if self.findings:
            body.append(_ABOUT_SEVERITY)
        body += [f"Note: {warning}" for warning in self.warnings]
        title = f"Scan of {self.inventory.manifest_digest.short}: {_plural(len(self.findings), 'finding')}"
        return Card(title, facts, body, tone=self._tone)

    @property
    def _tone(self) -> Tone:
        if self.at_least("HIGH"):
            return Tone.BAD
        return Tone.HINT if self.findings or self.warnings else Tone.GOOD

    def table(self) -> Table | None:
        """Return the findings, the worst first; of very many, the first."""
        if not self.findings:
            return None
        shown = self.findings[:_ROWS_SHOWN]
        caption = f"The first {_ROWS_SHOWN} of {len(self.findings):,}" if len(shown) < len(self.findings) else ""
        rows = [(f.severity, f.id, f.source, f.version, f.fixed_in or "–", f.vulnerability.title) for f in shown]
        return Table(("severity", "vulnerability", "package", "installed", "fixed in", "what it is"), rows, caption)

    def __repr__(self) -> str:
        return f"<Report on {self.inventory.manifest_digest.short}: {counts_in_words(self.severity_counts)}>"


@dataclass(frozen=True, slots=True, repr=False)
class Comparison(Shown):
    """How the findings changed from one image to another.

    Args:
        before: The report on the first image.
        after: The report on the second.
        gone: Findings of the first that the second does not have.
        new: Findings of the second that the first does not have.
        still: Findings of the second that the first has as well, perhaps in another version.
    """

    before: Report
    after: Report
    gone: tuple[Finding, ...]
    new: tuple[Finding, ...]
    still: tuple[Finding, ...]

    @property
    def is_clean(self) -> bool:
        """Whether the second image has no finding at all."""
        return not self.after.findings

    def card(self) -> Card:
        """Return the counts before and after, and how far the knowledge goes."""
        facts = (
            (
                "before",
                f"{self.before.inventory.manifest_digest.short}: {counts_in_words(self.before.severity_counts)}",
            ),
            ("after", f"{self.after.inventory.manifest_digest.short}: {counts_in_words(self.after.severity_counts)}"),
        )
        title = f"{len(self.gone):,} gone, {len(self.new):,} new, {len(self.still):,} still there"
        body = [self.after.extent, *(f"Note: {warning}" for warning in self.after.warnings)]
        return Card(title, facts, body, tone=self._tone)

    @property
    def _tone(self) -> Tone:
        if self.new:
            return Tone.BAD
        return Tone.HINT if self.still else Tone.GOOD

    def table(self) -> Table | None:
        """Return the findings of both images and what became of each."""
        rows = [*_rows("new", self.new), *_rows("still there", self.still), *_rows("gone", self.gone)]
        return Table(("change", "severity", "vulnerability", "package", "version"), rows) if rows else None

    def __repr__(self) -> str:
        return f"<Comparison: {len(self.gone)} gone, {len(self.new)} new, {len(self.still)} still there>"


def _rows(change: str, findings: Sequence[Finding]) -> list[tuple[str, ...]]:
    return [(change, finding.severity, finding.id, finding.source, finding.version) for finding in findings]


def compare(before: Report, after: Report) -> Comparison:
    """Say what became of the findings of one image in another, such as the same one rebuilt.

    Raises:
        InvalidInput: The reports rest on different advisories, so that a difference could come from either.
    """
    if before.advisories_collected != after.advisories_collected:
        fact = f"one rests on advisories of {before.advisories_collected}, the other of {after.advisories_collected}"
        raise InvalidInput("reports", fact, "scan both images with the same advisories")
    had, has = ({finding.key for finding in report.findings} for report in (before, after))
    return Comparison(
        before,
        after,
        gone=tuple(finding for finding in before.findings if finding.key not in has),
        new=tuple(finding for finding in after.findings if finding.key not in had),
        still=tuple(finding for finding in after.findings if finding.key in had),
    )
