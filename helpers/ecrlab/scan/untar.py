"""The members of a tar, one after the other, without files, seeking or large memory.

Why not ``tarfile``: it reads an extended header whole, however many gigabytes it claims, and takes several times as
long for what a scan passes over. Read here: the formats that container tools write, POSIX ustar, pax and GNU.

Sources: POSIX.1-2017, pax, "ustar Interchange Format" and "pax Extended Header"; GNU tar manual, "Basic Tar Format"
(long names of types L and K, numbers in base 256, sparse files of type S).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import NoReturn

from ecrlab.errors import InvalidImage
from ecrlab.scan.limits import Enough, Limits
from ecrlab.scan.unpacking import Pieces

__all__ = ["Kind", "Member", "members"]

_BLOCK = 512
_EXTENDED, _GLOBAL, _LONG_NAME, _LONG_LINK, _SPARSE = b"x", b"g", b"L", b"K", b"S"
_POSIX_MAGIC = b"ustar\0"


class Kind(Enum):
    """What a member of a tar is."""

    FILE = "file"
    DIRECTORY = "directory"
    SYMLINK = "symbolic link"
    HARD_LINK = "hard link"
    OTHER = "device or the like"


_KINDS = {
    b"0": Kind.FILE,
    b"\0": Kind.FILE,
    b"7": Kind.FILE,  # contiguous, which nothing distinguishes any more
    b"1": Kind.HARD_LINK,
    b"2": Kind.SYMLINK,
    b"5": Kind.DIRECTORY,
}
_WITHOUT_BODY = frozenset(b"123456")  # whatever their size field says


@dataclass(frozen=True, slots=True)
class Member:
    """One member, and its content for as long as the next member has not been asked for.

    Args:
        name: As it is written; it may be absolute or lead out of the tree.
        kind: What it is.
        size: Bytes of content in the archive.
        link_to: Where a link points.
        body: Where the content is read from, once.
    """

    name: str
    kind: Kind
    size: int
    link_to: str
    body: Pieces

    def content(self) -> bytes:
        """Return the content; call it once, and before going on to the next member."""
        return self.body.read(self.size)


def members(tar: Pieces, limits: Limits, place: str) -> Iterator[Member]:
    """Yield what is in a tar, in its order, until its end marker.

    Args:
        tar: The uncompressed archive.
        limits: How long an extended header may be.
        place: Where the archive is from, for errors.

    Raises:
        InvalidImage: A header that is none, or an archive that is cut short.
        Enough: A header longer than the limit.
    """
    reader = _Reader(tar, limits, place)
    while (member := reader.next()) is not None:
        end = tar.position + member.size
        yield member
        reader.pass_over(end - tar.position + -member.size % _BLOCK)


class _Reader:
    def __init__(self, tar: Pieces, limits: Limits, place: str) -> None:
        self._tar, self._limits, self._place = tar, limits, place

    def next(self) -> Member | None:
        """Read headers up to the next member; ``None`` at the end of the archive."""
        extended: dict[str, bytes] = {}
        while (block := self._header()) is not None:
            kind, size = block[156:157], self._number(block[124:136])
            if kind == _EXTENDED:
                extended |= self._records(self._text(size))
            elif kind == _LONG_NAME:
                extended["path"] = self._text(size).rstrip(b"\0")
            elif kind == _LONG_LINK:
                extended["linkpath"] = self._text(size).rstrip(b"\0")
            elif kind == _GLOBAL:
                self.pass_over(size + -size % _BLOCK)
            else:
                return self._member(block, kind, size, extended)
        return None

    def _member(self, block: bytes, kind: bytes, size: int, extended: dict[str, bytes]) -> Member:
        if kind == _SPARSE:
            self._pass_over_map(block)
        if "size" in extended:
            size = self._decimal(extended["size"])
        name = extended.get("path") or _short_name(block)
        link = extended.get("linkpath") or _until_zero(block[157:257])
        known = _KINDS.get(kind, Kind.OTHER)
        if kind == b"\0" and name.endswith(b"/"):
            known = Kind.DIRECTORY  # as archives older than POSIX mark them
        if kind[0] in _WITHOUT_BODY:
            size = 0
        return Member(_decoded(name), known, size, _decoded(link), self._tar)

    def _header(self) -> bytes | None:
        block = self._tar.read(_BLOCK)
        if not block or not block.strip(b"\0"):
            return None
        if len(block) < _BLOCK:
            self._refuse("its tar ends within a header")
        if _until_zero(block[148:156]).strip(b" ").lstrip(b"0") != b"%o" % _checksum(block):
            self._refuse(f"there is no tar header at byte {self._tar.position - _BLOCK:,}")
        return block

    def _text(self, size: int) -> bytes:
        """Read the body of an extended header, or of a long name."""
        if size > self._limits.header:
            raise Enough(f"it has a header of more than {self._limits.header:,} bytes")
        text = self._tar.read(size)
        if len(text) < size:
            self._refuse("its tar ends within a header")
        self.pass_over(-size % _BLOCK)
        return text

    def _records(self, text: bytes) -> dict[str, bytes]:
        """Read the records of a pax header: ``length keyword=value`` and a newline, the length counting all of it."""
        found: dict[str, bytes] = {}
        while text:
            length_text, _, _ = text[:12].partition(b" ")
            length = self._decimal(length_text)
            keyword, equals, value = text[len(length_text) + 1 : length - 1].partition(b"=")
            if not equals or text[length - 1 : length] != b"\n":
                self._refuse("an extended header of its tar is damaged")
            found[_decoded(keyword)] = value
            text = text[length:]
        return found

    def _pass_over_map(self, block: bytes) -> None:
        """Skip the further blocks in which GNU tar describes a sparse file's holes."""
        more = block[482]
        while more:
            extension = self._tar.read(_BLOCK)
            if len(extension) < _BLOCK:
                self._refuse("its tar ends within a header")
            more = extension[504]

    def _number(self, field: bytes) -> int:
        """Read an octal number, or one in base 256 where the first bit is set."""
        if field[0] == 0x80:
            return int.from_bytes(field[1:], "big")
        digits = _until_zero(field).strip(b" ")
        if digits.strip(b"01234567"):
            self._refuse("a number in a header of its tar is none")
        return int(digits or b"0", 8)

    def _decimal(self, digits: bytes) -> int:
        if not digits.isdigit() or len(digits) > 20:
            self._refuse("an extended header of its tar is damaged")
        return int(digits)

    def pass_over(self, size: int) -> None:
        if self._tar.skip(size):
            self._refuse("its tar ends early")

    def _refuse(self, fact: str) -> NoReturn:
        raise InvalidImage(self._place, fact, "push the image again")


def _checksum(block: bytes) -> int:
    """Add up a header, its own checksum counted as spaces."""
    return sum(block) - sum(block[148:156]) + 8 * ord(" ")


def _short_name(block: bytes) -> bytes:
    """Return the name as the plain header has it; only POSIX headers have a prefix."""
    name, prefix = _until_zero(block[:100]), _until_zero(block[345:500])
    return prefix + b"/" + name if prefix and block.startswith(_POSIX_MAGIC, 257) else name


def _until_zero(field: bytes) -> bytes:
    return field.partition(b"\0")[0]


def _decoded(name: bytes) -> str:
    return name.decode("utf-8", "surrogateescape")
