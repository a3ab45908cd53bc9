"""The authorization token: twelve hours, tied to who asked for it, and checkable."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from ecrlab.emulator.call import Answer, Call
from ecrlab.emulator.ids import derived_hex
from ecrlab.naming import RegistryHost

__all__ = ["OPERATIONS", "Expired", "NotOurs", "TokenVerdict", "Valid", "verify"]

LIFETIME = timedelta(hours=12)
_USER = "AWS"
_MOTO_EXPIRY = datetime(2015, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Valid:
    """The token is good: it acts for ``principal``, an access key id of ``account_id``, until ``expires_at``."""

    account_id: str
    region: str
    principal: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Expired:
    """The token was good until ``expires_at``."""

    expires_at: datetime


@dataclass(frozen=True, slots=True)
class NotOurs:
    """This emulator did not give the token out; ``reason`` says what is wrong with it."""

    reason: str


TokenVerdict = Valid | Expired | NotOurs


def get_authorization_token(call: Call) -> Answer:
    """Hand out a token for the caller, and for each registry the address to use it at."""
    registry_ids = call.parameters.get("registryIds") or [call.registry.account_id]
    return {"authorizationData": [_data(call, registry_id) for registry_id in registry_ids]}


def verify(token: str, now: datetime) -> TokenVerdict:
    """Judge a token as the registry door will: the base64 text of ``AWS:<password>``.

    Args:
        token: What follows ``Basic`` in the Authorization header.
        now: The moment of the request, timezone-aware.
    """
    try:
        user, _, password = base64.b64decode(token, validate=True).decode().partition(":")
        claims = json.loads(base64.urlsafe_b64decode(password))
        account_id, region, principal, stamp = (claims[name] for name in ("account", "region", "principal", "expires"))
        expires_at = datetime.fromisoformat(stamp)
        signature = claims["signature"]
    except (ValueError, KeyError, TypeError, binascii.Error):
        return NotOurs("it is not a token of this emulator")
    if user != _USER:
        return NotOurs(f"the user name is {_USER}, not '{user}'")
    if signature != _signature(account_id, region, principal, expires_at):
        return NotOurs("its signature does not fit its content")
    if now >= expires_at:
        return Expired(expires_at)
    return Valid(account_id, region, principal, expires_at)


def _data(call: Call, registry_id: str) -> Answer:
    host = RegistryHost(registry_id, call.registry.region)
    if not call.rules.tokens_expire:
        password, expires_at = f"{registry_id}-auth-token", _MOTO_EXPIRY
    else:
        expires_at = call.now + LIFETIME
        password = _password(call.account_id, call.registry.region, call.signed_with, expires_at)
    token = base64.b64encode(f"{_USER}:{password}".encode()).decode()
    return {"authorizationToken": token, "expiresAt": expires_at, "proxyEndpoint": f"https://{host}"}


def _password(account_id: str, region: str, principal: str, expires_at: datetime) -> str:
    claims = {
        "account": account_id,
        "region": region,
        "principal": principal,
        "expires": expires_at.isoformat(),
        "signature": _signature(account_id, region, principal, expires_at),
    }
    return base64.urlsafe_b64encode(json.dumps(claims).encode()).decode()


def _signature(account_id: str, region: str, principal: str, expires_at: datetime) -> str:
    """Seal the claims. No secret is involved: the seal notices damage, and nothing real stands behind the door."""
    return derived_hex("authorization token", account_id, region, principal, expires_at.isoformat())


OPERATIONS = {"GetAuthorizationToken": get_authorization_token}
