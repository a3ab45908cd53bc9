"""Write a task definition or a Deployment that runs an image: short, complete, and without anything to find fault with.

Source: Amazon ECS Developer Guide, "Example Amazon ECS task definitions"; Kubernetes documentation, "Deployments".
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from ecrlab.errors import InvalidInput
from ecrlab.naming import ImageReference, partition_of
from ecrlab.oci.descriptor import Platform
from ecrlab.workloads.definitions import LaunchType, TaskDefinition, parse_task_definition
from ecrlab.workloads.manifests import Manifests, parse_manifests
from ecrlab.workloads.task_size import FARGATE_MEMORY, cpu_units, fargate_memory_text, memory_mib

__all__ = ["deployment", "task_definition"]

_ARCHITECTURES = {"amd64": "X86_64", "arm64": "ARM64"}
_FAMILY = re.compile(r"[A-Za-z0-9_-]{1,255}")
_LABEL = re.compile(r"[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_YAML_WORDS = ("y", "n", "yes", "no", "on", "off", "true", "false", "null")
_LINUX_AMD64 = Platform("linux", "amd64")


def task_definition(
    image: str | ImageReference,
    *,
    family: str | None = None,
    container: str | None = None,
    launch_type: LaunchType = LaunchType.FARGATE,
    platform: Platform = _LINUX_AMD64,
    cpu: str = "256",
    memory: str = "512",
    port: int | None = None,
    execution_role_arn: str | None = None,
    task_role_arn: str | None = None,
    environment: Mapping[str, str] | None = None,
) -> TaskDefinition:
    """Write a task definition that runs one container.

    Args:
        image: The image. If it lives in private ECR, its account and region serve for the role and the logs.
        family: The name that revisions share; the last part of the repository's name where not given.
        container: The name of the container; the family where not given.
        launch_type: Where its tasks run.
        platform: What they run on; must be something that the image is there for.
        cpu: CPU units of the task as text; 1024 are one vCPU.
        memory: Memory of the task in MiB as text.
        port: The port that the program listens on, if any.
        execution_role_arn: The role that pulls; ``ecsTaskExecutionRole`` in the image's account where not given.
        task_role_arn: The role of the program itself, if it calls AWS.
        environment: Settings of the program. Secrets do not belong here.

    Raises:
        InvalidName: The image is no usable reference.
        InvalidInput: A name, a size or a port cannot be.
    """
    reference = ImageReference.as_pulled(str(image))
    family = _named("family", family or _name_from(reference), _FAMILY, "letters, digits, '_' and '-'")
    container = _named("container", container or family, _FAMILY, "letters, digits, '_' and '-'")
    if platform.architecture not in _ARCHITECTURES or platform.os != "linux":
        raise InvalidInput(f"platform {platform}", "ECS does not run it here", "use linux/amd64 or linux/arm64")
    if launch_type is LaunchType.FARGATE:
        _expect_fargate_size(cpu, memory)
    host = reference.host
    if execution_role_arn is None and host is not None:
        partition = partition_of(host.region)
        execution_role_arn = f"arn:{partition}:iam::{host.account_id}:role/ecsTaskExecutionRole"
    runs: dict[str, Any] = {"name": container, "image": str(image), "essential": True}
    if port is not None:
        runs["portMappings"] = [{"containerPort": _expect_port(port), "protocol": "tcp"}]
    if environment:
        runs["environment"] = [{"name": name, "value": value} for name, value in _settings(environment).items()]
    if host is not None:
        options = {"awslogs-group": f"/ecs/{family}", "awslogs-region": host.region, "awslogs-stream-prefix": container}
        runs["logConfiguration"] = {"logDriver": "awslogs", "options": options}
    whole: dict[str, Any] = {
        "family": family,
        "requiresCompatibilities": [str(launch_type)],
        "networkMode": "awsvpc",
        "cpu": cpu,
        "memory": memory,
        "runtimePlatform": {
            "cpuArchitecture": _ARCHITECTURES[platform.architecture],
            "operatingSystemFamily": "LINUX",
        },
        "executionRoleArn": execution_role_arn,
        "taskRoleArn": task_role_arn,
        "containerDefinitions": [runs],
    }
    return parse_task_definition({key: value for key, value in whole.items() if value is not None})


def deployment(
    image: str | ImageReference,
    *,
    name: str | None = None,
    container: str | None = None,
    namespace: str | None = None,
    replicas: int = 2,
    port: int | None = None,
    architecture: str | None = None,
    environment: Mapping[str, str] | None = None,
) -> Manifests:
    """Write a Kubernetes Deployment that runs one container.

    Args:
        image: The image.
        name: The name of the Deployment; the last part of the repository's name where not given.
        container: The name of the container; the Deployment's where not given.
        namespace: The namespace; the one that is current when it is applied where not given.
        replicas: How many pods to keep running.
        port: The port that the program listens on, if any.
        architecture: The processor of the nodes that it may run on: ``amd64`` or ``arm64``. Any node where not given.
        environment: Settings of the program. Secrets do not belong here.

    Raises:
        InvalidName: The image is no usable reference.
        InvalidInput: A name, a number or a port cannot be.
    """
    reference = ImageReference.as_pulled(str(image))
    words = "a-z, 0-9 and '-', at most 63 characters"
    name = _named("deployment", name or _name_from(reference), _LABEL, words)
    container = _named("container", container or name, _LABEL, words)
    if isinstance(replicas, bool) or not isinstance(replicas, int) or replicas < 0:
        raise InvalidInput(f"replicas {replicas!r}", "it is no number of pods", "write 0 or more")
    lines = ["apiVersion: apps/v1", "kind: Deployment", "metadata:", f"  name: {_plain(name)}"]
    if namespace is not None:
        lines.append(f"  namespace: {_plain(_named('namespace', namespace, _LABEL, words))}")
    lines += ["spec:", f"  replicas: {replicas}", "  selector:", "    matchLabels:", f"      app: {_plain(name)}"]
    lines += ["  template:", "    metadata:", "      labels:", f"        app: {_plain(name)}", "    spec:"]
    if architecture is not None:
        if architecture not in _ARCHITECTURES:
            raise InvalidInput(f"architecture {architecture!r}", "EKS has no such nodes", "use 'amd64' or 'arm64'")
        lines += ["      nodeSelector:", f"        kubernetes.io/arch: {architecture}"]
    lines += ["      containers:", f"        - name: {_plain(container)}", f"          image: {_quoted_image(image)}"]
    if port is not None:
        lines += ["          ports:", f"            - containerPort: {_expect_port(port)}"]
    if environment:
        lines.append("          env:")
        for key, value in _settings(environment).items():
            lines += [f"            - name: {_plain(key)}", f"              value: {_quoted(value)}"]
    return parse_manifests("\n".join(lines) + "\n")


def _name_from(reference: ImageReference) -> str:
    return re.sub(r"[._]+", "-", str(reference.repository).rpartition("/")[2])


def _named(kind: str, name: str, pattern: re.Pattern[str], words: str) -> str:
    if not isinstance(name, str) or not pattern.fullmatch(name):
        raise InvalidInput(f"{kind} {name!r}", "it is no such name", f"use {words}")
    return name


def _expect_port(port: int) -> int:
    if isinstance(port, bool) or not isinstance(port, int) or not 1 <= port <= 65535:
        raise InvalidInput(f"port {port!r}", "it is no port", "write a number from 1 to 65535")
    return port


def _expect_fargate_size(cpu: str, memory: str) -> None:
    units = cpu_units(cpu) if isinstance(cpu, str) else None
    if units not in FARGATE_MEMORY:
        sizes = ", ".join(repr(str(size)) for size in FARGATE_MEMORY)
        raise InvalidInput(f"cpu {cpu!r}", "Fargate has no such size", f"write one of {sizes}")
    if not isinstance(memory, str) or memory_mib(memory) not in FARGATE_MEMORY[units]:
        way_out = f"with cpu {cpu!r} write {fargate_memory_text(units)}"
        raise InvalidInput(f"memory {memory!r}", "Fargate has no such size", way_out)


def _settings(environment: Mapping[str, str]) -> Mapping[str, str]:
    for name, value in environment.items():
        if not isinstance(name, str) or not _VARIABLE.fullmatch(name):
            raise InvalidInput(f"environment {name!r}", "it is no name of a variable", "use letters, digits and '_'")
        if not isinstance(value, str):
            raise InvalidInput(f"environment {name!r}", f"{value!r} is no text", f"write {str(value)!r}")
    return environment


def _plain(word: str) -> str:
    """Write a name as YAML; in quotes if YAML could take it for a number, a date or a word like ``yes``."""
    return word if word[0].isalpha() and word.lower() not in _YAML_WORDS else f'"{word}"'


def _quoted_image(image: str | ImageReference) -> str:
    return str(image) if "/" in str(image) else f'"{image}"'


def _quoted(text: str) -> str:
    """Write any text as YAML in double quotes; JSON's form, with what YAML wants escaped besides."""
    written = json.dumps(text, ensure_ascii=False)
    return "".join(c if c.isprintable() and c != "\ufeff" else f"\\U{ord(c):08x}" for c in written)
