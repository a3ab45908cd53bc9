"""A real JupyterLab and a real browser for the tests that click.

The server is the learner's own command, ``ecrlab lab``, on a copy of the course; the browser is Debian's chromium.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, sync_playwright
from serving import CHROMIUM, FLAGS, RunningLab, serving


@pytest.fixture(scope="session")
def running_lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningLab]:
    """Start ``ecrlab lab`` on a copy of the course and stop it, kernels included, at the end."""
    with serving(tmp_path_factory.mktemp("course"), tmp_path_factory.mktemp("home")) as running:
        yield running


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
