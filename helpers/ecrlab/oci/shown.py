"""How the values of this package look: a card and a table in a notebook, lines of text elsewhere."""

from __future__ import annotations

from typing import Protocol

from ecrlab.cards import Card, Table, html_of

__all__ = ["Shown", "size_in_words"]


class _Printer(Protocol):
    """The part of IPython's pretty printer that we use; nothing is imported for it."""

    stack: list[int]

    def text(self, text: str) -> None: ...


class Shown:
    """A value that renders itself from ``card()`` and ``table()``.

    ``str()`` gives every line; ``repr()`` one line, so that a tuple of images stays readable.
    """

    __slots__ = ()

    def card(self) -> Card:
        """Return the facts about this value."""
        raise NotImplementedError

    def table(self) -> Table | None:
        """Return what this value is made of, if it has parts."""
        return None

    def _repr_html_(self) -> str:
        table = self.table()
        return html_of(self.card().inner_html() + (table.inner_html() if table else ""))

    def _repr_markdown_(self) -> str:
        table = self.table()
        return self.card()._repr_markdown_() + (f"\n{table._repr_markdown_()}" if table else "")

    def _repr_pretty_(self, printer: _Printer, cycle: bool) -> None:
        printer.text(str(self) if len(printer.stack) == 1 and not cycle else repr(self))

    def __str__(self) -> str:
        table = self.table()
        return str(self.card()) + (f"\n\n{table}" if table else "")


def size_in_words(size: int) -> str:
    """Write a number of bytes for people: exact, with a rounded form once it is long."""
    if size < 10_000:
        return f"{size:,} bytes"
    value, unit = (size / 1e3, "kB") if size < 1e6 else (size / 1e6, "MB") if size < 1e9 else (size / 1e9, "GB")
    return f"{value:.1f} {unit} ({size:,} bytes)"
