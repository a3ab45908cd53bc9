"""The contract of an exercise, proved in-process: what authors promise and ``tests/course/test_labs.py`` holds them to.

A starter is not attempted and passes nothing. The solution and every alternate pass, twice in a row from a fresh
start. Each known mistake gets exactly its own message.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ecrlab.cloud import Lab, expect_error
from ecrlab.course.blanks import BlankCells, has_blank
from ecrlab.course.engine import begin, judge
from ecrlab.course.exercise import NOT_GIVEN, Exercise, Mistake
from ecrlab.course.outcome import Correct, Incorrect, NotAttempted, Outcome

__all__ = ["Attempt", "attempt", "broken_promises"]


@dataclass(frozen=True, slots=True)
class Attempt:
    """One cell that a learner might run.

    Args:
        name: ``starter``, ``solution``, ``alternate 1``, ``mistake latest``.
        source: The cell.
        raises: The error in which it ends by design.
    """

    name: str
    source: str
    raises: str | None = None


def attempt(lab: Lab, task: Exercise, cell: Attempt, answer_name: str | None) -> Outcome:
    """Prepare the task, run the cell as the lab's notebook would, and return the verdict.

    Args:
        lab: An open lab.
        task: The exercise.
        cell: What to run.
        answer_name: The variable that the notebook's check cell hands over, if it does.
    """
    begin(task, lab)
    names = _names_of_a_notebook(lab)
    tree = BlankCells().visit(ast.parse(cell.source))
    code = compile(tree, f"<{task.id} {cell.name}>", "exec")
    if cell.raises:
        with expect_error(cell.raises):
            exec(code, names)
    else:
        exec(code, names)
    return judge(task, lab, names.get(answer_name, NOT_GIVEN) if answer_name else NOT_GIVEN)


def _names_of_a_notebook(lab: Lab) -> dict[str, Any]:
    """Return what the setup cell of every notebook has imported."""
    import ecrlab

    offered = ("check", "expect_error", "hint", "oci", "quiz", "registry", "reset", "show", "solution")
    return {name: getattr(ecrlab, name) for name in offered} | {"lab": lab}


def broken_promises(lab: Lab, task: Exercise, answer_name: str | None) -> Iterator[str]:
    """Yield a sentence for each promise that an exercise breaks; nothing, if it keeps its contract."""
    for cell, expected in _promises(task):
        for run in ("", " the second time"):
            outcome = attempt(lab, task, cell, answer_name)
            if not _as_expected(outcome, expected):
                wanted = f"mistake {expected.id!r}" if isinstance(expected, Mistake) else expected.kind
                got = f" ({outcome.mistake})" if isinstance(outcome, Incorrect) and outcome.mistake else ""
                yield f"{task.id}, {cell.name}{run}: {wanted} expected, got {outcome.kind}{got}: {outcome.message}"
    if not has_blank(task.starter):
        yield f"{task.id}, starter: there is no blank ____ to fill in"


def _promises(task: Exercise) -> Iterator[tuple[Attempt, type[Outcome] | Mistake]]:
    yield Attempt("starter", task.starter), NotAttempted
    yield Attempt("solution", task.solution), Correct
    for number, source in enumerate(task.alternates, start=1):
        yield Attempt(f"alternate {number}", source), Correct
    for mistake in task.mistakes:
        yield Attempt(f"mistake {mistake.id}", mistake.code, mistake.raises), mistake


def _as_expected(outcome: Outcome, expected: type[Outcome] | Mistake) -> bool:
    if isinstance(expected, Mistake):
        found = (outcome.mistake, outcome.message) if isinstance(outcome, Incorrect) else None
        return found == (expected.id, expected.message)
    return isinstance(outcome, expected)
