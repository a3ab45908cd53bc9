"""Every limit of the botocore service model, checked as the service checks it.

botocore itself checks required members, types and minimum lengths before it sends a request, and leaves patterns,
maxima and enumerations to the service. Here each operation's input shape is compiled once into a chain of closures
that checks all of them and decodes blobs. Nothing is typed in by hand, so a new botocore brings its limits along.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from botocore.loaders import Loader
from botocore.model import ListShape, MapShape, ServiceModel, Shape, StructureShape

from ecrlab.emulator.errors import invalid_parameter

__all__ = ["checked", "operation_names", "service_model"]

Check = Callable[[str, Any], Any]
"""Takes the path of a value and the value; returns the value, decoded, or raises EcrError."""

_PYTHON_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "long": (int,),
    "float": (int, float),
    "double": (int, float),
    "boolean": (bool,),
    "timestamp": (int, float, str),
    "blob": (str, bytes),
}
# AWS lists the values in an order of its own; known for this one.
_ENUM_ORDER = {
    "ImageTagMutability": ("IMMUTABLE", "MUTABLE", "MUTABLE_WITH_EXCLUSION", "IMMUTABLE_WITH_EXCLUSION"),
}
# Members that the service answers with an error of its own, or per item in ``failures``.
_LEFT_TO_THE_OPERATION = frozenset({"TagList", "TagKeyList"})
# Patterns on which Python's engine takes forever, and what matches the same texts at once. A test compares the two.
_SAME_AT_ONCE = {
    r"^[a-z0-9*](?:[._\-/a-z0-9*]?[a-z0-9*]+)*$": r"[a-z0-9*]+(?:[._\-/][a-z0-9*]+)*",
}
# What moto, too, refuses; the rest is relaxed in the compatible setting.
_CHECKED_EVEN_IF_RELAXED = frozenset({"RepositoryName"})


@cache
def service_model() -> ServiceModel:
    """Return botocore's model of Amazon ECR."""
    return ServiceModel(Loader().load_service_model("ecr", "service-2"), "ecr")


def operation_names() -> tuple[str, ...]:
    """Return the names of all operations that botocore knows, sorted."""
    return tuple(sorted(service_model().operation_names))


def checked(operation: str, parameters: Mapping[str, Any], *, limits: bool) -> dict[str, Any]:
    """Return the parameters of a request, checked against the model and with blobs as bytes.

    Args:
        operation: AWS's name, e.g. ``PutImage``.
        parameters: The members of the request as JSON gives them; ``None`` counts as absent.
        limits: Whether patterns and lengths are checked; required members, types and enumerations always are.

    Raises:
        EcrError: InvalidParameterException, naming the first member that breaks the model, in the model's order.
    """
    checked_parameters: dict[str, Any] = _input_check(operation, limits)("", parameters)
    return checked_parameters


@cache
def _input_check(operation: str, limits: bool) -> Check:
    shape = service_model().operation_model(operation).input_shape
    return _check_for(shape, limits) if shape is not None else lambda _path, value: dict(value)


def _check_for(shape: Shape, limits: bool) -> Check:
    if isinstance(shape, StructureShape):
        return _structure_check(shape, limits)
    if isinstance(shape, ListShape):
        return _list_check(shape, limits)
    if isinstance(shape, MapShape):
        return _type_check(shape, (dict,))
    return _scalar_check(shape, limits)


def _structure_check(shape: StructureShape, limits: bool) -> Check:
    members = {name: _check_for(member, limits) for name, member in shape.members.items()}
    required = frozenset(shape.required_members)
    is_dict = _type_check(shape, (dict,))

    def check(path: str, value: Any) -> dict[str, Any]:
        is_dict(path, value)
        result = {}
        for name, check_member in members.items():
            here = f"{path}.{name}" if path else name
            member = value.get(name)
            if member is not None:
                result[name] = check_member(here, member)
            elif name in required:
                raise invalid_parameter(here, "Member must not be null")
        return result

    return check


def _list_check(shape: ListShape, limits: bool) -> Check:
    check_member = _check_for(shape.member, limits)
    check_size = _size_check(shape) if limits and shape.name not in _LEFT_TO_THE_OPERATION else None
    is_list = _type_check(shape, (list, tuple))

    def check(path: str, value: Any) -> list[Any]:
        is_list(path, value)
        if check_size:
            check_size(path, len(value))
        return [check_member(f"{path}.{number}.member", member) for number, member in enumerate(value, start=1)]

    return check


def _scalar_check(shape: Shape, limits: bool) -> Check:
    is_right_type = _type_check(shape, _PYTHON_TYPES[shape.type_name])
    limits = limits or shape.name in _CHECKED_EVEN_IF_RELAXED
    check_size = _size_check(shape) if limits else None
    pattern = shape.metadata.get("pattern") if limits else None
    matches = re.compile(_SAME_AT_ONCE.get(pattern, pattern)).fullmatch if pattern else None
    values = _ENUM_ORDER.get(shape.name) or tuple(shape.metadata.get("enum", ()))
    is_number = shape.type_name in ("integer", "long")
    is_blob = shape.type_name == "blob"

    def check(path: str, value: Any) -> Any:
        is_right_type(path, value)
        if is_blob:
            value = _bytes_of(path, value)
        if values and value not in values:
            raise invalid_parameter(path, f"Member must satisfy enum value set: [{', '.join(values)}]")
        if check_size:
            check_size(path, value if is_number else len(value) if hasattr(value, "__len__") else 0)
        if matches and not matches(value):
            raise invalid_parameter(path, f"must satisfy regular expression '{pattern}'")
        return value

    return check


def _bytes_of(path: str, value: str | bytes) -> bytes:
    if isinstance(value, bytes):
        return value
    try:
        return base64.b64decode(value, validate=True)
    except binascii.Error:
        raise invalid_parameter(path, "Member must be base64") from None


def _type_check(shape: Shape, expected: tuple[type, ...]) -> Check:
    def check(path: str, value: Any) -> Any:
        # bool is an int in Python and is none in JSON
        if not isinstance(value, expected) or (isinstance(value, bool) and bool not in expected):
            raise invalid_parameter(path, f"Member must be of type {shape.type_name}")
        return value

    return check


def _size_check(shape: Shape) -> Callable[[str, int], None] | None:
    """Check the length of a text, blob or list, or the value of a number. Wording: guess after AWS's other services."""
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if least is None and most is None:
        return None
    what = "value" if shape.type_name in ("integer", "long") else "length"

    def check(path: str, size: int) -> None:
        if least is not None and size < least:
            raise invalid_parameter(path, f"Member must have {what} greater than or equal to {least}")
        if most is not None and size > most:
            raise invalid_parameter(path, f"Member must have {what} less than or equal to {most}")

    return check
