"""Course notebooks as values: cells, facts, parameters, headings, and a hash of what an author wrote.

Reads the JSON itself, without nbformat, so that linting a whole course takes a fraction of a second.
Format: nbformat 4.5, https://nbformat.readthedocs.io/en/latest/format_description.html.
"""

from __future__ import annotations

import ast
import hashlib
import html
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from ecrlab.errors import InvalidInput

__all__ = ["Cell", "Facts", "Heading", "Notebook", "Verified", "course_notebooks", "parse_notebook", "read_notebook"]

LAB_NAME = "lab.ipynb"
FACTS_EXAMPLE = {
    "title": "Repositories and images",
    "objectives": ["Create a repository", "Explain why a digest never moves"],
    "minutes": [25, 40],
    "needs": "00 and 01; no AWS account",
    "level": "beginner",
    "author": "your name",
    "links": {"Lab": "../labs/01_push_and_pull/lab.ipynb"},
}
"""What an author writes under ``metadata.ecrlab``; the rest is stamped by ``tools/notebooks.py``."""

_STAMPED = ("last_edited", "last_verified", "content_hash", "film_seconds")
_PLAYER = '<video controls preload="none" width="640" title="{title}, filmed" src="video/lab.mp4"></video>'
_FENCE = re.compile(r"^(```|~~~).*?^\1[^\n]*$", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^ {0,3}(#{1,6})[ \t]+(.*?)[ \t#]*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Heading:
    """One Markdown heading: the cell it stands in (counted from 0), its level (1 to 6) and its text."""

    cell: int
    level: int
    text: str


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell. ``index`` counts from 0; people are shown ``number``, which counts from 1, as their eyes do."""

    index: int
    kind: str
    id: str
    source: str
    metadata: Mapping[str, Any]
    outputs: tuple[Mapping[str, Any], ...] = ()
    execution_count: int | None = None

    @property
    def number(self) -> int:
        """Position in the notebook as people count: the first cell is 1."""
        return self.index + 1

    @property
    def is_code(self) -> bool:
        """Whether the cell is run."""
        return self.kind == "code"

    @property
    def tags(self) -> tuple[str, ...]:
        """Tags as Jupyter stores them."""
        return tuple(self.metadata.get("tags", ()))

    @property
    def starts(self) -> str | None:
        """The exercise id whose starter this cell holds, if it is a starter cell."""
        mark = self.metadata.get("ecrlab", {})
        return mark.get("exercise") if mark.get("role") == "starter" else None

    @property
    def tree(self) -> ast.Module | None:
        """The syntax tree, or ``None`` if this is not plain Python (a magic, a shell line, a slip)."""
        if not self.is_code:
            return None
        try:
            return ast.parse(self.source)
        except SyntaxError:
            return None

    @property
    def prose(self) -> str:
        """Markdown without its fenced code; empty for code cells."""
        return "" if self.is_code else _FENCE.sub("", self.source)

    def calls(self, name: str) -> Iterator[ast.Call]:
        """Yield the calls of ``name(...)`` or ``something.name(...)`` in this cell, in source order."""
        for node in ast.walk(self.tree) if self.tree else ():
            if isinstance(node, ast.Call):
                called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", None)
                if called == name:
                    yield node

    def first_argument_of(self, name: str) -> list[str]:
        """Return the first argument of each call of ``name`` that is handed a literal string."""
        return [
            call.args[0].value
            for call in self.calls(name)
            if call.args and isinstance(call.args[0], ast.Constant) and isinstance(call.args[0].value, str)
        ]


@dataclass(frozen=True, slots=True)
class Verified:
    """When a notebook last ran clean, and with which versions (``{"moto": "5.2.5"}``)."""

    on: date
    versions: Mapping[str, str]

    def __str__(self) -> str:
        return f"{self.on} with " + ", ".join(f"{name} {version}" for name, version in sorted(self.versions.items()))


@dataclass(frozen=True, slots=True)
class Facts:
    """What the first cell of a notebook tells, as stored under ``metadata.ecrlab``.

    ``minutes`` is a range (low, high); ``links`` maps a label to a target, relative to the notebook; ``film_seconds``
    is the length of the film in ``video/``, if the lab has one.
    """

    title: str
    objectives: tuple[str, ...]
    minutes: tuple[int, int]
    needs: str
    level: str
    author: str
    links: Mapping[str, str]
    story: str = ""
    last_edited: date | None = None
    last_verified: Verified | None = None
    film_seconds: int | None = None

    @classmethod
    def parse(cls, place: str, found: Mapping[str, Any]) -> Facts:
        """Read the facts of one notebook.

        Raises:
            InvalidInput: A field is missing or of the wrong shape; the message shows one that is right.
        """
        for name, example in FACTS_EXAMPLE.items():
            if not isinstance(found.get(name), type(example)) or not found[name]:
                raise InvalidInput(
                    place,
                    f"metadata.ecrlab.{name} is {found.get(name)!r}",
                    f"write it like {json.dumps({name: example})}",
                )
        minutes = tuple(found["minutes"])
        if len(minutes) != 2 or not all(isinstance(m, int) for m in minutes) or not 0 < minutes[0] < minutes[1]:
            raise InvalidInput(place, f"metadata.ecrlab.minutes is {found['minutes']}", "give a range such as [25, 40]")
        verified = found.get("last_verified")
        return cls(
            title=found["title"],
            objectives=tuple(found["objectives"]),
            minutes=(minutes[0], minutes[1]),
            needs=found["needs"],
            level=found["level"],
            author=found["author"],
            links=dict(found["links"]),
            story=found.get("story", ""),
            last_edited=date.fromisoformat(found["last_edited"]) if "last_edited" in found else None,
            last_verified=Verified(date.fromisoformat(verified["on"]), dict(verified["versions"]))
            if verified
            else None,
            film_seconds=found.get("film_seconds"),
        )

    def markdown(self) -> str:
        """Render the first cell."""
        links = " · ".join(f"[{label}]({target})" for label, target in sorted(self.links.items()))
        facts = {
            "Time": f"{self.minutes[0]}–{self.minutes[1]} minutes",
            "Needs": self.needs,
            "Level": self.level,
            "Last edited": str(self.last_edited or "not yet"),
            "Last verified": str(self.last_verified or "not yet"),
            "Author": self.author,
            "Goes with": links,
        }
        film = self.film_seconds
        if film:
            facts["Film"] = (
                f"[{film // 60}:{film % 60:02} minutes](video/lab.mp4), one answer to every task; "
                "[captions](video/captions.vtt), [transcript](video/transcript.md)"
            )
        return "\n".join(
            [
                f"# {self.title}",
                "",
                *([self.story, ""] if self.story else []),
                "**After this you can:**",
                "",
                *(f"- {objective}" for objective in self.objectives),
                "",
                "**Facts:**",
                "",
                *(f"- **{label}:** {value}" for label, value in facts.items()),
                *(["", _PLAYER.format(title=html.escape(self.title))] if film else []),
            ]
        )


@dataclass(frozen=True, slots=True)
class Notebook:
    """One notebook of the course, as it is in the file."""

    path: Path
    cells: tuple[Cell, ...]
    metadata: Mapping[str, Any]

    @property
    def is_lab(self) -> bool:
        """Whether this is the notebook of a lab rather than a guided one."""
        return self.path.name == LAB_NAME

    @property
    def topic(self) -> str:
        """The folder or file name that orders the course: ``01_architecture``."""
        return self.path.parent.name if self.is_lab else self.path.stem

    @property
    def chapter(self) -> str:
        """The number in front of the topic: ``01``."""
        return self.topic.split("_")[0]

    @property
    def code_cells(self) -> tuple[Cell, ...]:
        """The cells that run, in order."""
        return tuple(cell for cell in self.cells if cell.is_code)

    @property
    def parameters_cell(self) -> Cell | None:
        """The cell tagged ``parameters``, which papermill overrides."""
        return next((cell for cell in self.code_cells if "parameters" in cell.tags), None)

    @property
    def parameters(self) -> Mapping[str, Any]:
        """Names and default values in the parameters cell; what is no literal is left out."""
        cell = self.parameters_cell
        tree = cell.tree if cell else None
        found: dict[str, Any] = {}
        for node in tree.body if tree else ():
            match node:
                case (
                    ast.Assign(targets=[ast.Name(id=name)], value=value)
                    | ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value)
                ):
                    try:
                        found[name] = ast.literal_eval(value)
                    except ValueError:
                        continue  # the linter reports it; a run may still override it through papermill
        return found

    @property
    def setup_cell(self) -> Cell | None:
        """The cell that opens the lab."""
        return next((cell for cell in self.code_cells if any(cell.calls("open_lab"))), None)

    @property
    def exercises(self) -> tuple[str, ...]:
        """Ids of the exercises whose starters are in this notebook, in order."""
        return tuple(cell.starts for cell in self.cells if cell.starts)

    def facts(self) -> Facts:
        """Read the facts from the metadata.

        Raises:
            InvalidInput: They are incomplete.
        """
        return Facts.parse(str(self.path), self.metadata.get("ecrlab", {}))

    def headings(self) -> Iterator[Heading]:
        """Yield every Markdown heading outside fenced code, in order."""
        for cell in self.cells:
            if cell.kind == "markdown":
                for found in _HEADING.finditer(cell.prose):
                    yield Heading(cell.index, len(found[1]), found[2].strip())

    def section(self, title: str) -> tuple[tuple[Cell, str], ...]:
        """Return what stands between the heading that begins with ``title`` and the next of its level or above.

        Each part is a cell with its text: Markdown without fenced code and cut at the headings, or source code.
        Empty if there is no such heading. Letter case is ignored.
        """
        parts: list[tuple[Cell, str]] = []
        level = 0  # of the section that we are in; 0: not in it
        for cell in self.cells:
            start, text = 0, cell.source if cell.is_code else cell.prose
            for found in () if cell.is_code else _HEADING.finditer(text):
                if level and len(found[1]) <= level:
                    parts.append((cell, text[start : found.start()]))
                    return tuple(parts)
                if not level and found[2].strip().casefold().startswith(title.casefold()):
                    level, start = len(found[1]), found.start()
            if level:
                parts.append((cell, text[start:]))
        return tuple(parts)

    def content_hash(self) -> str:
        """Hash what the author wrote: sources, tags and marks of every cell, and the facts without their stamps.

        Outputs, counts, cell ids and the rendered first cell do not count, so running a notebook changes nothing.
        """
        facts = {k: v for k, v in self.metadata.get("ecrlab", {}).items() if k not in _STAMPED}
        cells = [[cell.kind, cell.source, list(cell.tags), cell.metadata.get("ecrlab", {})] for cell in self.cells[1:]]
        canonical = json.dumps([facts, cells], sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        return "sha256:" + hashlib.sha256(canonical.encode()).hexdigest()


def _text(value: str | Sequence[str]) -> str:
    """Join what the format stores as a list of lines."""
    return value if isinstance(value, str) else "".join(value)


def parse_notebook(path: Path, document: Any) -> Notebook:
    """Make a value of a notebook's JSON.

    Raises:
        InvalidInput: It is no notebook of format 4.
    """
    if not isinstance(document, dict) or document.get("nbformat") != 4 or not isinstance(document.get("cells"), list):
        raise InvalidInput(str(path), "is not a notebook of format 4", "open it in JupyterLab and save it again")
    return Notebook(
        path,
        tuple(
            Cell(
                index=index,
                kind=cell["cell_type"],
                id=cell.get("id", ""),
                source=_text(cell["source"]),
                metadata=cell.get("metadata", {}),
                outputs=tuple(cell.get("outputs", ())),
                execution_count=cell.get("execution_count"),
            )
            for index, cell in enumerate(document["cells"])
        ),
        document.get("metadata", {}),
    )


def read_notebook(path: Path | str) -> Notebook:
    """Read a notebook from a file.

    Raises:
        InvalidInput: There is no such file, or it is no notebook of format 4.
    """
    path = Path(path)
    try:
        document = json.loads(path.read_text("utf-8"))
    except FileNotFoundError as exc:
        raise InvalidInput(str(path), "there is no such file", "name a notebook (.ipynb)") from exc
    except (UnicodeDecodeError, json.JSONDecodeError) as exc:
        raise InvalidInput(str(path), f"is not JSON ({exc})", "restore it from git, or save it again") from exc
    return parse_notebook(path, document)


def course_notebooks(root: Path) -> tuple[Path, ...]:
    """List the notebooks of the course under ``root``: the guided ones, then the labs, each in reading order."""
    return (*sorted((root / "notebooks").glob("*.ipynb")), *sorted((root / "labs").glob(f"*/{LAB_NAME}")))
