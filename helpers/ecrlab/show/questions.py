"""``quiz``: a question to click in JupyterLab, to read anywhere else, and to answer by a plain call everywhere."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ecrlab.cards import Card, Tone, html_of
from ecrlab.course.quiz import Answered, Question, find_question
from ecrlab.course.quiz import answer as judged_and_kept
from ecrlab.show.front_end import is_live

if TYPE_CHECKING:
    from ipywidgets import VBox

__all__ = ["Quiz", "quiz"]


def quiz(id: str, answer: str | Collection[str] | None = None) -> Quiz | Answered:  # noqa: A002 - as a notebook says it
    """Ask a question, or answer it.

    Args:
        id: The question's, e.g. ``"01.tag"``.
        answer: A letter, ``"a"`` for the first option. Without it the question is shown.

    Returns:
        The question, or how the answer turned out and why. An answer is kept as progress; where that fails, a note on
        the outcome says why.

    Raises:
        UnknownExercise: No quiz has this id.
        InvalidInput: The question has no option of this letter.
    """
    question = find_question(id)
    return Quiz(question) if answer is None else judged_and_kept(question, answer)


@dataclass(frozen=True, slots=True, repr=False)
class Quiz:
    """A question as it is shown: with buttons where somebody can click, else as a page that reads the same."""

    question: Question

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        page = {
            "text/plain": str(self.question),
            "text/html": self.question._repr_html_(),
            "text/markdown": self.question._repr_markdown_(),
        }
        return page | _widget_bundle(self.question) if is_live() and not self.question.several else page

    def _repr_html_(self) -> str:
        return self.question._repr_html_()

    def __str__(self) -> str:
        return str(self.question)

    __repr__ = __str__


# --- the same, to click -----------------------------------------------------------------------------------------------

# ipywidgets gives each option one line of fixed height; ours are sentences.
_ROOM_FOR_SENTENCES = """<style>
.ecrlab-options{width:auto!important;max-width:58em}
.ecrlab-options .widget-radio-box{width:auto;max-width:100%;height:auto}
.ecrlab-options .widget-radio-box label{height:auto;line-height:1.5;white-space:normal;padding:.15em 0}
</style>"""


def _widget_bundle(question: Question) -> dict[str, Any]:
    # Without the widget's own text/plain: where it cannot be drawn, the page above is what should be read.
    return {
        kind: content
        for kind, content in _widget(question)._repr_mimebundle_().items()
        if kind not in {"text/plain", "text/html", "text/markdown"}
    }


def _widget(question: Question) -> VBox:
    from ipywidgets import HTML, Button, RadioButtons, VBox

    prompt = HTML(html_of(Card(question.prompt, tone=Tone.HINT).inner_html()) + _ROOM_FOR_SENTENCES)
    choice = RadioButtons(
        options=[(f"{letter}) {option.text.replace('`', '')}", letter) for letter, option in question.lettered.items()],
        value=None,
    )
    choice.add_class("ecrlab-options")
    button, feedback = Button(description="Answer"), HTML()

    def respond(_: Button) -> None:
        shown = (
            Card("Choose an option first", tone=Tone.WAITING)
            if choice.value is None
            else judged_and_kept(question, choice.value).card()
        )
        feedback.value = f'<div role="status">{html_of(shown.inner_html())}</div>'

    button.on_click(respond)
    return VBox([prompt, choice, button, feedback])
