"""One conversation with ECR: every request is recorded, every refusal becomes one clear line."""

from __future__ import annotations

import re
from collections.abc import Container
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from ecrlab.errors import InvalidInput, RegistryError
from ecrlab.naming import RepositoryName
from ecrlab.registry.refusals import refused
from ecrlab.registry.report import Call

if TYPE_CHECKING:
    from mypy_boto3_ecr import ECRClient

__all__ = ["Conversation", "Refusal", "check_client"]


@dataclass(frozen=True, slots=True)
class Refusal:
    """An error code of AWS that the caller is prepared for."""

    code: str
    message: str


def check_client(client: object, verb: str, progress: object = None) -> None:
    """Refuse anything that is not a boto3 client of ECR, and a progress that cannot be called.

    Raises:
        InvalidInput: The client has no ``put_image``, or ``progress`` is neither a function nor ``None``.
    """
    if progress is not None and not callable(progress):
        raise InvalidInput(verb, f"progress={progress!r} is no function", "hand over show.progress_bar(), or nothing")
    if not hasattr(client, "put_image"):
        raise InvalidInput(verb, f"a {type(client).__name__} is no ECR client", "hand over lab.client('ecr')")


@dataclass(slots=True)
class Conversation:
    """Calls on behalf of one push or pull, in order.

    Args:
        client: A boto3 client of ECR.
        place: What is being done, for errors: ``push to payments/api:1.0``.
        repository: The repository that every call is about.
    """

    client: ECRClient
    place: str
    repository: RepositoryName
    calls: list[Call] = field(default_factory=list)

    def ask(self, call: Call, **parameters: Any) -> dict[str, Any]:
        """Make a call; its row is recorded before the answer is known.

        Raises:
            RegistryError: AWS refused, or could not be reached; ``__cause__`` keeps botocore's error.
        """
        answer = self.attempt(call, prepared_for=(), **parameters)
        assert isinstance(answer, dict)  # a refusal that nobody is prepared for has been raised
        return answer

    def attempt(self, call: Call, *, prepared_for: Container[str], **parameters: Any) -> dict[str, Any] | Refusal:
        """Make a call that may be refused with one of these codes; such a refusal is a value.

        Raises:
            RegistryError: AWS refused with another code, or could not be reached.
        """
        self.calls.append(call)
        method = getattr(self.client, _snake_case(call.operation))
        try:
            response: dict[str, Any] = method(repositoryName=str(self.repository), **parameters)
        except ClientError as exc:
            error = exc.response["Error"]
            code, message = error.get("Code", "Unknown"), error.get("Message", "")
            if code in prepared_for:
                return Refusal(code, message)
            raise refused(self.place, call.operation, code, message, str(self.repository)) from exc
        except BotoCoreError as exc:
            raise RegistryError(
                self.place, f"{call.operation} could not be called: {exc}", "check credentials, region and network"
            ) from exc
        return response

    def note(self, result: str) -> None:
        """Write the answer into the row of the last call."""
        self.calls[-1] = replace(self.calls[-1], result=result)

    def record(self, call: Call) -> None:
        """Add a request that did not go to the ECR API."""
        self.calls.append(call)


def _snake_case(operation: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", operation).lower()
