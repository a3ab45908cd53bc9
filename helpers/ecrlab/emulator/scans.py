"""One scan of one image, as a record: when it began, whether it is over, and what was found."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ecrlab.scan import Report

__all__ = ["BASIC", "ENHANCED", "Scan"]

BASIC, ENHANCED = "BASIC", "ENHANCED"
"""AWS's names of the two scan types. Their results are kept apart: who changes the type does not see the others."""


@dataclass(slots=True)
class Scan:
    """A scan, under way until it has been ended.

    Args:
        started_at: When it was asked for, by a push or a call.
        eligible_from: Of an enhanced scan: the push, or return from the archive, from which its days are counted.
        finished_at: When it ended.
        observed_at: When the image was looked at last; it moves on while an enhanced scan continues.
        report: What was found; ``None`` while it is under way, and if it failed.
        fault: Why it failed.
        asked: Whether somebody has looked at it while it was under way.
    """

    started_at: datetime
    eligible_from: datetime
    finished_at: datetime | None = None
    observed_at: datetime | None = None
    report: Report | None = None
    fault: str = ""
    asked: bool = False

    @property
    def is_over(self) -> bool:
        """Whether it has ended, well or not."""
        return self.finished_at is not None

    @property
    def obstacle(self) -> str:
        """Why a scan that is over has no results; empty if it has."""
        if self.report is not None and self.report.unsupported:
            return "its operating system is not supported"
        return self.fault
