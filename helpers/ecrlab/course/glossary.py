"""The words of the field as this course uses them, and the history of the service. Data, with a source for each row."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from ecrlab.course.tables import read_data, text_of
from ecrlab.errors import InvalidInput

__all__ = ["Change", "Term", "glossary", "look_up_term", "timeline"]


@dataclass(frozen=True, slots=True)
class Term:
    """A word.

    Args:
        name: As it is written in the course.
        meaning: One or two sentences.
        source: The page that defines it.
        not_written: Spellings that the course does not use for it.
    """

    name: str
    meaning: str
    source: str
    not_written: tuple[str, ...] = ()

    def is_miswritten_in(self, text: str) -> str | None:
        """Return the first spelling in a text that the course does not use."""
        for wrong in self.not_written:
            if re.search(rf"\b{re.escape(wrong)}\b", text):
                return wrong
        return None


@dataclass(frozen=True, slots=True)
class Change:
    """Something that Amazon ECR learned.

    Args:
        when: Year and month or day, as exactly as it is known: ``2025-11-19``, ``2024-06``.
        what: In a few words.
        source: Where that is written.
    """

    when: str
    what: str
    source: str


@cache
def glossary() -> tuple[Term, ...]:
    """Return every term, in the order of the alphabet."""
    rows = read_data("glossary.toml")["term"]
    terms = (
        Term(text_of(row, "name"), text_of(row, "meaning"), text_of(row, "source"), tuple(row.get("not_written", ())))
        for row in rows
    )
    return tuple(sorted(terms, key=lambda term: term.name.lower()))


def look_up_term(name: str) -> Term:
    """Return one term.

    Raises:
        InvalidInput: There is no such term.
    """
    for term in glossary():
        if term.name.lower() == name.lower():
            return term
    raise InvalidInput(f"term {name!r}", "the glossary does not have it", "show.glossary() lists what it has")


@cache
def timeline() -> tuple[Change, ...]:
    """Return what changed in Amazon ECR, oldest first."""
    rows = read_data("timeline.toml")["change"]
    changes = (Change(text_of(row, "when"), text_of(row, "what"), text_of(row, "source")) for row in rows)
    return tuple(sorted(changes, key=lambda change: change.when))
