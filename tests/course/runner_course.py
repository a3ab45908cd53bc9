"""Small notebooks for the runner to run, written as (kind, source) pairs."""

from __future__ import annotations

import json


def parameters(source):
    """Make the cell that papermill overrides."""
    return {"cell_type": "code", "source": source, "metadata": {"tags": ["parameters"]}}


def starter(exercise, source):
    """Make the cell in which a learner works."""
    return {"cell_type": "code", "source": source, "metadata": {"ecrlab": {"exercise": exercise, "role": "starter"}}}


def write_notebook(path, *cells):
    """Write a notebook; a plain string is a code cell, one that begins with ``# `` and a capital is Markdown."""
    path.parent.mkdir(parents=True, exist_ok=True)
    written = []
    for number, cell in enumerate(cells):
        if isinstance(cell, str):
            kind = "markdown" if cell.startswith("# ") and cell[2].isupper() else "code"
            cell = {"cell_type": kind, "source": cell, "metadata": {}}
        empty = {"outputs": [], "execution_count": None} if cell["cell_type"] == "code" else {}
        written.append(cell | empty | {"id": f"cell-{number}"})
    metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    path.write_text(json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": metadata, "cells": written}))
    return path
