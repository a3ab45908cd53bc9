"""The authors' tool: run, stamp and check course notebooks in place.

    python tools/notebooks.py run PATH…      run from the top in a fresh kernel, store clean outputs (guided) or
                                             none (labs), note when and with which versions, then stamp
    python tools/notebooks.py stamp PATH…    after an edit: set the date and the content hash, write the first cell
    python tools/notebooks.py check [PATH…]  hold notebooks against the authoring rules; default: the whole course

The facts of a notebook (title, objectives, minutes, …) are written under ``metadata.ecrlab``; the first cell is
rendered from them. If a field is missing, the message shows how to write it.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import subprocess
import sys
import tempfile
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Any

import nbformat
from ecrlab.clock import SystemClock
from ecrlab.course.authoring import lint_course
from ecrlab.course.films import film_of
from ecrlab.course.kernels import KERNEL, kernel_environment
from ecrlab.course.notebook import LAB_NAME, course_notebooks, parse_notebook, read_notebook
from ecrlab.errors import EcrLabError
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

ROOT = Path(__file__).parents[1]
PROVED_WITH = ("ecrlab", "boto3", "moto")
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
KERNELSPEC = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": KERNEL}


def load(path: Path) -> Any:
    """Read a notebook; cells without an id of their own get one by position, so that it is the same everywhere."""
    read_notebook(path)  # says in one line what is no notebook
    found = json.loads(path.read_text("utf-8"))
    taken: set[str] = set()
    for number, cell in enumerate(found["cells"], start=1):
        if cell.get("id", "") in {"", *taken}:
            cell["id"] = f"cell-{number:02d}"
        taken.add(cell["id"])
    return nbformat.reads(json.dumps(found | {"nbformat_minor": 5}), as_version=4)


def execute(document: Any, path: Path, timeout_s: int) -> None:
    """Run every cell in a fresh kernel and keep the outputs in the document."""
    with tempfile.TemporaryDirectory(prefix="ecrlab-") as scratch:
        NotebookClient(
            document,
            timeout=timeout_s,
            kernel_name=KERNEL,
            record_timing=False,
            store_widget_state=False,
            coalesce_streams=True,
            shutdown_kernel="immediate",
        ).execute(cwd=str(path.resolve().parent), env=kernel_environment(Path(scratch)), stderr=subprocess.DEVNULL)


def tidy(document: Any, *, keep_outputs: bool) -> None:
    """Drop what varies from run to run and from machine to machine."""
    facts = document.metadata.get("ecrlab", {})
    document.metadata = nbformat.from_dict(
        {"ecrlab": facts, "kernelspec": KERNELSPEC, "language_info": {"name": "python"}}
    )
    for cell in document.cells:
        cell.metadata = nbformat.from_dict({k: v for k, v in cell.metadata.items() if k in ("ecrlab", "tags") and v})
        if cell.cell_type == "code":
            if not keep_outputs:
                cell.outputs, cell.execution_count = [], None
            for output in cell.outputs:
                output.get("data", {}).pop(WIDGET_VIEW, None)


def stamp(document: Any, path: Path, today: date) -> None:
    """Set the date and hash if the content has changed, and render the first cell from the facts."""
    facts = document.metadata.setdefault("ecrlab", nbformat.NotebookNode())
    if not document.cells or not re.match(r"#(\s|$)", document.cells[0].source):
        document.cells.insert(0, nbformat.v4.new_markdown_cell("#", id="facts"))
    film = film_of(path.parent) if path.name == LAB_NAME else None
    if film:
        facts["film_seconds"] = round(film.seconds)
    else:
        facts.pop("film_seconds", None)
    content = parse_notebook(path, document).content_hash()
    if facts.get("content_hash") != content:
        facts["last_edited"], facts["content_hash"] = today.isoformat(), content
    document.cells[0].source = parse_notebook(path, document).facts().markdown()


def save(document: Any, path: Path) -> None:
    """Write the notebook the way nbformat does, validated first."""
    nbformat.validate(document)
    path.write_text(nbformat.writes(document) + "\n", encoding="utf-8")


def run_in_place(path: Path, today: date, timeout_s: int) -> None:
    """Run, tidy, note versions, stamp, save."""
    document = load(path)
    stamp(document, path, today)  # first: a notebook without facts should not cost a run
    execute(document, path, timeout_s)
    tidy(document, keep_outputs=path.name != LAB_NAME)
    versions = {name: version(name) for name in PROVED_WITH} | {"Python": platform.python_version().rpartition(".")[0]}
    document.metadata.ecrlab["last_verified"] = {"on": today.isoformat(), "versions": versions}
    stamp(document, path, today)
    save(document, path)


def stamp_in_place(path: Path, today: date) -> None:
    """Tidy, stamp, save; outputs stay as they are."""
    document = load(path)
    tidy(document, keep_outputs=path.name != LAB_NAME)
    stamp(document, path, today)
    save(document, path)


def main(arguments: list[str] | None = None) -> int:
    """Run the tool; 0 if all is well, 1 if something was found or failed, 2 for wrong use."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=("run", "stamp", "check"))
    parser.add_argument("paths", nargs="*", type=Path, metavar="PATH")
    parser.add_argument("--date", type=date.fromisoformat, default=SystemClock().now().date(), help="default: today")
    parser.add_argument("--timeout", type=int, default=120, metavar="S", help="seconds per cell (default 120)")
    options = parser.parse_args(arguments)
    if not options.paths and options.command != "check":
        parser.error(f"{options.command}: name at least one notebook")
    if missing := [str(path) for path in options.paths if not path.is_file()]:
        parser.error(f"no such file: {', '.join(missing)}")
    if options.command == "check":
        return check(options.paths or [Path(os.path.relpath(path)) for path in course_notebooks(ROOT)])
    failed = False
    for path in options.paths:
        try:
            if options.command == "run":
                run_in_place(path, options.date, options.timeout)
            else:
                stamp_in_place(path, options.date)
            print(f"{path}: {'ran' if options.command == 'run' else 'stamped'}")
        except (EcrLabError, CellExecutionError, CellTimeoutError, DeadKernelError) as problem:
            failed = True
            print(problem if isinstance(problem, EcrLabError) else f"{path}: {problem}", file=sys.stderr)
    return int(failed)


def check(paths: list[Path]) -> int:
    """Print findings, one line each."""
    findings = lint_course(paths)
    for finding in findings:
        print(finding)
    print(f"{len(paths)} notebooks, {len(findings)} findings")
    return int(bool(findings))


if __name__ == "__main__":
    sys.exit(main())
