"""Whose pulls count: principals on this list leave the last recorded pull time of an image alone.

So a scanner that pulls everything every night does not keep everything alive.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from datetime import datetime, timedelta

from ecrlab.emulator import errors, paging
from ecrlab.emulator.call import Answer, Call
from ecrlab.emulator.state import Image

__all__ = ["OPERATIONS", "record_pull"]

_DEFAULT_PAGE = 100
_MOST_EXCLUSIONS = 100  # Amazon ECR User Guide, pull time update exclusions
_ROLE_OR_USER = re.compile(r"arn:[^:]+:(?:iam|sts)::([0-9]{12}):(role|user|assumed-role)/(.+)")
_STEP = timedelta(hours=24)  # the model: lastRecordedPullTime is refreshed at least once in 24 hours


def register_pull_time_update_exclusion(call: Call) -> Answer:
    """Put a role or a user on the list."""
    principal, exclusions = call.parameters["principalArn"], call.registry.pull_time_exclusions
    if principal in exclusions:
        raise errors.exclusion_already_exists(principal, call.registry.account_id)
    if len(exclusions) >= _MOST_EXCLUSIONS:
        raise errors.limit_exceeded(f"A registry has at most {_MOST_EXCLUSIONS} pull time update exclusions")
    exclusions[principal] = call.now
    return {"principalArn": principal, "createdAt": call.now}


def deregister_pull_time_update_exclusion(call: Call) -> Answer:
    """Take a principal off the list."""
    principal, exclusions = call.parameters["principalArn"], call.registry.pull_time_exclusions
    if principal not in exclusions:
        raise errors.exclusion_not_found(principal, call.registry.account_id)
    del exclusions[principal]
    return {"principalArn": principal}


def list_pull_time_update_exclusions(call: Call) -> Answer:
    """List the principals in the order of their ARNs, page by page. Guess: AWS's order is not documented."""
    scope = (call.operation, call.registry.account_id, call.registry.region)
    token = call.parameters.get("nextToken")
    principals = sorted(call.registry.pull_time_exclusions)
    if token:
        (after,) = paging.decode_token(token, *scope)
        principals = principals[bisect_right(principals, str(after)) :]
    numbered = (((principal,), principal) for principal in principals)
    listed, next_token = paging.page(numbered, call.parameters.get("maxResults", _DEFAULT_PAGE), *scope)
    return {"pullTimeUpdateExclusions": listed, "nextToken": next_token}


def record_pull(call: Call, image: Image) -> None:
    """Note that an image was pulled, unless the list or a pull in the last 24 hours makes it of no account."""
    if _is_recent(image.last_pulled_at, call.now) or _is_excluded(call):
        return
    image.last_pulled_at = call.now


def _is_recent(pulled_at: datetime | None, now: datetime) -> bool:
    return pulled_at is not None and now - pulled_at < _STEP


def _is_excluded(call: Call) -> bool:
    caller = _identity(call.principal)
    return caller is not None and any(caller == _identity(listed) for listed in call.registry.pull_time_exclusions)


def _identity(principal: str) -> tuple[str, str, str] | None:
    """Return account, kind and name of a role or user, or of the role behind a session.

    The ARN of a session leaves out the path of its role; no account has two roles, or two users, of one name. An access
    key, a service or a root user is on no list: ``None``.
    """
    match = _ROLE_OR_USER.fullmatch(principal)
    if match is None:
        return None
    account, kind, names = match.groups()
    if kind == "assumed-role":
        return account, "role", names.partition("/")[0]
    return account, kind, names.rpartition("/")[2]


OPERATIONS = {
    "DeregisterPullTimeUpdateExclusion": deregister_pull_time_update_exclusion,
    "ListPullTimeUpdateExclusions": list_pull_time_update_exclusions,
    "RegisterPullTimeUpdateExclusion": register_pull_time_update_exclusion,
}
