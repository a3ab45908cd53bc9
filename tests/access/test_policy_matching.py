"""Wildcards against a reference that tries everything, and in a time that no pattern can blow up."""

from __future__ import annotations

import time
from functools import cache

import pytest
from ecrlab.access.matching import arn_matcher, matcher
from hypothesis import given
from hypothesis import strategies as st

SMALL = st.text("ab:*?", max_size=7)


def tried(pattern: str, text: str, *, barrier: bool = False) -> bool:
    """Match by trying every possibility. With a barrier, no wildcard before the fifth colon runs over a colon."""

    @cache
    def rest(p: int, t: int, colons: int) -> bool:
        if p == len(pattern):
            return t == len(text)
        stopped = t < len(text) and barrier and colons < 5 and text[t] == ":"
        if pattern[p] == "*":
            return rest(p + 1, t, colons) or (t < len(text) and not stopped and rest(p, t + 1, colons))
        if t == len(text):
            return False
        if pattern[p] == "?":
            return not stopped and rest(p + 1, t + 1, colons)
        return pattern[p] == text[t] and rest(p + 1, t + 1, colons + (pattern[p] == ":"))

    return rest(0, 0, 0)


@given(SMALL, st.text("ab:*?", max_size=9))
def test_wildcards_do_what_trying_everything_does(pattern, text):
    """``*`` is any text, ``?`` one character, and everything else itself."""
    assert tried(pattern, text) is bool(matcher((pattern,))(text))


@given(SMALL, st.text("ab:AB", max_size=9))
def test_case_can_be_ignored(pattern, text):
    """Ignoring case is comparing in lower case."""
    assert tried(pattern.lower(), text.lower()) is bool(matcher((pattern,), ignore_case=True)(text))


@given(st.lists(st.text("ab*?", max_size=2), max_size=8).map(":".join), st.text("ab::::::", max_size=14))
def test_in_an_arn_wildcards_stay_in_their_part(pattern, text):
    """The first five parts of an ARN are matched one by one."""
    assert (pattern == "*" or tried(pattern, text, barrier=True)) is bool(arn_matcher((pattern,))(text))


@pytest.mark.parametrize(
    ("pattern", "arn", "expected"),
    [
        ("*", "arn:aws:ecr:us-east-1:111122223333:repository/a", True),
        ("*", "*", True),
        ("arn:aws:ecr:*", "arn:aws:ecr:us-east-1:111122223333:repository/a", True),
        ("arn:aws:ecr", "arn:aws:ecr:us-east-1:111122223333:repository/a", True),
        ("arn:aws:ec*", "arn:aws:ecr:us-east-1:111122223333:repository/a", True),
        ("arn:aws:s3", "arn:aws:ecr:us-east-1:111122223333:repository/a", False),
        ("arn:*:repository/a", "arn:aws:ecr:us-east-1:111122223333:repository/a", False),
        ("arn:aws:ecr:*:*:repository/*", "arn:aws:ecr:us-east-1:111122223333:repository/a/b", True),
        ("arn:aws:ecr:*:*:repository/*", "*", False),
        ("arn:aws:ecr:us-east-1:111122223333:repository/a", "arn:aws:ecr:us-east-1:111122223333:repository/A", False),
        ("arn:aws:ecr:us-east-1:111122223333:repository/a?", "arn:aws:ecr:us-east-1:111122223333:repository/a", False),
    ],
)
def test_resources(pattern, arn, expected):
    """A resource is matched part by part; a short pattern is completed; only ``*`` is every resource."""
    assert expected is bool(arn_matcher((pattern,), complete=True)(arn))


@given(SMALL, SMALL, st.text("ab*?", max_size=3))
def test_text_from_a_variable_is_only_text(before, after, value):
    """Parts at odd places match themselves and nothing else."""
    anything = matcher((before, value, after))
    plain = matcher((before, value.replace("*", "s").replace("?", "q"), after))
    sample_before, sample_after = before.replace("*", "").replace("?", "a"), after.replace("*", "").replace("?", "a")
    assert anything(sample_before + value + sample_after)
    assert plain(sample_before + value.replace("*", "s").replace("?", "q") + sample_after)
    if value in ("*", "?") and not before and not after:
        assert not anything("b")


def test_no_pattern_takes_long():
    """A pattern made to make matchers try forever is answered at once."""
    pattern, text = "*a" * 2_000 + "b", "a" * 10_000
    start = time.perf_counter()
    assert not matcher((pattern,))(text)
    assert not arn_matcher((f"arn:aws:ecr:::{pattern}",))(f"arn:aws:ecr:::{text}")
    assert time.perf_counter() - start < 2
