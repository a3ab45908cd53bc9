"""What ``ECRLAB_*`` variables may say."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from ecrlab.cloud.modes import Aws, Mock
from ecrlab.cloud.settings import Settings
from ecrlab.errors import InvalidInput

NAMED_TWICE = {"ECRLAB_AWS_PROFILE": "course", "ECRLAB_AWS_ACCOUNT_ID": "444455556666"}

GOOD = {  # id: (variables, settings)
    "nothing said": ({}, Settings(Mock())),
    "empty counts as absent": ({"ECRLAB_REGION": " ", "ECRLAB_MODE": ""}, Settings(Mock())),
    "mode mock": ({"ECRLAB_MODE": "Mock"}, Settings(Mock())),
    "a profile alone changes nothing": (NAMED_TWICE, Settings(Mock())),
    "aws, named twice": (
        {"ECRLAB_MODE": "aws", **NAMED_TWICE},
        Settings(Aws(profile="course", account_id="444455556666")),
    ),
    "strict as a word": ({"ECRLAB_STRICT": "Yes"}, Settings(Mock(), strict=True)),
    "compatible": ({"ECRLAB_STRICT": "0"}, Settings(Mock(), strict=False)),
    "start": ({"ECRLAB_START": "2027-01-01T00:00:00Z"}, Settings(Mock(), start=datetime(2027, 1, 1, tzinfo=UTC))),
    "account and region": (
        {"ECRLAB_ACCOUNT_ID": "000011112222", "ECRLAB_REGION": "us-gov-west-1"},
        Settings(Mock(), "us-gov-west-1", "000011112222"),
    ),
    "others are not ours": ({"AWS_REGION": "x", "ECRLAB": "y"}, Settings(Mock())),
}


@pytest.mark.parametrize(("environ", "settings"), GOOD.values(), ids=GOOD)
def test_variables_become_settings(environ, settings):
    """Each variable sets its default, and no variable alone leads to an account that costs money."""
    assert settings == Settings.read(environ)


BAD = {  # id: (variables, the whole message)
    "no such mode": (
        {"ECRLAB_MODE": "moto"},
        "ECRLAB_MODE: 'moto' is no mode; write mock or aws, or unset it",
    ),
    "aws without names": (
        {"ECRLAB_MODE": "aws"},
        "ECRLAB_MODE: 'aws' can cost money and ECRLAB_AWS_PROFILE and ECRLAB_AWS_ACCOUNT_ID are not set; "
        "name the profile and the account as well, or unset ECRLAB_MODE",
    ),
    "aws with a profile only": (
        {"ECRLAB_MODE": "aws", "ECRLAB_AWS_PROFILE": "course"},
        "ECRLAB_MODE: 'aws' can cost money and ECRLAB_AWS_ACCOUNT_ID is not set; "
        "name the profile and the account as well, or unset ECRLAB_MODE",
    ),
    "account of aws": (
        {"ECRLAB_MODE": "aws", "ECRLAB_AWS_PROFILE": "course", "ECRLAB_AWS_ACCOUNT_ID": "course"},
        "ECRLAB_AWS_ACCOUNT_ID: 'course' is not twelve digits; write it like '111122223333'",
    ),
    "region": (
        {"ECRLAB_REGION": "virginia"},
        "ECRLAB_REGION: 'virginia' is not spelled like a region; write it like 'us-east-1'",
    ),
    "account": (
        {"ECRLAB_ACCOUNT_ID": "1111-2222-3333"},
        "ECRLAB_ACCOUNT_ID: '1111-2222-3333' is not twelve digits; write it like '111122223333'",
    ),
    "strict": ({"ECRLAB_STRICT": "maybe"}, "ECRLAB_STRICT: 'maybe' is neither yes nor no; write 1 or 0"),
    "start": (
        {"ECRLAB_START": "tomorrow"},
        "ECRLAB_START: 'tomorrow' is no moment in ISO 8601; write it like 2026-11-02T09:00:00+00:00",
    ),
    "start without a timezone": (
        {"ECRLAB_START": "2026-11-02T09:00:00"},
        "ECRLAB_START: '2026-11-02T09:00:00' has no timezone; end it with Z or +00:00",
    ),
}


@pytest.mark.parametrize(("environ", "message"), BAD.values(), ids=BAD)
def test_error_a_bad_variable_is_named(environ, message):
    """Each bad variable gets its whole message."""
    with pytest.raises(InvalidInput) as failure:
        Settings.read(environ)

    assert message == str(failure.value)
