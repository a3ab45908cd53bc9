"""How bad a vulnerability is, in the words of Amazon ECR, from the worst down."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ecrlab.errors import InvalidInput

__all__ = ["SEVERITIES", "at_least", "checked_severity", "counted", "counts_in_words", "rank", "severity_of"]

SEVERITIES = ("CRITICAL", "HIGH", "MEDIUM", "LOW", "INFORMATIONAL", "UNDEFINED")
"""The severities of basic scanning, the worst first. Source: ECR API reference, ImageScanFinding (botocore 1.44.5)."""

_OTHER_WORDS = {"UNTRIAGED": "UNDEFINED"}
"""Enhanced scanning calls a vulnerability without a score UNTRIAGED (Amazon Inspector API reference, Finding)."""


def severity_of(text: str) -> str:
    """Return a severity of an answer as one of ``SEVERITIES``; what AWS may add one day counts as UNDEFINED."""
    word = _OTHER_WORDS.get(text, text)
    return word if word in SEVERITIES else "UNDEFINED"


def rank(severity: str) -> int:
    """Return the place of a severity: 0 for CRITICAL."""
    return SEVERITIES.index(severity)


def at_least(severity: str, threshold: str) -> bool:
    """Say whether a severity is as bad as the threshold, or worse."""
    return rank(severity) <= rank(threshold)


def checked_severity(value: object, place: str) -> str:
    """Return a severity that somebody wrote, in any case of letters.

    Raises:
        InvalidInput: It is none; ``place`` says where it was written.
    """
    word = value.upper() if isinstance(value, str) else value
    if word not in SEVERITIES:
        raise InvalidInput(place, f"{value!r} is no severity", f"take one of {', '.join(SEVERITIES)}")
    return str(word)


def counted(severities: Iterable[str]) -> dict[str, int]:
    """Count severities: only those that occur, the worst first."""
    given = list(severities)
    return {severity: given.count(severity) for severity in SEVERITIES if severity in given}


def counts_in_words(counts: Mapping[str, int]) -> str:
    """Write counts for people: ``5 CRITICAL, 12 HIGH``; ``none`` if there is nothing to count."""
    return ", ".join(f"{number:,} {severity}" for severity, number in counts.items() if number) or "none"
