"""The house rules that a machine can check: who may import whom, who may read the time, what no file may say."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "helpers" / "ecrlab"

LEVEL = {
    "ecrlab": -1,  # the package itself: a version and lazy names
    **dict.fromkeys(("errors", "naming", "clock", "cards"), 0),
    **dict.fromkeys(("oci", "lifecycle", "access", "scan", "signatures", "workloads", "pricing"), 1),
    **dict.fromkeys(("emulator", "registry", "cloud", "deploy", "security"), 2),
    "course": 3,
    **dict.fromkeys(("show", "cli", "doctor", "lab_server"), 4),
}
SIDEWAYS = {
    ("naming", "errors"),
    ("clock", "errors"),
    ("scan", "oci"),
    ("pricing", "lifecycle"),
    ("signatures", "oci"),
    ("workloads", "access"),
    ("workloads", "oci"),
    ("deploy", "registry"),
    ("deploy", "cloud"),
    ("security", "registry"),
    ("cloud", "emulator"),
    ("cli", "show"),
    ("cli", "doctor"),
    ("cli", "lab_server"),
    ("doctor", "lab_server"),
}
FACES_ONLY = frozenset({"IPython", "ipywidgets", "jupyterlab", "matplotlib", "pandas", "tqdm"})
NETWORK = frozenset({"boto3", "botocore", "http", "moto", "requests", "socket", "ssl", "urllib3"})
VAGUE_NAMES = frozenset({"common", "helper", "helpers", "manager", "misc", "util", "utils"})
CLOCK_READINGS = frozenset({"datetime.now", "datetime.today", "datetime.utcnow", "date.today", "time.time"})

MODULES = sorted(PACKAGE.rglob("*.py"))


def part_of(path: Path) -> str:
    """Name the part that a file of the package belongs to."""
    first = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    return "ecrlab" if first == "__init__" else first


def running_code(tree: ast.AST) -> Iterator[ast.AST]:
    """Walk a module, functions included, without what only type checkers read (``if TYPE_CHECKING``)."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            continue
        yield node
        yield from running_code(node)


def imported_modules(path: Path) -> Iterator[str]:
    """Name every module that a file imports, at its top or inside a function; dotted and absolute."""
    here = ("ecrlab", *path.relative_to(PACKAGE).with_suffix("").parts)
    for node in running_code(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = ".".join((*here[: -node.level], *filter(None, [node.module]))) if node.level else node.module
            yield from (f"{base}.{alias.name}" for alias in node.names)


def parts_imported(path: Path) -> set[str]:
    """Name the parts of ecrlab that a file imports."""
    found = set()
    for module in imported_modules(path):
        package, _, rest = module.partition(".")
        if package == "ecrlab":
            name = rest.partition(".")[0]
            found.add(name if name in LEVEL else "ecrlab")
    return found


ARROWS = sorted({(part_of(path), there, path) for path in MODULES for there in parts_imported(path)})


def test_every_part_has_a_level():
    """A new part of the package says in this file where it belongs."""
    assert set() == {part_of(path) for path in MODULES} - LEVEL.keys()


@pytest.mark.parametrize(
    ("here", "there", "path"), ARROWS, ids=[f"{path.relative_to(PACKAGE)}->{there}" for _, there, path in ARROWS]
)
def test_imports_point_down(here, there, path):
    """No part imports a part above it, nor a neighbour that is not listed."""
    assert here == there or LEVEL[there] < LEVEL[here] or (here, there) in SIDEWAYS, f"{here} must not import {there}"


def outsiders(path: Path) -> set[str]:
    """Name the packages beside ecrlab and the standard library that a file imports, and network modules."""
    tops = {module.partition(".")[0] for module in imported_modules(path)} - {"ecrlab", "__future__"}
    return {top for top in tops if top not in sys.stdlib_module_names or top in NETWORK}


def at_level(*levels: int) -> list[Path]:
    """List the modules of some levels."""
    return [path for path in MODULES if LEVEL.get(part_of(path)) in levels]


def named(path: Path) -> str:
    """Name a module in a test id."""
    return str(path.relative_to(PACKAGE))


@pytest.mark.parametrize("path", at_level(0), ids=named)
def test_values_need_the_standard_library_only(path):
    """Names, times, errors and cards import nothing that has to be installed."""
    assert set() == outsiders(path)


@pytest.mark.parametrize("path", at_level(1), ids=named)
def test_engines_know_neither_network_nor_aws(path):
    """An engine computes from its arguments: no boto3, no sockets."""
    assert set() == outsiders(path) & NETWORK


@pytest.mark.parametrize("path", at_level(0, 1, 2, 3), ids=named)
def test_only_faces_plot_and_know_notebooks(path):
    """Below ``show`` and ``cli`` nothing imports IPython, widgets or plotting."""
    assert set() == outsiders(path) & FACES_ONLY


@pytest.mark.parametrize("path", MODULES, ids=named)
def test_only_the_system_clock_reads_the_time(path):
    """Time is an argument, or comes from a clock."""
    calls = [node for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Call)]
    readings = [".".join(ast.unparse(call.func).split(".")[-2:]) for call in calls]
    found = [reading for reading in readings if reading in CLOCK_READINGS]
    assert (["datetime.now"] if path == PACKAGE / "clock.py" else []) == found


@pytest.mark.parametrize("path", MODULES, ids=named)
def test_modules_are_named_for_what_they_hold(path):
    """No module is called utils or the like."""
    assert set() == VAGUE_NAMES & set(path.relative_to(PACKAGE).with_suffix("").parts)


CORE_PATH = """
import sys, threading
from ecrlab import check, hint, oci, open_lab, registry
with open_lab() as lab:
    ecr = lab.client("ecr")
    ecr.create_repository(repositoryName="team/api")
    image = oci.image(oci.layer({"hello.txt": "hello"}))
    registry.push(ecr, image, "team/api", tag="1.0")
    assert registry.pull(ecr, "team/api", "1.0").digest == image.digest
    assert str(hint("01.create")) and str(check("01.create"))
heavy = {"IPython", "ipywidgets", "jupyter_client", "jupyterlab", "matplotlib", "nbformat", "numpy", "pandas", "zmq"}
print(*sorted(heavy & set(sys.modules)), threading.active_count())
"""


def test_the_core_path_stays_light(tmp_path):
    """A lab opens, pushes, pulls, hints and checks without pandas, plotting, IPython or a second thread."""
    environment = os.environ | {"ECRLAB_PROGRESS": str(tmp_path / "progress.json")}
    done = subprocess.run(
        [sys.executable, "-c", CORE_PATH], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert ("1\n", "") == (done.stdout, done.stderr)


def course_files() -> list[Path]:
    """List the text files of the project: what git tracks or would; in a download, what is not hidden."""
    if (ROOT / ".git").exists():
        command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
        paths = [ROOT / name for name in listed.stdout.split("\0") if name]
    else:
        paths = [p for p in ROOT.rglob("*") if not any(x.startswith((".", "__")) for x in p.relative_to(ROOT).parts)]
    return [path for path in paths if path.is_file() and b"\0" not in path.read_bytes()[:8000]]


FORBIDDEN = {
    "a path of somebody's machine": re.compile(r"(?<![\w.~}/-])/(?:home|root|Users)/\w+"),
    "the address of a package index": re.compile(r"\b(?:pypi|pythonhosted|npmjs)\." + r"(?:org|com)\b"),
}


@pytest.mark.parametrize("pattern", FORBIDDEN.values(), ids=FORBIDDEN)
def test_no_file_depends_on_one_machine(pattern):
    """Nothing in the project names the machine it was made on, or where packages come from."""
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()[:120]}"
        for path in course_files()
        for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1)
        if pattern.search(line)
    ]
    assert [] == found
