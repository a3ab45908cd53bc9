"""A login token is good for twelve hours and never shown."""

import base64
from datetime import datetime, timedelta

import pytest
from botocore.stub import Stubber
from ecrlab import registry
from ecrlab.clock import START
from ecrlab.errors import CredentialsExpired, EcrLabError, InvalidInput, RegistryError

HOST = "123456789012.dkr.ecr.us-east-1.amazonaws.com"


def test_a_token_is_good_for_twelve_hours(ecr, clock):
    """User name AWS, the registry's host, and twelve hours from now."""
    credentials = registry.login(ecr, now=clock.now())
    assert ("AWS", HOST, START + timedelta(hours=12)) == (
        credentials.username,
        credentials.registry,
        credentials.expires_at,
    )
    assert timedelta(hours=12) == credentials.remaining(clock.now())
    clock.advance(hours=11, minutes=59)
    credentials.check(clock.now())


def test_error_expired_token(ecr, clock):
    """After twelve hours a check says for how long the token has been dead."""
    credentials = registry.login(ecr, now=clock.now())
    clock.advance(hours=13.5)
    with pytest.raises(CredentialsExpired) as caught:
        credentials.check(clock.now())
    wanted = (
        f"login to {HOST}: the token expired 1.5 h ago, 2026-11-02 21:00 UTC; "
        "log in again: a token is good for 12 hours"
    )
    assert wanted == str(caught.value)


def test_the_password_is_never_shown(ecr, clock):
    """Neither repr, nor text, nor HTML, nor Markdown holds it."""
    credentials = registry.login(ecr, now=clock.now())
    forms = (repr(credentials), str(credentials), credentials._repr_html_(), credentials._repr_markdown_())
    assert credentials.password
    assert not any(credentials.password in form for form in forms)


def _answer(token):
    expires = START + timedelta(hours=12)
    data = {"authorizationToken": token, "expiresAt": expires, "proxyEndpoint": f"https://{HOST}"}
    return lambda stub: stub.add_response("get_authorization_token", {"authorizationData": [data]})


BAD = {
    "not base64": (_answer("§§§"), RegistryError, "login: the token is not base64 of text; try again"),
    "no colon": (
        _answer(base64.b64encode(b"AWS").decode()),
        RegistryError,
        "login: the token holds no user name and password; try again",
    ),
    "credentials expired": (
        lambda stub: stub.add_client_error("get_authorization_token", "ExpiredTokenException", "expired"),
        RegistryError,
        "login: the AWS credentials have expired (ExpiredTokenException from GetAuthorizationToken); "
        "renew your AWS credentials and make a new client",
    ),
}


@pytest.mark.parametrize(("prepare", "kind", "message"), BAD.values(), ids=BAD)
def test_error_login(ecr, clock, prepare, kind, message):
    """What AWS answers instead of a token is one clear line."""
    with Stubber(ecr) as stub:
        prepare(stub)
        with pytest.raises(EcrLabError) as caught:
            registry.login(ecr, now=clock.now())
    assert (kind, message) == (type(caught.value), str(caught.value))


def test_error_login_without_a_client(clock):
    """Anything but an ECR client is refused."""
    with pytest.raises(InvalidInput) as caught:
        registry.login("ecr", now=clock.now())
    assert "login: a str is no ECR client; hand over lab.client('ecr')" == str(caught.value)


def test_error_moment_without_timezone(ecr):
    """A naive time cannot be compared with an expiry."""
    with pytest.raises(InvalidInput) as caught:
        registry.login(ecr, now=datetime(2026, 11, 2, 9))  # noqa: DTZ001
    assert "now: 2026-11-02T09:00:00 has no timezone; use lab.clock.now()" == str(caught.value)
