"""Findings grouped by what removes them: which update of which package, and how many findings it takes away."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from ecrlab.cards import Card, ShownAs, Table, Tone
from ecrlab.scan.finding import Finding

__all__ = ["Fix", "Fixes", "fixes_of"]


@dataclass(frozen=True, slots=True)
class Fix:
    """One update of one package.

    Args:
        ecosystem: Of the package.
        package: The source package or library.
        installed: Its version in the image.
        fixed_in: The version to update to.
        removes: The findings that this version is free of, also those that an earlier one had ended.
        leaves: The findings about the package that it keeps.
    """

    ecosystem: str
    package: str
    installed: str
    fixed_in: str
    removes: tuple[Finding, ...]
    leaves: tuple[Finding, ...]


class Fixes(tuple[Fix, ...], ShownAs):
    """The updates that remove findings: the worst package first, and for each the most thorough update first."""

    __slots__ = ()

    @property
    def most_thorough(self) -> tuple[Fix, ...]:
        """One update for each package: the one that removes most of its findings."""
        found: dict[tuple[str, str, str], Fix] = {}
        for fix in self:
            found.setdefault((fix.ecosystem, fix.package, fix.installed), fix)
        return tuple(found.values())

    def _shown(self) -> Card | Table:
        if not self:
            return Card("Nothing to update", tone=Tone.GOOD)
        rows = [
            (fix.package, fix.installed, fix.fixed_in, len(fix.removes), ", ".join(each.id for each in fix.removes))
            for fix in self.most_thorough
        ]
        caption = f"{len(rows):,} update{'' if len(rows) == 1 else 's'} remove what can be removed"
        return Table(("package", "installed", "update to", "removes", "vulnerabilities"), rows, caption)

    __str__ = ShownAs.__str__
    __repr__ = ShownAs.__repr__


def fixes_of(findings: Iterable[Finding]) -> Fixes:
    """Group findings by the updates that remove them.

    Every version that ends a finding is a fix of its own. It removes each finding about the package whose ranges do
    not hold it; where the two are not comparable, the finding stays.

    Args:
        findings: The worst first, as a report has them.
    """
    of_package: defaultdict[tuple[str, str, str], list[Finding]] = defaultdict(list)
    for finding in findings:
        of_package[finding.package.ecosystem, finding.source, finding.version].append(finding)
    fixes: list[Fix] = []
    for (ecosystem, package, installed), about in of_package.items():
        versions = dict.fromkeys(finding.fixed_in for finding in about if finding.fixed_in is not None)
        updates = [_fix(ecosystem, package, installed, version, about) for version in versions]
        fixes += sorted(updates, key=lambda fix: len(fix.leaves))
    return Fixes(fixes)


def _fix(ecosystem: str, package: str, installed: str, version: str, about: list[Finding]) -> Fix:
    removes = tuple(finding for finding in about if finding.advisory.affects(version) is False)
    leaves = tuple(finding for finding in about if finding not in removes)
    return Fix(ecosystem, package, installed, version, removes, leaves)
