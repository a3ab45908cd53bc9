"""Deploy images to Amazon ECS, EKS and AWS Lambda, and see what becomes of every pull."""

from __future__ import annotations

from ecrlab.deploy.building import (
    LabNetwork,
    cluster,
    container_instance,
    execution_role,
    kubernetes_cluster,
    node_role,
    pod_execution_role,
    private_network,
    public_network,
    role,
)
from ecrlab.deploy.networks import network_of
from ecrlab.deploy.repositories import repository_of
from ecrlab.deploy.roles import role_of
from ecrlab.deploy.tasks import ContainerPull, Placement, Task, preview, register, run_task

__all__ = [
    "ContainerPull",
    "LabNetwork",
    "Placement",
    "Task",
    "cluster",
    "container_instance",
    "execution_role",
    "kubernetes_cluster",
    "network_of",
    "node_role",
    "pod_execution_role",
    "preview",
    "private_network",
    "public_network",
    "register",
    "repository_of",
    "role",
    "role_of",
    "run_task",
]
