"""A lab acts as somebody else: its clients sign so, policies decide, and a refusal can be explained."""

from __future__ import annotations

import json
from collections.abc import Iterator

import boto3
import pytest
from botocore.exceptions import ClientError
from ecrlab import Aws, Lab, access, emulator, oci, open_lab, registry
from ecrlab.course.engine import begin, judge
from ecrlab.course.exercise import Exercise
from ecrlab.course.outcome import Correct
from ecrlab.errors import AccountMismatch, AwsCallError, InvalidInput, NoOpenLab
from moto import mock_aws
from moto.sts.exceptions import STSClientError
from moto.sts.models import STSBackend

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


CI = f"arn:aws:iam::{OWN}:role/ci"


def test_the_learner_is_not_locked_out_by_name(lab):
    """The administrator is the user that STS names, so that a Deny for everybody else is no lock-out."""
    me = lab.client("sts").get_caller_identity()["Arn"]
    everybody_else = {"ArnNotEquals": {"aws:PrincipalArn": me}}
    policy = document({"Effect": "Deny", "Principal": "*", "Action": "ecr:*", "Condition": everybody_else})
    lab.client("ecr").set_repository_policy(repositoryName="team/api", policyText=policy)


def test_a_user(lab):
    """Acting as a user leaves no access key behind, of which a user may have two."""
    iam, sts = lab.client("iam"), lab.client("sts")
    iam.create_user(UserName="ana", Tags=[{"Key": "team", "Value": "payments"}])
    by_tag = {"StringEquals": {"aws:PrincipalTag/team": "payments", "aws:username": "ana"}}
    policy = document(allow("ecr:ListImages") | {"Condition": by_tag})
    iam.put_user_policy(UserName="ana", PolicyName="own", PolicyDocument=policy)
    with lab.act_as(f"arn:aws:iam::{OWN}:user/ana") as ana:
        assert ana.arn == sts.get_caller_identity()["Arn"]
        lab.client("ecr").list_images(repositoryName="team/api")
        refusal(lab.client("ecr").describe_registry)
    with lab.act_as(f"arn:aws:iam::{OWN}:user/ana", tags={"team": "search"}) as ana:
        refusal(lambda: ana.client("ecr").list_images(repositoryName="team/api"))
    assert [] == iam.list_access_keys(UserName="ana")["AccessKeyMetadata"]


def test_a_named_session_of_a_role(lab):
    """The ARN of a session is enough, though it leaves out the path of its role."""
    lab.client("iam").create_role(RoleName="ci", AssumeRolePolicyDocument=document(), Path="/build/")
    arn = f"arn:aws:sts::{OWN}:assumed-role/ci/run-7"
    with lab.act_as(arn):
        assert arn == lab.client("sts").get_caller_identity()["Arn"]


def test_another_accounts_administrator(lab):
    """The root of another account has a registry of its own, and no way into this one unless it is let in."""
    with lab.act_as(f"arn:aws:iam::{OTHER}:root") as other:
        assert f"arn:aws:iam::{OTHER}:root" == lab.client("sts").get_caller_identity()["Arn"]
        ecr = lab.client("ecr")
        assert OTHER == ecr.create_repository(repositoryName="theirs")["repository"]["registryId"]
        refusal(lambda: ecr.list_images(registryId=OWN, repositoryName="team/api"))
        assert [] == other.client("iam").list_roles()["Roles"]
    assert ["team/api"] == [each["repositoryName"] for each in ecr.describe_repositories()["repositories"]]


def test_awss_managed_policies_are_there(lab):
    """They can be attached by their ARNs, in every account, and grant what AWS says."""
    arn = "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryPullOnly"
    puller = role(lab.client("iam"), "puller")
    lab.client("iam").attach_role_policy(RoleName="puller", PolicyArn=arn)
    with lab.act_as(puller):
        assert IMAGE.digest == registry.pull(lab.client("ecr"), "team/api", "1.0").digest
        refusal(lambda: lab.client("ecr").list_images(repositoryName="team/api"))
    with lab.act_as(f"arn:aws:iam::{OTHER}:root") as other:
        role(other.client("iam"), "puller")
        other.client("iam").attach_role_policy(RoleName="puller", PolicyArn=arn)


def test_a_session_policy_narrows(lab):
    """As a dictionary or as text."""
    ci = role(lab.client("iam"), "ci", allow("ecr:*"))
    narrow = {"Version": "2012-10-17", "Statement": [allow("ecr:Describe*")]}
    for policy in (narrow, json.dumps(narrow)):
        with lab.act_as(ci, session_policy=policy):
            said = refusal(lambda: lab.client("ecr").list_images(repositoryName="team/api"))
            assert said.endswith("because no session policy allows the ecr:ListImages action")


def test_an_organization_that_is_only_said(lab):
    """``organization=`` puts the caller's account into one without building it."""
    reader = role(lab.client("iam"), "reader")
    condition = {"StringEquals": {"aws:PrincipalOrgID": "o-exampleorg1"}}
    policy = document({"Effect": "Allow", "Principal": "*", "Action": "ecr:ListImages", "Condition": condition})
    lab.client("ecr").set_repository_policy(repositoryName="team/api", policyText=policy)
    with lab.act_as(reader, organization="o-exampleorg1") as reading:
        reading.client("ecr").list_images(repositoryName="team/api")
    with lab.act_as(reader) as reading:
        refusal(lambda: reading.client("ecr").list_images(repositoryName="team/api"))


def test_the_policy_of_an_endpoint(lab):
    """An endpoint that EC2 knows has a say; one that it does not know is only an id in conditions."""
    ec2, ecr = lab.client("ec2"), lab.client("ecr")
    pulls = document({"Effect": "Allow", "Principal": "*", "Action": list(access.PULL), "Resource": "*"})
    service = "com.amazonaws.us-east-1.ecr.api"
    made = ec2.create_vpc_endpoint(
        VpcId=ec2.describe_vpcs()["Vpcs"][0]["VpcId"],
        ServiceName=service,
        VpcEndpointType="Interface",
        PolicyDocument=pulls,
    )
    ci = role(lab.client("iam"), "ci", allow("ecr:*"))
    with lab.act_as(ci, vpc_endpoint=made["VpcEndpoint"]["VpcEndpointId"]):
        ecr.batch_get_image(repositoryName="team/api", imageIds=[{"imageTag": "1.0"}])
        said = refusal(lambda: ecr.list_images(repositoryName="team/api"))
    assert said.endswith("because no VPC endpoint policy allows the ecr:ListImages action")
    with lab.act_as(ci, vpc_endpoint="vpce-0a1b2c3d"):
        ecr.list_images(repositoryName="team/api")


def test_the_cards_say_who_acts(lab):
    """The lab's card has the caller's ARN, and the caller's own card the terms."""
    role(lab.client("iam"), "ci")
    arn = f"arn:aws:sts::{OWN}:assumed-role/ci/learner"
    assert "Acting as" not in str(lab.card())
    with lab.act_as(CI, source_ip="203.0.113.7", vpc_endpoint="vpce-0a1b2c3d", tags={"team": "payments"}) as acting:
        assert f"  Acting as   {arn}" in str(lab.card()).splitlines()
        assert str(acting) == (
            "○ The lab acts as somebody else\n"
            f"  Caller        {arn}\n"
            "  Address       203.0.113.7\n"
            "  VPC endpoint  vpce-0a1b2c3d\n"
            "  Tags          team=payments\n"
            "  Its clients sign as this caller until `lab.act_as(None)`, or until the end of the `with` block."
        )


def test_a_callers_clients_are_kept(lab):
    """As the lab's are: the same service in the same region is the same client; others are checked likewise."""
    role(lab.client("iam"), "ci")
    acting = lab.act_as(CI)
    assert acting.client("ecr") is acting.client("ecr")
    assert "eu-west-1" == acting.client("ecr", region="eu-west-1").meta.region_name
    for wrong in (("erc", None), ("ecr", "eu-west-9")):
        with pytest.raises(InvalidInput):
            acting.client(wrong[0], region=wrong[1])


def test_callers_may_end_in_any_order(lab):
    """Who ends is left out; who acts on is who began last of those that are left."""
    iam, sts = lab.client("iam"), lab.client("sts")
    first, second = lab.act_as(role(iam, "first")), lab.act_as(role(iam, "second"))
    first.close()
    assert second.arn == sts.get_caller_identity()["Arn"]
    second.close()
    second.close()
    assert f"arn:aws:iam::{OWN}:user/learner" == sts.get_caller_identity()["Arn"]


def test_cleaning_up_is_the_administrators(lab):
    """Whoever the lab acts as, it sees and removes what it made."""
    role(lab.client("iam"), "ci")
    with lab.act_as(CI) as acting:
        assert 1 == len(lab.clean_up(dry_run=False).owned)
        assert acting.arn == lab.client("sts").get_caller_identity()["Arn"]


def test_closing_the_lab_ends_it(lab):
    """A caller's clients are refused as the lab's are, and a new lab acts as nobody."""
    role(lab.client("iam"), "ci")
    acting = lab.act_as(CI)
    ecr = acting.client("ecr")
    lab.close()
    for call in (ecr.describe_registry, lambda: acting.client("sts"), lambda: lab.act_as(CI), lab.why):
        with pytest.raises(NoOpenLab):
            call()
    acting.close()
    with open_lab() as following:
        assert f"arn:aws:iam::{OWN}:user/learner" == following.client("sts").get_caller_identity()["Arn"]
        assert "Nothing was refused by a policy yet" in str(following.why())


def test_a_compatible_lab_refuses_nobody():
    """It is as lenient as moto; acting changes who signs, and nothing else."""
    with open_lab(strict=False) as lab:
        role(lab.client("iam"), "ci")
        with lab.act_as(CI):
            assert "assumed-role/ci/learner" in lab.client("sts").get_caller_identity()["Arn"]
            lab.client("ecr").create_repository(repositoryName="team/api")


MISSPELLED = {  # id: (principal, parameters, the whole message)
    "no such role": (
        f"arn:aws:iam::{OWN}:role/ic",
        {},
        f"act_as('arn:aws:iam::{OWN}:role/ic'): IAM knows no such user or role; did you mean '{CI}'?",
    ),
    "another account": (
        f"arn:aws:iam::{OTHER}:role/ci",
        {},
        f"act_as('arn:aws:iam::{OTHER}:role/ci'): IAM knows no such user or role; did you mean '{CI}'?",
    ),
    "no such session": (
        f"arn:aws:sts::{OWN}:assumed-role/ic/run-7",
        {},
        f"act_as('arn:aws:sts::{OWN}:assumed-role/ic/run-7'): IAM knows no such user or role; did you mean '{CI}'?",
    ),
    "a user of whom nothing is near": (
        f"arn:aws:iam::{OWN}:user/" + 90 * "x",
        {},
        f"act_as('arn:aws:iam::{OWN}:user/" + 90 * "x" + "'): IAM knows no such user or role; "
        "create it with the account's IAM client",
    ),
    "a session policy for a root": (
        f"arn:aws:iam::{OTHER}:root",
        {"session_policy": {"Version": "2012-10-17", "Statement": [allow("ecr:*")]}},
        "act_as(session_policy=…): only a role has sessions; act as a role, or leave it out",
    ),
    "a service": (
        "lambda.amazonaws.com",
        {},
        "act_as('lambda.amazonaws.com'): a lab cannot act as the service lambda.amazonaws.com; "
        "name a user, a role or an account's root",
    ),
    "anybody": (
        "*",
        {},
        "act_as('*'): a lab cannot act as an anonymous caller; name a user, a role or an account's root",
    ),
    "a federated user": (
        f"arn:aws:sts::{OWN}:federated-user/guest",
        {},
        f"act_as('arn:aws:sts::{OWN}:federated-user/guest'): "
        f"a lab cannot act as federated user guest of account {OWN}; "
        "name a user, a role or an account's root",
    ),
    "a name": (
        "ci",
        {},
        "principal 'ci': it is neither the ARN of a user, role, session or account, nor the name of a service, "
        "nor '*'; e.g. 'arn:aws:iam::111122223333:role/ci' or 'lambda.amazonaws.com'",
    ),
    "a number": (
        111122223333,
        {},
        "act_as: 111122223333 is no text; write an ARN: 'arn:aws:iam::111122223333:role/ci'",
    ),
    "a session's name": (
        CI,
        {"session_name": "build 7"},
        "act_as(session_name=…): 'build 7' is not a session's name; take 2 to 64 letters, digits or _+=,.@-",
    ),
    "an address": (
        CI,
        {"source_ip": "203.0.113.0/24"},
        "act_as(source_ip=…): '203.0.113.0/24' is not an IP address; write one address, e.g. '203.0.113.7'",
    ),
    "an endpoint": (
        CI,
        {"vpc_endpoint": "vpc-0a1b2c3d"},
        "act_as(vpc_endpoint=…): 'vpc-0a1b2c3d' is not an id that begins with vpce-; "
        "write it like 'vpce-0a1b2c3d4e5f60718'",
    ),
    "a VPC": (
        CI,
        {"vpc": 5},
        "act_as(vpc=…): 5 is not an id that begins with vpc-; write it like 'vpc-0a1b2c3d4e5f60718'",
    ),
    "an organization": (
        CI,
        {"organization": "acme"},
        "act_as(organization=…): 'acme' is not an id that begins with o-; write it like 'o-exampleorg1'",
    ),
    "tags": (
        CI,
        {"tags": {"team": 5}},
        "act_as(tags=…): {'team': 5} is not a dictionary of texts; write {'team': 'payments'}",
    ),
    "a session policy": (
        CI,
        {"session_policy": {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "ecr:*"}]}},
        "act_as(session_policy=…): Statement[0].Resource: it is missing; "
        "a session policy has to say on what: an ARN, or '*'",
    ),
}


@pytest.mark.parametrize(("arn", "parameters", "message"), MISSPELLED.values(), ids=MISSPELLED)
def test_error_nobody_to_act_as(lab, arn, parameters, message):
    """What cannot be is answered in one line, with a near name if there is one; the lab acts as before."""
    role(lab.client("iam"), "ci")
    with pytest.raises(InvalidInput) as error:
        lab.act_as(arn, **parameters)
    assert message == str(error.value)
    assert f"arn:aws:iam::{OWN}:user/learner" == lab.client("sts").get_caller_identity()["Arn"]


# --- on a real account, for which moto stands in --------------------------------------------------------------------

REAL = "123456789012"  # moto's own


@pytest.fixture
def real(aws_files) -> Iterator[Lab]:
    """A lab in Mode Aws, in an account with a role ``ci`` that somebody has made outside the lab."""
    emulator.install()
    with mock_aws(), open_lab(Aws(profile="course", account_id=REAL)) as lab:
        role(boto3.Session("AKIASOMEBODYELSE0000", "secret").client("iam"), "ci", allow("ecr:List*"))
        lab.client("ecr").create_repository(repositoryName=lab.repository_name("api"))
        yield lab
    emulator.uninstall()


def test_a_real_role_is_assumed(real):
    """AWS STS begins a session with the profile's keys; clients made before sign as it, and AWS decides."""
    ecr, sts, name = real.client("ecr"), real.client("sts"), real.repository_name("api")
    ci = f"arn:aws:iam::{REAL}:role/ci"
    own = sts.get_caller_identity()["Arn"]
    with real.act_as(ci, session_name="build-7", tags={"team": "payments"}) as acting:
        assert f"arn:aws:sts::{REAL}:assumed-role/ci/build-7" == acting.arn == sts.get_caller_identity()["Arn"]
        ecr.list_images(repositoryName=name)
        refusal(lambda: ecr.describe_images(repositoryName=name))
        with real.act_as(ci, session_policy={"Version": "2012-10-17", "Statement": [allow("s3:*")]}) as inner:
            refusal(lambda: inner.client("ecr").list_images(repositoryName=name))
        assert "at most 0.00 USD a month" in str(real.card())
        assert [name] == [found.repository for found in real.clean_up().owned]
    assert own == sts.get_caller_identity()["Arn"]


def test_a_refusal_by_a_real_account_is_not_explained(real):
    """AWS keeps its reasons; the card says where they can be had."""
    with real.act_as(f"arn:aws:iam::{REAL}:role/ci"):
        refusal(real.client("ecr").describe_registry)
    assert str(real.why()) == (
        "☁ A refusal by a real account cannot be explained here\n"
        "  AWS does not say which policy decided. Build the case again in Mode Mock: `lab = open_lab()`."
    )


ONLY_EMULATED = {  # id: (error, principal, parameters, the whole message)
    "an address": (
        InvalidInput,
        f"arn:aws:iam::{REAL}:role/ci",
        {"source_ip": "203.0.113.7"},
        "act_as(source_ip=…): on a real account requests come the way they come; "
        "leave it out, or use open_lab() in Mode Mock",
    ),
    "a user": (
        InvalidInput,
        f"arn:aws:iam::{REAL}:user/ana",
        {},
        f"act_as('arn:aws:iam::{REAL}:user/ana'): on a real account a lab can only act as a role; "
        "name one: 'arn:aws:iam::…:role/…'",
    ),
    "another account": (
        AccountMismatch,
        f"arn:aws:iam::{OTHER}:role/ci",
        {},
        f"act_as('arn:aws:iam::{OTHER}:role/ci'): the role is account {OTHER}'s and the lab works in {REAL}; "
        "name a role of this account",
    ),
}


@pytest.mark.parametrize(("kind", "arn", "parameters", "message"), ONLY_EMULATED.values(), ids=ONLY_EMULATED)
def test_error_on_a_real_account(real, kind, arn, parameters, message):
    """What only an emulator can pretend is refused, and so is another account than the one that was named."""
    with pytest.raises(kind) as error:
        real.act_as(arn, **parameters)
    assert message == str(error.value)


@pytest.mark.filterwarnings("ignore:Exception.STSClientError.:UserWarning")  # moto does not list this code
def test_error_sts_refuses_the_role(real, monkeypatch):
    """AWS's answer becomes one line with the way out."""

    def refuse(*_, **__):
        raise STSClientError("AccessDenied", f"User: me is not authorized to perform: sts:AssumeRole on resource: {CI}")

    monkeypatch.setattr(STSBackend, "assume_role", refuse)
    with pytest.raises(AwsCallError) as error:
        real.act_as(f"arn:aws:iam::{REAL}:role/ci")
    assert str(error.value) == (
        f"AssumeRole on role 'arn:aws:iam::{REAL}:role/ci': AccessDenied: User: me is not authorized to perform: "
        f"sts:AssumeRole on resource: {CI}; allow this action for your identity, and look for a Deny in every policy "
        "that applies"
    )
