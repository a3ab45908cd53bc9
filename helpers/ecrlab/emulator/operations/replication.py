"""Replication: its rules, how the copies of an image stand, and backfills of what was there before the rules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ecrlab.emulator import backfills, errors, paging
from ecrlab.emulator.backfills import Attempt, Backfill
from ecrlab.emulator.call import Answer, Call, present
from ecrlab.emulator.ids import derived_uuid
from ecrlab.emulator.replication_rules import Destination
from ecrlab.naming import partition_of

__all__ = ["OPERATIONS"]

_MOST_DESTINATIONS = 25  # unique destinations over all rules, Amazon ECR service quotas
_MOST_BACKFILLS = 10  # in progress at once in a registry, says the service model
_BACKFILLS_A_PAGE = 25
_RESULTS_A_PAGE = 100


# --- rules ----------------------------------------------------------------------------------------------------


def put_replication_configuration(call: Call) -> Answer:
    """Replace the replication rules of the registry; what is under way arrives all the same."""
    configuration = call.parameters["replicationConfiguration"]
    destinations = _destinations(configuration)
    if Destination(call.registry.region, call.registry.account_id) in destinations:
        raise errors.invalid_parameter(
            "replicationConfiguration", "Replication destination cannot be the same as the source registry"
        )
    for destination in destinations:
        _refuse_beyond_reach(call, destination)
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


def describe_image_replication_status(call: Call) -> Answer:
    """Tell for each destination whether the latest copy of an image is under way, has arrived or has failed."""
    repository, wanted = call.repository(), call.parameters["imageId"]
    image = repository.images.find(wanted.get("imageDigest"), wanted.get("imageTag"))
    if image is None:
        raise errors.image_not_found(wanted, repository.name, repository.registry_id)
    statuses = [
        _destination(destination) | present(status=standing.status, failureCode=standing.failure_code)
        for destination, standing in image.replications.items()
    ]
    return {
        "repositoryName": repository.name,
        "imageId": {"imageDigest": image.digest} | dict(wanted),
        "replicationStatuses": statuses,
    }


def _refuse_beyond_reach(call: Call, destination: Destination) -> None:
    """Refuse a Region that is not there, or lies in another partition. Guess: that it is refused here, and how."""
    region, here = destination.region, call.registry.region
    if call.registry.elsewhere(destination.registry_id, region) is None:
        raise errors.invalid_parameter(
            "replicationConfiguration", f"Replication destination region {region} is unknown"
        )
    if partition_of(region) != partition_of(here):
        raise errors.invalid_parameter(
            "replicationConfiguration", f"Images cannot be replicated from {here} to {region}, in another partition"
        )


def _destinations(configuration: Mapping[str, Any]) -> dict[Destination, None]:
    """Return the destinations of all rules, each once."""
    return {
        Destination(each["region"], each["registryId"]): None
        for rule in configuration["rules"]
        for each in rule["destinations"]
    }


# --- backfills ------------------------------------------------------------------------------------------------


def start_replication_backfill(call: Call) -> Answer:
    """Begin to copy what was pushed before the rules to one of their destinations."""
    registry, asked = call.registry, call.parameters["destination"]
    destination = Destination(asked["region"], asked["registryId"])
    if destination not in _destinations(registry.replication):
        # Guess: the model says that the destination must be configured, and not how that is refused
        raise errors.invalid_parameter("destination", "The destination is not part of the replication configuration")
    running = [backfill for backfill in registry.backfills.values() if not backfill.has_ended]
    if any(backfill.destination.region == destination.region for backfill in running):
        raise errors.backfill_in_progress(destination.region, registry.account_id)
    if len(running) >= _MOST_BACKFILLS:
        raise errors.limit_exceeded(
            f"The registry with id '{registry.account_id}' has the maximum number of replication backfills in progress"
        )
    registry.backfills_begun += 1
    number = registry.backfills_begun
    backfill_id = derived_uuid("backfill", registry.account_id, registry.region, number)
    backfill = Backfill(backfill_id, number, destination, call.now, call.now + backfills.PREPARATION_TAKES)
    registry.backfills[backfill_id] = backfill
    return _identified(call, backfill)


def stop_replication_backfill(call: Call) -> Answer:
    """Begin no further copies; those under way arrive."""
    backfill = _found(call)
    if backfill.status not in ("PREPARING", "IN_PROGRESS"):
        raise errors.backfill_invalid_status(backfill.backfill_id, backfill.status)
    backfills.stop(backfill, call.now)
    return _identified(call, backfill)


def list_replication_backfills(call: Call) -> Answer:
    """List the backfills of the last 90 days, page by page. Guess: the newest first."""
    backfills.forget(call.registry, call.now)
    token, limit = call.parameters.get("nextToken"), call.parameters.get("maxResults", _BACKFILLS_A_PAGE)
    scope = (call.operation, call.registry.account_id, call.registry.region)
    before = int(paging.decode_token(token, *scope)[0]) if token else call.registry.backfills_begun + 1
    newest_first = sorted(call.registry.backfills.values(), key=lambda backfill: -backfill.number)
    listed = (((each.number,), _summary(each)) for each in newest_first if each.number < before)
    page, next_token = paging.page(listed, limit, *scope)
    return {"registryId": call.registry.account_id, "backfills": page, "nextToken": next_token}


def describe_replication_backfill_results(call: Call) -> Answer:
    """Tell how far a backfill has come, and once it has ended what became of each image, page by page."""
    backfill = _found(call)
    token, limit = call.parameters.get("nextToken"), call.parameters.get("maxResults", _RESULTS_A_PAGE)
    wanted = call.parameters.get("resultStatusFilter")
    scope = (call.operation, backfill.backfill_id, wanted or "ANY")
    after = int(paging.decode_token(token, *scope)[0]) if token else 0
    results = enumerate(backfill.over(wanted) if backfill.has_ended else (), start=1)
    page, next_token = paging.page(
        (((number,), _result(each)) for number, each in results if number > after), limit, *scope
    )
    return {
        "registryId": call.registry.account_id,
        **_summary(backfill),
        "results": page,
        "nextToken": next_token,
    }


def _found(call: Call) -> Backfill:
    backfills.forget(call.registry, call.now)
    backfill_id = call.parameters["replicationBackfillId"]
    backfill = call.registry.backfills.get(backfill_id.lower())
    if backfill is None:
        raise errors.backfill_not_found(backfill_id, call.registry.account_id)
    return backfill


def _identified(call: Call, backfill: Backfill) -> Answer:
    return {
        "replicationBackfillId": backfill.backfill_id,
        "registryId": call.registry.account_id,
        "destination": _destination(backfill.destination),
        "status": backfill.status,
        "startedAt": backfill.started_at,
    }


def _summary(backfill: Backfill) -> Answer:
    """Return the ``ReplicationBackfillSummary``, without a failureCode: AWS's values were not seen in public."""
    return present(
        replicationBackfillId=backfill.backfill_id,
        destination=_destination(backfill.destination),
        status=backfill.status,
        progress=_progress(backfill),
        startedAt=backfill.started_at,
        endedAt=backfill.ended_at,
    )


def _progress(backfill: Backfill) -> Answer | None:
    if backfill.attempts is None:
        return None
    failed = backfill.over("FAILED")
    return {
        "totalReplicationCount": len(backfill.attempts),
        "completedReplicationCount": len(backfill.over("COMPLETE")),
        "failedReplicationCount": len(failed),
        "failureCodes": list(dict.fromkeys(each.standing.failure_code for each in failed if each.standing)),
    }


def _result(attempt: Attempt) -> Answer:
    assert attempt.standing is not None  # it is over
    return present(
        repositoryName=attempt.repository.name,
        imageId=present(imageDigest=attempt.image.digest, imageTag=attempt.tag),
        status=attempt.standing.status,
        failureCode=attempt.standing.failure_code,
        # An index arrives with all of its images or not at all: none of them fails on its own here.
        subImageFailureCodes=[] if attempt.image.manifest.is_index else None,
    )


def _destination(destination: Destination) -> Answer:
    return {"region": destination.region, "registryId": destination.registry_id}


OPERATIONS = {
    "DescribeImageReplicationStatus": describe_image_replication_status,
    "DescribeRegistry": describe_registry,
    "DescribeReplicationBackfillResults": describe_replication_backfill_results,
    "ListReplicationBackfills": list_replication_backfills,
    "PutReplicationConfiguration": put_replication_configuration,
    "StartReplicationBackfill": start_replication_backfill,
    "StopReplicationBackfill": stop_replication_backfill,
}
