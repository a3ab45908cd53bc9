"""What a lab on a real account costs: an estimate that rather says too much than too little."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal
from functools import cache
from importlib.resources import files

__all__ = ["Price", "archive_prices", "monthly_usd", "storage_price", "storage_usd"]

_BYTES_PER_GB = 10**9  # the smaller of the two meanings, so that the estimate is the larger


@dataclass(frozen=True, slots=True)
class Price:
    """A dated price. ``usd`` is for one ``per``; ``source`` is a web address, ``kind`` says whose word it is.

    It holds for what goes beyond ``above_gb`` gigabytes.
    """

    item: str
    region: str
    usd: Decimal
    per: str
    as_of: str
    source: str
    kind: str
    above_gb: int = 0


@cache
def _prices() -> tuple[Price, ...]:
    rows = tomllib.loads(files("ecrlab.cloud").joinpath("prices.toml").read_text(encoding="utf-8"))["price"]
    return tuple(Price(**{**row, "usd": Decimal(row["usd"])}) for row in rows)


def storage_price() -> Price:
    """Return the price of private storage that the estimate uses, in every region."""
    return next(price for price in _prices() if price.item == "private storage, standard class")


def archive_prices() -> tuple[Price, Price]:
    """Return the prices of archive storage: the one that begins at the first byte, and the one for large archives."""
    lower, higher = (price for price in _prices() if price.item == "private storage, archive class")
    return lower, higher


def storage_usd(standard_bytes: int, archive_bytes: int) -> Decimal:
    """Return US dollars for a month in which so much is stored, not rounded. Retrieval is not part of it."""
    lower, higher = archive_prices()
    beyond = max(0, archive_bytes - higher.above_gb * _BYTES_PER_GB)
    usd = storage_price().usd * standard_bytes + lower.usd * (archive_bytes - beyond) + higher.usd * beyond
    return usd / _BYTES_PER_GB


def monthly_usd(size_bytes: int) -> Decimal:
    """Return US dollars a month for storing ``size_bytes``, rounded up to a cent.

    Layers that images share are counted once per image, though ECR stores them once.
    """
    usd = storage_price().usd * size_bytes / _BYTES_PER_GB
    return usd.quantize(Decimal("0.01"), rounding=ROUND_CEILING)
