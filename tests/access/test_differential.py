"""The script that compares us with iam-simulate, as far as it goes without iam-simulate."""

from pathlib import Path

import pytest


@pytest.fixture
def scripts(monkeypatch):
    """Import the scripts of the comparison, which pytest does not collect."""
    monkeypatch.syspath_prepend(str(Path(__file__).parent / "differential"))
    import disagreements
    import generated
    import run

    return generated, disagreements, run


def test_a_seed_makes_the_same_requests(scripts):
    """The same seed makes the same requests, another seed makes others."""
    generated, *_ = scripts
    first, again, other = (list(generated.cases(seed, 50)) for seed in (1, 1, 2))
    assert (True, False) == (first == again, first == other)


def test_every_request_can_be_decided(scripts):
    """All documents are legal, and all three outcomes are common."""
    generated, _, run = scripts
    outcomes = [run.our_answer(case) for case in generated.cases(3, 500)]
    assert {"Allowed", "ImplicitlyDenied", "ExplicitlyDenied"} == {o for o in outcomes if outcomes.count(o) > 50}


def test_every_disagreement_is_met(scripts):
    """Each known disagreement touches some of the requests, and a difference that there is not is not explained."""
    generated, disagreements, run = scripts
    made = list(generated.cases(1, 2000))
    met = {known.name for known in disagreements.KNOWN for case in made if known.their_reading(case) != case}
    assert {known.name for known in disagreements.KNOWN} == met
    assert () == disagreements.explain(made[0], "NoOutcome", run.our_answer)
