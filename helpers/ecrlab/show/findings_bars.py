"""Bars that are cut by severity: what both pictures of findings are made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ecrlab.security import SEVERITIES
from ecrlab.show.drawing import LINE, WIDTH, WORD_ADVANCE, words

__all__ = [
    "AT_BAR",
    "AT_WORDS",
    "BAR",
    "BAR_HEIGHT",
    "NAMES",
    "WORDS",
    "bar",
    "counts_in_words",
    "legend",
    "occurring",
    "unit_of",
]

_FILLS = {
    "CRITICAL": "var(--jp-error-color0,currentColor);fill-opacity:.6",
    "HIGH": "var(--jp-error-color1,currentColor);fill-opacity:.28",
    "MEDIUM": "var(--jp-warn-color1,currentColor);fill-opacity:.35",
    "LOW": "var(--jp-info-color1,currentColor);fill-opacity:.25",
    "INFORMATIONAL": "var(--jp-info-color1,currentColor);fill-opacity:.1",
    "UNDEFINED": "none",
}
"""A tint behind the letter and the number; these, and the words beside the bar, say the same without colour."""

NAMES, BAR, WORDS = 200, 290, 235
"""Pixels for the names on the left, the longest bar, and the words on the right."""

AT_BAR, AT_WORDS = NAMES + 12, NAMES + BAR + 26
"""Where bars and words begin."""

BAR_HEIGHT = 18
_WIDEST = 42.0
_NARROWEST = 4.0


def unit_of(totals: Sequence[int]) -> float:
    """Return how many pixels one finding is wide, so that the longest bar fits even if each part is stretched."""
    return min(_WIDEST, (BAR - _NARROWEST * len(SEVERITIES)) / max([*totals, 1]))


def bar(x: float, y: float, counts: Mapping[str, int], unit: float) -> list[str]:
    """Draw the parts of one bar side by side, the worst first, with letter and number where they fit."""
    shapes = []
    for severity, count in _in_order(counts):
        wide = max(_NARROWEST, count * unit)
        place = f'x="{x:.1f}" y="{y:.1f}" width="{wide:.1f}" height="{BAR_HEIGHT}"'
        shapes.append(f'<rect {place} class="frame" style="fill:{_FILLS[severity]}"/>')
        label = next((text for text in (f"{severity[0]} {count}", f"{count}") if _fits(text, wide)), "")
        if label:
            shapes.append(words(round(x + wide / 2, 1), y + 13, label, anchor="middle"))
        x += wide
    return shapes


def _fits(text: str, wide: float) -> bool:
    return len(text) * WORD_ADVANCE + 4 <= wide


def legend(y: float, seen: Sequence[str]) -> list[str]:
    """Explain letters and tints, for the severities that occur."""
    shapes, x = [], float(AT_BAR)
    for severity in seen:
        shapes += [*bar(x, y - 13, {severity: 1}, 14.0), words(x + 20, y, f"{severity[0]} {severity.lower()}")]
        x += 52 + WORD_ADVANCE * len(severity)
        if x > WIDTH - 120 and severity != seen[-1]:
            x, y = float(AT_BAR), y + LINE + 6
    return shapes


def counts_in_words(counts: Mapping[str, int]) -> str:
    """Write counts for people, the worst first: ``5 critical, 12 high``; empty if there is nothing to count."""
    return ", ".join(f"{count:,} {severity.lower()}" for severity, count in _in_order(counts))


def _in_order(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    return [(severity, counts[severity]) for severity in SEVERITIES if counts.get(severity)]


def occurring(every: Sequence[Mapping[str, int]]) -> list[str]:
    """Return the severities that occur anywhere, the worst first."""
    return [severity for severity in SEVERITIES if any(counts.get(severity) for counts in every)]
