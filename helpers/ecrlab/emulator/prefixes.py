"""Prefixes of repository names, as cache rules and creation templates have them: a ``/`` at their end is implied.

``team`` covers ``team/api`` and ``team/web/ui``, not ``team`` itself nor ``teams/api``; ``ROOT`` covers every name.
"""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["ROOT", "longest", "plain", "rest_of"]

ROOT = "ROOT"
"""The prefix that covers every name; any other is longer."""


def plain(prefix: str) -> str:
    """Return a prefix without the slash that it may end with. Guess: ECR shows it so, too."""
    return prefix.removesuffix("/")


def longest(prefixes: Iterable[str], name: str) -> str | None:
    """Return the longest of some plain prefixes that covers a repository name; ``None`` if none does."""
    covering = (prefix for prefix in prefixes if prefix == ROOT or name.startswith(f"{prefix}/"))
    return max(covering, key=lambda prefix: 0 if prefix == ROOT else len(prefix), default=None)


def rest_of(name: str, prefix: str) -> str:
    """Return what follows a plain prefix in a name that it covers."""
    return name if prefix == ROOT else name.removeprefix(f"{prefix}/")
