"""The last recorded pull time, and the principals whose pulls do not count."""

from __future__ import annotations

import json
from datetime import timedelta

import boto3
import pytest
from client_world import ACCOUNT, manifest, refusal
from ecrlab import oci, open_lab, registry
from test_laws import Direct
from test_paging import pages

SCANNER = f"arn:aws:iam::{ACCOUNT}:role/scanner"


def pulled_at(world):
    """Pull v1; return the time that the image shows then."""
    world.ecr.batch_get_image(repositoryName="team/api", imageIds=[{"imageTag": "v1"}])
    return world.details()[0]["lastRecordedPullTime"]


def test_the_time_moves_once_in_24_hours(world):
    """Pulls in between leave it where it is."""
    world.push(b"layer", tag="v1")
    first = world.clock.now()
    assert first == pulled_at(world)
    world.clock.advance(hours=23, minutes=59)
    assert first == pulled_at(world)
    world.clock.advance(minutes=1)
    assert first + timedelta(hours=24) == pulled_at(world)


def test_a_registry_keeps_its_own_list(ecr, clock):
    """What is registered is listed, in this region only, and is gone when it is taken off."""
    answer = ecr.register_pull_time_update_exclusion(principalArn=SCANNER)
    assert (SCANNER, clock.now()) == (answer["principalArn"], answer["createdAt"])
    assert [SCANNER] == ecr.list_pull_time_update_exclusions()["pullTimeUpdateExclusions"]
    elsewhere = boto3.client("ecr", region_name="eu-west-1")
    assert [] == elsewhere.list_pull_time_update_exclusions()["pullTimeUpdateExclusions"]
    assert SCANNER == ecr.deregister_pull_time_update_exclusion(principalArn=SCANNER)["principalArn"]
    assert [] == ecr.list_pull_time_update_exclusions()["pullTimeUpdateExclusions"]


@pytest.mark.parametrize(
    "principal",
    [
        f"arn:aws:iam::{ACCOUNT}:user/alice",
        f"arn:aws:iam::{ACCOUNT}:role/service-role/nightly/scanner",
        "arn:aws-us-gov:iam::999988887777:role/scanner",
    ],
)
def test_roles_and_users_can_be_listed(ecr, principal):
    """With a path, of another account and of another partition, too."""
    ecr.register_pull_time_update_exclusion(principalArn=principal)
    assert [principal] == ecr.list_pull_time_update_exclusions()["pullTimeUpdateExclusions"]


CALLERS = {  # id: (who pulls, whether that is kept out by a list of role/jobs/scanner and user/alice)
    "the role": (f"arn:aws:iam::{ACCOUNT}:role/jobs/scanner", True),
    "a session, whose ARN has no path": (f"arn:aws:sts::{ACCOUNT}:assumed-role/scanner/nightly", True),
    "the user": (f"arn:aws:iam::{ACCOUNT}:user/alice", True),
    "a user of the role's name": (f"arn:aws:iam::{ACCOUNT}:user/scanner", False),
    "a role that is called like its session": (f"arn:aws:sts::{ACCOUNT}:assumed-role/nightly/scanner", False),
    "the role of another account": ("arn:aws:sts::999988887777:assumed-role/scanner/nightly", False),
    "the root of the account": (f"arn:aws:iam::{ACCOUNT}:root", False),
    "an access key": ("AKIAIOSFODNN7EXAMPLE", False),
}


@pytest.mark.parametrize(("principal", "excluded"), CALLERS.values(), ids=CALLERS)
def test_pulls_by_listed_principals_do_not_count(principal, excluded):
    """A listed role covers its sessions; everybody else's pull is recorded."""
    ecr = Direct(principal=principal)
    ecr("CreateRepository")
    ecr.upload(b"{}", [])
    ecr("PutImage", imageManifest=manifest(), imageTag="v1")
    for listed in (f"arn:aws:iam::{ACCOUNT}:role/jobs/scanner", f"arn:aws:iam::{ACCOUNT}:user/alice"):
        ecr("RegisterPullTimeUpdateExclusion", principalArn=listed)
    ecr("BatchGetImage", imageIds=[{"imageTag": "v1"}])
    (image,) = ecr("DescribeImages")["imageDetails"]
    assert (None if excluded else ecr.clock.now()) == image.get("lastRecordedPullTime")


@pytest.mark.parametrize("size", [1, 3, 100, 1000])
def test_a_hundred_principals_page_by_page(ecr, size):
    """The list ends at one hundred; its pages are the list, whatever their size."""
    principals = [f"arn:aws:iam::{ACCOUNT}:role/r{number:03}" for number in range(100)]
    for principal in reversed(principals):
        ecr.register_pull_time_update_exclusion(principalArn=principal)
    got = pages(ecr.list_pull_time_update_exclusions, "pullTimeUpdateExclusions", maxResults=size)
    assert principals == [principal for part in got for principal in part]
    assert ("LimitExceededException", "A registry has at most 100 pull time update exclusions") == refusal(
        ecr.register_pull_time_update_exclusion, principalArn=SCANNER
    )


def test_a_page_survives_what_goes_in_between(ecr):
    """A token remembers a place, not a number."""
    principals = [f"arn:aws:iam::{ACCOUNT}:user/u{number}" for number in range(4)]
    for principal in principals:
        ecr.register_pull_time_update_exclusion(principalArn=principal)
    first = ecr.list_pull_time_update_exclusions(maxResults=2)
    ecr.deregister_pull_time_update_exclusion(principalArn=principals[1])
    second = ecr.list_pull_time_update_exclusions(maxResults=2, nextToken=first["nextToken"])
    assert principals[2:] == second["pullTimeUpdateExclusions"]


def test_a_scanner_of_a_lab_does_not_keep_images_alive():
    """Whoever acts as the listed role pulls without leaving a time; the administrator's pull does."""
    with open_lab() as lab:
        ecr, iam = lab.client("ecr"), lab.client("iam")
        ecr.create_repository(repositoryName="team/api")
        registry.push(ecr, oci.image(oci.layer({"app": "1"})), "team/api", tag="v1")
        trust = {"Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Action": "sts:AssumeRole"}
        may = {"Effect": "Allow", "Action": "ecr:*", "Resource": "*"}
        document = {"Version": "2012-10-17", "Statement": [trust]}
        role = iam.create_role(RoleName="scanner", Path="/jobs/", AssumeRolePolicyDocument=json.dumps(document))["Role"]
        iam.put_role_policy(
            RoleName="scanner", PolicyName="pull", PolicyDocument=json.dumps(document | {"Statement": [may]})
        )
        ecr.register_pull_time_update_exclusion(principalArn=role["Arn"])
        with lab.act_as(role["Arn"]):
            ecr.batch_get_image(repositoryName="team/api", imageIds=[{"imageTag": "v1"}])
        assert "lastRecordedPullTime" not in ecr.describe_images(repositoryName="team/api")["imageDetails"][0]
        ecr.batch_get_image(repositoryName="team/api", imageIds=[{"imageTag": "v1"}])
        (image,) = ecr.describe_images(repositoryName="team/api")["imageDetails"]
        assert lab.clock.now() == image["lastRecordedPullTime"]
