"""Inventory: the images of a repository as lifecycle rules see them, read through the API and nothing changed.

DescribeImages (all pages, every status) ─► on request, per 100 indexes: BatchGetImage ─► which images they hold
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ecrlab.cards import ShownAs, Table
from ecrlab.lifecycle import Image, StorageClass
from ecrlab.naming import RepositoryName
from ecrlab.oci.manifest import IndexManifest, parse_manifest
from ecrlab.oci.media import INDEX_TYPES
from ecrlab.registry.client import Conversation, check_client
from ecrlab.registry.report import Call

if TYPE_CHECKING:
    from mypy_boto3_ecr import ECRClient

__all__ = ["Inventory", "image_details", "inventory"]

_PER_PAGE = 1000
"""The most that DescribeImages returns at once (API model, ``MaxResults``)."""
_IDS_PER_CALL = 100
_ROWS_SHOWN = 60


class Inventory(tuple[Image, ...], ShownAs):
    """The images of a repository: a tuple of ``lifecycle.Image`` that shows itself as a table.

    Attributes:
        repository: Its name.
        unread_indexes: Digests of the indexes whose children are not known, so that a plan may let go of an image
            which AWS would keep for its index.
    """

    repository: str
    unread_indexes: tuple[str, ...]

    def __new__(cls, images: Iterable[Image], repository: str, unread_indexes: Sequence[str] = ()) -> Inventory:
        """Keep the images in the order given."""
        made = super().__new__(cls, images)
        made.repository = repository
        made.unread_indexes = tuple(unread_indexes)
        return made

    @property
    def warning(self) -> str:
        """What a plan cannot know, in a sentence; empty if it knows everything."""
        unread = len(self.unread_indexes)
        if not unread:
            return ""
        which = (
            "1 index is unread, so its children" if unread == 1 else f"{unread:,} indexes are unread: their children"
        )
        return (
            f"{which} look like images of their own, and a plan may let go of some that AWS keeps. "
            "read_indexes=True reads them, which counts as a pull."
        )

    def _shown(self) -> Table:
        rows = [_row(image) for image in self[:_ROWS_SHOWN]]
        caption = f"{len(self):,} image{'s' * (len(self) != 1)} in {self.repository}"
        if len(self) > _ROWS_SHOWN:
            caption += f" (the first {_ROWS_SHOWN})"
        columns = ("image", "pushed", "last pulled", "storage class", "bytes")
        return Table(columns, rows, ". ".join(filter(None, [caption, self.warning.removesuffix(".")])))

    __str__ = ShownAs.__str__
    __repr__ = ShownAs.__repr__


def _row(image: Image) -> tuple[object, ...]:
    name = ", ".join(image.tags) or f"untagged {image.short_digest}"
    pulled = f"{image.last_pulled_at:%Y-%m-%d}" if image.last_pulled_at else "never"
    return name, f"{image.pushed_at:%Y-%m-%d}", pulled, image.storage_class.value, image.size_bytes


def inventory(client: ECRClient, repository: str, *, read_indexes: bool = False) -> Inventory:
    """Read what is in a repository, archived images too, as ``lifecycle.plan`` takes it.

    Args:
        client: A boto3 client of ECR, e.g. ``lab.client("ecr")``. Only calls that read are made.
        repository: Name of the repository, without the registry's address.
        read_indexes: Also read which images each index holds. BatchGetImage does that, and AWS records it as a pull
            of the index, which puts off rules that count ``sinceImagePulled``. Archived indexes cannot be read.

    Returns:
        Every image, in the order of DescribeImages; ``warning`` says what is not known about them.

    Raises:
        InvalidInput: The client is none, or the name is no repository's.
        RegistryError: There is no such repository, or AWS refused.

    Source: Amazon ECR API reference, DescribeImages, BatchGetImage, ImageDetail (botocore 1.44.5).
    """
    check_client(client, "inventory")
    name = RepositoryName.parse(repository)
    conversation = Conversation(client, f"inventory of {name}", name)
    details = list(image_details(conversation))
    indexes = [detail["imageDigest"] for detail in details if detail.get("imageManifestMediaType") in INDEX_TYPES]
    children = dict(_children(conversation, indexes)) if read_indexes else {}
    parents = _turned_round(children)
    images = [_image(detail, parents, number) for number, detail in enumerate(details)]
    return Inventory(images, str(name), [digest for digest in indexes if digest not in children])


def image_details(conversation: Conversation) -> Iterator[Mapping[str, Any]]:
    """Yield what DescribeImages tells about every image of a repository, archived ones too, page by page."""
    page: dict[str, Any] = {}
    while not page or page.get("nextToken"):
        more = {"nextToken": page["nextToken"]} if page else {}
        page = conversation.ask(
            Call("DescribeImages", "all images"), maxResults=_PER_PAGE, filter={"imageStatus": "ANY"}, **more
        )
        yield from page["imageDetails"]


def _children(conversation: Conversation, indexes: Sequence[str]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield the digest of each index that can be read, and those of its children."""
    for start in range(0, len(indexes), _IDS_PER_CALL):
        asked = [{"imageDigest": digest} for digest in indexes[start : start + _IDS_PER_CALL]]
        answer = conversation.ask(
            Call("BatchGetImage", f"{len(asked)} indexes"), imageIds=asked, acceptedMediaTypes=sorted(INDEX_TYPES)
        )
        for image in answer["images"]:
            manifest = parse_manifest(image["imageManifest"].encode())
            listed = manifest.manifests if isinstance(manifest, IndexManifest) else ()
            yield image["imageId"]["imageDigest"], tuple(str(child.digest) for child in listed)


def _turned_round(children: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    parents: dict[str, list[str]] = {}
    for index, listed in children.items():
        for child in dict.fromkeys(listed):
            parents.setdefault(child, []).append(index)
    return parents


def _image(detail: Mapping[str, Any], parents: Mapping[str, Sequence[str]], number: int) -> Image:
    """Return one image of the answer.

    An image that is being restored lies in the archive until it is there again. Guess: of two images that were pushed
    in the same second, the one listed later is the newer.
    """
    is_active = detail.get("imageStatus", "ACTIVE") == "ACTIVE"
    return Image(
        digest=detail["imageDigest"],
        pushed_at=detail["imagePushedAt"],
        tags=tuple(detail.get("imageTags", ())),
        size_bytes=detail.get("imageSizeInBytes", 0),
        storage_class=StorageClass.STANDARD if is_active else StorageClass.ARCHIVE,
        last_pulled_at=detail.get("lastRecordedPullTime"),
        archived_at=detail.get("lastArchivedAt"),
        activated_at=detail.get("lastActivatedAt"),
        parents=tuple(parents.get(detail["imageDigest"], ())),
        subject=detail.get("subjectManifestDigest"),
        sequence=number,
    )
