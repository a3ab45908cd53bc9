"""A scan made on this machine, before anything is pushed, in the same form as one of ECR's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ecrlab.errors import InvalidInput
from ecrlab.security.findings import Finding, Findings, VulnerablePackage, sorted_findings
from ecrlab.security.severity import severity_of

if TYPE_CHECKING:
    from ecrlab import scan

__all__ = ["from_report"]


def from_report(report: scan.Report, *, image: str) -> Findings:
    """Turn a report of ``scan.scan`` into findings, for :func:`gate` and :func:`compare`.

    Args:
        report: What the kit's scanner found. It knows only its own advisories, see ``report.extent``.
        image: What people call the image: ``payments/api:1.4``.

    Raises:
        InvalidInput: It is no report.
    """
    if not hasattr(report, "advisories_collected"):
        raise InvalidInput("from_report", f"a {type(report).__name__} is no report", "hand over scan.scan(image)")
    return Findings(
        image=image,
        digest=str(report.inventory.manifest_digest),
        status="UNSUPPORTED_IMAGE" if report.unsupported else "COMPLETE",
        entries=sorted_findings(map(_finding, report.findings)),
        kind="local",
    )


def _finding(found: scan.Finding) -> Finding:
    flaw = found.vulnerability
    return Finding(
        vulnerability=found.id,
        severity=severity_of(found.severity),
        packages=tuple(
            VulnerablePackage(
                name=package.name,
                version=package.version,
                fixed_in=found.fixed_in,
                layer=str(package.layer_digest),
                file_path=package.file_path,
                manager=package.manager,
            )
            for package in found.packages
        ),
        title=flaw.title,
        url=flaw.url,
        score=flaw.score.score if flaw.score else None,
        exploit_available=flaw.known_exploited_since is not None,
    )
