"""moto's own ECR tests, from its source distribution: compatible passes all, strict fails what it says it fails."""

from __future__ import annotations

import json
import re
from dataclasses import fields
from importlib.metadata import version
from pathlib import Path

import pytest
from ecrlab.emulator.rules import COMPATIBLE, STRICT, Rules
from moto_suite import DEVIATIONS, deviations, outcomes

PAGE = Path(__file__).parents[2] / "docs" / "emulator.md"


@pytest.fixture(scope="module")
def compatible() -> dict[str, str]:
    """The outcome of each case in the compatible setting."""
    return outcomes("compatible")


@pytest.fixture(scope="module")
def strict() -> dict[str, str]:
    """The outcome of each case in the strict setting."""
    return outcomes("strict")


def test_compatible_passes_every_case(compatible):
    """With our state and our operations under the relaxed rules."""
    assert {} == {case: message for case, message in compatible.items() if message}
    assert 160 <= len(compatible)


def test_strict_fails_exactly_the_listed_cases(strict):
    """Each with a reason in strict_deviations.json; nothing else fails, and nothing listed passes."""
    failed = {case for case, message in strict.items() if message}
    listed = set(deviations())
    assert (set(), set()) == (failed - listed, listed - failed)


def test_the_page_carries_the_score(compatible, strict):
    """docs/emulator.md says what is true now."""
    text = PAGE.read_text()
    for setting, results in (("compatible", compatible), ("strict", strict)):
        passed = sum(not message for message in results.values())
        assert re.search(rf"{setting}[^\n]*\b{passed} of {len(results)}\b", text), f"{setting}: {passed}"
    assert f"moto {version('moto')}" in text


def test_each_deviation_has_a_rule_and_a_reason():
    """And no case is listed twice."""
    groups = json.loads(DEVIATIONS.read_text())["groups"]
    assert {rule.name for rule in fields(Rules)} >= {group["rule"] for group in groups}
    assert all(group["reason"].endswith(".") for group in groups)
    assert len(deviations()) == sum(len(group["cases"]) for group in groups)


def test_each_rule_is_one_switch_with_a_sentence():
    """On in strict, off in compatible, explained in the code and on the page."""
    page = PAGE.read_text()
    for rule in fields(Rules):
        assert (True, False) == (getattr(STRICT, rule.name), getattr(COMPATIBLE, rule.name))
        assert rule.metadata["why"].endswith(".")
        assert f"| `{rule.name}` | {rule.metadata['why']} |" in page
