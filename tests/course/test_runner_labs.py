"""The course runner on labs: as committed, solved, and with every known mistake."""

from __future__ import annotations

import pytest
from ecrlab.course.notebook import read_notebook
from ecrlab.course.run_report import Build, Verdict
from ecrlab.course.runner import judge, plan, run_course
from runner_course import parameters, starter, write_notebook

SETUP = "from ecrlab import check, open_lab, reset\nlab = open_lab(region=region)\nlab"
CREATE = 'lab.client("ecr").create_repository(repositoryName=____)'
COUNT = "answer = ____"

EXERCISES = '''
from ecrlab.course import Exercise, Mistake

def names(lab):
    return [r["repositoryName"] for r in lab.client("ecr").describe_repositories()["repositories"]]

def empty(lab):
    for name in names(lab):
        lab.client("ecr").delete_repository(repositoryName=name)
    return "Nothing is there."

CREATE = Exercise(
    id="01.create", title="Create", objective="Create", minutes=1, prepare=empty, hints=("a", "b", "c"),
    starter="""lab.client("ecr").create_repository(repositoryName=____)""",
    check=lambda lab, answer: None if "one" in names(lab) else "There is no one.",
    solution="""lab.client("ecr").create_repository(repositoryName="one")""",
    explain="One is there.",
    mistakes=(
        Mistake(id="two", when=lambda lab, answer: "two" in names(lab), message="You made two.",
                code="""lab.client("ecr").create_repository(repositoryName="two")"""),
        Mistake(id="twice", when=lambda lab, answer: "three" in names(lab), message="You made three, twice.",
                raises="RepositoryAlreadyExistsException",
                code="""for _ in range(2):\\n    lab.client("ecr").create_repository(repositoryName="three")"""),
    ),
)
COUNT = Exercise(
    id="01.count", title="Count", objective="Count", minutes=1, prepare=empty, hints=("a", "b", "c"),
    starter="answer = ____",
    check=lambda lab, answer: None if answer == 0 else "Count again.",
    solution="answer = 0",
    explain="None is there.",
    mistakes=(Mistake(id="none", when=lambda lab, answer: answer is None, message="Give a number.",
                      code="answer = None"),),
)
EXERCISES = (CREATE, COUNT)
'''


def task(exercise, source, call):
    """Make the three code cells of a task."""
    return [f'reset("{exercise}")', starter(exercise, source), call]


CELLS = [
    "# Lab",
    parameters('region = "us-east-1"  # where'),
    SETUP,
    *task("01.create", CREATE, 'check("01.create")'),
    *task("01.count", COUNT, 'check("01.count", answer)'),
]


@pytest.fixture
def lab(tmp_path):
    """Return a function that writes a small course with one lab, spoiled by replacing texts; it returns the path."""

    def write(*replacements, cells=CELLS, exercises=EXERCISES):
        for old, new in replacements:
            assert old in exercises
            exercises = exercises.replace(old, new)
        (tmp_path / "notebooks").mkdir()
        path = write_notebook(tmp_path / "labs" / "01_toy" / "lab.ipynb", *cells)
        if exercises:
            path.with_name("exercises.py").write_text(exercises)
        return path

    return write


def faults(report):
    """Return what was not as expected: build and round, then the failure."""
    return [
        f"{result.build.value} {result.round or ''}".strip() + f": {failure}"
        for result in report.results
        for failure in result.failures
    ]


@pytest.mark.notebook
def test_a_sound_lab_passes_every_build(lab):
    """Starters are unattempted, solutions correct, mistakes get their own sentence; who has fewer is solved."""
    report = run_course([lab()])
    assert [] == faults(report)
    create, count = "01.create", "01.count"
    assert [
        ("student", None, [(create, "not_attempted", None), (count, "not_attempted", None)]),
        ("solved", None, [(create, "correct", None), (count, "correct", None)]),
        ("mistaken", 1, [(create, "incorrect", "two"), (count, "incorrect", "none")]),
        ("mistaken", 2, [(create, "incorrect", "twice"), (count, "correct", None)]),
    ] == [
        (result.build.value, result.round, [(said.exercise, said.kind, said.mistake) for said in result.outcomes])
        for result in report.results
    ]


PASSES = 'lab.client("ecr").create_repository(repositoryName="one")'
UNSOUND = {  # id: (build, replacements in exercises.py, cells, what is not as expected)
    "a starter that passes": (
        Build.STUDENT, [(f'starter="""{CREATE}', f'starter="""{PASSES}')],
        [*CELLS[:4], starter("01.create", PASSES), *CELLS[5:]],
        [f"student: cell 5 `{PASSES}`: UnexpectedOutcome: 01.create: expected not_attempted, but the check said "
         "correct: One is there."]),
    "a solution that does not solve": (
        Build.SOLVED, [('solution="answer = 0"', 'solution="answer = 1"')], CELLS,
        ["solved: cell 8 `answer = 1`: UnexpectedOutcome: 01.count: expected correct, but the check said incorrect: "
         "Count again."]),
    "a solution that fails": (
        Build.SOLVED, [('solution="answer = 0"', 'solution="answer = 1 / 0"')], CELLS,
        ["solved: cell 8 `answer = 1 / 0`: ZeroDivisionError: division by zero"]),
    "a check that is never run": (
        Build.STUDENT, [], CELLS[:-1],
        ['student: cell 8 `answer = ____`: NeverChecked: check("01.count") did not run']),
    "a mistake that is taken for another, or for none": (
        Build.MISTAKEN, [('"two" in names', '"three" in names'), ("answer is None, message", "False, message")], CELLS,
        ['mistaken 1: cell 5 `lab.client("ecr").create_repository(repositoryName="two")`: UnexpectedOutcome: '
         "01.create: expected incorrect (mistake 'two'), but the check said incorrect: There is no one.",
         "mistaken 1: cell 8 `answer = None`: UnexpectedOutcome: 01.count: expected incorrect (mistake 'none'), but "
         "the check said incorrect: Count again.",
         "mistaken 2: cell 5 `with __import__('ecrlab').expect_error('RepositoryAlreadyEx…`: UnexpectedOutcome: "
         "01.create: expected incorrect (mistake 'twice'), but the check said incorrect (mistake 'two'): "
         "You made two."]),
}  # fmt: skip


@pytest.mark.notebook
@pytest.mark.parametrize(("build", "replacements", "cells", "expected"), UNSOUND.values(), ids=UNSOUND)
def test_what_an_author_got_wrong_is_told(lab, build, replacements, cells, expected):
    """Each way of breaking a lab's contract is told with the cell, what was expected and what the check said."""
    assert expected == faults(run_course([lab(*replacements, cells=cells)], builds=[build]))


UNFIT = {  # id: (cells, exercises.py, faults)
    "a starter that was edited": ([*CELLS[:7], starter("01.count", "answer = 0"), CELLS[8]], EXERCISES,
        ["cell 8 `answer = 0`: StarterDiffers: exercises.py has another starter"]),
    "a task that exercises.py does not know": ([*CELLS, starter("01.more", "1")], EXERCISES,
        ["cell 10 `1`: UnknownExercise: exercises.py has no '01.more'"]),
    "an exercise that the notebook leaves out": (CELLS[:6], EXERCISES,
        ["NoStarterCell: exercise '01.count' has no starter cell"]),
    "no task at all": (CELLS[:3], "EXERCISES = ()",
        ["NoTasks: the lab has no starter cell (metadata.ecrlab: exercise and role)"]),
    "no exercises.py": (CELLS, "",
        ["InvalidExercise: 01_toy/exercises.py: there is no such file; every lab has one beside lab.ipynb"]),
    "an exercises.py that fails": (CELLS, "\n1 / 0",
        ["InvalidExercise: 01_toy/exercises.py, line 2: ZeroDivisionError: division by zero; mend the file"]),
}  # fmt: skip


@pytest.mark.parametrize(("cells", "exercises", "expected"), UNFIT.values(), ids=UNFIT)
def test_a_lab_that_does_not_fit_its_exercises_is_not_run(lab, cells, exercises, expected):
    """Notebook and exercises.py are about the same tasks, or the lab fails in every build before a kernel starts."""
    report = run_course([lab(cells=cells, exercises=exercises)])
    builds = ("student", "solved", "mistaken")
    assert [f"{build}: {fault}" for build in builds for fault in expected] == faults(report)
    assert {0} == {result.cells for result in report.results}


def test_a_guided_notebook_has_no_lab_builds_and_a_lab_no_guided_one(lab):
    """Each kind of notebook takes part in the builds that are meant for it."""
    path = lab()
    guided = write_notebook(path.parents[2] / "notebooks" / "01_toy.ipynb", "1")
    builds = {name: [job.build.value for job in plan(read_notebook(name), Build)] for name in (guided, path)}
    assert {guided: ["guided"], path: ["student", "solved", "mistaken", "mistaken"]} == builds


def test_every_verdict_counts_not_only_the_last(lab):
    """A check that is run twice must say the expected thing both times, and its message must be the mistake's own."""
    mistaken = plan(read_notebook(lab()), [Build.MISTAKEN])[0]
    good = [
        Verdict("01.create", "incorrect", "two", "You made two."),
        Verdict("01.count", "incorrect", "none", "Give."),
    ]
    found = judge(mistaken, [*good, Verdict("01.create", "correct", None, "Yes.")])
    assert [
        "01.create: expected incorrect (mistake 'two'), but the check said correct: Yes.",
        "01.count: expected the message 'Give a number.', but the check said 'Give.'",
    ] == [failure.message for failure in found]
