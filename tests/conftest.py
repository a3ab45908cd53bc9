"""What every test may count on: the course is where it stands, and no setting of the learner's leaks in."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

# MAKE…: `make test` would have a make that a test starts announce the folders it enters.
for _name in [name for name in os.environ if name.startswith(("ECRLAB_", "JUPYTER", "MAKE", "MFLAGS"))]:
    del os.environ[_name]


@pytest.fixture(scope="session")
def root() -> Path:
    """The folder of the course."""
    return Path(__file__).parents[1]
