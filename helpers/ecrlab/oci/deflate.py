"""A gzip writer whose output is the same everywhere.

Why not :mod:`gzip`? Its bytes come from whichever zlib this Python was linked with. zlib, zlib-ng (Python 3.14 on
Windows, Fedora) and Intel's or Cloudflare's forks all write valid deflate, but different deflate: the digest of a
layer would depend on the machine, and the digests printed in the notebooks would be wrong for half the readers.

So the kit writes deflate itself, in the two simplest block kinds of RFC 1951: *stored* (section 3.2.4) and *fixed
Huffman* with greedy back references (3.2.6). It compresses worse than zlib and every tool can read it. Written in
Python it takes about a second per MiB, so it is used up to ``COMPRESSED_LIMIT`` of input, which covers what the
course builds; larger layers are stored as they are. Real layers come from real build tools through
:func:`ecrlab.oci.layer_from_file`, bytes untouched.

Only CRC-32 is taken from zlib: a checksum has one right answer.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator

__all__ = ["COMPRESSED_LIMIT", "gzip_bytes"]

COMPRESSED_LIMIT = 256 * 1024
"""Bytes of input up to which we compress; beyond it the gzip stream holds stored blocks."""

# RFC 1952, 2.3: magic, deflate, no flags (hence no file name), no time, no hint, operating system "unknown".
_HEADER = bytes([0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 255])
_STORED_MAX = 0xFFFF
_SHORTEST, _LONGEST, _WINDOW = 3, 258, 32 * 1024
_END_OF_BLOCK = 256


def gzip_bytes(data: bytes) -> bytes:
    """Wrap ``data`` in one gzip member, compressed if that is worth it."""
    body = _stored(data)
    if len(data) <= COMPRESSED_LIMIT:
        body = min(body, _fixed_huffman(data), key=len)
    trailer = zlib.crc32(data).to_bytes(4, "little") + (len(data) & 0xFFFFFFFF).to_bytes(4, "little")
    return b"".join((_HEADER, body, trailer))


def _stored(data: bytes) -> bytes:
    blocks: list[bytes | memoryview] = []
    for start in range(0, max(len(data), 1), _STORED_MAX):
        piece = memoryview(data)[start : start + _STORED_MAX]
        last = start + _STORED_MAX >= len(data)
        length = len(piece)
        blocks += [bytes([last]), length.to_bytes(2, "little"), (length ^ 0xFFFF).to_bytes(2, "little"), piece]
    return b"".join(blocks)


def _reversed_bits(value: int, width: int) -> int:
    return int(f"{value:0{width}b}"[::-1], 2)


def _fixed_codes() -> list[tuple[int, int]]:
    """The fixed literal and length codes (RFC 1951, 3.2.6) as (bits in sending order, width)."""
    codes = []
    for symbol in range(288):
        if symbol < 144:
            code, width = 0b00110000 + symbol, 8
        elif symbol < 256:
            code, width = 0b110010000 + symbol - 144, 9
        elif symbol < 280:
            code, width = symbol - 256, 7
        else:
            code, width = 0b11000000 + symbol - 280, 8
        codes.append((_reversed_bits(code, width), width))
    return codes


def _length_codes() -> list[tuple[int, int]]:
    """For each match length, its code with the extra bits behind it (RFC 1951, 3.2.5)."""
    table = [(0, 0)] * (_LONGEST + 1)
    length, symbol = _SHORTEST, 257
    while length < _LONGEST:
        extra = max(0, (symbol - 261) // 4)
        code, width = _CODES[symbol]
        for offset in range(min(1 << extra, _LONGEST - length)):
            table[length + offset] = (code | offset << width, width + extra)
        length += 1 << extra
        symbol += 1
    table[_LONGEST] = _CODES[285]
    return table


def _distance_starts() -> list[tuple[int, int]]:
    """The first distance and the number of extra bits of each distance code (RFC 1951, 3.2.5)."""
    starts, distance = [], 1
    for symbol in range(30):
        extra = max(0, symbol // 2 - 1)
        starts.append((distance, extra))
        distance += 1 << extra
    return starts


_CODES = _fixed_codes()
_LENGTHS = _length_codes()
_DISTANCES = _distance_starts()


def _distance_code(distance: int) -> tuple[int, int]:
    # Two codes share each power of two, so the code follows from the position of the highest bits.
    if distance <= 4:
        symbol = distance - 1
    else:
        top = (distance - 1).bit_length() - 1
        symbol = 2 * top + ((distance - 1) >> (top - 1) & 1)
    start, extra = _DISTANCES[symbol]
    return _reversed_bits(symbol, 5) | (distance - start) << 5, 5 + extra


def _fixed_huffman(data: bytes) -> bytes:
    out = bytearray()
    pending, width = 0b011, 3  # last block, fixed Huffman
    for bits, count in _tokens(data):
        pending |= bits << width
        width += count
        if width >= 4096:  # few long shifts instead of many short ones
            whole = width // 8
            out += (pending & ((1 << 8 * whole) - 1)).to_bytes(whole, "little")
            pending >>= 8 * whole
            width -= 8 * whole
    out += pending.to_bytes((width + 7) // 8, "little")
    return bytes(out)


def _tokens(data: bytes) -> Iterator[tuple[int, int]]:
    """Literals and back references, greedily: the latest earlier place that starts with the same four bytes."""
    seen: dict[bytes, int] = {}
    at, end = 0, len(data)
    while at < end:
        key = data[at : at + 4]
        before = seen.get(key)
        seen[key] = at
        if before is None or at - before > _WINDOW or len(key) < 4:
            yield _CODES[data[at]]
            at += 1
            continue
        length = _match_length(data, before, at, min(_LONGEST, end - at))
        code, width = _LENGTHS[length]
        distance, more = _distance_code(at - before)
        yield code | distance << width, width + more
        for inside in range(at + 1, min(at + length, at + 16)):  # enough places to be found again
            seen[data[inside : inside + 4]] = inside
        at += length
    yield _CODES[_END_OF_BLOCK]


def _match_length(data: bytes, before: int, at: int, limit: int) -> int:
    low, high = 4, limit  # the answer lies between; compare slices, which C does, instead of bytes
    while low < high:
        middle = (low + high + 1) // 2
        if data[before : before + middle] == data[at : at + middle]:
            low = middle
        else:
            high = middle - 1
    return low
