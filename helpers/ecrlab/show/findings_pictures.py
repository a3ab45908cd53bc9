"""Findings of scans, seen.

    findings(scanned)                          one bar for each image, cut by severity, and the table below it
    layers_with_findings(scanned, image)       the layers of an image, one on the other, and what each brings

Both take what the kit's own scanner says (``scan.scan``) and what ECR says (``security.findings``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ecrlab.cards import Table
from ecrlab.errors import InvalidInput
from ecrlab.oci import Image, Layer
from ecrlab.scan import Report
from ecrlab.security import SEVERITIES, Finding, Findings, Trend, from_report
from ecrlab.show.drawing import LINE, WIDTH, Drawing, frame, line, size_text, words, wrapped
from ecrlab.show.findings_bars import (
    AT_BAR,
    AT_WORDS,
    BAR,
    BAR_HEIGHT,
    NAMES,
    WORDS,
    bar,
    counts_in_words,
    legend,
    occurring,
    unit_of,
)

__all__ = ["PictureAndTable", "findings", "layers_with_findings"]


@dataclass(frozen=True, slots=True, repr=False)
class PictureAndTable:
    """A picture with its table below it, in every form.

    Args:
        drawing: The picture.
        table: The same and more in numbers and words.
        note: How far the knowledge of the scanner goes; empty if that is AWS's to say.
    """

    drawing: Drawing
    table: Table
    note: str = ""

    def _repr_html_(self) -> str:
        note = f"<p>{self.note}</p>" if self.note else ""
        return self.drawing.figure(f"{self.table.inner_html()}{note}")

    def _repr_markdown_(self) -> str:
        return "\n".join([self.drawing._repr_markdown_(), self.table._repr_markdown_(), self.note]).rstrip() + "\n"

    def __str__(self) -> str:
        return "\n\n".join(filter(None, [str(self.drawing), str(self.table), self.note]))

    __repr__ = __str__


# --- image by image ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Row:
    """One image: its counts, or ``None`` and the reason if there is no result."""

    name: str
    counts: Mapping[str, int] | None
    reason: str = ""

    @property
    def total(self) -> int:
        return sum((self.counts or {}).values())

    @property
    def words(self) -> str:
        if self.counts is None:
            return f"no result: {self.reason}"
        return counts_in_words(self.counts) or "✓ no finding"

    @property
    def line(self) -> str:
        return f"{self.name}: {f'{self.total:,}, ' * bool(self.total)}{self.words}"


def findings(
    scanned: Report | Findings | Trend | Mapping[str, Report | Findings], *, most: int = 30
) -> PictureAndTable:
    """Draw how many findings of each severity images have, and list them.

    Args:
        scanned: One scan, several under the names of their images, or a trend. For one scan the table lists its
            findings; for several, the counts.
        most: How many images are drawn, in the order given; the table has them all.

    Raises:
        InvalidInput: It is no scan, there is none, or ``most`` is below 1.
    """
    if not isinstance(most, int) or isinstance(most, bool) or most < 1:
        raise InvalidInput("show.findings", f"most={most!r} leaves nothing to draw", "use a whole number from 1 up")
    rows, table = _rows_and_table(scanned)
    drawn = rows[:most]
    more = len(rows) - len(drawn)
    shapes, height = _draw_rows(drawn, more)
    total = sum(row.total for row in rows)
    images = f"{len(rows):,} images" if len(rows) > 1 else rows[0].name
    unknown = sum(row.counts is None for row in rows)
    drawing = Drawing(
        title=f"Findings by severity: {images}",
        summary=f"{total:,} finding{'s' * (total != 1)}"
        + (f", and no result for {unknown:,} of the images" if unknown and len(rows) > 1 else "")
        + ". The table below has the details.",
        lines=(*(row.line for row in drawn), *([f"and {more:,} more, see the table"] if more else [])),
        shapes=shapes,
        height=height,
    )
    return PictureAndTable(drawing, table, _extent(scanned))


def _rows_and_table(scanned: Any) -> tuple[list[_Row], Table]:
    if isinstance(scanned, Trend) and scanned.standings:
        rows = [_Row(s.label, None if s.total is None else s.counts, s.status) for s in scanned.standings]
        return rows, _table_of_counts(rows)
    if isinstance(scanned, Mapping) and scanned:
        rows = [_row(_findings_of(each, str(name)), str(name)) for name, each in scanned.items()]
        return rows, _table_of_counts(rows)
    if isinstance(scanned, Mapping | Trend):
        raise InvalidInput("show.findings", "there is no scan", "hand over at least one")
    one = _findings_of(scanned, "")
    return [_row(one, one.image)], _table_of_findings(one)


def _findings_of(scanned: Any, name: str, place: str = "show.findings") -> Findings:
    """Return a scan in one form, whoever made it.

    Raises:
        InvalidInput: It is no scan.
    """
    if isinstance(scanned, Findings):
        return scanned
    if isinstance(scanned, Report):
        return from_report(scanned, image=name or scanned.inventory.manifest_digest.short)
    raise InvalidInput(
        place,
        f"a value of type {type(scanned).__name__} is no scan",
        "hand over what scan.scan() or security.findings() returned",
    )


def _row(one: Findings, name: str) -> _Row:
    return _Row(name, one.counts if one.known else None, one.status)


def _extent(scanned: Any) -> str:
    """Return what the kit's scanner says about its own limits, if any of the scans is its."""
    every = scanned.values() if isinstance(scanned, Mapping) else (scanned,)
    return next((each.extent for each in every if isinstance(each, Report)), "")


def _table_of_counts(rows: Sequence[_Row]) -> Table:
    seen = occurring([row.counts or {} for row in rows])
    cells = [
        (row.name, *(["–"] * (len(seen) + 1) if row.counts is None else [*_numbers(row.counts, seen), row.total]))
        for row in rows
    ]
    return Table(("image", *(severity.lower() for severity in seen), "together"), cells)


def _numbers(counts: Mapping[str, int], seen: Sequence[str]) -> list[int]:
    return [counts.get(severity, 0) for severity in seen]


def _table_of_findings(one: Findings) -> Table:
    columns = ("severity", "vulnerability", "package", "installed", "fixed in", "what it is")
    return Table(columns, [_cells(finding) for finding in one])


def _cells(finding: Finding) -> tuple[str, ...]:
    packages = finding.packages
    return (
        finding.severity,
        finding.vulnerability,
        _listed(package.name for package in packages),
        _listed(package.version for package in packages),
        _listed(package.fixed_in or "" for package in packages),
        finding.title,
    )


def _listed(texts: Any) -> str:
    return ", ".join(dict.fromkeys(filter(None, texts))) or "–"


def _draw_rows(rows: Sequence[_Row], more: int) -> tuple[tuple[str, ...], int]:
    unit = unit_of([row.total for row in rows])
    shapes: list[str] = []
    y = 4.0
    for row in rows:
        names = wrapped(row.name, NAMES, code=True)
        said = wrapped(row.words, WORDS)
        shapes += [words(2, y + 13 + LINE * n, text, style="code") for n, text in enumerate(names)]
        shapes += [words(AT_WORDS, y + 13 + LINE * n, text) for n, text in enumerate(said)]
        if row.counts is None:
            shapes.append(frame(AT_BAR, y, BAR / 3, BAR_HEIGHT, style="frame dashed"))
        else:
            shapes += bar(AT_BAR, y, row.counts, unit) or [line(AT_BAR, y, AT_BAR, y + BAR_HEIGHT)]
        y += max(len(names), len(said)) * LINE + 8
    if more:
        shapes.append(words(2, y + 13, f"and {more:,} more, see the table", style="quiet"))
        y += LINE + 8
    seen = occurring([row.counts or {} for row in rows])
    shapes += legend(y + 18, seen)
    return tuple(shapes), int(y) + (54 if len(seen) > 4 else 30 if seen else 4)


# --- layer by layer ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Brought:
    """One layer and the findings whose packages it brings."""

    number: int
    layer: Layer
    found: tuple[Finding, ...]

    @property
    def counts(self) -> dict[str, int]:
        severities = [finding.severity for finding in self.found]
        return {severity: severities.count(severity) for severity in SEVERITIES if severity in severities}

    @property
    def packages(self) -> str:
        return _listed(sorted({finding.packages[0].name for finding in self.found}))

    @property
    def name(self) -> str:
        return f"layer {self.number}  sha256:{self.layer.digest.short}…  {size_text(self.layer.size)}"

    @property
    def words(self) -> str:
        return f"{counts_in_words(self.counts)}: {self.packages}" if self.found else "no finding"

    @property
    def lines(self) -> list[str]:
        return [f"{self.name}: {self.words}", *(f"    {_in_words(finding)}" for finding in self.found)]


def _in_words(finding: Finding) -> str:
    package = finding.packages[0]
    fixed = f", fixed in {package.fixed_in}" if package.fixed_in else ""
    return f"{finding.severity} {finding.vulnerability} in {package.name} {package.version}{fixed}"


def layers_with_findings(scanned: Report | Findings, image: Image) -> Drawing:
    """Draw the layers of an image as they lie on each other, and which findings came with which.

    What the lowest layers bring is mended in the base image, for everything that stands on it; what the upper ones
    bring, in the application.

    Args:
        scanned: A scan that names layers: the kit's own, or ECR's enhanced scanning.
        image: The image that was scanned.

    Raises:
        InvalidInput: It is no scan, no image, the scan of another image, without a result, or one that names no layers.
    """
    one = _findings_of(scanned, "", "show.layers_with_findings")
    layers = _brought(one, _scanned_image(one, image))
    shapes, height = _draw_layers(layers)
    worst = max(layers, key=lambda each: len(each.found))
    total = len(one.entries)
    most = f"Layer {worst.number} brings {len(worst.found):,} of {total:,} findings" if total else "No layer brings any"
    return Drawing(
        title=f"Layers and findings of {image.digest.short}",
        summary=f"{most}; layer 1 is the lowest of {len(layers):,}.",
        lines=tuple(row for each in reversed(layers) for row in each.lines),
        shapes=shapes,
        height=height,
    )


def _scanned_image(one: Findings, image: Image) -> Image:
    place = "show.layers_with_findings"
    if not isinstance(image, Image):
        raise InvalidInput(place, f"a value of type {type(image).__name__} is no image", "hand over an oci.Image")
    if one.digest != str(image.digest):
        short = one.digest.removeprefix("sha256:")[:12]
        raise InvalidInput(place, f"the scan is of {short}, not of {image.digest.short}", "scan this image")
    if not one.known:
        raise InvalidInput(place, f"the scan has no result ({one.status})", "show.findings says what that means")
    return image


def _brought(one: Findings, image: Image) -> list[_Brought]:
    by_layer: dict[str, list[Finding]] = {str(layer.digest): [] for layer in image.layers}
    for finding in one:
        digest = next((package.layer for package in finding.packages if package.layer), None)
        if digest not in by_layer:
            raise InvalidInput(
                "show.layers_with_findings",
                f"the scan names no layer of this image for {finding.vulnerability}",
                "use scan.scan(image) or enhanced scanning; basic scanning never names layers",
            )
        by_layer[digest].append(finding)
    return [_Brought(n, each, tuple(by_layer[str(each.digest)])) for n, each in enumerate(image.layers, start=1)]


def _draw_layers(layers: Sequence[_Brought]) -> tuple[tuple[str, ...], int]:
    unit = unit_of([len(each.found) for each in layers])
    shapes, y = [], 2.0
    room = WIDTH - AT_BAR - 14
    for each in reversed(layers):
        said = wrapped(each.words, room)
        height = LINE * len(said) + 14 + (BAR_HEIGHT + 6 if each.found else 0)
        height = max(height, 2 * LINE + 14)
        shapes.append(frame(1, y, WIDTH - 2, height, style="name" if each.found else "box"))
        shapes.append(words(10, y + LINE, f"layer {each.number}", style="strong"))
        facts = f"{each.layer.digest.short}  {size_text(each.layer.size)}"
        shapes.append(words(10, y + 2 * LINE, facts, style="code"))
        shapes += bar(AT_BAR, y + 8, each.counts, unit)
        first = y + LINE + (BAR_HEIGHT + 6 if each.found else 0)
        shapes += [words(AT_BAR, first + LINE * n, text) for n, text in enumerate(said)]
        y += height + 3
    seen = occurring([each.counts for each in layers])
    shapes += legend(y + 18, seen)
    return tuple(shapes), int(y) + (54 if len(seen) > 4 else 30 if seen else 4)
