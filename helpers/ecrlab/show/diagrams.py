"""The pictures of the course, each drawn from real values and real calls.

    registry_map(client)             account → region → registry → repositories → images and tags
    anatomy(image or index)          manifest → config and layers; index → one manifest per platform
    sequence(report)                 a push or a pull, call by call
    tags(client, repository)         which tag points to which digest, and which image has none
    address(reference)               the parts of an image reference, with their names
    journey()                        where ECR stands between building and running
    manifest(image or index)         the JSON that the digest is computed over (a card, not a picture)

Each picture is a `Drawing`: SVG in a notebook, the same content as text everywhere else. Nothing is invented for
the picture's sake: what no call showed is not drawn.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import TYPE_CHECKING, Any

from ecrlab.cards import Card
from ecrlab.cloud import aws_call, described_repositories
from ecrlab.errors import InvalidInput
from ecrlab.naming import Digest, ImageReference, RegistryHost, RepositoryName
from ecrlab.oci import Image, Index
from ecrlab.registry import Call, PullReport, PushReport
from ecrlab.show.drawing import (
    CODE_ADVANCE,
    LINE,
    WIDTH,
    WORD_ADVANCE,
    Box,
    Drawing,
    Node,
    arrow,
    bracket,
    curve,
    frame,
    line,
    size_text,
    tree,
    words,
    wrapped,
)

if TYPE_CHECKING:
    from mypy_boto3_ecr import ECRClient

__all__ = ["address", "anatomy", "journey", "manifest", "registry_map", "sequence", "tags"]

_GAP = 14


def _short(digest: str) -> str:
    """Abbreviate a digest for people: the algorithm and twelve digits."""
    return f"sha256:{Digest.parse(digest).short}…"


def _plural(count: int, noun: str) -> str:
    if count == 1:
        return f"1 {noun}"
    return f"{count:,} {noun.removesuffix('y')}ies" if noun.endswith("y") else f"{count:,} {noun}s"


# --- a registry -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Held:
    """One image as DescribeImages tells it."""

    digest: str
    tags: tuple[str, ...]
    size: int
    pushed: datetime

    @property
    def names(self) -> str:
        return ", ".join(self.tags) or "no tag"


def _images(client: ECRClient, repository: str) -> list[_Held]:
    """Read all images of a repository, newest push first; among equals, by digest."""
    with aws_call("DescribeImages", f"repository {repository!r}"):
        pages = client.get_paginator("describe_images").paginate(repositoryName=repository)
        details: list[Any] = [detail for page in pages for detail in page["imageDetails"]]
    held = [
        _Held(
            detail["imageDigest"],
            tuple(sorted(detail.get("imageTags", ()))),
            detail["imageSizeInBytes"],
            detail["imagePushedAt"],
        )
        for detail in details
    ]
    return sorted(held, key=lambda image: (-image.pushed.timestamp(), image.digest))


def _client(value: Any, place: str) -> ECRClient:
    meta = getattr(value, "meta", None)
    if getattr(getattr(meta, "service_model", None), "service_name", None) != "ecr":
        raise InvalidInput(place, f"{_described(value)} is no ECR client", 'hand over lab.client("ecr")')
    return value  # type: ignore[no-any-return]


def _described(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 40 else f"a {type(value).__name__}"


def _at_least_one(most: int, place: str) -> None:
    if not isinstance(most, int) or isinstance(most, bool) or most < 1:
        raise InvalidInput(place, f"most={most!r} leaves nothing to draw", "use a whole number from 1 up")


def registry_map(client: ECRClient, *, most: int = 6) -> Drawing:
    """Draw one private registry: where it is, and what it holds.

    Args:
        client: A boto3 ECR client; its region is the region of the map.
        most: How many repositories, and how many images in each, are drawn; the rest is counted.

    Raises:
        InvalidInput: ``client`` is no ECR client, or ``most`` is below 1.
        AwsCallError: A describe call was refused.

    Source: one private registry per account and region (Amazon ECR User Guide, "Registries").
    """
    _client(client, "show.registry_map")
    _at_least_one(most, "show.registry_map")
    with aws_call("DescribeRegistry", "this registry"):
        account_id = client.describe_registry()["registryId"]
    host = RegistryHost.of(account_id, client.meta.region_name)
    found = described_repositories(client, f"registry {account_id}")
    names = sorted(repository["repositoryName"] for repository in found)
    contents = [(name, _images(client, name)) for name in names[:most]]
    return _draw_map(host, contents, len(names) - len(contents), most)


def _draw_map(host: RegistryHost, contents: Sequence[tuple[str, list[_Held]]], unseen: int, most: int) -> Drawing:
    boxes = [Box(f"repository {name}", _on_map(images, most)) for name, images in contents]
    if unseen:
        boxes.append(Box(f"and {_plural(unseen, 'more repository')}"))
    if not boxes:
        boxes.append(Box("no repository yet"))
    labels = (f"account {host.account_id}", f"region {host.region}", f"registry {host}")
    shapes: list[str] = []
    inset, head = 12, 28
    left, top = 1 + inset * len(labels), head * len(labels) + 8
    width = (WIDTH - 2 * left - _GAP) / 2
    y: float = top
    for pair in (boxes[i : i + 2] for i in range(0, len(boxes), 2)):
        shapes += [box.draw(left + i * (width + _GAP), y, width) for i, box in enumerate(pair)]
        y += max(box.height(width) for box in pair) + _GAP
    height = int(y) + inset * len(labels)
    for depth, label in enumerate(labels):
        x, down = 1 + depth * inset, 1 + depth * head
        shapes.append(frame(x, down, WIDTH - 2 * x, height - down - 1 - depth * inset))
        shapes.append(words(x + 10, down + 19, label, style="strong"))
    nodes = tuple(Node(box.kind, tuple(map(Node, box.facts))) for box in boxes)
    for label in reversed(labels):
        nodes = (Node(label, nodes),)
    return Drawing(
        title=f"Registry of account {host.account_id} in {host.region}",
        summary=f"Account {host.account_id} holds one private registry in region {host.region}, with "
        + (_plural(len(contents) + unseen, "repository") if contents else "no repository")
        + ". The text below lists the images.",
        lines=tree(nodes[0]),
        shapes=tuple(shapes),
        height=height,
    )


def _on_map(images: Sequence[_Held], most: int) -> tuple[str, ...]:
    rows = tuple(f"{_short(image.digest)} {size_text(image.size)}: {image.names}" for image in images[:most])
    if len(images) > most:
        return (*rows, f"and {_plural(len(images) - most, 'more image')}")
    return rows or ("no image yet",)


# --- tags -------------------------------------------------------------------------------------------------------------


def tags(client: ECRClient, repository: str, *, most: int = 20) -> Drawing:
    """Draw which tag points to which image of a repository; images without a tag are drawn as well.

    Args:
        client: A boto3 ECR client.
        repository: Name of the repository in the client's registry.
        most: How many images are drawn, the newest first; the rest is counted.

    Raises:
        InvalidInput: ``client`` is no ECR client, or ``most`` is below 1.
        AwsCallError: DescribeImages was refused, for instance because there is no such repository.
    """
    _client(client, "show.tags")
    _at_least_one(most, "show.tags")
    images = _images(client, repository)
    untagged = sum(not image.tags for image in images)
    shapes, y = _draw_tags(images[:most])
    lines = [f"{image.names} → {_short(image.digest)}  {_when(image)}" for image in images[:most]]
    if len(images) > most:
        lines.append(f"and {_plural(len(images) - most, 'older image')}")
        shapes.append(words(1, y + 16, lines[-1]))
        y += 24
    if not images:
        lines.append("no image yet")
        shapes.append(words(1, y + 16, lines[-1]))
        y += 24
    return Drawing(
        title=f"Tags of repository {repository}",
        summary=f"{_plural(sum(len(i.tags) for i in images), 'tag')} on {_plural(len(images), 'image')}, "
        f"{_plural(untagged, 'image')} without a tag. The text below lists them, newest push first.",
        lines=tuple(lines),
        shapes=tuple(shapes),
        height=int(y) + 2,
    )


def _when(image: _Held) -> str:
    return f"{size_text(image.size)}, pushed {image.pushed:%Y-%m-%d %H:%M}"


def _draw_tags(images: Sequence[_Held]) -> tuple[list[str], float]:
    """Put the tags on the left, each with an arrow to its image on the right."""
    tag_width, image_width = 250.0, 330.0
    right = WIDTH - image_width - 1
    shapes: list[str] = []
    y: float = 1
    for image in images:
        labels = [Box(tag, style="name") for tag in image.tags] or [Box("no tag", style="frame dashed")]
        target = Box("image", (_short(image.digest), _when(image)))
        stacked = sum(label.height(tag_width) + 8 for label in labels) - 8
        tall = max(stacked, target.height(image_width))
        shapes.append(target.draw(right, y + (tall - target.height(image_width)) / 2, image_width))
        at = y + (tall - stacked) / 2
        for label in labels:
            shapes.append(label.draw(1, at, tag_width))
            if image.tags:
                shapes.append(curve(tag_width + 3, at + label.height(tag_width) / 2, right - 2, y + tall / 2))
            at += label.height(tag_width) + 8
        y += tall + _GAP
    return shapes, y


# --- an image ---------------------------------------------------------------------------------------------------------


def anatomy(image: Image | Index, *, tag: str | None = None) -> Drawing:
    """Draw what an image is made of: a manifest that names a config and layers, each by digest.

    An index names one manifest per platform, or further indexes. A blob that two manifests share is drawn once.

    Args:
        image: A value of `ecrlab.oci`.
        tag: A tag that points to it, if the picture should show one.

    Raises:
        InvalidInput: ``image`` is neither an `Image` nor an `Index`.
    """
    _known_image(image, "show.anatomy")
    levels = _levels(image)
    blobs = {key: box for level in levels for each in level for key, box in _blobs(each).items()}
    configs_first = dict(sorted(blobs.items(), key=lambda item: item[1].kind != "config"))
    columns = [*({_key(each): _manifest_box(each) for each in level} for level in levels), configs_first]
    arrows = [(_key(each), key) for level in levels for each in level for key in _named_by(each)]
    root, kind = _image_node(image), "index" if isinstance(image, Index) else "image"
    if tag is not None:
        columns.insert(0, {"tag": Box("tag", (tag,), style="name")})
        arrows.insert(0, ("tag", _key(image)))
        root = Node(f"tag {tag}", (root,))
    shapes, height = _draw_columns(columns, arrows)
    return Drawing(
        title=f"Anatomy of an {kind}",
        summary=(f"Tag {tag} points to the {kind}. " if tag is not None else "")
        + (f"The index names {_plural(len(image.children), 'manifest')}. " if isinstance(image, Index) else "")
        + f"Below are {_plural(len(blobs), 'blob')}: configs and layers.",
        lines=tree(root),
        shapes=shapes,
        height=height,
    )


def _known_image(value: object, place: str) -> None:
    if not isinstance(value, Image | Index):
        raise InvalidInput(place, f"{_described(value)} is no image", "hand over an oci.Image or an oci.Index")


def _key(image: Image | Index) -> str:
    return str(image.digest)


def _levels(image: Image | Index) -> list[list[Image | Index]]:
    """Return the image itself, then what it names if it is an index, then what those name."""
    levels = [[image]]
    while below := [child for each in levels[-1] if isinstance(each, Index) for child in each.children]:
        levels.append(below)
    return levels


def _named_by(image: Image | Index) -> list[str]:
    """Return the digests that a manifest or an index names, each once."""
    return [_key(child) for child in image.children] if isinstance(image, Index) else list(_blobs(image))


def _blobs(image: Image | Index) -> dict[str, Box]:
    """Return config and layers of an image by digest; an index has none of its own."""
    if isinstance(image, Index):
        return {}
    named = [("config", image.config_descriptor), *(("layer", layer.descriptor) for layer in image.layers)]
    return {str(blob.digest): Box(word, (_short(str(blob.digest)), size_text(blob.size))) for word, blob in named}


def _manifest_box(image: Image | Index) -> Box:
    facts = (_short(_key(image)), size_text(len(image.manifest)))
    if isinstance(image, Index):
        return Box("index", facts)
    return Box("manifest", (*facts, str(image.platform)) if image.platform else facts)


def _image_node(image: Image | Index) -> Node:
    box = _manifest_box(image)
    if isinstance(image, Index):
        below = tuple(_image_node(child) for child in image.children)
    else:
        below = tuple(Node(_in_a_line(blob)) for blob in _blobs(image).values())
    return Node(_in_a_line(box), below)


def _in_a_line(box: Box) -> str:
    return " ".join((box.kind, "  ".join(box.facts)))


@dataclass(frozen=True, slots=True)
class _Column:
    """Boxes under one another, as high as they need and centred on the picture's middle."""

    x: float
    width: float
    boxes: tuple[Box, ...]

    @property
    def height(self) -> float:
        return sum(box.height(self.width) + _GAP for box in self.boxes) - _GAP

    def tops(self, height: float) -> list[float]:
        top, tops = 1 + (height - self.height) / 2, []
        for box in self.boxes:
            tops.append(top)
            top += box.height(self.width) + _GAP
        return tops


def _draw_columns(
    columns: Sequence[Mapping[str, Box]], arrows: Sequence[tuple[str, str]]
) -> tuple[tuple[str, ...], int]:
    """Draw boxes in columns from left to right, and an arrow for each pair of their keys."""
    width = min(172.0, (WIDTH - 2 - 34 * (len(columns) - 1)) / len(columns))
    space = min(90.0, (WIDTH - 2 - width * len(columns)) / max(1, len(columns) - 1))
    placed = [_Column(1 + i * (width + space), width, tuple(boxes.values())) for i, boxes in enumerate(columns)]
    height = max(column.height for column in placed)
    shapes, middles = [], {}
    for column, boxes in zip(placed, columns, strict=True):
        for (key, box), top in zip(boxes.items(), column.tops(height), strict=True):
            shapes.append(box.draw(column.x, top, width))
            middles[key] = (column.x, top + box.height(width) / 2)
    for start, end in arrows:
        (x1, y1), (x2, y2) = middles[start], middles[end]
        shapes.append(curve(x1 + width + 2, y1, x2 - 2, y2))
    return tuple(shapes), int(height) + 3


# --- a push or a pull -------------------------------------------------------------------------------------------------

_CLIENT, _API, _BUCKET = 70, 430, 690


@dataclass(frozen=True, slots=True)
class _Step:
    """One arrow there and one back; the parts of one layer upload count as one step."""

    operation: str
    about: str
    result: str
    to_bucket: bool

    def lines(self, number: int) -> list[str]:
        receiver = "layer bucket" if self.to_bucket else "ECR API"
        about = f": {self.about}" if self.about else ""
        rows = [f"{number}. client → {receiver}  {self.operation}{about}"]
        return [*rows, f"   client ← {receiver}  {self.result}"] if self.result else rows


def sequence(report: PushReport | PullReport) -> Drawing:
    """Draw the calls of a push or a pull in their order: the client, the ECR API, the bucket with the layers.

    Args:
        report: What `registry.push` returned, or `registry.pull_with_report`.

    Raises:
        InvalidInput: ``report`` is neither a `PushReport` nor a `PullReport`.
    """
    if not isinstance(report, PushReport | PullReport):
        raise InvalidInput(
            "show.sequence",
            f"{_described(report)} is no report of a push or a pull",
            "hand over what registry.push() or registry.pull_with_report() returned",
        )
    verb = "Push" if isinstance(report, PushReport) else "Pull"
    steps = _folded(report.calls)
    shapes, height = _draw_steps(steps)
    return Drawing(
        title=f"{verb} of {report.repository}{f':{report.tag}' if report.tag else ''}, {_short(str(report.digest))}",
        summary=f"{_plural(len(report.calls), 'call')} in {_plural(len(steps), 'step')} between the client, "
        "the ECR API and the layer bucket. The text below lists them.",
        lines=tuple(row for number, step in enumerate(steps, start=1) for row in step.lines(number)),
        shapes=shapes,
        height=height,
    )


def _folded(calls: Sequence[Call]) -> list[_Step]:
    """Turn calls into steps; consecutive parts of the same layer become one."""
    steps = []
    for (operation, subject, _), group in groupby(enumerate(calls), key=_upload):
        run = [call for _, call in group]
        last = run[-1]
        to_bucket = operation == "GET"
        detail = size_text(last.size_bytes) if to_bucket else last.detail
        if len(run) > 1:
            detail = f"{_plural(len(run), 'part')}, {size_text(sum(call.size_bytes for call in run))}"
        about = ", ".join(part for part in (subject, detail) if part)
        steps.append(_Step(operation, about, last.result, to_bucket))
    return steps


def _upload(numbered: tuple[int, Call]) -> tuple[str, str, int]:
    number, call = numbered
    return call.operation, call.subject, 0 if call.operation == "UploadLayerPart" else number


def _draw_steps(steps: Sequence[_Step]) -> tuple[tuple[str, ...], int]:
    shapes: list[str] = []
    y = 48.0
    room = _API - _CLIENT - 44
    for number, step in enumerate(steps, start=1):
        end = _BUCKET if step.to_bucket else _API
        y += LINE
        shapes.append(words(_CLIENT + 12, y, f"{number}  {step.operation}", style="code strong"))
        y += 6
        shapes.append(arrow(_CLIENT, y, end))
        for text in wrapped(step.about, room) if step.about else []:
            y += LINE - 2
            shapes.append(words(_CLIENT + 12, y, text))
        if step.result:
            for text in wrapped(step.result, room):
                y += LINE - 2
                shapes.append(words(_CLIENT + 28, y, text, style="quiet"))
            y += 6
            shapes.append(arrow(end, y, _CLIENT, dashed=True))
        y += 8
    heads = [(_CLIENT, "client", "your notebook"), (_API, "ECR API", ""), (_BUCKET, "layer bucket", "S3, owned by ECR")]
    lifelines = []
    for x, name, note in heads:
        lifelines += [words(x, 16, name, style="strong", anchor="middle"), words(x, 32, note, anchor="middle")]
        lifelines.append(line(x, 40, x, y + 8))
    return (*lifelines, *shapes), int(y + 10)


# --- an address -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Part:
    """A stretch of the reference: the sign before it, its text, its name, and what the name means."""

    sign: str
    text: str
    name: str
    meaning: str


def address(reference: ImageReference | str) -> Drawing:
    """Draw an image reference with its parts named.

    Args:
        reference: A value, or a text such as ``<account>.dkr.ecr.<region>.amazonaws.com/<repository>:<tag>``.

    Raises:
        InvalidInput: ``reference`` is neither.
        InvalidName: The text does not parse as an image reference.

    Source: Amazon ECR User Guide, "Registries"; OCI distribution specification for tag and digest.
    """
    if isinstance(reference, str):
        reference = ImageReference.parse(reference)
    if not isinstance(reference, ImageReference):
        raise InvalidInput(
            "show.address", f"{_described(reference)} is no image reference", "hand over an ImageReference or its text"
        )
    rows = [row for row in (_host_parts(reference), *_path_parts(reference)) if row]
    parts = [part for row in rows for part in row]
    shapes, height = _draw_parts(rows, bracketed=reference.host is not None)
    in_registry = rows[0] if reference.host else []
    return Drawing(
        title="Parts of an image reference",
        summary=f"{reference} has {_plural(len(parts), 'part')}: {', '.join(part.name for part in parts)}.",
        lines=(
            str(reference),
            *([f"registry: {reference.registry}"] if in_registry else []),
            *(f"{'  ' * (part in in_registry)}{part.name}: {part.text} ({part.meaning})" for part in parts),
        ),
        shapes=shapes,
        height=height,
    )


def _host_parts(reference: ImageReference) -> list[_Part]:
    host = reference.host
    if host is None:
        return [_Part("", reference.registry, "registry host", "not a private ECR registry")]
    account, rest = reference.registry.split(".", 1)
    service, domain = rest.split(f".{host.region}.", 1)
    return [
        _Part("", account, "account", "whose registry"),
        _Part(".", service, "service", "ECR, for container clients"),
        _Part(".", host.region, "region", "a registry in each"),
        _Part(".", domain, "domain", "of AWS"),
    ]


def _path_parts(reference: ImageReference) -> tuple[list[_Part], list[_Part]]:
    path = [_Part("/", str(reference.repository), "repository", "inside the registry")]
    if reference.tag:
        path.append(_Part(":", str(reference.tag), "tag", "a name that can move"))
    digest = [_Part("@", str(reference.digest), "digest", "exactly these bytes")] if reference.digest else []
    return path, digest


def _draw_parts(rows: Sequence[Sequence[_Part]], *, bracketed: bool) -> tuple[tuple[str, ...], int]:
    """Set each row's parts side by side, each over its name; a bracket under the first row says: registry."""
    shapes: list[str] = []
    top = 20.0
    for number, row in enumerate(rows):
        x, bottom = 1.0, top
        for part in row:
            lines = wrapped(part.text, WIDTH - 20, code=True)
            stretch = max(len(text) for text in lines) * CODE_ADVANCE
            column = max(stretch, len(part.meaning) * WORD_ADVANCE, len(part.name) * 8)
            if x > 1 and x + column > WIDTH:
                x, top = 1.0, bottom + 28
            shapes.append(words(x, top, part.sign, style="code strong"))
            x += len(part.sign) * (CODE_ADVANCE + 4)
            shapes += [words(x, top + LINE * i, text, style="code strong") for i, text in enumerate(lines)]
            under = top + LINE * (len(lines) - 1)
            shapes += [
                bracket(x, x + stretch, under + 7),
                words(x, under + 30, part.name, style="strong"),
                words(x, under + 46, part.meaning),
            ]
            bottom = max(bottom, under + 46)
            x += column + 12
        if bracketed and number == 0:
            shapes += [bracket(1, x - 12, bottom + 8), words(1, bottom + 30, "registry", style="strong")]
            bottom += 30
        top = bottom + 30
    return tuple(shapes), int(top - 18)


# --- the way of an image ----------------------------------------------------------------------------------------------


def journey(repository: str = "shop/web") -> Drawing:
    """Draw where ECR stands: between the place that builds an image and the places that run it.

    Args:
        repository: Name of the repository in the middle.

    Raises:
        InvalidName: ``repository`` cannot be the name of a repository.

    Source: Amazon ECR User Guide, "What is Amazon ECR", "Amazon ECR images with Amazon ECS" and "... with Amazon EKS";
    AWS Lambda Developer Guide, "Create a Lambda function using a container image".
    """
    name = str(RepositoryName.parse(repository))
    places = (
        (1, 170, (Box("builds the image", ("your laptop", "or a CI job")),)),
        (295, 170, (Box("Amazon ECR keeps it", (f"repository {name}",), style="name"),)),
        (
            589,
            170,
            (
                Box("Amazon ECS", ("runs a task",)),
                Box("Amazon EKS", ("runs a pod",)),
                Box("AWS Lambda", ("runs a function",)),
            ),
        ),
    )
    columns = [_Column(*place) for place in places]
    height = max(column.height for column in columns)
    tops = [column.tops(height) for column in columns]
    shapes = [
        box.draw(column.x, top, column.width)
        for column, starts in zip(columns, tops, strict=True)
        for box, top in zip(column.boxes, starts, strict=True)
    ]
    middle = 1 + height / 2
    shapes += [arrow(173, middle, 293), words(233, middle - 8, "push", style="strong", anchor="middle")]
    shapes += [
        curve(467, middle, 587, top + box.height(170) / 2) for box, top in zip(columns[2].boxes, tops[2], strict=True)
    ]
    shapes.append(words(552, middle - 7, "pull", style="strong", anchor="middle"))
    return Drawing(
        title="The way of a container image",
        summary="A laptop or a CI job builds an image and pushes it to a repository in Amazon ECR. "
        "Amazon ECS, Amazon EKS and AWS Lambda pull it from there and run it.",
        lines=(
            "your laptop or a CI job builds the image",
            f"  → push → Amazon ECR keeps it, in repository {name}",
            "      → pull → Amazon ECS runs a task",
            "      → pull → Amazon EKS runs a pod",
            "      → pull → AWS Lambda runs a function",
        ),
        shapes=tuple(shapes),
        height=int(height) + 3,
    )


def manifest(image: Image | Index) -> Card:
    """Show the manifest of an image, or the list that an index is, as indented JSON.

    The bytes that are hashed are `image.manifest`, without this indentation.

    Args:
        image: A value of `ecrlab.oci`.

    Raises:
        InvalidInput: ``image`` is neither an `Image` nor an `Index`.
    """
    _known_image(image, "show.manifest")
    return Card(
        title=f"Manifest {_short(str(image.digest))}",
        facts=(("media type", image.media_type), ("size", f"{len(image.manifest):,} bytes, before indentation")),
        code=json.dumps(json.loads(image.manifest), indent=2),
    )
