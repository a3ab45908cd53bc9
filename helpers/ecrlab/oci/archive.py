"""Tar archives whose bytes follow from the files alone.

Names are sorted, parents come first, times and owners are zero, modes are fixed unless they are given. The format
is POSIX ustar; an extended (pax) header is written only for a name or link that ustar cannot hold.

Source: POSIX.1-2017, pax, "ustar Interchange Format"; OCI image specification, layer.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NoReturn

from ecrlab.errors import InvalidImage

__all__ = ["File", "tar_bytes"]

_BLOCK = 512
_NAME, _PREFIX = 100, 155
_REGULAR, _SYMLINK, _DIRECTORY, _EXTENDED = b"0", b"2", b"5", b"x"


@dataclass(frozen=True, slots=True)
class File:
    """One file of a layer, where plain text or bytes do not say enough.

    Args:
        content: Bytes, or text that is stored as UTF-8.
        mode: Permission bits; 0o644 is what a file usually has, 0o755 a program.
        link_to: Target of a symbolic link; the content stays empty.
        uid: Numeric owner.
        gid: Numeric group.
    """

    content: bytes | str = b""
    mode: int = 0o644
    link_to: str | None = None
    uid: int = 0
    gid: int = 0

    @property
    def data(self) -> bytes:
        """The content as stored."""
        return self.content.encode() if isinstance(self.content, str) else self.content


@dataclass(frozen=True, slots=True)
class _Entry:
    name: str
    kind: bytes
    file: File

    def blocks(self) -> list[bytes]:
        data = self.file.data if self.kind == _REGULAR else b""
        return [*_headers(self, len(data)), data, b"\0" * (-len(data) % _BLOCK)]


def tar_bytes(files: Mapping[str, bytes | str | File]) -> bytes:
    """Write files into an archive.

    Args:
        files: Relative names with ``/`` between the parts, and what is there. A name that ends in ``/`` is a
            directory; directories above a file are added. A whiteout is an empty file named ``.wh.<name>``.

    Raises:
        InvalidImage: A name that leads outside the layer or occurs twice, or content that is neither text nor bytes.
    """
    blocks: list[bytes] = []
    for entry in _entries(files):
        blocks += entry.blocks()
    return b"".join([*blocks, b"\0" * (2 * _BLOCK)])


def _entries(files: Mapping[str, bytes | str | File]) -> list[_Entry]:
    found: dict[str, _Entry] = {}
    for name, content in files.items():
        _check_name(name)
        file = _as_file(name, content)
        path = name.rstrip("/")
        if path in found:
            _refuse(name, "it is there twice, as a file and as a directory", "keep one")
        kind = _DIRECTORY if name.endswith("/") else _SYMLINK if file.link_to is not None else _REGULAR
        found[path] = _Entry(path, kind, file)
    for path in tuple(found):
        _add_parents(found, path)
    return [found[path] for path in sorted(found, key=lambda path: path.encode())]


def _add_parents(found: dict[str, _Entry], path: str) -> None:
    while "/" in path:
        child, path = path, path.rpartition("/")[0]
        parent = found.setdefault(path, _Entry(path, _DIRECTORY, File(mode=0o755)))
        if parent.kind != _DIRECTORY:
            _refuse(child, f"it lies inside {path!r}, which is no directory", "rename one of them")


def _check_name(name: object) -> None:
    if not isinstance(name, str):
        _refuse(name, f"a name is text, and this is {type(name).__name__}", "write it in quotes")
    if name.startswith("/"):
        _refuse(name, "it is absolute", f"write {name.lstrip('/')!r}: a layer is unpacked at the root")
    parts = name.rstrip("/").split("/")
    if ".." in parts:
        _refuse(name, "'..' would leave the layer", "write the name from the root of the file system")
    if "" in parts or "." in parts:
        _refuse(name, "a part of it is empty or '.'", "write e.g. 'app/main.py'")
    # Not str.isprintable: its answer grows with the Unicode tables of each Python.
    if any(character < " " or "\ud800" <= character <= "\udfff" for character in name):
        _refuse(name, "it has a control character, or half of one that needs two", "rename the file")


def _as_file(name: str, content: bytes | str | File) -> File:
    file = content if isinstance(content, File) else File(content, 0o755 if name.endswith("/") else 0o644)
    if not isinstance(file.content, bytes | str):
        _refuse(name, f"its content is {type(file.content).__name__}", "give bytes, text or oci.File(…)")
    if file.content and (name.endswith("/") or file.link_to is not None):
        _refuse(name, "a directory or a link has no content", "leave the content empty")
    if not 0 <= file.mode <= 0o7777:
        _refuse(name, f"its mode is {file.mode}", "write it in octal, e.g. 0o755")
    if not (0 <= file.uid < 0o10000000 and 0 <= file.gid < 0o10000000):
        _refuse(name, f"its owner is {file.uid}:{file.gid}", "use numbers from 0 to 2097151")
    if file.link_to == "":
        _refuse(name, "the target of the link is empty", "name what it points to")
    return file


def _refuse(name: object, fact: str, way_out: str) -> NoReturn:
    raise InvalidImage(f"file {name!r}", fact, way_out)


def _headers(entry: _Entry, size: int) -> list[bytes]:
    full = entry.name.encode() + (b"/" if entry.kind == _DIRECTORY else b"")
    target = (entry.file.link_to or "").encode()
    extended = b""
    split = _split(full)
    if split is None:
        extended += _record(b"path", full)
        split = b"", full[:_NAME]
    if len(target) > _NAME or not target.isascii():
        extended += _record(b"linkpath", target)
    prefix, short = split
    mode = 0o777 if entry.kind == _SYMLINK else entry.file.mode
    own = _header(short, entry.kind, size, mode, entry.file, target[:_NAME], prefix)
    if not extended:
        return [own]
    padding = b"\0" * (-len(extended) % _BLOCK)
    return [_header(b"././@PaxHeader", _EXTENDED, len(extended), 0o644, File(), b"", b""), extended, padding, own]


def _split(name: bytes) -> tuple[bytes, bytes] | None:
    """Cut a name into ustar's prefix and name; ``None`` if it does not fit or is not ASCII."""
    if not name.isascii():
        return None
    if len(name) <= _NAME:
        return b"", name
    cut = name.find(b"/", len(name) - _NAME - 1, min(_PREFIX + 1, len(name) - 1))
    return None if cut <= 0 else (name[:cut], name[cut + 1 :])


def _record(key: bytes, value: bytes) -> bytes:
    """One pax record: its own length in decimal, a space, key=value and a newline."""
    rest = len(key) + len(value) + 3
    length = rest + len(str(rest))
    length = rest + len(str(length))
    return b"%d %s=%s\n" % (length, key, value)


def _header(name: bytes, kind: bytes, size: int, mode: int, file: File, target: bytes, prefix: bytes) -> bytes:
    fields = (
        name.ljust(_NAME, b"\0"),
        b"%07o\0" % mode,
        b"%07o\0" % file.uid,
        b"%07o\0" % file.gid,
        b"%011o\0" % size,
        b"%011o\0" % 0,  # modification time: the epoch
        b" " * 8,  # the checksum counts itself as spaces
        kind,
        target.ljust(_NAME, b"\0"),
        b"ustar\0" + b"00",
        b"\0" * 64,  # no user name, no group name
        b"0000000\0" * 2,  # no device
        prefix.ljust(_PREFIX, b"\0"),
    )
    block = b"".join(fields).ljust(_BLOCK, b"\0")
    return block[:148] + b"%06o\0 " % sum(block) + block[156:]
