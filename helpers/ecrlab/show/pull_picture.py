"""``pull``: the three services that a pull speaks to, the way to each, and where it ended."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from ecrlab.errors import InvalidInput
from ecrlab.naming import ImageReference, RegistryHost
from ecrlab.show.drawing import LINE, WIDTH, Drawing, arrow, frame, line, words, wrapped
from ecrlab.workloads import Network, PullResult, PullStep, Route, Service, Way

__all__ = ["pull"]

_LEFT = 118
_RIGHT = 280
_ROOM = WIDTH - _RIGHT - 1
_GAP = 12
_CALLED = {Service.API: "Amazon ECR, API", Service.REGISTRY: "Amazon ECR, registry", Service.LAYERS: "Amazon S3"}


@dataclass(frozen=True, slots=True)
class _Leg:
    """One service: its address, the way there, and the steps that were made with it; no steps if nobody came so far."""

    service: Service
    host: str
    way: str = "not asked any more"
    arrives: bool = False
    steps: tuple[PullStep, ...] = ()

    @property
    def said(self) -> list[str]:
        return [f"{step.sign} {step.title}" for step in self.steps]

    def line(self) -> str:
        return f"  {self.way} → {_CALLED[self.service]}, {self.host}" + "".join(f"; {each}" for each in self.said)


def pull(result: PullResult) -> Drawing:
    """Draw the way of one pull: who pulls, over what each service was reached, what was asked there, how it ended.

    Args:
        result: What ``workloads.resolve`` returned, or ``task.pull()`` of a task.

    Raises:
        InvalidInput: It is no such result; or the pull went over no network of yours (Lambda), or not to Amazon ECR.

    Source: Amazon ECR User Guide, "Amazon ECR interface VPC endpoints (AWS PrivateLink)".
    """
    _expect_pull(result)
    host, network = result.reference.host, result.network
    if host is None or network is None:
        what = "Lambda pulls over no network of yours" if host else f"{result.reference.registry} is not Amazon ECR"
        raise InvalidInput("show.pull", what, "draw a pull of a task or a pod from Amazon ECR")
    asks = f"{result.puller.words}, pulls {_short_name(result.reference)} from {network.name}"
    legs = list(_legs(result, host, network))
    failed = f": {result.obstacle.value}" if result.obstacle else ""
    ends = f"{'✓' if result.started else '✗'} {result.outcome.value}{failed}"
    more = [] if result.started else [result.reason, f"Way out: {result.way_out}."]
    shapes, height = _drawn(asks, network.name, legs, ends, more)
    return Drawing(
        title=f"The way of a pull: {result.outcome.value}",
        summary=" ".join([f"{asks}.", *(f"{_CALLED[leg.service]}: {leg.way}." for leg in legs), result.reason]),
        lines=(asks, *(leg.line() for leg in legs), ends, *more),
        shapes=shapes,
        height=height,
    )


def _expect_pull(value: object) -> None:
    if not isinstance(value, PullResult):
        fact = f"a value of type {type(value).__name__} is no pull"
        raise InvalidInput("show.pull", fact, "hand over what workloads.resolve() or task.pull() returned")


def _legs(result: PullResult, host: RegistryHost, network: Network) -> Iterator[_Leg]:
    """Yield the three services in the order of a pull; a step belongs to the service that was reached before it."""
    legs = {service: _Leg(service, service.host(host.account_id, host.region)) for service in Service}
    current = Service.API
    for step in result.steps[:-1] if result.pulled else result.steps:  # the start speaks to nobody
        if step.route is not None and step.decision is None:
            current = step.route.service
            legs[current] = replace(legs[current], way=_way(step.route, network), arrives=step.route.is_open)
            continue
        leg = legs[current]
        if not leg.arrives:  # a login that the agent of the machine has made, over a way that is not yours
            leg = replace(leg, way="✓ from within AWS", arrives=True)
        legs[current] = replace(leg, steps=(*leg.steps, step))
    yield from legs.values()


def _short_name(reference: ImageReference) -> str:
    """Write the image without its registry, which stands in the picture, and a digest in its short form."""
    tag = f":{reference.tag}" if reference.tag else ""
    digest = f"@sha256:{reference.digest.short}…" if reference.digest else ""
    return f"{reference.repository}{tag}{digest}"


def _way(route: Route, network: Network) -> str:
    if not route.is_open:
        return f"✗ {route.service.value} endpoint, shut" if route.endpoint else "✗ no way"
    return f"✓ {network.internet.value}" if route.way is Way.INTERNET else f"✓ {route.service.value} endpoint"


def _drawn(asks: str, place: str, legs: list[_Leg], ends: str, more: list[str]) -> tuple[tuple[str, ...], int]:
    """Draw the subnet at the left, the services at the right, and a way for each between them."""
    shapes, y = [], 2.0
    for text in wrapped(asks, WIDTH - 20):
        y += LINE
        shapes.append(words(4, y, text, style="strong"))
    y += _GAP
    top = y
    for leg in legs:
        rows, ways = _rows(leg), wrapped(leg.way, _RIGHT - _LEFT - 20)
        height = LINE * max(len(rows), 2 * len(ways)) + 14
        shapes.append(frame(_RIGHT, y, _ROOM, height, style="box" if leg.arrives else "frame dashed"))
        shapes += [words(_RIGHT + 10, y + LINE * row, text, style=style) for row, (style, text) in enumerate(rows, 1)]
        middle = y + height / 2
        is_asked = leg.arrives or leg.way.startswith("✗")
        if leg.arrives:
            shapes.append(arrow(_LEFT + 2, middle, _RIGHT - 2))
        elif is_asked:
            shapes.append(line(_LEFT + 2, middle, (_LEFT + _RIGHT) / 2, middle, dashed=True))
        first = middle - 7 - LINE * (len(ways) - 1)
        style = "strong" if is_asked else "quiet"
        shapes += [words(_LEFT + 12, first + LINE * row, text, style=style) for row, text in enumerate(ways)]
        y += height + _GAP
    shapes.append(frame(1, top, _LEFT, y - _GAP - top, style="box"))
    shapes += [words(11, top + LINE * row, text) for row, text in enumerate(wrapped(place, _LEFT - 18), start=1)]
    y += 2
    for style, sentence in [("strong", ends), *(("", each) for each in more)]:
        for text in wrapped(sentence, WIDTH - 20):
            y += LINE
            shapes.append(words(4, y, text, style=style))
    return tuple(shapes), int(y + 8)


def _rows(leg: _Leg) -> list[tuple[str, str]]:
    """Return the lines in a service's box, each with its style; what was asked there stays together, step by step."""
    together = " ".join(each.replace(" ", "\u00a0") for each in leg.said)
    address = wrapped(leg.host, _ROOM - 12, code=True)
    said = wrapped(together, _ROOM - 20) if together else []
    return [("strong", _CALLED[leg.service]), *(("code", text) for text in address), *(("", text) for text in said)]
