"""Checks of resource policies: who may come in, and whether the text does what it seems to do."""

from __future__ import annotations

import json
from typing import Any

from ecrlab.access import Code, Finding, Findings, PolicyKind, lint
from ecrlab.errors import InvalidPolicy
from ecrlab.security.checks import Verdict, failed, not_known, passed
from ecrlab.security.facts import RegistryFacts, RepositoryFacts, Terms
from ecrlab.security.reading import Unread

__all__ = ["no_public_access", "policy_sound", "registry_policy_sound"]

_OPEN = frozenset({Code.PUBLIC_PUSH, Code.PUBLIC_CHANGE, Code.PUBLIC_PULL, Code.PUBLIC_READ})
_NO_POLICY = "There is no repository policy, so only the owning account decides who comes in."


def no_public_access(facts: RepositoryFacts, terms: Terms) -> Verdict:
    """No statement of the repository policy lets everybody in."""
    found = _linted(facts, terms)
    if isinstance(found, Verdict):
        return found
    open_ = [finding for finding in found if finding.code in _OPEN]
    if not open_:
        return passed("No statement of the repository policy lets strangers in.")
    fix = f"{open_[0].way_out}, or take the statement out"
    return failed(f"{open_[0].place}: {open_[0].sentence}", fix, _without(facts, {each.statement for each in open_}))


def policy_sound(facts: RepositoryFacts, terms: Terms) -> Verdict:
    """The repository policy has no other fault that a reviewer would point at."""
    found = _linted(facts, terms)
    if isinstance(found, Verdict):
        return found
    return _sound([each for each in found.worth_fixing() if each.code not in _OPEN], "repository policy")


def registry_policy_sound(facts: RegistryFacts, terms: Terms) -> Verdict:
    """The registry policy, which is asked on every request, has no fault that a reviewer would point at."""
    if isinstance(facts.policy, Unread):
        return not_known(facts.policy)
    if facts.policy is None:
        return passed("There is no registry policy, so no other account replicates in here or creates anything.")
    try:
        found = lint(facts.policy, PolicyKind.REGISTRY, trusted=terms.trusted)
    except InvalidPolicy as invalid:
        return not_known(f"The registry policy cannot be read here: {invalid.fact}.", "look at it yourself")
    return _sound(list(found.worth_fixing()), "registry policy")


def _sound(found: list[Finding], what: str) -> Verdict:
    if not found:
        return passed(f"Nothing to find fault with in the {what}.")
    more = f" ({len(found) - 1} more: `access.lint` shows them)" if len(found) > 1 else ""
    return failed(f"{found[0].place}: {found[0].sentence}{more}", found[0].way_out)


def _linted(facts: RepositoryFacts, terms: Terms) -> Findings | Verdict:
    if isinstance(facts.policy, Unread):
        return not_known(facts.policy)
    if facts.policy is None:
        return passed(_NO_POLICY)
    try:
        return lint(facts.policy, PolicyKind.REPOSITORY, repository_arn=facts.arn, trusted=terms.trusted)
    except InvalidPolicy as invalid:
        return not_known(f"The repository policy cannot be read here: {invalid.fact}.", "look at it yourself")


def _without(facts: RepositoryFacts, statements: set[int]) -> str:
    """Write the call that leaves some statements out."""
    document: dict[str, Any] = json.loads(str(facts.policy))
    given = document["Statement"] if isinstance(document["Statement"], list) else [document["Statement"]]
    kept = [statement for number, statement in enumerate(given) if number not in statements]
    if not kept:
        return f"ecr.delete_repository_policy(repositoryName={facts.name!r})"
    text = json.dumps(document | {"Statement": kept})
    return f"ecr.set_repository_policy(repositoryName={facts.name!r}, policyText={text!r})"
