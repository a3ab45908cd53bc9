"""Private networks of every kind, and what is refused: tables over one lab."""

from __future__ import annotations

import pytest
from deploy_world import ALL
from ecrlab import deploy
from ecrlab.errors import AwsCallError, InvalidDocument, InvalidInput
from ecrlab.workloads import Obstacle

NETWORKS = {
    "NAT": ({"nat": True}, None),
    "nothing": ({}, Obstacle.NO_WAY_TO_API),
    "no S3 gateway": ({"endpoints": ALL[:2]}, Obstacle.NO_WAY_TO_LAYERS),
    "closed endpoints": ({"endpoints": ALL, "lets_in_443": False}, Obstacle.NO_WAY_TO_API),
    "no private names": ({"endpoints": ALL, "private_dns": False}, Obstacle.NO_WAY_TO_API),
    "no private names beside NAT": ({"endpoints": ALL, "private_dns": False, "nat": True}, None),
    "an S3 policy for a bucket of one's own": (
        {
            "endpoints": ALL,
            "policies": {
                "s3": {
                    "Version": "2012-10-17",
                    "Statement": [
                        {"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "arn:aws:s3:::my-data/*"}
                    ],
                }
            },
        },
        Obstacle.BUCKET_DENIED,
    ),
    "an S3 policy for the layer bucket": (
        {
            "endpoints": ALL,
            "policies": {
                "s3": {
                    "Version": "2012-10-17",
                    "Statement": [
                        {
                            "Effect": "Allow",
                            "Principal": "*",
                            "Action": "s3:GetObject",
                            "Resource": "arn:aws:s3:::prod-us-east-1-starport-layer-bucket/*",
                        }
                    ],
                }
            },
        },
        None,
    ),
}


@pytest.mark.parametrize(("settings", "obstacle"), NETWORKS.values(), ids=NETWORKS)
def test_a_private_network(shared, settings, obstacle):
    """What EC2 says about routes, endpoints, their policies and security groups decides."""
    assert obstacle is shared.run(deploy.private_network(shared.lab, **settings)).pull().obstacle


BAD = {
    "no subnet": (
        lambda world: deploy.run_task(world.lab, world.task()),
        InvalidInput,
        "run_task: a task on Fargate needs a subnet; hand over network=… or subnets=[…]",
    ),
    "no launch type": (
        lambda world: deploy.run_task(world.lab, world.task(), launch_type="LAMBDA"),
        InvalidInput,
        "launch_type='LAMBDA': tasks do not run there; write 'FARGATE' or 'EC2'",
    ),
    "no container instance": (
        lambda world: deploy.run_task(world.lab, world.task(), launch_type="EC2"),
        InvalidInput,
        "cluster 'course': it has no container instance; add one, or use launch_type='FARGATE'",
    ),
    "no execution role": (
        lambda world: deploy.preview(
            world.lab,
            {"family": "api", "requiresCompatibilities": ["FARGATE"], "containerDefinitions": []},
            subnets=["subnet-1"],
        ),
        InvalidInput,
        "task definition 'api': it has no executionRoleArn, and on Fargate that role pulls private images; "
        "name one, e.g. deploy.execution_role(lab)",
    ),
    "no task definition": (
        lambda world: deploy.register(world.lab, {"family": "api"}),
        InvalidDocument,
        "task definition: it has no list 'containerDefinitions'; add one, with a name and an image for each container",
    ),
    "no such endpoint": (
        lambda world: deploy.private_network(world.lab, endpoints=["ecr"]),
        InvalidInput,
        "endpoint 'ecr': a pull uses no such endpoint; take ecr.api, ecr.dkr, s3",
    ),
    "no managed policy": (
        lambda world: deploy.execution_role(world.lab, "other", "AmazonECRFullAccess"),
        InvalidInput,
        "policy 'AmazonECRFullAccess': AWS has no such managed policy for ECR; take one of ",
    ),
    "no such role": (
        lambda world: deploy.role_of(world.lab, "arn:aws:iam::111122223333:role/nobody"),
        AwsCallError,
        "GetRole on role 'nobody': NoSuchEntity: Role nobody not found; ",
    ),
    "no role at all": (
        lambda world: deploy.role_of(world.lab, "arn:aws:iam::111122223333:user/somebody"),
        InvalidInput,
        "role 'arn:aws:iam::111122223333:user/somebody': it is no role; "
        "write it like 'arn:aws:iam::111122223333:role/name'",
    ),
}


@pytest.mark.parametrize(("call", "kind", "message"), BAD.values(), ids=BAD)
def test_error_what_cannot_be_right(shared, call, kind, message):
    """What is missing or misspelled is refused in one line."""
    with pytest.raises(kind) as failure:
        call(shared)
    assert str(failure.value).startswith(message)


def test_error_a_container_that_is_not_there(shared):
    """The names that there are are listed."""
    task = deploy.preview(shared.lab, shared.task(), network=deploy.private_network(shared.lab, nat=True))
    with pytest.raises(InvalidInput) as failure:
        task.pull("web")
    assert "task api: no container 'web'; there are: api" == str(failure.value)
