"""Pages of a list, with opaque tokens.

A token holds the position after which the next page starts, not an offset: images that come or go between two pages
are neither skipped nor repeated. It carries a check sum over the operation and the list it belongs to, so that a token
of another list, or a mistyped one, is refused.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterable
from itertools import islice
from typing import TypeVar

from ecrlab.emulator.errors import EcrError, invalid_parameter
from ecrlab.emulator.ids import derived_hex

__all__ = ["Position", "decode_token", "encode_token", "page"]

Position = tuple[int | str, ...]
"""Where an item stands in its list; positions of one list compare with each other."""

_Item = TypeVar("_Item")


def encode_token(position: Position, *scope: str) -> str:
    """Return the token of the page after ``position``; ``scope`` names the list (operation, registry, filters)."""
    text = json.dumps([*position, _check_sum(position, scope)], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode()


def decode_token(token: str, *scope: str) -> Position:
    """Return the position in a token.

    Raises:
        EcrError: InvalidParameterException, if the token was not given out for this very list.
    """
    try:
        *values, check_sum = json.loads(base64.b64decode(token.encode(), altchars=b"-_", validate=True))
        position = tuple(values)
        ours = all(isinstance(value, int | str) for value in position) and check_sum == _check_sum(position, scope)
    except (ValueError, TypeError, RecursionError, binascii.Error):
        raise _refused() from None
    if not ours:
        raise _refused()
    return position


def page(items: Iterable[tuple[Position, _Item]], limit: int, *scope: str) -> tuple[list[_Item], str | None]:
    """Take one page from ``items``, which start behind the last page.

    Returns:
        At most ``limit`` items, and the token of the next page, or ``None`` if nothing is left.
    """
    taken = list(islice(items, limit + 1))
    token = encode_token(taken[limit - 1][0], *scope) if len(taken) > limit else None
    return [item for _, item in taken[:limit]], token


def _check_sum(position: Position, scope: tuple[str, ...]) -> str:
    return derived_hex("page", *scope, *position)[:16]


def _refused() -> EcrError:
    # Guess: the code is modelled, the sentence was not seen in public.
    return invalid_parameter("nextToken", "Invalid next token")
