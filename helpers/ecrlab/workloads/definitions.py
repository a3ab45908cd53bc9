"""Task definitions of Amazon ECS as values: read once, asked many times, never changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from ecrlab.cards import Card, ShownAs
from ecrlab.errors import InvalidDocument, InvalidInput
from ecrlab.oci.descriptor import Platform
from ecrlab.workloads.container import Container
from ecrlab.workloads.json_text import as_object
from ecrlab.workloads.lenient import text_of

__all__ = ["LaunchType", "NetworkMode", "TaskDefinition", "parse_task_definition"]

_NAME = "task definition"
_ARCHITECTURES = {"X86_64": "amd64", "ARM64": "arm64"}


class LaunchType(StrEnum):
    """Where tasks run, spelled as ECS spells it."""

    EC2 = "EC2"
    FARGATE = "FARGATE"
    EXTERNAL = "EXTERNAL"
    MANAGED_INSTANCES = "MANAGED_INSTANCES"


class NetworkMode(StrEnum):
    """How the containers of a task reach the network, spelled as ECS spells it."""

    BRIDGE = "bridge"
    HOST = "host"
    AWSVPC = "awsvpc"
    NONE = "none"


@dataclass(frozen=True, slots=True, repr=False)
class TaskDefinition(ShownAs):
    """What RegisterTaskDefinition is told, or DescribeTaskDefinition tells; shows what it pulls, and its text.

    Args:
        text: The JSON text; edits start from it, so that they change what they have to and no more.
        document: What the text says, as AWS spells it.
        containers: The containers, in the order of the document.
    """

    text: str = field(repr=False)
    document: Mapping[str, Any] = field(repr=False, hash=False, compare=False)
    containers: tuple[Container, ...]

    @property
    def family(self) -> str:
        """The name that revisions share; empty if there is none."""
        return text_of(self.document.get("family"))

    @property
    def launch_types(self) -> tuple[str, ...]:
        """What ``requiresCompatibilities`` asks for, as written; empty if nothing is asked for."""
        required = self.document.get("requiresCompatibilities")
        return tuple(entry for entry in required if isinstance(entry, str)) if isinstance(required, list) else ()

    @property
    def for_fargate(self) -> bool:
        """Whether it has to fit AWS Fargate."""
        return LaunchType.FARGATE in self.launch_types

    @property
    def network_mode(self) -> str:
        """The network mode: as written, else ``awsvpc`` for Fargate and ``bridge``, the default on Linux."""
        written = text_of(self.document.get("networkMode"))
        return written or (NetworkMode.AWSVPC if self.for_fargate else NetworkMode.BRIDGE)

    @property
    def execution_role_arn(self) -> str | None:
        """The role that ECS takes on to pull images, fetch secrets and write logs; the one that pulls on Fargate."""
        return text_of(self.document.get("executionRoleArn")) or None

    @property
    def task_role_arn(self) -> str | None:
        """The role that the program inside the container takes on; it pulls nothing."""
        return text_of(self.document.get("taskRoleArn")) or None

    @property
    def platform(self) -> Platform | None:
        """The platform that it runs on, if the document decides that.

        Fargate runs ``linux/amd64`` unless ``runtimePlatform`` says otherwise. On EC2 the instance decides where the
        document says nothing: ``None``.
        """
        said = self.document.get("runtimePlatform")
        written = said if isinstance(said, Mapping) else {}
        architecture = _ARCHITECTURES.get(text_of(written.get("cpuArchitecture")))
        if architecture is None and not self.for_fargate:
            return None
        system = "windows" if text_of(written.get("operatingSystemFamily")).startswith("WINDOWS") else "linux"
        return Platform(system, architecture or "amd64")

    def container(self, name: str) -> Container:
        """Return the container of a name.

        Raises:
            InvalidInput: No container has it.
        """
        return one_named(self.containers, name, f"task definition {self.family!r}")

    def _shown(self) -> Card:
        title = f"Task definition {self.family} for {' and '.join(self.launch_types) or LaunchType.EC2}"
        return Card(title, pulls_of(self.containers), code=self.text.rstrip("\n"), language="json")


def parse_task_definition(document: str | Mapping[str, Any]) -> TaskDefinition:
    """Read a task definition.

    The answer of DescribeTaskDefinition, with ``taskDefinition`` around it, will do as well.

    Args:
        document: The JSON text, or what it says as a mapping.

    Raises:
        InvalidDocument: It is not JSON, no object, or has no list of container definitions.
    """
    text, found = as_object(document, _NAME)
    wrapped = found.get("taskDefinition")
    if "containerDefinitions" not in found and isinstance(wrapped, dict):
        return parse_task_definition(wrapped)
    entries = found.get("containerDefinitions")
    if not isinstance(entries, list):
        fact = "it has no list 'containerDefinitions'"
        if "ContainerDefinitions" in found:
            way_out = "begin every key with a small letter, as RegisterTaskDefinition does"
            raise InvalidDocument(_NAME, f"{fact}, but 'ContainerDefinitions'", way_out)
        raise InvalidDocument(_NAME, fact, "add one, with a name and an image for each container")
    containers = tuple(_container(entry, number) for number, entry in enumerate(entries))
    return TaskDefinition(text, found, containers)


def _container(entry: object, number: int) -> Container:
    place = f"containerDefinitions[{number}]"
    if not isinstance(entry, Mapping):
        raise InvalidDocument(place, "it is no object", "write {…} with a name and an image")
    written = entry.get("repositoryCredentials")
    credentials = written if isinstance(written, Mapping) else {}
    return Container(
        name=text_of(entry.get("name")),
        image=text_of(entry.get("image")),
        place=place,
        essential=entry.get("essential") is not False,
        credentials=text_of(credentials.get("credentialsParameter")) or None,
        version_consistency=entry.get("versionConsistency") != "disabled",
    )


def pulls_of(containers: tuple[Container, ...]) -> list[tuple[str, str]]:
    """Say of each container what it pulls, as the facts of a card."""
    return [(f"`{container.name}` pulls", container.pulled) for container in containers]


def one_named(containers: tuple[Container, ...], name: str, place: str) -> Container:
    """Return the container of a name.

    Raises:
        InvalidInput: No container has it; the names that there are are listed.
    """
    for container in containers:
        if container.name == name:
            return container
    names = ", ".join(repr(container.name) for container in containers) or "none at all"
    raise InvalidInput(place, f"no container is called {name!r}", f"there are: {names}")
