"""What rpm has installed: ``rpmdb.sqlite``, the database of rpm 4.16 and newer.

Its table ``Packages`` has one header per package, in rpm's own binary form, all numbers big-endian::

    count of entries : 4   size of the store : 4
    tag : 4   type : 4   offset in the store : 4   count : 4          one entry, repeated
    store

The older Berkeley DB form and SUSE's ``ndb`` are not read; an inventory says so.

Sources: rpm manual, "RPM Package File Format" (header structure, tags) and "Database backends"; SQLite, "Database file
format", 1.3 (bytes 18 and 19).
"""

from __future__ import annotations

import sqlite3
import struct
from collections.abc import Iterator
from contextlib import closing

from ecrlab.scan.listing import Listed, Unreadable

__all__ = ["read_journal", "read_rpmdb", "unsupported_database"]

_NAME, _VERSION, _RELEASE, _EPOCH, _ARCHITECTURE, _SOURCE_RPM = 1000, 1001, 1002, 1003, 1022, 1044
_TEXTS = frozenset({_NAME, _VERSION, _RELEASE, _ARCHITECTURE, _SOURCE_RPM})
_INT32, _STRING, _STRING_ARRAY, _I18N_STRING = 4, 6, 8, 9
_KEYS = "gpg-pubkey"
"""A key that rpm trusts is stored like a package, and is none."""

_STEPS = 50_000_000
"""Steps of SQLite's machine before a query is given up; listing 1,000 packages takes about 10,000."""


def unsupported_database(data: bytes) -> Iterator[Listed]:
    """Say that a database of an older or another kind is not read.

    Raises:
        Unreadable: Always.
    """
    yield from ()
    raise Unreadable("the scanner reads rpm's SQLite databases, and this is one of another kind: unsupported")


def read_journal(data: bytes) -> Iterator[Listed]:
    """List nothing: what is still in the write-ahead journal is not in the database yet. It is empty as a rule.

    Raises:
        Unreadable: It is not empty.
    """
    yield from ()
    if data:
        raise Unreadable("rpm was not closed: its last changes are in this journal, which is not read")


def read_rpmdb(data: bytes) -> Iterator[Listed]:
    """List the packages of an ``rpmdb.sqlite``, in memory.

    Raises:
        Unreadable: It is no SQLite database with rpm's table, or a header in it is damaged.
    """
    damaged = 0
    for blob in _headers(data):
        try:
            tags = _tags(blob)
            listed = _listed(tags)
        except (struct.error, ValueError, KeyError):
            damaged += 1
            continue
        if listed.name != _KEYS:
            yield listed
    if damaged:
        raise Unreadable(f"damaged package headers: {damaged}")


def _headers(data: bytes) -> Iterator[bytes]:
    if data[:16] != b"SQLite format 3\0":
        raise Unreadable("it is no SQLite database")
    # rpm writes ahead into a second file, which a database in memory cannot have: mark it as having none.
    plain = data[:18] + b"\x01\x01" + data[20:]
    with closing(sqlite3.connect(":memory:")) as database:
        try:
            database.deserialize(plain)
            database.execute("PRAGMA trusted_schema = OFF")
            database.set_progress_handler(lambda: 1, _STEPS)
            # A view of this name could run for ever; rpm's is a table.
            kind = database.execute("SELECT type FROM sqlite_master WHERE name = 'Packages'").fetchone()
            if kind != ("table",):
                raise Unreadable("it has no table of packages")
            for (blob,) in database.execute("SELECT blob FROM Packages"):
                yield blob if isinstance(blob, bytes) else b""
        except sqlite3.Error as exc:
            raise Unreadable(f"it is no sound SQLite database ({exc})") from exc


def _tags(header: bytes) -> dict[int, str | int]:
    """Return the few tags that name a package.

    Raises:
        struct.error: The header is shorter than it says.
        ValueError: So is its store, or a text in it does not end.
    """
    count, size = struct.unpack_from(">II", header)
    store = header[8 + 16 * count :][:size]
    found: dict[int, str | int] = {}
    for index in range(count):
        tag, kind, offset, _ = struct.unpack_from(">IIII", header, 8 + 16 * index)
        if tag in _TEXTS and kind in (_STRING, _STRING_ARRAY, _I18N_STRING):
            found[tag] = store[offset : store.index(b"\0", offset)].decode("utf-8", "replace")
        elif tag == _EPOCH and kind == _INT32:
            found[tag] = struct.unpack_from(">I", store, offset)[0]
    return found


def _listed(tags: dict[int, str | int]) -> Listed:
    version = f"{tags[_VERSION]}-{tags[_RELEASE]}"
    if tags.get(_EPOCH):
        version = f"{tags[_EPOCH]}:{version}"
    source, source_version = _source(str(tags.get(_SOURCE_RPM, "")))
    return Listed(str(tags[_NAME]), version, source, source_version, str(tags.get(_ARCHITECTURE, "")))


def _source(source_rpm: str) -> tuple[str, str]:
    """Take ``bash-5.1.8-6.el9.src.rpm`` apart; a source's file name has no epoch."""
    stem = source_rpm.removesuffix(".rpm").removesuffix(".src").removesuffix(".nosrc")
    parts = stem.rsplit("-", 2)
    return (parts[0], f"{parts[1]}-{parts[2]}") if len(parts) == 3 else ("", "")
