"""Roles that a request hands to ECR, for creation templates and cache rules."""

from __future__ import annotations

import re

from ecrlab.emulator import errors
from ecrlab.emulator.authorizing import decide_elsewhere
from ecrlab.emulator.call import Call

__all__ = ["passed_role"]

_ROLE = re.compile(r"arn:aws[a-z-]*:iam::(?P<account>[0-9]{12}):role/.+")


def passed_role(call: Call) -> str | None:
    """Return ``customRoleArn`` of a request, ``None`` if there is none. Whether IAM has the role is not asked.

    Raises:
        EcrError: InvalidParameterException for what is no role of the registry's account (the fact is in the service
            model, its sentence a guess); AccessDeniedException for a caller who may not pass it.
    """
    arn: str | None = call.parameters.get("customRoleArn")
    if arn is None:
        return None
    role = _ROLE.fullmatch(arn)
    if role is None or role["account"] != call.registry.account_id:
        raise errors.invalid_parameter("customRoleArn", "Role must be in the same account as the registry")
    if call.caller is not None and not call.caller.is_administrator:
        decision = decide_elsewhere(call.caller, "iam:PassRole", arn, call.registry, call.now)
        if not decision.allowed:
            raise errors.access_denied(decision.aws_message)
    return arn
