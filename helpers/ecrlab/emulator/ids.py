"""Identifiers that look random and are not: derived from what they name, so that a rerun gives the same ones."""

from __future__ import annotations

import hashlib
from uuid import UUID

__all__ = ["derived_hex", "derived_uuid"]


def derived_hex(*parts: object) -> str:
    """Return 64 hexadecimal digits that depend on nothing but ``parts``."""
    text = "\x1f".join(str(part) for part in parts)
    return hashlib.sha256(text.encode()).hexdigest()


def derived_uuid(*parts: object) -> str:
    """Return a version 4 shaped UUID that depends on nothing but ``parts``."""
    return str(UUID(hex=derived_hex(*parts)[:32], version=4))
