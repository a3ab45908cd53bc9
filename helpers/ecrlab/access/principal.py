"""Who asks: users, roles and their sessions, an account's root, federated users, services, nobody in particular."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, IntEnum
from typing import Self

from ecrlab.errors import InvalidName

__all__ = ["Principal", "PrincipalKind", "Reach"]


class PrincipalKind(Enum):
    """What sort of caller it is; the value is how we say it."""

    USER = "user"
    ROLE = "role"
    ROLE_SESSION = "role session"
    ROOT = "account root"
    FEDERATED_USER = "federated user"
    SERVICE = "AWS service"
    ANONYMOUS = "anonymous caller"


class Reach(IntEnum):
    """How closely a policy names a caller; the closer, the further an Allow of a resource policy reaches.

    Source: IAM User Guide, "AWS JSON policy elements: Principal" and "Policy evaluation logic".
    """

    NONE = 0  # not at all
    ACCOUNT = 1  # its account: the account's own policies have to pass the permission on
    ROLE = 2  # the role behind a session: boundary and session policy still limit
    EXACT = 3  # this very user, session or service, or everybody: nothing but a Deny limits in the same account


_ARN = re.compile(r"arn:(aws[a-z-]*):(iam|sts)::([0-9]{12}):(.+)")
_ACCOUNT = re.compile(r"[0-9]{12}")
_SERVICE = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)*\.amazonaws\.com(\.cn)?")
_KINDS = {
    ("iam", "user"): PrincipalKind.USER,
    ("iam", "role"): PrincipalKind.ROLE,
    ("sts", "assumed-role"): PrincipalKind.ROLE_SESSION,
    ("sts", "federated-user"): PrincipalKind.FEDERATED_USER,
}
# What aws:PrincipalType says (IAM User Guide, "AWS global condition context keys").
_AWS_TYPE = {
    PrincipalKind.USER: "User",
    PrincipalKind.ROLE: "AssumedRole",
    PrincipalKind.ROLE_SESSION: "AssumedRole",
    PrincipalKind.ROOT: "Account",
    PrincipalKind.FEDERATED_USER: "FederatedUser",
    PrincipalKind.ANONYMOUS: "Anonymous",
}


@dataclass(frozen=True, slots=True)
class Principal:
    """A caller. Make it with :meth:`of`.

    Args:
        kind: What sort of caller.
        arn: Its ARN; the service's name for a service; ``*`` for an anonymous caller.
        account_id: Its account; ``None`` for services and anonymous callers.
        role_arn: For a role and its sessions: the ARN of the role.
        names: Every name under which a policy can mean this caller, and how closely each names it, closest first.
        keys: The context keys that follow from who it is (``aws:PrincipalArn`` …), in lower case.
    """

    kind: PrincipalKind
    arn: str
    account_id: str | None = None
    role_arn: str | None = None
    names: Mapping[str, Reach] = field(default_factory=dict, compare=False, repr=False)
    keys: Mapping[str, tuple[str, ...]] = field(default_factory=dict, compare=False, repr=False)

    @classmethod
    def of(
        cls,
        name: str,
        *,
        tags: Mapping[str, str] | None = None,
        organization: str | None = None,
        organization_path: str | None = None,
        role_arn: str | None = None,
    ) -> Self:
        """Read a caller from its ARN, from a service's name (``lambda.amazonaws.com``), or from ``*``.

        A bare role ARN means some session of that role; a bare twelve-digit id means the account's root.

        Args:
            name: The ARN or name.
            tags: Its tags: ``aws:PrincipalTag/<key>`` in conditions.
            organization: The id of its account's organization: ``aws:PrincipalOrgID``.
            organization_path: ``o-…/r-…/ou-…/``: ``aws:PrincipalOrgPaths``.
            role_arn: For a session, the ARN of its role if that has a path, which a session's ARN leaves out.

        Raises:
            InvalidName: It names none of these.
        """
        kind, account_id, own_role = _read(name)
        arn = f"arn:aws:iam::{name}:root" if _ACCOUNT.fullmatch(name) else name
        role = role_arn or own_role
        keys = _keys(kind, arn, account_id, role)
        keys |= {f"aws:principaltag/{key.lower()}": (value,) for key, value in (tags or {}).items()}
        if organization is not None:
            keys["aws:principalorgid"] = (organization,)
        if organization_path is not None:
            keys["aws:principalorgpaths"] = (organization_path,)
        return cls(kind, arn, account_id, role, _names(kind, arn, account_id, role), keys)

    @property
    def is_service_linked(self) -> bool:
        """Whether this is a service-linked role, which no organization policy limits."""
        role = self.role_arn or ""
        return ":role/aws-service-role/" in role or ":role/AWSServiceRoleFor" in role

    @property
    def is_root(self) -> bool:
        """Whether this is an account's root, whom no identity policy of that account has to allow anything."""
        return self.kind is PrincipalKind.ROOT

    @property
    def named_by_aws(self) -> str:
        """What AWS calls this caller in a refusal: a role by its session."""
        if self.kind is PrincipalKind.ANONYMOUS:
            return "anonymous"
        if self.kind is PrincipalKind.ROLE:
            partition, role = self.arn.split(":")[1], self.arn.rpartition("/")[2]
            return f"arn:{partition}:sts::{self.account_id}:assumed-role/{role}/session"
        return self.arn

    @property
    def words(self) -> str:
        """The caller in a sentence: ``role session ci/build-7 of account 111122223333``."""
        if self.account_id is None:
            return "an anonymous caller" if self.kind is PrincipalKind.ANONYMOUS else f"the service {self.arn}"
        if self.kind is PrincipalKind.ROOT:
            return f"the root of account {self.account_id}"
        return f"{self.kind.value} {self.arn.partition('/')[2]} of account {self.account_id}"

    def __str__(self) -> str:
        return self.arn


def _read(name: str) -> tuple[PrincipalKind, str | None, str | None]:
    """Return kind, account and, for roles and sessions, the ARN of the role."""
    if name == "*":
        return PrincipalKind.ANONYMOUS, None, None
    if _ACCOUNT.fullmatch(name):
        return PrincipalKind.ROOT, name, None
    if _SERVICE.fullmatch(name):
        return PrincipalKind.SERVICE, None, None
    match = _ARN.fullmatch(name)
    if match is not None:
        partition, service, account_id, rest = match.groups()
        if (service, rest) == ("iam", "root"):
            return PrincipalKind.ROOT, account_id, None
        word, _, path = rest.partition("/")
        kind = _KINDS.get((service, word))
        if kind is PrincipalKind.ROLE and path:
            return kind, account_id, name
        if kind is PrincipalKind.ROLE_SESSION and re.fullmatch(r"[^/]+/[^/]+", path):
            return kind, account_id, f"arn:{partition}:iam::{account_id}:role/{path.partition('/')[0]}"
        if kind in (PrincipalKind.USER, PrincipalKind.FEDERATED_USER) and path:
            return kind, account_id, None
    raise InvalidName(
        f"principal {name!r}",
        "it is neither the ARN of a user, role, session or account, nor the name of a service, nor '*'",
        "e.g. 'arn:aws:iam::111122223333:role/ci' or 'lambda.amazonaws.com'",
    )


def _names(kind: PrincipalKind, arn: str, account_id: str | None, role: str | None) -> dict[str, Reach]:
    """List the names that mean this caller. Nothing but ``*`` means an anonymous one."""
    names: dict[str, Reach] = {}
    if kind not in (PrincipalKind.ANONYMOUS, PrincipalKind.ROLE, PrincipalKind.ROOT):
        names[arn] = Reach.EXACT
    if role is not None:
        names[role] = Reach.ROLE
    if account_id is not None:
        names[f"arn:{arn.split(':')[1]}:iam::{account_id}:root"] = Reach.ACCOUNT
    return names


def _keys(kind: PrincipalKind, arn: str, account_id: str | None, role: str | None) -> dict[str, tuple[str, ...]]:
    """The keys that AWS derives from the caller. For a session aws:PrincipalArn is the ARN of the role."""
    keys: dict[str, tuple[str, ...]] = {
        "aws:principalisawsservice": ("true" if kind is PrincipalKind.SERVICE else "false",)
    }
    if kind in _AWS_TYPE:
        keys["aws:principaltype"] = (_AWS_TYPE[kind],)
    if kind is PrincipalKind.SERVICE:
        return keys | {"aws:principalservicename": (arn,)}
    if account_id is not None:
        keys |= {"aws:principalarn": (role or arn,), "aws:principalaccount": (account_id,)}
    if kind is PrincipalKind.USER:
        keys["aws:username"] = (arn.rpartition("/")[2],)
    return keys
