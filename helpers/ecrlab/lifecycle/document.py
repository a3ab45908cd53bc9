"""A lifecycle policy document, read and checked: every fault with its place, what is the case and the way out.

Sources: Amazon ECR User Guide, "Lifecycle policy properties" and "Automate the cleanup of images by using lifecycle
policies"; for the length of the text the API model, ``LifecyclePolicyText``.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Any, NoReturn, TypeGuard

from ecrlab.errors import Fault, InvalidPolicy
from ecrlab.lifecycle.policy import ActionType, CountType, Policy, Rule, Selection, StorageClass, TagStatus

__all__ = [
    "ARCHIVE_MINIMUM_DAYS",
    "MOST_RULES",
    "MOST_WILDCARDS",
    "TEXT_LENGTHS",
    "faults_of",
    "length_faults",
    "parse",
]

MOST_RULES = 50
"""How many rules a policy may have."""

MOST_WILDCARDS = 4
"""How many ``*`` a tag pattern may have."""

ARCHIVE_MINIMUM_DAYS = 90
"""An archived image is kept, and paid for, at least so long; no rule deletes it earlier."""

TEXT_LENGTHS = range(100, 30_720 + 1)
"""How many characters the API takes as a policy's text; a matter of the call, not of the grammar."""


def parse(document: str | Mapping[str, Any]) -> Policy:
    """Read a policy document: JSON text, or what ``json.loads`` makes of it.

    How long the text may be is the API's affair: see ``length_faults``.

    Raises:
        InvalidPolicy: AWS would not accept it. ``faults`` has everything that is wrong.
    """
    content, faults = _checked(document)
    if faults:
        raise InvalidPolicy.of(faults)
    return Policy(_rule(entry) for entry in content["rules"])


def faults_of(document: str | Mapping[str, Any]) -> tuple[Fault, ...]:
    """Return everything that is wrong with a policy document, in the order of the document; nothing if it is fine."""
    return _checked(document)[1]


def length_faults(text: str) -> tuple[Fault, ...]:
    """Say whether the API would take a text of this length, which ``parse`` does not ask.

    Source: API model, ``LifecyclePolicyText``: 100 to 30,720 characters. botocore refuses shorter ones by itself.
    """
    shortest, longest = TEXT_LENGTHS[0], TEXT_LENGTHS[-1]
    if len(text) < shortest:
        way_out = "add a description to each rule, or indent the JSON"
        return (
            Fault(
                "lifecyclePolicyText", f"it has {len(text)} characters, and the API takes {shortest} or more", way_out
            ),
        )
    if len(text) > longest:
        way_out = "write it without indentation, shorten descriptions, or merge rules"
        return (
            Fault("lifecyclePolicyText", f"it has {len(text):,} characters, and the API takes {longest:,}", way_out),
        )
    return ()


# From a text to JSON values


class _Object(dict[str, Any]):
    """A JSON object that remembers the keys which were written twice; the last value counts, as usual in JSON."""

    repeated: tuple[str, ...] = ()

    @classmethod
    def of(cls, pairs: list[tuple[str, Any]]) -> _Object:
        made = cls(pairs)
        made.repeated = tuple(key for key, times in Counter(key for key, _ in pairs).items() if times > 1)
        return made


def _checked(document: str | Mapping[str, Any]) -> tuple[Any, tuple[Fault, ...]]:
    content: Any = document
    if isinstance(document, str):
        try:
            content = json.loads(document, object_pairs_hook=_Object.of, parse_constant=_refuse_constant)
        except json.JSONDecodeError as error:
            return None, (_syntax_fault(document, error),)
        except RecursionError:
            return None, (Fault("document", "it is nested too deeply", "a policy needs five levels"),)
        except ValueError:
            fact = "it has a number that JSON does not know, or one with thousands of digits"
            return None, (Fault("document", fact, "write whole numbers of a few digits"),)
    return content, tuple(_document_faults(content))


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")


def _syntax_fault(text: str, error: json.JSONDecodeError) -> Fault:
    """Say where the text stops being JSON, in words that do not change with the version of Python."""
    position, before = error.pos, text[: error.pos].rstrip()
    if before.endswith(",") and text[position : position + 1] in ("]", "}"):
        position = len(before) - 1  # older versions point behind the comma, newer ones at it
    line, column = text.count("\n", 0, position) + 1, position - text.rfind("\n", 0, position)
    place = f"line {line}, column {column}"
    if not text.strip():
        return Fault(place, "the text is empty", 'begin with {"rules": [ … ]}')
    near = text[position : position + 20]
    fact = f"it is no JSON from {near!r} on" if near else "the JSON ends too early"
    return Fault(place, fact, _syntax_way_out(near, error.msg))


def _syntax_way_out(near: str, message: str) -> str:
    if not near:
        return "close what is open: quotes, brackets and braces"
    if near.startswith("'"):
        return 'JSON writes text in double quotes: "…"'
    if near.startswith(","):
        return "take out the comma after the last entry"
    if message.startswith("Expecting ',' delimiter"):
        return "look for a missing comma or bracket just before it"
    if message.startswith("Invalid control character"):
        return "a text ends on its own line: close the quotes, or write \\n"
    if message.startswith("Extra data"):
        return "one document only: take out what follows its end"
    return "mend it there; an editor with JSON support marks the spot"


# The members of an object


def _member_faults(
    place: str, value: Mapping[str, Any], known: Sequence[str], required: Sequence[str]
) -> Iterator[Fault]:
    """Name members that are repeated, unknown or missing.

    Guess: AWS says nothing of repeated and unknown members. A null that is too much is refused by its schema, so an
    unknown one most likely is; of a repeated one only the last counts, which nobody can have meant.
    """
    for key in getattr(value, "repeated", ()):
        yield Fault(_join(place, key), "it is written twice, and only the last one would count", "keep one of them")
    for key in value:
        if key not in known:
            close = get_close_matches(str(key), known, n=1)
            way_out = f"did you mean {close[0]!r}?" if close else f"take it out; there may be {_listed(known, 'and')}"
            yield Fault(_join(place, str(key)), "no such member exists", way_out)
    for key in required:
        if key not in value:
            yield Fault(place, f"{key!r} is missing", _HOW_TO_ADD[key])


_HOW_TO_ADD = {
    "rules": 'add "rules": [ … ]',
    "rulePriority": 'add "rulePriority": 1, or another number of its own',
    "selection": 'add "selection": { … }',
    "action": 'add "action": {"type": "expire"}',
    "tagStatus": 'add "tagStatus": "tagged", "untagged" or "any"',
    "countType": 'add "countType": "imageCountMoreThan" or "sinceImagePushed"',
    "countNumber": 'add "countNumber": 10, or another number of images or days',
    "type": 'add "type": "expire" or "transition"',
}


def _join(place: str, key: str) -> str:
    return key if place == "document" else f"{place}.{key}"


def _listed(values: Sequence[str], word: str) -> str:
    *first, last = (repr(str(value)) for value in values)
    return f"{', '.join(first)} {word} {last}" if first else last


def _as_json(value: object, limit: int = 60) -> str:
    """Quote a value as the author wrote it: ``null``, ``true``, ``"5"``; shortened."""
    try:
        text = json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError):
        text = repr(value)
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _kind_fault(place: str, value: object, wanted: str, way_out: str) -> Fault:
    if value is None:
        return Fault(place, f"it is null, which is not the same as left out; {wanted} belongs there", way_out)
    return Fault(place, f"it is {_as_json(value)}, and {wanted} belongs there", way_out)


def _is_whole_number(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


# Faults from the outside in


def _document_faults(content: Any) -> Iterator[Fault]:
    if not isinstance(content, Mapping):
        yield _kind_fault("document", content, "an object", 'begin with {"rules": [ … ]}')
        return
    yield from _member_faults("document", content, ("rules",), ("rules",))
    if "rules" not in content:
        return
    rules = content["rules"]
    if not isinstance(rules, list | tuple):
        yield _kind_fault("rules", rules, "a list", 'write "rules": [ … ]')
        return
    if not rules:
        yield Fault("rules", "there is no rule", "write at least one, or delete the policy")
    if len(rules) > MOST_RULES:
        yield Fault("rules", f"there are {len(rules)} rules, and {MOST_RULES} is the limit", "merge or drop some")
    for number, rule in enumerate(rules):
        yield from _rule_faults(f"rules[{number}]", rule)
    yield from _faults_between(rules)


def _rule_faults(place: str, rule: Any) -> Iterator[Fault]:
    if not isinstance(rule, Mapping):
        yield _kind_fault(place, rule, "an object", 'write {"rulePriority": 1, "selection": { … }, "action": { … }}')
        return
    required = ("rulePriority", "selection", "action")
    yield from _member_faults(place, rule, ("rulePriority", "description", "selection", "action"), required)
    if "rulePriority" in rule:
        yield from _positive_faults(f"{place}.rulePriority", rule["rulePriority"])
    if "description" in rule and not isinstance(rule["description"], str):
        yield _kind_fault(f"{place}.description", rule["description"], "text", "write it in quotes or leave it out")
    if "selection" in rule:
        yield from _selection_faults(f"{place}.selection", rule["selection"])
    if "action" in rule:
        yield from _action_faults(f"{place}.action", rule["action"])
    if isinstance(rule.get("selection"), Mapping) and isinstance(rule.get("action"), Mapping):
        yield from _pairing_faults(f"{place}.action.type", rule["selection"], rule["action"])


def _positive_faults(place: str, value: Any) -> Iterator[Fault]:
    if not _is_whole_number(value):
        digits = isinstance(value, str) and value.isdecimal()
        way_out = f"write {value} without quotes" if digits else "write 1 or more"
        yield _kind_fault(place, value, "a whole number", way_out)
    elif value < 1:
        yield Fault(place, f"it is {_as_json(value)}, below the minimum of 1", "write 1 or more")


def _choice_faults(place: str, value: Any, choices: Sequence[str]) -> Iterator[Fault]:
    if value in tuple(choices) and isinstance(value, str):
        return
    close = get_close_matches(value, choices, n=1) if isinstance(value, str) else []
    wanted = _listed(choices, "or") if len(choices) > 1 else f"only {str(choices[0])!r}"
    yield _kind_fault(
        place,
        value,
        wanted,
        f'write "{close[0] if close else choices[0]}"' if close or len(choices) == 1 else "choose one of them",
    )


_SELECTION_MEMBERS = (
    "tagStatus",
    "tagPatternList",
    "tagPrefixList",
    "storageClass",
    "countType",
    "countUnit",
    "countNumber",
)


def _selection_faults(place: str, selection: Any) -> Iterator[Fault]:
    if not isinstance(selection, Mapping):
        yield _kind_fault(place, selection, "an object", 'write {"tagStatus": …, "countType": …, "countNumber": …}')
        return
    yield from _member_faults(place, selection, _SELECTION_MEMBERS, ("tagStatus", "countType", "countNumber"))
    for key, choices in (("tagStatus", TagStatus), ("storageClass", StorageClass), ("countType", CountType)):
        if key in selection:
            yield from _choice_faults(f"{place}.{key}", selection[key], [choice.value for choice in choices])
    yield from _list_faults(place, selection)
    yield from _count_faults(place, selection)


def _list_faults(place: str, selection: Mapping[str, Any]) -> Iterator[Fault]:
    status = selection.get("tagStatus")
    lists = [key for key in ("tagPatternList", "tagPrefixList") if key in selection]
    for key in lists:
        yield from _entries_faults(f"{place}.{key}", selection[key])
    if status == TagStatus.TAGGED and not lists:
        yield Fault(place, "tagStatus 'tagged' needs to know which tags", 'add "tagPatternList": ["*"] for all of them')
    if status in (TagStatus.UNTAGGED, TagStatus.ANY):
        for key in lists:
            yield Fault(f"{place}.{key}", f"tagStatus {status!r} goes without a list", "take it out, or write 'tagged'")
    if len(lists) > 1:
        yield Fault(
            place, "it has a tagPatternList and a tagPrefixList", "keep one; 'prod' as a prefix is 'prod*' as a pattern"
        )


def _entries_faults(place: str, entries: Any) -> Iterator[Fault]:
    """Check a list of patterns or prefixes.

    Guess: AWS refuses an empty list and an empty entry; its pages show neither, and neither can be meant.
    """
    if not isinstance(entries, list | tuple):
        yield _kind_fault(place, entries, "a list of texts", 'write ["prod*"]')
        return
    if not entries:
        yield Fault(place, "it is empty", "name at least one tag")
    for number, entry in enumerate(entries):
        here = f"{place}[{number}]"
        if not isinstance(entry, str):
            yield _kind_fault(here, entry, "a text", "write it in quotes")
        elif not entry:
            yield Fault(here, "it is an empty text, and no tag is empty", "write a tag, or take it out")
        elif place.endswith("tagPatternList") and entry.count("*") > MOST_WILDCARDS:
            fact = f"{_as_json(entry)} has {entry.count('*')} stars, and {MOST_WILDCARDS} is the limit"
            yield Fault(here, fact, "shorten the pattern")


def _count_faults(place: str, selection: Mapping[str, Any]) -> Iterator[Fault]:
    count_type, number = selection.get("countType"), selection.get("countNumber")
    if "countNumber" in selection:
        yield from _positive_faults(f"{place}.countNumber", number)
    if count_type not in tuple(CountType):
        return
    yield from _unit_faults(place, selection)
    archive = selection.get("storageClass", StorageClass.STANDARD) == StorageClass.ARCHIVE
    if count_type != CountType.SINCE_IMAGE_TRANSITIONED:
        if archive:
            fact = f"countType {count_type!r} sees images of the standard class only"
            yield Fault(f"{place}.storageClass", fact, "leave it out, or count with 'sinceImageTransitioned'")
        return
    if not archive:
        fact = "countType 'sinceImageTransitioned' sees archived images only"
        yield Fault(f"{place}.storageClass", fact, 'write "storageClass": "archive"')
    if _is_whole_number(number) and 1 <= number < ARCHIVE_MINIMUM_DAYS:
        fact = f"it is {number}, and archived images stay at least {ARCHIVE_MINIMUM_DAYS} days"
        yield Fault(f"{place}.countNumber", fact, f"write {ARCHIVE_MINIMUM_DAYS} or more")


def _unit_faults(place: str, selection: Mapping[str, Any]) -> Iterator[Fault]:
    count_type = selection["countType"]
    if count_type == CountType.IMAGE_COUNT_MORE_THAN:
        if "countUnit" in selection:
            fact = f"countType {count_type!r} counts images and has no unit"
            yield Fault(f"{place}.countUnit", fact, "take countUnit out, also when it is null")
    elif "countUnit" not in selection:
        yield Fault(place, f"countType {count_type!r} needs a countUnit", 'add "countUnit": "days"')
    else:
        yield from _choice_faults(f"{place}.countUnit", selection["countUnit"], ("days",))


def _action_faults(place: str, action: Any) -> Iterator[Fault]:
    if not isinstance(action, Mapping):
        yield _kind_fault(place, action, "an object", 'write {"type": "expire"}')
        return
    yield from _member_faults(place, action, ("type", "targetStorageClass"), ("type",))
    if "type" in action:
        yield from _choice_faults(f"{place}.type", action["type"], [choice.value for choice in ActionType])
    if action.get("type") == ActionType.TRANSITION:
        if "targetStorageClass" not in action:
            yield Fault(place, "a transition needs a target", 'add "targetStorageClass": "archive"')
        else:
            yield from _choice_faults(f"{place}.targetStorageClass", action["targetStorageClass"], ("archive",))
    elif action.get("type") == ActionType.EXPIRE and "targetStorageClass" in action:
        fact = "an image that expires goes nowhere"
        yield Fault(f"{place}.targetStorageClass", fact, "take it out, also when it is null")


def _pairing_faults(place: str, selection: Mapping[str, Any], action: Mapping[str, Any]) -> Iterator[Fault]:
    """Check that the count type may do what the action says."""
    count_type, kind = selection.get("countType"), action.get("type")
    if count_type == CountType.SINCE_IMAGE_PULLED and kind == ActionType.EXPIRE:
        way_out = "archive with this rule, and expire with a second one that counts 'sinceImageTransitioned'"
        yield Fault(place, "a rule that counts 'sinceImagePulled' can only archive", way_out)
    if count_type == CountType.SINCE_IMAGE_TRANSITIONED and kind == ActionType.TRANSITION:
        fact = "a rule that counts 'sinceImageTransitioned' sees images that are archived already"
        yield Fault(place, fact, 'write {"type": "expire"}')


# Faults between rules


def _faults_between(rules: Sequence[Any]) -> Iterator[Fault]:
    whole = [(number, rule) for number, rule in enumerate(rules) if isinstance(rule, Mapping)]
    yield from _repeated_priorities(whole)
    selecting = [(number, rule) for number, rule in whole if isinstance(rule.get("selection"), Mapping)]
    for storage_class in StorageClass:
        inside = [
            (number, rule)
            for number, rule in selecting
            if rule["selection"].get("storageClass", StorageClass.STANDARD) == storage_class
        ]
        yield from _second_untagged(inside, storage_class)
        yield from _repeated_prefixes(inside, storage_class)
        yield from _any_before_others(inside, storage_class)


_Numbered = Sequence[tuple[int, Mapping[str, Any]]]


def _repeated_priorities(rules: _Numbered) -> Iterator[Fault]:
    first: dict[int, int] = {}
    for number, rule in rules:
        priority = rule.get("rulePriority")
        if not _is_whole_number(priority):
            continue
        if priority in first:
            fact = f"{priority} is the priority of rules[{first[priority]}], too"
            yield Fault(f"rules[{number}].rulePriority", fact, "give each rule a number of its own")
        first.setdefault(priority, number)


def _second_untagged(rules: _Numbered, storage_class: StorageClass) -> Iterator[Fault]:
    untagged = [number for number, rule in rules if rule["selection"].get("tagStatus") == TagStatus.UNTAGGED]
    for number in untagged[1:]:
        fact = f"rules[{untagged[0]}] selects untagged {storage_class} images already, and only one rule may"
        yield Fault(f"rules[{number}].selection.tagStatus", fact, "merge the two, or use 'any'")


def _repeated_prefixes(rules: _Numbered, storage_class: StorageClass) -> Iterator[Fault]:
    first: dict[frozenset[str], int] = {}
    for number, rule in rules:
        prefixes = rule["selection"].get("tagPrefixList")
        if not isinstance(prefixes, list | tuple) or not all(isinstance(prefix, str) for prefix in prefixes):
            continue
        if prefixes and frozenset(prefixes) in first:
            fact = f"rules[{first[frozenset(prefixes)]}] has the same prefixes for {storage_class} images"
            yield Fault(f"rules[{number}].selection.tagPrefixList", fact, "merge the two rules")
        first.setdefault(frozenset(prefixes), number)


def _any_before_others(rules: _Numbered, storage_class: StorageClass) -> Iterator[Fault]:
    """Check that ``any`` comes last.

    Guess: within one storage class. AWS says "the highest number", and has an example with one per class.
    """
    ranked = [
        (rule["rulePriority"], number, rule) for number, rule in rules if _is_whole_number(rule.get("rulePriority"))
    ]
    highest = max((priority for priority, _, _ in ranked), default=0)
    for priority, number, rule in ranked:
        if rule["selection"].get("tagStatus") == TagStatus.ANY and priority < highest:
            fact = f"it is {priority}, and tagStatus 'any' needs the highest number for {storage_class} images"
            yield Fault(f"rules[{number}].rulePriority", fact, f"write {highest + 1} or more")


# From JSON values to a policy


def _rule(entry: Mapping[str, Any]) -> Rule:
    selection = entry["selection"]
    return Rule(
        priority=entry["rulePriority"],
        description=entry.get("description", ""),
        action=ActionType(entry["action"]["type"]),
        selection=Selection(
            tag_status=TagStatus(selection["tagStatus"]),
            count_type=CountType(selection["countType"]),
            count_number=selection["countNumber"],
            tag_patterns=tuple(selection.get("tagPatternList", ())),
            tag_prefixes=tuple(selection.get("tagPrefixList", ())),
            storage_class=StorageClass(selection.get("storageClass", StorageClass.STANDARD)),
        ),
    )
