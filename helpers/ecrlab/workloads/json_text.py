"""JSON read strictly, with the line and column of what is wrong, and the place in the text of every value."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from ecrlab.errors import InvalidDocument

__all__ = ["Span", "parse_object", "path_text", "span_of"]

Path = Sequence[str | int]

_BLANKS = re.compile(r"[ \t\n\r]*")
_LARGEST_TEXT = 4_000_000
_DECODER = json.JSONDecoder()


@dataclass(frozen=True, slots=True)
class Span:
    """Where a value stands in a text: characters from ``start`` up to, not including, ``end``."""

    start: int
    end: int

    def line_in(self, text: str) -> int:
        """Return the number of the line that it starts on, from 1."""
        return text.count("\n", 0, self.start) + 1


class _Refused(ValueError):
    """JSON that Python reads, and that others would refuse or understand differently."""


def parse_object(text: str, name: str) -> dict[str, Any]:
    """Read a JSON object.

    Args:
        text: The document.
        name: What to call it in errors: ``"task definition"``.

    Raises:
        InvalidDocument: It is empty, not JSON, no object, or says a key twice; the line and column are named.
    """
    if not isinstance(text, str):
        raise InvalidDocument(name, f"{type(text).__name__} is neither text nor a mapping", "hand over the JSON text")
    if not text.strip():
        raise InvalidDocument(name, "it is empty", "write the document, starting with '{'")
    if len(text) > _LARGEST_TEXT:
        raise InvalidDocument(name, f"it has {len(text):,} characters", "a document of this kind has a few thousand")
    try:
        found = json.loads(text, object_pairs_hook=_without_repeats, parse_constant=_no_constant)
    except json.JSONDecodeError as exc:
        fact, at, way_out = _syntax_fault(text, exc)
        raise InvalidDocument(name, f"{fact} at {position_text(text, at)}", way_out) from exc
    except _Refused as exc:
        raise InvalidDocument(name, str(exc), "keep one, in plain JSON") from exc
    except RecursionError as exc:
        raise InvalidDocument(name, "it is nested too deeply", "it needs no more than a few levels") from exc
    if not isinstance(found, dict):
        raise InvalidDocument(name, "it is JSON, but no object", "start it with '{'")
    return found


def position_text(text: str, at: int) -> str:
    """Write a position in a text as editors show it: ``line 18, column 7``."""
    return f"line {text.count(chr(10), 0, at) + 1}, column {at - text.rfind(chr(10), 0, at)}"


def _syntax_fault(text: str, exc: json.JSONDecodeError) -> tuple[str, int, str]:
    """Say what is wrong, where and what to do, in the words of the usual slips of the pen."""
    here = text[exc.pos : exc.pos + 1]
    # Python 3.13 stops at a comma too many, earlier versions at the bracket behind it.
    comma = exc.pos if here == "," else len(text[: exc.pos].rstrip()) - 1
    after = text[comma + 1 :].lstrip()[:1]
    if text[comma : comma + 1] == "," and after and after in "]}":
        return f"a comma stands before the closing '{after}'", comma, "take the comma away"
    fact, way_out = _usual_fault(text, exc, here)
    return fact, exc.pos, way_out


def _usual_fault(text: str, exc: json.JSONDecodeError, here: str) -> tuple[str, str]:
    if text.startswith(("//", "/*"), exc.pos) or here == "#":
        return "a comment stands there and JSON has none", "take the comment away"
    if here == "'":
        return "a text stands in single quotes", 'write it in "double quotes"'
    if exc.msg.startswith("Expecting ',' delimiter"):
        return "a comma or a closing bracket is missing", "add it before this place"
    if exc.msg.startswith("Extra data"):
        return "the document has ended and more follows", "keep one object"
    return f"it is not JSON ({exc.msg})", "correct it there"


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        repeated = next(key for key in keys if keys.count(key) > 1)
        raise _Refused(f"the key {repeated!r} is there twice in one object")
    return found


def _no_constant(name: str) -> NoReturn:
    raise _Refused(f"{name} is not JSON")


def path_text(path: Path) -> str:
    """Write a path as a reader would: ``containerDefinitions[0].image``."""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return text.removeprefix(".")


def span_of(text: str, path: Path) -> Span | None:
    """Find where a value stands in a text that ``parse_object`` has read; ``None`` if there is no such value."""
    at = _skip(text, 0)
    for step in path:
        found = _entry(text, at, step)
        if found is None:
            return None
        at = found
    return Span(at, _DECODER.raw_decode(text, at)[1])


def _skip(text: str, at: int) -> int:
    match = _BLANKS.match(text, at)
    return match.end() if match else at


def _entry(text: str, at: int, step: str | int) -> int | None:
    """Return where an entry of the object or list at ``at`` starts."""
    wanted_in = "{" if isinstance(step, str) else "["
    if text[at] != wanted_in:
        return None
    at, number = _skip(text, at + 1), 0
    while text[at] not in "]}":
        key: str | int = number
        if wanted_in == "{":
            key, at = _DECODER.raw_decode(text, at)
            at = _skip(text, _skip(text, at) + 1)
        if key == step:
            return at
        at = _skip(text, _DECODER.raw_decode(text, at)[1])
        at = _skip(text, at + 1) if text[at] == "," else at
        number += 1
    return None


def as_object(document: str | Mapping[str, Any], name: str) -> tuple[str, dict[str, Any]]:
    """Return a document as text and as an object; a mapping is written out with two blanks per level.

    Raises:
        InvalidDocument: It is no JSON object, or cannot be written as one.
    """
    if isinstance(document, Mapping):
        try:
            text = json.dumps(dict(document), indent=2, ensure_ascii=False, allow_nan=False) + "\n"
        except (TypeError, ValueError) as exc:
            raise InvalidDocument(name, f"it cannot be written as JSON ({exc})", "use text, numbers and lists") from exc
        return text, parse_object(text, name)
    return document, parse_object(document, name)
