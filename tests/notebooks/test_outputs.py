"""nbval proves the committed outputs: each guided notebook, run from the top, gives what its file shows."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from drafts import code, md
from ecrlab.course.kernels import kernel_environment

ROOT = Path(__file__).parents[2]
GUIDED = sorted((ROOT / "notebooks").glob("*.ipynb"))
ANSI = re.compile(r"\x1b\[[0-9;]*m|#x1B\[[0-9;]*m")


def differences(notebooks, folder):
    """Run nbval on notebooks of one folder; return what differs: notebook -> cell -> report. The rest is equal."""
    report = folder / "nbval.xml"
    root = notebooks[0].parent  # outside of it cells would lose the names of their notebooks, and share a kernel
    command = [sys.executable, "-m", "pytest", "-c", Path(__file__).with_name("nbval.ini"), f"--rootdir={root}"]
    done = subprocess.run(
        [*map(str, command), f"--junitxml={report}", *map(str, notebooks)],
        env=kernel_environment(folder),
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    if done.returncode not in (0, 1):
        pytest.fail(f"nbval did not run:\n{done.stdout}{done.stderr}", pytrace=False)
    cases = list(ET.parse(report).iter("testcase"))
    assert len(cases) == sum(len(code_cells(path)) for path in notebooks)
    found = {}
    for case in cases:
        notebook = case.get("classname").removesuffix(".ipynb")
        for fault in (*case.iter("failure"), *case.iter("error")):
            found.setdefault(notebook, {})[case.get("name")] = ANSI.sub("", fault.text or "")
    return found


def code_cells(path):
    """Return the code cells of a notebook file."""
    return [cell for cell in json.loads(path.read_text("utf-8"))["cells"] if cell["cell_type"] == "code"]


@pytest.mark.notebook
def test_committed_outputs_are_what_the_code_gives(tmp_path):
    """No guided notebook shows anything that its code does not produce now, and none leaves anything out."""
    found = differences(GUIDED, tmp_path)
    if found:
        lines = (f"{name} {cell}\n{report}" for name, cells in found.items() for cell, report in cells.items())
        way_out = "If the new output is right: python tools/notebooks.py run PATH"
        pytest.fail("\n".join([*lines, way_out]), pytrace=False)


def test_guided_notebooks_have_outputs_to_compare():
    """Nbval says nothing about a notebook that shows nothing: each of ours shows something in half of its cells."""
    for path in GUIDED:
        cells = code_cells(path)
        assert sum(bool(cell["outputs"]) for cell in cells) * 2 >= len(cells), path.name


TAMPERED = {  # id: what is done to the last code cell's outputs
    "changed": lambda outputs: outputs[0]["data"].update({"text/plain": ["43"]}),
    "removed": lambda outputs: outputs.clear(),
    "doubled": lambda outputs: outputs.append(outputs[0]),
}


@pytest.mark.notebook
def test_tampered_outputs_are_noticed(course, tool, tmp_path):
    """The proof can fail: an output that was changed, removed or added is named; an honest copy is not."""
    draft = course["guided"]
    draft.cells = [md("#"), code("n = 41"), code("print(n)"), code("n + 1")]
    honest = draft.write().resolve()
    assert 0 == tool.main(["run", str(honest)])
    copies = []
    for name, tamper in TAMPERED.items():
        document = json.loads(honest.read_text())
        tamper(document["cells"][-1]["outputs"])
        copies.append(honest.with_name(f"{name}.ipynb"))
        copies[-1].write_text(json.dumps(document))
    found = differences([honest, *copies], tmp_path)
    assert {name: ["Cell 2"] for name in TAMPERED} == {name: list(cells) for name, cells in found.items()}
