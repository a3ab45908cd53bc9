"""Questions: how they are kept, answered and judged, and what the linter asks of them."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from ecrlab.course.lint import lint_exercises
from ecrlab.course.progress import open_progress
from ecrlab.course.quiz import Option, Question, answer, find_question, lint_question, load_quizzes, quiz_files
from ecrlab.errors import InvalidExercise, InvalidInput, UnknownExercise

TAG = Question(
    "01.tag",
    "What is a `tag`?",
    (
        Option("An identity", right=False, reason="That is the digest."),
        Option("A name that can move", right=True, reason="It points to one digest at a time."),
        Option("A version that stays", right=False, reason="Nothing fixes a tag by itself."),
    ),
)
SENT = Question(
    "01.sent",
    "What does a push upload?",
    (
        Option("The manifest", right=True, reason="It is always sent."),
        Option("What is there already", right=False, reason="A push asks first, and skips it."),
        Option("New layers", right=True, reason="The registry does not have them."),
    ),
    several=True,
)
FILE = """\
[[question]]
id = "01.tag"
prompt = "What is a `tag`?"

[[question.options]]
text = "An identity"
reason = "That is the digest."

[[question.options]]
text = "A name that can move"
right = true
reason = "It points to one digest at a time."

[[question.options]]
text = "A version that stays"
reason = "Nothing fixes a tag by itself."
"""


@pytest.fixture
def quizzes(toy_course):
    """Return the path of a quiz in the toy course, with one question."""
    path = toy_course / "notebooks" / "quizzes" / "01_toy.toml"
    path.parent.mkdir()
    path.write_text(FILE)
    return path


# --- Answers -------------------------------------------------------------------------------------------------------

VERDICTS = {  # id: (question, choice, letters, kind, message)
    "the right option": (TAG, "b", "b", "correct", "It points to one digest at a time."),
    "a lure answers with its own reason": (TAG, "a", "a", "incorrect", "That is the digest."),
    "a capital letter": (TAG, "B", "b", "correct", "It points to one digest at a time."),
    "blanks around it": (TAG, " b ", "b", "correct", "It points to one digest at a time."),
    "all that are right": (SENT, "ac", "ac", "correct", "It is always sent. The registry does not have them."),
    "in any order": (SENT, "c, a", "ac", "correct", "It is always sent. The registry does not have them."),
    "as a list": (SENT, ["c", "a"], "ac", "correct", "It is always sent. The registry does not have them."),
    "half of what is right": (SENT, "a", "a", "incorrect", "It is always sent. There is more that is right."),
    "one too many": (SENT, "abc", "abc", "incorrect",
        "It is always sent. A push asks first, and skips it. The registry does not have them."),
}  # fmt: skip


@pytest.mark.parametrize(("question", "choice", "letters", "kind", "message"), VERDICTS.values(), ids=VERDICTS)
def test_a_choice_is_judged_and_answered_with_its_reason(question, choice, letters, kind, message):
    """Whatever is chosen is answered by the reason that stands beside it."""
    outcome = question.judge(choice)
    assert (letters, kind, message) == (outcome.letters, outcome.kind, outcome.message)


def test_a_wrong_answer_does_not_tell_the_right_one():
    """The learner can try again without having been told."""
    outcome = TAG.judge("a")
    for form in (str(outcome), outcome._repr_html_(), outcome._repr_markdown_()):
        assert "That is the digest." in form
        assert "Choose again." in form
        assert "can move" not in form


def test_a_verdict_reads_without_colour():
    """Sign and word carry the verdict in every form."""
    for choice, sign, word in (("b", "✓", "Correct"), ("a", "✗", "Not yet")):
        outcome = TAG.judge(choice)
        for form in (str(outcome), outcome._repr_html_(), outcome._repr_markdown_()):
            assert sign in form
            assert word in form


def test_an_answer_is_no_bool():
    """``if quiz(…)`` would be true for every answer."""
    with pytest.raises(TypeError, match="an answer has a verdict and reasons; look at its kind"):
        bool(TAG.judge("b"))


BAD_CHOICES = {
    "a letter that is not there": (TAG, "d", "quiz '01.tag': 'd' is no option; choose one of a, b, c"),
    "nothing": (TAG, "", "quiz '01.tag': no option was chosen; choose one of a, b, c"),
    "a number": (TAG, 2, "quiz '01.tag': the answer 2 is no text; choose one of a, b, c"),
    "the words of an option": (TAG, "digest", "quiz '01.tag': 'digest' is no option; choose one of a, b, c"),
    "two where one is right": (
        TAG, "ab", "quiz '01.tag': 2 options were chosen, and one is right; choose one of a, b, c"),
    "a number in a list": (SENT, ["a", 3], "quiz '01.sent': the answer ['a', 3] is no text; choose one of a, b, c"),
}  # fmt: skip


@pytest.mark.parametrize(("question", "choice", "message"), BAD_CHOICES.values(), ids=BAD_CHOICES)
def test_error_a_choice_that_cannot_be_read(question, choice, message):
    """What names no option is refused, with the letters that there are."""
    with pytest.raises(InvalidInput) as caught:
        question.judge(choice)
    assert message == str(caught.value)


# --- The question itself -------------------------------------------------------------------------------------------


def test_the_text_form_has_every_option_and_says_how_to_answer():
    """A printed page and a screen reader get the question and the call, without the answer."""
    expected = """\
? What is a `tag`?
  Choose one.
  a) An identity
  b) A name that can move
  c) A version that stays
  Answer with `quiz("01.tag", "a")`, with the letters that you choose."""
    assert expected == str(TAG) == repr(TAG)
    assert 'quiz("01.sent", "ab")' in str(SENT)


def test_every_option_opens_to_its_reason_in_html():
    """Where no kernel runs, each option is a <details> with its verdict in words."""
    html = TAG._repr_html_()
    assert 3 == html.count("<details") == html.count("<summary")
    assert 1 == html.count("✓ Right. It points to one digest at a time.")
    assert 2 == html.count("✗ Not right.")
    assert 'aria-label="Question 01.tag"' in html


def test_markup_in_a_question_is_shown_and_not_obeyed():
    """Angle brackets are text; words in backticks are code."""
    odd = replace(TAG, prompt="Is <b> `a < b`?")
    assert "Is &lt;b&gt; <code>a &lt; b</code>?" in odd._repr_html_()


# --- Answering for the record --------------------------------------------------------------------------------------


def test_an_answer_is_kept_and_noted(toy_course, tmp_path, monkeypatch):
    """Progress counts the answers; the course runner finds each as a line of JSON."""
    notes = tmp_path / "outcomes.jsonl"
    monkeypatch.setenv("ECRLAB_OUTCOMES", str(notes))
    outcomes = [answer(TAG, "a"), answer(TAG, "b")]
    assert ["incorrect", "correct"] == [outcome.kind for outcome in outcomes]
    assert [(), ()] == [outcome.notes for outcome in outcomes]
    kept = open_progress().read().quizzes["01.tag"]
    assert (2, True, "b") == (kept.answers, kept.right, kept.last_option)
    lines = [json.loads(line) for line in notes.read_text().splitlines()]
    assert [
        ("01.tag", "incorrect", "That is the digest."),
        ("01.tag", "correct", "It points to one digest at a time."),
    ] == [(line["id"], line["kind"], line["message"]) for line in lines]


def test_a_verdict_does_not_need_a_place_to_be_kept(toy_course, tmp_path, monkeypatch):
    """Where progress cannot be written, the verdict stands and says so."""
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("ECRLAB_PROGRESS", str(tmp_path / "file" / "progress.json"))
    outcome = answer(TAG, "b")
    assert "correct" == outcome.kind
    (note,) = outcome.notes
    assert "not saved" in note
    assert note in str(outcome)


# --- Files ---------------------------------------------------------------------------------------------------------


def test_a_file_is_read_as_it_is_written(quizzes):
    """Options keep their order; ``right`` is false unless said."""
    assert {"01.tag": TAG} == load_quizzes(quizzes)
    assert find_question("01.tag") == TAG


def test_labs_may_have_questions_too(quizzes, toy_course):
    """A lab's own quiz.toml is found by the number of the lab."""
    own = toy_course / "labs" / "01_toy" / "quiz.toml"
    own.write_text(FILE.replace("01.tag", "01.box"))
    assert (quizzes, own) == quiz_files(toy_course)
    assert "01.box" == find_question("01.box").id


UNKNOWN = {
    "a slip of the finger": ("01.tga", "quiz '01.tga': no quiz has this question; did you mean '01.tag'?"),
    "another notebook": ("07.tag", "quiz '07.tag': no quiz has this question; did you mean '01.tag'?"),
    "nothing like it": ("zzz", "quiz 'zzz': no quiz has this question; did you mean '01.tag'?"),
    "no text": (1, "quiz 1: no quiz has this question; did you mean '01.tag'?"),
}


@pytest.mark.parametrize(("id_", "message"), UNKNOWN.values(), ids=UNKNOWN)
def test_error_unknown_question(quizzes, id_, message):
    """An id that no quiz has is answered with the nearest that one has."""
    with pytest.raises(UnknownExercise) as caught:
        find_question(id_)
    assert message == str(caught.value)


def test_error_a_course_without_quizzes(toy_course):
    """Where nothing can be meant, nothing is suggested."""
    with pytest.raises(UnknownExercise) as caught:
        find_question("01.tag")
    assert "quiz '01.tag': no quiz has this question; this course has no quizzes" == str(caught.value)


PLACE = "quizzes/01_toy.toml"
FIRST = f"{PLACE}, question 1"
BROKEN = {  # id: (what is replaced in the file, by what, message)
    "no TOML": ('id = "01.tag"', "id = ", f"{PLACE}: is no TOML: Invalid value (at line 2, column 6); mend the file"),
    "no questions": (FILE, "", f"{PLACE}: 'question' is missing; add it"),
    "no table": (FILE, "question = [1]", f"{FIRST}: 1 is no table; give it id, prompt, options"),
    "a field that is missing": ('prompt = "What is a `tag`?"\n', "", f"{FIRST}: 'prompt' is missing; add it"),
    "a field of the wrong type": (
        'prompt = "What is a `tag`?"', "prompt = 3", f"{FIRST}: 'prompt' is 3; make it a text in quotes"),
    "a misspelled field": (
        "right = true", "rigth = true",
        f"{FIRST} (01.tag), option b: there is an unknown field 'rigth'; it may have text, reason, right"),
    "a text where a truth belongs": (
        "right = true", 'right = "yes"', f"{FIRST} (01.tag), option b: 'right' is 'yes'; make it true or false"),
    "an option without a reason": (
        'reason = "That is the digest."\n', "", f"{FIRST} (01.tag), option a: 'reason' is missing; add it"),
    "an id twice": (FILE, FILE + FILE, f"{PLACE}: the id '01.tag' stands there twice; give each an id of its own"),
    "an id of another notebook": (
        "01.tag", "02.tag", f"{PLACE}: the id '02.tag' does not belong here; write it like '01.some-word'"),
    "an id without a number": (
        "01.tag", "tag", f"{PLACE}: the id 'tag' does not belong here; write it like '01.some-word'"),
}  # fmt: skip


@pytest.mark.parametrize(("old", "new", "message"), BROKEN.values(), ids=BROKEN)
def test_error_a_broken_file_names_the_place(quizzes, old, new, message):
    """An author's slip is told with file, question and option; the linter tells it as a finding."""
    assert old in FILE
    quizzes.write_text(FILE.replace(old, new))
    with pytest.raises(InvalidExercise) as caught:
        load_quizzes(quizzes)
    assert message == str(caught.value)
    assert message in [str(finding) for finding in lint_exercises(quizzes.parents[2])]


def test_error_a_file_that_is_not_there(toy_course):
    """A missing file is told as such."""
    with pytest.raises(InvalidExercise) as caught:
        load_quizzes(toy_course / "quizzes" / "01_none.toml")
    assert "quizzes/01_none.toml: there is no such file; write it as docs/authoring.md shows" == str(caught.value)


# --- Rules ---------------------------------------------------------------------------------------------------------


def option(text="Another", *, right=False, reason="Because of this."):
    """Make an option."""
    return Option(text, right, reason)


A, B, C = TAG.options
UNFINISHED = {  # id: (change to the question, finding)
    "no prompt": ({"prompt": " "}, "quiz 01.tag: the prompt is empty"),
    "two options": ({"options": (A, B)}, "quiz 01.tag: it has 2 options; give it 3 to 5"),
    "six options": (
        {"options": (A, B, C, *(option(text, reason=text) for text in "xyz"))},
        "quiz 01.tag: it has 6 options; give it 3 to 5"),
    "nothing right": (
        {"options": (A, C, option())},
        "quiz 01.tag: 0 options are right; make it exactly one, or say `several = true`"),
    "two right": (
        {"options": (A, B, option(right=True))},
        "quiz 01.tag: 2 options are right; make it exactly one, or say `several = true`"),
    "several, and one is right": (
        {"several": True},
        "quiz 01.tag: 1 options are right; with `several = true` two or more are, and at least one is wrong"),
    "several, and all are right": (
        {"several": True, "options": tuple(replace(each, right=True) for each in TAG.options)},
        "quiz 01.tag: 3 options are right; with `several = true` two or more are, and at least one is wrong"),
    "the same option twice": (
        {"options": (A, B, option("an identity "))}, "quiz 01.tag: two options have the same text"),
    "the same reason twice": (
        {"options": (A, B, option(reason=A.reason))}, "quiz 01.tag: two options have the same reason"),
    "an option without words": ({"options": (A, B, option(" "))}, "quiz 01.tag, option c: the text is empty"),
    "an option without a reason": (
        {"options": (A, B, option(reason=""))}, "quiz 01.tag, option c: the reason is empty"),
    "all of the above": (
        {"options": (A, B, option("All of the above"))},
        "quiz 01.tag, option c: 'All of the above' can be chosen without knowing the matter; say one thing"),
    "none of these": (
        {"options": (A, B, option("none of these"))},
        "quiz 01.tag, option c: 'none of these' can be chosen without knowing the matter; say one thing"),
    "a lecture": (
        {"options": (A, B, option(reason="word " * 61))},
        "quiz 01.tag, option c: the reason has 61 words; write at most 60"),
}  # fmt: skip


@pytest.mark.parametrize(("change", "finding"), UNFINISHED.values(), ids=UNFINISHED)
def test_an_unfinished_question_is_refused(change, finding):
    """Each rule finds what breaks it."""
    assert finding in list(lint_question(replace(TAG, **change)))


@pytest.mark.parametrize("question", [TAG, SENT], ids=lambda question: question.id)
def test_a_finished_question_has_no_findings(question):
    """Three options with reasons of their own, and it is clear which is right."""
    assert [] == list(lint_question(question))
