"""Who signs a request, read from moto's IAM and STS: keys of users, of sessions, and of those a lab acts as."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from moto.iam.models import AccessKey, iam_backends
from moto.sts.models import sts_backends
from moto.sts.utils import random_session_token

from ecrlab.access import Decision, Policy, PolicyKind, Principal, PrincipalKind
from ecrlab.emulator import errors
from ecrlab.emulator.authorizing import Caller, Keys, administrator
from ecrlab.emulator.moto_policies import (
    NO_SESSION_POLICY,
    attached,
    boundary_of,
    endpoint_policy_of,
    organization_of,
    read,
    stock,
)
from ecrlab.errors import InvalidInput
from ecrlab.naming import partition_of

__all__ = ["Circumstances", "Desk", "Identity"]


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What a caller brings along besides its identity: the way its requests take, its organization, its session.

    Args:
        context: Condition keys of every request: ``aws:SourceIp``, ``aws:SourceVpc``, ``aws:SourceVpce``, whose
            policy has a say if EC2 knows the endpoint.
        organization: The id of an organization, in place of the one that moto knows.
        session_policies: What narrows a session.
        tags: Tags of the caller, over those that IAM has.
    """

    context: Mapping[str, str] = field(default_factory=dict)
    organization: str | None = None
    session_policies: tuple[Policy, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Identity:
    """What AWS STS answers to the question who signs with a key."""

    arn: str
    account_id: str
    user_id: str


_NOTHING_KNOWN = Circumstances()


@dataclass(slots=True)
class Desk:
    """The front desk of an emulator: whose key is whose, who is let through, and who was refused last."""

    administrators: dict[str, Caller] = field(default_factory=dict)
    last_refusal: Decision | None = None
    _circumstances: dict[str, Circumstances] = field(default_factory=dict)
    _identities: dict[str, Identity] = field(default_factory=dict)  # of keys that moto's STS would not recognise
    _askers: dict[str, str] = field(default_factory=dict)  # key of a session or federation token -> who asked for it

    def let_through(self, access_key_id: str, arn: str) -> None:
        """Make a key that of an administrator, about whom nothing is decided."""
        self.administrators[access_key_id] = administrator(arn)

    def caller_of(self, access_key_id: str) -> Caller | None:
        """Return who signs with a key; ``None`` for keys that IAM does not know.

        Raises:
            InvalidPolicy: A policy that has a say about the caller is none that AWS would accept.
            EcrError: UnrecognizedClientException: the key is switched off, or its user is gone.
        """
        if access_key_id in self.administrators:
            return self.administrators[access_key_id]
        circumstances = self._circumstances.get(access_key_id, _NOTHING_KNOWN)
        if access_key_id in self._askers:
            return self._lent_to(access_key_id, circumstances)
        for iam in _iams():
            key = iam.access_keys.get(access_key_id)
            if key is not None:
                return self._known(iam, key, circumstances)
        return None

    def asker_of(self, access_key_id: str) -> str:
        """Return the key of the user to whom a session token belongs; any other key is its own."""
        if access_key_id in self._identities:
            return access_key_id
        return self._askers.get(access_key_id, access_key_id)

    def identity_of(self, access_key_id: str) -> Identity | None:
        """Return whom STS should name for a key that it cannot know; ``None`` leaves it to moto."""
        return self._identities.get(access_key_id)

    def keys_for(self, arn: str, region: str, session_name: str, circumstances: Circumstances) -> Keys:
        """Make keys that sign as a user, a role, a role's session or an account's root. No trust policy is asked.

        Raises:
            InvalidInput: There is no such user or role, or nobody signs as it, or only a role has a session policy.
        """
        principal = Principal.of(arn)
        if principal.account_id is None or principal.kind is PrincipalKind.FEDERATED_USER:
            raise InvalidInput(
                f"act_as({arn!r})", f"a lab cannot act as {principal.words}", "name a user, a role or an account's root"
            )
        if principal.role_arn is not None:
            keys = _begun(arn, principal, region, session_name)
        elif circumstances.session_policies:
            raise InvalidInput("act_as(session_policy=…)", "only a role has sessions", "act as a role, or leave it out")
        else:
            keys = self._own_keys(principal, iam_backends[principal.account_id][partition_of(region)])
        self._circumstances[keys.access_key_id] = circumstances
        return keys

    def _own_keys(self, principal: Principal, iam: Any) -> Keys:
        """Make keys of a user or a root. They are on no list of the user's, who may have two."""
        user = None if principal.is_root else _named(principal.arn, principal.arn, _users())
        stock(iam)
        key = AccessKey(user and user.name, prefix="AKIA", account_id=iam.account_id)  # type: ignore[abstract]
        iam.access_keys[key.access_key_id] = key
        self._identities[key.access_key_id] = Identity(
            principal.arn, iam.account_id, user.id if user else iam.account_id
        )
        return Keys(key.access_key_id, key.secret_access_key, None, principal.arn)

    def lend(
        self, asker: str, account_id: str, partition: str, federated: str | None, policies: tuple[Policy, ...] = ()
    ) -> Keys | None:
        """Make keys for GetSessionToken or GetFederationToken; ``None`` if it is unknown who asks.

        Args:
            asker: The key that signs the call.
            account_id: Its account.
            partition: ``aws``, ``aws-cn``, …
            federated: The name of the federated user; ``None`` for GetSessionToken.
            policies: What narrows a federated user; without any it may do nothing by its session.

        Raises:
            InvalidPolicy: A policy that has a say about the caller is none that AWS would accept.
        """
        if self.caller_of(asker) is None:
            return None
        key = iam_backends[account_id][partition].create_temp_access_key()
        self._askers[key.access_key_id] = self.asker_of(asker)
        arn = f"arn:{partition}:sts::{account_id}:federated-user/{federated}" if federated else ""
        if federated:
            self._identities[key.access_key_id] = Identity(arn, account_id, f"{account_id}:{federated}")
            self._circumstances[key.access_key_id] = Circumstances(session_policies=policies or (NO_SESSION_POLICY,))
        return Keys(key.access_key_id, key.secret_access_key, random_session_token(), arn)

    def note_session(self, access_key_id: str, policies: tuple[Policy, ...], tags: Mapping[str, str]) -> None:
        """Keep what moto's AssumeRole forgets: the managed policies that narrow a session, and its tags."""
        if policies or tags:
            self._circumstances[access_key_id] = Circumstances(session_policies=policies, tags=tags)

    def _lent_to(self, access_key_id: str, circumstances: Circumstances) -> Caller | None:
        asker, who = self.caller_of(self._askers[access_key_id]), self._identities.get(access_key_id)
        if who is None or asker is None:
            return asker
        return _caller(
            who,
            circumstances,
            identity=asker.identity,
            boundary=asker.boundary,
            session=circumstances.session_policies,
        )

    def _known(self, iam: Any, key: Any, circumstances: Circumstances) -> Caller | None:
        if key.status != "Active":
            raise errors.unrecognized_client()
        if key.user_name is not None:
            if key.user_name not in iam.users:
                raise errors.unrecognized_client()
            return _user(iam, iam.users[key.user_name], circumstances)
        who = self._identities.get(key.access_key_id)
        return _caller(who, circumstances) if who else _session(iam, key, circumstances)


def _iams() -> Iterator[Any]:
    for partitions in list(iam_backends.values()):
        yield from list(partitions.values())


def _users() -> dict[str, Any]:
    return {user.arn: user for iam in _iams() for user in iam.users.values()}


def _roles(*, without_path: bool) -> dict[str, Any]:
    roles = [role for iam in _iams() for role in iam.roles.values()]
    return {role.arn.replace(role.path, "/") if without_path else role.arn: role for role in roles}


def _named(asked: str, arn: str, known: Mapping[str, Any]) -> Any:
    if arn not in known:
        near = get_close_matches(arn, known, n=3)
        way_out = f"did you mean {' or '.join(map(repr, near))}?" if near else "create it with the account's IAM client"
        raise InvalidInput(f"act_as({asked!r})", "IAM knows no such user or role", way_out)
    return known[arn]


def _begun(arn: str, principal: Principal, region: str, session_name: str) -> Keys:
    """Begin a session of a role. The ARN of a session names it, and leaves out the path of its role."""
    of_session = principal.kind is PrincipalKind.ROLE_SESSION
    role = _named(arn, principal.role_arn or "", _roles(without_path=of_session))
    sts = sts_backends[role.account_id][partition_of(region)]
    name = arn.rpartition("/")[2] if of_session else session_name
    session: Any = sts.assume_role(region, name, role.arn, None, 3600, None)  # type: ignore[arg-type]
    return Keys(session.access_key_id, session.secret_access_key, session.session_token, session.arn)


def _session(iam: Any, key: Any, circumstances: Circumstances) -> Caller | None:
    backends = sts_backends[iam.account_id].values()
    session = next(filter(None, (sts.get_assumed_role_from_access_key(key.access_key_id) for sts in backends)), None)
    role = next((role for role in iam.roles.values() if session and role.arn == session.role_arn), None)
    if session is None or role is None:
        return None  # moto lets roles be assumed that IAM does not know; there is nothing to decide by
    narrowed = (read(session.policy, PolicyKind.SESSION, "", session.arn),) if session.policy else ()
    return _caller(
        Identity(session.arn, iam.account_id, f"{role.id}:{session.session_name}"),
        circumstances,
        tags=role.tags,
        role_arn=role.arn,
        identity=tuple(attached(role)),
        boundary=boundary_of(iam, role),
        session=(*narrowed, *circumstances.session_policies),
    )


def _user(iam: Any, user: Any, circumstances: Circumstances) -> Caller:
    holders = (user, *iam.get_groups_for_user(user.name))
    policies = tuple(policy for holder in holders for policy in attached(holder))
    who = Identity(user.arn, iam.account_id, user.id)
    return _caller(who, circumstances, tags=user.tags, identity=policies)


def _caller(
    who: Identity,
    circumstances: Circumstances,
    *,
    tags: Any = None,
    role_arn: str | None = None,
    identity: tuple[Policy, ...] = (),
    boundary: Policy | None = None,
    session: tuple[Policy, ...] = (),
) -> Caller:
    """Put a caller together; ``tags`` as moto keeps them, a list of AWS's structures or a dictionary of them."""
    listed = tags.values() if isinstance(tags, Mapping) else tags or ()
    organization = organization_of(who.account_id, who.arn.split(":")[1])
    foreign = circumstances.organization
    principal = Principal.of(
        who.arn,
        tags={tag["Key"]: tag["Value"] for tag in listed} | dict(circumstances.tags),
        organization=foreign or (organization.id if organization else None),
        organization_path=organization.path if organization and not foreign else None,
        role_arn=role_arn,
    )
    context = {"aws:userid": who.user_id, **circumstances.context}
    endpoint = circumstances.context.get("aws:SourceVpce")
    return Caller(
        principal,
        identity=identity,
        boundary=boundary,
        session=session,
        scps=organization.scps if organization else (),
        endpoint=endpoint_policy_of(endpoint) if endpoint else None,
        context=context,
    )
