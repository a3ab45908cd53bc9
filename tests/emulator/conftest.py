"""One strict registry per test, on a clock that stands still."""

from __future__ import annotations

from collections.abc import Iterator

import boto3
import pytest
from client_world import World
from ecrlab import emulator
from ecrlab.clock import ManualClock
from moto import mock_aws


@pytest.fixture(autouse=True)
def _no_aws_settings(monkeypatch):
    """Keep the machine's AWS settings out: no region, profile or certificate bundle of its own."""
    for name in ("AWS_CA_BUNDLE", "AWS_PROFILE", "AWS_DEFAULT_REGION", "AWS_REGION", "MOTO_ACCOUNT_ID"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def clock() -> ManualClock:
    """The time of the registry."""
    return ManualClock()


@pytest.fixture
def world(clock) -> Iterator[World]:
    """A strict registry with an empty repository ``team/api``."""
    emulator.install(clock=clock)
    with mock_aws():
        made = World(boto3.client("ecr", region_name="us-east-1"), clock)
        made.ecr.create_repository(repositoryName=made.repository)
        yield made
    emulator.uninstall()


@pytest.fixture
def ecr(world):
    """The client of ``world``."""
    return world.ecr
