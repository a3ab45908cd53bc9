"""Where the engine and iam-simulate are known to read a policy differently, each with the reason for our reading.

A disagreement is a rewriting: it puts their reading of a document into words that both read alike. It explains a
difference if we, given the rewritten documents, decide as they do. A difference that no rewriting explains, nor all of
them together, is somebody's fault and has to be looked at.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from generated import Case, Document, account_of, role_of

Change = Callable[[Case, str, Document], Document]
"""Rewrites one statement of a layer; returns it as it is if there is nothing to rewrite."""

_VARIABLE = re.compile(r"\$\{([^{}',\s]+)\}")  # without a default


@dataclass(frozen=True, slots=True)
class Disagreement:
    """One known difference.

    Args:
        name: A few words for the table.
        reason: Why we read it otherwise.
        change: Puts their reading of a statement into words on which both agree.
        version: The version that they read every document as, if that is the difference.
    """

    name: str
    reason: str
    change: Change
    version: str | None = None

    def their_reading(self, case: Case) -> Case:
        """Return the case as they read it; the same case if this disagreement does not touch it."""
        layers = {
            layer: [
                document
                | ({"Version": self.version} if self.version else {})
                | {"Statement": [self.change(case, layer, statement) for statement in document["Statement"]]}
                for document in documents
            ]
            for layer, documents in case.layers.items()
        }
        return replace(case, layers=layers)


def _as_it_is(_case: Case, _layer: str, statement: Document) -> Document:
    return statement


def _never(statement: Document) -> Document:
    """Return a statement that never applies, in a document that keeps its place."""
    return {key: value for key, value in statement.items() if key != "NotAction"} | {"Action": "none:Nothing"}


def _listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def _conditions(statement: Document) -> Iterator[tuple[str, str, list[str]]]:
    """Yield operator, key and values of every condition."""
    for operator, keys in statement.get("Condition", {}).items():
        for key, values in keys.items():
            yield operator, key, _listed(values)


def _has(case: Case, key: str) -> bool:
    return key.lower() in {name.lower() for name in case.context}


def _without_a_value(case: Case, texts: list[str]) -> bool:
    """Whether a variable in some texts has neither a value in the request nor a default."""
    return any(not _has(case, key) for text in texts for key in _VARIABLE.findall(text))


# NotPrincipal --------------------------------------------------------------------------------------------------------


def _spared_by_them(case: Case, statement: Document) -> bool:
    listed = set(_listed(statement.get("NotPrincipal", {}).get("AWS", [])))
    account = account_of(case.principal)
    return bool(listed & {case.principal, role_of(case.principal), account, f"arn:aws:iam::{account}:root"})


def _boundary(case: Case, _: str, statement: Document) -> Document:
    return _never(statement) if "boundary" in case.layers and _spared_by_them(case, statement) else statement


def _by_any_name(case: Case, _: str, statement: Document) -> Document:
    return _never(statement) if _spared_by_them(case, statement) else statement


# Session policies ----------------------------------------------------------------------------------------------------


def _session_first(case: Case, layer: str, statement: Document) -> Document:
    direct = statement.get("Principal") in ("*", {"AWS": "*"}, {"AWS": case.principal})
    grants = statement["Effect"] == "Allow" and layer == "repository" and direct and "session" in case.layers
    return _never(statement) if grants else statement


# Federated users -----------------------------------------------------------------------------------------------------


def _same_name_same_user(case: Case, _: str, statement: Document) -> Document:
    federated = ":federated-user/" in case.principal
    user = case.principal.replace(":sts:", ":iam:").replace(":federated-user/", ":user/")
    for element in ("Principal", "NotPrincipal"):
        named = statement.get(element)
        if federated and isinstance(named, dict) and user in _listed(named.get("AWS", [])):
            return statement | {element: {"AWS": [case.principal, *_listed(named["AWS"])]}}
    return statement


# Variables -----------------------------------------------------------------------------------------------------------


def _drops_not_resource(case: Case, _: str, statement: Document) -> Document:
    unresolved = _without_a_value(case, _listed(statement.get("NotResource", [])))
    return _never(statement) if unresolved else statement


def _drops_negated(case: Case, _: str, statement: Document) -> Document:
    negated = (values for operator, _, values in _conditions(statement) if "Not" in operator)
    return _never(statement) if any(_without_a_value(case, values) for values in negated) else statement


def _literal_star(_case: Case, _: str, statement: Document) -> Document:
    return _with_values(statement, lambda operator, text: text.replace("${*}", "$") if "Like" not in operator else text)


def _with_values(statement: Document, change: Callable[[str, str], str]) -> Document:
    """Return a statement with every value of its conditions changed: operator and value in, value out."""
    if "Condition" not in statement:
        return statement
    block: dict[str, Any] = {
        operator: {key: [change(operator, value) for value in _listed(values)] for key, values in keys.items()}
        for operator, keys in statement["Condition"].items()
    }
    return statement | {"Condition": block}


# Operators -----------------------------------------------------------------------------------------------------------


def _all_addresses(_case: Case, _: str, statement: Document) -> Document:
    return _with_values(statement, lambda _, text: "0.0.0.0/32" if text == "0.0.0.0/0" else text)


def _two_families(case: Case, _: str, statement: Document) -> Document:
    address = case.context.get("aws:SourceIp", "")
    for operator, _key, values in _conditions(statement):
        if operator.startswith("NotIpAddress") and address and any((":" in v) != (":" in address) for v in values):
            return _never(statement)
    return statement


def _any_value_of_nothing(_case: Case, _: str, statement: Document) -> Document:
    if "Condition" not in statement:
        return statement
    block: dict[str, Any] = {}
    for operator, keys in statement["Condition"].items():
        name = operator.removesuffix("IfExists") if operator.startswith("ForAnyValue:") else operator
        block[name] = block.get(name, {}) | keys
    return statement | {"Condition": block}


KNOWN: tuple[Disagreement, ...] = (
    Disagreement(
        "NotPrincipal and a boundary",
        "AWS: a Deny with NotPrincipal always hits a principal that has a permissions boundary, whoever is listed",
        _boundary,
    ),
    Disagreement(
        "NotPrincipal with one name of the caller",
        "AWS: the caller, its role and its account all have to be listed, and the account alone spares only its root; "
        "they spare whoever has any name or its account in the list",
        _by_any_name,
    ),
    Disagreement(
        "session named by the repository policy",
        "AWS: a grant to the exact session, or to everybody, is not limited by the session policy",
        _session_first,
    ),
    Disagreement(
        "federated user with the name of an IAM user",
        "the name of a federated session is chosen freely and makes nobody that user; they take one for the other",
        _same_name_same_user,
    ),
    Disagreement(
        "NotResource with a variable that has no value",
        "the statement is about every resource but those named, and none is named, so it applies: the safe reading of "
        "a Deny; they drop the statement; AWS does not say",
        _drops_not_resource,
    ),
    Disagreement(
        "negated operator with a variable that has no value",
        "nothing equals a value that is not there, so StringNotEquals holds: the safe reading of a Deny; they let the "
        "condition fail; AWS does not say",
        _drops_negated,
    ),
    Disagreement(
        "variables in version 2008-10-17",
        "AWS: without 2012-10-17 a variable is plain text; they put its value in",
        _as_it_is,
        version="2012-10-17",
    ),
    Disagreement(
        "${*} under StringEquals",
        "AWS: ${*} stands for a star; they compare the four letters",
        _literal_star,
    ),
    Disagreement(
        "0.0.0.0/0",
        "it is every IPv4 address; they take it for 0.0.0.0 alone",
        _all_addresses,
    ),
    Disagreement(
        "NotIpAddress and the other family of addresses",
        "an IPv6 address is in no range of IPv4 addresses, so NotIpAddress holds; they let it fail",
        _two_families,
    ),
    Disagreement(
        "ForAnyValue with IfExists on an absent key",
        "AWS: IfExists makes a condition hold if the key is absent; they let it fail",
        _any_value_of_nothing,
    ),
)


def explain(case: Case, theirs: str, decide: Callable[[Case], str]) -> tuple[Disagreement, ...]:
    """Return the disagreement that accounts for a difference; several if it takes them together; none if none do.

    Args:
        case: The request on which we differ.
        theirs: Their outcome.
        decide: Our outcome of a case.
    """
    touching = [known for known in KNOWN if known.their_reading(case) != case]
    for known in touching:
        if decide(known.their_reading(case)) == theirs:
            return (known,)
    together, used = case, []
    for known in reversed(touching):  # a version first: it decides whether there are variables at all
        together = known.their_reading(together)
        used.append(known)
        if decide(together) == theirs:
            return tuple(used)
    return ()
