"""A task of Amazon ECS as a value: where it ran, what became of each container's image."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ecrlab.cards import Card, Table, Tone
from ecrlab.errors import InvalidInput
from ecrlab.naming import Digest
from ecrlab.oci.shown import Shown
from ecrlab.workloads import LaunchType, PullOutcome, PullResult

__all__ = ["ContainerPull", "Placement", "Task"]


@dataclass(frozen=True, slots=True)
class ContainerPull:
    """The pull of one container.

    Args:
        container: Its name.
        result: How the pull ended.
        essential: Whether the task cannot go on without this container.
    """

    container: str
    result: PullResult
    essential: bool = True

    @property
    def stops_the_task(self) -> bool:
        """Whether the task ends because of it.

        Guess: a container that is not essential may also be one whose image cannot be pulled.
        """
        return self.essential and self.result.obstacle is not None


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
        notes: What else such a task needs, which is not looked at here.
    """

    arn: str
    task_definition: str
    placement: Placement
    pulls: tuple[ContainerPull, ...]
    started_at: datetime
    notes: tuple[str, ...] = ()

    @property
    def failed(self) -> PullResult | None:
        """The first pull that kept an essential container from running; ``None`` if the task runs."""
        return next((pull.result for pull in self.pulls if pull.stops_the_task), None)

    @property
    def status(self) -> str:
        """``RUNNING`` or ``STOPPED``, as ECS says."""
        return "RUNNING" if self.failed is None else "STOPPED"

    @property
    def started(self) -> bool:
        """Whether every essential container runs."""
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
            return Card("The task runs", tuple(facts), self.notes, tone=Tone.GOOD)
        facts += [("stop code", self.stop_code), ("stopped reason", self.stopped_reason)]
        body = [failed.reason, f"Way out: {failed.way_out}."]
        if failed.outcome is PullOutcome.CRASHED:
            body.insert(0, f"The container's log says: {failed.message}")
        return Card("The task stopped", tuple(facts), [*body, *self.notes], tone=Tone.BAD)

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
