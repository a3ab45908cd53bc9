"""A real JupyterLab and a real browser for the tests that click.

The server is the learner's own command, ``ecrlab lab``, on a copy of the course; the browser is Debian's chromium.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import pytest
from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).parents[2]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = [
    "--no-sandbox",  # CI runs as root, where the sandbox refuses to start
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@dataclass(frozen=True, slots=True)
class RunningLab:
    """A JupyterLab that serves a copy of the course."""

    url: str
    token: str
    course: Path
    progress: Path


@pytest.fixture(scope="session")
def running_lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningLab]:
    """Start ``ecrlab lab`` on a copy of the course and stop it, kernels included, at the end."""
    home = tmp_path_factory.mktemp("home")
    course = tmp_path_factory.mktemp("course")
    for part in ("notebooks", "labs"):
        shutil.copytree(ROOT / part, course / part, ignore=shutil.ignore_patterns(".ipynb_checkpoints"))
    progress = home / "progress.json"
    environment = os.environ | {
        "HOME": str(home),
        "JUPYTER_DATA_DIR": str(home / "data"),
        "JUPYTER_CONFIG_DIR": str(home / "config"),
        "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
        "ECRLAB_COURSE": str(course),
        "ECRLAB_PROGRESS": str(progress),
    }
    server = subprocess.Popen(
        [sys.executable, "-m", "ecrlab.cli", "lab", "--no-browser", "--", "--LabApp.expose_app_in_browser=True"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    assert server.stdout is not None
    said: list[str] = []
    listener = threading.Thread(target=said.extend, args=(server.stdout,), daemon=True)
    try:
        url, token = _address(server.stdout)
        listener.start()  # so that the server never waits for somebody to read what it says
        yield RunningLab(url, token, course, progress)
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(timeout=30)
        listener.join(timeout=30)
        server.stdout.close()


def _address(output: IO[str]) -> tuple[str, str]:
    """Read the server's output until it names its address; return that and the token."""
    seen = []
    for line in output:
        seen.append(line)
        if "?token=" in line:
            address = next(word for word in line.split() if word.startswith("http://127.0.0.1:"))
            base, _, token = address.partition("?token=")
            return base.split("/lab")[0], token
    raise AssertionError("JupyterLab did not name its address:\n" + "".join(seen))


@pytest.fixture(scope="session")
def browser_name() -> str:
    """Name the browser, or say how to get it; in CI a missing browser is a failure, not a skip."""
    if CHROMIUM is None:
        message = "no chromium on this machine; install it with: sudo apt-get install chromium"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    return CHROMIUM


@pytest.fixture
def page(running_lab: RunningLab, browser_name: str, tmp_path: Path) -> Iterator[Page]:
    """Open the server in a fresh browser; anything asked from outside this machine fails the test."""
    with sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            str(tmp_path / "profile"),
            executable_path=browser_name,
            args=FLAGS,
            viewport={"width": 1280, "height": 900},
        )
        page = context.pages[0]
        outside: list[str] = []
        page.on("request", lambda request: outside.append(request.url) if not _is_local(request.url) else None)
        page.goto(f"{running_lab.url}/lab/workspaces/{tmp_path.name}?reset&token={running_lab.token}")
        yield page
        context.close()
        assert [] == outside


def _is_local(url: str) -> bool:
    return url.startswith(("http://127.0.0.1:", "ws://127.0.0.1:", "data:", "blob:", "about:", "chrome"))
