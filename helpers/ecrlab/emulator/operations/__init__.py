"""The operations of Amazon ECR, one module per family, each a function from a ``Call`` to an ``Answer``."""

from __future__ import annotations

from ecrlab.emulator.call import Operation
from ecrlab.emulator.operations import (
    account_settings,
    authorization,
    images,
    layers,
    lifecycle,
    policies,
    pull_time,
    referrers,
    replication,
    repositories,
    resource_tags,
    scanning,
    signing,
    storage_class,
    templates,
)

__all__ = ["OPERATIONS"]

OPERATIONS: dict[str, Operation] = {
    **account_settings.OPERATIONS,
    **authorization.OPERATIONS,
    **images.OPERATIONS,
    **layers.OPERATIONS,
    **lifecycle.OPERATIONS,
    **policies.OPERATIONS,
    **pull_time.OPERATIONS,
    **referrers.OPERATIONS,
    **replication.OPERATIONS,
    **repositories.OPERATIONS,
    **resource_tags.OPERATIONS,
    **scanning.OPERATIONS,
    **signing.OPERATIONS,
    **storage_class.OPERATIONS,
    **templates.OPERATIONS,
}
"""AWS's operation name -> the function that answers it."""
