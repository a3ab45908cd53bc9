"""One vulnerability, and one advisory: which versions of one package have it, and the place that says so."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from ecrlab.cards import Card, ShownAs, Tone
from ecrlab.scan.versions import compare

__all__ = ["SEVERITIES", "Advisory", "Evidence", "Range", "Score", "Source", "Vulnerability", "severity_rank"]

SEVERITIES = ("CRITICAL", "HIGH", "MEDIUM", "LOW", "INFORMATIONAL", "UNDEFINED")
"""The severities of basic scanning, the worst first (API reference, ``ImageScanFinding``)."""


def severity_rank(severity: str) -> int:
    """Return 0 for the worst severity; ``UNDEFINED`` comes last."""
    return SEVERITIES.index(severity)


@dataclass(frozen=True, slots=True)
class Source:
    """Where facts were read: a title, and under which licence its data stands."""

    name: str
    title: str
    licence: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """One fact, and the place that says so: a pinned address, or an entry of a changelog."""

    fact: str
    source: Source
    locator: str


@dataclass(frozen=True, slots=True)
class Score:
    """A CVSS score: who gave it, by which version of CVSS, the vector, and the number from 0 to 10."""

    source: str
    version: str
    vector: str
    score: float


@dataclass(frozen=True, slots=True, repr=False)
class Vulnerability(ShownAs):
    """A flaw that has a number of its own, whatever packages it is in.

    Args:
        id: ``CVE-2021-44228``.
        title: A few words.
        description: One or two sentences of our own.
        published: The day on which the record appeared.
        severity: One of ``SEVERITIES``: the band of the first score, as NVD cuts them; ``UNDEFINED`` without one. AWS
            takes the rating of the distribution first, which may differ.
        scores: All that the records give, the deciding one first. They may disagree.
        weaknesses: Kinds of weakness: ``CWE-787``.
        known_exploited_since: The day it was entered in CISA's catalogue; ``None`` if the record read did not say so,
            which does not mean that nobody exploits it.
        url: The public record.
        verified: Where these facts were read.
    """

    id: str
    title: str
    description: str
    published: date
    severity: str
    scores: tuple[Score, ...]
    weaknesses: tuple[str, ...]
    known_exploited_since: date | None
    url: str
    verified: tuple[Evidence, ...]

    @property
    def score(self) -> Score | None:
        """The score that decides the severity, if there is one."""
        return self.scores[0] if self.scores else None

    def facts(self) -> tuple[tuple[str, str], ...]:
        """Return what a card says about the flaw itself."""
        exploited = [("exploited", f"known since {self.known_exploited_since}")] if self.known_exploited_since else []
        return (
            ("severity", self.severity + _scores_in_words(self.scores)),
            ("published", f"{self.published}"),
            *exploited,
            ("record", self.url),
        )

    def _shown(self) -> Card:
        tone = Tone.BAD if severity_rank(self.severity) < 2 else Tone.HINT
        return Card(f"{self.id}: {self.title}", self.facts(), (self.description,), tone=tone)


def _scores_in_words(scores: tuple[Score, ...]) -> str:
    told = ", ".join(f"{score.score} by {score.source}" for score in scores)
    return f" ({told})" if told else " (the record has no score)"


@dataclass(frozen=True, slots=True)
class Range:
    """Affected versions: from ``introduced``, ``"0"`` for the first ever, up to but without ``fixed``, if it is."""

    introduced: str
    fixed: str | None

    def contains(self, ecosystem: str, version: str) -> bool | None:
        """Say whether a version lies in the range; ``None`` if the versions are not comparable."""
        if self.introduced != "0":
            started = compare(ecosystem, self.introduced, version)
            if started is None or started > 0:
                return None if started is None else False
        if self.fixed is None:
            return True
        ended = compare(ecosystem, version, self.fixed)
        return None if ended is None else ended < 0

    def __str__(self) -> str:
        start = "" if self.introduced == "0" else f"from {self.introduced} "
        return f"{start}before {self.fixed}" if self.fixed else f"{start}on, without a fix".lstrip()


@dataclass(frozen=True, slots=True)
class Advisory:
    """Which versions of one package have a vulnerability.

    Args:
        vulnerability: The flaw.
        ecosystem: ``Debian:12``, ``Alpine``, ``PyPI``, ``npm`` or ``Maven``.
        package: The source (origin) package of a distribution; the normalised name, or ``group:artifact``.
        ranges: The affected versions; being in one of them is enough.
        binaries: The usual packages that are built from it.
        affected_example: A version that is affected; it fits the range and need not exist as a published build.
        fixed_example: One that is not.
        note: What the ranges alone do not tell.
        verified: Where the ranges were read.
    """

    vulnerability: Vulnerability
    ecosystem: str
    package: str
    ranges: tuple[Range, ...]
    binaries: tuple[str, ...]
    affected_example: str
    fixed_example: str
    note: str
    verified: tuple[Evidence, ...]

    @property
    def id(self) -> str:
        """The number of the vulnerability."""
        return self.vulnerability.id

    def range_of(self, version: str) -> Range | None:
        """Return the range that a version lies in; ``None`` if it lies in none, or if that cannot be said."""
        return next((each for each in self.ranges if each.contains(self.ecosystem, version)), None)

    def affects(self, version: str) -> bool | None:
        """Say whether a version has the flaw; ``None`` if it is not comparable with the versions given here."""
        answers = [each.contains(self.ecosystem, version) for each in self.ranges]
        if True in answers:
            return True
        return None if None in answers else False
