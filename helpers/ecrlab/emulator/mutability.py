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
    return _expression(pattern, wildcards).match(tag) is not None


@lru_cache(maxsize=512)
def _expression(pattern: str, wildcards: bool) -> re.Pattern[str]:
    if not wildcards:
        return re.compile(pattern)
    # Runs of stars are one star; otherwise a long run would take the matcher for a walk.
    return re.compile(".*".join(re.escape(part) for part in re.split(r"\*+", pattern)) + r"\Z", re.DOTALL)
