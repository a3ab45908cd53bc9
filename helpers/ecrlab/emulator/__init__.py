"""Amazon ECR on moto: our own registry behind moto's door.

``install()`` puts it into moto, for the lab and for anyone's own ``mock_aws``; ``uninstall()`` puts moto's own ECR
back. Everything else of AWS stays moto's; only its STS remembers more, so that policies can decide.
``ecrlab.emulator.fidelity`` lists what acts and what is missing.
"""

from __future__ import annotations

from datetime import datetime

from ecrlab.clock import Clock
from ecrlab.errors import InvalidInput

__all__ = ["install", "uninstall"]


def install(*, strict: bool = True, clock: Clock | None = None) -> None:
    """Put our ECR into moto, now and for every ``mock_aws`` to come.

    A second call replaces the settings of the first. State that moto's ECR, or an earlier install, held is dropped; so
    not while a lab is open, which has installed it for itself.

    Args:
        strict: Do as AWS does. ``False`` relaxes the rules listed in ``ecrlab.emulator.rules`` for the sake of tests
            that were written against moto's behaviour.
        clock: Where push times and expiries come from; by default the system's time.

    Raises:
        InvalidInput: ``clock`` is no clock, or ``strict`` neither ``True`` nor ``False``.
    """
    if not isinstance(strict, bool):
        raise InvalidInput("emulator.install", f"strict {strict!r} is neither True nor False", "write one of them")
    # A datetime has a method ``now``, too: one that ignores the moment it is called on.
    if clock is not None and (isinstance(clock, datetime | type) or not callable(getattr(clock, "now", None))):
        raise InvalidInput(
            "emulator.install", f"clock {clock!r} is no clock", "pass ManualClock(start) or SystemClock()"
        )
    from ecrlab.emulator import moto_adapter

    moto_adapter.install(strict=strict, clock=clock)


def uninstall() -> None:
    """Put moto's own ECR back. Without an install before it, nothing happens."""
    import sys

    adapter = sys.modules.get("ecrlab.emulator.moto_adapter")
    if adapter is not None:
        adapter.uninstall()
