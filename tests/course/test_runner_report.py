"""What a run reports: JSON, JUnit, one HTML page, and a table."""

from __future__ import annotations

import json
import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from ecrlab.course.run_report import (
    Build,
    CourseReport,
    Failure,
    NotebookResult,
    Verdict,
    excerpt,
    to_html,
    to_json,
    to_junit,
)

GUIDED, LAB = Path("notebooks/01_a.ipynb"), Path("labs/01_a/lab.ipynb")
SAID = Verdict("01.one", "incorrect", "tag", "Moved <by> hand.")
FAULT = Failure(7, "# first\nclient.go('<b>')\n", "ClientError", "no \x1b & <i>never</i>", line=2)
REPORT = CourseReport(
    (
        NotebookResult(GUIDED, Build.GUIDED, None, 1.25, 20),
        NotebookResult(LAB, Build.MISTAKEN, 1, 2.0, 30, (SAID,)),
        NotebookResult(LAB, Build.MISTAKEN, 2, 3.0, 6, (), (FAULT, Failure(None, "", "NoTasks", "none at all"))),
    ),
    seconds=4.5,
    jobs=2,
)


def test_json_is_the_documented_schema():
    """Version 1 of the document, field by field."""
    assert {
        "version": 1,
        "ok": False,
        "seconds": 4.5,
        "jobs": 2,
        "ecrlab": "0.1.0",
        "results": [
            {"notebook": "notebooks/01_a.ipynb", "build": "guided", "round": None, "status": "passed",
             "seconds": 1.25, "cells": 20, "outcomes": [], "failures": []},
            {"notebook": "labs/01_a/lab.ipynb", "build": "mistaken", "round": 1, "status": "passed",
             "seconds": 2.0, "cells": 30, "failures": [], "outcomes": [
                 {"exercise": "01.one", "kind": "incorrect", "mistake": "tag", "message": "Moved <by> hand."}]},
            {"notebook": "labs/01_a/lab.ipynb", "build": "mistaken", "round": 2, "status": "failed",
             "seconds": 3.0, "cells": 6, "outcomes": [], "failures": [
                 {"cell": 7, "line": 2, "source": "# first\nclient.go('<b>')\n", "error": "ClientError",
                  "message": "no \x1b & <i>never</i>"},
                 {"cell": None, "line": None, "source": "", "error": "NoTasks", "message": "none at all"}]},
        ],
    } == json.loads(to_json(REPORT))  # fmt: skip


def test_junit_counts_suites_and_keeps_every_failure():
    """A suite per build, a case per run; what XML cannot carry is dropped, the rest is escaped."""
    root = ET.fromstring(to_junit(REPORT))
    assert [
        ("guided", "1", "0", "1.250"),
        ("mistaken", "2", "1", "5.000"),
    ] == [(suite.get("name"), suite.get("tests"), suite.get("failures"), suite.get("time")) for suite in root]
    assert [
        "notebooks/01_a.ipynb",
        "labs/01_a/lab.ipynb round 1",
        "labs/01_a/lab.ipynb round 2",
    ] == [case.get("name") for case in root.iter("testcase")]
    (failure,) = root.iter("failure")
    assert "cell 7 `client.go('<b>')`: ClientError: no  & <i>never</i>\nNoTasks: none at all" == (failure.text)


def test_html_is_one_page_that_asks_for_nothing():
    """No script, no outside address; code and messages are escaped; failures are unfolded, both schemes are served."""
    page = to_html(REPORT)
    assert not re.search(r"<script|<link|https?:|url\(|@import", page)
    assert "<i>" not in page
    assert "client.go(&#x27;&lt;b&gt;&#x27;)" in page
    assert 1 == page.count("<details open>")
    assert "prefers-color-scheme:dark" in page
    assert '<td class="bad">✗ 5.0 s (2 rounds)</td>' in page


def test_a_clean_run_has_no_list_of_faults():
    """The page and the text of a run without failures say so and list nothing."""
    clean = CourseReport(REPORT.results[:1], 1.25, 1)
    assert "Course run: as expected" in to_html(clean)
    assert "<details" not in to_html(clean)
    assert "1 run in 1.2 s, all as expected" == str(clean).splitlines()[0]


def test_the_text_lists_notebooks_builds_and_faults():
    """The plain form says what the page says."""
    assert [
        "3 runs in 4.5 s, 1 not as expected",
        "Notebook              guided   mistaken",
        "--------------------  -------  ------------------",
        "notebooks/01_a.ipynb  ✓ 1.2 s  –",
        "labs/01_a/lab.ipynb   –        ✗ 5.0 s (2 rounds)",
        "✗ labs/01_a/lab.ipynb mistaken 2: cell 7 `client.go('<b>')`: ClientError: no \x1b & <i>never</i>",
        "✗ labs/01_a/lab.ipynb mistaken 2: NoTasks: none at all",
    ] == str(REPORT).splitlines()


EXCERPTS = {  # id: (source, line, excerpt)
    "the given line": ("a\nb\nc", 2, "b"),
    "the first that is no comment": ("\n# why\n  go()\n", None, "go()"),
    "only comments": ("# why\n# so", None, "# why"),
    "a line beyond the end": ("a", 9, "a"),
    "nothing": ("", None, ""),
    "a long line": ("x" * 61, None, "x" * 59 + "…"),
}


@pytest.mark.parametrize(("source", "line", "expected"), EXCERPTS.values(), ids=EXCERPTS)
def test_excerpts(source, line, expected):
    """One line of a cell stands for the cell."""
    assert expected == excerpt(source, line)
