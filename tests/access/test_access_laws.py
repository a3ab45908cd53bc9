"""Laws that hold for every policy and every request."""

from __future__ import annotations

import access_strategies as some
import pytest
from ecrlab import access
from ecrlab.access import Effect, Outcome, PolicyKind, Voice
from ecrlab.access.applying import applies
from hypothesis import assume, given
from hypothesis import strategies as st

slots = st.sampled_from(sorted(some.KINDS))


def added(layers: dict, slot: str, statement: dict) -> dict:
    """Return the layers with one more statement in a layer that is there."""
    return layers | {slot: [*layers.get(slot, []), statement]}


@given(some.documents(), some.requests(), slots, st.data())
def test_one_more_deny_never_allows(layers, request_, slot, data):
    """A refused request stays refused, wherever a Deny is added."""
    deny = data.draw(some.statements(some.KINDS[slot], ("Deny",)))
    if not access.decide(request_, some.policies(layers)).allowed:
        assert not access.decide(request_, some.policies(added(layers, slot, deny))).allowed


@given(some.documents(), some.requests(), slots, st.data())
def test_one_more_allow_never_refuses(layers, request_, slot, data):
    """An Allow added to a policy that is there takes nothing away; a first policy may, since boundaries narrow."""
    allow = data.draw(some.statements(some.KINDS[slot], ("Allow",)))
    if slot in layers and access.decide(request_, some.policies(layers)).allowed:
        assert access.decide(request_, some.policies(added(layers, slot, allow))).allowed


@given(some.documents(), some.requests(), st.randoms(use_true_random=False))
def test_the_order_of_statements_does_not_matter(layers, request_, random):
    """Statements in another order decide the same, by the same layer."""
    shuffled = {slot: random.sample(content, len(content)) for slot, content in layers.items()}
    first, second = (access.decide(request_, some.policies(each)) for each in (layers, shuffled))
    assert (first.outcome, first.decided_by) == (second.outcome, second.decided_by)


@given(some.documents(), some.requests())
def test_the_case_of_actions_and_keys_does_not_matter(layers, request_):
    """Actions in policies and requests, and keys of the context, ignore case."""
    shouted = access.Request(
        request_.principal,
        request_.action.upper(),
        request_.resource,
        request_.resource_account,
        {key.upper(): value for key, value in request_.context.items()},
    )
    first, second = (access.decide(each, some.policies(layers)) for each in (request_, shouted))
    assert (first.outcome, first.decided_by) == (second.outcome, second.decided_by)


@given(some.documents(), some.requests())
def test_the_trace_tells_the_same_story(layers, request_):
    """The trace, made after the fact and without stopping early, agrees with the decision in every statement."""
    policies = some.policies(layers)
    decision = access.decide(request_, policies)
    bounded = policies.boundary is not None
    for layer in decision.trace:
        for entry in layer.statements:
            assert entry.applies is bool(applies(entry.statement, request_, bounded=bounded))
            assert entry.applies is not bool(entry.misfits)
    denying = [layer for layer in decision.trace if layer.voice is Voice.DENIES]
    assert bool(denying) is (decision.outcome is Outcome.EXPLICITLY_DENIED)
    assert not denying or denying[0].kind is decision.decided_by


@given(some.documents(), some.requests())
def test_every_refusal_is_explained(layers, request_):
    """A refused request has a blocker of the deciding layer, a hint and AWS's sentence; an allowed one has none."""
    decision = access.decide(request_, some.policies(layers))
    assert decision.summary.endswith(".")
    assert decision.allowed is not bool(decision.blockers)
    assert decision.allowed is not bool(decision.hints)
    assert decision.allowed is not bool(decision.aws_message)
    if not decision.allowed:
        assert decision.decided_by in {blocker.kind for blocker in decision.blockers}
    assert str(decision)
    assert str(decision.trace_table())


@given(some.documents(), some.requests())
def test_taking_the_blockers_away_lets_the_request_through(layers, request_):
    """Blockers are complete: without the Denies among them, and with an Allow in each silent layer, it is allowed."""
    assume(request_.principal.account_id is not None or not request_.is_login)  # which nothing can allow
    decision = access.decide(request_, some.policies(layers))
    mended = {slot: list(content) for slot, content in layers.items()}
    slot_of = {kind: slot for slot, kind in some.KINDS.items()}
    for blocker in decision.blockers:
        slot = slot_of[blocker.kind]
        if blocker.statement is not None:
            mended[slot][blocker.statement.index] = None
            continue
        allow = {"Effect": "Allow", "Action": "*", "Resource": "*"}
        mended.setdefault(slot, []).append(allow | ({"Principal": "*"} if blocker.kind.names_principals else {}))
    harmless = {"Effect": "Deny", "Action": "none:Such", "Resource": "*"}
    for slot, content in mended.items():
        nobody = {"Principal": "*"} if some.KINDS[slot].names_principals else {}
        mended[slot] = [statement or harmless | nobody for statement in content]
    assert access.decide(request_, some.policies(mended)).allowed


@given(some.documents(), some.requests())
def test_a_login_is_a_matter_of_the_caller_alone(layers, request_):
    """No Allow in a policy of the resource's account changes what becomes of a login."""
    login = access.Request(request_.principal, "ecr:GetAuthorizationToken", "*", context=request_.context)
    without = {slot: content for slot, content in layers.items() if slot not in ("repository", "registry")}
    opened = without | {"repository": [{"Effect": "Allow", "Principal": "*", "Action": "*"}]}
    first, second = (access.decide(login, some.policies(each)) for each in (without, opened))
    assert (first.outcome, first.decided_by) == (second.outcome, second.decided_by)


@given(some.documents(), some.requests())
def test_parsing_is_reading_once(layers, request_):
    """A decision is a value: the same inputs give an equal one."""
    policies = some.policies(layers)
    assert access.decide(request_, policies) == access.decide(request_, policies)
    assert policies == some.policies(layers)


@pytest.mark.parametrize("kind", list(PolicyKind))
@given(data=st.data())
def test_what_is_drawn_is_legal(kind, data):
    """What is generated are only documents that AWS would accept, so that the laws are about all of them."""
    effects = ("Deny",) if kind is PolicyKind.RCP else ("Allow", "Deny")
    statement = data.draw(some.statements(kind, effects))
    if kind is not PolicyKind.RCP:
        policy = access.parse({"Version": "2012-10-17", "Statement": statement}, kind)
        assert Effect(statement["Effect"]) is policy.statements[0].effect
