"""What ``ECRLAB_*`` variables say about a lab that is about to open.

A course sets them once for all its notebooks; a parameter of ``open_lab`` always wins.

ECRLAB_MODE           mock, or aws if the next two are there as well
ECRLAB_AWS_PROFILE    with ECRLAB_AWS_ACCOUNT_ID: the real account, named twice here as in ``Aws(…)``
ECRLAB_AWS_ACCOUNT_ID
ECRLAB_REGION         a region
ECRLAB_ACCOUNT_ID     the account of Mode Mock, twelve digits
ECRLAB_STRICT         1 or 0
ECRLAB_START          the clock's first moment, ISO 8601 with a timezone

One variable alone can never move a notebook to an account that costs money.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from ecrlab.cloud.modes import Aws, Mock, Mode, checked_account, checked_region
from ecrlab.errors import InvalidInput

__all__ = ["Settings"]

_YES = frozenset({"1", "true", "yes", "on"})
_NO = frozenset({"0", "false", "no", "off"})


@dataclass(frozen=True, slots=True)
class Settings:
    """The defaults for ``open_lab``; ``None`` where the environment says nothing."""

    mode: Mode
    region: str | None = None
    account_id: str | None = None
    strict: bool | None = None
    start: datetime | None = None

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> Self:
        """Read the variables; an empty one counts as absent.

        Raises:
            InvalidInput: A variable cannot be right; the message names it.
        """
        said = {name: text.strip() for name, text in environ.items() if name.startswith("ECRLAB_") and text.strip()}
        region, account_id = said.get("ECRLAB_REGION"), said.get("ECRLAB_ACCOUNT_ID")
        return cls(
            mode=_mode(said),
            region=None if region is None else checked_region(region, "ECRLAB_REGION"),
            account_id=None if account_id is None else checked_account(account_id, "ECRLAB_ACCOUNT_ID"),
            strict=_strict(said.get("ECRLAB_STRICT")),
            start=_start(said.get("ECRLAB_START")),
        )


def _mode(said: Mapping[str, str]) -> Mode:
    name = said.get("ECRLAB_MODE", "mock")
    if name.lower() == "mock":
        return Mock()
    if name.lower() != "aws":
        raise InvalidInput("ECRLAB_MODE", f"{name!r} is no mode", "write mock or aws, or unset it")
    missing = [v for v in ("ECRLAB_AWS_PROFILE", "ECRLAB_AWS_ACCOUNT_ID") if v not in said]
    if missing:
        raise InvalidInput(
            "ECRLAB_MODE",
            f"'aws' can cost money and {' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} not set",
            "name the profile and the account as well, or unset ECRLAB_MODE",
        )
    account_id = checked_account(said["ECRLAB_AWS_ACCOUNT_ID"], "ECRLAB_AWS_ACCOUNT_ID")
    return Aws(profile=said["ECRLAB_AWS_PROFILE"], account_id=account_id)


def _strict(text: str | None) -> bool | None:
    if text is None:
        return None
    if text.lower() in _YES | _NO:
        return text.lower() in _YES
    raise InvalidInput("ECRLAB_STRICT", f"{text!r} is neither yes nor no", "write 1 or 0")


def _start(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        start = datetime.fromisoformat(text)
    except ValueError as exc:
        raise InvalidInput(
            "ECRLAB_START", f"{text!r} is no moment in ISO 8601", "write it like 2026-11-02T09:00:00+00:00"
        ) from exc
    if start.tzinfo is None:
        raise InvalidInput("ECRLAB_START", f"{text!r} has no timezone", "end it with Z or +00:00")
    return start
