"""What a policy does to a repository over a year: the daily runs, one after the other, and what they leave.

AWS applies a rule within 24 hours after an image meets it. Guess: one run a day, at 02:00 UTC, as in the lab.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time, timedelta
from hashlib import sha256
from itertools import groupby

from ecrlab.cards import ShownAs, Table
from ecrlab.errors import InvalidInput
from ecrlab.lifecycle.image import Image
from ecrlab.lifecycle.planning import Plan, plan
from ecrlab.lifecycle.policy import Policy, StorageClass
from ecrlab.lifecycle.reasons import Action

__all__ = ["RUN_AT", "Day", "Event", "Forecast", "PushPattern", "first_run_after", "forecast"]

RUN_AT = time(2, 0, tzinfo=UTC)
"""When the lab applies lifecycle policies, every day."""

_ONE_DAY = timedelta(days=1)
_MOST_DAYS = 3_660


@dataclass(frozen=True, slots=True)
class PushPattern:
    """Pushes to come, one every so many days, the first one such span after the start.

    Args:
        tag_template: The tags, with ``{number}`` for the number of the push: ``build-{number} latest``. A tag that
            is in use moves, as in a repository with mutable tags. An empty template pushes untagged images.
        every_days: Days between two pushes, above 0; 0.5 pushes twice a day.
        size_bytes: What each image adds, compressed.
        first_number: The number of the first push.

    Raises:
        InvalidInput: ``every_days`` is not above 0, or ``size_bytes`` is below 0.
    """

    tag_template: str
    every_days: float
    size_bytes: int
    first_number: int = 1

    def __post_init__(self) -> None:
        if not 0 < self.every_days < _MOST_DAYS:
            fact = f"every_days is {self.every_days}"
            raise InvalidInput("push pattern", fact, f"a number above 0 and below {_MOST_DAYS:,} is needed")
        if self.size_bytes < 0:
            raise InvalidInput("push pattern", f"size_bytes is {self.size_bytes}", "no image is smaller than nothing")

    def pushes(self, start: datetime, end: datetime, name: str = "") -> Iterator[Image]:
        """Yield the images pushed after ``start`` up to ``end``; their digests depend on the pattern and the name."""
        every = timedelta(days=self.every_days)
        for step in range(int((end - start) / every)):
            number = self.first_number + step
            digest = f"sha256:{sha256(f'{name}/{self}/{number}'.encode()).hexdigest()}"
            tags = tuple(self.tag_template.replace("{number}", str(number)).split())
            yield Image(digest, start + every * (step + 1), tags, self.size_bytes)


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that a run did: on which day, to which image, by which rule."""

    day: int
    at: datetime
    image: Image
    action: Action
    rule: int | None


@dataclass(frozen=True, slots=True)
class Day:
    """A repository after the run of one day; sizes in bytes.

    Day 0 is the start, before any run: nothing has happened yet.
    """

    number: int
    at: datetime
    standard_bytes: int
    archive_bytes: int
    standard_images: int
    archive_images: int
    pushed: int = 0
    expired: int = 0
    transitioned: int = 0

    @property
    def total_bytes(self) -> int:
        """Both storage classes together."""
        return self.standard_bytes + self.archive_bytes


@dataclass(frozen=True, slots=True, repr=False)
class Forecast(ShownAs):
    """A repository from day to day, under a policy.

    Args:
        policy: The rules.
        start: The moment from which on the runs are played.
        days: Day 0 is the start; then one per run.
        events: What the runs did, in their order.
    """

    policy: Policy
    start: datetime
    days: tuple[Day, ...]
    events: tuple[Event, ...]
    _states: tuple[tuple[Image, ...], ...] = field(compare=False)

    def at(self, day: int) -> Plan:
        """Return the plan of a day's run: every image that was there, and what the run did to it.

        Raises:
            InvalidInput: The forecast has no such day.
        """
        if not 0 <= day < len(self.days):
            raise InvalidInput("forecast", f"it has no day {day}", f"ask for 0 to {len(self.days) - 1}")
        return plan(self.policy, self._states[day], now=self.days[day].at)

    def _shown(self) -> Table:
        columns = ("month", "pushed", "expired", "archived", "images", "standard, MB", "archive, MB")
        return Table(
            columns, [_month_row(list(days)) for _, days in self._months()], "Forecast, at the end of each month"
        )

    def _months(self) -> Iterable[tuple[str, Iterable[Day]]]:
        return groupby(self.days, key=lambda day: f"{day.at:%Y-%m}")


def _month_row(days: Sequence[Day]) -> tuple[object, ...]:
    last = days[-1]
    return (
        f"{last.at:%Y-%m}",
        sum(day.pushed for day in days),
        sum(day.expired for day in days),
        sum(day.transitioned for day in days),
        last.standard_images + last.archive_images,
        round(last.standard_bytes / 1e6),
        round(last.archive_bytes / 1e6),
    )


def first_run_after(moment: datetime) -> datetime:
    """Return the first daily run after a moment; never the moment itself."""
    today = datetime.combine(moment.astimezone(UTC), RUN_AT)
    return today if today > moment else today + _ONE_DAY


def forecast(
    policy: Policy, images: Iterable[Image], *, start: datetime, days: int = 365, pushes: Sequence[PushPattern] = ()
) -> Forecast:
    """Play the daily runs of a policy. A run that cannot differ from the day before is not computed.

    Args:
        policy: The rules.
        images: The repository at the start.
        start: Timezone-aware; the first run comes after it.
        days: How many runs; at most ten years of them.
        pushes: What will be pushed meanwhile. Pulls are not foreseen.

    Raises:
        InvalidInput: ``days`` is out of range, or the images or the start are not what ``plan`` takes.
    """
    if not 0 <= days <= _MOST_DAYS:
        raise InvalidInput("forecast", f"days is {days}", f"ask for 0 to {_MOST_DAYS:,}")
    repository = _Repository(policy, plan(policy, images, now=start))
    first = first_run_after(start)
    coming = _coming(pushes, start, first + _ONE_DAY * (days - 1))
    states, shown, events = [repository.images], [repository.day(0, start)], list[Event]()
    for number in range(1, days + 1):
        at = first + _ONE_DAY * (number - 1)
        pushed = 0
        while coming and coming[-1].pushed_at <= at:
            repository.push(coming.pop())
            pushed += 1
        states.append(repository.images)
        done = repository.run(number, at)
        events += done
        expired = sum(event.action is Action.EXPIRE for event in done)
        shown.append(repository.day(number, at, pushed, expired, len(done) - expired))
    return Forecast(policy, start, tuple(shown), tuple(events), tuple(states))


def _coming(patterns: Sequence[PushPattern], start: datetime, end: datetime) -> list[Image]:
    """Return all pushes to come, the next one last."""
    images = [image for n, pattern in enumerate(patterns) for image in pattern.pushes(start, end, f"pattern {n}")]
    return sorted(images, key=lambda image: (image.pushed_at, image.digest), reverse=True)


class _Repository:
    """A repository while the days go by; it plans again only when something can have changed."""

    def __init__(self, policy: Policy, before: Plan) -> None:
        self.policy = policy
        self.images = tuple(entry.image for entry in before.entries)
        self._latest: Plan | None = None  # the last plan, if nothing has happened since
        self._next_sequence = 1 + max((image.sequence for image in self.images), default=0)

    def push(self, image: Image) -> None:
        """Add an image; its tags leave the images that had them."""
        taken = set(image.tags)
        kept = (
            replace(old, tags=tuple(tag for tag in old.tags if tag not in taken))
            if taken.intersection(old.tags)
            else old
            for old in self.images
        )
        self.images = (*kept, replace(image, sequence=self._next_sequence))
        self._next_sequence += 1
        self._latest = None

    def run(self, day: int, at: datetime) -> list[Event]:
        """Apply the policy, and say what it did."""
        if self._latest is not None and not _something_is_due(self._latest, at):
            return []
        self._latest = plan(self.policy, self.images, now=at)
        acting = [entry for entry in self._latest.entries if entry.action is not Action.KEEP]
        if acting:
            self._latest = None
            fate = {entry.image.digest: entry.action for entry in acting}
            self.images = tuple(_after(self.images, fate, at))
        return [Event(day, at, entry.image, entry.action, entry.rule) for entry in acting]

    def day(self, number: int, at: datetime, pushed: int = 0, expired: int = 0, transitioned: int = 0) -> Day:
        """Measure what is there."""
        archived = [image.size_bytes for image in self.images if image.storage_class is StorageClass.ARCHIVE]
        total, count = sum(image.size_bytes for image in self.images), len(self.images)
        standard = (total - sum(archived), sum(archived), count - len(archived), len(archived))
        return Day(number, at, *standard, pushed, expired, transitioned)


def _after(images: Iterable[Image], fate: dict[str, Action], at: datetime) -> Iterator[Image]:
    for image in images:
        match fate.get(image.digest):
            case None:
                yield image
            case Action.TRANSITION:
                yield replace(image, storage_class=StorageClass.ARCHIVE, archived_at=at)
            case _:
                pass  # expired: it is gone


def _something_is_due(latest: Plan, at: datetime) -> bool:
    """Say whether an image that was too young is so no longer; time changes nothing else."""
    return any(due < at for due in (entry.when_due for entry in latest.entries) if due is not None)
