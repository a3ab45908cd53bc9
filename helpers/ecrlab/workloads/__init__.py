"""What runs images: task definitions of Amazon ECS, manifests of Kubernetes, and what becomes of their pulls."""

from __future__ import annotations

from ecrlab.workloads.container import Container, PullPolicy
from ecrlab.workloads.manifests import KubernetesObject, Manifests, Workload, parse_manifests
from ecrlab.workloads.task_definition import LaunchType, NetworkMode, TaskDefinition, parse_task_definition

__all__ = [
    "Container",
    "KubernetesObject",
    "LaunchType",
    "Manifests",
    "NetworkMode",
    "PullPolicy",
    "TaskDefinition",
    "Workload",
    "parse_manifests",
    "parse_task_definition",
]
