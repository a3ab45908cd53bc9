"""Java archives: what a jar says about itself, and about the jars inside it, in memory.

Maven writes ``META-INF/maven/<group>/<artifact>/pom.properties`` into what it builds; a jar that was merged from
several has several. Gradle and older tools write none: then the file's name (``spring-beans-5.3.17.jar``) and the main
section of ``META-INF/MANIFEST.MF`` have to do, and the group is often unknown. A jar that says nothing at all lists
nothing.

Sources: Apache Maven Archiver, "pom.properties content"; Java SE, "JAR File Specification" (manifest, continuation
lines) and ``java.net.JarURLConnection`` (``!/`` parts an archive from what is in it); Spring Boot reference, "The
Executable Jar Format" (``BOOT-INF/lib``); Jakarta Servlet specification, 10.5 (``WEB-INF/lib``).
"""

from __future__ import annotations

import re
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from io import BytesIO
from zipfile import ZipFile, ZipInfo

from ecrlab.scan.limits import LIMITS, Limits
from ecrlab.scan.listing import Listed, Unreadable

__all__ = ["ARCHIVES", "read_java_archive"]

ARCHIVES = (".jar", ".war", ".ear")

_POM = re.compile(r"META-INF/maven/[^/]+/[^/]+/pom\.properties")
_MANIFEST = "META-INF/MANIFEST.MF"
_VERSION_PART = re.compile(r"-(?=\d)")
_VERSIONS = ("Implementation-Version", "Bundle-Version", "Specification-Version")
_GROUP = re.compile(r"[a-z][\w-]*(?:\.[\w-]+)+")
_SPRING = frozenset(
    {"aop", "aspects", "beans", "context", "context-support", "core", "expression", "jcl", "jdbc", "jms", "messaging"}
    | {"orm", "oxm", "test", "tx", "web", "webflux", "webmvc", "websocket"}
)
"""The modules of the Spring Framework, which is built with Gradle and so does not name its group."""

_ENTRY = b"PK\x01\x02"
_PLAIN = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_ENCRYPTED = 0x1
_TEXT = 1024 * 1024
"""Bytes read of one manifest or one ``pom.properties``."""

_BROKEN = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, NotImplementedError, OSError, ValueError, KeyError)
"""What Python's zipfile raises for archives that contradict themselves."""


def read_java_archive(data: bytes, file_name: str, limits: Limits = LIMITS) -> Iterator[Listed]:
    """List what an archive and those inside it contain.

    Args:
        data: The archive.
        file_name: Without directories: ``log4j-core-2.14.1.jar``.
        limits: How deep, and how much.

    Raises:
        Unreadable: The archive, or one inside it, is damaged or passes a limit; the rest has been listed.
    """
    walk = _Walk(limits)
    yield from walk.archive(data, file_name, "", 1)
    if walk.faults:
        more = len(walk.faults) - 1
        raise Unreadable(walk.faults[0] + (f" (and {more} more)" if more else ""))


class _Walk:
    """One archive with those inside it; ``faults`` collects what could not be read."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._left = limits.nested
        self.faults: list[str] = []

    def archive(self, data: bytes, file_name: str, inside: str, depth: int) -> Iterator[Listed]:
        where = f"{inside}: " if inside else ""
        if depth > self._limits.depth:
            self.faults.append(f"{where}an archive in {depth - 1} others is not opened")
            return
        if data.count(_ENTRY) > self._limits.entries:  # zipfile would make an object of each before we could object
            self.faults.append(f"{where}it has more than {self._limits.entries:,} entries")
            return
        try:
            with ZipFile(BytesIO(data)) as opened:
                yield from self._own(opened, file_name, inside)
                for info in opened.infolist():
                    if info.filename.lower().endswith(ARCHIVES):
                        yield from self._nested(opened, info, inside, depth)
        except _BROKEN as exc:
            self.faults.append(f"{where}it is no sound archive ({exc})")

    def _own(self, opened: ZipFile, file_name: str, inside: str) -> Iterator[Listed]:
        """List what the archive says about itself."""
        entries = {info.filename: info for info in opened.infolist()}
        poms = [self._read(opened, info, _TEXT) for name, info in entries.items() if _POM.fullmatch(name)]
        listed = [each for each in (_from_pom(pom, inside) for pom in poms) if each is not None]
        manifest = self._read(opened, entries[_MANIFEST], _TEXT) if _MANIFEST in entries else b""
        own = _from_name(file_name, _main_section(manifest), inside, listed)
        yield from (*listed, *([own] if own else []))

    def _nested(self, opened: ZipFile, info: ZipInfo, inside: str, depth: int) -> Iterator[Listed]:
        path = f"{inside}!/{info.filename}" if inside else info.filename
        if info.is_dir():
            return
        try:
            data = self._read(opened, info, self._left)
        except _BROKEN as exc:
            self.faults.append(f"{path}: it cannot be unpacked ({exc})")
            return
        yield from self.archive(data, info.filename.rpartition("/")[2], path, depth + 1)

    def _read(self, opened: ZipFile, info: ZipInfo, limit: int) -> bytes:
        """Unpack an entry.

        Raises:
            ValueError: It is larger than the limit, or packed in a way that no jar is.
        """
        if info.compress_type not in _PLAIN or info.flag_bits & _ENCRYPTED:
            raise ValueError("encrypted, or packed in a way unknown to Java")
        with opened.open(info) as stream:
            data = stream.read(min(limit, self._left) + 1)
        self._left -= len(data)
        if len(data) > limit or self._left < 0:
            self._left = max(self._left, 0)
            raise ValueError("larger than the scanner unpacks")
        return data


def _from_pom(data: bytes, inside: str) -> Listed | None:
    known: dict[str, str] = {}
    for line in data.decode("utf-8", "replace").splitlines():
        key, equals, value = line.partition("=")
        if equals and not key.startswith(("#", "!")):
            known[key.strip()] = value.strip()
    group, artifact, version = (known.get(key, "") for key in ("groupId", "artifactId", "version"))
    if not (artifact and version):
        return None
    return Listed(f"{group}:{artifact}" if group else artifact, version, inside=inside)


def _main_section(manifest: bytes) -> Mapping[str, str]:
    """Read the attributes up to the first blank line; a line that begins with a space continues the one before."""
    text = manifest.decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n").replace("\n ", "")
    pairs = (line.partition(":") for line in text.partition("\n\n")[0].split("\n"))
    return {name.strip(): value.strip() for name, colon, value in pairs if colon}


def _from_name(file_name: str, manifest: Mapping[str, str], inside: str, known: Sequence[Listed]) -> Listed | None:
    """Name an archive after its file, unless it has said who it is.

    A file whose name begins with none of the artifacts in it was merged of them, and is one more. A name without a
    version adds nothing to what is known.
    """
    stem = file_name.rpartition(".")[0]
    stated = next((manifest[key].split()[0] for key in _VERSIONS if manifest.get(key)), "")
    artifact, version = _parted(stem, stated)
    if known and (artifact == stem or any(_alike(stem).startswith(_alike(_artifact(each))) for each in known)):
        return None
    version = version or stated
    if not (artifact and version):
        return None
    group = _group(artifact, manifest)
    return Listed(f"{group}:{artifact}" if group else artifact, version, inside=inside)


def _parted(stem: str, stated: str) -> tuple[str, str]:
    """Part ``log4j-1.2-api-2.14.1`` before the version that the manifest states, else before the first number."""
    if stated and stem.endswith(f"-{stated}"):
        return stem.removesuffix(f"-{stated}"), stated
    match = _VERSION_PART.search(stem)
    return (stem[: match.start()], stem[match.end() :]) if match else (stem, "")


def _artifact(listed: Listed) -> str:
    return listed.name.rpartition(":")[2]


def _alike(name: str) -> str:
    """Level what people exchange when they rename a file: ``geronimo-annotation_1.3_spec`` has two more spellings."""
    return re.sub(r"[-_.]+", "-", name)


def _group(artifact: str, manifest: Mapping[str, str]) -> str:
    if artifact.startswith("spring-") and artifact.removeprefix("spring-") in _SPRING:
        return "org.springframework"
    stated = manifest.get("Implementation-Vendor-Id", "")
    return stated if _GROUP.fullmatch(stated) else ""
