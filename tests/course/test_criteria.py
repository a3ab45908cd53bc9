"""Tasks that are judged in many points: each is shown with its reason, and partial credit is kept."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from ecrlab import open_lab
from ecrlab.course import Correct, Criterion, Exercise, Incorrect, Mistake, NotAttempted
from ecrlab.course.engine import begin, judge
from ecrlab.course.lint import lint_exercise
from ecrlab.course.progress import ProgressFile
from ecrlab.errors import InvalidExercise

AT = datetime(2026, 11, 24, tzinfo=UTC)


def needs(name):
    """Return the criterion that a repository exists."""

    def missing(lab):
        names = {each["repositoryName"] for each in lab.client("ecr").describe_repositories()["repositories"]}
        return None if name in names else f"there is no {name}."

    return Criterion(words=f"{name} exists", missing=missing)


CRITERIA = tuple(map(needs, ("one", "two", "three")))
TASK = Exercise(
    id="99.all",
    title="All of it",
    objective="Make three repositories",
    minutes=5,
    prepare=lambda lab: "Nothing is there.",
    starter="____",
    mistakes=tuple(
        Mistake(id=word, when=lambda lab, answer: False, message=f"A sentence about the word {word}.", code="pass")
        for word in ("alpha", "beta")
    ),
    hints=(
        "Look at what is asked for.",
        "The call is create_repository, three times.",
        "Nearly: a loop over the names.",
    ),
    solution="\n".join(
        f'lab.client("ecr").create_repository(repositoryName="{name}")' for name in ("one", "two", "three")
    ),
    explain="Three calls make three repositories.",
    criteria=CRITERIA,
)


@pytest.fixture
def lab():
    """A lab in which the task has begun."""
    with open_lab() as lab:
        begin(TASK, lab)
        yield lab


def test_nothing_done_is_not_attempted(lab):
    """A task of many points begins like every other."""
    assert isinstance(judge(TASK, lab), NotAttempted)


def test_partial_credit_says_what_is_missing(lab):
    """Each criterion has its sign and, if it is not met, its reason; the title counts them."""
    lab.client("ecr").create_repository(repositoryName="two")
    outcome = judge(TASK, lab)
    assert isinstance(outcome, Incorrect)
    assert ((1, 3), "1 of 3 criteria are met.") == (outcome.points, outcome.message)
    shown = str(outcome)
    assert "Not yet: All of it, 1 of 3" in shown
    for line in ("✗ one exists: there is no one.", "✓ two exists", "✗ three exists: there is no three."):
        assert line in shown


def test_all_points_are_correct(lab):
    """With every criterion met the task is done, and the card still lists them."""
    for name in ("one", "two", "three"):
        lab.client("ecr").create_repository(repositoryName=name)
    outcome = judge(TASK, lab)
    assert isinstance(outcome, Correct)
    assert ((3, 3), 3) == (outcome.points, str(outcome).count("✓ ") - 1)


def test_points_are_kept(tmp_path):
    """Progress tells how far an unfinished task is; a damaged count is damage, and no crash."""
    file = ProgressFile(tmp_path / "progress.json")
    assert file.record_outcome("99.all", "incorrect", None, at=AT, points=(17, 22)) is None
    assert "in progress, 17 of 22" in str(file.read())
    file.record_outcome("99.all", "correct", None, at=AT, points=(22, 22))
    assert "done" == file.read().exercises["99.all"].state


def test_only_tasks_of_many_points_may_have_long_cells():
    """Twelve lines are enough for a task with one point."""
    long = "\n".join(["pass"] * 30)
    many = {"id": "99.all", "title": "t", "objective": "o", "minutes": 5, "prepare": TASK.prepare, "starter": "____"}
    many |= {"mistakes": TASK.mistakes, "hints": TASK.hints, "explain": "Because it is so."}
    assert [] == list(lint_exercise(Exercise(**many, solution=long, criteria=CRITERIA)))
    assert ["99.all.solution: it has 30 lines; a cell has at most 12"] == list(
        lint_exercise(Exercise(**many, solution=long, check=lambda lab, answer: None))
    )


@pytest.mark.parametrize("judges", [{}, {"criteria": CRITERIA, "check": lambda lab, answer: None}])
def test_error_judged_by_nothing_or_by_two(judges):
    """A task has a check or criteria; an author's slip is told when the exercise is made."""
    given = {name: getattr(TASK, name) for name in ("title", "objective", "minutes", "prepare", "starter", "mistakes")}
    given |= {name: getattr(TASK, name) for name in ("hints", "solution", "explain")}
    with pytest.raises(InvalidExercise) as failure:
        Exercise(id="99.none", **given, **judges)
    assert "99.none: it needs a check or criteria, and not both; give it one of the two" == str(failure.value)
