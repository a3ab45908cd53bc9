"""Policy variables: ``${aws:username}``, ``${aws:PrincipalTag/team, 'none'}``, and ``${*} ${?} ${$}`` for themselves.

Source: IAM User Guide, "IAM policy elements: Variables and tags". They work in ``Resource`` and in the values of
string and ARN conditions, and only in documents of version 2012-10-17.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

from ecrlab.access.matching import Parts

__all__ = ["Lookup", "expand", "malformed_variable", "variables_in"]

Lookup = Callable[[str], tuple[str, ...] | None]
"""Gives the values of a context key (any case), or ``None`` if the request does not carry it."""

_VARIABLE = re.compile(r"\$\{\s*(?:(?P<plain>[*?$])|(?P<key>[^{}',\s]+))\s*(?:,\s*'(?P<default>[^']*)'\s*)?\}")


@lru_cache(maxsize=4096)
def _template(pattern: str) -> tuple[tuple[str, ...], tuple[tuple[str, str | None], ...]]:
    """Split a pattern into the texts around its variables, and the variables (key, default)."""
    texts, variables, position = [], [], 0
    for match in _VARIABLE.finditer(pattern):
        texts.append(pattern[position : match.start()])
        plain = match["plain"]
        variables.append(("", plain) if plain else (match["key"], match["default"]))
        position = match.end()
    return (*texts, pattern[position:]), tuple(variables)


def expand(pattern: str, lookup: Lookup) -> Parts | None:
    """Put values in the place of variables; ``None`` if one has neither a value nor a default.

    A key with several values cannot stand in for a variable, so it counts as having none.
    """
    texts, variables = _template(pattern)
    if not variables:
        return texts
    parts = [texts[0]]
    for (key, default), text in zip(variables, texts[1:], strict=True):
        values = lookup(key) if key else None
        value = values[0] if values is not None and len(values) == 1 else default
        if value is None:
            return None
        parts += [value, text]
    return tuple(parts)


def variables_in(pattern: str) -> tuple[str, ...]:
    """Name the context keys that a pattern asks for."""
    return tuple(key for key, _ in _template(pattern)[1] if key)


def malformed_variable(pattern: str) -> str:
    """Return the first ``${`` of a pattern that opens no variable, with what follows; empty if there is none."""
    texts, _ = _template(pattern)
    broken = next((text for text in texts if "${" in text), "")
    return broken[broken.index("${") :][:30] if broken else ""
