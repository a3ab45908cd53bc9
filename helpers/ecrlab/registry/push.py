"""Push: layers first, the manifest last, so that a push that fails leaves no image.

BatchCheckLayerAvailability ─► per missing blob: InitiateLayerUpload ─► UploadLayerPart … ─► CompleteLayerUpload
                            ─► PutImage, children of an index before the index

Source: Amazon ECR API reference; quotas for parts: ECR User Guide, "Amazon ECR service quotas".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

from ecrlab.errors import InvalidImage, InvalidInput, RegistryError
from ecrlab.naming import Digest, RepositoryName, Tag
from ecrlab.oci.image import AnyImage, Image, Index, describe
from ecrlab.oci.store import MemoryBlob
from ecrlab.registry.client import Conversation, Refusal, check_client
from ecrlab.registry.report import Call, Progress, ProgressCallback, PushReport

if TYPE_CHECKING:
    from mypy_boto3_ecr import ECRClient

__all__ = ["push"]

_DIGESTS_PER_CHECK = 100
_PARTS_PER_LAYER = 4_200
_LARGEST_PART = 10 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class _Blob:
    """A config or a layer on its way."""

    digest: Digest
    size: int
    name: str
    open: Callable[[], BinaryIO]


def push(
    client: ECRClient,
    image: AnyImage,
    repository: str,
    *,
    tag: str | None = None,
    progress: ProgressCallback | None = None,
) -> PushReport:
    """Push an image, or an index with all its children, through the ECR API.

    What the repository has already is skipped; what two images share is sent once; layers are streamed in parts.

    Args:
        client: A boto3 client of ECR, e.g. ``lab.client("ecr")``.
        image: What to push.
        repository: Name of the repository, without the registry's address.
        tag: Tag for the image; without one it can be pulled by its digest.
        progress: Called after each part with the bytes sent so far.

    Raises:
        InvalidInput: No ECR client or no image, or a name, tag or image that cannot be right (before any call).
        LayerChanged: A layer's file is not what it was; no image is left.
        RegistryError: AWS refused, with the reason; no image is left. ``__cause__`` keeps botocore's error.
    """
    check_client(client, "push", progress)
    if not isinstance(image, Image | Index):
        raise InvalidInput(
            "push", f"{describe(image)} is no image", "build one with oci.image(…) or oci.read_layout(…)"
        )
    name = RepositoryName.parse(repository)
    if tag is not None:
        Tag.parse(tag)
    manifests = _children_first(image)
    blobs = _blobs(manifests)
    talk = Conversation(client, f"push to {name}:{tag}" if tag else f"push to {name}", name)
    missing = _missing(talk, blobs)
    _upload(talk, missing, progress)
    for each in manifests:
        _put(talk, each, tag if each.digest == image.digest else None)
    sent = {blob.digest for blob in missing}
    return PushReport(
        repository=str(name),
        digest=image.digest,
        tag=tag,
        calls=tuple(talk.calls),
        uploaded=tuple(blob.digest for blob in missing),
        skipped=tuple(digest for digest in blobs if digest not in sent),
        bytes_sent=sum(blob.size for blob in missing),
    )


def _children_first(image: AnyImage) -> list[AnyImage]:
    """Everything with a manifest, each once, in an order that ECR accepts."""
    found: dict[Digest, AnyImage] = {}
    if isinstance(image, Index):
        for place, (described, child) in enumerate(zip(image.document.manifests, image.children, strict=True)):
            _check_claim(f"manifests[{place}].digest", described.digest, child.digest)
            found |= {each.digest: each for each in _children_first(child)}
    found[image.digest] = image
    return list(found.values())


def _blobs(manifests: list[AnyImage]) -> dict[Digest, _Blob]:
    """Configs and layers of all images, each once."""
    found: dict[Digest, _Blob] = {}
    for image in manifests:
        if isinstance(image, Index):
            continue
        config = image.config_descriptor
        _check_claim("config.digest", config.digest, Digest.of(image.config))
        found.setdefault(
            config.digest, _Blob(config.digest, len(image.config), f"config {config.digest.short}", _opener(image))
        )
        for place, (described, layer) in enumerate(zip(image.document.layers, image.layers, strict=True)):
            _check_claim(f"layers[{place}].digest", described.digest, layer.digest)
            found.setdefault(layer.digest, _Blob(layer.digest, layer.size, f"layer {layer.digest.short}", layer.open))
    return found


def _opener(image: Image) -> Callable[[], BinaryIO]:
    return MemoryBlob(image.config).open


def _check_claim(place: str, named: Digest, given: Digest) -> None:
    if named != given:
        raise InvalidImage(place, f"the manifest names {named} and the image holds {given}", "see oci.validate(image)")


def _missing(talk: Conversation, blobs: dict[Digest, _Blob]) -> list[_Blob]:
    """Ask which blobs the repository lacks; what is archived counts as lacking."""
    available: set[str] = set()
    digests = list(blobs)
    for start in range(0, len(digests), _DIGESTS_PER_CHECK):
        some = digests[start : start + _DIGESTS_PER_CHECK]
        response = talk.ask(
            Call("BatchCheckLayerAvailability", f"{len(some)} blob{'' if len(some) == 1 else 's'}"),
            layerDigests=[str(digest) for digest in some],
        )
        there = {each["layerDigest"] for each in response["layers"] if each["layerAvailability"] == "AVAILABLE"}
        available |= there
        talk.note(f"{len(there)} available, {len(some) - len(there)} missing")
    return [blob for digest, blob in blobs.items() if str(digest) not in available]


def _upload(talk: Conversation, missing: list[_Blob], progress: ProgressCallback | None) -> None:
    total, done = sum(blob.size for blob in missing), 0
    for blob in missing:
        for sent in _upload_one(talk, blob):
            done += sent
            if progress is not None:
                progress(Progress("upload", blob.name, done, total))


def _upload_one(talk: Conversation, blob: _Blob) -> Iterator[int]:
    """Send one blob in parts; yield the bytes of each part after it has arrived."""
    started = talk.ask(Call("InitiateLayerUpload", blob.name))
    upload_id, part_size = started["uploadId"], _part_size(talk, blob, started["partSize"])
    talk.note(f"parts of up to {part_size:,} bytes")
    with blob.open() as stream:
        first = 0
        while part := stream.read(part_size):
            last = first + len(part) - 1
            talk.ask(
                Call("UploadLayerPart", blob.name, f"bytes {first:,}-{last:,}", len(part)),
                uploadId=upload_id,
                partFirstByte=first,
                partLastByte=last,
                layerPartBlob=part,
            )
            talk.note("received")
            first = last + 1
            yield len(part)
    answer = talk.attempt(
        Call("CompleteLayerUpload", blob.name),
        prepared_for=("LayerAlreadyExistsException",),
        uploadId=upload_id,
        layerDigests=[str(blob.digest)],
    )
    talk.note("there already" if isinstance(answer, Refusal) else "digest confirmed")


def _part_size(talk: Conversation, blob: _Blob, proposed: int) -> int:
    """What the service proposes, or as much more as keeps a large layer within the quota of parts.

    Raises:
        RegistryError: Even with the largest parts the layer would need too many.
    """
    needed = -(-blob.size // _PARTS_PER_LAYER)
    if needed > max(proposed, _LARGEST_PART):
        raise RegistryError(
            talk.place,
            f"{blob.name} has {blob.size:,} bytes, more than {_PARTS_PER_LAYER:,} parts of 10 MiB",
            "split it into several layers",
        )
    return max(proposed, needed)


def _put(talk: Conversation, image: AnyImage, tag: str | None) -> None:
    kind = "index" if isinstance(image, Index) else "image"
    answer = talk.attempt(
        Call("PutImage", f"{kind} {image.digest.short}", f"tag {tag}" if tag else "no tag", len(image.manifest)),
        prepared_for=("ImageAlreadyExistsException",),
        imageManifest=image.manifest.decode(),
        imageManifestMediaType=image.media_type,
        imageDigest=str(image.digest),
        **({"imageTag": tag} if tag is not None else {}),
    )
    talk.note("there already" if isinstance(answer, Refusal) else "stored")
