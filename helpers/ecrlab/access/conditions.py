"""Conditions: the operators of IAM, and what holds when a key is missing or has several values.

Source: IAM User Guide, "IAM JSON policy elements: Condition operators" and "Conditions with multiple context keys or
values". In one sentence each: a missing key fails an operator, but not a negated one (``…Not…``) nor one with
``IfExists``; of several values in the policy one has to fit; ``ForAllValues`` asks every value of the request and is
content if there is none, ``ForAnyValue`` asks for one and is not.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from operator import eq, ge, gt, le, lt
from types import MappingProxyType
from typing import Any

from ecrlab.access.matching import Parts, arn_matcher, matcher
from ecrlab.access.policy import Condition, Quantifier
from ecrlab.access.variables import Lookup, expand

__all__ = ["OPERATORS", "Operator", "holds"]


@dataclass(frozen=True, slots=True)
class Operator:
    """One condition operator.

    Args:
        fits: Says whether a value of the request fits a value of the policy (as parts, see ``matching``).
        negated: The operator holds if nothing fits.
        takes_variables: Whether ``${…}`` in its values is a policy variable.
        expects: What a value in the policy has to be, for the reader: "a number".
        accepts: Whether a value of the policy is that.
        words: What to say after "is": ``aws:SourceIp`` is *in* ``203.0.113.0/24``; empty for equality.
    """

    fits: Callable[[Parts, str], object]
    negated: bool
    takes_variables: bool
    expects: str
    accepts: Callable[[str], object]
    words: str


def _string(parts: Parts, value: str) -> bool:
    return "".join(parts) == value


def _string_ignoring_case(parts: Parts, value: str) -> bool:
    return "".join(parts).casefold() == value.casefold()


def _like(parts: Parts, value: str) -> object:
    return matcher(parts)(value)


def _arn(parts: Parts, value: str) -> object:
    return arn_matcher(parts)(value)


def _bool(parts: Parts, value: str) -> bool:
    return parts[0].lower() == value.lower()


_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")
_SECONDS = re.compile(r"[0-9]+(\.[0-9]+)?")


@lru_cache(maxsize=1024)
def _number(text: str) -> Decimal | None:
    return Decimal(text) if _NUMBER.fullmatch(text) else None


@lru_cache(maxsize=1024)
def _moment(text: str) -> datetime | None:
    """Read a date of ISO 8601, UTC unless it says otherwise, or seconds since 1970."""
    try:
        if _SECONDS.fullmatch(text) and len(text) != 4:
            return datetime.fromtimestamp(float(text), UTC)
        moment = datetime.fromisoformat(f"{text}-01-01" if len(text) == 4 else text)
    except (ValueError, OverflowError, OSError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


@lru_cache(maxsize=1024)
def _network(text: str) -> IPv4Network | IPv6Network | None:
    try:
        return ip_network(text, strict=False)
    except ValueError:
        return None


@lru_cache(maxsize=1024)
def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(text)
    except ValueError:
        return None


def _in_network(parts: Parts, value: str) -> bool:
    network, address = _network(parts[0]), _address(value)
    return network is not None and address is not None and address in network


@lru_cache(maxsize=1024)
def _bytes(text: str) -> bytes | None:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None


def _compared(read: Callable[[str], Any], compare: Callable[[Any, Any], bool]) -> Callable[[Parts, str], bool]:
    """Compare what two texts mean; a text that means nothing fits nothing."""

    def fits(parts: Parts, value: str) -> bool:
        ours, theirs = read(value), read(parts[0])
        return ours is not None and theirs is not None and compare(ours, theirs)

    return fits


def _is_truth(text: str) -> bool:
    return text.lower() in ("true", "false")


def _is_arn_pattern(text: str) -> bool:
    return text == "*" or text.startswith(("arn:", "${")) or text.partition(":")[0] in ("*", "ar*", "arn*", "a*")


def _table() -> dict[str, Operator]:
    table: dict[str, Operator] = {}

    def add(name: str, fits: Callable[[Parts, str], object], kind: tuple[Any, ...], words: str) -> None:
        variables, expects, accepts = kind
        negated = "Not" in name
        table[name] = Operator(fits, negated, variables, expects, accepts, words)

    text = (True, "text", lambda _: True)
    arn = (True, "an ARN or a pattern of one", _is_arn_pattern)
    number = (False, "a number", lambda value: _number(value) is not None)
    date = (False, "a date such as 2026-01-31T00:00:00Z", lambda value: _moment(value) is not None)
    network = (False, "an address or a range such as 203.0.113.0/24", lambda value: _network(value) is not None)

    add("StringEquals", _string, text, "")
    add("StringNotEquals", _string, text, "not")
    add("StringEqualsIgnoreCase", _string_ignoring_case, text, "")
    add("StringNotEqualsIgnoreCase", _string_ignoring_case, text, "not")
    add("StringLike", _like, text, "like")
    add("StringNotLike", _like, text, "not like")
    add("ArnEquals", _arn, arn, "like")
    add("ArnNotEquals", _arn, arn, "not like")
    add("ArnLike", _arn, arn, "like")
    add("ArnNotLike", _arn, arn, "not like")
    for kind_name, read, kind, than in (("Numeric", _number, number, "less"), ("Date", _moment, date, "earlier")):
        more = {"less": "greater", "earlier": "later"}[than]
        add(f"{kind_name}Equals", _compared(read, eq), kind, "")
        add(f"{kind_name}NotEquals", _compared(read, eq), kind, "not")
        add(f"{kind_name}LessThan", _compared(read, lt), kind, f"{than} than")
        add(f"{kind_name}LessThanEquals", _compared(read, le), kind, f"not {more} than")
        add(f"{kind_name}GreaterThan", _compared(read, gt), kind, f"{more} than")
        add(f"{kind_name}GreaterThanEquals", _compared(read, ge), kind, f"not {than} than")
    add("Bool", _bool, (False, "true or false", _is_truth), "")
    add("BinaryEquals", _compared(_bytes, eq), (False, "base64", lambda value: _bytes(value) is not None), "")
    add("IpAddress", _in_network, network, "in")
    add("NotIpAddress", _in_network, network, "not in")
    add("Null", _bool, (False, "true or false", _is_truth), "")
    return table


OPERATORS: Mapping[str, Operator] = MappingProxyType(_table())
"""Every operator by its name, without ``IfExists`` and without a quantifier."""


def holds(condition: Condition, lookup: Lookup, *, variables: bool) -> bool:
    """Say whether a condition holds.

    Args:
        condition: Operator, key and the policy's values.
        lookup: The keys of the request.
        variables: Whether ``${…}`` in values of the policy is replaced.
    """
    found = lookup(condition.key) or ()
    if condition.operator == "Null":
        return any((value.lower() == "true") is not bool(found) for value in condition.values)
    operator = OPERATORS[condition.operator]
    if not found:
        return _without_the_key(condition, operator)
    wanted = _wanted(condition, operator, lookup if variables else None)
    fits, negated = operator.fits, operator.negated
    match condition.quantifier:
        case Quantifier.NONE:
            return any(fits(parts, value) for value in found for parts in wanted) is not negated
        case Quantifier.ALL:
            return all(any(fits(parts, value) for parts in wanted) is not negated for value in found)
        case Quantifier.ANY:
            return any(any(fits(parts, value) for parts in wanted) is not negated for value in found)


def _without_the_key(condition: Condition, operator: Operator) -> bool:
    if condition.if_exists or condition.quantifier is Quantifier.ALL:
        return True
    return operator.negated and condition.quantifier is Quantifier.NONE


def _wanted(condition: Condition, operator: Operator, lookup: Lookup | None) -> list[Parts]:
    """The policy's values with variables replaced; one whose variable has no value fits nothing and is left out."""
    if lookup is None or not operator.takes_variables:
        return [(value,) for value in condition.values]
    return [parts for value in condition.values if (parts := expand(value, lookup)) is not None]
