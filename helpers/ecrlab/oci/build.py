"""Images built from files, and new images made from given ones. Nothing here reads the time."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO, Literal

from ecrlab.errors import InvalidImage, InvalidInput
from ecrlab.naming import Digest
from ecrlab.oci.archive import File, tar_bytes
from ecrlab.oci.deflate import gzip_bytes
from ecrlab.oci.descriptor import Descriptor
from ecrlab.oci.document import canonical_json, parse_object
from ecrlab.oci.image import AnyImage, Image, Index, Layer, child_platform, describe, settings_of
from ecrlab.oci.media import DOCKER, OCI, Compression, Family, compression_of, is_filesystem_layer
from ecrlab.oci.store import FileBlob, MemoryBlob, chunks, measure

__all__ = ["annotate", "append", "image", "index", "layer", "layer_from_file", "relabel"]

_FAMILIES = {"oci": OCI, "docker": DOCKER}
_TEXT_FIELDS = ("User", "WorkingDir", "StopSignal")
_LIST_FIELDS = ("Entrypoint", "Cmd", "Env")


def layer(files: Mapping[str, bytes | str | File], *, compression: Literal["gzip", "none"] = "gzip") -> Layer:
    """Build a layer from files; the same files give the same digest on every machine, in any order.

    Args:
        files: Relative names and contents, e.g. ``{"app/main.py": "print('hi')"}``. Text is stored as UTF-8;
            :class:`File` adds a mode or makes a link. ``{"etc/.wh.motd": ""}`` hides a file of a lower layer.
        compression: ``gzip``, or ``none`` for a plain tar.

    Raises:
        InvalidImage: A name or a content that no layer can hold.
        InvalidInput: Another compression.

    Source: OCI image specification, layer.md.
    """
    if not isinstance(files, Mapping):
        raise InvalidImage("layer", f"{describe(files)} is no mapping", "write {'app/main.py': '…'}")
    tar = tar_bytes(files)
    if compression not in ("gzip", "none"):
        raise InvalidInput(f"compression {compression!r}", "the kit does not write it", "use 'gzip' or 'none'")
    data = gzip_bytes(tar) if compression == "gzip" else tar
    return Layer(Digest.of(data), len(data), Digest.of(tar), OCI.layer_type(compression), MemoryBlob(data))


def layer_from_file(path: Path | str, *, media_type: str | None = None, diff_id: Digest | None = None) -> Layer:
    """Make a layer of a file on disk without reading it into memory.

    Digest, size and diff_id are computed now. When the bytes are read later and are not the same, that raises
    :class:`~ecrlab.errors.LayerChanged`.

    Args:
        path: A tar, compressed or not, or any file if ``media_type`` says what it is.
        media_type: Found out from the first bytes when it is not given.
        diff_id: Digest of the uncompressed tar; needed only for zstd, which the kit does not unpack.

    Raises:
        InvalidImage: No file, a damaged gzip stream, or a kind of file that needs ``media_type`` or ``diff_id``.
    """
    path = Path(path).absolute()
    place = f"file {path.name!r}"
    if not path.is_file():
        raise InvalidImage(place, "it is not there, or not a file", "check the path")
    media_type = media_type or _sniffed(path, place)
    with path.open("rb") as stream:
        digest, size = measure(stream)
    if diff_id is None and is_filesystem_layer(media_type):
        with path.open("rb") as stream:
            diff_id = uncompressed_digest(stream, compression_of(media_type), place)
        if diff_id is None:
            raise InvalidImage(place, "the kit does not unpack zstd", "give its diff_id")
    return Layer(digest, size, diff_id, media_type, FileBlob(path))


def _sniffed(path: Path, place: str) -> str:
    with path.open("rb") as stream:
        head = stream.read(512)
    if head.startswith(b"\x1f\x8b"):
        return OCI.layer_gzip
    if head.startswith(b"\x28\xb5\x2f\xfd"):
        return OCI.layer_type("zstd")
    if head[257:262] == b"ustar":
        return OCI.layer
    raise InvalidImage(place, "it is neither a tar nor compressed with gzip or zstd", "name its media_type")


def uncompressed_digest(stream: BinaryIO, compression: Compression, place: str) -> Digest | None:
    """Return the digest of a layer's tar while streaming; ``None`` for zstd, which is not unpacked here.

    Raises:
        InvalidImage: The gzip stream is damaged or cut short.
    """
    if compression == "zstd":
        return None
    hasher = sha256()
    for piece in _gunzipped(stream, place) if compression == "gzip" else chunks(stream):
        hasher.update(piece)
    return Digest(f"sha256:{hasher.hexdigest()}")


def _gunzipped(stream: BinaryIO, place: str) -> Iterator[bytes]:
    # Not gzip.open: it reads in small steps and takes what follows the last member for an error of its own kind.
    member = zlib.decompressobj(wbits=31)
    try:
        for piece in chunks(stream):
            rest = piece
            while rest:
                if member.eof:
                    member = zlib.decompressobj(wbits=31)
                yield member.decompress(rest)
                rest = member.unused_data
    except zlib.error as exc:
        raise InvalidImage(place, f"it is not a sound gzip stream ({exc})", "make the file again") from exc
    if not member.eof:
        raise InvalidImage(place, "its gzip stream ends early", "make the file again")


def image(
    *layers: Layer,
    architecture: str = "amd64",
    os: str = "linux",
    variant: str | None = None,
    config: Mapping[str, Any] | None = None,
    labels: Mapping[str, str] | None = None,
    annotations: Mapping[str, str] | None = None,
    created: datetime | None = None,
    family: Literal["oci", "docker"] = "oci",
) -> Image:
    """Build an image of layers, lowest first.

    Args:
        layers: What :func:`layer` or :func:`layer_from_file` returned.
        architecture: Of the processor, in Go's words: ``amd64``, ``arm64``.
        os: Operating system, in Go's words.
        variant: Of the processor, e.g. ``v8``.
        config: How a container is run: ``{"Env": ["PORT=80"], "Cmd": ["python", "main.py"]}``.
        labels: Go into the config, and so change its digest.
        annotations: Go into the manifest only.
        created: Timezone-aware; left out unless it is given, so that the digest does not depend on the day.
        family: Media types of OCI, or of Docker for tools that know no others.

    Raises:
        InvalidImage: Something that is no layer, or a config, label or annotation of the wrong kind.
    """
    media = _family(family)
    for position, each in enumerate(layers):
        if not isinstance(each, Layer):
            raise InvalidImage(f"layers[{position}]", f"{describe(each)} is no layer", "use oci.layer(…)")
    run = {**_checked_config(config or {})}
    if labels:
        run["Labels"] = _texts("labels", {**run.get("Labels", {}), **labels})
    settings: dict[str, Any] = {} if created is None else {"created": _timestamp(created)}
    settings |= {"architecture": _word("architecture", architecture), "os": _word("os", os)}
    if variant is not None:
        settings["variant"] = _word("variant", variant)
    if run:
        settings["config"] = run
    settings["rootfs"] = {"type": "layers", "diff_ids": []}
    settings["history"] = []
    manifest: dict[str, Any] = {"schemaVersion": 2, "mediaType": media.manifest, "config": {}, "layers": []}
    if annotations:
        manifest["annotations"] = _texts("annotations", annotations)
    return _assembled(manifest, settings, (), layers, media)


def append(base: Image, *layers: Layer) -> Image:
    """Return a new image with more layers on top; everything else stays as it was.

    Raises:
        InvalidImage: ``base`` is no container image, or something on top is no layer.
    """
    manifest, settings = _opened(base, "append")
    for position, each in enumerate(layers):
        if not isinstance(each, Layer):
            raise InvalidImage(f"layers[{position}]", f"{describe(each)} is no layer", "use oci.layer(…)")
    media = DOCKER if base.media_type == DOCKER.manifest else OCI
    return _assembled(manifest, settings, base.layers, layers, media)


def relabel(base: Image, labels: Mapping[str, str]) -> Image:
    """Return a new image with these labels added or replaced in its config.

    Raises:
        InvalidImage: ``base`` is no container image, or a label is not text.
    """
    manifest, settings = _opened(base, "relabel")
    settings["config"] = {**settings.get("config", {}), "Labels": _texts("labels", {**base.labels, **labels})}
    return _written(manifest, settings, base.layers)


def annotate(base: Image, annotations: Mapping[str, str]) -> Image:
    """Return a new image with these annotations added or replaced in its manifest; the config stays as it was.

    Raises:
        InvalidImage: ``base`` is no image, or an annotation is not text.
    """
    _expect_image(base, "annotate")
    manifest = _manifest_object(base)
    manifest["annotations"] = _texts("annotations", {**base.document.annotations, **annotations})
    return Image(canonical_json(manifest), base.config, base.layers)


def index(
    *images: AnyImage,
    annotations: Mapping[str, str] | None = None,
    family: Literal["oci", "docker"] = "oci",
) -> Index:
    """Put images for several platforms under one digest; each child's platform is read from its config.

    Raises:
        InvalidImage: Nothing to list, something that is no image, or two images for one platform.
    """
    if not images:
        raise InvalidImage("index", "it would be empty", "hand over one image for each platform")
    places: dict[object, int] = {}
    for position, child in enumerate(images):
        if not isinstance(child, Image | Index):
            raise InvalidImage(f"images[{position}]", f"{describe(child)} is no image", "use oci.image(…)")
        platform = child_platform(child)
        if platform in places:
            raise InvalidImage(
                f"images[{position}]",
                f"images[{places[platform]}] is for {platform} too",
                "build one of them with another architecture",
            )
        if platform is not None:
            places[platform] = position
    manifest: dict[str, Any] = {
        "schemaVersion": 2,
        "mediaType": _family(family).index,
        "manifests": [child.descriptor.to_json() for child in images],
    }
    if annotations:
        manifest["annotations"] = _texts("annotations", annotations)
    return Index(canonical_json(manifest), images)


def _assembled(
    manifest: dict[str, Any],
    settings: dict[str, Any],
    below: tuple[Layer, ...],
    added: tuple[Layer, ...],
    media: Family,
) -> Image:
    """Put layers on top of what a manifest and a config already name."""
    translated = tuple(_in_family(each, media) for each in added)
    rootfs = settings["rootfs"] = {**settings.get("rootfs", {"type": "layers"})}
    rootfs["diff_ids"] = [*rootfs.get("diff_ids", []), *(str(each.diff_id) for each in translated)]
    settings["history"] = [*settings.get("history", []), *({"created_by": "ecrlab"} for _ in translated)]
    manifest["layers"] = [*manifest["layers"], *(each.descriptor.to_json() for each in translated)]
    manifest["config"] = {**manifest["config"], "mediaType": manifest["config"].get("mediaType", media.config)}
    return _written(manifest, settings, (*below, *translated))


def _written(manifest: dict[str, Any], settings: dict[str, Any], layers: tuple[Layer, ...]) -> Image:
    config = canonical_json(settings)
    described = Descriptor(manifest["config"]["mediaType"], Digest.of(config), len(config)).to_json()
    manifest["config"] = {**manifest["config"], **described}
    return Image(canonical_json(manifest), config, layers)


def _in_family(each: Layer, media: Family) -> Layer:
    if not is_filesystem_layer(each.media_type):
        raise InvalidImage(
            f"layer {each.digest.short}", f"{each.media_type!r} is no file system layer", "give it a tar layer"
        )
    media_type = media.layer_type(compression_of(each.media_type))
    return Layer(each.digest, each.size, each.diff_id, media_type, each.blob)


def _opened(base: Image, verb: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The manifest and the config of an image as new dictionaries that may be changed."""
    _expect_image(base, verb)
    settings = settings_of(base.document, base.config)
    if settings is None:
        raise InvalidImage(verb, f"its config is {base.config_descriptor.media_type!r}", "use a container image")
    return _manifest_object(base), dict(settings.value)


def _manifest_object(base: Image) -> dict[str, Any]:
    return dict(parse_object(base.manifest, "manifest").value)


def _expect_image(base: object, verb: str) -> None:
    if not isinstance(base, Image):
        way_out = "pick one of its images first" if isinstance(base, Index) else "use oci.image(…)"
        raise InvalidImage(verb, f"{describe(base)} is no single image", way_out)


def _family(name: str) -> Family:
    if name not in _FAMILIES:
        raise InvalidInput(f"family {name!r}", "there is no such family of media types", "use 'oci' or 'docker'")
    return _FAMILIES[name]


def _checked_config(config: Mapping[str, Any]) -> dict[str, Any]:
    for key in _LIST_FIELDS:
        value = config.get(key, [])
        if isinstance(value, str) or not all(isinstance(item, str) for item in value):
            raise InvalidImage(f"config.{key}", f"{value!r} is no list of texts", f"write e.g. [{value!r}]")
    for key in _TEXT_FIELDS:
        if not isinstance(config.get(key, ""), str):
            raise InvalidImage(f"config.{key}", f"{config[key]!r} is not text", "write it in quotes")
    if "Labels" in config:
        return {**config, "Labels": _texts("config.Labels", config["Labels"])}
    return dict(config)


def _texts(place: str, pairs: Mapping[str, str]) -> dict[str, str]:
    for key, value in pairs.items():
        if not isinstance(key, str) or not isinstance(value, str):
            raise InvalidImage(f"{place}[{key!r}]", f"{value!r} is not text", "write it in quotes")
    return dict(sorted(pairs.items()))


def _word(place: str, text: str) -> str:
    if not isinstance(text, str) or not text:
        raise InvalidImage(place, f"{text!r} is no name", "write it as Go does, e.g. 'linux' and 'arm64'")
    return text


def _timestamp(moment: datetime) -> str:
    if moment.tzinfo is None:
        raise InvalidImage("created", f"{moment.isoformat()} has no timezone", "add one, e.g. tzinfo=UTC")
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
