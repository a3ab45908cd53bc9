"""What the last notebook lists: references, corrections, terms, the history of the service. All of it is generated."""

from __future__ import annotations

from collections.abc import Iterable

from ecrlab.cards import Card, Table
from ecrlab.course.catalogue import find_course
from ecrlab.course.glossary import glossary as all_terms
from ecrlab.course.glossary import look_up_term
from ecrlab.course.glossary import timeline as all_changes
from ecrlab.course.references import corrections as all_corrections
from ecrlab.course.references import references as all_references
from ecrlab.errors import InvalidInput

__all__ = ["corrections", "glossary", "history", "references"]


def references(page: str | None = None) -> Table:
    """List every reference of the course: what it backs, where, and when it was last checked.

    Args:
        page: The title of one notebook or lab; by default all of them.

    Raises:
        InvalidInput: No page of that title names a reference.
    """
    known = all_references(find_course())
    chosen = [each for each in known if page is None or page in each.pages]
    if not chosen:
        titles = ", ".join(dict.fromkeys(title for each in known for title in each.pages))
        raise InvalidInput(f"page {page!r}", "it names no reference", f"use one of {titles}")
    rows = [
        (
            f"[{each.title}]({each.url})",
            "; ".join(dict.fromkeys(each.backs)),
            ", ".join(each.pages),
            "first hand" if each.is_official else "third party",
            f"{each.checked}",
        )
        for each in chosen
    ]
    columns = ("page", "what it backs", "where", "who speaks", "checked")
    return Table(columns, rows, caption=f"{len(rows)} references")


def corrections() -> Table:
    """List what the course corrects in the notes that it began with."""
    rows = [(each.said, each.exactly, each.page) for each in all_corrections(find_course())]
    return Table(("the notes said", "more exactly", "where"), rows, caption=f"{len(rows)} corrections and additions")


def glossary(term: str | None = None) -> Table | Card:
    """List the terms of the course, or explain one.

    Args:
        term: One term; by default all.

    Raises:
        InvalidInput: The glossary does not have it.
    """
    if term is not None:
        found = look_up_term(term)
        return Card(found.name, (("source", found.source),), (found.meaning,))
    rows = [(each.name, each.meaning, _link(each.source)) for each in all_terms()]
    return Table(("term", "meaning", "source"), rows, caption=f"{len(rows)} terms")


def history(years: Iterable[int] | None = None) -> Table:
    """List what Amazon ECR learned since 2023, oldest first.

    Args:
        years: These only; by default all.
    """
    wanted = None if years is None else {str(year) for year in years}
    rows = [
        (each.when, each.what, _link(each.source))
        for each in all_changes()
        if wanted is None or each.when[:4] in wanted
    ]
    return Table(("when", "what", "source"), rows, caption=f"{len(rows)} changes")


def _link(url: str) -> str:
    """Write an address as a link that is called after its last part."""
    host, *_, last = url.removeprefix("https://").rstrip("/").split("/")
    return f"[{last.partition('.')[0] or host}]({url})"
