"""Repositories, their settings and their resource tags; and what is kept for later chapters."""

from __future__ import annotations

import json

import boto3
from client_world import ACCOUNT, refusal
from ecrlab.clock import START

ARN = f"arn:aws:ecr:us-east-1:{ACCOUNT}:repository/team/api"


def test_a_new_repository_with_defaults(ecr):
    """Everything that DescribeRepositories tells."""
    (repository,) = ecr.describe_repositories()["repositories"]
    assert {
        "repositoryArn": ARN,
        "registryId": ACCOUNT,
        "repositoryName": "team/api",
        "repositoryUri": f"{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com/team/api",
        "createdAt": START,
        "imageTagMutability": "MUTABLE",
        "imageScanningConfiguration": {"scanOnPush": False},
        "encryptionConfiguration": {"encryptionType": "AES256"},
    } == repository


def test_settings_are_kept(ecr):
    """As they were asked for."""
    filters = [{"filterType": "WILDCARD", "filter": "dev*"}]
    key = boto3.client("kms", region_name="us-east-1").create_key()["KeyMetadata"]["Arn"]
    wanted = {
        "imageTagMutability": "IMMUTABLE_WITH_EXCLUSION",
        "imageTagMutabilityExclusionFilters": filters,
        "imageScanningConfiguration": {"scanOnPush": True},
        "encryptionConfiguration": {"encryptionType": "KMS", "kmsKey": key},
    }
    made = ecr.create_repository(repositoryName="new", **wanted)["repository"]
    assert wanted == {name: made[name] for name in wanted}
    assert made == ecr.describe_repositories(repositoryNames=["new"])["repositories"][0]


def test_kms_without_a_key_means_the_managed_one(ecr):
    """One key for the account and region, the same on every run."""
    keys = {
        ecr.create_repository(repositoryName=name, encryptionConfiguration={"encryptionType": "KMS"})["repository"][
            "encryptionConfiguration"
        ]["kmsKey"]
        for name in ("one", "two")
    }
    (key,) = keys
    assert key.startswith(f"arn:aws:kms:us-east-1:{ACCOUNT}:key/")


def test_the_scan_setting_can_be_changed(ecr):
    """On and off."""
    for switch in (True, False):
        answer = ecr.put_image_scanning_configuration(
            repositoryName="team/api", imageScanningConfiguration={"scanOnPush": switch}
        )
        assert {"scanOnPush": switch} == answer["imageScanningConfiguration"]
        assert {"scanOnPush": switch} == ecr.describe_repositories()["repositories"][0]["imageScanningConfiguration"]


def test_regions_and_accounts_have_registries_of_their_own(ecr, monkeypatch):
    """The same name may exist in each, and the URI tells them apart."""
    elsewhere = boto3.client("ecr", region_name="cn-north-1").create_repository(repositoryName="team/api")
    assert (
        f"arn:aws-cn:ecr:cn-north-1:{ACCOUNT}:repository/team/api",
        f"{ACCOUNT}.dkr.ecr.cn-north-1.amazonaws.com.cn/team/api",
    ) == (elsewhere["repository"]["repositoryArn"], elsewhere["repository"]["repositoryUri"])
    monkeypatch.setenv("MOTO_ACCOUNT_ID", "999988887777")
    assert [] == ecr.describe_repositories()["repositories"]
    assert ["team/api"] == [
        repository["repositoryName"] for repository in ecr.describe_repositories(registryId=ACCOUNT)["repositories"]
    ]


def test_resource_tags(ecr):
    """Added, changed, listed in order, removed; unknown keys are no error."""
    ecr.tag_resource(resourceArn=ARN, tags=[{"Key": "team", "Value": "a"}, {"Key": "stage", "Value": "größer 1"}])
    ecr.tag_resource(resourceArn=ARN, tags=[{"Key": "team", "Value": "b"}])
    assert [{"Key": "team", "Value": "b"}, {"Key": "stage", "Value": "größer 1"}] == tags(ecr)
    ecr.untag_resource(resourceArn=ARN, tagKeys=["team", "nope"])
    assert [{"Key": "stage", "Value": "größer 1"}] == tags(ecr)


def test_fifty_resource_tags_are_the_most(ecr):
    """Together with those that are there."""
    many = [{"Key": f"k{number}", "Value": ""} for number in range(51)]
    ecr.tag_resource(resourceArn=ARN, tags=many[:50])
    message = (
        "The list of tags on the repository is over the limit. "
        "The maximum number of tags that can be applied to a repository is 50."
    )
    assert ("TooManyTagsException", message) == refusal(ecr.tag_resource, resourceArn=ARN, tags=many[50:])
    assert 50 == len(tags(ecr))


def test_resource_tags_die_with_their_repository(ecr):
    """A new repository of the same name has none."""
    ecr.tag_resource(resourceArn=ARN, tags=[{"Key": "team", "Value": "a"}])
    ecr.delete_repository(repositoryName="team/api")
    ecr.create_repository(repositoryName="team/api")
    assert [] == tags(ecr)


def tags(ecr) -> list[dict[str, str]]:
    """List the tags of the repository."""
    return ecr.list_tags_for_resource(resourceArn=ARN)["tags"]


def test_policies_come_back_as_they_went_in(ecr):
    """Put, get, delete, get again; lifecycle policies do so in test_lifecycle_operations.py."""
    statement = {"Effect": "Allow", "Principal": "*", "Action": "ecr:BatchGetImage"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    name = {"repositoryName": "team/api"}
    ecr.set_repository_policy(**name, policyText=policy)
    for_all = json.dumps({"Version": "2012-10-17", "Statement": [statement | {"Resource": "*"}]})
    ecr.put_registry_policy(policyText=for_all)
    assert (policy, for_all) == (
        ecr.get_repository_policy(**name)["policyText"],
        ecr.get_registry_policy()["policyText"],
    )
    ecr.delete_repository_policy(**name)
    ecr.delete_registry_policy()
    assert "RepositoryPolicyNotFoundException" == refusal(ecr.get_repository_policy, **name)[0]
    assert "RegistryPolicyNotFoundException" == refusal(ecr.get_registry_policy)[0]


def test_replication_rules_come_back(ecr):
    """More than one rule is fine, unlike in moto."""
    rules = [{"destinations": [{"region": region, "registryId": ACCOUNT}]} for region in ("eu-west-1", "us-west-2")]
    ecr.put_replication_configuration(replicationConfiguration={"rules": rules})
    described = ecr.describe_registry()
    assert (ACCOUNT, {"rules": rules}) == (described["registryId"], described["replicationConfiguration"])
