"""The one way in: a request becomes a checked call on the right registry, and its answer or its error comes back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ecrlab.access import Decision
from ecrlab.clock import Clock
from ecrlab.emulator import errors, signing_runs, together
from ecrlab.emulator.authorizing import Caller, decisions
from ecrlab.emulator.call import Answer, Call
from ecrlab.emulator.model import checked
from ecrlab.emulator.operations import OPERATIONS
from ecrlab.emulator.rules import Rules
from ecrlab.emulator.state import Registry

__all__ = ["answer"]


def answer(
    operation: str,
    parameters: Mapping[str, Any],
    *,
    caller: Registry,
    principal: str,
    caller_of: Callable[[str], Caller | None],
    on_refusal: Callable[[Decision], None],
    registry_of: Callable[[str], Registry],
    clock: Clock,
    rules: Rules,
    registries: Callable[[], Iterable[Registry]] = tuple,
) -> Answer:
    """Answer one request.

    Args:
        operation: AWS's name, e.g. ``PutImage``.
        parameters: The request as JSON gives it.
        caller: The registry of the calling account in the region of the endpoint.
        principal: Who calls, as an access key id or an ARN.
        caller_of: Finds who signs with a principal's key; ``None`` is somebody unknown, who is let through.
        on_refusal: Told of a decision that keeps the caller out.
        registry_of: Finds the registry of another account in the same region.
        clock: Asked once.
        rules: What is strict and what is relaxed.
        registries: Finds all that live beside the one that is asked, and may send it images; by default there are none.

    Raises:
        EcrError: What AWS would answer instead.
    """
    if operation not in OPERATIONS:
        raise errors.unsupported_operation(operation)
    request = checked(operation, parameters, limits=rules.model_limits)
    if operation == "BatchDeleteImage" and not rules.registry_id_selects_registry:
        request.pop("registryId", None)
    registry_id = request.get("registryId") if rules.registry_id_selects_registry else None
    registry, now = registry_of(registry_id) if registry_id else caller, clock.now()
    known = caller_of(principal) if rules.access_is_decided else None
    if known is not None and not known.is_administrator:
        _refuse_what_is_denied(decisions(known, operation, request, registry, now), on_refusal)
    # Whoever asks how signing stands, and asks at once, finds it in progress.
    signing_runs.finish(registry, begun_before=now if operation == "DescribeImageSigningStatus" else None)
    together.catch_up(lambda: dict.fromkeys([*registries(), registry]), now, engines_are_ours=rules.engines_are_ours)
    call = Call(
        operation,
        request,
        registry=registry,
        account_id=caller.account_id,
        principal=known.principal.arn if known else principal,
        signed_with=principal,
        now=now,
        rules=rules,
        caller=known,
    )
    return OPERATIONS[operation](call)


def _refuse_what_is_denied(made: Iterable[Decision], on_refusal: Callable[[Decision], None]) -> None:
    for decision in made:
        if not decision.allowed:
            on_refusal(decision)
            raise errors.access_denied(decision.aws_message)
