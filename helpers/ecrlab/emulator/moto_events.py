"""Where events leave for moto's EventBridge: the default event bus of the registry's account and region."""

from __future__ import annotations

import copy
import sys
import warnings
from typing import Any

from ecrlab.emulator.events import Event

__all__ = ["deliver"]


def deliver(event: Event, event_id: str, *, account_id: str, region: str) -> None:
    """Hand an event to every rule that is enabled and whose pattern matches, as EventBridge does.

    A rule on a schedule gets none. moto knows queues, log groups, archives and other buses; a target that it does not
    know, or that is not there, gets a warning, and the other rules get the event all the same. A target that asks for
    a transformation, and an archive, need the package jsonpath-ng, since moto does.

    Args:
        event: What happened.
        event_id: Its identifier, a UUID.
        account_id: Of the registry.
        region: Of the registry.
    """
    models = sys.modules.get("moto.events.models")
    if models is None:
        return  # nobody has made a rule
    bus = models.events_backends[account_id][region].event_buses["default"]
    message = _message(event, event_id, account_id, region)
    for rule in list(bus.rules.values()):
        if rule.state != "DISABLED" and rule.event_pattern.get_pattern():
            _send(rule, message)


def _message(event: Event, event_id: str, account_id: str, region: str) -> dict[str, Any]:
    """Return the envelope in moto's form: it writes times itself, from seconds since 1970."""
    return {
        "version": "0",
        "id": event_id,
        "detail-type": event.detail_type,
        "source": event.source,
        "account": account_id,
        "time": event.at.timestamp(),
        "region": region,
        "resources": list(event.resources),
        "detail": dict(event.detail),
    }


def _send(rule: Any, message: dict[str, Any]) -> None:
    """Send to the targets of a rule; left to itself, moto would leave the account out of an event."""
    from moto.core.exceptions import ServiceException
    from werkzeug.exceptions import HTTPException

    is_transformed = any("InputTransformer" in target for target in rule.targets)
    sent = copy.deepcopy(message) | ({"ingestion-time": message["time"]} if is_transformed else {})
    try:
        rule.send_to_targets(sent, transform_input=is_transformed)
    except (ImportError, NotImplementedError, HTTPException, ServiceException) as fault:
        warnings.warn(
            f"EventBridge rule '{rule.name}': moto could not hand over an event '{message['detail-type']}' ({fault}); "
            "use a queue or a log group that exists as its target, without a transformation",
            stacklevel=2,
        )
