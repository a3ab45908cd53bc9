"""Scanning: the settings act, the scanner itself comes later. Until then a scan fails, and says why.

No findings are ever made up: a learner must not mistake a canned vulnerability for one in the image.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from ecrlab.emulator import errors
from ecrlab.emulator.call import Answer, Call
from ecrlab.emulator.errors import EcrError
from ecrlab.emulator.mutability import matches
from ecrlab.emulator.state import Image, Registry, Repository

__all__ = ["OPERATIONS", "scanning_configuration"]

_SCAN_QUOTA = timedelta(hours=24)  # one scan of an image in 24 hours, Amazon ECR service quotas
_NO_SCANNER = "This emulator has no scanner yet."


def start_image_scan(call: Call) -> Answer:
    """Note that a scan was asked for."""
    repository, image = _image(call)
    if image.status != "ACTIVE":
        raise errors.image_archived(image.digest, repository.name, repository.registry_id)
    if image.scan_started_at is not None and call.now - image.scan_started_at < _SCAN_QUOTA:
        raise errors.limit_exceeded("The scan quota per image has been exceeded. Wait and try again.")
    image.scan_started_at = call.now
    return _about(call, repository, image) | {"imageScanStatus": {"status": "IN_PROGRESS"}}


def describe_image_scan_findings(call: Call) -> Answer:
    """Say that the scan failed for want of a scanner, or that there was none."""
    repository, image = _image(call)
    if image.scan_started_at is None:
        wanted = call.parameters["imageId"]
        digest, tag = wanted.get("imageDigest") or "null", wanted.get("imageTag") or "null"
        raise EcrError(
            "ScanNotFoundException",
            f"Image scan does not exist for the image with '{{imageDigest:'{digest}', imageTag:'{tag}'}}' "
            f"in the repository with name '{repository.name}' in the registry with id '{repository.registry_id}'",
        )
    return _about(call, repository, image) | {"imageScanStatus": {"status": "FAILED", "description": _NO_SCANNER}}


def get_registry_scanning_configuration(call: Call) -> Answer:
    """Give the registry's scanning rules back."""
    return {"registryId": call.registry.account_id, "scanningConfiguration": call.registry.scanning}


def put_registry_scanning_configuration(call: Call) -> Answer:
    """Replace the registry's scanning rules."""
    present = call.registry.scanning
    call.registry.scanning = {
        "scanType": call.parameters.get("scanType", present["scanType"]),
        "rules": call.parameters.get("rules", []),
    }
    return {"registryScanningConfiguration": call.registry.scanning}


def batch_get_repository_scanning_configuration(call: Call) -> Answer:
    """Say how each named repository is scanned under the registry's rules."""
    found: list[Answer] = []
    failures: list[Answer] = []
    for name in call.parameters["repositoryNames"]:
        repository = call.registry.repository(name)
        if repository:
            found.append(scanning_configuration(call.registry, repository))
        else:
            code = "REPOSITORY_NOT_FOUND"
            failures.append({"repositoryName": name, "failureCode": code, "failureReason": code})
    return {"scanningConfigurations": found, "failures": failures}


def scanning_configuration(registry: Registry, repository: Repository) -> Answer:
    """Return how a repository is scanned; of several rules that match, the last decides."""
    frequency: str = "MANUAL"
    applied: list[dict[str, Any]] = []
    for rule in registry.scanning["rules"]:
        for item in rule["repositoryFilters"]:
            if _covers(item["filter"], repository.name):
                frequency, applied = rule["scanFrequency"], [item]
    return {
        "repositoryArn": repository.arn,
        "repositoryName": repository.name,
        "scanOnPush": repository.scan_on_push,
        "scanFrequency": frequency,
        "appliedScanFilters": applied,
    }


def _covers(pattern: str, name: str) -> bool:
    """Match a wildcard filter; one without a star is found anywhere in the name, says the Amazon ECR User Guide."""
    return matches(name, pattern if "*" in pattern else f"*{pattern}*")


def _image(call: Call) -> tuple[Repository, Image]:
    repository = call.repository()
    wanted = call.parameters["imageId"]
    image = repository.images.find(wanted.get("imageDigest"), wanted.get("imageTag"))
    if image is None:
        raise errors.image_not_found(wanted, repository.name, repository.registry_id)
    return repository, image


def _about(call: Call, repository: Repository, image: Image) -> Answer:
    return {
        "registryId": repository.registry_id,
        "repositoryName": repository.name,
        "imageId": {"imageDigest": image.digest} | dict(call.parameters["imageId"]),
    }


OPERATIONS = {
    "BatchGetRepositoryScanningConfiguration": batch_get_repository_scanning_configuration,
    "DescribeImageScanFindings": describe_image_scan_findings,
    "GetRegistryScanningConfiguration": get_registry_scanning_configuration,
    "PutRegistryScanningConfiguration": put_registry_scanning_configuration,
    "StartImageScan": start_image_scan,
}
