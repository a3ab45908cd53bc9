"""What a lab on a real account costs: an estimate that rather says too much than too little."""

from __future__ import annotations

from decimal import ROUND_CEILING, Decimal

from ecrlab.pricing import Item, Price, Usage, estimate, price_book

__all__ = ["monthly_usd", "storage_price"]

_REGION = "us-east-1"
"""Whose price counts everywhere: for many Regions no figure is known, and a limit on spending needs one."""


def storage_price() -> Price:
    """Return the price of private storage that the estimate uses, in every Region."""
    return price_book().price(Item.STANDARD_STORAGE, _REGION)


def monthly_usd(size_bytes: int) -> Decimal:
    """Return US dollars a month for storing ``size_bytes``, rounded up to a cent.

    Layers that images share are counted once per image, though ECR stores them once.
    """
    usd = estimate(Usage(standard_bytes=size_bytes), region=_REGION).exact_usd
    return usd.quantize(Decimal("0.01"), rounding=ROUND_CEILING)
