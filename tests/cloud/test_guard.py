"""In Mode Mock no connection leaves the machine and no real credential is used."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from ecrlab import open_lab
from ecrlab.cloud.credentials import FAKE_ACCESS_KEY_ID, fenced
from ecrlab.cloud.guard import guarded, is_guarding, is_local
from ecrlab.errors import NetworkRefused
from hypothesis import given
from hypothesis import strategies as st

HERE = Path(__file__).parent


def run(script: str, *arguments: str, **variables: str) -> dict[str, Any]:
    """Run a probe in a process of its own, and read its report."""
    done = subprocess.run(
        [sys.executable, HERE / script, *arguments],
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def report() -> dict[str, Any]:
    """What came of every attempt to reach the network from an open lab."""
    return run("guard_probe.py")


def test_every_way_out_is_closed(report):
    """TCP, UDP, look-ups, threads, asyncio, urllib, requests, boto3: each attempt meets the guard, none passes it."""
    passed = {name: what["raised"] for name, what in report["outcomes"].items() if what["refusal"] is None}

    assert passed == {}
    assert len(report["outcomes"]) >= 25


MESSAGE = (
    "connection to '{}': no connection leaves this machine while a lab in Mode Mock is open; "
    "lab.close() first, or open_lab(Aws(profile=…, account_id=…)) to work on a real account"
)
REFUSED_HOSTS = {  # attempt: the host that its message names
    "tcp": "192.0.2.1",
    "instance metadata": "169.254.169.254",
    "getaddrinfo": "registry.example.com",
    "requests": "registry.example.com",
    "a boto3 client from before the lab": "api.ecr.us-east-1.amazonaws.com",
}


@pytest.mark.parametrize(("attempt", "host"), REFUSED_HOSTS.items(), ids=REFUSED_HOSTS)
def test_error_a_refusal_names_the_host_and_the_way_out(report, attempt, host):
    """The whole message of a refused connection."""
    assert MESSAGE.format(host) == report["outcomes"][attempt]["refusal"]


@pytest.mark.parametrize("attempt", ["a boto3 client from before the lab", "a boto3 client of an endpoint outside"])
def test_error_boto3_passes_the_refusal_on(report, attempt):
    """A client whose call nobody intercepts fails with the guard's own error, not with a wrapped one."""
    assert report["outcomes"][attempt]["raised"] == "NetworkRefused"


def test_loopback_stays_open(report):
    """Servers of this machine, Jupyter's among them, are reached by address and by name."""
    assert report["loopback"]
    assert report["emulated"]


def test_the_guard_ends_with_the_lab(report):
    """After close the guard lets the attempt pass, and the probe's backstop is what stops it."""
    assert report["after"]["raised"] == "PassedTheGuardError"


def test_the_guard_is_on_while_a_lab_is_open():
    """Opening switches it on, a second lab keeps it on, closing switches it off."""
    states = [is_guarding()]
    lab = open_lab()
    states.append(is_guarding())
    lab = open_lab()
    states.append(is_guarding())
    lab.close()
    states.append(is_guarding())

    assert states == [False, True, True, False]


def test_sockets_are_themselves_again():
    """Nothing of the guard stays on ``socket.socket`` or on botocore."""
    from botocore.httpsession import URLLib3Session

    before = dict(vars(socket.socket)), URLLib3Session.send
    with guarded(), pytest.raises(NetworkRefused):
        socket.create_connection(("192.0.2.1", 443))

    assert before == (dict(vars(socket.socket)), URLLib3Session.send)


LOCAL = ["127.0.0.1", "127.255.255.254", "::1", "::ffff:127.0.0.1", "localhost", "LOCALHOST", "", None, "0.0.0.0", "::"]
FOREIGN = [
    "192.0.2.1",
    "10.0.0.1",
    "169.254.169.254",
    "fd00:ec2::254",
    "::ffff:192.0.2.1",
    "fe80::1%eth0",
    "128.0.0.1",
    "127.0.0.1.example.com",
    "localhost.example.com",
    "evil-localhost",
    "2130706433",  # 127.0.0.1 to a lenient parser; what has to be guessed is not trusted
    "<broadcast>",
    b"192.0.2.1",
    7,
]


@pytest.mark.parametrize("host", LOCAL, ids=repr)
def test_a_local_host(host):
    """Loopback and unspecified addresses, in both families, and the name that every machine gives itself."""
    assert is_local(host)


@pytest.mark.parametrize("host", FOREIGN, ids=repr)
def test_a_foreign_host(host):
    """Private networks, link-local services, look-alikes and whatever cannot be read."""
    assert not is_local(host)


class Bait(ThreadingHTTPServer):
    """A listener on loopback, where the guard lets everything pass: it hears every request that was led astray."""

    daemon_threads = True

    def __init__(self) -> None:
        self.heard: list[str] = []
        super().__init__(("127.0.0.1", 0), BaitHandler)

    def get_request(self):
        """Count the connection, whatever comes over it."""
        accepted = super().get_request()
        self.heard.append("a connection")
        return accepted


class BaitHandler(BaseHTTPRequestHandler):
    """Write down what was asked and who signed it, and answer that it cannot be done."""

    server: Bait

    def answer(self) -> None:
        """Answer any request."""
        self.server.heard.append(f"{self.command} {self.path} {self.headers.get('Authorization', '')}")
        body = b"<ErrorResponse><Error><Code>Bait</Code><Message>taken</Message></Error></ErrorResponse>"
        self.send_response(400)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_PUT = do_CONNECT = answer

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Stay quiet."""


@pytest.fixture
def bait() -> Iterator[Bait]:
    """A listener that no request of a lab may reach."""
    with Bait() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def baited(bait: Bait, tmp_path: Path) -> dict[str, str]:
    """An environment in which every road of botocore and of proxies leads to real-looking keys or to the listener."""
    url = f"http://127.0.0.1:{bait.server_port}"
    keys = "aws_access_key_id = AKIAREALINAFILE00000\naws_secret_access_key = real-secret-in-a-file\n"
    (tmp_path / "config").write_text(f"[profile real]\nregion = eu-west-3\nendpoint_url = {url}\n{keys}")
    (tmp_path / "credentials").write_text(f"[default]\n{keys}[real]\n{keys}")
    (tmp_path / "token").write_text("real-token")
    return {
        "AWS_ACCESS_KEY_ID": "AKIAREALINTHEENV0000",
        "AWS_SECRET_ACCESS_KEY": "real-secret",
        "AWS_SESSION_TOKEN": "real-token",
        "AWS_PROFILE": "real",
        "AWS_DEFAULT_PROFILE": "real",
        "AWS_CONFIG_FILE": str(tmp_path / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials"),
        "AWS_ENDPOINT_URL": url,
        "AWS_ENDPOINT_URL_ECR": url,
        "AWS_ENDPOINT_URL_STS": url,
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": url + "/real",
        "AWS_EC2_METADATA_SERVICE_ENDPOINT": url,
        "AWS_WEB_IDENTITY_TOKEN_FILE": str(tmp_path / "token"),
        "AWS_ROLE_ARN": "arn:aws:iam::999988887777:role/real",
        "AWS_MAX_ATTEMPTS": "1",
        "HTTP_PROXY": url,
        "HTTPS_PROXY": url,
        "https_proxy": url,
        "ALL_PROXY": url,
        "MOTO_ACCOUNT_ID": "999988887777",
    }


def test_the_bait_is_taken_without_a_lab(bait, baited):
    """The control: boto3 as it comes signs with the real-looking key and talks to the listener."""
    report = run("credentials_probe.py", "bare", **baited)

    assert report["signed"] == ["AKIAREALINTHEENV0000"]
    assert any("Credential=AKIAREALINTHEENV0000" in line for line in bait.heard)


def test_no_real_credential_is_used(bait, baited):
    """In a lab every request is signed with the fake key, the listener hears nothing, and a child finds fakes only."""
    report = run("credentials_probe.py", "lab", **baited)

    assert report["signed"] == [FAKE_ACCESS_KEY_ID] * 7
    assert bait.heard == []
    assert f"env {FAKE_ACCESS_KEY_ID}" == report["child"]


def test_nothing_real_is_left_in_the_environment_meanwhile(bait, baited):
    """No variable of the open lab's process has a real value; afterwards all are back, exactly."""
    report = run("credentials_probe.py", "lab", **baited)

    assert report["leaked"] == []
    assert report["restored"]


NAMES = st.sampled_from(
    [
        "AWS_ACCESS_KEY_ID",
        "AWS_PROFILE",
        "AWS_CA_BUNDLE",
        "AWS_NEW_THING",
        "BOTO_CONFIG",
        "HTTPS_PROXY",
        "no_proxy",
        "MOTO_ACCOUNT_ID",
        "PATH",
        "REQUESTS_CA_BUNDLE",
        "ECRLAB_REGION",
        "aws_region",
    ]
)


@given(st.dictionaries(NAMES, st.text(min_size=1).map(lambda text: "real-" + text)))
def test_an_environment_comes_back_as_it_was(environ):
    """Whatever the variables: inside, none of AWS's or a proxy's keeps its value; afterwards all have it again."""
    before = dict(environ)
    ours = ("AWS_", "BOTO_", "MOTO_", "HTTPS_PROXY", "no_proxy")

    with fenced(environ, "us-east-1"):
        kept = {name for name, value in environ.items() if value.startswith("real-")}
        assert {name for name in before if not name.startswith(ours) or name == "AWS_CA_BUNDLE"} == kept

    assert before == environ


def test_what_others_set_meanwhile_stays():
    """A variable that a learner sets in an open lab is theirs, unless it is one that the lab puts back."""
    environ = {"AWS_REGION": "eu-west-1"}

    with fenced(environ, "us-east-1"):
        environ["AWS_REGION"] = "ap-south-1"
        environ["TEAM"] = "payments"

    assert environ == {"AWS_REGION": "eu-west-1", "TEAM": "payments"}
