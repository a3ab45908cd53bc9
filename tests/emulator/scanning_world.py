"""What the tests of scanning do all the time: set rules, push lab images, look at scans."""

from __future__ import annotations

from typing import Any

from client_world import World
from ecrlab import registry
from ecrlab.oci import recipes


def rule(frequency: str, *filters: str) -> dict:
    """Write a scanning rule as AWS spells it."""
    return {
        "scanFrequency": frequency,
        "repositoryFilters": [{"filter": text, "filterType": "WILDCARD"} for text in filters],
    }


def enhanced(world: World, frequency: str = "CONTINUOUS_SCAN", pattern: str = "*") -> None:
    """Switch enhanced scanning on for what a filter covers."""
    world.ecr.put_registry_scanning_configuration(scanType="ENHANCED", rules=[rule(frequency, pattern)])


def on_push(world: World, pattern: str = "*") -> None:
    """Scan what is pushed, with basic scanning."""
    world.ecr.put_registry_scanning_configuration(scanType="BASIC", rules=[rule("SCAN_ON_PUSH", pattern)])


def push(world: World, name: str, tag: str = "v1", repository: str | None = None) -> str:
    """Push a lab image; return its digest."""
    image = recipes.lab_image(name)
    registry.push(world.ecr, image, repository or world.repository, tag=tag)
    return str(image.digest)


def start(world: World, tag: str = "v1") -> dict[str, Any]:
    """Ask for a basic scan."""
    return world.ecr.start_image_scan(repositoryName=world.repository, imageId={"imageTag": tag})


def look(world: World, tag: str = "v1", **parameters: Any) -> dict[str, Any]:
    """Look at the scan of an image."""
    return world.ecr.describe_image_scan_findings(
        repositoryName=world.repository, imageId={"imageTag": tag}, **parameters
    )


def status(world: World, tag: str = "v1") -> str:
    """Return where the scan of an image stands."""
    return look(world, tag)["imageScanStatus"]["status"]


def counts(world: World, tag: str = "v1") -> dict[str, int]:
    """Return the severities that were found."""
    return look(world, tag)["imageScanFindings"]["findingSeverityCounts"]


def move(world: World, target: str, tag: str = "v1") -> None:
    """Archive an image, or begin to restore it."""
    world.ecr.update_image_storage_class(
        repositoryName=world.repository, imageId={"imageTag": tag}, targetStorageClass=target
    )
