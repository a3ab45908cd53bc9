"""What a lifecycle policy says, as values: a policy of rules, each with a selection, a limit and an action.

Source: Amazon ECR User Guide, "Lifecycle policy properties" (read November 2026).
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import Any

from ecrlab.cards import ShownAs, Table
from ecrlab.errors import InvalidInput

__all__ = ["ActionType", "CountType", "Policy", "Rule", "Selection", "StorageClass", "TagStatus"]


class StorageClass(StrEnum):
    """Where an image lies: ready to be pulled, or in the archive, from where it must be restored first."""

    STANDARD = "standard"
    ARCHIVE = "archive"


class TagStatus(StrEnum):
    """Which images a rule looks at, by whether they have tags."""

    TAGGED = "tagged"
    UNTAGGED = "untagged"
    ANY = "any"


class CountType(StrEnum):
    """What a rule's number counts: images, or days since something happened to an image."""

    IMAGE_COUNT_MORE_THAN = "imageCountMoreThan"
    SINCE_IMAGE_PUSHED = "sinceImagePushed"
    SINCE_IMAGE_PULLED = "sinceImagePulled"
    SINCE_IMAGE_TRANSITIONED = "sinceImageTransitioned"

    @property
    def counts_days(self) -> bool:
        """Whether the number is an age in days."""
        return self is not CountType.IMAGE_COUNT_MORE_THAN


class ActionType(StrEnum):
    """What a rule does: delete an image, or move it to the archive."""

    EXPIRE = "expire"
    TRANSITION = "transition"


_EVENT = {
    CountType.SINCE_IMAGE_PUSHED: "push",
    CountType.SINCE_IMAGE_PULLED: "last pull",
    CountType.SINCE_IMAGE_TRANSITIONED: "archiving",
}


@dataclass(frozen=True, slots=True)
class Selection:
    """Whom a rule looks at, and from what limit on it acts.

    Args:
        tag_status: Tagged images, untagged ones, or any.
        count_type: What ``count_number`` counts.
        count_number: How many images stay, or how many days an image may be old; at least 1.
        tag_patterns: Patterns with up to four ``*`` each. An image needs a tag for **every** entry.
        tag_prefixes: Beginnings of tags; the older form, never together with patterns. Again every entry counts.
        storage_class: The only class that the rule sees.
    """

    tag_status: TagStatus
    count_type: CountType
    count_number: int
    tag_patterns: tuple[str, ...] = ()
    tag_prefixes: tuple[str, ...] = ()
    storage_class: StorageClass = StorageClass.STANDARD

    @property
    def patterns(self) -> tuple[str, ...]:
        """Both kinds of lists as patterns: a prefix is the pattern that ends in a star.

        A star inside a prefix is no wildcard. It becomes ``＊``, which no tag has, either.
        """
        return self.tag_patterns + tuple(f"{prefix.replace('*', '＊')}*" for prefix in self.tag_prefixes)

    @property
    def who(self) -> str:
        """The images looked at, in words: ``untagged images``."""
        kind = "archived images" if self.storage_class is StorageClass.ARCHIVE else "images"
        match self.tag_status:
            case TagStatus.TAGGED:
                return f"{kind} tagged {' and '.join(f'`{pattern}`' for pattern in self.patterns)}"
            case TagStatus.UNTAGGED:
                return f"untagged {kind}"
            case TagStatus.ANY:
                return f"all {kind}"

    @property
    def limit(self) -> str:
        """When the rule acts, in words: ``beyond the newest 5``, ``more than 14 days after the push``."""
        number = self.count_number
        if not self.count_type.counts_days:
            return f"beyond the newest {number:,}" if number > 1 else "beyond the newest one"
        return f"more than {number:,} day{'s' * (number != 1)} after the {_EVENT[self.count_type]}"


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: of the images it selects it acts on those over its limit.

    Args:
        priority: At least 1 and unique; the lowest number comes first.
        selection: Whom it looks at, and its limit.
        action: What it does to them.
        description: Free text; AWS does nothing with it.
    """

    priority: int
    selection: Selection
    action: ActionType
    description: str = ""

    def __str__(self) -> str:
        verb = "expires" if self.action is ActionType.EXPIRE else "archives"
        return f"rule {self.priority} {verb} {self.selection.who} {self.selection.limit}"

    def document(self) -> dict[str, Any]:
        """Return the rule as AWS spells it, without what has its default."""
        selection = self.selection
        chosen: dict[str, Any] = {"tagStatus": selection.tag_status.value}
        if selection.tag_patterns:
            chosen["tagPatternList"] = list(selection.tag_patterns)
        if selection.tag_prefixes:
            chosen["tagPrefixList"] = list(selection.tag_prefixes)
        if selection.storage_class is not StorageClass.STANDARD:
            chosen["storageClass"] = selection.storage_class.value
        chosen["countType"] = selection.count_type.value
        if selection.count_type.counts_days:
            chosen["countUnit"] = "days"
        chosen["countNumber"] = selection.count_number
        action = {"type": self.action.value}
        if self.action is ActionType.TRANSITION:
            action["targetStorageClass"] = StorageClass.ARCHIVE.value
        described = {"description": self.description} if self.description else {}
        return {"rulePriority": self.priority, **described, "selection": chosen, "action": action}


@dataclass(frozen=True, slots=True, repr=False)
class Policy(ShownAs):
    """Rules in order of their priority, whatever the order they were given in.

    ``parse`` makes policies that AWS would accept. One that is put together in code is not checked beyond its
    priorities; ``faults_of(policy.document())`` does that.

    Args:
        rules: In any order.

    Raises:
        InvalidInput: Two rules have the same priority.
    """

    rules: tuple[Rule, ...]

    def __init__(self, rules: Iterable[Rule]) -> None:
        ordered = tuple(sorted(rules, key=lambda rule: rule.priority))
        for rule, following in pairwise(ordered):
            if rule.priority == following.priority:
                raise InvalidInput(
                    "policy", f"two rules have priority {rule.priority}", "give each a number of its own"
                )
        object.__setattr__(self, "rules", ordered)

    def rule(self, priority: int) -> Rule:
        """Return the rule with a priority.

        Raises:
            InvalidInput: There is none.
        """
        for rule in self.rules:
            if rule.priority == priority:
                return rule
        has = ", ".join(str(rule.priority) for rule in self.rules) or "no rule at all"
        raise InvalidInput("policy", f"no rule has priority {priority}", f"there are: {has}")

    def document(self) -> dict[str, Any]:
        """Return the policy as AWS spells it, ready for ``json.dumps``."""
        return {"rules": [rule.document() for rule in self.rules]}

    def text(self, indent: int | None = None) -> str:
        """Return the policy as JSON, as ``put_lifecycle_policy`` takes it; ``parse`` reads it back."""
        return json.dumps(self.document(), indent=indent, ensure_ascii=False)

    def _shown(self) -> Table:
        rows = [
            (rule.priority, rule.selection.who, rule.selection.limit, rule.action.value, rule.description)
            for rule in self.rules
        ]
        return Table(("rule", "looks at", "acts", "action", "description"), rows, "Lifecycle policy")
