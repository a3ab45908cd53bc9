"""Every reference of the course in one list, read from the pages themselves, and what is wrong with any of them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ecrlab.course.notebook import Notebook, course_notebooks, read_notebook
from ecrlab.course.tables import read_data, text_of
from ecrlab.errors import Fault

__all__ = ["Correction", "Reference", "corrections", "reference_faults", "references"]

_ITEM = re.compile(
    r"^[-*] \[(?P<title>[^\]]+)\]\((?P<url>[^)\s]+)\): (?P<backs>.+) \(checked (?P<checked>\d{4}-\d\d-\d\d)\)$"
)
_ROW = re.compile(r"^\|(?P<said>.+?)\|(?P<exactly>.+)\|$")
_WEB = re.compile(r"^https?://")


@dataclass(frozen=True, slots=True)
class Reference:
    """A page that the course rests on.

    Args:
        title: What the page is called.
        url: Its address.
        backs: What it backs, in words, page by page in the order of the course.
        checked: The latest day on which somebody read it, as the pages say.
        pages: The titles of the notebooks and labs that name it.
    """

    title: str
    url: str
    backs: tuple[str, ...]
    checked: date
    pages: tuple[str, ...]

    @property
    def is_official(self) -> bool:
        """Whether AWS, or the project or body whose subject it is, speaks, and not a third party."""
        host, path = urlsplit(self.url).hostname or "", urlsplit(self.url).path
        if host == "github.com":
            return path.split("/")[1] in _OFFICIAL_ON_GITHUB
        return any(host == name or host.endswith(f".{name}") for name in _OFFICIAL)


_OFFICIAL = (
    "amazon.com",
    "cyclonedx.org",
    "docker.com",
    "eksworkshop.com",
    "kubernetes.io",
    "notaryproject.dev",
    "opencontainers.org",
    "repost.aws",
)
_OFFICIAL_ON_GITHUB = ("aws", "boto", "docker", "kubernetes", "notaryproject", "opencontainers")


@dataclass(frozen=True, slots=True)
class Correction:
    """What the first notes of the course said, and what is more exact.

    Args:
        said: In the notes.
        exactly: What is true.
        page: The title of the notebook that says so.
    """

    said: str
    exactly: str
    page: str


def references(course: Path) -> tuple[Reference, ...]:
    """Return every reference of every page, each address once, in the order of the course."""
    return _references(_pages(course))


def _references(pages: Iterable[Notebook]) -> tuple[Reference, ...]:
    found: dict[str, Reference] = {}
    for page, match in _items(pages):
        title, url, backs = match["title"], match["url"], match["backs"]
        known = found.get(url) or Reference(title, url, (), date.min, ())
        checked = max(known.checked, date.fromisoformat(match["checked"]))
        named_by = dict.fromkeys((*known.pages, page.facts().title))
        found[url] = Reference(known.title, url, (*known.backs, backs), checked, tuple(named_by))
    return tuple(found.values())


def _items(pages: Iterable[Notebook]) -> Iterator[tuple[Notebook, re.Match[str]]]:
    for page in pages:
        for line in _lines(page, "References"):
            match = _ITEM.match(line)
            if match:
                yield page, match


def _pages(course: Path) -> tuple[Notebook, ...]:
    return tuple(map(read_notebook, course_notebooks(course)))


def _lines(page: Notebook, section: str) -> Iterator[str]:
    for cell, text in page.section(section):
        if not cell.is_code:
            yield from (line.strip() for line in text.splitlines())


def corrections(course: Path) -> tuple[Correction, ...]:
    """Return what the pages correct in the first notes, from their sections of that name."""
    found = []
    for page in _pages(course):
        rows = [match for line in _lines(page, "What the first notes said") if (match := _ROW.match(line))]
        title = page.facts().title
        body = rows[2:]  # the head of the table and the line under it are no rows
        found += [Correction(row["said"].strip(), row["exactly"].strip(), title) for row in body]
    return tuple(found)


def reference_faults(course: Path, *, moved: Mapping[str, str] | None = None) -> tuple[Fault, ...]:
    """Return what can be seen without a network: items without form, one page under two titles, known moves.

    Args:
        course: The folder with notebooks/ and labs/.
        moved: Old address -> new one; by default the list that comes with the kit.
    """
    pages, moves = _pages(course), _known_moves() if moved is None else moved
    known = _references(pages)
    return (*_form_faults(pages, known), *_title_faults(pages, known), *_moved(known, moves))


def _form_faults(pages: Iterable[Notebook], known: Iterable[Reference]) -> Iterator[Fault]:
    way_out = "write - [title](https://…): what it backs (checked YYYY-MM-DD)"
    for page in pages:
        for line in _lines(page, "References"):
            if line.startswith(("- ", "* ")) and not _ITEM.match(line):
                yield Fault(page.path.name, f"{line[:60]!r} is no reference", way_out)
    for each in known:
        if each.url.startswith("http:") or not _WEB.match(each.url):
            yield Fault(each.pages[0], f"{each.url} is no address of the secure web", "begin it with https://")


def _title_faults(pages: Iterable[Notebook], known: Iterable[Reference]) -> Iterator[Fault]:
    titles = {each.url: each.title for each in known}
    for page, match in _items(pages):
        if match["title"] != titles[match["url"]]:
            fact = f"{match['url']} is called {match['title']!r} here and {titles[match['url']]!r} before"
            yield Fault(page.path.name, fact, "use one title")
    same: dict[str, str] = {}
    for url in titles:
        plain = url.rstrip("/").lower()
        if plain in same:
            yield Fault(url, f"{same[plain]} is the same page", "use one address")
        same[plain] = url


def _moved(known: Iterable[Reference], moves: Mapping[str, str]) -> Iterator[Fault]:
    for each in known:
        if each.url in moves:
            yield Fault(each.pages[0], f"{each.url} has moved", f"use {moves[each.url]}")


def _known_moves() -> Mapping[str, str]:
    rows: list[dict[str, Any]] = read_data("moved_pages.toml").get("moved", [])
    return {text_of(row, "from"): text_of(row, "to") for row in rows}
