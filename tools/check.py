"""The cheap checks, two at a time: style, types, architecture, authoring rules. Exit code 1 if one of them complains.

python tools/check.py            all of them
python tools/check.py types      one of them, by name
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).parents[1]
CODE = ("helpers", "tests", "tools", "notebooks", "labs")
PYTEST = ("-m", "pytest", "-q", "-p", "no:cacheprovider")

EXERCISES = """
import sys
from pathlib import Path
from ecrlab.course.lint import lint_exercises
sys.exit("\\n".join(lint_exercises(Path())) or None)
"""

CHECKS = {  # longest first; what follows python
    "types": ("-m", "mypy"),
    "architecture": (*PYTEST, "tests/test_architecture.py"),
    "authoring": ("tools/notebooks.py", "check"),
    "exercises": ("-c", EXERCISES),
    "lint": ("-m", "ruff", "check", "--output-format", "concise", *CODE),
    "format": ("-m", "ruff", "format", "--check", *CODE),
}


def run(name: str) -> tuple[str, float, subprocess.CompletedProcess[str]]:
    """Run one check and time it."""
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, *CHECKS[name]],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        env=os.environ | {"NO_COLOR": "1"},
    )
    return name, time.perf_counter() - began, done


def main(names: list[str]) -> int:
    """Run the named checks, or all; print a line for each, and what it said if it complained."""
    unknown = [name for name in names if name not in CHECKS]
    if unknown:
        print(f"check: there is no check {unknown[0]!r}; there are {', '.join(CHECKS)}", file=sys.stderr)
        return 2
    failed = 0
    with ThreadPoolExecutor(2) as pool:
        for name, seconds, done in pool.map(run, names or CHECKS):
            failed += bool(done.returncode)
            print(f"{'✗' if done.returncode else '✓'} {name:<13}{seconds:5.1f} s", flush=True)
            if done.returncode:
                print(done.stdout, flush=True)
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
