"""A bill of materials: the inventory of an image in a form that other tools read.

The same inventory gives the same document, serial number and order included, so a bill can be attached to its image and
checked again.

Source: CycloneDX 1.6 JSON reference (bomFormat, specVersion, serialNumber, metadata, components with ``evidence``).
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from ecrlab import __version__
from ecrlab.errors import InvalidInput
from ecrlab.scan.inventory import Inventory
from ecrlab.scan.package import Package, System
from ecrlab.scan.purl import package_url

__all__ = ["MEDIA_TYPE", "cyclonedx"]

MEDIA_TYPE = "application/vnd.cyclonedx+json"
"""What a document of this kind is called, as an artifact for example (IANA, media types)."""


def cyclonedx(inventory: Inventory, *, name: str, created: datetime | None = None) -> dict[str, Any]:
    """Write an inventory as a CycloneDX 1.6 document.

    Args:
        inventory: What is installed.
        name: What the image is called: ``team/api:1.0``.
        created: Timezone-aware; left out unless it is given, so that the document does not depend on the day.

    Returns:
        The document, ready for ``json.dumps``.

    Raises:
        InvalidInput: ``created`` without a timezone.
    """
    digest = inventory.manifest_digest
    metadata: dict[str, Any] = {} if created is None else {"timestamp": _timestamp(created)}
    metadata["tools"] = {"components": [{"type": "application", "name": "ecrlab", "version": __version__}]}
    metadata["component"] = {
        "type": "container",
        "bom-ref": str(digest),
        "name": name,
        "version": str(digest),
        "hashes": [{"alg": "SHA-256", "content": digest.hex}],
    }
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid5(NAMESPACE_URL, f'urn:ecrlab:{digest}')}",
        "version": 1,
        "metadata": metadata,
        "components": [*_system(inventory.system), *_components(inventory)],
    }


def _timestamp(moment: datetime) -> str:
    if moment.tzinfo is None:
        raise InvalidInput("created", f"{moment.isoformat()} has no timezone", "add one, e.g. tzinfo=UTC")
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _system(system: System | None) -> list[dict[str, Any]]:
    if system is None:
        return []
    component = {"type": "operating-system", "bom-ref": f"os:{system.id}", "name": system.id}
    if system.version_id:
        component["version"] = system.version_id
    if system.pretty_name:
        component["description"] = system.pretty_name
    return [component]


def _components(inventory: Inventory) -> list[dict[str, Any]]:
    """One component for each package; the same one in several files is one with several occurrences."""
    found: dict[str, list[Package]] = {}
    for package in inventory.packages:
        found.setdefault(package_url(package, inventory.system), []).append(package)
    return [_component(url, packages) for url, packages in found.items()]


def _component(url: str, packages: list[Package]) -> dict[str, Any]:
    package = packages[0]
    component: dict[str, Any] = {"type": "library", "bom-ref": url}
    if package.manager == "maven" and ":" in package.name:
        component["group"], _, component["name"] = package.name.rpartition(":")
    elif package.manager == "npm" and package.name.startswith("@"):
        component["group"], _, component["name"] = package.name.partition("/")
    else:
        component["name"] = package.name
    component |= {"version": package.version, "purl": url}
    component["evidence"] = {"occurrences": [{"location": each.file_path} for each in packages]}
    layers = dict.fromkeys(str(each.layer_digest) for each in packages)
    component["properties"] = [
        {"name": "ecrlab:ecosystem", "value": package.ecosystem},
        *({"name": "ecrlab:layer", "value": layer} for layer in layers),
    ]
    if package.source != package.name or package.source_version != package.version:
        component["properties"].append({"name": "ecrlab:source", "value": f"{package.source} {package.source_version}"})
    return component
