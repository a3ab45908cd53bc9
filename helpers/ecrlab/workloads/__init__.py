"""What runs images: task definitions of Amazon ECS, manifests of Kubernetes, and what becomes of their pulls."""

from __future__ import annotations

from ecrlab.workloads.backoff import back_off_seconds
from ecrlab.workloads.check_manifests import check_manifests
from ecrlab.workloads.check_task_definition import check_task_definition
from ecrlab.workloads.comparing import Difference, compare
from ecrlab.workloads.container import Container, PullPolicy
from ecrlab.workloads.definitions import LaunchType, NetworkMode, TaskDefinition, parse_task_definition
from ecrlab.workloads.editing import with_image
from ecrlab.workloads.explaining import Cause, Explanation, explain_error
from ecrlab.workloads.findings import Code, Finding, Findings
from ecrlab.workloads.manifests import KubernetesObject, Manifests, Workload, parse_manifests
from ecrlab.workloads.messages import MESSAGES, Message, Obstacle
from ecrlab.workloads.network import Endpoint, Internet, Network, Route, Service, Way
from ecrlab.workloads.pull_steps import PullStep
from ecrlab.workloads.puller import Creator, Dialect, Puller, PullerKind
from ecrlab.workloads.pulling import PullOutcome, PullResult, resolve
from ecrlab.workloads.rendering import deployment, task_definition
from ecrlab.workloads.stored import ImageState, StoredImage, StoredRepository, stored

__all__ = [
    "MESSAGES",
    "Cause",
    "Code",
    "Container",
    "Creator",
    "Dialect",
    "Difference",
    "Endpoint",
    "Explanation",
    "Finding",
    "Findings",
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
    "check_manifests",
    "check_task_definition",
    "compare",
    "deployment",
    "explain_error",
    "parse_manifests",
    "parse_task_definition",
    "resolve",
    "stored",
    "task_definition",
    "with_image",
]
