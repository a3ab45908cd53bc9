"""What a resolved pull says about permissions is what the registry does to a caller with that role."""

from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError
from deploy_world import PULL, allowing
from ecrlab import deploy
from ecrlab.workloads import Obstacle

LOGIN = "ecr:GetAuthorizationToken"
ROLES = {
    "the managed policy": ("AmazonECSTaskExecutionRolePolicy", None),
    "nothing": (None, None),
    "the login alone": ([LOGIN], None),
    "the login and manifests": ([LOGIN, PULL[0]], None),
    "the login, and the rest by the repository": ([LOGIN], "role"),
    "everything, but the repository denies it": ([LOGIN, "ecr:*"], "deny"),
}


def policy_of(said):
    """Write an identity policy."""
    if said is None or isinstance(said, str):
        return said
    statement = {"Effect": "Allow", "Action": said, "Resource": "*"}
    return {"Version": "2012-10-17", "Statement": [statement]}


def refused(call, **parameters):
    """Make a call as somebody, and say whether it was refused."""
    try:
        call(**parameters)
    except ClientError as error:
        return error.response["Error"]["Code"] == "AccessDeniedException"
    return False


def tried(world, role, layer):
    """Do as the role what a client does for a pull, and name the first thing that is refused."""
    with world.lab.act_as(role) as acting:
        ecr = acting.client("ecr")
        if refused(ecr.get_authorization_token):
            return Obstacle.LOGIN_DENIED
        if refused(ecr.batch_get_image, repositoryName="team/api", imageIds=[{"imageTag": "1.0"}]):
            return Obstacle.MANIFEST_DENIED
        if refused(ecr.get_download_url_for_layer, repositoryName="team/api", layerDigest=layer):
            return Obstacle.LAYERS_DENIED
    return None


@pytest.mark.parametrize(
    ("number", "identity", "owner"), [(n, *row) for n, row in enumerate(ROLES.values())], ids=ROLES
)
def test_resolved_and_tried_agree(shared, number, identity, owner):
    """The same role, asked in two ways: the engine's answer, and a pull through the API."""
    role = shared.role = deploy.execution_role(shared.lab, f"agreeing-{number}", policy_of(identity))
    shared.ecr.set_repository_policy(repositoryName="team/api", policyText=_policy(role, owner))
    result = shared.run(deploy.private_network(shared.lab, nat=True)).pull()
    layer = shared.ecr.batch_get_image(repositoryName="team/api", imageIds=[{"imageTag": "1.0"}])["images"][0]
    digest = json.loads(layer["imageManifest"])["layers"][0]["digest"]

    assert tried(shared, role, digest) is result.obstacle


def _policy(role, owner):
    allow = allowing({"AWS": role}, *PULL)
    if owner == "deny":
        return allow.replace("Allow", "Deny")
    return allow if owner == "role" else allowing({"AWS": role}, "ecr:DescribeImages")
