"""A lab for tests, and a process in which none is open before or after."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from ecrlab.cloud import session


@pytest.fixture(autouse=True)
def no_lab_is_left_open(monkeypatch):
    """Begin without ``ECRLAB_*`` variables, and close what a test has opened."""
    for name in [name for name in os.environ if name.startswith("ECRLAB_")]:
        monkeypatch.delenv(name)
    yield
    if session._open.lab is not None:
        session._open.lab.close()


@pytest.fixture
def aws_files(tmp_path: Path, monkeypatch) -> Path:
    """AWS configuration files with one profile, ``course``, whose keys look real and are not."""
    (tmp_path / "config").write_text("[profile course]\nregion = eu-west-1\n\n[profile empty]\nregion = eu-west-1\n")
    (tmp_path / "credentials").write_text(
        "[course]\naws_access_key_id = AKIACOURSEPROFILE000\naws_secret_access_key = courseprofilesecret\n"
    )
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    return tmp_path
