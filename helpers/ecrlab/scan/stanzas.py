"""Text in paragraphs of ``Field: value`` lines, as Debian's and Python's package descriptions are written.

Sources: Debian Policy Manual, 5.1 "Syntax of control files" (RFC 822 with continuation lines that begin with a space or
a tab); Python packaging, "Core metadata specifications".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

__all__ = ["fields", "paragraphs"]


def paragraphs(text: str) -> Iterator[list[str]]:
    """Yield the lines of each paragraph; lines without anything visible part them."""
    lines: list[str] = []
    for line in text.split("\n"):  # not splitlines: it also breaks at characters that are part of a description
        if line.strip():
            lines.append(line)
        elif lines:
            yield lines
            lines = []
    if lines:
        yield lines


def fields(lines: Iterable[str], wanted: frozenset[str]) -> Mapping[str, str]:
    """Return the first line of each wanted field that is there; its name in lower case, as names have no case."""
    found: dict[str, str] = {}
    for line in lines:
        if line[0] in " \t":
            continue
        name, colon, value = line.partition(":")
        if colon and (key := name.strip().lower()) in wanted:
            found.setdefault(key, value.strip())
    return found
