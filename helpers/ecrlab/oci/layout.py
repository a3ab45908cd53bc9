"""OCI layout folders: an image as plain files, for skopeo, umoci, buildah and the curious.

folder/
  oci-layout             {"imageLayoutVersion":"1.0.0"}
  index.json             what is in here, and under which tags
  blobs/sha256/<digest>  manifests, configs and layers, each named by its own hash

Source: OCI image specification, image-layout.md and annotations.md.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO, NoReturn

from ecrlab.errors import InvalidImage
from ecrlab.naming import Digest, Tag
from ecrlab.oci.descriptor import Descriptor
from ecrlab.oci.document import canonical_json, parse_object
from ecrlab.oci.image import AnyImage, Image, Index, Layer, describe, diff_ids_of
from ecrlab.oci.manifest import ImageManifest, IndexManifest, parse_manifest
from ecrlab.oci.media import INDEX_TYPES, MANIFEST_TYPES, OCI_INDEX
from ecrlab.oci.store import CHUNK, Blob, FileBlob, MemoryBlob, measure

__all__ = ["read_layout", "write_layout"]

_REF_NAME = "org.opencontainers.image.ref.name"
_VERSION = "1.0.0"
_IN_MEMORY = 4 * 1024 * 1024


# --- writing ----------------------------------------------------------------------------------------------------------


def write_layout(path: Path | str, image: AnyImage, *, tag: str | None = None) -> Path:
    """Write an image, or an index with all its children, into a layout folder.

    A new folder appears complete or not at all. In a layout that exists already the blobs come first and
    ``index.json`` last, so that whatever fails, it stays as it was; a tag that is there moves to the new image.

    Args:
        path: The folder; made if it is not there.
        image: What to write.
        tag: Name of the image within the layout.

    Returns:
        The folder.

    Raises:
        InvalidImage: ``image`` is no image, or the folder holds something that is no layout.
        InvalidName: A tag that no image can have.
        LayerChanged: A layer's file is not what it was.
    """
    folder = Path(path)
    if not isinstance(image, Image | Index):
        raise InvalidImage("write_layout", f"{describe(image)} is no image", "use oci.image(…)")
    if tag is not None:
        Tag.parse(tag)
    if folder.exists() and not folder.is_dir():
        _refuse(folder, "it is a file", "name a folder")
    if folder.is_dir() and any(folder.iterdir()):
        _check_marker(folder)
        _write_into(folder, image, tag, _entries(folder))
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        _write_into(draft, image, tag, [])
        draft.chmod(0o755)  # mkdtemp keeps others out
        if folder.is_dir():
            folder.rmdir()  # empty; Windows does not rename over it
        draft.replace(folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return folder


def _write_into(folder: Path, image: AnyImage, tag: str | None, entries: list[Descriptor]) -> None:
    blobs = folder / "blobs" / "sha256"
    blobs.mkdir(parents=True, exist_ok=True)
    for digest, source in _contents(image):
        if not (blobs / digest.hex).exists():
            with source() as stream:
                _write(blobs / digest.hex, stream)
    annotations = {_REF_NAME: tag} if tag is not None else {}
    entry = replace(image.descriptor, annotations=annotations)
    kept = [each for each in entries if not _superseded(each, entry, tag)]
    _write_text(folder / "oci-layout", canonical_json({"imageLayoutVersion": _VERSION}))
    listing = {
        "schemaVersion": 2,
        "mediaType": OCI_INDEX,
        "manifests": [each.to_json() for each in (*kept, entry)],
    }
    _write_text(folder / "index.json", canonical_json(listing))


def _superseded(old: Descriptor, new: Descriptor, tag: str | None) -> bool:
    name = old.annotations.get(_REF_NAME)
    return name == tag if tag is not None else name is None and old.digest == new.digest


def _contents(image: AnyImage) -> Iterator[tuple[Digest, Callable[[], BinaryIO]]]:
    """Every blob with a way to open it, lowest first: what is named is written before what names it."""
    if isinstance(image, Index):
        for child in image.children:
            yield from _contents(child)
    else:
        for layer in image.layers:
            yield layer.digest, layer.open
        yield Digest.of(image.config), MemoryBlob(image.config).open
    yield image.digest, MemoryBlob(image.manifest).open


def _write(target: Path, stream: BinaryIO) -> None:
    """Write a file under another name first, so that a reader never meets half of it."""
    handle, name = tempfile.mkstemp(prefix=".", dir=target.parent)
    draft = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            shutil.copyfileobj(stream, file, CHUNK)
        draft.chmod(0o644)
        draft.replace(target)
    except BaseException:
        with suppress(OSError):
            draft.unlink()
        raise


def _write_text(target: Path, data: bytes) -> None:
    with MemoryBlob(data).open() as stream:
        _write(target, stream)


# --- reading ----------------------------------------------------------------------------------------------------------


def read_layout(path: Path | str, tag_or_digest: str | None = None) -> AnyImage:
    """Read an image from a layout folder; every digest and size is checked.

    Blobs above 4 MiB stay in the folder and are checked again whenever they are read.

    Args:
        path: The folder.
        tag_or_digest: Which image; may be left out if there is only one.

    Raises:
        InvalidImage: The folder is no layout, is broken (each fault is named with its file), or has no such image.
    """
    folder = Path(path)
    if not folder.is_dir():
        _refuse(folder, "it is not there, or not a folder", "check the path")
    _check_marker(folder)
    entry = _chosen(folder, _entries(folder), tag_or_digest)
    return _Reader(folder).read(entry)


def _check_marker(folder: Path) -> None:
    marker = folder / "oci-layout"
    if not marker.is_file():
        _refuse(folder, "there is no file 'oci-layout' in it", "name a folder that write_layout or skopeo made")
    version = parse_object(marker.read_bytes(), _place(marker)).text("imageLayoutVersion")
    if version != _VERSION:
        _refuse(marker, f"its version is {version!r}", f"the kit reads {_VERSION!r}")


def _entries(folder: Path) -> list[Descriptor]:
    listing = folder / "index.json"
    if not listing.is_file():
        _refuse(folder, "there is no file 'index.json' in it", "write the layout again")
    document = _parsed(listing, listing.read_bytes())
    if not isinstance(document, IndexManifest):
        _refuse(listing, "it is no index", "write the layout again")
    return list(document.manifests)


def _chosen(folder: Path, entries: list[Descriptor], wanted: str | None) -> Descriptor:
    if wanted is None:
        digests = {entry.digest for entry in entries}
        if len(digests) == 1:
            return entries[0]
        fact = f"it holds {len(digests)} images" if digests else "it holds no image"
        _refuse(folder, fact, f"say which: {_offers(entries)}" if digests else "write one first")
    found = next((each for each in entries if wanted in (each.annotations.get(_REF_NAME), str(each.digest))), None)
    if found is None:
        _refuse(folder, f"it holds no {wanted!r}", f"it has {_offers(entries)}")
    return found


def _offers(entries: list[Descriptor]) -> str:
    return ", ".join(entry.annotations.get(_REF_NAME, str(entry.digest)) for entry in entries) or "no image"


@dataclass(frozen=True, slots=True)
class _Reader:
    """Follows descriptors through one folder."""

    folder: Path

    def read(self, described: Descriptor) -> AnyImage:
        """Return the image that a descriptor points to.

        Raises:
            InvalidImage: A blob is missing, damaged, or not what its descriptor says.
        """
        data = self.data(described)
        document = _parsed(self.path(described.digest), data)
        if described.media_type in (*MANIFEST_TYPES, *INDEX_TYPES) and described.media_type != document.media_type:
            fact = f"it is named {described.media_type!r} and says {document.media_type!r} of itself"
            _refuse(self.path(described.digest), fact, "write the layout again")
        if isinstance(document, IndexManifest):
            return Index(data, tuple(map(self.read, document.manifests)))
        return self.image(data, document)

    def image(self, data: bytes, document: ImageManifest) -> Image:
        """Return an image of a manifest whose blobs lie in the folder."""
        config = self.data(document.config)
        layers = tuple(
            Layer(each.digest, each.size, diff_id, each.media_type, self.blob(each))
            for each, diff_id in zip(document.layers, diff_ids_of(document, config), strict=True)
        )
        return Image(data, config, layers)

    def data(self, described: Descriptor) -> bytes:
        """Return the bytes of a manifest or a config."""
        self.check(described)
        return self.path(described.digest).read_bytes()

    def blob(self, described: Descriptor) -> Blob:
        """Return a layer's bytes, or where they are if they are many."""
        self.check(described)
        blob = FileBlob(self.path(described.digest).absolute())
        return MemoryBlob(blob.path.read_bytes()) if described.size <= _IN_MEMORY else blob

    def path(self, digest: Digest) -> Path:
        """Return where a blob has to be."""
        return self.folder / "blobs" / "sha256" / digest.hex

    def check(self, described: Descriptor) -> None:
        """Refuse a blob that is missing or not what its name and descriptor say."""
        path = self.path(described.digest)
        if not path.is_file():
            _refuse(path, f"it is missing ({described.media_type})", "write the layout again")
        with path.open("rb") as stream:
            digest, size = measure(stream)
        if size != described.size:
            _refuse(path, f"it is named with {described.size:,} bytes and has {size:,}", "write the layout again")
        if digest != described.digest:
            _refuse(path, f"its bytes are {digest}", "write the layout again")


def _parsed(path: Path, data: bytes) -> ImageManifest | IndexManifest:
    try:
        return parse_manifest(data)
    except InvalidImage as exc:
        raise InvalidImage(f"{_place(path)}, {exc.place}", exc.fact, exc.way_out) from exc


def _place(path: Path) -> str:
    """Name a fault's place: a blob by its digest, a file by its name; the folders above say nothing about it."""
    if path.parent.name == "sha256":
        return f"blob sha256:{path.name}"
    return f"layout file {path.name!r}" if path.name in ("oci-layout", "index.json") else f"layout {path.name!r}"


def _refuse(path: Path, fact: str, way_out: str) -> NoReturn:
    raise InvalidImage(_place(path), fact, way_out)
