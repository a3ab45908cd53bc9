"""Securing a registry: what scans found, whether a build may go on, how a repository stands. Reads, never changes."""

from __future__ import annotations

from ecrlab.security.checks import Check, CheckOutcome
from ecrlab.security.comparing import Comparison, compare
from ecrlab.security.findings import Finding, Findings, VulnerablePackage
from ecrlab.security.gate import Gate, Ignore, gate
from ecrlab.security.images import pinned
from ecrlab.security.least_privilege import MinimalPolicy, minimal_policy
from ecrlab.security.report import ReportCard
from ecrlab.security.report_card import CHECKS, report_card
from ecrlab.security.scans import findings, trend
from ecrlab.security.severity import SEVERITIES
from ecrlab.security.shared_layers import ScannedImage, SharedLayer, SharedLayers, blame_layers, shared_layers
from ecrlab.security.trend import Standing, Trend

__all__ = [
    "CHECKS",
    "SEVERITIES",
    "Check",
    "CheckOutcome",
    "Comparison",
    "Finding",
    "Findings",
    "Gate",
    "Ignore",
    "MinimalPolicy",
    "ReportCard",
    "ScannedImage",
    "SharedLayer",
    "SharedLayers",
    "Standing",
    "Trend",
    "VulnerablePackage",
    "blame_layers",
    "compare",
    "findings",
    "gate",
    "minimal_policy",
    "pinned",
    "report_card",
    "shared_layers",
    "trend",
]
