"""Write requirements.txt and tests/requirements.txt from pyproject.toml: one lock for every Python and system.

python tools/lock.py              resolve again, keep the versions that still fit
python tools/lock.py --upgrade    take the newest versions that pyproject.toml allows
python tools/lock.py --wheels     ask the index whether every Python and system finds a wheel for every line
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
COURSE = ROOT / "requirements.txt"
TESTS = ROOT / "tests" / "requirements.txt"
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
PLATFORMS = ("linux", "aarch64-unknown-linux-gnu", "macos", "aarch64-apple-darwin", "windows")

COURSE_HEADER = """\
# Locked versions for Python 3.11 to 3.14 on Linux, macOS and Windows, and ecrlab itself (last line).
# Generated from pyproject.toml; to change a version, edit that and run: make lock
"""
TESTS_HEADER = """\
# Locked versions of what the tests, the checks and the installer need beside requirements.txt.
# Generated from the dependency groups of pyproject.toml; to change a version, edit those and run: make lock
"""


def uv(*arguments: str) -> str:
    """Run uv from this Python's environment at the root, where it finds [tool.uv]; return what it printed."""
    command = [sys.executable, "-m", "uv", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"lock: uv {arguments[1]} failed; it says:\n{done.stderr.strip()}")
    return done.stdout + done.stderr


def resolve(*sources: str, keep: Path, upgrade: bool) -> list[str]:
    """Return one ``name==version [; marker]  # via …`` line per package, sorted by name."""
    with tempfile.TemporaryDirectory() as folder:
        found = Path(folder) / "lock.txt"
        if keep.exists() and not upgrade:
            found.write_text(keep.read_text("utf-8").replace("-e .\n", ""), "utf-8")
        fixed = ("--universal", "--python-version", PYTHONS[0], "--no-header", "--annotation-style", "line", "--quiet")
        uv("pip", "compile", *sources, *fixed, "--output-file", str(found))
        lines = found.read_text("utf-8").splitlines()
    # A package whose marker is never true is there to be left out: see [tool.uv] in pyproject.toml.
    return [_without_paths(line) for line in lines if "sys_platform == 'never'" not in line]


def _without_paths(line: str) -> str:
    return re.sub(r"\(\S*pyproject\.toml(:\w+)?\)", r"(pyproject.toml\1)", line).rstrip()


def write_locks(*, upgrade: bool) -> None:
    """Resolve the course, then the tests in the same versions."""
    course = resolve("pyproject.toml", keep=COURSE, upgrade=upgrade)
    COURSE.write_text("\n".join([COURSE_HEADER.rstrip(), *course, "-e .", ""]), "utf-8")
    with tempfile.TemporaryDirectory() as folder:
        pins = Path(folder) / "course.txt"
        pins.write_text("\n".join(course), "utf-8")
        groups = ("--group", "test", "--group", "setup", "--constraint", str(pins))
        tests = resolve(*groups, keep=TESTS, upgrade=upgrade)
    already = {_pin(line) for line in course}
    beside = [re.sub(r"-c \S+/course\.txt(, )?", "", line) for line in tests if _pin(line) not in already]
    TESTS.write_text("\n".join([TESTS_HEADER.rstrip(), *beside, ""]), "utf-8")
    for path in (COURSE, TESTS):
        print(f"{path.relative_to(ROOT)}: {sum('==' in line for line in path.read_text('utf-8').splitlines())} pins")


def _pin(line: str) -> str:
    return re.split(r"[\s;#]", line, maxsplit=1)[0]


def check_wheels() -> None:
    """Ask the index for every Python and system whether each line has a wheel there."""
    missing = 0
    with tempfile.TemporaryDirectory() as folder:
        lines = Path(folder) / "lock.txt"
        pins = COURSE.read_text("utf-8") + TESTS.read_text("utf-8")
        lines.write_text("".join(line + "\n" for line in pins.splitlines() if "==" in line), "utf-8")
        for python in PYTHONS:
            for platform in PLATFORMS:
                # Without build isolation and with wheels only, a package that has none is an error, not a build.
                command = [sys.executable, "-m", "uv", "pip", "install", "--dry-run", "--no-deps", "--only-binary"]
                command += [":all:", "--python-version", python, "--python-platform", platform]
                command += ["--target", str(Path(folder) / "nowhere"), "-r", str(lines)]
                done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, env=os.environ)
                missing += bool(done.returncode)
                said = done.stderr.strip().splitlines()
                print(f"Python {python}  {platform:<26} {'missing: ' + ' '.join(said) if done.returncode else 'ok'}")
    if missing:
        raise SystemExit(f"lock: {missing} combinations lack a wheel; pin another version in pyproject.toml")


def main() -> None:
    """Read the arguments and go."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--upgrade", action="store_true", help="take the newest versions that pyproject.toml allows")
    parser.add_argument("--wheels", action="store_true", help="only check that wheels exist everywhere")
    arguments = parser.parse_args()
    if arguments.wheels:
        check_wheels()
    else:
        write_locks(upgrade=arguments.upgrade)


if __name__ == "__main__":
    main()
