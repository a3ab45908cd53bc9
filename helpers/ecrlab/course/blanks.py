"""The blank ``____`` in a starter cell: code that is to be filled in before it runs.

A cell that still has a blank is not run. IPython hands every cell to its AST transformers before it compiles it; ours
puts a card in the place of such a cell. A name that would have been assigned from a blank becomes ``BLANK``, so that
the check cell below says "not attempted" instead of raising ``NameError``.

The transformer is hung into the shell by ``reset()``; outside IPython nothing happens.
"""

from __future__ import annotations

import ast
import builtins
from typing import Any, Final

from ecrlab.cards import Card, Tone

__all__ = ["BLANK", "Blank", "fill_in", "has_blank", "watch_for_blanks"]

NAME: Final = "____"
_HERE: Final = __name__


class Blank:
    """What a name holds while the cell that assigns it has a blank."""

    __slots__ = ()

    def __repr__(self) -> str:
        return NAME

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"{NAME} is a blank: fill in and run the cell that sets this name, then ask for .{name}")


BLANK: Final = Blank()


def has_blank(source: str) -> bool:
    """Tell whether code has a blank to fill in: the name ``____``, not a mention of it in a text or a comment.

    Raises:
        SyntaxError: It is not Python.
    """
    return _mentions_blank(ast.parse(source))


def fill_in(names: tuple[str, ...]) -> Card:
    """Return the card that stands in the place of a cell with a blank."""
    values = f" Until then {', '.join(f'`{name}`' for name in names)} is `{NAME}`." if names else ""
    body = [f"This cell has a blank, so nothing was run. Replace every `{NAME}`, then run the cell again.{values}"]
    return Card("Fill in the blank", body=body, tone=Tone.WAITING)


def watch_for_blanks() -> None:
    """Make the IPython shell in which this runs skip cells with a blank; do nothing outside IPython or twice."""
    find_shell = getattr(builtins, "get_ipython", None)
    shell = find_shell() if find_shell else None
    if shell is not None and not any(isinstance(each, BlankCells) for each in shell.ast_transformers):
        shell.ast_transformers.append(BlankCells())


class BlankCells(ast.NodeTransformer):
    """Replaces the code of a cell that has a blank."""

    def visit(self, node: ast.AST) -> Any:
        """Return the cell's code, or in its place: the names that it assigns, and a card."""
        if not isinstance(node, ast.Module) or not _mentions_blank(node):
            return node
        blank, other = _assigned_names(node)
        lines = [f"from {_HERE} import BLANK as {name}" for name in blank]
        # A client made in an earlier cell stays; a name that is not there yet must not end in NameError.
        lines += [f"{name} = globals().get({name!r}, __import__({_HERE!r}, fromlist=['x']).BLANK)" for name in other]
        lines.append(f"__import__({_HERE!r}, fromlist=['x']).fill_in({blank!r})")
        return ast.parse("\n".join(lines))


def _mentions_blank(tree: ast.AST) -> bool:
    return any(isinstance(node, ast.Name) and node.id == NAME for node in ast.walk(tree))


def _assigned_names(tree: ast.Module) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the names that a top-level statement would assign: from a blank, and from something else."""
    blank: dict[str, None] = {}
    other: dict[str, None] = {}
    for statement in tree.body:
        kept = blank if _mentions_blank(statement) else other
        for node in ast.walk(statement) if isinstance(statement, ast.Assign | ast.AnnAssign) else ():
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and node.id != NAME:
                kept[node.id] = None
    return tuple(blank), tuple(name for name in other if name not in blank)
