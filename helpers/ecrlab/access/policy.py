"""Policies as values: what a document says, once it has been read and found legal."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, StrEnum

__all__ = ["Condition", "Effect", "NamedPrincipal", "Policy", "PolicyKind", "Quantifier", "Statement"]


class PolicyKind(Enum):
    """Where a policy hangs, and so what it can do; also the name of the layer that decides.

    ``words`` is how we call it, ``aws_words`` how AWS calls it in a refusal.
    """

    IDENTITY = ("identity policy", "identity-based policy")
    REPOSITORY = ("repository policy", "resource-based policy")
    REGISTRY = ("registry policy", "resource-based policy")
    BOUNDARY = ("permissions boundary", "permissions boundary")
    SESSION = ("session policy", "session policy")
    SCP = ("service control policy", "service control policy")
    RCP = ("resource control policy", "resource control policy")
    ENDPOINT = ("endpoint policy", "VPC endpoint policy")

    @property
    def words(self) -> str:
        """The name in our sentences."""
        return self.value[0]

    @property
    def aws_words(self) -> str:
        """The name in AWS's sentences."""
        return self.value[1]

    @property
    def names_principals(self) -> bool:
        """Whether its statements say for whom they are; the others hang on somebody already."""
        return self in _WITH_PRINCIPALS

    __hash__ = object.__hash__  # members are singletons; Enum's own hash of the name is slower


_WITH_PRINCIPALS = (PolicyKind.REPOSITORY, PolicyKind.REGISTRY, PolicyKind.RCP, PolicyKind.ENDPOINT)


class Effect(StrEnum):
    """What a statement does once it applies."""

    ALLOW = "Allow"
    DENY = "Deny"


class Quantifier(StrEnum):
    """How many values of a key an operator has to fit."""

    NONE = ""
    ALL = "ForAllValues"
    ANY = "ForAnyValue"


@dataclass(frozen=True, slots=True)
class NamedPrincipal:
    """One entry of ``Principal``: its type (``AWS``, ``Service``, ``Federated``, ``CanonicalUser``) and the name.

    The name ``*`` is anybody, whatever the type. A twelve-digit account id is kept as the ARN of the account's root,
    which is how AWS stores it.
    """

    type: str
    name: str


@dataclass(frozen=True, slots=True)
class Condition:
    """One key under one operator, as in ``"ForAnyValue:StringLikeIfExists": {"aws:TagKeys": [...]}``.

    Args:
        operator: The operator without its additions: ``StringLike``.
        key: The context key as written; it ignores case.
        values: What the policy compares with; one that fits is enough.
        quantifier: ``ForAllValues`` or ``ForAnyValue``, if written.
        if_exists: Whether ``IfExists`` was appended.
    """

    operator: str
    key: str
    values: tuple[str, ...]
    quantifier: Quantifier = Quantifier.NONE
    if_exists: bool = False

    @property
    def written(self) -> str:
        """The operator as the document writes it."""
        prefix = f"{self.quantifier}:" if self.quantifier else ""
        return f"{prefix}{self.operator}{'IfExists' if self.if_exists else ''}"


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement. Of each pair (``actions``/``not_actions`` …) at most one is filled.

    Args:
        index: Its place in the document, from 0.
        effect: Allow or Deny.
        sid: Its name, if it has one.
        actions: Patterns such as ``ecr:Batch*``; they ignore case.
        not_actions: The statement is about every action but these.
        resources: ARN patterns. Both this and ``not_resources`` empty: the repository that the policy belongs to.
        not_resources: The statement is about every resource but these.
        principals: For whom; empty in kinds that hang on somebody.
        not_principals: For everybody but these.
        conditions: All of them have to hold.
        variables: Whether ``${…}`` is a policy variable, which takes ``"Version": "2012-10-17"``.
    """

    index: int
    effect: Effect
    sid: str = ""
    actions: tuple[str, ...] = ()
    not_actions: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    not_resources: tuple[str, ...] = ()
    principals: tuple[NamedPrincipal, ...] = ()
    not_principals: tuple[NamedPrincipal, ...] = ()
    conditions: tuple[Condition, ...] = ()
    variables: bool = False

    @property
    def place(self) -> str:
        """How we point at it: ``Statement[0] "AllowPull"``."""
        return f"Statement[{self.index}]" + (f' "{self.sid}"' if self.sid else "")


@dataclass(frozen=True, slots=True)
class Policy:
    """A legal document of one kind.

    Args:
        kind: Where it hangs.
        statements: In the order of the document.
        name: What to call it in reasons; empty if nobody named it.
        version: ``2012-10-17`` or ``2008-10-17``, which is also what a document without a version gets.
        id: The document's own ``Id``, if it has one.
    """

    kind: PolicyKind
    statements: tuple[Statement, ...]
    name: str = ""
    version: str = "2008-10-17"
    id: str = ""

    @property
    def title(self) -> str:
        """How we call it in a sentence: ``identity policy "ci-push"``."""
        return self.kind.words + (f' "{self.name}"' if self.name else "")

    def __iter__(self) -> Iterator[Statement]:
        return iter(self.statements)
