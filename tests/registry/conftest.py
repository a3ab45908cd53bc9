"""A strict registry per test, reached as anyone would reach it: a boto3 client under moto."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from ecrlab import emulator
from ecrlab.clock import ManualClock
from moto import mock_aws


@pytest.fixture(autouse=True)
def _no_aws_settings(monkeypatch):
    """Keep the machine's AWS settings out."""
    for name in ("AWS_CA_BUNDLE", "AWS_PROFILE", "AWS_DEFAULT_REGION", "AWS_REGION", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def clock() -> ManualClock:
    """The time of the registry."""
    return ManualClock()


@pytest.fixture
def ecr(clock) -> Iterator[Any]:
    """A client of a registry with one empty repository, ``team/api``."""
    emulator.install(clock=clock)
    with mock_aws():
        client = boto3.client("ecr", region_name="us-east-1")
        client.create_repository(repositoryName="team/api")
        yield client
    emulator.uninstall()
