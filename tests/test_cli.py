"""The command ``ecrlab`` as a learner meets it: real processes, exact words, exit codes."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ECRLAB = [sys.executable, "-m", "ecrlab.cli"]


def clean(environment: dict[str, str]) -> dict[str, str]:
    """Return this environment without what a learner's machine may have set, plus ``environment``."""
    ours = ("AWS_", "ECRLAB_", "JUPYTER", "COLUMNS")
    return {k: v for k, v in os.environ.items() if not k.startswith(ours)} | {"COLUMNS": "120"} | environment


def ecrlab(*arguments: str, cwd: Path = ROOT, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command to its end."""
    command = [*ECRLAB, *arguments]
    return subprocess.run(
        command, cwd=cwd, env=clean(environment), capture_output=True, text=True, check=False, timeout=120
    )


WRONG_USE = {  # id: (arguments, environment, the last line of stderr)
    "nothing": ([], {}, "ecrlab: error: the following arguments are required: COMMAND"),
    "no such option": (["lab", "--colour"], {}, "ecrlab: error: unrecognized arguments: --colour"),
    "a port that is no number": (
        ["lab", "--port", "http"],
        {},
        "ecrlab lab: error: argument --port: invalid int value: 'http'",
    ),
    "a port of the system's": (
        ["lab", "--port", "80"],
        {},
        "ecrlab: port 80: a server of yours may use 1024 to 65535; use --port 8888",
    ),
    "a port beyond the last": (
        ["lab", "--port", "70000"],
        {},
        "ecrlab: port 70000: a server of yours may use 1024 to 65535; use --port 8888",
    ),
    "a course that is none": (
        ["lab"],
        {"ECRLAB_COURSE": "no/such/folder"},
        "ecrlab: ECRLAB_COURSE='no/such/folder': there is no notebooks/ with labs/ beside it; name the course's folder",
    ),
    "a notebook that is not there": (
        ["run", "notebooks/99_nothing.ipynb"],
        {},
        "ecrlab: notebooks/99_nothing.ipynb: there is no such file or folder; name notebooks (.ipynb) or folders with"
        " some",
    ),
    "no notebook": (["run", "Makefile"], {}, "ecrlab: Makefile: is no notebook; name a file that ends in .ipynb"),
    "no workers": (
        ["run", "--jobs", "0", "notebooks"],
        {},
        "ecrlab: run_course: jobs is 0; use a whole number of 1 or more",
    ),
    "a report into nowhere": (
        ["run", "--json", "nowhere/report.json"],
        {},
        "ecrlab: --json nowhere/report.json: folder 'nowhere' does not exist; name a file in a folder that exists",
    ),
}


@pytest.mark.parametrize(("arguments", "environment", "said"), WRONG_USE.values(), ids=WRONG_USE)
def test_wrong_use_is_one_line(arguments, environment, said):
    """Wrong use ends with 2, says what and what instead on stderr, and nothing on stdout."""
    done = ecrlab(*arguments, **environment)
    assert (2, "", said) == (done.returncode, done.stdout, done.stderr.strip().splitlines()[-1])
    assert "Traceback" not in done.stderr


NOTHING_DONE = "No progress yet: run a check in a lab.\n"
PROGRESS = {  # id: (the file, exit code, stdout, stderr)
    "none yet": (None, 0, NOTHING_DONE, ""),
    "cut in half": ('{"version": 1, "exer', 0, NOTHING_DONE, ""),
}


@pytest.mark.parametrize(("text", "code", "out", "err"), PROGRESS.values(), ids=PROGRESS)
def test_progress(tmp_path, text, code, out, err):
    """What is done is shown; a damaged file counts as none, and is left for the next check to put aside."""
    path = tmp_path / "progress.json"
    if text is not None:
        path.write_text(text)
    done = ecrlab("progress", ECRLAB_PROGRESS=str(path))
    assert (code, out, err) == (done.returncode, done.stdout, done.stderr)
    assert text == (path.read_text() if path.exists() else None)


def test_progress_of_a_later_version(tmp_path):
    """A file that a later version wrote is not read, and not touched."""
    path = tmp_path / "progress.json"
    path.write_text('{"version": 99}')
    done = ecrlab("progress", ECRLAB_PROGRESS=str(path))
    assert (2, "") == (done.returncode, done.stdout)
    assert f"ecrlab: {path}: it is of version 99 and this kit writes version 1; update the kit\n" == done.stderr
    assert '{"version": 99}' == path.read_text()


def test_an_unknown_command_names_those_there_are():
    """The commands are listed when one is misspelt."""
    done = ecrlab("labb")
    assert 2 == done.returncode
    assert re.search(r"invalid choice: 'labb' \(choose from '?lab'?, '?doctor'?, '?run'?.*\)", done.stderr)


@pytest.fixture
def taken():
    """A port on which somebody listens already."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def test_a_port_that_is_taken(taken):
    """A taken port is named, with another one that is free."""
    done = ecrlab("lab", "--no-browser", "--port", str(taken))
    expected = rf"ecrlab: port {taken}: it is taken; use --port (\d+) \(with make: make lab ARGS='--port \1'\)\n"
    assert (2, "") == (done.returncode, done.stdout)
    assert re.fullmatch(expected, done.stderr)


def test_the_version():
    """--version says what the package says."""
    done = ecrlab("--version")
    assert (0, "ecrlab 0.1.0\n", "") == (done.returncode, done.stdout, done.stderr)


def test_help_is_quick():
    """Help lists the commands, and loads neither Jupyter nor boto3 for it."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "ecrlab.cli", "--help"],
        env=clean({}),
        capture_output=True,
        text=True,
        check=True,
    )
    for command in ("lab", "doctor", "run", "progress"):
        assert re.search(rf"^ +{command} ", done.stdout, re.MULTILINE)
    loaded = {line.rpartition("|")[2].strip().partition(".")[0] for line in done.stderr.splitlines()}
    assert set() == loaded & {"boto3", "botocore", "jupyterlab", "moto", "nbformat", "pandas", "tqdm"}


def test_the_doctor_finds_this_machine_in_order():
    """All that the course needs is here; every finding says what it found."""
    done = ecrlab("doctor", "--json")
    report = json.loads(done.stdout)
    assert [] == [finding for finding in report["findings"] if finding["health"] == "problem"]
    assert (0, True, "") == (done.returncode, report["healthy"], done.stderr)
    expected = ["Python", "Packages", "Course", "Mode Mock", "Kernel", "Widgets", "Port", "Disk", "AWS"]
    assert expected == [f["subject"] for f in report["findings"] if f["subject"] in expected]
    assert all(finding["fact"] for finding in report["findings"])


def test_the_doctor_names_what_is_wrong_and_never_a_secret(tmp_path):
    """A setting that cannot be right is a problem with its fix; credentials are named, not shown."""
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws" / "credentials").write_text("[default]\naws_secret_access_key = verysecret\n")
    done = ecrlab("doctor", HOME=str(tmp_path), AWS_SECRET_ACCESS_KEY="verysecret", ECRLAB_MODE="cloud")
    assert 1 == done.returncode
    assert "✗ Settings  ECRLAB_MODE: 'cloud' is no mode\n" in done.stdout
    assert "→ write mock or aws, or unset it\n" in done.stdout
    expected = "ℹ AWS       AWS_SECRET_ACCESS_KEY, ~/.aws/credentials found; Mode Mock uses none of them\n"
    assert expected in done.stdout
    assert done.stdout.endswith("1 to be mended.\n")
    assert "verysecret" not in done.stdout + done.stderr


def free_port() -> int:
    """Find a port on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """``ecrlab lab`` while it runs."""

    def __init__(self, home: Path) -> None:
        self.port = free_port()
        command = [*ECRLAB, "lab", "--no-browser", "--port", str(self.port)]
        self.process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=clean({"HOME": str(home), "XDG_DATA_HOME": str(home / "data")}),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.address = self.process.stdout.readline().removeprefix("JupyterLab: ").strip()
        self.token = self.address.partition("?token=")[2]

    def get(self, path: str, token: str) -> tuple[int, str]:
        """Ask the server for a page; answer status and text."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{path}", headers={"Authorization": f"token {token}"}
        )
        try:
            with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=30) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as refusal:
            with refusal:
                return refusal.code, ""

    def json(self, path: str):
        """Ask with the token, and read the answer as JSON."""
        status, text = self.get(path, self.token)
        assert 200 == status
        return json.loads(text)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A running lab, stopped with Ctrl-C."""
    running = Server(tmp_path_factory.mktemp("home"))
    yield running
    running.process.kill()
    running.process.communicate()


def test_the_lab_opens_at_the_first_notebook(server):
    """The address is on loopback, has a token and leads to the first notebook."""
    start = f"http://127.0.0.1:{server.port}/lab/tree/notebooks/00_start_here.ipynb?token="
    assert server.address.startswith(start)
    assert 48 == len(server.token)
    status, page = server.get("/lab/tree/notebooks/00_start_here.ipynb", server.token)
    assert 200 == status
    assert "JupyterLab" in page


def test_nobody_gets_in_without_the_token(server):
    """The interface answers 403 to a wrong token."""
    assert 403 == server.get("/api/contents", "wrong")[0]


def test_the_lab_shows_the_course(server):
    """The file browser starts in the folder of the course."""
    names = {entry["name"] for entry in server.json("/api/contents")["content"]}
    assert {"notebooks", "labs", "README.md"} <= names


def test_the_lab_asks_the_internet_nothing(server):
    """News and update checks are off, without touching the learner's own settings."""
    settings = server.json("/lab/api/settings/@jupyterlab/apputils-extension:notification")
    properties = settings["schema"]["properties"]
    assert ("false", False) == (properties["fetchNews"]["default"], properties["checkForUpdates"]["default"])


def test_the_notebooks_of_the_course_are_trusted(server):
    """Stored outputs are shown in full: every cell of the first notebook is trusted."""
    cells = server.json("/api/contents/notebooks/00_start_here.ipynb")["content"]["cells"]
    assert {True} == {cell["metadata"].get("trusted") for cell in cells if cell["cell_type"] == "code"}


def test_another_port_is_taken_by_itself(server, tmp_path):
    """Without --port the first free port is used, so that two courses run side by side."""
    with socket.socket() as occupied:
        occupied.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        code = "from ecrlab.lab_server import choose_port; print(choose_port(None))"
        try:
            occupied.bind(("127.0.0.1", 8888))
            occupied.listen()
        except OSError:
            pass  # somebody else's server does as well
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert 8889 <= int(done.stdout) <= 8999


def test_ctrl_c_stops_it_quietly(tmp_path):
    """Ctrl-C ends the server within seconds, with 0 and no traceback."""
    running = Server(tmp_path)
    assert running.token
    began = time.monotonic()
    running.process.send_signal(signal.SIGINT)
    out, err = running.process.communicate(timeout=30)
    assert time.monotonic() - began < 10
    assert 0 == running.process.returncode
    assert "Traceback" not in out + err
    assert running.token not in err


# --- ecrlab cost -----------------------------------------------------------------------------------------------------

TABLE = "repository,size_bytes,archived\npayments/api,12000000000,no\npayments/api,8000000000,yes\nfares,500000000,no\n"


def test_cost_of_a_table(tmp_path):
    """A CSV file of images becomes a bill, the largest repository first; nothing is asked of AWS."""
    (tmp_path / "images.csv").write_text(TABLE)
    told = ecrlab("cost", "--csv", str(tmp_path / "images.csv"))
    assert (0, "") == (told.returncode, told.stderr)
    rows = [re.split(r"  +", line.strip()) for line in told.stdout.splitlines()]
    assert ["payments/api", "2", "20.0 GB", "20.0 GB at most", "2.00"] in rows
    assert ["fares", "1", "500.0 MB", "500.0 MB at most", "0.05"] in rows
    assert ["together", "20.5 GB", "2.05"] in rows


def test_cost_of_one_repository_where_no_price_is_known(tmp_path):
    """A Region without figures says so; other repositories are left out."""
    (tmp_path / "images.csv").write_text(TABLE)
    told = ecrlab("cost", "--csv", str(tmp_path / "images.csv"), "--region", "eu-west-1", "--repository", "fares")
    assert "not known" in told.stdout
    assert "payments" not in told.stdout


def test_cost_with_newer_prices(tmp_path):
    """Prices from a file stand in place of the kit's."""
    (tmp_path / "images.csv").write_text(TABLE)
    row = ['item = "standard storage"', 'regions = ["us-east-1"]', 'per = "GB-month"', 'tiers = [{ usd = "1" }]']
    row += ['as_of = "2026-11-24"', 'source = "https://aws.amazon.com"', 'trust = "official"']
    (tmp_path / "prices.toml").write_text("\n".join(["[[price]]", *row]))
    told = ecrlab("cost", "--csv", str(tmp_path / "images.csv"), "--prices", str(tmp_path / "prices.toml"))
    assert "13.30" in told.stdout.splitlines()[-1]


def test_the_price_book():
    """Every row says since when, and whose word it is."""
    told = ecrlab("prices")
    assert (0, "") == (told.returncode, told.stderr)
    assert "API requests to ECR" in told.stdout
    assert "third party" in told.stdout


COST_ERRORS = {
    "no such file": (
        ["cost", "--csv", "no/such.csv"],
        "ecrlab: --csv no/such.csv: No such file or directory; name a file that can be read",
    ),
    "no source": (["cost"], "ecrlab cost: error: one of the arguments --csv --profile is required"),
    "no such profile": (
        ["cost", "--profile", "nobody"],
        "The config profile (nobody) could not be found",
    ),
}


@pytest.mark.parametrize(("arguments", "message"), COST_ERRORS.values(), ids=COST_ERRORS)
def test_error_cost(tmp_path, arguments, message):
    """What cannot be read is named in one line."""
    nothing = {"AWS_CONFIG_FILE": str(tmp_path / "none"), "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "none")}
    told = ecrlab(*arguments, **nothing)
    assert 2 == told.returncode
    assert message in told.stderr.splitlines()[-1]


def test_cost_of_a_table_with_line_breaks_in_it(tmp_path):
    """A quoted field may hold a line break, as spreadsheets write them."""
    (tmp_path / "images.csv").write_text('repository,size_bytes,tags\nfares,7,"1.0\nlatest"\n')
    told = ecrlab("cost", "--csv", str(tmp_path / "images.csv"))
    assert (0, "") == (told.returncode, told.stderr)
    assert "fares" in told.stdout


def test_error_a_table_that_is_no_text(tmp_path):
    """A spreadsheet's own file is no CSV; one line says so."""
    (tmp_path / "images.csv").write_bytes(b"\xff\xfe\x00")
    told = ecrlab("cost", "--csv", str(tmp_path / "images.csv"))
    assert f"ecrlab: --csv {tmp_path / 'images.csv'}: byte 0 is not UTF-8; save it as UTF-8\n" == told.stderr
    assert 2 == told.returncode


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_error_a_full_disk(tmp_path):
    """A report that finds no room is one line."""
    told = ecrlab("run", "notebooks/00_start_here.ipynb", "--json", "/dev/full")
    assert 2 == told.returncode
    assert "ecrlab: --json /dev/full: No space left on device; make room, or name another file" in told.stderr


def test_error_a_table_without_sizes(tmp_path):
    """A missing column is named with its row."""
    (tmp_path / "images.csv").write_text("repository\nfares\n")
    told = ecrlab("cost", "--csv", str(tmp_path / "images.csv"))
    assert "ecrlab: row 1: it has no 'size_bytes'; add the column\n" == told.stderr
