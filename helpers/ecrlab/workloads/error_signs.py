"""Finding the words of an error in a pasted text: logs with colours, wrapped lines, events inside JSON.

No regular expression runs over the text with a gap in it. A sign is a few fragments that are looked for one after the
other, each within a bounded distance of the one before, so that the time grows with the length of the text only.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ["Sign", "cleaned", "parse_sign"]

_WIDEST_GAP = 400
# Colours and window titles, as themselves and as JSON writes them.
_CONTROL = re.compile(r"(?:\x1b|\\{1,4}u001b)(?:\[[0-?]{0,40}[ -/]{0,4}[@-~]|\][^\x07\x1b]{0,400}(?:\x07|\x1b\\))")
_ESCAPED = re.compile(r"\\{1,4}(?:([\"'/])|u00([2-7][0-9a-fA-F])|[nrt])")
_LOWER = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)}
_PIECES = re.compile(r"(\*|\{\})")
_NO_WORD = re.compile(r"[\s\"'`]")


def cleaned(text: str) -> str:
    """Return a text as one line without colour codes; what JSON escaped is plain again, if it looks like JSON."""
    if "\x1b" in text or "u001b" in text:
        text = _CONTROL.sub("", text)
    if '\\"' in text or '":' in text:
        text = _ESCAPED.sub(_unescaped, text)
    return " ".join(text.split())


def _unescaped(match: re.Match[str]) -> str:
    return match[1] or (chr(int(match[2], 16)) if match[2] else " ")


def folded(text: str) -> str:
    """Make capitals small, A to Z only, so that every character stays at its place."""
    return text.translate(_LOWER)


@dataclass(frozen=True, slots=True)
class Sign:
    """Words by which an error is known.

    Args:
        pieces: Fragments in small letters, in the order in which they follow each other.
        gaps: What may stand between one fragment and the next: ``*`` anything, ``{}`` one word.
        only_plain_names: Whether no word in a gap may name a registry host.
    """

    pieces: tuple[str, ...]
    gaps: tuple[str, ...]
    only_plain_names: bool = False

    def find(self, text: str) -> tuple[int, int] | None:
        """Say from where to where it stands in a folded text; ``None`` if it does not."""
        if not all(piece in text for piece in self.pieces):
            return None
        at = text.find(self.pieces[0])
        while at >= 0:
            end = self._rest(text, at + len(self.pieces[0]))
            if end is not None:
                return at, end
            at = text.find(self.pieces[0], at + len(self.pieces[0]))
        return None

    def _rest(self, text: str, end: int) -> int | None:
        for piece, gap in zip(self.pieces[1:], self.gaps, strict=True):
            start = text.find(piece, end, end + _WIDEST_GAP + len(piece))
            if start < 0 or (gap == "{}" and not self._is_word(text[end:start])):
                return None
            end = start + len(piece)
        return end

    def _is_word(self, between: str) -> bool:
        if not between or _NO_WORD.search(between):
            return False
        first = between.partition("/")[0]
        return not (self.only_plain_names and "/" in between and ("." in first or ":" in first))


def parse_sign(words: str, *, only_plain_names: bool = False) -> Sign:
    """Read a sign as ``explanations.toml`` writes it."""
    parts = _PIECES.split(words)
    pieces = parts[::2]
    gaps = parts[1::2]
    if not pieces[-1]:  # a word at the end adds nothing that could be found
        pieces, gaps = pieces[:-1], gaps[:-1]
    return Sign(tuple(pieces), tuple(gaps), only_plain_names)


def details_in(text: str) -> Iterator[tuple[str, str]]:
    """Yield what a cleaned text says about the call: who asked, for what, on what, and the image."""
    for label, pattern in _DETAILS:
        match = pattern.search(text)
        if match is not None:
            yield label, match[1].rstrip(".,;:")


_DETAILS = (
    ("who asks", re.compile(r"\b(arn:aws[a-z-]{0,12}:(?:iam|sts)::[0-9]{12}:[\w+=,.@/-]{1,200})")),
    ("for what", re.compile(r"not authorized to perform: ([a-zA-Z0-9-]{2,30}:\w{2,60})")),
    ("on what", re.compile(r"on resource: (arn:aws\S{1,300}|\*)")),
    (
        "the image",
        re.compile(r"\b([0-9]{12}\.dkr[.-]ecr[a-z0-9.-]{1,60}/[a-z0-9][\w./-]{0,255}(?:[:@][\w.:-]{1,160})?)"),
    ),
)
