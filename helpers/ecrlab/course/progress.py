"""What a learner has done, in one JSON file outside the notebooks. It survives kernels; damage costs no verdict.

Every change is read, merged and written under a lock, and the file is replaced in one step: two kernels lose nothing,
and a crash leaves the old file or the new one. Trouble with the file is never an exception for the learner: the
``record_…`` methods return a sentence that says what is wrong, and the verdict is shown all the same.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from errno import EACCES, EAGAIN, EDEADLK, ETIMEDOUT
from pathlib import Path
from typing import Any, BinaryIO

from ecrlab.cards import ShownAs, Table
from ecrlab.errors import ProgressUnreadable

__all__ = ["ExerciseProgress", "Progress", "ProgressFile", "QuizProgress", "default_path", "open_progress"]

VERSION = 1
_STATES = {None: "not attempted", "correct": "done", "incorrect": "in progress"}
_LOCK_PATIENCE_S = 10.0


@dataclass(frozen=True, slots=True)
class ExerciseProgress:
    """One exercise: how often it was checked, the latest verdict, which mistakes how often, what help was seen.

    ``points`` are the criteria met at the latest check and all of them, for a task that is judged in many.
    """

    attempts: int = 0
    outcome: str | None = None
    first_correct_at: datetime | None = None
    mistakes: Mapping[str, int] = field(default_factory=dict)
    hints: int = 0
    solution_shown: bool = False
    points: tuple[int, int] | None = None

    @property
    def state(self) -> str:
        """How far it is, in words."""
        if self.first_correct_at is not None:
            return "done"
        return _STATES[self.outcome] + (f", {self.points[0]} of {self.points[1]}" if self.points else "")


@dataclass(frozen=True, slots=True)
class QuizProgress:
    """One quiz question: how often it was answered, and the latest answer."""

    answers: int = 0
    right: bool = False
    last_option: str = ""


@dataclass(frozen=True, slots=True, repr=False)
class Progress(ShownAs):
    """All that is known about one learner."""

    exercises: Mapping[str, ExerciseProgress] = field(default_factory=dict)
    quizzes: Mapping[str, QuizProgress] = field(default_factory=dict)

    def table(self) -> Table:
        """Return a row for each exercise and each question that was touched."""
        rows: list[tuple[object, ...]] = [
            (
                id_,
                "exercise",
                each.state,
                each.attempts,
                each.hints,
            )
            for id_, each in sorted(self.exercises.items())
        ]
        rows += [
            (id_, "question", "right" if each.right else "wrong", each.answers, "")
            for id_, each in sorted(self.quizzes.items())
        ]
        return Table(("id", "kind", "state", "attempts", "hints"), rows, caption="Your progress")

    def _shown(self) -> Table:
        """Return the table."""
        return self.table()

    def __str__(self) -> str:
        return str(self.table()) if self.exercises or self.quizzes else "No progress yet: run a check in a lab."


def default_path(environ: Mapping[str, str]) -> Path:
    """Return where progress is kept: ``ECRLAB_PROGRESS``, or the user's data folder of this system."""
    if named := environ.get("ECRLAB_PROGRESS"):
        return Path(named).expanduser()
    from platformdirs import user_data_path  # only those who have not named a file pay for it

    return user_data_path("ecrlab", appauthor=False) / "progress.json"


def open_progress(environ: Mapping[str, str] | None = None) -> ProgressFile:
    """Return the learner's progress file; it need not exist yet."""
    return ProgressFile(default_path(os.environ if environ is None else environ))


class ProgressFile:
    """The file at ``path``.

    The ``record_…`` methods take the moment, where it is kept, as ``at`` (timezone-aware), and return ``None``, or a
    sentence for the learner if something is wrong with the file. They raise nothing for trouble with files.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> Progress:
        """Return what the file holds; nothing, if it is not there or damaged.

        Raises:
            ProgressUnreadable: A later version of the kit has written it.
        """
        try:
            return _progress(self._document())
        except (OSError, _Damaged):
            return Progress()

    def hints_seen(self, exercise: str) -> int:
        """Return how many hints of an exercise were shown; 0 where the file can not say."""
        with suppress(ProgressUnreadable):
            return self.read().exercises.get(exercise, ExerciseProgress()).hints
        return 0

    def record_outcome(
        self, exercise: str, kind: str, mistake: str | None, *, at: datetime, points: tuple[int, int] | None = None
    ) -> str | None:
        """Count an attempt and keep its verdict. ``not_attempted`` and ``uncheckable`` are none."""
        if kind not in ("correct", "incorrect"):
            return None

        def change(entry: dict[str, Any]) -> None:
            entry["attempts"] = entry.get("attempts", 0) + 1
            entry["outcome"] = kind
            if points:
                entry["points"] = list(points)
            if kind == "correct":
                entry.setdefault("first_correct_at", at.astimezone(UTC).isoformat())
            if mistake:
                mistakes = entry.setdefault("mistakes", {})
                mistakes[mistake] = mistakes.get(mistake, 0) + 1

        return self._change("exercises", exercise, change)

    def record_hint(self, exercise: str, number: int) -> str | None:
        """Keep that hint ``number`` (from 1) was shown."""
        return self._change("exercises", exercise, lambda entry: entry.update(hints=max(number, entry.get("hints", 0))))

    def record_solution(self, exercise: str, *, at: datetime) -> str | None:
        """Keep that the solution was shown, and when first."""
        moment = at.astimezone(UTC).isoformat()
        return self._change("exercises", exercise, lambda entry: entry.setdefault("solution_shown_at", moment))

    def record_answer(self, quiz: str, option: str, *, correct: bool, at: datetime) -> str | None:
        """Keep the answer to a quiz question."""
        moment = at.astimezone(UTC).isoformat()

        def change(entry: dict[str, Any]) -> None:
            entry |= {
                "answers": entry.get("answers", 0) + 1,
                "right": correct,
                "last_option": option,
                "last_at": moment,
            }

        return self._change("quizzes", quiz, change)

    def _change(self, section: str, id_: str, change: Callable[[dict[str, Any]], object]) -> str | None:
        note = None
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with _locked(self.path.with_name(self.path.name + ".lock")):
                try:
                    document = self._document()
                except _Damaged as damage:
                    aside = self._put_aside()
                    document = _new_document()
                    note = f"{self.path.name} was damaged ({damage}); it is kept as {aside.name}, and a new one begins."
                change(document[section].setdefault(id_, {}))
                self._write(document)
        except ProgressUnreadable as newer:
            return f"progress was not saved: {newer}"
        except OSError as trouble:
            reason = trouble.strerror or type(trouble).__name__
            return (
                f"progress was not saved to {self.path}: {reason}. Set ECRLAB_PROGRESS to a file that can be written."
            )
        return note

    def _document(self) -> dict[str, Any]:
        try:
            text = self.path.read_text("utf-8")
        except FileNotFoundError:
            return _new_document()
        except UnicodeDecodeError:
            raise _Damaged("it is no text") from None
        try:
            document = json.loads(text)
        except (ValueError, RecursionError):
            raise _Damaged("it is not complete JSON") from None
        if not isinstance(document, dict) or not _is_count(document.get("version")):
            raise _Damaged("it names no version")
        if document["version"] > VERSION:
            raise ProgressUnreadable(
                str(self.path),
                f"it is of version {document['version']} and this kit writes version {VERSION}",
                "update the kit",
            )
        try:
            _progress(document)
        except (KeyError, TypeError, ValueError, AttributeError):
            raise _Damaged("its entries have another shape") from None
        return document

    def _put_aside(self) -> Path:
        taken = {path.name for path in self.path.parent.glob(f"{self.path.stem}.damaged-*{self.path.suffix}")}
        names = (f"{self.path.stem}.damaged-{number}{self.path.suffix}" for number in range(1, len(taken) + 2))
        aside = self.path.with_name(next(name for name in names if name not in taken))
        self.path.replace(aside)
        return aside

    def _write(self, document: dict[str, Any]) -> None:
        handle, temporary = tempfile.mkstemp(dir=self.path.parent, prefix=self.path.name, suffix=".new")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as stream:
                json.dump(document, stream, indent=2, sort_keys=True)
                stream.write("\n")
                stream.flush()
                os.fsync(stream.fileno())
            Path(temporary).replace(self.path)
        except OSError:
            Path(temporary).unlink(missing_ok=True)
            raise


class _Damaged(Exception):
    """The file is there and can not be understood."""


def _new_document() -> dict[str, Any]:
    return {"version": VERSION, "exercises": {}, "quizzes": {}}


def _progress(document: Mapping[str, Any]) -> Progress:
    """Turn the document into values.

    Raises:
        KeyError, TypeError, ValueError, AttributeError: It has another shape than we write.
    """
    return Progress(
        {id_: _exercise(entry) for id_, entry in document["exercises"].items()},
        {
            id_: QuizProgress(_count(entry["answers"]), entry["right"] is True, str(entry["last_option"]))
            for id_, entry in document["quizzes"].items()
        },
    )


def _exercise(entry: Mapping[str, Any]) -> ExerciseProgress:
    first = entry.get("first_correct_at")
    outcome = entry.get("outcome")
    if outcome not in _STATES:
        raise ValueError(outcome)
    return ExerciseProgress(
        _count(entry.get("attempts", 0)),
        outcome,
        datetime.fromisoformat(first) if first else None,
        {id_: _count(count) for id_, count in entry.get("mistakes", {}).items()},
        _count(entry.get("hints", 0)),
        "solution_shown_at" in entry,
        _points(entry.get("points")),
    )


def _points(value: Any) -> tuple[int, int] | None:
    if value is None:
        return None
    met, whole = map(_count, value)
    return met, whole


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _count(value: object) -> int:
    if not isinstance(value, int) or not _is_count(value):
        raise TypeError(value)
    return value


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold the operating system's lock on a file beside ours: it ends with the process, so none is ever stale.

    Raises:
        TimeoutError: Somebody else held it for ten seconds, e.g. a kernel that was stopped in the middle of a write.
    """
    with path.open("a+b") as stream:
        deadline = time.monotonic() + _LOCK_PATIENCE_S
        while not _try_lock(stream):
            if time.monotonic() > deadline:
                raise TimeoutError(
                    ETIMEDOUT, f"another program has held {path.name} for {_LOCK_PATIENCE_S:.0f} seconds"
                )
            time.sleep(0.02)
        yield  # closing the file gives the lock back


def _try_lock(stream: BinaryIO) -> bool:
    try:
        if sys.platform == "win32":
            import msvcrt

            stream.seek(0)
            msvcrt.locking(stream.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as exc:
        if exc.errno in (EACCES, EAGAIN, EDEADLK):
            return False
        raise
    return True
