"""The picture of a decision says what the decision says, and marks who decided."""

from __future__ import annotations

import re

import pytest
from ecrlab import access, show
from ecrlab.access import Policies, PolicyKind, Principal, Request
from ecrlab.cards import Card
from ecrlab.errors import InvalidInput
from ecrlab.show.drawing import WIDTH, WORD_ADVANCE

ARN = "arn:aws:ecr:us-east-1:111122223333:repository/payments/api"
REQUEST = Request(Principal.of("arn:aws:iam::444455556666:role/deploy"), "ecr:BatchGetImage", ARN, "111122223333")


def policy(kind: PolicyKind, effect: str, **more: object) -> access.Policy:
    """Write a policy of one statement about the action."""
    whom = {"Principal": {"AWS": "arn:aws:iam::444455556666:root"}} if kind.names_principals else {"Resource": "*"}
    statement = {"Effect": effect, "Action": "ecr:BatchGetImage", **whom, **more}
    return access.parse({"Version": "2012-10-17", "Statement": [statement]}, kind)


MINE = policy(PolicyKind.IDENTITY, "Allow")
THEIRS = policy(PolicyKind.REPOSITORY, "Allow")
FENCE = policy(PolicyKind.SCP, "Deny")

CASES = {
    "both sides allow": (Policies(identity=(MINE,), repository=THEIRS), "repository policy", "✓ allowed"),
    "their side is silent": (Policies(identity=(MINE,)), "repository policy", "✗ denied, because nothing allows it"),
    "our side is silent": (Policies(repository=THEIRS), "identity policy", "✗ denied, because nothing allows it"),
    "an organization denies": (
        Policies(identity=(MINE,), repository=THEIRS, scps=((FENCE,),)),
        "service control policy, level 1",
        "✗ denied by a Deny",
    ),
}


@pytest.mark.parametrize(("policies", "layer", "end"), CASES.values(), ids=CASES)
def test_one_layer_decides(policies, layer, end):
    """Exactly one layer carries the mark, that of ``decided_by``; the last line is the outcome."""
    made = access.decide(REQUEST, policies)
    drawn = show.decision(made)
    marked = [row for row in drawn.lines if row.endswith("← decides")]
    assert [layer] == [row.split(":")[0].strip(" ✓✗–") for row in marked]
    assert end == drawn.lines[-1]
    assert made.summary in drawn.summary


@pytest.mark.parametrize("policies", [case[0] for case in CASES.values()], ids=CASES)
def test_every_layer_is_drawn(policies):
    """Each layer of the trace has its box and its line, and no text leaves the picture."""
    made = access.decide(REQUEST, policies)
    drawn = show.decision(made)
    missing = made.decided_by not in {layer.kind for layer in made.trace}
    assert len(made.trace) + missing == len(drawn.lines) - 2 == sum("<rect" in shape for shape in drawn.shapes)
    for layer in made.trace:
        assert any(layer.title in row and layer.words in row for row in drawn.lines)
    texts = [re.sub("<[^>]*>", "", shape) for shape in drawn.shapes]
    assert max(map(len, texts)) * WORD_ADVANCE <= WIDTH
    assert drawn == show.decision(access.decide(REQUEST, policies))


@pytest.mark.parametrize("wrong", [None, "allowed", Card("Nothing was refused by a policy yet")])
def test_bad_input(wrong):
    """What is no decision is refused with the way to get one."""
    with pytest.raises(InvalidInput) as failure:
        show.decision(wrong)
    assert (
        f"show.decision: a value of type {type(wrong).__name__} is no decision; "
        "hand over what access.decide() returned, or lab.why()" == str(failure.value)
    )
