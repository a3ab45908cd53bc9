"""Kubernetes manifests as values: every object of a YAML text, and the containers of those that make pods."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ecrlab.errors import InvalidDocument, InvalidInput
from ecrlab.oci.descriptor import Platform
from ecrlab.workloads.container import Container, PullPolicy
from ecrlab.workloads.definitions import one_named
from ecrlab.workloads.json_text import path_text
from ecrlab.workloads.yaml_text import YamlDocument, parse_documents

__all__ = ["KubernetesObject", "Manifests", "Workload", "parse_manifests"]

_NAME = "manifest"
_POD_PATHS: dict[str, tuple[str, ...]] = {
    "Pod": ("spec",),
    **dict.fromkeys(
        ("Deployment", "DaemonSet", "StatefulSet", "ReplicaSet", "ReplicationController", "Job"),
        ("spec", "template", "spec"),
    ),
    "CronJob": ("spec", "jobTemplate", "spec", "template", "spec"),
}
_ARCHITECTURE_LABELS = ("kubernetes.io/arch", "beta.kubernetes.io/arch")
_SYSTEM_LABELS = ("kubernetes.io/os", "beta.kubernetes.io/os")


@dataclass(frozen=True, slots=True)
class KubernetesObject:
    """One object of a manifest: a Deployment, a Service, a Secret.

    Args:
        document: Its content, and where each value of it stands.
        path: Where it stands inside its document: empty, or a place in the ``items`` of a ``List``.
    """

    document: YamlDocument = field(repr=False, hash=False, compare=False)
    path: tuple[str | int, ...] = ()

    @property
    def content(self) -> Mapping[str, Any]:
        """What it says, as Kubernetes spells it."""
        value: Mapping[str, Any] = at_path(self.document.value, self.path)
        return value

    @property
    def kind(self) -> str:
        """Its kind: ``Deployment``."""
        return _text(self.content.get("kind"))

    @property
    def api_version(self) -> str:
        """Its API version: ``apps/v1``."""
        return _text(self.content.get("apiVersion"))

    @property
    def name(self) -> str:
        """Its name; empty if it has none."""
        return _text(_mapping(self.content.get("metadata")).get("name"))

    @property
    def namespace(self) -> str:
        """Its namespace; ``default`` if the manifest names none."""
        return _text(_mapping(self.content.get("metadata")).get("namespace")) or "default"

    @property
    def title(self) -> str:
        """Its kind and name: ``Deployment/api``."""
        return f"{self.kind}/{self.name}"

    def place(self, *steps: str | int) -> str:
        """Write the place of a value in it: ``Deployment/api.spec.replicas``."""
        return f"{self.title}.{path_text(steps)}" if steps else self.title


@dataclass(frozen=True, slots=True)
class Workload(KubernetesObject):
    """An object that makes pods.

    Args:
        document: Its content, and where each value of it stands.
        path: Where it stands inside its document.
        containers: Its containers, those that run first at the front.
    """

    containers: tuple[Container, ...] = ()

    @property
    def pod_path(self) -> tuple[str | int, ...]:
        """The path from the object to the specification of its pods."""
        return _POD_PATHS[self.kind]

    @property
    def pod(self) -> Mapping[str, Any]:
        """The specification of its pods."""
        return _mapping(at_path(self.content, self.pod_path))

    @property
    def replicas(self) -> int:
        """How many pods it asks for; 1 where it does not say."""
        replicas = _mapping(self.content.get("spec")).get("replicas")
        return replicas if isinstance(replicas, int) and not isinstance(replicas, bool) else 1

    @property
    def service_account(self) -> str:
        """The service account of its pods; ``default`` where it does not say."""
        return _text(self.pod.get("serviceAccountName")) or "default"

    @property
    def pull_secrets(self) -> tuple[str, ...]:
        """The names under ``imagePullSecrets``."""
        entries = self.pod.get("imagePullSecrets")
        return tuple(_text(_mapping(entry).get("name")) for entry in entries) if isinstance(entries, list) else ()

    @property
    def node_selector(self) -> Mapping[str, str]:
        """The labels that a node must have."""
        return {str(key): str(value) for key, value in _mapping(self.pod.get("nodeSelector")).items()}

    @property
    def architectures(self) -> tuple[str, ...]:
        """The processors of the nodes that it allows, by node selector or required affinity; empty: it does not say."""
        chosen = [self.node_selector[label] for label in _ARCHITECTURE_LABELS if label in self.node_selector]
        return tuple(dict.fromkeys(chosen or _required_values(self.pod, _ARCHITECTURE_LABELS)))

    @property
    def platform(self) -> Platform | None:
        """The one platform that it pins, or ``None`` if any node or several kinds of node will do."""
        systems = [self.node_selector[label] for label in _SYSTEM_LABELS if label in self.node_selector]
        if len(self.architectures) != 1:
            return None
        return Platform(systems[0] if systems else "linux", self.architectures[0])

    def container(self, name: str) -> Container:
        """Return the container of a name.

        Raises:
            InvalidInput: No container has it.
        """
        return one_named(self.containers, name, self.title)


@dataclass(frozen=True, slots=True)
class Manifests:
    """The objects of a YAML text.

    Args:
        text: The YAML; edits start from it, so that comments, order and quotes stay as they are.
        objects: Its objects, in the order of the text; the items of a ``List`` one by one.
    """

    text: str = field(repr=False)
    objects: tuple[KubernetesObject, ...]

    @property
    def workloads(self) -> tuple[Workload, ...]:
        """The objects that make pods."""
        return tuple(entry for entry in self.objects if isinstance(entry, Workload))

    @property
    def containers(self) -> tuple[Container, ...]:
        """The containers of all workloads."""
        return tuple(container for workload in self.workloads for container in workload.containers)

    def workload(self, name: str) -> Workload:
        """Return the workload of a name, or of a kind and a name: ``Deployment/api``.

        Raises:
            InvalidInput: None has it, or several have.
        """
        found = [workload for workload in self.workloads if name in (workload.name, workload.title)]
        if len(found) == 1:
            return found[0]
        titles = ", ".join(workload.title for workload in self.workloads) or "none at all"
        fact = f"{len(found)} workloads are called {name!r}" if found else f"no workload is called {name!r}"
        raise InvalidInput(_NAME, fact, f"there are: {titles}")

    def kind(self, kind: str) -> tuple[KubernetesObject, ...]:
        """Return the objects of a kind."""
        return tuple(entry for entry in self.objects if entry.kind == kind)


def parse_manifests(text: str) -> Manifests:
    """Read the objects of a YAML text; documents without content are left out.

    Args:
        text: One or several YAML documents, or JSON.

    Raises:
        InvalidDocument: It is not YAML, has no object, or a document has no ``kind`` or ``apiVersion``.
    """
    documents = parse_documents(text, _NAME)
    if not documents:
        raise InvalidDocument(_NAME, "it is empty", "write an object, starting with apiVersion and kind")
    return Manifests(text, tuple(entry for document in documents for entry in _objects(document, document.value, ())))


def _objects(document: YamlDocument, value: Any, path: tuple[str | int, ...]) -> Iterator[KubernetesObject]:
    place = path_text((document.number, *path)).replace("[", "document[", 1)
    if not isinstance(value, Mapping):
        raise InvalidDocument(place, "it is no mapping", "start it with apiVersion and kind")
    for key in ("apiVersion", "kind"):
        if not isinstance(value.get(key), str) or not value[key]:
            raise InvalidDocument(place, f"it has no {key!r}", "every object of Kubernetes has apiVersion and kind")
    if value["kind"] == "List" and isinstance(value.get("items"), list):
        for number, item in enumerate(value["items"]):
            yield from _objects(document, item, (*path, "items", number))
    elif value["kind"] in _POD_PATHS:
        yield _workload(document, path)
    else:
        yield KubernetesObject(document, path)


def _workload(document: YamlDocument, path: tuple[str | int, ...]) -> Workload:
    plain = Workload(document, path)
    containers = tuple(
        container
        for key in ("initContainers", "containers", "ephemeralContainers")
        for container in _containers(plain, key)
    )
    return Workload(document, path, containers)


def _containers(workload: Workload, key: str) -> Iterator[Container]:
    entries = workload.pod.get(key)
    for number, entry in enumerate(entries if isinstance(entries, list) else ()):
        written = _mapping(entry)
        policy = written.get("imagePullPolicy")
        yield Container(
            name=_text(written.get("name")),
            image=_text(written.get("image")),
            place=workload.place(*workload.pod_path, key, number),
            essential=key != "ephemeralContainers",
            # One that is restarted always is a side car: it starts first and goes on.
            runs_first=key == "initContainers" and written.get("restartPolicy") != "Always",
            pull_policy=PullPolicy(policy) if policy in list(PullPolicy) else None,
        )


def _required_values(pod: Mapping[str, Any], labels: tuple[str, ...]) -> Iterator[str]:
    affinity = _mapping(_mapping(pod.get("affinity")).get("nodeAffinity"))
    required = _mapping(affinity.get("requiredDuringSchedulingIgnoredDuringExecution"))
    for term in _list(required.get("nodeSelectorTerms")):
        for expression in _list(_mapping(term).get("matchExpressions")):
            rule = _mapping(expression)
            if rule.get("key") in labels and rule.get("operator") == "In":
                yield from (str(value) for value in _list(rule.get("values")))


def at_path(value: Any, path: tuple[str | int, ...]) -> Any:
    """Follow a path into a document; ``None`` where it leads nowhere."""
    for step in path:
        if isinstance(step, int):
            value = value[step] if isinstance(value, list) and step < len(value) else None
        else:
            value = value.get(step) if isinstance(value, Mapping) else None
    return value


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
