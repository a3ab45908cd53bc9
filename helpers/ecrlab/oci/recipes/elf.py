"""The smallest programs that Linux runs: one ELF header, one segment, a few instructions, a message.

Such a program needs no loader and no library, so it starts in an image with nothing else in it. What takes a
compiler elsewhere is written out here, instruction by instruction.

Sources: elf(5) for the headers; syscall(2) for numbers and registers of both architectures.
"""

from __future__ import annotations

import struct
from collections.abc import Callable

__all__ = ["architecture_of", "needs_loader", "speaking_program"]

_BASE = 0x400000
_HEADERS = 64 + 56  # one ELF header, one program header
_PAGE = 0x10000  # the largest page of the two architectures
_LOAD, _INTERPRETER = 1, 3
_READ_AND_EXECUTE = 0b101
_MACHINE = {"amd64": 62, "arm64": 183}


def speaking_program(message: bytes, architecture: str) -> bytes:
    """Return a static program that writes a message to its standard output and ends with status 0.

    Args:
        message: Less than 64 KiB, because arm64 sets a register to 16 bits at once.
        architecture: ``amd64`` or ``arm64``.
    """
    code = _CODE[architecture](len(message))
    size = _HEADERS + len(code) + len(message)
    identity = b"\x7fELF" + bytes([2, 1, 1]) + bytes(9)  # 64 bits, little endian, version 1
    header = struct.pack(
        "<HHIQQQIHHHHHH", 2, _MACHINE[architecture], 1, _BASE + _HEADERS, 64, 0, 0, 64, 56, 1, 64, 0, 0
    )
    segment = struct.pack("<IIQQQQQQ", _LOAD, _READ_AND_EXECUTE, 0, _BASE, _BASE, size, size, _PAGE)
    return identity + header + segment + code + message


def architecture_of(program: bytes) -> str | None:
    """Return ``amd64`` or ``arm64`` if this is the beginning of a 64-bit ELF program for it, else ``None``."""
    if len(program) < 64 or program[:6] != b"\x7fELF\x02\x01":
        return None
    machine = int.from_bytes(program[18:20], "little")
    return next((name for name, number in _MACHINE.items() if number == machine), None)


def needs_loader(program: bytes) -> bool:
    """Say whether a 64-bit ELF program asks for a dynamic loader (a segment PT_INTERP), and so for libraries."""
    start, size, count = struct.unpack_from("<Q", program, 32)[0], *struct.unpack_from("<HH", program, 54)
    kinds = (program[at : at + 4] for at in range(start, start + size * count, size))
    return any(int.from_bytes(kind, "little") == _INTERPRETER for kind in kinds)


def _amd64(length: int) -> bytes:
    after = bytes.fromhex("b83c000000 31ff 0f05")  # eax = 60 (exit), edi = 0, syscall
    before = b"\xba" + struct.pack("<I", length) + b"\x0f\x05"  # edx = length, syscall
    return (
        bytes.fromhex("b801000000 bf01000000")  # eax = 1 (write), edi = 1 (standard output)
        + bytes.fromhex("488d35")
        + struct.pack("<I", len(before + after))  # rsi = the address behind the last instruction
        + before
        + after
    )


def _arm64(length: int) -> bytes:
    def move(register: int, value: int) -> int:
        return 0xD2800000 | value << 5 | register

    call = 0xD4000001
    message_in = 7 * 4  # bytes from the second instruction to the message
    address = 0x10000000 | (message_in >> 2) << 5 | 1  # x1 = the address behind the last instruction
    write = [move(0, 1), address, move(2, length), move(8, 64), call]
    leave = [move(0, 0), move(8, 93), call]
    return struct.pack("<8I", *write, *leave)


_CODE: dict[str, Callable[[int], bytes]] = {"amd64": _amd64, "arm64": _arm64}
