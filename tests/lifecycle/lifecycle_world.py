"""Repositories and policies for tests: from the JSON tables, and arbitrary ones for the laws."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

from ecrlab import lifecycle
from ecrlab.lifecycle import ActionType, CountType, Image, Policy, Rule, Selection, StorageClass, TagStatus
from hypothesis import strategies as st

HERE = Path(__file__).parent
NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)


def table(name):
    """Read a JSON file beside the tests."""
    return json.loads((HERE / name).read_text("utf-8"))


def ago(days):
    """Return the moment so many days before ``NOW``; ``None`` stays ``None``."""
    return None if days is None else NOW - timedelta(days=days)


def image_of(entry):
    """Build the image that a JSON table describes; its name serves as its digest."""
    return Image(
        digest=entry["name"],
        pushed_at=ago(entry["pushed_days_ago"]),
        tags=tuple(entry["tags"]),
        storage_class=StorageClass(entry.get("storage_class", "standard")),
        last_pulled_at=ago(entry.get("pulled_days_ago")),
        archived_at=ago(entry.get("archived_days_ago")),
        activated_at=ago(entry.get("activated_days_ago")),
        parents=tuple(entry.get("referenced_by", ())),
        subject=entry.get("subject"),
        sequence=entry.get("push_order", 0),
    )


def rule(number, selection, action=ActionType.EXPIRE, description=""):
    """Build a rule; short, since most tests need several."""
    return Rule(number, selection, action, description)


def newest(count, *patterns, status=None):
    """Select everything beyond the newest few."""
    return Selection(
        status or (TagStatus.TAGGED if patterns else TagStatus.ANY), CountType.IMAGE_COUNT_MORE_THAN, count, patterns
    )


def older(days, *patterns, status=None):
    """Select everything pushed more than some days ago."""
    return Selection(
        status or (TagStatus.TAGGED if patterns else TagStatus.ANY), CountType.SINCE_IMAGE_PUSHED, days, patterns
    )


def done(plan):
    """Return what a plan does: digest -> (rule, action)."""
    return {e.image.digest: (e.rule, e.action.value) for e in plan.entries if e.action is not lifecycle.Action.KEEP}


# Arbitrary repositories and policies, small enough to collide often

DAYS = st.integers(0, 12) | st.floats(0, 12, allow_nan=False).map(lambda days: round(days, 3))
TAGS = st.lists(st.sampled_from(["a", "a-1", "ab", "b", "b-1", "ba", "c-1", "abc"]), max_size=3, unique=True).map(tuple)
PATTERNS = st.sampled_from(["*", "a*", "a-*", "*b*", "b*", "b", "*-1", "a*c", "c*"])


@st.composite
def images(draw, most=10):
    """Draw a repository: tags, times, archive, manifest lists and artifacts in any combination."""
    count = draw(st.integers(0, most))
    digests = [f"d{number}" for number in range(count)]
    order = draw(st.permutations(range(count)))
    return [_image(draw, digests, number, order[number]) for number in range(count)]


def _image(draw, digests, number, sequence):
    pushed = draw(DAYS)
    archived = draw(st.none() | DAYS) if draw(st.booleans()) else None
    others = digests[:number]
    return Image(
        digest=digests[number],
        pushed_at=ago(pushed),
        tags=draw(TAGS),
        size_bytes=draw(st.integers(0, 100)),
        storage_class=StorageClass.STANDARD if archived is None else StorageClass.ARCHIVE,
        last_pulled_at=ago(draw(st.none() | DAYS)),
        archived_at=ago(archived if archived is None else archived * 20),
        activated_at=ago(draw(st.none() | DAYS)) if draw(st.booleans()) else None,
        parents=tuple(draw(st.lists(st.sampled_from(others), max_size=2, unique=True))) if others else (),
        subject=draw(st.sampled_from(others)) if others and draw(st.integers(0, 4)) == 0 else None,
        sequence=sequence,
    )


@st.composite
def selections(draw, status):
    """Draw a selection with a tag status, and the action that goes with it."""
    kinds = [
        (CountType.IMAGE_COUNT_MORE_THAN, ActionType.EXPIRE),
        (CountType.IMAGE_COUNT_MORE_THAN, ActionType.TRANSITION),
        (CountType.SINCE_IMAGE_PUSHED, ActionType.EXPIRE),
        (CountType.SINCE_IMAGE_PUSHED, ActionType.TRANSITION),
        (CountType.SINCE_IMAGE_PULLED, ActionType.TRANSITION),
        (CountType.SINCE_IMAGE_TRANSITIONED, ActionType.EXPIRE),
    ]
    count_type, action = draw(st.sampled_from(kinds))
    archive = count_type is CountType.SINCE_IMAGE_TRANSITIONED
    entries = tuple(draw(st.lists(PATTERNS, min_size=1, max_size=2))) if status is TagStatus.TAGGED else ()
    selection = Selection(
        status,
        count_type,
        draw(st.integers(90, 200)) if archive else draw(st.integers(1, 10)),
        tag_patterns=entries,
        storage_class=StorageClass.ARCHIVE if archive else StorageClass.STANDARD,
    )
    return selection, action


@st.composite
def policies(draw, most=4):
    """Draw a policy that AWS would accept."""
    drawn = [draw(selections(TagStatus.TAGGED)) for _ in range(draw(st.integers(0, most)))]
    untagged = draw(st.none() | selections(TagStatus.UNTAGGED))
    if untagged:
        drawn.insert(draw(st.integers(0, len(drawn))), untagged)
    last = draw(st.none() | selections(TagStatus.ANY))
    if last or not drawn:
        drawn.append(last or draw(selections(TagStatus.ANY)))
    numbers = sorted(draw(st.sets(st.integers(1, 99), min_size=len(drawn), max_size=len(drawn))))
    rules = [rule(number, selection, action) for number, (selection, action) in zip(numbers, drawn, strict=True)]
    return Policy(draw(st.permutations(rules)))
