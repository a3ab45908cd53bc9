"""``make links``: what it says about addresses that answer, are gone, lead elsewhere, or cannot be reached."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import ModuleType

import pytest

TOOL = Path(__file__).parents[1] / "tools" / "links.py"


@pytest.fixture(scope="module")
def links() -> ModuleType:
    """The tool as a module."""
    spec = importlib.util.spec_from_file_location("links_tool", TOOL)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


class Pages(BaseHTTPRequestHandler):
    """A site with a page, a page that moved, one that is gone, one for GET only, and one that keeps programs out."""

    def do_HEAD(self) -> None:
        """Answer by the path."""
        status = {"/here": 200, "/moved": 301, "/gone": 404, "/get": 405, "/closed": 403}[self.path]
        self.send_response(status)
        if status == 301:
            self.send_header("Location", "/here")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_GET(self) -> None:
        """Answer what HEAD does not."""
        self.path = "/here" if self.path == "/get" else self.path
        self.do_HEAD()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    """The site's address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Pages)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(
    ("path", "status", "gone"),
    [
        ("/here", 200, False),
        ("/moved", 200, False),
        ("/gone", 404, True),
        ("/get", 200, False),
        ("/closed", 403, False),
    ],
)
def test_what_an_address_answers(links, site, path, status, gone):
    """Only a page that is not there counts as gone; one that keeps programs out does not."""
    answer = links.ask(site + path)
    assert (status, gone) == (answer.status, answer.is_gone)
    assert answer.final_url == site + ("/here" if path == "/moved" else path)


def test_an_address_that_cannot_be_reached(links):
    """Nothing is known about it, so it is not gone."""
    answer = links.ask("http://127.0.0.1:9/")
    assert (None, False) == (answer.status, answer.is_gone)
    assert answer.note


def test_the_course_in_order_without_a_network():
    """Offline the tool counts the addresses and finds no fault."""
    done = subprocess.run([sys.executable, str(TOOL), "--offline"], capture_output=True, text=True, check=False)
    assert (0, "") == (done.returncode, done.stderr)
    assert " addresses; 0 faults that can be seen without a network" in done.stdout


def test_every_kind_of_page_is_asked(links):
    """References, terms, history, prices and the documents are all in the list, each address once."""
    urls = links.addresses()
    assert len(set(urls)) == len(urls)
    for wanted in ("AmazonECR/latest/userguide", "aws.amazon.com/ecr/pricing", "whats-new", "opencontainers"):
        assert any(wanted in url for url in urls)
