"""Where the course is found, and that an author's edit counts at once."""

from __future__ import annotations

from pathlib import Path

import pytest
from ecrlab.course.catalogue import find_course, find_exercise, lab_folders
from ecrlab.errors import UnknownExercise


@pytest.fixture
def unnamed(toy_course, monkeypatch):
    """Return the toy course, which no variable names."""
    monkeypatch.delenv("ECRLAB_COURSE")
    return toy_course


def test_a_variable_names_the_course(toy_course):
    """ECRLAB_COURSE wins over the place where one works."""
    assert toy_course == find_course(Path(__file__).parent)


def test_the_course_is_above_the_working_directory(unnamed, monkeypatch):
    """A notebook runs in its own folder, somewhere inside the course."""
    monkeypatch.chdir(unnamed / "labs" / "01_toy")
    assert unnamed.resolve() == find_course()


def test_elsewhere_the_course_beside_the_package_counts(unnamed, tmp_path, root):
    """Without a course above, the one that the package was installed from is meant."""
    (tmp_path / "elsewhere").mkdir()
    assert root.resolve() == find_course(tmp_path / "elsewhere")


def test_error_a_variable_that_names_no_course(toy_course, monkeypatch):
    """A folder without the two is told with what it lacks."""
    monkeypatch.setenv("ECRLAB_COURSE", "no/such/folder")
    with pytest.raises(UnknownExercise) as caught:
        find_exercise("01.create")
    expected = "ECRLAB_COURSE='no/such/folder': there is no notebooks/ with labs/ beside it; name the course's folder"
    assert expected == str(caught.value)


def test_labs_come_in_their_order(toy_course):
    """Folders without a number or without exercises.py are no labs."""
    for name in ("10_late", "02_soon"):
        (toy_course / "labs" / name).mkdir()
        (toy_course / "labs" / name / "exercises.py").write_text("EXERCISES = ()\n")
    (toy_course / "labs" / "03_empty").mkdir()
    (toy_course / "labs" / "drafts").mkdir()
    assert ["01_toy", "02_soon", "10_late"] == [folder.name for folder in lab_folders(toy_course)]


def test_an_edit_counts_at_once(toy_course):
    """Exercises are read when they are asked for, so an author need not restart the kernel."""
    path = toy_course / "labs" / "01_toy" / "exercises.py"
    assert "A repository" == find_exercise("01.create").title
    path.write_text(path.read_text("utf-8").replace('title="A repository"', 'title="A registry"'), "utf-8")
    assert "A registry" == find_exercise("01.create").title
