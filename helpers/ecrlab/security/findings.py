"""What a scan of one image found, as values; made from the answers of DescribeImageScanFindings, basic or enhanced.

Source of the shapes: Amazon ECR API reference, ImageScanFinding and EnhancedImageScanFinding (botocore 1.44.5).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ecrlab.cards import Card, ShownAs, Table, Tone
from ecrlab.security.severity import counted, counts_in_words, rank, severity_of

__all__ = [
    "NOT_SCANNED",
    "Finding",
    "Findings",
    "VulnerablePackage",
    "basic_finding",
    "enhanced_finding",
    "sorted_findings",
]

NOT_SCANNED = "NOT_SCANNED"
"""Our word for an image of which ECR has no scan at all (it answers ScanNotFoundException)."""

_WITH_FINDINGS = frozenset({"COMPLETE", "ACTIVE"})
_MEANINGS = {
    NOT_SCANNED: "nobody has scanned it; `ecr.start_image_scan` does with basic scanning, a push does with enhanced",
    "IN_PROGRESS": "the scan is running; the waiter `image_scan_complete` waits for it",
    "PENDING": "the scan has not begun yet; ask again in a while",
    "FAILED": "the scan failed",
    "UNSUPPORTED_IMAGE": "the scanner cannot read this kind of image, for instance one made from scratch",
    "SCAN_ELIGIBILITY_EXPIRED": "the time for continuous scanning is over; push the image again to have it scanned",
    "FINDINGS_UNAVAILABLE": "there is no result to show; a new scan may give one",
    "LIMIT_EXCEEDED": "a quota of the scanner is used up; ask again later",
    "IMAGE_ARCHIVED": "archived images are not scanned; restore it first",
    "IMAGE_SIZE_EXCEEDED": "the image is larger than the scanner takes",
}
_ROWS_SHOWN = 100


@dataclass(frozen=True, slots=True)
class VulnerablePackage:
    """One package that a vulnerability is in.

    Args:
        name: As the scanner names it.
        version: The one that is installed.
        fixed_in: The first version without the vulnerability; ``None`` if the answer names none (basic scanning
            never does).
        layer: Digest of the layer that brings it; ``None`` if the answer does not say (basic scanning never does).
        file_path: Where in the image, if the answer says.
        manager: ``OS``, ``PYTHON``, ``JAR``…, if the answer says.
    """

    name: str
    version: str
    fixed_in: str | None = None
    layer: str | None = None
    file_path: str | None = None
    manager: str | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """One vulnerability of one image.

    Args:
        vulnerability: Usually a CVE.
        severity: One of ``SEVERITIES``.
        packages: Where it sits, at least one entry if the answer names any package.
        title: A few words about it, or the description if there is no title.
        url: Where to read more.
        score: The CVSS score that the scanner goes by, from 0 to 10.
        exploit_available: Whether an exploit is known; ``None`` if the answer does not say.
    """

    vulnerability: str
    severity: str
    packages: tuple[VulnerablePackage, ...] = ()
    title: str = ""
    url: str = ""
    score: float | None = None
    exploit_available: bool | None = None

    @property
    def package_names(self) -> tuple[str, ...]:
        """The names of the packages, each once, in alphabetical order."""
        return tuple(sorted({package.name for package in self.packages}))

    @property
    def key(self) -> tuple[str, tuple[str, ...]]:
        """What makes it the same finding in another scan, whatever the versions: the vulnerability and its packages."""
        return self.vulnerability, self.package_names

    @property
    def fixable(self) -> bool:
        """Whether a fixed version is named for every package."""
        return bool(self.packages) and all(package.fixed_in for package in self.packages)

    @property
    def fixes(self) -> str:
        """The packages that have a fixed version, each with that: ``curl 8.4.0, libcurl4 8.4.0``; empty if none."""
        fixed = (f"{package.name} {package.fixed_in}" for package in self.packages if package.fixed_in)
        return ", ".join(dict.fromkeys(fixed))

    def __str__(self) -> str:
        return f"{self.severity} {self.vulnerability} in {', '.join(self.package_names) or 'an unnamed package'}"


@dataclass(frozen=True, slots=True, repr=False)
class Findings(ShownAs):
    """What the latest scan of one image says. Iterates over its findings, the worst first.

    Args:
        image: What people call it: ``payments/api:1.4``.
        digest: ``sha256:…`` of the image.
        status: ECR's status of the scan, or ``NOT_SCANNED``.
        entries: The findings; empty and meaningless unless ``known``.
        kind: ``basic`` or ``enhanced``; empty if the answer shows neither.
        scanned_at: When the scan ended, if the answer says.
        reason: ECR's own words about the status.
    """

    image: str
    digest: str
    status: str
    entries: tuple[Finding, ...] = ()
    kind: str = ""
    scanned_at: datetime | None = None
    reason: str = ""

    @property
    def known(self) -> bool:
        """Whether there is a result to go by. Without one, no findings means nothing."""
        return self.status in _WITH_FINDINGS

    @property
    def counts(self) -> dict[str, int]:
        """How many findings of each severity: only those that occur, the worst first."""
        return counted(finding.severity for finding in self.entries)

    @property
    def why_unknown(self) -> str:
        """Why there is no result to go by, in a sentence; empty if there is one."""
        if self.known:
            return ""
        meaning = _MEANINGS.get(self.status, "ECR shows no result with this status")
        said = f' (ECR says: "{self.reason}")' if self.reason else ""
        return f"{self.status}: {meaning}{said}."

    def __iter__(self) -> Iterator[Finding]:
        return iter(self.entries)

    def __len__(self) -> int:
        return len(self.entries)

    def __bool__(self) -> bool:
        """Be true whatever was found: a scan without findings is still a scan. Ask ``len`` or ``known``."""
        return True

    def _shown(self) -> Card | Table:
        named = (("image", self.image), ("digest", f"`{self.digest}`"))
        if not self.known:
            return Card("No scan result", named, (self.why_unknown,), tone=Tone.WAITING)
        if not self.entries:
            body = ("Nothing known to this scanner is wrong with the image; that is not the same as nothing wrong.",)
            return Card("No findings", (*named, ("scan", self._scan)), body, tone=Tone.GOOD)
        columns = ("severity", "vulnerability", "package", "installed", "fixed in", "layer", "more")
        rows = [row for finding in self.entries for row in _rows(finding)]
        more = "" if len(rows) <= _ROWS_SHOWN else f" (the first {_ROWS_SHOWN} of {len(rows):,} rows)"
        return Table(columns, rows[:_ROWS_SHOWN], f"{self.image}: {counts_in_words(self.counts)}; {self._scan}{more}")

    @property
    def _scan(self) -> str:
        when = f" of {self.scanned_at:%Y-%m-%d %H:%M} UTC" if self.scanned_at else ""
        return f"{self.kind} scan{when}".strip()


def _rows(finding: Finding) -> Iterator[tuple[str, ...]]:
    for package in finding.packages or (VulnerablePackage("–", "–"),):
        layer = (package.layer or "").removeprefix("sha256:")[:12] or "–"
        yield (
            finding.severity,
            finding.vulnerability,
            package.name,
            package.version,
            package.fixed_in or "–",
            layer,
            finding.url,
        )


def sorted_findings(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Order findings: the worst first, then by vulnerability and package."""
    return tuple(sorted(findings, key=lambda finding: (rank(finding.severity), finding.key)))


# --- from ECR's shapes ------------------------------------------------------------------------------------------------


def basic_finding(shape: Mapping[str, Any]) -> Finding:
    """Read an entry of ``findings``. It names no fixed version: AWS's sample has no attribute for one."""
    attributes = {entry["key"].lower(): entry.get("value", "") for entry in shape.get("attributes", ())}
    name = attributes.get("package_name")
    package = VulnerablePackage(name or "", attributes.get("package_version", ""), manager="OS")
    return Finding(
        vulnerability=shape.get("name", ""),
        severity=severity_of(shape.get("severity", "")),
        packages=(package,) if name else (),
        title=_in_one_line(shape.get("description", "")),
        url=shape.get("uri", ""),
        score=_number(next((attributes[key] for key in _SCORES if key in attributes), None)),
    )


_SCORES = ("cvss4_score", "cvss3_score", "cvss2_score")


def enhanced_finding(shape: Mapping[str, Any]) -> Finding:
    """Read an entry of ``enhancedFindings``."""
    details = shape.get("packageVulnerabilityDetails", {})
    exploit = shape.get("exploitAvailable")
    return Finding(
        vulnerability=details.get("vulnerabilityId") or shape.get("title", ""),
        severity=severity_of(shape.get("severity", "")),
        packages=tuple(map(_package, details.get("vulnerablePackages", ()))),
        title=_in_one_line(shape.get("title") or shape.get("description", "")),
        url=details.get("sourceUrl", ""),
        score=shape.get("score"),
        exploit_available=None if exploit is None else exploit == "YES",
    )


def _package(shape: Mapping[str, Any]) -> VulnerablePackage:
    """Read a vulnerable package; an epoch of 0 is left out, as package managers show versions.

    Guess: ``NotAvailable`` stands where no fixed version exists; the model calls the member plain text.
    """
    epoch = f"{shape['epoch']}:" if shape.get("epoch") else ""
    release = f"-{shape['release']}" if shape.get("release") else ""
    fixed = shape.get("fixedInVersion", "")
    return VulnerablePackage(
        name=shape.get("name", ""),
        version=f"{epoch}{shape.get('version', '')}{release}",
        fixed_in=None if fixed in ("", "NotAvailable") else fixed.removeprefix("0:"),
        layer=shape.get("sourceLayerHash"),
        file_path=shape.get("filePath"),
        manager=shape.get("packageManager"),
    )


def _in_one_line(text: str) -> str:
    return " ".join(text.split())


def _number(text: str | None) -> float | None:
    try:
        return None if text is None else float(text)
    except ValueError:
        return None  # a score that is none is no score; the severity does not depend on it
