"""What stands in the way of a pull, and the very text that each service shows for it."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from importlib.resources import files
from types import MappingProxyType

from ecrlab.workloads.puller import Dialect

__all__ = ["MESSAGES", "Message", "Obstacle"]


class Obstacle(Enum):
    """What a pull, or the start after it, fails at; the value is how we say it."""

    NOT_IN_ECR = "the image is not in Amazon ECR"
    OTHER_REGION = "the image lies in another region"
    NO_WAY_TO_API = "the API of Amazon ECR is out of reach"
    LOGIN_DENIED = "the login is not allowed"
    NO_WAY_TO_REGISTRY = "the registry is out of reach"
    MANIFEST_DENIED = "reading the manifest is not allowed"
    REPOSITORY_NOT_FOUND = "there is no such repository"
    IMAGE_NOT_FOUND = "there is no such image"
    IMAGE_ARCHIVED = "the image is in the archive"
    KEY_UNUSABLE = "the repository's key cannot be used"
    INDEX_REFUSED = "an index stands where one image belongs"
    NO_PLATFORM = "the index has no image for this machine"
    TOO_LARGE = "the image is too large"
    LAYERS_DENIED = "reading the layers is not allowed"
    NO_WAY_TO_LAYERS = "the layers are out of reach"
    BUCKET_DENIED = "the S3 endpoint keeps the layers back"
    OTHER_ARCHITECTURE = "the image was built for another architecture"


@dataclass(frozen=True, slots=True)
class Message:
    """One text of a service.

    Args:
        dialect: Who words it.
        obstacle: What stands in the way.
        template: The text with places for the parts of a case: ``{image}``, ``{host}`` …
        source: Where a text like it was read.
        is_guess: Whether it was put together from texts like it, and not seen as a whole.
    """

    dialect: Dialect
    obstacle: Obstacle
    template: str
    source: str
    is_guess: bool

    def fill(self, parts: Mapping[str, str]) -> str:
        """Return the text for one case."""
        return self.template.format_map(parts)


def _read() -> dict[tuple[Dialect, Obstacle], Message]:
    rows = tomllib.loads(files("ecrlab.workloads").joinpath("messages.toml").read_text(encoding="utf-8"))["text"]
    made = [
        Message(Dialect(row["dialect"]), Obstacle[row["obstacle"]], row["text"], row["source"], row.get("guess", False))
        for row in rows
    ]
    return {(each.dialect, each.obstacle): each for each in made}


MESSAGES: Mapping[tuple[Dialect, Obstacle], Message] = MappingProxyType(_read())
"""Every text, by who words it and what stands in the way."""
