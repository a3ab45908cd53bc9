"""Data files of the course package: TOML, read once."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from ecrlab.errors import InvalidInput

__all__ = ["read_data", "text_of"]


@cache
def read_data(name: str) -> Mapping[str, Any]:
    """Return the content of a TOML file of this package."""
    return tomllib.loads(files("ecrlab.course").joinpath(name).read_text(encoding="utf-8"))


def text_of(row: Mapping[str, Any], key: str) -> str:
    """Return a text of a row.

    Raises:
        InvalidInput: The row has no such text.
    """
    value = row.get(key)
    if not isinstance(value, str) or not value:
        raise InvalidInput(f"row {dict(row)!r}", f"it has no text {key!r}", "add it")
    return value
