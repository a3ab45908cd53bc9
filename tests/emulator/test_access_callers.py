"""Whose key is whose, and what follows: users and their groups, roles, sessions and tokens of STS, organizations."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from access_world import API, OTHER, OWN, allow, assumed, client, deny, document, role, user
from botocore.exceptions import ClientError
from client_world import refusal
from ecrlab.emulator.moto_adapter import desk
from ecrlab.emulator.operations.authorization import verify
from ecrlab.errors import InvalidPolicy
from moto.iam.models import iam_backends

LIST = {"repositoryName": "team/api"}
PULL_ONLY = "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryPullOnly"


def lists(keys: dict) -> bool:
    """Tell whether somebody may list the images of team/api."""
    ecr = client("ecr", keys)
    try:
        ecr.list_images(**LIST)
    except ClientError as refused:
        if refused.response["Error"]["Code"] != "AccessDeniedException":
            raise
        return False
    return True


def who(keys: dict) -> tuple[str, str]:
    """Return account and ARN, as STS tells them."""
    identity = client("sts", keys).get_caller_identity()
    return identity["Account"], identity["Arn"]


def managed(name: str, *statements: dict) -> str:
    """Make a managed policy; return its ARN."""
    return client("iam").create_policy(PolicyName=name, PolicyDocument=document(*statements))["Policy"]["Arn"]


@pytest.mark.usefixtures("world")
class TestUsers:
    """IAM users, by their access keys."""

    def test_a_managed_policy(self):
        """What is attached counts, in its default version."""
        keys = user("ana")
        arn = managed("lists", deny("ecr:*"))
        client("iam").attach_user_policy(UserName="ana", PolicyArn=arn)
        assert not lists(keys)
        client("iam").create_policy_version(
            PolicyArn=arn, PolicyDocument=document(allow("ecr:ListImages")), SetAsDefault=True
        )
        assert lists(keys)

    def test_the_policies_of_groups(self):
        """A user has those of every group, inline and attached; leaving the group ends it."""
        iam = client("iam")
        keys = user("ana")
        iam.create_group(GroupName="readers")
        iam.put_group_policy(GroupName="readers", PolicyName="own", PolicyDocument=document(allow("ecr:List*")))
        assert not lists(keys)
        iam.add_user_to_group(GroupName="readers", UserName="ana")
        assert lists(keys)
        iam.attach_group_policy(GroupName="readers", PolicyArn=managed("nothing", deny("ecr:*")))
        assert not lists(keys)
        iam.remove_user_from_group(GroupName="readers", UserName="ana")
        assert "no identity-based policy" in refusal(client("ecr", keys).list_images, **LIST)[1]

    def test_a_key_that_is_switched_off(self):
        """AWS does not know it any more."""
        keys = user("ana", allow("ecr:*"))
        client("iam").update_access_key(UserName="ana", AccessKeyId=keys["AccessKeyId"], Status="Inactive")
        expected = ("UnrecognizedClientException", "The security token included in the request is invalid.")
        assert expected == refusal(client("ecr", keys).list_images, **LIST)

    def test_the_keys_of_a_user_that_is_gone(self):
        """They are nobody's, and do not fall back to those of somebody unknown."""
        token = client("sts", user("ana", allow("ecr:*"))).get_session_token()["Credentials"]
        iam_backends[OWN]["aws"].users.clear()
        assert "UnrecognizedClientException" == refusal(client("ecr", token).list_images, **LIST)[0]

    def test_a_session_token_is_the_users(self):
        """GetSessionToken hands out keys that may do what the user may, and are named as the user."""
        keys = user("ana", allow("ecr:ListImages"))
        token = client("sts", keys).get_session_token()["Credentials"]
        assert token["AccessKeyId"].startswith("ASIA")
        assert who(keys) == who(token)
        assert lists(token)
        assert f"User: arn:aws:iam::{OWN}:user/ana is" in refusal(client("ecr", token).describe_registry)[1]

    def test_a_token_of_ecr_belongs_to_the_key(self, world):
        """The registry's door will know by it whom to decide about."""
        keys = user("ana", allow("ecr:GetAuthorizationToken"))
        (data,) = client("ecr", keys).get_authorization_token()["authorizationData"]
        assert keys["AccessKeyId"] == verify(data["authorizationToken"], world.clock.now()).principal


@pytest.mark.usefixtures("world")
class TestSessions:
    """Roles, by the sessions that STS begins."""

    def test_a_session_goes_by_its_roles_policies(self):
        """Inline and attached ones."""
        ci = role("ci")
        keys = assumed(ci)
        assert (OWN, f"arn:aws:sts::{OWN}:assumed-role/ci/build-7") == who(keys)
        assert not lists(keys)
        client("iam").attach_role_policy(RoleName="ci", PolicyArn=managed("lists", allow("ecr:ListImages")))
        assert lists(keys)

    def test_a_boundary_limits(self):
        """An Allow counts only within the permissions boundary."""
        arn = managed("only-describe", allow("ecr:Describe*"))
        keys = assumed(role("ci", allow("ecr:*"), PermissionsBoundary=arn))
        said = refusal(client("ecr", keys).list_images, **LIST)[1]
        assert said.endswith("because no permissions boundary allows the ecr:ListImages action")
        client("iam").delete_role_permissions_boundary(RoleName="ci")
        assert lists(keys)

    def test_session_policies_limit(self):
        """A policy in the call of AssumeRole and managed ones narrow the session, and only it."""
        ci = role("ci", allow("ecr:*"))
        narrow = managed("only-describe", allow("ecr:Describe*"))
        assert lists(assumed(ci))
        assert not lists(assumed(ci, Policy=document(allow("ecr:Describe*"))))
        by_arn = assumed(ci, PolicyArns=[{"arn": narrow}])
        said = refusal(client("ecr", by_arn).list_images, **LIST)[1]
        assert said.endswith("because no session policy allows the ecr:ListImages action")
        assert lists(assumed(ci, Policy=document(allow("ecr:List*")), PolicyArns=[{"arn": narrow}]))

    def test_tags_of_role_and_session(self):
        """``aws:PrincipalTag`` has the role's tags, and over them the session's."""
        mine = allow("ecr:*", Condition={"StringEquals": {"aws:PrincipalTag/team": "payments"}})
        ci = role("ci", mine, Tags=[{"Key": "team", "Value": "search"}])
        assert not lists(assumed(ci))
        assert lists(assumed(ci, Tags=[{"Key": "team", "Value": "payments"}]))

    def test_a_role_with_a_path(self):
        """The ARN of a session leaves the path out; the role is found nevertheless."""
        ci = role("ci", allow("ecr:ListImages"), Path="/build/")
        assert f"arn:aws:iam::{OWN}:role/build/ci" == ci
        assert lists(assumed(ci))

    def test_a_resource_policy_names_role_or_session(self, world):
        """Naming the role needs the session policy to allow as well; naming the session does not."""
        keys = assumed(role("ci"), Policy=document(allow("ecr:Describe*")))
        for name, allowed in (
            (f"arn:aws:iam::{OWN}:role/ci", False),
            (f"arn:aws:sts::{OWN}:assumed-role/ci/build-7", True),
        ):
            policy = document({"Effect": "Allow", "Principal": {"AWS": name}, "Action": "ecr:ListImages"})
            world.ecr.set_repository_policy(repositoryName="team/api", policyText=policy)
            assert allowed == lists(keys)

    def test_who_it_is_in_conditions(self):
        """``aws:userid`` is the role's id and the session's name, ``aws:PrincipalArn`` the role's ARN."""
        ci = role("ci")
        role_id = client("iam").get_role(RoleName="ci")["Role"]["RoleId"]
        condition = {
            "StringEquals": {"aws:userid": f"{role_id}:build-7", "aws:PrincipalType": "AssumedRole"},
            "ArnEquals": {"aws:PrincipalArn": ci},
        }
        policy = document(allow("ecr:*", Condition=condition))
        client("iam").put_role_policy(RoleName="ci", PolicyName="own", PolicyDocument=policy)
        assert lists(assumed(ci))

    def test_a_role_that_is_not_there_is_nobody(self):
        """It can be assumed all the same; there is nothing to decide by, and so nobody is refused."""
        assert lists(assumed(f"arn:aws:iam::{OWN}:role/nobody-made-this"))

    BROKEN = {
        "an inline policy": (
            {"Policy": "{}"},
            "MalformedPolicyDocument",
            "The policy is malformed: session policy of the call: Statement: it is missing; add a list of statements",
        ),
        "a managed policy that is not there": (
            {"PolicyArns": [{"arn": f"arn:aws:iam::{OWN}:policy/none"}]},
            "ValidationError",
            f"The policy arn:aws:iam::{OWN}:policy/none does not exist",
        ),
    }

    @pytest.mark.parametrize(("parameters", "code", "message"), BROKEN.values(), ids=BROKEN)
    def test_error_session_policies(self, parameters, code, message):
        """STS refuses them before a session begins."""
        ci = role("ci")
        call = client("sts").assume_role
        assert (code, message) == refusal(call, RoleArn=ci, RoleSessionName="build-7", **parameters)


@pytest.mark.usefixtures("world")
class TestFederatedUsers:
    """GetFederationToken: what the user who asks may do, within the policies that are handed over."""

    @pytest.fixture
    def sts(self):
        """The STS client of a user who may do everything with ECR."""
        return client("sts", user("ana", allow("ecr:*")))

    def test_within_the_policy(self, sts):
        """Both have to allow."""
        token = sts.get_federation_token(Name="guest", Policy=document(allow("ecr:List*", "s3:*")))["Credentials"]
        assert (OWN, f"arn:aws:sts::{OWN}:federated-user/guest") == who(token)
        assert lists(token)
        said = refusal(client("ecr", token).describe_registry)[1]
        assert said.endswith("because no session policy allows the ecr:DescribeRegistry action")

    def test_without_a_policy(self, sts, world):
        """It may do nothing but what a resource policy grants it by name."""
        token = sts.get_federation_token(Name="guest")["Credentials"]
        assert not lists(token)
        named = {"AWS": f"arn:aws:sts::{OWN}:federated-user/guest"}
        policy = document({"Effect": "Allow", "Principal": named, "Action": "ecr:ListImages"})
        world.ecr.set_repository_policy(repositoryName="team/api", policyText=policy)
        assert lists(token)

    def test_whoever_is_unknown_gets_motos_token(self):
        """Nobody is decided about who was not made in IAM first."""
        token = client("sts").get_federation_token(Name="guest")["Credentials"]
        assert "AKIAIOSFODNN7EXAMPLE" == token["AccessKeyId"]
        assert lists(token)


@pytest.mark.usefixtures("world")
class TestOrganizations:
    """Service control policies and the organization's id, from moto's Organizations."""

    @pytest.fixture
    def member(self):
        """The organization of OWN, with one more account; its id and the client."""
        organizations = client("organizations")
        organizations.create_organization(FeatureSet="ALL")
        made = organizations.create_account(AccountName="team", Email="team@example.com")
        return organizations, made["CreateAccountStatus"]["AccountId"]

    def limit(self, organizations, target: str, *statements: dict) -> None:
        """Attach a service control policy."""
        made = organizations.create_policy(
            Content=document(*statements), Description="d", Name="limit", Type="SERVICE_CONTROL_POLICY"
        )
        organizations.attach_policy(PolicyId=made["Policy"]["PolicySummary"]["Id"], TargetId=target)

    def test_a_service_control_policy_limits(self, member):
        """A member's user is refused what the root of the organization denies."""
        organizations, account = member
        keys = user("ben", allow("ecr:*"), account=account)
        ecr = client("ecr", keys)
        ecr.describe_registry()
        root = organizations.list_roots()["Roots"][0]["Id"]
        self.limit(organizations, root, {"Effect": "Deny", "Action": "ecr:DescribeRegistry", "Resource": "*"})
        said = refusal(ecr.describe_registry)[1]
        assert said.endswith("with an explicit deny in a service control policy")

    def test_the_management_account_is_not_limited(self, member):
        """Whatever hangs at the root."""
        organizations, _ = member
        root = organizations.list_roots()["Roots"][0]["Id"]
        self.limit(organizations, root, {"Effect": "Deny", "Action": "*", "Resource": "*"})
        assert lists(user("ana", allow("ecr:*")))

    def test_the_organization_in_conditions(self, member, world):
        """``aws:PrincipalOrgID`` and ``aws:PrincipalOrgPaths`` let members in, and nobody else."""
        organizations, account = member
        organization = organizations.describe_organization()["Organization"]["Id"]
        condition = {
            "StringEquals": {"aws:PrincipalOrgID": organization},
            "ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": f"{organization}/r-*/*"},
        }
        policy = document({"Effect": "Allow", "Principal": "*", "Action": "ecr:*", "Condition": condition})
        world.ecr.set_repository_policy(repositoryName="team/api", policyText=policy, force=True)
        here = {"registryId": OWN, "repositoryName": "team/api"}
        for home, allowed in ((account, True), (OTHER, False)):
            ecr = client("ecr", user("ben", allow("ecr:*"), account=home))
            if allowed:
                ecr.list_images(**here)
            else:
                assert "AccessDeniedException" == refusal(ecr.list_images, **here)[0]


@pytest.mark.usefixtures("world")
def test_error_a_policy_that_only_moto_accepts():
    """It is not passed over: the error says which policy it is, whose, and what is wrong."""
    keys = user("ana", allow("ecr:*", Condition={"IpAddress": {"aws:SourceIp": "10.0.0.0/99"}}))
    with pytest.raises(InvalidPolicy) as error:
        client("ecr", keys).list_images(**LIST)
    assert str(error.value) == (
        "identity policy 'own' of user 'ana': Statement[0].Condition.IpAddress.aws:SourceIp: \"10.0.0.0/99\" is not "
        "an address or a range such as 203.0.113.0/24; IpAddress compares with nothing else"
    )


@pytest.mark.usefixtures("world")
def test_error_a_boundary_that_is_gone():
    """IAM on AWS would not let it go."""
    keys = assumed(role("ci", PermissionsBoundary=f"arn:aws:iam::{OWN}:policy/none"))
    with pytest.raises(InvalidPolicy) as error:
        client("ecr", keys).list_images(**LIST)
    assert str(error.value) == (
        f"permissions boundary of role 'ci': IAM has no policy 'arn:aws:iam::{OWN}:policy/none'; "
        "create it, or name another one"
    )


def test_the_clock_of_the_emulator_counts(world):
    """A permission that begins tomorrow begins when the clock gets there."""
    begin = (world.clock.now() + timedelta(days=1)).astimezone(UTC)
    keys = user(
        "ana", allow("ecr:*", Condition={"DateGreaterThan": {"aws:CurrentTime": f"{begin:%Y-%m-%dT%H:%M:%SZ}"}})
    )
    assert not lists(keys)
    world.clock.advance(days=1, seconds=1)
    assert lists(keys)


def test_moto_stays_as_it_is_for_whom_nobody_knows(world):
    """Unknown keys are let through, and named as moto names them."""
    policy = {"Sid": "all", "Effect": "Deny", "Principal": "*", "Action": "ecr:*", "Resource": "*"}
    world.ecr.put_registry_policy(policyText=document(policy))
    assert world.ecr.list_images(**LIST)["imageIds"] == []
    assert (OWN, f"arn:aws:sts::{OWN}:user/moto") == who(
        {"AccessKeyId": "AKIANOBODYKNOWSTHIS0", "SecretAccessKey": "x"}
    )
    assert desk().last_refusal is None
    assert API in json.dumps(world.ecr.describe_repositories(), default=datetime.isoformat)
