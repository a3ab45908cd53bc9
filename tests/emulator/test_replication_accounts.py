"""Replication into another account: the policy of the destination's registry decides, and nothing else."""

from __future__ import annotations

import json

import boto3
import pytest
from replication_world import EUROPE, HOME, OTHER, OWN, at, images, let_in, place, replicate, rule, statuses
from test_events import Listener

BOTH = ("ecr:ReplicateImage", "ecr:CreateRepository")
THERE = place(EUROPE, OTHER)


def put(ecr, *statements: dict) -> None:
    """Put a registry policy."""
    ecr.put_registry_policy(policyText=json.dumps({"Version": "2012-10-17", "Statement": list(statements)}))


def allow(*actions: str, principal: object = None, **elements: object) -> dict:
    """Allow actions, to the source account unless somebody else is named."""
    whom = principal or {"AWS": f"arn:aws:iam::{OWN}:root"}
    return {"Effect": "Allow", "Principal": whom, "Action": list(actions), "Resource": "*", **elements}


SERVICE_ROLE = f"arn:aws:iam::{OWN}:role/aws-service-role/replication.ecr.amazonaws.com/AWSServiceRoleForECRReplication"

# What the destination's registry policy says, whether the repository is there, and how the copy ends.
CASES = {
    "nothing": ((), False, "AccessDeniedException"),
    "nothing, and the repository is there": ((), True, "AccessDeniedException"),
    "both": ((allow(*BOTH),), False, None),
    "replicating alone": ((allow("ecr:ReplicateImage"),), False, "RepositoryNotFoundException"),
    "replicating alone, into what is there": ((allow("ecr:ReplicateImage"),), True, None),
    "creating alone": ((allow("ecr:CreateRepository"),), True, "AccessDeniedException"),
    "everything": ((allow("ecr:*"),), False, None),
    "the service-linked role by name": ((allow(*BOTH, principal={"AWS": SERVICE_ROLE}),), False, None),
    "a third account": ((allow(*BOTH, principal={"AWS": "111122223333"}),), False, "AccessDeniedException"),
    "another prefix": (
        (allow(*BOTH, Resource=f"arn:aws:ecr:{EUROPE}:{OTHER}:repository/prod/*"),),
        False,
        "AccessDeniedException",
    ),
    "the prefix": ((allow(*BOTH, Resource=f"arn:aws:ecr:{EUROPE}:{OTHER}:repository/team/*"),), False, None),
    "an exception": (
        (allow(*BOTH), {**allow("ecr:ReplicateImage"), "Effect": "Deny"}),
        False,
        "AccessDeniedException",
    ),
}


@pytest.mark.parametrize(("statements", "is_there", "failure"), CASES.values(), ids=CASES)
def test_the_registry_policy_decides(statements, is_there, failure, world):
    """A copy that is not let in is FAILED with a code, and changes nothing."""
    there = at(EUROPE, OTHER)
    if is_there:
        there.create_repository(repositoryName="team/api")
    if statements:
        put(there, *statements)
    replicate(world.ecr, rule(THERE))
    digest = world.push(b"layer", tag="v1")
    (happening,) = world.clock.advance(minutes=10)
    expected = (EUROPE, OTHER, "FAILED", failure) if failure else (EUROPE, OTHER, "COMPLETE")
    assert [expected] == statuses(world, digest)
    assert ({} if failure else {digest: ["v1"]}) == images(there)
    ends = f"did not arrive in eu-west-1 from us-east-1 of {OWN}: {failure}"
    assert (ends if failure else f"arrived in eu-west-1 from us-east-1 of {OWN}") == happening.what
    assert is_there or not failure or [] == there.describe_repositories()["repositories"]


def test_another_account_in_the_same_region(world):
    """Cross-account need not be cross-Region; the copies are the other account's."""
    there = at(HOME, OTHER)
    let_in(there, *BOTH)
    replicate(world.ecr, rule(place(HOME, OTHER)))
    digest = world.push(b"layer", tag="v1")
    world.clock.advance(minutes=10)
    assert {digest: ["v1"]} == images(there)
    (made,) = there.describe_repositories()["repositories"]
    assert OTHER == made["registryId"]
    world.ecr.batch_delete_image(repositoryName="team/api", imageIds=[{"imageTag": "v1"}])
    assert {digest: ["v1"]} == images(there)


def test_the_policy_of_a_repository_has_no_say(world):
    """Not even one that lets the source account do everything there."""
    there = at(EUROPE, OTHER)
    there.create_repository(repositoryName="team/api")
    statement = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{OWN}:root"}, "Action": "ecr:*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    there.set_repository_policy(repositoryName="team/api", policyText=policy)
    replicate(world.ecr, rule(THERE))
    digest = world.push(b"layer", tag="v1")
    world.clock.advance(minutes=10)
    assert [(EUROPE, OTHER, "FAILED", "AccessDeniedException")] == statuses(world, digest)


def test_ones_own_registry_needs_no_policy_and_can_forbid(world):
    """Within an account the role's own permission is enough, unless the registry policy denies it."""
    replicate(world.ecr, rule())
    first = world.push(b"1", tag="v1")
    world.clock.advance(minutes=10)
    put(at(), {**allow("ecr:ReplicateImage", principal="*"), "Effect": "Deny"})
    second = world.push(b"2", tag="v2")
    world.clock.advance(minutes=10)
    assert [(EUROPE, OWN, "COMPLETE")] == statuses(world, first)
    assert [(EUROPE, OWN, "FAILED", "AccessDeniedException")] == statuses(world, second)


def test_permission_is_asked_on_arrival(world):
    """A policy that is put while a copy is under way lets it in; a failed copy is not tried again by itself."""
    replicate(world.ecr, rule(THERE))
    late = world.push(b"1", tag="v1")
    world.clock.advance(minutes=10)
    early = world.push(b"2", tag="v2")
    let_in(at(EUROPE, OTHER), *BOTH)
    world.clock.advance(days=1)
    assert {early: ["v2"]} == images(at(EUROPE, OTHER))
    assert "FAILED" == statuses(world, late)[0][2]
    world.put(
        world.ecr.batch_get_image(repositoryName="team/api", imageIds=[{"imageTag": "v1"}])["images"][0][
            "imageManifest"
        ],
        "again",
    )
    world.clock.advance(minutes=10)
    assert [(EUROPE, OTHER, "COMPLETE")] == statuses(world, late)


def test_a_failure_is_told(world):
    """With the result FAILED, to the destination."""
    heard = Listener({"detail-type": ["ECR Replication Action"]}, EUROPE)
    put(at(), {**allow("ecr:ReplicateImage", principal="*"), "Effect": "Deny"})
    replicate(world.ecr, rule())
    world.push(b"layer", tag="v1")
    world.clock.advance(minutes=10)
    (detail,) = heard.details()
    assert ("FAILED", "REPLICATE", "v1") == (detail["result"], detail["action-type"], detail["image-tag"])


def test_a_key_that_does_not_answer(world):
    """A destination whose key is disabled takes nothing in."""
    kms = boto3.client("kms", region_name=EUROPE)
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    at().create_repository(repositoryName="team/api", encryptionConfiguration={"encryptionType": "KMS", "kmsKey": key})
    kms.disable_key(KeyId=key)
    replicate(world.ecr, rule())
    digest = world.push(b"layer", tag="v1")
    world.clock.advance(minutes=10)
    assert [(EUROPE, OWN, "FAILED", "KmsException")] == statuses(world, digest)
    assert {} == images(at())
