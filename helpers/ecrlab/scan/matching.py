"""Packages against advisories: what is affected, and what could not be judged.

Source packages are looked up by ecosystem and name, so the time grows with the packages, hardly with the advisories.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime

from ecrlab.scan.advisories import Advisories
from ecrlab.scan.advisory import Advisory
from ecrlab.scan.finding import Finding
from ecrlab.scan.inventory import Inventory
from ecrlab.scan.package import Package
from ecrlab.scan.report import Report
from ecrlab.scan.support import Coverage, support_of

__all__ = ["match"]


def match(inventory: Inventory, advisories: Advisories, *, now: datetime | None = None) -> Report:
    """Find every package of an image whose version an advisory calls affected.

    Args:
        inventory: What is installed; the order of its packages does not matter.
        advisories: What is known.
        now: Decides whether AWS still supports the system; without it, what has an end is taken for discontinued.

    Returns:
        The report. A version that cannot be compared becomes a warning there, and so does an ecosystem that no
        advisory is about: neither is passed over in silence.
    """
    findings: list[Finding] = []
    warnings = [*inventory.warnings, *_about_support(inventory, now), *_about_ecosystems(inventory, advisories)]
    for packages in _built_together(inventory.packages):
        unjudged = []
        for advisory in advisories.about(packages[0]):
            affected = advisory.affects(packages[0].source_version)
            if affected:
                findings.append(_finding(advisory, packages))
            elif affected is None:
                unjudged.append(advisory)
        if unjudged:
            warnings.append(_not_comparable(packages[0], unjudged))
    ordered = tuple(sorted(findings, key=lambda finding: finding.order))
    return Report(inventory, ordered, tuple(warnings), advisories.collected, len(advisories.vulnerabilities))


def _built_together(packages: Iterable[Package]) -> Iterator[tuple[Package, ...]]:
    """Yield the installed packages of each source in each of its versions, in an order of their own."""
    together: defaultdict[tuple[str, str, str], list[Package]] = defaultdict(list)
    for package in packages:
        together[package.ecosystem, package.source, package.source_version].append(package)
    for key in sorted(together):
        yield tuple(
            sorted(together[key], key=lambda one: (one.name != one.source, one.name, one.file_path, one.version))
        )


def _finding(advisory: Advisory, packages: tuple[Package, ...]) -> Finding:
    affected = advisory.range_of(packages[0].source_version)
    return Finding(advisory, packages, affected.fixed if affected else None)


def _about_support(inventory: Inventory, now: datetime | None) -> Iterator[str]:
    support = support_of(inventory.system, now=now)
    if support.coverage is not Coverage.SUPPORTED:
        yield support.sentence


def _about_ecosystems(inventory: Inventory, advisories: Advisories) -> Iterator[str]:
    """Say for which packages there is not a single advisory: no finding means nothing there."""
    listed = Counter(package.ecosystem for package in inventory.packages)
    for ecosystem in sorted(listed.keys() - set(advisories.ecosystems)):
        count = listed[ecosystem]
        what = "1 package is" if count == 1 else f"{count:,} packages are"
        yield f"No advisory of the kit is about {ecosystem}: {what} listed and not judged."


def _not_comparable(package: Package, unjudged: list[Advisory]) -> str:
    ids = ", ".join(sorted(advisory.id for advisory in unjudged))
    return (
        f"{package.source} {package.source_version} ({package.ecosystem}) is not judged: its version is not comparable "
        f"with those of {ids}."
    )
