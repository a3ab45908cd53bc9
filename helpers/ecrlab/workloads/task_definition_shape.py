"""Whether a task definition has the shape that RegisterTaskDefinition takes: its fields, types and allowed words."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from typing import Any

from ecrlab.workloads.findings import Code, Finding
from ecrlab.workloads.json_text import Path, path_text
from ecrlab.workloads.pointing import Pointer

__all__ = ["TYPE_NAMES", "shape_findings", "without_nulls"]

# What DescribeTaskDefinition answers and RegisterTaskDefinition does not take (botocore 1.44.5).
_ANSWER_FIELDS = (
    "taskDefinitionArn",
    "revision",
    "status",
    "requiresAttributes",
    "compatibilities",
    "registeredAt",
    "registeredBy",
    "deregisteredAt",
    "deleteRequestedAt",
)
TYPE_NAMES = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "an object",
}


def shape_findings(document: Mapping[str, Any], point: Pointer) -> Iterator[Finding]:
    """Compare a document with the schema."""
    answered = [key for key in _ANSWER_FIELDS if key in document]
    if answered:
        names = ", ".join(f"`{key}`" for key in answered)
        sentence = f"Only answers of ECS have {names}: this text was copied from DescribeTaskDefinition."
        yield point.finding(Code.ANSWER_FIELD, (answered[0],), sentence, "leave them out when you register it")
    first_null = _first_null(document, ())
    if first_null is not None:
        sentence = "Fields that are null stand for fields that are not there; the AWS CLI refuses them."
        yield point.finding(Code.NULL_FIELD, first_null, sentence, "leave out every field that is null")
    registered = {key: value for key, value in without_nulls(document).items() if key not in _ANSWER_FIELDS}
    for error in _validator().iter_errors(registered):
        yield from _about(error, point)


def without_nulls(value: Any) -> Any:
    """Leave out every field that is null, at every depth; lists keep their length."""
    if isinstance(value, Mapping):
        return {key: without_nulls(entry) for key, entry in value.items() if entry is not None}
    return [without_nulls(entry) for entry in value] if isinstance(value, list) else value


@cache
def _validator() -> Any:
    from jsonschema import Draft202012Validator  # type: ignore[import-untyped]  # 100 ms, for checks only

    schema = files("ecrlab.workloads").joinpath("task_definition_schema.json").read_text("utf-8")
    return Draft202012Validator(json.loads(schema))


def _first_null(value: Any, path: tuple[str | int, ...]) -> tuple[str | int, ...] | None:
    if value is None:
        return path
    entries = value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list) else ()
    for key, entry in entries:
        found = _first_null(entry, (*path, key))
        if found is not None:
            return found
    return None


def _about(error: Any, point: Pointer) -> Iterator[Finding]:
    path: Path = tuple(error.absolute_path)
    match error.validator:
        case "additionalProperties":
            known = list(error.schema["properties"])
            for key in error.instance:
                if key not in known:
                    yield _unknown_field(key, known, path, point)
        case "required":
            for key in error.validator_value:
                if key not in error.instance:
                    sentence = f"`{path_text(path) or 'the task definition'}` has no `{key}`, which it needs."
                    yield point.finding(Code.MISSING_FIELD, (*path, key), sentence, f"add `{key}`")
        case "enum":
            yield _unknown_word(error.instance, error.validator_value, path, point)
        case _:
            wanted = TYPE_NAMES[error.validator_value]
            sentence = f"{_quoted(error.instance)} is not {wanted}, which belongs there."
            yield point.finding(Code.WRONG_TYPE, path, sentence, _right_type(error.instance, error.validator_value))


def _unknown_field(key: str, known: list[str], path: Path, point: Pointer) -> Finding:
    folded = {name.lower(): name for name in known}
    near = folded.get(key.lower()) or next(iter(get_close_matches(key, known, n=1, cutoff=0.75)), None)
    way_out = f"write `{near}`" if near else "leave it out"
    sentence = f"`{key}` is no field that stands there in a task definition."
    return point.finding(Code.UNKNOWN_FIELD, (*path, key), sentence, way_out)


def _unknown_word(value: Any, known: list[str], path: Path, point: Pointer) -> Finding:
    folded = {word.lower(): word for word in known}
    near = folded.get(value.lower()) if isinstance(value, str) else None
    way_out = f"write {near!r}" if near else "write one of " + ", ".join(repr(word) for word in known[:12])
    return point.finding(Code.UNKNOWN_VALUE, path, f"{_quoted(value)} is no word that may stand there.", way_out)


def _right_type(value: Any, wanted: str) -> str:
    if wanted == "string" and isinstance(value, int | float) and not isinstance(value, bool):
        return f'write it in quotes: "{value}"'
    if wanted == "integer" and isinstance(value, str) and value.strip().isdigit():
        return f"write it without quotes: {value.strip()}"
    if wanted == "boolean" and value in ("true", "false"):
        return f"write it without quotes: {value}"
    return f"write {TYPE_NAMES[wanted]}"


def _quoted(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return f"`{text}`" if len(text) <= 60 else f"`{text[:59]}…`"
