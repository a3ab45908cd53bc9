"""Policy documents read strictly: every fault at once, each with its place, as in ``Statement[1].Condition.IpAddress``.

Which elements a document may have depends on where it hangs. Source: IAM User Guide, "Grammar of the IAM JSON policy
language"; ECR API Reference, SetRepositoryPolicy and PutRegistryPolicy; AWS Organizations User Guide, syntax of
service and resource control policies.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from difflib import get_close_matches
from typing import Any, NoReturn

from ecrlab.access.conditions import OPERATORS
from ecrlab.access.policy import Condition, Effect, NamedPrincipal, Policy, PolicyKind, Quantifier, Statement
from ecrlab.access.variables import malformed_variable
from ecrlab.errors import Fault, InvalidPolicy

__all__ = ["POLICY_TEXT_LIMIT", "faults_of", "parse"]

POLICY_TEXT_LIMIT = 10_240
"""Characters of a repository policy and of a registry policy (botocore 1.44.5, ``RepositoryPolicyText``)."""

_CURRENT, _FORMER = "2012-10-17", "2008-10-17"
_ELEMENTS = {
    "Sid",
    "Effect",
    "Principal",
    "NotPrincipal",
    "Action",
    "NotAction",
    "Resource",
    "NotResource",
    "Condition",
}
_PRINCIPAL_TYPES = ("AWS", "Service", "Federated", "CanonicalUser")
_ACTION = re.compile(r"\*|[A-Za-z0-9-]+:[A-Za-z0-9*?]+")
_SID = re.compile(r"[A-Za-z0-9]*")
_ACCOUNT = re.compile(r"[0-9]{12}")
_AWS_PRINCIPAL = re.compile(
    r"arn:aws[a-z-]*:(iam::[0-9]{12}:(root|user/[^*?]+|role/[^*?]+)"
    r"|sts::[0-9]{12}:(assumed-role/[^/*?]+/[^/*?]+|federated-user/[^/*?]+))"
    r"|A(?:ID|RO)A[A-Z0-9]{12,124}"  # what AWS shows in the place of a user or role that was deleted
)
_SERVICE = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)*\.amazonaws\.com(\.cn)?")


def parse(document: str | Mapping[str, Any], kind: PolicyKind, *, name: str = "") -> Policy:
    """Read a policy document.

    Args:
        document: The JSON text, or what it says as a mapping.
        kind: Where the policy hangs: decides which elements it has to have and may not have.
        name: What to call it in reasons.

    Raises:
        InvalidPolicy: AWS would not accept it; ``faults`` has everything that is wrong.
    """
    reader = _Reader(kind)
    policy = reader.policy(document, name)
    if reader.faults or policy is None:
        raise InvalidPolicy.of(reader.faults)
    return policy


def faults_of(document: str | Mapping[str, Any], kind: PolicyKind) -> tuple[Fault, ...]:
    """Name everything for which AWS would not accept a document; empty if it would."""
    reader = _Reader(kind)
    reader.policy(document, "")
    return tuple(reader.faults)


class _Repeating(dict[str, Any]):
    """A JSON object that said a key more than once."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        self.repeated = tuple(key for key, times in Counter(key for key, _ in pairs).items() if times > 1)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    return found if len(found) == len(pairs) else _Repeating(pairs)


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _at(place: str, key: str) -> str:
    return f"{place}.{key}" if place else key


class _Reader:
    """Reads one document and collects faults on the way."""

    def __init__(self, kind: PolicyKind) -> None:
        self.kind = kind
        self.faults: list[Fault] = []
        self.version = _FORMER

    def fault(self, place: str, fact: str, way_out: str) -> None:
        """Note a fault and go on."""
        self.faults.append(Fault(place, fact, way_out))

    # The document

    def policy(self, document: str | Mapping[str, Any], name: str) -> Policy | None:
        """Read the whole document; ``None`` if it is no object."""
        content = self._json(document) if isinstance(document, str) else document
        if self.faults:
            return None
        if not isinstance(content, Mapping):
            self.fault("policy", f"{_quoted(content)} is not an object", "start it with '{'")
            return None
        self._size(document)
        self._repeats("policy", content)
        self._unknown("", content, {"Version", "Id", "Statement"})
        self.version = self._version(content)
        document_id = self._text("Id", content.get("Id", ""))
        statements = tuple(self._statement(*entry) for entry in enumerate(self._statements(content)))
        self._unique_sids(statements)
        return Policy(self.kind, statements, name, self.version, document_id)

    def _json(self, text: str) -> Any:
        try:
            return json.loads(text, object_pairs_hook=_object, parse_constant=_no_constant)
        except json.JSONDecodeError as exc:
            if not text.strip():
                self.fault("policy", "it is empty", "write a document, or delete the policy")
            else:
                where = f"line {exc.lineno}, column {exc.colno}"
                self.fault("policy", f"it is not JSON ({exc.msg} at {where})", "correct it there")
        except RecursionError:
            self.fault("policy", "it is nested too deeply", "a policy needs no more than six levels")
        except ValueError as exc:
            self.fault("policy", str(exc), "write a value in quotes")
        return None

    def _size(self, document: str | Mapping[str, Any]) -> None:
        if self.kind not in (PolicyKind.REPOSITORY, PolicyKind.REGISTRY):
            return
        text = document if isinstance(document, str) else _written(document)
        if len(text) > POLICY_TEXT_LIMIT:
            fact = f"it has {len(text):,} characters and {POLICY_TEXT_LIMIT:,} is the limit"
            self.fault("policy", fact, "drop the spaces, or grant to an account or organization, not to each role")

    def _version(self, content: Mapping[str, Any]) -> str:
        version = content.get("Version", _FORMER)
        if version in (_CURRENT, _FORMER):
            return str(version)
        fact = f"{_quoted(version)} is no version of the policy language"
        self.fault("Version", fact, f'write "{_CURRENT}", which is a name and not the day of your change')
        return _CURRENT

    def _statements(self, content: Mapping[str, Any]) -> list[Any]:
        if "Statement" not in content:
            self.fault("Statement", "it is missing", "add a list of statements")
            return []
        found = content["Statement"]
        statements = found if isinstance(found, list | tuple) else [found]
        if not statements:
            self.fault("Statement", "the list is empty", "add a statement, or delete the policy")
        return list(statements)

    def _unique_sids(self, statements: tuple[Statement, ...]) -> None:
        if self.kind.names_principals:
            return  # what ECR does with a repeated Sid is not documented
        seen: dict[str, int] = {}
        for statement in statements:
            if statement.sid and statement.sid in seen:
                fact = f"{_quoted(statement.sid)} is also the Sid of Statement[{seen[statement.sid]}]"
                self.fault(f"Statement[{statement.index}].Sid", fact, "give each statement a Sid of its own")
            seen.setdefault(statement.sid, statement.index)

    # One statement

    def _statement(self, index: int, content: Any) -> Statement:
        place = f"Statement[{index}]"
        if not isinstance(content, Mapping):
            self.fault(place, f"{_quoted(content)} is not an object", "write {…}")
            return Statement(index, Effect.DENY)
        self._repeats(place, content)
        self._unknown(place, content, _ELEMENTS)
        effect = self._effect(place, content)
        if self.kind is PolicyKind.RCP:
            self._resource_control(place, content)
        sid = self._sid(place, content)
        actions, not_actions = self._actions(place, content)
        resources, not_resources = self._resources(place, content)
        principals, not_principals = self._principals(place, content, effect)
        return Statement(
            index=index,
            effect=effect,
            sid=sid,
            actions=actions,
            not_actions=not_actions,
            resources=resources,
            not_resources=not_resources,
            principals=principals,
            not_principals=not_principals,
            conditions=self._conditions(place, content),
            variables=self.version == _CURRENT,
        )

    def _effect(self, place: str, content: Mapping[str, Any]) -> Effect:
        effect = content.get("Effect")
        if effect in ("Allow", "Deny"):
            return Effect(effect)
        fact = f"{_quoted(effect)} is no effect" if "Effect" in content else "it is missing"
        self.fault(f"{place}.Effect", fact, 'write "Allow" or "Deny", in this spelling')
        return Effect.DENY

    def _resource_control(self, place: str, content: Mapping[str, Any]) -> None:
        """Refuse what only RCPFullAWSAccess may say: AWS attaches it everywhere, and others cannot allow."""
        if content.get("Effect") == "Allow" and content.get("Action") != "*":
            fact = "a resource control policy has no Allow of your own: it only takes away"
            self.fault(f"{place}.Effect", fact, 'write "Deny", and leave the Allow to RCPFullAWSAccess')
        named = next((key for key in ("NotPrincipal", "Principal") if content.get(key, "*") != "*"), None)
        if named:
            fact = "a resource control policy is about everybody"
            self.fault(f"{place}.{named}", fact, 'write "*" and narrow it by conditions')

    def _sid(self, place: str, content: Mapping[str, Any]) -> str:
        sid = self._text(f"{place}.Sid", content.get("Sid", ""))
        if not self.kind.names_principals and not _SID.fullmatch(sid):
            bad = next(character for character in sid if not _SID.fullmatch(character))
            way_out = f"use letters and digits only, e.g. {re.sub('[^A-Za-z0-9]', '', sid) or 'AllowPull'!r}"
            self.fault(f"{place}.Sid", f"{bad!r} in {_quoted(sid)} is not allowed", way_out)
        return sid

    def _actions(self, place: str, content: Mapping[str, Any]) -> tuple[tuple[str, ...], tuple[str, ...]]:
        def check(where: str, action: str) -> None:
            if _ACTION.fullmatch(action):
                return
            if ":" not in action:
                self.fault(where, f"{_quoted(action)} names no service", f'write "ecr:{action}"')
            elif "*" in action.partition(":")[0]:
                self.fault(where, f"{_quoted(action)} has a wildcard in the service", "name the service: 'ecr:'")
            else:
                self.fault(where, f"{_quoted(action)} is no action", 'write "service:Action", e.g. "ecr:PutImage"')

        if not {"Action", "NotAction"} & content.keys():
            self.fault(f"{place}.Action", "it is missing", "add the actions, or NotAction")
        return self._pair(place, content, "Action", check)

    def _resources(self, place: str, content: Mapping[str, Any]) -> tuple[tuple[str, ...], tuple[str, ...]]:
        def check(where: str, resource: str) -> None:
            if resource != "*" and not resource.startswith("arn:"):
                way_out = 'write "*", or "arn:aws:ecr:<region>:<account>:repository/<name>"'
                self.fault(where, f"{_quoted(resource)} is neither an ARN nor '*'", way_out)
            self._variables(where, resource)

        # Guess: a registry policy has to have one, as in all of AWS's examples; AWS does not say so.
        if self.kind is not PolicyKind.REPOSITORY and not {"Resource", "NotResource"} & content.keys():
            self.fault(
                f"{place}.Resource", "it is missing", f"{_article(self.kind.words)} has to say on what: an ARN, or '*'"
            )
        return self._pair(place, content, "Resource", check)

    def _pair(
        self, place: str, content: Mapping[str, Any], element: str, check: Callable[[str, str], None]
    ) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Read an element and its negation, of which a statement may have one."""
        negation = f"Not{element}"
        if element in content and negation in content:
            self.fault(place, f"it has both {element} and {negation}", "keep one of them")
        found = []
        for key in (element, negation):
            texts = self._texts(f"{place}.{key}", content[key]) if key in content else []
            for where, text in texts:
                check(where, text)
            found.append(tuple(text for _, text in texts))
        return found[0], found[1]

    # Principals

    def _principals(
        self, place: str, content: Mapping[str, Any], effect: Effect
    ) -> tuple[tuple[NamedPrincipal, ...], tuple[NamedPrincipal, ...]]:
        present = [key for key in ("Principal", "NotPrincipal") if key in content]
        if not self.kind.names_principals:
            for key in present:
                fact = f"{_article(self.kind.words)} has no {key}: it is about whoever it is attached to"
                self.fault(f"{place}.{key}", fact, "remove it")
            return (), ()
        if not present:
            fact = "it is missing, and nothing else says for whom this is"
            self.fault(f"{place}.Principal", fact, 'add e.g. {"AWS": "arn:aws:iam::111122223333:role/ci"}')
            return (), ()
        if len(present) == 2:
            self.fault(place, "it has both Principal and NotPrincipal", "keep one of them")
        if "NotPrincipal" in content and effect is Effect.ALLOW:
            fact = "with Allow it would let in everybody else, so AWS does not take it"
            self.fault(f"{place}.NotPrincipal", fact, "name those who may under Principal")
        found = {key: tuple(self._named(f"{place}.{key}", content[key])) for key in present}
        return found.get("Principal", ()), found.get("NotPrincipal", ())

    def _named(self, place: str, value: Any) -> Iterator[NamedPrincipal]:
        """Read ``"*"``, a bare name, or types with names."""
        if isinstance(value, str):
            yield self._name(place, "AWS", value)
            return
        if not isinstance(value, Mapping) or not value:
            self.fault(place, f"{_quoted(value)} names nobody", 'write "*" or {"AWS": "<ARN>"}')
            return
        self._repeats(place, value)
        for type_, names in value.items():
            if type_ not in _PRINCIPAL_TYPES:
                self.fault(
                    _at(place, str(type_)), "no principal has this type", self._suggest(str(type_), _PRINCIPAL_TYPES)
                )
                continue
            for where, name in self._texts(_at(place, type_), names):
                yield self._name(where, type_, name)

    def _name(self, place: str, type_: str, name: str) -> NamedPrincipal:
        complaint = _complaint_about_principal(type_, name)
        if complaint:
            self.fault(place, *complaint)
        if type_ == "AWS" and _ACCOUNT.fullmatch(name):
            name = f"arn:aws:iam::{name}:root"
        return NamedPrincipal(type_, name)

    # Conditions

    def _conditions(self, place: str, content: Mapping[str, Any]) -> tuple[Condition, ...]:
        place = f"{place}.Condition"
        block = content.get("Condition", {})
        if not isinstance(block, Mapping):
            self.fault(place, f"{_quoted(block)} is not an object", 'write {"<operator>": {"<key>": "<value>"}}')
            return ()
        self._repeats(place, block)
        return tuple(
            condition for operator, keys in block.items() for condition in self._under_operator(place, operator, keys)
        )

    def _under_operator(self, place: str, written: str, keys: Any) -> Iterator[Condition]:
        place = _at(place, str(written))
        parts = _operator_parts(str(written))
        if parts is None:
            way_out = self._suggest(str(written).rpartition(":")[2], OPERATORS)
            self.fault(place, "no condition operator has this name", way_out)
            return
        if not isinstance(keys, Mapping) or not keys:
            self.fault(place, f"{_quoted(keys)} names no key", 'write {"<key>": "<value>"}')
            return
        self._repeats(place, keys)
        quantifier, operator, if_exists = parts
        for key, value in keys.items():
            values = self._values(_at(place, str(key)), operator, value)
            yield Condition(operator, str(key), values, quantifier, if_exists)

    def _values(self, place: str, name: str, value: Any) -> tuple[str, ...]:
        operator = OPERATORS[name]
        texts = self._texts(place, value, scalars=True)
        for where, text in texts:
            if not operator.accepts(text):
                self.fault(where, f"{_quoted(text)} is not {operator.expects}", f"{name} compares with nothing else")
            if operator.takes_variables:
                self._variables(where, text)
        return tuple(text for _, text in texts)

    # Pieces

    def _texts(self, place: str, value: Any, *, scalars: bool = False) -> list[tuple[str, str]]:
        """Read a text or a list of texts, each with its place; with ``scalars`` also true, false and numbers."""
        if not isinstance(value, list | tuple):
            return [(place, text) for text in [self._scalar(place, value, scalars)] if text is not None]
        if not value:
            self.fault(place, "the list is empty", "add an entry, or remove the element")
        placed = [(f"{place}[{i}]", self._scalar(f"{place}[{i}]", item, scalars)) for i, item in enumerate(value)]
        return [(where, text) for where, text in placed if text is not None]

    def _scalar(self, place: str, value: Any, scalars: bool) -> str | None:
        if isinstance(value, str):
            return value
        if scalars and isinstance(value, bool):
            return "true" if value else "false"
        if scalars and isinstance(value, int | float):
            return str(value)
        self.fault(place, f"{_quoted(value)} is not text", 'write "…"')
        return None

    def _text(self, place: str, value: Any) -> str:
        return self._scalar(place, value, False) or ""

    def _variables(self, place: str, text: str) -> None:
        broken = malformed_variable(text) if self.version == _CURRENT else ""
        if broken:
            self.fault(
                place, f"{_quoted(broken)} is no policy variable", "write ${aws:username}, or ${$}{ for the text"
            )

    def _unknown(self, place: str, content: Mapping[str, Any], known: set[str]) -> None:
        for key in content:
            if key not in known:
                where = "a policy" if not place else "a statement"
                self.fault(_at(place, str(key)), f"{where} has no such element", self._suggest(str(key), sorted(known)))

    def _repeats(self, place: str, content: Mapping[str, Any]) -> None:
        if isinstance(content, _Repeating):
            for key in content.repeated:
                self.fault(place, f"the key {key!r} is there twice", "keep one, or join their values in a list")

    def _suggest(self, word: str, known: Iterable[str]) -> str:
        lowered, word = {name.lower(): name for name in known}, word.lower()[:40]
        near = [name for name in lowered if len(word) > 3 and name.endswith(word)]  # Equals: StringEquals
        near += get_close_matches(word, lowered, n=1, cutoff=0.75)
        return f"did you mean {lowered[near[0]]!r}?" if near else f"use one of {', '.join(list(lowered.values())[:9])}"


def _complaint_about_principal(type_: str, name: str) -> tuple[str, str] | None:
    """Say what is wrong with one name under ``Principal``, and what to do about it."""
    if type_ == "Service":
        if _SERVICE.fullmatch(name):
            return None
        return f"{_quoted(name)} is no service", 'write its full name, e.g. "lambda.amazonaws.com"'
    if type_ != "AWS" or name == "*" or _ACCOUNT.fullmatch(name) or _AWS_PRINCIPAL.fullmatch(name):
        return None
    if _SERVICE.fullmatch(name):
        return f"{_quoted(name)} is a service", f'write {{"Service": "{name}"}}'
    if "*" in name or "?" in name:
        way_out = 'name the account and narrow it by a condition on "aws:PrincipalArn"'
        return f"{_quoted(name)} has a wildcard inside, which no principal may have", way_out
    if ":group/" in name:
        return f"{_quoted(name)} is a group, and a group is nobody who asks", "name its users or a role"
    if name.isdigit():
        return f"{_quoted(name)} has {len(name)} digits and an account id has 12", "write all twelve, in quotes"
    return f"{_quoted(name)} is no principal", "write an account id, or the ARN of an account's root, a user or a role"


def _operator_parts(written: str) -> tuple[Quantifier, str, bool] | None:
    """Take ``ForAnyValue:StringLikeIfExists`` apart; ``None`` if there is no such operator."""
    prefix, colon, rest = written.rpartition(":")
    if colon and prefix not in (Quantifier.ALL, Quantifier.ANY):
        return None
    operator = rest.removesuffix("IfExists")
    if operator not in OPERATORS or (operator == "Null" and rest != "Null"):
        return None
    return Quantifier(prefix), operator, rest != operator


def _article(words: str) -> str:
    return f"{'an' if words[0] in 'aeio' else 'a'} {words}"


def _quoted(value: object) -> str:
    text = _written(value)
    return text if len(text) <= 60 else f"{text[:59]}…"


def _written(value: object) -> str:
    """Write a value as JSON, as far as it is any."""
    try:
        return json.dumps(value, ensure_ascii=False, default=str)
    except (RecursionError, TypeError, ValueError):  # nested too deeply, or keys that are no text
        return f"this {type(value).__name__}"
