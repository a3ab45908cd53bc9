"""What-ifs, each against a figure worked out by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from ecrlab import lifecycle
from ecrlab.errors import InvalidInput
from ecrlab.lifecycle import Image, PushPattern
from ecrlab.pricing import Usage, archive_or_keep, estimate, private_subnet, replicated, rounded, shared_base, year

GB = 10**9
START = datetime(2026, 1, 1, 9, tzinfo=UTC)
KEEP_TEN = {
    "rules": [
        {
            "rulePriority": 1,
            "selection": {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 10},
            "action": {"type": "expire"},
        }
    ]
}


def test_a_year_of_one_image():
    """10 GB for a year at 0.10 USD per GB-month cost 12 times 1 USD; every month has its own number of days."""
    image = Image("sha256:" + "a" * 64, START - timedelta(days=1), size_bytes=10 * GB)
    made = year(None, [image], start=START)
    assert Decimal("12.00") == made.usd
    assert [31, 28, 31] == [month.days for month in made.months[:3]]


def test_a_policy_halts_the_growth():
    """One push of 1 GB a day: without a policy the bill grows by the month; with ten images kept it stays at 1 USD."""
    pushes = (PushPattern("build-{number}", 1, GB),)
    without, kept = (
        year(None, (), start=START, pushes=pushes),
        year(lifecycle.parse(KEEP_TEN), (), start=START, pushes=pushes),
    )
    assert all(a.usd < b.usd for a, b in zip(without.months, without.months[1:], strict=False) if a.days == b.days)
    assert all(Decimal("0.9") < month.usd < Decimal("1.2") for month in kept.months[1:])
    assert kept.usd * 10 < without.usd


@pytest.mark.parametrize(
    ("days", "retrievals", "kept", "archived"),
    [
        pytest.param(365, 0, "120.00", "120.00", id="a year: the same price up to 150 TB"),
        pytest.param(30, 0, "9.86", "29.59", id="a month: the archive is paid for 90 days"),
        pytest.param(365, 1, "120.00", "123.00", id="one retrieval of 100 GB at 0.03"),
    ],
)
def test_archive_or_keep(days, retrievals, kept, archived):
    """100 GB in Tokyo, where all prices are known."""
    made = archive_or_keep(100 * GB, days, retrievals=retrievals, region="ap-northeast-1")
    assert (Decimal(kept), Decimal(archived)) == (rounded(made.kept_usd), rounded(made.archived_usd))


def test_the_archive_pays_off_beyond_150_terabytes():
    """Only what lies above 150 TB is cheaper: 100 GB at 0.07 in place of 0.10."""
    made = archive_or_keep(100 * GB, 365, archived_already=150_000 * GB)
    assert (Decimal("120.00"), Decimal("84.00")) == (rounded(made.kept_usd), rounded(made.archived_usd))


def test_retrieval_without_a_known_price():
    """In us-east-1 the price of retrieval is not known, and the comparison says so in place of a figure."""
    made = archive_or_keep(100 * GB, 365, retrievals=1)
    assert made.archived_usd is None
    assert "not known" in str(made)


def test_copies_to_two_regions():
    """Storage three times; what was pushed travels twice, and its price is not known."""
    made = replicated(Usage(standard_bytes=10 * GB, pushed_bytes=4 * GB, requests=7), 2)
    assert (30 * GB, 8 * GB, 7) == (made.standard_bytes, made.other_region_bytes, made.requests)
    assert ["data out to another Region"] == [item.value for item in estimate(made).not_known]


def test_ten_teams_on_one_base():
    """10 teams, 5 builds each, base 500 MB, own part 20 MB: 26 GB, 6 GB, or 1.5 GB."""
    made = shared_base(10, 500 * 10**6, 20 * 10**6, 5)
    assert [26_000_000_000, 6_000_000_000, 1_500_000_000] == [size for _, size in made]


def test_nat_or_endpoints():
    """400 GB in two zones: NAT data cost 18 USD; two endpoints in two zones for 730 hours cost 29.20 USD."""
    costs = {name: estimate(usage).usd for name, usage in private_subnet(400 * GB, 2)}
    assert {"NAT gateway": Decimal("18.00"), "VPC endpoints": Decimal("29.20")} == costs


WRONG = {
    "size": ((-1, 3), {}, "archive_or_keep(size_bytes=…): -1 is below zero; use zero or more"),
    "days": ((1, -3), {}, "archive_or_keep(days=…): -3 is below zero; use zero or more"),
    "region": (
        (1, 3),
        {"region": "eu-west-1"},
        "region 'eu-west-1': its price of storage is not known; use one of ap-northeast-1, us-east-1",
    ),
}


@pytest.mark.parametrize(("figures", "more", "message"), WRONG.values(), ids=WRONG)
def test_error_figures_that_cannot_be(figures, more, message):
    """The message names the argument, the fact and the way out."""
    with pytest.raises(InvalidInput) as failure:
        archive_or_keep(*figures, **more)
    assert message == str(failure.value)
