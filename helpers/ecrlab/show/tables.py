"""What is in a registry, as tables.

    repositories(client)           the repositories of a registry, and which of their tags may move
    images(client, repository)     every image, what it is, and what names it
    deleted(response)              what BatchDeleteImage did, and what it refused

A table asks the API, never a memory: what it shows is what the registry says now. Pages are followed to the end, so
nothing is missing because a listing stopped at its default of 100.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ecrlab.cards import Table
from ecrlab.cloud import aws_call, described_repositories
from ecrlab.errors import InvalidInput
from ecrlab.naming import Digest
from ecrlab.oci import IndexManifest, parse_manifest
from ecrlab.oci.media import INDEX_TYPES

if TYPE_CHECKING:
    from mypy_boto3_ecr import ECRClient

__all__ = ["deleted", "images", "repositories"]

_IDS_PER_CALL = 100
"""BatchGetImage takes 1 to 100 identifiers (``ImageIdentifierList`` of botocore 1.44.5)."""

_MUTABILITY = {
    "MUTABLE": "every tag may move",
    "IMMUTABLE": "no tag may move",
    "MUTABLE_WITH_EXCLUSION": "tags may move, except",
    "IMMUTABLE_WITH_EXCLUSION": "no tag may move, except",
}


def repositories(client: ECRClient, prefix: str = "") -> Table:
    """Return the repositories whose names begin with ``prefix``, in alphabetical order.

    Args:
        client: An ECR client of boto3.
        prefix: The beginning of the names; by default all of the registry are shown.

    Raises:
        AwsCallError: AWS refused the listing.
    """
    found = described_repositories(client, "this registry")
    rows = [
        (repository["repositoryName"], repository["imageTagMutability"], _tags_that_move(repository))
        for repository in sorted(found, key=lambda repository: repository["repositoryName"])
        if repository["repositoryName"].startswith(prefix)
    ]
    return Table(("Repository", "imageTagMutability", "In words"), rows, _counted(len(rows), "repository"))


def _tags_that_move(repository: Mapping[str, Any]) -> str:
    words = _MUTABILITY.get(repository["imageTagMutability"], "unknown to this kit")
    filters = [exclusion["filter"] for exclusion in repository.get("imageTagMutabilityExclusionFilters", ())]
    return " ".join([words, ", ".join(filters)]).strip()


def images(client: ECRClient, repository: str) -> Table:
    """Return every image of a repository: its digest, what it is, what names it, and its size.

    The children of an index stand below it. The size is ``imageSizeInBytes``: the compressed layers, and for an index
    the largest of its manifests.

    Args:
        client: An ECR client of boto3.
        repository: The repository's name.

    Raises:
        AwsCallError: AWS refused a call, for instance because there is no such repository.
    """
    with aws_call("DescribeImages", f"repository {repository!r}"):
        pages = client.get_paginator("describe_images").paginate(repositoryName=repository)
        found = {detail["imageDigest"]: detail for page in pages for detail in page["imageDetails"]}
    children = _children(client, repository, [digest for digest, detail in found.items() if _is_index(detail)])
    parents = _turned_round(children)
    rows = [
        (
            f"{'└ ' * depth}{_short(digest)}",
            _kind(found[digest], len(children.get(digest, ()))),
            _names(found[digest], parents.get(digest, {})),
            found[digest].get("imageSizeInBytes", 0),
        )
        for digest, depth in _in_reading_order(found, children, parents)
    ]
    return Table(("Digest", "What it is", "Named by", "Bytes"), rows, f"{_counted(len(rows), 'image')} in {repository}")


Family = Mapping[str, Mapping[str, str]]
"""Digest of an index -> digest of each child -> platform under which it is listed; or the same seen by the child."""


def _children(client: ECRClient, repository: str, indexes: Sequence[str]) -> Family:
    children: dict[str, dict[str, str]] = {}
    for start in range(0, len(indexes), _IDS_PER_CALL):
        asked: Any = [{"imageDigest": digest} for digest in indexes[start : start + _IDS_PER_CALL]]
        with aws_call("BatchGetImage", f"repository {repository!r}"):
            answer = client.batch_get_image(repositoryName=repository, imageIds=asked)
        for image in answer["images"]:
            manifest = parse_manifest(image["imageManifest"].encode())
            listed = manifest.manifests if isinstance(manifest, IndexManifest) else ()
            children[image["imageId"]["imageDigest"]] = {str(c.digest): str(c.platform or "") for c in listed}
    return children


def _turned_round(children: Family) -> Family:
    parents: dict[str, dict[str, str]] = {}
    for index, listed in children.items():
        for child, platform in listed.items():
            parents.setdefault(child, {})[index] = platform
    return parents


def _is_index(detail: Mapping[str, Any]) -> bool:
    return detail.get("imageManifestMediaType", "") in INDEX_TYPES


def _in_reading_order(found: Mapping[str, Any], children: Family, parents: Family) -> Iterator[tuple[str, int]]:
    """Yield digest and depth: tagged images first, every index before its children, each image once."""
    shown: set[str] = set()

    def by_tag(digest: str) -> tuple[bool, list[str], str]:
        tags = sorted(found[digest].get("imageTags", ()))
        return not tags, tags, digest

    def walk(digests: Iterable[str], depth: int) -> Iterator[tuple[str, int]]:
        for digest in sorted((d for d in digests if d in found and d not in shown), key=by_tag):
            shown.add(digest)
            yield digest, depth
            yield from walk(children.get(digest, ()), depth + 1)

    yield from walk((digest for digest in found if digest not in parents), 0)


def _kind(detail: Mapping[str, Any], children: int) -> str:
    if _is_index(detail):
        return f"index of {children}"
    return "artifact" if detail.get("subjectManifestDigest") else "image"


def _names(detail: Mapping[str, Any], parents: Mapping[str, str]) -> str:
    tags = [f"tag {tag}" for tag in sorted(detail.get("imageTags", ()))]
    indexes = [f"{platform} of index {_short(digest)}".lstrip() for digest, platform in sorted(parents.items())]
    return ", ".join([*tags, *indexes]) or "nothing"


def deleted(response: Mapping[str, Any]) -> Table:
    """Return what a BatchDeleteImage did: one row for every identifier it answers for.

    Digests in AWS's reasons are abbreviated like all others in the tables.

    Args:
        response: The answer of ``client.batch_delete_image(...)``, which reports refusals instead of raising them.

    Raises:
        InvalidInput: It is no such answer.
    """
    if not isinstance(response, Mapping) or not {"imageIds", "failures"} <= set(response):
        raise InvalidInput(
            "show.deleted(response)",
            "it has no imageIds and failures",
            "hand over what client.batch_delete_image(...) returned",
        )
    done = [(_identifier(image_id), "deleted", "") for image_id in response["imageIds"]]
    refused = [
        (
            _identifier(each.get("imageId", {})),
            f"refused: {each['failureCode']}",
            re.sub(r"sha256:[0-9a-f]{64}", lambda found: _short(found[0]), each.get("failureReason", "")),
        )
        for each in response["failures"]
    ]
    return Table(("Image", "Outcome", "Reason"), [*done, *refused], f"{len(done)} deleted, {len(refused)} refused")


def _identifier(image_id: Mapping[str, str]) -> str:
    parts = [f"tag {image_id['imageTag']}"] if "imageTag" in image_id else []
    parts += [_short(image_id["imageDigest"])] if "imageDigest" in image_id else []
    return ", ".join(parts) or "no identifier"


def _short(digest: str) -> str:
    return f"sha256:{Digest.parse(digest).short}…"


def _counted(count: int, noun: str) -> str:
    if count == 1:
        return f"1 {noun}"
    return f"{count:,} {noun.removesuffix('y')}ies" if noun.endswith("y") else f"{count:,} {noun}s"
