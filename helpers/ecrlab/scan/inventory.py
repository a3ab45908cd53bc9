"""What is installed in an image: the package files of all layers, laid over each other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, MutableMapping, Sequence
from dataclasses import dataclass

from ecrlab.cards import Card, Table, Tone
from ecrlab.errors import InvalidImage
from ecrlab.naming import Digest
from ecrlab.oci import Image
from ecrlab.oci.image import describe
from ecrlab.oci.shown import Shown
from ecrlab.oci.store import chunks
from ecrlab.scan.layer import LayerContents, folders_of, read_layer
from ecrlab.scan.listing import Listed, PackageFile
from ecrlab.scan.os_release import OS_RELEASE_PATHS, ecosystem_of
from ecrlab.scan.package import OS_MANAGERS, Package, System

__all__ = ["Inventory", "inventory", "read_image"]

_NAMED = 20
"""Files that are named when they could not be read; beyond, they are counted."""


@dataclass(frozen=True, slots=True, repr=False)
class Inventory(Shown):
    """The packages of an image.

    Args:
        system: What its ``os-release`` says; ``None`` for an image without one, such as those from scratch.
        packages: Sorted by ecosystem, name, version and path.
        warnings: What could not be read, in sentences. Empty if nothing is known to be missing.
        manifest_digest: Of the image.
    """

    system: System | None
    packages: tuple[Package, ...]
    warnings: tuple[str, ...]
    manifest_digest: Digest

    def card(self) -> Card:
        """Return the system, how many packages of which kind there are, and what could not be read."""
        counts = Counter(package.ecosystem for package in self.packages)
        facts = [
            ("image", f"`{self.manifest_digest}`"),
            ("system", str(self.system) if self.system else "none: there is no os-release"),
            ("packages", f"{len(self.packages):,}"),
            *((ecosystem, f"{count:,}") for ecosystem, count in sorted(counts.items())),
        ]
        return Card("Inventory", facts, self.warnings, tone=Tone.BAD if self.warnings else Tone.NOTE)

    def table(self) -> Table:
        """Return the packages with the layer that brought each."""
        rows = [
            (package.ecosystem, package.name, package.version, package.file_path, package.layer_digest.short)
            for package in self.packages
        ]
        return Table(("ecosystem", "package", "version", "listed in", "brought by layer"), rows)

    def __repr__(self) -> str:
        return f"<Inventory of {self.manifest_digest.short}: {len(self.packages):,} packages>"


@dataclass(frozen=True, slots=True)
class _Live:
    """A package file that is visible so far, and the layer that brought each package in it."""

    file: PackageFile
    brought_by: dict[Listed, Digest]


def read_image(image: Image, *, cache: MutableMapping[Digest, LayerContents] | None = None) -> Inventory:
    """List what is installed in an image.

    Args:
        image: A container image.
        cache: What has been read of layers, under their digests. It is added to; hand over the same one for many images
            and each layer is read once.

    Raises:
        InvalidImage: An index instead of one image, or a layer that is damaged.
        LayerChanged: A layer lies in a file that has changed.
    """
    if not isinstance(image, Image):
        raise InvalidImage("scan", f"{describe(image)} is no single image", "pick one of its platforms first")
    known: MutableMapping[Digest, LayerContents] = {} if cache is None else cache
    for layer in image.layers:
        if layer.digest not in known:
            with layer.open() as stream:
                contents = read_layer(stream, digest=layer.digest, media_type=layer.media_type)
                for _ in chunks(stream):  # to the end: only there is a file known to be what it was
                    pass
            known[layer.digest] = contents
    return inventory([known[layer.digest] for layer in image.layers], digest=image.digest)


def inventory(layers: Sequence[LayerContents], *, digest: Digest) -> Inventory:
    """Lay the contents of layers over each other.

    A package that a file lists in several layers was brought by the lowest of those that are next to each other in that
    file's history: installing one more package rewrites the whole database, and brings only the one.

    Args:
        layers: Lowest first.
        digest: Of the image's manifest.
    """
    live: dict[str, _Live] = {}
    systems: dict[str, System] = {}
    names: set[str] = set()
    for layer in layers:
        below = {} if layer.hides_nothing(names) else {path: each for path, each in live.items() if layer.hides(path)}
        for path in below:
            del live[path]
        systems = {path: system for path, system in systems.items() if not layer.hides(path)} | dict(layer.systems)
        for file in layer.package_files:
            live[file.path] = _laid_over(file, below.get(file.path), layer.digest)
            names.update((file.path, *folders_of(file.path)))
    system = next((systems[path] for path in OS_RELEASE_PATHS if path in systems), None)
    packages = sorted(_packages(live, system), key=_order)
    return Inventory(system, tuple(packages), tuple(_warnings(layers, live, system)), digest)


def _laid_over(file: PackageFile, below: _Live | None, digest: Digest) -> _Live:
    known = below.brought_by if below else {}
    return _Live(file, {listed: known.get(listed, digest) for listed in file.listed})


def _packages(live: dict[str, _Live], system: System | None) -> Iterator[Package]:
    for path, each in live.items():
        ecosystem = ecosystem_of(each.file.manager, system)
        for listed, digest in each.brought_by.items():
            yield Package(
                ecosystem,
                listed.name,
                listed.version,
                source=listed.source,
                source_version=listed.source_version,
                architecture=listed.architecture,
                manager=each.file.manager,
                file_path=f"{path}!/{listed.inside}" if listed.inside else path,
                layer_digest=digest,
            )


def _order(package: Package) -> tuple[str, ...]:
    return package.ecosystem, package.name, package.version, package.architecture, package.file_path


def _warnings(layers: Sequence[LayerContents], live: dict[str, _Live], system: System | None) -> Iterator[str]:
    for layer in layers:
        yield from layer.warnings
    files = [live[path].file for path in sorted(live)]
    unread = [file.warning for file in files if file.warning]
    yield from unread[:_NAMED]
    if len(unread) > _NAMED:
        yield f"more files that could not be read: {len(unread) - _NAMED:,}"
    anonymous = [file.path for file in files if file.manager == "maven" and not file.listed and not file.warning]
    if anonymous:
        yield f"Java archives that say neither what they are nor which version: {len(anonymous)}, e.g. {anonymous[0]}"
    of_system = sum(len(file.listed) for file in files if file.manager in OS_MANAGERS)
    if of_system and (system is None or not system.version_id):
        yield f"the release of the system is unknown, and with it the advisories for its packages ({of_system})"
