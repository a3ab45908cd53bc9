"""Which systems Amazon's scanning covers, and since when it has given some of them up.

Source: Amazon Inspector User Guide, "Supported operating systems and programming languages", and Amazon ECR User
Guide, "Scan images for OS vulnerabilities" (read November 2026); the lists are in ``systems.json``.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum
from functools import cache
from importlib.resources import files
from typing import Any

from ecrlab.scan.package import System

__all__ = ["Coverage", "Support", "support_of"]


class Coverage(Enum):
    """How far scanning covers a system; the value is how we say it."""

    SUPPORTED = "supported"
    DISCONTINUED = "no longer supported"
    UNSUPPORTED = "not supported"


@dataclass(frozen=True, slots=True)
class Support:
    """How far scanning covers a system on a day.

    Args:
        coverage: Whether it is scanned at all, and whether its advisories are still kept up.
        ended: The day on which support ended or ends, where AWS's page gives one.
        sentence: The same in words.
    """

    coverage: Coverage
    ended: date | None
    sentence: str


def support_of(system: System | None, *, now: datetime | None = None) -> Support:
    """Say whether ECR's scanning covers a system.

    Args:
        system: What ``os-release`` says; ``None`` for an image without one, such as one built on ``scratch``.
        now: The moment that counts; a system is supported until the day on which AWS ends its support. Without one,
            what has an end is taken for discontinued.

    Guess: a release that is older than all that AWS lists is treated like a discontinued one, and a release that AWS
    does not know yet like an unknown system. AWS's page says neither.
    """
    if system is None:
        sentence = "The image has no os-release, like one built on scratch: ECR answers UNSUPPORTED_IMAGE."
        return Support(Coverage.UNSUPPORTED, None, sentence)
    listed = _listed().get(system.id)
    if listed is None:
        return Support(Coverage.UNSUPPORTED, None, f"ECR scans no {system}: it answers UNSUPPORTED_IMAGE.")
    return _support_of_release(system, listed, now)


def _support_of_release(system: System, listed: dict[str, Any], now: datetime | None) -> Support:
    supported: list[str] = listed["supported"]
    release = _release(system.version_id, listed.get("parts", 1))
    ended = date.fromisoformat(ends) if (ends := listed.get("discontinued", {}).get(release)) else None
    if ended is not None and not (now is not None and now.date() < ended):
        sentence = (
            f"AWS ended its support for {system} on {ended}: findings are informational, and new ones may be missing."
        )
        return Support(Coverage.DISCONTINUED, ended, sentence)
    if not supported or release in supported or ended is not None:
        return Support(Coverage.SUPPORTED, ended, f"ECR scans {system}.")
    if release and _number(release) < min(map(_number, supported)):
        sentence = f"AWS no longer lists {system}: findings are informational, and new ones may be missing."
        return Support(Coverage.DISCONTINUED, None, sentence)
    return Support(Coverage.UNSUPPORTED, None, f"ECR scans no {system}: it answers UNSUPPORTED_IMAGE.")


def _release(version_id: str, parts: int) -> str:
    """Cut ``3.18.4`` to as many parts as a release has: Alpine's are ``3.18``, Debian's ``12``."""
    return ".".join(version_id.split(".")[:parts])


def _number(release: str) -> tuple[int, ...]:
    return tuple(int(part) if part.isdecimal() else 0 for part in release.split("."))


@cache
def _listed() -> dict[str, dict[str, Any]]:
    systems: dict[str, dict[str, Any]] = json.loads(files("ecrlab.scan").joinpath("systems.json").read_text("utf-8"))[
        "systems"
    ]
    return systems
