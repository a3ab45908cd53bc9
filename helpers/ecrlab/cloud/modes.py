"""Where a lab runs: a mode is a value that carries what it needs."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

from ecrlab.errors import InvalidInput

__all__ = ["Aws", "Mock", "Mode", "checked_account", "checked_region"]

_ACCOUNT = re.compile(r"[0-9]{12}")
_REGION = re.compile(r"[a-z]{2,4}(-[a-z]+)+-[0-9]{1,2}")  # us-east-1, us-gov-west-1, eusc-de-east-1


def checked_account(account_id: object, place: str) -> str:
    """Return ``account_id`` if it is twelve digits.

    Raises:
        InvalidInput: It is something else; ``place`` says where it was written.
    """
    if not isinstance(account_id, str):
        raise InvalidInput(
            place, f"{account_id!r} is no text, and numbers lose leading zeros", "quote the twelve digits"
        )
    if not _ACCOUNT.fullmatch(account_id):
        raise InvalidInput(place, f"{account_id!r} is not twelve digits", "write it like '111122223333'")
    return account_id


def checked_region(region: object, place: str) -> str:
    """Return ``region`` if it is spelled as AWS spells a region.

    Raises:
        InvalidInput: It is something else; ``place`` says where it was written.
    """
    if not isinstance(region, str) or not _REGION.fullmatch(region):
        raise InvalidInput(place, f"{region!r} is not spelled like a region", "write it like 'us-east-1'")
    return region


@dataclass(frozen=True, slots=True)
class Mock:
    """Amazon ECR inside this process: no account, no cost, no connection, and a clock that you move."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Aws:
    """A real account. It can cost money, so it is named twice: by its profile and by its id.

    Args:
        profile: A profile of your AWS configuration files; no other credentials are used.
        account_id: Twelve digits; must equal what AWS STS answers for the profile.
        region: Where to work; ``None`` leaves it to ``open_lab``, then to the profile.
        spend_limit_usd: US dollars a month. Above this estimate for what the lab stores, it refuses to add more.

    Raises:
        InvalidInput: One of them cannot be right.
    """

    profile: str
    account_id: str
    region: str | None = None
    spend_limit_usd: Decimal = Decimal("1.00")

    def __post_init__(self) -> None:
        if not isinstance(self.profile, str) or not self.profile.strip():
            raise InvalidInput(
                "Aws(profile=…)",
                f"{self.profile!r} names no profile",
                "take a name that `aws configure list-profiles` prints",
            )
        checked_account(self.account_id, "Aws(account_id=…)")
        if self.region is not None:
            checked_region(self.region, "Aws(region=…)")
        if not isinstance(self.spend_limit_usd, Decimal):
            raise InvalidInput(
                "Aws(spend_limit_usd=…)", f"{self.spend_limit_usd!r} is not a Decimal", "write Decimal('1.00')"
            )
        if not self.spend_limit_usd.is_finite() or self.spend_limit_usd < 0:
            raise InvalidInput(
                "Aws(spend_limit_usd=…)", f"{self.spend_limit_usd} is no amount of money", "write zero or more"
            )


Mode = Mock | Aws
"""Every place a lab can run."""
