"""What a run of the course found, as values; and the same for machines (JSON, JUnit) and for people (HTML, text).

The JSON document, version 1::

    {"version": 1, "ok": true, "seconds": 21.4, "jobs": 2, "ecrlab": "0.1.0",
     "results": [{"notebook": "labs/01_push_and_pull/lab.ipynb",   # relative to where the run was started
                  "build": "mistaken",                             # guided | student | solved | mistaken
                  "round": 1,                                      # which mistake of each task, from 1; else null
                  "status": "passed",                              # passed | failed
                  "seconds": 2.31, "cells": 24,                    # wall time; cells that ran
                  "outcomes": [{"exercise": "01.create", "kind": "incorrect", "mistake": "tag", "message": "…"}],
                  "failures": [{"cell": 7, "line": 2,              # from 1; null: the notebook, the cell as a whole
                                "source": "ecr.describe_images(…", "error": "ClientError", "message": "…"}]}]}

A field may be added within a version; none is renamed or removed.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from html import escape
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

from ecrlab.cards import Table

__all__ = ["Build", "CourseReport", "Failure", "NotebookResult", "Verdict", "to_html", "to_json", "to_junit"]

SCHEMA_VERSION = 1
_EXCERPT = 60


class Build(Enum):
    """One way to run a notebook, and what it proves."""

    GUIDED = "guided"  # a guided notebook, as committed: it runs clean
    STUDENT = "student"  # a lab, as committed: nothing fails, nothing passes
    SOLVED = "solved"  # its starters replaced by the solutions: everything passes
    MISTAKEN = "mistaken"  # its starters replaced by known mistakes: each gets its own message


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one ``check`` in a notebook said: the exercise, the kind of outcome, which known mistake, the message."""

    exercise: str
    kind: str
    mistake: str | None
    message: str


@dataclass(frozen=True, slots=True)
class Failure:
    """One thing that was not as expected.

    ``cell`` counts from 1, ``None`` means the notebook as a whole; ``source`` is the code of the cell as it was run;
    ``line`` counts from 1, ``None`` means that it is not known.
    """

    cell: int | None
    source: str
    error: str
    message: str
    line: int | None = None

    def __str__(self) -> str:
        fact = f"{self.error}: {self.message}" if self.message else self.error
        return fact if self.cell is None else f"cell {self.cell} `{excerpt(self.source, self.line)}`: {fact}"


@dataclass(frozen=True, slots=True)
class NotebookResult:
    """One notebook in one build. ``round`` counts from 1 in the mistaken build and is ``None`` elsewhere."""

    path: Path
    build: Build
    round: int | None
    seconds: float
    cells: int
    outcomes: tuple[Verdict, ...] = ()
    failures: tuple[Failure, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether everything was as this build expects it."""
        return not self.failures

    @property
    def title(self) -> str:
        """Notebook, build and round in one line."""
        return f"{self.path.as_posix()} {self.build.value}" + (f" {self.round}" if self.round else "")


@dataclass(frozen=True, slots=True, repr=False)
class CourseReport:
    """All results of one run, in course order. ``seconds`` is wall time, ``jobs`` how many ran side by side."""

    results: tuple[NotebookResult, ...]
    seconds: float
    jobs: int

    @property
    def ok(self) -> bool:
        """Whether every notebook did in every build what it should."""
        return all(result.passed for result in self.results)

    @property
    def failed(self) -> tuple[NotebookResult, ...]:
        """The results with failures."""
        return tuple(result for result in self.results if not result.passed)

    def table(self) -> Table:
        """Lay out seconds per notebook and build."""
        builds = [build for build in Build if any(result.build is build for result in self.results)]
        paths = list(dict.fromkeys(result.path for result in self.results))
        rows = [[path.as_posix(), *(_cell(_pick(self.results, path, build)) for build in builds)] for path in paths]
        return Table(("Notebook", *(build.value for build in builds)), rows, self.summary())

    def summary(self) -> str:
        """Say in one line how it went."""
        runs, bad = len(self.results), len(self.failed)
        verdict = "all as expected" if not bad else f"{bad} not as expected"
        return f"{runs} run{'s' if runs != 1 else ''} in {self.seconds:.1f} s, {verdict}"

    def _repr_html_(self) -> str:
        return self.table()._repr_html_()

    def _repr_markdown_(self) -> str:
        return self.table()._repr_markdown_()

    def __str__(self) -> str:
        faults = [f"✗ {result.title}: {failure}" for result in self.failed for failure in result.failures]
        return "\n".join([str(self.table()), *faults])

    __repr__ = __str__


def excerpt(source: str, line: int | None = None) -> str:
    """Return one line of code, cut to 60 characters: the given one (from 1), or the first that is no comment."""
    lines = source.splitlines()
    if line is not None and line <= len(lines):
        lines = lines[line - 1 :]
    lines = [text.strip() for text in lines if text.strip()]
    first = next((text for text in lines if not text.startswith("#")), lines[0] if lines else "")
    return first if len(first) <= _EXCERPT else first[: _EXCERPT - 1] + "…"


def _pick(results: Sequence[NotebookResult], path: Path, build: Build) -> list[NotebookResult]:
    return [result for result in results if result.path == path and result.build is build]


def _cell(results: Sequence[NotebookResult]) -> str:
    if not results:
        return "–"
    sign = "✓" if all(result.passed for result in results) else "✗"
    rounds = f" ({len(results)} rounds)" if len(results) > 1 else ""
    return f"{sign} {sum(result.seconds for result in results):.1f} s{rounds}"


def to_json(report: CourseReport) -> str:
    """Write the report as the JSON document that is described above."""
    from ecrlab import __version__

    document: dict[str, Any] = {
        "version": SCHEMA_VERSION,
        "ok": report.ok,
        "seconds": round(report.seconds, 3),
        "jobs": report.jobs,
        "ecrlab": __version__,
        "results": [
            {
                "notebook": result.path.as_posix(),
                "build": result.build.value,
                "round": result.round,
                "status": "passed" if result.passed else "failed",
                "seconds": round(result.seconds, 3),
                "cells": result.cells,
                "outcomes": [
                    {"exercise": v.exercise, "kind": v.kind, "mistake": v.mistake, "message": v.message}
                    for v in result.outcomes
                ],
                "failures": [
                    {"cell": f.cell, "line": f.line, "source": f.source, "error": f.error, "message": f.message}
                    for f in result.failures
                ],
            }
            for result in report.results
        ],
    }
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def to_junit(report: CourseReport) -> str:
    """Write JUnit XML: a suite per build, a case per notebook and round."""
    root = ET.Element("testsuites", name="ecrlab course", time=f"{report.seconds:.3f}")
    for build in Build:
        results = [result for result in report.results if result.build is build]
        if not results:
            continue
        suite = ET.SubElement(
            root,
            "testsuite",
            name=build.value,
            tests=str(len(results)),
            failures=str(sum(not result.passed for result in results)),
            errors="0",
            time=f"{sum(result.seconds for result in results):.3f}",
        )
        for result in results:
            name = result.path.as_posix() + (f" round {result.round}" if result.round else "")
            case = ET.SubElement(
                suite, "testcase", classname=f"course.{build.value}", name=name, time=f"{result.seconds:.3f}"
            )
            if result.failures:
                fault = ET.SubElement(case, "failure", message=_xml(str(result.failures[0])))
                fault.text = _xml("\n".join(str(failure) for failure in result.failures))
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _xml(text: str) -> str:
    """Drop the control characters that XML 1.0 cannot carry, not even escaped."""
    return "".join(c for c in text if c in "\t\n" or c >= " ")


_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>
:root{{color-scheme:light dark;--text:#1c1e21;--page:#fff;--soft:#5a6068;--line:#d6dae0;--bad:#b3261e;--good:#1b6e35;
--code:#f3f4f6}}
@media (prefers-color-scheme:dark){{:root{{--text:#e6e8eb;--page:#16181b;--soft:#a3abb5;--line:#3a3f46;--bad:#ff8a80;
--good:#7fd69a;--code:#22262b}}}}
body{{font:16px/1.5 system-ui,sans-serif;color:var(--text);background:var(--page);max-width:70em;margin:2em auto;
padding:0 1em}}
h1{{font-size:1.5em;margin-bottom:.2em}} h2{{font-size:1.15em;margin-top:2em}} h1+p{{color:var(--soft);margin-top:0}}
table{{border-collapse:collapse;width:100%}}
th,td{{text-align:left;padding:.35em .9em .35em 0;border-bottom:1px solid var(--line);
font-variant-numeric:tabular-nums}}
.bad{{color:var(--bad);font-weight:600}} .good{{color:var(--good)}}
details{{border:1px solid var(--line);border-radius:4px;padding:.5em .9em;margin:.6em 0}}
summary{{cursor:pointer}} pre{{background:var(--code);padding:.6em .8em;overflow-x:auto;border-radius:3px;
white-space:pre-wrap}}
</style></head><body>
<h1>{title}</h1><p>{summary}</p>
<table><thead><tr>{head}</tr></thead><tbody>
{rows}
</tbody></table>
{faults}
</body></html>
"""


def to_html(report: CourseReport) -> str:
    """Write one page without outside resources, for either colour scheme; what failed is unfolded."""
    table = report.table()
    rows = [
        f'<tr><th scope="row">{escape(str(name))}</th>'
        + "".join(f'<td class="{_mood(str(text))}">{escape(str(text))}</td>' for text in texts)
        + "</tr>"
        for name, *texts in table.rows
    ]
    return _PAGE.format(
        title="Course run: as expected" if report.ok else "Course run: not as expected",
        summary=escape(f"{report.summary()}; {report.jobs} side by side"),
        head="".join(f'<th scope="col">{escape(name)}</th>' for name in table.columns),
        rows="\n".join(rows),
        faults=("<h2>Not as expected</h2>\n" if report.failed else "") + "\n".join(map(_fault, report.failed)),
    )


def _mood(text: str) -> str:
    return {"✓": "good", "✗": "bad"}.get(text[:1], "")


def _fault(result: NotebookResult) -> str:
    parts = [
        f"<p>{escape(str(failure))}</p>" + (f"<pre>{escape(failure.source)}</pre>" if failure.source else "")
        for failure in result.failures
    ]
    return f"<details open><summary>{escape(result.title)}</summary>{''.join(parts)}</details>"
