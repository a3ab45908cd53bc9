"""Where the bytes of a layer lie: in memory, or in a file that is checked while it is read."""

from __future__ import annotations

import hashlib
import io
import os
import tempfile
import weakref
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Protocol, cast

from ecrlab.errors import LayerChanged
from ecrlab.naming import Digest

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

__all__ = ["CHUNK", "Blob", "FileBlob", "MemoryBlob", "Scratch", "chunks", "measure"]

CHUNK = 1024 * 1024
"""Bytes that are read, hashed and written at a time."""


def chunks(stream: BinaryIO) -> Iterator[bytes]:
    """Read a stream to its end, a megabyte at a time."""
    while piece := stream.read(CHUNK):
        yield piece


def measure(stream: BinaryIO) -> tuple[Digest, int]:
    """Read a stream to its end; return its digest and its size in bytes."""
    sha256, size = hashlib.sha256(), 0
    for piece in chunks(stream):
        sha256.update(piece)
        size += len(piece)
    return Digest(f"sha256:{sha256.hexdigest()}"), size


class Blob(Protocol):
    """Bytes that can be read from the start as often as needed."""

    def open(self) -> BinaryIO:
        """Return a stream at the first byte; the caller closes it."""
        ...

    def open_verified(self, digest: Digest, size: int) -> BinaryIO:
        """Return a stream that raises :class:`LayerChanged` instead of ending, if these are not those bytes."""
        ...


@dataclass(frozen=True, slots=True)
class MemoryBlob:
    """Bytes in memory. They cannot change."""

    data: bytes

    def open(self) -> BinaryIO:
        """Return a stream at the first byte."""
        return io.BytesIO(self.data)

    def open_verified(self, digest: Digest, size: int) -> BinaryIO:
        """Return a stream at the first byte; immutable bytes need no second look."""
        return io.BytesIO(self.data)


class Scratch:
    """A temporary file that lives as long as a value refers to it."""

    __slots__ = ("__weakref__", "path")

    def __init__(self) -> None:
        handle, name = tempfile.mkstemp(prefix="ecrlab-layer-")
        os.close(handle)
        self.path = Path(name)
        weakref.finalize(self, _discard, self.path)


def _discard(path: Path) -> None:
    with suppress(OSError):  # Windows keeps a file that is still open; the system's own clean-up takes it later
        path.unlink(missing_ok=True)


@dataclass(frozen=True, slots=True)
class FileBlob:
    """Bytes in a file, read when they are needed. ``owner`` keeps a temporary file alive."""

    path: Path
    owner: Scratch | None = None

    def open(self) -> BinaryIO:
        """Return a stream at the first byte."""
        return self.path.open("rb")

    def open_verified(self, digest: Digest, size: int) -> BinaryIO:
        """Return a stream that checks what it reads.

        Raises:
            LayerChanged: The file is gone; later, while reading: it is not the same any more.
        """
        try:
            file = self.path.open("rb", buffering=0)
        except FileNotFoundError as exc:
            raise LayerChanged(f"layer {str(self.path)!r}", "the file is gone", "put it back") from exc
        return cast(BinaryIO, io.BufferedReader(_Watched(file, self.path, digest, size), CHUNK))


class _Watched(io.RawIOBase):
    """A file that hashes what passes through, and objects at the first sign of a change."""

    def __init__(self, file: io.FileIO, path: Path, digest: Digest, size: int) -> None:
        super().__init__()
        self._file = file
        self._path, self._digest, self._size = path, digest, size
        self._sha256, self._read = hashlib.sha256(), 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        view = memoryview(buffer)
        count = self._file.readinto(view) or 0
        self._sha256.update(view[:count])
        self._read += count
        at_end = count == 0 and len(view) > 0
        if self._read > self._size or (at_end and self._read < self._size):
            self._object(f"it had {self._size:,} bytes and has {'more' if self._read > self._size else self._read} now")
        if self._read == self._size and f"sha256:{self._sha256.hexdigest()}" != self._digest.value:
            self._object(f"its bytes are no longer those of {self._digest}")
        return count

    def _object(self, fact: str) -> None:
        raise LayerChanged(
            f"layer {str(self._path)!r}", f"it changed while it was read: {fact}", "make the layer again from the file"
        )

    def close(self) -> None:
        self._file.close()
        super().close()
