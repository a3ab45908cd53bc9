"""The contract of exercises, and the linter that reads them: both must be able to fail."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ecrlab.course.catalogue import find_exercise, load_exercises
from ecrlab.course.contract import broken_promises
from ecrlab.course.exercise import Mistake
from ecrlab.course.lint import lint_exercise, lint_exercises
from ecrlab.errors import InvalidExercise


@pytest.mark.parametrize(("id_", "answer_name"), [("01.create", None), ("01.count", "count")])
def test_a_finished_exercise_keeps_its_promises(lab, id_, answer_name):
    """The toy lab keeps the contract."""
    assert [] == list(broken_promises(lab, find_exercise(id_), answer_name))


BREAKS = {
    "a solution that does not solve": (
        {"solution": 'lab.client("ecr").create_repository(repositoryName="toy/lid")'},
        "01.create, solution: correct expected, got incorrect: There is no repository toy/box.",
    ),
    "a starter that already passes": (
        {"starter": 'lab.client("ecr").create_repository(repositoryName="toy/box")'},
        "01.create, starter: not_attempted expected, got correct: A slash makes a namespace.",
    ),
    "an alternate that is wrong": (
        {"alternates": ('lab.client("ecr").create_repository(repositoryName="toy-box")',)},
        "01.create, alternate 1: correct expected, got incorrect (dash): "
        "You wrote a dash where the slash belongs; the registry now has toy-box.",
    ),
}


@pytest.mark.parametrize(("change", "expected"), BREAKS.values(), ids=BREAKS)
def test_a_broken_promise_is_told(lab, change, expected):
    """Each promise can be broken, and the sentence says which and how."""
    assert expected in list(broken_promises(lab, replace(find_exercise("01.create"), **change), None))


def test_a_mistake_that_another_one_swallows_is_told(lab):
    """Two recognisers that both see a mistake: the second one never speaks."""
    task = find_exercise("01.create")
    greedy = replace(task.mistakes[0], when=lambda lab, answer: True)
    told = list(broken_promises(lab, replace(task, mistakes=(greedy, task.mistakes[1])), None))
    assert any(
        line.startswith("01.create, mistake deep: mistake 'deep' expected, got incorrect (dash)") for line in told
    )


def mistake(**change):
    """Return the toy lab's first mistake, changed."""
    fields = {
        "id": "one",
        "when": lambda lab, answer: False,
        "message": "You did it like this, see there.",
        "code": "x = 1",
    }
    return Mistake(**fields | change)


UNFINISHED = {
    "an id without a number": ({"id": "create"}, "create: the id is not of the form '01.create'"),
    "no title": ({"title": " "}, "01.create.title: it is empty"),
    "no reason": ({"explain": ""}, "01.create.explain: it is empty"),
    "no time": ({"minutes": 0}, "01.create.minutes: 0 is no number of minutes from 1 to 60"),
    "a starter without a blank": ({"starter": "x = 1"}, "01.create.starter: it has no blank ____"),
    "a solution with a blank": ({"solution": "x = ____"}, "01.create.solution: it still has a blank ____"),
    "a solution that is no Python": ({"solution": "x ="}, "01.create.solution: line 1 is not Python: invalid syntax"),
    "a cell that is too long": (
        {"solution": "\n".join(["x = 1"] * 13)},
        "01.create.solution: it has 13 lines; a cell has at most 12",
    ),
    "two hints": (
        {"hints": ("one two three four five", "one two three four six")},
        "01.create.hints: there are 2; write three: orient, name the call, near-code",
    ),
    "a hint of one word": (
        {"hints": ("Think.", "one two three four five", "one two three four six")},
        "01.create.hints[1]: it has 1 words; write 5 to 160",
    ),
    "a hint that gives it away": (
        {"hints": ("one two three four five", "now just write this: x = 1", "a b c d e"), "solution": "x = 1"},
        "01.create.hints[2]: it holds the whole solution",
    ),
    "one mistake": ({"mistakes": (mistake(),)}, "01.create.mistakes: there are 1; name at least two that people make"),
    "two mistakes that say the same": (
        {"mistakes": (mistake(), mistake(id="two"))},
        "01.create.mistakes: two have the same message",
    ),
    "a mistake that talks too much": (
        {"mistakes": (mistake(), mistake(id="two", message="word " * 61))},
        "01.create.mistakes[two].message: it has 61 words; write 5 to 60",
    ),
    "a mistake that pastes the fix": (
        {"mistakes": (mistake(), mistake(id="two", message="you only have to write: x = 1")), "solution": "x = 1"},
        "01.create.mistakes[two].message: it pastes the fix; say where to look instead",
    ),
}


@pytest.mark.parametrize(("change", "expected"), UNFINISHED.values(), ids=UNFINISHED)
def test_an_unfinished_exercise_is_refused(toy_course, change, expected):
    """Every rule of the authors' table finds what breaks it."""
    assert expected in list(lint_exercise(replace(find_exercise("01.create"), **change)))


def test_a_finished_exercise_has_no_findings(toy_course):
    """The toy lab is in order but for its length, which is a rule for real labs."""
    assert ("01_toy: it has 2 tasks; a lab has 4 to 8",) == lint_exercises(toy_course)


BROKEN_FILES = {
    "no EXERCISES": (
        "x = 1\n",
        "01_toy/exercises.py: there is no EXERCISES, a tuple of Exercise values; add it at the end",
    ),
    "a list": (
        "EXERCISES = []\n",
        "01_toy/exercises.py: there is no EXERCISES, a tuple of Exercise values; add it at the end",
    ),
    "an error": ("x = 1\n1 / 0\n", "01_toy/exercises.py, line 2: ZeroDivisionError: division by zero; mend the file"),
    "no Python": (
        "x = (\n",
        "01_toy/exercises.py, line 1: SyntaxError: '(' was never closed (exercises.py, line 1); mend the file",
    ),
}


@pytest.mark.parametrize(("text", "message"), BROKEN_FILES.values(), ids=BROKEN_FILES)
def test_error_a_broken_file_names_place_and_line(toy_course, text, message):
    """An author's slip is found with file and line."""
    (toy_course / "labs/01_toy/exercises.py").write_text(text)
    with pytest.raises(InvalidExercise) as caught:
        load_exercises(toy_course / "labs/01_toy")
    assert message == str(caught.value)


def test_error_an_id_stands_there_twice(toy_course):
    """Two exercises with one id cannot both be found."""
    path = toy_course / "labs/01_toy/exercises.py"
    path.write_text(path.read_text() + "\nEXERCISES = (CREATE, COUNT, CREATE)\n")
    with pytest.raises(InvalidExercise) as caught:
        load_exercises(path.parent)
    expected = "01_toy/exercises.py: the id '01.create' stands there twice; give each exercise an id of its own"
    assert expected == str(caught.value)
