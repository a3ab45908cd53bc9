"""The databases of dpkg and apk: which binary packages a source package gives, and how they are recorded.

Sources: dpkg(1), "/var/lib/dpkg/status", with the fields of deb-control(5); Alpine wiki, "Apk spec", installed
database.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from ecrlab.errors import InvalidInput
from ecrlab.oci.recipes.packages import ALPINE, DEBIAN, Naming

__all__ = ["APK", "DPKG", "Binary", "Database", "either", "known_of"]


@dataclass(frozen=True, slots=True)
class Binary:
    """One binary package as a database records it: ``libssl3`` of the source package ``openssl``."""

    name: str
    version: str
    architecture: str
    source: str
    source_version: str


@dataclass(frozen=True, slots=True)
class Database:
    """A text file with one paragraph for each installed package.

    Args:
        system: The key of this distribution in ``systems.json``.
        path: Where the file lies in an image.
        naming: What a source package may be called.
        field: The beginning of a paragraph, before the name.
        paragraph: Writes one package, without the empty line that follows.
    """

    system: str
    path: str
    naming: Naming
    field: str
    paragraph: Callable[[Binary], str]

    def written(self, packages: Mapping[str, str], architecture: str, below: str = "") -> str:
        """Return the text of the database.

        Args:
            packages: Source packages and their versions.
            architecture: ``amd64`` or ``arm64``.
            below: A database whose packages stay, unless they are given here in another version.

        Raises:
            InvalidInput: A name, version or architecture that this distribution does not have.
        """
        there = {self._name_in(paragraph): paragraph for paragraph in below.split("\n\n") if paragraph}
        added = {each.name: self.paragraph(each) for each in self.binaries(packages, architecture)}
        return "".join(f"{paragraph}\n\n" for _, paragraph in sorted((there | added).items()))

    def binaries(self, packages: Mapping[str, str], architecture: str) -> Iterator[Binary]:
        """Yield the binary packages that some source packages give.

        Raises:
            InvalidInput: As for :meth:`written`.
        """
        known = known_of(self.system)
        if architecture not in known["architectures"]:
            way_out = f"use {either(known['architectures'])}"
            raise InvalidInput(f"architecture {architecture!r}", "there is no recipe for it", way_out)
        for source, version in self.naming.checked(packages).items():
            rebuild = known["rebuilds"].get(f"{source} {version}", "")
            for name in _names(known["binaries"].get(source, {"": [source]}), version):
                word = "all" if name in known["for_all_architectures"] else known["architectures"][architecture]
                yield Binary(name, version + rebuild, word, source, version)

    def _name_in(self, paragraph: str) -> str:
        return paragraph.partition("\n")[0].removeprefix(self.field)


def _names(choices: Mapping[str, list[str]], version: str) -> list[str]:
    """The list for the longest beginning of a version; its epoch does not count."""
    upstream = version.rpartition(":")[2]
    return choices[max((start for start in choices if upstream.startswith(start)), key=len)]


def _dpkg_paragraph(binary: Binary) -> str:
    rebuilt = binary.version != binary.source_version
    source = f"{binary.source} ({binary.source_version})" if rebuilt else binary.source
    lines = [
        f"Package: {binary.name}",
        "Status: install ok installed",
        f"Section: {'libs' if binary.name.startswith('lib') else 'utils'}",
        "Maintainer: ecrlab <ecrlab@example.com>",
        f"Architecture: {binary.architecture}",
        *([f"Source: {source}"] if source != binary.name else []),
        f"Version: {binary.version}",
        "Description: recorded only, the files are left out",
    ]
    return "\n".join(lines)


def _apk_paragraph(binary: Binary) -> str:
    lines = [
        f"P:{binary.name}",
        f"V:{binary.version}",
        f"A:{binary.architecture}",
        "T:recorded only, the files are left out",
        f"o:{binary.source}",
    ]
    return "\n".join(lines)


DPKG = Database("debian", "var/lib/dpkg/status", DEBIAN, "Package: ", _dpkg_paragraph)
APK = Database("alpine", "lib/apk/db/installed", ALPINE, "P:", _apk_paragraph)


@cache
def known_of(system: str) -> dict[str, Any]:
    """Return what ``systems.json`` says of a distribution."""
    text = files("ecrlab.oci.recipes").joinpath("systems.json").read_text(encoding="utf-8")
    known: dict[str, Any] = json.loads(text)[system]
    return known


def either(words: Mapping[str, object]) -> str:
    """Write the keys as a choice: ``11, 12 or 13``."""
    *first, last = words
    return f"{', '.join(first)} or {last}"
