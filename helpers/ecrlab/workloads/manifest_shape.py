"""Whether an object has the shape that the API of Kubernetes takes; the schemas come with ``kubernetes-validate``."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from typing import Any

from ecrlab.errors import InvalidInput
from ecrlab.workloads.findings import Code, Finding
from ecrlab.workloads.json_text import Path, path_text
from ecrlab.workloads.manifests import KubernetesObject
from ecrlab.workloads.pointing import Pointer
from ecrlab.workloads.task_definition_shape import TYPE_NAMES

__all__ = ["DEFAULT_VERSION", "shape_findings"]

DEFAULT_VERSION = "1.33"
"""The version of Kubernetes that manifests are held to if none is named."""

_VERSION = re.compile(r"1\.[0-9]{1,3}")
_TYPE_NAMES = TYPE_NAMES | {"object": "a mapping", "null": "nothing"}  # as one says of YAML


def shape_findings(found: KubernetesObject, point: Pointer, version: str) -> Iterator[Finding]:
    """Compare one object with the schema of its kind; unknown fields are mistakes, as for ``kubectl apply``.

    Args:
        found: The object.
        point: Makes the findings.
        version: The version of Kubernetes: ``"1.33"``.

    Raises:
        InvalidInput: There are no schemas of that version.
    """
    import kubernetes_validate  # type: ignore[import-untyped]  # 100 ms, for checks only

    _expect_version(version, kubernetes_validate.utils.all_versions())
    try:
        kubernetes_validate.validate(dict(found.content), version, strict=True)
    except kubernetes_validate.SchemaNotFoundError:
        sentence = f"Kubernetes {version} has no {found.kind} in {found.api_version}; its shape was not looked at."
        way_out = "if it is no custom resource, correct kind and apiVersion"
        yield point.finding(Code.UNKNOWN_KIND, ("kind",), sentence, way_out)
    except kubernetes_validate.ValidationError as exc:
        yield _about(exc, point)


def _expect_version(version: str, known: Sequence[str]) -> None:
    """Refuse a version without schemas; the library compares versions as text and would take 1.9 for a new one."""
    minors = [int(entry.split(".")[1]) for entry in known]
    if (
        not isinstance(version, str)
        or not _VERSION.fullmatch(version)
        or not min(minors) <= int(version[2:]) <= max(minors)
    ):
        raise InvalidInput(
            f"Kubernetes {version!r}", "there are no schemas of that version", f"write e.g. {DEFAULT_VERSION!r}"
        )


def _about(error: Any, point: Pointer) -> Finding:
    path: Path = tuple(error.absolute_path)
    match error.validator:
        case "additionalProperties":
            known = list(error.schema.get("properties", {}))
            key = next(key for key in error.instance if key not in known)
            near = next(iter(get_close_matches(key, known, n=1, cutoff=0.75)), None)
            sentence = f"`{key}` is no field that stands there."
            way_out = f"write `{near}`" if near else "leave it out, or mend the indentation"
            return point.finding(Code.UNKNOWN_FIELD, (*path, key), sentence, way_out)
        case "required":
            key = next(key for key in error.validator_value if key not in error.instance)
            sentence = f"`{path_text(path) or 'the object'}` has no `{key}`, which it needs."
            return point.finding(Code.MISSING_FIELD, (*path, key), sentence, f"add `{key}`")
        case "type":
            types = error.validator_value if isinstance(error.validator_value, list) else [error.validator_value]
            wanted = " or ".join(_TYPE_NAMES[name] for name in types if name != "null")
            sentence = f"`{_short(error.instance)}` is not {wanted}, which belongs there."
            return point.finding(Code.WRONG_TYPE, path, sentence, _right_type(error.instance, types))
        case "enum":
            words = ", ".join(repr(word) for word in error.validator_value if word is not None)
            sentence = f"`{_short(error.instance)}` is no word that may stand there."
            return point.finding(Code.UNKNOWN_VALUE, path, sentence, f"write one of {words}")
        case _:
            sentence = f"`{_short(error.instance)}` is not what the API takes there."
            return point.finding(Code.WRONG_SHAPE, path, sentence, "compare it with `kubectl explain`")


def _right_type(value: object, types: list[str]) -> str:
    if "string" in types and isinstance(value, int | float):
        return f'write it in quotes: "{_short(value)}"; without them YAML reads no text'
    if "integer" in types and isinstance(value, str) and value.strip().isdigit():
        return f"write it without quotes: {value.strip()}"
    return "write " + " or ".join(_TYPE_NAMES[name] for name in types if name != "null")


def _short(value: object) -> str:
    text = (
        {True: "true", False: "false"}[value] if isinstance(value, bool) else "nothing" if value is None else str(value)
    )
    return text if len(text) <= 60 else f"{text[:59]}…"
