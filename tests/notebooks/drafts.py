"""A guided notebook and a lab that keep every rule, as drafts to be spoiled one rule at a time."""

from __future__ import annotations

import importlib.util
import json
from datetime import date
from pathlib import Path

import nbformat

ROOT = Path(__file__).parents[2]
EDITED = date(2026, 11, 2)
SETUP = "from ecrlab import check, open_lab, quiz\nlab = open_lab(region=region)\nlab"


def load_tool():
    """Import tools/notebooks.py, which is a script and no package."""
    spec = importlib.util.spec_from_file_location("notebooks_tool", ROOT / "tools" / "notebooks.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def md(source):
    """Make a Markdown cell."""
    return nbformat.v4.new_markdown_cell(source)


def code(source, *, metadata=None, count=None, outputs=()):
    """Make a code cell."""
    return nbformat.v4.new_code_cell(
        source, metadata=metadata or {}, execution_count=count, outputs=nbformat.from_dict(list(outputs))
    )


def text_output(text, **more):
    """Make an output that is shown as text, and perhaps as something else."""
    return {"output_type": "display_data", "metadata": {}, "data": {"text/plain": text, **more}}


def facts(**changes):
    """Write the facts of a notebook."""
    return {
        "title": "Names",
        "objectives": ["Read a name"],
        "minutes": [10, 20],
        "needs": "nothing",
        "level": "beginner",
        "author": "the kit",
        "links": {"Lab": "../labs/01_names/lab.ipynb"},
        "last_verified": {"on": "2026-11-02", "versions": {"moto": "5.2.5"}},
    } | changes


def guided_cells():
    """The least that a guided notebook may hold."""
    cells = [
        md("#"),
        code('region = "us-east-1"  # where the registry is', metadata={"tags": ["parameters"]}),
        code(SETUP, outputs=[text_output("Lab")]),
        md("## Recall\n\nAnswer from memory."),
        code('quiz("00.registry")'),
        code('quiz("00.modes")'),
        md("## A name is checked\n\n**Predict.** What will AWS say?"),
        code('with expect_error("InvalidParameterException") as failure:\n    lab.create("A")\nfailure'),
        md("## Quiz"),
        code('quiz("01.tag")'),
        code('quiz("01.digest")'),
        code('quiz("01.name")'),
        md(
            "## Where to go next\n\n- [The lab](../labs/01_names/lab.ipynb)\n\n## References\n\n"
            "- [API reference](https://docs.aws.amazon.com/AmazonECR/latest/APIReference/), names; checked 2026-11-02"
        ),
    ]
    for count, cell in enumerate((cell for cell in cells if cell.cell_type == "code"), start=1):
        cell.execution_count = count
    return cells


def lab_cells():
    """The least that a lab may hold."""
    cells = [
        md("#"),
        code('region = "us-east-1"  # where the registry is', metadata={"tags": ["parameters"]}),
        code(SETUP),
    ]
    for task in ("01.one", "01.two", "01.three", "01.four"):
        cells += [
            md(f"## {task}\n\nDo it."),
            code(f'reset("{task}")'),
            code("answer = 1", metadata={"ecrlab": {"exercise": task, "role": "starter"}}),
            code(f'check("{task}", answer)'),
        ]
    return [*cells, md("## Where to go next\n\nOn.")]


class Draft:
    """A notebook that is being written: change ``cells`` and ``facts``, then ``write``."""

    def __init__(self, path, cells, notes):
        self.path, self.cells, self.facts, self.metadata = path, cells, notes, {}

    def write(self, *, stamp=True):
        """Save the notebook, stamped unless told otherwise; return its path."""
        metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3"}, "ecrlab": self.facts}
        content = {"nbformat": 4, "nbformat_minor": 5, "cells": self.cells, "metadata": metadata | self.metadata}
        document = nbformat.from_dict(content)
        if stamp:
            load_tool().stamp(document, self.path, EDITED)
        self.path.write_text(json.dumps(document), encoding="utf-8")
        return self.path
