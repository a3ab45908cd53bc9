"""The document that holds advisories, read strictly: no row without the place that verified it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

from ecrlab.errors import InvalidInput
from ecrlab.scan.advisory import SEVERITIES, Advisory, Evidence, Range, Score, Source, Vulnerability
from ecrlab.scan.versions import is_readable

__all__ = ["Parts", "parts_of"]


class Parts(NamedTuple):
    """What the document consists of, as values."""

    collected: date
    sources: tuple[Source, ...]
    vulnerabilities: Mapping[str, Vulnerability]
    rows: tuple[Advisory, ...]


@dataclass(frozen=True, slots=True)
class _Fields:
    """A JSON object and its place in the document; what is asked of it has to be there."""

    place: str
    value: Mapping[str, Any]

    @classmethod
    def of(cls, place: str, value: object) -> _Fields:
        if not isinstance(value, Mapping):
            raise InvalidInput(place, f"it is {_kind(value)}, not an object", "write { … }")
        return cls(place, value)

    def any(self, key: str, kind: type, words: str) -> Any:
        value = self.value.get(key)
        if not isinstance(value, kind) or isinstance(value, bool):
            fact = f"{key!r} is missing" if value is None else f"{key!r} is {_kind(value)}, not {words}"
            raise InvalidInput(self.place, fact, f"add {words}")
        return value

    def text(self, key: str) -> str:
        value: str = self.any(key, str, "a text")
        if not value:
            raise InvalidInput(self.place, f"{key!r} is empty", "add a text")
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        return tuple(map(str, self.any(key, list, "a list")))

    def day(self, key: str) -> date:
        text = self.text(key)
        try:
            return date.fromisoformat(text)
        except ValueError:
            raise InvalidInput(self.place, f"{key!r} is {text!r}", "write a day as 2026-11-23") from None

    def fields(self, key: str) -> list[_Fields]:
        entries = self.any(key, list, "a list")
        return [_Fields.of(f"{self.place}.{key}[{number}]", entry) for number, entry in enumerate(entries)]


def _kind(value: object) -> str:
    names = {
        bool: "true or false",
        int: "a number",
        float: "a number",
        str: "a text",
        list: "a list",
        dict: "an object",
    }
    return names.get(type(value), "null")


def parts_of(document: Mapping[str, Any]) -> Parts:
    """Return the parts of ``Advisories``.

    Raises:
        InvalidInput: The first thing that is missing or wrong, with its place.
    """
    whole = _Fields.of("advisories", document)
    sources = {
        name: Source(name, entry.text("title"), entry.text("licence"))
        for name, value in whole.any("sources", Mapping, "an object").items()
        for entry in [_Fields.of(f"sources.{name}", value)]
    }
    vulnerabilities = {
        name: _vulnerability(name, _Fields.of(name, value), sources)
        for name, value in whole.any("vulnerabilities", Mapping, "an object").items()
    }
    rows = [_Fields.of(f"advisories[{i}]", value) for i, value in enumerate(whole.any("advisories", list, "a list"))]
    advisories = tuple(_advisory(row, vulnerabilities, sources) for row in rows)
    _refuse_repeats(advisories)
    return Parts(whole.day("collected"), tuple(sources.values()), vulnerabilities, advisories)


def _vulnerability(name: str, entry: _Fields, sources: Mapping[str, Source]) -> Vulnerability:
    is_exploited = entry.value.get("knownExploitedSince") is not None
    severity = entry.text("severity")
    if severity not in SEVERITIES:
        raise InvalidInput(name, f"the severity is {severity!r}", f"use one of {', '.join(SEVERITIES)}")
    return Vulnerability(
        id=name,
        title=entry.text("title"),
        description=entry.text("description"),
        published=entry.day("published"),
        severity=severity,
        scores=tuple(
            Score(each.text("source"), each.text("version"), each.text("vector"), float(_number(each, "score")))
            for each in entry.fields("cvss")
        ),
        weaknesses=entry.texts("cwe"),
        known_exploited_since=entry.day("knownExploitedSince") if is_exploited else None,
        url=entry.text("url"),
        verified=_evidence(entry, sources),
    )


def _number(entry: _Fields, key: str) -> float:
    value = entry.value.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 10:
        raise InvalidInput(entry.place, f"{key!r} is {value!r}", "write a number from 0 to 10")
    return value


def _advisory(row: _Fields, vulnerabilities: Mapping[str, Vulnerability], sources: Mapping[str, Source]) -> Advisory:
    name = row.text("id")
    if name not in vulnerabilities:
        raise InvalidInput(row.place, f"{name} is not among the vulnerabilities", "describe it there first")
    ecosystem = row.text("ecosystem")
    ranges = tuple(_range(entry, ecosystem) for entry in row.fields("ranges"))
    if not ranges:
        raise InvalidInput(row.place, f"{name} affects no version", "add a range")
    sample = _Fields.of(f"{row.place}.sample", row.any("sample", Mapping, "an object"))
    return Advisory(
        vulnerability=vulnerabilities[name],
        ecosystem=ecosystem,
        package=row.text("package"),
        ranges=ranges,
        binaries=row.texts("binaries") if row.value.get("binaries") else (),
        affected_example=sample.text("vulnerable"),
        fixed_example=sample.text("fixed"),
        note=str(row.value.get("note") or ""),
        verified=_evidence(row, sources),
    )


def _range(entry: _Fields, ecosystem: str) -> Range:
    introduced = entry.text("introduced")
    fixed = None if entry.value.get("fixed") is None else entry.text("fixed")
    for version in (introduced, fixed):
        if version not in (None, "0") and not is_readable(ecosystem, str(version)):
            raise InvalidInput(entry.place, f"{version!r} is no version of {ecosystem}", "correct it")
    return Range(introduced, fixed)


def _evidence(entry: _Fields, sources: Mapping[str, Source]) -> tuple[Evidence, ...]:
    """Read who verified a row; a row that nobody verified is not taken."""
    given = entry.fields("verified")
    if not given:
        raise InvalidInput(entry.place, "nothing says where it was verified", "add fact, source and locator")
    for each in given:
        if each.text("source") not in sources:
            raise InvalidInput(each.place, f"the source {each.text('source')!r} is unknown", "describe it in 'sources'")
    return tuple(Evidence(each.text("fact"), sources[each.text("source")], each.text("locator")) for each in given)


def _refuse_repeats(advisories: tuple[Advisory, ...]) -> None:
    seen: set[tuple[str, str, str]] = set()
    for number, row in enumerate(advisories):
        key = (row.id, row.ecosystem, row.package)
        if key in seen:
            fact = f"{row.id} in {row.package} ({row.ecosystem}) was given before"
            raise InvalidInput(f"advisories[{number}]", fact, "put all its ranges into one row")
        seen.add(key)
