"""Deploy images to Amazon ECS, EKS and AWS Lambda, and see what becomes of every pull."""

from __future__ import annotations

from ecrlab.deploy.building import (
    cluster,
    container_instance,
    execution_role,
    kubernetes_cluster,
    node_role,
    pod_execution_role,
    role,
)
from ecrlab.deploy.functions import Function, function, preview_function
from ecrlab.deploy.kubelet import ContainerState, ContainerStatus, Event, ImageCache
from ecrlab.deploy.lab_networks import LabNetwork, private_network, public_network
from ecrlab.deploy.networks import network_of
from ecrlab.deploy.pods import Pods, PodStatus, pods
from ecrlab.deploy.repositories import repository_of
from ecrlab.deploy.roles import role_of
from ecrlab.deploy.services import Deployment, Service, service
from ecrlab.deploy.task import ContainerPull, Placement, Task
from ecrlab.deploy.tasks import preview, register, run_task

__all__ = [
    "ContainerPull",
    "ContainerState",
    "ContainerStatus",
    "Deployment",
    "Event",
    "Function",
    "ImageCache",
    "LabNetwork",
    "Placement",
    "PodStatus",
    "Pods",
    "Service",
    "Task",
    "cluster",
    "container_instance",
    "execution_role",
    "function",
    "kubernetes_cluster",
    "network_of",
    "node_role",
    "pod_execution_role",
    "pods",
    "preview",
    "preview_function",
    "private_network",
    "public_network",
    "register",
    "repository_of",
    "role",
    "role_of",
    "run_task",
    "service",
]
