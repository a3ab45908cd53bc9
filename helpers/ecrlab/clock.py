"""The time of a lab: the system's, or a moment that stands still until it is moved.

The emulator, the token, every push time and every age in the kit ask a clock; nothing else reads the time.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

from ecrlab.errors import InvalidInput

__all__ = ["START", "Clock", "Happening", "ManualClock", "SystemClock"]

_FIRST_YEAR, _LAST_YEAR = 1970, 9000
"""Room to the ends of Python's calendar, so that a token or a timezone never reaches over them."""

_WAY_OUT = f"stay between the years {_FIRST_YEAR} and {_LAST_YEAR}"

START = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
"""When a Mode Mock lab begins: a Monday morning, the same for everybody."""


@dataclass(frozen=True, slots=True)
class Happening:
    """One thing that the service did by itself while the clock moved.

    ``at`` is timezone-aware UTC; ``subject`` names the resource (``payments/api@sha256:…``); ``what`` is a sentence.
    """

    at: datetime
    subject: str
    what: str

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} UTC  {self.subject}  {self.what}"


Listener = Callable[[datetime, datetime], Iterable[Happening]]
"""Called with the moments before and after an advance; answers what happened in between."""


class Clock(Protocol):
    """Where the kit gets its time from."""

    def now(self) -> datetime:
        """Return the current moment, timezone-aware, in UTC."""
        ...


class SystemClock:
    """The machine's own time. It cannot be advanced: a real account does not wait for us."""

    def now(self) -> datetime:
        """Return the machine's current moment in UTC."""
        return datetime.now(UTC)

    def advance(self, *, days: float = 0, hours: float = 0, minutes: float = 0, seconds: float = 0) -> None:
        """Refuse: only a lab in Mode Mock can skip time.

        Raises:
            InvalidInput: Always.
        """
        raise InvalidInput("clock.advance", "this lab runs on real time", "wait, or use open_lab() in Mode Mock")

    def __repr__(self) -> str:
        return "SystemClock()"


class ManualClock:
    """A clock that moves only when it is told to.

    Args:
        start: The first moment; timezone-aware.

    Raises:
        InvalidInput: ``start`` carries no timezone, or lies before 1970 or after 9000.
    """

    def __init__(self, start: datetime = START) -> None:
        if start.tzinfo is None:
            raise InvalidInput("clock", f"start {start.isoformat()} has no timezone", "add one, e.g. tzinfo=UTC")
        if not _FIRST_YEAR <= start.year <= _LAST_YEAR:
            raise InvalidInput("clock", f"start {start.isoformat()} is beyond the calendar", _WAY_OUT)
        self._now = start.astimezone(UTC)
        self._listeners: list[Listener] = []

    def now(self) -> datetime:
        """Return the moment at which the clock stands, in UTC."""
        return self._now

    def advance(
        self, *, days: float = 0, hours: float = 0, minutes: float = 0, seconds: float = 0
    ) -> tuple[Happening, ...]:
        """Move forward, let the service catch up, and return what it did, oldest first.

        Raises:
            InvalidInput: An argument is no number, or the sum is negative or leads beyond the year 9000.
        """
        before = self._now
        for name, value in (("days", days), ("hours", hours), ("minutes", minutes), ("seconds", seconds)):
            if not isinstance(value, int | float) or math.isnan(value):
                raise InvalidInput(f"clock.advance({name}=…)", f"{value!r} is no number", "write e.g. hours=13")
        try:
            step = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
            after = before + step
        except OverflowError as exc:
            raise InvalidInput("clock.advance", "that step leads beyond the calendar", _WAY_OUT) from exc
        if after.year > _LAST_YEAR:
            raise InvalidInput("clock.advance", "that step leads beyond the calendar", _WAY_OUT)
        if step < timedelta(0):
            raise InvalidInput("clock.advance", f"{step} would go back in time", "use a step of zero or more")
        self._now = after
        happened = [event for listen in tuple(self._listeners) for event in listen(before, after)]
        return tuple(sorted(happened, key=lambda event: event.at))

    def subscribe(self, listener: Listener) -> None:
        """Call ``listener`` on every advance, in the order of subscription."""
        self._listeners.append(listener)

    def __repr__(self) -> str:
        return f"ManualClock({self._now.isoformat()})"
