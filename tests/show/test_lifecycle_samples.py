"""Real policies, tried in the simulator: what AWS accepts is played, what it refuses is explained."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from ecrlab import lifecycle, show
from ecrlab.show.lifecycle_page import DAYS

FOLDER = Path(__file__).parents[1] / "lifecycle" / "samples"
SAMPLES = json.loads((FOLDER / "index.json").read_text("utf-8"))["items"]


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample["id"])
def test_every_sample_runs_through_the_simulator(sample):
    """A valid policy gets its rules, a plan and a year; an invalid one gets its faults in place of them."""
    text = (FOLDER / Path(sample["file"]).name).read_text("utf-8")
    page = show.lifecycle_simulator(text)
    shown, simulation = " ".join(str(page).split()), page.simulation
    if sample["valid"] == "valid":
        assert () == simulation.faults
        assert len(lifecycle.parse(text).rules) == len(simulation.policy.rules)
        assert len(simulation.scene.images) == len(simulation.plan.entries)
        assert DAYS + 1 == len(simulation.forecast.days)
        assert all(
            entry.reason.replace("`", "") in shown for entry in simulation.plan.entries if entry.rule is not None
        )
    else:
        assert simulation.faults
        assert "AWS would not accept it" in shown
        assert all(fault.place in shown for fault in simulation.faults[:8])
