"""check, hint, solution and reset, on a toy course."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from ecrlab import check, hint, open_lab, reset, solution
from ecrlab.course import Correct, Incorrect, NotAttempted, Uncheckable, engine
from ecrlab.course.blanks import BLANK
from ecrlab.course.catalogue import find_exercise
from ecrlab.errors import NoOpenLab, UnknownExercise


def create(lab, name):
    """Create a repository as a learner would."""
    lab.client("ecr").create_repository(repositoryName=name)


def test_a_right_state_is_correct_and_explained(lab):
    """The check passes on the state that the task asks for, and says why it works."""
    reset("01.create")
    create(lab, "toy/box")
    assert Correct("01.create", "A repository", "A slash makes a namespace.") == check("01.create")


def test_a_known_mistake_gets_its_own_message(lab):
    """What the registry holds tells which mistake was made."""
    reset("01.create")
    create(lab, "toy-box")
    message = "You wrote a dash where the slash belongs; the registry now has toy-box."
    assert Incorrect("01.create", "A repository", message, "dash") == check("01.create")


def test_another_wrong_state_gets_the_general_sentence(lab):
    """A mistake that nobody foresaw still learns what is missing."""
    reset("01.create")
    create(lab, "something/else")
    assert Incorrect("01.create", "A repository", "There is no repository toy/box.") == check("01.create")


def test_an_unchanged_registry_is_not_attempted(lab):
    """Right after reset there is nothing to judge."""
    reset("01.create")
    message = "Nothing in the registry has changed since the task began. Work in the cell above, then check again."
    assert NotAttempted("01.create", "A repository", message) == check("01.create")


def test_what_changes_elsewhere_was_attempted(lab):
    """A task about roles is attempted once a role has changed, though the registry is as it was."""

    def roles(lab):
        return [role["RoleName"] for role in lab.client("iam").list_roles()["Roles"]]

    task = replace(find_exercise("01.create"), elsewhere=roles)
    engine.begin(task, lab)
    assert "not_attempted" == engine.judge(task, lab).kind
    lab.client("iam").create_role(RoleName="pipeline", AssumeRolePolicyDocument="{}")
    assert "incorrect" == engine.judge(task, lab).kind


def test_a_task_that_has_not_begun_says_how_to_begin(lab):
    """A check before any reset does not call an empty registry wrong."""
    message = 'This task has not begun in this session: run `reset("01.create")`, then the cell below it.'
    assert NotAttempted("01.create", "A repository", message) == check("01.create")


def test_work_done_without_reset_counts(lab):
    """Whoever skips reset and does the task is right all the same."""
    create(lab, "toy/box")
    assert check("01.create").kind == "correct"


def test_a_new_lab_has_begun_no_task(lab):
    """What was begun in one lab says nothing about the next."""
    reset("01.create")
    with open_lab():
        assert "has not begun" in check("01.create").message


def test_a_blank_answer_is_not_attempted(lab):
    """A blank handed over is no wrong answer."""
    message = "The answer is still a blank. Fill it in, and run that cell first."
    assert NotAttempted("01.count", "How many", message) == check("01.count", BLANK)


@pytest.mark.parametrize(("answer", "mistake"), [("0", "text"), ([], "list"), (7, None)])
def test_answers_are_judged(lab, answer, mistake):
    """A value handed over is judged like a state."""
    reset("01.count")
    outcome = check("01.count", answer)
    assert ("incorrect", mistake) == (outcome.kind, outcome.mistake)


def test_hints_come_one_by_one_and_then_stay(lab):
    """There are three hints; after them, all three and the way on."""
    titles = [hint("01.create").title for _ in range(4)]
    expected = [f"Hint {n} of 3: A repository" for n in (1, 2, 3)] + ["All three hints: A repository"]
    assert expected == titles
    assert 4 == len(hint("01.create").body)


def test_a_solution_shows_code_and_reason(lab):
    """The solution says why, not only how."""
    card = solution("01.create")
    assert find_exercise("01.create").solution == card.code
    assert ["A slash makes a namespace."] == list(card.body)


def test_reset_says_what_it_did_and_can_be_repeated(lab):
    """Reset puts the task back to its start, as often as one likes."""
    create(lab, "toy/box")
    cards = [reset("01.create"), reset("01.create")]
    assert cards[0] == cards[1]
    assert ["The registry is empty."] == cards[0].body
    assert [] == lab.client("ecr").describe_repositories()["repositories"]


def test_an_authors_slip_is_not_held_against_the_learner(lab):
    """A check that breaks is told as such, in one line."""

    def broken(lab, answer):
        raise KeyError("imageDigest")

    outcome = engine.judge(replace(find_exercise("01.create"), check=broken), lab)
    message = "The check met KeyError: 'imageDigest'. Run `reset(\"01.create\")` and try again."
    assert Uncheckable("01.create", "A repository", message) == outcome


def test_outcomes_are_noted_for_the_runner(lab, tmp_path, monkeypatch):
    """With ECRLAB_OUTCOMES each verdict is a JSON line of its own."""
    notes = tmp_path / "outcomes.jsonl"
    monkeypatch.setenv("ECRLAB_OUTCOMES", str(notes))
    check("01.count", "0")
    check("01.count", 0)
    lines = [json.loads(line) for line in notes.read_text().splitlines()]
    assert [("incorrect", "text"), ("correct", None)] == [(line["kind"], line["mistake_id"]) for line in lines]


def test_an_outcome_is_no_bool(lab):
    """``if check(…)`` would hide three of four outcomes."""
    with pytest.raises(TypeError, match=r"an outcome has four kinds; look at outcome\.kind"):
        bool(check("01.count", 0))


def test_an_outcome_reads_the_same_in_every_form(lab):
    """HTML, Markdown and text carry the same sentence, and the sign does not depend on colour."""
    outcome = check("01.count", "0")
    for form in (outcome._repr_html_(), outcome._repr_markdown_(), str(outcome)):
        assert "You handed over a text" in form
        assert "✗" in form
        assert "Not yet" in form


BAD_IDS = {
    "a slip of the finger": ("01.creat", "exercise '01.creat': no lab has it; did you mean '01.create'?"),
    "another lab": ("07.create", "exercise '07.create': no lab has it; did you mean '01.create'?"),
    "nothing like it": ("zzz", "exercise 'zzz': no lab has it; did you mean '01.create'?"),
    "no text": (1, "exercise 1: no lab has it; did you mean '01.create'?"),
}


@pytest.mark.parametrize("function", [check, hint, solution, reset])
@pytest.mark.parametrize(("id_", "message"), BAD_IDS.values(), ids=BAD_IDS)
def test_error_unknown_exercise(lab, function, id_, message):
    """An id that no lab has is answered with the nearest that one has."""
    with pytest.raises(UnknownExercise) as caught:
        function(id_)
    assert message == str(caught.value)


@pytest.mark.parametrize("function", [check, reset])
def test_error_no_lab_is_open(toy_course, function):
    """A check needs a registry to look at."""
    with pytest.raises(NoOpenLab) as caught:
        function("01.create")
    assert "lab: none is open; open one with `lab = open_lab()`" == str(caught.value)
