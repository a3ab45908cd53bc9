"""How a check ends. An outcome is a value with a reason; nothing is printed, and none of them is a bool."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import ClassVar, NoReturn, Self

from ecrlab.cards import Card, ShownAs, Tone

__all__ = ["Correct", "Incorrect", "Mark", "NotAttempted", "Outcome", "Uncheckable", "note_outcome"]


@dataclass(frozen=True, slots=True)
class Mark:
    """One criterion of a task: what was asked for, and what is missing; ``None`` if it is met."""

    words: str
    missing: str | None

    @property
    def met(self) -> bool:
        """Whether this point counts."""
        return self.missing is None

    def __str__(self) -> str:
        return f"✓ {self.words}" if self.missing is None else f"✗ {self.words}: {self.missing}"


@dataclass(frozen=True, slots=True, repr=False)
class Outcome(ShownAs):
    """What a check found.

    Args:
        exercise: The id, e.g. ``01.create``.
        title: The task's title.
        message: What is the case, in one or two sentences.
        notes: What else the learner should know, e.g. that progress could not be saved.
        marks: The points of a task that is judged in many, in their order.
    """

    kind: ClassVar[str]
    headline: ClassVar[str]
    tone: ClassVar[Tone]

    exercise: str
    title: str
    message: str
    notes: tuple[str, ...] = field(default=(), kw_only=True)
    marks: tuple[Mark, ...] = field(default=(), kw_only=True)

    def with_note(self, note: str | None) -> Self:
        """Return the same outcome with one more note; ``None`` adds nothing."""
        return replace(self, notes=(*self.notes, note)) if note else self

    def _body(self) -> tuple[str, ...]:
        return (self.message,)

    def card(self) -> Card:
        """Return the outcome as a card."""
        body = (*self._body(), *map(str, self.marks), *(f"Note: {note}" for note in self.notes))
        points = f", {self.points[0]} of {self.points[1]}" if self.points else ""
        return Card(f"{self.headline}: {self.title}{points}", body=body, tone=self.tone)

    @property
    def points(self) -> tuple[int, int] | None:
        """How many criteria are met, and how many there are; ``None`` for a task without."""
        return (sum(mark.met for mark in self.marks), len(self.marks)) if self.marks else None

    def _shown(self) -> Card:
        """Return the outcome as a card."""
        return self.card()

    def __bool__(self) -> NoReturn:
        raise TypeError("an outcome has four kinds; look at outcome.kind")


@dataclass(frozen=True, slots=True, repr=False)
class Correct(Outcome):
    """The task is done; ``message`` explains why it works."""

    kind = "correct"
    headline = "Correct"
    tone = Tone.GOOD


@dataclass(frozen=True, slots=True, repr=False)
class Incorrect(Outcome):
    """The task is not done; ``mistake`` is the id of the known mistake that was recognised, if one was."""

    kind = "incorrect"
    headline = "Not yet"
    tone = Tone.BAD

    mistake: str | None = None

    def _body(self) -> tuple[str, ...]:
        return (self.message, f'Stuck? `hint("{self.exercise}")` gives the next of three hints.')


@dataclass(frozen=True, slots=True, repr=False)
class NotAttempted(Outcome):
    """Nothing has been done yet."""

    kind = "not_attempted"
    headline = "Not attempted"
    tone = Tone.WAITING


@dataclass(frozen=True, slots=True, repr=False)
class Uncheckable(Outcome):
    """The check itself could not be carried out; ``message`` says why. This is never held against the learner."""

    kind = "uncheckable"
    headline = "Could not check"
    tone = Tone.HINT


def note_outcome(id_: str, kind: str, mistake: str | None, message: str) -> None:
    """Append a verdict to the file named by ``ECRLAB_OUTCOMES``, if one is: the course runner reads it there."""
    path = os.environ.get("ECRLAB_OUTCOMES")
    if path:
        with Path(path).open("a", encoding="utf-8") as notes:
            notes.write(json.dumps({"id": id_, "kind": kind, "mistake_id": mistake, "message": message}) + "\n")
