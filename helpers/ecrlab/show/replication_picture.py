"""``replication_map``: Regions as boxes, an arrow to each destination, and how far every image has come.

The picture asks the registries themselves: DescribeRegistry for the rules, DescribeImageReplicationStatus for each
image, and DescribeImages at a destination, if somebody can look there, for when a copy arrived.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ecrlab.cloud import Lab, aws_call, described_repositories
from ecrlab.emulator.replication_rules import Destination, route
from ecrlab.errors import AwsCallError, InvalidInput
from ecrlab.naming import Digest
from ecrlab.show.drawing import LINE, WIDTH, Box, Drawing, Node, curve, tree, words

if TYPE_CHECKING:
    from mypy_boto3_ecr import ECRClient

__all__ = ["replication_map"]

_PLACE = "show.replication_map"
_SIGN = {"COMPLETE": "✓", "IN_PROGRESS": "…", "FAILED": "✗", "": "–"}
_HOME_WIDTH, _AWAY_LEFT = 250, 404
_AWAY_WIDTH = WIDTH - _AWAY_LEFT - 2
_GAP = 22
_NOWHERE = "no rule: nothing is copied anywhere"


@dataclass(frozen=True, slots=True)
class _Sent:
    """One image of the source: its name, its digest, when it was pushed, and how its copies stand."""

    repository: str
    digest: str
    tags: tuple[str, ...]
    pushed: datetime
    copies: Mapping[Destination, tuple[str, str]]

    @property
    def name(self) -> str:
        what = f":{', '.join(self.tags)}" if self.tags else f"@sha256:{Digest.parse(self.digest).short}…"
        return self.repository + what


def replication_map(source: Lab | ECRClient, *others: ECRClient, most: int = 8) -> Drawing:
    """Draw where the images of a registry are copied to, what has arrived there, and what is on its way.

    Args:
        source: The lab, whose registry is the source and in whose other Regions the picture looks by itself; or an ECR
            client of the source.
        others: Clients of further destinations, of other accounts for example. Where nobody can look, the source says
            that a copy has arrived, and not when.
        most: How many images are drawn, the newest; the rest is counted.

    Raises:
        InvalidInput: ``source`` is neither a lab nor an ECR client, one of ``others`` is none, or ``most`` is below 1.
        AwsCallError: A describe call was refused.
    """
    if not isinstance(most, int) or isinstance(most, bool) or most < 1:
        raise InvalidInput(_PLACE, f"most={most!r} leaves nothing to draw", "use a whole number from 1 up")
    home = source.client("ecr") if isinstance(source, Lab) else _checked(source)
    described = _described(home)
    here = Destination(home.meta.region_name, described["registryId"])
    images = sorted(_images(home, described), key=lambda image: (-image.pushed.timestamp(), image.name))
    drawn = images[:most]
    eyes = {_whose(client): client for client in map(_checked, others)}
    stops = []
    for place in _destinations(described, images):
        if isinstance(source, Lab) and place.registry_id == here.registry_id:
            eyes.setdefault(place, source.client("ecr", region=place.region))
        stops.append((place, _rows(place, drawn, described, eyes.get(place)), _came(place, images)))
    return _drawn(here, drawn, len(images) - len(drawn), stops)


# --- asking -----------------------------------------------------------------------------------------------------------


def _checked(client: Any) -> ECRClient:
    meta = getattr(client, "meta", None)
    if getattr(getattr(meta, "service_model", None), "service_name", None) != "ecr":
        fact = f"a value of type {type(client).__name__} is neither a lab nor an ECR client"
        raise InvalidInput(_PLACE, fact, 'hand over the lab, or lab.client("ecr")')
    return client  # type: ignore[no-any-return]


def _described(client: ECRClient) -> Any:
    with aws_call("DescribeRegistry", f"the registry in {client.meta.region_name}"):
        return client.describe_registry()


def _whose(client: ECRClient) -> Destination:
    return Destination(client.meta.region_name, _described(client)["registryId"])


def _images(home: ECRClient, described: Mapping[str, Any]) -> Iterable[_Sent]:
    """Read the images of all repositories, but for signatures and the like that nobody has sent anywhere."""
    for repository in described_repositories(home, f"registry {described['registryId']}"):
        name = repository["repositoryName"]
        for detail in _details(home, name):
            copies = _copies(home, name, detail["imageDigest"])
            if detail.get("imageTags") or copies or not _is_part(detail):
                yield _Sent(
                    name,
                    detail["imageDigest"],
                    tuple(sorted(detail.get("imageTags", ()))),
                    detail["imagePushedAt"],
                    copies,
                )


def _is_part(detail: Mapping[str, Any]) -> bool:
    """Tell whether something without a tag belongs to something else, as a signature does."""
    return "subjectManifestDigest" in detail


def _details(client: ECRClient, repository: str) -> list[Any]:
    with aws_call("DescribeImages", f"repository {repository!r}"):
        pages = client.get_paginator("describe_images").paginate(repositoryName=repository)
        return [detail for page in pages for detail in page["imageDetails"]]


def _copies(home: ECRClient, repository: str, digest: str) -> dict[Destination, tuple[str, str]]:
    """Return status and failure code of the copy to each destination."""
    with aws_call("DescribeImageReplicationStatus", f"repository {repository!r}"):
        answer = home.describe_image_replication_status(repositoryName=repository, imageId={"imageDigest": digest})
    return {
        Destination(each["region"], each["registryId"]): (each["status"], each.get("failureCode", ""))
        for each in answer["replicationStatuses"]
    }


def _destinations(described: Mapping[str, Any], images: Iterable[_Sent]) -> list[Destination]:
    """Return the destinations of all rules, and those that copies have gone to, each once."""
    rules = described["replicationConfiguration"]["rules"]
    named = [Destination(each["region"], each["registryId"]) for rule in rules for each in rule["destinations"]]
    return list(dict.fromkeys([*named, *(place for image in images for place in image.copies)]))


def _came(place: Destination, images: Iterable[_Sent]) -> tuple[int, int]:
    """Count the copies that have arrived in a place, and all that have been sent there."""
    sent = [image.copies[place][0] for image in images if place in image.copies]
    return sent.count("COMPLETE"), len(sent)


def _rows(
    place: Destination, images: Sequence[_Sent], described: Mapping[str, Any], client: ECRClient | None
) -> tuple[str, ...]:
    """Say of each image that goes to a place how far it has come."""
    there: dict[str, dict[str, datetime]] = {}
    rows = []
    for image in images:
        status, failure = image.copies.get(place, ("", ""))
        if not status and place not in route(described, image.repository).destinations:
            continue
        if client is not None and image.repository not in there:
            there[image.repository] = _arrivals(client, image.repository)
        came = there.get(image.repository, {}).get(image.digest)
        rows.append(f"{_SIGN[status]} {image.name} {_in_words(status, failure, came, client is not None)}")
    return tuple(rows)


def _arrivals(client: ECRClient, repository: str) -> dict[str, datetime]:
    try:
        return {detail["imageDigest"]: detail["imagePushedAt"] for detail in _details(client, repository)}
    except AwsCallError as refused:
        if refused.code != "RepositoryNotFoundException":
            raise
        return {}


def _in_words(status: str, failure: str, came: datetime | None, is_seen: bool) -> str:
    match status:
        case "COMPLETE" if came is not None:
            return f"there since {_moment(came)}"
        case "COMPLETE":
            return "arrived, and is gone" if is_seen else "arrived"
        case "IN_PROGRESS":
            return "is on its way"
        case "FAILED":
            return f"failed: {failure}" if failure else "failed"
    return "was never sent" + (f", but is there since {_moment(came)}" if came is not None else "")


def _moment(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M}"


# --- drawing ----------------------------------------------------------------------------------------------------------

_Stop = tuple[Destination, tuple[str, ...], tuple[int, int]]


def _drawn(here: Destination, images: Sequence[_Sent], unseen: int, stops: Sequence[_Stop]) -> Drawing:
    pushed = tuple(f"{image.name} pushed {_moment(image.pushed)}" for image in images)
    more = (f"and {unseen:,} more",) if unseen else ()
    home = Box(f"{here.region}, account {here.registry_id}", (*pushed, *more) or ("no image yet",), style="name")
    away = [
        Box(f"{place.region}, account {place.registry_id}", rows or ("nothing goes here yet",))
        for place, rows, _ in stops
    ]
    tops, y = [], 2.0
    for box in away:
        tops.append(y)
        y += box.height(_AWAY_WIDTH) + _GAP
    height = max(home.height(_HOME_WIDTH), y - _GAP) + 4
    home_top = (height - home.height(_HOME_WIDTH)) / 2
    leaves = home_top + home.height(_HOME_WIDTH) / 2
    shapes = [home.draw(2, home_top, _HOME_WIDTH)]
    for box, top, (_, _, count) in zip(away, tops, stops, strict=True):
        arrives = top + LINE
        shapes += [
            curve(2 + _HOME_WIDTH, leaves, _AWAY_LEFT, arrives),
            box.draw(_AWAY_LEFT, top, _AWAY_WIDTH),
            words(_AWAY_LEFT - 12, arrives + LINE, _counted(*count), anchor="end"),
        ]
    if not stops:
        shapes.append(words(_AWAY_LEFT, leaves + 4, _NOWHERE, style="quiet"))
    return Drawing(
        title=f"Replication from {here.region}",
        summary=_summary(here, stops),
        lines=_lines(home, away, stops),
        shapes=tuple(shapes),
        height=int(height),
    )


def _lines(home: Box, away: Sequence[Box], stops: Sequence[_Stop]) -> tuple[str, ...]:
    reached = [
        Node(f"→ {box.kind}: {_counted(*count)}", tuple(map(Node, box.facts)))
        for box, (_, _, count) in zip(away, stops, strict=True)
    ]
    sources = Node(home.kind, tuple(map(Node, home.facts)))
    return tuple(row for node in (sources, *(reached or [Node(_NOWHERE)])) for row in tree(node))


def _counted(arrived: int, sent: int) -> str:
    return f"{arrived:,} of {sent:,} arrived" if sent else "nothing sent"


def _summary(here: Destination, stops: Sequence[_Stop]) -> str:
    if not stops:
        return f"The registry of account {here.registry_id} in {here.region} has no replication rule."
    places = ", ".join(f"{place.region} ({_counted(*count)})" for place, _, count in stops)
    return f"Images of account {here.registry_id} in {here.region} are copied to {places}."
