"""How scans came out one after another: counts by severity, and what has changed since the one before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from ecrlab.cards import Card, ShownAs, Table, Tone
from ecrlab.errors import InvalidInput
from ecrlab.security.findings import Findings
from ecrlab.security.severity import SEVERITIES

__all__ = ["Standing", "Trend"]

_WITH_RESULT = frozenset({"COMPLETE", "ACTIVE"})


@dataclass(frozen=True, slots=True)
class Standing:
    """How one image, or one scan of an image, came out.

    Args:
        label: Its tags, or whatever tells it from the others.
        digest: ``sha256:…``.
        at: When it was pushed, or when the scan ended; ``None`` if the answer does not say.
        status: ECR's status of the scan, or ``NOT_SCANNED``.
        counts: Findings by severity; empty unless there is a result.
    """

    label: str
    digest: str
    at: datetime | None
    status: str
    counts: Mapping[str, int] = field(default_factory=dict)

    @property
    def total(self) -> int | None:
        """How many findings; ``None`` if there is no result."""
        return sum(self.counts.values()) if self.status in _WITH_RESULT else None


@dataclass(frozen=True, slots=True, repr=False)
class Trend(ShownAs):
    """Several standings, the oldest first.

    Args:
        subject: What they are of: a repository, or an image that was scanned several times.
        standings: One row each.
    """

    subject: str
    standings: tuple[Standing, ...]

    @classmethod
    def of(cls, *scans: Findings) -> Trend:
        """Line up scans that were read one after another; ECR itself keeps only the latest scan of an image.

        Raises:
            InvalidInput: There is none.
        """
        if not scans:
            raise InvalidInput("Trend.of", "there is no scan", "hand over security.findings(…), one for each scan")
        standings = (Standing(scan.image, scan.digest, scan.scanned_at, scan.status, scan.counts) for scan in scans)
        return cls(scans[-1].image, tuple(standings))

    @property
    def changes(self) -> tuple[int | None, ...]:
        """For each standing: findings more (or fewer, below 0) than the one before that has a result."""
        found: list[int | None] = []
        before: int | None = None
        for standing in self.standings:
            total = standing.total
            found.append(None if total is None or before is None else total - before)
            before = before if total is None else total
        return tuple(found)

    def _shown(self) -> Card | Table:
        if not self.standings:
            return Card(f"No tagged image in {self.subject}", tone=Tone.WAITING)
        seen = [severity for severity in SEVERITIES if any(severity in row.counts for row in self.standings)]
        rows = [
            (
                row.label,
                f"{row.at:%Y-%m-%d %H:%M}" if row.at else "–",
                row.status,
                *("–" if row.total is None else row.counts.get(severity, 0) for severity in seen),
                "–" if row.total is None else row.total,
                _in_words(change),
            )
            for row, change in zip(self.standings, self.changes, strict=True)
        ]
        columns = ("image", "time (UTC)", "scan", *seen, "findings", "change")
        return Table(columns, rows, f"{self.subject}: findings, the oldest first")


def _in_words(change: int | None) -> str:
    if change is None:
        return "–"
    return "= 0" if change == 0 else f"▲ +{change}" if change > 0 else f"▼ −{-change}"
