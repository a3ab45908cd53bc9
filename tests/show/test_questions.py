"""Quiz questions: a static page where nobody can click, buttons in JupyterLab, the same verdict from a plain call."""

from __future__ import annotations

import pytest
from ecrlab import quiz
from ecrlab.course.progress import open_progress
from ecrlab.errors import InvalidInput, UnknownExercise

ASK = "from ecrlab import quiz\nquiz('00.registry')"


@pytest.fixture(autouse=True)
def own_progress(tmp_path, monkeypatch):
    """Keep the answers of a test out of the learner's progress."""
    monkeypatch.setenv("ECRLAB_PROGRESS", str(tmp_path / "progress.json"))


def test_outside_a_front_end_a_question_is_a_page():
    """Every form carries every option; the page shows the reasons only to who opens them."""
    bundle = quiz("00.registry")._repr_mimebundle_()
    assert {"text/plain", "text/html", "text/markdown"} == bundle.keys()
    for form in bundle.values():
        assert "15, one for each repository" in form
    assert bundle["text/html"].count("<details") == 4
    assert "Repositories lie inside a registry." not in bundle["text/plain"]


def test_a_plain_call_answers_and_is_kept():
    """The letter is judged, its reason given, and the answer kept as progress."""
    outcome = quiz("00.registry", "B")
    assert "incorrect" == outcome.kind
    assert "Repositories lie inside a registry." in str(outcome)
    assert "correct" == quiz("00.registry", "c").kind
    kept = open_progress().read().quizzes["00.registry"]
    assert (2, True, "c") == (kept.answers, kept.right, kept.last_option)


BAD_ANSWERS = {
    "no such letter": ("e", "quiz '00.registry': 'e' is no option; choose one of a, b, c, d"),
    "nothing": ("", "quiz '00.registry': no option was chosen; choose one of a, b, c, d"),
    "two": ("ab", "quiz '00.registry': 2 options were chosen, and one is right; choose one of a, b, c, d"),
    "a number": (2, "quiz '00.registry': the answer 2 is no text; choose one of a, b, c, d"),
}


@pytest.mark.parametrize(("answer", "message"), BAD_ANSWERS.values(), ids=BAD_ANSWERS)
def test_error_an_answer_that_is_none(answer, message):
    """What names no option is answered with the options that there are."""
    with pytest.raises(InvalidInput) as caught:
        quiz("00.registry", answer)
    assert message == str(caught.value)


def test_error_no_such_question():
    """An id that no quiz has is answered with the nearest."""
    with pytest.raises(UnknownExercise) as caught:
        quiz("00.registri")
    assert "quiz '00.registri': no quiz has this question; did you mean '00.registry'?" == str(caught.value)


@pytest.mark.notebook
@pytest.mark.parametrize(("metadata", "live"), [({"cellId": "a1"}, True), ({}, False)], ids=["JupyterLab", "nbclient"])
def test_buttons_where_somebody_can_click(kinds_shown, metadata, live):
    """JupyterLab names the cell in its request and gets a widget; programs do not, and get the page."""
    kinds = kinds_shown(ASK, metadata)
    assert live is ("application/vnd.jupyter.widget-view+json" in kinds)
    assert {"text/plain", "text/html", "text/markdown"} <= kinds
