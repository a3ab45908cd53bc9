"""Wildcards: ``*`` stands for any text, ``?`` for one character, everything else for itself.

A pattern comes as *parts*: those at even places are pattern text, in which wildcards live; those at odd places came
out of a policy variable and are plain text, so that a user who is called ``*`` gains nothing. A pattern without
variables is one part.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import lru_cache

__all__ = ["Parts", "arn_matcher", "matcher"]

Parts = tuple[str, ...]
Matcher = Callable[[str], object]
"""Answers something true if the text fits."""

_COLONS_OF_AN_ARN = 5
_WILD = frozenset("*?")


@lru_cache(maxsize=4096)
def matcher(parts: Parts, *, ignore_case: bool = False) -> Matcher:
    """Compile a pattern for texts without inner structure: an action, the value of a condition."""
    tokens = tuple(_tokens(parts))
    if not ignore_case and not any(wild for _, wild in tokens):
        return "".join(text for text, _ in tokens).__eq__
    expression = _chunks(tokens, lambda _: r"[\s\S]")
    return re.compile(expression, re.IGNORECASE if ignore_case else 0).fullmatch


@lru_cache(maxsize=4096)
def arn_matcher(parts: Parts, *, complete: bool = False) -> Matcher:
    """Compile a pattern for ARNs: a wildcard stays within its part, ``arn:partition:service:region:account:rest``.

    Only in the rest may it run over ``:`` and ``/``. The pattern ``*`` fits everything.

    Args:
        parts: The pattern.
        complete: Read a pattern with fewer than six parts as if ``:*`` were appended, as AWS does in ``Resource``.
    """
    if parts == ("*",):
        return lambda text: True
    tokens = tuple(_tokens(parts))
    colons = sum(text == ":" for text, _ in tokens)
    inside, rest = r"[^:]", r"[\s\S]"
    expression = _chunks(tokens, lambda colons_before: inside if colons_before < _COLONS_OF_AN_ARN else rest)
    if complete and colons < _COLONS_OF_AN_ARN:
        expression += r":[\s\S]*"
    return re.compile(expression).fullmatch


def _tokens(parts: Parts) -> Iterator[tuple[str, bool]]:
    """Yield characters, and whether each is a wildcard."""
    for number, part in enumerate(parts):
        yield from ((character, number % 2 == 0 and character in _WILD) for character in part)


def _chunks(tokens: tuple[tuple[str, bool], ...], any_character: Callable[[int], str]) -> str:
    """Write a regular expression that never backtracks over a star.

    After each ``*`` the first place where the following text fits is as good as any later one, so the choice is
    made for good (an atomic group). A hostile ``*a*a*a*a*b`` costs no more than a harmless pattern.
    """
    pieces: list[str] = []
    stars: list[tuple[str, list[str]]] = []
    colons = 0
    for character, wild in tokens:
        target = stars[-1][1] if stars else pieces
        if not wild:
            target.append(re.escape(character))
            colons += character == ":"
        elif character == "?":
            target.append(any_character(colons))
        elif not (stars and not stars[-1][1]):  # several stars in a row are one
            stars.append((any_character(colons), []))
    expression = "".join(pieces)
    for number, (anything, chunk) in enumerate(stars, start=1):
        if number == len(stars):
            return expression + f"{anything}*" + "".join(chunk)
        expression += f"(?>{anything}*?{''.join(chunk)})"
    return expression
