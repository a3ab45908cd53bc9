"""Who pulls for a task, and over which network: read from ECS, EC2 and IAM."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ecrlab.deploy.networks import network_of
from ecrlab.deploy.reading import ask
from ecrlab.deploy.roles import role_arn_of, role_of
from ecrlab.deploy.task import Placement
from ecrlab.errors import InvalidInput
from ecrlab.oci import Platform
from ecrlab.workloads import Network, Puller, PullerKind, TaskDefinition

if TYPE_CHECKING:
    from ecrlab.cloud import Lab

__all__ = ["puller_of"]

_ARM_FAMILIES = {"a1", "c6g", "c7g", "c8g", "m6g", "m7g", "m8g", "r6g", "r7g", "r8g", "t4g"}


def puller_of(lab: Lab, definition: TaskDefinition, placement: Placement) -> tuple[Puller, Network]:
    """Read who pulls for a task, and over which network.

    Raises:
        InvalidInput: An execution role or a container instance is missing.
        AwsCallError: AWS refused to tell.
    """
    return _on_fargate(lab, definition, placement) if placement.on_fargate else _on_ec2(lab, definition, placement)


def _on_fargate(lab: Lab, definition: TaskDefinition, placement: Placement) -> tuple[Puller, Network]:
    arn = definition.execution_role_arn
    if arn is None:
        raise InvalidInput(
            f"task definition {definition.family!r}",
            "it has no executionRoleArn, and on Fargate that role pulls private images",
            "name one, e.g. deploy.execution_role(lab)",
        )
    principal, policies = role_of(lab, arn)
    puller = Puller(
        PullerKind.ECS_TASK_EXECUTION_ROLE,
        principal,
        lab.region,
        policies,
        platform=definition.platform or Platform("linux", "amd64"),
        platform_version=placement.platform_version,
    )
    network = network_of(
        lab,
        placement.subnets[0],
        security_groups=placement.security_groups,
        public_ip=placement.assign_public_ip,
    )
    return puller, network


def _on_ec2(lab: Lab, definition: TaskDefinition, placement: Placement) -> tuple[Puller, Network]:
    """Read who pulls on the cluster's first container instance, and over which network: the instance's own."""
    instance = _instance(lab, placement.cluster)
    profile = instance.get("IamInstanceProfile", {}).get("Arn")
    if profile is None:
        fact = "it has no instance profile, so nobody can pull"
        raise InvalidInput(f"instance {instance['InstanceId']}", fact, "start it with one")
    principal, policies = role_of(lab, role_arn_of(lab, profile))
    puller = Puller(
        PullerKind.ECS_INSTANCE_ROLE, principal, lab.region, policies, platform=_platform(instance, definition)
    )
    network = network_of(
        lab,
        instance["SubnetId"],
        security_groups=[group["GroupId"] for group in instance.get("SecurityGroups", ())],
        public_ip=bool(instance.get("PublicIpAddress")),
    )
    return puller, network


def _instance(lab: Lab, cluster: str) -> dict[str, Any]:
    with lab.administrator():
        ecs, ec2, place = lab.client("ecs"), lab.client("ec2"), f"cluster {cluster!r}"
        arns = ask(ecs, "ListContainerInstances", place, cluster=cluster)["containerInstanceArns"]
        if not arns:
            raise InvalidInput(place, "it has no container instance", "add one, or use launch_type='FARGATE'")
        described = ask(ecs, "DescribeContainerInstances", place, cluster=cluster, containerInstances=arns[:1])
        identifier = described["containerInstances"][0]["ec2InstanceId"]
        found = ask(ec2, "DescribeInstances", f"instance {identifier!r}", InstanceIds=[identifier])
    instance: dict[str, Any] = found["Reservations"][0]["Instances"][0]
    return instance


def _platform(instance: Mapping[str, Any], definition: TaskDefinition) -> Platform:
    """The machine decides. Its type tells more than ``Architecture``, in which moto always says x86_64."""
    family = str(instance.get("InstanceType", "")).partition(".")[0]
    system = definition.platform.os if definition.platform else "linux"
    is_arm = instance.get("Architecture") == "arm64" or family in _ARM_FAMILIES
    return Platform(system, "arm64" if is_arm else "amd64")
