"""What one layer says: the package files in it, and what it hides of the layers below.

A layer is read once, as a stream, and never unpacked to disk. What is kept of it depends on its bytes alone, so it can
be cached under its digest: a thousand images that share a base read the base once.

Sources: OCI image specification, layer.md, "Whiteouts" (``.wh.<name>`` hides a name of the layers below,
``.wh..wh..opq`` everything below its directory, neither touches the layer itself) and "Applying Changesets".
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import BinaryIO

from ecrlab.naming import Digest
from ecrlab.oci.media import is_filesystem_layer
from ecrlab.oci.store import CHUNK
from ecrlab.scan.interest import Kind, kind_of, read_package_file, unread
from ecrlab.scan.limits import LIMITS, Enough, Limits
from ecrlab.scan.listing import PackageFile
from ecrlab.scan.os_release import OS_RELEASE_PATHS, read_os_release
from ecrlab.scan.package import System
from ecrlab.scan.unpacking import Pieces, unpacked
from ecrlab.scan.untar import Kind as MemberKind
from ecrlab.scan.untar import Member, members

__all__ = ["LayerContents", "folders_of", "read_layer"]

_WHITEOUT = ".wh."
_OPAQUE = ".wh..wh..opq"
_AUFS = ".wh..wh."
"""Other names that begin like this are notes of the AUFS file system to itself."""

_OS_RELEASE_SIZE = 64 * 1024


@dataclass(frozen=True, slots=True)
class LayerContents:
    """What one layer adds and hides. All paths are relative to the root of the file system.

    Args:
        digest: Of the layer.
        package_files: The files in it that list packages, by path.
        systems: What its ``os-release`` files say, with their paths.
        whiteouts: Paths it hides in the layers below, with everything under them.
        opaque: Directories of which it hides all that the layers below have put there; ``""`` is the root.
        occupied: All its files and links: a directory below that has such a name is gone.
        directories: Its directories with names that a package file could have: a file below is gone.
        warnings: What could not be read of it, in sentences; empty if nothing is missing.
    """

    digest: Digest
    package_files: tuple[PackageFile, ...] = ()
    systems: tuple[tuple[str, System], ...] = ()
    whiteouts: frozenset[str] = frozenset()
    opaque: frozenset[str] = frozenset()
    occupied: frozenset[str] = frozenset()
    directories: frozenset[str] = frozenset()
    warnings: tuple[str, ...] = ()

    def hides(self, path: str) -> bool:
        """Say whether a file that the layers below have at ``path`` is gone in this layer, or replaced."""
        if path in self.directories or path in self.occupied or path in self.whiteouts:
            return True
        return any(
            folder in self.opaque or folder in self.occupied or folder in self.whiteouts for folder in folders_of(path)
        )

    def hides_nothing(self, names: AbstractSet[str]) -> bool:
        """Say, faster than path by path, that no path is hidden.

        Args:
            names: All paths in question, with all directories they lie in.
        """
        return all(map(names.isdisjoint, (self.occupied, self.whiteouts, self.opaque, self.directories)))


def folders_of(path: str) -> Iterator[str]:
    """Yield the directories that a path lies in, the root (``""``) last."""
    while path:
        path = path.rpartition("/")[0]
        yield path


def read_layer(
    source: Iterable[bytes] | BinaryIO, *, digest: Digest, media_type: str, limits: Limits = LIMITS
) -> LayerContents:
    """Read a layer once, from its first byte to the end of its tar.

    Args:
        source: Its bytes as they are stored: a stream, or pieces of any size.
        digest: Of the layer; it is what errors name, and is not checked here.
        media_type: What the manifest calls it. How it is packed is read from its first bytes.
        limits: What is too much. Past a limit, reading ends and the contents say so in ``warnings``.

    Raises:
        InvalidImage: A damaged stream or archive, as a container runtime would refuse it.
    """
    if not is_filesystem_layer(media_type):
        return LayerContents(digest, warnings=(f"layer {digest.short} is no part of a file system: {media_type}",))
    place = f"layer {digest.short}"
    pieces = _pieces(source)
    reading = _Reading(limits)
    try:
        for member in members(Pieces(unpacked(pieces, limits, place)), limits, place):
            reading.take(member)
    except Enough as enough:
        reading.warnings.append(f"{enough}, so the rest of it was not read")
    return reading.contents(digest, place)


def _pieces(source: Iterable[bytes] | BinaryIO) -> Iterable[bytes]:
    read = getattr(source, "read", None)
    return iter(lambda: read(CHUNK), b"") if read else source


class _Reading:
    """The layer so far. A path that comes twice counts as it came last."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._members = self._names = self._packages = 0
        self._package_files: dict[str, PackageFile] = {}
        self._systems: dict[str, System] = {}
        self._whiteouts: set[str] = set()
        self._opaque: set[str] = set()
        self._occupied: set[str] = set()
        self._directories: set[str] = set()
        self._outside = 0
        self.warnings: list[str] = []

    def take(self, member: Member) -> None:
        self._count(member.name)
        path = _normal(member.name)
        if path is None:
            self._outside += 1
            return
        folder, _, name = path.rpartition("/")
        if name.startswith(_WHITEOUT):
            self._hide(folder, name)
        elif member.kind is MemberKind.DIRECTORY:
            self._take_directory(path)
        elif path:
            self._occupied.add(path)
            self._take_file(path, member)

    def _count(self, name: str) -> None:
        self._members += 1
        self._names += len(name)
        if self._members > self._limits.members:
            raise Enough(f"it has more than {self._limits.members:,} files")
        if self._names > self._limits.names:
            raise Enough(f"the names of its files have more than {self._limits.names:,} characters")

    def _hide(self, folder: str, name: str) -> None:
        if name == _OPAQUE:
            self._opaque.add(folder)
        elif not name.startswith(_AUFS) and name != _WHITEOUT:
            self._whiteouts.add(posixpath.join(folder, name.removeprefix(_WHITEOUT)))

    def _take_directory(self, path: str) -> None:
        if kind_of(path) is not None:
            self._directories.add(path)
            self._package_files.pop(path, None)

    def _take_file(self, path: str, member: Member) -> None:
        if path in OS_RELEASE_PATHS:
            self._systems.pop(path, None)
            if member.kind is MemberKind.FILE and member.size <= _OS_RELEASE_SIZE:
                self._systems[path] = read_os_release(member.content())
        elif kind := kind_of(path):
            self._package_files.pop(path, None)
            if (found := self._read(path, kind, member)) is not None:
                self._keep(found)

    def _read(self, path: str, kind: Kind, member: Member) -> PackageFile | None:
        if member.kind is MemberKind.HARD_LINK:
            return self._linked(path, kind, member.link_to)
        if member.kind is not MemberKind.FILE:
            return None  # what a symbolic link points to is read where it is
        if member.size > self._limits.file:
            return unread(path, kind, f"it has {member.size:,} bytes, more than the scanner reads of one file")
        return read_package_file(path, kind, member.content(), self._limits)

    def _linked(self, path: str, kind: Kind, link_to: str) -> PackageFile:
        """A hard link is the same file under a second name; its content came with the first."""
        first = self._package_files.get(_normal(link_to) or "")
        if first is None or first.manager != kind.manager:
            return unread(path, kind, f"it is a hard link to {link_to!r}, whose content was passed over")
        return PackageFile(path, kind.manager, first.listed, first.warning)

    def _keep(self, found: PackageFile) -> None:
        self._packages += len(found.listed) or 1  # a file without packages takes room as well
        if self._packages > self._limits.packages:
            raise Enough(f"it lists more than {self._limits.packages:,} packages")
        self._package_files[found.path] = found

    def contents(self, digest: Digest, place: str) -> LayerContents:
        if self._outside:
            self.warnings.append(f"names that lead out of the file system were passed over: {self._outside}")
        return LayerContents(
            digest,
            tuple(self._package_files[path] for path in sorted(self._package_files)),
            tuple(sorted(self._systems.items(), key=lambda pair: pair[0])),
            frozenset(self._whiteouts),
            frozenset(self._opaque),
            frozenset(self._occupied),
            frozenset(self._directories),
            tuple(f"{place}: {warning}" for warning in self.warnings),
        )


def _normal(name: str) -> str | None:
    """Write a member's name as a path from the root: ``./etc//x`` is ``etc/x``, the root is ``""``.

    ``None`` if it leads out of the root. Nothing is ever written where a name points; container runtimes refuse such a
    layer.
    """
    plain = name.lstrip("/")
    if "//" in plain or "./" in plain or plain.endswith(("/", ".")):
        plain = posixpath.normpath(plain) if plain else ""
        if plain == ".":
            return ""
        if plain == ".." or plain.startswith("../"):
            return None
    return plain
