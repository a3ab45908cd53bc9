"""Who signs a request, read from moto's IAM and STS: keys of users, of sessions, and of those a lab acts as."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from moto.iam.models import AccessKey, iam_backends
from moto.sts.models import sts_backends

from ecrlab.access import Decision, Policy, PolicyKind, Principal, PrincipalKind, parse
from ecrlab.emulator.authorizing import Caller
from ecrlab.errors import InvalidInput
from ecrlab.naming import partition_of

__all__ = ["Circumstances", "Desk", "Keys"]


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What a caller brings along besides its identity: the way its requests take, its organization, its session."""

    context: Mapping[str, str | Sequence[str]] = field(default_factory=dict)
    organization: str | None = None
    session_policy: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Keys:
    """What signs the requests of somebody; ``arn`` is how AWS names it."""

    access_key_id: str
    secret_access_key: str
    session_token: str | None
    arn: str


@dataclass(slots=True)
class Desk:
    """The front desk of an emulator: whose key is whose, who is let through, and who was refused last."""

    administrators: set[str] = field(default_factory=set)
    last_refusal: Decision | None = None
    _circumstances: dict[str, Circumstances] = field(default_factory=dict)
    _roots: dict[str, str] = field(default_factory=dict)

    def caller_of(self, access_key_id: str) -> Caller | None:
        """Return who signs with a key; ``None`` for an administrator, and for keys that IAM does not know.

        Raises:
            InvalidPolicy: A policy that is attached to the caller cannot be read.
        """
        if access_key_id in self.administrators:
            return None
        circumstances = self._circumstances.get(access_key_id, Circumstances())
        if access_key_id in self._roots:
            arn = self._roots[access_key_id]
            return Caller(Principal.of(arn, organization=circumstances.organization), context=circumstances.context)
        for account_id, iam in _iams():
            key = iam.access_keys.get(access_key_id)
            if key is not None:
                return _session(account_id, iam, access_key_id, circumstances) or _user(iam, key, circumstances)
        return None

    def keys_for(self, arn: str, region: str, session_name: str, circumstances: Circumstances) -> Keys:
        """Make keys that sign as a principal, without asking its trust policy.

        Raises:
            InvalidInput: There is no such user or role.
        """
        principal = Principal.of(arn)
        account_id = principal.account_id
        if principal.kind is PrincipalKind.ROLE_SESSION:
            session_name = arn.rpartition("/")[2]
        if account_id is None or principal.kind in (PrincipalKind.SERVICE, PrincipalKind.FEDERATED_USER):
            raise InvalidInput(
                f"act_as({arn!r})", f"a lab cannot act as {principal.words}", "name a user, a role or an account's root"
            )
        iam = iam_backends[account_id][partition_of(region)]
        if principal.kind is PrincipalKind.ROOT:
            keys = _own_keys(iam, AccessKey(None, prefix="AKIA", account_id=account_id), principal.arn)  # type: ignore[abstract]
            self._roots[keys.access_key_id] = principal.arn
        elif principal.kind is PrincipalKind.USER:
            user = _named(arn, {user.arn: user for user in iam.users.values()})
            key = AccessKey(user.name, prefix="AKIA", account_id=account_id)  # type: ignore[abstract]
            user.access_keys.append(key)
            keys = _own_keys(iam, key, user.arn)
        else:
            role = _named(principal.role_arn or arn, {role.arn: role for role in iam.roles.values()})
            sts = sts_backends[account_id][partition_of(region)]
            policy: Any = circumstances.session_policy
            session = sts.assume_role(region, session_name, role.arn, policy, 3600, "")
            keys = Keys(session.access_key_id, session.secret_access_key, session.session_token, session.arn)
        self._circumstances[keys.access_key_id] = circumstances
        return keys


def _iams() -> Iterator[tuple[str, Any]]:
    for account_id, partitions in list(iam_backends.items()):
        for _, iam in list(partitions.items()):
            yield account_id, iam


def _own_keys(iam: Any, key: Any, arn: str) -> Keys:
    iam.access_keys[key.access_key_id] = key
    return Keys(key.access_key_id, key.secret_access_key, None, arn)


def _named(arn: str, known: Mapping[str, Any]) -> Any:
    if arn not in known:
        near = get_close_matches(arn, known, n=1)
        way_out = f"did you mean {near[0]!r}?" if near else "create it with the account's IAM client first"
        raise InvalidInput(f"act_as({arn!r})", "IAM knows no such user or role", way_out)
    return known[arn]


def _session(account_id: str, iam: Any, access_key_id: str, circumstances: Circumstances) -> Caller | None:
    for _, sts in list(sts_backends[account_id].items()):
        session = sts.get_assumed_role_from_access_key(access_key_id)
        if session is None:
            continue
        role = next((role for role in iam.roles.values() if role.arn == session.role_arn), None)
        if role is None:
            return None  # moto lets roles be assumed that IAM does not know; there is nothing to decide by
        tags = {tag["Key"]: tag["Value"] for tag in _tags(role)} | dict(circumstances.tags)
        principal = Principal.of(
            session.arn, tags=tags, organization=circumstances.organization, role_arn=session.role_arn
        )
        return Caller(
            principal,
            identity=tuple(_attached(role)),
            boundary=_boundary(iam, role.permissions_boundary_arn),
            session=_session_policies(session.policy),
            context=circumstances.context,
        )
    return None


def _user(iam: Any, key: Any, circumstances: Circumstances) -> Caller | None:
    user = iam.users.get(key.user_name)
    if user is None:
        return None  # a key of a federation or session token, of which moto does not keep whose it is
    groups = iam.get_groups_for_user(user.name)
    return Caller(
        Principal.of(user.arn, tags=circumstances.tags, organization=circumstances.organization),
        identity=tuple(policy for each in (user, *groups) for policy in _attached(each)),
        session=_session_policies(circumstances.session_policy),
        context=circumstances.context,
    )


def _tags(role: Any) -> Sequence[Mapping[str, str]]:
    tags = role.tags or []
    return list(tags.values()) if isinstance(tags, dict) else tags


def _attached(holder: Any) -> Iterator[Policy]:
    """Read what is attached to a user, a role or a group: inline policies, then managed ones."""
    for name, text in holder.policies.items():
        yield parse(text, PolicyKind.IDENTITY, name=name)
    for policy in holder.managed_policies.values():
        yield parse(policy.document, PolicyKind.IDENTITY, name=policy.name)


def _boundary(iam: Any, arn: str | None) -> Policy | None:
    if not arn:
        return None
    policy = iam.get_policy(arn)
    return parse(policy.document, PolicyKind.BOUNDARY, name=policy.name)


def _session_policies(text: str | None) -> tuple[Policy, ...]:
    return (parse(text, PolicyKind.SESSION),) if text else ()
