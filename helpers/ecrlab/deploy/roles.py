"""The policies of a role, read from AWS IAM through the lab's clients; nothing is changed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ecrlab.access import Policies, Policy, PolicyKind, Principal, parse
from ecrlab.deploy.reading import account_of, ask
from ecrlab.errors import InvalidInput

if TYPE_CHECKING:
    from ecrlab.cloud import Lab

__all__ = ["role_arn_of", "role_of"]


def role_of(lab: Lab, arn: str) -> tuple[Principal, Policies]:
    """Return who a role is, and what its own side says: inline and managed policies, and its boundary.

    The policies of an organization are not read.

    Args:
        lab: The open lab.
        arn: The ARN of the role.

    Raises:
        InvalidInput: It is no role's ARN.
        InvalidPolicy: A policy is none that AWS would accept.
        AccountMismatch: It is a role of another real account.
        AwsCallError: There is no such role, or AWS refused to tell.
    """
    principal = Principal.of(arn)
    if principal.role_arn is None:
        raise InvalidInput(f"role {arn!r}", "it is no role", "write it like 'arn:aws:iam::111122223333:role/name'")
    name = arn.rpartition("/")[2]
    with account_of(lab, arn).client("iam") as iam:
        role = ask(iam, "GetRole", f"role {name!r}", RoleName=name)["Role"]
        identity = (*_inline(iam, name), *_attached(iam, name))
        boundary = role.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn")
        limit = _managed(iam, boundary, PolicyKind.BOUNDARY) if boundary else None
    tags = {tag["Key"]: tag["Value"] for tag in role.get("Tags", ())}
    return Principal.of(arn, tags=tags), Policies(identity=identity, boundary=limit)


def role_arn_of(lab: Lab, instance_profile: str) -> str:
    """Return the ARN of the role in an instance profile.

    Args:
        lab: The open lab.
        instance_profile: The profile's name or ARN.

    Raises:
        InvalidInput: The profile is empty.
        AwsCallError: There is no such profile.
    """
    name = instance_profile.rpartition("/")[2]
    with lab.administrator():
        place = f"instance profile {name!r}"
        profile = ask(lab.client("iam"), "GetInstanceProfile", place, InstanceProfileName=name)["InstanceProfile"]
    if not profile["Roles"]:
        raise InvalidInput(place, "it holds no role, so nobody pulls", "add one with add_role_to_instance_profile")
    return str(profile["Roles"][0]["Arn"])


def _inline(iam: Any, role: str) -> Iterator[Policy]:
    for name in ask(iam, "ListRolePolicies", f"role {role!r}", RoleName=role)["PolicyNames"]:
        answer = ask(iam, "GetRolePolicy", f"policy {name!r}", RoleName=role, PolicyName=name)
        yield parse(answer["PolicyDocument"], PolicyKind.IDENTITY, name=name)


def _attached(iam: Any, role: str) -> Iterator[Policy]:
    for each in ask(iam, "ListAttachedRolePolicies", f"role {role!r}", RoleName=role)["AttachedPolicies"]:
        yield _managed(iam, each["PolicyArn"], PolicyKind.IDENTITY)


def _managed(iam: Any, arn: str, kind: PolicyKind) -> Policy:
    policy = ask(iam, "GetPolicy", f"policy {arn!r}", PolicyArn=arn)["Policy"]
    version = ask(iam, "GetPolicyVersion", f"policy {arn!r}", PolicyArn=arn, VersionId=policy["DefaultVersionId"])[
        "PolicyVersion"
    ]
    return parse(version["Document"], kind, name=policy["PolicyName"])
