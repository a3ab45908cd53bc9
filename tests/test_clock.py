"""Time moves when it is told to, and only forward."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from ecrlab.clock import START, Happening, ManualClock, SystemClock
from ecrlab.errors import InvalidInput
from hypothesis import given
from hypothesis import strategies as st


def test_a_lab_begins_at_the_same_moment_for_everybody():
    """Without an argument a clock stands at START, a Monday at nine, UTC."""
    assert START == ManualClock().now()
    assert "2026-11-02T09:00:00+00:00" == START.isoformat()
    assert "Monday" == f"{START:%A}"


def test_a_start_elsewhere_is_kept_in_utc():
    """A start in another timezone is the same moment, shown in UTC."""
    start = datetime(2026, 1, 1, 1, tzinfo=timezone(timedelta(hours=1)))
    assert "2026-01-01T00:00:00+00:00" == ManualClock(start).now().isoformat()
    assert "ManualClock(2026-01-01T00:00:00+00:00)" == repr(ManualClock(start))


def test_the_clock_stands_until_it_is_moved():
    """Fractions count, and the parts add up."""
    clock = ManualClock()
    clock.advance(days=1.5, hours=1, minutes=2, seconds=3.25)
    assert START + timedelta(days=1, hours=13, minutes=2, seconds=3.25) == clock.now()


BAD_STEPS = {
    "back in time": ({"days": -1}, "clock.advance: -1 day, 0:00:00 would go back in time; use a step of zero or more"),
    "more back than forth": (
        {"hours": 1, "minutes": -90},
        "clock.advance: -1 day, 23:30:00 would go back in time; use a step of zero or more",
    ),
    "beyond the calendar": (
        {"days": 4_000_000},
        "clock.advance: that step leads beyond the calendar; stay between the years 1970 and 9000",
    ),
    "endless": (
        {"days": float("inf")},
        "clock.advance: that step leads beyond the calendar; stay between the years 1970 and 9000",
    ),
    "no number": ({"days": float("nan")}, "clock.advance(days=…): nan is no number; write e.g. hours=13"),
    "a text": ({"hours": "1"}, "clock.advance(hours=…): '1' is no number; write e.g. hours=13"),
    "nothing": ({"minutes": None}, "clock.advance(minutes=…): None is no number; write e.g. hours=13"),
}


@pytest.mark.parametrize(("step", "message"), BAD_STEPS.values(), ids=BAD_STEPS)
def test_a_bad_step_moves_nothing(step, message):
    """A step that cannot be raises, and the clock stays where it is."""
    clock = ManualClock()
    with pytest.raises(InvalidInput) as caught:
        clock.advance(**step)
    assert message == str(caught.value)
    assert START == clock.now()


def test_a_start_needs_a_timezone():
    """A moment without a timezone is no moment."""
    with pytest.raises(InvalidInput) as caught:
        ManualClock(datetime(2026, 1, 1))  # noqa: DTZ001
    assert "clock: start 2026-01-01T00:00:00 has no timezone; add one, e.g. tzinfo=UTC" == str(caught.value)


@pytest.mark.parametrize("year", [1, 1969, 9001, 9999])
def test_error_a_start_at_the_end_of_the_calendar(year):
    """A clock leaves room for time zones and for the twelve hours of a token."""
    start = datetime(year, 6, 1, tzinfo=UTC)
    with pytest.raises(InvalidInput) as caught:
        ManualClock(start)
    expected = f"clock: start {start.isoformat()} is beyond the calendar; stay between the years 1970 and 9000"
    assert expected == str(caught.value)


def test_what_happened_meanwhile_comes_oldest_first():
    """Every listener hears both moments; their reports are one story in time order."""
    clock = ManualClock()
    heard = []

    def listener(name, after_hours):
        def listen(before, after):
            heard.append((name, before, after))
            yield Happening(before + timedelta(hours=after_hours), name, "expired")

        return listen

    clock.subscribe(listener("late", 3))
    clock.subscribe(listener("early", 1))
    happened = clock.advance(days=1)
    later = START + timedelta(days=1)
    assert [("late", START, later), ("early", START, later)] == heard
    assert ["early", "late"] == [happening.subject for happening in happened]
    assert "2026-11-02 10:00 UTC  early  expired" == str(happened[0])


@given(st.lists(st.floats(min_value=0, max_value=10_000), max_size=5))
def test_steps_add_up(steps):
    """Many small steps lead to where their sum leads."""
    clock = ManualClock()
    for step in steps:
        clock.advance(minutes=step)
    assert START + sum((timedelta(minutes=step) for step in steps), timedelta()) == clock.now()


def test_the_machine_has_its_own_time():
    """The system's clock is in UTC and cannot be moved."""
    clock = SystemClock()
    assert UTC == clock.now().tzinfo
    with pytest.raises(InvalidInput) as caught:
        clock.advance(days=1)
    assert "clock.advance: this lab runs on real time; wait, or use open_lab() in Mode Mock" == str(caught.value)
    assert "SystemClock()" == repr(clock)
