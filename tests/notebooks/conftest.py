"""A small course in a folder of its own, and the authors' tool."""

from __future__ import annotations

from pathlib import Path

import pytest
from drafts import Draft, facts, guided_cells, lab_cells, load_tool


@pytest.fixture(scope="session")
def tool():
    """The authors' tool."""
    return load_tool()


@pytest.fixture
def course(tmp_path, monkeypatch):
    """A folder with a guided notebook and its lab, both without fault; the working directory."""
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "labs" / "01_names").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    lab_facts = facts(links={"Notebook": "../../notebooks/01_names.ipynb"})
    drafts = {
        "guided": Draft(Path("notebooks/01_names.ipynb"), guided_cells(), facts()),
        "lab": Draft(Path("labs/01_names/lab.ipynb"), lab_cells(), lab_facts),
    }
    for draft in drafts.values():
        draft.write()
    return drafts
