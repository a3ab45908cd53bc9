"""Bills computed by hand, every step written out, and the laws that bills keep."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest
from ecrlab.errors import InvalidInput
from ecrlab.pricing import Allowance, Item, Price, Tier, Trust, Usage, estimate, price_book, rounded
from ecrlab.pricing.book import read_prices
from hypothesis import given
from hypothesis import strategies as st

BILLS = json.loads((Path(__file__).parent / "bills.json").read_text("utf-8"))
GB = 10**9


@pytest.mark.parametrize("bill", BILLS, ids=lambda bill: bill["id"])
def test_a_bill_computed_by_hand(bill):
    """Each line has its steps and its amount; the sum is rounded once; what is not known is named."""
    allowances = (Allowance.first_year_before_july_2025(),) if bill.get("free_year") else ()
    made = estimate(Usage(**bill["usage"]), region=bill.get("region", "us-east-1"), allowances=allowances)
    told = [
        [line.item.value, line.working, None if line.usd is None else str(rounded(line.usd))] for line in made.lines
    ]
    assert bill["lines"] == told
    assert Decimal(bill["usd"]) == made.usd
    assert bill.get("not_known", []) == [item.value for item in made.not_known]
    assert all(str(line.working) in str(made) for line in made.lines)


def test_the_bills_of_the_neighbours():
    """What an estimate adds up for ECR and for its neighbours is together the whole."""
    made = estimate(Usage(standard_bytes=10 * GB, first_scans=10, nat_bytes=GB, kms_requests=10_000))
    billers = ("Amazon ECR", "Amazon Inspector", "AWS KMS", "Amazon VPC")
    assert [Decimal("1.00"), Decimal("0.90"), Decimal("0.03"), Decimal("0.05")] == [made.usd_of(b) for b in billers]
    assert sum(made.usd_of(biller) for biller in billers) == Decimal("1.98")


def test_every_price_says_since_when_and_who_says_so():
    """Each row of the book has a date in words, a source on the web, a trust; unknown ones have no figure."""
    for price in price_book().prices:
        assert price.as_of
        assert price.source.startswith("https://")
        assert (price.trust is Trust.UNKNOWN) == (not price.is_known)


def test_a_request_costs_nothing_in_every_region():
    """ECR's requests are not billed, says its FAQ; the notes of the course said otherwise."""
    price = price_book().price(Item.REQUESTS, "eu-north-1")
    assert (Decimal(0), Trust.OFFICIAL) == (price.usd(Decimal(10**9)), price.trust)


def test_regions_with_a_known_price_of_storage():
    """The book knows two Regions, and does not carry one's price over to another."""
    assert ("ap-northeast-1", "us-east-1") == price_book().regions
    assert not price_book().price(Item.STANDARD_STORAGE, "eu-west-1").is_known


def test_the_prices_of_one_region_and_one_bill():
    """A Region's part of the book has each item once; a bill's part has that service's items only."""
    there = price_book().in_region("us-east-1").prices
    assert sorted(Item) == sorted(price.item for price in there)
    ours = price_book().in_region("us-east-1", "Amazon ECR").prices
    assert {price for price in there if price.item.biller == "Amazon ECR"} == set(ours)
    assert Item.PUBLIC_STORAGE not in {price.item for price in price_book().in_region("ap-northeast-1").prices}


def test_fresh_prices_replace_old_ones():
    """A newer figure stands in place of the old one for the same item and Region, and nothing else changes."""
    fresh = Price(
        Item.STANDARD_STORAGE, "us-east-1", "GB-month", (Tier(Decimal("0.2")),), "now", "https://x", Trust.OFFICIAL
    )
    book = price_book().replaced([fresh])
    assert len(price_book().prices) == len(book.prices)
    assert fresh == book.price(Item.STANDARD_STORAGE, "us-east-1")
    assert Decimal("2.00") == estimate(Usage(standard_bytes=10 * GB), book=book).usd
    assert price_book().price(Item.STANDARD_STORAGE, "ap-northeast-1") == book.price(
        Item.STANDARD_STORAGE, "ap-northeast-1"
    )


PRICED = [price for price in price_book().prices if price.is_known]


@pytest.mark.parametrize("price", PRICED, ids=lambda price: f"{price.item} {price.region}")
@given(quantities=st.tuples(*[st.decimals(0, 10**7, places=3)] * 2))
def test_more_never_costs_less(price, quantities):
    """An amount grows with the quantity, and the tiers' parts add up to the quantity."""
    less, more = sorted(quantities)
    assert price.usd(less) <= price.usd(more)
    assert more == sum((part for part, _ in price.steps(more)), Decimal(0))


WRONG = {
    "a negative": ({"standard_bytes": -1}, "-1"),
    "a fraction": ({"standard_bytes": 1.5}, "1.5"),
    "a text": ({"requests": "many"}, "'many'"),
    "a truth": ({"kms_keys": True}, "True"),
}


@pytest.mark.parametrize(("figures", "shown"), WRONG.values(), ids=WRONG)
def test_error_what_cannot_be_counted(figures, shown):
    """The message names the figure and says how to write one."""
    with pytest.raises(InvalidInput) as failure:
        Usage(**figures)
    name = next(iter(figures))
    assert (
        f"Usage({name}=…): {shown} cannot be counted; use a whole number, zero or more (10 GB are 10 * 10**9)"
        == str(failure.value)
    )


ROW = {
    "item": "data in",
    "regions": ["*"],
    "per": "GB",
    "tiers": [],
    "as_of": "now",
    "source": "https://x",
    "trust": "unknown",
}
BROKEN = {
    "no source": ({k: v for k, v in ROW.items() if k != "source"}, "price 1: it has no 'source'; add it"),
    "no such item": (
        ROW | {"item": "luck"},
        "price 1: 'luck' is not a valid Item; use a word that the price book knows",
    ),
    "no such trust": (
        ROW | {"trust": "hearsay"},
        "price 1: 'hearsay' is not a valid Trust; use a word that the price book knows",
    ),
}


@pytest.mark.parametrize(("row", "message"), BROKEN.values(), ids=BROKEN)
def test_error_a_price_that_cannot_be_read(row, message):
    """A broken row is named by its number, with what is wrong."""
    with pytest.raises(InvalidInput) as failure:
        read_prices({"price": [row]})
    assert message == str(failure.value)
