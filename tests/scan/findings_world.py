"""Packages, inventories and reports for tests: of the twelve lab images, and of whatever a test makes up."""

from __future__ import annotations

import json
from pathlib import Path

from ecrlab.naming import Digest
from ecrlab.scan.advisories import load
from ecrlab.scan.inventory import Inventory
from ecrlab.scan.matching import match
from ecrlab.scan.package import Package, System

HERE = Path(__file__).parent
BASE = Digest.of(b"the base layer")
APPLICATION = Digest.of(b"the application layer")
DEBIAN_12 = System("debian", "12", "Debian GNU/Linux 12 (bookworm)")

_MANAGERS = {"Debian": "dpkg", "Alpine": "apk", "PyPI": "pip", "npm": "npm", "Maven": "maven"}
_FILES = {
    "dpkg": "var/lib/dpkg/status",
    "apk": "lib/apk/db/installed",
    "rpm": "var/lib/rpm/rpmdb.sqlite",
    "pip": "usr/lib/python3/dist-packages/{}.dist-info/METADATA",
    "npm": "app/node_modules/{}/package.json",
    "maven": "app/{}.jar",
}
_SYSTEMS = {
    "Debian:11": System("debian", "11", "Debian GNU/Linux 11 (bullseye)"),
    "Alpine": System("alpine", "3.18.4", "Alpine Linux v3.18"),
}


def table(name):
    """Read a JSON file beside the tests."""
    return json.loads((HERE / name).read_text("utf-8"))


LAB_IMAGES = {image["name"]: image for image in table("lab_images.json")}


def package(ecosystem, name, version, *, layer=BASE, manager=None, **others):
    """Build a package as the inventory would; short, since most tests need several."""
    manager = manager or _MANAGERS.get(ecosystem.partition(":")[0], "rpm")
    architecture = "amd64" if manager == "dpkg" else ""
    facts = {"architecture": architecture, "file_path": _FILES[manager].format(name.rpartition(":")[2])} | others
    return Package(ecosystem, name, version, manager=manager, layer_digest=layer, **facts)


def inventory(*packages, system=DEBIAN_12, name="image", warnings=()):
    """Build the inventory of an image whose digest follows from its name."""
    return Inventory(system, packages, tuple(warnings), Digest.of(name.encode()))


def lab_inventory(name):
    """Build the inventory of a lab image directly from its packages."""
    image = LAB_IMAGES[name]
    ecosystem = image["ecosystem"]
    packages = [package(ecosystem, source, version) for source, version in image["packages"].items()]
    return inventory(*packages, system=_SYSTEMS.get(ecosystem, DEBIAN_12), name=name)


def report(*packages, **others):
    """Match made-up packages with the kit's advisories."""
    return match(inventory(*packages, **others), load())


def lab_report(name):
    """Match a lab image with the kit's advisories."""
    return match(lab_inventory(name), load())
