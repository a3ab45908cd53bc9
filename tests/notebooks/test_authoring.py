"""The authoring rules: each bites, and the course keeps them all."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from drafts import code, md, text_output
from ecrlab.course.authoring import RULES, lint_course, lint_notebook
from ecrlab.course.notebook import course_notebooks, read_notebook
from ecrlab.errors import InvalidInput

ROOT = Path(__file__).parents[2]
GUIDED, LAB = "notebooks/01_names.ipynb", "labs/01_names/lab.ipynb"


def test_the_drafts_are_without_fault(course):
    """The two drafts that the cases below spoil keep every rule themselves."""
    assert () == lint_course([course["guided"].path, course["lab"].path])


def replace(index, cell):
    """Put another cell in the place of one."""

    def spoil(draft):
        if cell.cell_type == "code":
            old = draft.cells[index]
            cell.execution_count, cell.outputs = old.get("execution_count"), old.get("outputs", [])
        draft.cells[index] = cell

    return spoil


def add_text(index, text):
    """Append to the source of a cell."""

    def spoil(draft):
        draft.cells[index].source += text

    return spoil


def tag(index, *tags):
    """Add tags to a cell."""

    def spoil(draft):
        draft.cells[index].metadata["tags"] = [*draft.cells[index].metadata.get("tags", []), *tags]

    return spoil


def output(index, *outputs):
    """Put outputs under a code cell."""

    def spoil(draft):
        draft.cells[index].outputs = list(outputs)

    return spoil


def fact(**changes):
    """Change facts; ``None`` takes one away."""

    def spoil(draft):
        for name, value in changes.items():
            draft.facts[name] = value
            if value is None:
                del draft.facts[name]

    return spoil


def metadata(**changes):
    """Change the metadata of the notebook."""
    return lambda draft: draft.metadata.update(changes)


def drop(index):
    """Take a cell away."""

    def spoil(draft):
        del draft.cells[index]

    return spoil


def renumber(draft):
    """Run the cells in another order than they stand in."""
    draft.cells[2].execution_count = 9


CASES = {  # id: (which draft, what is done to it, findings)
    "a second H1": ("guided", add_text(6, "\n\n# Again"), [
        f"{GUIDED}: the first cell must hold the only H1; found in cells: 1, 7 [facts-cell]"]),
    "five objectives": ("guided", fact(objectives=["a", "b", "c", "d", "e"]), [
        f"{GUIDED}: 5 objectives; at most 4 [facts-cell]"]),
    "a level of one's own": ("guided", fact(level="easy"), [
        f"{GUIDED}: level 'easy' is not one of beginner, intermediate, advanced [facts-cell]"]),
    "no lab to go with": ("guided", fact(links={"Home": "../notebooks/01_names.ipynb"}), [
        f"{GUIDED}: metadata.ecrlab.links names no lab; link the one to go with [facts-cell]"]),
    "no notebook to go with": ("lab", fact(links={"Home": "lab.ipynb"}), [
        f"{LAB}: metadata.ecrlab.links names no notebook; link the one to go with [facts-cell]"]),
    "never run": ("guided", fact(last_verified=None), [
        f"{GUIDED}: never verified; run it: python tools/notebooks.py run {GUIDED} [dates]"]),
    "no parameters cell": ("guided", replace(1, code("1 + 1")), [
        f"{GUIDED}: 0 cells are tagged 'parameters'; tag exactly one code cell [parameters]"]),
    "a parameter that is computed": ("guided", replace(1, code("n = f(2)  # n", metadata={"tags": ["parameters"]})), [
        f"{GUIDED} cell 2: parameters must be plain literals, one assignment each [parameters]"]),
    "a parameter without a comment": ("guided", replace(1, code("n = 1", metadata={"tags": ["parameters"]})), [
        f"{GUIDED} cell 2: say in a comment what 'n' is for [parameters]"]),
    "a setup of one's own": ("guided", replace(2, code("import ecrlab\nlab = ecrlab.open_lab()")), [
        f"{GUIDED} cell 3: setup is: from ecrlab import …; lab = open_lab(…); and lab, to show its card [setup]"]),
    "no setup": ("guided", replace(2, code("1 + 1")), [
        f"{GUIDED}: no cell opens the lab [setup]"]),
    "a heading that jumps": ("guided", add_text(6, "\n\n#### Deep"), [
        f"{GUIDED} cell 7: heading 'Deep' jumps from level 2 to 4 [headings]"]),
    "151 words and no action": ("guided", replace(6, md("## A\n\n" + "One two three. " * 50)), [
        f"{GUIDED} cell 8: 151 words before this action; at most 150 [words-between-actions]"]),
    "sentences without end": ("guided", replace(6, md("## A\n\n" + "word " * 140)), [
        f"{GUIDED}: 38 words per sentence on average; at most 20 [sentences]"]),
    "something left to do": ("guided", add_text(6, " TODO"), [
        f"{GUIDED} cell 7: TODO is still there [unfinished]"]),
    "an image without alt text": ("guided", add_text(6, "\n\n![](01_names.ipynb)"), [
        f"{GUIDED} cell 7: image 01_names.ipynb has no alt text [pictures]"]),
    "an img without alt text": ("guided", add_text(6, '\n\n<img src="x.png" alt="">'), [
        f'{GUIDED} cell 7: <img src="x.png" alt=""> has no alt text [pictures]']),
    "a silent drawing": ("guided", output(7, text_output("x", **{"text/html": "<svg><path/></svg>"})), [
        f"{GUIDED} cell 8: a drawing (svg) has neither <title> nor aria-label [pictures]"]),
    "a silent plot": ("guided", output(7, text_output("<Figure size 1x1>", **{"image/png": "aGk="})), [
        f"{GUIDED} cell 8: a displayed image/png has neither alt text nor a text form [pictures]"]),
    "a dead link": ("guided", add_text(6, " [this](gone.md#there)"), [
        f"{GUIDED} cell 7: link 'gone.md#there' leads nowhere [links]"]),
    "a shell line": ("guided", replace(9, code('quiz("01.tag")\n!ls')), [
        f"{GUIDED} cell 10: is not plain Python: 'quiz(\"01.tag\")'; call a helper that fails when the command fails "
        "[plain-python]",
        f"{GUIDED}: the section 'Quiz' asks 2 questions; ask 3 to 5 [questions]"]),
    "thirteen lines": ("guided", add_text(9, "\n" + "1\n" * 12), [
        f"{GUIDED} cell 10: 13 lines of code; at most 12: split it, or move logic into ecrlab [short-cells]"]),
    "logic in a cell": ("guided", add_text(9, "\ndef f():\n    return 1"), [
        f"{GUIDED} cell 10: defines 'f'; logic lives in ecrlab, not in cells [no-logic]"]),
    "raises-exception": ("guided", tag(9, "raises-exception"), [
        f"{GUIDED} cell 10: papermill ignores the tag 'raises-exception'; use `with expect_error(...)` "
        "[runner-traps]"]),
    "half a skip": ("lab", tag(4, "nbval-skip"), [
        f"{LAB} cell 5: a cell is skipped everywhere only with both tags, 'skip-execution' and 'nbval-skip' "
        "[runner-traps]"]),
    "a comparison switched off": ("guided", add_text(9, "\n# NBVAL_IGNORE_OUTPUT"), [
        f"{GUIDED} cell 10: NBVAL_IGNORE_OUTPUT switches the comparison off; make the output deterministic "
        "[runner-traps]"]),
    "widget state": ("guided", metadata(widgets={}), [
        f"{GUIDED}: metadata.widgets was left by a runner; fix: python tools/notebooks.py run {GUIDED} [clean-file]"]),
    "another kernel": ("guided", metadata(kernelspec={"name": "julia", "display_name": "Julia"}), [
        f"{GUIDED}: the kernel must be python3; fix: python tools/notebooks.py run {GUIDED} [clean-file]"]),
    "recorded timing": ("guided", lambda draft: draft.cells[7].metadata.update(execution={}), [
        f"{GUIDED} cell 8: metadata.execution was left by a runner; fix: python tools/notebooks.py run {GUIDED} "
        "[clean-file]"]),
    "one id twice": ("guided", lambda draft: draft.cells[7].update(id=draft.cells[8].id), [
        f"{GUIDED}: cell ids are missing or doubled; fix: python tools/notebooks.py run {GUIDED} [clean-file]"]),
    "a lab with outputs": ("lab", output(4, text_output("x")), [
        f"{LAB}: a lab is committed without outputs; fix: python tools/notebooks.py run {LAB} [outputs]"]),
    "cells run out of order": ("guided", renumber, [
        f"{GUIDED}: a guided notebook is committed with the outputs of one run; fix: python tools/notebooks.py run "
        f"{GUIDED} [outputs]"]),
    "no output at all": ("guided", output(2), [
        f"{GUIDED}: a guided notebook is committed with the outputs of one run; fix: python tools/notebooks.py run "
        f"{GUIDED} [outputs]"]),
    "an error output": ("guided", output(7, {"output_type": "error", "ename": "E", "evalue": "", "traceback": []}), [
        f"{GUIDED} cell 8: ends in E; expect it with `with expect_error(...)` [outputs]"]),
    "a warning in the output": ("guided", output(7, {"output_type": "stream", "name": "stderr", "text": ["w"]}), [
        f"{GUIDED} cell 8: writes to stderr: 'w'; show a value instead [outputs]"]),
    "a raw response": ("guided", output(7, text_output("{'ResponseMetadata': {}}")), [
        f"{GUIDED} cell 8: shows a raw response (ResponseMetadata); end on a value that renders well [outputs]"]),
    "one question to recall": ("guided", replace(5, code("1")), [
        f"{GUIDED}: the section 'Recall' asks 1 questions; ask 2, as quiz(\"NN.slug\") [recall]"]),
    "recalling what is to come": ("guided", replace(5, code('quiz("02.later")')), [
        f"{GUIDED}: Recall asks '02.later', which is not from an earlier notebook [recall]"]),
    "a borrowed quiz": ("guided", replace(9, code('quiz("00.modes")')), [
        f"{GUIDED}: the quiz asks '00.modes'; its own questions begin with '01.' [questions]"]),
    "no planned failure": ("guided", replace(7, code("1")), [
        f"{GUIDED}: no planned failure; show one with `with expect_error(...)` [planned-failure]"]),
    "no way on": ("lab", drop(-1), [
        f"{LAB}: the section 'Where to go next' is missing [where-next]"]),
    "no references": ("guided", replace(12, md("## Where to go next\n\nOn.")), [
        f"{GUIDED}: the section 'References' has no link [references]"]),
    "a reference nobody checked": ("guided", add_text(12, "\n- [Guide](https://example.com)"), [
        f"{GUIDED} cell 13: say when it was checked (checked YYYY-MM-DD): '- [Guide](https://example.com)' "
        "[references]"]),
    "three tasks": ("lab", lambda draft: draft.cells[17].metadata.pop("ecrlab"), [
        f"{LAB}: 3 starter cells; a lab has 4 to 8 tasks, each once [lab-tasks]"]),
    "a task without reset": ("lab", replace(4, code("1")), [
        f'{LAB} cell 6: no reset("01.one") before this starter [lab-tasks]']),
    "a task without check": ("lab", replace(6, code("1")), [
        f'{LAB} cell 6: no check("01.one") after this starter [lab-tasks]']),
}  # fmt: skip


@pytest.mark.parametrize(("which", "spoil", "expected"), CASES.values(), ids=CASES)
def test_each_rule_bites(course, which, spoil, expected):
    """One broken rule gives one finding, which names the place and the way out."""
    draft = course[which]
    spoil(draft)
    assert expected == [str(finding) for finding in lint_notebook(read_notebook(draft.write()))]


def test_every_rule_has_a_case():
    """No rule stands unproved: each name appears in a finding above."""
    bitten = {finding.rsplit("[", 1)[1].rstrip("]") for _, _, findings in CASES.values() for finding in findings}
    assert {rule.__name__.replace("_", "-") for rule in RULES} == bitten


def test_an_edit_needs_a_new_date(course):
    """Content that changed under an old hash is found, and the command in the finding mends it."""
    draft = course["guided"]
    document = json.loads(draft.path.read_text())
    document["cells"][6]["source"] += " Now."
    draft.path.write_text(json.dumps(document))
    command = f"python tools/notebooks.py stamp {GUIDED}"
    assert [f"{GUIDED}: edited after 2026-11-02 without a new date; fix: {command} [dates]"] == [
        str(finding) for finding in lint_course([draft.path])
    ]


def test_a_first_cell_written_by_hand_is_found(course):
    """The first cell says what the metadata says, or it is a finding."""
    draft = course["guided"]
    document = json.loads(draft.path.read_text())
    document["cells"][0]["source"] = document["cells"][0]["source"].replace("10–20", "5–10")
    draft.path.write_text(json.dumps(document))
    command = f"python tools/notebooks.py stamp {GUIDED}"
    assert [
        f"{GUIDED}: the first cell differs from metadata.ecrlab; change the metadata, then: {command} [facts-cell]"
    ] == [str(finding) for finding in lint_course([draft.path])]


def test_setups_are_the_same_everywhere(course):
    """A setup that is right in itself but differs from the first notebook's is found."""
    course["lab"].cells[2].source = course["lab"].cells[2].source.replace("check, ", "")
    course["lab"].write()
    assert [f"{LAB} cell 3: setup differs from {GUIDED}; it is the same two lines everywhere [setup]"] == [
        str(finding) for finding in lint_course([course["guided"].path, course["lab"].path])
    ]


BAD_FILES = {  # id: (content or None for no file, message)
    "no file": (None, "n.ipynb: there is no such file; name a notebook (.ipynb)"),
    "no JSON": ("{", "n.ipynb: is not JSON (Expecting property name enclosed in double quotes: line 1 column 2 "
                "(char 1)); restore it from git, or save it again"),
    "format 3": ('{"nbformat": 3, "worksheets": []}',
                 "n.ipynb: is not a notebook of format 4; open it in JupyterLab and save it again"),
    "a list": ("[]", "n.ipynb: is not a notebook of format 4; open it in JupyterLab and save it again"),
}  # fmt: skip


@pytest.mark.parametrize(("content", "message"), BAD_FILES.values(), ids=BAD_FILES)
def test_what_is_no_notebook_is_refused(tmp_path, monkeypatch, content, message):
    """A file that cannot be linted raises one line that says why."""
    monkeypatch.chdir(tmp_path)
    if content is not None:
        Path("n.ipynb").write_text(content)
    with pytest.raises(InvalidInput) as refused:
        lint_course([Path("n.ipynb")])
    assert message == str(refused.value)


BAD_FACTS = {  # id: (change, finding)
    "no title": ({"title": ""}, """metadata.ecrlab.title is ''; write it like {"title": "Repositories and images"}"""),
    "objectives in one string": ({"objectives": "all"}, "metadata.ecrlab.objectives is 'all'; write it like "
                                 '{"objectives": ["Create a repository", "Explain why a digest never moves"]}'),
    "minutes that are no range": ({"minutes": [20]}, "metadata.ecrlab.minutes is [20]; give a range such as [25, 40]"),
    "minutes that run backwards": ({"minutes": [20, 10]},
                                   "metadata.ecrlab.minutes is [20, 10]; give a range such as [25, 40]"),
}  # fmt: skip


@pytest.mark.parametrize(("change", "message"), BAD_FACTS.values(), ids=BAD_FACTS)
def test_facts_that_cannot_be_rendered(course, change, message):
    """A missing or misshapen fact is a finding that shows how to write it."""
    course["guided"].facts |= change
    course["guided"].write(stamp=False)
    assert f"{GUIDED}: {message} [facts-cell]" in [str(finding) for finding in lint_course([Path(GUIDED)])]


@pytest.mark.parametrize("path", course_notebooks(ROOT), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_the_course_keeps_the_rules(path, monkeypatch):
    """Every committed notebook keeps every rule."""
    monkeypatch.chdir(ROOT)
    findings = lint_notebook(read_notebook(path.relative_to(ROOT)))
    if findings:
        pytest.fail("\n".join(map(str, findings)), pytrace=False)


def test_the_course_has_one_setup():
    """All committed notebooks are set up by the same lines."""
    notebooks = [read_notebook(path) for path in course_notebooks(ROOT)]
    assert 1 == len({notebook.setup_cell and notebook.setup_cell.source for notebook in notebooks})
