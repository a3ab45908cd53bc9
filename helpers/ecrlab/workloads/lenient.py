"""Look into documents of which nobody knows yet whether their values have the right types.

The checks complain about wrong types; whoever reads on takes such a value for one that is not there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["at_path", "list_of", "mapping_of", "number_of", "text_of"]


def mapping_of(value: object) -> Mapping[str, Any]:
    """Return a mapping as it is, and an empty one for anything else."""
    return value if isinstance(value, Mapping) else {}


def list_of(value: object) -> list[Any]:
    """Return a list as it is, and an empty one for anything else."""
    return value if isinstance(value, list) else []


def text_of(value: object) -> str:
    """Return text as it is, and an empty text for anything else."""
    return value if isinstance(value, str) else ""


def number_of(value: object) -> int | None:
    """Return a whole number as it is, and ``None`` for anything else; ``true`` is no number."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def at_path(value: object, path: tuple[str | int, ...]) -> Any:
    """Follow a path into a document; ``None`` where it leads nowhere."""
    for step in path:
        if isinstance(step, int):
            entries = list_of(value)
            value = entries[step] if step < len(entries) else None
        else:
            value = mapping_of(value).get(step)
    return value
