"""What the kit knows about vulnerabilities: dated facts, found by ecosystem and package."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any, Self

from ecrlab.cards import ShownAs, Table
from ecrlab.scan.advisory import Advisory, Source, Vulnerability
from ecrlab.scan.advisory_document import parts_of
from ecrlab.scan.package import Package

__all__ = ["Advisories", "attribution", "load"]


@dataclass(frozen=True, slots=True, repr=False)
class Advisories(ShownAs):
    """A dated set of advisories; what is not in it, it does not know.

    Args:
        collected: The day on which the facts were read.
        sources: Where they come from.
        vulnerabilities: The flaws, by number.
        rows: The advisories: one for each flaw and package.
    """

    collected: date
    sources: tuple[Source, ...]
    vulnerabilities: Mapping[str, Vulnerability]
    rows: tuple[Advisory, ...]
    _index: Mapping[tuple[str, str], list[Advisory]] = field(init=False, compare=False)

    def __post_init__(self) -> None:
        index: defaultdict[tuple[str, str], list[Advisory]] = defaultdict(list)
        for row in self.rows:
            index[row.ecosystem, row.package].append(row)
        object.__setattr__(self, "_index", dict(index))

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Self:
        """Read the document that ``advisories.json`` holds.

        Raises:
            InvalidInput: A part is missing or wrong, or a row does not say where its facts were verified.
        """
        return cls(*parts_of(document))

    def about(self, package: Package) -> tuple[Advisory, ...]:
        """Return every advisory about a package, whatever its version."""
        return tuple(self._index.get((package.ecosystem, _lookup_name(package)), ()))

    def affecting(self, package: Package) -> tuple[Advisory, ...]:
        """Return the advisories that affect a package in its version.

        Those whose versions are not comparable with it are left out; ``match`` reports them.
        """
        return tuple(row for row in self.about(package) if row.affects(package.source_version))

    @property
    def ecosystems(self) -> tuple[str, ...]:
        """The ecosystems there is at least one advisory for."""
        return tuple(sorted({row.ecosystem for row in self.rows}))

    @property
    def extent(self) -> str:
        """What the set is: ``47 vulnerabilities, collected on 2026-11-23``."""
        count = len(self.vulnerabilities)
        return f"{count:,} vulnerabilit{'y' if count == 1 else 'ies'}, collected on {self.collected}"

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Advisory]:
        return iter(self.rows)

    def _shown(self) -> Table:
        rows = [
            (name, len(about), len({row.id for row in about}), ", ".join(sorted({row.package for row in about})))
            for name in self.ecosystems
            for about in [[row for row in self.rows if row.ecosystem == name]]
        ]
        return Table(("ecosystem", "advisories", "vulnerabilities", "packages"), rows, f"The kit knows {self.extent}")


_SEPARATORS = re.compile(r"[-_.]+")


def _lookup_name(package: Package) -> str:
    """Return the name that advisories are keyed on; Python's names are compared as PEP 503 has it."""
    return _SEPARATORS.sub("-", package.source).lower() if package.ecosystem == "PyPI" else package.source


@cache
def load() -> Advisories:
    """Return the advisories that come with the kit; read once."""
    return Advisories.of(json.loads(files("ecrlab.scan").joinpath("advisories.json").read_text("utf-8")))


def attribution() -> str:
    """Return whose data the kit's advisories rest on, one source and its licence a line, for notices."""
    known = load()
    lines = [f"- {source.title}: {source.licence}" for source in known.sources]
    head = f"Facts about {known.extent}, in our own words, checked against:"
    return "\n".join([head, *lines]) + "\n"
