"""A lifecycle rule as a form holds it: every field filled in, right or wrong. JSON goes in and comes out.

A form cannot show everything that JSON can say, broken rules least of all. `drafts_of` answers ``None`` then, so that
nothing which somebody wrote is lost by being edited elsewhere.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ecrlab.lifecycle import ActionType, CountType, StorageClass, TagStatus, faults_of, parse

__all__ = ["NEW", "RuleDraft", "added", "drafts_of", "moved", "text_of"]

PATTERNS, PREFIXES = "tagPatternList", "tagPrefixList"


@dataclass(frozen=True, slots=True)
class RuleDraft:
    """The fields of one rule, spelled as AWS spells them. ``tags`` are patterns or prefixes with blanks between."""

    priority: int
    tag_status: str
    list_kind: str
    tags: str
    storage_class: str
    count_type: str
    count_number: int
    action: str
    description: str = ""

    def document(self) -> dict[str, Any]:
        """Return the rule as AWS spells it; fields that do not belong to its kind are left out."""
        selection: dict[str, Any] = {"tagStatus": self.tag_status}
        if self.tag_status == TagStatus.TAGGED:
            selection[self.list_kind] = self.tags.replace(",", " ").split()
        if self.storage_class != StorageClass.STANDARD:
            selection["storageClass"] = self.storage_class
        selection["countType"] = self.count_type
        if self.count_type != CountType.IMAGE_COUNT_MORE_THAN:
            selection["countUnit"] = "days"
        selection["countNumber"] = self.count_number
        action = {"type": self.action}
        if self.action == ActionType.TRANSITION:
            action["targetStorageClass"] = StorageClass.ARCHIVE.value
        described = {"description": self.description} if self.description else {}
        return {"rulePriority": self.priority, **described, "selection": selection, "action": action}

    @property
    def in_short(self) -> str:
        """The rule in one line of a list: ``2: build-*, 14 days since push: expire``."""
        kind = "archived image" if self.storage_class == StorageClass.ARCHIVE else "image"
        entries = self.tags.replace(",", " ").split()
        star = "*" if self.list_kind == PREFIXES else ""
        named = " and ".join(f"{entry}{star}" for entry in entries)
        who = named if self.tag_status == TagStatus.TAGGED else f"{self.tag_status} {kind}"
        return f"{self.priority}: {who}, {_LIMITS[self.count_type].format(self.count_number)}: {self.action}"


_LIMITS = {
    CountType.IMAGE_COUNT_MORE_THAN.value: "beyond newest {:,}",
    CountType.SINCE_IMAGE_PUSHED.value: "{:,} days since push",
    CountType.SINCE_IMAGE_PULLED.value: "{:,} days since pull",
    CountType.SINCE_IMAGE_TRANSITIONED.value: "{:,} days since archiving",
}

NEW = RuleDraft(1, "tagged", PATTERNS, "feature-*", "standard", "sinceImagePushed", 30, "expire")
"""What a new rule says until it is edited."""


def text_of(drafts: Sequence[RuleDraft]) -> str:
    """Return rules as the JSON of a policy."""
    return json.dumps({"rules": [draft.document() for draft in drafts]}, indent=2, ensure_ascii=False)


def drafts_of(text: str) -> tuple[RuleDraft, ...] | None:
    """Return the rules of a policy's JSON, in the order of the document; ``None`` if a form would lose something.

    A policy without faults always has a form. One with faults has it if the form says exactly the same.
    """
    try:
        document = json.loads(text)
        drafts = tuple(_draft(rule) for rule in document["rules"])
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None
    if {"rules": [draft.document() for draft in drafts]} == document:
        return drafts
    if faults_of(text):
        return None
    return tuple(_draft(rule.document()) for rule in parse(text).rules)


def _draft(rule: Mapping[str, Any]) -> RuleDraft:
    selection = rule["selection"]
    kind = PREFIXES if PREFIXES in selection else PATTERNS
    return RuleDraft(
        priority=_number(rule["rulePriority"]),
        tag_status=TagStatus(selection["tagStatus"]).value,
        list_kind=kind,
        tags=" ".join(selection.get(kind, ())),
        storage_class=StorageClass(selection.get("storageClass", StorageClass.STANDARD)).value,
        count_type=CountType(selection["countType"]).value,
        count_number=_number(selection["countNumber"]),
        action=ActionType(rule["action"]["type"]).value,
        description=rule.get("description", ""),
    )


def _number(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"{value!r} is no whole number")
    return value


def added(drafts: Sequence[RuleDraft]) -> tuple[tuple[RuleDraft, ...], int]:
    """Add a new rule where it is legal: before the rules for any image, which have to come last.

    Returns:
        All rules, and the place of the new one.
    """
    place = len(drafts)
    while place and drafts[place - 1].tag_status == TagStatus.ANY:
        place -= 1
    number = max((draft.priority for draft in drafts[:place]), default=0) + 1
    following = list(drafts[place:])
    least = number
    for index, draft in enumerate(following):
        least = max(least + 1, draft.priority)
        following[index] = replace(draft, priority=least)
    return (*drafts[:place], replace(NEW, priority=number), *following), place


def moved(drafts: Sequence[RuleDraft], place: int, step: int) -> tuple[RuleDraft, ...]:
    """Let a rule and its neighbour, ``step`` places on, change places and numbers; at the end nothing happens."""
    other = place + step
    if not 0 <= other < len(drafts):
        return tuple(drafts)
    changed = list(drafts)
    changed[place] = replace(drafts[other], priority=drafts[place].priority)
    changed[other] = replace(drafts[place], priority=drafts[other].priority)
    return tuple(changed)
