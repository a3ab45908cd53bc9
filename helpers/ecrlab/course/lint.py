"""Exercises that an author has not finished, found without running them. One line per finding, with its place."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from ecrlab.course.blanks import has_blank
from ecrlab.course.catalogue import lab_folders, load_exercises
from ecrlab.course.exercise import Exercise, Mistake
from ecrlab.course.quiz import lint_question, load_quizzes, quiz_files
from ecrlab.errors import InvalidExercise

__all__ = ["lint_exercise", "lint_exercises"]

_CELL_LINES = 12
_CAPSTONE_LINES = 80
"""A task that is judged in many criteria has a solution that does many things."""

_MISTAKE_WORDS = 60
_HINT_WORDS = 160
_ID = re.compile(r"\d\d\.[a-z][a-z0-9-]*")


def lint_exercises(course: Path) -> tuple[str, ...]:
    """Return all findings about the exercises and quizzes of a course."""
    return tuple(_findings(course))


def _findings(course: Path) -> Iterator[str]:
    for folder in lab_folders(course):
        try:
            exercises = load_exercises(folder)
        except InvalidExercise as exc:
            yield str(exc)
            continue
        if not 4 <= len(exercises) <= 8:
            yield f"{folder.name}: it has {len(exercises)} tasks; a lab has 4 to 8"
        for task in exercises.values():
            if not task.id.startswith(folder.name[:2] + "."):
                yield f"{task.id}: its number is not that of {folder.name}; begin it with {folder.name[:2]!r}"
            yield from lint_exercise(task)
    for path in quiz_files(course):
        try:
            questions = load_quizzes(path)
        except InvalidExercise as exc:
            yield str(exc)
            continue
        for question in questions.values():
            yield from lint_question(question)


def lint_exercise(task: Exercise) -> Iterator[str]:
    """Yield what an exercise lacks of the table in docs/authoring.md."""
    if not _ID.fullmatch(task.id):
        yield f"{task.id}: the id is not of the form '01.create'"
    for name in ("title", "objective", "explain"):
        if not getattr(task, name).strip():
            yield f"{task.id}.{name}: it is empty"
    if isinstance(task.minutes, bool) or not isinstance(task.minutes, int) or not 1 <= task.minutes <= 60:
        yield f"{task.id}.minutes: {task.minutes!r} is no number of minutes from 1 to 60"
    yield from _lint_sources(task)
    yield from _lint_hints(task)
    yield from _lint_mistakes(task)


def _lint_sources(task: Exercise) -> Iterator[str]:
    sources = {"starter": task.starter, "solution": task.solution}
    sources |= {f"alternates[{number}]": source for number, source in enumerate(task.alternates)}
    sources |= {f"mistakes[{mistake.id}].code": mistake.code for mistake in task.mistakes}
    for name, source in sources.items():
        try:
            blank = has_blank(source)
        except SyntaxError as exc:
            yield f"{task.id}.{name}: line {exc.lineno} is not Python: {exc.msg}"
            continue
        if blank != (name == "starter"):
            yield f"{task.id}.{name}: " + ("it has no blank ____" if name == "starter" else "it still has a blank ____")
        lines, most = len(source.strip().splitlines()), _CAPSTONE_LINES if task.criteria else _CELL_LINES
        if lines > most:
            yield f"{task.id}.{name}: it has {lines} lines; a cell has at most {most}"


def _lint_hints(task: Exercise) -> Iterator[str]:
    if len(task.hints) != 3:
        yield f"{task.id}.hints: there are {len(task.hints)}; write three: orient, name the call, near-code"
    for number, text in enumerate(task.hints, start=1):
        if not 5 <= len(text.split()) <= _HINT_WORDS:
            yield f"{task.id}.hints[{number}]: it has {len(text.split())} words; write 5 to {_HINT_WORDS}"
        if _tight(task.solution) in _tight(text):
            yield f"{task.id}.hints[{number}]: it holds the whole solution"


def _lint_mistakes(task: Exercise) -> Iterator[str]:
    if len(task.mistakes) < 2:
        yield f"{task.id}.mistakes: there are {len(task.mistakes)}; name at least two that people make"
    for name in ("id", "message"):
        values = [getattr(mistake, name) for mistake in task.mistakes]
        if len(set(values)) < len(values):
            yield f"{task.id}.mistakes: two have the same {name}"
    for mistake in task.mistakes:
        yield from _lint_message(task, mistake)


def _lint_message(task: Exercise, mistake: Mistake) -> Iterator[str]:
    words = len(mistake.message.split())
    if not 5 <= words <= _MISTAKE_WORDS:
        yield f"{task.id}.mistakes[{mistake.id}].message: it has {words} words; write 5 to {_MISTAKE_WORDS}"
    if _tight(task.solution) in _tight(mistake.message):
        yield f"{task.id}.mistakes[{mistake.id}].message: it pastes the fix; say where to look instead"


def _tight(text: str) -> str:
    return "".join(text.split())
