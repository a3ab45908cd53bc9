"""tools/notebooks.py: running, stamping and checking in place."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest
from drafts import code, guided_cells, md

ROOT = Path(__file__).parents[2]
GUIDED, LAB = "notebooks/01_names.ipynb", "labs/01_names/lab.ipynb"


def read(path):
    """Read a notebook's JSON."""
    return json.loads(Path(path).read_text("utf-8"))


def sources(path):
    """Return ids and sources of all cells but the first."""
    return [(cell["id"], "".join(cell["source"])) for cell in read(path)["cells"][1:]]


@pytest.mark.notebook
def test_run_leaves_a_clean_file(course, tool):
    """A run stores outputs and versions, keeps cell ids, and drops timing, widget state and foreign metadata."""
    draft = course["guided"]
    draft.cells = [md("#"), code("import ipywidgets, os"), code("ipywidgets.IntSlider()"), code("os.environ['TZ']")]
    draft.cells[1].metadata.update(scrolled=True, execution={}, tags=["parameters"])
    draft.metadata = {"widgets": {}, "papermill": {}}
    path = draft.write()
    before = sources(path)
    assert 0 == tool.main(["run", str(path), "--date", "2026-11-03"])
    document = read(path)
    assert before == sources(path)
    assert {"ecrlab", "kernelspec", "language_info"} == set(document["metadata"])
    assert [{}, {"tags": ["parameters"]}, {}, {}] == [cell["metadata"] for cell in document["cells"]]
    assert [["text/plain"], ["text/plain"]] == [list(cell["outputs"][0]["data"]) for cell in document["cells"][2:]]
    assert ["'UTC'"] == document["cells"][3]["outputs"][0]["data"]["text/plain"]
    verified = document["metadata"]["ecrlab"]["last_verified"]
    assert ("2026-11-03", ["Python", "boto3", "ecrlab", "moto"]) == (verified["on"], sorted(verified["versions"]))
    assert "- **Last verified:** 2026-11-03 with Python 3." in "".join(document["cells"][0]["source"])


@pytest.mark.notebook
def test_a_run_repeats_byte_for_byte_and_empties_labs(course, tool):
    """A second run changes nothing; a lab keeps no outputs; a failing cell leaves the file alone."""
    course["lab"].cells = [md("#"), code("{'b', 'a'}"), code("x = 1\nx")]
    path = course["lab"].write()
    assert 0 == tool.main(["run", str(path), "--date", "2026-11-03"])
    first = path.read_bytes()
    assert [[], []] == [cell["outputs"] for cell in read(path)["cells"][1:]]
    document = read(path)
    document["cells"][2]["source"] = ["1 / 0"]
    path.write_text(json.dumps(document))
    assert 1 == tool.main(["run", str(path), "--date", "2026-11-03"])
    assert document == read(path)
    document["cells"][2]["source"] = ["x = 1\n", "x"]
    path.write_text(json.dumps(document))
    assert 0 == tool.main(["run", str(path), "--date", "2026-11-03"])
    assert first == path.read_bytes()


def test_stamp_moves_the_date_only_with_the_content(course, tool):
    """Stamping twice changes nothing; after an edit the date moves."""
    path = course["guided"].path
    tool.main(["stamp", str(path), "--date", "2026-12-01"])
    stamped = path.read_bytes()
    assert "2026-11-02" == read(path)["metadata"]["ecrlab"]["last_edited"]
    tool.main(["stamp", str(path), "--date", "2026-12-02"])
    assert stamped == path.read_bytes()
    document = read(path)
    document["cells"][6]["source"] = ["## Another title"]
    path.write_text(json.dumps(document))
    tool.main(["stamp", str(path), "--date", "2026-12-03"])
    assert "2026-12-03" == read(path)["metadata"]["ecrlab"]["last_edited"]
    assert "- **Last edited:** 2026-12-03\n" in read(path)["cells"][0]["source"]


def test_stamp_adds_the_first_cell_and_missing_ids(course, tool):
    """An author may begin without a first cell and without ids; both are given, the same on every machine."""
    draft = course["guided"]
    draft.cells = guided_cells()[1:]
    for cell in draft.cells:
        cell.id = "x"
    path = draft.write(stamp=False)
    assert 0 == tool.main(["stamp", str(path), "--date", "2026-11-03"])
    assert ["facts", "x", "cell-02", "cell-03"] == [cell["id"] for cell in read(path)["cells"]][:4]
    assert "# Names\n" == read(path)["cells"][0]["source"][0]


def test_a_notebook_without_facts_is_told_what_to_write(course, tool, capsys):
    """The message shows the field as it should be; nothing is written."""
    del course["guided"].facts["minutes"]
    path = course["guided"].write(stamp=False)
    before = path.read_bytes()
    assert 1 == tool.main(["stamp", str(path), "--date", str(date(2026, 11, 3))])
    expected = f'{GUIDED}: metadata.ecrlab.minutes is None; write it like {{"minutes": [25, 40]}}\n'
    assert expected == capsys.readouterr().err
    assert before == path.read_bytes()


def test_check_prints_findings_line_by_line(course, tool, capsys):
    """``check`` ends with a count and with 1 if there is anything; a clean course ends with 0."""
    assert 0 == tool.main(["check", GUIDED, LAB])
    assert "2 notebooks, 0 findings\n" == capsys.readouterr().out
    course["guided"].cells[6].source += " TODO"
    course["guided"].write()
    assert 1 == tool.main(["check", GUIDED, LAB])
    expected = f"{GUIDED} cell 7: TODO is still there [unfinished]\n2 notebooks, 1 findings\n"
    assert expected == capsys.readouterr().out


WRONG_USE = {  # id: (arguments, last line of stderr)
    "no path": (["run"], "notebooks.py: error: run: name at least one notebook"),
    "no such file": (["check", "gone.ipynb"], "notebooks.py: error: no such file: gone.ipynb"),
    "no such command": (["polish"], "notebooks.py: error: argument command: invalid choice: 'polish'"),
    "no date": (["stamp", "--date", "today"], "notebooks.py: error: argument --date: invalid fromisoformat value"),
}


@pytest.mark.parametrize(("arguments", "message"), WRONG_USE.values(), ids=WRONG_USE)
def test_wrong_use_is_refused(arguments, message):
    """Wrong use ends with 2 and one line that says what is wrong."""
    command = [sys.executable, str(ROOT / "tools" / "notebooks.py"), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert 2 == done.returncode
    assert done.stderr.splitlines()[-1].startswith(message)
