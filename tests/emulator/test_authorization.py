"""The authorization token: twelve hours on the lab's clock, tied to who asked, and checkable."""

from __future__ import annotations

import base64
from datetime import timedelta

import boto3
import pytest
from client_world import ACCOUNT
from ecrlab.clock import START
from ecrlab.emulator.operations.authorization import Expired, NotOurs, Valid, verify
from hypothesis import given
from hypothesis import strategies as st


@pytest.fixture
def data(ecr):
    """The authorizationData for the caller."""
    (entry,) = ecr.get_authorization_token()["authorizationData"]
    return entry


def test_a_token_is_a_user_and_a_password(data):
    """Base64 of ``AWS:<password>``, for the registry of the account and region."""
    user, _, password = base64.b64decode(data["authorizationToken"]).decode().partition(":")
    assert ("AWS", True) == (user, len(password) > 100)
    assert f"https://{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com" == data["proxyEndpoint"]


def test_a_token_lives_for_twelve_hours(data, clock):
    """To the second."""
    expiry = START + timedelta(hours=12)
    assert expiry == data["expiresAt"]
    verdicts = [verify(data["authorizationToken"], expiry - timedelta(seconds=1))]
    verdicts.append(verify(data["authorizationToken"], expiry))
    assert [Valid, Expired] == [type(verdict) for verdict in verdicts]
    assert Valid(ACCOUNT, "us-east-1", verdicts[0].principal, expiry) == verdicts[0]


def test_a_token_belongs_to_its_caller(world):
    """Another access key, region or moment gives another token; the same ones give the same."""

    def token(region="us-east-1", key="AKIAIOSFODNN7EXAMPLE"):
        client = boto3.client("ecr", region_name=region, aws_access_key_id=key, aws_secret_access_key="x")
        return client.get_authorization_token()["authorizationData"][0]["authorizationToken"]

    first = token()
    assert "AKIAIOSFODNN7EXAMPLE" == verify(first, START).principal
    assert first == token()
    world.clock.advance(seconds=1)
    others = {token(), token("eu-west-1"), token(key="AKIAI44QH8DHBEXAMPLE")}
    assert 4 == len(others | {first})


def test_each_named_registry_has_its_address(ecr):
    """RegistryIds is deprecated and still answered."""
    entries = ecr.get_authorization_token(registryIds=["111122223333", "444455556666"])["authorizationData"]
    assert [f"https://{account}.dkr.ecr.us-east-1.amazonaws.com" for account in ("111122223333", "444455556666")] == [
        entry["proxyEndpoint"] for entry in entries
    ]


@given(st.text() | st.binary().map(lambda data: base64.b64encode(data).decode()))
def test_nothing_else_is_a_token(text):
    """A verdict, not an exception, whatever comes in."""
    assert isinstance(verify(text, START), NotOurs)


def test_a_changed_token_is_not_ours(data):
    """The claims are sealed."""
    user, _, password = base64.b64decode(data["authorizationToken"]).decode().partition(":")
    claims = base64.urlsafe_b64decode(password).replace(ACCOUNT.encode(), b"999999999999")
    forged = base64.b64encode(f"{user}:{base64.urlsafe_b64encode(claims).decode()}".encode()).decode()
    assert NotOurs("its signature does not fit its content") == verify(forged, START)
    renamed = base64.b64encode(f"root:{password}".encode()).decode()
    assert NotOurs("the user name is AWS, not 'root'") == verify(renamed, START)
