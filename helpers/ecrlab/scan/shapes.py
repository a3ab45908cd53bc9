"""A report in the words of ECR's API: the findings of basic and of enhanced scanning.

Source: API reference, ``DescribeImageScanFindings`` with its two sample responses, and the models of ``ecr`` and
``inspector2`` in botocore. What neither says is marked as a guess.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time
from typing import Any

from ecrlab.naming import Digest, RepositoryArn, partition_of
from ecrlab.scan.advisory import Score, Vulnerability
from ecrlab.scan.finding import Finding
from ecrlab.scan.package import Manager, Package, System
from ecrlab.scan.report import Report, severity_counts

__all__ = ["ScannedImage", "basic_findings", "enhanced_findings", "severity_counts_of"]

_ATTRIBUTE_LIMIT = 256  # botocore's model: the longest value of an attribute
_MANAGERS: dict[Manager, str] = {"pip": "PYTHONPKG", "npm": "NODEPKG", "maven": "JAR"}
_EPOCH_VERSION_RELEASE = re.compile(r"(?:([0-9]{1,9}):)?(.+?)(?:-([^-]+))?", re.DOTALL)


@dataclass(frozen=True, slots=True)
class ScannedImage:
    """What ECR knows about the image beside its packages. All times are timezone-aware.

    Args:
        repository: Where it lies.
        digest: Of its manifest.
        pushed_at: When it was pushed.
        tags: Its tags at the time of the scan.
        architecture: Of its config: ``amd64``, ``arm64``.
        author: Of its config, if it names one.
        last_in_use_at: When a task or a pod last ran it, if one did.
        in_use_count: How many tasks and pods run it; ``None`` while ECR has no data.
    """

    repository: RepositoryArn
    digest: Digest
    pushed_at: datetime
    tags: tuple[str, ...] = ()
    architecture: str = "amd64"
    author: str = ""
    last_in_use_at: datetime | None = None
    in_use_count: int | None = None

    @property
    def arn(self) -> str:
        """The ARN that Inspector gives an image: its repository's with the digest behind it."""
        return f"{self.repository}/{self.digest}"


def basic_findings(report: Report) -> list[dict[str, Any]]:
    """Return ``findings`` as basic scanning has them: the packages of the system only, one entry per source package.

    The severity is the band of NVD's score, where AWS takes the distribution's rating first.
    """
    return [_basic(finding) for finding in report.findings if finding.package.belongs_to_system]


def _basic(finding: Finding) -> dict[str, Any]:
    attributes = {"package_version": finding.version, "package_name": finding.source}
    if score := finding.vulnerability.score:
        # AWS's sample has CVSS2_…; answers that people have published name version 3 in the same way.
        major = score.version.partition(".")[0]
        attributes |= {f"CVSS{major}_VECTOR": score.vector, f"CVSS{major}_SCORE": str(score.score)}
    return {
        "name": finding.id,
        "description": finding.vulnerability.description,
        "uri": finding.vulnerability.url,
        "severity": finding.severity,
        "attributes": [{"key": key, "value": value[:_ATTRIBUTE_LIMIT]} for key, value in attributes.items()],
    }


def severity_counts_of(findings: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """Return ``findingSeverityCounts`` of basic or enhanced findings, the worst severity first.

    Guess: what enhanced scanning calls ``UNTRIAGED`` counts as ``UNDEFINED``, the only such key in the API's model.
    """
    severities = (str(finding["severity"]) for finding in findings)
    return severity_counts("UNDEFINED" if severity == "UNTRIAGED" else severity for severity in severities)


def enhanced_findings(
    report: Report, image: ScannedImage, *, first_observed_at: datetime, now: datetime
) -> list[dict[str, Any]]:
    """Return ``enhancedFindings`` as Amazon Inspector gives them: packages of the system and of languages.

    Args:
        report: The findings.
        image: Whose findings they are.
        first_observed_at: When the first scan saw them.
        now: When the last one did.

    Score, severity and ``vendorSeverity`` are the record's; without a score the severity is ``UNTRIAGED``.
    ``exploitAvailable`` is YES where our record tells of an exploitation in the wild; otherwise it is left out, for
    the record's silence is no NO. ``vendorUpdatedAt`` is left out as well: our advisories do not have it.

    Guess: there is one finding for each source package, as in the report; Inspector might join those of one
    vulnerability.
    """
    return [_enhanced(finding, report.inventory.system, image, first_observed_at, now) for finding in report.findings]


def _enhanced(
    finding: Finding, system: System | None, image: ScannedImage, first_observed_at: datetime, now: datetime
) -> dict[str, Any]:
    flaw = finding.vulnerability
    names = ", ".join(dict.fromkeys(package.name for package in finding.packages))
    shape = {
        "awsAccountId": image.repository.account_id,
        "description": flaw.description,
        "findingArn": _finding_arn(finding, image),
        "firstObservedAt": first_observed_at,
        "fixAvailable": "YES" if finding.fixed_in else "NO",
        "lastObservedAt": now,
        "packageVulnerabilityDetails": _details(finding),
        "remediation": {"recommendation": {"text": _recommendation(finding), "url": flaw.url}},
        "resources": [_resource(image, system)],
        "severity": "UNTRIAGED" if finding.severity == "UNDEFINED" else finding.severity,
        "status": "ACTIVE",
        "title": f"{finding.id} - {names}",
        "type": "PACKAGE_VULNERABILITY",
        "updatedAt": now,
    }
    if flaw.score:
        shape |= {"score": flaw.score.score, "scoreDetails": _score_details(flaw.score)}
    if flaw.known_exploited_since:
        shape["exploitAvailable"] = "YES"
    return shape


def _finding_arn(finding: Finding, image: ScannedImage) -> str:
    """Name the finding; the same one in the same image has the same name. Guess: Inspector's ids are 32 hex digits."""
    region = image.repository.region
    what = "\n".join((image.arn, finding.id, finding.package.ecosystem, finding.source, finding.version))
    number = hashlib.sha256(what.encode()).hexdigest()[:32]
    return f"arn:{partition_of(region)}:inspector2:{region}:{image.repository.account_id}:finding/{number}"


def _recommendation(finding: Finding) -> str:
    return f"Update {finding.source} to {finding.fixed_in} or later." if finding.fixed_in else "None Provided"


def _details(finding: Finding) -> dict[str, Any]:
    flaw = finding.vulnerability
    return {
        "cvss": [
            {
                "baseScore": score.score,
                "scoringVector": score.vector,
                "source": score.source,
                "version": score.version,
            }
            for score in flaw.scores
        ],
        "referenceUrls": _references(flaw),
        "relatedVulnerabilities": [],
        "source": "NVD",
        "sourceUrl": flaw.url,
        "vendorCreatedAt": datetime.combine(flaw.published, time(tzinfo=UTC)),
        "vendorSeverity": finding.severity if flaw.score else "not yet assigned",
        "vulnerabilityId": finding.id,
        "vulnerablePackages": [_vulnerable(package, finding.fixed_in) for package in finding.packages],
    }


def _references(flaw: Vulnerability) -> list[str]:
    """Return the record and every address at which its facts were checked."""
    checked = (each.locator for each in flaw.verified if each.locator.startswith("https://"))
    return list(dict.fromkeys([flaw.url, *checked]))


def _vulnerable(package: Package, fixed_in: str | None) -> dict[str, Any]:
    """Describe one installed package. Only those of the system have their version split into its three parts."""
    shape: dict[str, Any] = {
        "epoch": 0,
        "fixedInVersion": fixed_in or "NotAvailable",
        "name": package.name,
        "packageManager": _MANAGERS.get(package.manager, "OS"),
        "sourceLayerHash": str(package.layer_digest),
        "version": package.version,
    }
    if package.architecture:
        shape["arch"] = package.architecture.upper()
    if not package.belongs_to_system:
        return shape | {"filePath": package.file_path}
    if parts := _EPOCH_VERSION_RELEASE.fullmatch(package.version):
        epoch, version, release = parts.groups()
        shape |= {"epoch": int(epoch or 0), "version": version} | ({"release": release} if release else {})
        shape["fixedInVersion"] = _with_epoch(fixed_in)
    return shape


def _with_epoch(fixed_in: str | None) -> str:
    """Write a fixed version as Inspector does, always with its epoch: ``0:3.0.13-0ubuntu3.4``."""
    if fixed_in is None:
        return "NotAvailable"
    return fixed_in if ":" in fixed_in else f"0:{fixed_in}"


def _resource(image: ScannedImage, system: System | None) -> dict[str, Any]:
    details: dict[str, Any] = {
        "architecture": image.architecture,
        "author": image.author,
        "imageHash": str(image.digest),
        "imageTags": list(image.tags),
        "inUseCount": image.in_use_count,
        "lastInUseAt": image.last_in_use_at,
        "platform": _platform(system),
        "pushedAt": image.pushed_at,
        "registry": image.repository.account_id,
        "repositoryName": str(image.repository.repository),
    }
    present = {key: value for key, value in details.items() if value not in (None, "")}
    return {
        "details": {"awsEcrContainerImage": present},
        "id": image.arn,
        "tags": {},
        "type": "AWS_ECR_CONTAINER_IMAGE",
    }


def _platform(system: System | None) -> str:
    """Name a system as AWS's samples do: ``DEBIAN_12``, ``UBUNTU_24_04``. Guess: all others follow the pattern."""
    if system is None:
        return ""
    return re.sub(r"[^A-Z0-9]+", "_", f"{system.id} {system.version_id}".strip().upper())


def _score_details(score: Score) -> dict[str, Any]:
    return {
        "cvss": {
            "adjustments": [],
            "score": score.score,
            "scoreSource": score.source,
            "scoringVector": score.vector,
            "version": score.version,
        }
    }
