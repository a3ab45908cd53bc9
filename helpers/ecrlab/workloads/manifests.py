"""Kubernetes manifests as values: every object of a YAML text, and the containers of those that make pods."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ecrlab.cards import Card, ShownAs
from ecrlab.errors import InvalidDocument, InvalidInput
from ecrlab.oci.descriptor import Platform
from ecrlab.workloads.container import Container, PullPolicy
from ecrlab.workloads.definitions import one_named, pulls_of
from ecrlab.workloads.json_text import path_text
from ecrlab.workloads.lenient import at_path, list_of, mapping_of, text_of
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
_CONTAINER_KEYS = ("initContainers", "containers", "ephemeralContainers")
_SYSTEM_LABELS = ("kubernetes.io/os", "beta.kubernetes.io/os")


@dataclass(frozen=True, slots=True, repr=False)
class KubernetesObject(ShownAs):
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
        return text_of(self.content.get("kind"))

    @property
    def api_version(self) -> str:
        """Its API version: ``apps/v1``."""
        return text_of(self.content.get("apiVersion"))

    @property
    def name(self) -> str:
        """Its name; empty if it has none."""
        return text_of(mapping_of(self.content.get("metadata")).get("name"))

    @property
    def namespace(self) -> str:
        """Its namespace; ``default`` if the manifest names none."""
        return text_of(mapping_of(self.content.get("metadata")).get("namespace")) or "default"

    @property
    def title(self) -> str:
        """Its kind and name: ``Deployment/api``."""
        return f"{self.kind}/{self.name}"

    def place(self, *steps: str | int) -> str:
        """Write the place of a value in it: ``Deployment/api.spec.replicas``."""
        return f"{self.title}.{path_text(steps)}" if steps else self.title

    def _shown(self) -> Card:
        return Card(self.title, [("namespace", self.namespace)])


@dataclass(frozen=True, slots=True, repr=False)
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
        return mapping_of(at_path(self.content, self.pod_path))

    @property
    def replicas(self) -> int:
        """How many pods it asks for; 1 where it does not say."""
        replicas = mapping_of(self.content.get("spec")).get("replicas")
        return replicas if isinstance(replicas, int) and not isinstance(replicas, bool) else 1

    @property
    def service_account(self) -> str:
        """The service account of its pods; ``default`` where it does not say."""
        return text_of(self.pod.get("serviceAccountName")) or "default"

    @property
    def pull_secrets(self) -> tuple[str, ...]:
        """The names under ``imagePullSecrets``."""
        entries = self.pod.get("imagePullSecrets")
        return tuple(text_of(mapping_of(entry).get("name")) for entry in entries) if isinstance(entries, list) else ()

    @property
    def node_selector(self) -> Mapping[str, str]:
        """The labels that a node must have."""
        return {str(key): str(value) for key, value in mapping_of(self.pod.get("nodeSelector")).items()}

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

    @property
    def container_paths(self) -> tuple[tuple[str | int, ...], ...]:
        """The paths from the object to its containers, in the order of ``containers``."""
        return tuple(
            (*self.pod_path, key, number)
            for key in _CONTAINER_KEYS
            for number in range(len(list_of(self.pod.get(key))))
        )

    def _shown(self) -> Card:
        facts = [("namespace", self.namespace), ("pods", str(self.replicas))]
        return Card(self.title, [*facts, *pulls_of(self.containers)])


@dataclass(frozen=True, slots=True, repr=False)
class Manifests(ShownAs):
    """The objects of a YAML text; shows what they pull, and the text.

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

    def _shown(self) -> Card:
        title = "Manifest of " + ", ".join(entry.title for entry in self.objects)
        return Card(title, pulls_of(self.containers), code=self.text.rstrip("\n"), language="yaml")

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
    containers = tuple(container for key in _CONTAINER_KEYS for container in _containers(plain, key))
    return Workload(document, path, containers)


def _containers(workload: Workload, key: str) -> Iterator[Container]:
    entries = workload.pod.get(key)
    for number, entry in enumerate(entries if isinstance(entries, list) else ()):
        written = mapping_of(entry)
        policy = written.get("imagePullPolicy")
        yield Container(
            name=text_of(written.get("name")),
            image=text_of(written.get("image")),
            place=workload.place(*workload.pod_path, key, number),
            essential=key != "ephemeralContainers",
            # One that is restarted always is a side car: it starts first and goes on.
            runs_first=key == "initContainers" and written.get("restartPolicy") != "Always",
            pull_policy=PullPolicy(policy) if policy in list(PullPolicy) else None,
        )


def _required_values(pod: Mapping[str, Any], labels: tuple[str, ...]) -> Iterator[str]:
    affinity = mapping_of(mapping_of(pod.get("affinity")).get("nodeAffinity"))
    required = mapping_of(affinity.get("requiredDuringSchedulingIgnoredDuringExecution"))
    for term in list_of(required.get("nodeSelectorTerms")):
        for expression in list_of(mapping_of(term).get("matchExpressions")):
            rule = mapping_of(expression)
            if rule.get("key") in labels and rule.get("operator") == "In":
                yield from (str(value) for value in list_of(rule.get("values")))
