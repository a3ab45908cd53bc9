"""What is installed in an image, and which known vulnerabilities that means: no Docker, no network, no clock."""

from __future__ import annotations

from ecrlab.scan.advisories import Advisories, attribution
from ecrlab.scan.advisories import load as load_advisories
from ecrlab.scan.advisory import SEVERITIES, Advisory, Evidence, Range, Score, Source, Vulnerability
from ecrlab.scan.finding import Finding
from ecrlab.scan.fixing import Fix, Fixes
from ecrlab.scan.inventory import Inventory, inventory, read_image
from ecrlab.scan.layer import LayerContents, read_layer
from ecrlab.scan.limits import Limits
from ecrlab.scan.matching import match
from ecrlab.scan.package import Manager, Package, System
from ecrlab.scan.report import Comparison, Report, compare
from ecrlab.scan.sbom import cyclonedx
from ecrlab.scan.scanning import scan
from ecrlab.scan.shapes import ScannedImage, basic_findings, enhanced_findings, severity_counts_of
from ecrlab.scan.sharing import SharedLayer, SharedLayers, shared_base
from ecrlab.scan.support import Coverage, Support, support_of
from ecrlab.scan.versions import compare as compare_versions

__all__ = [
    "SEVERITIES",
    "Advisories",
    "Advisory",
    "Comparison",
    "Coverage",
    "Evidence",
    "Finding",
    "Fix",
    "Fixes",
    "Inventory",
    "LayerContents",
    "Limits",
    "Manager",
    "Package",
    "Range",
    "Report",
    "ScannedImage",
    "Score",
    "SharedLayer",
    "SharedLayers",
    "Source",
    "Support",
    "System",
    "Vulnerability",
    "attribution",
    "basic_findings",
    "compare",
    "compare_versions",
    "cyclonedx",
    "enhanced_findings",
    "inventory",
    "load_advisories",
    "match",
    "read_image",
    "read_layer",
    "scan",
    "severity_counts_of",
    "shared_base",
    "support_of",
]
