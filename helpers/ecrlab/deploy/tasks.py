"""Tasks of Amazon ECS: registered and run there, with their pulls resolved for real.

The emulator's ECS starts nothing. A task whose image cannot be pulled is stopped there with the text that the service
would show, so that DescribeTasks tells the same story; what it cannot hold is in the value.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ecrlab.cloud import Mock
from ecrlab.deploy.lab_networks import LabNetwork
from ecrlab.deploy.reading import ask
from ecrlab.deploy.repositories import repository_of
from ecrlab.deploy.task import ContainerPull, Placement, Task
from ecrlab.deploy.task_pullers import puller_of
from ecrlab.errors import InvalidInput
from ecrlab.naming import Digest, ImageReference
from ecrlab.workloads import (
    Container,
    LaunchType,
    Network,
    NetworkMode,
    TaskDefinition,
    parse_task_definition,
    resolve,
)

if TYPE_CHECKING:
    from ecrlab.cloud import Lab

__all__ = [
    "TaskDefinitionLike",
    "definition_of",
    "placement_of",
    "preview",
    "register",
    "registered",
    "run_task",
    "start",
    "stop",
]

TaskDefinitionLike = TaskDefinition | Mapping[str, Any] | str
"""A value, a document, JSON text, or the name of a registered one: ``api`` or ``api:3``."""


def register(lab: Lab, document: TaskDefinitionLike) -> str:
    """Register a task definition, and return its ARN.

    Args:
        lab: The open lab.
        document: A task definition as a value, a document or JSON text.

    Raises:
        InvalidDocument: It is no task definition.
        AwsCallError: ECS refused it.
    """
    definition = document if isinstance(document, TaskDefinition) else parse_task_definition(document)
    with lab.administrator():
        asked = {key: value for key, value in definition.document.items() if key not in _ANSWERED}
        asked["containerDefinitions"] = [_with_memory(each, asked) for each in asked["containerDefinitions"]]
        place = f"task definition {definition.family!r}"
        made = ask(lab.client("ecs"), "RegisterTaskDefinition", place, **asked)["taskDefinition"]
    return str(made["taskDefinitionArn"])


# What DescribeTaskDefinition answers and RegisterTaskDefinition does not take.
_ANSWERED = frozenset(
    {
        "compatibilities",
        "deregisteredAt",
        "registeredAt",
        "registeredBy",
        "requiresAttributes",
        "revision",
        "status",
        "taskDefinitionArn",
    }
)


def _with_memory(container: Mapping[str, Any], task: Mapping[str, Any]) -> dict[str, Any]:
    """Give a container the task's memory as its limit, where nothing is said; moto cannot count without."""
    if "memory" in container or "memoryReservation" in container or not str(task.get("memory", "")).isdigit():
        return dict(container)
    return {**container, "memory": int(task["memory"])}


def preview(
    lab: Lab,
    task_definition: TaskDefinitionLike,
    *,
    cluster: str = "course",
    launch_type: str = "FARGATE",
    network: LabNetwork | None = None,
    subnets: Sequence[str] = (),
    security_groups: Sequence[str] = (),
    assign_public_ip: bool = False,
    platform_version: str = "LATEST",
) -> Task:
    """Say what would become of a task, without registering or running it. Only calls that read; see :func:`run_task`.

    On a real account too; there BatchGetImage, which reads the manifest, counts as a pull.
    """
    definition, name = definition_of(lab, task_definition)
    placement = placement_of(
        cluster, launch_type, network, subnets, security_groups, assign_public_ip, platform_version
    )
    return _resolved(lab, definition, name, placement, {})


def run_task(
    lab: Lab,
    task_definition: TaskDefinitionLike,
    *,
    cluster: str = "course",
    launch_type: str = "FARGATE",
    network: LabNetwork | None = None,
    subnets: Sequence[str] = (),
    security_groups: Sequence[str] = (),
    assign_public_ip: bool = False,
    platform_version: str = "LATEST",
) -> Task:
    """Run a task on ECS, and say what became of it.

    Args:
        lab: The open lab.
        task_definition: A value, a document or JSON text, which is registered first; or the name of a registered one.
        cluster: Name of the cluster.
        launch_type: ``FARGATE`` or ``EC2``. On EC2 the first container instance of the cluster takes it.
        network: Subnets and security group in one; or say them singly.
        subnets: Where a Fargate task may be placed; it goes to the first.
        security_groups: Of the task; by default the VPC's own.
        assign_public_ip: Whether the task gets a public address.
        platform_version: Of Fargate: ``LATEST``, ``1.4.0``, ``1.3.0``.

    Returns:
        The task with the pull of each container.

    Raises:
        InvalidInput: Subnets, an execution role or a container instance is missing.
        InvalidDocument: The document is no task definition.
        AwsCallError: AWS refused a call.
    """
    arn = registered(lab, task_definition)
    definition, name = definition_of(lab, arn)
    placement = placement_of(
        cluster, launch_type, network, subnets, security_groups, assign_public_ip, platform_version
    )
    return start(lab, definition, name, placement, {})


def start(
    lab: Lab, definition: TaskDefinition, name: str, placement: Placement, pinned: Mapping[str, Digest | None]
) -> Task:
    """Resolve a task, run it at ECS and stop it there if it cannot start.

    Args:
        lab: The open lab.
        definition: What runs.
        name: Its ARN.
        placement: Where.
        pinned: The digest that a deployment keeps for a container; ``None`` for none.
    """
    task = _resolved(lab, definition, name, placement, pinned)
    has_own_network = definition.network_mode == NetworkMode.AWSVPC
    return replace(task, arn=_at_ecs(lab, task, has_own_network=has_own_network))


def registered(lab: Lab, given: TaskDefinitionLike) -> str:
    """Return the name of a registered task definition; a document is registered first."""
    if isinstance(given, str) and not given.lstrip().startswith("{"):
        return given
    return register(lab, given)


def definition_of(lab: Lab, given: TaskDefinitionLike) -> tuple[TaskDefinition, str]:
    """Return a task definition and its name: an ARN if ECS knows it, else its family."""
    if isinstance(given, TaskDefinition):
        return given, given.family
    if isinstance(given, Mapping) or given.lstrip().startswith("{"):
        parsed = parse_task_definition(given)
        return parsed, parsed.family
    with lab.administrator():
        place = f"task definition {given!r}"
        described = ask(lab.client("ecs"), "DescribeTaskDefinition", place, taskDefinition=given)["taskDefinition"]
    return parse_task_definition(_plain(described)), str(described["taskDefinitionArn"])


def _plain(described: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in described.items() if not isinstance(value, datetime)}


def placement_of(
    cluster: str,
    launch_type: str,
    network: LabNetwork | None,
    subnets: Sequence[str],
    security_groups: Sequence[str],
    assign_public_ip: bool,
    platform_version: str,
) -> Placement:
    """Put together where tasks run.

    Raises:
        InvalidInput: The launch type is none, or a subnet is missing.
    """
    if launch_type not in (LaunchType.FARGATE, LaunchType.EC2):
        raise InvalidInput(f"launch_type={launch_type!r}", "tasks do not run there", "write 'FARGATE' or 'EC2'")
    if network is not None:
        subnets = subnets or network.subnets
        security_groups = security_groups or (network.security_group,)
    if launch_type == LaunchType.FARGATE and not subnets:
        raise InvalidInput("run_task", "a task on Fargate needs a subnet", "hand over network=… or subnets=[…]")
    return Placement(
        cluster,
        LaunchType(launch_type),
        tuple(subnets),
        tuple(security_groups),
        assign_public_ip,
        platform_version,
    )


def _resolved(
    lab: Lab, definition: TaskDefinition, name: str, placement: Placement, pinned: Mapping[str, Digest | None]
) -> Task:
    puller, network = puller_of(lab, definition, placement)
    pulls: list[ContainerPull] = []
    for container in definition.containers:
        reference = _reference(container, pinned.get(container.name))
        result = resolve(reference, puller, network, repository_of(lab, reference))
        pulls.append(ContainerPull(container.name, result, container.essential))
        if pulls[-1].stops_the_task:
            break
    return Task("", name, placement, tuple(pulls), lab.clock.now(), _notes(definition, network))


def _notes(definition: TaskDefinition, network: Network) -> tuple[str, ...]:
    """Say what such a task needs besides its image.

    Source: Amazon ECR User Guide, "Amazon ECR interface VPC endpoints", on the awslogs driver.
    """
    entries = definition.document.get("containerDefinitions", ())
    drivers = {(entry.get("logConfiguration") or {}).get("logDriver") for entry in entries}
    if "awslogs" not in drivers or network.internet.is_open:
        return ()
    endpoint = f"com.amazonaws.{network.region}.logs"
    return (f"The log driver awslogs needs a way to CloudWatch Logs, too: here an interface endpoint for {endpoint}.",)


def _reference(container: Container, digest: Digest | None) -> ImageReference:
    """Read the image; with a digest that a deployment keeps, the tag no longer counts.

    Raises:
        InvalidName: It is no image reference; the message says why.
    """
    reference = ImageReference.as_pulled(container.image)
    return reference if digest is None or reference.digest else replace(reference, digest=digest)


def _at_ecs(lab: Lab, task: Task, *, has_own_network: bool) -> str:
    """Run the task at ECS, and stop it there with the service's own text if it cannot start."""
    placement = task.placement
    if has_own_network and not placement.subnets:
        fact = "its network mode is awsvpc, and no subnet is named"
        raise InvalidInput(f"task {task.task_definition}", fact, "hand over network=… or subnets=[…]")
    if has_own_network and isinstance(lab.mode, Mock) and not _has_host_names(lab, placement.subnets[0]):
        return ""
    asked: dict[str, Any] = {"cluster": placement.cluster, "taskDefinition": task.task_definition, "count": 1}
    asked["launchType"] = placement.launch_type.value
    if has_own_network:
        asked["networkConfiguration"] = placement.network_configuration
    if placement.on_fargate:
        asked["platformVersion"] = placement.platform_version
    with lab.administrator():
        ecs, place = lab.client("ecs"), f"cluster {placement.cluster!r}"
        answer = ask(ecs, "RunTask", place, **asked)
        if not answer["tasks"]:
            fact = str(answer.get("failures") or "no container instance has room for it")
            raise InvalidInput(place, fact, "stop other tasks, or add an instance")
        arn = str(answer["tasks"][0]["taskArn"])
        if not task.started:
            ask(ecs, "StopTask", f"task {arn!r}", cluster=placement.cluster, task=arn, reason=task.stopped_reason)
    return arn


def _has_host_names(lab: Lab, subnet_id: str) -> bool:
    """Tell whether the VPC gives host names; moto's ECS cannot place a task where it does not."""
    with lab.administrator():
        ec2, place = lab.client("ec2"), f"subnet {subnet_id!r}"
        vpc = ask(ec2, "DescribeSubnets", place, SubnetIds=[subnet_id])["Subnets"][0]["VpcId"]
        answer = ask(ec2, "DescribeVpcAttribute", place, VpcId=vpc, Attribute="enableDnsHostnames")
    return bool(answer["EnableDnsHostnames"]["Value"])


def stop(lab: Lab, task: Task, reason: str) -> None:
    """Stop a task at ECS, if ECS took it."""
    if not task.arn:
        return
    with lab.administrator():
        place = f"task {task.arn!r}"
        ask(lab.client("ecs"), "StopTask", place, cluster=task.placement.cluster, task=task.arn, reason=reason)
