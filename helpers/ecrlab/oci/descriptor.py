"""A descriptor says what some bytes are, how many there are, and their digest; a platform says where they run.

Source: OCI image specification, descriptor.md and image-index.md.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self, TypeVar

from ecrlab.errors import InvalidInput
from ecrlab.naming import Digest

__all__ = ["Descriptor", "Platform", "choose"]

T = TypeVar("T")

_PART = re.compile(r"[A-Za-z0-9._-]+")
# A variant that is left out means this one (containerd, "platforms" package, Normalize).
_USUAL_VARIANT = {"arm64": "v8", "arm": "v7", "amd64": "v1"}


@dataclass(frozen=True, slots=True, order=True)
class Platform:
    """An operating system on a processor, in Go's words: ``linux``, ``arm64`` and perhaps ``v8``."""

    os: str
    architecture: str
    variant: str | None = None
    os_version: str | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``os/architecture`` or ``os/architecture/variant``.

        Raises:
            InvalidInput: It has another number of parts, or an odd character.
        """
        parts = text.split("/") if isinstance(text, str) else []
        if not 2 <= len(parts) <= 3 or not all(_PART.fullmatch(part) for part in parts):
            raise InvalidInput(
                f"platform {text!r}",
                "it is not an operating system and an architecture",
                "write e.g. 'linux/amd64' or 'linux/arm/v7'",
            )
        return cls(*parts)

    @property
    def effective_variant(self) -> str | None:
        """The variant, or the one that is meant when none is written (``v8`` for ``arm64``)."""
        return self.variant or _USUAL_VARIANT.get(self.architecture)

    def accepts(self, other: Platform) -> bool:
        """Say whether something built for ``other`` is what a request for this platform means."""
        if (self.os, self.architecture) != (other.os, other.architecture):
            return False
        if self.os_version is not None and self.os_version != other.os_version:
            return False
        return self.variant is None or self.effective_variant == other.effective_variant

    def to_json(self) -> dict[str, Any]:
        """Return the object that goes into an index."""
        optional = {"os.version": self.os_version, "variant": self.variant}
        return {"architecture": self.architecture, "os": self.os, **{k: v for k, v in optional.items() if v}}

    def __str__(self) -> str:
        return "/".join(part for part in (self.os, self.architecture, self.variant) if part)


def choose(wanted: Platform, offered: Iterable[tuple[Platform, T]]) -> T | None:
    """Return what fits ``wanted`` best: the usual variant before others, then the first in order."""
    fitting = [(platform, value) for platform, value in offered if wanted.accepts(platform)]
    usual = [value for platform, value in fitting if platform.effective_variant == wanted.effective_variant]
    return next(iter([*usual, *(value for _, value in fitting)]), None)


@dataclass(frozen=True, slots=True)
class Descriptor:
    """A pointer to content: media type, digest, and size in bytes.

    ``platform`` is set on the entries of an index, ``artifact_type`` on entries that are no container image.
    """

    media_type: str
    digest: Digest
    size: int
    annotations: Mapping[str, str] = field(default_factory=dict, hash=False)
    platform: Platform | None = None
    artifact_type: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the object that goes into a manifest, in the order of the specification."""
        described: dict[str, Any] = {"mediaType": self.media_type, "digest": str(self.digest), "size": self.size}
        if self.platform:
            described["platform"] = self.platform.to_json()
        if self.artifact_type:
            described["artifactType"] = self.artifact_type
        if self.annotations:
            described["annotations"] = dict(sorted(self.annotations.items()))
        return described
