"""``fetch_price_list``: today's prices of Amazon ECR, asked of the AWS Price List through a profile of yours."""

from __future__ import annotations

from ecrlab.cloud.aws import CONFIG, session_of
from ecrlab.cloud.translate import aws_call
from ecrlab.pricing.price_list import PriceList, read_price_list

__all__ = ["fetch_price_list"]

_ENDPOINT_REGION = "us-east-1"
"""The Price List answers in a few Regions only, for all of them."""


def fetch_price_list(profile: str, region: str) -> PriceList:
    """Ask for the prices of Amazon ECR in a Region; the caller needs ``pricing:GetProducts``.

    Args:
        profile: Its name in AWS's configuration.
        region: Whose prices.

    Raises:
        AwsCallError: There is no such profile, or AWS refused.
        InvalidInput: What AWS answered cannot be read.
    """
    with aws_call("GetProducts", f"profile {profile!r}"):
        session, _ = session_of(profile, _ENDPOINT_REGION)
        client = session.client("pricing", config=CONFIG)
        only = [{"Type": "TERM_MATCH", "Field": "regionCode", "Value": region}]
        pages = client.get_paginator("get_products").paginate(ServiceCode="AmazonECR", Filters=only)
        products = [product for page in pages for product in page["PriceList"]]
    return read_price_list(products)
