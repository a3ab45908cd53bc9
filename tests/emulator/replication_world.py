"""What the tests of replication do all the time: write rules, reach registries elsewhere, look at what has arrived."""

from __future__ import annotations

import json
from typing import Any

import boto3
from access_world import OTHER, OWN, client
from client_world import World

HOME, EUROPE, TOKYO = "us-east-1", "eu-west-1", "ap-northeast-1"


def place(region: str = EUROPE, account: str = OWN) -> dict[str, str]:
    """Write a destination."""
    return {"region": region, "registryId": account}


def rule(*places: dict[str, str], prefixes: tuple[str, ...] = (), deletions: bool | None = None) -> dict[str, Any]:
    """Write a replication rule; without places it leads to Europe."""
    filters = [{"filter": prefix, "filterType": "PREFIX_MATCH"} for prefix in prefixes]
    return (
        {"destinations": list(places) or [place()]}
        | ({"repositoryFilters": filters} if filters else {})
        | ({"deleteReplication": {"enabled": deletions}} if deletions is not None else {})
    )


def replicate(ecr: Any, *rules: dict[str, Any]) -> dict[str, Any]:
    """Put a replication configuration."""
    return ecr.put_replication_configuration(replicationConfiguration={"rules": list(rules)})


def at(region: str = EUROPE, account: str = OWN) -> Any:
    """Make a client of a registry elsewhere, as somebody whom nothing refuses there."""
    if account == OWN:
        return boto3.client("ecr", region_name=region)
    role = f"arn:aws:iam::{account}:role/nobody-made-this"
    keys = client("sts").assume_role(RoleArn=role, RoleSessionName="looks")["Credentials"]
    return boto3.client(
        "ecr",
        region_name=region,
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys["SessionToken"],
    )


def let_in(ecr: Any, *actions: str, source: str = OWN) -> None:
    """Put a registry policy that lets a source account do something."""
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{source}:root"},
        "Action": list(actions),
        "Resource": "*",
    }
    ecr.put_registry_policy(policyText=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))


def images(ecr: Any, repository: str = "team/api") -> dict[str, list[str]]:
    """Return the digests of a repository with their tags, whatever their status; none if it is not there."""
    try:
        listed = ecr.describe_images(repositoryName=repository, filter={"imageStatus": "ANY"})["imageDetails"]
    except ecr.exceptions.RepositoryNotFoundException:
        return {}
    return {image["imageDigest"]: image.get("imageTags", []) for image in listed}


def statuses(world: World, digest: str, repository: str = "team/api") -> list[tuple[str, ...]]:
    """Return how the copies of an image stand: region, account, status and, if there is one, failure code."""
    answer = world.ecr.describe_image_replication_status(repositoryName=repository, imageId={"imageDigest": digest})
    members = ("region", "registryId", "status", "failureCode")
    return [tuple(each[name] for name in members if name in each) for each in answer["replicationStatuses"]]


__all__ = [
    "EUROPE",
    "HOME",
    "OTHER",
    "OWN",
    "TOKYO",
    "at",
    "images",
    "let_in",
    "place",
    "replicate",
    "rule",
    "statuses",
]
