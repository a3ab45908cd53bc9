"""What would it cost if …: a year with and without a lifecycle policy, archive or delete, copies, shared bases."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from itertools import groupby

from ecrlab import lifecycle
from ecrlab.cards import ShownAs, Table
from ecrlab.errors import InvalidInput
from ecrlab.lifecycle import Forecast, Image, Policy, PushPattern
from ecrlab.pricing.book import Item, PriceBook, price_book
from ecrlab.pricing.usage import BYTES_PER_GB, Usage, estimate, rounded

__all__ = [
    "ArchiveChoice",
    "Month",
    "Year",
    "archive_or_keep",
    "private_subnet",
    "replicated",
    "shared_base",
    "year",
    "year_of",
]

ARCHIVE_MINIMUM_DAYS = 90
"""An archived image is paid for at least so long. Source: Amazon ECR User Guide, "Archive an image"."""

_DAYS_PER_MONTH = Decimal(365) / 12


@dataclass(frozen=True, slots=True)
class Month:
    """A calendar month, or the part of one that was looked at.

    Args:
        first: The moment at which it was first looked at.
        days: How many days were.
        images: How many images there were on the last of them.
        standard_bytes: Stored in the standard class, on average over these days.
        archive_bytes: Stored in the archive class, on average.
        usd: What storing it costs, not rounded.
    """

    first: datetime
    days: int
    images: int
    standard_bytes: int
    archive_bytes: int
    usd: Decimal


@dataclass(frozen=True, slots=True, repr=False)
class Year(ShownAs):
    """What storage costs from month to month."""

    months: tuple[Month, ...]

    @property
    def usd(self) -> Decimal:
        """All of it, in USD, rounded to cents."""
        return rounded(sum((month.usd for month in self.months), Decimal(0)))

    def _shown(self) -> Table:
        rows: list[tuple[object, ...]] = [
            (
                f"{month.first:%Y-%m}",
                month.days,
                month.images,
                f"{month.standard_bytes / BYTES_PER_GB:,.2f}",
                f"{month.archive_bytes / BYTES_PER_GB:,.2f}",
                f"{rounded(month.usd)}",
            )
            for month in self.months
        ]
        rows.append(("together", sum(month.days for month in self.months), "", "", "", f"{self.usd}"))
        columns = ("month", "days", "images", "GB, standard", "GB, archive", "USD")
        return Table(columns, rows, caption=f"{self.usd} USD for storage")


def year(
    policy: Policy | None,
    images: Iterable[Image],
    *,
    start: datetime,
    pushes: Sequence[PushPattern] = (),
    days: int = 365,
    region: str = "us-east-1",
    book: PriceBook | None = None,
) -> Year:
    """Let time pass in a repository and add up what its storage costs; the same plan decides that runs every day.

    Args:
        policy: Its lifecycle policy; ``None`` keeps everything.
        images: What is in it at the start.
        start: The first moment, timezone-aware.
        pushes: What comes.
        days: How many days.
        region: Whose prices hold.
        book: Prices; by default those that come with the kit.
    """
    forecast = lifecycle.forecast(policy or Policy(()), images, start=start, days=days, pushes=pushes)
    return year_of(forecast, region=region, book=book)


def year_of(forecast: Forecast, *, region: str = "us-east-1", book: PriceBook | None = None) -> Year:
    """Add up what the storage of a forecast costs, month by month.

    A month's figure is the average over its days; the first and the last month may have fewer days, and cost less.
    Layers that images share count once for each image: a forecast knows sizes, not layers. Retrieval from the archive,
    and the 90 days that an archived image is paid for at least, are not counted.

    Args:
        forecast: From ``lifecycle.forecast``.
        region: Whose prices hold.
        book: Prices; by default those that come with the kit.
    """
    lasting = forecast.days[:-1] or forecast.days  # a state lasts until the next run; the last one no longer counts
    by_date = {day.at.date(): day for day in lasting}  # and the last of a date stands for it
    months = []
    for (number, month), group in groupby(by_date.values(), key=lambda day: (day.at.year, day.at.month)):
        seen = list(group)
        used = Usage(
            standard_bytes=sum(day.standard_bytes for day in seen) // len(seen),
            archive_bytes=sum(day.archive_bytes for day in seen) // len(seen),
        )
        share = Decimal(len(seen)) / monthrange(number, month)[1]
        usd = estimate(used, region=region, book=book).exact_usd * share
        images = seen[-1].standard_images + seen[-1].archive_images
        months.append(Month(seen[0].at, len(seen), images, used.standard_bytes, used.archive_bytes, usd))
    return Year(tuple(months))


@dataclass(frozen=True, slots=True, repr=False)
class ArchiveChoice(ShownAs):
    """The same bytes kept, archived, or deleted, over the same time.

    Args:
        size_bytes: How much.
        days: How long it would be kept.
        kept_usd: In the standard class.
        archived_usd: In the archive class: storage for 90 days at least, and retrievals; ``None`` if not known.
        retrievals: How often it comes back in that time.
    """

    size_bytes: int
    days: int
    kept_usd: Decimal
    archived_usd: Decimal | None
    retrievals: int

    def _shown(self) -> Table:
        archived = "not known: the price of retrieval" if self.archived_usd is None else f"{rounded(self.archived_usd)}"
        billed = max(self.days, ARCHIVE_MINIMUM_DAYS)
        rows = [
            ("keep it", f"{self.days} days in the standard class", f"{rounded(self.kept_usd)}"),
            ("archive it", f"{billed} days in the archive class, {self.retrievals} retrievals", archived),
            ("delete it", "nothing to pay, nothing to bring back", "0.00"),
        ]
        caption = f"{self.size_bytes / BYTES_PER_GB:,.1f} GB for {self.days} days"
        return Table(("choice", "what is paid", "USD"), rows, caption)


def archive_or_keep(
    size_bytes: int,
    days: int,
    *,
    retrievals: int = 0,
    archived_already: int = 0,
    region: str = "us-east-1",
    book: PriceBook | None = None,
) -> ArchiveChoice:
    """Compare keeping, archiving and deleting.

    Args:
        size_bytes: How much.
        days: How long it would be kept.
        retrievals: How often it is restored meanwhile; each is paid for by the GB.
        archived_already: Bytes that the account has in the archive: its price falls with volume.
        region: Whose prices hold.
        book: Prices; by default those that come with the kit.

    Raises:
        InvalidInput: A figure is below zero.
    """
    for name, value in (("size_bytes", size_bytes), ("days", days), ("retrievals", retrievals)):
        if value < 0:
            raise InvalidInput(f"archive_or_keep({name}=…)", f"{value} is below zero", "use zero or more")
    prices = book or price_book()
    gigabytes, before = Decimal(size_bytes) / BYTES_PER_GB, Decimal(archived_already) / BYTES_PER_GB
    months, billed = Decimal(days) / _DAYS_PER_MONTH, Decimal(max(days, ARCHIVE_MINIMUM_DAYS)) / _DAYS_PER_MONTH
    standard = prices.price(Item.STANDARD_STORAGE, region).usd(gigabytes)
    if standard is None:
        way_out = f"use one of {', '.join(prices.regions)}"
        raise InvalidInput(f"region {region!r}", "its price of storage is not known", way_out)
    archive = prices.price(Item.ARCHIVE_STORAGE, region)
    both, alone = archive.usd(before + gigabytes), archive.usd(before)
    retrieval = prices.price(Item.ARCHIVE_RETRIEVAL, region).usd(gigabytes * retrievals) if retrievals else Decimal(0)
    archived = None if both is None or alone is None or retrieval is None else (both - alone) * billed + retrieval
    return ArchiveChoice(size_bytes, days, standard * months, archived, retrievals)


def replicated(usage: Usage, regions: int) -> Usage:
    """Return the usage of all Regions together when everything pushed is copied to so many others.

    The standard class is paid in every Region, and what was pushed travels once to each. Everything else stays.
    """
    return replace(
        usage,
        standard_bytes=usage.standard_bytes * (regions + 1),
        other_region_bytes=usage.other_region_bytes + usage.pushed_bytes * regions,
    )


def shared_base(teams: int, base_bytes: int, own_bytes: int, builds: int) -> tuple[tuple[str, int], ...]:
    """Compare ways to store the images of teams that build on one base: words and bytes stored, the largest first.

    Args:
        teams: How many teams, each with a repository of its own.
        base_bytes: The base's layers.
        own_bytes: What a build adds.
        builds: How many builds each team keeps.
    """
    alone = teams * builds * own_bytes
    return (
        ("each build on a base of its own version", teams * builds * (base_bytes + own_bytes)),
        ("one base for all, a repository for each team", teams * base_bytes + alone),
        ("one base for all, everything in one repository", base_bytes + alone),
    )


def private_subnet(pulled_bytes: int, zones: int, *, hours: int = 730) -> tuple[tuple[str, Usage], ...]:
    """Return the usage of both ways in which a private subnet reaches ECR: a NAT gateway, or VPC endpoints.

    With endpoints the layers come through the gateway endpoint for S3, which costs nothing; only API and registry
    requests use the two interface endpoints, and their bytes are few. The hours of the NAT gateway are not counted: it
    is often there anyway, and the book has no price for them.
    """
    return (
        ("NAT gateway", Usage(nat_bytes=pulled_bytes)),
        ("VPC endpoints", Usage(endpoint_hours=2 * zones * hours, gateway_bytes=pulled_bytes)),
    )
