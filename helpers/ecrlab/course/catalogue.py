"""Where the course lies, and which exercises it has. Content is loaded when it is asked for, one lab at a time."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import TypeVar

from ecrlab.course.exercise import Exercise
from ecrlab.errors import InvalidExercise, UnknownExercise

__all__ = ["find_course", "find_exercise", "lab_folders", "load_exercises", "look_up"]

_Content = TypeVar("_Content")


def find_course(start: Path | None = None) -> Path:
    """Return the folder that holds ``notebooks/`` and ``labs/``.

    ``ECRLAB_COURSE`` names it; else it is the nearest one above the working directory, or the one that this package
    was installed from.

    Raises:
        UnknownExercise: There is none.
    """
    named = os.environ.get("ECRLAB_COURSE")
    if named:
        if not _is_course(Path(named)):
            raise UnknownExercise(
                f"ECRLAB_COURSE={named!r}", "there is no notebooks/ with labs/ beside it", "name the course's folder"
            )
        return Path(named)
    here = (start or Path.cwd()).resolve()
    for folder in (here, *here.parents, Path(__file__).resolve().parents[3]):
        if _is_course(folder):
            return folder
    raise UnknownExercise("course", f"no folder above {here} holds notebooks/ and labs/", "go to the course's folder")


def _is_course(folder: Path) -> bool:
    return (folder / "notebooks").is_dir() and (folder / "labs").is_dir()


def lab_folders(course: Path) -> tuple[Path, ...]:
    """Return the folders of all labs in their order."""
    return tuple(sorted(path.parent for path in course.glob("labs/[0-9][0-9]_*/exercises.py")))


def load_exercises(folder: Path) -> Mapping[str, Exercise]:
    """Return the exercises of one lab in their order, id -> exercise.

    Raises:
        InvalidExercise: ``exercises.py`` is missing or does not run, or an id stands there twice.
    """
    path = folder / "exercises.py"
    place = f"{folder.name}/exercises.py"
    declared = getattr(_loaded(path, place), "EXERCISES", None)
    if not isinstance(declared, tuple) or not all(isinstance(each, Exercise) for each in declared):
        raise InvalidExercise(place, "there is no EXERCISES, a tuple of Exercise values", "add it at the end")
    exercises = {each.id: each for each in declared}
    if len(exercises) < len(declared):
        ids = [each.id for each in declared]
        twice = next(each for each in ids if ids.count(each) > 1)
        raise InvalidExercise(place, f"the id {twice!r} stands there twice", "give each exercise an id of its own")
    return MappingProxyType(exercises)


def _loaded(path: Path, place: str) -> ModuleType:
    name = f"ecrlab_lab_{path.parent.name}"
    spec = spec_from_file_location(name, path)
    if spec is None or spec.loader is None or not path.is_file():
        raise InvalidExercise(place, "there is no such file", "every lab has one beside lab.ipynb")
    module = module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as exc:
        where = [frame.lineno for frame in traceback.extract_tb(exc.__traceback__) if frame.filename == str(path)]
        line = getattr(exc, "lineno", None) if isinstance(exc, SyntaxError) else (where or [None])[-1]
        raise InvalidExercise(f"{place}, line {line}", f"{type(exc).__name__}: {exc}", "mend the file") from exc
    return module


def find_exercise(id_: str, course: Path | None = None) -> Exercise:
    """Return the exercise with an id such as ``01.create``.

    Raises:
        UnknownExercise: No lab has it; the message names the nearest.
    """
    folders = lab_folders(course or find_course())
    mine = [folder for folder in folders if folder.name.split("_")[0] == str(id_).split(".")[0]]
    return look_up(
        id_, mine, folders, load_exercises, kind="exercise", fact="no lab has it", none="this course has no labs"
    )


def look_up(
    id_: str,
    likely: Sequence[Path],
    places: Sequence[Path],
    load: Callable[[Path], Mapping[str, _Content]],
    *,
    kind: str,
    fact: str,
    none: str,
) -> _Content:
    """Return what has an id, from the places that its number points to.

    Args:
        id_: As a learner wrote it.
        likely: Where its number says that it is; only these are loaded, unless there are none.
        places: Everywhere that content of this kind is.
        load: Reads one place, id -> content.
        kind: What is looked for, in a word.
        fact: What is the case if nothing has the id.
        none: What to say if the course has nothing of this kind at all.

    Raises:
        UnknownExercise: Nothing has this id; the message names the nearest.
    """
    for place in likely:
        found = load(place)
        if id_ in found:
            return found[id_]
    known = [each for place in likely or places for each in load(place)]
    near = get_close_matches(str(id_), known, n=1, cutoff=0.4) or known[:1]
    raise UnknownExercise(f"{kind} {id_!r}", fact, f"did you mean {near[0]!r}?" if near else none)
