"""The policies of repositories and of the registry: what ECR takes, what it refuses, and who would be locked out."""

from __future__ import annotations

import json

import pytest
from access_world import OWN, allow, client, document, user
from client_world import refusal

NO_REPOSITORY_POLICY = (
    "InvalidParameterException",
    "Invalid parameter at 'PolicyText' failed to satisfy constraint: 'Invalid repository policy provided'",
)
NO_REGISTRY_POLICY = (
    "InvalidParameterException",
    "Invalid parameter at 'PolicyText' failed to satisfy constraint: 'Invalid registry policy provided'",
)
LOCK_OUT = (
    "InvalidParameterException",
    "Invalid parameter at 'PolicyText' failed to satisfy constraint: 'The policy would prevent you from setting "
    "another policy in the future; to set it, use force'",
)
EVERYBODY = {"Effect": "Allow", "Principal": "*", "Action": "ecr:BatchGetImage"}

INVALID = {
    "no JSON": "{",
    "no object": "[]",
    "no statement": '{"Version": "2012-10-17"}',
    "an unknown version": json.dumps({"Version": "2020-01-01", "Statement": [EVERYBODY]}),
    "no principal": document({"Effect": "Allow", "Action": "ecr:*"}),
    "a principal with a wildcard inside": document(EVERYBODY | {"Principal": {"AWS": "arn:aws:iam::*:role/ci"}}),
    "a group": document(EVERYBODY | {"Principal": {"AWS": f"arn:aws:iam::{OWN}:group/readers"}}),
    "an unknown element": document(EVERYBODY | {"Resources": "*"}),
    "an unknown operator": document(EVERYBODY | {"Condition": {"StringIs": {"aws:PrincipalOrgID": "o-1"}}}),
    "an effect in small letters": document(EVERYBODY | {"Effect": "allow"}),
}


@pytest.mark.parametrize("text", INVALID.values(), ids=INVALID)
def test_no_repository_policy(ecr, text):
    """It is refused in AWS's one sentence, and the policy that was there stays."""
    before = ecr.set_repository_policy(repositoryName="team/api", policyText=document(EVERYBODY))["policyText"]
    for force in (False, True):
        call = {"repositoryName": "team/api", "policyText": text, "force": force}
        assert NO_REPOSITORY_POLICY == refusal(ecr.set_repository_policy, **call)
    assert before == ecr.get_repository_policy(repositoryName="team/api")["policyText"]


def test_no_registry_policy(ecr):
    """A registry's policy has to name resources beside principals."""
    for text in (*INVALID.values(), document(EVERYBODY)):
        assert NO_REGISTRY_POLICY == refusal(ecr.put_registry_policy, policyText=text)
    text = document(EVERYBODY | {"Sid": "all", "Resource": f"arn:aws:ecr:us-east-1:{OWN}:repository/*"})
    assert text == ecr.put_registry_policy(policyText=text)["policyText"]


def test_a_policy_has_at_most_10240_characters(ecr):
    """The limit of the model, to the character."""
    text = document(EVERYBODY)
    longest = text + " " * (10_240 - len(text))
    assert longest == ecr.set_repository_policy(repositoryName="team/api", policyText=longest)["policyText"]
    assert (
        "InvalidParameterException",
        "Invalid parameter at 'policyText' failed to satisfy constraint: "
        "'Member must have length less than or equal to 10240'",
    ) == refusal(ecr.set_repository_policy, repositoryName="team/api", policyText=longest + " ")


ANA = f"arn:aws:iam::{OWN}:user/ana"
STOP = {"Effect": "Deny", "Principal": "*", "Action": "ecr:*"}
AUTHORS = {  # id: (the new policy, whether ana is locked out by it)
    "everybody, everything": (STOP, True),
    "everybody, pulls": (STOP | {"Action": "ecr:BatchGetImage"}, False),
    "ana": (STOP | {"Principal": {"AWS": ANA}}, True),
    "somebody else": (STOP | {"Principal": {"AWS": f"arn:aws:iam::{OWN}:role/ci"}}, False),
    "everybody but ana": (STOP | {"Condition": {"ArnNotEquals": {"aws:PrincipalArn": ANA}}}, False),
    "outside an endpoint": (STOP | {"Condition": {"StringNotEquals": {"aws:SourceVpce": "vpce-1"}}}, True),
    "outside an endpoint, but changes": (
        {"Effect": "Deny", "Principal": "*", "NotAction": "ecr:SetRepositoryPolicy"}
        | {"Condition": {"StringNotEquals": {"aws:SourceVpce": "vpce-1"}}},
        False,
    ),
}


@pytest.mark.parametrize(("statement", "locked_out"), AUTHORS.values(), ids=AUTHORS)
def test_the_author_stays_able_to_change_it(world, statement, locked_out):
    """Unless it is forced, nobody may set a policy after which they could set none."""
    ecr = client("ecr", user("ana", allow("ecr:*")))
    call = {"repositoryName": "team/api", "policyText": document(statement)}
    if locked_out:
        assert LOCK_OUT == refusal(ecr.set_repository_policy, **call)
        ecr.set_repository_policy(**call, force=True)
        assert "AccessDeniedException" == refusal(ecr.set_repository_policy, **call, force=True)[0]
    else:
        ecr.set_repository_policy(**call)
        ecr.set_repository_policy(**call)


def test_a_grant_that_only_the_policy_gives(world):
    """Whoever may set policies by the policy itself needs force to give it away."""
    ecr = client("ecr", user("ana"))
    grant = {"Effect": "Allow", "Principal": {"AWS": ANA}, "Action": "ecr:SetRepositoryPolicy"}
    world.ecr.set_repository_policy(repositoryName="team/api", policyText=document(grant))
    call = {"repositoryName": "team/api", "policyText": document(EVERYBODY)}
    assert LOCK_OUT == refusal(ecr.set_repository_policy, **call)
    ecr.set_repository_policy(repositoryName="team/api", policyText=document(grant, EVERYBODY))
