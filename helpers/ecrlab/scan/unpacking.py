"""A layer's tar as a stream of pieces, whatever it is packed with, in flat memory.

The first bytes decide, not the media type: registries hold layers whose media type says otherwise, and container
runtimes look at the bytes too.

Sources: RFC 1952 (gzip), RFC 8878 (Zstandard frames, skippable ones included), OCI image specification, layer.md.
"""

from __future__ import annotations

import sys
import zlib
from collections.abc import Callable, Iterable, Iterator

from ecrlab.errors import InvalidImage
from ecrlab.oci.store import CHUNK
from ecrlab.scan.limits import Enough, Limits

__all__ = ["Pieces", "unpacked"]

_GZIP = b"\x1f\x8b"
_ZSTD = b"\x28\xb5\x2f\xfd"
_ZSTD_SKIPPABLE = b"\x2a\x4d\x18"  # after one byte from 0x50 to 0x5f


def unpacked(packed: Iterable[bytes], limits: Limits, place: str) -> Iterator[bytes]:
    """Yield the tar in pieces of at most a megabyte.

    Args:
        packed: The bytes of the layer as they are stored.
        limits: How much may come out.
        place: Where the bytes are from, for errors.

    Raises:
        InvalidImage: A stream that is damaged or ends early.
        Enough: More came out than ``limits`` allow.
    """
    meter = _Meter(limits)
    pieces = meter.counted_in(packed)
    head = b""
    while len(head) < len(_ZSTD) and (piece := next(pieces, b"")):
        head += piece
    unpack = _unpacking_of(head)
    for piece in unpack(_with_head(head, pieces), place):
        meter.count_out(len(piece))
        yield piece


class _Meter:
    """Counts what goes in and what comes out, and objects when the two are out of proportion."""

    def __init__(self, limits: Limits) -> None:
        self._limits, self._read, self._written = limits, 0, 0

    def counted_in(self, packed: Iterable[bytes]) -> Iterator[bytes]:
        for piece in packed:
            self._read += len(piece)
            if piece:
                yield piece

    def count_out(self, size: int) -> None:
        self._written += size
        limits = self._limits
        if self._written > limits.unpacked:
            raise Enough(f"it unpacks to more than {limits.unpacked:,} bytes")
        if self._written > limits.ratio_from and self._written > limits.ratio * self._read:
            raise Enough(f"it unpacks to more than {limits.ratio} times its size")


def _with_head(head: bytes, pieces: Iterator[bytes]) -> Iterator[bytes]:
    yield head
    yield from pieces


def _unpacking_of(head: bytes) -> Callable[[Iterator[bytes], str], Iterator[bytes]]:
    if head.startswith(_GZIP):
        return _gunzipped
    if head.startswith(_ZSTD) or (head[1:4] == _ZSTD_SKIPPABLE and head[0] >> 4 == 5):
        return _unzstd
    return _as_it_is


def _as_it_is(packed: Iterator[bytes], place: str) -> Iterator[bytes]:
    return packed


def _gunzipped(packed: Iterator[bytes], place: str) -> Iterator[bytes]:
    member = zlib.decompressobj(wbits=31)
    try:
        for piece in packed:
            rest = piece
            while rest:
                if member.eof:
                    member = zlib.decompressobj(wbits=31)
                yield from _inflated(member, rest)
                rest = member.unused_data
    except zlib.error as exc:
        raise InvalidImage(place, f"it is not a sound gzip stream ({exc})", "push the image again") from exc
    if not member.eof:
        raise InvalidImage(place, "its gzip stream ends early", "push the image again")


def _inflated(member: zlib._Decompress, packed: bytes) -> Iterator[bytes]:
    """Feed one piece to a gzip member and yield what comes out, never more than a megabyte at a time."""
    while True:
        piece = member.decompress(packed, CHUNK)
        if piece:
            yield piece
        packed = member.unconsumed_tail
        if member.eof or (not packed and len(piece) < CHUNK):
            return


def _unzstd(packed: Iterator[bytes], place: str) -> Iterator[bytes]:
    if sys.version_info >= (3, 14):
        from compression import zstd
    else:
        from backports import zstd

    frame = zstd.ZstdDecompressor()
    try:
        for piece in packed:
            rest = piece
            while rest:
                if frame.eof:
                    frame = zstd.ZstdDecompressor()
                yield frame.decompress(rest, CHUNK)
                while not (frame.eof or frame.needs_input):
                    yield frame.decompress(b"", CHUNK)
                rest = frame.unused_data if frame.eof else b""
    except zstd.ZstdError as exc:
        raise InvalidImage(place, f"it is not a sound zstd stream ({exc})", "push the image again") from exc
    if not frame.eof:
        raise InvalidImage(place, "its zstd stream ends early", "push the image again")


class Pieces:
    """A stream of pieces that is read by the byte: so many of them, or past so many."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._piece, self._at = b"", 0
        self.position = 0

    def read(self, size: int) -> bytes:
        """Return the next ``size`` bytes, fewer only at the end."""
        if len(self._piece) - self._at >= size:
            found = self._piece[self._at : self._at + size]
            self._at += size
            self.position += size
            return found
        parts = []
        while size and self._refill():
            part = self._piece[self._at : self._at + size]
            parts.append(part)
            self._advance(len(part))
            size -= len(part)
        return b"".join(parts)

    def skip(self, size: int) -> int:
        """Pass over ``size`` bytes without keeping them; return how many are missing, because the end came first."""
        while size and self._refill():
            step = min(size, len(self._piece) - self._at)
            self._advance(step)
            size -= step
        return size

    def _advance(self, size: int) -> None:
        self._at += size
        self.position += size

    def _refill(self) -> bool:
        while self._at == len(self._piece):
            piece = next(self._pieces, None)
            if piece is None:
                return False
            self._piece, self._at = piece, 0
        return True
