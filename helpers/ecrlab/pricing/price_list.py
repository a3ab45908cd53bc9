"""Prices from the AWS Price List: products as GetProducts returns them become rows of the price book, or are left out.

Only what is certain is read: storage of private repositories, which the Price List keeps under the product family
"EC2 Container Registry". Every other product is named, so that a person can look at it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from ecrlab.cards import ShownAs, Table
from ecrlab.errors import InvalidInput
from ecrlab.pricing.book import Item, Price, Tier, Trust

__all__ = ["PriceList", "read_price_list", "written"]

_FAMILY = "EC2 Container Registry"
_STORAGE_UNITS = frozenset({"GB-Mo", "GB-month"})
_SOURCE = "https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/price-changes.html"


@dataclass(frozen=True, slots=True, repr=False)
class PriceList(ShownAs):
    """What was read.

    Args:
        prices: Rows for the price book.
        left_out: Usage types of products that stand for nothing in the book, or for something unclear.
    """

    prices: tuple[Price, ...]
    left_out: tuple[str, ...]

    def _shown(self) -> Table:
        rows = [(each.item.value, each.region, each.in_words(), each.as_of) for each in self.prices]
        caption = f"{len(rows)} prices read" + (f"; left out: {', '.join(self.left_out)}" if self.left_out else "")
        return Table(("what", "Region", "price", "as of"), rows, caption)


def read_price_list(products: Iterable[str | Mapping[str, Any]]) -> PriceList:
    """Read products of the service ``AmazonECR``.

    Args:
        products: The entries of ``PriceList`` in GetProducts' answer: JSON texts, or the same parsed.

    Raises:
        InvalidInput: An entry is no product, or its prices cannot be read.

    Source: AWS Price List Query API, GetProducts.
    """
    prices: list[Price] = []
    left_out: list[str] = []
    for number, product in enumerate(products, start=1):
        try:
            document = json.loads(product) if isinstance(product, str) else product
            attributes = document["product"]["attributes"]
            usage_type = attributes.get("usagetype", f"product {number}")
            if _is_storage(document["product"]):
                prices.extend(_prices(document, attributes["regionCode"]))
            else:
                left_out.append(usage_type)
        except (KeyError, TypeError, ValueError, InvalidOperation) as problem:
            fact = f"it is no product of the Price List ({type(problem).__name__}: {problem})"
            raise InvalidInput(f"product {number}", fact, "hand over what GetProducts returned") from problem
    return PriceList(tuple(prices), tuple(sorted(left_out)))


def _is_storage(product: Mapping[str, Any]) -> bool:
    usage_type = product["attributes"].get("usagetype", "")
    return product.get("productFamily") == _FAMILY and usage_type.endswith("TimedStorage-ByteHrs")


def _prices(document: Mapping[str, Any], region: str) -> Iterator[Price]:
    """Yield the price of each term on demand: its tiers, lowest first, and the day from which it holds."""
    for term in document["terms"]["OnDemand"].values():
        tiers = sorted(term["priceDimensions"].values(), key=lambda tier: Decimal(tier["beginRange"]))
        if {tier["unit"] for tier in tiers} <= _STORAGE_UNITS:
            since = term["effectiveDate"][:10]
            told = tuple(map(_tier, tiers))
            yield Price(Item.STANDARD_STORAGE, region, "GB-month", told, since, _SOURCE, Trust.OFFICIAL)


def _tier(dimension: Mapping[str, Any]) -> Tier:
    end = dimension["endRange"]
    usd = Decimal(dimension["pricePerUnit"]["USD"]).normalize()
    return Tier(usd, None if end == "Inf" else Decimal(end))


def written(prices: Iterable[Price]) -> str:
    """Write prices as a document that ``read_prices`` reads, in TOML."""
    return "\n".join(map(_row, prices))


def _row(price: Price) -> str:
    tiers = ", ".join(
        "{ " + (f'up_to = "{tier.up_to}", ' if tier.up_to is not None else "") + f'usd = "{tier.usd:f}" }}'
        for tier in price.tiers
    )
    told = {"item": price.item.value, "per": price.per, "as_of": price.as_of, "source": price.source}
    lines = [f"{name} = {json.dumps(text)}" for name, text in told.items()]
    lines += [f'regions = ["{price.region}"]', f"tiers = [{tiers}]", f'trust = "{price.trust}"']
    return "\n".join(["[[price]]", *lines]) + "\n"
