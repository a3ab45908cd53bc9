"""The picture of a pull shows each way, what was asked where, and where it ended."""

from __future__ import annotations

import re

import pytest
from ecrlab import oci, show
from ecrlab.access import MANAGED_POLICIES, Policies, PolicyKind, Principal, parse
from ecrlab.errors import InvalidInput
from ecrlab.naming import RepositoryArn
from ecrlab.show.drawing import WIDTH, WORD_ADVANCE
from ecrlab.workloads import Creator, Internet, Network, Puller, PullerKind, Service, StoredRepository, resolve, stored

ROLE = Principal.of("arn:aws:iam::111122223333:role/deploy")
PULL_ONLY = parse(MANAGED_POLICIES["AmazonEC2ContainerRegistryPullOnly"].document, PolicyKind.IDENTITY)
ARN = "arn:aws:ecr:us-east-1:111122223333:repository/prod/booking"
REFERENCE = "111122223333.dkr.ecr.us-east-1.amazonaws.com/prod/booking:1.0"
HELD = StoredRepository(RepositoryArn.parse(ARN), stored(oci.image(oci.layer({"app": "1"})), tags=["1.0"]))


def result(network: Network | None, *, allowed: bool = True, reference: str = REFERENCE, **more: str):
    """Resolve one pull on Fargate."""
    policies = Policies(identity=(PULL_ONLY,) if allowed else ())
    puller = Puller(PullerKind.ECS_TASK_EXECUTION_ROLE, ROLE, "us-east-1", policies, **more)
    return resolve(reference, puller, network, HELD if reference == REFERENCE else None)


def private(*services: Service) -> Network:
    """Return a private subnet with endpoints."""
    return Network.private("us-east-1", services)


ALL = private(*Service)
MANIFEST = "; ✓ read the manifest; ✓ find the image; ✓ choose the platform; ✓ ask for the layers"
CASES = {
    "three endpoints": (
        result(ALL),
        ["✓ ecr.api endpoint; ✓ log in", f"✓ ecr.dkr endpoint{MANIFEST}", "✓ s3 endpoint; ✓ fetch the layers"],
        "✓ started",
    ),
    "no way to the layers": (
        result(private(Service.API, Service.REGISTRY)),
        ["✓ ecr.api endpoint; ✓ log in", f"✓ ecr.dkr endpoint{MANIFEST}", "✗ no way"],
        "✗ not pulled: the layers are out of reach",
    ),
    "no way at all": (
        result(private()),
        ["✗ no way", "not asked any more", "not asked any more"],
        "✗ not pulled: the API of Amazon ECR is out of reach",
    ),
    "no permission": (
        result(Network.public("us-east-1"), allowed=False),
        ["✓ a public IP address and an internet gateway; ✗ log in", "not asked any more", "not asked any more"],
        "✗ not pulled: the login is not allowed",
    ),
    "a login that the platform makes": (
        result(private(Service.REGISTRY, Service.LAYERS), platform_version="1.3.0"),
        ["✓ from within AWS; ✓ log in", f"✓ ecr.dkr endpoint{MANIFEST}", "✓ s3 endpoint; ✓ fetch the layers"],
        "✓ started",
    ),
}


@pytest.mark.parametrize(("pulled", "legs", "end"), CASES.values(), ids=CASES)
def test_three_ways_and_an_end(pulled, legs, end):
    """The text form has a line for each service: the way, and the steps made there; then how it ended."""
    drawn = show.pull(pulled)
    assert legs == [re.sub(r" → [^;]*", "", row).strip() for row in drawn.lines[1:4]]
    assert end == drawn.lines[4]
    assert drawn.lines[0].endswith(f"pulls prod/booking:1.0 from {pulled.network.name}")
    more = [] if pulled.started else [pulled.reason, f"Way out: {pulled.way_out}."]
    assert more == list(drawn.lines[5:])


@pytest.mark.parametrize("pulled", [case[0] for case in CASES.values()], ids=CASES)
def test_what_is_drawn(pulled):
    """Four frames; an arrow for each open way, a broken line for a closed one; no text leaves the picture."""
    drawn = show.pull(pulled)
    opened = sum("✓" in row.split("→")[0] for row in drawn.lines[1:4])
    closed = sum("✗" in row.split("→")[0] for row in drawn.lines[1:4])
    assert (4, opened, opened + closed) == tuple(
        sum(mark in shape for shape in drawn.shapes) for mark in ("<rect", 'class="head"', 'class="line')
    )
    texts = [re.sub("<[^>]*>", "", shape) for shape in drawn.shapes]
    assert max(map(len, texts)) * WORD_ADVANCE <= WIDTH
    assert pulled.reason in drawn.summary


def test_a_shut_endpoint_and_a_nat_gateway_beside_it():
    """The endpoint takes the request, so the picture shows it and not the gateway."""
    shut = resolve(
        REFERENCE,
        CASES["three endpoints"][0].puller,
        Network("us-east-1", Internet.NAT, tuple(_shut(each) for each in ALL.endpoints)),
        HELD,
    )
    assert "  ✗ ecr.api endpoint, shut" == show.pull(shut).lines[1].split(" →")[0]


def _shut(endpoint):
    return type(endpoint)(endpoint.service, endpoint.id, lets_in_443=False)


LAMBDA = Puller.aws_lambda(Creator(ROLE), "us-east-1")
REDIS = result(Network.public("us-east-1"), reference="docker.io/library/redis:7")
HAND = "hand over what workloads.resolve() or task.pull() returned"
DRAW = "draw a pull of a task or a pod from Amazon ECR"
BAD = {
    "no result": (None, f"a value of type NoneType is no pull; {HAND}"),
    "Lambda": (resolve(REFERENCE, LAMBDA, None, HELD), f"Lambda pulls over no network of yours; {DRAW}"),
    "another registry": (REDIS, f"docker.io is not Amazon ECR; {DRAW}"),
}


@pytest.mark.parametrize(("wrong", "message"), BAD.values(), ids=BAD)
def test_bad_input(wrong, message):
    """What has no ways to draw is refused, with what has."""
    with pytest.raises(InvalidInput) as failure:
        show.pull(wrong)
    assert f"show.pull: {message}" == str(failure.value)
