"""Which tags a pattern matches, and which of many images have such a tag.

Source: Amazon ECR User Guide, "Lifecycle policy properties": a ``*`` stands for any number of characters, also none; a
pattern without one has to equal the tag; an image needs a tag for every entry of a rule's list.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence

__all__ = ["TagIndex", "can_match_a_tag", "covers", "expression", "matches", "share_a_tag"]


def expression(pattern: str) -> re.Pattern[str]:
    """Return the regular expression that a whole tag has to match."""
    return re.compile(".*".join(re.escape(literal) for literal in re.split(r"\*+", pattern)), re.DOTALL)


def matches(pattern: str, tag: str) -> bool:
    """Say whether a tag matches a pattern: ``prod*`` matches ``prod`` and ``production``."""
    return expression(pattern).fullmatch(tag) is not None


def covers(wide: str, narrow: str) -> bool:
    """Say whether every tag that matches ``narrow`` matches ``wide``, too: ``prod*`` covers ``prod-*``.

    A star of ``narrow`` stands for anything, so only a star of ``wide`` can take it in: the pattern is matched like a
    tag in which ``*`` is one more character.
    """
    return matches(wide, narrow)


def share_a_tag(one: str, other: str) -> bool:
    """Say whether a single tag can match two patterns: ``v*`` and ``*-rc`` share ``v1-rc``, ``v*`` and ``pr*`` none."""
    reached = {(0, 0)}
    waiting = [(0, 0)]
    while waiting:
        i, j = waiting.pop()
        if i == len(one) and j == len(other):
            return True
        for step in _steps(one, other, i, j):
            if step not in reached:
                reached.add(step)
                waiting.append(step)
    return False


def _steps(one: str, other: str, i: int, j: int) -> Iterator[tuple[int, int]]:
    """Yield how far both patterns can have come after one more character, or after a star has stood for enough."""
    here, there = one[i : i + 1], other[j : j + 1]
    if here == "*":
        yield i + 1, j
    if there == "*":
        yield i, j + 1
    if here == "*" and there:
        yield i, j + 1
    if there == "*" and here:
        yield i + 1, j
    if here and here == there:
        yield i + 1, j + 1


_TAG_PATTERN = re.compile(r"[a-zA-Z0-9_*][a-zA-Z0-9._*-]*")
_LONGEST_TAG = 128


def can_match_a_tag(pattern: str) -> bool:
    """Say whether any tag that a registry accepts matches a pattern; none holds a slash, a colon or a space.

    Source: OCI distribution specification, "Pulling manifests": ``[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}``.
    """
    return _TAG_PATTERN.fullmatch(pattern) is not None and len(pattern.replace("*", "")) <= _LONGEST_TAG


class TagIndex:
    """The tags of many images, sorted once, so that a pattern is tried only where it can match.

    Args:
        tags_of: The tags of each image; an image is known by its place in this sequence.
    """

    def __init__(self, tags_of: Iterable[Sequence[str]]) -> None:
        pairs = sorted((tag, place) for place, tags in enumerate(tags_of) for tag in tags)
        self._tags = [tag for tag, _ in pairs]
        self._places = [place for _, place in pairs]
        self._known: dict[str, frozenset[int]] = {}

    def holding_all(self, patterns: Sequence[str]) -> frozenset[int]:
        """Return the places of the images that have a tag for every pattern."""
        first, *others = sorted((self.holding(pattern) for pattern in patterns), key=len)
        return first.intersection(*others)

    def holding(self, pattern: str) -> frozenset[int]:
        """Return the places of the images that have a tag for one pattern."""
        if pattern not in self._known:
            self._known[pattern] = frozenset(self._search(pattern))
        return self._known[pattern]

    def _search(self, pattern: str) -> Iterable[int]:
        """Look only among the tags that begin like the pattern: they stand side by side."""
        head, star, rest = pattern.partition("*")
        low = bisect_left(self._tags, head)
        if not star:
            return self._places[low : bisect_right(self._tags, head)]
        high = bisect_right(self._tags, head, lo=low, key=lambda tag: tag[: len(head)])
        if not rest.strip("*"):
            return self._places[low:high]
        fits = expression(pattern).fullmatch
        return (self._places[i] for i in range(low, high) if fits(self._tags[i]))
