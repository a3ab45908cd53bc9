"""Which distribution an image is: ``etc/os-release``, usually a link to ``usr/lib/os-release``.

Source: os-release(5): shell-like assignments, one a line, values perhaps in quotes; ``ID`` without a value means linux.
"""

from __future__ import annotations

import shlex

from ecrlab.scan.package import Manager, System

__all__ = ["OS_RELEASE_PATHS", "ecosystem_of", "read_os_release"]

OS_RELEASE_PATHS = ("etc/os-release", "usr/lib/os-release")
"""Where it may be; the first that is there counts."""

_ECOSYSTEMS = {"debian": "Debian", "ubuntu": "Ubuntu", "rhel": "RedHat", "amzn": "AmazonLinux", "alpine": "Alpine"}
_BY_MANAGER: dict[Manager, str] = {"dpkg": "Debian", "apk": "Alpine", "rpm": "RPM"}
_LANGUAGES: dict[Manager, str] = {"pip": "PyPI", "npm": "npm", "maven": "Maven"}


def read_os_release(data: bytes) -> System:
    """Read what an ``os-release`` says; a line that is no assignment is passed over."""
    found: dict[str, str] = {}
    for line in data.decode("utf-8", "replace").splitlines():
        name, equals, value = line.strip().partition("=")
        if equals and not name.startswith("#"):
            found[name] = _unquoted(value)
    return System(found.get("ID", "linux"), found.get("VERSION_ID", ""), found.get("PRETTY_NAME", ""))


def _unquoted(value: str) -> str:
    try:
        return " ".join(shlex.split(value))
    except ValueError:  # a quote that is never closed
        return value.strip("\"'")


def ecosystem_of(manager: Manager, system: System | None) -> str:
    """Name who numbers and judges the versions of a manager's packages in a system.

    Debian's advisories are for one release, so it is ``Debian:12``; the kit's rows for Alpine hold for all releases, so
    it is ``Alpine``. Without an ``os-release`` the release is unknown: ``Debian``.
    """
    if manager in _LANGUAGES:
        return _LANGUAGES[manager]
    if system is None:
        return _BY_MANAGER[manager]
    family = _ECOSYSTEMS.get(system.id, system.id.capitalize())
    if family == "Alpine" or not system.version_id:
        return family
    return f"{family}:{_release(family, system.version_id)}"


def _release(family: str, version_id: str) -> str:
    """Cut a version to what advisories are published for: RedHat's minor releases share theirs."""
    return version_id.partition(".")[0] if family in ("Debian", "RedHat") else version_id
