"""Cells with a blank are not run."""

from __future__ import annotations

import ast

import pytest
from ecrlab.course.blanks import BLANK, BlankCells, has_blank

SOURCES = {
    "an argument": ("push(tag=____)", True),
    "a value": ("digest = ____", True),
    "alone": ("____", True),
    "inside a call inside a list": ("x = [f(a, b=____)]", True),
    "in a text": ("print('____')", False),
    "in a comment": ("x = 1  # ____", False),
    "five underscores": ("_____ = 1", False),
    "nothing": ("", False),
}


@pytest.mark.parametrize(("source", "expected"), SOURCES.values(), ids=SOURCES)
def test_a_blank_is_a_name(source, expected):
    """Only the name ____ is a blank; texts and comments may mention it."""
    assert expected is has_blank(source)


def run(source, names):
    """Run a cell as IPython would."""
    exec(compile(BlankCells().visit(ast.parse(source)), "<cell>", "exec"), names)
    return names


def test_a_cell_with_a_blank_does_nothing():
    """Not even the lines before the blank are run."""
    done = []
    run("done.append(1)\nx = ____", {"done": done})
    assert [] == done


def test_names_of_a_blank_are_blank_and_others_stay():
    """The answer becomes BLANK even if it had a value; a client that is there stays; a new name exists."""
    names = run("ecr = make()\ndigest = ____\nother = 1", {"ecr": "client", "digest": "old"})
    assert ("client", BLANK, BLANK) == (names["ecr"], names["digest"], names["other"])


def test_a_cell_without_a_blank_is_untouched():
    """The transformer gives back the very tree that it was given."""
    tree = ast.parse("x = 1")
    assert tree is BlankCells().visit(tree)


def test_a_blank_shows_itself_as_the_learner_wrote_it():
    """Whoever prints a blank sees four underscores."""
    assert "____" == repr(BLANK)
