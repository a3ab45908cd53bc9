"""``ecrlab run``: arguments, exit codes, the files it writes."""

from __future__ import annotations

import json
from xml.etree import ElementTree as ET

import pytest
from ecrlab.cli import main
from runner_course import parameters, write_notebook


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Work in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.notebook
def test_a_run_writes_its_reports_and_says_how_it_went(folder, capsys):
    """Without a terminal there is a line per notebook on stderr, and the table on stdout; parameters are literals."""
    write_notebook(
        folder / "notebooks" / "00_a.ipynb", parameters("n = 0  # n\nt = ''  # t"), "assert (n, t) == (5, 'x')"
    )
    code = main(["run", "-p", "n", "5", "-p", "t", "x", "--json", "r.json", "--junit", "r.xml", "--html", "r.html"])
    out, err = capsys.readouterr()
    assert 0 == code
    assert ["Notebook              guided", "notebooks/00_a.ipynb  ✓"] == [
        out.splitlines()[1],
        out.splitlines()[3][:23],
    ]
    assert err.startswith("✓ notebooks/00_a.ipynb guided ")
    assert [True, "notebooks/00_a.ipynb"] == [
        json.loads((folder / "r.json").read_text())["ok"],
        ET.parse(folder / "r.xml").getroot()[0][0].get("name"),
    ]
    assert "Course run: as expected" in (folder / "r.html").read_text()


@pytest.mark.notebook
def test_a_failure_ends_with_one(folder, capsys):
    """Something that is not as expected gives exit code 1 and is told in one line."""
    write_notebook(folder / "n.ipynb", "1 / 0")
    assert 1 == main(["run", "n.ipynb", "--jobs", "1"])
    expected = "✗ n.ipynb guided: cell 1 `1 / 0`: ZeroDivisionError: division by zero"
    assert expected == capsys.readouterr().out.splitlines()[-1]


WRONG = {  # id: (arguments, stderr)
    "no such path": (["run", "gone"],
        "ecrlab: gone: there is no such file or folder; name notebooks (.ipynb) or folders with some\n"),
    "no course here": (["run"],
        "ecrlab: .: holds no course (notebooks/, labs/); name notebooks, or go to the course\n"),
    "a report in no folder": (["run", "n.ipynb", "--html", "gone/r.html"],
        "ecrlab: --html gone/r.html: folder 'gone' does not exist; name a file in a folder that exists\n"),
    "a report over a folder": (["run", "n.ipynb", "--json", "."],
        "ecrlab: --json .: is a folder; name a file in a folder that exists\n"),
    "a lab's build for a guided notebook": (["run", "n.ipynb", "--build", "solved"],
        "ecrlab: run_course: no notebook here has a build solved; guided notebooks have 'guided', labs the others\n"),
    "no worker": (["run", "n.ipynb", "--jobs", "0"],
        "ecrlab: run_course: jobs is 0; use a whole number of 1 or more\n"),
}  # fmt: skip


@pytest.mark.parametrize(("arguments", "message"), WRONG.values(), ids=WRONG)
def test_wrong_use_ends_with_two(folder, capsys, arguments, message):
    """Wrong use is one line on stderr and exit code 2; nothing is run and nothing is written."""
    write_notebook(folder / "n.ipynb", "1 / 0")
    assert 2 == main(arguments)
    assert ("", message) == capsys.readouterr()
    assert ["n.ipynb"] == [path.name for path in folder.iterdir()]


ARGUMENTS = {  # id: (arguments, end of stderr)
    "no such build": (["run", "--build", "wrong"], "argument --build: invalid choice: 'wrong'"),
    "a parameter without a value": (["run", "-p", "size"], "argument -p: expected 2 arguments"),
    "no number": (["run", "--jobs", "many"], "argument --jobs: invalid int value: 'many'"),
}


@pytest.mark.parametrize(("arguments", "message"), ARGUMENTS.values(), ids=ARGUMENTS)
def test_arguments_that_do_not_parse(capsys, arguments, message):
    """Argparse says what is wrong, and ends with 2."""
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert 2 == ended.value.code
    assert capsys.readouterr().err.splitlines()[-1].startswith(f"ecrlab run: error: {message}")
