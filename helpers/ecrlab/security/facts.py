"""What a report card goes by: everything that was read about a repository and its registry, or why it was not.

A member that is ``Unread`` says which permission is missing; ``None`` says that there is no such thing.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ecrlab.lifecycle import Image
from ecrlab.naming import ImageReference
from ecrlab.registry import Inventory
from ecrlab.security.findings import Findings
from ecrlab.security.gate import Ignore
from ecrlab.security.reading import Unread

__all__ = ["Newest", "Referrer", "RegistryFacts", "RepositoryFacts", "Settings", "SigningStatus", "Terms", "is_app"]

_BESIDE_AN_IMAGE = re.compile(r"sha256-[0-9a-f]{64}\.(sig|att|sbom)")
"""Tags under which cosign keeps what it says about an image. Source: sigstore/cosign, "Tag based discovery"."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What the asker wants and knows: the parameters of ``report_card``, where they are explained."""

    now: datetime
    fail_on: str = "HIGH"
    ignore: Sequence[Ignore] = ()
    own_key: bool = False
    trusted: Collection[str] = ()
    in_use: Mapping[str, str] = field(default_factory=dict)
    references: tuple[ImageReference, ...] = ()
    stale_days: int = 90


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of a repository, spelled as AWS spells their values."""

    arn: str
    mutability: str
    exclusions: tuple[str, ...]
    encryption: str
    kms_key: str | None


@dataclass(frozen=True, slots=True)
class Scanning:
    """How a repository is scanned: ``SCAN_ON_PUSH``, ``CONTINUOUS_SCAN`` or ``MANUAL``; and its own old setting."""

    frequency: str
    scan_on_push: bool


@dataclass(frozen=True, slots=True)
class SigningStatus:
    """What managed signing says of one signing profile: ``IN_PROGRESS``, ``COMPLETE`` or ``FAILED``."""

    profile_arn: str
    status: str
    failure: str = ""


@dataclass(frozen=True, slots=True)
class Referrer:
    """An artifact that is about an image."""

    digest: str
    artifact_type: str


@dataclass(frozen=True, slots=True)
class Newest:
    """The image with a tag that was pushed last.

    Args:
        image: As lifecycle rules see it.
        scans: Its findings; for an index those of its images; ``None`` for an index that was not read.
        signing: What managed signing says of it.
        referrers: What is attached to it.
    """

    image: Image
    scans: tuple[Findings, ...] | Unread | None
    signing: tuple[SigningStatus, ...] | Unread
    referrers: tuple[Referrer, ...] | Unread


@dataclass(frozen=True, slots=True)
class RegistryFacts:
    """The registry: its scanning configuration, the text of its policy, its signing rules; shaped as in the API."""

    scanning: Mapping[str, Any] | Unread
    policy: str | Unread | None
    signing: tuple[Mapping[str, Any], ...] | Unread = ()


@dataclass(frozen=True, slots=True)
class RepositoryFacts:
    """One repository.

    Args:
        name: Its name.
        settings: What DescribeRepositories says.
        scanning: How it is scanned.
        policy: The text of its policy.
        lifecycle: The text of its lifecycle policy.
        images: Everything in it.
        newest: Its newest image with a tag.
        registry: The registry that it is in.
    """

    name: str
    settings: Settings | Unread
    scanning: Scanning | Unread
    policy: str | Unread | None
    lifecycle: str | Unread | None
    images: Inventory | Unread
    newest: Newest | None
    registry: RegistryFacts

    @property
    def arn(self) -> str | None:
        """Its ARN, if it could be read."""
        return None if isinstance(self.settings, Unread) else self.settings.arn


def is_app(image: Image) -> bool:
    """Say whether it is something to run: no signature or other artifact about an image."""
    return image.subject is None and not any(_BESIDE_AN_IMAGE.fullmatch(tag) for tag in image.tags)
