"""One pull from beginning to end: who, over which way, with which permission, which manifest, which layers.

way to ecr.api ─► login ─► way to ecr.dkr ─► manifest ─► platform ─► way to S3 ─► layers ─► start

It stops at the first step that fails, and shows what the service would show there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from ecrlab.cards import Card, Table, Tone
from ecrlab.naming import Digest, ImageReference
from ecrlab.oci import Descriptor, Platform
from ecrlab.oci.shown import Shown, size_in_words
from ecrlab.workloads.messages import MESSAGES, Obstacle
from ecrlab.workloads.network import Network
from ecrlab.workloads.pull_case import Case
from ecrlab.workloads.pull_steps import PullStep, steps_of
from ecrlab.workloads.puller import Puller
from ecrlab.workloads.stored import StoredRepository

__all__ = ["PullOutcome", "PullResult", "resolve"]


class PullOutcome(Enum):
    """How it ended; the value is how we say it."""

    STARTED = "started"
    CRASHED = "pulled, but it does not run"
    NOT_PULLED = "not pulled"
    NOT_KNOWN = "not known: it comes from another registry than Amazon ECR"


@dataclass(frozen=True, slots=True, repr=False)
class PullResult(Shown):
    """How a pull ended, and why.

    Args:
        reference: The image as it was asked for.
        puller: Who pulled.
        network: Over which network.
        steps: What was done, in order; the last one failed unless the container started.
        outcome: How it ended.
        obstacle: What it failed at.
        resolved: The digest that the reference meant: of an index, if it named one. ECS keeps this one for a
            deployment. ``None`` if it was not found.
        digest: The digest of the image for this machine: what runs. ``None`` if it was not chosen.
        platform: What that image was built for, if it says so.
        layers: The layers of that image, lowest first.
        message: The very text that the service shows; empty if the container started.
        message_is_guess: Whether that text was put together from texts like it, and not seen as a whole.
        reason: Why it came out like this, in a sentence.
        way_out: What to change; empty if the container started.
    """

    reference: ImageReference
    puller: Puller
    network: Network | None
    steps: tuple[PullStep, ...]
    outcome: PullOutcome
    obstacle: Obstacle | None
    resolved: Digest | None
    digest: Digest | None
    platform: Platform | None
    layers: tuple[Descriptor, ...]
    message: str
    message_is_guess: bool
    reason: str
    way_out: str

    @property
    def started(self) -> bool:
        """Whether the container runs."""
        return self.outcome is PullOutcome.STARTED

    @property
    def pulled(self) -> bool:
        """Whether the image arrived, whatever became of it."""
        return self.outcome in (PullOutcome.STARTED, PullOutcome.CRASHED)

    @property
    def size(self) -> int:
        """Bytes of the layers, compressed."""
        return sum(layer.size for layer in self.layers)

    def card(self) -> Card:
        """Return who pulled what, how it ended, why, and the way out."""
        facts = [("image", f"`{self.reference}`"), ("who pulls", self.puller.words)]
        facts += [("network", self.network.words)] if self.network else []
        if self.pulled and self.digest is not None:
            facts.append(("runs", f"`{self.digest}`" + (f", {self.platform}" if self.platform else "")))
            facts.append(("layers", f"{len(self.layers)}, {size_in_words(self.size)} compressed"))
        body = [self.reason]
        if self.message:
            shown = "A text like this is shown" if self.message_is_guess else "The service shows"
            body = [f"{shown}: {self.message}", self.reason, f"Way out: {self.way_out}."]
        tone = {PullOutcome.STARTED: Tone.GOOD, PullOutcome.NOT_KNOWN: Tone.NOTE}.get(self.outcome, Tone.BAD)
        fact = f": {self.obstacle.value}" if self.obstacle else ""
        return Card(f"{self.outcome.value.capitalize()}{fact}", tuple(facts), body, tone=tone)

    def table(self) -> Table:
        """Return the steps."""
        rows = [(number, step.title, step.sign, step.words) for number, step in enumerate(self.steps, start=1)]
        return Table(("step", "what", "", "how it went"), rows)

    def __repr__(self) -> str:
        what = f" {self.obstacle.name}" if self.obstacle else f" sha256:{self.digest.short}…" if self.digest else ""
        return f"<PullResult {self.outcome.name}{what}>"


def resolve(
    reference: ImageReference | str,
    puller: Puller,
    network: Network | None,
    repository: StoredRepository | None = None,
) -> PullResult:
    """Say how a pull would end, without pulling.

    Args:
        reference: What the task definition or the pod names. Without tag and digest it means ``latest``.
        puller: Who pulls.
        network: The network that it has; ``None`` only for Lambda, which has none of yours.
        repository: What Amazon ECR holds under that name; ``None`` if the registry is another one.

    Returns:
        The outcome with its steps, the text that the service shows, the reason and the way out.

    Raises:
        InvalidName: The reference does not parse.
        InvalidInput: The network or the repository is missing, or the repository is not the one that is named.
    """
    image = ImageReference.as_pulled(reference) if isinstance(reference, str) else reference
    case = Case(image, puller, network, repository)
    steps = steps_of(case)
    last = steps[-1]
    if last.obstacle is None:
        outcome = PullOutcome.STARTED if case.is_in_ecr else PullOutcome.NOT_KNOWN
    else:
        outcome = PullOutcome.CRASHED if last.obstacle is Obstacle.OTHER_ARCHITECTURE else PullOutcome.NOT_PULLED
    found = case.found if _reached(steps, Obstacle.IMAGE_NOT_FOUND) else None
    chosen = case.chosen if found is not None and last.obstacle is not Obstacle.INDEX_REFUSED else None
    message, is_guess = _message(case, last)
    return PullResult(
        image,
        puller,
        network,
        steps,
        outcome,
        last.obstacle,
        resolved=found.digest if found else None,
        digest=chosen.digest if chosen else None,
        platform=chosen.platform if chosen else None,
        layers=chosen.layers if chosen else (),
        message=message,
        message_is_guess=is_guess,
        reason=last.words,
        way_out=last.way_out,
    )


def _reached(steps: tuple[PullStep, ...], obstacle: Obstacle) -> bool:
    """Tell whether the step at which an obstacle may stand was passed."""
    return any(obstacle in step.may_fail_at and step.obstacle is not obstacle for step in steps)


def _message(case: Case, last: PullStep) -> tuple[str, bool]:
    if last.obstacle is None:
        return "", False
    message = MESSAGES[case.puller.dialect, last.obstacle]
    return message.fill(_parts(case, last)), message.is_guess


def _parts(case: Case, last: PullStep) -> Mapping[str, str]:
    """Return what the templates of messages have places for."""
    layers = case.chosen.layers if case.chosen else ()
    image = case.chosen or case.found
    return {
        "image": str(case.reference_pulled),
        "host": case.reference.registry,
        "repository": str(case.reference.repository),
        "registry_id": case.account_id,
        "name": str(case.reference.digest or case.reference.tag or "latest"),
        "region": case.region,
        "dial": _dial(case, last),
        "denied": last.decision.aws_message if last.decision else "",
        "digest": str(layers[0].digest) if layers else "",
        "bucket": case.bucket_host,
        "platform": str(case.puller.platform),
        "entrypoint": (image.entrypoint if image else "") or "/app",
        "state": image.state.value if image else "",
        "key_fault": case.repository.key_fault if case.repository else "",
    }


# Which address a name has is decided elsewhere. Documentation addresses stand in: one on the internet, one in the VPC.
_PUBLIC, _PRIVATE = "203.0.113.10", "10.0.0.10"


def _dial(case: Case, last: PullStep) -> str:
    """Say how a connection failed, as Go's network library does."""
    if last.route is None or case.network is None:
        return ""
    if not case.network.resolves_names:
        return f"dial tcp: lookup {last.route.service.host(case.account_id, case.region)}: no such host"
    return f"dial tcp {_PRIVATE if last.route.endpoint else _PUBLIC}:443: i/o timeout"
