"""A small world for pulls: roles, networks and repositories in a few words, as the table of situations writes them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ecrlab import oci
from ecrlab.access import MANAGED_POLICIES, Policies, PolicyKind, Principal, parse
from ecrlab.naming import ImageReference, RepositoryArn
from ecrlab.oci import Platform
from ecrlab.workloads import (
    Creator,
    Endpoint,
    ImageState,
    Internet,
    Network,
    Puller,
    PullerKind,
    PullResult,
    Service,
    StoredImage,
    StoredRepository,
    resolve,
    stored,
)

HOME, OTHER = "111122223333", "444455556666"
REGION = "us-east-1"
KINDS = {
    "fargate": PullerKind.ECS_TASK_EXECUTION_ROLE,
    "ec2": PullerKind.ECS_INSTANCE_ROLE,
    "node": PullerKind.EKS_NODE_ROLE,
    "pod": PullerKind.EKS_POD_EXECUTION_ROLE,
}

AMD64 = oci.image(oci.layer({"app": "built for amd64"}), config={"Entrypoint": ["/app"]})
ARM64 = oci.image(oci.layer({"app": "built for arm64"}), architecture="arm64", config={"Entrypoint": ["/app"]})
BOTH = oci.index(AMD64, ARM64)
ONLY_ARM = oci.index(ARM64)
IMAGES = {"amd64": AMD64, "arm64": ARM64, "both": BOTH, "only-arm64": ONLY_ARM}


def statement(effect: str, *actions: str, **more: Any) -> dict[str, Any]:
    """Write one statement."""
    return {"Effect": effect, "Action": list(actions), **more}


def policy(kind: PolicyKind, said: Any, name: str):
    """Read a policy: the name of a managed one, one statement, or a list of statements."""
    if isinstance(said, str):
        return parse(MANAGED_POLICIES[said].document, kind, name=said)
    statements = said if isinstance(said, list) else [said]
    return parse({"Version": "2012-10-17", "Statement": statements}, kind, name=name)


def policies(said: Mapping[str, Any]) -> Policies:
    """Read what has a say about a role: ``identity`` and perhaps ``boundary``."""
    identity = said.get("identity", "AmazonEC2ContainerRegistryPullOnly")
    own = (policy(PolicyKind.IDENTITY, identity, "own"),) if identity else ()
    boundary = policy(PolicyKind.BOUNDARY, said["boundary"], "limit") if "boundary" in said else None
    return Policies(identity=own, boundary=boundary)


def puller(said: Mapping[str, Any]) -> Puller:
    """Read who pulls."""
    account, region = said.get("account", HOME), said.get("region", REGION)
    platform = Platform.parse(said.get("platform", "linux/amd64"))
    role = Principal.of(f"arn:aws:iam::{account}:role/{said.get('role', 'puller')}")
    if said.get("kind") == "lambda":
        function = f"arn:aws:lambda:{region}:{account}:function:api"
        return Puller.aws_lambda(Creator(role, policies(said)), region, platform=platform, function_arn=function)
    return Puller(
        KINDS[said.get("kind", "fargate")],
        role,
        region,
        policies(said),
        platform=platform,
        platform_version=said.get("version", "LATEST"),
    )


def endpoint(said: Any) -> Endpoint:
    """Read one endpoint: its service's name, or more about it."""
    if isinstance(said, str):
        said = {"service": said}
    service = Service(said["service"])
    own = policy(PolicyKind.ENDPOINT, said["policy"], f"vpce-{service.name.lower()}") if "policy" in said else None
    return Endpoint(
        service,
        f"vpce-{service.name.lower()}",
        own,
        lets_in_443=said.get("lets_in_443", True),
        private_dns=said.get("private_dns", True),
    )


def network(said: Mapping[str, Any] | str) -> Network:
    """Read a network: ``public``, ``nat``, ``private``, or more about it."""
    if isinstance(said, str):
        said = {"internet": {"public": "PUBLIC_IP", "nat": "NAT", "private": "NONE"}[said]}
    return Network(
        said.get("region", REGION),
        Internet[said.get("internet", "NONE")],
        tuple(endpoint(each) for each in said.get("endpoints", ())),
        lets_out_443=said.get("lets_out_443", True),
        resolves_names=said.get("resolves_names", True),
        vpc_id=said.get("vpc", "vpc-1"),
        public_ip=said.get("public_ip", ""),
        name="subnet-1",
    )


def repository(said: Mapping[str, Any], reference: ImageReference) -> StoredRepository | None:
    """Read what the registry holds; the image that is named lies there under the tag 1.0."""
    host = reference.host
    if host is None:
        return None
    arn = RepositoryArn(host.account_id, host.region, reference.repository)
    state = ImageState(said.get("state", "ACTIVE"))
    held: tuple[StoredImage, ...] = stored(IMAGES[said.get("image", "amd64")], tags=["1.0"], state=state)
    return StoredRepository(
        arn,
        held,
        policy(PolicyKind.REPOSITORY, said["policy"], "repository") if "policy" in said else None,
        policy(PolicyKind.REGISTRY, said["registry_policy"], "registry") if "registry_policy" in said else None,
        exists=said.get("exists", True),
        key_fault=said.get("key_fault", ""),
    )


def pull(case: Mapping[str, Any]) -> PullResult:
    """Resolve the pull that a row of the table describes."""
    named = case.get("pulled", f"{HOME}.dkr.ecr.{REGION}.amazonaws.com/team/api:1.0")
    reference = ImageReference.as_pulled(named)
    who = puller(case.get("puller", {}))
    over = None if who.is_lambda else network(case.get("network", "public"))
    return resolve(reference, who, over, repository(case.get("repository", {}), reference))
