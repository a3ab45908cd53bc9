"""Questions in which every option answers with a reason, and where they are kept: TOML that needs no Python to write.

```toml
[[question]]
id = "01.tag"
prompt = "What happens to the old image when a tag moves to a new one?"

[[question.options]]
text = "It stays, without that tag."
right = true
reason = "A tag is a name. The image behind it stays until somebody or some rule deletes it."
```

Options are called a, b, c … in the order of the file.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from html import escape
from pathlib import Path
from string import ascii_lowercase
from types import MappingProxyType
from typing import Any, NoReturn

from ecrlab.cards import Card, ShownAs, Tone, html_of, inline_html
from ecrlab.clock import SystemClock
from ecrlab.course.catalogue import find_course, look_up
from ecrlab.course.outcome import note_outcome
from ecrlab.course.progress import open_progress
from ecrlab.errors import InvalidExercise, InvalidInput

__all__ = ["Answered", "Option", "Question", "answer", "find_question", "lint_question", "load_quizzes", "quiz_files"]

_OPTIONS = range(3, 6)
_REASON_WORDS = 60
_CATCH_ALL = re.compile(r"\b(all|none|both|neither) of (the|these|them)\b", re.IGNORECASE)
_ID = re.compile(r"\d\d\.[a-z0-9-]+")


@dataclass(frozen=True, slots=True)
class Option:
    """One option: what it says, whether it is right, and the reason that answers whoever chooses it."""

    text: str
    right: bool
    reason: str


@dataclass(frozen=True, slots=True, repr=False)
class Question:
    """One question.

    Args:
        id: ``<number of the notebook>.<word>``, e.g. ``01.tag``.
        prompt: The question; `words in backticks` are shown as code.
        options: In the order in which they are shown.
        several: Whether more than one option is right, and all of them have to be chosen.
    """

    id: str
    prompt: str
    options: tuple[Option, ...]
    several: bool = False

    @property
    def lettered(self) -> Mapping[str, Option]:
        """The options by letter, in order from ``a`` on."""
        return dict(zip(ascii_lowercase, self.options, strict=False))

    @property
    def right(self) -> str:
        """The letters that answer it, in order: ``b``, or ``ac``."""
        return "".join(letter for letter, option in self.lettered.items() if option.right)

    @property
    def how_many(self) -> str:
        """What to choose, for the learner."""
        return "Choose all that are right." if self.several else "Choose one."

    def letters(self, choice: str | Collection[str]) -> str:
        """Read a choice: ``"b"``, ``"ac"``, ``"a, c"`` or ``["a", "c"]``; return its letters in order.

        Raises:
            InvalidInput: It names no option, one that does not exist, or too many.
        """
        place, offered = f"quiz {self.id!r}", ", ".join(self.lettered)
        parts = [choice] if isinstance(choice, str) else choice
        if not isinstance(parts, list | tuple | set | frozenset) or not all(isinstance(part, str) for part in parts):
            raise InvalidInput(place, f"the answer {choice!r} is no text", f"choose one of {offered}")
        chosen = set("".join(parts).lower()) - set(" ,")
        unknown = chosen - self.lettered.keys()
        if unknown or not chosen:
            fact = f"{choice!r} is no option" if unknown else "no option was chosen"
            raise InvalidInput(place, fact, f"choose one of {offered}")
        if len(chosen) > 1 and not self.several:
            raise InvalidInput(
                place, f"{len(chosen)} options were chosen, and one is right", f"choose one of {offered}"
            )
        return "".join(sorted(chosen))

    def judge(self, choice: str | Collection[str]) -> Answered:
        """Return the verdict on a choice, without recording it.

        Raises:
            InvalidInput: The choice cannot be read.
        """
        return Answered(self, self.letters(choice))

    def inner_html(self) -> str:
        """Return the question as HTML without a style sheet; each option opens to show its reason."""
        options = "".join(_fold(letter, option) for letter, option in self.lettered.items())
        return (
            f'<div class="ecrlab-card" style="--tone:{Tone.HINT.colour}" role="group" '
            f'aria-label="Question {escape(self.id)}">'
            f'<p class="ecrlab-title"><span class="ecrlab-sign" aria-hidden="true">{Tone.HINT.sign}</span>'
            f"{inline_html(self.prompt)}</p><p>{self.how_many} Open an option to see whether it is right, and why.</p>"
            f"{options}</div>"
        )

    def _how_to_answer(self) -> str:
        example = "".join(list(self.lettered)[:2]) if self.several else next(iter(self.lettered), "a")
        return f'Answer with `quiz("{self.id}", "{example}")`, with the letters that you choose.'

    def _repr_html_(self) -> str:
        return html_of(self.inner_html())

    def _repr_markdown_(self) -> str:
        options = [f"- **{letter})** {option.text}" for letter, option in self.lettered.items()]
        head = f"**{Tone.HINT.sign} {self.prompt}** {self.how_many}"
        return "\n".join([head, "", *options, "", self._how_to_answer(), ""])

    def __str__(self) -> str:
        options = [f"  {letter}) {option.text}" for letter, option in self.lettered.items()]
        return "\n".join(
            [f"{Tone.HINT.sign} {self.prompt}", f"  {self.how_many}", *options, f"  {self._how_to_answer()}"]
        )

    __repr__ = __str__


def _fold(letter: str, option: Option) -> str:
    verdict = "✓ Right." if option.right else "✗ Not right."
    return (
        f'<details style="margin:.3em 0"><summary style="cursor:pointer"><b>{letter})</b> {inline_html(option.text)}'
        f'</summary><p style="margin:.2em 0 .5em 1.4em">{verdict} {inline_html(option.reason)}</p></details>'
    )


@dataclass(frozen=True, slots=True, repr=False)
class Answered(ShownAs):
    """The verdict on an answer: the reason of each option chosen.

    Args:
        question: What was asked.
        letters: What was chosen, in order: ``b``, or ``ac``.
        notes: What else the learner should know, e.g. that progress could not be saved.
    """

    question: Question
    letters: str
    notes: tuple[str, ...] = field(default=(), kw_only=True)

    @property
    def kind(self) -> str:
        """``correct`` or ``incorrect``."""
        return "correct" if self.letters == self.question.right else "incorrect"

    @property
    def message(self) -> str:
        """The reasons of the chosen options; whether more are right is said, which ones is not."""
        return " ".join(self._sentences())

    def with_note(self, note: str | None) -> Answered:
        """Return the same verdict with one more note; ``None`` adds nothing."""
        return replace(self, notes=(*self.notes, note)) if note else self

    def _sentences(self) -> list[str]:
        chosen = [self.question.lettered[letter] for letter in self.letters]
        sentences = [option.reason for option in chosen]
        if self.kind == "incorrect" and all(option.right for option in chosen):
            sentences.append("There is more that is right.")
        return sentences

    def card(self) -> Card:
        """Return the verdict as a card."""
        good = self.kind == "correct"
        lettered = self.question.lettered
        chosen = [
            f"{letter}) {lettered[letter].text} {'✓' if lettered[letter].right else '✗'} {lettered[letter].reason}"
            for letter in self.letters
        ]
        way_on = [] if good else [*self._sentences()[len(chosen) :], "Choose again."]
        body = (*chosen, *way_on, *(f"Note: {note}" for note in self.notes))
        headline = "Correct" if good else "Not yet"
        return Card(f"{headline}: {self.question.prompt}", body=body, tone=Tone.GOOD if good else Tone.BAD)

    def _shown(self) -> Card:
        """Return the verdict as a card."""
        return self.card()

    def __bool__(self) -> NoReturn:
        raise TypeError("an answer has a verdict and reasons; look at its kind")


# --- Asking --------------------------------------------------------------------------------------------------------


def answer(question: Question, choice: str | Collection[str]) -> Answered:
    """Judge an answer and keep it as progress; where that fails, a note on the verdict says why.

    Raises:
        InvalidInput: The choice cannot be read.
    """
    verdict = question.judge(choice)
    note_outcome(question.id, verdict.kind, None, verdict.message)
    correct = verdict.kind == "correct"
    now = SystemClock().now()
    return verdict.with_note(open_progress().record_answer(question.id, verdict.letters, correct=correct, at=now))


def find_question(id_: str, course: Path | None = None) -> Question:
    """Return the question with an id such as ``01.tag``.

    Raises:
        UnknownExercise: No quiz has it; the message names the nearest.
        InvalidExercise: Its file is not finished.
    """
    files = quiz_files(course or find_course())
    mine = [path for path in files if _number(path) == str(id_).split(".")[0]]
    return look_up(
        id_, mine, files, load_quizzes, kind="quiz", fact="no quiz has this question", none="this course has no quizzes"
    )


def quiz_files(course: Path) -> tuple[Path, ...]:
    """Return the files with questions: those of the guided notebooks, then those of labs, each in reading order."""
    guided = sorted(course.glob("notebooks/quizzes/[0-9][0-9]_*.toml"))
    return (*guided, *sorted(course.glob("labs/[0-9][0-9]_*/quiz.toml")))


def _number(path: Path) -> str:
    topic = path.parent.name if path.name == "quiz.toml" else path.name
    return topic.split("_")[0]


def load_quizzes(path: Path) -> Mapping[str, Question]:
    """Return the questions of one file in their order, id -> question.

    Raises:
        InvalidExercise: It is no TOML, a field is missing, unknown or of the wrong type, or an id stands there twice.
    """
    place = f"{path.parent.name}/{path.name}"
    try:
        document = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError as exc:
        raise InvalidExercise(place, "there is no such file", "write it as docs/authoring.md shows") from exc
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as exc:
        raise InvalidExercise(place, f"is no TOML: {exc}", "mend the file") from exc
    found = _fields(place, document, {"question": list}, {})["question"]
    questions: dict[str, Question] = {}
    for number, each in enumerate(found, start=1):
        question = _question(f"{place}, question {number}", each)
        if question.id in questions:
            raise InvalidExercise(place, f"the id {question.id!r} stands there twice", "give each an id of its own")
        if not _ID.fullmatch(question.id) or question.id.split(".")[0] != _number(path):
            fact = f"the id {question.id!r} does not belong here"
            raise InvalidExercise(place, fact, f"write it like '{_number(path)}.some-word'")
        questions[question.id] = question
    return MappingProxyType(questions)


def _question(place: str, found: Any) -> Question:
    needed = {"id": str, "prompt": str, "options": list}
    fields = _fields(place, found, needed, {"several": False})
    place = f"{place} ({fields['id']})"
    options = tuple(
        Option(**_fields(f"{place}, option {letter}", each, {"text": str, "reason": str}, {"right": False}))
        for letter, each in zip(ascii_lowercase, fields["options"], strict=False)
    )
    return Question(fields["id"], fields["prompt"], options, fields["several"])


def _fields(place: str, found: Any, needed: Mapping[str, type], optional: Mapping[str, bool]) -> dict[str, Any]:
    """Return the fields of one table of the file, with defaults for those that may be left out."""
    if not isinstance(found, dict):
        raise InvalidExercise(place, f"{found!r} is no table", f"give it {', '.join(needed)}")
    kinds = {**needed, **dict.fromkeys(optional, bool)}
    for name in (*needed, *found):
        if name not in kinds:
            raise InvalidExercise(place, f"there is an unknown field {name!r}", f"it may have {', '.join(kinds)}")
        if name not in found:
            raise InvalidExercise(place, f"{name!r} is missing", "add it")
        if not isinstance(found[name], kinds[name]):
            wanted = {str: "a text in quotes", list: "a list of tables", bool: "true or false"}[kinds[name]]
            raise InvalidExercise(place, f"{name!r} is {found[name]!r}", f"make it {wanted}")
    return {**optional, **found}


# --- Rules ---------------------------------------------------------------------------------------------------------


def lint_question(question: Question) -> Iterator[str]:
    """Yield what a question lacks to be one that teaches; nothing, if it is finished."""
    place = f"quiz {question.id}"
    if not question.prompt.strip():
        yield f"{place}: the prompt is empty"
    if len(question.options) not in _OPTIONS:
        yield f"{place}: it has {len(question.options)} options; give it {_OPTIONS[0]} to {_OPTIONS[-1]}"
    right = len(question.right)
    if question.several and not 2 <= right < len(question.options):
        yield f"{place}: {right} options are right; with `several = true` two or more are, and at least one is wrong"
    if not question.several and right != 1:
        yield f"{place}: {right} options are right; make it exactly one, or say `several = true`"
    for name in ("text", "reason"):
        values = [getattr(option, name).strip().casefold() for option in question.options]
        if len(set(values)) < len(values):
            yield f"{place}: two options have the same {name}"
    for letter, option in question.lettered.items():
        yield from _lint_option(f"{place}, option {letter}", option)


def _lint_option(place: str, option: Option) -> Iterator[str]:
    for name in ("text", "reason"):
        if not getattr(option, name).strip():
            yield f"{place}: the {name} is empty"
    if _CATCH_ALL.search(option.text):
        yield f"{place}: {option.text!r} can be chosen without knowing the matter; say one thing"
    if len(option.reason.split()) > _REASON_WORDS:
        yield f"{place}: the reason has {len(option.reason.split())} words; write at most {_REASON_WORDS}"
