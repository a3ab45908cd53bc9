"""The learner's own command, ``ecrlab lab``, on a copy of the course: for the tests that click, and for the films."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

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


@contextmanager
def serving(course: Path, home: Path) -> Iterator[RunningLab]:
    """Start ``ecrlab lab`` on a copy of the course and stop it, kernels included, at the end.

    Args:
        course: An existing folder for the copy.
        home: An existing folder for all that the learner's home would hold.
    """
    for part in ("notebooks", "labs"):
        shutil.copytree(ROOT / part, course / part, ignore=shutil.ignore_patterns(".ipynb_checkpoints", "video"))
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
        if listener.is_alive():
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
