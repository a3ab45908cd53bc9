"""What there is to say about one container of a task definition, its image apart: size, ports, logs and secrets.

Source: Amazon ECS API Reference, ContainerDefinition, PortMapping, LogConfiguration and Secret; Amazon ECS Developer
Guide, "Pass sensitive data to an Amazon ECS container".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ecrlab.naming import placeholder_in
from ecrlab.workloads.definitions import NetworkMode, TaskDefinition
from ecrlab.workloads.findings import Code, Finding
from ecrlab.workloads.lenient import list_of, mapping_of, number_of
from ecrlab.workloads.pointing import Pointer
from ecrlab.workloads.secrets_in_text import Kept, how_kept
from ecrlab.workloads.task_size import cpu_units, memory_mib

__all__ = ["container_findings"]

Steps = tuple[str | int, ...]

# secretsmanager: the secret's name, or name:json-key:version-stage:version-id with all three colons
_SECRET = re.compile(r"arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:[\w/+=.@!-]+(?::[^:]*:[^:]*:[^:]*)?")
_PARAMETER = re.compile(r"arn:aws[a-z-]*:ssm:[a-z0-9-]+:[0-9]{12}:parameter/[\w./-]+")
_PARAMETER_NAME = re.compile(r"[\w./-]+")
_FIRELENS_NAMES_ONLY = ("Name", "Match")


def container_findings(
    definition: TaskDefinition, said: Mapping[str, Any], path: Steps, point: Pointer
) -> Iterator[Finding]:
    """Judge one container.

    Args:
        definition: The task definition that it belongs to.
        said: What the document says of the container, without fields that are null.
        path: The path to it.
        point: Makes the findings.
    """
    yield from _about_size(definition, said, path, point)
    yield from _about_ports(definition, said, path, point)
    yield from _about_logs(definition, mapping_of(said.get("logConfiguration")), (*path, "logConfiguration"), point)
    for number, secret in enumerate(list_of(said.get("secrets"))):
        yield from _about_a_secret(mapping_of(secret), (*path, "secrets", number), point)
    for number, setting in enumerate(list_of(said.get("environment"))):
        pair = mapping_of(setting)
        value_path = (*path, "environment", number, "value")
        yield from _about_a_setting(str(pair.get("name", "")), pair.get("value"), value_path, point, "secrets")


def _about_size(definition: TaskDefinition, said: Mapping[str, Any], path: Steps, point: Pointer) -> Iterator[Finding]:
    task_memory = memory_mib(str(definition.document.get("memory") or ""))
    task_cpu = cpu_units(str(definition.document.get("cpu") or ""))
    memory, reserved, cpu = (number_of(said.get(key)) for key in ("memory", "memoryReservation", "cpu"))
    if memory is None and reserved is None and task_memory is None and not definition.for_fargate:
        sentence = "Neither the container nor the task says how much memory it needs, and ECS wants one of them to."
        yield point.finding(Code.CONTAINER_SIZE, (*path, "memory"), sentence, 'add "memory" or "memoryReservation"')
    if memory is not None and reserved is not None and reserved > memory:
        sentence = f"It reserves {reserved} MiB, more than the {memory} MiB that it may use."
        yield point.finding(
            Code.CONTAINER_SIZE, (*path, "memoryReservation"), sentence, "reserve no more than `memory`"
        )
    for key, needed, whole, unit in (("memory", memory, task_memory, "MiB"), ("cpu", cpu, task_cpu, "CPU units")):
        if needed is not None and whole is not None and needed > whole:
            sentence = f"It asks for {needed} {unit}, and the whole task has {whole}."
            yield point.finding(
                Code.CONTAINER_SIZE, (*path, key), sentence, "make the task larger or the container smaller"
            )


def _about_ports(definition: TaskDefinition, said: Mapping[str, Any], path: Steps, point: Pointer) -> Iterator[Finding]:
    if definition.network_mode not in (NetworkMode.AWSVPC, NetworkMode.HOST):
        return
    for number, mapping in enumerate(list_of(said.get("portMappings"))):
        pair = mapping_of(mapping)
        inside, outside = number_of(pair.get("containerPort")), number_of(pair.get("hostPort"))
        if inside is not None and outside not in (None, 0, inside):
            sentence = f"With {definition.network_mode} both ports are the same, and here {outside} leads to {inside}."
            place = (*path, "portMappings", number, "hostPort")
            yield point.finding(Code.PORT_MISMATCH, place, sentence, "leave `hostPort` out")


def _about_logs(definition: TaskDefinition, logs: Mapping[str, Any], path: Steps, point: Pointer) -> Iterator[Finding]:
    options = mapping_of(logs.get("options"))
    if logs.get("logDriver") == "awslogs":
        yield from _about_awslogs(definition, options, (*path, "options"), point)
    for name, value in options.items():
        if name not in _FIRELENS_NAMES_ONLY:
            yield from _about_a_setting(name, value, (*path, "options", name), point, "secretOptions")


def _about_awslogs(
    definition: TaskDefinition, options: Mapping[str, Any], path: Steps, point: Pointer
) -> Iterator[Finding]:
    required = ("awslogs-group", "awslogs-region", "awslogs-stream-prefix")
    needed = required if definition.for_fargate else required[:1]
    where = "on Fargate " if definition.for_fargate else ""
    for name in needed:
        if not options.get(name):
            sentence = f"The log driver awslogs needs `{name}` {where}and it is not there.".replace("  ", " ")
            yield point.finding(Code.LOG_OPTIONS, (*path, name), sentence, f'add "{name}"')
    if not definition.for_fargate and not options.get("awslogs-region"):
        sentence = "No region is named for the logs, so it depends on the instance where they go."
        yield point.finding(Code.LOG_REGION, (*path, "awslogs-region"), sentence, 'add "awslogs-region"')
    if options.get("awslogs-group") and str(options.get("awslogs-create-group", "")).lower() != "true":
        sentence = f"The log group {options['awslogs-group']!r} has to be there before the task starts."
        way_out = 'create it, or add "awslogs-create-group": "true" and allow the role logs:CreateLogGroup'
        yield point.finding(Code.LOG_GROUP, (*path, "awslogs-group"), sentence, way_out)
    for name in required:
        found = placeholder_in(str(options.get(name, "")))
        if found is not None:
            sentence = f"`{found}` is a placeholder that was never filled in."
            way_out = "put the real value in its place before you register it"
            yield point.finding(Code.PLACEHOLDER, (*path, name), sentence, way_out)


def _about_a_secret(secret: Mapping[str, Any], path: Steps, point: Pointer) -> Iterator[Finding]:
    source = secret.get("valueFrom")
    if not isinstance(source, str):
        return  # the schema has its say about that
    place = (*path, "valueFrom")
    if source.startswith("arn:"):
        fits = _SECRET.fullmatch(source) or _PARAMETER.fullmatch(source)
        way_out = (
            "write arn:aws:secretsmanager:<region>:<account>:secret:<name>, followed by :<json key>:: for one key of "
            "it, or arn:aws:ssm:<region>:<account>:parameter/<name>"
        )
    else:
        fits, way_out = _PARAMETER_NAME.fullmatch(source), "write an ARN, or the name of a parameter in this region"
    if not fits:
        yield point.finding(Code.BAD_SECRET, place, f"`{source}` is no place that ECS reads secrets from.", way_out)


def _about_a_setting(name: str, value: object, path: Steps, point: Pointer, instead: str) -> Iterator[Finding]:
    match how_kept(name, value):
        case Kept.STATIC_KEYS:
            sentence = f"`{name}` holds a key of an AWS user, for everybody who may read task definitions."
            way_out = "take it out, deactivate it, and give the task a role: `taskRoleArn`"
            yield point.finding(Code.STATIC_KEYS, path, sentence, way_out)
        case Kept.PLAIN:
            sentence = f"`{name}` looks like a secret and stands in plain text, for everybody who may read it."
            way_out = f"keep it in Secrets Manager or Parameter Store and name it under `{instead}`"
            yield point.finding(Code.PLAIN_SECRET, path, sentence, way_out)
        case Kept.EMPTY:
            sentence = f"`{name}` is empty; filled in here, it would stand in plain text."
            yield point.finding(Code.EMPTY_SECRET, path, sentence, f"name its place under `{instead}` instead")
        case Kept.NOTHING:
            return
