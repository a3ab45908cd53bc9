"""moto's own ECR tests, from its source distribution: compatible passes all, strict fails what it says it fails."""

from __future__ import annotations

import json
from dataclasses import fields
from importlib.metadata import version
from pathlib import Path

import pytest
from ecrlab.emulator.rules import COMPATIBLE, STRICT, Rules
from moto_suite import DEVIATIONS, deviations, outcomes

PAGE = Path(__file__).parents[2] / "docs" / "emulator.md"


@pytest.mark.parametrize("setting", ["compatible", "strict"])
def test_motos_own_tests(setting):
    """Compatible passes every case; strict fails exactly the listed ones; docs/emulator.md carries the score."""
    results = outcomes(setting)
    failed = {case: message for case, message in results.items() if message}
    listed = deviations() if setting == "strict" else {}
    assert {} == {case: message for case, message in failed.items() if case not in listed}, "fails, unlisted"
    assert set() == set(listed) - set(failed), "listed in strict_deviations.json, and passes"
    score = f"| {setting} | {len(results) - len(failed)} of {len(results)} |"
    page = PAGE.read_text("utf-8")
    assert (True, True) == (score in page, f"moto {version('moto')} " in page), score


def test_each_deviation_has_a_rule_and_a_reason():
    """And no case is listed twice."""
    groups = json.loads(DEVIATIONS.read_text("utf-8"))["groups"]
    assert {rule.name for rule in fields(Rules)} >= {group["rule"] for group in groups}
    assert all(group["reason"].endswith(".") for group in groups)
    assert len(deviations()) == sum(len(group["cases"]) for group in groups)


def test_each_rule_is_one_switch_with_a_sentence():
    """On in strict, off in compatible, explained in the code and on the page."""
    page = PAGE.read_text("utf-8")
    for rule in fields(Rules):
        assert (True, False) == (getattr(STRICT, rule.name), getattr(COMPATIBLE, rule.name))
        assert rule.metadata["why"].endswith(".")
        assert f"| `{rule.name}` | {rule.metadata['why']} |" in page
