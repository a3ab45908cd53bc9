"""Warnings: what is legal in a policy and hardly meant."""

from __future__ import annotations

import pytest
from ecrlab.errors import InvalidInput
from ecrlab.lifecycle import Image, Policy, WarningKind, parse, plan, warnings
from hypothesis import given
from lifecycle_world import HERE, NOW, ago, done, image_of, images, newest, older, policies, rule, table

CASES = table("warnings.json")


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_warnings(case):
    """Each kind has its sentence and its way out, and what is well written draws none."""
    found = warnings(parse(case["policy"]), map(image_of, case.get("images", ())), now=NOW, in_use=case.get("in_use"))
    told = [[w.kind.name, list(w.rules), w.sentence, w.way_out] for w in found]
    assert case["warnings"] == told


def test_the_and_trap_in_real_policies():
    """The published policies that fell into the trap, or show it on purpose, are recognised; no other is."""
    trapped = {
        path.stem
        for path in (HERE / "samples").glob("lc-0*.json")
        if WarningKind.AND_NOT_OR in {w.kind for w in warnings(parse(path.read_text("utf-8")))}
    }
    tagged = {item["id"] for item in table("samples/index.json")["items"] if "and-trap" in item.get("tags", ())}
    assert tagged | {"lc-055"} == trapped


@given(policies(), images())
def test_rules_that_never_act_do_not_act(policy, repository):
    """A rule that is said never to act acts on nothing, in any repository."""
    idle = {w.rules[0] for w in warnings(policy) if w.kind is WarningKind.NEVER_ACTS}
    acts = done(plan(policy, repository, now=NOW))
    assert set() == idle & {number for number, _ in acts.values()}


def test_in_use_needs_a_moment():
    """Whether an image in use goes depends on the day."""
    with pytest.raises(InvalidInput) as caught:
        warnings(Policy([rule(1, newest(1))]), [Image("a", NOW)], in_use={"a": "ECS"})
    assert "warnings: in_use comes without now; say for which moment: now=lab.clock.now()" == str(caught.value)


def test_warnings_show_themselves():
    """Warnings are a table, one of them a card, and none a card that says so."""
    found = warnings(Policy([rule(1, newest(5, "prod*")), rule(2, older(9, "prod-*"))]), [Image("a", ago(1))])
    assert "| warning | rule | what is the case | way out |" in found._repr_markdown_()
    assert str(found[0]).startswith("? A rule can never act")
    assert "✓ Nothing odd about this policy" == str(warnings(Policy([rule(1, newest(1))])))
