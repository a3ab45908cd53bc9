"""Drawings as values: a picture for the eye, the same content as text for everything else.

The picture is inline SVG that borrows JupyterLab's theme colours, so it follows both themes. It has no script, no ids
(two pictures on one page cannot disturb each other) and no colour that carries meaning alone. The text form holds
the same names and numbers; it stands under the picture, in papermill's log, in a terminal and in Markdown.

Coordinates are pixels, x to the right and y down; a text's y is its base line.
"""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from html import escape

from ecrlab.cards import html_of

__all__ = [
    "CODE_ADVANCE",
    "LINE",
    "WIDTH",
    "WORD_ADVANCE",
    "Box",
    "Drawing",
    "Node",
    "arrow",
    "bracket",
    "curve",
    "frame",
    "line",
    "size_text",
    "tree",
    "words",
    "wrapped",
]

WIDTH = 760
"""The widest picture that fits JupyterLab's output area beside an open side bar."""

LINE = 18
"""Distance between two lines of text."""

_PADDING = 9
CODE_ADVANCE = 7.3
WORD_ADVANCE = 7.2
"""Pixels per character at 12 px, on the generous side: DejaVu, which Linux falls back to, is wider than most."""

_STYLE = """<style>
.ecrlab-figure{margin:.3em 0;max-width:760px}
.ecrlab-figure svg{display:block;width:100%;height:auto;color:var(--jp-content-font-color1,currentColor)}
.ecrlab-figure svg text{fill:currentColor;font:12px var(--jp-ui-font-family,system-ui,sans-serif)}
.ecrlab-figure svg text.code{font-family:var(--jp-code-font-family,ui-monospace,monospace)}
.ecrlab-figure svg text.strong{font-weight:700}
.ecrlab-figure svg text.quiet{font-style:italic}
.ecrlab-figure svg .box{fill:var(--jp-layout-color2,transparent);stroke:currentColor;stroke-opacity:.55}
.ecrlab-figure svg .name{fill:var(--jp-layout-color1,transparent);stroke:var(--jp-brand-color1,currentColor);
stroke-width:2}
.ecrlab-figure svg .frame{fill:none;stroke:currentColor;stroke-opacity:.55}
.ecrlab-figure svg .line{fill:none;stroke:currentColor;stroke-opacity:.75}
.ecrlab-figure svg .head{fill:currentColor;fill-opacity:.85}
.ecrlab-figure svg .dashed{stroke-dasharray:5 4}
.ecrlab-figure details{margin:.4em 0 0}
.ecrlab-figure summary{cursor:pointer;font-size:.93em}
</style>"""


@dataclass(frozen=True, slots=True, repr=False)
class Drawing:
    """A picture with its alternative text and its text form.

    Args:
        title: A few words; the name of the picture.
        summary: One or two sentences that a screen reader speaks instead of the picture.
        lines: The content as text, line by line: every name and number that the picture shows.
        shapes: SVG elements, drawn in this order.
        height: Pixels; the width is always `WIDTH`.
    """

    title: str
    summary: str
    lines: tuple[str, ...]
    shapes: tuple[str, ...]
    height: int

    def svg(self) -> str:
        """Return the picture alone, as one SVG element.

        Lines are broken between words, for viewers that show only the text of what they do not trust.
        """
        label = escape(f"{self.title}. {self.summary}")
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="{label}" '
            f'viewBox="0 0 {WIDTH} {self.height}" width="{WIDTH}" height="{self.height}">'
            f"<title>{escape(self.title)}</title>\n<desc>{escape(self.summary)}</desc>\n"
            + "\n".join(self.shapes)
            + "</svg>"
        )

    def figure(self, below: str = "") -> str:
        """Return the picture in the kit's style, with a fragment of HTML below it in place of the text form."""
        return html_of(f'{_STYLE}<div class="ecrlab-figure">{self.svg()}{below}</div>')

    def _repr_html_(self) -> str:
        text = escape("\n".join(self.lines), quote=False)
        return self.figure(f"<details><summary>{escape(self.title)}, as text</summary><pre>{text}</pre></details>")

    def _repr_markdown_(self) -> str:
        return "\n".join([f"**{self.title}**", "", "```text", *self.lines, "```"]) + "\n"

    def __str__(self) -> str:
        return "\n".join([self.title, *self.lines])

    __repr__ = __str__


def words(x: float, y: float, text: str, *, style: str = "", anchor: str = "start") -> str:
    """Return one line of text; ``style`` names any of ``code``, ``strong``, ``quiet``."""
    return f'<text x="{x:g}" y="{y:g}" class="{style}" text-anchor="{anchor}">{escape(text)}</text>'


def wrapped(text: str, width: float, *, code: bool = False) -> list[str]:
    """Break a text so that each line fits into ``width`` pixels; a word too long for a line is cut."""
    columns = max(4, int(width / (CODE_ADVANCE if code else WORD_ADVANCE)))
    return textwrap.wrap(text, columns, break_on_hyphens=False) or [""]


def frame(x: float, y: float, width: float, height: float, *, style: str = "frame") -> str:
    """Return a rectangle with rounded corners; ``style`` is ``frame``, ``box`` or ``name``, perhaps with ``dashed``."""
    return f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="5" class="{style}"/>'


def line(x1: float, y1: float, x2: float, y2: float, *, dashed: bool = False) -> str:
    """Return a straight line."""
    return f'<path d="M{x1:g} {y1:g}L{x2:g} {y2:g}" class="line{" dashed" if dashed else ""}"/>'


def arrow(x1: float, y: float, x2: float, *, dashed: bool = False) -> str:
    """Return a level line with a head at its second end."""
    back = -8 if x2 > x1 else 8
    head = f'<path d="M{x2:g} {y:g}l{back} -4v8z" class="head"/>'
    return line(x1, y, x2 + back / 2, y, dashed=dashed) + head


def curve(x1: float, y1: float, x2: float, y2: float) -> str:
    """Return an arrow that leaves and arrives level."""
    middle = (x1 + x2) / 2
    path = f'<path d="M{x1:g} {y1:g}C{middle:g} {y1:g} {middle:g} {y2:g} {x2 - 4:g} {y2:g}" class="line"/>'
    return path + f'<path d="M{x2:g} {y2:g}l-8 -4v8z" class="head"/>'


def bracket(x1: float, x2: float, y: float) -> str:
    """Return a bracket under the stretch from ``x1`` to ``x2``."""
    return f'<path d="M{x1:g} {y:g}v5H{x2:g}v-5" class="line"/>'


@dataclass(frozen=True, slots=True)
class Box:
    """A thing with a name: first line in bold, the rest as code.

    Args:
        kind: What it is, in a word or two.
        facts: Its digest, size, platform: one line each; too long a line is wrapped.
        style: ``box``, or ``name`` for a tag, whose border is thick.
    """

    kind: str
    facts: tuple[str, ...] = ()
    style: str = "box"

    def texts(self, width: float) -> list[str]:
        """Return the lines under the first one, as they are broken in a box of this width."""
        return [part for fact in self.facts for part in wrapped(fact, width - 2 * _PADDING, code=True)]

    def height(self, width: float) -> float:
        """Return the height in pixels that the box needs at this width."""
        return 2 * _PADDING + LINE * (1 + len(self.texts(width))) - 5

    def draw(self, x: float, y: float, width: float) -> str:
        """Return the box with its upper left corner at ``x``, ``y``."""
        rows = [words(x + _PADDING, y + _PADDING + 10, self.kind, style="strong")]
        rows += [
            words(x + _PADDING, y + _PADDING + 10 + LINE * i, text, style="code")
            for i, text in enumerate(self.texts(width), start=1)
        ]
        return "\n".join([frame(x, y, width, self.height(width), style=self.style), *rows])


def size_text(size: int) -> str:
    """Write a number of bytes for people: exact below 10,000, then kB, MB, GB in steps of 1,000."""
    if size < 10_000:
        return f"{size:,} B"
    value, unit = size / 1000, "kB"
    for larger in ("MB", "GB"):
        if value < 1000:
            break
        value, unit = value / 1000, larger
    return f"{value:,.1f} {unit}"


@dataclass(frozen=True, slots=True)
class Node:
    """A line of text with others below it."""

    text: str
    below: tuple[Node, ...] = ()


def tree(root: Node) -> tuple[str, ...]:
    """Write a node and all below it, one line each, joined by branch signs."""
    rows = [root.text]
    for node in root.below:
        first, *rest = tree(node)
        last = node is root.below[-1]
        rows.append(f"{'└─' if last else '├─'} {first}")
        rows += [f"{'  ' if last else '│ '} {row}" for row in rest]
    return tuple(rows)
