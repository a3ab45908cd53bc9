"""The AWS Price List becomes rows of the price book, and what is unclear is named and left out."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import boto3
import pytest
from botocore.stub import Stubber
from ecrlab.errors import InvalidInput
from ecrlab.pricing import Item, Tier, Trust, Usage, estimate, price_book, read_prices
from ecrlab.pricing.price_list import read_price_list, written

PRODUCTS = json.loads((Path(__file__).parent / "price_list.json").read_text("utf-8"))["products"]


def test_storage_is_read_and_the_rest_is_named():
    """Tiers come in order whatever the order of the answer; a data transfer is left out by name."""
    found = read_price_list(map(json.dumps, PRODUCTS))
    (price,) = found.prices
    assert (Tier(Decimal("0.1"), Decimal(150000)), Tier(Decimal("0.09"))) == price.tiers
    assert ("eu-west-1", "2026-11-01", Trust.OFFICIAL) == (price.region, price.as_of, price.trust)
    assert ("EU-DataTransfer-Out-Bytes",) == found.left_out
    assert "left out: EU-DataTransfer-Out-Bytes" in str(found)


def test_what_was_read_serves_an_estimate():
    """A Region without a figure gets one; others keep theirs."""
    book = price_book().replaced(read_price_list(PRODUCTS).prices)
    used = Usage(standard_bytes=20 * 10**9)
    assert Decimal("2.00") == estimate(used, region="eu-west-1", book=book).usd
    assert estimate(used, book=book) == estimate(used)


def test_written_prices_are_read_back():
    """What ``ecrlab prices --refresh`` writes is what ``ecrlab cost --prices`` reads."""
    prices = read_price_list(PRODUCTS).prices
    assert prices == read_prices(written(prices))
    known = tuple(each for each in price_book().prices if each.is_known)
    assert known == read_prices(written(known))


def test_botocore_accepts_the_shape():
    """The products fit GetProducts' answer as botocore models it."""
    client = boto3.client("pricing", "us-east-1", aws_access_key_id="testing", aws_secret_access_key="testing")
    with Stubber(client) as stub:
        stub.add_response("get_products", {"PriceList": [json.dumps(each) for each in PRODUCTS]})
        answer = client.get_products(ServiceCode="AmazonECR")
    assert Item.STANDARD_STORAGE == read_price_list(answer["PriceList"]).prices[0].item


WRONG = {
    "no JSON": (["{"], "product 1: it is no product of the Price List (JSONDecodeError:"),
    "no product": ([{"terms": {}}], "product 1: it is no product of the Price List (KeyError: 'product'); "),
    "no terms": (
        [PRODUCTS[1], {"product": PRODUCTS[0]["product"]}],
        "product 2: it is no product of the Price List (KeyError: 'terms'); ",
    ),
}


@pytest.mark.parametrize(("products", "message"), WRONG.values(), ids=WRONG)
def test_error_no_products(products, message):
    """The message names the entry and what to hand over."""
    with pytest.raises(InvalidInput) as failure:
        read_price_list(products)
    assert str(failure.value).startswith(message)
    assert str(failure.value).endswith("hand over what GetProducts returned")


def test_error_prices_that_are_no_toml():
    """A file that is something else is refused with the way to make one."""
    with pytest.raises(InvalidInput, match=r"they are no TOML: .*; write them with ecrlab prices --refresh"):
        read_prices("{")
