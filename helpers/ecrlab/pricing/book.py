"""The price book: what is paid for, per what, since when, and whose word it is."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Any

from ecrlab.cards import ShownAs, Table
from ecrlab.errors import InvalidInput

__all__ = ["Item", "Price", "PriceBook", "Tier", "Trust", "price_book", "read_prices"]

ANY_REGION = "*"


class Item(StrEnum):
    """What is counted. The first group is on ECR's bill, the second on the bills of its neighbours."""

    STANDARD_STORAGE = "standard storage"
    ARCHIVE_STORAGE = "archive storage"
    ARCHIVE_RETRIEVAL = "archive retrieval"
    PUBLIC_STORAGE = "public storage"
    DATA_IN = "data in"
    DATA_OUT_SAME_REGION = "data out to AWS in the same Region"
    DATA_OUT_INTERNET = "data out to the internet"
    DATA_OUT_OTHER_REGION = "data out to another Region"
    REQUESTS = "API requests to ECR"
    BASIC_SCANS = "basic scans"
    SIGNATURES = "managed signatures"

    FIRST_SCANS = "enhanced scans, first of an image"
    SCANS_AGAIN = "enhanced scans, again"
    KMS_REQUESTS = "KMS requests"
    KMS_KEYS = "KMS keys of your own"
    NAT_DATA = "NAT gateway data"
    ENDPOINT_HOURS = "interface endpoint hours"
    ENDPOINT_DATA = "interface endpoint data"
    GATEWAY_DATA = "gateway endpoint for S3"

    @property
    def biller(self) -> str:
        """The service on whose line of the bill it stands."""
        return _BILLERS.get(self, "Amazon ECR")


_BILLERS = {
    Item.FIRST_SCANS: "Amazon Inspector",
    Item.SCANS_AGAIN: "Amazon Inspector",
    Item.KMS_REQUESTS: "AWS KMS",
    Item.KMS_KEYS: "AWS KMS",
    Item.NAT_DATA: "Amazon VPC",
    Item.ENDPOINT_HOURS: "Amazon VPC",
    Item.ENDPOINT_DATA: "Amazon VPC",
    Item.GATEWAY_DATA: "Amazon VPC",
}


class Trust(StrEnum):
    """Whose word a price is."""

    OFFICIAL = "official"
    THIRD_PARTY = "third party"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Tier:
    """``usd`` for each unit, up to so many units counted from zero; ``None`` is the last tier, without an end."""

    usd: Decimal
    up_to: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Price:
    """One row of the book.

    Args:
        item: What is paid for.
        region: Where; ``*`` is everywhere.
        per: The unit: ``GB-month``, ``GB``, ``request``.
        tiers: Lowest first; empty if the price is not known.
        as_of: When the source said so, in words.
        source: A web address.
        trust: Whose word it is.
    """

    item: Item
    region: str
    per: str
    tiers: tuple[Tier, ...]
    as_of: str
    source: str
    trust: Trust

    @property
    def is_known(self) -> bool:
        """Whether there is a figure."""
        return bool(self.tiers)

    @property
    def units_per(self) -> int:
        """How many things make one unit that is priced: 10,000 for KMS requests, else 1."""
        return 10_000 if self.per.startswith("10,000 ") else 1

    def steps(self, quantity: Decimal) -> tuple[tuple[Decimal, Decimal], ...]:
        """Split a quantity into tiers: for each that is used, the quantity in it and its price for one unit."""
        found, below = [], Decimal(0)
        for tier in self.tiers:
            top = quantity if tier.up_to is None else min(quantity, tier.up_to)
            if top > below:
                found.append((top - below, tier.usd))
                below = top
        return tuple(found)

    def usd(self, quantity: Decimal) -> Decimal | None:
        """Return what a quantity costs in USD, not rounded; ``None`` if the price is not known."""
        return sum((part * usd for part, usd in self.steps(quantity)), Decimal(0)) if self.is_known else None

    def in_words(self) -> str:
        """Say the price in a few words: ``0 USD up to 50, then 0.10 USD per GB-month``."""
        if not self.is_known:
            return "not known"
        told = [f"{tier.usd} USD" + (f" up to {tier.up_to:,}" if tier.up_to else "") for tier in self.tiers]
        return f"{', then '.join(told)} per {self.per}"


@dataclass(frozen=True, slots=True, repr=False)
class PriceBook(ShownAs):
    """All prices, found by item and Region."""

    prices: tuple[Price, ...]

    def price(self, item: Item, region: str) -> Price:
        """Return the price of an item in a Region.

        Where the book has no figure for the Region, the price that comes back is unknown: it is never another's.
        """
        for price in self.prices:
            if price.item is item and price.region in (region, ANY_REGION):
                return price
        source = "https://aws.amazon.com/ecr/pricing/"
        return Price(item, region, "", (), "never", source, Trust.UNKNOWN)

    @property
    def regions(self) -> tuple[str, ...]:
        """The Regions of which the book knows the price of storage, in the order of their names."""
        known = {price.region for price in self.prices if price.item is Item.STANDARD_STORAGE and price.is_known}
        return tuple(sorted(known))

    def in_region(self, region: str, biller: str | None = None) -> PriceBook:
        """Return the prices that hold in a Region, of all bills or of one service's only."""
        there = (self.price(item, region) for item in Item if biller in (None, item.biller))
        return PriceBook(tuple(price for price in there if price.per))

    def replaced(self, prices: Iterable[Price]) -> PriceBook:
        """Return a book in which these prices stand in place of those for the same item and Region."""
        fresh = {(price.item, price.region): price for price in prices}
        kept = tuple(price for price in self.prices if (price.item, price.region) not in fresh)
        return PriceBook((*fresh.values(), *kept))

    def _shown(self) -> Table:
        columns = ("what", "bill of", "Region", "price", "as of", "whose word")
        rows = [
            (each.item.value, each.item.biller, each.region, each.in_words(), each.as_of, each.trust.value)
            for each in self.prices
        ]
        return Table(columns, rows, caption="The price book")


def read_prices(document: str | Mapping[str, Any]) -> tuple[Price, ...]:
    """Read the rows of a price document, TOML or parsed; each row counts for each of its Regions.

    Raises:
        InvalidInput: It is no TOML, or a row names no item of ours, or lacks something.
    """
    found: list[Price] = []
    for number, row in enumerate(_parsed(document).get("price", ()), start=1):
        place = f"price {number}"
        try:
            tiers = tuple(_tier(tier) for tier in row["tiers"])
            told = (row["per"], tiers, row["as_of"], row["source"], Trust(row["trust"]))
            found += [Price(Item(row["item"]), region, *told) for region in row["regions"]]
        except KeyError as lack:
            raise InvalidInput(place, f"it has no {lack.args[0]!r}", "add it") from lack
        except ValueError as wrong:
            raise InvalidInput(place, str(wrong), "use a word that the price book knows") from wrong
    return tuple(found)


def _parsed(document: str | Mapping[str, Any]) -> Mapping[str, Any]:
    if not isinstance(document, str):
        return document
    try:
        return tomllib.loads(document)
    except tomllib.TOMLDecodeError as wrong:
        raise InvalidInput("prices", f"they are no TOML: {wrong}", "write them with ecrlab prices --refresh") from wrong


def _tier(row: Mapping[str, str]) -> Tier:
    return Tier(Decimal(row["usd"]), Decimal(row["up_to"]) if "up_to" in row else None)


@cache
def price_book() -> PriceBook:
    """Return the book that comes with the kit."""
    text = files("ecrlab.pricing").joinpath("prices.toml").read_text(encoding="utf-8")
    return PriceBook(read_prices(text))
