"""Which files of a layer list packages, by their path, and who reads them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from ecrlab.scan.apk import read_installed
from ecrlab.scan.dpkg import read_status
from ecrlab.scan.java import ARCHIVES, read_java_archive
from ecrlab.scan.limits import Limits
from ecrlab.scan.listing import Listed, PackageFile, Unreadable
from ecrlab.scan.npm import is_package_root, read_package_json
from ecrlab.scan.package import Manager
from ecrlab.scan.python_metadata import read_metadata
from ecrlab.scan.rpm import read_journal, read_rpmdb, unsupported_database

__all__ = ["Kind", "kind_of", "read_package_file", "unread"]

_Reading: TypeAlias = Callable[[bytes, str, Limits], Iterator[Listed]]


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of package file: whose it is, and how it is read."""

    manager: Manager
    read: _Reading


def _by_content(manager: Manager, read: Callable[[bytes], Iterator[Listed]]) -> Kind:
    return Kind(manager, lambda data, path, limits: read(data))


_DPKG = _by_content("dpkg", read_status)
_APK = _by_content("apk", read_installed)
_RPM = _by_content("rpm", read_rpmdb)
_RPM_JOURNAL = _by_content("rpm", read_journal)
_RPM_UNSUPPORTED = _by_content("rpm", unsupported_database)
_PYTHON = _by_content("pip", read_metadata)
_NPM = _by_content("npm", read_package_json)
_JAVA = Kind("maven", lambda data, path, limits: read_java_archive(data, path.rpartition("/")[2], limits))

_AT = {
    "var/lib/dpkg/status": _DPKG,
    "lib/apk/db/installed": _APK,
    "usr/lib/apk/db/installed": _APK,
    **{
        f"{folder}/{name}": kind
        for folder in ("var/lib/rpm", "usr/lib/sysimage/rpm", "usr/share/rpm")
        for name, kind in (
            ("rpmdb.sqlite", _RPM),
            ("rpmdb.sqlite-wal", _RPM_JOURNAL),
            ("Packages", _RPM_UNSUPPORTED),  # Berkeley DB, until rpm 4.16
            ("Packages.db", _RPM_UNSUPPORTED),  # ndb, of SUSE
        )
    },
}
_DISTROLESS = "var/lib/dpkg/status.d/"


def kind_of(path: str) -> Kind | None:
    """Say how a file is read; ``None`` for all the files that list no packages.

    Args:
        path: From the root of the file system, without a leading ``/``.
    """
    if path in _AT:
        return _AT[path]
    if path.endswith(("/METADATA", "/PKG-INFO", ".egg-info")):
        return _PYTHON if _is_python_metadata(path) else None
    if path.endswith("/package.json"):
        return _NPM if is_package_root(path) else None
    if path.startswith(_DISTROLESS):
        return None if path.endswith(".md5sums") else _DPKG
    return _JAVA if path[-4:].lower() in ARCHIVES else None


def _is_python_metadata(path: str) -> bool:
    return path.endswith((".dist-info/METADATA", ".egg-info/PKG-INFO", ".egg-info"))


def read_package_file(path: str, kind: Kind, data: bytes, limits: Limits) -> PackageFile:
    """List what a file says; what it does not let us read becomes its warning."""
    listed: dict[Listed, None] = {}  # a set that keeps its order
    warning = ""
    try:
        for count, each in enumerate(kind.read(data, path, limits)):
            if count >= limits.packages:
                raise Unreadable(f"it lists more than {limits.packages:,} packages")
            if each.length > limits.text:
                raise Unreadable(f"it has a name or a version of more than {limits.text:,} characters")
            listed[each] = None
    except Unreadable as exc:
        warning = f"{path}: {exc}"
    return PackageFile(path, kind.manager, tuple(listed), warning)


def unread(path: str, kind: Kind, reason: str) -> PackageFile:
    """Record a file that was not read at all."""
    return PackageFile(path, kind.manager, (), f"{path}: {reason}")
