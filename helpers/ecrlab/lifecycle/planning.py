"""What a lifecycle policy would do to a repository at one moment, and why, for every image.

The rules are applied in order of their priority:

1. A rule **sees** the images of its storage class that its tag requirement selects.
2. Over its limit are those beyond its count, or older than its days. What stronger rules have marked keeps its place
   in the count.
3. It **acts** on those over the limit that no stronger rule has seen.
4. Whatever it has seen is **claimed**: no later rule may act on it.

Source: Amazon ECR User Guide, "Automate the cleanup of images by using lifecycle policies" and "Examples of lifecycle
policies" (read November 2026).
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from ecrlab.cards import ShownAs, Table
from ecrlab.errors import InvalidInput
from ecrlab.lifecycle.image import Image, counted_since
from ecrlab.lifecycle.matching import TagIndex
from ecrlab.lifecycle.policy import ActionType, CountType, Policy, Rule, Selection, StorageClass, TagStatus
from ecrlab.lifecycle.reasons import Action, Entry, Setting, Why, days

__all__ = ["Plan", "plan"]

_ROWS_SHOWN = 60


@dataclass(frozen=True, slots=True, repr=False)
class Plan(ShownAs):
    """What a policy would do to a repository at one moment.

    Args:
        policy: The rules.
        now: The moment, timezone-aware.
        entries: One per image, in the order in which the images were given.
    """

    policy: Policy
    now: datetime
    entries: tuple[Entry, ...]

    @property
    def expiring(self) -> tuple[Entry, ...]:
        """The images that a run at this moment deletes."""
        return self._doing(Action.EXPIRE)

    @property
    def transitioning(self) -> tuple[Entry, ...]:
        """The images that a run at this moment moves to the archive."""
        return self._doing(Action.TRANSITION)

    @property
    def kept(self) -> tuple[Entry, ...]:
        """The images that stay as they are."""
        return self._doing(Action.KEEP)

    def _doing(self, action: Action) -> tuple[Entry, ...]:
        return tuple(entry for entry in self.entries if entry.action is action)

    def entry(self, reference: str) -> Entry:
        """Return what happens to the image with a tag or a digest.

        Raises:
            InvalidInput: No image of the plan has it.
        """
        for entry in self.entries:
            if reference == entry.image.digest or reference in entry.image.tags:
                return entry
        raise InvalidInput("plan", f"no image has the tag or digest {reference!r}", "look at plan.entries")

    def _shown(self) -> Table:
        """Show all entries, or of a long plan first those that something happens to."""
        entries: Sequence[Entry] = self.entries
        caption = f"Plan for {self.now:%Y-%m-%d %H:%M}: {len(self.expiring):,} expire, "
        caption += f"{len(self.transitioning):,} move to the archive, {len(self.kept):,} stay"
        if len(entries) > _ROWS_SHOWN:
            entries = (*self.expiring, *self.transitioning, *self.kept)[:_ROWS_SHOWN]
            caption += f" (the first {_ROWS_SHOWN} of {len(self.entries):,})"
        rows = [self._row(entry) for entry in entries]
        return Table(("image", "days old", "action", "rule", "reason"), rows, caption)

    def _row(self, entry: Entry) -> tuple[object, ...]:
        image = entry.image
        name = ", ".join(image.tags) or f"untagged {image.short_digest}"
        rule = "–" if entry.rule is None else entry.rule
        return name, (self.now - image.pushed_at).days, entry.action.value, rule, entry.reason


def plan(policy: Policy, images: Iterable[Image], *, now: datetime) -> Plan:
    """Say what a policy would do to a repository, without doing it. The time taken grows as n log n.

    Args:
        policy: The rules.
        images: Everything in the repository, in any order.
        now: The moment of the run, timezone-aware. A day has 24 hours, and "older" is strict.

    Raises:
        InvalidInput: ``now`` carries no timezone, or a digest appears twice.
    """
    given = tuple(images)
    if now.tzinfo is None:
        raise InvalidInput("now", f"{now.isoformat()} carries no timezone", "add tzinfo=UTC")
    present = {image.digest: image for image in given}
    if len(present) < len(given):
        raise InvalidInput(
            "images", f"{_first_repeated(given)} appears twice", "give every image of the repository once"
        )
    setting = Setting(policy, now)
    entries: dict[str, Entry] = {}
    for storage_class in StorageClass:
        inside = (image for image in given if image.storage_class is storage_class and not _follows(image, present))
        rules = [rule for rule in policy.rules if rule.selection.storage_class is storage_class]
        entries.update((entry.image.digest, entry) for entry in _judged(_Shelf(inside, present), rules, setting))
    for image in given:
        if image.digest not in entries:
            entries[image.digest] = _following(image, present, entries, setting)
    return Plan(policy, now, tuple(entries[image.digest] for image in given))


def _first_repeated(images: Sequence[Image]) -> str:
    return next(digest for digest, times in Counter(image.digest for image in images).items() if times > 1)


class _Shelf:
    """The images of one storage class, newest first. An image is known by its place in that order.

    Guess: equal times are ordered by ``sequence``, which AWS does not say; the digest settles what is left.
    """

    def __init__(self, images: Iterable[Image], present: Mapping[str, Image]) -> None:
        self.images = sorted(images, key=lambda image: (image.ordered_by, image.sequence, image.digest), reverse=True)
        self._tag_index: TagIndex | None = None
        self.held_by: dict[int, tuple[Image, ...]] = {}
        for place, image in enumerate(self.images):
            if image.parents:
                held_by = tuple(present[p] for p in image.parents if p in present and p != image.digest)
                if held_by:
                    self.held_by[place] = held_by

    def seen(self, selection: Selection) -> Sequence[int]:
        """Return the places that a selection takes, newest first."""
        match selection.tag_status:
            case TagStatus.ANY:
                return range(len(self.images))
            case TagStatus.UNTAGGED:
                return [place for place, image in enumerate(self.images) if not image.tags]
            case TagStatus.TAGGED:
                if self._tag_index is None:
                    self._tag_index = TagIndex(image.tags for image in self.images)
                return sorted(self._tag_index.holding_all(selection.patterns))

    def protected_from(self, action: ActionType) -> frozenset[int]:
        """Return the places of images that a manifest list protects from an action.

        An image cannot be expired or archived before the list is, says AWS. Guess: so the child of an archived list
        may be archived, and not expired.
        """
        if action is ActionType.EXPIRE:
            return frozenset(self.held_by)
        standard = StorageClass.STANDARD
        return frozenset(
            place for place, lists in self.held_by.items() if any(index.storage_class is standard for index in lists)
        )


@dataclass(frozen=True, slots=True)
class _Claim:
    """What a rule has seen when it came to an image before all others."""

    rule: Rule
    counted: Sequence[int]
    protected: frozenset[int]


@dataclass(slots=True)
class _Outcome:
    """What the rules of one storage class have come to, by the places of the images."""

    claims: dict[int, _Claim] = field(default_factory=dict)
    acting: set[int] = field(default_factory=set)
    later: dict[int, int] = field(default_factory=dict)
    """Images that were spared, and the first later rule that would have acted on them."""


def _applied(shelf: _Shelf, rules: Sequence[Rule], now: datetime) -> _Outcome:
    """Apply the rules of one storage class in their order.

    Sets of places do the work, so that a rule costs a few passes in C over what it sees.
    """
    outcome = _Outcome()
    free, spared = set(range(len(shelf.images))), set[int]()
    for rule in rules:
        seen, protected = shelf.seen(rule.selection), shelf.protected_from(rule.action)
        counted = _counted(shelf, rule, seen, protected)
        over = _over_the_limit(shelf, rule, seen, counted, now)
        if protected:
            over = [place for place in over if place not in protected]

        blocked = spared.intersection(over)
        spared -= blocked
        outcome.later.update(dict.fromkeys(blocked, rule.priority))

        fresh = free.intersection(seen)
        free -= fresh
        outcome.claims.update(dict.fromkeys(fresh, _Claim(rule, counted, protected)))
        acts = fresh.intersection(over)
        outcome.acting |= acts
        spared |= fresh - acts
    return outcome


def _judged(shelf: _Shelf, rules: Sequence[Rule], setting: Setting) -> Iterator[Entry]:
    """Yield the entry of each image of one storage class."""
    outcome = _applied(shelf, rules, setting.now)
    for place, image in enumerate(shelf.images):
        claim = outcome.claims.get(place)
        if claim is None:
            yield Entry(image, Action.KEEP, None, Why.NO_RULE, setting)
            continue
        rule = claim.rule
        if place in outcome.acting:
            yield Entry(
                image, _DONE_BY[rule.action], rule.priority, Why.ACTED, setting, None, None, place, claim.counted
            )
        elif place in claim.protected:
            yield Entry(image, Action.KEEP, rule.priority, Why.CHILD_OF_INDEX, setting, None, shelf.held_by[place][0])
        else:
            later = outcome.later.get(place)
            why = Why.CLAIMED if later is not None else _WHY_SPARED[rule.selection.count_type.counts_days]
            yield Entry(image, Action.KEEP, rule.priority, why, setting, later, None, place, claim.counted)


_DONE_BY = {ActionType.EXPIRE: Action.EXPIRE, ActionType.TRANSITION: Action.TRANSITION}
_WHY_SPARED = {True: Why.TOO_YOUNG, False: Why.WITHIN_COUNT}


def _counted(shelf: _Shelf, rule: Rule, seen: Sequence[int], protected: frozenset[int]) -> Sequence[int]:
    """Return the places that a count rule numbers, newest first.

    Untagged children of a manifest list take no place. AWS's pages do not say so; it was seen in a real preview
    (DefangLabs/pulumi-defang, pull request 466, September 2026). Guess: tagged children do take one.
    """
    if rule.selection.count_type.counts_days or not protected:
        return seen
    return [place for place in seen if shelf.images[place].tags or place not in protected]


def _over_the_limit(
    shelf: _Shelf, rule: Rule, seen: Sequence[int], counted: Sequence[int], now: datetime
) -> Sequence[int]:
    """Return the places beyond a rule's count, or older than its days."""
    count_type, number = rule.selection.count_type, rule.selection.count_number
    if not count_type.counts_days:
        return counted[number:]
    limit = days(number)

    def is_older(place: int) -> bool:
        return now - counted_since(shelf.images[place], count_type) > limit

    if count_type is CountType.SINCE_IMAGE_PULLED:
        return [place for place in seen if is_older(place)]
    return seen[bisect_left(seen, True, key=is_older) :]  # the order is that of the times


# Artifacts that describe an image


def _follows(image: Image, present: Mapping[str, Image]) -> bool:
    """Say whether an image is judged by its subject alone.

    AWS says that artifacts go within 24 hours after their subject. Guess: rules leave them alone until then and do
    not count them, as with the children of a manifest list. Without its subject an artifact is an image like others.
    """
    return image.subject is not None and image.subject in present and image.subject != image.digest


def _following(image: Image, present: Mapping[str, Image], entries: Mapping[str, Entry], setting: Setting) -> Entry:
    """Return the entry of an artifact: what happens to the image at the end of its chain of subjects."""
    root, passed = image, {image.digest}
    while _follows(root, present) and root.subject not in passed:
        root = present[root.subject or ""]
        passed.add(root.digest)
    judged = entries.get(root.digest)  # none at the end of a circle, which no push can make
    subject = present[image.subject or ""]
    if judged is None or judged.action is Action.KEEP or _is_archived_already(image, judged.action):
        return Entry(image, Action.KEEP, None, Why.FOLLOWS_SUBJECT, setting, None, subject)
    return Entry(image, judged.action, judged.rule, Why.FOLLOWS_SUBJECT, setting, None, subject)


def _is_archived_already(image: Image, action: Action) -> bool:
    return action is Action.TRANSITION and image.storage_class is StorageClass.ARCHIVE
