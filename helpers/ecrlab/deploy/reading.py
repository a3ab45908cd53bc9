"""One place where this part asks AWS: through a lab's clients, as the account's administrator."""

from __future__ import annotations

import re
from collections.abc import Container, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from ecrlab.cloud import Mock
from ecrlab.cloud.translate import aws_call, refusal_of
from ecrlab.errors import AccountMismatch, InvalidInput
from ecrlab.naming import partition_of

if TYPE_CHECKING:
    from ecrlab.cloud import Lab

__all__ = ["Account", "account_of", "ask", "attempt"]


class Account:
    """The clients with which one account is read: the lab's own, or in Mode Mock another account's.

    Args:
        lab: The open lab.
        account_id: Whose; the lab's own if it is empty.
        region: Where, by default the lab's region.
    """

    def __init__(self, lab: Lab, account_id: str = "", region: str = "") -> None:
        self.lab = lab
        self.account_id = account_id or lab.account_id
        self.region = region or lab.region

    @property
    def is_own(self) -> bool:
        """Whether it is the account in which the lab works."""
        return self.account_id == self.lab.account_id

    @contextmanager
    def client(self, service: str) -> Iterator[Any]:
        """Give a client of a service that signs as the account's administrator.

        Raises:
            AccountMismatch: A real account is another one than the lab's; from outside, nobody sees into it.
        """
        if self.is_own:
            with self.lab.administrator():
                yield self.lab.client(service, region=self.region)
            return
        if not isinstance(self.lab.mode, Mock):
            raise AccountMismatch(
                f"account {self.account_id}",
                f"the lab works in {self.lab.account_id} and cannot look into another real account",
                "name what belongs to the lab's account, or try it in Mode Mock",
            )
        root = f"arn:{partition_of(self.region)}:iam::{self.account_id}:root"
        with self.lab.act_as(root) as acting:
            yield acting.client(service, region=self.region)

    def ask(self, service: str, operation: str, subject: str, **parameters: Any) -> dict[str, Any]:
        """Make one call.

        Args:
            service: boto3's name.
            operation: AWS's name: ``DescribeSubnets``.
            subject: What it is about, for the error.
            parameters: As AWS spells them.

        Raises:
            AwsCallError: AWS refused.
        """
        with self.client(service) as client:
            return ask(client, operation, subject, **parameters)

    def attempt(
        self, service: str, operation: str, subject: str, *, absent: Container[str], **parameters: Any
    ) -> dict[str, Any] | None:
        """Make one call that may find nothing: a refusal with one of the codes in ``absent`` is ``None``."""
        with self.client(service) as client:
            return attempt(client, operation, subject, absent=absent, **parameters)


def account_of(lab: Lab, arn: str, region: str = "") -> Account:
    """Return the account that an ARN names.

    Raises:
        InvalidInput: It is no ARN.
    """
    parts = arn.split(":") if isinstance(arn, str) else []
    if len(parts) < 6:
        raise InvalidInput(f"ARN {arn!r}", "it is none", "write it like 'arn:aws:iam::111122223333:role/name'")
    return Account(lab, parts[4], region)


def ask(client: Any, operation: str, subject: str, **parameters: Any) -> dict[str, Any]:
    """Make one call with a client.

    Raises:
        AwsCallError: AWS refused.
    """
    with aws_call(operation, subject):
        answer: dict[str, Any] = getattr(client, _snake_case(operation))(**parameters)
    return answer


def attempt(
    client: Any, operation: str, subject: str, *, absent: Container[str], **parameters: Any
) -> dict[str, Any] | None:
    """Make one call with a client; a refusal with one of the codes in ``absent`` is ``None``.

    Raises:
        AwsCallError: AWS refused with another code.
    """
    with aws_call(operation, subject):
        try:
            answer: dict[str, Any] = getattr(client, _snake_case(operation))(**parameters)
        except ClientError as exc:
            code, _ = refusal_of(exc) or ("", "")
            if code in absent:
                return None
            raise
    return answer


def _snake_case(operation: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", operation).lower()
