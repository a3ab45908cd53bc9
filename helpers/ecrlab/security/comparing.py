"""Patch and prove clean: what a rebuilt image has lost, kept and brought along."""

from __future__ import annotations

from dataclasses import dataclass

from ecrlab.cards import Card, Table, Tone
from ecrlab.oci.shown import Shown
from ecrlab.security.findings import Finding, Findings
from ecrlab.security.severity import counted, counts_in_words

__all__ = ["Comparison", "compare"]


@dataclass(frozen=True, slots=True, repr=False)
class Comparison(Shown):
    """Two scans side by side. A finding is the same if the vulnerability is, and one of the packages, in any version.

    Args:
        before: The scan of the old image.
        after: The scan of the new one.
        gone: Findings of the old image that the new one no longer has.
        still: Findings of both, as the new image has them.
        new: Findings of the new image that the old one did not have.
    """

    before: Findings
    after: Findings
    gone: tuple[Finding, ...]
    still: tuple[Finding, ...]
    new: tuple[Finding, ...]

    @property
    def proven_clean(self) -> bool:
        """Whether the new image is another one, both have been scanned, and nothing was found in the new one."""
        return not self.why_nothing_is_proven and not self.after.entries

    @property
    def why_nothing_is_proven(self) -> str:
        """What keeps the comparison from meaning anything, in a sentence; empty if nothing does."""
        if self.after.digest == self.before.digest:
            return "Both are the same image: the digest has not changed, so nothing was rebuilt."
        unknown = next((scan for scan in (self.before, self.after) if not scan.known), None)
        if unknown is not None:
            return f"{unknown.image} has no result: {unknown.why_unknown}"
        if self.before.kind != self.after.kind and "basic" in (self.before.kind, self.after.kind):
            return f"One scan is {self.before.kind}, the other {self.after.kind}: they name packages differently."
        return ""

    def card(self) -> Card:
        """Return the outcome."""
        facts = [
            ("before", f"{self.before.image}: {counts_in_words(self.before.counts)}"),
            ("after", f"{self.after.image}: {counts_in_words(self.after.counts)}"),
        ]
        if self.why_nothing_is_proven:
            return Card("Nothing is proven", facts, (self.why_nothing_is_proven,), tone=Tone.WAITING)
        facts += [
            (word, counts_in_words(counted(finding.severity for finding in found)))
            for word, found in (("gone", self.gone), ("still there", self.still), ("new", self.new))
        ]
        if self.proven_clean:
            return Card("Proven clean, as far as this scanner knows", facts, tone=Tone.GOOD)
        return Card("Not clean yet", facts, tone=Tone.BAD if self.new or self.still else Tone.NOTE)

    def table(self) -> Table | None:
        """Return every finding of either image, what is still there first."""
        rows = [
            (word, finding.severity, finding.vulnerability, _packages(finding))
            for word, found in (("● still there", self.still), ("＋ new", self.new), ("✓ gone", self.gone))
            for finding in found
        ]
        return Table(("", "severity", "vulnerability", "package and fixed version"), rows) if rows else None

    def __repr__(self) -> str:
        return f"<Comparison: {len(self.gone)} gone, {len(self.still)} still there, {len(self.new)} new>"


def compare(before: Findings, after: Findings) -> Comparison:
    """Compare the scan of an image with that of the image that takes its place.

    Args:
        before: The old image's findings.
        after: The new image's findings.
    """
    return Comparison(
        before,
        after,
        gone=tuple(finding for finding in before if not _found_again(finding, after)),
        still=tuple(finding for finding in after if _found_again(finding, before)),
        new=tuple(finding for finding in after if not _found_again(finding, before)),
    )


def _found_again(finding: Finding, scan: Findings) -> bool:
    """Say whether a scan has the same vulnerability in one of the same packages."""
    same = [other for other in scan if other.vulnerability == finding.vulnerability]
    names = set(finding.package_names)
    return any(names & set(other.package_names) or not (names or other.packages) for other in same)


def _packages(finding: Finding) -> str:
    named = [f"{p.name} {p.version}" + (f" → {p.fixed_in}" if p.fixed_in else "") for p in finding.packages]
    return ", ".join(named) or "–"
