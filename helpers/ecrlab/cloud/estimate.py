"""What a lab on a real account costs: an estimate that rather says too much than too little."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal
from functools import cache
from importlib.resources import files

__all__ = ["Price", "monthly_usd", "storage_price"]

_BYTES_PER_GB = 10**9  # the smaller of the two meanings, so that the estimate is the larger


@dataclass(frozen=True, slots=True)
class Price:
    """A dated price. ``usd`` is for one ``per``; ``source`` is a web address, ``kind`` says whose word it is."""

    item: str
    region: str
    usd: Decimal
    per: str
    as_of: str
    source: str
    kind: str


@cache
def storage_price() -> Price:
    """Return the price of private storage that the estimate uses, in every region."""
    rows = tomllib.loads(files("ecrlab.cloud").joinpath("prices.toml").read_text(encoding="utf-8"))["price"]
    row = next(row for row in rows if row["item"].startswith("private storage"))
    return Price(**{**row, "usd": Decimal(row["usd"])})


def monthly_usd(size_bytes: int) -> Decimal:
    """Return US dollars a month for storing ``size_bytes``, rounded up to a cent.

    Layers that images share are counted once per image, though ECR stores them once.
    """
    usd = storage_price().usd * size_bytes / _BYTES_PER_GB
    return usd.quantize(Decimal("0.01"), rounding=ROUND_CEILING)
