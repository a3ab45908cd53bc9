"""What is asked, and every policy that has a say in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from ecrlab.access.actions import LOGIN
from ecrlab.access.policy import Policy, PolicyKind
from ecrlab.access.principal import Principal
from ecrlab.errors import InvalidInput

__all__ = ["NO_CONTEXT", "Context", "Policies", "Request"]

Context = Mapping[str, str | Sequence[str]]
"""Context keys of a request, in any case: text, or a sequence where AWS sends several values."""

NO_CONTEXT: Context = MappingProxyType({})
_LOGIN = LOGIN[0].lower()


@dataclass(frozen=True, slots=True)
class Request:
    """One action of one caller on one resource.

    Args:
        principal: Who asks.
        action: ``ecr:BatchGetImage``; case does not matter.
        resource: The ARN of a repository, or ``*`` for actions that take none (and for listings that name none).
        resource_account: The account that owns it. Left out, it is the ARN's, or the caller's own for ``*``.
        context: Context keys of the request. They win over the keys that follow from the principal.

    Raises:
        InvalidInput: The action is not ``service:Name``, or a value of the context is neither text nor texts.
    """

    principal: Principal
    action: str
    resource: str
    resource_account: str = ""
    context: Context = field(default_factory=dict, hash=False)
    keys: Mapping[str, tuple[str, ...]] = field(init=False, repr=False, compare=False)
    """The values of every context key of the request, by its name in lower case."""

    def __post_init__(self) -> None:
        service, colon, name = self.action.partition(":")
        if not (service and colon and name) or {"*", "?"} & set(name):
            raise InvalidInput(f"action {self.action!r}", "it does not name one action", "e.g. 'ecr:BatchGetImage'")
        account = self.resource_account or _account_of(self.resource) or self.principal.account_id or ""
        object.__setattr__(self, "resource_account", account)
        object.__setattr__(self, "context", dict(self.context))  # so that nobody changes it afterwards
        keys = dict(self.principal.keys)
        if account:
            keys["aws:resourceaccount"] = (account,)
        for key, value in self.context.items():
            keys[key.lower()] = _values(key, value)
        object.__setattr__(self, "keys", keys)

    def lookup(self, key: str) -> tuple[str, ...] | None:
        """Return the values of a context key, ``None`` if the request has none."""
        return self.keys.get(key.lower())

    @property
    def crosses_accounts(self) -> bool:
        """Whether the caller belongs to another account than the resource; only then both sides have to allow."""
        return self.principal.account_id != self.resource_account

    @property
    def owner_layer(self) -> PolicyKind:
        """The policy on the resource's side that should allow: the repository's, or the registry's if none is named."""
        return PolicyKind.REGISTRY if self.resource == "*" else PolicyKind.REPOSITORY

    @property
    def is_login(self) -> bool:
        """Whether a login token is asked for, which only the identity side can give."""
        return self.action.lower() == _LOGIN


def _account_of(resource: str) -> str:
    parts = resource.split(":", 5)
    return parts[4] if len(parts) == 6 else ""


def _values(key: str, value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,)
    if isinstance(value, bool):
        return ("true" if value else "false",)
    if isinstance(value, Sequence) and all(isinstance(item, str) for item in value):
        return tuple(value)
    raise InvalidInput(f"context key {key!r}", f"{value!r} is neither text nor a list of texts", "write it in quotes")


@dataclass(frozen=True, slots=True)
class Policies:
    """Every policy that has a say in a request.

    Args:
        identity: What is attached to the caller, its groups included. An account's root needs none.
        repository: The policy of the repository.
        registry: The policy of the registry, which is asked on every request (scope V2, the only one since 2026-04-29).
        boundary: The caller's permissions boundary.
        session: What was handed over when the session began; empty if nothing limits it.
        scps: The service control policies over the caller's account, a tuple for each level from the root down.
        rcps: The resource control policies over the resource's account, likewise. AWS attaches
            RCPFullAWSAccess everywhere and lets nobody detach it, so only a Deny in them matters.
        endpoint: The policy of the VPC endpoint that the request comes through, if it comes through one.

    Raises:
        InvalidInput: ``scps`` or ``rcps`` is not made of levels.
    """

    identity: tuple[Policy, ...] = ()
    repository: Policy | None = None
    registry: Policy | None = None
    boundary: Policy | None = None
    session: tuple[Policy, ...] = ()
    scps: tuple[tuple[Policy, ...], ...] = ()
    rcps: tuple[tuple[Policy, ...], ...] = ()
    endpoint: Policy | None = None

    def __post_init__(self) -> None:
        for name, levels in (("scps", self.scps), ("rcps", self.rcps)):
            if any(isinstance(level, Policy) for level in levels):
                raise InvalidInput(name, "a policy stands where a level belongs", f"write {name}=((policy, …), …)")
