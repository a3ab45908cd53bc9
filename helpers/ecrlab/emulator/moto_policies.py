"""The policies that moto keeps: of IAM's users, groups and roles, of an organization, of VPC endpoints."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time
from functools import lru_cache
from typing import Any

from moto.iam.models import AWSManagedPolicy, iam_backends

from ecrlab.access import MANAGED_POLICIES, Policy, PolicyKind, parse
from ecrlab.errors import Fault, InvalidPolicy

__all__ = [
    "NO_SESSION_POLICY",
    "Organization",
    "attached",
    "boundary_of",
    "endpoint_policy_of",
    "managed",
    "organization_of",
    "read",
    "session_policies",
    "stock",
]

NO_SESSION_POLICY = Policy(PolicyKind.SESSION, (), name="none was handed over")
"""What a federation token without a policy may do by its session: nothing (AWS STS, GetFederationToken)."""

_OURS = {policy.arn: policy for policy in MANAGED_POLICIES.values()}
_SCP = "SERVICE_CONTROL_POLICY"


def attached(holder: Any) -> Iterator[Policy]:
    """Read what is attached to a user, a group or a role of moto's: inline policies, then managed ones.

    Raises:
        InvalidPolicy: One of them is legal for moto and not for AWS; the place says which, and whose.
    """
    for name, text in holder.policies.items():
        yield read(text, PolicyKind.IDENTITY, name, _words(holder))
    for policy in holder.managed_policies.values():
        yield managed(policy, PolicyKind.IDENTITY)


def boundary_of(iam: Any, role: Any) -> Policy | None:
    """Read the permissions boundary of a role; moto keeps none for users.

    Raises:
        InvalidPolicy: IAM has no such policy, or AWS would not accept it.
    """
    arn = role.permissions_boundary_arn
    if not arn:
        return None
    if arn not in iam.managed_policies:
        raise InvalidPolicy(
            f"permissions boundary of {_words(role)}", f"IAM has no policy {arn!r}", "create it, or name another one"
        )
    return managed(iam.managed_policies[arn], PolicyKind.BOUNDARY)


def managed(policy: Any, kind: PolicyKind) -> Policy:
    """Read a managed policy of moto's in its default version; AWS's own for ECR as the kit has them, if newer."""
    ours = _OURS.get(policy.arn)
    if ours is not None and ours.edited >= policy.update_date.date():
        return read(ours.text, kind, ours.name, "AWS")
    text = next(each.document for each in policy.versions if each.version_id == policy.default_version_id)
    return read(text, kind, policy.name, f"account {policy.account_id}")


def session_policies(account_id: str, partition: str, arns: Iterable[str]) -> tuple[Policy, ...]:
    """Read the managed policies that narrow a session.

    Raises:
        KeyError: IAM has no policy of that ARN.
        InvalidPolicy: One of them is none that AWS would accept.
    """
    iam = iam_backends[account_id][partition]
    return tuple(managed(iam.managed_policies[arn], PolicyKind.SESSION) for arn in arns)


@lru_cache(maxsize=1024)
def read(text: Any, kind: PolicyKind, name: str = "", owner: str = "") -> Policy:
    """Read a policy document that moto has taken.

    Raises:
        InvalidPolicy: AWS would not have taken it; the place says which policy, of whom, and where in it.
    """
    try:
        return parse(text, kind, name=name)
    except InvalidPolicy as invalid:
        of = f"{kind.words} {name!r} of {owner}" if name else f"{kind.words} of {owner}"
        faults = [Fault(f"{of}: {fault.place}", fault.fact, fault.way_out) for fault in invalid.faults]
        raise InvalidPolicy.of(faults) from invalid


def stock(iam: Any) -> None:
    """Put AWS's managed policies for ECR where users and roles can be given them; moto begins with none."""
    for policy in MANAGED_POLICIES.values():
        edited = datetime.combine(policy.edited, time(), UTC)
        made = AWSManagedPolicy(  # type: ignore[abstract]
            policy.name,
            account_id=iam.account_id,
            region=iam.region_name,
            default_version_id=policy.version,
            path=policy.arn.partition(":policy")[2].removesuffix(policy.name),
            document=json.dumps(policy.document),
            create_date=edited,
            update_date=edited,
        )
        if made.arn not in iam.managed_policies:
            iam.managed_policies[made.arn] = made
            iam.aws_managed_policies.append(made)


@dataclass(frozen=True, slots=True)
class Organization:
    """What an organization means for one of its accounts.

    ``path`` is what ``aws:PrincipalOrgPaths`` has, ``scps`` the service control policies level by level, from the root
    down; none for the management account, which no organization policy limits.
    """

    id: str
    path: str
    scps: tuple[tuple[Policy, ...], ...] = ()


def organization_of(account_id: str, partition: str) -> Organization | None:
    """Read the organization of an account; ``None`` if it is in none.

    Raises:
        InvalidPolicy: moto has taken a service control policy that AWS would not accept.
    """
    models = sys.modules.get("moto.organizations.models")
    if models is None:  # nobody has used it, and it takes its time to be imported
        return None
    owner, partition = models.organizations_backends.master_accounts.get(account_id, (account_id, partition))
    backend = models.organizations_backends[owner][partition]
    account = next((each for each in backend.accounts if each.id == account_id), None)
    if account is None:
        return None
    levels = [account]
    while levels[0].parent_id is not None:
        levels.insert(0, next(unit for unit in backend.ou if unit.id == levels[0].parent_id))
    path = "/".join([backend.org.id, *(unit.id for unit in levels[:-1]), ""])
    if account_id == backend.org.master_account_id:
        return Organization(backend.org.id, path)
    return Organization(backend.org.id, path, tuple(tuple(_scps_at(level)) for level in levels))


def endpoint_policy_of(endpoint_id: str) -> Policy | None:
    """Read the policy of a VPC endpoint; ``None`` if EC2 has no such endpoint, or it has AWS's policy that allows all.

    Raises:
        InvalidPolicy: moto has taken a policy that AWS would not accept.
    """
    models = sys.modules.get("moto.ec2.models")
    if models is None:  # as with organizations
        return None
    endpoints = (
        ec2.vpc_end_points.get(endpoint_id)
        for regions in list(models.ec2_backends.values())
        for ec2 in list(regions.values())
    )
    endpoint = next(filter(None, endpoints), None)
    if endpoint is None or not endpoint.policy_document:
        return None
    return read(
        endpoint.policy_document, PolicyKind.ENDPOINT, endpoint_id, f"account {endpoint.ec2_backend.account_id}"
    )


def _scps_at(level: Any) -> Iterator[Policy]:
    for policy in level.attached_policies:
        if policy.type == _SCP:
            yield read(policy.content, PolicyKind.SCP, policy.name, f"organization {policy.organization_id}")


def _words(holder: Any) -> str:
    return f"{type(holder).__name__.lower()} {holder.name!r}"
