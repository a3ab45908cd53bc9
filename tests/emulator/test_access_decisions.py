"""Who may do what: every call of a caller whom IAM knows is decided, by the engine of ecrlab.access and no other."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

import boto3
import pytest
import requests
from access_world import API, OTHER, OWN, REGION, allow, client, document, user
from botocore.exceptions import ClientError
from client_world import digest_of, refusal
from ecrlab import access, emulator
from ecrlab.access import Policies, PolicyKind, Principal, Request
from ecrlab.clock import START, ManualClock
from ecrlab.emulator.authorizing import Caller, decisions
from ecrlab.emulator.moto_adapter import desk
from ecrlab.emulator.state import Registry
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from moto import mock_aws

TABLE = json.loads((Path(__file__).parent / "access_decisions.json").read_text("utf-8"))["cases"]
CALLERS = {"ana": OWN, "ben": OTHER}


@pytest.fixture
def registry(world):
    """The registry of the table; the client is one whom IAM does not know."""
    tags = [{"Key": "team", "Value": "payments"}]
    world.ecr.tag_resource(resourceArn=API, tags=tags)
    world.ecr.create_repository(repositoryName="team/web")
    return world.ecr


@pytest.mark.parametrize("case", TABLE.values(), ids=TABLE)
def test_a_call_is_decided(case, registry):
    """The answer is AWS's AccessDeniedException with its whole sentence, or the call goes through."""
    if "repository" in case:
        registry.set_repository_policy(repositoryName="team/api", policyText=document(*case["repository"]))
    if "registry" in case:
        registry.put_registry_policy(policyText=document(*case["registry"]))
    name = case.get("caller", "ana")
    tags = [{"Key": "team", "Value": "payments"}]
    ecr = client("ecr", user(name, *case.get("identity", ()), account=CALLERS[name], Tags=tags))
    operation, parameters = case["call"]
    if case["refused"] is None:
        getattr(ecr, operation)(**parameters)
        assert desk().last_refusal is None
    else:
        assert ("AccessDeniedException", case["refused"]) == refusal(getattr(ecr, operation), **parameters)
        assert case["refused"] == desk().last_refusal.aws_message


def test_a_refusal_is_the_json_protocols(registry):
    """Status 400, the code as botocore reads it, and the operation in its sentence."""
    ecr = client("ecr", user("ana"))
    with pytest.raises(ClientError) as refused:
        ecr.put_image(repositoryName="team/api", imageManifest="{}")
    assert 400 == refused.value.response["ResponseMetadata"]["HTTPStatusCode"]
    assert str(refused.value) == (
        "An error occurred (AccessDeniedException) when calling the PutImage operation: User: "
        f"arn:aws:iam::{OWN}:user/ana is not authorized to perform: ecr:PutImage on resource: {API} "
        "because no identity-based policy allows the ecr:PutImage action"
    )


def test_a_refused_call_changes_nothing(registry):
    """It is decided before the operation runs."""
    ecr = client("ecr", user("ana", allow("ecr:Describe*")))
    before = registry.describe_repositories()["repositories"]
    for call, parameters in (
        (ecr.delete_repository, {"repositoryName": "team/api"}),
        (ecr.put_image_tag_mutability, {"repositoryName": "team/api", "imageTagMutability": "IMMUTABLE"}),
        (ecr.create_repository, {"repositoryName": "team/new"}),
    ):
        assert "AccessDeniedException" == refusal(call, **parameters)[0]
    assert before == registry.describe_repositories()["repositories"]


def test_a_downloaded_layer_is_signed_for_and_not_decided(world):
    """Whoever was given the address of a layer may fetch it, as from S3."""
    world.push(b"layer")
    ecr = client("ecr", user("ana", allow("ecr:GetDownloadUrlForLayer")))
    address = ecr.get_download_url_for_layer(repositoryName="team/api", layerDigest=digest_of(b"layer"))["downloadUrl"]
    assert b"layer" == requests.get(address, timeout=5).content


def test_nobody_is_refused_in_the_compatible_setting(clock):
    """Tests that were written against moto call with keys of users that have no policies."""
    emulator.install(strict=False, clock=clock)
    with mock_aws():
        ecr = client("ecr", user("ana"))
        ecr.create_repository(repositoryName="team/api")
        assert ["team/api"] == [found["repositoryName"] for found in ecr.describe_repositories()["repositories"]]
    emulator.uninstall()


# --- one engine ----------------------------------------------------------------------------------------------------

ACTIONS = ("ecr:ListImages", "ecr:BatchGetImage", "ecr:*", "ecr:List*", "ecr:DeleteRepository")
RESOURCES = ("*", API, f"arn:aws:ecr:{REGION}:{OWN}:repository/team/*", f"arn:aws:ecr:{REGION}:{OWN}:repository/x")
NAMES = ("*", f"arn:aws:iam::{OWN}:root", f"arn:aws:iam::{OWN}:user/ana", f"arn:aws:iam::{OTHER}:root")
CONDITIONS = (
    {},
    {"StringEquals": {"aws:RequestedRegion": REGION}},
    {"StringNotEquals": {"aws:SourceVpce": "vpce-0a1b2c3d"}},
    {"Bool": {"aws:SecureTransport": "false"}},
    {"StringLike": {"aws:ResourceTag/team": "pay*"}},
)
CALLS = {
    "list_images": ("ecr:ListImages", {"repositoryName": "team/api"}),
    "batch_get_image": ("ecr:BatchGetImage", {"repositoryName": "team/api", "imageIds": [{"imageTag": "v1"}]}),
}


def statements(of_resource: bool):
    """Draw a few statements of an identity policy, or of one on a resource."""
    elements = {
        "Effect": st.sampled_from(("Allow", "Allow", "Deny")),
        "Action": st.sampled_from(ACTIONS),
        "Condition": st.sampled_from(CONDITIONS),
    }
    if of_resource:
        elements["Principal"] = st.sampled_from(NAMES).map(lambda name: {"AWS": name})
    else:
        elements["Resource"] = st.sampled_from(RESOURCES)
    return st.lists(st.fixed_dictionaries(elements), max_size=3)


@pytest.fixture(scope="module")
def signed_by():
    """A registry for all examples: its administrator's client, ana's client, and the IAM client."""
    emulator.install(clock=ManualClock())
    with mock_aws():
        owner = boto3.client("ecr", region_name=REGION)
        owner.create_repository(repositoryName="team/api", tags=[{"Key": "team", "Value": "payments"}])
        yield owner, client("ecr", user("ana")), client("iam")
    emulator.uninstall()


@given(statements(False), statements(True), st.sampled_from(sorted(CALLS)))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_engine_alone_decides(signed_by, identity, repository, operation):
    """A call through boto3 ends as ``access.decide`` ends on the same policies and the same request."""
    owner, ecr, iam = signed_by
    for name in iam.list_user_policies(UserName="ana")["PolicyNames"]:
        iam.delete_user_policy(UserName="ana", PolicyName=name)
    with suppress(owner.exceptions.RepositoryPolicyNotFoundException):
        owner.delete_repository_policy(repositoryName="team/api")
    policies = {}
    if identity:
        text = document(*identity)
        iam.put_user_policy(UserName="ana", PolicyName="own", PolicyDocument=text)
        policies["identity"] = (access.parse(text, PolicyKind.IDENTITY),)
    if repository:
        text = document(*repository)
        owner.set_repository_policy(repositoryName="team/api", policyText=text, force=True)
        policies["repository"] = access.parse(text, PolicyKind.REPOSITORY)
    action, parameters = CALLS[operation]
    context = {"aws:RequestedRegion": REGION, "aws:SecureTransport": "true", "aws:ResourceTag/team": "payments"}
    request = Request(Principal.of(f"arn:aws:iam::{OWN}:user/ana"), action, API, OWN, context)
    expected = access.decide(request, Policies(**policies))
    try:
        getattr(ecr, operation)(**parameters)
        said = ""
    except ClientError as refused:
        said = refused.response["Error"]["Message"]
    assert expected.aws_message == said


def test_deciding_needs_neither_http_nor_moto():
    """Any door can ask: a caller, an operation and the registry are enough."""
    registry = Registry(OWN, REGION)
    pulls = access.parse(document(allow(*access.PULL)), PolicyKind.IDENTITY)
    caller = Caller(Principal.of(f"arn:aws:iam::{OWN}:role/ci"), (pulls,))
    may = {
        operation: [made.allowed for made in decisions(caller, operation, {"repositoryName": "a"}, registry, START)]
        for operation in ("BatchGetImage", "PutImage")
    }
    assert {"BatchGetImage": [True], "PutImage": [False]} == may
