"""Look through a task definition: what ECS would refuse, what could not start or pull, what is risky or leaks.

Source: Amazon ECS API Reference, RegisterTaskDefinition; Amazon ECS Developer Guide, "Task definition parameters for
Fargate", "Using Amazon ECR images with Amazon ECS" and "Amazon ECS task execution IAM role".
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from ecrlab.naming import placeholder_in
from ecrlab.oci.descriptor import Platform
from ecrlab.workloads.check_fargate import fargate_findings
from ecrlab.workloads.check_task_containers import container_findings
from ecrlab.workloads.definitions import TaskDefinition, parse_task_definition
from ecrlab.workloads.findings import Code, Finding, Findings, in_order
from ecrlab.workloads.images import Surroundings, findings_about_image
from ecrlab.workloads.pointing import Pointer, into_task_definition
from ecrlab.workloads.task_definition_shape import shape_findings, without_nulls

__all__ = ["check_task_definition"]

_ROLE = re.compile(r"arn:aws[a-z-]*:iam::[0-9]{12}:role/[\w+=,.@/-]+")
_ARN = re.compile(r"arn:aws[a-z-]*:[a-z0-9-]+:([a-z0-9-]*):([0-9]{12}):")
_MOVED = "ECS asks for its digest once per deployment, so what runs depends on the hour of the deployment"


def check_task_definition(
    document: str | Mapping[str, Any] | TaskDefinition,
    *,
    account_id: str | None = None,
    region: str | None = None,
    platforms: Mapping[str, Collection[Platform]] | None = None,
) -> Findings:
    """Find what is wrong, risky or worth knowing in a task definition.

    Args:
        document: JSON text, a mapping, or a task definition that has been read.
        account_id: The account that it is registered in; told from the ARNs in it where not given.
        region: The region that it is registered in; told from its own ARN or its log options where not given.
        platforms: The platforms that images are there for, by the image as the document writes it. Only for these
            images can the platform be judged.

    Returns:
        The findings, the worst first; ``usable`` says whether it could be registered and its images be pulled.

    Raises:
        InvalidDocument: It is not JSON, no object, or has no list of container definitions.
    """
    definition = document if isinstance(document, TaskDefinition) else parse_task_definition(document)
    around = Surroundings(
        account_id or _account_in(definition), region or _region_in(definition), platforms or {}, _MOVED
    )
    return in_order(list(_findings(definition, around)))


def _findings(definition: TaskDefinition, around: Surroundings) -> Iterator[Finding]:
    point = into_task_definition(definition)
    said: Mapping[str, Any] = without_nulls(definition.document)
    yield from shape_findings(definition.document, point)
    yield from _about_the_whole(definition, said, point)
    yield from _about_roles(definition, said, point)
    yield from fargate_findings(definition, said, point)
    wanted = (definition.platform,) if definition.platform else ()
    for number, container in enumerate(definition.containers):
        path = ("containerDefinitions", number)
        yield from findings_about_image(container, (*path, "image"), point, around, wanted)
        yield from container_findings(definition, said["containerDefinitions"][number], path, point)


def _about_the_whole(definition: TaskDefinition, said: Mapping[str, Any], point: Pointer) -> Iterator[Finding]:
    path = ("containerDefinitions",)
    if not definition.containers:
        sentence = "There is no container, and a task needs at least one."
        yield point.finding(Code.NO_CONTAINERS, path, sentence, "add a container with a name and an image")
    elif not any(container.essential for container in definition.containers):
        sentence = "No container is essential, and ECS wants at least one that is."
        yield point.finding(Code.NO_ESSENTIAL, path, sentence, "leave `essential` out of the main container")
    names = Counter(container.name for container in definition.containers)
    for number, container in enumerate(definition.containers):
        if names[container.name] > 1:
            place = (*path, number, "name")
            sentence = f"The name {container.name!r} is given to {names[container.name]} containers."
            yield point.finding(Code.DUPLICATE_NAME, place, sentence, "give each container a name of its own")
        yield from _placeholder(container.name, (*path, number, "name"), point)
    yield from _placeholder(definition.family, ("family",), point)
    yield from _about_log_routers(said, point)


def _placeholder(text: str, path: tuple[str | int, ...], point: Pointer) -> Iterator[Finding]:
    found = placeholder_in(text)
    if found is not None:
        sentence = f"`{found}` is a placeholder that was never filled in."
        yield point.finding(Code.PLACEHOLDER, path, sentence, "put the real value in its place before you register it")


def _about_roles(definition: TaskDefinition, said: Mapping[str, Any], point: Pointer) -> Iterator[Finding]:
    for key in ("executionRoleArn", "taskRoleArn"):
        role = said.get(key)
        if not isinstance(role, str):
            continue
        yield from _placeholder(role, (key,), point)
        # A plain name of a role does as well; what looks like an ARN has to be one.
        if placeholder_in(role) is None and role.startswith("arn:") and not _ROLE.fullmatch(role):
            sentence = f"`{role}` is no ARN of a role."
            yield point.finding(Code.BAD_ROLE, (key,), sentence, "write arn:aws:iam::<12-digit account>:role/<name>")
    if definition.execution_role_arn and definition.execution_role_arn == definition.task_role_arn:
        sentence = "The program runs with the role that pulls images and reads secrets: it can do all of that, too."
        yield point.finding(Code.SAME_ROLE, ("taskRoleArn",), sentence, "give the program a role of its own")
    if definition.execution_role_arn is None:
        yield from _about_a_missing_role(definition, said, point)


def _about_a_missing_role(definition: TaskDefinition, said: Mapping[str, Any], point: Pointer) -> Iterator[Finding]:
    reasons = []
    if definition.for_fargate and any(c.reference and c.reference.host for c in definition.containers):
        reasons.append("Fargate pulls from ECR with it")
    if any(isinstance(entry, dict) and entry.get("secrets") for entry in said["containerDefinitions"]):
        reasons.append("secrets are read with it")
    if any(container.credentials for container in definition.containers):
        reasons.append("the password of a registry is read with it")
    if reasons:
        sentence = f"There is no task execution role, and ECS refuses that here: {' and '.join(reasons)}."
        way_out = "add `executionRoleArn`, a role that trusts ecs-tasks.amazonaws.com and may pull"
        yield point.finding(Code.NO_EXECUTION_ROLE, ("executionRoleArn",), sentence, way_out)


def _about_log_routers(said: Mapping[str, Any], point: Pointer) -> Iterator[Finding]:
    entries = [entry if isinstance(entry, dict) else {} for entry in said["containerDefinitions"]]
    routers = [number for number, entry in enumerate(entries) if "firelensConfiguration" in entry]
    for number, entry in enumerate(entries):
        logs = entry.get("logConfiguration")
        if isinstance(logs, dict) and logs.get("logDriver") == "awsfirelens" and not routers:
            driver = ("containerDefinitions", number, "logConfiguration", "logDriver")
            sentence = "Logs go to a log router, and no container is one."
            yield point.finding(Code.LOG_ROUTER, driver, sentence, "give one container a `firelensConfiguration`")
    for number in routers[1:]:
        path = ("containerDefinitions", number, "firelensConfiguration")
        sentence = "A task has one log router, and this is another."
        yield point.finding(Code.LOG_ROUTER, path, sentence, "keep one")


def _account_in(definition: TaskDefinition) -> str | None:
    return next((match[2] for match in _arns_in(definition)), None)


def _region_in(definition: TaskDefinition) -> str | None:
    own = next((match[1] for match in _arns_in(definition) if match[1]), None)
    if own:
        return own
    for entry in definition.document["containerDefinitions"]:
        logs = entry.get("logConfiguration")
        options = logs.get("options") if isinstance(logs, Mapping) else None
        named = options.get("awslogs-region") if isinstance(options, Mapping) else None
        if isinstance(named, str) and placeholder_in(named) is None:
            return named
    return None


def _arns_in(definition: TaskDefinition) -> Iterator[re.Match[str]]:
    for key in ("taskDefinitionArn", "executionRoleArn", "taskRoleArn"):
        arn = definition.document.get(key)
        match = _ARN.match(arn) if isinstance(arn, str) else None
        if match is not None:
            yield match
