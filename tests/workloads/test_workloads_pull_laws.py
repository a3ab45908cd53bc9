"""Laws of pulls, over networks, policies and images at random."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

from ecrlab.naming import ImageReference
from ecrlab.workloads import Endpoint, Internet, Network, Service, resolve
from hypothesis import given
from hypothesis import strategies as st
from pull_world import HOME, IMAGES, REGION, pull, puller, repository

ACTIONS = ("ecr:GetAuthorizationToken", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")
TAGS = ("1.0", "2.0")

actions = st.sets(st.sampled_from([*ACTIONS, "ecr:*", "s3:GetObject"]))
kinds = st.sampled_from(["fargate", "ec2", "node", "pod"])
versions = st.sampled_from(["LATEST", "1.4.0", "1.3.0"])


@st.composite
def networks(draw) -> Network:
    """Draw a network with endpoints, some of them closed or without a private name."""
    endpoints = tuple(
        Endpoint(service, f"vpce-{service.name.lower()}", None, draw(st.booleans()), draw(st.booleans()))
        for service in Service
        if draw(st.booleans())
    )
    return Network(REGION, draw(st.sampled_from(list(Internet))), endpoints, draw(st.booleans()))


@st.composite
def situations(draw) -> dict:
    """Draw everything about a pull but its network."""
    allowed = sorted(draw(actions))
    identity = {"Effect": "Allow", "Action": allowed, "Resource": "*"} if allowed else None
    who = {"kind": draw(kinds), "version": draw(versions), "identity": identity}
    who["platform"] = draw(st.sampled_from(["linux/amd64", "linux/arm64"]))
    held = {"image": draw(st.sampled_from(sorted(IMAGES))), "exists": draw(st.booleans())}
    return {"who": who, "held": held, "tag": draw(st.sampled_from(TAGS))}


def resolved(situation, network):
    """Resolve a drawn situation over a network."""
    reference = ImageReference.parse(f"{HOME}.dkr.ecr.{REGION}.amazonaws.com/team/api:{situation['tag']}")
    return resolve(reference, puller(situation["who"]), network, repository(situation["held"], reference))


@given(situations(), networks(), st.sampled_from(list(Service)))
def test_an_open_endpoint_never_breaks_a_pull(situation, network, service):
    """Whatever started without an endpoint starts with one that lets everything through."""
    opened = network.with_endpoint(Endpoint(service))
    if resolved(situation, network).pulled:
        assert resolved(situation, opened).pulled


@given(situations(), networks())
def test_a_nat_gateway_never_breaks_a_pull(situation, network):
    """A way to the internet adds ways and takes none."""
    if resolved(situation, network).pulled:
        assert resolved(situation, replace(network, internet=Internet.NAT)).pulled


@given(situations(), networks(), st.sampled_from([*ACTIONS, "ecr:*"]))
def test_taking_a_permission_away_never_makes_a_pull_start(situation, network, action):
    """Fewer permissions, no more pulls."""
    identity = situation["who"]["identity"]
    if identity is None:
        return
    left = [each for each in identity["Action"] if each != action]
    fewer = situation | {"who": situation["who"] | {"identity": {**identity, "Action": left} if left else None}}
    if resolved(fewer, network).pulled:
        assert resolved(situation, network).pulled


@given(situations(), networks())
def test_a_result_is_of_one_piece(situation, network):
    """There is a text exactly if something stands in the way, at the last step and at no other; same in, same out."""
    result = resolved(situation, network)

    assert (result.obstacle is None) == (result.message == "") == (result.way_out == "")
    assert [None] * (len(result.steps) - 1) == [step.obstacle for step in result.steps[:-1]]
    assert result.steps[-1].obstacle is result.obstacle
    assert result.pulled == (result.digest is not None and result.steps[-1].title == "start the container")
    assert result == resolved(situation, network)


@given(situations(), networks())
def test_the_order_of_endpoints_does_not_matter(situation, network):
    """Endpoints are a set."""
    turned = replace(network, endpoints=network.endpoints[::-1])
    assert resolved(situation, network).obstacle is resolved(situation, turned).obstacle


def test_before_1_4_0_fewer_endpoints_are_enough():
    """Of the eight sets of endpoints, exactly one lets Fargate 1.4.0 pull, and exactly two let Fargate 1.3.0."""
    sets = [[name for name, there in zip(["ecr.api", "ecr.dkr", "s3"], each, strict=True) if there]
            for each in product([False, True], repeat=3)]  # fmt: skip
    enough = {
        version: [
            each for each in sets if pull({"puller": {"version": version}, "network": {"endpoints": each}}).started
        ]
        for version in ("1.4.0", "1.3.0")
    }
    assert {
        "1.4.0": [["ecr.api", "ecr.dkr", "s3"]],
        "1.3.0": [["ecr.dkr", "s3"], ["ecr.api", "ecr.dkr", "s3"]],
    } == enough
