"""The authoring rules, as functions from a notebook to findings. No kernel is started; a course takes a second.

Each rule is a small generator; ``RULES`` is the table of contents. Why the rules are as they are:
the reader learns by acting, and runners have traps: each rule says what it keeps away from.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from ecrlab.course.notebook import Cell, Notebook, read_notebook
from ecrlab.errors import InvalidInput

__all__ = ["RULES", "Finding", "lint_course", "lint_notebook"]

OBJECTIVES = 4
WORDS_BETWEEN_ACTIONS = 150
LINES_PER_CELL = 12
WORDS_PER_SENTENCE = 20
QUESTIONS = range(3, 6)
RECALLED = 2
TASKS = range(4, 9)
LEVELS = ("beginner", "intermediate", "advanced")
OVERVIEW = "00"
"""The first notebook: there is nothing to recall yet."""

STAMP = "python tools/notebooks.py stamp"
RUN = "python tools/notebooks.py run"

_IMAGE = re.compile(r"!\[(?P<alt>[^\]]*)\]\((?P<target>[^)\s]+)[^)]*\)")
_LINK = re.compile(r"(?<!!)\[[^\]]+\]\((?P<target>[^)\s]+)[^)]*\)")
_TAG = re.compile(r"<[^>]+>")
_SVG = re.compile(r"<svg\b.*?</svg>", re.DOTALL)
_CHECKED = re.compile(r"checked \d{4}-\d\d-\d\d")
_UNDONE = re.compile(r"\b(TODO|FIXME|XXX|TBD)\b")
_NBVAL_MARK = re.compile(r"^\s*#\s*((?:NBVAL|PYTEST_VALIDATE)_\w+)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Finding:
    """One broken rule. ``cell`` counts from 1, as people do; ``None`` means the notebook as a whole."""

    path: Path
    cell: int | None
    rule: str
    message: str

    def __str__(self) -> str:
        place = str(self.path) if self.cell is None else f"{self.path} cell {self.cell}"
        return f"{place}: {self.message} [{self.rule}]"


Found = Iterator[tuple[Cell | None, str]]
Rule = Callable[[Notebook], Found]


def _markdown(notebook: Notebook) -> tuple[Cell, ...]:
    return tuple(cell for cell in notebook.cells if cell.kind == "markdown")


def _words(cell: Cell) -> list[str]:
    """Words that are read: no fenced code, drawings, tags, link targets or table rules."""
    text = _SVG.sub(" ", cell.prose)
    text = _IMAGE.sub(" ", text)
    text = re.sub(r"\]\([^)]*\)", "]", text)
    return [word for word in _TAG.sub(" ", text).split() if re.search(r"\w", word)]


# --- The first cells -----------------------------------------------------------------------------------------------


def facts_cell(notebook: Notebook) -> Found:
    """The first cell is the only H1 and says what metadata.ecrlab says."""
    titles = [heading for heading in notebook.headings() if heading.level == 1]
    if [heading.cell for heading in titles] != [0]:
        places = ", ".join(str(h.cell + 1) for h in titles) or "none"
        yield None, f"the first cell must hold the only H1; found in cells: {places}"
    try:
        facts = notebook.facts()
    except InvalidInput as problem:
        yield None, f"{problem.fact}; {problem.way_out}"
        return
    if not notebook.cells or notebook.cells[0].source != facts.markdown():
        yield None, f"the first cell differs from metadata.ecrlab; change the metadata, then: {STAMP} {notebook.path}"
    if len(facts.objectives) > OBJECTIVES:
        yield None, f"{len(facts.objectives)} objectives; at most {OBJECTIVES}"
    if facts.level not in LEVELS:
        yield None, f"level {facts.level!r} is not one of {', '.join(LEVELS)}"
    other = "notebooks/" if notebook.is_lab else "lab.ipynb"
    if not any(other in target for target in facts.links.values()):
        yield (
            None,
            f"metadata.ecrlab.links names no {'notebook' if notebook.is_lab else 'lab'}; link the one to go with",
        )


def dates(notebook: Notebook) -> Found:
    """The dates in the metadata are those of this content."""
    stamped = notebook.metadata.get("ecrlab", {})
    if "last_verified" not in stamped:
        yield None, f"never verified; run it: {RUN} {notebook.path}"
    if stamped.get("content_hash") != notebook.content_hash():
        yield (
            None,
            f"edited after {stamped.get('last_edited', 'never')} without a new date; fix: {STAMP} {notebook.path}",
        )


def parameters(notebook: Notebook) -> Found:
    """One parameters cell, before the setup: plain literals, each with a comment."""
    tagged = [cell for cell in notebook.cells if "parameters" in cell.tags]
    if len(tagged) != 1 or not tagged[0].is_code:
        yield None, f"{len(tagged)} cells are tagged 'parameters'; tag exactly one code cell"
        return
    cell = tagged[0]
    assigned = len(cell.tree.body) if cell.tree else -1
    if assigned != len(notebook.parameters):
        yield cell, "parameters must be plain literals, one assignment each"
    for line in cell.source.splitlines():
        if "=" in line.split("#")[0] and "#" not in line:
            yield cell, f"say in a comment what {line.split('=')[0].strip()!r} is for"
    if notebook.code_cells[0] is not cell:
        yield cell, "the parameters come first, before any other code"


def setup(notebook: Notebook) -> Found:
    """Right after the parameters, two lines: an import from ecrlab, and a lab that is opened; then it is shown."""
    cell = notebook.setup_cell
    if cell is None:
        yield None, "no cell opens the lab"
        return
    match cell.tree.body if cell.tree else []:
        case [ast.ImportFrom(module="ecrlab"), ast.Assign(), ast.Expr(value=ast.Name())]:
            pass
        case _:
            yield cell, "setup is: from ecrlab import …; lab = open_lab(…); and lab, to show its card"
    if len(notebook.code_cells) < 2 or notebook.code_cells[1] is not cell:
        yield cell, "setup is the second code cell, right after the parameters"


# --- Prose ---------------------------------------------------------------------------------------------------------


def headings(notebook: Notebook) -> Found:
    """No level of heading is skipped on the way down."""
    above = 0
    for heading in notebook.headings():
        if heading.level > above + 1:
            yield notebook.cells[heading.cell], f"heading {heading.text!r} jumps from level {above} to {heading.level}"
        above = heading.level


def words_between_actions(notebook: Notebook) -> Found:
    """At most 150 words between two things that the learner does."""
    actions = [cell.index for cell in notebook.code_cells]
    for before, after in pairwise(actions):
        count = sum(len(_words(cell)) for cell in notebook.cells[before + 1 : after])
        if count > WORDS_BETWEEN_ACTIONS:
            yield notebook.cells[after], f"{count} words before this action; at most {WORDS_BETWEEN_ACTIONS}"


def sentences(notebook: Notebook) -> Found:
    """Sentences are short: 20 words on average at most."""
    found = [
        len(words)
        for cell in _markdown(notebook)[1:]
        for paragraph in re.split(r"\n\s*\n|\n\s*[-*|]|\n\s*\d+\.", _SVG.sub("", cell.prose))
        for sentence in re.split(r"(?<=[.!?:;])\s", _TAG.sub(" ", paragraph))
        if len(words := [word for word in sentence.split() if re.search(r"\w", word)]) > 2
    ]
    if found and (mean := sum(found) / len(found)) > WORDS_PER_SENTENCE:
        yield None, f"{mean:.0f} words per sentence on average; at most {WORDS_PER_SENTENCE}"


def unfinished(notebook: Notebook) -> Found:
    """Nothing is left to be done."""
    for cell in notebook.cells:
        if found := _UNDONE.search(cell.source):
            yield cell, f"{found[1]} is still there"


def pictures(notebook: Notebook) -> Found:
    """Every picture says in words what it shows."""
    for cell in _markdown(notebook):
        for found in _IMAGE.finditer(cell.prose):
            if not found["alt"].strip():
                yield cell, f"image {found['target']} has no alt text"
        yield from ((cell, fault) for fault in _silent_html(cell.prose))
    for cell in notebook.code_cells:
        for output in cell.outputs:
            yield from ((cell, fault) for fault in _silent_output(output))


def _silent_html(html: str) -> Iterator[str]:
    for tag in re.findall(r"<img\b[^>]*>", html):
        if not re.search(r"\balt=(\"[^\"]+\"|'[^']+')", tag):
            yield f"{tag[:60]} has no alt text"
    for drawing in _SVG.findall(html):
        if "<title" not in drawing and "aria-label" not in drawing and 'aria-hidden="true"' not in drawing:
            yield "a drawing (svg) has neither <title> nor aria-label"


def _silent_output(output: Mapping[str, Any]) -> Iterator[str]:
    data = output.get("data", {})
    yield from _silent_html("".join(data.get("text/html", "")))
    plain = "".join(data.get("text/plain", ""))
    for kind in data:
        if kind.startswith("image/"):
            alt = output.get("metadata", {}).get(kind, {}).get("alt", "")
            if not alt and (not plain or plain.startswith("<")):
                yield f"a displayed {kind} has neither alt text nor a text form"


def links(notebook: Notebook) -> Found:
    """Relative links and pictures lead somewhere."""
    for cell in _markdown(notebook):
        for found in (*_LINK.finditer(cell.prose), *_IMAGE.finditer(cell.prose)):
            target = unquote(found["target"].split("#")[0])
            if target and not re.match(r"[a-z]+:", target) and not (notebook.path.parent / target).exists():
                yield cell, f"link {found['target']!r} leads nowhere"


# --- Code ----------------------------------------------------------------------------------------------------------


def plain_python(notebook: Notebook) -> Found:
    """No magics and no shell lines: a failing one passes everywhere."""
    for cell in notebook.code_cells:
        if cell.tree is None:
            yield cell, f"is not plain Python: {_first_line(cell)!r}; call a helper that fails when the command fails"


def short_cells(notebook: Notebook) -> Found:
    """A code cell has at most 12 lines."""
    for cell in notebook.code_cells:
        lines = len(cell.source.splitlines())
        if lines > LINES_PER_CELL:
            yield cell, f"{lines} lines of code; at most {LINES_PER_CELL}: split it, or move logic into ecrlab"


def no_logic(notebook: Notebook) -> Found:
    """Classes and functions live in ecrlab, where they are tested."""
    for cell in notebook.code_cells:
        for node in cell.tree.body if cell.tree else ():
            if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and not cell.starts:
                yield cell, f"defines {node.name!r}; logic lives in ecrlab, not in cells"


def runner_traps(notebook: Notebook) -> Found:
    """Nothing that one runner honours and another ignores, or that switches the proof off."""
    for cell in notebook.code_cells:
        if "raises-exception" in cell.tags:
            yield cell, "papermill ignores the tag 'raises-exception'; use `with expect_error(...)`"
        if ("skip-execution" in cell.tags) != ("nbval-skip" in cell.tags):
            yield cell, "a cell is skipped everywhere only with both tags, 'skip-execution' and 'nbval-skip'"
        marks = [tag for tag in cell.tags if tag.startswith("nbval-") and tag != "nbval-skip"]
        for mark in (*marks, *_NBVAL_MARK.findall(cell.source)):
            yield cell, f"{mark} switches the comparison off; make the output deterministic"


# --- Outputs and what runners leave behind -------------------------------------------------------------------------


def clean_file(notebook: Notebook) -> Found:
    """No timing, no widget state, no papermill notes; ids on every cell; the one kernel."""
    fix = f"fix: {RUN} {notebook.path}"
    for key in ("papermill", "widgets"):
        if key in notebook.metadata:
            yield None, f"metadata.{key} was left by a runner; {fix}"
    if notebook.metadata.get("kernelspec", {}).get("name") != "python3":
        yield None, f"the kernel must be python3; {fix}"
    for cell in notebook.cells:
        if left := {"execution", "papermill"} & set(cell.metadata):
            yield cell, f"metadata.{min(left)} was left by a runner; {fix}"
    ids = [cell.id for cell in notebook.cells]
    if "" in ids or len(ids) != len(set(ids)):
        yield None, f"cell ids are missing or doubled; {fix}"


def outputs(notebook: Notebook) -> Found:
    """Guided notebooks carry the outputs of one clean run from the top; labs carry none."""
    counts = [cell.execution_count for cell in notebook.code_cells if "skip-execution" not in cell.tags]
    if notebook.is_lab:
        if any(counts) or any(cell.outputs for cell in notebook.code_cells):
            yield None, f"a lab is committed without outputs; fix: {RUN} {notebook.path}"
        return
    if counts != list(range(1, len(counts) + 1)) or not any(cell.outputs for cell in notebook.code_cells):
        yield None, f"a guided notebook is committed with the outputs of one run; fix: {RUN} {notebook.path}"
    for cell in notebook.code_cells:
        for output in cell.outputs:
            yield from ((cell, fault) for fault in _bad_output(output))


def _bad_output(output: Mapping[str, Any]) -> Iterator[str]:
    if output.get("output_type") == "error":
        yield f"ends in {output.get('ename')}; expect it with `with expect_error(...)`"
    if output.get("name") == "stderr":
        yield f"writes to stderr: {''.join(output.get('text', ''))[:60]!r}; show a value instead"
    if any("ResponseMetadata" in "".join(shown) for shown in _shown(output)):
        yield "shows a raw response (ResponseMetadata); end on a value that renders well"


def _shown(output: Mapping[str, Any]) -> Iterator[Iterable[str]]:
    yield output.get("text", "")
    for kind, value in output.get("data", {}).items():
        if kind.startswith("text/"):
            yield value


# --- Teaching ------------------------------------------------------------------------------------------------------


def recall(notebook: Notebook) -> Found:
    """Guided notebooks after the first begin with two questions from earlier ones."""
    if notebook.is_lab or notebook.chapter == OVERVIEW:
        return
    asked = [quiz for cell, _ in notebook.section("Recall") for quiz in cell.first_argument_of("quiz")]
    if len(asked) != RECALLED:
        yield None, f"the section 'Recall' asks {len(asked)} questions; ask {RECALLED}, as quiz(\"NN.slug\")"
    for quiz in asked:
        if quiz.split(".")[0] >= notebook.chapter:
            yield None, f"Recall asks {quiz!r}, which is not from an earlier notebook"


def questions(notebook: Notebook) -> Found:
    """Guided notebooks end with a quiz of 3 to 5 questions of their own."""
    if notebook.is_lab:
        return
    asked = [quiz for cell, _ in notebook.section("Quiz") for quiz in cell.first_argument_of("quiz")]
    if len(asked) not in QUESTIONS:
        yield None, f"the section 'Quiz' asks {len(asked)} questions; ask {QUESTIONS[0]} to {QUESTIONS[-1]}"
    for quiz in asked:
        if quiz.split(".")[0] != notebook.chapter:
            yield None, f"the quiz asks {quiz!r}; its own questions begin with '{notebook.chapter}.'"


def planned_failure(notebook: Notebook) -> Found:
    """Guided notebooks show a real error and the way out."""
    if not notebook.is_lab and not any(True for cell in notebook.code_cells for _ in cell.calls("expect_error")):
        yield None, "no planned failure; show one with `with expect_error(...)`"


def where_next(notebook: Notebook) -> Found:
    """The page says where to go next."""
    if not notebook.section("Where to go next"):
        yield None, "the section 'Where to go next' is missing"


def references(notebook: Notebook) -> Found:
    """Guided notebooks end with references: each a link, what it backs, and when it was checked."""
    if notebook.is_lab:
        return
    items = [
        (cell, line)
        for cell, text in notebook.section("References")
        if not cell.is_code
        for line in re.split(r"\n(?=\s*(?:[-*]|\d+\.)\s)", text)
        if _LINK.search(line) or "http" in line
    ]
    if not items:
        yield None, "the section 'References' has no link"
    for cell, item in items:
        if not _CHECKED.search(item):
            yield cell, f"say when it was checked (checked YYYY-MM-DD): {item.strip()[:60]!r}"


def lab_tasks(notebook: Notebook) -> Found:
    """A lab has 4 to 8 tasks; around each starter stand its reset and its check."""
    if not notebook.is_lab:
        return
    ids = notebook.exercises
    if len(ids) not in TASKS or len(ids) != len(set(ids)):
        yield None, f"{len(ids)} starter cells; a lab has {TASKS[0]} to {TASKS[-1]} tasks, each once"
    for cell in notebook.cells:
        if cell.starts:
            before, after = notebook.cells[: cell.index], notebook.cells[cell.index + 1 :]
            if not any(cell.starts in other.first_argument_of("reset") for other in before):
                yield cell, f'no reset("{cell.starts}") before this starter'
            if not any(cell.starts in other.first_argument_of("check") for other in after):
                yield cell, f'no check("{cell.starts}") after this starter'


RULES: tuple[Rule, ...] = (
    facts_cell,
    dates,
    parameters,
    setup,
    headings,
    words_between_actions,
    sentences,
    unfinished,
    pictures,
    links,
    plain_python,
    short_cells,
    no_logic,
    runner_traps,
    clean_file,
    outputs,
    recall,
    questions,
    planned_failure,
    where_next,
    references,
    lab_tasks,
)


def _first_line(cell: Cell) -> str:
    return next((line for line in cell.source.splitlines() if line.strip()), "")


def lint_notebook(notebook: Notebook) -> tuple[Finding, ...]:
    """Hold one notebook against every rule.

    Returns:
        What is wrong, rule by rule; empty if nothing is.
    """
    return tuple(
        Finding(notebook.path, cell.number if cell else None, rule.__name__.replace("_", "-"), message)
        for rule in RULES
        for cell, message in rule(notebook)
    )


def lint_course(paths: Iterable[Path]) -> tuple[Finding, ...]:
    """Hold every notebook against the rules, and their setup cells against each other.

    Raises:
        InvalidInput: A file is no notebook.
    """
    notebooks = [read_notebook(path) for path in paths]
    findings = [finding for notebook in notebooks for finding in lint_notebook(notebook)]
    setups = [(notebook, cell) for notebook in notebooks if (cell := notebook.setup_cell)]
    for notebook, cell in setups[1:]:
        if cell.source != setups[0][1].source:
            message = f"setup differs from {setups[0][0].path}; it is the same two lines everywhere"
            findings.append(Finding(notebook.path, cell.number, "setup", message))
    return tuple(findings)
