"""JSON documents read strictly: every complaint names the place, as in ``layers[1].digest``."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from ecrlab.errors import InvalidImage, InvalidName
from ecrlab.naming import Digest

__all__ = ["Node", "canonical_json", "parse_object"]

# RFC 6838, 4.2: type and subtype of a media type.
_MEDIA_TYPE = re.compile(r"[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}/[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}")
_LARGEST = 2**63 - 1


def canonical_json(document: Mapping[str, Any]) -> bytes:
    """Write a document in one way only: the order of its keys as given, no spaces, UTF-8.

    Raises:
        InvalidImage: Something in it cannot be written as JSON.
    """
    try:
        return json.dumps(document, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()
    except (TypeError, ValueError) as exc:
        raise InvalidImage("document", f"it cannot be written as JSON ({exc})", "use text, numbers and lists") from exc


def parse_object(data: bytes, place: str) -> Node:
    """Read a JSON object from bytes.

    Raises:
        InvalidImage: It is not UTF-8, not JSON, no object, or says one key twice (readers would disagree which counts).
    """
    try:
        value = json.loads(data.decode("utf-8"), object_pairs_hook=_without_repeats, parse_constant=_no_constant)
    except UnicodeDecodeError as exc:
        raise InvalidImage(place, f"byte {exc.start} is not UTF-8", "hand over the bytes as stored") from exc
    except json.JSONDecodeError as exc:
        where = f"line {exc.lineno}, column {exc.colno}"
        raise InvalidImage(place, f"it is not JSON ({exc.msg} at {where})", "correct it there") from exc
    except RecursionError as exc:
        raise InvalidImage(place, "it is nested too deeply", "a manifest needs no more than a few levels") from exc
    except _Refused as exc:
        raise InvalidImage(place, str(exc), "keep one, in plain JSON") from exc
    node = Node("", value, root=place)
    node.expect(dict, "an object", "start it with '{'")
    return node


class _Refused(Exception):
    """JSON that Python reads, and that readers would understand differently."""


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        repeated = next(key for key in keys if keys.count(key) > 1)
        raise _Refused(f"the key {repeated!r} is there twice")
    return found


def _no_constant(name: str) -> NoReturn:
    raise _Refused(f"{name} is not JSON")


@dataclass(frozen=True, slots=True)
class Node:
    """A value inside a document together with its place."""

    path: str
    value: Any
    root: str

    @property
    def place(self) -> str:
        """The path as a reader would write it; the document's own name at the top."""
        return self.path or self.root

    def refuse(self, fact: str, way_out: str) -> NoReturn:
        """Raise :class:`InvalidImage` at this place."""
        raise InvalidImage(self.place, fact, way_out)

    def expect(self, kind: type | tuple[type, ...], name: str, way_out: str) -> None:
        """Refuse a value of another JSON type; ``true`` is no number here."""
        if not isinstance(self.value, kind) or isinstance(self.value, bool):
            self.refuse(f"{_quoted(self.value)} is not {name}", way_out)

    def has(self, key: str) -> bool:
        """Say whether the object has this key with a value other than null."""
        return self.value.get(key) is not None

    def child(self, key: str) -> Node:
        """Return the value under a key, which must be there."""
        path = f"{self.path}.{key}".lstrip(".").replace(".[", "[")
        node = Node(path, self.value.get(key), self.root)
        if node.value is None:
            node.refuse("it is missing", f"add {key!r}")
        return node

    def object(self, key: str) -> Node:
        """Return the object under a key."""
        node = self.child(key)
        node.expect(dict, "an object", "write {…}")
        return node

    def objects(self, key: str) -> list[Node]:
        """Return the objects of the list under a key."""
        node = self.child(key)
        node.expect(list, "a list", "write […]")
        items = [Node(f"{node.path}[{i}]", item, self.root) for i, item in enumerate(node.value)]
        for item in items:
            item.expect(dict, "an object", "write {…}")
        return items

    def text(self, key: str) -> str:
        """Return the non-empty text under a key."""
        node = self.child(key)
        node.expect(str, "text", 'write "…"')
        if not node.value:
            node.refuse("it is empty", "leave the key out or give it a value")
        return str(node.value)

    def optional_text(self, key: str) -> str | None:
        """Return the text under a key, or ``None`` if the key is not there."""
        return self.text(key) if self.has(key) else None

    def size(self, key: str) -> int:
        """Return the number of bytes under a key."""
        node = self.child(key)
        node.expect(int, "a whole number", "write the bytes as a number")
        if not 0 <= node.value <= _LARGEST:
            node.refuse(f"{node.value} is no size", "write a number from 0 to 2^63 - 1")
        return int(node.value)

    def media_type(self, key: str) -> str:
        """Return the media type under a key."""
        text = self.text(key)
        if not _MEDIA_TYPE.fullmatch(text):
            self.child(key).refuse(f"{_quoted(text)} is no media type", "write type/subtype")
        return text

    def digest(self, key: str) -> Digest:
        """Return the digest under a key."""
        try:
            return Digest.parse(self.text(key))
        except InvalidName as exc:
            raise InvalidImage(self.child(key).path, f"{exc.place}: {exc.fact}", exc.way_out) from exc

    def digests(self, key: str) -> tuple[Digest, ...]:
        """Return the digests of the list under a key."""
        node = self.child(key)
        node.expect(list, "a list", "write […]")
        entries = Node(node.path, {f"[{i}]": item for i, item in enumerate(node.value)}, self.root)
        return tuple(entries.digest(name) for name in entries.value)

    def texts(self, key: str) -> dict[str, str]:
        """Return the map from text to text under a key; empty if the key is not there."""
        if not self.has(key):
            return {}
        node = self.object(key)
        for name in node.value:
            entry = Node(f"{node.path}[{name!r}]", node.value[name], self.root)
            entry.expect(str, "text", 'write "…"')
        return dict(node.value)


def _quoted(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else f"{text[:59]}…"
