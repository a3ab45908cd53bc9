"""The examples that AWS works through on its page come out as the page says."""

from __future__ import annotations

import pytest
from ecrlab.clock import START
from ecrlab.lifecycle import worked_examples

EXAMPLES = worked_examples(START)


def test_all_six_are_there():
    """Three pairs: rules in either order, lists of tags, and images whatever their tags."""
    kinds = ("multiple-rules", "multiple-tags", "all-images")
    assert {f"{kind} {variant}" for kind in kinds for variant in "AB"} == set(EXAMPLES)


@pytest.mark.parametrize("example", EXAMPLES.values(), ids=EXAMPLES)
def test_the_engine_agrees_with_the_page(example):
    """The same images go, each by the same rule."""
    assert example.expected == example.computed
