"""A toy course, a lab that is open on it, and progress that is the test's own."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from ecrlab import open_lab

TOY_COURSE = Path(__file__).parent / "toy_course"


@pytest.fixture
def toy_course(tmp_path, monkeypatch):
    """Give the test a copy of the toy course, and a progress file beside it."""
    course = shutil.copytree(TOY_COURSE, tmp_path / "course")
    monkeypatch.setenv("ECRLAB_COURSE", str(course))
    monkeypatch.setenv("ECRLAB_PROGRESS", str(tmp_path / "progress.json"))
    monkeypatch.delenv("ECRLAB_OUTCOMES", raising=False)
    return course


@pytest.fixture
def lab(toy_course):
    """Open a lab on the toy course."""
    with open_lab() as opened:
        yield opened
