"""What a file in a layer lists: packages, before it is known which system they belong to."""

from __future__ import annotations

from dataclasses import dataclass

from ecrlab.scan.package import Manager

__all__ = ["Listed", "PackageFile", "Unreadable"]


@dataclass(frozen=True, slots=True)
class Listed:
    """One package as a file lists it.

    Args:
        name: As the ecosystem spells it.
        version: As it is written.
        source: The source package or origin; empty where the file names none.
        source_version: Of the source; empty where it is that of the package.
        architecture: As the package manager spells it; empty where there is none.
        inside: In an archive, the path of the archive within it that says so; empty for the file itself.
    """

    name: str
    version: str
    source: str = ""
    source_version: str = ""
    architecture: str = ""
    inside: str = ""

    @property
    def length(self) -> int:
        """Characters of all that is kept."""
        return sum(
            map(len, (self.name, self.version, self.source, self.source_version, self.architecture, self.inside))
        )


@dataclass(frozen=True, slots=True)
class PackageFile:
    """A file that lists packages.

    Args:
        path: Without a leading ``/``.
        manager: Who writes such files.
        listed: What is in it; no package may be right too, for a database that is still empty.
        warning: Why ``listed`` is not, or may not be, everything; empty if it is.
    """

    path: str
    manager: Manager
    listed: tuple[Listed, ...] = ()
    warning: str = ""


class Unreadable(Exception):
    """A file, or a part of it, cannot be read; the text says why, as the end of a sentence about the file.

    Readers raise it after they have yielded what they could read. Callers of this package never see it raised.
    """
