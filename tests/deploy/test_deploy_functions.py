"""Functions of AWS Lambda: who has to be let in, and which images Lambda takes."""

from __future__ import annotations

import json

import pytest
from deploy_world import OTHER, PULL, allowing
from ecrlab import deploy, oci, registry
from ecrlab.errors import InvalidInput
from ecrlab.workloads import Obstacle


@pytest.fixture
def role(world):
    """The role that a function's program gets."""
    return deploy.role(world.lab, "function", trusts="lambda.amazonaws.com")


def creator(world, *actions):
    """Make a role that may do a few things, and return its ARN."""
    statement = {"Effect": "Allow", "Action": [*PULL, *actions], "Resource": "*"}
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    return deploy.role(world.lab, "creator", policy, trusts="ec2.amazonaws.com")


def test_lambda_adds_its_permission_itself(world, role):
    """The administrator may set the repository's policy, so Lambda puts a statement for itself there."""
    pushed = world.push("one")
    made = deploy.function(world.lab, "api", world.name(), role=role)

    assert (True, pushed.digest) == (made.works, made.digest)
    assert made.arn.endswith(":function:api")
    policy = json.loads(world.ecr.get_repository_policy(repositoryName="team/api")["policyText"])
    assert [({"Service": "lambda.amazonaws.com"}, PULL)] == [
        (each["Principal"], each["Action"]) for each in policy["Statement"]
    ]
    assert "api" in [each["FunctionName"] for each in world.lab.client("lambda").list_functions()["Functions"]]


def test_a_creator_who_may_not_set_the_policy(world, role):
    """Then the repository's owner has to let the service in beforehand."""
    world.push("one")
    who = creator(world)
    refused = deploy.function(world.lab, "api", world.name(), role=role, creator=who)

    assert ("", Obstacle.MANIFEST_DENIED) == (refused.arn, refused.result.obstacle)
    assert "Lambda does not have permission to access the ECR image." in str(refused)
    policy = allowing({"Service": "lambda.amazonaws.com"}, *PULL)
    world.ecr.set_repository_policy(repositoryName="team/api", policyText=policy)
    assert deploy.function(world.lab, "api", world.name(), role=role, creator=who).works


def test_lambda_takes_one_image_and_no_index(world):
    """An index is refused even if it holds one image only."""
    registry.push(world.ecr, oci.index(oci.image(oci.layer({"app": "one"}))), "team/api", tag="1.0")
    refused = deploy.preview_function(world.lab, "api", world.name())

    assert refused.result.obstacle is Obstacle.INDEX_REFUSED
    assert "--provenance=false" in refused.result.way_out


def test_another_region(world):
    """The image has to lie in the function's region."""
    named = f"{world.lab.account_id}.dkr.ecr.eu-west-1.amazonaws.com/team/api:1.0"
    assert "replicate the image to us-east-1" == deploy.preview_function(world.lab, "api", named).result.way_out


def test_another_account(world):
    """Its repository has to let in both the service and the creator's account."""
    with world.lab.act_as(f"arn:aws:iam::{OTHER}:root") as owner:
        theirs = owner.client("ecr")
        theirs.create_repository(repositoryName="team/api")
        registry.push(theirs, oci.image(oci.layer({"app": "theirs"})), "team/api", tag="1.0")
    named = f"{OTHER}.dkr.ecr.us-east-1.amazonaws.com/team/api:1.0"
    service = json.loads(allowing({"Service": "lambda.amazonaws.com"}, *PULL))
    account = json.loads(allowing({"AWS": world.lab.account_id}, *PULL))

    theirs.set_repository_policy(repositoryName="team/api", policyText=json.dumps(service))
    assert deploy.preview_function(world.lab, "api", named).result.obstacle is Obstacle.MANIFEST_DENIED
    both = service | {"Statement": service["Statement"] + account["Statement"]}
    theirs.set_repository_policy(repositoryName="team/api", policyText=json.dumps(both))
    assert deploy.preview_function(world.lab, "api", named).works


def test_another_architecture(world, role):
    """The function is created, and no invocation succeeds."""
    world.push("one", architecture="arm64")
    made = deploy.function(world.lab, "api", world.name(), role=role)

    assert (False, True) == (made.works, bool(made.arn))
    assert str(made).startswith("✗ The function is there, and cannot run\n")
    assert deploy.preview_function(world.lab, "api", world.name(), architecture="arm64").works


def test_error_no_such_architecture(world):
    """Lambda spells them in its own way."""
    with pytest.raises(InvalidInput) as failure:
        deploy.preview_function(world.lab, "api", world.name(), architecture="amd64")
    assert "architecture 'amd64': Lambda has none like it; write 'x86_64' or 'arm64'" == str(failure.value)
