"""Replication: the configuration is kept; nothing is copied yet."""

from __future__ import annotations

from ecrlab.emulator import errors
from ecrlab.emulator.call import Answer, Call

__all__ = ["OPERATIONS"]

_MOST_DESTINATIONS = 25  # unique destinations over all rules, Amazon ECR service quotas


def put_replication_configuration(call: Call) -> Answer:
    """Replace the replication rules of the registry."""
    configuration = call.parameters["replicationConfiguration"]
    destinations = {
        (destination["registryId"], destination["region"])
        for rule in configuration["rules"]
        for destination in rule["destinations"]
    }
    if (call.registry.account_id, call.registry.region) in destinations:
        raise errors.invalid_parameter(
            "replicationConfiguration", "Replication destination cannot be the same as the source registry"
        )
    if len(destinations) > _MOST_DESTINATIONS:
        # Guess: quota known, wording not
        raise errors.invalid_parameter(
            "replicationConfiguration", f"There can be at most {_MOST_DESTINATIONS} unique destinations"
        )
    call.registry.replication = configuration
    return {"replicationConfiguration": configuration}


def describe_registry(call: Call) -> Answer:
    """Describe the registry: its id and its replication rules."""
    return {"registryId": call.registry.account_id, "replicationConfiguration": call.registry.replication}


OPERATIONS = {
    "DescribeRegistry": describe_registry,
    "PutReplicationConfiguration": put_replication_configuration,
}
