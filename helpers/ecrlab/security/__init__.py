"""Securing a registry: what scans found, whether a build may go on, how a repository stands. Reads, never changes."""

from __future__ import annotations

from ecrlab.security.checks import Check, CheckOutcome
from ecrlab.security.comparing import Comparison, compare
from ecrlab.security.findings import Finding, Findings, VulnerablePackage
from ecrlab.security.gate import Gate, Ignore, gate
from ecrlab.security.images import pinned
from ecrlab.security.least_privilege import MinimalPolicy, minimal_policy
from ecrlab.security.local import from_report
from ecrlab.security.origins import Origin, Origins, ScannedImage, origins, origins_of
from ecrlab.security.report import ReportCard
from ecrlab.security.report_card import CHECKS, report_card
from ecrlab.security.scans import findings, trend
from ecrlab.security.severity import SEVERITIES
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
    "Origin",
    "Origins",
    "ReportCard",
    "ScannedImage",
    "Standing",
    "Trend",
    "VulnerablePackage",
    "compare",
    "findings",
    "from_report",
    "gate",
    "minimal_policy",
    "origins",
    "origins_of",
    "pinned",
    "report_card",
    "trend",
]
