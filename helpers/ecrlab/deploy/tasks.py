"""Tasks of Amazon ECS: registered and run there, with their pulls resolved for real.

The emulator's ECS starts nothing. A task whose image cannot be pulled is stopped there with the text that the service
would show, so that DescribeTasks tells the same story; what it cannot hold is in the value.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ecrlab.cards import Card, Table, Tone
from ecrlab.cloud import Mock
from ecrlab.deploy.building import LabNetwork
from ecrlab.deploy.networks import network_of
from ecrlab.deploy.reading import ask
from ecrlab.deploy.repositories import repository_of
from ecrlab.deploy.roles import role_arn_of, role_of
from ecrlab.errors import InvalidInput
from ecrlab.naming import Digest, ImageReference
from ecrlab.oci import Platform
from ecrlab.oci.shown import Shown
from ecrlab.workloads import (
    Container,
    LaunchType,
    Network,
    Puller,
    PullerKind,
    PullOutcome,
    PullResult,
    TaskDefinition,
    parse_task_definition,
    resolve,
)

if TYPE_CHECKING:
    from ecrlab.cloud import Lab

__all__ = ["ContainerPull", "Placement", "Task", "preview", "register", "run_task"]

TaskDefinitionLike = TaskDefinition | Mapping[str, Any] | str
"""A value, a document, JSON text, or the name of a registered one: ``api`` or ``api:3``."""

_ARM_FAMILIES = {"a1", "c6g", "c7g", "c8g", "m6g", "m7g", "m8g", "r6g", "r7g", "r8g", "t4g"}


@dataclass(frozen=True, slots=True)
class ContainerPull:
    """The pull of one container.

    Args:
        container: Its name.
        result: How the pull ended.
    """

    container: str
    result: PullResult


@dataclass(frozen=True, slots=True)
class Placement:
    """Where tasks run: everything about them but what they run.

    Args:
        cluster: Name of the ECS cluster.
        launch_type: ``FARGATE`` or ``EC2``.
        subnets: For Fargate, where tasks may be placed; here they go to the first.
        security_groups: Of the tasks; by default the VPC's own.
        assign_public_ip: Whether a task gets a public address.
        platform_version: Of Fargate.
    """

    cluster: str = "course"
    launch_type: LaunchType = LaunchType.FARGATE
    subnets: tuple[str, ...] = ()
    security_groups: tuple[str, ...] = ()
    assign_public_ip: bool = False
    platform_version: str = "LATEST"

    @property
    def on_fargate(self) -> bool:
        """Whether the tasks run on Fargate."""
        return self.launch_type is LaunchType.FARGATE

    @property
    def network_configuration(self) -> dict[str, Any]:
        """The same as ECS takes it."""
        public = "ENABLED" if self.assign_public_ip else "DISABLED"
        groups = list(self.security_groups)
        return {
            "awsvpcConfiguration": {"subnets": list(self.subnets), "securityGroups": groups, "assignPublicIp": public}
        }


@dataclass(frozen=True, slots=True, repr=False)
class Task(Shown):
    """A task that was run, as it is a moment later.

    Args:
        arn: Its ARN at ECS; empty if ECS did not take it (a preview).
        task_definition: ARN or family of its task definition.
        placement: Where it ran.
        pulls: The pull of each container, in the order of the definition; after an essential one that failed, none.
        started_at: When it was run.
    """

    arn: str
    task_definition: str
    placement: Placement
    pulls: tuple[ContainerPull, ...]
    started_at: datetime

    @property
    def failed(self) -> PullResult | None:
        """The first pull that kept a container from running; ``None`` if they all run."""
        return next((pull.result for pull in self.pulls if pull.result.obstacle is not None), None)

    @property
    def status(self) -> str:
        """``RUNNING`` or ``STOPPED``, as ECS says."""
        return "RUNNING" if self.failed is None else "STOPPED"

    @property
    def started(self) -> bool:
        """Whether every container runs."""
        return self.failed is None

    @property
    def stopped_reason(self) -> str:
        """What DescribeTasks shows as ``stoppedReason``; empty while it runs.

        A container whose program cannot be executed starts and ends at once: its own log has the message.
        """
        failed = self.failed
        if failed is None:
            return ""
        return "Essential container in task exited" if failed.outcome is PullOutcome.CRASHED else failed.message

    @property
    def stop_code(self) -> str:
        """What DescribeTasks shows as ``stopCode``; empty while it runs."""
        failed = self.failed
        if failed is None:
            return ""
        return "EssentialContainerExited" if failed.outcome is PullOutcome.CRASHED else "TaskFailedToStart"

    @property
    def images(self) -> Mapping[str, Digest | None]:
        """The digest that each container's image meant, as ECS keeps it: of an index, if it was one."""
        return {pull.container: pull.result.resolved for pull in self.pulls}

    def pull(self, container: str = "") -> PullResult:
        """Return the pull of a container, by default of the first.

        Raises:
            InvalidInput: No container has this name.
        """
        found = [pull.result for pull in self.pulls if container in ("", pull.container)]
        if not found:
            names = ", ".join(pull.container for pull in self.pulls) or "none"
            raise InvalidInput(f"task {self.task_definition}", f"no container {container!r}", f"there are: {names}")
        return found[0]

    def card(self) -> Card:
        """Return the state of the task, and why."""
        facts = [("task definition", self.task_definition), ("cluster", self.placement.cluster)]
        facts += [("launch type", self.placement.launch_type.value), ("status", self.status)]
        failed = self.failed
        if failed is None:
            return Card("The task runs", tuple(facts), tone=Tone.GOOD)
        facts += [("stop code", self.stop_code), ("stopped reason", self.stopped_reason)]
        body = [failed.reason, f"Way out: {failed.way_out}."]
        if failed.outcome is PullOutcome.CRASHED:
            body.insert(0, f"The container's log says: {failed.message}")
        return Card("The task stopped", tuple(facts), body, tone=Tone.BAD)

    def table(self) -> Table:
        """Return the containers."""
        rows = [
            (pull.container, f"`{pull.result.reference}`", _short(pull.result.digest), pull.result.outcome.value)
            for pull in self.pulls
        ]
        return Table(("container", "image", "digest that runs", "outcome"), rows)

    def __repr__(self) -> str:
        return f"<Task {self.task_definition} {self.status}>"


def _short(digest: Digest | None) -> str:
    return f"sha256:{digest.short}…" if digest else "–"


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
    return replace(task, arn=_at_ecs(lab, task))


def registered(lab: Lab, given: TaskDefinitionLike) -> str:
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
    puller, network = _puller(lab, definition, placement)
    pulls: list[ContainerPull] = []
    for container in definition.containers:
        reference = _reference(container, pinned.get(container.name))
        result = resolve(reference, puller, network, repository_of(lab, reference))
        pulls.append(ContainerPull(container.name, result))
        if result.obstacle is not None and container.essential:
            break
    return Task("", name, placement, tuple(pulls), lab.clock.now())


def _reference(container: Container, digest: Digest | None) -> ImageReference:
    """Read the image; with a digest that a deployment keeps, the tag no longer counts.

    Raises:
        InvalidName: It is no image reference; the message says why.
    """
    reference = ImageReference.as_pulled(container.image)
    return reference if digest is None or reference.digest else replace(reference, digest=digest)


def _puller(lab: Lab, definition: TaskDefinition, placement: Placement) -> tuple[Puller, Network]:
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


def _at_ecs(lab: Lab, task: Task) -> str:
    """Run the task at ECS, and stop it there with the service's own text if it cannot start."""
    placement = task.placement
    if placement.on_fargate and isinstance(lab.mode, Mock) and not _has_host_names(lab, placement.subnets[0]):
        return ""
    asked: dict[str, Any] = {"cluster": placement.cluster, "taskDefinition": task.task_definition, "count": 1}
    asked["launchType"] = placement.launch_type.value
    if placement.on_fargate:
        asked |= {"networkConfiguration": placement.network_configuration}
        asked |= {"platformVersion": placement.platform_version}
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
