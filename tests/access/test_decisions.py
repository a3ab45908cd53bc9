"""Requests and how they end: the outcome, the layer that decides, AWS's sentence, and the reason in words."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from access_strategies import SLOTS
from ecrlab import access
from ecrlab.access import Outcome, Policies, Policy, PolicyKind, Principal, Request

TABLE = json.loads((Path(__file__).parent / "decisions.json").read_text("utf-8"))


def policies(named: dict) -> Policies:
    """Parse the policies of a case: a name, a list of names, or a list of such lists."""

    def read(entry, kind: PolicyKind) -> Policy | tuple:
        if isinstance(entry, list):
            return tuple(read(item, kind) for item in entry)
        document = TABLE["policies"][entry]
        if isinstance(document, list):
            document = {"Version": "2012-10-17", "Statement": document}
        return access.parse(document, kind, name=entry)

    return Policies(**{slot: read(entry, SLOTS[slot]) for slot, entry in named.items()})


def decision_of(case: dict) -> access.Decision:
    """Decide one case of the table."""
    principal = Principal.of(case["principal"])
    owner = case.get("resource_account", "")
    request = Request(principal, case["action"], case["resource"], owner, case.get("context", {}))
    return access.decide(request, policies(case["policies"]))


CASES = [pytest.param(case, id=case["name"]) for case in TABLE["cases"]]


@pytest.mark.parametrize("case", CASES)
def test_a_request_ends_as_the_table_says(case):
    """Outcome and deciding layer follow AWS's rules, and the summary says why."""
    decision = decision_of(case)
    assert (case["outcome"], case["decided_by"]) == (decision.outcome.name, decision.decided_by.name)
    assert case["reason"] in decision.summary


@pytest.mark.parametrize("case", [case for case in CASES if "hint" in case.values[0]])
def test_a_refusal_names_the_nearest_miss(case):
    """The first hint says what would have to be different."""
    assert case["hint"] in decision_of(case).hints[0]


@pytest.mark.parametrize("case", CASES)
def test_notes_appear_where_sources_leave_room_and_nowhere_else(case):
    """A note is there if the table has one, and only then."""
    notes = decision_of(case).notes
    assert ("note" in case) is bool(notes)
    assert case.get("note", "") in "\n".join(notes)


@pytest.mark.parametrize("case", CASES)
def test_reasons_agree_with_the_outcome(case):
    """A refusal has blockers, hints and AWS's sentence; an allowed request has none of them."""
    decision = decision_of(case)
    there = (bool(decision.blockers), bool(decision.hints), bool(decision.aws_message))
    assert (not decision.allowed,) * 3 == there
    if not decision.allowed:
        denies = any(blocker.statement is not None for blocker in decision.blockers)
        assert denies is (decision.outcome is Outcome.EXPLICITLY_DENIED)
        assert decision.decided_by in {blocker.kind for blocker in decision.blockers}


def test_every_policy_of_the_table_is_used():
    """The table carries no policy that no case needs."""
    named = json.dumps([case["policies"] for case in TABLE["cases"]])
    assert [] == [name for name in TABLE["policies"] if json.dumps(name) not in named]
