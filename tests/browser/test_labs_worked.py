"""Every lab, worked through in JupyterLab from its first task to its last with the solutions that it shows."""

from __future__ import annotations

from pathlib import Path

import pytest
from ecrlab.course.catalogue import lab_folders, load_exercises
from page import LabPage
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

COURSE = Path(__file__).parents[2]
LABS = lab_folders(COURSE)


@pytest.mark.parametrize("folder", LABS, ids=[folder.name for folder in LABS])
def test_the_solutions_lead_through_the_lab(page, running_lab, folder):
    """Each task says that it is ready, and each solution is called correct where a learner reads it."""
    lab = LabPage(page, str(folder.relative_to(COURSE) / "lab.ipynb"))
    expect(lab.set_up()).to_contain_text("Your lab is open")
    for id_, exercise in load_exercises(folder).items():
        expect(lab.run(f'reset("{id_}")')).to_contain_text(f"Ready: {exercise.title}")
        expect(lab.answer(f'check("{id_}"', exercise.solution)).to_contain_text("Correct")
