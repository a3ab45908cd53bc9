"""What dpkg has installed: ``var/lib/dpkg/status``, and the one-package files ``status.d/*`` of distroless images.

::

    Package: libssl3
    Status: install ok installed         want, flag, state; files of status.d have no such line
    Architecture: amd64
    Source: openssl (3.0.9-1)            left out when the source has the same name; the version when it is the same
    Version: 3.0.9-1+b2                  a rebuild of the same source

Sources: Debian Policy Manual, 5.3, 5.6.1 "Source" and 5.6.12 "Version"; dpkg(1), "Package states"; for ``status.d``,
GoogleContainerTools/distroless, README.md.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ecrlab.scan.listing import Listed, Unreadable
from ecrlab.scan.stanzas import paragraphs

__all__ = ["read_status"]

_WANTED = frozenset({"package", "status", "version", "source", "architecture"})
_SOURCE = re.compile(r"(?P<name>\S+)(?:\s+\((?P<version>[^()]+)\))?")
_THERE = frozenset({"installed", "unpacked", "half-configured", "triggers-awaited", "triggers-pending"})
"""States in which a package's files are in the file system, configured or not."""


def read_status(data: bytes) -> Iterator[Listed]:
    """List the packages of a status file whose files are in place.

    Raises:
        Unreadable: A package without a name or a version.
    """
    incomplete = 0
    for known in paragraphs(data, _WANTED):
        if known.get("status", "installed").rpartition(" ")[2] not in _THERE:
            continue
        if known.get("package") and known.get("version"):
            yield _listed(known["package"], known["version"], known.get("source", ""), known.get("architecture", ""))
        else:
            incomplete += 1
    if incomplete:
        raise Unreadable(f"packages without a name or a version: {incomplete}")


def _listed(name: str, version: str, source: str, architecture: str) -> Listed:
    match = _SOURCE.match(source)
    if match is None:
        return Listed(name, version, architecture=architecture)
    return Listed(name, version, match["name"], match["version"] or "", architecture)
