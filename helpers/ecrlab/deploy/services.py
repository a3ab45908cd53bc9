"""Services of Amazon ECS: a tag is looked up once for each deployment, and every task of it runs that digest.

Source: Amazon ECS Developer Guide, "Container image resolution" (version consistency).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ecrlab.cards import Card, Table, Tone
from ecrlab.deploy.lab_networks import LabNetwork
from ecrlab.deploy.reading import ask
from ecrlab.deploy.task import Placement, Task
from ecrlab.deploy.tasks import (
    TaskDefinitionLike,
    definition_of,
    placement_of,
    registered,
    start,
    stop,
)
from ecrlab.errors import InvalidInput
from ecrlab.naming import Digest
from ecrlab.oci.shown import Shown
from ecrlab.workloads import NetworkMode

if TYPE_CHECKING:
    from ecrlab.cloud import Lab

__all__ = ["Deployment", "Service", "service"]


@dataclass(frozen=True, slots=True)
class Deployment:
    """One deployment of a service.

    Args:
        number: From 1, in the order of deployments.
        task_definition: ARN of what it runs.
        created_at: When it began.
        images: The digest to which each container's tag was resolved; ``None`` as long as nothing could be resolved.
        tasks: The tasks that it started, in their order; those that a later step stopped are not among them.
        is_primary: Whether new tasks come from it.
    """

    number: int
    task_definition: str
    created_at: datetime
    images: Mapping[str, Digest | None]
    tasks: tuple[Task, ...]
    is_primary: bool = True

    @property
    def running(self) -> int:
        """How many of its tasks run."""
        return sum(task.started for task in self.tasks)

    @property
    def failed(self) -> int:
        """How many of its tasks could not start."""
        return len(self.tasks) - self.running


class Service(Shown):
    """A service and its deployments. Made by ``deploy.service``.

    Attributes:
        name: Its name.
        placement: Where its tasks run.
        desired_count: How many of them there should be.
        deployments: All of them, oldest first; the last one is primary.
    """

    def __init__(self, lab: Lab, name: str, placement: Placement, desired_count: int) -> None:
        self._lab = lab
        self.name = name
        self.placement = placement
        self.desired_count = desired_count
        self.deployments: tuple[Deployment, ...] = ()

    @property
    def primary(self) -> Deployment:
        """The deployment from which new tasks come."""
        return self.deployments[-1]

    @property
    def tasks(self) -> tuple[Task, ...]:
        """The tasks that run now. If a new deployment cannot start any, the one before it keeps its tasks."""
        return tuple(task for deployment in self.deployments for task in deployment.tasks if task.started)

    @property
    def running_count(self) -> int:
        """How many tasks run."""
        return len(self.tasks)

    def scale(self, desired_count: int) -> Service:
        """Want more or fewer tasks. New ones run the digest of the deployment, wherever the tag points by now.

        Args:
            desired_count: How many, from 0.

        Returns:
            The service itself.
        """
        self.desired_count = _checked_count(desired_count)
        self._tell_ecs(desiredCount=desired_count)
        surplus = self.primary.running - desired_count
        if surplus > 0:
            stopped = [task for task in self.primary.tasks if task.started][-surplus:]
            self._stop(stopped)
            return self
        self._fill()
        return self

    def retry(self) -> Service:
        """Let ECS try again to start what is missing, as it does by itself, with growing pauses.

        Returns:
            The service itself.
        """
        self._fill()
        return self

    def replace_tasks(self) -> Service:
        """Stop every task, as a failing machine would; ECS starts new ones of the same deployment.

        Returns:
            The service itself.
        """
        self._stop(self.primary.tasks)
        self._fill()
        return self

    def update(
        self, task_definition: TaskDefinitionLike | None = None, *, force_new_deployment: bool = False
    ) -> Service:
        """Start a new deployment, in which every tag is looked up anew.

        Args:
            task_definition: What to run from now on; ``None`` for the same.
            force_new_deployment: Begin a deployment although the task definition stays as it is.

        Returns:
            The service itself. Without a new task definition and without ``force_new_deployment`` nothing happens.
        """
        current = self.primary.task_definition
        arn = registered(self._lab, task_definition) if task_definition is not None else current
        _, arn = definition_of(self._lab, arn)
        if arn == current and not force_new_deployment:
            return self
        self._tell_ecs(taskDefinition=arn, forceNewDeployment=force_new_deployment)
        self._begin(arn)
        return self

    def _begin(self, arn: str) -> None:
        before = tuple(replace(each, is_primary=False) for each in self.deployments)
        new = Deployment(len(before) + 1, arn, self._lab.clock.now(), {}, ())
        self.deployments = (*before, new)
        self._fill()

    def _fill(self) -> None:
        """Start what is missing; the first task that resolves a tag resolves it for all.

        The tasks of the deployments before it go once enough of the new ones run.
        """
        kept = [task for task in self.primary.tasks if task.started]
        images = dict(self.primary.images)
        definition, arn = definition_of(self._lab, self.primary.task_definition)
        while len(kept) < self.desired_count:
            task = start(self._lab, definition, arn, self.placement, images)
            images |= {name: digest for name, digest in task.images.items() if digest and not images.get(name)}
            kept.append(task)
            if not task.started:
                break
        self._primary_is(tasks=tuple(kept), images=images)
        if self.primary.running >= self.desired_count:
            self._stop([task for deployment in self.deployments[:-1] for task in deployment.tasks])

    def _stop(self, tasks: Sequence[Task]) -> None:
        gone = set(map(id, tasks))  # not by ARN: a task that moto's ECS cannot place has none
        for task in tasks:
            if task.started:
                stop(self._lab, task, f"Scaling activity initiated by deployment {self.primary.number}")
        self.deployments = tuple(
            replace(each, tasks=tuple(task for task in each.tasks if id(task) not in gone)) for each in self.deployments
        )

    def _primary_is(self, **changes: Any) -> None:
        self.deployments = (*self.deployments[:-1], replace(self.primary, **changes))

    def _tell_ecs(self, **changes: Any) -> None:
        with self._lab.administrator():
            client, place = self._lab.client("ecs"), f"service {self.name!r}"
            ask(client, "UpdateService", place, cluster=self.placement.cluster, service=self.name, **changes)

    def card(self) -> Card:
        """Return how many tasks run what, and what keeps the others from it."""
        facts = [("cluster", self.placement.cluster), ("task definition", self.primary.task_definition)]
        facts += [("tasks", f"{self.running_count} running of {self.desired_count} wanted")]
        facts += [(f"image of {name}", f"`{digest or 'not resolved'}`") for name, digest in self.primary.images.items()]
        failed = next((task.failed for task in self.primary.tasks if task.failed), None)
        body = [f"A task stopped: {failed.message}", failed.reason, f"Way out: {failed.way_out}."] if failed else []
        tone = Tone.GOOD if self.running_count == self.desired_count and not failed else Tone.BAD
        return Card(f"Service {self.name}", tuple(facts), body, tone=tone)

    def table(self) -> Table:
        """Return the deployments, the newest first."""
        rows = [
            (
                each.number,
                "PRIMARY" if each.is_primary else "INACTIVE" if not each.tasks else "ACTIVE",
                each.task_definition.rpartition("/")[2],
                ", ".join(f"{name} sha256:{digest.short}…" for name, digest in each.images.items() if digest) or "–",
                each.running,
                each.failed,
            )
            for each in reversed(self.deployments)
        ]
        return Table(("deployment", "status", "task definition", "images", "running", "failed"), rows)

    def __repr__(self) -> str:
        return f"<Service {self.name} {self.running_count}/{self.desired_count}>"


def service(
    lab: Lab,
    name: str,
    task_definition: TaskDefinitionLike,
    *,
    desired_count: int = 1,
    cluster: str = "course",
    launch_type: str = "FARGATE",
    network: LabNetwork | None = None,
    subnets: Sequence[str] = (),
    security_groups: Sequence[str] = (),
    assign_public_ip: bool = False,
    platform_version: str = "LATEST",
) -> Service:
    """Create a service on ECS and start its tasks.

    Args:
        lab: The open lab.
        name: Of the service.
        task_definition: A value, a document or JSON text, which is registered first; or the name of a registered one.
        desired_count: How many tasks there should be.
        cluster: Name of the cluster.
        launch_type: ``FARGATE`` or ``EC2``.
        network: Subnets and security group in one; or say them singly.
        subnets: Where Fargate tasks may be placed.
        security_groups: Of the tasks.
        assign_public_ip: Whether tasks get a public address.
        platform_version: Of Fargate.

    Raises:
        InvalidInput: As with ``run_task``, or the count is none.
        AwsCallError: AWS refused a call.
    """
    definition, arn = definition_of(lab, registered(lab, task_definition))
    placement = placement_of(
        cluster, launch_type, network, subnets, security_groups, assign_public_ip, platform_version
    )
    made = Service(lab, name, placement, _checked_count(desired_count))
    asked: dict[str, Any] = {"cluster": cluster, "serviceName": name, "taskDefinition": arn}
    asked |= {"desiredCount": desired_count, "launchType": placement.launch_type.value}
    if definition.network_mode == NetworkMode.AWSVPC:
        asked["networkConfiguration"] = placement.network_configuration
    with lab.administrator():
        ask(lab.client("ecs"), "CreateService", f"service {name!r}", **asked)
    made._begin(arn)
    return made


def _checked_count(count: int) -> int:
    if isinstance(count, bool) or not isinstance(count, int) or count < 0:
        raise InvalidInput(f"desired_count={count!r}", "it is no number of tasks", "write 0, 1, 2 …")
    return count
