"""Teaching: exercises under contract, outcomes with reasons, hints, quizzes, progress, and the course runner.

Nothing here knows Jupyter; ``ecrlab.show`` does. Names are imported when they are first used: reading notebooks and
exercises must not cost a boto3.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

_HOMES = {
    "NOT_GIVEN": "exercise",
    "Correct": "outcome",
    "Criterion": "exercise",
    "Exercise": "exercise",
    "Incorrect": "outcome",
    "Mistake": "exercise",
    "NotAttempted": "outcome",
    "Outcome": "outcome",
    "Uncheckable": "outcome",
    "check": "engine",
    "hint": "engine",
    "reset": "engine",
    "solution": "engine",
}
"""Public name -> the module of this package that it lives in."""

__all__ = [
    "NOT_GIVEN",
    "Correct",
    "Criterion",
    "Exercise",
    "Incorrect",
    "Mistake",
    "NotAttempted",
    "Outcome",
    "Uncheckable",
    "check",
    "hint",
    "reset",
    "solution",
]

if TYPE_CHECKING:
    from ecrlab.course.engine import check, hint, reset, solution
    from ecrlab.course.exercise import NOT_GIVEN, Criterion, Exercise, Mistake
    from ecrlab.course.outcome import Correct, Incorrect, NotAttempted, Outcome, Uncheckable


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'ecrlab.course' has no attribute {name!r}")
    return getattr(import_module(f"ecrlab.course.{_HOMES[name]}"), name)
