"""From a name to one image: a tag moves, so everything here is asked by the digest that it named first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ecrlab.errors import InvalidInput, RegistryError
from ecrlab.naming import Digest, ImageReference, RegistryHost, RepositoryName, Tag
from ecrlab.oci.media import INDEX_TYPES
from ecrlab.security.reading import Reading

__all__ = ["NamedImage", "Place", "find_image", "parse_place", "pinned"]


@dataclass(frozen=True, slots=True)
class NamedImage:
    """One image of a repository, as DescribeImages tells it.

    Args:
        repository: The repository's name.
        digest: ``sha256:…``.
        tags: All its tags.
        pushed_at: When it was pushed.
        media_type: Of its manifest.
        registry_id: The account of the registry; empty means the client's own.
        asked_for: The tag by which it was found; empty if by digest.
    """

    repository: str
    digest: str
    tags: tuple[str, ...]
    pushed_at: datetime
    media_type: str
    registry_id: str = ""
    asked_for: str = ""

    @property
    def name(self) -> str:
        """What people call it: ``payments/api:1.4``, or with the beginning of its digest."""
        tag = self.asked_for or next(iter(self.tags), "")
        return f"{self.repository}:{tag}" if tag else f"{self.repository}@{self.digest[:19]}"

    @property
    def parameters(self) -> dict[str, str]:
        """The parameters of a call that name its repository."""
        registry = {"registryId": self.registry_id} if self.registry_id else {}
        return {"repositoryName": self.repository} | registry

    @property
    def is_index(self) -> bool:
        """Whether it is an index (manifest list) of images."""
        return self.media_type in INDEX_TYPES


@dataclass(frozen=True, slots=True)
class Place:
    """Where an image is said to be: a repository, and a tag or a digest in it."""

    repository: RepositoryName
    tag: Tag | None = None
    digest: Digest | None = None
    host: RegistryHost | None = None

    @property
    def identifier(self) -> dict[str, str]:
        """The image as the API names it: by digest if there is one, since that cannot move."""
        return {"imageDigest": str(self.digest)} if self.digest else {"imageTag": str(self.tag)}

    @property
    def registry(self) -> dict[str, str]:
        """The parameter that names another account's registry, if the place does."""
        return {"registryId": self.host.account_id} if self.host else {}


def parse_place(reference: str, place: str = "image reference") -> Place:
    """Read ``payments/api:1.4``, ``payments/api@sha256:…``, or either with a private registry's address in front.

    Raises:
        InvalidName: A part does not parse.
        InvalidInput: It names neither a tag nor a digest, or a registry that is no private ECR registry.
    """
    if not isinstance(reference, str):
        raise InvalidInput(place, f"{reference!r} is no text", "write it like 'payments/api:1.4'")
    path = reference.partition("@")[0]
    first, slash, _ = path.partition("/")
    if slash and ("." in first or ":" in first):
        parsed = ImageReference.parse(reference)
        found = Place(parsed.repository, parsed.tag, parsed.digest, RegistryHost.parse(parsed.registry))
    else:
        rest, at, digest = reference.partition("@")
        name, colon, tag = rest.partition(":")
        found = Place(
            RepositoryName.parse(name), Tag.parse(tag) if colon else None, Digest.parse(digest) if at else None
        )
    if found.tag is None and found.digest is None:
        fact = "it names neither a tag nor a digest, which clients read as 'latest'"
        raise InvalidInput(f"{place} {reference!r}", fact, "say which image you mean: add ':latest' if it is that")
    return found


def in_repository(repository: str, reference: str) -> Place:
    """Read a repository's name, and a tag or a digest in it.

    Raises:
        InvalidName: One of them does not parse.
    """
    name = RepositoryName.parse(repository)
    if isinstance(reference, str) and reference.startswith("sha256:"):
        return Place(name, digest=Digest.parse(reference))
    return Place(name, tag=Tag.parse(reference))


def find_image(reading: Reading, place: Place) -> NamedImage:
    """Look an image up.

    Raises:
        RegistryError: There is no such image, or AWS refused.
    """
    answer = reading.ask(
        "DescribeImages",
        absent={"ImageNotFoundException"},
        repositoryName=str(place.repository),
        imageIds=[place.identifier],
        **place.registry,
    )
    if answer is None:
        wanted = next(iter(place.identifier.values()))
        raise RegistryError(
            reading.place,
            f"repository '{place.repository}' has no image {wanted!r}",
            "see ecr.list_images(): has the tag moved, or been deleted?",
        )
    return _named(str(place.repository), answer["imageDetails"][0], str(place.tag or ""))


def _named(repository: str, detail: Mapping[str, Any], asked_for: str) -> NamedImage:
    return NamedImage(
        repository=repository,
        digest=detail["imageDigest"],
        tags=tuple(detail.get("imageTags", ())),
        pushed_at=detail["imagePushedAt"],
        media_type=detail.get("imageManifestMediaType", ""),
        registry_id=detail["registryId"],
        asked_for=asked_for,
    )


def pinned(client: Any, reference: str) -> ImageReference:
    """Return the reference by digest of what a tag names now: it will mean the same image for ever.

    The tag is left out of it, so that nobody takes it for what decides. Nothing is pulled and nothing counts as a pull.

    Args:
        client: A boto3 client of ECR in the registry's region.
        reference: ``payments/api:1.4``, with or without the registry's address in front. A digest is checked and kept.

    Raises:
        InvalidInput: It does not parse, has neither tag nor digest, or names another region than the client's.
        RegistryError: There is no such image, or AWS refused.
    """
    place = parse_place(reference)
    reading = Reading(client, f"pinning {reference}", str(place.repository))
    if place.host and place.host.region != reading.region:
        raise InvalidInput(
            f"image reference {reference!r}",
            f"its registry is in {place.host.region} and the client in {reading.region}",
            f"hand over lab.client('ecr', region={place.host.region!r})",
        )
    image = find_image(reading, place)
    host = place.host or RegistryHost.of(image.registry_id, reading.region)
    return ImageReference(str(host), place.repository, digest=Digest.parse(image.digest))
