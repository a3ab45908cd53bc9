"""The set-up: one clear line for whatever can be wrong, and a fresh clone that works."""

from __future__ import annotations

import fcntl
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
NOWHERE = "http://127.0.0.1:9/simple"  # the discard port: nobody listens there


def load_setup():
    """Import tools/setup.py, which is no part of a package."""
    spec = importlib.util.spec_from_file_location("ecrlab_setup", ROOT / "tools" / "setup.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


SETUP = load_setup()


@pytest.fixture
def clone(tmp_path):
    """What the set-up reads of the course, in a folder of its own."""
    folder = tmp_path / "course"
    for name in ("tools/setup", "tools/setup.py", "requirements.txt", "tests/requirements.txt", "pyproject.toml"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, folder / name)
    return folder


@pytest.fixture
def programs(tmp_path):
    """A search path with nothing on it; programs are put there by ``put``."""
    folder = tmp_path / "bin"
    folder.mkdir()
    return folder


def put(programs: Path, name: str, script: str) -> None:
    """Write a shell script as a program on the search path."""
    (programs / name).write_text(f"#!/bin/sh\n{script}\n")
    (programs / name).chmod(0o755)


def python_that_says(probe: str) -> str:
    """Return a script that is this Python, except that it answers ``probe`` when it is asked what it is."""
    real = sys.executable
    return f'case "$1 $2" in "-c import sys; from"*) echo "{probe}";; *) exec "{real}" "$@";; esac'


def run_setup(clone: Path, programs: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run tools/setup in an environment with nothing but a home, a search path and an unreachable index."""
    basics = {"HOME": str(clone.parent), "PATH": str(programs), "PIP_INDEX_URL": NOWHERE, "PIP_CONFIG_FILE": os.devnull}
    command = ["/bin/sh", "tools/setup", *arguments]
    return subprocess.run(command, cwd=clone, env=basics | environment, capture_output=True, text=True, check=False)


NO_PYTHON = (
    "set-up: there is no Python 3 on this machine; install Python 3.11 to 3.14"
    " (on Debian: apt-get install python3 python3-venv), then try again\n"
)
WRONG_PYTHON = (
    "set-up: the course needs Python 3.11 to 3.14 and this machine has {}; install one of them (Debian 12, Ubuntu"
    " 24.04: apt-get install python3 python3-venv; elsewhere: python.org), then try again\n"
)
MACHINES = {  # id: (programs, what is said)
    "no Python": ({}, NO_PYTHON),
    "an old Python": ({"python3": python_that_says("3 9 1")}, WRONG_PYTHON.format("3.9")),
    "a Python too new": ({"python3": python_that_says("3 15 1")}, WRONG_PYTHON.format("3.15")),
    "no venv, no apt-get": (
        {"python3": python_that_says("3 12 0")},
        "set-up: python3 3.12 lacks its venv module; install a complete Python from python.org\n",
    ),
    "no venv, apt-get fails": (
        {"python3": python_that_says("3 11 0"), "apt-get": "exit 100"},
        "set-up: python3 3.11 lacks its venv module; install it with: sudo apt-get install -y python3-venv\n",
    ),
    "no venv for the only one that fits": (
        {"python3": python_that_says("3 9 1"), "python3.12": python_that_says("3 12 0"), "apt-get": "exit 100"},
        "set-up: python3.12 3.12 lacks its venv module; install it with: sudo apt-get install -y python3.12-venv\n",
    ),
}


@pytest.mark.parametrize(("installed", "said"), MACHINES.values(), ids=MACHINES)
def test_a_machine_without_the_right_python(clone, programs, installed, said):
    """What is missing is one line on stderr that ends in a way out; nothing is made."""
    for name, script in installed.items():
        put(programs, name, script)
    done = run_setup(clone, programs)
    assert (2, said) == (done.returncode, done.stderr)
    assert not (clone / ".venv").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may install packages without asking")
def test_root_gets_the_venv_package(clone, programs, tmp_path):
    """As root on Debian the venv package is installed, which is said, and the set-up goes on."""
    mark = tmp_path / "installed"
    put(programs, "apt-get", f'case "$*" in *"install -y"*) echo "$*" > {mark};; esac')
    real = sys.executable
    probe = f'if [ -e {mark} ]; then echo "3 11 1"; else echo "3 11 0"; fi'
    put(programs, "python3", f'case "$1 $2" in "-c import sys; from"*) {probe};; *) exec "{real}" "$@";; esac')
    done = run_setup(clone, programs)
    assert "set-up: installing Debian packages: python3-venv" == done.stdout.splitlines()[0]
    assert mark.read_text().endswith("install -y --no-install-recommends python3-venv\n")
    assert done.stdout.splitlines()[1].startswith("set-up: making .venv with Python 3.1")


@pytest.fixture
def real_python(programs):
    """This Python on the search path."""
    put(programs, "python3", f'exec "{sys.executable}" "$@"')


NO_NETWORK = (
    "set-up: the package index cannot be reached; connect to the network (behind a proxy: set HTTPS_PROXY) and try"
    " again (details: .cache/setup.log)\n"
)


@pytest.mark.usefixtures("real_python")
def test_no_network_at_install(clone, programs):
    """Without the index there is one line and no traceback; the next run begins anew and says the same."""
    for _ in range(2):
        done = run_setup(clone, programs)
        assert (2, NO_NETWORK) == (done.returncode, done.stderr)
        assert done.stdout.startswith("set-up: making .venv with Python 3.")
    assert "127.0.0.1" in (clone / ".cache" / "setup.log").read_text()


@pytest.mark.usefixtures("real_python")
def test_a_venv_that_is_whole_is_kept(clone, programs):
    """A sound .venv made by hand is brought up to date, not thrown away."""
    subprocess.run([sys.executable, "-m", "venv", clone / ".venv"], check=True)
    done = run_setup(clone, programs)
    assert "making .venv" not in done.stdout
    assert NO_NETWORK == done.stderr


@pytest.mark.usefixtures("real_python")
def test_two_at_once_take_turns(clone, programs):
    """The second set-up in a folder says that it waits, and goes on when the first is done."""
    (clone / ".cache").mkdir()
    with (clone / ".cache" / "setup.lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        second = subprocess.Popen(
            ["/bin/sh", "tools/setup"],
            cwd=clone,
            env={"HOME": str(clone), "PATH": str(programs), "PIP_INDEX_URL": NOWHERE, "PIP_CONFIG_FILE": os.devnull},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        waits = second.stdout.readline()
        assert not (clone / ".venv").exists()
    rest, said = second.communicate(timeout=60)
    assert "set-up: another set-up is at work in this folder; waiting for it\n" == waits
    assert rest.startswith("set-up: making .venv")
    assert NO_NETWORK == said


@pytest.mark.usefixtures("real_python")
def test_a_part_that_is_none(clone, programs):
    """A wrong argument is named."""
    done = run_setup(clone, programs, "cake")
    assert (2, "set-up: 'cake' is no part; use lab, tools or tests\n") == (done.returncode, done.stderr)


def test_make_alone_says_what_there_is():
    """Without a target make prints the list of targets, each with its sentence."""
    done = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True)
    targets = [line.split()[1] for line in done.stdout.splitlines()]
    assert ["help", "lab", "test", "check", "course", "bench", "links", "videos", "lock"] == targets
    assert all(len(line.split()) > 3 for line in done.stdout.splitlines())


LOGS = {  # id: (what an installer says, what we say)
    "pip, disk full": ("ERROR: [Errno 28] No space left on device", "the disk is full; free about 1.2 GB and try"),
    "uv, disk full": ("failed to write to file: No space left on device (os error 28)", "the disk is full; free about"),
    "pip, certificate": (
        "SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed'))",
        "the package index shows a certificate that this Python does not trust; set PIP_CERT to the file",
    ),
    "uv, certificate": (
        "error sending request: invalid peer certificate: UnknownIssuer",
        "the package index shows a certificate that this Python does not trust; set PIP_CERT to the file",
    ),
    "proxy": (
        "ProxyError('Cannot connect to proxy.', OSError('Tunnel connection failed: 407 Proxy Authentication'))",
        "the proxy does not let us through to the package index; check HTTPS_PROXY and try again",
    ),
    "name": (
        "NewConnectionError('Failed to establish a new connection: [Errno -3] Temporary failure in name resolution')",
        "the package index cannot be reached; connect to the network",
    ),
    "a version that is not there": (
        "ERROR: No matching distribution found for uv==0.13.9",
        "the package index lacks a version that the course needs; try again later, or set PIP_INDEX_URL",
    ),
    "a folder of somebody else": (
        "error: failed to create directory: Permission denied (os error 13)",
        "a file may not be written; make the course folder yours (chown) and try again",
    ),
    "what nobody has met": ("something odd\nthe last word\n", "installing packages failed (the last word); try again"),
    "silence": ("", "installing packages failed (without a word); try again"),
}


@pytest.mark.parametrize(("log", "said"), LOGS.values(), ids=LOGS)
def test_what_an_installer_says_is_explained(tmp_path, log, said):
    """The end of the log becomes one line that names the fact and the way out, and where to read more."""
    course = SETUP.Course(tmp_path)
    course.log.parent.mkdir()
    course.log.write_text(log)
    error = str(SETUP.failure("installing packages", course))
    assert error.startswith(said)
    assert error.endswith("(details: .cache/setup.log)")
    assert "\n" not in error


DEFAULTS = {"UV_HTTP_TIMEOUT": "30", "UV_HTTP_RETRIES": "2", "UV_INDEX_STRATEGY": "unsafe-best-match"}
PIP_SETTINGS = {  # id: (pip's settings, environment, what uv gets beside the defaults)
    "nothing": ({}, {}, {}),
    "an index": (
        {"index-url": "https://mirror.example/simple"},
        {},
        {"UV_DEFAULT_INDEX": "https://mirror.example/simple"},
    ),
    "two more": (
        {"extra-index-url": "https://a.example https://b.example"},
        {},
        {"UV_INDEX": "https://a.example https://b.example"},
    ),
    "folders": ({"find-links": "wheels\\nmore"}, {}, {"UV_FIND_LINKS": "wheels,more"}),
    "certificates": ({"cert": "ours.pem"}, {}, {"SSL_CERT_FILE": "ours.pem"}),
    "certificates set already": ({"cert": "ours.pem"}, {"SSL_CERT_FILE": "mine.pem"}, {"SSL_CERT_FILE": "mine.pem"}),
    "a proxy": ({"proxy": "http://proxy.example:3128"}, {}, {"ALL_PROXY": "http://proxy.example:3128"}),
}


@pytest.mark.parametrize(("settings", "environment", "extra"), PIP_SETTINGS.values(), ids=PIP_SETTINGS)
def test_uv_is_told_what_pip_knows(settings, environment, extra):
    """The index, certificates and proxy of pip hold for uv; what is set for uv itself wins."""
    assert DEFAULTS | extra == SETUP.uv_environment(environment, settings)


def lock_lines(name: str) -> list[str]:
    """Return the lines of a lock without comments."""
    lines = [line.partition("#")[0].strip() for line in (ROOT / name).read_text("utf-8").splitlines()]
    return [line for line in lines if line]


@pytest.mark.parametrize("name", ["requirements.txt", "tests/requirements.txt"])
def test_every_line_of_a_lock_is_one_version(name):
    """A lock pins, and names no index, no folder and no address; only the course itself is a path."""
    pins = [line for line in lock_lines(name) if line != "-e ."]
    assert [] == [
        line for line in pins if not re.fullmatch(r"[a-z0-9-]+(\[[a-z0-9,-]+\])?==[0-9][\w.+]*( ; [^/]+)?", line)
    ]
    assert "://" not in (ROOT / name).read_text("utf-8")


def test_requirements_install_the_kit_itself():
    """The last line of requirements.txt installs ecrlab from this folder."""
    assert "-e ." == lock_lines("requirements.txt")[-1]


def declared() -> list[tuple[str, Requirement]]:
    """List what pyproject.toml asks for, with the lock that must answer."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    course = [("course", Requirement(text)) for text in project["project"]["dependencies"]]
    groups = project["dependency-groups"]
    return course + [("tests", Requirement(text)) for name in ("test", "setup") for text in groups[name]]


@pytest.mark.parametrize(("lock", "wanted"), declared(), ids=lambda value: getattr(value, "name", value))
def test_the_lock_is_in_step(lock, wanted):
    """Each dependency of pyproject.toml is locked in a version that it allows; if not: make lock."""
    lines = lock_lines("requirements.txt") + (lock_lines("tests/requirements.txt") if lock == "tests" else [])
    locked = [Requirement(line) for line in lines if line != "-e ."]
    name = canonicalize_name(wanted.name)
    versions = [str(pin.specifier)[2:] for pin in locked if canonicalize_name(pin.name) == name]
    assert versions, f"{wanted.name} is not locked"
    assert all(version in wanted.specifier for version in versions)


def test_the_slow_checker_stays_out():
    """rfc3987-syntax, which costs seconds per process, is in no lock; see DECISIONS.md."""
    assert "rfc3987" not in (ROOT / "requirements.txt").read_text("utf-8")


@pytest.mark.fresh
def test_a_fresh_copy_works(tmp_path):
    """With an empty environment a copy of the course installs, opens a lab, and is ready at once the second time."""
    course, home = tmp_path / "course", tmp_path / "home"
    home.mkdir()
    keep = shutil.ignore_patterns(".*", "__pycache__", "tests")
    shutil.copytree(ROOT, course, ignore=keep)
    (course / "tests").mkdir()
    shutil.copy(ROOT / "tests" / "requirements.txt", course / "tests")
    network = {
        k: v for k, v in os.environ.items() if k.lower().endswith("_proxy") or k in {"PIP_INDEX_URL", "PIP_CERT"}
    }
    env = network | {"HOME": str(home), "PATH": os.environ["PATH"], "UV_CACHE_DIR": str(home / "uv")}
    if uv_cache := os.environ.get("UV_CACHE_DIR"):
        env["UV_CACHE_DIR"] = uv_cache
    first = subprocess.run(["tools/setup"], cwd=course, env=env, capture_output=True, text=True, check=False)
    assert (0, "") == (first.returncode, first.stderr)
    assert re.search(r"^set-up: ready after \d+ s$", first.stdout, re.MULTILINE)
    second = subprocess.run(["tools/setup"], cwd=course, env=env, capture_output=True, text=True, check=False)
    assert (0, "", "") == (second.returncode, second.stdout, second.stderr)
    doctor = [course / ".venv/bin/ecrlab", "doctor", "--json"]
    report = json.loads(subprocess.run(doctor, cwd=course, env=env, capture_output=True, text=True, check=False).stdout)
    assert [] == [finding for finding in report["findings"] if finding["health"] == "problem"]
