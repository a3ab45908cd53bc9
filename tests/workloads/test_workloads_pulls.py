"""Pulls from beginning to end: what they end with, what the service shows, and why."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from ecrlab.access import Principal
from ecrlab.errors import InvalidInput
from ecrlab.naming import ImageReference, RepositoryArn
from ecrlab.workloads import (
    MESSAGES,
    Dialect,
    Endpoint,
    Network,
    Obstacle,
    Puller,
    PullerKind,
    Service,
    StoredRepository,
    back_off_seconds,
    explain_error,
    resolve,
)
from pull_world import AMD64, ARM64, BOTH, HOME, REGION, pull, puller

CASES = json.loads(Path(__file__).with_name("pulls.json").read_text("utf-8"))["cases"]
IMAGE = f"{HOME}.dkr.ecr.{REGION}.amazonaws.com/team/api:1.0"


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_a_situation(case):
    """Each situation of the table ends as it says, with that text, that reason and that way out."""
    result = pull(case)
    shown = {
        "outcome": result.outcome.name,
        "obstacle": result.obstacle.name if result.obstacle else None,
        "message": result.message,
        "reason": result.reason,
        "way_out": result.way_out,
    }
    assert case["expected"] == {key: value for key, value in shown.items() if value}


def test_an_index_gives_each_machine_its_image():
    """The digest that runs is the platform's; the one that ECS keeps for a deployment is the index's."""
    on_arm = pull({"puller": {"platform": "linux/arm64"}, "repository": {"image": "both"}})
    on_intel = pull({"repository": {"image": "both"}})

    assert (ARM64.digest, AMD64.digest) == (on_arm.digest, on_intel.digest)
    assert BOTH.digest == on_arm.resolved == on_intel.resolved
    assert "linux/arm64" == str(on_arm.platform)
    assert [layer.digest for layer in ARM64.layers] == [layer.digest for layer in on_arm.layers]


def test_the_steps_say_how_far_it_came():
    """A pull stops at its first failure; the steps before it went well, and nothing comes after."""
    result = pull({"network": {"endpoints": ["ecr.api", "ecr.dkr"]}})

    assert [
        "reach the API",
        "log in",
        "reach the registry",
        "read the manifest",
        "find the image",
        "choose the platform",
        "ask for the layers",
        "reach the layers",
    ] == [step.title for step in result.steps]
    assert ["✓"] * 7 + ["✗"] == [step.sign for step in result.steps]


def test_a_result_shows_itself():
    """Card and table carry who, over what, the very text, the reason and the way out, in every form."""
    result = pull({"network": "private"})
    text = str(result)

    assert text.startswith("✗ Not pulled: the API of Amazon ECR is out of reach\n")
    assert "who pulls  role puller of account 111122223333, the task execution role, on Fargate" in text
    assert f"The service shows: {result.message}" in text
    assert "Way out: add an interface endpoint for com.amazonaws.us-east-1.ecr.api, or a NAT gateway." in text
    assert "<table>" in result._repr_html_()
    assert "| 1 | reach the API | ✗ |" in result._repr_markdown_().replace("  ", " ")
    assert "<PullResult NOT_PULLED NO_WAY_TO_API>" == repr(result)


def test_a_text_that_was_never_seen_says_so():
    """A message put together from texts like it is not presented as the service's own."""
    result = pull({"repository": {"state": "ARCHIVED"}})

    assert result.message_is_guess
    assert "A text like this is shown: CannotPullContainerError" in str(result.card())


def test_every_obstacle_has_a_text_in_every_dialect_that_can_meet_it():
    """No pull ends without words; only Lambda compares regions, and Lambda has no network of yours."""
    only_lambda = {Obstacle.NOT_IN_ECR, Obstacle.OTHER_REGION, Obstacle.INDEX_REFUSED, Obstacle.TOO_LARGE}
    of_the_network = {obstacle for obstacle in Obstacle if obstacle.name.startswith("NO_WAY_TO")}
    never_with_lambda = of_the_network | {
        Obstacle.LOGIN_DENIED,
        Obstacle.NO_PLATFORM,
        Obstacle.LAYERS_DENIED,
        Obstacle.BUCKET_DENIED,
    }
    wanted = {
        (dialect, obstacle)
        for dialect in Dialect
        for obstacle in Obstacle
        if obstacle not in (never_with_lambda if dialect is Dialect.LAMBDA else only_lambda)
    }
    assert wanted == set(MESSAGES)
    assert all(message.source.startswith("https://") for message in MESSAGES.values())


EXPLAINED_AS = {
    "NO_WAY_TO_API": {"NO_ROUTE", "NAME_NOT_RESOLVED", "NO_CREDENTIALS"},  # a kubelet tries without a login
    "LOGIN_DENIED": {"ACCESS_DENIED", "ENDPOINT_POLICY", "NO_CREDENTIALS"},
    "NO_WAY_TO_REGISTRY": {"NO_ROUTE"},
    "MANIFEST_DENIED": {"ACCESS_DENIED", "ENDPOINT_POLICY", "EXPLICIT_DENY", "REPOSITORY_POLICY"},
    "REPOSITORY_NOT_FOUND": {"REPOSITORY_MISSING", "TAG_MISSING"},  # containerd does not tell them apart
    "IMAGE_NOT_FOUND": {"TAG_MISSING"},
    "IMAGE_ARCHIVED": {"IMAGE_ARCHIVED", "TAG_MISSING"},
    "NO_PLATFORM": {"PLATFORM_MISMATCH"},
    "LAYERS_DENIED": {"ACCESS_DENIED", "S3_BLOCKED"},  # the text is the same as with the S3 endpoint
    "NO_WAY_TO_LAYERS": {"NO_ROUTE", "S3_BLOCKED"},
    "BUCKET_DENIED": {"S3_BLOCKED"},
    "INDEX_REFUSED": {"INDEX_REFUSED"},
    "OTHER_ARCHITECTURE": {"EXEC_FORMAT"},
}


@pytest.mark.parametrize(
    "case",
    [case for case in CASES if case["expected"].get("obstacle") in EXPLAINED_AS],
    ids=lambda case: case["name"],
)
def test_the_text_that_is_shown_can_be_explained(case):
    """Whoever pastes the text of a failed pull into ``explain_error`` is led to the same cause."""
    expected = case["expected"]
    assert explain_error(expected["message"]).cause.name in EXPLAINED_AS[expected["obstacle"]]


def test_a_pull_through_an_endpoint_carries_no_public_address():
    """``aws:SourceIp`` is a key of requests over the internet, ``aws:SourceVpce`` of those through an endpoint."""
    only_from = {"Effect": "Deny", "Principal": "*", "Action": "ecr:*"}
    home = only_from | {"Condition": {"NotIpAddress": {"aws:SourceIp": "198.51.100.7/32"}}}
    over_nat = {"internet": "NAT", "public_ip": "198.51.100.7"}

    assert pull({"network": over_nat, "repository": {"policy": home}}).started
    assert pull({"network": over_nat | {"public_ip": "198.51.100.8"}, "repository": {"policy": home}}).obstacle is (
        Obstacle.MANIFEST_DENIED
    )


@pytest.mark.parametrize(
    ("failures", "seconds"), [(1, 10), (2, 20), (3, 40), (4, 80), (5, 160), (6, 300), (7, 300), (5000, 300)]
)
def test_a_kubelet_waits_twice_as_long_each_time(failures, seconds):
    """10 seconds after the first failure, twice as long after each further one, never more than 300."""
    assert seconds == back_off_seconds(failures)


def _role() -> Principal:
    return Principal.of(f"arn:aws:iam::{HOME}:role/puller")


def _elsewhere() -> StoredRepository:
    return StoredRepository(RepositoryArn.parse(f"arn:aws:ecr:{REGION}:{HOME}:repository/web"))


BAD = {
    "no network": (
        lambda: resolve(IMAGE, puller({}), None, _elsewhere()),
        f"pull of {IMAGE}: there is no network to pull over; hand over Network.private(region, …)",
    ),
    "nothing known about the registry": (
        lambda: resolve(IMAGE, puller({}), Network.public(REGION)),
        f"pull of {IMAGE}: it is not known what the registry holds; hand over a StoredRepository",
    ),
    "another repository": (
        lambda: resolve(IMAGE, puller({}), Network.public(REGION), _elsewhere()),
        f"pull of {IMAGE}: arn:aws:ecr:us-east-1:111122223333:repository/web is another repository; "
        "hand over the one that the image names",
    ),
    "no platform version": (
        lambda: Puller(PullerKind.ECS_TASK_EXECUTION_ROLE, _role(), REGION, platform_version="newest"),
        "platform version 'newest': Fargate has no such version; write '1.4.0' or 'LATEST'",
    ),
    "a role in the place of Lambda": (
        lambda: Puller(PullerKind.LAMBDA, _role(), REGION),
        "puller 'arn:aws:iam::111122223333:role/puller': it cannot be the service AWS Lambda; "
        "name a role's ARN, or 'lambda.amazonaws.com' for a Lambda function",
    ),
    "two endpoints to one service": (
        lambda: Network(REGION, endpoints=(Endpoint(Service.API, "vpce-1"), Endpoint(Service.API, "vpce-2"))),
        "endpoints of the subnet: two of them lead to ecr.api; name the one whose name is private",
    ),
}


@pytest.mark.parametrize(("call", "message"), BAD.values(), ids=BAD)
def test_error_what_cannot_be_right(call, message):
    """What contradicts itself is refused in one line."""
    with pytest.raises(InvalidInput) as failure:
        call()
    assert message == str(failure.value)


def test_a_reference_that_is_no_text_of_ecr_still_parses():
    """Docker Hub's short names are read as a runtime reads them."""
    assert ImageReference.as_pulled("nginx:1.27") == pull({"pulled": "nginx:1.27"}).reference
