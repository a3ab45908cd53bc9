"""Account settings: one value each, for one account in one Region."""

from __future__ import annotations

from collections.abc import Iterable

from ecrlab.emulator import errors
from ecrlab.emulator.account_settings import ACCOUNT_SETTINGS
from ecrlab.emulator.call import Answer, Call

__all__ = ["OPERATIONS"]


def get_account_setting(call: Call) -> Answer:
    """Return the value of a setting, the first of those that it can have if nobody has set it."""
    name = _name(call)
    return {"name": name, "value": call.registry.account_settings[name]}


def put_account_setting(call: Call) -> Answer:
    """Give a setting a value. Older values, such as the CLAIR of basic scanning, are refused."""
    name, value = _name(call), call.parameters["value"]
    if value not in ACCOUNT_SETTINGS[name]:
        raise errors.invalid_parameter("value", _one_of(ACCOUNT_SETTINGS[name]))
    call.registry.account_settings[name] = value
    return {"name": name, "value": value}


def _name(call: Call) -> str:
    """Return the name of a setting. Guess: the code and the sentence for others; the model only limits their length."""
    name: str = call.parameters["name"]
    if name not in ACCOUNT_SETTINGS:
        raise errors.invalid_parameter("name", _one_of(ACCOUNT_SETTINGS))
    return name


def _one_of(values: Iterable[str]) -> str:
    return f"Member must satisfy enum value set: [{', '.join(values)}]"


OPERATIONS = {"GetAccountSetting": get_account_setting, "PutAccountSetting": put_account_setting}
