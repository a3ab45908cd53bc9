"""YAML read as Kubernetes reads it, with the place in the text of every value.

ruamel.yaml does the syntax. The meaning of plain words is ours, since kubectl goes by go-yaml: YAML 1.2 but with the
booleans ``yes``, ``no``, ``on`` and ``off`` and the octal numbers of YAML 1.1, and with dates that stay text.
Source: README of go-yaml version 2, "Compatibility", on which sigs.k8s.io/yaml stands.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, TypeAlias

from ecrlab.errors import InvalidDocument
from ecrlab.workloads.json_text import Span, path_text, position_text

__all__ = ["YamlDocument", "parse_documents"]

Node: TypeAlias = Any
"""A node of ruamel.yaml, whose types do not know their own fields."""

_LARGEST_TEXT = 2_000_000
_MOST_VALUES = 100_000
_DEEPEST = 100
_MOST_OPEN_BRACKETS = 1_000  # the time that ruamel.yaml takes grows with the square of it
_TRUE, _FALSE = ("yes", "on", "true"), ("no", "off", "false")
_BOOLEAN = re.compile(r"(?:yes|no|on|off|true|false|Yes|No|On|Off|True|False|YES|NO|ON|OFF|TRUE|FALSE)")
_NULL = re.compile(r"(?:~|null|Null|NULL|)")
_INTEGER = re.compile(r"[-+]?(?:0x[0-9a-fA-F]+|0o?[0-7]+|0b[01]+|0|[1-9][0-9]*)")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_BRACKET = re.compile(r"[][{}]")
_PROPERTIES = re.compile(r"(?:[&!]\S*[ \t]+)+")
_TEXT_TAG, _MERGE_TAG = "tag:yaml.org,2002:str", "tag:yaml.org,2002:merge"


@dataclass(frozen=True, slots=True)
class YamlDocument:
    """One document of a YAML text: what it says, and where each value of it stands.

    Args:
        number: Which document of the text it is, from 0; documents without content are counted, too.
        value: Mappings, lists, text, numbers, booleans and ``None``.
        spans: Where each value stands, by its path.
    """

    number: int
    value: Any
    spans: dict[tuple[str | int, ...], Span]


def parse_documents(text: str, name: str) -> tuple[YamlDocument, ...]:
    """Read every document of a YAML text that has content.

    Args:
        text: The YAML; JSON will do, being a part of it.
        name: What to call it in errors.

    Raises:
        InvalidDocument: It is not YAML, says a key twice, or is large beyond reason; line and column are named.
    """
    if not isinstance(text, str):
        raise InvalidDocument(name, f"{type(text).__name__} is no text", "hand over the YAML text")
    if len(text) > _LARGEST_TEXT:
        raise InvalidDocument(name, f"it has {len(text):,} characters", "split it; etcd takes objects up to 1.5 MB")
    return tuple(
        reader.document(number, node)
        for number, (reader, node) in enumerate((_Reader(name), node) for node in _nodes(text, name))
        if node is not None and not _is_empty(node)
    )


def _nodes(text: str, name: str) -> Iterator[Node | None]:
    from ruamel.yaml import YAML  # 30 ms, and only manifests need it
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    too_deep = InvalidDocument(name, "it is nested too deeply", "a manifest needs no more than a few levels")
    if _open_brackets(text) > _MOST_OPEN_BRACKETS:
        raise too_deep
    try:
        yield from list(YAML(typ="rt", pure=True).compose_all(text))
    except MarkedYAMLError as exc:
        mark = exc.problem_mark or exc.context_mark
        fact, at, way_out = _syntax_fault(text, exc.problem or exc.context or "malformed", mark.index if mark else 0)
        raise InvalidDocument(name, f"{fact} at {position_text(text, at)}", way_out) from exc
    except (YAMLError, ValueError) as exc:  # the reader: characters that no YAML may have
        reason = " ".join(str(exc).split())
        raise InvalidDocument(name, f"it is not YAML ({reason})", "take out what is no text") from exc
    except RecursionError as exc:
        raise too_deep from exc


def _open_brackets(text: str) -> int:
    """Return how many brackets are open at once, at most; those inside quotes count, too."""
    if text.count("[") + text.count("{") <= _MOST_OPEN_BRACKETS:
        return 0
    return max(accumulate(1 if match[0] in "[{" else -1 for match in _BRACKET.finditer(text)))


def _syntax_fault(text: str, problem: str, at: int) -> tuple[str, int, str]:
    """Say what is wrong, where and what to do, in the words of the usual slips of the pen."""
    line_before = text.rfind("\n", 0, max(0, text.rfind("\n", 0, at)))
    template = min((found for found in map(text.find, ("{{", "{%"), [line_before + 1] * 2) if found >= 0), default=-1)
    if 0 <= template <= at:
        return "a template is there, not YAML", template, "render it first, e.g. with helm template"
    if text[at : at + 1] == "\t":
        return "a tab stands in the indentation", at, "indent with blanks"
    if "mapping values are not allowed" in problem:
        return "a ':' stands where none can", at, "put the value in quotes, or mend the indentation"
    if "expected <block end>" in problem or "could not find expected ':'" in problem:
        return f"the indentation or a ':' is wrong ({problem})", at, "line the keys of one mapping up"
    return f"it is not YAML ({problem})", at, "correct it there"


def _is_empty(node: Node) -> bool:
    return node.id == "scalar" and node.style is None and not node.value


class _Reader:
    """Turns the nodes of one document into values, and notes where each stands."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.spans: dict[tuple[str | int, ...], Span] = {}

    def document(self, number: int, node: Node) -> YamlDocument:
        """Read a whole document."""
        return YamlDocument(number, self.value(node, ()), self.spans)

    def value(self, node: Node, path: tuple[str | int, ...]) -> Any:
        """Read one value; aliases are read again wherever they are used, up to a sane number of values."""
        if len(self.spans) >= _MOST_VALUES or len(path) > _DEEPEST:
            fact = f"its aliases make more than {_MOST_VALUES:,} values, or {_DEEPEST} levels, of it"
            raise InvalidDocument(self.name, fact, "write it out without so many aliases")
        self.spans[path] = Span(node.start_mark.index, node.end_mark.index)
        if node.id == "mapping":
            return self.mapping(node, path)
        if node.id == "sequence":
            return [self.value(entry, (*path, number)) for number, entry in enumerate(node.value)]
        return _scalar(node)

    def mapping(self, node: Node, path: tuple[str | int, ...]) -> dict[str, Any]:
        """Read a mapping; what ``<<`` merges into it stands back behind its own keys."""
        merged: dict[str, Any] = {}
        own: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if key_node.tag == _MERGE_TAG:
                for source in value_node.value if value_node.id == "sequence" else [value_node]:
                    self.merge(merged, source, path)
        for key_node, value_node in node.value:
            if key_node.tag == _MERGE_TAG:
                continue
            key = key_node.value if key_node.id == "scalar" else None
            if key is None or key in own:
                self.refuse_key(key_node, key, path)
            own[str(key)] = self.value(value_node, (*path, str(key)))
        return {**merged, **own}

    def merge(self, merged: dict[str, Any], source: Node, path: tuple[str | int, ...]) -> None:
        """Take over the keys of another mapping that are not there yet."""
        if source.id != "mapping":
            self.refuse_key(source, "<<", path)
        for key, value in self.mapping(source, path).items():
            merged.setdefault(key, value)

    def refuse_key(self, node: Node, key: str | None, path: tuple[str | int, ...]) -> None:
        """Raise for a key that no manifest can have there."""
        mark = node.start_mark
        fact = {None: "a key is no text", "<<": "'<<' can only merge mappings"}.get(key, f"the key {key!r} is twice")
        where = f" in {path_text(path)}" if path else ""
        raise InvalidDocument(
            self.name, f"{fact}{where}, at line {mark.line + 1}, column {mark.column + 1}", "keep one plain key"
        )


def _scalar(node: Node) -> Any:
    text = str(node.value)
    if node.style is not None or (node.tag == _TEXT_TAG and not _BOOLEAN.fullmatch(text)):
        return text
    if _NULL.fullmatch(text):
        return None
    if _BOOLEAN.fullmatch(text):
        return text.lower() in _TRUE
    if _INTEGER.fullmatch(text):
        return _integer(text)
    return float(text) if _FLOAT.fullmatch(text) else text


def _integer(text: str) -> int:
    sign, digits = (-1, text[1:]) if text.startswith("-") else (1, text.lstrip("+"))
    if digits.startswith("0") and digits.isdigit() and digits != "0":
        return sign * int(digits, 8)
    return sign * int(digits, 0)


def scalar_span(text: str, span: Span) -> Span:
    """Narrow the span of a scalar to its content: without an anchor or a tag before it, without blanks after it."""
    written = text[span.start : span.end]
    properties = _PROPERTIES.match(written)
    start = span.start + (properties.end() if properties else 0)
    return Span(start, span.start + len(written.rstrip()))
