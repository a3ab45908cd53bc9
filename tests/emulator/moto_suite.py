"""Run moto's own ECR tests against our emulator: ``python tests/emulator/moto_suite.py`` prints both scores.

The tests come from moto's source distribution of the installed version, which is fetched once with pip and kept in
``.cache/``. Nothing of it is part of this repository.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
import tempfile
import xml.etree.ElementTree as ElementTree
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

HERE = Path(__file__).parent
CACHE = HERE.parents[1] / ".cache"
WANTED = ("tests/__init__.py", "tests/conftest.py", "tests/test_ecr/")
DEVIATIONS = HERE / "strict_deviations.json"
SETTINGS = ("compatible", "strict")


def unpacked(moto_version: str | None = None) -> Path:
    """Return the folder that holds moto's ``tests/test_ecr``, fetching it if it is not in the cache.

    Raises:
        RuntimeError: pip could not fetch the source distribution; the message is pip's.
    """
    name = f"moto-{moto_version or version('moto')}"
    folder = CACHE / name
    if folder.is_dir():
        return folder
    CACHE.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE) as scratch:
        archive = _downloaded(name, Path(scratch))
        fresh = Path(scratch) / name
        with tarfile.open(archive) as tar:
            members = [item for item in tar.getmembers() if item.name.partition("/")[2].startswith(WANTED)]
            tar.extractall(scratch, members, filter="data")
        # An ini file of its own, or pytest would go up and find ours.
        (fresh / "pytest.ini").write_text("[pytest]\n")
        try:
            fresh.rename(folder)
        except OSError:
            if not folder.is_dir():  # unless another process was faster
                raise
    return folder


def _downloaded(name: str, scratch: Path) -> Path:
    requirement = name.replace("-", "==")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", ":all:"]
    done = subprocess.run([*command, requirement, "--dest", str(scratch)], capture_output=True, text=True, check=False)
    archives = list(scratch.glob("*.tar.gz"))
    if done.returncode or not archives:
        raise RuntimeError(
            f"moto's tests: pip could not fetch the source distribution of {requirement}; "
            f"install pip into this environment, or put the unpacked source into {CACHE / name}\n{done.stderr}"
        )
    return archives[0]


def outcomes(setting: str) -> dict[str, str]:
    """Run the suite under ``compatible`` or ``strict``; return for each case '' if it passed, else its first line."""
    missing = [name for name in ("freezegun", "openapi_spec_validator") if find_spec(name) is None]
    if missing:
        raise RuntimeError(f"moto's tests: they import {', '.join(missing)}; install what tests/requirements.txt lists")
    folder = unpacked()
    with tempfile.TemporaryDirectory() as scratch:
        report = Path(scratch) / "report.xml"
        command = [sys.executable, "-m", "pytest", "-p", "moto_suite_plugin", "-p", "no:cacheprovider", "-q"]
        done = subprocess.run(
            [*command, f"--junitxml={report}", "tests/test_ecr"],
            cwd=folder,
            env=_environment(setting),
            capture_output=True,
            text=True,
            check=False,
        )
        if not report.is_file():
            raise RuntimeError(f"moto's tests did not run\n{done.stdout}\n{done.stderr}")
        return dict(_case(element) for element in ElementTree.parse(report).iter("testcase"))


def _environment(setting: str) -> dict[str, str]:
    """Fake credentials, our plugin, and nothing of the machine's own AWS settings."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "MOTO_", "ECRLAB_"))}
    return kept | {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "us-east-1",
        "ECRLAB_SUITE": setting,
        "PYTHONPATH": str(HERE),
    }


def _case(element: ElementTree.Element) -> tuple[str, str]:
    module = element.attrib["classname"].rpartition(".")[2]
    name = f"{module}::{element.attrib['name']}"
    bad = [child for child in element if child.tag in ("failure", "error", "skipped")]
    return name, "; ".join(child.attrib.get("message", child.tag).split("\n")[0] for child in bad)


def deviations() -> dict[str, str]:
    """Return the cases that strict fails on purpose, each with its reason."""
    groups = json.loads(DEVIATIONS.read_text("utf-8"))["groups"]
    return {case: group["reason"] for group in groups for case in group["cases"]}


if __name__ == "__main__":
    for chosen in SETTINGS:
        results = outcomes(chosen)
        passed = sum(not message for message in results.values())
        sys.stdout.write(f"{chosen:12}{passed} of {len(results)} of moto {version('moto')}'s ECR tests pass\n")
        if "--messages" in sys.argv:
            failed = {case: message for case, message in results.items() if message}
            sys.stdout.write(json.dumps(failed, indent=1) + "\n")
