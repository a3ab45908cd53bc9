"""Secrets that stand in a document for everybody to read, told by the names and the values of settings."""

from __future__ import annotations

import re
from enum import Enum

__all__ = ["Kept", "how_kept"]

_TELLING_NAME = re.compile(
    r"pass(?:word|wd|phrase)|secret|(?:api|private|access|auth|license|encryption|signing)[-_]?key|token|credential",
    re.IGNORECASE,
)
# Names that tell of a secret and hold none: where it lies, what it is called, how long it lasts.
_HARMLESS_NAME = re.compile(
    r"(?:_|-|^)(?:url|uri|arn|name|path|file|ttl|expiry|expires_in|length|count|size|id)$", re.I
)
_KEY_ID = re.compile(r"(?<![A-Z0-9])(?:AKIA|ASIA)[A-Z0-9]{16}(?![A-Z0-9])")
_KEY_ID_NAME = re.compile(r"aws[-_]?(?:access[-_]?key(?:[-_]?id)?|secret(?:[-_]?access[-_]?key)?)$", re.IGNORECASE)
_LOGIN_IN_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]{0,30}://[^\s/:@]{1,200}:[^\s/@]{1,200}@", re.IGNORECASE)
_REFERENCE = re.compile(r"arn:aws|\$\{|\$\(|\{\{|<")


class Kept(Enum):
    """What a setting shows to whoever reads the document."""

    NOTHING = "nothing secret"
    STATIC_KEYS = "keys of an AWS user"
    PLAIN = "a secret in plain text"
    EMPTY = "a place for a secret"


def how_kept(name: str, value: object) -> Kept:
    """Judge one setting by its name and its value.

    A guess, as every such rule: ``PASSWORD=x`` is found, ``DB=x`` is not, and a reference to where the secret lies
    (an ARN, a template's variable) is not taken for one.
    """
    text = value if isinstance(value, str) else ""
    if _KEY_ID.search(text) or (_KEY_ID_NAME.search(name) and text):
        return Kept.NOTHING if _REFERENCE.match(text) else Kept.STATIC_KEYS
    if _LOGIN_IN_ADDRESS.search(text[:4000]):
        return Kept.PLAIN
    if not _TELLING_NAME.search(name) or _HARMLESS_NAME.search(name):
        return Kept.NOTHING
    if not text:
        return Kept.EMPTY
    return Kept.NOTHING if _REFERENCE.match(text) or text.lower() in ("true", "false") else Kept.PLAIN
