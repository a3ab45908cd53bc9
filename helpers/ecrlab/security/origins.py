"""Fix the base once: which layers bring the findings, and how many images stand on each.

A finding of an enhanced scan names its layer. One of a basic scan does not; if several images have it, the layers that
all of them begin with are where it most likely comes from, and the table says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ecrlab.cards import Card, ShownAs, Table, Tone
from ecrlab.errors import InvalidInput
from ecrlab.oci.manifest import ImageManifest, parse_manifest
from ecrlab.oci.media import MANIFEST_TYPES
from ecrlab.registry.refusals import refused
from ecrlab.security.findings import Finding, Findings, sorted_findings
from ecrlab.security.images import NamedImage, find_image, parse_place
from ecrlab.security.reading import Reading
from ecrlab.security.scans import findings_of
from ecrlab.security.severity import counted, counts_in_words

__all__ = ["Origin", "Origins", "ScannedImage", "origins", "origins_of"]

_Key = tuple[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class ScannedImage:
    """An image's findings together with the digests of its layers, the lowest first."""

    findings: Findings
    layers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Origin:
    """Findings that have the same origin.

    Args:
        layers: The digest of the layer that brings them; several if it is only known to be one of these; none if the
            origin is not known at all.
        images: The images that have them.
        findings: Each vulnerability once, the worst first.
        certain: Whether the scan itself names the layer.
    """

    layers: tuple[str, ...]
    images: tuple[str, ...]
    findings: tuple[Finding, ...]
    certain: bool

    @property
    def mended(self) -> int:
        """How many findings, over all images, a repair in this one place takes away."""
        return len(self.images) * len(self.findings)

    @property
    def words(self) -> str:
        """Where they come from, in words."""
        if not self.layers:
            return "not known"
        short = self.layers[-1].removeprefix("sha256:")[:12]
        if self.certain:
            return " and ".join(f"layer {layer.removeprefix('sha256:')[:12]}" for layer in self.layers)
        return f"likely layer {short}" if len(self.layers) == 1 else f"likely one of {len(self.layers)} up to {short}"


@dataclass(frozen=True, slots=True, repr=False)
class Origins(ShownAs):
    """Where the findings of several images come from, the place where a repair mends most first."""

    images: tuple[str, ...]
    entries: tuple[Origin, ...]

    def _shown(self) -> Card | Table:
        if not self.entries:
            return Card(f"No findings in {len(self.images)} image{'s' * (len(self.images) != 1)}", tone=Tone.GOOD)
        rows = [
            (
                origin.words,
                ", ".join(origin.images),
                counts_in_words(counted(finding.severity for finding in origin.findings)),
                ", ".join(sorted({name for finding in origin.findings for name in finding.package_names})),
                origin.mended,
            )
            for origin in self.entries
        ]
        columns = ("comes from", "images", "findings", "packages", "findings mended at once")
        return Table(columns, rows, "Mend it where it comes from, once, and rebuild what stands on it")


def origins_of(images: Iterable[ScannedImage]) -> Origins:
    """Sort the findings of several images by where they come from.

    Args:
        images: Scanned images, any number.
    """
    scanned = list(images)
    holders: dict[tuple[_Key, tuple[str, ...]], list[tuple[ScannedImage, Finding]]] = {}
    for image in scanned:
        for finding in image.findings:
            holders.setdefault((finding.key, _named_layers(finding, image.layers)), []).append((image, finding))
    places: dict[tuple[tuple[str, ...], bool, tuple[str, ...]], dict[_Key, Finding]] = {}
    for (key, named), held in holders.items():
        layers = named or _common_beginning([image.layers for image, _ in held])
        names = tuple(dict.fromkeys(image.findings.image for image, _ in held))
        places.setdefault((layers, bool(named), names), {})[key] = held[0][1]
    found = [
        Origin(layers, names, sorted_findings(each.values()), certain)
        for (layers, certain, names), each in places.items()
    ]
    found.sort(key=lambda origin: (-origin.mended, origin.images, origin.layers))
    return Origins(tuple(image.findings.image for image in scanned), tuple(found))


def _named_layers(finding: Finding, layers: Sequence[str]) -> tuple[str, ...]:
    """Return the layers that the scan names, if they are layers of the image; the lowest first."""
    named = {package.layer for package in finding.packages}
    return tuple(layer for layer in layers if layer in named)


def _common_beginning(stacks: Sequence[Sequence[str]]) -> tuple[str, ...]:
    """Return the layers with which all images begin; for a single image that says nothing."""
    if len(stacks) < 2:
        return ()
    common: list[str] = []
    for level in zip(*stacks, strict=False):
        if len(set(level)) > 1:
            break
        common.append(level[0])
    return tuple(common)


def origins(client: Any, references: Iterable[str]) -> Origins:
    """Read the findings and the manifests of several images, and say where the findings come from.

    Manifests are read with BatchGetImage, which AWS records as a pull of the image; no layer is downloaded.

    Args:
        client: A boto3 client of ECR. Only calls that read are made.
        references: Images of any repositories of the registry: ``payments/api:1.4``, ``payments/api@sha256:…``.

    Raises:
        InvalidInput: A reference does not parse, or names an index.
        RegistryError: An image is not there or cannot be read, or AWS refused.
    """
    if isinstance(references, str):
        raise InvalidInput("origins", f"{references!r} is one text", "hand over a list of references")
    return origins_of([_scanned(client, reference) for reference in references])


def _scanned(client: Any, reference: str) -> ScannedImage:
    place = parse_place(reference)
    reading = Reading(client, f"layers of {reference}", str(place.repository))
    image = find_image(reading, place)
    if image.is_index:
        raise InvalidInput(f"image {reference}", "it is an index, which has no layers", "name one of its images")
    return ScannedImage(findings_of(reading, image), _layers_of(reading, image))


def _layers_of(reading: Reading, image: NamedImage) -> tuple[str, ...]:
    answer: Mapping[str, Any] = (
        reading.ask(
            "BatchGetImage",
            **image.parameters,
            imageIds=[{"imageDigest": image.digest}],
            acceptedMediaTypes=list(MANIFEST_TYPES),
        )
        or {}
    )
    if answer.get("failures"):
        failure = answer["failures"][0]
        code, reason = failure.get("failureCode", ""), failure.get("failureReason", "")
        raise refused(reading.place, "BatchGetImage", code, reason, image.repository)
    manifest = parse_manifest(answer["images"][0]["imageManifest"].encode())
    return tuple(str(layer.digest) for layer in manifest.layers) if isinstance(manifest, ImageManifest) else ()
