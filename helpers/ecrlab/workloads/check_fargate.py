"""What AWS Fargate asks of a task definition: its size, its network, and fields that only instances know.

Source: Amazon ECS Developer Guide, "Task definition parameters for Fargate" and "Amazon ECS task definition
differences for Fargate".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ecrlab.workloads.definitions import NetworkMode, TaskDefinition
from ecrlab.workloads.findings import Code, Finding
from ecrlab.workloads.pointing import Pointer
from ecrlab.workloads.task_size import FARGATE_MEMORY, cpu_units, fargate_memory_text, memory_mib

__all__ = ["fargate_findings"]

_LOG_DRIVERS = ("awslogs", "splunk", "awsfirelens")
_TASK_FIELDS = ("ipcMode", "placementConstraints")
_CONTAINER_FIELDS = ("privileged", "links", "dockerSecurityOptions", "disableNetworking", "extraHosts")


def fargate_findings(definition: TaskDefinition, said: Mapping[str, Any], point: Pointer) -> Iterator[Finding]:
    """Judge a task definition that is to run on Fargate; nothing to say of others.

    Args:
        definition: The task definition.
        said: Its document without fields that are null.
        point: Makes the findings.
    """
    if not definition.for_fargate:
        return
    if definition.network_mode != NetworkMode.AWSVPC or "networkMode" not in said:
        written = f"the network mode is {said['networkMode']!r}" if "networkMode" in said else "there is none"
        sentence = f"Fargate takes the network mode awsvpc only, and here {written}."
        yield point.finding(Code.NETWORK_MODE, ("networkMode",), sentence, 'write "networkMode": "awsvpc"')
    yield from _about_size(said, point)
    yield from _about_fields(said, point)
    if not isinstance(said.get("runtimePlatform"), dict) or "cpuArchitecture" not in said["runtimePlatform"]:
        sentence = "No processor is named, so Fargate runs this on linux/amd64; an image for arm64 alone cannot start."
        way_out = 'write "runtimePlatform": {"cpuArchitecture": "X86_64" or "ARM64", "operatingSystemFamily": "LINUX"}'
        yield point.finding(Code.PLATFORM_UNSAID, ("runtimePlatform",), sentence, way_out)


def _about_size(said: Mapping[str, Any], point: Pointer) -> Iterator[Finding]:
    for key in ("cpu", "memory"):
        if key not in said:
            sentence = f"Fargate needs `{key}` for the whole task, and there is none."
            yield point.finding(Code.TASK_SIZE, (key,), sentence, 'write e.g. "cpu": "256" and "memory": "512"')
    if not isinstance(said.get("cpu"), str) or not isinstance(said.get("memory"), str):
        return
    cpu, memory = cpu_units(said["cpu"]), memory_mib(said["memory"])
    if cpu not in FARGATE_MEMORY:
        sizes = ", ".join(str(units) for units in FARGATE_MEMORY)
        sentence = f"Fargate has no tasks with {said['cpu']!r} CPU units."
        yield point.finding(Code.TASK_SIZE, ("cpu",), sentence, f"write one of {sizes}; 1024 units are one vCPU")
    elif memory not in FARGATE_MEMORY[cpu]:
        sentence = f"Fargate has no tasks with {cpu} CPU units and {said['memory']!r} of memory."
        way_out = f"with {cpu} CPU units write {fargate_memory_text(cpu)}"
        yield point.finding(Code.TASK_SIZE, ("memory",), sentence, way_out)


def _about_fields(said: Mapping[str, Any], point: Pointer) -> Iterator[Finding]:
    for key in _TASK_FIELDS:
        if said.get(key):
            yield _not_there(key, (key,), point)
    for number, entry in enumerate(said["containerDefinitions"]):
        path = ("containerDefinitions", number)
        for key in _CONTAINER_FIELDS:
            if entry.get(key):
                yield _not_there(key, (*path, key), point)
        logs = entry.get("logConfiguration")
        driver = logs.get("logDriver") if isinstance(logs, dict) else None
        if isinstance(driver, str) and driver not in _LOG_DRIVERS:
            sentence = f"Fargate has no log driver {driver!r}."
            way_out = f"write one of {', '.join(_LOG_DRIVERS)}"
            yield point.finding(Code.NOT_ON_FARGATE, (*path, "logConfiguration", "logDriver"), sentence, way_out)


def _not_there(key: str, path: tuple[str | int, ...], point: Pointer) -> Finding:
    sentence = f"Fargate does not know `{key}`: there is no instance of yours that it could apply to."
    return point.finding(Code.NOT_ON_FARGATE, path, sentence, "leave it out, or run the task on EC2")
