"""Pods on Amazon EKS: what a kubelet makes of their images, on the lab's clock.

EKS knows clusters and node groups; Kubernetes itself is not emulated. What kubectl would show about images is here.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from ecrlab.cards import Card, Table, Tone
from ecrlab.clock import Happening
from ecrlab.cloud import Mock
from ecrlab.deploy.kubelet import ContainerState, ContainerStatus, Event, ImageCache, Kubelet
from ecrlab.deploy.nodes import Ground, ground_of
from ecrlab.deploy.repositories import repository_of
from ecrlab.errors import InvalidInput
from ecrlab.naming import ImageReference
from ecrlab.oci.shown import Shown
from ecrlab.workloads import Manifests, PullResult, Workload, parse_manifests, resolve

if TYPE_CHECKING:
    from ecrlab.cloud import Lab

__all__ = ["PodStatus", "Pods", "pods"]


@dataclass(frozen=True, slots=True, repr=False)
class PodStatus(Shown):
    """The pods of one workload at one moment; its replicas all fare alike.

    Args:
        workload: Kind and name: ``Deployment/api``.
        at: The moment.
        replicas: How many pods there are.
        containers: Each container.
        refusal: What the scheduler says if no machine fits; else empty.
    """

    workload: str
    at: datetime
    replicas: int
    containers: tuple[ContainerStatus, ...]
    refusal: str = ""

    @property
    def is_running(self) -> bool:
        """Whether every container runs."""
        return not self.refusal and all(container.is_running for container in self.containers)

    @property
    def phase(self) -> str:
        """What Kubernetes calls the phase: a container in a crash loop has started, so its pod counts as running."""
        waits = [each for each in self.containers if each.state is not ContainerState.CRASH_LOOP_BACK_OFF]
        return "Running" if not self.refusal and all(each.is_running for each in waits) else "Pending"

    @property
    def status(self) -> str:
        """What kubectl shows in its column STATUS."""
        waiting = next((each for each in self.containers if not each.is_running), None)
        if self.refusal:
            return ContainerState.PENDING.value
        return waiting.state.value if waiting else ContainerState.RUNNING.value

    @property
    def pull(self) -> PullResult | None:
        """The pull that matters: of the first container that does not run, else of the first."""
        ordered = sorted(self.containers, key=lambda container: container.is_running)
        return ordered[0].pull if ordered else None

    def card(self) -> Card:
        """Return the state of the pods, and why."""
        running = self.replicas if self.is_running else 0
        facts = [("workload", self.workload), ("status", self.status), ("ready", f"{running}/{self.replicas}")]
        waiting = next((each for each in self.containers if not each.is_running), None)
        body = [self.refusal] if self.refusal else []
        if waiting is not None and not self.refusal:
            facts += [("tries", str(waiting.tries))]
            if waiting.next_try is not None:
                seconds = int((waiting.next_try - self.at).total_seconds())
                facts += [("next try", f"in {seconds} s, at {waiting.next_try:%H:%M:%S}")]
            body += [waiting.message]
            if waiting.pull is not None and waiting.pull.obstacle is not None:
                body += [waiting.pull.message] if waiting.message != waiting.pull.message else []
                body += [waiting.pull.reason, f"Way out: {waiting.pull.way_out}."]
        return Card(f"Pods of {self.workload}", tuple(facts), body, tone=Tone.GOOD if self.is_running else Tone.BAD)

    def table(self) -> Table:
        """Return the containers."""
        rows = [
            (
                each.container,
                f"`{each.image}`",
                each.state.value,
                f"sha256:{each.digest.short}…" if each.digest else "–",
                "node's cache" if each.from_cache else "registry" if each.digest else "–",
            )
            for each in self.containers
        ]
        return Table(("container", "image", "state", "digest that runs", "taken from"), rows)

    def __repr__(self) -> str:
        return f"<PodStatus {self.workload} {self.status}>"


class Pods(Shown):
    """The pods of one workload, from now on. Made by ``deploy.pods``.

    Attributes:
        workload: What was applied.
        ground: Where they run.
        cache: The images of the node.
    """

    def __init__(self, lab: Lab, workload: Workload, ground: Ground, cache: ImageCache) -> None:
        self._lab = lab
        self.workload = workload
        self.ground = ground
        self.cache = cache
        self._kubelets: tuple[Kubelet, ...] = ()
        self._earlier: list[Event] = []

    @property
    def status(self) -> PodStatus:
        """How the pods are doing now. On real time, tries that have become due are made first."""
        now = self._lab.clock.now()
        self._catch_up(now)
        states = tuple(kubelet.status(now) for kubelet in self._kubelets)
        return PodStatus(self.workload.title, now, self.workload.replicas, states, self.ground.refusal(self.workload))

    @property
    def is_running(self) -> bool:
        """Whether every container runs now."""
        return self.status.is_running

    @property
    def events(self) -> tuple[Event, ...]:
        """What ``kubectl get events`` would list, oldest first."""
        self._catch_up(self._lab.clock.now())
        found = [*self._earlier, *(event for kubelet in self._kubelets for event in kubelet.events)]
        return tuple(sorted(found, key=lambda event: event.at))

    def apply(self, manifest: str | Manifests | Workload) -> Pods:
        """Apply another version of the manifest.

        Kubernetes replaces pods only if the manifest has changed: a tag that moved in the registry changes nothing.

        Returns:
            The pods themselves.
        """
        changed = _workload(manifest, self.workload.title)
        same = _template(changed) == _template(self.workload)
        self.workload = changed
        if not same:
            self._begin()
        return self

    def restart(self) -> Pods:
        """Replace the pods as ``kubectl rollout restart`` does: each image is fetched anew, by its pull policy.

        Returns:
            The pods themselves.
        """
        self._begin()
        return self

    def _begin(self) -> None:
        self._earlier += [event for kubelet in self._kubelets for event in kubelet.events]
        cache = ImageCache() if self.ground.on_fargate else self.cache
        self._kubelets = ()
        if self.ground.refusal(self.workload):
            return
        self._kubelets = tuple(Kubelet(each, cache, self._pull) for each in self.workload.containers)
        self._proceed(self._lab.clock.now())

    def _proceed(self, now: datetime) -> None:
        """Begin with every container that does not wait for one that runs first."""
        for kubelet in self._kubelets:
            if not kubelet.has_begun:
                kubelet.begin(now)
            if kubelet.container.runs_first and not kubelet.status(now).is_running:
                return

    def _pull(self, reference: ImageReference) -> PullResult:
        lab = self._lab
        return resolve(reference, self.ground.puller(lab), self.ground.network(lab), repository_of(lab, reference))

    def _catch_up(self, now: datetime) -> Iterable[Happening]:
        changed = [kubelet for kubelet in self._kubelets if kubelet.catch_up(now)]
        for kubelet in changed:
            self._proceed(kubelet.events[-1].at)
        return [
            Happening(kubelet.events[-1].at, self.workload.title, kubelet.events[-1].message) for kubelet in changed
        ]

    def _on_advance(self, before: datetime, after: datetime) -> Iterable[Happening]:
        """Make the tries that become due while the clock moves, as things stand then."""
        return self._catch_up(after)

    def card(self) -> Card:
        """Return how they are doing now."""
        return self.status.card()

    def table(self) -> Table:
        """Return the containers."""
        return self.status.table()

    def event_table(self) -> Table:
        """Return the events, oldest first."""
        rows = [(_when(event), event.type, event.reason, event.message) for event in self.events]
        return Table(("at", "type", "reason", "message"), rows, caption=f"Events of {self.workload.title}")

    def __repr__(self) -> str:
        return f"<Pods {self.workload.title} {self.status.status}>"


def pods(
    lab: Lab,
    manifest: str | Manifests | Workload,
    *,
    workload: str = "",
    cluster: str = "course",
    nodegroup: str | None = None,
    fargate_profile: str | None = None,
    cache: ImageCache | None = None,
) -> Pods:
    """Apply a manifest, and see what a kubelet makes of its images.

    Only reads from AWS, so it works on a real account too; there BatchGetImage counts as a pull.

    Args:
        lab: The open lab. In Mode Mock a kubelet tries again as its clock advances.
        manifest: YAML text or its value, with a Deployment, a Pod or the like.
        workload: Its name, if the manifest has several.
        cluster: Name of the EKS cluster.
        nodegroup: The group of nodes that they run on; by default the cluster's first.
        fargate_profile: Or the Fargate profile.
        cache: The images that the node has already, e.g. ``other.cache``; by default none.

    Raises:
        InvalidDocument: It is no manifest.
        InvalidInput: It has no workload, or several and none is named.
        AwsCallError: AWS refused a call.
    """
    ground = ground_of(lab, cluster, nodegroup=nodegroup, fargate_profile=fargate_profile)
    made = Pods(lab, _workload(manifest, workload), ground, cache or ImageCache())
    if isinstance(lab.mode, Mock):
        lab.clock.subscribe(made._on_advance)  # type: ignore[union-attr]  # Mode Mock has a clock that is moved
    made._begin()
    return made


def _when(event: Event) -> str:
    """Say when, as kubectl does: ``09:01:10 (x3 over 70s)``."""
    if event.count == 1:
        return f"{event.at:%H:%M:%S}"
    seconds = int((event.at - event.first_at).total_seconds())
    return f"{event.at:%H:%M:%S} (x{event.count} over {seconds}s)"


def _workload(manifest: str | Manifests | Workload, name: str) -> Workload:
    if isinstance(manifest, Workload):
        return manifest
    parsed = manifest if isinstance(manifest, Manifests) else parse_manifests(manifest)
    if name:
        return parsed.workload(name)
    if len(parsed.workloads) != 1:
        titles = ", ".join(each.title for each in parsed.workloads) or "none at all"
        raise InvalidInput(
            "manifest", f"it has {len(parsed.workloads)} workloads", f"name one: workload='…' of {titles}"
        )
    return parsed.workloads[0]


def _template(workload: Workload) -> object:
    return workload.title, workload.pod
