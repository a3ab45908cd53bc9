"""What becomes of one image, and the sentence that says why. Sentences are made when somebody reads them."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum, StrEnum

from ecrlab.cards import Card, ShownAs, Tone
from ecrlab.lifecycle.image import Image, counted_since
from ecrlab.lifecycle.matching import matches
from ecrlab.lifecycle.policy import ActionType, CountType, Policy, Rule, StorageClass, TagStatus

__all__ = ["Action", "Entry", "Setting", "Why", "days"]

_TAGS_NAMED = 3
_MOST_DAYS = timedelta.max.days


class Action(StrEnum):
    """What a run does to an image; the first two are spelled as in AWS's answers to a preview, in small letters."""

    EXPIRE = "expire"
    TRANSITION = "transition"
    KEEP = "keep"


class Why(Enum):
    """The kind of reason; ``Entry.reason`` says it in full."""

    ACTED = "a rule acts on it"
    TOO_YOUNG = "its rule waits for more days"
    WITHIN_COUNT = "it is among the newest that its rule keeps"
    CLAIMED = "a later rule would act, and a stronger one has claimed it"
    CHILD_OF_INDEX = "a manifest list refers to it"
    FOLLOWS_SUBJECT = "it goes with the image that it describes"
    NO_RULE = "no rule looks at it"


@dataclass(frozen=True, slots=True, repr=False)
class Setting:
    """What the entries of one plan have in common: the policy and the moment."""

    policy: Policy
    now: datetime


@dataclass(frozen=True, slots=True, repr=False)
class Entry(ShownAs):
    """What a policy does to one image at one moment.

    Args:
        image: The image.
        action: Expire, transition or keep.
        rule: The number of the rule that acts or has claimed it; ``None`` if no rule has seen it.
        why: The kind of reason.
        later_rule: The rule that would act if ``rule`` had not claimed the image.
        related: The manifest list that refers to it, or the subject that it follows.
    """

    image: Image
    action: Action
    rule: int | None
    why: Why
    setting: Setting = field(compare=False)
    later_rule: int | None = None
    related: Image | None = None
    place: int = field(default=0, compare=False)
    counted: Sequence[int] = field(default=(), compare=False)
    """Places of all images that the rule counts, newest first; shared by the entries of a rule."""

    @property
    def reason(self) -> str:
        """Why, in a sentence that names tags, rules, counts and days."""
        text = _SENTENCES[self.why](self)
        return text[0].upper() + text[1:] + "."

    @property
    def when_due(self) -> datetime | None:
        """The moment after which its rule acts, if the image is merely too young for it."""
        if self.rule is None or self.why not in (Why.TOO_YOUNG, Why.CLAIMED):
            return None
        selection = self.setting.policy.rule(self.rule).selection
        if not selection.count_type.counts_days:
            return None
        try:
            return counted_since(self.image, selection.count_type) + days(selection.count_number)
        except OverflowError:
            return None  # beyond Python's calendar: it will not happen

    def _shown(self) -> Card:
        tone = {Action.EXPIRE: Tone.BAD, Action.TRANSITION: Tone.WAITING, Action.KEEP: Tone.GOOD}[self.action]
        return Card(f"{self.image.name}: {self.action.value}", body=(self.reason,), tone=tone)


def days(number: int) -> timedelta:
    """Return so many days of 24 hours, or the longest span that Python knows.

    Guess: AWS does not say whether it counts hours or calendar days.
    """
    return timedelta(days=min(number, _MOST_DAYS))


# One sentence for each kind of reason


def _acted(entry: Entry) -> str:
    rule = _rule(entry)
    verb = "expires" if rule.action is ActionType.EXPIRE else "archives"
    if rule.selection.count_type.counts_days:
        limit = f"rule {rule.priority} {verb} it after more than {_number_of_days(rule)}"
        return f"{_age(entry, rule)}; {limit} ({_selected(entry.image, rule)})"
    return f"{_position(entry, rule)} ({_selected(entry.image, rule)})"


def _too_young(entry: Entry) -> str:
    return f"{_waits(entry)} ({_selected(entry.image, _rule(entry))})"


def _within_count(entry: Entry) -> str:
    rule = _rule(entry)
    return f"{_position(entry, rule)} ({_selected(entry.image, rule)})"


def _claimed(entry: Entry) -> str:
    rule = _rule(entry)
    later = entry.setting.policy.rule(entry.later_rule) if entry.later_rule is not None else rule
    verb = "expire" if later.action is ActionType.EXPIRE else "archive"
    stays = _waits(entry) if rule.selection.count_type.counts_days else _position(entry, rule)
    claim = f"rule {rule.priority} has claimed it ({_selected(entry.image, rule)})"
    return f"rule {later.priority} would {verb} it, but {claim} and lets it stay: {stays}"


def _child_of_index(entry: Entry) -> str:
    assert entry.related is not None
    return f"manifest list {_named(entry.related)} refers to it, so it stays as long as that does"


def _follows_subject(entry: Entry) -> str:
    assert entry.related is not None
    subject = _named(entry.related)
    if entry.action is Action.KEEP:
        return f"it describes {subject}, which stays, and will go with it"
    verb = "expires" if entry.action is Action.EXPIRE else "archives"
    return f"it describes {subject}, which rule {entry.rule} {verb}, and follows within 24 hours"


def _no_rule(entry: Entry) -> str:
    image, rules = entry.image, entry.setting.policy.rules
    inside = [rule for rule in rules if rule.selection.storage_class is image.storage_class]
    kind = "archived images" if image.storage_class is StorageClass.ARCHIVE else "images"
    if not inside:
        return f"no rule looks at images of the {image.storage_class} class"
    if not image.tags:
        return f"no rule looks at untagged {kind}"
    named = _tags(image.tags)
    for rule in inside:
        missing = [pattern for pattern in rule.selection.patterns if not _matching_tag(image, pattern)]
        if missing and len(missing) < len(rule.selection.patterns):
            wanted = " and ".join(f"`{pattern}`" for pattern in missing)
            return f"no rule looks at {kind} tagged {named}; rule {rule.priority} wants a tag for {wanted} as well"
    return f"no rule looks at {kind} tagged {named}"


_SENTENCES = {
    Why.ACTED: _acted,
    Why.TOO_YOUNG: _too_young,
    Why.WITHIN_COUNT: _within_count,
    Why.CLAIMED: _claimed,
    Why.CHILD_OF_INDEX: _child_of_index,
    Why.FOLLOWS_SUBJECT: _follows_subject,
    Why.NO_RULE: _no_rule,
}


# Parts of sentences


def _rule(entry: Entry) -> Rule:
    assert entry.rule is not None
    return entry.setting.policy.rule(entry.rule)


def _waits(entry: Entry) -> str:
    rule, due = _rule(entry), entry.when_due
    limit = _number_of_days(rule)
    match rule.selection.count_type:
        case CountType.SINCE_IMAGE_PULLED:
            event = f"it was not pulled for more than {limit}"
        case CountType.SINCE_IMAGE_PUSHED if not entry.image.activated_at:
            event = f"it is more than {limit} old"
        case _:
            event = f"that is more than {limit} ago"
    date = f"on {due:%Y-%m-%d}" if due else "which no calendar reaches"
    return f"{_age(entry, rule)}; rule {rule.priority} acts when {event}, {date}"


def _number_of_days(rule: Rule) -> str:
    number = rule.selection.count_number
    return f"{number:,} day{'s' * (number != 1)}"


def _age(entry: Entry, rule: Rule) -> str:
    """Tell the age that the rule looks at: ``20 days old``, ``last pulled 3 days ago``."""
    image, count_type = entry.image, rule.selection.count_type
    since = counted_since(image, count_type)
    if since > entry.setting.now:
        return f"its time, {since:%Y-%m-%d}, is still to come"
    age = _span(entry.setting.now - since, days(rule.selection.count_number))
    if count_type is CountType.SINCE_IMAGE_TRANSITIONED:
        return f"archived {age} ago"
    if since == image.activated_at:
        return f"restored {age} ago"
    if count_type is CountType.SINCE_IMAGE_PULLED:
        return f"last pulled {age} ago" if image.last_pulled_at else f"never pulled, pushed {age} ago"
    return f"{age} old"


def _span(age: timedelta, limit: timedelta) -> str:
    """Tell a span in whole days; with hours where only these tell it from the limit, or below one day."""
    hours = age.seconds // 3600
    if age == limit:
        return f"exactly {_plural(age.days, 'day')}"
    if age.days == limit.days and hours:
        return f"{_plural(age.days, 'day')} and {_plural(hours, 'hour')}"
    if age.days:
        return _plural(age.days, "day")
    return _plural(hours, "hour") if hours else "less than an hour"


def _plural(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'s' * (number != 1)}"


def _position(entry: Entry, rule: Rule) -> str:
    number, total = bisect_left(entry.counted, entry.place) + 1, len(entry.counted)
    return f"number {number:,} of {total:,}, newest first; rule {rule.priority} keeps {rule.selection.count_number:,}"


def _selected(image: Image, rule: Rule) -> str:
    """Tell by what the rule has selected the image."""
    match rule.selection.tag_status:
        case TagStatus.UNTAGGED:
            return "it is untagged"
        case TagStatus.ANY:
            return "whatever its tags"
        case TagStatus.TAGGED:
            pairs = ((_matching_tag(image, pattern), pattern) for pattern in rule.selection.patterns)
            told = [f"`{tag}` matches `{pattern}`" if tag != pattern else f"tagged `{tag}`" for tag, pattern in pairs]
            return " and ".join(told)


def _matching_tag(image: Image, pattern: str) -> str | None:
    return next((tag for tag in image.tags if matches(pattern, tag)), None)


def _named(image: Image) -> str:
    return f"`{image.name}`"


def _tags(tags: Sequence[str]) -> str:
    named = ", ".join(f"`{tag}`" for tag in tags[:_TAGS_NAMED])
    return named + (f" and {len(tags) - _TAGS_NAMED} more" if len(tags) > _TAGS_NAMED else "")
