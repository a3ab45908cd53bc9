"""May a tag move? Four modes, and wildcards that make exceptions to two of them."""

from __future__ import annotations

import re
from functools import lru_cache

from ecrlab.emulator.state import Mutability

__all__ = ["is_fixed", "matches"]


def is_fixed(tag: str, mutability: Mutability, *, wildcards: bool = True) -> bool:
    """Tell whether a tag that exists must stay where it is.

    Args:
        tag: The tag that a push wants to move.
        mutability: Mode and filters of the repository.
        wildcards: Read filters as ECR does; ``False`` reads them as moto does, as regular expressions.
    """
    excluded = any(matches(tag, text, wildcards=wildcards) for text in mutability.filters)
    return (mutability.mode.removesuffix("_WITH_EXCLUSION") == "IMMUTABLE") != excluded


def matches(tag: str, pattern: str, *, wildcards: bool = True) -> bool:
    """Tell whether a filter covers a tag: ``*`` stands for any number of characters, everything else for itself."""
    if not wildcards and (expression := _expression(pattern)):
        return expression.match(tag) is not None
    return _covers(tag, pattern.split("*"))


def _covers(tag: str, parts: list[str]) -> bool:
    """Match a tag against the parts between stars, in one walk: the first place for each part is the best one."""
    if len(parts) == 1:
        return tag == parts[0]
    first, *middle, last = parts
    if len(first) + len(last) > len(tag) or not tag.startswith(first) or not tag.endswith(last):
        return False
    at, end = len(first), len(tag) - len(last)
    for part in middle:
        found = tag.find(part, at, end)
        if found < 0:
            return False
        at = found + len(part)
    return True


@lru_cache(maxsize=512)
def _expression(pattern: str) -> re.Pattern[str] | None:
    """Read a filter as moto does; ``None`` if it is no regular expression, where moto breaks."""
    try:
        return re.compile(pattern)
    except re.error:
        return None
