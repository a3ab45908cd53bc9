"""``ecrlab doctor``: is everything here that the course needs, and what to do if not.

Every finding is a fact about this machine with its fix. Values of variables are never shown, only their names.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from enum import Enum
from importlib import metadata
from pathlib import Path

from ecrlab.cards import Table
from ecrlab.course.catalogue import find_course
from ecrlab.errors import EcrLabError
from ecrlab.lab_server import FIRST_PORT, is_free

__all__ = ["Finding", "Health", "Report", "examine"]

OLDEST, NEWEST = (3, 11), (3, 14)
FREE_BYTES = 500_000_000
REINSTALL = "make lab (without make: python -m pip install --no-deps -r requirements.txt)"
WIDGETS = Path("labextensions/@jupyter-widgets/jupyterlab-manager/package.json")
PROXIES = frozenset({"http_proxy", "https_proxy", "all_proxy"})


class Health(Enum):
    """How a finding bears on the course."""

    GOOD = "good"
    NOTE = "note"
    PROBLEM = "problem"

    @property
    def sign(self) -> str:
        """One character in front of the finding."""
        return {"good": "✓", "note": "ℹ", "problem": "✗"}[self.value]


@dataclass(frozen=True, slots=True)
class Finding:
    """One fact about this machine; ``fix`` is what to do about it, empty if there is nothing to do."""

    subject: str
    health: Health
    fact: str
    fix: str = ""


@dataclass(frozen=True, slots=True, repr=False)
class Report:
    """What the doctor found, in the order of examination."""

    findings: tuple[Finding, ...]

    @property
    def healthy(self) -> bool:
        """Whether the course can run here."""
        return all(finding.health is not Health.PROBLEM for finding in self.findings)

    @property
    def table(self) -> Table:
        """The findings as a table."""
        rows = [(f.health.sign, f.subject, f.fact, f.fix) for f in self.findings]
        return Table(("", "What", "Found", "To do"), rows, "Everything is in order" if self.healthy else "To be mended")

    def to_json(self) -> str:
        """Return the findings for a program."""
        findings = [asdict(finding) | {"health": finding.health.value} for finding in self.findings]
        return json.dumps({"healthy": self.healthy, "findings": findings}, indent=2, ensure_ascii=False)

    def _repr_html_(self) -> str:
        return self.table._repr_html_()

    def _repr_markdown_(self) -> str:
        return self.table._repr_markdown_()

    def __str__(self) -> str:
        width = max((len(finding.subject) for finding in self.findings), default=0)
        lines = []
        for finding in self.findings:
            lines.append(f"{finding.health.sign} {finding.subject:<{width}}  {finding.fact}")
            if finding.fix:
                lines.append(f"  {'':<{width}}  → {finding.fix}")
        problems = sum(finding.health is Health.PROBLEM for finding in self.findings)
        lines.append("Everything is in order." if self.healthy else f"{problems} to be mended.")
        return "\n".join(lines)

    __repr__ = __str__


def examine(environ: Mapping[str, str] | None = None, here: Path | None = None) -> Report:
    """Examine this machine; takes a few seconds, since it starts a kernel and opens a lab.

    Args:
        environ: The environment to look at, default: this process's.
        here: Where to look for the course, default: the working directory.
    """
    environ = os.environ if environ is None else environ
    here = here or Path.cwd()
    return Report(tuple(finding for look in LOOKS for finding in look(environ, here)))


def _python(environ: Mapping[str, str], here: Path) -> Iterator[Finding]:
    version = sys.version_info[:2]
    text = f"{sys.version.split()[0]} at {sys.executable}"
    if OLDEST <= version <= NEWEST:
        yield Finding("Python", Health.GOOD, text)
    else:
        yield Finding("Python", Health.PROBLEM, text, "use Python 3.11 to 3.14, then make lab")


def _packages(environ: Mapping[str, str], here: Path) -> Iterator[Finding]:
    try:
        lock = find_course(here) / "requirements.txt"
        pins = _pins(lock.read_text("utf-8"))
    except (EcrLabError, OSError):
        yield Finding(
            "Packages", Health.NOTE, "there is no requirements.txt to compare with", "go to the course folder"
        )
        return
    installed = {name: _version(name) for name in pins}
    missing = [name for name, version in installed.items() if version is None]
    other = [
        f"{name} {version} (locked: {pins[name]})"
        for name, version in installed.items()
        if version not in (None, pins[name])
    ]
    if missing or other:
        fact = "; ".join(filter(None, (_listed("missing", missing), _listed("another version", other))))
        yield Finding("Packages", Health.PROBLEM, fact, REINSTALL)
    else:
        yield Finding("Packages", Health.GOOD, f"{len(pins)}, all as locked")
    if _version("rfc3987-syntax"):
        fact = "rfc3987-syntax is installed; it adds seconds to every start, and nothing here needs it"
        yield Finding("Start-up", Health.NOTE, fact, "python -m pip uninstall -y rfc3987-syntax")


def _pins(lock: str) -> dict[str, str]:
    """Return name and version of each locked line that is meant for this Python and system."""
    from packaging.requirements import Requirement

    lines = [line.partition("#")[0].strip() for line in lock.splitlines()]
    wanted = [Requirement(line) for line in lines if "==" in line]
    return {w.name: str(w.specifier).removeprefix("==") for w in wanted if w.marker is None or w.marker.evaluate()}


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _listed(what: str, names: list[str]) -> str:
    shown = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
    return f"{what}: {shown}" if names else ""


def _course(environ: Mapping[str, str], here: Path) -> Iterator[Finding]:
    try:
        yield Finding("Course", Health.GOOD, f"in {find_course(here)}")
    except EcrLabError as problem:
        yield Finding("Course", Health.PROBLEM, f"{problem.place}: {problem.fact}", problem.way_out)


def _lab(environ: Mapping[str, str], here: Path) -> Iterator[Finding]:
    from ecrlab.cloud import Mock, open_lab
    from ecrlab.cloud.settings import Settings

    try:
        Settings.read(environ)
    except EcrLabError:
        return  # no lab opens before that is mended; see _settings
    began = time.perf_counter()
    try:
        with open_lab(Mock()) as lab:
            lab.client("ecr").create_repository(repositoryName="doctor/visit")
    except Exception as problem:  # noqa: BLE001  whatever it is, the learner wants to read it here
        yield Finding("Mode Mock", Health.PROBLEM, f"{type(problem).__name__}: {problem}", REINSTALL)
        return
    yield Finding("Mode Mock", Health.GOOD, f"opened and made a repository in {time.perf_counter() - began:.1f} s")


def _kernel(environ: Mapping[str, str], here: Path) -> Iterator[Finding]:
    began = time.perf_counter()
    try:
        executable = _kernel_python()
    except Exception as problem:  # noqa: BLE001  see above
        yield Finding("Kernel", Health.PROBLEM, f"does not start: {type(problem).__name__}: {problem}", REINSTALL)
        return
    if Path(executable) == Path(sys.executable):
        yield Finding("Kernel", Health.GOOD, f"ready after {time.perf_counter() - began:.1f} s")
    else:
        fix = "jupyter kernelspec remove python3, then make lab"
        yield Finding("Kernel", Health.PROBLEM, f"'Python 3' is another Python: {executable}", fix)


def _kernel_python() -> str:
    """Start the kernel of the notebooks and return the Python that runs in it."""
    from jupyter_client.manager import start_new_kernel

    said: list[str] = []
    manager, client = start_new_kernel(startup_timeout=30, kernel_name="python3", stderr=subprocess.DEVNULL)
    try:
        client.execute_interactive(
            "import sys; print(sys.executable, end='')",
            timeout=30,
            output_hook=lambda message: said.append(message["content"].get("text", "")),
        )
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    return "".join(said)


def _widgets(environ: Mapping[str, str], here: Path) -> Iterator[Finding]:
    from jupyter_core.paths import jupyter_path

    if any((Path(folder) / WIDGETS).is_file() for folder in jupyter_path()):
        yield Finding("Widgets", Health.GOOD, "JupyterLab has the extension")
    else:
        yield Finding("Widgets", Health.PROBLEM, "JupyterLab lacks the extension of ipywidgets", REINSTALL)


def _port(environ: Mapping[str, str], here: Path) -> Iterator[Finding]:
    if is_free(FIRST_PORT):
        yield Finding("Port", Health.GOOD, f"{FIRST_PORT} is free")
    else:
        yield Finding("Port", Health.NOTE, f"{FIRST_PORT} is taken; ecrlab lab takes the next free one")


def _disk(environ: Mapping[str, str], here: Path) -> Iterator[Finding]:
    free = shutil.disk_usage(here).free
    fact = f"{free / 1e9:.1f} GB free"
    if free < FREE_BYTES:
        yield Finding("Disk", Health.PROBLEM, fact, "free at least 0.5 GB")
    else:
        yield Finding("Disk", Health.GOOD, fact)


def _aws(environ: Mapping[str, str], here: Path) -> Iterator[Finding]:
    names = sorted(name for name in environ if name.startswith("AWS_") and name != "AWS_CA_BUNDLE")
    home = Path(environ.get("HOME") or Path.home()) / ".aws"
    files = [f"~/.aws/{name}" for name in ("config", "credentials") if (home / name).is_file()]
    if found := [*names, *files]:
        fact = f"{', '.join(found)} found; Mode Mock uses none of them"
        yield Finding("AWS", Health.NOTE, fact)
    else:
        yield Finding("AWS", Health.GOOD, "no credentials here, and none are needed")


def _settings(environ: Mapping[str, str], here: Path) -> Iterator[Finding]:
    from ecrlab.cloud.settings import Settings

    names = sorted(name for name in environ if name.startswith("ECRLAB_") and environ[name])
    try:
        Settings.read(environ)
    except EcrLabError as problem:
        yield Finding("Settings", Health.PROBLEM, f"{problem.place}: {problem.fact}", problem.way_out)
        return
    if names:
        yield Finding("Settings", Health.NOTE, f"{', '.join(names)} set; unset what you did not mean")


def _proxies(environ: Mapping[str, str], here: Path) -> Iterator[Finding]:
    names = sorted(name for name in environ if name.lower() in PROXIES)
    if names:
        yield Finding("Proxy", Health.NOTE, f"{', '.join(names)} set; installing uses them, Mode Mock does not")


LOOKS: tuple[Callable[[Mapping[str, str], Path], Iterator[Finding]], ...] = (
    _python,
    _packages,
    _course,
    _lab,
    _kernel,
    _widgets,
    _port,
    _disk,
    _aws,
    _settings,
    _proxies,
)
