"""What the kit shows, as values: a card, a table. Each reads well as HTML, as Markdown and as plain text.

Nothing here imports Jupyter. A notebook finds ``_repr_html_``; a terminal, papermill's log and a screen reader
get the text form, which says the same. Colours come from JupyterLab's own theme variables, so both themes work,
and every tone also has a sign and a word.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum
from html import escape

__all__ = ["Card", "ShownAs", "Table", "Tone", "html_of", "inline_html"]


class Tone(Enum):
    """The mood of a card: a sign for the eye, and the theme colour that goes with it."""

    NOTE = ("ℹ", "--jp-info-color1", "#1976d2")
    GOOD = ("✓", "--jp-success-color1", "#2e7d32")
    BAD = ("✗", "--jp-error-color1", "#c62828")
    WAITING = ("○", "--jp-border-color1", "#8a8a8a")
    HINT = ("?", "--jp-warn-color1", "#b26a00")
    AWS = ("☁", "--jp-warn-color1", "#b26a00")

    @property
    def sign(self) -> str:
        """One character in front of the title."""
        return self.value[0]

    @property
    def colour(self) -> str:
        """A CSS colour that follows the theme."""
        return f"var({self.value[1]}, {self.value[2]})"


_STYLE = """<style>
.ecrlab{font-family:var(--jp-ui-font-family,system-ui,sans-serif);font-size:var(--jp-content-font-size1,14px);
color:var(--jp-ui-font-color1,inherit);line-height:1.5;max-width:58em;margin:.3em 0}
.ecrlab-card{border:1px solid var(--jp-border-color2,#ccc);border-left:5px solid var(--tone);border-radius:4px;
padding:.5em .9em;background:var(--jp-layout-color1,transparent)}
.ecrlab .ecrlab-title{font-weight:600;margin:0 0 .2em}
.ecrlab .ecrlab-sign{color:var(--tone);font-weight:700;margin-right:.45em}
.ecrlab p{margin:.25em 0;overflow-wrap:break-word}
.ecrlab pre{margin:.4em 0;padding:.5em .7em;overflow-x:auto;border-radius:3px;
background:var(--jp-layout-color2,#f3f3f3);color:var(--jp-content-font-color1,inherit)}
.ecrlab code{font-family:var(--jp-code-font-family,monospace);font-size:.93em;background:transparent;
color:var(--jp-content-font-color1,inherit);padding:0}
.ecrlab dl{display:grid;grid-template-columns:max-content 1fr;gap:.1em 1.1em;margin:.3em 0}
.ecrlab dl dt{color:var(--jp-ui-font-color2,inherit);width:auto;float:none;white-space:nowrap}
.ecrlab dd{margin:0;overflow-wrap:anywhere}
.ecrlab table{border-collapse:collapse;margin:.2em 0;font-size:1em}
.ecrlab caption{text-align:left;font-weight:600;padding:.2em 0;color:var(--jp-ui-font-color1,inherit)}
.ecrlab.ecrlab table th,.ecrlab.ecrlab table td{text-align:left;padding:.2em .8em;
border-bottom:1px solid var(--jp-border-color2,#ddd);vertical-align:top;white-space:normal;max-width:34em}
.ecrlab.ecrlab table .ecrlab-number{text-align:right;font-variant-numeric:tabular-nums}
</style>"""


_LINK = re.compile(r"\[([^\]\n]+)\]\((https://[^\s()\"'`]+)\)")


def html_of(inner: str) -> str:
    """Wrap a fragment in the kit's style, which follows JupyterLab's theme."""
    return f'{_STYLE}<div class="ecrlab">{inner}</div>'


def inline_html(text: str) -> str:
    """Escape text for HTML; `words in backticks` become code, ``[title](https://…)`` becomes a link."""
    linked = _LINK.sub(r'<a href="\2" target="_blank" rel="noopener">\1</a>', escape(text, quote=False))
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", linked)


@dataclass(frozen=True, slots=True, repr=False)
class Card:
    """A titled box with facts, sentences and perhaps some code.

    Args:
        title: A few words.
        facts: Label and value pairs, shown as a short list.
        body: Paragraphs; `words in backticks` are shown as code.
        code: Source shown as a block, if any.
        tone: The mood.
        language: What the source is written in, for Markdown.
    """

    title: str
    facts: Sequence[tuple[str, str]] = ()
    body: Sequence[str] = ()
    code: str | None = None
    tone: Tone = Tone.NOTE
    language: str = "python"

    def inner_html(self) -> str:
        """Return the box without the style sheet, to be put inside other fragments."""
        facts = "".join(f"<dt>{inline_html(k)}</dt><dd>{inline_html(v)}</dd>" for k, v in self.facts)
        parts = [
            f'<p class="ecrlab-title"><span class="ecrlab-sign" aria-hidden="true">{self.tone.sign}</span>'
            f"{inline_html(self.title)}</p>",
            f"<dl>{facts}</dl>" if facts else "",
            *(f"<p>{inline_html(paragraph)}</p>" for paragraph in self.body),
            f"<pre><code>{escape(self.code, quote=False)}</code></pre>" if self.code else "",
        ]
        return f'<div class="ecrlab-card" style="--tone:{self.tone.colour}">{"".join(parts)}</div>'

    def _repr_html_(self) -> str:
        return html_of(self.inner_html())

    def _repr_markdown_(self) -> str:
        lines = [f"**{self.tone.sign} {self.title}**", ""]
        lines += [f"- {label}: {value}" for label, value in self.facts]
        lines += [""] if self.facts else []
        for paragraph in self.body:
            lines += [paragraph, ""]
        if self.code:
            lines += [f"```{self.language}", self.code, "```"]
        return "\n".join(lines).rstrip() + "\n"

    def __str__(self) -> str:
        width = max((len(label) for label, _ in self.facts), default=0)
        lines = [f"{self.tone.sign} {self.title}"]
        lines += [f"  {label:<{width}}  {value}" for label, value in self.facts]
        lines += [f"  {paragraph}" for paragraph in self.body]
        lines += [f"    {line}" for line in (self.code or "").splitlines()]
        return "\n".join(lines)

    __repr__ = __str__


@dataclass(frozen=True, slots=True, repr=False)
class Table:
    """Rows under named columns.

    Args:
        columns: Headings.
        rows: One sequence per row, as long as ``columns``; numbers are set flush right.
        caption: What the table shows, in a few words.
    """

    columns: Sequence[str]
    rows: Sequence[Sequence[object]] = field(default=())
    caption: str = ""

    def _numeric(self) -> list[bool]:
        def is_number(value: object) -> bool:
            return isinstance(value, int | float) and not isinstance(value, bool)

        return [bool(self.rows) and all(is_number(row[i]) for row in self.rows) for i in range(len(self.columns))]

    def _texts(self) -> list[list[str]]:
        return [[f"{value:,}" if type(value) is int else str(value) for value in row] for row in self.rows]

    def inner_html(self) -> str:
        """Return the table without the style sheet, to be put inside other fragments."""
        mark = [' class="ecrlab-number"' if number else "" for number in self._numeric()]
        head = "".join(
            f'<th scope="col"{m}>{inline_html(name)}</th>' for m, name in zip(mark, self.columns, strict=True)
        )
        body = "".join(
            "<tr>" + "".join(f"<td{m}>{inline_html(text)}</td>" for m, text in zip(mark, row, strict=True)) + "</tr>"
            for row in self._texts()
        )
        caption = f"<caption>{inline_html(self.caption)}</caption>" if self.caption else ""
        return f"<table>{caption}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"

    def _repr_html_(self) -> str:
        return html_of(self.inner_html())

    def _repr_markdown_(self) -> str:
        def line(texts: Sequence[str]) -> str:
            return "| " + " | ".join(text.replace("|", "\\|") for text in texts) + " |"

        rule = ["---:" if number else "---" for number in self._numeric()]
        caption = [f"**{self.caption}**", ""] if self.caption else []
        return "\n".join([*caption, line(self.columns), line(rule), *map(line, self._texts())]) + "\n"

    def __str__(self) -> str:
        texts = self._texts()
        widths = [max(len(t) for t in column) for column in zip(self.columns, *texts, strict=True)]
        numeric = self._numeric()

        def line(row: Sequence[str]) -> str:
            cells = (t.rjust(w) if n else t.ljust(w) for t, w, n in zip(row, widths, numeric, strict=True))
            return "  ".join(cells).rstrip()

        rule = "  ".join("-" * width for width in widths)
        caption = [self.caption] if self.caption else []
        return "\n".join([*caption, line(self.columns), rule, *map(line, texts)])

    __repr__ = __str__


class ShownAs:
    """A value that shows itself, in every form, as the card or the table that ``_shown()`` returns."""

    __slots__ = ()

    def _shown(self) -> Card | Table:
        """Return what this value looks like."""
        raise NotImplementedError

    def _repr_html_(self) -> str:
        return self._shown()._repr_html_()

    def _repr_markdown_(self) -> str:
        return self._shown()._repr_markdown_()

    def __str__(self) -> str:
        return str(self._shown())

    def __repr__(self) -> str:
        return str(self)
