"""The course runner: every notebook and every lab, in four builds, each in a fresh kernel, side by side.

``plan`` says what will run and what must come of it, ``run_course`` runs it, ``judge`` compares. A lab is run as
committed (nothing may pass), with every solution (everything must pass) and once per known mistake (each must get
exactly its own message), so that one catalogue of exercises is proved from all sides.
"""

from __future__ import annotations

import json
import os
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ecrlab.course.catalogue import load_exercises
from ecrlab.course.exercise import Exercise, Mistake
from ecrlab.course.kernels import kernel_environment
from ecrlab.course.notebook import Cell, Notebook, course_notebooks, read_notebook
from ecrlab.course.run_report import Build, CourseReport, Failure, NotebookResult, Verdict
from ecrlab.errors import InvalidExercise, InvalidInput

if TYPE_CHECKING:
    from ecrlab.course.execution import CellFailure, Kernels

__all__ = ["Job", "Progress", "find_notebooks", "judge", "plan", "run_course"]

CELL_TIMEOUT_S = 120
_LAB_BUILDS = (Build.STUDENT, Build.SOLVED, Build.MISTAKEN)


@dataclass(frozen=True, slots=True)
class Expected:
    """What the check of one exercise must say; ``message`` is ``None`` where any will do."""

    kind: str
    mistake: str | None = None
    message: str | None = None


@dataclass(frozen=True, slots=True)
class Job:
    """One notebook to be run once.

    ``sources`` holds the code to run instead of a cell's own, by cell index; ``expected`` the outcome of each
    exercise, by id; ``faults`` what is wrong before any kernel starts.
    """

    notebook: Notebook
    build: Build
    round: int | None = None
    sources: Mapping[int, str] = field(default_factory=dict)
    expected: Mapping[str, Expected] = field(default_factory=dict)
    faults: tuple[Failure, ...] = ()


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is, in cells; ``finished`` is the result that has just come in, if one has."""

    cells_done: int
    cells_total: int
    finished: NotebookResult | None = None


# --- What is to be run ---------------------------------------------------------------------------------------------


def find_notebooks(paths: Sequence[Path | str], root: Path) -> tuple[Path, ...]:
    """Find the notebooks that are meant: files, and everything in folders; without any, the course under ``root``.

    Raises:
        InvalidInput: A path does not exist or holds no notebook.
    """
    if not paths:
        found = course_notebooks(root)
        if not found:
            raise InvalidInput(str(root), "holds no course (notebooks/, labs/)", "name notebooks, or go to the course")
        return found
    return tuple(dict.fromkeys(found for path in paths for found in _notebooks_at(Path(path))))


def _notebooks_at(path: Path) -> list[Path]:
    if not path.exists():
        raise InvalidInput(str(path), "there is no such file or folder", "name notebooks (.ipynb) or folders with some")
    if path.is_dir():
        found = sorted(p for p in path.rglob("*.ipynb") if ".ipynb_checkpoints" not in p.parts)
        if not found:
            raise InvalidInput(str(path), "holds no notebook", "name a folder with notebooks (.ipynb)")
        return found
    if path.suffix != ".ipynb":
        raise InvalidInput(str(path), "is no notebook", "name a file that ends in .ipynb")
    return [path]


def plan(notebook: Notebook, builds: Iterable[Build]) -> tuple[Job, ...]:
    """List the jobs of one notebook: a guided one has its own build, a lab has the three others."""
    wanted = set(builds)
    if not notebook.is_lab:
        return (Job(notebook, Build.GUIDED),) if Build.GUIDED in wanted else ()
    lab_builds = [build for build in _LAB_BUILDS if build in wanted]
    if not lab_builds:
        return ()
    try:
        exercises = load_exercises(notebook.path.parent)
        faults = tuple(_lab_faults(notebook, exercises))
    except InvalidExercise as problem:
        faults = (Failure(None, "", type(problem).__name__, str(problem)),)
    if faults:
        return tuple(Job(notebook, build, faults=faults) for build in lab_builds)
    return tuple(job for build in lab_builds for job in _lab_jobs(notebook, build, exercises))


def _lab_faults(notebook: Notebook, exercises: Mapping[str, Exercise]) -> Iterable[Failure]:
    """The notebook and its exercises.py must be about the same tasks, in the same words."""
    if not notebook.exercises:
        yield Failure(None, "", "NoTasks", "the lab has no starter cell (metadata.ecrlab: exercise and role)")
    for missing in sorted(exercises.keys() - set(notebook.exercises)):
        yield Failure(None, "", "NoStarterCell", f"exercise {missing!r} has no starter cell")
    for cell in notebook.cells:
        if cell.starts is None:
            continue
        if cell.starts not in exercises:
            yield Failure(cell.number, cell.source, "UnknownExercise", f"exercises.py has no {cell.starts!r}")
        elif cell.source.strip() != exercises[cell.starts].starter.strip():
            yield Failure(cell.number, cell.source, "StarterDiffers", "exercises.py has another starter")


def _starters(notebook: Notebook) -> dict[str, Cell]:
    return {cell.starts: cell for cell in notebook.cells if cell.starts}


def _lab_jobs(notebook: Notebook, build: Build, exercises: Mapping[str, Exercise]) -> Iterable[Job]:
    """Yield one job, or in the mistaken build one per mistake; a task that has fewer mistakes is solved meanwhile."""
    if build is Build.STUDENT:
        yield Job(notebook, build, expected=dict.fromkeys(notebook.exercises, Expected("not_attempted")))
    elif build is Build.SOLVED:
        yield _with_cells(notebook, build, {id_: _right(exercises[id_]) for id_ in notebook.exercises})
    else:
        for number in range(max(len(exercises[id_].mistakes) for id_ in notebook.exercises)):
            written = {
                id_: _wrong(exercises[id_].mistakes[number])
                if number < len(exercises[id_].mistakes)
                else _right(exercises[id_])
                for id_ in notebook.exercises
            }
            yield _with_cells(notebook, build, written, number + 1)


def _with_cells(
    notebook: Notebook, build: Build, written: Mapping[str, tuple[str, Expected]], number: int | None = None
) -> Job:
    starters = _starters(notebook)
    return Job(
        notebook,
        build,
        number,
        sources={starters[id_].index: source for id_, (source, _) in written.items()},
        expected={id_: expected for id_, (_, expected) in written.items()},
    )


def _right(exercise: Exercise) -> tuple[str, Expected]:
    return exercise.solution, Expected("correct")


def _wrong(mistake: Mistake) -> tuple[str, Expected]:
    return _mistake_source(mistake), Expected("incorrect", mistake.id, mistake.message)


def _mistake_source(mistake: Mistake) -> str:
    """Return code that makes the mistake; one that ends in an error by design must end in that error."""
    if mistake.raises is None:
        return mistake.code
    expected = f"with __import__('ecrlab').expect_error({mistake.raises!r}):"
    return f"{expected}\n    exec({mistake.code!r}, globals())"


# --- Running -------------------------------------------------------------------------------------------------------


def run_course(
    paths: Sequence[Path | str] = (),
    *,
    builds: Iterable[Build] = tuple(Build),
    jobs: int | None = None,
    parameters: Mapping[str, Any] | None = None,
    timeout_s: int = CELL_TIMEOUT_S,
    on_progress: Callable[[Progress], None] = lambda _: None,
    root: Path | None = None,
) -> CourseReport:
    """Run notebooks through papermill, each in a fresh kernel, and report what was not as expected.

    No AWS variable reaches a kernel, progress files are its own, the time zone is UTC. An interrupt (Ctrl-C) ends
    every kernel before it goes on.

    Args:
        paths: Notebooks, or folders with some; none means the course under ``root``.
        builds: Which builds to run; each notebook takes part in those that are meant for its kind.
        jobs: How many notebooks run side by side; default: one per processor.
        parameters: Overrides for the parameters cells; a name that a notebook does not know fails that notebook.
        timeout_s: Whole seconds that one cell may take.
        on_progress: Called from worker threads, never twice at a time.
        root: The folder of the course, default: the working directory. Paths in the report are relative to it.

    Raises:
        InvalidInput: A path holds no notebook, a number is not positive, or none of the notebooks has such a build.
        KeyboardInterrupt: The run was interrupted; no kernel is left.
    """
    jobs = os.cpu_count() or 1 if jobs is None else jobs
    for name, value in (("jobs", jobs), ("timeout_s", timeout_s)):
        if value < 1:
            raise InvalidInput("run_course", f"{name} is {value}", "use a whole number of 1 or more")
    root = root or Path()
    notebooks = [read_notebook(path) for path in find_notebooks(paths, root)]
    builds = tuple(builds)
    planned = [job for notebook in notebooks for job in plan(notebook, builds)]
    if not planned:
        names = ", ".join(build.value for build in builds)
        raise InvalidInput(
            "run_course", f"no notebook here has a build {names}", "guided notebooks have 'guided', labs the others"
        )
    return _Run(planned, parameters or {}, timeout_s, on_progress, root).go(jobs)


class _Run:
    """One run: the kernels that are alive, and how many cells are done."""

    def __init__(
        self,
        planned: Sequence[Job],
        parameters: Mapping[str, Any],
        timeout_s: int,
        on_progress: Callable[[Progress], None],
        root: Path,
    ) -> None:
        from ecrlab.course.execution import Kernels

        self.planned = planned
        self.parameters = parameters
        self.timeout_s = timeout_s
        self.on_progress = on_progress
        self.root = root.resolve()
        self.kernels: Kernels = Kernels()
        self.cells_total = sum(len(job.notebook.cells) for job in planned)
        self.cells_done = 0
        self._lock = threading.Lock()

    def go(self, workers: int) -> CourseReport:
        started = time.perf_counter()
        longest_first = sorted(self.planned, key=lambda job: len(job.notebook.code_cells), reverse=True)
        with ThreadPoolExecutor(workers, thread_name_prefix="notebook") as pool:
            futures = {id(job): pool.submit(self._run, job) for job in longest_first}
            try:
                _wait_for(futures.values())
            except BaseException:
                self.kernels.stop()
                pool.shutdown(cancel_futures=True)
                raise
        results = tuple(futures[id(job)].result() for job in self.planned)
        return CourseReport(results, time.perf_counter() - started, workers)

    def _run(self, job: Job) -> NotebookResult:
        from ecrlab.course.execution import execute

        began = time.perf_counter()
        faults = job.faults or tuple(_unknown_parameters(job.notebook, self.parameters))
        cells = 0
        verdicts: tuple[Verdict, ...] = ()

        def on_cell() -> None:
            nonlocal cells
            cells += 1
            self._report(1)

        if not faults:
            with tempfile.TemporaryDirectory(prefix="ecrlab-", ignore_cleanup_errors=True) as folder:
                scratch = Path(folder)
                environment = kernel_environment(scratch)
                failure = execute(
                    job.notebook,
                    sources=job.sources,
                    parameters=self.parameters,
                    environment=environment,
                    scratch=scratch,
                    timeout_s=self.timeout_s,
                    kernels=self.kernels,
                    on_cell=on_cell,
                )
                verdicts = _read_verdicts(Path(environment["ECRLAB_OUTCOMES"]))
            faults = (_failure(job, failure),) if failure else judge(job, verdicts)
        result = NotebookResult(
            self._relative(job.notebook.path),
            job.build,
            job.round,
            time.perf_counter() - began,
            cells,
            verdicts,
            faults,
        )
        self._report(len(job.notebook.cells) - cells, result)
        return result

    def _relative(self, path: Path) -> Path:
        return Path(os.path.relpath(path.resolve(), self.root))

    def _report(self, cells: int, finished: NotebookResult | None = None) -> None:
        with self._lock:
            self.cells_done += cells
            self.on_progress(Progress(self.cells_done, self.cells_total, finished))


def _wait_for(futures: Iterable[Future[NotebookResult]]) -> None:
    """Wait in short steps, so that Ctrl-C is heard on every system; raise the first error of the runner itself."""
    pending = set(futures)
    while pending:
        done, pending = wait(pending, timeout=0.5, return_when=FIRST_COMPLETED)
        for future in done:
            future.result()


def _unknown_parameters(notebook: Notebook, parameters: Mapping[str, Any]) -> Iterable[Failure]:
    known = notebook.parameters
    for name in parameters:
        if name not in known:
            offer = f"it offers {', '.join(known)}" if known else "it has none"
            yield Failure(None, "", "UnknownParameter", f"{name!r} is no parameter of this notebook; {offer}")


# --- Judging -------------------------------------------------------------------------------------------------------


def judge(job: Job, verdicts: Sequence[Verdict]) -> tuple[Failure, ...]:
    """Compare what the checks said with what this build expects of each exercise."""
    starters = _starters(job.notebook)
    faults = []
    for exercise, expected in job.expected.items():
        cell = starters[exercise]
        source = job.sources.get(cell.index, cell.source)
        said = [verdict for verdict in verdicts if verdict.exercise == exercise]
        if not said:
            faults.append(Failure(cell.number, source, "NeverChecked", f'check("{exercise}") did not run'))
        faults += [
            Failure(cell.number, source, "UnexpectedOutcome", f"{exercise}: {difference}")
            for verdict in said
            if (difference := _difference(expected, verdict))
        ]
    return tuple(faults)


def _difference(expected: Expected, verdict: Verdict) -> str | None:
    if (expected.kind, expected.mistake) != (verdict.kind, verdict.mistake):
        wanted, got = _named(expected.kind, expected.mistake), _named(verdict.kind, verdict.mistake)
        return f"expected {wanted}, but the check said {got}: {verdict.message}"
    if expected.message is not None and expected.message != verdict.message:
        return f"expected the message {expected.message!r}, but the check said {verdict.message!r}"
    return None


def _named(kind: str, mistake: str | None) -> str:
    return f"{kind} (mistake {mistake!r})" if mistake else kind


def _failure(job: Job, failure: CellFailure) -> Failure:
    if failure.cell is None:
        return Failure(None, "", failure.error, failure.message)
    cell = job.notebook.cells[failure.cell]
    source = job.sources.get(cell.index, cell.source)
    return Failure(cell.number, source, failure.error, failure.message, failure.line)


def _read_verdicts(path: Path) -> tuple[Verdict, ...]:
    """Read what the checks noted, one JSON object a line; no file means that none ran."""
    if not path.exists():
        return ()
    notes = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    return tuple(Verdict(note["id"], note["kind"], note["mistake_id"], note["message"]) for note in notes)
