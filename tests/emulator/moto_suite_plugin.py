"""A pytest plugin for the process that runs moto's own tests: our emulator first, and the same dice every time."""

from __future__ import annotations

import os
import random

from ecrlab import emulator


def pytest_configure() -> None:
    """Install before the first test module is imported."""
    emulator.install(strict=os.environ["ECRLAB_SUITE"] == "strict")


def pytest_runtest_setup() -> None:
    """Seed the generator from which moto's tests draw their manifests."""
    random.seed(20261102)
