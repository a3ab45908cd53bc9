"""Pull: the manifest by tag or digest, then every blob it names; nothing is returned unless all of it is verified.

BatchGetImage ─► per blob: GetDownloadUrlForLayer ─► GET from the layer bucket

Source: Amazon ECR API reference; OCI distribution specification, "Pulling manifests" and "Pulling blobs".
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

import requests

from ecrlab.errors import EcrLabError, InvalidImage, RegistryError
from ecrlab.naming import Digest, RepositoryName, Tag
from ecrlab.oci.descriptor import Descriptor, Platform, choose
from ecrlab.oci.image import AnyImage, Image, Index, Layer, diff_ids_of, platform_of
from ecrlab.oci.manifest import ImageManifest, IndexManifest, parse_manifest
from ecrlab.oci.media import INDEX_TYPES, MANIFEST_TYPES
from ecrlab.oci.store import CHUNK, Blob, FileBlob, MemoryBlob, Scratch
from ecrlab.registry.client import Conversation, check_client
from ecrlab.registry.refusals import refused
from ecrlab.registry.report import Call, Progress, ProgressCallback, PullReport

if TYPE_CHECKING:
    from mypy_boto3_ecr import ECRClient

__all__ = ["pull", "pull_with_report"]

_IDS_PER_CALL = 100
_ACCEPTED = [*MANIFEST_TYPES, *INDEX_TYPES]
_TIMEOUT_S = (10, 60)
"""Seconds to connect, and seconds without a byte."""
_IN_MEMORY = 4 * 1024 * 1024
"""Bytes up to which a blob is kept in memory; larger ones go to temporary files."""


def pull(
    client: ECRClient,
    repository: str,
    reference: str,
    *,
    platform: str | None = None,
    progress: ProgressCallback | None = None,
) -> AnyImage:
    """Pull an image; see :func:`pull_with_report`, whose ``image`` this returns."""
    return pull_with_report(client, repository, reference, platform=platform, progress=progress).image


def pull_with_report(
    client: ECRClient,
    repository: str,
    reference: str,
    *,
    platform: str | None = None,
    progress: ProgressCallback | None = None,
) -> PullReport:
    """Pull an image, or an index with all its children, and say which calls it took.

    Args:
        client: A boto3 client of ECR, e.g. ``lab.client("ecr")``.
        repository: Name of the repository, without the registry's address.
        reference: A tag, or a digest: ``sha256:…``.
        platform: ``linux/arm64`` picks one image of an index; ``None`` pulls the whole index.
        progress: Called with the bytes received so far.

    Returns:
        The image, verified: each manifest, config and layer has the digest and the size that was named. Layers
        above 4 MiB lie in temporary files that go when the image goes.

    Raises:
        InvalidInput: A name, reference or platform that does not parse, or a manifest that contradicts itself.
        RegistryError: There is no such image or no such platform, AWS refused, or bytes arrived that are not those
            that were named.
    """
    check_client(client, "pull", progress)
    name = RepositoryName.parse(repository)
    wanted = Platform.parse(platform) if platform is not None else None
    identifier = _identifier(reference)
    talk = Conversation(client, f"pull of {name}{_written(identifier)}", name)
    top = _manifests(talk, [identifier])[0]
    chosen = top if wanted is None else _pick(talk, top, wanted)
    tree = _tree(talk, chosen)
    with requests.Session() as web:
        wanted_blobs = _named(tree)
        store = _Downloads(talk, web, progress, sum(described.size for _, described in wanted_blobs.values()))
        for kind, described in wanted_blobs.values():
            store.fetch(kind, described)
            if kind == "config" and wanted is not None:  # before the layers, which may be large
                _check_platform(talk, chosen, store.read(described.digest), wanted)
    image = _assemble(tree, store)
    return PullReport(
        repository=str(name),
        digest=top.digest,
        tag=identifier.get("imageTag"),
        image=image,
        calls=tuple(talk.calls),
        downloaded=tuple(store.blobs),
        bytes_received=store.done,
    )


# --- manifests --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Manifest:
    """Bytes that have the digest under which they were asked for, and what they say."""

    data: bytes
    digest: Digest
    document: ImageManifest | IndexManifest


_Tree: TypeAlias = tuple[_Manifest, tuple["_Tree", ...]]
"""A manifest and, for an index, its children."""


def _identifier(reference: str) -> dict[str, str]:
    if isinstance(reference, str) and ":" in reference:
        return {"imageDigest": str(Digest.parse(reference))}
    return {"imageTag": str(Tag.parse(reference))}


def _written(identifier: dict[str, str]) -> str:
    tag = identifier.get("imageTag")
    return f":{tag}" if tag else f"@sha256:{Digest(identifier['imageDigest']).short}…"


def _manifests(talk: Conversation, identifiers: Sequence[dict[str, str]]) -> list[_Manifest]:
    """Fetch manifests in the given order, and verify each."""
    found: list[_Manifest] = []
    for start in range(0, len(identifiers), _IDS_PER_CALL):
        some = identifiers[start : start + _IDS_PER_CALL]
        response = talk.ask(
            Call("BatchGetImage", _subject(some)), imageIds=list(some), acceptedMediaTypes=list(_ACCEPTED)
        )
        for failure in response.get("failures", []):
            raise _not_given(talk, failure)
        talk.note(f"{len(response['images'])} manifest{'' if len(response['images']) == 1 else 's'}")
        found += [_verified(talk, each, response["images"]) for each in some]
    return found


def _subject(identifiers: Sequence[dict[str, str]]) -> str:
    if len(identifiers) > 1:
        return f"{len(identifiers)} images"
    tag = identifiers[0].get("imageTag")
    return f"tag {tag}" if tag else f"digest {Digest(identifiers[0]['imageDigest']).short}"


def _verified(talk: Conversation, asked: dict[str, str], images: Sequence[dict[str, Any]]) -> _Manifest:
    (key, value), *_ = asked.items()
    answer = next((image for image in images if image["imageId"].get(key) == value), None)
    if answer is None:
        raise RegistryError(talk.place, f"the answer holds nothing for {value}", "pull again")
    data = answer["imageManifest"].encode()
    digest, named = Digest.of(data), answer["imageId"]["imageDigest"]
    if digest.value != named:
        raise RegistryError(talk.place, f"the manifest was named {named} and its bytes are {digest}", "pull again")
    try:
        return _Manifest(data, digest, parse_manifest(data))
    except InvalidImage as exc:
        raise InvalidImage(f"{talk.place}, {exc.place}", exc.fact, exc.way_out) from exc


def _not_given(talk: Conversation, failure: dict[str, Any]) -> RegistryError:
    code, message = failure.get("failureCode", "Unknown"), failure.get("failureReason", "")
    tag = failure.get("imageId", {}).get("imageTag")
    talk.note(code)
    if code != "ImageNotFound" or tag is None:
        return refused(talk.place, "BatchGetImage", code, message, str(talk.repository))
    return RegistryError(talk.place, f"there is no tag {tag!r} in repository {str(talk.repository)!r}", _tags(talk))


def _tags(talk: Conversation) -> str:
    """Name up to five tags that exist, so that a slip of the pen is seen at once."""
    try:
        response = talk.ask(Call("ListImages", "tagged images"), filter={"tagStatus": "TAGGED"}, maxResults=100)
    except EcrLabError:  # the missing tag is the news; not being allowed to list is not
        return "see ecr.list_images()"
    tags = sorted({each["imageTag"] for each in response["imageIds"] if "imageTag" in each})
    if not tags:
        return "no image there has a tag yet; push one first"
    more = ", …" if len(tags) > 5 or "nextToken" in response else ""
    return f"the tags are {', '.join(tags[:5])}{more}"


def _children(talk: Conversation, index: IndexManifest) -> list[_Manifest]:
    return _manifests(talk, [{"imageDigest": str(described.digest)} for described in index.manifests])


def _tree(talk: Conversation, manifest: _Manifest) -> _Tree:
    if isinstance(manifest.document, ImageManifest):
        return manifest, ()
    return manifest, tuple(_tree(talk, child) for child in _children(talk, manifest.document))


def _pick(talk: Conversation, top: _Manifest, wanted: Platform) -> _Manifest:
    """Follow an index to the manifest for a platform; an image is checked later, by its config."""
    if isinstance(top.document, ImageManifest):
        return top
    offers = list(_offers(talk, top.document))
    chosen = choose(wanted, offers)
    if chosen is None:
        there = ", ".join(dict.fromkeys(str(platform) for platform, _ in offers)) or "no platforms"
        raise RegistryError(talk.place, f"no matching manifest for {wanted}", f"this index has {there}")
    return _manifests(talk, [{"imageDigest": str(chosen.digest)}])[0]


def _offers(talk: Conversation, index: IndexManifest) -> Iterator[tuple[Platform, Descriptor]]:
    for described in index.manifests:
        if described.media_type in INDEX_TYPES:
            nested = _manifests(talk, [{"imageDigest": str(described.digest)}])[0].document
            yield from _offers(talk, nested) if isinstance(nested, IndexManifest) else ()
        elif described.platform:
            yield described.platform, described


# --- blobs ------------------------------------------------------------------------------------------------------------


def _named(tree: _Tree) -> dict[Digest, tuple[str, Descriptor]]:
    """The configs and layers of all manifests, in their order, each digest once."""
    manifest, children = tree
    found: dict[Digest, tuple[str, Descriptor]] = {}
    if isinstance(manifest.document, ImageManifest):
        found[manifest.document.config.digest] = ("config", manifest.document.config)
        for described in manifest.document.layers:
            found.setdefault(described.digest, ("layer", described))
    for child in children:
        found |= {digest: named for digest, named in _named(child).items() if digest not in found}
    return found


@dataclass(slots=True)
class _Downloads:
    """Blobs on their way in."""

    talk: Conversation
    web: requests.Session
    progress: ProgressCallback | None
    total: int
    done: int = 0
    blobs: dict[Digest, Blob] = field(default_factory=dict)

    def fetch(self, kind: str, described: Descriptor) -> None:
        """Download one blob and verify its size and digest.

        Raises:
            RegistryError: ECR gave no address, the download broke off, or other bytes came than were named.
        """
        subject = f"{kind} {described.digest.short}"
        answer = self.talk.ask(Call("GetDownloadUrlForLayer", subject), layerDigest=str(described.digest))
        self.talk.note("a URL signed for a while")
        self.talk.record(Call("GET", subject, "layer bucket", described.size))
        try:
            with self.web.get(answer["downloadUrl"], stream=True, timeout=_TIMEOUT_S) as response:
                if response.status_code != requests.codes.ok:
                    raise self._broken(subject, f"the layer bucket answered {response.status_code}")
                self.blobs[described.digest] = self._keep(described, subject, response)
        except requests.RequestException as exc:
            raise self._broken(subject, f"the download failed ({type(exc).__name__})") from exc
        self.talk.note("digest verified")

    def read(self, digest: Digest) -> bytes:
        """Return the bytes of a blob that was fetched."""
        with self.blobs[digest].open() as stream:
            return stream.read()

    def _keep(self, described: Descriptor, subject: str, response: requests.Response) -> Blob:
        scratch = Scratch() if described.size > _IN_MEMORY else None
        sink = scratch.path.open("wb") if scratch else io.BytesIO()
        sha256, size = hashlib.sha256(), 0
        with sink:
            # The bytes as stored: a layer is gzip already, and must not be unpacked as if it were a web page.
            for piece in response.raw.stream(CHUNK, decode_content=False):
                size += len(piece)
                if size > described.size:
                    break
                sha256.update(piece)
                sink.write(piece)
                self._moved(subject, len(piece))
            data = sink.getvalue() if isinstance(sink, io.BytesIO) else b""
        arrived = f"sha256:{sha256.hexdigest()}"
        if size != described.size:
            came = "more" if size > described.size else f"{size:,}"
            raise self._broken(subject, f"the manifest names {described.size:,} bytes and {came} arrived")
        if arrived != described.digest.value:
            raise self._broken(subject, f"the manifest names {described.digest} and what arrived is {arrived}")
        return FileBlob(scratch.path, scratch) if scratch else MemoryBlob(data)

    def _moved(self, subject: str, size: int) -> None:
        self.done += size
        if self.progress is not None:
            self.progress(Progress("download", subject, self.done, self.total))

    def _broken(self, subject: str, fact: str) -> RegistryError:
        return RegistryError(f"{self.talk.place}, {subject}", fact, "pull again; if it stays so, push the image again")


# --- the value --------------------------------------------------------------------------------------------------------


def _assemble(tree: _Tree, store: _Downloads) -> AnyImage:
    manifest, children = tree
    if isinstance(manifest.document, IndexManifest):
        return Index(manifest.data, tuple(_assemble(child, store) for child in children))
    document = manifest.document
    config = store.read(document.config.digest)
    diff_ids = diff_ids_of(document, config)
    layers = tuple(
        Layer(each.digest, each.size, diff_id, each.media_type, store.blobs[each.digest])
        for each, diff_id in zip(document.layers, diff_ids, strict=True)
    )
    return Image(manifest.data, config, layers)


def _check_platform(talk: Conversation, manifest: _Manifest, config: bytes, wanted: Platform) -> None:
    """Refuse an image whose config names another platform; artifacts have none and pass."""
    document = manifest.document
    there = platform_of(document, config) if isinstance(document, ImageManifest) else None
    if there is not None and not wanted.accepts(there):
        raise RegistryError(talk.place, f"no matching manifest for {wanted}", f"there is one image only, for {there}")
