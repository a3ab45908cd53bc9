"""Forecasts: the daily runs of a year, played one after the other, and what they leave."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from ecrlab.errors import InvalidInput
from ecrlab.lifecycle import (
    Action,
    ActionType,
    CountType,
    Image,
    Policy,
    PushPattern,
    Selection,
    StorageClass,
    TagStatus,
    first_run_after,
    forecast,
    plan,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from lifecycle_world import images, newest, older, policies, rule

START = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
TEMPLATES = st.sampled_from(["a-{number}", "b latest", "ab", ""])
PUSHES = st.lists(st.builds(PushPattern, TEMPLATES, st.sampled_from([0.5, 1, 3, 7]), st.just(5)), max_size=2)


def naive(policy, repository, days, pushes):
    """Plan every single day, and apply each plan to a dictionary of images; yield what each day did."""
    there = {image.digest: image for image in repository}
    sequence = max((image.sequence for image in repository), default=0)
    end = first_run_after(START) + timedelta(days=days - 1)
    coming = sorted(
        (image for n, pattern in enumerate(pushes) for image in pattern.pushes(START, end, f"pattern {n}")),
        key=lambda image: (image.pushed_at, image.digest),
    )
    for number in range(1, days + 1):
        at = first_run_after(START) + timedelta(days=number - 1)
        for image in [image for image in coming if image.pushed_at <= at]:
            coming.remove(image)
            sequence += 1
            for digest, old in there.items():
                there[digest] = replace(old, tags=tuple(tag for tag in old.tags if tag not in image.tags))
            there[image.digest] = replace(image, sequence=sequence)
        for entry in plan(policy, there.values(), now=at).entries:
            if entry.action is Action.EXPIRE:
                del there[entry.image.digest]
            elif entry.action is Action.TRANSITION:
                there[entry.image.digest] = replace(entry.image, storage_class=StorageClass.ARCHIVE, archived_at=at)
            if entry.action is not Action.KEEP:
                yield number, entry.image.digest, entry.rule, entry.action


@settings(max_examples=60, deadline=None)
@given(policies(), images(), st.integers(1, 130), PUSHES)
def test_skipped_days_change_nothing(policy, repository, days, pushes):
    """Planning only on days on which something can change gives what planning every day gives."""
    played = forecast(policy, repository, start=START, days=days, pushes=pushes)
    events = [(event.day, event.image.digest, event.rule, event.action) for event in played.events]
    assert list(naive(policy, repository, days, pushes)) == events


@settings(deadline=None)
@given(policies(), images(), st.integers(0, 40), PUSHES)
def test_nothing_gets_lost(policy, repository, days, pushes):
    """Images come by pushes, go by expiry and move by archiving; the counts of every day add up."""
    played = forecast(policy, repository, start=START, days=days, pushes=pushes)
    assert list(range(days + 1)) == [day.number for day in played.days]
    for before, day in zip(played.days, played.days[1:], strict=False):
        total = before.standard_images + before.archive_images + day.pushed - day.expired
        assert total == day.standard_images + day.archive_images
        doing = played.at(day.number)
        assert (day.expired, day.transitioned) == (len(doing.expiring), len(doing.transitioning))


def test_a_year_of_two_rules():
    """Pull age archives, archive age deletes: the two rules of AWS's example, from push to end."""
    policy = Policy(
        [
            rule(1, Selection(TagStatus.ANY, CountType.SINCE_IMAGE_PULLED, 90), ActionType.TRANSITION),
            rule(
                2,
                Selection(TagStatus.ANY, CountType.SINCE_IMAGE_TRANSITIONED, 100, storage_class=StorageClass.ARCHIVE),
            ),
        ]
    )
    played = forecast(policy, [Image("a", START, ("v1",), 7)], start=START)
    told = [(event.day, str(event.at)[:16], event.rule, event.action) for event in played.events]
    assert [
        (91, "2027-02-23 02:00", 1, Action.TRANSITION),
        (192, "2027-06-04 02:00", 2, Action.EXPIRE),
    ] == told
    sizes = [
        (played.days[n].standard_bytes, played.days[n].archive_bytes, played.days[n].total_bytes) for n in (90, 91, 192)
    ]
    assert [(7, 0, 7), (0, 7, 7), (0, 0, 0)] == sizes
    assert Action.TRANSITION is played.at(91).entry("v1").action
    assert StorageClass.ARCHIVE is played.at(92).entry("v1").image.storage_class
    assert () == played.at(193).entries


def test_a_moving_tag_leaves_untagged_images():
    """A tag that is pushed again leaves the image that had it, which the untagged rule then takes."""
    policy = Policy([rule(1, older(2, status=TagStatus.UNTAGGED))])
    played = forecast(policy, [], start=START, days=10, pushes=[PushPattern("latest v{number}", 1, 1)])
    assert () == played.events
    played = forecast(policy, [], start=START, days=10, pushes=[PushPattern("latest", 1, 1)])
    assert [4, 5, 6, 7, 8, 9, 10] == [event.day for event in played.events]
    assert [("latest",), ()] == [entry.image.tags for entry in reversed(played.at(9).kept)]


def test_children_go_one_day_later():
    """A manifest list frees its children for the run after the one that deleted it."""
    policy = Policy([rule(1, older(3, "v*")), rule(2, older(1, status=TagStatus.UNTAGGED))])
    repository = [Image("index", START, ("v1",)), Image("child", START, parents=("index",))]
    played = forecast(policy, repository, start=START, days=9)
    assert [(4, "index"), (5, "child")] == [(event.day, event.image.digest) for event in played.events]


RUNS = {
    "in the morning": ("2026-11-24 09:00", "2026-11-25 02:00"),
    "in the night": ("2026-11-24 00:30", "2026-11-24 02:00"),
    "at the moment of a run": ("2026-11-24 02:00", "2026-11-25 02:00"),
}


@pytest.mark.parametrize(("moment", "run"), RUNS.values(), ids=RUNS)
def test_the_first_run(moment, run):
    """Runs are at 02:00 UTC, the first one strictly after the start."""
    assert run == str(first_run_after(datetime.fromisoformat(moment + "+00:00")))[:16]


def test_a_forecast_shows_months():
    """A forecast is a table with a line per month."""
    played = forecast(
        Policy([rule(1, newest(2))]), [], start=START, days=60, pushes=[PushPattern("v{number}", 7, 10**7)]
    )
    rows = [line.split() for line in str(played).splitlines()]
    assert [
        ["2026-11", "0", "0", "0", "0", "0", "0"],
        ["2026-12", "5", "3", "0", "2", "20", "0"],
        ["2027-01", "3", "3", "0", "2", "20", "0"],
    ] == rows[3:]


BAD_INPUT = {
    "a day that is not there": (
        lambda: forecast(Policy([rule(1, newest(1))]), [], start=START, days=3).at(4),
        "forecast: it has no day 4; ask for 0 to 3",
    ),
    "too many days": (
        lambda: forecast(Policy([rule(1, newest(1))]), [], start=START, days=10_000),
        "forecast: days is 10000; ask for 0 to 3,660",
    ),
    "pushes all the time": (
        lambda: PushPattern("v{number}", 0, 1),
        "push pattern: every_days is 0; a number above 0 and below 3,660 is needed",
    ),
    "a size below nothing": (
        lambda: PushPattern("v{number}", 1, -1),
        "push pattern: size_bytes is -1; no image is smaller than nothing",
    ),
    "a start without a timezone": (
        lambda: forecast(Policy([rule(1, newest(1))]), [], start=START.replace(tzinfo=None)),
        "now: 2026-11-24T09:00:00 carries no timezone; add tzinfo=UTC",
    ),
}


@pytest.mark.parametrize(("call", "message"), BAD_INPUT.values(), ids=BAD_INPUT)
def test_bad_input(call, message):
    """What cannot be played is refused in one line."""
    with pytest.raises(InvalidInput) as caught:
        call()
    assert message == str(caught.value)


def test_a_year_is_quick():
    """A year of 500 images under 10 rules is played while a slider is dragged; the bench has the figure."""
    rules = [rule(n + 1, (older if n % 2 else newest)(30 + n, f"f{n}-*")) for n in range(8)]
    policy = Policy([*rules, rule(60, older(7, status=TagStatus.UNTAGGED)), rule(99, older(200))])
    repository = [
        Image(f"d{n}", START - timedelta(hours=3 * n), (f"f{n % 9}-{n}",) if n % 10 else ()) for n in range(500)
    ]
    started = time.process_time()
    played = forecast(policy, repository, start=START)
    assert 3 > time.process_time() - started
    assert 366 == len(played.days)
