"""Lifecycle policies, seen.

    timeline(policy, images, now=…)      a repository on an axis of ages: what stays, what goes, and by which rule
    policy_rules(policy)                 the rules as sentences, and how they are read together
    storage_year(forecast)               what is stored, month by month, and what that costs

Everything comes from `ecrlab.lifecycle`; nothing is decided here.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import groupby

from ecrlab.cards import Card, Table
from ecrlab.errors import InvalidInput
from ecrlab.lifecycle import Action, CountType, Entry, Forecast, Image, Plan, Policy, StorageClass, plan
from ecrlab.pricing import Item, Month, price_book, year_of
from ecrlab.show.drawing import WIDTH, WORD_ADVANCE, Drawing, frame, line, size_text, words

__all__ = ["counted", "draw_plan", "policy_rules", "storage_year", "timeline", "usd_of"]


# --- the time line ----------------------------------------------------------------------------------------------------

_LEFT, _RIGHT = 12.0, WIDTH - 12.0
_ROW = 20
_NAME_LENGTH = 22
_TICKS = (
    (0, "now"),
    (1, "1 day"),
    (7, "7 days"),
    (30, "30 days"),
    (90, "90 days"),
    (180, "180 days"),
    (365, "1 year"),
    (730, "2 years"),
    (1825, "5 years"),
    (3650, "10 years"),
)
_DAY = timedelta(days=1)
_PRICES_OF = "us-east-1"


def timeline(policy: Policy, images: Iterable[Image], *, now: datetime, most: int = 40) -> Drawing:
    """Draw a repository on an axis of ages, and what a policy would do to each image at one moment.

    Images stand by the time since their push, the newest on the right, in groups of tags that begin alike. A shape and
    words say what happens; the number in brackets is the rule that acts or has claimed the image. The text form gives
    the reason for every image. Dashed lines stand where a rule's days since the push end.

    Args:
        policy: The rules.
        images: Everything in the repository.
        now: The moment of the run, timezone-aware.
        most: How many images are drawn; those that go come first, then the newest. The rest is counted.

    Raises:
        InvalidInput: ``now`` carries no timezone, a digest appears twice, or ``most`` is below 1.
    """
    return draw_plan(plan(policy, images, now=now), most=most)


def draw_plan(judged: Plan, *, most: int = 40) -> Drawing:
    """Draw a plan as `timeline` does.

    Raises:
        InvalidInput: ``most`` is below 1.
    """
    if most < 1:
        raise InvalidInput("show.timeline", f"most={most!r} leaves nothing to draw", "use a whole number from 1 up")
    shown = _most_telling(judged.entries, most)
    families = _families(shown)
    axis = _Axis.of(shown, judged)
    shapes, bottom = _draw_families(families, axis)
    lines = [line for name, entries in families for line in _family_lines(name, entries, judged.now)]
    drawn = {entry.image.digest for entry in shown}
    if left_out := [entry for entry in judged.entries if entry.image.digest not in drawn]:
        lines.append(f"and {len(left_out):,} more: {counted(left_out)}")
        bottom += _ROW
        shapes.append(words(_LEFT, bottom, lines[-1]))
    if not judged.entries:
        lines.append("no image")
        bottom += _ROW
        shapes.append(words(_LEFT, bottom, "no image"))
    grid, bottom = _draw_grid(axis, judged.policy, bottom + 10)
    legend, bottom = _draw_legend(bottom + 26)
    return Drawing(
        title=f"Lifecycle plan for {judged.now:%Y-%m-%d %H:%M} UTC",
        summary=f"{_images(len(judged.entries))} by age: {counted(judged.entries) or 'nothing happens'}. "
        "The text below gives the reason for each.",
        lines=tuple(lines),
        shapes=(*grid, *shapes, *legend),
        height=int(bottom) + 8,
    )


def verdict(entry: Entry) -> str:
    """Say in two or three words what happens to an image: ``expires``, ``stays archived``."""
    if entry.action is Action.EXPIRE:
        return "expires"
    if entry.action is Action.TRANSITION:
        return "is archived"
    return "stays archived" if entry.image.storage_class is StorageClass.ARCHIVE else "stays"


def counted(entries: Iterable[Entry]) -> str:
    """Count what happens: ``2 expire, 1 is archived, 5 stay``."""
    numbers = Counter(verdict(entry) for entry in entries)
    plural = {"expires": "expire", "is archived": "are archived", "stays": "stay", "stays archived": "stay archived"}
    return ", ".join(
        f"{numbers[one]:,} {one if numbers[one] == 1 else many}" for one, many in plural.items() if numbers[one]
    )


def _images(count: int) -> str:
    return f"{count:,} image{'s' * (count != 1)}"


def _most_telling(entries: Sequence[Entry], most: int) -> list[Entry]:
    """Choose what is drawn: images that go, then the newest."""
    ranked = sorted(entries, key=lambda entry: (entry.action is Action.KEEP, -entry.image.pushed_at.timestamp()))
    return ranked[:most]


# Families of tags

_COMMIT = re.compile(r"(?=.*\d)[0-9a-f]{7,40}")
_UNTAGGED = "untagged"


def _family(image: Image) -> str:
    """Name the group of an image by how its first tag begins: ``prod…``."""
    if not image.tags:
        return _UNTAGGED
    tag = image.tags[0]
    if _COMMIT.fullmatch(tag):
        return "commits"
    beginning = re.split(r"[\d._-]", tag, maxsplit=1)[0]
    if not beginning:
        return "numbers"
    return tag if tag == beginning else f"{beginning}…"


def _families(entries: Iterable[Entry]) -> list[tuple[str, list[Entry]]]:
    """Group entries by family, untagged ones last; the newest image of each comes first."""

    def order(entry: Entry) -> tuple[bool, str, float, int, str]:
        image, family = entry.image, _family(entry.image)
        return family == _UNTAGGED, family, -image.pushed_at.timestamp(), -image.sequence, image.digest

    grouped = groupby(sorted(entries, key=order), key=lambda entry: _family(entry.image))
    return [(name, list(members)) for name, members in grouped]


def _family_lines(name: str, entries: Sequence[Entry], now: datetime) -> Iterator[str]:
    yield f"{name}, {_images(len(entries))}: {counted(entries)}"
    for entry in entries:
        image = entry.image
        named = ", ".join(image.tags) or image.short_digest
        age = max(0, (now - image.pushed_at) // _DAY)
        rule = "" if entry.rule is None else f", rule {entry.rule}"
        yield f"  {_sign(entry)} {named}, {age:,} day{'s' * (age != 1)} old: {verdict(entry)}{rule}"
        yield f"      {entry.reason.replace('`', '')}"


# Where things stand


@dataclass(frozen=True, slots=True)
class _Axis:
    """Ages on a logarithmic scale: now on the right, the oldest image on the left."""

    now: datetime
    oldest_days: float

    @classmethod
    def of(cls, entries: Iterable[Entry], judged: Plan) -> _Axis:
        ages = [(judged.now - entry.image.pushed_at) / _DAY for entry in entries]
        return cls(judged.now, max([*ages, 1.5]) * 1.08)

    def x(self, days: float) -> float:
        share = math.log1p(max(days, 0)) / math.log1p(self.oldest_days)
        return round(_RIGHT - share * (_RIGHT - _LEFT), 1)

    def of_image(self, image: Image) -> float:
        return self.x((self.now - image.pushed_at) / _DAY)


def _draw_families(families: Sequence[tuple[str, Sequence[Entry]]], axis: _Axis) -> tuple[list[str], float]:
    """Draw one band per family: its name, then as many rows as its labels need."""
    shapes: list[str] = []
    y = 34.0
    for name, entries in families:
        shapes += [line(0, y, WIDTH, y), words(2, y + 16, f"{name}: {counted(entries)}", style="strong")]
        y += 20
        rows: list[list[tuple[float, float]]] = []
        for entry in entries:
            label = _Label.of(entry, axis)
            row = _free_row(rows, label.span)
            shapes += label.draw(y + row * _ROW + 12)
        y += len(rows) * _ROW + 6
    return shapes, y


def _free_row(rows: list[list[tuple[float, float]]], span: tuple[float, float]) -> int:
    """Reserve a stretch in the first row that has room for it; return the number of the row."""
    for number, taken in enumerate(rows):
        if all(span[1] < left or right < span[0] for left, right in taken):
            taken.append(span)
            return number
    rows.append([span])
    return len(rows) - 1


@dataclass(frozen=True, slots=True)
class _Label:
    """An image on the line: a mark at its age, and its name and fate beside the mark."""

    x: float
    text: str
    entry: Entry

    @classmethod
    def of(cls, entry: Entry, axis: _Axis) -> _Label:
        image = entry.image
        name = image.tags[0] if image.tags else image.short_digest[:7]
        name = name if len(name) <= _NAME_LENGTH else f"{name[: _NAME_LENGTH - 1]}…"
        more = f" +{len(image.tags) - 1}" if len(image.tags) > 1 else ""
        rule = "" if entry.rule is None else f" ({entry.rule})"
        return cls(axis.of_image(image), f"{name}{more} {verdict(entry)}{rule}", entry)

    @property
    def is_left(self) -> bool:
        """Whether the words stand on the left of the mark, for want of room on its right."""
        return self.x + self._width > WIDTH

    @property
    def _width(self) -> float:
        return 12 + WORD_ADVANCE * len(self.text)

    @property
    def span(self) -> tuple[float, float]:
        """The stretch that mark and words take, with some air."""
        return (self.x - self._width - 4, self.x + 9) if self.is_left else (self.x - 9, self.x + self._width + 4)

    def draw(self, base: float) -> list[str]:
        """Return mark and words on a base line."""
        going = self.entry.action is not Action.KEEP
        at, anchor = (self.x - 11, "end") if self.is_left else (self.x + 11, "start")
        label = words(at, base, self.text, style="strong" if going else "", anchor=anchor)
        return [_marks(verdict(self.entry), self.x, base - 4), _clear_of_lines(label)]


_SIGNS = {"stays": "●", "expires": "✕", "is archived": "▽", "stays archived": "□"}


def _sign(entry: Entry) -> str:
    return _SIGNS[verdict(entry)]


def _clear_of_lines(text: str) -> str:
    """Give words an edge in the colour of the page, so that lines behind them do not cross them out."""
    return f'<g style="paint-order:stroke;stroke:var(--jp-layout-color0,transparent);stroke-width:5px">{text}</g>'


def _marks(what: str, x: float, y: float) -> str:
    """Draw the sign of a verdict: four shapes, told apart without colour."""
    match what:
        case "expires":
            path = f"M{x - 5:g} {y - 5:g}l10 10m0 -10l-10 10"
            return f'<path d="{path}" style="fill:none;stroke:var(--jp-error-color1,currentColor);stroke-width:2.5"/>'
        case "is archived":
            path = f"M{x - 6:g} {y - 5:g}h12l-6 10z"
            return f'<path d="{path}" style="fill:none;stroke:var(--jp-brand-color1,currentColor);stroke-width:2"/>'
        case "stays archived":
            return f'<rect x="{x - 5:g}" y="{y - 5:g}" width="10" height="10" class="line"/>'
        case _:
            return f'<circle cx="{x:g}" cy="{y:g}" r="5" class="head"/>'


def _draw_grid(axis: _Axis, policy: Policy, bottom: float) -> tuple[list[str], float]:
    """Draw the scale above, and below it where the days of each rule end."""
    shapes: list[str] = []
    nearest = math.inf
    for days, label in _TICKS:
        x = axis.x(days)
        if days > axis.oldest_days or nearest - x < len(label) * WORD_ADVANCE + 14:
            continue
        nearest = x
        anchor = "end" if days == 0 else "start" if x < 40 else "middle"
        shapes.append(words(x + (12 if days == 0 else -8 if x < 40 else 0), 14, label, anchor=anchor))
        shapes.append(f'<path d="M{x:g} 20v{bottom - 26:g}" class="line" style="stroke-opacity:.18"/>')
    rows: list[list[tuple[float, float]]] = []
    for rule in policy.rules:
        number = rule.selection.count_number
        if rule.selection.count_type is not CountType.SINCE_IMAGE_PUSHED or number > axis.oldest_days:
            continue
        x, text = axis.x(number), f"rule {rule.priority}: {number:,} day{'s' * (number != 1)}"
        half = len(text) * WORD_ADVANCE / 2
        middle = min(max(x, half), WIDTH - half)
        y = bottom + 4 + _ROW * _free_row(rows, (middle - half - 6, middle + half + 6))
        shapes += [line(x, 20, x, y, dashed=True), words(middle, y + 13, text, anchor="middle", style="quiet")]
    return shapes, bottom + _ROW * len(rows)


def _draw_legend(y: float) -> tuple[list[str], float]:
    shapes: list[str] = []
    x = _LEFT
    for what in _SIGNS:
        shapes += [_marks(what, x, y - 4), words(x + 11, y, what)]
        x += 30 + WORD_ADVANCE * len(what)
    shapes.append(words(x, y, "(1): the rule that acts or has claimed it"))
    return shapes, y


# --- the rules --------------------------------------------------------------------------------------------------------


def policy_rules(policy: Policy) -> Card:
    """Say in sentences what the rules of a policy do, in the order in which they count.

    Source of the last sentence: Amazon ECR User Guide, "Automate the cleanup of images by using lifecycle policies".
    """
    body = [_sentence(str(rule), rule.description) for rule in policy.rules]
    if not body:
        return Card("A policy without rules", body=("Nothing happens to any image.",))
    body.append(
        "The lowest number comes first. It claims every image that it looks at, also those that it lets stay: no later "
        "rule acts on these."
    )
    return Card(f"The policy in words: {len(policy.rules)} rule{'s' * (len(policy.rules) != 1)}", body=tuple(body))


def _sentence(text: str, description: str) -> str:
    described = f" (“{description}”)" if description else ""
    return f"{text[0].upper()}{text[1:]}{described}."


# --- a year -----------------------------------------------------------------------------------------------------------

_BARS = 140
_TOP = 26


def storage_year(forecast: Forecast, *, without: Forecast | None = None) -> Drawing:
    """Draw what a repository stores, month by month, in both storage classes, and what that costs.

    A month's figure is the average over its days; the first and the last month may have fewer days, and cost less.
    Layers that images share are counted once per image, though ECR stores them once. Retrieval from the archive, and
    the 90 days that an archived image is paid for at least, are not counted.

    Args:
        forecast: From ``lifecycle.forecast``.
        without: The forecast of the same days without the policy; its total is drawn as a line.
    """
    months, others = year_of(forecast).months, year_of(without).months if without else ()
    total, other_total = _sum(months), _sum(others)
    table = _year_table(months, others)
    compared = f", and {_usd(other_total)} USD without the policy" if without else ""
    cost = f"{_usd(total)} USD in these {sum(month.days for month in months)} days{compared}"
    shapes, height = _draw_year(months, others, cost)
    return Drawing(
        title="Storage and its cost, month by month",
        summary=f"From {size_text(forecast.days[0].total_bytes)} at the start to "
        f"{size_text(forecast.days[-1].total_bytes)} at the end; {cost}.",
        lines=(*str(table).splitlines(), f"Together {cost}.", *_price_lines()),
        shapes=shapes,
        height=height,
    )


def usd_of(forecast: Forecast) -> str:
    """Say what storage costs over all days of a forecast, in US dollars."""
    return _usd(_sum(year_of(forecast).months))


def _sum(months: Iterable[Month]) -> Decimal:
    return sum((month.usd for month in months), Decimal(0))


def _usd(amount: Decimal) -> str:
    return "<0.01" if 0 < amount < Decimal("0.005") else f"{amount:,.2f}"


def _year_table(months: Sequence[Month], others: Sequence[Month]) -> Table:
    columns = ["month", "days", "images at its end", "standard", "archive", "USD"]
    rows: list[list[object]] = [
        [f"{m.first:%Y-%m}", m.days, m.images, size_text(m.standard_bytes), size_text(m.archive_bytes), _usd(m.usd)]
        for m in months
    ]
    if others:
        columns += ["without the policy", "USD"]
        for row, other in zip(rows, others, strict=True):
            row += [size_text(other.standard_bytes + other.archive_bytes), _usd(other.usd)]
    return Table(columns, rows)


def _price_lines() -> tuple[str, ...]:
    book = price_book()
    standard, archive = (book.price(item, _PRICES_OF) for item in (Item.STANDARD_STORAGE, Item.ARCHIVE_STORAGE))
    below, above = archive.tiers
    limit = f"above {(below.up_to or 0) / 1000:f} TB {above.usd}"
    return (
        f"Example prices, {_PRICES_OF}: standard {standard.in_words()} ({standard.as_of}, {standard.source}),",
        f"archive {below.usd}, {limit} ({archive.as_of}, {archive.source}); {standard.trust} sources.",
    )


def _draw_year(months: Sequence[Month], others: Sequence[Month], cost: str) -> tuple[tuple[str, ...], int]:
    totals = [month.standard_bytes + month.archive_bytes for month in months]
    lines = [other.standard_bytes + other.archive_bytes for other in others]
    most = max(*totals, *lines, 1) if len(totals) + len(lines) > 1 else max(totals[0], 1)
    slot = min(70.0, WIDTH / max(len(months), 1))
    base = _TOP + _BARS
    shapes: list[str] = []
    for number, month in enumerate(months):
        x, wide = number * slot + slot * 0.16, slot * 0.68
        middle = x + wide / 2
        tall, more = (_BARS * size / most for size in (month.standard_bytes, month.archive_bytes))
        shapes += _bar(x, base, wide, tall, more)
        top = base - tall - more
        if lines:
            y = base - _BARS * lines[number] / most
            shapes.append(f'<path d="M{x - 5:.1f} {y:.1f}h{wide + 10:.1f}" class="line" style="stroke-width:2.5"/>')
            top = y if top - 18 < y < top else top
        shapes.append(words(middle, round(top - 5, 1), _short_size(totals[number]), anchor="middle"))
        shapes.append(words(middle, base + 16, f"{month.first:%b}", style="strong", anchor="middle"))
        shapes.append(words(middle, base + 33, _usd(month.usd), anchor="middle"))
    shapes.append(line(0, base, slot * len(months), base))
    y = base + 58.0
    shapes += [*_bar(4, y, 14, 11, 0), words(24, y, "standard"), *_bar(104, y, 14, 0, 11), words(124, y, "archive")]
    if lines:
        shapes += [line(200, y - 4, 220, y - 4), words(226, y, "without the policy")]
    shapes.append(words(WIDTH - 2, y, "under each month: USD", anchor="end"))
    shapes.append(words(2, y + 20, f"Together {cost}.", style="strong"))
    shapes += [words(2, y + 40 + 18 * n, text, style="quiet") for n, text in enumerate(_price_lines())]
    return tuple(shapes), int(y) + 66


def _bar(x: float, base: float, wide: float, tall: float, more: float) -> list[str]:
    """Draw the standard class as a full bar, and the archive on top of it as a hollow, dashed one."""
    shapes = []
    if tall:
        full = f'x="{x:.1f}" y="{base - tall:.1f}" width="{wide:.1f}" height="{tall:.1f}"'
        shapes.append(f'<rect {full} style="fill:currentColor;fill-opacity:.45"/>')
    if more:
        shapes.append(
            frame(round(x, 1), round(base - tall - more, 1), round(wide, 1), round(more, 1), style="line dashed")
        )
    return shapes


def _short_size(size: int) -> str:
    """Write a size within the width of a bar: ``850 MB``, ``1.2 GB``."""
    value, _, unit = size_text(size).partition(" ")
    number = float(value.replace(",", ""))
    return f"{number:,.0f} {unit}" if number >= 100 else f"{value} {unit}"
