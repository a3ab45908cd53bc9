"""The modes as values."""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from decimal import Decimal

import pytest
from ecrlab import Aws, Mock
from ecrlab.errors import InvalidInput

BAD = {  # id: (parameters, the whole message)
    "no profile": (
        {"profile": "", "account_id": "444455556666"},
        "Aws(profile=…): '' names no profile; take a name that `aws configure list-profiles` prints",
    ),
    "profile as a value": (
        {"profile": None, "account_id": "444455556666"},
        "Aws(profile=…): None names no profile; take a name that `aws configure list-profiles` prints",
    ),
    "account too short": (
        {"profile": "course", "account_id": "4444"},
        "Aws(account_id=…): '4444' is not twelve digits; write it like '111122223333'",
    ),
    "account as a number": (
        {"profile": "course", "account_id": 444455556666},
        "Aws(account_id=…): 444455556666 is no text, and numbers lose leading zeros; quote the twelve digits",
    ),
    "region": (
        {"profile": "course", "account_id": "444455556666", "region": "Dublin"},
        "Aws(region=…): 'Dublin' is not spelled like a region; write it like 'us-east-1'",
    ),
    "limit as a float": (
        {"profile": "course", "account_id": "444455556666", "spend_limit_usd": 0.5},
        "Aws(spend_limit_usd=…): 0.5 is not a Decimal; write Decimal('1.00')",
    ),
    "limit below zero": (
        {"profile": "course", "account_id": "444455556666", "spend_limit_usd": Decimal(-1)},
        "Aws(spend_limit_usd=…): -1 is no amount of money; write zero or more",
    ),
    "limit without an end": (
        {"profile": "course", "account_id": "444455556666", "spend_limit_usd": Decimal("Infinity")},
        "Aws(spend_limit_usd=…): Infinity is no amount of money; write zero or more",
    ),
}


@pytest.mark.parametrize(("parameters", "message"), BAD.values(), ids=BAD)
def test_error_a_real_account_is_named_properly(parameters, message):
    """Each bad parameter of Aws gets its whole message."""
    with pytest.raises(InvalidInput) as failure:
        Aws(**parameters)

    assert message == str(failure.value)


@pytest.mark.parametrize("parameters", [{"profile": "course"}, {"account_id": "444455556666"}, {}], ids=str)
def test_error_a_real_account_is_named_twice(parameters):
    """Neither the profile nor the account id can be left out."""
    with pytest.raises(TypeError):
        Aws(**parameters)


def test_a_real_account_is_named_by_name():
    """Profile and account cannot be handed over by position, where they could be swapped."""
    with pytest.raises(TypeError):
        Aws("course", "444455556666")


def test_modes_are_values():
    """Equal modes are equal, and none can be changed after it was made."""
    mode = Aws(profile="course", account_id="444455556666")

    assert Mock() == Mock()
    assert Decimal("1.00") == mode.spend_limit_usd
    with pytest.raises(FrozenInstanceError):
        mode.profile = "work"
