"""Reading what a report card goes by: about seven calls for each repository, all of which only read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ecrlab.errors import RegistryError
from ecrlab.lifecycle import Image, StorageClass
from ecrlab.registry import Inventory, inventory
from ecrlab.security.facts import (
    Newest,
    Referrer,
    RegistryFacts,
    RepositoryFacts,
    Scanning,
    Settings,
    SigningStatus,
    is_app,
)
from ecrlab.security.findings import Findings
from ecrlab.security.images import NamedImage
from ecrlab.security.reading import Reading, Unread, unread_from
from ecrlab.security.scans import findings_of

__all__ = ["read_registry", "read_repositories", "read_repository"]


def read_repositories(reading: Reading, name: str | None) -> list[dict[str, Any]] | Unread:
    """Read the descriptions of one repository or of all.

    Raises:
        RegistryError: There is no such repository, or AWS refused for another reason than a permission.
    """
    asked: dict[str, Any] = {"repositoryNames": [name]} if name else {}
    try:
        return [each for page in reading.pages("DescribeRepositories", **asked) for each in page["repositories"]]
    except RegistryError as error:
        return unread_from(error)


def read_registry(reading: Reading) -> RegistryFacts:
    """Read the registry's settings.

    Raises:
        RegistryError: AWS refused for another reason than a permission.
    """
    scanning = reading.attempt("GetRegistryScanningConfiguration") or {}
    signing = reading.attempt("GetSigningConfiguration", absent={"SigningConfigurationNotFoundException"}) or {}
    return RegistryFacts(
        scanning=scanning if isinstance(scanning, Unread) else scanning.get("scanningConfiguration", {}),
        policy=_text(reading.attempt("GetRegistryPolicy", absent={"RegistryPolicyNotFoundException"})),
        signing=signing
        if isinstance(signing, Unread)
        else tuple(signing.get("signingConfiguration", {}).get("rules", ())),
    )


def read_repository(
    reading: Reading, name: str, described: Mapping[str, Any] | Unread, registry: RegistryFacts, *, read_indexes: bool
) -> RepositoryFacts:
    """Read everything about one repository.

    Args:
        reading: The client.
        name: The repository's name.
        described: What DescribeRepositories says about it.
        registry: The registry's facts.
        read_indexes: Read which images the indexes hold, which counts as a pull of each index.

    Raises:
        RegistryError: There is no such repository, or AWS refused for another reason than a permission.
    """
    about = {"repositoryName": name}
    images = _images(reading, name, read_indexes)
    return RepositoryFacts(
        name=name,
        settings=described if isinstance(described, Unread) else _settings(described),
        scanning=_scanning(reading, name, described),
        policy=_text(reading.attempt("GetRepositoryPolicy", absent={"RepositoryPolicyNotFoundException"}, **about)),
        lifecycle=_text(
            reading.attempt("GetLifecyclePolicy", absent={"LifecyclePolicyNotFoundException"}, **about),
            "lifecyclePolicyText",
        ),
        images=images,
        newest=None if isinstance(images, Unread) else _newest(reading, name, images),
        registry=registry,
    )


def _text(answer: dict[str, Any] | Unread | None, member: str = "policyText") -> str | Unread | None:
    return answer if answer is None or isinstance(answer, Unread) else str(answer[member])


def _settings(described: Mapping[str, Any]) -> Settings:
    encryption = described.get("encryptionConfiguration", {})
    return Settings(
        arn=described["repositoryArn"],
        mutability=described.get("imageTagMutability", "MUTABLE"),
        exclusions=tuple(each["filter"] for each in described.get("imageTagMutabilityExclusionFilters", ())),
        encryption=encryption.get("encryptionType", "AES256"),
        kms_key=encryption.get("kmsKey"),
    )


def _scanning(reading: Reading, name: str, described: Mapping[str, Any] | Unread) -> Scanning | Unread:
    """Read how a repository is scanned. Without that permission its own setting may still settle it."""
    answer = reading.attempt("BatchGetRepositoryScanningConfiguration", repositoryNames=[name])
    if isinstance(answer, dict):
        for found in answer.get("scanningConfigurations", ()):
            return Scanning(found.get("scanFrequency", "MANUAL"), found.get("scanOnPush", False))
        raise RegistryError(reading.place, f"there is no repository {name!r} any more", "ask again")
    if isinstance(described, Mapping) and described.get("imageScanningConfiguration", {}).get("scanOnPush"):
        return Scanning("SCAN_ON_PUSH", scan_on_push=True)
    return answer or Unread("BatchGetRepositoryScanningConfiguration", denied=False, message="")


def _images(reading: Reading, name: str, read_indexes: bool) -> Inventory | Unread:
    try:
        return inventory(reading.client, name, read_indexes=read_indexes)
    except RegistryError as error:
        return unread_from(error)


def _newest(reading: Reading, name: str, images: Inventory) -> Newest | None:
    here = [image for image in images if image.storage_class is StorageClass.STANDARD]
    tagged = [image for image in here if image.tags and is_app(image)]
    if not tagged:
        return None
    image = max(tagged, key=lambda each: (each.pushed_at, each.sequence))
    return Newest(
        image=image,
        scans=_scans(reading, name, image, images),
        signing=_signing(reading, name, image.digest),
        referrers=_referrers(reading, name, image.digest),
    )


def _scans(reading: Reading, name: str, image: Image, images: Inventory) -> tuple[Findings, ...] | Unread | None:
    """Read the findings of an image, or of every image of an index."""
    if image.digest in images.unread_indexes:
        return None
    parts = [each for each in images if image.digest in each.parents] or [image]
    try:
        return tuple(findings_of(reading, _named(name, part)) for part in parts)
    except RegistryError as error:
        return unread_from(error)


def _named(name: str, image: Image) -> NamedImage:
    return NamedImage(name, image.digest, image.tags, image.pushed_at, media_type="")


def _signing(reading: Reading, name: str, digest: str) -> tuple[SigningStatus, ...] | Unread:
    answer = reading.attempt("DescribeImageSigningStatus", repositoryName=name, imageId={"imageDigest": digest}) or {}
    if isinstance(answer, Unread):
        return answer
    return tuple(
        SigningStatus(each.get("signingProfileArn", ""), each.get("status", ""), each.get("failureReason", ""))
        for each in answer.get("signingStatuses", ())
    )


def _referrers(reading: Reading, name: str, digest: str) -> tuple[Referrer, ...] | Unread:
    try:
        pages = list(reading.pages("ListImageReferrers", repositoryName=name, subjectId={"imageDigest": digest}))
    except RegistryError as error:
        return unread_from(error)
    return tuple(_each_referrer(pages))


def _each_referrer(pages: Sequence[Mapping[str, Any]]) -> Iterator[Referrer]:
    for page in pages:
        for each in page.get("referrers", ()):
            yield Referrer(each["digest"], each.get("artifactType", ""))
