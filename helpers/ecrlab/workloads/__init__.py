"""What runs images: task definitions of Amazon ECS, manifests of Kubernetes, and what becomes of their pulls."""

from __future__ import annotations

from ecrlab.workloads.backoff import back_off_seconds
from ecrlab.workloads.container import Container, PullPolicy
from ecrlab.workloads.manifests import KubernetesObject, Manifests, Workload, parse_manifests
from ecrlab.workloads.messages import MESSAGES, Message, Obstacle
from ecrlab.workloads.network import Endpoint, Internet, Network, Route, Service, Way
from ecrlab.workloads.pull_steps import PullStep
from ecrlab.workloads.puller import Creator, Dialect, Puller, PullerKind
from ecrlab.workloads.pulling import PullOutcome, PullResult, resolve
from ecrlab.workloads.stored import ImageState, StoredImage, StoredRepository, stored
from ecrlab.workloads.task_definition import LaunchType, NetworkMode, TaskDefinition, parse_task_definition

__all__ = [
    "MESSAGES",
    "Container",
    "Creator",
    "Dialect",
    "Endpoint",
    "ImageState",
    "Internet",
    "KubernetesObject",
    "LaunchType",
    "Manifests",
    "Message",
    "Network",
    "NetworkMode",
    "Obstacle",
    "PullOutcome",
    "PullPolicy",
    "PullResult",
    "PullStep",
    "Puller",
    "PullerKind",
    "Route",
    "Service",
    "StoredImage",
    "StoredRepository",
    "TaskDefinition",
    "Way",
    "Workload",
    "back_off_seconds",
    "parse_manifests",
    "parse_task_definition",
    "resolve",
    "stored",
]
