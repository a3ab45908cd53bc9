"""``progress_bar``: how far a push or a pull is, where somebody looks on."""

from __future__ import annotations

import sys
from typing import Any

from ecrlab.registry.report import Progress
from ecrlab.show.front_end import is_live

__all__ = ["ProgressBar", "progress_bar"]


def progress_bar() -> ProgressBar:
    """Return a callback for ``registry.push(…, progress=…)`` and ``pull``.

    It draws a bar in JupyterLab and in a terminal. Elsewhere it is silent, so that recorded outputs are the same on
    every machine. The bar goes away when the transfer is done; the callback can be used again.
    """
    return ProgressBar(visible=is_live() or sys.stderr.isatty())


class ProgressBar:
    """Draws each ``Progress`` that it is called with.

    Args:
        visible: Whether anything is drawn at all.
    """

    def __init__(self, *, visible: bool) -> None:
        self.visible = visible
        self._bar: Any = None
        self._stage = ""

    def __call__(self, progress: Progress) -> None:
        """Draw how far the transfer is."""
        if not self.visible:
            return
        if self._bar is None or self._stage != progress.stage or progress.done_bytes < self._bar.n:
            self._begin(progress)
        self._bar.set_postfix_str(progress.subject, refresh=False)
        self._bar.update(progress.done_bytes - self._bar.n)
        if progress.done_bytes >= progress.total_bytes:
            self.close()

    def close(self) -> None:
        """Take the bar away. Only a transfer that broke off needs it; closing twice is fine."""
        if self._bar is not None:
            self._bar.close()
        self._bar = None

    def _begin(self, progress: Progress) -> None:
        from tqdm.auto import tqdm

        self.close()
        self._stage = progress.stage
        self._bar = tqdm(
            desc=progress.stage.capitalize(),
            total=progress.total_bytes,
            unit="B",
            unit_scale=True,
            unit_divisor=1024,
            leave=False,
        )
