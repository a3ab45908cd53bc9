"""The table of ECR's actions and AWS's managed policies: complete, and in step with the API."""

import json

import boto3
import pytest
from ecrlab.access.actions import ACTIONS, LOGIN, PULL, PUSH, UNMAPPED, action_of
from ecrlab.access.managed import MANAGED_POLICIES
from ecrlab.errors import InvalidInput
from moto.iam.aws_managed_policies import aws_managed_policies_data

OPERATIONS = boto3.client(
    "ecr", region_name="us-east-1", aws_access_key_id="none", aws_secret_access_key="none"
).meta.service_model.operation_names


def test_there_are_sixty_actions():
    """AWS's table has 60 actions, 25 of them without a resource type, 3 without an operation of their name."""
    rows = ACTIONS.values()
    assert (60, 25, 3) == (
        len(rows),
        sum(not row.takes_repository for row in rows),
        sum(row.permission_only for row in rows),
    )


def test_every_row_says_where_it_comes_from():
    """A row has a known access level, an address and a day."""
    levels = {"Read", "Write", "List", "Tagging", "Permissions management"}
    assert {(True, True, True)} == {
        (row.access_level in levels, row.source.startswith("https://docs.aws.amazon.com/"), row.read.year >= 2026)
        for row in ACTIONS.values()
    }


def test_actions_are_kept_under_their_own_names():
    """The key of a row is its name, and the rows are in alphabetical order."""
    assert sorted(row.name for row in ACTIONS.values()) == list(ACTIONS)


@pytest.mark.parametrize("operation", sorted(OPERATIONS))
def test_every_operation_has_its_action(operation):
    """Every operation that botocore knows is checked as the action of its name, but for those listed by name."""
    expected = {"ListImageReferrers": "ecr:BatchGetImage"}.get(operation, f"ecr:{operation}")
    assert (None if operation in UNMAPPED else expected) == action_of(operation)


def test_unmapped_operations_exist():
    """The list of operations without a known action names real operations only."""
    assert set() == UNMAPPED - set(OPERATIONS)


def test_every_action_is_an_operation_or_permission_only():
    """An action whose name is no operation is marked as permission-only, and no other is."""
    assert {name for name in ACTIONS if name not in OPERATIONS} == {
        name for name, action in ACTIONS.items() if action.permission_only
    }


def test_the_sets_are_made_of_actions():
    """Login needs no repository; every step of a pull and a push does."""
    takes = {action: ACTIONS[action.removeprefix("ecr:")].takes_repository for action in (*LOGIN, *PULL, *PUSH)}
    assert {**dict.fromkeys(LOGIN, False), **dict.fromkeys((*PULL, *PUSH), True)} == takes


def test_account_settings_have_a_key_of_their_own():
    """ecr:AccountSetting comes with the two actions on account settings and no other."""
    assert {"GetAccountSetting", "PutAccountSetting"} == {
        name for name, action in ACTIONS.items() if "ecr:AccountSetting" in action.condition_keys
    }


@pytest.mark.parametrize("operation", ["ReplicateImage", "GetObject", ""])
def test_unknown_operations_are_refused(operation):
    """A permission-only action, another service's operation and nothing at all are no operations of ECR."""
    with pytest.raises(InvalidInput) as caught:
        action_of(operation)
    assert (
        f"operation {operation!r}: it is no operation of the ECR API with a known action; "
        "spell it as botocore does, e.g. 'BatchGetImage'"
    ) == str(caught.value)


MANAGED = MANAGED_POLICIES.values()


@pytest.mark.parametrize("policy", MANAGED, ids=lambda policy: policy.name)
def test_managed_policies_name_real_actions(policy):
    """What AWS's own policies name of ECR is in the table of actions, or is every action."""
    names = {action.removeprefix("ecr:") for action in policy.ecr_actions}
    assert set() == names - {"*"} - ACTIONS.keys()


@pytest.mark.parametrize("policy", MANAGED, ids=lambda policy: policy.name)
def test_managed_policies_are_those_that_moto_knows(policy):
    """The emulator's IAM, which is moto's, attaches the same document under the same ARN as the kit explains."""
    known = json.loads(aws_managed_policies_data)[policy.name]
    arn = f"arn:aws:iam::aws:policy{known['Path']}{policy.name}"
    assert (known["Document"], arn, known["DefaultVersionId"], known["UpdateDate"][:10]) == (
        policy.document,
        policy.arn,
        policy.version,
        str(policy.edited),
    )


def test_a_managed_document_may_be_changed_without_harm():
    """The document handed out is the caller's own copy."""
    policy = MANAGED_POLICIES["AmazonEC2ContainerRegistryPullOnly"]
    policy.document["Statement"][0]["Action"].append("ecr:*")
    assert (
        "ecr:GetAuthorizationToken",
        "ecr:BatchGetImage",
        "ecr:GetDownloadUrlForLayer",
        "ecr:BatchImportUpstreamImage",
    ) == policy.ecr_actions


def test_power_users_cannot_delete_and_node_policies_cannot_pull():
    """Two surprises: PowerUser has no BatchDeleteImage, and the EKS worker node policy has no action of ECR."""
    power, nodes = (
        MANAGED_POLICIES["AmazonEC2ContainerRegistryPowerUser"],
        MANAGED_POLICIES["AmazonEKSWorkerNodePolicy"],
    )
    assert (False, ()) == ("ecr:BatchDeleteImage" in power.ecr_actions, nodes.ecr_actions)


def test_a_managed_policy_shows_its_document():
    """A managed policy shows where it comes from and what it says."""
    shown = str(MANAGED_POLICIES["AmazonEKSWorkerNodePolicy"])
    assert ("arn:aws:iam::aws:policy/AmazonEKSWorkerNodePolicy" in shown, "eks:DescribeCluster" in shown) == (
        True,
        True,
    )
