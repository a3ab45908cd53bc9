"""What a lab asks: exercises and their known mistakes, as values. ``exercises.py`` of every lab is made of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from ecrlab.errors import InvalidExercise

if TYPE_CHECKING:
    from ecrlab.cloud import Lab

__all__ = ["NOT_GIVEN", "Criterion", "Exercise", "Mistake", "NotGiven"]


class NotGiven:
    """The type of ``NOT_GIVEN``."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "NOT_GIVEN"


NOT_GIVEN: Final = NotGiven()
"""What ``check`` hands on as the answer of a task that is judged by the registry alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistake:
    """A wrong answer that people really give.

    Args:
        id: A word, unique in its exercise.
        when: Recognises it from the lab's state, and the answer if there is one.
        message: At most 60 words: what you did, what the registry says now, where to look. It does not paste the fix.
        code: A learner's cell that makes the mistake; run by the tests.
        raises: AWS's error code or an exception's name, if that cell ends in an error by design.
    """

    id: str
    when: Callable[[Lab, Any], bool]
    message: str
    code: str
    raises: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Criterion:
    """One point of a task that is judged in many: met or not, whatever else is.

    Args:
        words: What is asked for, in a few words.
        missing: Looks at the lab; returns ``None`` if it is met, else one sentence that says what is not.
    """

    words: str
    missing: Callable[[Lab], str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Exercise:
    """One task of a lab.

    Args:
        id: ``<number of the lab>.<word>``, e.g. ``01.create``.
        title: A few words.
        objective: What the learner can do afterwards; begins with a verb.
        minutes: How long it takes, in whole minutes.
        prepare: Puts the account into the state in which the task starts, whatever it was before; returns a sentence
            that says what it did.
        starter: The learner's cell. ``____`` marks what is to be filled in; a cell with a blank is not run.
        check: Returns ``None`` when the task is done, else one sentence that says what is missing. It reads the
            registry through ``lab.client(…)``, or judges the answer; it accepts every path that works.
        mistakes: At least two.
        hints: Three: orient; name the call or field; near-code.
        solution: A cell that does it.
        explain: Why it works; shown after success and with the solution.
        alternates: Other right cells.
        elsewhere: Reads what the learner changes outside the lab's repositories, e.g. the policies of a role, as a
            value that JSON can hold; where it differs from the beginning, the task was attempted. It runs as often as
            ``check``.
        criteria: The points of a task that is judged in many, in place of ``check``; the verdict shows each of them
            with its reason. Its solution may be as long as it has to be.

    Raises:
        InvalidExercise: It has both a check and criteria, or neither.
    """

    id: str
    title: str
    objective: str
    minutes: int
    prepare: Callable[[Lab], str]
    starter: str
    mistakes: tuple[Mistake, ...]
    hints: tuple[str, ...]
    solution: str
    explain: str
    check: Callable[[Lab, Any], str | None] | None = None
    alternates: tuple[str, ...] = ()
    elsewhere: Callable[[Lab], Any] | None = None
    criteria: tuple[Criterion, ...] = ()

    def __post_init__(self) -> None:
        """Refuse a task that nothing judges, and one that two things judge."""
        if (self.check is None) != bool(self.criteria):
            raise InvalidExercise(self.id, "it needs a check or criteria, and not both", "give it one of the two")
