"""The one way in: a request to Amazon ECR Public becomes a checked call on the right registry."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from ecrlab.emulator.call import Answer, Call
from ecrlab.emulator.errors import unsupported_operation
from ecrlab.emulator.model import checked
from ecrlab.emulator.public import errors
from ecrlab.emulator.public.operations import OPERATIONS
from ecrlab.emulator.public.state import HOME, PublicRegistry
from ecrlab.emulator.rules import STRICT

__all__ = ["HOME", "answer"]


def answer(
    operation: str,
    parameters: Mapping[str, Any],
    *,
    region: str,
    caller: PublicRegistry,
    find: Callable[[str], PublicRegistry | None],
    principal: str,
    now: datetime,
) -> Answer:
    """Answer one request. Policies do not decide about callers yet.

    Args:
        operation: AWS's name, e.g. ``PutImage``.
        parameters: The request as JSON gives it.
        region: Of the endpoint. Guess: us-west-2 refuses all operations, as it is known to refuse two.
        caller: The registry of the calling account.
        find: Finds a registry by account id or alias.
        principal: Who calls, as an access key id.
        now: Timezone-aware.

    Raises:
        EcrError: What AWS would answer instead.
    """
    if region != HOME:
        raise errors.unsupported_command(operation)
    if operation not in OPERATIONS:
        raise unsupported_operation(operation)
    request = checked(operation, parameters, limits=True, service="ecr-public")
    named = request.get("registryId")
    registry = find(named) if named else caller
    if registry is None:
        raise errors.registry_not_found(str(named))
    return OPERATIONS[operation](
        Call(operation, request, registry, caller.account_id, principal, principal, now, STRICT)
    )
