"""The password that Docker and its kin need: from GetAuthorizationToken, good for twelve hours."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from ecrlab.cards import Card, Tone
from ecrlab.errors import CredentialsExpired, InvalidInput, RegistryError
from ecrlab.oci.shown import Shown
from ecrlab.registry.client import check_client
from ecrlab.registry.refusals import refused

if TYPE_CHECKING:
    from mypy_boto3_ecr import ECRClient

__all__ = ["Credentials", "login"]


@dataclass(frozen=True, slots=True, repr=False)
class Credentials(Shown):
    """What ``docker login`` asks for.

    Args:
        username: Always ``AWS``.
        password: Never shown; its length is not fixed.
        registry: Host of the registry that they are for.
        expires_at: Timezone-aware; twelve hours after they were made.
    """

    username: str
    password: str = field(repr=False)
    registry: str
    expires_at: datetime

    def remaining(self, now: datetime) -> timedelta:
        """Return how long they are still good; negative once they are not.

        Raises:
            InvalidInput: ``now`` carries no timezone.
        """
        if not isinstance(now, datetime):
            raise InvalidInput("now", f"{now!r} is no moment", "use lab.clock.now()")
        if now.tzinfo is None:
            raise InvalidInput("now", f"{now.isoformat()} has no timezone", "use lab.clock.now()")
        return self.expires_at - now

    def check(self, now: datetime) -> None:
        """Raise if they are no longer good.

        Raises:
            CredentialsExpired: Their time is over; the message says for how many hours.
            InvalidInput: ``now`` carries no timezone.
        """
        left = self.remaining(now)
        if left <= timedelta(0):
            raise CredentialsExpired(
                f"login to {self.registry}",
                f"the token expired {-left / timedelta(hours=1):.1f} h ago, {self.expires_at:%Y-%m-%d %H:%M} UTC",
                "log in again: a token is good for 12 hours",
            )

    def card(self) -> Card:
        """Return everything but the password."""
        facts = (
            ("registry", f"`{self.registry}`"),
            ("user name", f"`{self.username}`"),
            ("password", f"not shown ({len(self.password):,} characters)"),
            ("expires", f"{self.expires_at:%Y-%m-%d %H:%M} UTC"),
        )
        return Card("Registry credentials", facts, tone=Tone.NOTE)

    def __repr__(self) -> str:
        return f"<Credentials {self.username}:*** for {self.registry} until {self.expires_at:%Y-%m-%d %H:%M} UTC>"


def login(client: ECRClient, *, now: datetime) -> Credentials:
    """Ask ECR for a login token.

    Args:
        client: A boto3 client of ECR.
        now: The moment of the login, timezone-aware: ``lab.clock.now()``.

    Raises:
        InvalidInput: No ECR client, or ``now`` carries no timezone.
        RegistryError: AWS refused, or its answer is no token.
        CredentialsExpired: The token is over already: the clocks of client and service disagree.
    """
    check_client(client, "login")
    try:
        data = client.get_authorization_token()["authorizationData"][0]
    except ClientError as exc:
        error = exc.response["Error"]
        code, message = error.get("Code", "Unknown"), error.get("Message", "")
        raise refused("login", "GetAuthorizationToken", code, message, "") from exc
    except BotoCoreError as exc:
        raise RegistryError("login", f"GetAuthorizationToken could not be called: {exc}", "check credentials") from exc
    username, password = _decoded(data["authorizationToken"])
    credentials = Credentials(
        username, password, data["proxyEndpoint"].removeprefix("https://"), data["expiresAt"].astimezone(UTC)
    )
    credentials.check(now)
    return credentials


def _decoded(token: str) -> tuple[str, str]:
    """Split ``base64("AWS:<password>")``."""
    try:
        username, colon, password = base64.b64decode(token, validate=True).decode().partition(":")
    except ValueError as exc:  # not ASCII, not base64, or not text inside
        raise RegistryError("login", "the token is not base64 of text", "try again") from exc
    if not colon:
        raise RegistryError("login", "the token holds no user name and password", "try again")
    return username, password
