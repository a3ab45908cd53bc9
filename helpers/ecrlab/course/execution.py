"""One notebook through papermill, in a kernel of its own that can be stopped from another thread.

papermill's function knows neither the environment of a kernel nor the cell in which it died, and it changes the
working directory of the whole process; the engine registered here does without, so that threads may run it side by
side. Import this module where it is used: papermill costs half a second.
"""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import nbformat
import papermill
from jupyter_core.utils import ensure_event_loop
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbclient.util import run_sync
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import Engine, papermill_engines
from papermill.exceptions import PapermillExecutionError

from ecrlab.course.kernels import KERNEL
from ecrlab.course.notebook import Notebook

__all__ = ["CellFailure", "Kernels", "Stopped", "execute"]

_LONGEST_SOCKET_PATH = 90  # bytes; macOS allows 103, and jupyter_client appends a few
_CELL_LINE = re.compile(r"Cell In\[\d+\], line (\d+)")
_SYNTAX_PLACE = re.compile(r" \(\d+\.py, line (\d+)\)$")  # IPython's made-up file name for a cell
_ANSI = re.compile(r"\x1b\[[0-9;]*m")


class Stopped(Exception):
    """The run was interrupted before or while this notebook ran."""


class Kernels:
    """The kernels that are running. ``stop()`` ends them from any thread, and lets no other start."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: set[Any] = set()
        self._stopped = False

    @property
    def stopped(self) -> bool:
        """Whether ``stop()`` was called."""
        return self._stopped

    def started(self, manager: Any) -> None:
        """Take note of a kernel; end it at once if the run has been stopped meanwhile."""
        with self._lock:
            self._running.add(manager)
            if self._stopped:
                _kill(manager)

    def ended(self, manager: Any) -> None:
        """Forget a kernel that was shut down in the normal way."""
        with self._lock:
            self._running.discard(manager)

    def stop(self) -> None:
        """End every kernel now, with the processes it has started."""
        with self._lock:
            self._stopped = True
            for manager in self._running:
                _kill(manager)


def _kill(manager: Any) -> None:
    process, group = manager.provisioner.process, manager.provisioner.pgid
    if process is None or process.poll() is not None:
        return
    if group and hasattr(os, "killpg"):
        os.killpg(group, signal.SIGKILL)
    else:
        process.kill()


@dataclass(frozen=True, slots=True)
class CellFailure:
    """Where and how a notebook failed.

    ``cell`` counts from 0 and is ``None`` if no cell had begun; ``line`` counts from 1 and is ``None`` if unknown.
    """

    cell: int | None
    line: int | None
    error: str
    message: str


class _Client(PapermillNotebookClient):  # type: ignore[misc]
    """papermill's client, which announces its kernel, and ends it without asking.

    One polite shutdown in eight takes 3.5 s, because the kernel does not hear it (measured with ipykernel 7.4 and
    jupyter_client 8.10, 40 runs). Nothing of value runs at its exit: its files are in our scratch folder.
    """

    def __init__(self, manager: Any, kernels: Kernels, sockets: Path, **options: Any) -> None:
        super().__init__(manager, shutdown_kernel="immediate", **options)
        self.kernels = kernels
        self.sockets = sockets

    def create_kernel_manager(self) -> Any:
        manager = super().create_kernel_manager()
        connection_file = str(self.sockets / "kernel.json")
        if os.name == "posix" and len(os.fsencode(connection_file)) < _LONGEST_SOCKET_PATH:
            manager.transport = "ipc"  # files of our own: a free port may be taken before the kernel opens it
            manager.connection_file = connection_file
        return manager

    def start_new_kernel(self, **options: Any) -> None:
        super().start_new_kernel(**options)
        self.kernels.started(self.km)

    def papermill_execute_cells(self) -> None:
        kernel = self.km
        try:
            super().papermill_execute_cells()
        except BaseException:
            run_sync(_end_listeners)()
            raise
        finally:
            self.kernels.ended(kernel)


async def _end_listeners() -> None:
    """End what nbclient leaves waiting after a timeout; this thread's loop is used by one client only."""
    waiting = asyncio.all_tasks() - {asyncio.current_task()}
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)


class _CourseEngine(Engine):  # type: ignore[misc]
    """An engine whose kernels get their own folder, environment and error log."""

    NAME: ClassVar[str] = "ecrlab-course"

    @classmethod
    def execute_managed_notebook(
        cls, nb_man: Any, kernel_name: str, *, client: Mapping[str, Any], kernel: Mapping[str, Any], **_: Any
    ) -> None:
        _Client(nb_man, kernel_name=kernel_name, record_timing=False, store_widget_state=False, **client).execute(
            **kernel
        )


papermill_engines.register(_CourseEngine.NAME, _CourseEngine)


def execute(
    notebook: Notebook,
    *,
    sources: Mapping[int, str],
    parameters: Mapping[str, Any],
    environment: Mapping[str, str],
    scratch: Path,
    timeout_s: int,
    kernels: Kernels,
    on_cell: Callable[[], None],
) -> CellFailure | None:
    """Run a notebook from the top and say what went wrong, if anything did.

    Args:
        notebook: Read from a file; its kernel works in that file's folder.
        sources: Cell index -> the source to run instead of what is in the file.
        parameters: Overrides for the parameters cell; every name must be in it.
        environment: All that the kernel finds in its environment.
        scratch: A folder of this run with a short path, for the kernel's sockets and its log.
        timeout_s: Whole seconds that one cell may take.
        kernels: Where the kernel is announced while it runs.
        on_cell: Called when a cell of the notebook begins.

    Raises:
        Stopped: ``kernels.stop()`` was called.
    """
    document = _document(notebook, sources)
    begun: list[int | None] = [None]

    def cell_begins(cell: Any, **_: Any) -> None:
        if (index := cell.metadata.get("index")) is not None:  # else papermill's own, with the parameters
            begun.append(index)
            on_cell()

    def failed(error: str, message: str, line: int | None = None) -> CellFailure:
        return CellFailure(begun[-1], line, error, _ANSI.sub("", message).strip())

    log = scratch / "kernel.log"
    try:
        with log.open("wb") as stderr:
            papermill.execute_notebook(
                document,
                None,
                parameters=dict(parameters),
                engine_name=_CourseEngine.NAME,
                kernel_name=KERNEL,
                progress_bar=False,
                client={
                    "kernels": kernels,
                    "sockets": scratch,
                    "timeout": timeout_s,
                    "iopub_timeout": timeout_s,
                    "on_cell_start": cell_begins,
                },
                kernel={
                    "cwd": str(notebook.path.resolve().parent),
                    "env": dict(environment),
                    "stdout": subprocess.DEVNULL,
                    "stderr": stderr,
                },
            )
    except PapermillExecutionError as problem:
        return failed(problem.ename, _SYNTAX_PLACE.sub("", problem.evalue), _line_of(problem))
    except CellTimeoutError:
        return failed("Timeout", f"took longer than {timeout_s} s")
    except DeadKernelError:
        if kernels.stopped:
            raise Stopped from None
        return failed("DeadKernel", f"the kernel died{_last_words(log)}")
    except RuntimeError as problem:
        if kernels.stopped:
            raise Stopped from None
        return failed("KernelStart", f"{problem}{_last_words(log)}")
    finally:
        ensure_event_loop().close()  # nbclient made it for this thread, and makes another for the next notebook
    if begun[-1] != len(notebook.cells) - 1:
        return failed("SystemExit", "ended the notebook here; the cells after it did not run")
    return None


def _document(notebook: Notebook, sources: Mapping[int, str]) -> Any:
    """Build what papermill runs; cells that are not code stay in, so that numbers agree."""
    cells: list[dict[str, Any]] = [
        {
            "cell_type": cell.kind,
            "id": f"cell-{cell.index}",
            "metadata": {"tags": list(cell.tags), "index": cell.index},
            "source": sources.get(cell.index, cell.source),
            **({"outputs": [], "execution_count": None} if cell.is_code else {}),
        }
        for cell in notebook.cells
    ]
    kernelspec = {"name": KERNEL, "display_name": "Python 3", "language": "python"}
    document = {"nbformat": 4, "nbformat_minor": 5, "metadata": {"kernelspec": kernelspec}, "cells": cells}
    return nbformat.from_dict(document)  # type: ignore[no-untyped-call]


def _line_of(problem: PapermillExecutionError) -> int | None:
    """Read from IPython's traceback, or from a syntax error, at which line of the cell it was."""
    found = _CELL_LINE.search(_ANSI.sub("", "\n".join(problem.traceback))) or _SYNTAX_PLACE.search(problem.evalue)
    return int(found[1]) if found else None


def _last_words(log: Path) -> str:
    lines = [line for line in log.read_text("utf-8", "replace").splitlines() if line and "[IPKernelApp]" not in line]
    return f": {lines[-1]}" if lines else ""
