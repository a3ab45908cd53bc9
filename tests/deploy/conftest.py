"""A lab in Mode Mock with one repository, and the things around it in a few words."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import pytest
from botocore.loaders import create_loader
from deploy_world import World
from ecrlab import open_lab


@pytest.fixture(autouse=True, scope="session")
def _read_once():
    """Spare what every new lab reads again: botocore's models, and a thousand machine images of EC2 in moto."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MOTO_EC2_LOAD_DEFAULT_AMIS", "false")
        patch.setattr("botocore.session.create_loader", cache(create_loader))
        yield


@pytest.fixture
def world() -> Iterator[World]:
    """A lab with the empty repository ``team/api``, an ECS cluster and an execution role that may pull."""
    with open_lab() as lab:
        yield World(lab)


@pytest.fixture(scope="module")
def shared() -> Iterator[World]:
    """A lab for several tests of a table, each of which only adds things of its own; ``team/api:1.0`` is there."""
    with open_lab() as lab:
        made = World(lab)
        made.push("one")
        yield made
