"""A lab acts as somebody else: its clients sign so, policies decide, and a refusal can be explained."""

from __future__ import annotations

import json

import boto3
import pytest
from botocore.exceptions import ClientError
from ecrlab import access, oci, open_lab, registry
from ecrlab.course.engine import begin, judge
from ecrlab.course.exercise import Exercise
from ecrlab.course.outcome import Correct
from ecrlab.errors import InvalidInput

OWN, OTHER = "111122223333", "444455556666"
REPOSITORY = f"arn:aws:ecr:us-east-1:{OWN}:repository/team/api"
IMAGE = oci.image(oci.layer({"hello.txt": "hello"}))


def document(*statements: dict) -> str:
    """Write a policy document."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(*actions: str, resource: str = "*") -> dict:
    """Write a statement of an identity policy."""
    return {"Effect": "Allow", "Action": list(actions), "Resource": resource}


def role(iam, name: str, *statements: dict) -> str:
    """Make a role with these permissions; return its ARN."""
    trust = document({"Effect": "Allow", "Principal": {"AWS": OWN}, "Action": "sts:AssumeRole"})
    arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    if statements:
        iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=document(*statements))
    return arn


@pytest.fixture
def lab():
    """An open lab with one repository and one image."""
    with open_lab() as lab:
        ecr = lab.client("ecr")
        ecr.create_repository(repositoryName="team/api")
        registry.push(ecr, IMAGE, "team/api", tag="1.0")
        yield lab


def refusal(call) -> str:
    """Make a call that must be refused; return AWS's sentence."""
    with pytest.raises(ClientError) as refused:
        call()
    assert "AccessDeniedException" == refused.value.response["Error"]["Code"]
    assert 400 == refused.value.response["ResponseMetadata"]["HTTPStatusCode"]
    return refused.value.response["Error"]["Message"]


def test_clients_made_before_follow(lab):
    """The switch reaches clients that are there already, and ends with the block."""
    ecr, sts = lab.client("ecr"), lab.client("sts")
    ci = role(lab.client("iam"), "ci")
    before = sts.get_caller_identity()["Arn"]
    with lab.act_as(ci, session_name="build-7") as acting:
        assert f"arn:aws:sts::{OWN}:assumed-role/ci/build-7" == acting.arn == sts.get_caller_identity()["Arn"]
        said = refusal(lambda: ecr.list_images(repositoryName="team/api"))
    assert (
        f"User: arn:aws:sts::{OWN}:assumed-role/ci/build-7 is not authorized to perform: ecr:ListImages on resource: "
        f"{REPOSITORY} because no identity-based policy allows the ecr:ListImages action" == said
    )
    assert before == sts.get_caller_identity()["Arn"]
    assert 1 == len(ecr.list_images(repositoryName="team/api")["imageIds"])


def test_nobody_is_refused_unasked(lab):
    """Without act_as the lab's clients, and a learner's own, are the administrator's."""
    lab.client("ecr").put_registry_policy(
        policyText=document({"Sid": "none", "Effect": "Deny", "Principal": "*", "Action": "ecr:*", "Resource": "*"})
    )
    assert lab.client("ecr").describe_images(repositoryName="team/api")["imageDetails"]
    assert boto3.client("ecr", region_name="us-east-1").describe_repositories()["repositories"]


def test_blocks_nest_and_callers_keep_their_clients(lab):
    """An inner block gives back the outer caller; a caller's own client stays that caller's."""
    iam, sts = lab.client("iam"), lab.client("sts")
    first, second = role(iam, "first"), role(iam, "second")
    with lab.act_as(first) as outer:
        with lab.act_as(second) as inner:
            assert inner.arn == sts.get_caller_identity()["Arn"]
            assert outer.arn == outer.client("sts").get_caller_identity()["Arn"]
        assert outer.arn == sts.get_caller_identity()["Arn"]
        assert lab.act_as(None) is None
        assert outer.arn != sts.get_caller_identity()["Arn"]


def test_a_push_by_a_role_with_what_a_push_needs(lab):
    """The five actions of a push and the login are enough for a push, and for nothing else."""
    ecr = lab.client("ecr")
    ci = role(lab.client("iam"), "ci", allow("ecr:GetAuthorizationToken"), allow(*access.PUSH, resource=REPOSITORY))
    with lab.act_as(ci):
        ecr.get_authorization_token()
        registry.push(ecr, oci.append(IMAGE, oci.layer({"more": "more"})), "team/api", tag="1.1")
        refusal(lambda: ecr.batch_delete_image(repositoryName="team/api", imageIds=[{"imageTag": "1.0"}]))
    assert 2 == len(ecr.describe_images(repositoryName="team/api")["imageDetails"])


def test_across_accounts_both_sides_have_to_allow(lab):
    """A role of another account needs its own policy and the repository's."""
    ecr = lab.client("ecr")
    with lab.act_as(f"arn:aws:iam::{OTHER}:root") as other:
        deploy = role(other.client("iam"), "deploy", allow("ecr:*"))
    pull = {"registryId": OWN, "repositoryName": "team/api", "imageIds": [{"imageTag": "1.0"}]}
    with lab.act_as(deploy):
        said = refusal(lambda: ecr.batch_get_image(**pull))
    assert said.endswith("because no resource-based policy allows the ecr:BatchGetImage action")
    ours = document({"Effect": "Allow", "Principal": {"AWS": OTHER}, "Action": list(access.PULL)})
    ecr.set_repository_policy(repositoryName="team/api", policyText=ours)
    with lab.act_as(deploy):
        assert 1 == len(ecr.batch_get_image(**pull)["images"])


WAYS = {
    "from the office": ({"source_ip": "203.0.113.7"}, True),
    "from elsewhere": ({"source_ip": "198.51.100.7"}, False),
    "through the endpoint": ({"vpc_endpoint": "vpce-0a1b2c3d"}, False),
}


@pytest.mark.parametrize(("way", "allowed"), WAYS.values(), ids=WAYS)
def test_conditions_see_the_way_of_a_request(lab, way, allowed):
    """Address and endpoint are those that act_as was given."""
    office = allow("ecr:ListImages") | {"Condition": {"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}}
    reader = role(lab.client("iam"), "reader", office)
    with lab.act_as(reader, **way) as acting:
        ecr = acting.client("ecr")
        if allowed:
            assert ecr.list_images(repositoryName="team/api")["imageIds"]
        else:
            refusal(lambda: ecr.list_images(repositoryName="team/api"))


def test_sessions_of_sts_and_keys_of_users_are_decided_too(lab):
    """Whoever has credentials of IAM or STS is somebody about whom is decided."""
    iam, sts = lab.client("iam"), lab.client("sts")
    session = sts.assume_role(RoleArn=role(iam, "ci"), RoleSessionName="direct")["Credentials"]
    by_role = boto3.client(
        "ecr",
        region_name="us-east-1",
        aws_access_key_id=session["AccessKeyId"],
        aws_secret_access_key=session["SecretAccessKey"],
        aws_session_token=session["SessionToken"],
    )
    assert "assumed-role/ci/direct is not authorized" in refusal(by_role.describe_repositories)
    iam.create_user(UserName="ana")
    key = iam.create_access_key(UserName="ana")["AccessKey"]
    by_user = boto3.client(
        "ecr",
        region_name="us-east-1",
        aws_access_key_id=key["AccessKeyId"],
        aws_secret_access_key=key["SecretAccessKey"],
    )
    assert f"User: arn:aws:iam::{OWN}:user/ana is not authorized" in refusal(by_user.describe_repositories)


def test_why_explains_the_last_refusal(lab):
    """Before any it says so; then it is the decision of the engine, with the nearest miss."""
    assert "Nothing was refused by a policy yet" in str(lab.why())
    ci = role(lab.client("iam"), "ci", allow("ecr:*", resource=REPOSITORY))
    with lab.act_as(ci):
        said = refusal(lab.client("ecr").get_authorization_token)
    why = lab.why()
    assert said == why.aws_message
    assert ("ecr:GetAuthorizationToken", "*") == (why.request.action, why.request.resource)
    assert 'only "Resource": "*" grants it' in why.hints[0]


LOCK_OUTS = {
    "everything": {"Effect": "Deny", "Principal": "*", "Action": "ecr:*"},
    "outside an endpoint": {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "ecr:*",
        "Condition": {"StringNotEquals": {"aws:SourceVpce": "vpce-0a1b2c3d"}},
    },
}


@pytest.mark.parametrize("statement", LOCK_OUTS.values(), ids=LOCK_OUTS)
def test_a_lock_out_needs_force(lab, statement):
    """A policy that would keep its author from setting another is refused, and leaves the old one."""
    ecr = lab.client("ecr")
    with pytest.raises(ClientError) as refused:
        ecr.set_repository_policy(repositoryName="team/api", policyText=document(statement))
    assert (
        "Invalid parameter at 'PolicyText' failed to satisfy constraint: 'The policy would prevent you from setting "
        "another policy in the future; to set it, use force'" == refused.value.response["Error"]["Message"]
    )
    with pytest.raises(ClientError, match="RepositoryPolicyNotFoundException"):
        ecr.get_repository_policy(repositoryName="team/api")
    ecr.set_repository_policy(repositoryName="team/api", policyText=document(statement), force=True)


def test_a_course_works_whoever_the_lab_acts_as(lab):
    """Preparing and checking are the administrator's; afterwards the learner acts on."""
    task = Exercise(
        id="99.list",
        title="List",
        objective="list",
        minutes=1,
        prepare=lambda lab: str(len(lab.client("ecr").describe_repositories()["repositories"])),
        starter="____",
        check=lambda lab, _: None if lab.client("ecr").describe_repositories()["repositories"] else "none",
        mistakes=(),
        hints=("a", "b", "c"),
        solution="pass",
        explain="It is there.",
    )
    with lab.act_as(role(lab.client("iam"), "ci")) as acting:
        assert "1" == begin(task, lab)
        assert isinstance(judge(task, lab), Correct)
        assert acting.arn == lab.client("sts").get_caller_identity()["Arn"]


MISSPELLED = {
    "no such role": (
        f"arn:aws:iam::{OWN}:role/ic",
        f"act_as('arn:aws:iam::{OWN}:role/ic'): IAM knows no such user or role; "
        f"did you mean 'arn:aws:iam::{OWN}:role/ci'?",
    ),
    "a service": (
        "lambda.amazonaws.com",
        "act_as('lambda.amazonaws.com'): a lab cannot act as the service lambda.amazonaws.com; "
        "name a user, a role or an account's root",
    ),
}


@pytest.mark.parametrize(("arn", "message"), MISSPELLED.values(), ids=MISSPELLED)
def test_error_nobody_to_act_as(lab, arn, message):
    """A principal that does not exist is answered in one line, with a near name if there is one."""
    role(lab.client("iam"), "ci")
    with pytest.raises(InvalidInput) as error:
        lab.act_as(arn)
    assert message == str(error.value)
