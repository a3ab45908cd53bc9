"""What the tests of access do all the time: write policies, make users and roles, sign as somebody."""

from __future__ import annotations

import json
from typing import Any

import boto3

OWN, OTHER = "123456789012", "444455556666"
REGION = "us-east-1"
API = f"arn:aws:ecr:{REGION}:{OWN}:repository/team/api"


def document(*statements: dict[str, Any]) -> str:
    """Write a policy document."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(*actions: str, resource: str = "*", **elements: Any) -> dict[str, Any]:
    """Write a statement that allows."""
    return {"Effect": "Allow", "Action": list(actions), "Resource": resource, **elements}


def deny(*actions: str, resource: str = "*", **elements: Any) -> dict[str, Any]:
    """Write a statement that denies."""
    return {"Effect": "Deny", "Action": list(actions), "Resource": resource, **elements}


TRUST = document({"Effect": "Allow", "Principal": {"AWS": OWN}, "Action": "sts:AssumeRole"})


def client(service: str, keys: dict[str, Any] | None = None) -> Any:
    """Make a client that signs with AWS's structure of credentials; without any, as somebody whom IAM does not know."""
    keys = keys or {"AccessKeyId": "AKIANOBODYKNOWSTHIS0", "SecretAccessKey": "x"}
    return boto3.client(
        service,
        region_name=REGION,
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys.get("SessionToken"),
    )


def administrator_of(account: str, service: str = "iam") -> Any:
    """Make a client of an account's administrator: moto lets roles be assumed that are not there."""
    if account == OWN:
        return client(service)
    role = f"arn:aws:iam::{account}:role/nobody-made-this"
    return client(service, client("sts").assume_role(RoleArn=role, RoleSessionName="setup")["Credentials"])


def user(name: str, *statements: dict[str, Any], account: str = OWN, **parameters: Any) -> dict[str, Any]:
    """Make an IAM user with these permissions; return its keys."""
    iam = administrator_of(account)
    iam.create_user(UserName=name, **parameters)
    if statements:
        iam.put_user_policy(UserName=name, PolicyName="own", PolicyDocument=document(*statements))
    return iam.create_access_key(UserName=name)["AccessKey"]


def role(name: str, *statements: dict[str, Any], **parameters: Any) -> str:
    """Make a role with these permissions; return its ARN."""
    iam = client("iam")
    arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=TRUST, **parameters)["Role"]["Arn"]
    if statements:
        iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=document(*statements))
    return arn


def assumed(arn: str, **parameters: Any) -> dict[str, Any]:
    """Begin a session of a role; return its keys."""
    return client("sts").assume_role(RoleArn=arn, RoleSessionName="build-7", **parameters)["Credentials"]
