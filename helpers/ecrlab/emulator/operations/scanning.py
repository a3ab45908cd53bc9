"""Scanning: the settings of registry and repository, the scans that are asked for, and what they found.

No finding is ever made up: each comes from a package in a layer and from a dated advisory of the kit.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ecrlab.emulator import errors, paging, scanner, scanning_runs
from ecrlab.emulator.call import Answer, Call
from ecrlab.emulator.scanning_rules import CONTINUOUS, MANUAL, scan_type, way_of_scanning
from ecrlab.emulator.scanning_runs import Results
from ecrlab.emulator.scans import BASIC, ENHANCED
from ecrlab.emulator.state import Image, Registry, Repository

__all__ = ["OPERATIONS", "scan_summary"]

_DEFAULT_PAGE = 100  # DescribeImageScanFindings, API reference


# --- scans ----------------------------------------------------------------------------------------------------


def start_image_scan(call: Call) -> Answer:
    """Begin a basic scan; enhanced scanning has no manual ones.

    Source of what enhanced scanning answers: alexjurkiewicz/ecr-scan-image issues 22 and 44.
    """
    repository = call.repository()
    if scan_type(call.registry) == ENHANCED:
        raise errors.feature_disabled()
    image = _image(call, repository)
    if not scanner.is_scannable(image):
        raise errors.unsupported_image_type(image.digest, repository.name, repository.registry_id)
    if image.status != "ACTIVE":
        raise errors.image_archived(image.digest, repository.name, repository.registry_id)
    exhausted = scanning_runs.exhausted_quota(call.registry, image, call.now)
    if exhausted:
        raise errors.limit_exceeded(exhausted)
    scanning_runs.begin(call.registry, repository, image, call.now)
    return _about(call, repository, image) | {"imageScanStatus": {"status": "IN_PROGRESS"}}


def describe_image_scan_findings(call: Call) -> Answer:
    """Tell how the scan of an image stands and, once it is over, what it found, page by page."""
    repository = call.repository()
    image = _image(call, repository)
    standing = scanning_runs.look(call.registry, repository, image, call.now)
    if standing is None:
        raise errors.scan_not_found(call.parameters["imageId"], repository.name, repository.registry_id)
    answer = _about(call, repository, image)
    answer["imageScanStatus"] = {"status": standing.status, "description": standing.description}
    return answer | _findings(call, repository, image, standing.results)


def _findings(call: Call, repository: Repository, image: Image, results: Results | None) -> Answer:
    kind = scan_type(call.registry)
    if results is None:
        # As AWS answers while a scan is pending; Guess: and in every other status without results.
        return {"imageScanFindings": {"findings": [], "enhancedFindings": []}} if kind == ENHANCED else {}
    scope = (call.operation, repository.arn, image.digest, kind, results.observed_at.isoformat())
    token = call.parameters.get("nextToken")
    (after,) = paging.decode_token(token, *scope) if token else (0,)
    found = scanner.findings(
        results.report,
        kind,
        repository,
        image,
        first_observed_at=results.first_observed_at,
        observed_at=results.observed_at,
    )
    numbered = (((number,), each) for number, each in enumerate(found, start=1) if number > int(after))
    shown, next_token = paging.page(numbered, call.parameters.get("maxResults", _DEFAULT_PAGE), *scope)
    member = "findings" if kind == BASIC else "enhancedFindings"
    return {"imageScanFindings": _summary(results, kind) | {member: shown}, "nextToken": next_token}


def _summary(results: Results, kind: str) -> Answer:
    return {
        "imageScanCompletedAt": results.observed_at,
        "vulnerabilitySourceUpdatedAt": scanner.advisories_updated_at(results.report, results.observed_at),
        "findingSeverityCounts": scanner.severity_counts(results.report, kind),
    }


def scan_summary(call: Call, repository: Repository, image: Image) -> Answer:
    """Return what DescribeImages tells of a basic scan; to look here is not to look at the scan.

    With enhanced scanning it tells nothing (aws/containers-roadmap issue 1662). The newest basic scanning of AWS does
    not fill these members either and points to DescribeImageScanFindings; here they are filled, as they were before.
    """
    if scan_type(call.registry) != BASIC or BASIC not in image.scans:
        return {}
    standing = scanning_runs.standing(call.registry, repository, image, call.now)
    if standing is None:
        return {}
    summary: Answer = {"imageScanStatus": {"status": standing.status, "description": standing.description}}
    if standing.results is not None:
        summary["imageScanFindingsSummary"] = _summary(standing.results, BASIC)
    return summary


def _image(call: Call, repository: Repository) -> Image:
    wanted = call.parameters["imageId"]
    image = repository.images.find(wanted.get("imageDigest"), wanted.get("imageTag"))
    if image is None:
        raise errors.image_not_found(wanted, repository.name, repository.registry_id)
    return image


def _about(call: Call, repository: Repository, image: Image) -> Answer:
    return {
        "registryId": repository.registry_id,
        "repositoryName": repository.name,
        "imageId": {"imageDigest": image.digest} | dict(call.parameters["imageId"]),
    }


# --- settings -------------------------------------------------------------------------------------------------


def get_registry_scanning_configuration(call: Call) -> Answer:
    """Give the registry's scanning rules back."""
    return {"registryId": call.registry.account_id, "scanningConfiguration": call.registry.scanning}


def put_registry_scanning_configuration(call: Call) -> Answer:
    """Replace the registry's scanning rules. Guess: a type that is not named stays as it is."""
    kind = call.parameters.get("scanType", scan_type(call.registry))
    rules = call.parameters.get("rules", [])
    scanning = {"scanType": kind, "rules": rules}
    if call.rules.engines_are_ours:
        _refuse_foreign_frequencies(kind, rules)
        scanning_runs.reconfigure(call.registry, scanning, call.now)
    else:
        call.registry.scanning = scanning
    return {"registryScanningConfiguration": scanning}


def _refuse_foreign_frequencies(kind: str, rules: Iterable[dict[str, Any]]) -> None:
    """Keep each type to its own frequencies, as the API reference lists them. Wording: guess."""
    foreign = CONTINUOUS if kind == BASIC else MANUAL
    for number, rule in enumerate(rules, start=1):
        if rule["scanFrequency"] == foreign:
            raise errors.invalid_parameter(
                f"rules.{number}.member.scanFrequency",
                f"scanFrequency {foreign} is not supported when scanType is set as {kind}",
            )


def batch_get_repository_scanning_configuration(call: Call) -> Answer:
    """Say how each named repository is scanned under the registry's rules."""
    found: list[Answer] = []
    failures: list[Answer] = []
    for name in call.parameters["repositoryNames"]:
        repository = call.registry.repository(name)
        if repository:
            found.append(_configuration(call.registry, repository))
        else:
            code = "REPOSITORY_NOT_FOUND"
            failures.append({"repositoryName": name, "failureCode": code, "failureReason": code})
    return {"scanningConfigurations": found, "failures": failures}


def _configuration(registry: Registry, repository: Repository) -> Answer:
    frequency, applied = way_of_scanning(registry, repository)
    return {
        "repositoryArn": repository.arn,
        "repositoryName": repository.name,
        "scanOnPush": repository.scan_on_push,
        "scanFrequency": frequency,
        "appliedScanFilters": applied,
    }


OPERATIONS = {
    "BatchGetRepositoryScanningConfiguration": batch_get_repository_scanning_configuration,
    "DescribeImageScanFindings": describe_image_scan_findings,
    "GetRegistryScanningConfiguration": get_registry_scanning_configuration,
    "PutRegistryScanningConfiguration": put_registry_scanning_configuration,
    "StartImageScan": start_image_scan,
}
