"""Acting as somebody else: a lab's clients sign as a user, a role or another account until it is over."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from ecrlab.cards import Card, ShownAs, Tone

if TYPE_CHECKING:
    from ecrlab.emulator.moto_identities import Keys

__all__ = ["Acting"]


class Acting(ShownAs):
    """Somebody as whom a lab acts. Made by ``lab.act_as``; over with ``close()``, or at the end of a ``with`` block.

    Attributes:
        arn: The caller as AWS names it: for a role the ARN of its session.
    """

    def __init__(
        self, keys: Keys, make_client: Callable[..., Any], region: str, on_close: Callable[[Acting], None]
    ) -> None:
        self.arn = keys.arn
        self._keys = keys
        self._make_client = make_client
        self._region = region
        self._on_close = on_close

    def client(self, service: str, *, region: str | None = None) -> Any:
        """Return a client that signs as this caller for good, whoever the lab acts as later.

        Args:
            service: boto3's name: ``"ecr"``, ``"iam"``, ``"sts"``, …
            region: Another region than the lab's.
        """
        return self._make_client(
            service,
            region_name=region or self._region,
            aws_access_key_id=self._keys.access_key_id,
            aws_secret_access_key=self._keys.secret_access_key,
            aws_session_token=self._keys.session_token,
        )

    def close(self) -> None:
        """Be again who the lab was before. Closing twice is fine."""
        self._on_close(self)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _shown(self) -> Card:
        """Return who acts, and how it ends."""
        return Card(
            "The lab acts as somebody else",
            facts=[("Caller", self.arn)],
            body=["Its clients sign as this caller until `lab.act_as(None)`, or until the end of the `with` block."],
            tone=Tone.WAITING,
        )
