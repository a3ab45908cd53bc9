"""Teaching: exercises under contract, outcomes with reasons, hints, quizzes, progress, and the course runner.

Nothing here knows Jupyter; ``ecrlab.show`` does.
"""

from __future__ import annotations

from ecrlab.course.engine import check, hint, reset, solution
from ecrlab.course.exercise import NOT_GIVEN, Exercise, Mistake
from ecrlab.course.outcome import Correct, Incorrect, NotAttempted, Outcome, Uncheckable

__all__ = [
    "NOT_GIVEN",
    "Correct",
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
