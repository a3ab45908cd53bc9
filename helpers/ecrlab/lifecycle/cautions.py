"""What is legal in a lifecycle policy and most likely not meant: one sentence each, and a way out.

None of this is said by AWS: a policy that draws warnings is accepted.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from itertools import combinations

from ecrlab.cards import Card, ShownAs, Table, Tone
from ecrlab.errors import InvalidInput
from ecrlab.lifecycle.image import Image
from ecrlab.lifecycle.matching import can_match_a_tag, covers, matches, share_a_tag
from ecrlab.lifecycle.planning import plan
from ecrlab.lifecycle.policy import ActionType, CountType, Policy, Rule, Selection, StorageClass, TagStatus
from ecrlab.lifecycle.reasons import Action, Entry

__all__ = ["IMAGES_PER_REPOSITORY", "PolicyWarning", "PolicyWarnings", "WarningKind", "warnings"]

IMAGES_PER_REPOSITORY = 100_000
"""How many images a repository holds by default. Source: Amazon ECR service quotas (read November 2026)."""

_A_CENTURY = 36_525
_PATTERNS_NAMED = 4


class WarningKind(Enum):
    """What is odd about a policy."""

    NEVER_ACTS = "a rule can never act"
    OVERLAP = "two rules want the same images"
    AND_NOT_OR = "a list asks for all of its entries"
    DELETES_IN_USE = "an image that is in use goes"
    UNTAGGED_UNLIMITED = "untagged images pile up"
    ARCHIVE_UNLIMITED = "archived images pile up"
    DESCRIPTION_DIFFERS = "a description names another number"


@dataclass(frozen=True, slots=True, repr=False)
class PolicyWarning(ShownAs):
    """One thing to think over.

    Args:
        kind: What is odd.
        rules: The numbers of the rules concerned, the one to change first; none if a rule is missing.
        sentence: What is the case, in one sentence.
        way_out: What to do, as an instruction.
    """

    kind: WarningKind
    rules: tuple[int, ...]
    sentence: str
    way_out: str

    def _shown(self) -> Card:
        return Card(self.kind.value.capitalize(), body=(self.sentence, self.way_out), tone=Tone.HINT)


class PolicyWarnings(tuple[PolicyWarning, ...], ShownAs):
    """All warnings about a policy: a tuple that shows itself as a table."""

    __slots__ = ()

    def _shown(self) -> Card | Table:
        if not self:
            return Card("Nothing odd about this policy", tone=Tone.GOOD)
        rows = [(w.kind.value, ", ".join(map(str, w.rules)) or "–", w.sentence, w.way_out) for w in self]
        return Table(("warning", "rule", "what is the case", "way out"), rows, "Legal, and perhaps not meant")

    __str__ = ShownAs.__str__
    __repr__ = ShownAs.__repr__


def warnings(
    policy: Policy,
    images: Iterable[Image] = (),
    *,
    now: datetime | None = None,
    in_use: Mapping[str, str] | None = None,
) -> PolicyWarnings:
    """Say what about a policy is legal and most likely not meant.

    Args:
        policy: The rules.
        images: The repository, if there is one to look at; some warnings then speak of its images.
        now: The moment, needed with ``in_use``.
        in_use: Tag or digest of images that are needed, and by whom: ``{"prod-7": "ECS service payments"}``.

    Raises:
        InvalidInput: ``in_use`` comes without ``now``.
    """
    given = tuple(images)
    if in_use and now is None:
        raise InvalidInput("warnings", "in_use comes without now", "say for which moment: now=lab.clock.now()")
    found = [
        *_never_acting(policy),
        *_all_for_any(policy, given),
        *_overlapping(policy),
        *_deleting_in_use(policy, given, now, in_use or {}),
        *_piling_up(policy),
        *_described_otherwise(policy),
    ]
    return PolicyWarnings(found)


# A rule can never act


def _never_acting(policy: Policy) -> Iterator[PolicyWarning]:
    for number, rule in enumerate(policy.rules):
        earlier = [other for other in policy.rules[:number] if _same_class(other, rule)]
        reason = _unmatched(rule) or _shadowed(rule, earlier) or _out_of_reach(rule)
        if reason:
            rules, sentence, way_out = reason
            yield PolicyWarning(WarningKind.NEVER_ACTS, rules, sentence, way_out)


_Reason = tuple[tuple[int, ...], str, str] | None


def _unmatched(rule: Rule) -> _Reason:
    for prefix in rule.selection.tag_prefixes:
        if "*" in prefix:
            sentence = (
                f"Rule {rule.priority} wants tags that begin with `{prefix}`, star included, and no tag has a star."
            )
            return (rule.priority,), sentence, f"Write `{prefix}` into a tagPatternList, or leave the star out."
    for pattern in rule.selection.patterns:
        if not can_match_a_tag(pattern):
            sentence = f"Rule {rule.priority} wants a tag for `{pattern}`, and no tag can look like that."
            way_out = "Tags hold letters, digits, `_`, `.` and `-`, up to 128 of them, the last two not first."
            return (rule.priority,), sentence, way_out
    return None


def _shadowed(rule: Rule, earlier: Sequence[Rule]) -> _Reason:
    for other in earlier:
        if _covers(other.selection, rule.selection):
            sentence = (
                f"Rule {rule.priority} ({rule.selection.who}) finds nothing left: rule {other.priority} "
                f"({other.selection.who}) comes first and claims all of that, also what it does not act on."
            )
            way_out = f"Let rule {rule.priority} come before rule {other.priority}, or merge the two."
            return (rule.priority, other.priority), sentence, way_out
    untagged = next((other for other in earlier if other.selection.tag_status is TagStatus.UNTAGGED), None)
    tagged = next((other for other in earlier if _takes_every_tag(other.selection)), None)
    if rule.selection.tag_status is TagStatus.ANY and untagged and tagged:
        both = f"rules {tagged.priority} and {untagged.priority}"
        sentence = f"Rule {rule.priority} finds nothing left: {both} together claim all images, tagged and untagged."
        way_out = "Take it out, or narrow the pattern `*` of the tagged rule."
        return (rule.priority, tagged.priority, untagged.priority), sentence, way_out
    return None


def _out_of_reach(rule: Rule) -> _Reason:
    selection = rule.selection
    if not selection.count_type.counts_days and selection.count_number >= IMAGES_PER_REPOSITORY:
        sentence = (
            f"Rule {rule.priority} keeps {selection.count_number:,} images, and a repository holds "
            f"{IMAGES_PER_REPOSITORY:,} unless AWS raised that: it only protects them from later rules."
        )
        return (rule.priority,), sentence, "Leave it if that is what it is for; lower the number if not."
    if selection.count_type.counts_days and selection.count_number >= _A_CENTURY:
        sentence = f"Rule {rule.priority} waits {selection.count_number:,} days, which is a century or more."
        return (rule.priority,), sentence, "Leave it if it is there to protect images; lower the number if not."
    return None


def _same_class(one: Rule, other: Rule) -> bool:
    return one.selection.storage_class is other.selection.storage_class


def _covers(wide: Selection, narrow: Selection) -> bool:
    """Say whether the first selection takes every image that the second takes."""
    if wide.tag_status is TagStatus.ANY:
        return True
    if wide.tag_status is not narrow.tag_status:
        return False
    return all(any(covers(pattern, other) for other in narrow.patterns) for pattern in wide.patterns)


def _takes_every_tag(selection: Selection) -> bool:
    return bool(selection.patterns) and all(not pattern.strip("*") for pattern in selection.patterns)


# A list asks for all of its entries


def _all_for_any(policy: Policy, images: Sequence[Image]) -> Iterator[PolicyWarning]:
    """Find lists that no single tag satisfies. Images that do satisfy one show that it is meant."""
    for rule in policy.rules:
        patterns = rule.selection.patterns
        if all(share_a_tag(one, other) for one, other in combinations(patterns, 2)):
            continue
        if any(_satisfies(image, patterns) for image in images):
            continue
        named = _listed(patterns)
        sentence = f"Rule {rule.priority} takes only images that have a tag for each of {named}, not for one of them"
        some = sum(any(matches(pattern, tag) for pattern in patterns for tag in image.tags) for image in images)
        sentence += f"; {some:,} have one, none has all." if images else "."
        yield PolicyWarning(
            WarningKind.AND_NOT_OR, (rule.priority,), sentence, "For either of them write one rule per pattern."
        )


def _satisfies(image: Image, patterns: Sequence[str]) -> bool:
    return all(any(matches(pattern, tag) for tag in image.tags) for pattern in patterns)


def _listed(patterns: Sequence[str]) -> str:
    named = [f"`{pattern}`" for pattern in patterns[:_PATTERNS_NAMED]]
    if len(patterns) > _PATTERNS_NAMED:
        return f"{', '.join(named)} and {len(patterns) - _PATTERNS_NAMED} more"
    return f"{', '.join(named[:-1])} and {named[-1]}"


# Two rules want the same images


def _overlapping(policy: Policy) -> Iterator[PolicyWarning]:
    """Find pairs of rules that a single tag can satisfy, unless one of them is the special case of the other.

    A special case in front (``prod-*``, then ``*``) is how layers are written; behind it can never act, see above.
    """
    for first, second in combinations(policy.rules, 2):
        one, other = first.selection, second.selection
        if not _same_class(first, second) or _covers(one, other) or _covers(other, one):
            continue
        pair = next(((p, q) for p in one.patterns for q in other.patterns if share_a_tag(p, q)), None)
        if pair is None or not (_one_tag_will_do(one) and _one_tag_will_do(other)):
            continue
        sentence = (
            f"One tag can match `{pair[0]}` of rule {first.priority} and `{pair[1]}` of rule {second.priority}; "
            f"then rule {first.priority} claims the image, and rule {second.priority} may only count it."
        )
        way_out = f"Make sure that rule {first.priority} is the one to decide, or make the patterns differ."
        yield PolicyWarning(WarningKind.OVERLAP, (second.priority, first.priority), sentence, way_out)


def _one_tag_will_do(selection: Selection) -> bool:
    return all(share_a_tag(one, other) for one, other in combinations(selection.patterns, 2))


# An image that is in use goes


def _deleting_in_use(
    policy: Policy, images: Sequence[Image], now: datetime | None, in_use: Mapping[str, str]
) -> Iterator[PolicyWarning]:
    if now is None or not in_use:
        return
    for entry in plan(policy, images, now=now).entries:
        references = [name for name in (*entry.image.tags, entry.image.digest) if name in in_use]
        if references and entry.rule is not None and (entry.action is not Action.KEEP or entry.when_due):
            yield _in_use_warning(policy.rule(entry.rule), entry, references[0], in_use[references[0]])


def _in_use_warning(rule: Rule, entry: Entry, reference: str, who: str) -> PolicyWarning:
    expires = rule.action is ActionType.EXPIRE
    verb = "expires" if expires else "archives"
    when = "with its next run" if entry.when_due is None else f"after {entry.when_due:%Y-%m-%d}"
    effect = "and a rule does not ask who needs an image" if expires else "and an archived image cannot be pulled"
    sentence = f"Rule {rule.priority} {verb} `{reference}` {when}: {who} uses it, {effect}."
    way_out = "Give it a tag of its own, such as `in-use-1`, and let a rule with a low number keep that."
    return PolicyWarning(WarningKind.DELETES_IN_USE, (rule.priority,), sentence, way_out)


# Images that no rule looks at


def _piling_up(policy: Policy) -> Iterator[PolicyWarning]:
    statuses = {
        c: {r.selection.tag_status for r in policy.rules if r.selection.storage_class is c} for c in StorageClass
    }
    if not statuses[StorageClass.STANDARD] & {TagStatus.UNTAGGED, TagStatus.ANY}:
        sentence = "No rule looks at untagged images, and each tag that moves leaves one behind."
        way_out = "Add a rule for `untagged` images, a few days after their push."
        yield PolicyWarning(WarningKind.UNTAGGED_UNLIMITED, (), sentence, way_out)
    archiving = tuple(rule.priority for rule in policy.rules if rule.action is ActionType.TRANSITION)
    if archiving and not statuses[StorageClass.ARCHIVE]:
        sentence = f"Rule {archiving[0]} archives images, and no rule ever deletes them there."
        way_out = (
            f"Add a rule for the archive class that counts `{CountType.SINCE_IMAGE_TRANSITIONED}`, 90 days or more."
        )
        yield PolicyWarning(WarningKind.ARCHIVE_UNLIMITED, archiving, sentence, way_out)


# A description names another number

_A_NUMBER = re.compile(r"(?<![\w.,*-])\d+(?![\w.,*-]*\w)")
_NUMBERED_RULE = re.compile(r"\brule\s+\d+", re.IGNORECASE)


def _described_otherwise(policy: Policy) -> Iterator[PolicyWarning]:
    for rule in policy.rules:
        told = [int(text) for text in _A_NUMBER.findall(_NUMBERED_RULE.sub("", rule.description))]
        if told and rule.selection.count_number not in told:
            count = rule.selection.count_number
            sentence = f"Rule {rule.priority} says {told[0]:,} in its description and {count:,} in its count."
            yield PolicyWarning(
                WarningKind.DESCRIPTION_DIFFERS,
                (rule.priority,),
                sentence,
                "Only the count is applied; mend one of them.",
            )
