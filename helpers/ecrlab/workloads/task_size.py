"""CPU and memory of tasks: how they are written, and which sizes AWS Fargate has."""

from __future__ import annotations

import re

__all__ = ["FARGATE_MEMORY", "cpu_units", "fargate_memory_text", "memory_mib"]

_GIB = 1024
FARGATE_MEMORY: dict[int, tuple[int, ...]] = {
    256: (512, 1 * _GIB, 2 * _GIB),
    512: tuple(n * _GIB for n in range(1, 5)),
    1024: tuple(n * _GIB for n in range(2, 9)),
    2048: tuple(n * _GIB for n in range(4, 17)),
    4096: tuple(n * _GIB for n in range(8, 31)),
    8192: tuple(n * _GIB for n in range(16, 61, 4)),
    16384: tuple(n * _GIB for n in range(32, 121, 8)),
}
"""Memory in MiB that Fargate offers for so many CPU units (1024 are one vCPU), on Linux.

Source: Amazon ECS Developer Guide, "Task definition parameters for Fargate", task size.
"""

_CPU = re.compile(r"([0-9]{0,9}(?:\.[0-9]{1,6})?) ?(vcpu)?", re.IGNORECASE)
_MEMORY = re.compile(r"([0-9]{0,9}(?:\.[0-9]{1,6})?) ?(gb)?", re.IGNORECASE)


def cpu_units(text: str) -> int | None:
    """Read ``256``, ``1 vCPU`` or ``.25 vcpu`` as CPU units; ``None`` if it is neither."""
    return _amount(_CPU, text)


def memory_mib(text: str) -> int | None:
    """Read ``512`` or ``2 GB`` as MiB; ``None`` if it is neither."""
    return _amount(_MEMORY, text)


def _amount(pattern: re.Pattern[str], text: str) -> int | None:
    match = pattern.fullmatch(text.strip())
    if match is None or not match[1]:
        return None
    if match[2] is None:
        return int(match[1]) if match[1].isdigit() else None
    return round(float(match[1]) * 1024)


def fargate_memory_text(cpu: int) -> str:
    """Say in words which memory Fargate offers for so many CPU units: ``512, 1024 or 2048 MiB``."""
    offered = FARGATE_MEMORY[cpu]
    if len(offered) <= 3:
        return ", ".join(str(size) for size in offered[:-1]) + f" or {offered[-1]} MiB"
    step = (offered[1] - offered[0]) // _GIB
    return f"{offered[0]} to {offered[-1]} MiB in steps of {step} GiB"
