"""Make .venv and put into it what requirements.txt names. Nothing but the standard library, from Python 3.9 on.

    python3 tools/setup.py           for the course (make lab)
    python3 tools/setup.py tools     with what checks and tests need (make check, make course, make bench, make lock)
    python3 tools/setup.py tests     with a browser as well (make test)

What is up to date is left alone, in a tenth of a second. What fails is one line that ends in a way out; the whole
story is in .cache/setup.log. Started as root or with CI set, it installs missing Debian packages, saying so.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
OLDEST, NEWEST = (3, 11), (3, 14)
VERSIONS = [f"3.{minor}" for minor in range(NEWEST[1], OLDEST[1] - 1, -1)]
NEEDED_BYTES = 1_200_000_000
NETWORK_PATIENCE = ["--timeout", "15", "--retries", "1"]
BROWSERS = ("chromium", "chromium-browser")
BROWSER_PACKAGES = ("chromium", "fonts-dejavu-core")

WINDOWS = os.name == "nt"
FAILURES = (  # how an installer says it -> what it means, and the way out
    (
        r"No space left on device|os error 28\b|Errno 28\b|not enough space",
        "the disk is full",
        "free about 1.2 GB and try again",
    ),
    (
        r"CERTIFICATE_VERIFY_FAILED|invalid peer certificate|UnknownIssuer",
        "the package index shows a certificate that this Python does not trust",
        "set PIP_CERT to the file with your organisation's certificates and try again",
    ),
    (
        r"Proxy Authentication Required|Tunnel connection failed|ProxyError",
        "the proxy does not let us through to the package index",
        "check HTTPS_PROXY and try again",
    ),
    (
        r"name resolution|Name or service not known|nodename nor servname|dns error|getaddrinfo failed"
        r"|Failed to establish a new connection|NewConnectionError|Connection refused|Network is unreachable"
        r"|[Tt]imed out|ConnectTimeout|error sending request|Connection reset",
        "the package index cannot be reached",
        "connect to the network (behind a proxy: set HTTPS_PROXY) and try again",
    ),
    (
        r"No matching distribution found|no version of|was not found in the package registry",
        "the package index lacks a version that the course needs",
        "try again later, or set PIP_INDEX_URL to a complete index",
    ),
    (
        r"Permission denied|os error 13\b|Errno 13\b",
        "a file may not be written",
        "make the course folder yours (chown) and try again",
    ),
)


class SetupError(Exception):
    """What to tell the learner: one line."""


class Course:
    """The folder that is set up, and the files that the set-up keeps in it."""

    def __init__(self, root):
        self.root = root
        self.venv = root / ".venv"
        self.python = self.venv / ("Scripts/python.exe" if WINDOWS else "bin/python")
        self.stamp = self.venv / "ecrlab-stamp.json"
        self.unfinished = self.venv / "ecrlab-unfinished"
        self.log = root / ".cache" / "setup.log"
        self.lock = root / ".cache" / "setup.lock"

    def locks(self, part):
        """Return the lock files that a part of the set-up installs."""
        return [self.root / "requirements.txt", *([self.root / "tests/requirements.txt"] if part == "tools" else [])]

    def fingerprint(self, part):
        """Return what an installation depends on, as one hash: locks, package, Python, place."""
        probe = run([self.python, "-S", "-c", "import sys; print(sys.version)"], None)
        whole = hashlib.sha256(f"{self.root}\n{probe.stdout if probe else ''}".encode())
        for path in [*self.locks(part), self.root / "pyproject.toml"]:
            whole.update(path.read_bytes())
        return whole.hexdigest()

    def stamped(self):
        """Return the fingerprints of what is installed, by part."""
        try:
            return json.loads(self.stamp.read_text("utf-8"))
        except (OSError, ValueError):
            return {}

    def is_ready(self, part):
        """Say whether a part is installed exactly as it should be; the tools include the course."""
        if self.unfinished.exists() or not self.python.exists():
            return False
        stamped = self.stamped()
        return any(stamped.get(p) == self.fingerprint(p) for p in dict.fromkeys((part, "tools")))


def say(text):
    """Tell the learner something."""
    print(f"set-up: {text}", flush=True)


def run(command, log, env=None):
    """Run a command; its output goes to ``log`` or, without one, is returned. ``None`` if it cannot even start."""
    command = [str(word) for word in command]
    try:
        if log is None:
            return subprocess.run(command, capture_output=True, text=True, env=env, check=False)
        with log.open("a", encoding="utf-8", errors="replace") as out:
            out.write(f"\n$ {' '.join(command)}\n")
            out.flush()
            return subprocess.run(command, stdout=out, stderr=subprocess.STDOUT, env=env, check=False)
    except OSError as problem:
        if log is not None:
            with log.open("a", encoding="utf-8") as out:
                out.write(f"{problem}\n")
        return None


# --- Debian packages -----------------------------------------------------------------------------------------------


def apt_prefix():
    """Return how apt-get may be called here without asking anybody; ``None`` if it may not."""
    if not shutil.which("apt-get"):
        return None
    if os.geteuid() == 0:
        return []
    if os.environ.get("CI") and shutil.which("sudo"):
        return ["sudo", "-n"]
    return None


def apt_install(packages, log):
    """Install Debian packages by name; say whether that was allowed and worked."""
    prefix = apt_prefix()
    if prefix is None:
        return False
    say(f"installing Debian packages: {' '.join(packages)}")
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    apt = [*prefix, "apt-get", "-q", "-o", "Acquire::Retries=2"]
    run([*apt, "update"], log, env)
    done = run([*apt, "install", "-y", "--no-install-recommends", *packages], log, env)
    return done is not None and done.returncode == 0


# --- Python and .venv ----------------------------------------------------------------------------------------------


def probe_python(command):
    """Return version and whether ``venv`` works there, or ``None`` if this is no Python that runs."""
    code = (
        "import sys; from importlib.util import find_spec as f;"
        "print(sys.version_info[0], sys.version_info[1], int(bool(f('venv') and f('ensurepip'))))"
    )
    done = run([command, "-c", code], None)
    if done is None or done.returncode:
        return None
    major, minor, can = done.stdout.split()
    return (int(major), int(minor)), can == "1"


def find_python(log):
    """Return a Python that can make .venv, installing Debian's venv package if that is all that is missing."""
    named = [os.environ["PYTHON"]] if os.environ.get("PYTHON") else []
    commands = [*named, "python3", *(f"python{version}" for version in VERSIONS)]
    commands += [sys.executable] if WINDOWS else []  # where the names above may lead to a shop window
    found = {command: probe for command in dict.fromkeys(commands) if (probe := probe_python(command))}
    fitting = [command for command, (version, _) in found.items() if OLDEST <= version <= NEWEST]
    for command in fitting:
        if found[command][1]:
            return command
    if not fitting:
        has = ", ".join(sorted({f"{major}.{minor}" for (major, minor), _ in found.values()})) or "no Python"
        raise SetupError(
            f"the course needs Python 3.11 to 3.14 and this machine has {has}; install one of them"
            " (Debian 12, Ubuntu 24.04: apt-get install python3 python3-venv; elsewhere: python.org), then try again"
        )
    command, version = fitting[0], "{}.{}".format(*found[fitting[0]][0])
    package = "python3-venv" if command == "python3" else f"python{version}-venv"
    if apt_install([package], log) and probe_python(command)[1]:
        return command
    if shutil.which("apt-get"):
        raise SetupError(
            f"{command} {version} lacks its venv module; install it with: sudo apt-get install -y {package}"
        )
    raise SetupError(f"{command} {version} lacks its venv module; install a complete Python from python.org")


def make_venv(course, python):
    """Make .venv afresh, over whatever is left of an earlier one."""
    say(f"making .venv with {run([python, '--version'], None).stdout.strip()}")
    if course.venv.exists() or course.venv.is_symlink():
        remove(course.venv)
    done = run([python, "-m", "venv", course.venv], course.log, clean_environment())
    if done is None or done.returncode or not course.python.exists():
        raise failure("making .venv", course)


def remove(path):
    """Delete a folder, a file or a link."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()


def venv_is_sound(course):
    """Say whether .venv is whole: made here, not left half-made, with a fitting Python and pip."""
    if course.unfinished.exists():
        return False
    probe = probe_python(course.python)
    place = course.stamped().get("place", str(course.root))
    if not probe or not OLDEST <= probe[0] <= NEWEST or place != str(course.root):
        return False
    done = run([course.python, "-m", "pip", "--version"], None)
    return done is not None and done.returncode == 0


# --- Packages ------------------------------------------------------------------------------------------------------


def clean_environment():
    """Return the environment without what would send packages elsewhere, or leave them uncompiled."""
    unwanted = {"PYTHONPATH", "PYTHONHOME", "PYTHONDONTWRITEBYTECODE", "PIP_USER", "PIP_TARGET", "PIP_PREFIX"}
    return {name: value for name, value in os.environ.items() if name not in unwanted}


def pip_settings(course):
    """Return what pip is configured with (index, certificates, proxy), by option; variables win over files."""
    done = run([course.python, "-m", "pip", "config", "list"], None, clean_environment())
    pairs = re.findall(r"^(\S+?)\.([\w-]+)='(.*)'$", done.stdout if done else "", re.MULTILINE)
    return {option: value for _, option, value in sorted(pairs, key=lambda pair: pair[0] == ":env:")}


UV_NAMES = {  # pip's option -> uv's variable, and how several values are parted
    "index-url": ("UV_DEFAULT_INDEX", None),
    "extra-index-url": ("UV_INDEX", " "),
    "find-links": ("UV_FIND_LINKS", ","),
    "trusted-host": ("UV_INSECURE_HOST", " "),
    "cert": ("SSL_CERT_FILE", None),
    "proxy": ("ALL_PROXY", None),
}


def uv_environment(environment, settings):
    """Translate pip's settings for uv, which does not read them; what is set for uv itself stays."""
    translated = {
        variable: value if separator is None else separator.join(re.split(r"(?:\s|\\n)+", value.strip()))
        for option, (variable, separator) in UV_NAMES.items()
        if (value := settings.get(option))
    }
    defaults = {"UV_HTTP_TIMEOUT": "30", "UV_HTTP_RETRIES": "2", "UV_INDEX_STRATEGY": "unsafe-best-match"}
    return {**defaults, **translated, **environment}


def uv_pin(course):
    """Return the locked version of the installer, as pip wants it."""
    return re.search(r"^uv==\S+", (course.root / "tests/requirements.txt").read_text("utf-8"), re.MULTILINE).group()


def install(course, part):
    """Install the locked packages: with uv, with uv and the system's certificates, or with pip."""
    pip = [course.python, "-m", "pip", "install", "--disable-pip-version-check", "--no-input", *NETWORK_PATIENCE]
    environment = clean_environment()
    files = [word for lock in course.locks(part) for word in ("-r", lock.relative_to(course.root))]
    count = sum("==" in line for lock in course.locks(part) for line in lock.read_text("utf-8").splitlines())
    say(f"installing {count} packages, once; it takes about a minute")
    done = run([*pip, uv_pin(course)], course.log, environment)
    if done is not None and done.returncode == 0:
        uv = [course.python, "-m", "uv", "pip", "install", "--python", course.python, "--no-deps", "--compile-bytecode"]
        env = uv_environment(environment, pip_settings(course))
        for extra in ([], ["--system-certs"]):
            done = run([*uv, *extra, *files], course.log, env)
            if done is not None and done.returncode == 0:
                return
            if "certificate" not in tail(course.log):
                break
        if meaning(course.log) != FAILURES[0]:
            say("uv could not do it; trying pip, which is slower")
            done = run([*pip, "--no-deps", *files], course.log, environment)
    if done is None or done.returncode:
        raise failure("installing packages", course)


def tail(log, size=8000):
    """Return the end of the log."""
    return log.read_text("utf-8", errors="replace")[-size:]


def meaning(log):
    """Return the known failure that the end of the log tells of, if any."""
    text = tail(log)
    return next((entry for entry in FAILURES if re.search(entry[0], text)), None)


def failure(step, course):
    """Return the error for a step that did not work, as the log explains it."""
    known = meaning(course.log)
    if known:
        fact, way_out = known[1:]
    else:
        lines = [line.strip() for line in tail(course.log).splitlines() if line.strip()]
        fact, way_out = f"{step} failed ({lines[-1][:160] if lines else 'without a word'})", "try again"
    return SetupError(f"{fact}; {way_out} (details: {course.log.relative_to(course.root)})")


# --- The whole -----------------------------------------------------------------------------------------------------


@contextmanager
def alone(course):
    """Hold the folder's lock, so that two set-ups at once take turns; the system frees it however we end."""
    with course.lock.open("w") as handle:
        try:
            lock_file(handle, wait=False)
        except OSError:
            say("another set-up is at work in this folder; waiting for it")
            lock_file(handle, wait=True)
        yield


def lock_file(handle, wait):
    """Lock an open file, or raise ``OSError`` if somebody else holds it and we must not wait."""
    if WINDOWS:
        import msvcrt

        while True:
            try:
                return msvcrt.locking(handle.fileno(), msvcrt.LK_NBLCK, 1)
            except OSError:
                if not wait:
                    raise
                time.sleep(0.5)
    import fcntl

    return fcntl.flock(handle, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)


def check_disk(course):
    """Refuse to begin what cannot be finished."""
    free = shutil.disk_usage(course.root).free
    if free < NEEDED_BYTES and not course.python.exists():
        raise SetupError(
            f"the disk has {free / 1e9:.1f} GB free and the course needs 1.2 GB; free some, then try again"
        )


def set_up(course, part):
    """Bring .venv up to date for a part; do nothing if it is."""
    if course.is_ready(part):
        return
    course.log.parent.mkdir(exist_ok=True)
    with alone(course):
        if course.is_ready(part):
            return
        began = time.monotonic()
        course.log.write_text("", "utf-8")
        if not venv_is_sound(course):
            check_disk(course)
            make_venv(course, find_python(course.log))
        course.unfinished.touch()
        stamped = course.stamped()
        install(course, part)
        stamped.update({part: course.fingerprint(part), "place": str(course.root)})
        course.stamp.write_text(json.dumps(stamped), "utf-8")
        course.unfinished.unlink()
        say(f"ready after {time.monotonic() - began:.0f} s")


def set_up_browser(course):
    """See to a browser for the tests that click; without one they are skipped, in CI they fail."""
    if any(map(shutil.which, BROWSERS)):
        return
    course.log.parent.mkdir(exist_ok=True)
    if apt_install(BROWSER_PACKAGES, course.log):
        return
    say(
        "there is no chromium, so the tests that click are skipped;"
        f" to run them: sudo apt-get install {' '.join(BROWSER_PACKAGES)}"
    )
    if os.environ.get("CI"):
        raise SetupError(f"CI must not skip tests, and chromium could not be installed (details: {course.log})")


def main(arguments):
    """Set up and return the exit code."""
    part = arguments[0] if arguments else "lab"
    if part not in ("lab", "tools", "tests") or len(arguments) > 1:
        print(f"set-up: {' '.join(arguments)!r} is no part; use lab, tools or tests", file=sys.stderr)
        return 2
    course = Course(ROOT)
    try:
        set_up(course, "lab" if part == "lab" else "tools")
        if part == "tests":
            set_up_browser(course)
    except SetupError as error:
        print(f"set-up: {error}", file=sys.stderr)
        return 2
    except OSError as error:
        way_out = "make the course folder yours (chown)" if isinstance(error, PermissionError) else "see to it"
        print(f"set-up: {error.filename}: {error.strerror}; {way_out}, then try again", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nset-up: stopped; the next start begins anew", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
