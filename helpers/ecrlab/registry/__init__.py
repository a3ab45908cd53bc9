"""Push and pull through the ECR API alone: no Docker, no daemon, the same code in Mode Mock and on AWS."""

from __future__ import annotations

from ecrlab.registry.inventory import Inventory, inventory
from ecrlab.registry.login import Credentials, login
from ecrlab.registry.pull import pull, pull_with_report
from ecrlab.registry.push import push
from ecrlab.registry.report import Call, Progress, ProgressCallback, PullReport, PushReport
from ecrlab.registry.stored import stored

__all__ = [
    "Call",
    "Credentials",
    "Inventory",
    "Progress",
    "ProgressCallback",
    "PullReport",
    "PushReport",
    "inventory",
    "login",
    "pull",
    "pull_with_report",
    "push",
    "stored",
]
