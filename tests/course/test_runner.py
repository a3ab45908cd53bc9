"""The course runner on guided notebooks: what it proves, what it refuses, what it leaves behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from ecrlab.course.run_report import Build
from ecrlab.course.runner import find_notebooks, run_course
from ecrlab.errors import InvalidInput
from runner_course import parameters, write_notebook

CELLS = {  # id: (cells after the title, what the failure says; None: it passes)
    "clean": (['"it runs"'], None),
    "an error": (["1 + 1", "# why\nn = 2\nint('x')", "3"],
                 "cell 3 `int('x')`: ValueError: invalid literal for int() with base 10: 'x'"),
    "a syntax error": (["n = 1\ndef f(:"], "cell 2 `def f(:`: SyntaxError: invalid syntax"),
    "a cell that takes too long": (["import time\ntime.sleep(60)"],
                                   "cell 2 `import time`: Timeout: took longer than 2 s"),
    "a kernel that dies": (["import os\nos._exit(1)"], "cell 2 `import os`: DeadKernel: the kernel died"),
    "an early end": (["raise SystemExit", "1 / 0"],
                     "cell 2 `raise SystemExit`: SystemExit: ended the notebook here; the cells after it did not run"),
    "a failure that the notebook allows": (
        [{"cell_type": "code", "source": "1 / 0", "metadata": {"tags": ["raises-exception"]}}],
        "cell 2 `1 / 0`: ZeroDivisionError: division by zero"),
    "a question to the keyboard": (["input()"], "cell 2 `input()`: StdinNotImplementedError: raw_input was called, but "
                                   "this frontend does not support input requests."),
}  # fmt: skip


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """Run one notebook per case, two side by side, with credentials in the environment that must not be seen."""
    folder = tmp_path_factory.mktemp("notebooks")
    paths = [write_notebook(folder / f"{name}.ipynb", "# Title", *cells) for name, (cells, _) in CELLS.items()]
    report = run_course(paths, jobs=2, timeout_s=2, root=folder)
    return {result.path.stem: result for result in report.results}


@pytest.mark.notebook
@pytest.mark.parametrize("name", CELLS)
def test_one_line_says_what_failed(results, name):
    """Cell, line, error and message are told; nothing else is."""
    expected = CELLS[name][1]
    assert ([] if expected is None else [expected]) == [str(failure) for failure in results[name].failures]


@pytest.mark.notebook
def test_a_kernel_sees_a_world_of_its_own(tmp_path, monkeypatch):
    """No AWS variable, no setting of the kit; its own folder, scratch space and time zone; parameters arrive."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_PROFILE", "ECRLAB_MODE", "ECRLAB_REGION"):
        monkeypatch.setenv(name, "real")
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    path = write_notebook(
        tmp_path / "deep" / "world.ipynb",
        "# World",
        parameters("size = 1  # any\nname = 'a'  # any"),
        "import os, pathlib, tempfile\nassert not [n for n in os.environ if os.environ[n] == 'real']",
        "assert os.environ['TZ'] == 'UTC' and pathlib.Path.cwd().name == 'deep'",
        "assert tempfile.gettempdir() == str(pathlib.Path(os.environ['ECRLAB_PROGRESS']).parent)",
        "assert (size, name) == (5, 'a')",
        "pathlib.Path(tempfile.gettempdir(), 'left').write_text(''); open('scratch', 'w').write(tempfile.gettempdir())",
    )
    report = run_course([path], parameters={"size": 5})
    assert "" == "\n".join(str(failure) for result in report.results for failure in result.failures)
    assert not Path((path.parent / "scratch").read_text()).exists()


UNKNOWN = {  # id: (parameters cell, message)
    "misspelt": (parameters("size = 1  # any\nname = 'a'  # any"),
                 "UnknownParameter: 'sise' is no parameter of this notebook; it offers size, name"),
    "none there": ("1 + 1", "UnknownParameter: 'sise' is no parameter of this notebook; it has none"),
}  # fmt: skip


@pytest.mark.parametrize(("cell", "message"), UNKNOWN.values(), ids=UNKNOWN)
def test_an_unknown_parameter_fails(tmp_path, cell, message):
    """Papermill only warns; we fail, before a kernel is started."""
    path = write_notebook(tmp_path / "n.ipynb", cell)
    (result,) = run_course([path], parameters={"sise": 1}).results
    assert ([message], 0) == ([str(failure) for failure in result.failures], result.cells)


@pytest.mark.notebook
def test_progress_counts_every_cell_to_the_end(tmp_path):
    """Cells that did not run because an earlier one failed are counted as done when the notebook is."""
    paths = [write_notebook(tmp_path / f"{n}.ipynb", "1 / 0" if n == "b" else "1", "2", "3") for n in "ab"]
    seen = []
    report = run_course(paths, on_progress=seen.append)
    done = [progress.cells_done for progress in seen]
    assert (sorted(done), {6}) == (done, {progress.cells_total for progress in seen})
    assert 6 == done[-1]
    assert set(report.results) == {progress.finished for progress in seen if progress.finished}
    assert ["a.ipynb", "b.ipynb"] == [result.path.name for result in report.results]


@pytest.mark.notebook
@pytest.mark.skipif(os.name == "nt", reason="sends POSIX signals")
def test_an_interrupt_leaves_no_kernel(tmp_path):
    """Ctrl-C ends a run within seconds, and the kernels that it had started are gone."""
    note = "import os, time, pathlib\npathlib.Path(f'{os.getpid()}.pid').touch()\ntime.sleep(100)"
    for name in "ab":
        write_notebook(tmp_path / f"{name}.ipynb", note)
    program = f"from ecrlab.course.runner import run_course\nrun_course([{str(tmp_path)!r}], jobs=2)"
    run = subprocess.Popen([sys.executable, "-c", program], stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 60
    while len(list(tmp_path.glob("*.pid"))) < 2 and time.monotonic() < deadline:
        time.sleep(0.05)
    run.send_signal(signal.SIGINT)
    _, errors = run.communicate(timeout=20)
    assert errors.rstrip().endswith("KeyboardInterrupt")
    kernels = [int(path.stem) for path in tmp_path.glob("*.pid")]
    assert (2, []) == (len(kernels), [pid for pid in kernels if Path(f"/proc/{pid}").exists()])


def test_without_paths_the_course_is_meant(tmp_path):
    """Guided notebooks come first, then labs, both in reading order; anything else is no part of the course."""
    for name in ("labs/02_b/lab.ipynb", "notebooks/01_x.ipynb", "notebooks/00_x.ipynb", "labs/02_b/draft.ipynb"):
        write_notebook(tmp_path / name, "1")
    expected = ["notebooks/00_x.ipynb", "notebooks/01_x.ipynb", "labs/02_b/lab.ipynb"]
    assert expected == [path.relative_to(tmp_path).as_posix() for path in find_notebooks([], tmp_path)]


def test_folders_are_searched_and_named_twice_is_run_once(tmp_path):
    """A folder stands for all notebooks under it, without Jupyter's checkpoints."""
    for name in ("a/1.ipynb", "a/b/2.ipynb", "a/.ipynb_checkpoints/1-checkpoint.ipynb"):
        write_notebook(tmp_path / name, "1")
    found = find_notebooks([tmp_path / "a", tmp_path / "a" / "1.ipynb"], tmp_path)
    assert ["1.ipynb", "2.ipynb"] == [path.name for path in found]


REFUSED = {  # id: (paths, more arguments, message)
    "a path that is not there": (["gone.ipynb"], {},
        "gone.ipynb: there is no such file or folder; name notebooks (.ipynb) or folders with some"),
    "a file that is no notebook": (["a.txt"], {}, "a.txt: is no notebook; name a file that ends in .ipynb"),
    "a folder without notebooks": (["empty"], {},
        "empty: holds no notebook; name a folder with notebooks (.ipynb)"),
    "no course here": ([], {}, ".: holds no course (notebooks/, labs/); name notebooks, or go to the course"),
    "a notebook that is no JSON": (["broken.ipynb"], {},
        "broken.ipynb: is not JSON (Expecting value: line 1 column 1 (char 0)); restore it from git, or save it again"),
    "a build for another kind": (["good.ipynb"], {"builds": [Build.SOLVED, Build.STUDENT]},
        "run_course: no notebook here has a build solved, student; guided notebooks have 'guided', labs the others"),
    "no worker": (["good.ipynb"], {"jobs": 0}, "run_course: jobs is 0; use a whole number of 1 or more"),
    "no time": (["good.ipynb"], {"timeout_s": -1}, "run_course: timeout_s is -1; use a whole number of 1 or more"),
}  # fmt: skip


@pytest.mark.parametrize(("paths", "more", "message"), REFUSED.values(), ids=REFUSED)
def test_wrong_use_is_refused(tmp_path, monkeypatch, paths, more, message):
    """What cannot be run is said in one line, before a kernel is started."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    (tmp_path / "a.txt").touch()
    (tmp_path / "broken.ipynb").touch()
    write_notebook(tmp_path / "good.ipynb", "1")
    with pytest.raises(InvalidInput) as refused:
        run_course(paths, **{"root": Path()} | more)
    assert message == str(refused.value)
