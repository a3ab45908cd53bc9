"""Reading from Amazon ECR and nothing else: each call is one of a closed list; a refusal is a value or an error."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from ecrlab.access import action_of
from ecrlab.errors import InvalidInput, RegistryError
from ecrlab.registry.refusals import refused

__all__ = ["ACTIONS_READ", "OPERATIONS", "Reading", "Unread", "unread_from"]

OPERATIONS = frozenset(
    {
        "BatchGetImage",
        "BatchGetRepositoryScanningConfiguration",
        "DescribeImageScanFindings",
        "DescribeImageSigningStatus",
        "DescribeImages",
        "DescribeRepositories",
        "GetLifecyclePolicy",
        "GetRegistryPolicy",
        "GetRegistryScanningConfiguration",
        "GetRepositoryPolicy",
        "GetSigningConfiguration",
        "ListImageReferrers",
    }
)
"""Every operation that this part ever calls. None of them changes anything."""

ACTIONS_READ = tuple(sorted({action for operation in OPERATIONS if (action := action_of(operation))}))
"""The IAM actions behind them."""

_DENIED = frozenset({"AccessDeniedException", "AccessDenied", "UnauthorizedOperation"})
_NOT_OFFERED = frozenset({"UnsupportedOperationException", "UnknownOperationException"})


@dataclass(frozen=True, slots=True)
class Unread:
    """Something that could not be read, and why.

    Args:
        operation: The call that was refused: ``GetRepositoryPolicy``.
        denied: Whether a permission is missing; otherwise the registry does not offer the operation.
        message: AWS's words.
    """

    operation: str
    denied: bool
    message: str

    @property
    def action(self) -> str:
        """The IAM action to ask for: ``ecr:GetRepositoryPolicy``."""
        return action_of(self.operation) or f"ecr:{self.operation}"

    @property
    def reason(self) -> str:
        """Why it is not known, in a sentence."""
        if self.denied:
            return f"AWS does not let this caller use `{self.action}`."
        return f"This registry does not offer {self.operation}."

    @property
    def way_out(self) -> str:
        """What to do about it."""
        return f"ask for `{self.action}` in an identity policy" if self.denied else "look there by other means"


class Reading:
    """Calls of one client that read, on behalf of one question.

    Args:
        client: A boto3 client of ECR, e.g. ``lab.client("ecr")``.
        place: What is being asked, for errors: ``findings of payments/api:1.0``.
        repository: The repository that it is about, for errors; empty if it is about several.

    Raises:
        InvalidInput: The client is no client of ECR.
    """

    def __init__(self, client: Any, place: str, repository: str = "") -> None:
        if not hasattr(client, "describe_image_scan_findings"):
            raise InvalidInput(place, f"a {type(client).__name__} is no ECR client", "hand over lab.client('ecr')")
        self._client = client
        self.place = place
        self.repository = repository

    @property
    def region(self) -> str:
        """The region that the client speaks to."""
        return str(self._client.meta.region_name)

    @property
    def client(self) -> Any:
        """The client itself, for readers of other parts."""
        return self._client

    def ask(self, operation: str, *, absent: Collection[str] = (), **parameters: Any) -> dict[str, Any] | None:
        """Make a call that must succeed.

        Args:
            operation: One of ``OPERATIONS``.
            absent: Error codes that mean that there is no such thing; the answer is then ``None``.
            parameters: What the operation takes.

        Raises:
            RegistryError: AWS refused with another code, or could not be reached; ``__cause__`` keeps botocore's error.
        """
        assert operation in OPERATIONS, operation
        try:
            answer: dict[str, Any] = getattr(self._client, _snake_case(operation))(**parameters)
        except ClientError as exc:
            error = exc.response.get("Error", {})
            code, message = error.get("Code", "Unknown"), error.get("Message", "")
            if code in absent:
                return None
            raise refused(self.place, operation, code, message, self.repository) from exc
        except BotoCoreError as exc:
            raise RegistryError(
                self.place, f"{operation} could not be called: {exc}", "check credentials, region and network"
            ) from exc
        return answer

    def attempt(
        self, operation: str, *, absent: Collection[str] = (), **parameters: Any
    ) -> dict[str, Any] | Unread | None:
        """Make a call that may be refused for want of a permission, or not be offered: that is a value.

        Raises:
            RegistryError: AWS refused for another reason.
        """
        try:
            return self.ask(operation, absent=absent, **parameters)
        except RegistryError as error:
            return unread_from(error)

    def pages(self, operation: str, **parameters: Any) -> Iterator[dict[str, Any]]:
        """Yield all pages of an answer.

        Raises:
            RegistryError: AWS refused, or could not be reached.
        """
        token: str | None = None
        while True:
            more = {"nextToken": token} if token else {}
            page = self.ask(operation, **parameters, **more) or {}
            yield page
            token = page.get("nextToken")
            if not token:
                return


def unread_from(error: RegistryError) -> Unread:
    """Return the refusal behind an error as a value.

    Raises:
        RegistryError: The error itself, if it is about something else than a permission or a missing operation.
    """
    cause = error.__cause__
    if isinstance(cause, ClientError):
        details = cause.response.get("Error", {})
        code = details.get("Code", "")
        if code in _DENIED | _NOT_OFFERED:
            return Unread(cause.operation_name, code in _DENIED, details.get("Message", ""))
    raise error


def _snake_case(operation: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", operation).lower()
