"""``check``, ``hint``, ``solution`` and ``reset``: the whole vocabulary of a lab."""

from __future__ import annotations

from typing import Any
from weakref import WeakKeyDictionary

from ecrlab.cards import Card, Tone
from ecrlab.clock import SystemClock
from ecrlab.cloud import Lab, current_lab
from ecrlab.course.blanks import BLANK, watch_for_blanks
from ecrlab.course.catalogue import find_exercise
from ecrlab.course.exercise import NOT_GIVEN, Exercise
from ecrlab.course.footprint import footprint
from ecrlab.course.outcome import Correct, Incorrect, Mark, NotAttempted, Outcome, Uncheckable, note_outcome
from ecrlab.course.progress import open_progress
from ecrlab.errors import InvalidInput, NoOpenLab

__all__ = ["begin", "check", "hint", "judge", "reset", "solution"]

_begun: WeakKeyDictionary[Lab, dict[str, str]] = WeakKeyDictionary()
"""For each lab that is open: exercise -> what the registry looked like when the task began."""


def check(exercise: str, answer: Any = NOT_GIVEN) -> Outcome:
    """Judge a task by the state of the registry, or by the answer that is handed over.

    Args:
        exercise: The id, e.g. ``"01.create"``.
        answer: The value, if the task asks for one.

    Returns:
        Correct, Incorrect, NotAttempted or Uncheckable. The verdict is kept as progress; where that fails, a note on
        the outcome says why.

    Raises:
        UnknownExercise: No lab has this id.
        NoOpenLab: No lab is open.
    """
    task = find_exercise(exercise)
    outcome = judge(task, current_lab(), answer)
    mistake = outcome.mistake if isinstance(outcome, Incorrect) else None
    note_outcome(task.id, outcome.kind, mistake, outcome.message)
    now = SystemClock().now()
    note = open_progress().record_outcome(task.id, outcome.kind, mistake, at=now, points=outcome.points)
    return outcome.with_note(note)


def hint(exercise: str, number: int | None = None) -> Card:
    """Return the next of the task's three hints, or the one that is asked for; after the third, all of them.

    Args:
        exercise: The id, e.g. ``"01.create"``.
        number: 1, 2 or 3; without it, the first that was not shown yet.

    Raises:
        UnknownExercise: No lab has this id.
        InvalidInput: There is no hint of this number.
    """
    task = find_exercise(exercise)
    count = len(task.hints)
    if number is not None and number not in range(1, count + 1):
        raise InvalidInput(f"hint {number!r} of {task.id}", f"there are {count}", f"ask for 1 to {count}")
    progress = open_progress()
    wanted = number or progress.hints_seen(task.id) + 1
    if wanted > count:
        way_on = f'Read them again above, or see `solution("{task.id}")`: it also says why it works.'
        body = [*(f"{place}. {text}" for place, text in enumerate(task.hints, start=1)), way_on]
        return Card(f"All three hints: {task.title}", body=body, tone=Tone.HINT)
    note = progress.record_hint(task.id, wanted)
    if note and wanted < count:
        note += f' The next hint is `hint("{task.id}", {wanted + 1})`.'
    body = [task.hints[wanted - 1], *([f"Note: {note}"] if note else [])]
    return Card(f"Hint {wanted} of {count}: {task.title}", body=body, tone=Tone.HINT)


def solution(exercise: str) -> Card:
    """Return a cell that does the task, and why it works. Progress remembers that it was shown.

    Raises:
        UnknownExercise: No lab has this id.
    """
    task = find_exercise(exercise)
    note = open_progress().record_solution(task.id, at=SystemClock().now())
    body = [task.explain, *([f"Note: {note}"] if note else [])]
    return Card(f"A solution: {task.title}", body=body, code=task.solution, tone=Tone.NOTE)


def reset(exercise: str) -> Card:
    """Put the account into the state in which a task starts, and say what that is. What was there before goes.

    Raises:
        UnknownExercise: No lab has this id.
        NoOpenLab: No lab is open.
    """
    task = find_exercise(exercise)
    watch_for_blanks()
    done = begin(task, current_lab())
    facts = [("Task", task.id), ("You will", task.objective), ("Minutes", f"about {task.minutes}")]
    return Card(f"Ready: {task.title}", facts=facts, body=[done], tone=Tone.NOTE)


def begin(task: Exercise, lab: Lab) -> str:
    """Prepare a task, remember what the registry looks like, and return the sentence that says what was done."""
    with lab.administrator():  # whoever the learner acts as
        done = task.prepare(lab)
        _begun.setdefault(lab, {})[task.id] = footprint(lab, task.elsewhere)
    return done


def judge(task: Exercise, lab: Lab, answer: Any = NOT_GIVEN) -> Outcome:
    """Return the verdict on a task without keeping it as progress.

    The order matters: what works is right however it came about; where nothing has changed there is no mistake to
    recognise; a known mistake is named before the general sentence.
    """
    if answer is BLANK:
        return NotAttempted(task.id, task.title, "The answer is still a blank. Fill it in, and run that cell first.")
    try:
        with lab.administrator():
            return _verdict(task, lab, answer)
    except NoOpenLab:
        raise
    except Exception as exc:  # noqa: BLE001 - an author's slip must not cost a learner the lab
        return Uncheckable(
            task.id,
            task.title,
            f'The check met {type(exc).__name__}: {exc}. Run `reset("{task.id}")` and try again.',
        )


def _verdict(task: Exercise, lab: Lab, answer: Any) -> Outcome:
    marks = tuple(Mark(criterion.words, criterion.missing(lab)) for criterion in task.criteria)
    missing = task.check(lab, answer) if task.check else _shortfall(marks)
    if missing is None:
        return Correct(task.id, task.title, task.explain, marks=marks)
    if answer is NOT_GIVEN and (untouched := _untouched(task, lab)):
        return NotAttempted(task.id, task.title, untouched)
    for mistake in task.mistakes:
        if mistake.when(lab, answer):
            return Incorrect(task.id, task.title, mistake.message, mistake.id, marks=marks)
    return Incorrect(task.id, task.title, missing, marks=marks)


def _shortfall(marks: tuple[Mark, ...]) -> str | None:
    met = sum(mark.met for mark in marks)
    return None if met == len(marks) else f"{met} of {len(marks)} criteria are met."


def _untouched(task: Exercise, lab: Lab) -> str | None:
    before = _begun.get(lab, {}).get(task.id)
    if before is None:
        return f'This task has not begun in this session: run `reset("{task.id}")`, then the cell below it.'
    if before == footprint(lab, task.elsewhere):
        return "Nothing in the registry has changed since the task began. Work in the cell above, then check again."
    return None
