"""Which layers bring findings to how many images: a base that many share is mended once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from ecrlab.cards import Card, ShownAs, Table, Tone
from ecrlab.naming import Digest
from ecrlab.scan.finding import Finding
from ecrlab.scan.report import Report, counts_in_words, severity_counts

__all__ = ["SharedLayer", "SharedLayers", "shared_base"]


@dataclass(frozen=True, slots=True)
class SharedLayer:
    """A layer that brings vulnerable packages.

    Args:
        digest: The layer.
        images: The names of the images whose findings it brings, in the order given.
        findings: What it brings, each once, the worst first.
        occurrences: How many findings of all reports come from it.
    """

    digest: Digest
    images: tuple[str, ...]
    findings: tuple[Finding, ...]
    occurrences: int

    @property
    def severity_counts(self) -> dict[str, int]:
        """How many findings it brings of each severity, the worst first."""
        return severity_counts(finding.severity for finding in self.findings)


class SharedLayers(tuple[SharedLayer, ...], ShownAs):
    """The layers that bring findings; the one whose repair removes most comes first."""

    __slots__ = ()

    def _shown(self) -> Card | Table:
        if not self:
            return Card("No layer brings a finding", tone=Tone.GOOD)
        rows = [
            (f"`{each.digest.short}`", len(each.images), each.occurrences, counts_in_words(each.severity_counts),
             ", ".join(sorted({finding.source for finding in each.findings})))
            for each in self
        ]  # fmt: skip
        caption = "What each layer brings; mended once, it is mended in all images that are rebuilt on it"
        return Table(("layer", "images", "findings in all", "findings of its own", "packages"), rows, caption)

    __str__ = ShownAs.__str__
    __repr__ = ShownAs.__repr__


def shared_base(reports: Mapping[str, Report]) -> SharedLayers:
    """Say which layers bring findings to which images.

    Args:
        reports: The reports by the names of their images, such as ``team/api:1.0``.

    Returns:
        The layers, sorted by the number of findings in all images that come from each.
    """
    brought: defaultdict[Digest, defaultdict[str, list[Finding]]] = defaultdict(lambda: defaultdict(list))
    for name, report in reports.items():
        for finding in report.findings:
            brought[finding.package.layer_digest][name].append(finding)
    layers = [_layer(digest, of_image) for digest, of_image in brought.items()]
    return SharedLayers(sorted(layers, key=lambda each: (-each.occurrences, each.digest)))


def _layer(digest: Digest, of_image: Mapping[str, list[Finding]]) -> SharedLayer:
    every = [finding for findings in of_image.values() for finding in findings]
    distinct = {(finding.key, finding.version): finding for finding in every}.values()
    ordered = tuple(sorted(distinct, key=lambda finding: finding.order))
    return SharedLayer(digest, tuple(of_image), ordered, len(every))
