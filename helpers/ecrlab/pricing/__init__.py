"""What ECR costs: a dated price book, estimates that show their steps, what-ifs. Amounts are exact decimals of USD."""

from __future__ import annotations

from ecrlab.pricing.book import Item, Price, PriceBook, Tier, Trust, price_book, read_prices
from ecrlab.pricing.storage import Bill, RepositoryStorage, Storage, StoredImage, bill_of, storage_of, stored_images
from ecrlab.pricing.usage import BYTES_PER_GB, Allowance, Estimate, Line, Usage, estimate, rounded
from ecrlab.pricing.what_if import (
    ArchiveChoice,
    Month,
    Year,
    archive_or_keep,
    private_subnet,
    replicated,
    shared_base,
    year,
    year_of,
)

__all__ = [
    "BYTES_PER_GB",
    "Allowance",
    "ArchiveChoice",
    "Bill",
    "Estimate",
    "Item",
    "Line",
    "Month",
    "Price",
    "PriceBook",
    "RepositoryStorage",
    "Storage",
    "StoredImage",
    "Tier",
    "Trust",
    "Usage",
    "Year",
    "archive_or_keep",
    "bill_of",
    "estimate",
    "price_book",
    "private_subnet",
    "read_prices",
    "replicated",
    "rounded",
    "shared_base",
    "storage_of",
    "stored_images",
    "year",
    "year_of",
]
