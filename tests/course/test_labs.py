"""Every exercise of every lab keeps its contract."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from ecrlab import open_lab
from ecrlab.course.catalogue import lab_folders, load_exercises
from ecrlab.course.contract import broken_promises
from ecrlab.course.lint import lint_exercises
from ecrlab.course.notebook import read_notebook

COURSE = Path(__file__).parents[2]
TASKS = [(folder, id_) for folder in lab_folders(COURSE) for id_ in load_exercises(folder)]


def answer_name(folder, id_):
    """Return the variable that the lab's check cell hands over, as the notebook has it."""
    for cell in read_notebook(folder / "lab.ipynb").cells:
        call = re.search(rf'check\("{re.escape(id_)}"(?:, (?:answer=)?(\w+))?\)', cell.source)
        if cell.kind == "code" and call:
            return call[1]
    raise AssertionError(f"{folder.name}/lab.ipynb has no check cell for {id_}")


@pytest.mark.parametrize(("folder", "id_"), TASKS, ids=[id_ for _, id_ in TASKS])
def test_contract(folder, id_):
    """Starters are unattempted, solutions and alternates pass twice, known mistakes get their own message."""
    with open_lab() as lab:
        assert [] == list(broken_promises(lab, load_exercises(folder)[id_], answer_name(folder, id_)))


def test_no_exercise_is_unfinished():
    """The linter has nothing to say about the course."""
    assert () == lint_exercises(COURSE)


def test_the_course_has_labs():
    """The tests above are not vacuous."""
    assert TASKS
