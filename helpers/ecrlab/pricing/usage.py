"""A month in figures, and what it costs: every line with its steps, and nothing guessed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from decimal import ROUND_HALF_UP, Decimal

from ecrlab.cards import ShownAs, Table
from ecrlab.errors import InvalidInput
from ecrlab.pricing.book import Item, Price, PriceBook, price_book

__all__ = ["BYTES_PER_GB", "Allowance", "Estimate", "Line", "Usage", "estimate", "rounded"]

BYTES_PER_GB = 10**9
"""AWS's pages write GB and do not say which; of the two this is the smaller, so that an estimate is the larger."""

_CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Usage:
    """What was used in one month. Bytes stored are averages over the month; everything else is counted.

    Args:
        standard_bytes: Stored in the standard class, compressed, each layer once per repository.
        archive_bytes: Stored in the archive class.
        retrieved_bytes: Brought back from the archive.
        public_bytes: Stored in the public registry.
        pushed_bytes: Sent to ECR.
        same_region_bytes: Pulled by AWS services in the same Region.
        internet_bytes: Pulled over the internet.
        other_region_bytes: Pulled or replicated to other Regions.
        requests: Calls of ECR's API.
        basic_scans: Scans by ECR itself.
        first_scans: Images that Amazon Inspector scanned for the first time.
        scans_again: Later scans by Amazon Inspector.
        signatures: Made by managed signing.
        kms_requests: Calls that ECR made of AWS KMS for you.
        kms_keys: Keys of your own.
        nat_bytes: What went through a NAT gateway.
        endpoint_hours: Hours of interface endpoints, times their Availability Zones.
        endpoint_bytes: What went through interface endpoints.
        gateway_bytes: What went through a gateway endpoint for S3.
    """

    standard_bytes: int = 0
    archive_bytes: int = 0
    retrieved_bytes: int = 0
    public_bytes: int = 0
    pushed_bytes: int = 0
    same_region_bytes: int = 0
    internet_bytes: int = 0
    other_region_bytes: int = 0
    requests: int = 0
    basic_scans: int = 0
    first_scans: int = 0
    scans_again: int = 0
    signatures: int = 0
    kms_requests: int = 0
    kms_keys: int = 0
    nat_bytes: int = 0
    endpoint_hours: int = 0
    endpoint_bytes: int = 0
    gateway_bytes: int = 0

    def __post_init__(self) -> None:
        """Refuse what cannot be counted.

        Raises:
            InvalidInput: A figure is no whole number, or below zero.
        """
        for field in fields(self):
            value = getattr(self, field.name)
            if not isinstance(value, int) or isinstance(value, bool) or value < 0:
                way_out = "use a whole number, zero or more (10 GB are 10 * 10**9)"
                raise InvalidInput(f"Usage({field.name}=…)", f"{value!r} cannot be counted", way_out)


_ITEMS = {
    "standard_bytes": Item.STANDARD_STORAGE,
    "archive_bytes": Item.ARCHIVE_STORAGE,
    "retrieved_bytes": Item.ARCHIVE_RETRIEVAL,
    "public_bytes": Item.PUBLIC_STORAGE,
    "pushed_bytes": Item.DATA_IN,
    "same_region_bytes": Item.DATA_OUT_SAME_REGION,
    "internet_bytes": Item.DATA_OUT_INTERNET,
    "other_region_bytes": Item.DATA_OUT_OTHER_REGION,
    "requests": Item.REQUESTS,
    "basic_scans": Item.BASIC_SCANS,
    "signatures": Item.SIGNATURES,
    "first_scans": Item.FIRST_SCANS,
    "scans_again": Item.SCANS_AGAIN,
    "kms_requests": Item.KMS_REQUESTS,
    "kms_keys": Item.KMS_KEYS,
    "nat_bytes": Item.NAT_DATA,
    "endpoint_hours": Item.ENDPOINT_HOURS,
    "endpoint_bytes": Item.ENDPOINT_DATA,
    "gateway_bytes": Item.GATEWAY_DATA,
}
"""Field of a usage -> what it is on the bill."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """Something that is not charged: a quantity of an item, in the item's unit, each month.

    Source: the allowances of accounts that were opened before 15 July 2025, as third parties quote them.
    """

    item: Item
    quantity: Decimal
    words: str

    @classmethod
    def first_year_before_july_2025(cls) -> Allowance:
        """Return the 500 MB of private storage in the first twelve months of an account of before 15 July 2025."""
        return cls(Item.STANDARD_STORAGE, Decimal("0.5"), "free tier: 500 MB in the first 12 months")


@dataclass(frozen=True, slots=True)
class Line:
    """One line of an estimate.

    Args:
        item: What is paid for.
        quantity: How much of it, in the unit of the price, after the allowance.
        price: The row of the book.
        usd: What it costs, not rounded; ``None`` if the price is not known.
        free: What was not charged, in words; empty if nothing.
    """

    item: Item
    quantity: Decimal
    price: Price
    usd: Decimal | None
    free: str = ""

    @property
    def working(self) -> str:
        """The steps: ``49 × 0 USD + 9,951 × 0.09 USD``."""
        steps = [f"{_plain(part)} × {usd} USD" for part, usd in self.price.steps(self.quantity)]
        told = " + ".join(steps) or (
            f"{_plain(self.quantity)} × ?" if not self.price.is_known else "nothing left to pay"
        )
        return f"{told} ({self.free})" if self.free else told


@dataclass(frozen=True, slots=True, repr=False)
class Estimate(ShownAs):
    """What a month costs, line by line.

    Args:
        region: Whose prices were used.
        lines: One for each thing that was used, ECR's own bill first.
    """

    region: str
    lines: tuple[Line, ...]

    @property
    def exact_usd(self) -> Decimal:
        """The sum of what is known, in USD, not rounded."""
        return sum((line.usd for line in self.lines if line.usd is not None), Decimal(0))

    @property
    def usd(self) -> Decimal:
        """The sum of what is known, in USD, rounded to cents once, at the end."""
        return rounded(self.exact_usd)

    @property
    def not_known(self) -> tuple[Item, ...]:
        """What was used and has no known price; the sum is too small by it."""
        return tuple(line.item for line in self.lines if line.usd is None)

    def usd_of(self, biller: str) -> Decimal:
        """Return what stands on one service's bill, e.g. ``Amazon ECR``, in USD, rounded to cents."""
        parts = (line.usd for line in self.lines if line.usd is not None and line.item.biller == biller)
        return rounded(sum(parts, Decimal(0)))

    def _shown(self) -> Table:
        rows: list[tuple[object, ...]] = [
            (line.item.biller, line.item.value, line.price.per or "–", line.working, _usd_text(line))
            for line in self.lines
        ]
        rows.append(("together", "", "", "", f"{self.usd} USD"))
        caption = f"One month in {self.region}: {self.usd} USD"
        if self.not_known:
            caption += f", and what is not known: {', '.join(self.not_known)}"
        return Table(("bill of", "what", "unit", "how it comes about", "cost"), rows, caption)


def estimate(
    usage: Usage,
    *,
    region: str = "us-east-1",
    book: PriceBook | None = None,
    allowances: tuple[Allowance, ...] = (),
) -> Estimate:
    """Estimate what a month costs.

    Args:
        usage: What was used.
        region: Whose prices hold. Where the book has no figure, the line says so and counts as nothing.
        book: Prices; by default those that come with the kit.
        allowances: What is not charged.
    """
    return Estimate(region, tuple(_lines(usage, region, book or price_book(), allowances)))


def _lines(usage: Usage, region: str, book: PriceBook, allowances: tuple[Allowance, ...]) -> Iterator[Line]:
    for name, item in _ITEMS.items():
        used = getattr(usage, name)
        if not used:
            continue
        price = book.price(item, region)
        quantity = Decimal(used) / (BYTES_PER_GB if name.endswith("_bytes") else price.units_per)
        free = next((each for each in allowances if each.item is item), None)
        if free is not None:
            quantity = max(Decimal(0), quantity - free.quantity)
        yield Line(item, quantity, price, price.usd(quantity), free.words if free else "")


def rounded(usd: Decimal) -> Decimal:
    """Round an amount to cents, halves up, as bills do."""
    return usd.quantize(_CENT, rounding=ROUND_HALF_UP)


def _usd_text(line: Line) -> str:
    return "not known" if line.usd is None else f"{rounded(line.usd)} USD"


def _plain(number: Decimal) -> str:
    text = f"{number:,.4f}".rstrip("0").rstrip(".")
    return text or "0"
