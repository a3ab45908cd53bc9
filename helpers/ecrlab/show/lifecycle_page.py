"""``lifecycle_simulator``: try a lifecycle policy on a repository. A widget in JupyterLab, a page everywhere else.

Both show the same: the faults, the rules in words, warnings, the repository on the day that is looked at with the
reason for every image, what goes next, and a year of storage.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

from ecrlab import lifecycle
from ecrlab.cards import Card, Table, Tone
from ecrlab.clock import START, SystemClock
from ecrlab.cloud import aws_call, current_lab
from ecrlab.errors import AwsCallError, Fault, InvalidInput, NoOpenLab
from ecrlab.lifecycle import Action, Forecast, Image, Plan, Policy, PolicyWarnings, PushPattern
from ecrlab.registry import Inventory, inventory
from ecrlab.show.drawing import Drawing, size_text
from ecrlab.show.front_end import is_live
from ecrlab.show.lifecycle_example import PUSHES, example_images, example_policy
from ecrlab.show.lifecycle_pictures import counted, draw_plan, policy_rules, storage_year, usd_of

if TYPE_CHECKING:
    from mypy_boto3_ecr import ECRClient

__all__ = ["DAYS", "Scene", "Simulation", "Simulator", "fault_card", "fetched", "lifecycle_simulator"]

DAYS = 365
"""How far the simulator looks ahead."""

_NEXT_SHOWN = 12
_FAULTS_SHOWN = 8

_LEFT_OUT = (
    "Left out: retrieval from the archive, the 90 days an archived image is paid for at least, and that ECR stores "
    "a layer once however many images of a repository share it."
)
_NO_PULLS = "Nobody pulls in a forecast: rules that count from the last pull go by the pulls there have been."

_STARTER = json.dumps(
    {
        "rules": [
            {
                "rulePriority": 1,
                "description": "untagged images go after two weeks",
                "selection": {
                    "tagStatus": "untagged",
                    "countType": "sinceImagePushed",
                    "countUnit": "days",
                    "countNumber": 14,
                },
                "action": {"type": "expire"},
            }
        ]
    },
    indent=2,
)
"""What a repository without a policy begins with."""


@dataclass(frozen=True, slots=True)
class Scene:
    """What a policy is tried on: a repository at a moment, what will be pushed to it, and who needs what.

    Args:
        name: What to call it.
        images: Everything in it.
        now: Day 0, timezone-aware.
        pushes: What will be pushed in the days to come.
        in_use: Tag or digest of images that are needed, and by whom.
        note: What is not known about the images; empty if nothing is missing.
    """

    name: str
    images: tuple[Image, ...]
    now: datetime
    pushes: tuple[PushPattern, ...] = ()
    in_use: Mapping[str, str] = field(default_factory=dict)
    note: str = ""

    def foreseen(self, policy: Policy) -> Forecast:
        """Return the days to come under a policy."""
        return lifecycle.forecast(policy, self.images, start=self.now, days=DAYS, pushes=self.pushes)


@dataclass(frozen=True, slots=True)
class Simulation:
    """A policy as somebody writes it, tried on a scene and looked at on one day.

    While the text has faults, what is shown is that of the last policy without any.
    """

    scene: Scene
    text: str
    faults: tuple[Fault, ...]
    forecast: Forecast
    without: Forecast
    day: int = 0

    @classmethod
    def of(cls, scene: Scene, text: str, day: int = 0) -> Simulation:
        """Try a policy's JSON on a scene; with faults in it, no rule at all is tried."""
        nothing = scene.foreseen(Policy(()))
        return cls(scene, "", (), nothing, nothing, day).with_text(text)

    def with_text(self, text: str) -> Simulation:
        """Return the same with another text; the forecast changes only if that is a policy."""
        faults = lifecycle.faults_of(text)
        forecast = self.forecast if faults else self.scene.foreseen(lifecycle.parse(text))
        return replace(self, text=text, faults=faults, forecast=forecast)

    def with_scene(self, scene: Scene) -> Simulation:
        """Return the same policy, tried on another scene."""
        forecast, without = scene.foreseen(self.policy), scene.foreseen(Policy(()))
        return replace(self, scene=scene, forecast=forecast, without=without)

    @property
    def policy(self) -> Policy:
        """The policy that is shown."""
        return self.forecast.policy

    @property
    def plan(self) -> Plan:
        """What the run of the day does."""
        return self.forecast.at(self.day)

    @property
    def warnings(self) -> PolicyWarnings:
        """What is legal in the policy and hardly meant."""
        scene = self.scene
        return lifecycle.warnings(self.policy, scene.images, now=scene.now, in_use=scene.in_use)

    def heading(self) -> Card:
        """Say what the policy is tried on."""
        scene, start = self.scene, self.forecast.days[0]
        coming = [f"`{p.tag_template}` every {p.every_days:g} days, {size_text(p.size_bytes)}" for p in scene.pushes]
        facts = [
            ("Repository", scene.name),
            ("Day 0", f"{scene.now:%Y-%m-%d %H:%M} UTC"),
            ("Images", f"{len(scene.images):,}, together {size_text(start.total_bytes)}"),
            ("Will be pushed", "; ".join(coming) or "nothing"),
        ]
        facts += [("In use", ", ".join(f"`{name}` by {who}" for name, who in scene.in_use.items()))] * bool(
            scene.in_use
        )
        note = (scene.note,) if scene.note else ()
        return Card("Lifecycle simulator: nothing is deleted, here or anywhere", tuple(facts), note)

    def outcome(self) -> Card:
        """Say what has happened up to the day that is looked at, and what its run does."""
        day, plan = self.forecast.days[self.day], self.plan
        before = [event for event in self.forecast.events if event.day < self.day]
        expired = sum(event.action is Action.EXPIRE for event in before)
        today = counted(entry for entry in plan.entries if entry.action is not Action.KEEP) or "nothing goes"
        run = "A run at this moment" if self.day == 0 else "This day's run"
        lasts = day.standard_images + day.archive_images
        left = f"{lasts:,} image{'s' * (lasts != 1)} with {size_text(day.total_bytes)}"
        sentences = [
            f"{run}: {today}.",
            f"Before it {expired:,} expired and {len(before) - expired:,} moved to the archive."
            if self.day
            else "No run has been yet.",
            f"It leaves {left}." if self.day else f"The repository holds {left}.",
        ]
        return Card(f"Day {self.day}, {day.at:%Y-%m-%d}", body=(" ".join(sentences),), tone=Tone.NOTE)

    def coming(self) -> Table:
        """List what goes from this day on, and by which rule."""
        events = [event for event in self.forecast.events if event.day >= self.day]
        rows = [
            (
                event.day,
                f"{event.at:%Y-%m-%d}",
                ", ".join(event.image.tags) or f"untagged {event.image.short_digest}",
                "expires" if event.action is Action.EXPIRE else "is archived",
                "–" if event.rule is None else event.rule,
            )
            for event in events[:_NEXT_SHOWN]
        ]
        caption = f"What goes from day {self.day} on"
        if len(events) > _NEXT_SHOWN:
            caption += f": the first {_NEXT_SHOWN} of {len(events):,}"
        elif not events:
            caption += f": nothing until day {len(self.forecast.days) - 1}"
        return Table(("day", "date", "image", "what", "rule"), rows, caption)

    def saved(self) -> Card:
        """Compare the cost of the year with that of a repository without a policy."""
        cost, without = usd_of(self.forecast), usd_of(self.without)
        return Card(
            f"{cost} USD with this policy, {without} USD without one", body=[_LEFT_OUT, _NO_PULLS], tone=Tone.NOTE
        )

    def page(self) -> tuple[_Shown, ...]:
        """Return all of it, in reading order."""
        faults = (fault_card(self.faults, self.text),) if self.faults else ()
        if faults and not self.policy.rules:
            return self.heading(), *faults
        return (
            self.heading(),
            *faults,
            policy_rules(self.policy),
            self.warnings,
            self.outcome(),
            self.timeline(),
            self.coming(),
            self.year(),
            self.saved(),
        )

    def timeline(self) -> Drawing:
        """Draw the repository on the day that is looked at."""
        return draw_plan(self.plan)

    def year(self) -> Drawing:
        """Draw the storage of all days."""
        return storage_year(self.forecast)


class _Shown(Protocol):
    def _repr_html_(self) -> str: ...
    def _repr_markdown_(self) -> str: ...


def fault_card(faults: Sequence[Fault], text: str = "") -> Card:
    """Show what is wrong with a policy: the place, the fact, the way out; for broken JSON also the line itself."""
    title = "1 fault in the policy" if len(faults) == 1 else f"{len(faults)} faults in the policy"
    told = [f"`{fault.place}`: {fault.fact}; {fault.way_out}" for fault in faults[:_FAULTS_SHOWN]]
    if len(faults) > _FAULTS_SHOWN:
        told.append(f"and {len(faults) - _FAULTS_SHOWN} more")
    return Card(f"{title}: AWS would not accept it", body=told, code=_pointed_at(faults[0].place, text), tone=Tone.BAD)


def _pointed_at(place: str, text: str) -> str | None:
    """Quote the line that a fault of JSON's spelling names, with a mark under the column."""
    words = place.replace(",", "").split()
    lines = text.split("\n")
    if len(words) != 4 or words[0] != "line" or not 0 < int(words[1]) <= len(lines):
        return None
    column = int(words[3])
    start = max(0, column - 60)
    return f"{lines[int(words[1]) - 1][start : start + 80]}\n{' ' * (column - 1 - start)}^"


@dataclass(frozen=True, slots=True, repr=False)
class Simulator:
    """The simulator as it is shown: a widget where somebody can click, else a page that says the same.

    Args:
        simulation: What it begins with.
        client: A client of ECR for fetching repositories; only calls that read are made.
        repository: The repository that is offered for fetching.
    """

    simulation: Simulation
    client: ECRClient | None = None
    repository: str = ""

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        page = {"text/plain": str(self), "text/html": self._repr_html_(), "text/markdown": self._repr_markdown_()}
        if not is_live():
            return page
        from ecrlab.show.lifecycle_widget import widget_of

        widget = widget_of(self.simulation, self.client, self.repository)
        return page | {kind: made for kind, made in widget._repr_mimebundle_().items() if kind not in page}

    def _repr_html_(self) -> str:
        return "".join(part._repr_html_() for part in self.simulation.page())

    def _repr_markdown_(self) -> str:
        return "\n".join(part._repr_markdown_() for part in self.simulation.page())

    def __str__(self) -> str:
        return "\n\n".join(map(str, self.simulation.page()))

    __repr__ = __str__


def lifecycle_simulator(
    policy: Policy | Mapping[str, Any] | str | None = None,
    images: Iterable[Image] | None = None,
    *,
    client: ECRClient | None = None,
    repository: str | None = None,
    now: datetime | None = None,
    in_use: Mapping[str, str] | None = None,
    pushes: Sequence[PushPattern] | None = None,
    day: int = 0,
) -> Simulator:
    """Try a lifecycle policy on a repository: edit the rules, move the day, see what goes, when and why.

    Nothing is changed anywhere: of AWS it calls GetLifecyclePolicy and DescribeImages, if it gets a client at all.

    Args:
        policy: A policy, its document, or its JSON, which may have faults. By default that of the repository, or an
            example.
        images: The repository. By default that of ``client`` and ``repository``, or a built-in example of 23 images:
            releases, builds, leftovers, an index, an archived base image.
        client: A boto3 client of ECR; the widget can then fetch any of its repositories.
        repository: The repository to begin with.
        now: Day 0. By default the moment of the open lab, else the system's; for the example a fixed one.
        in_use: Tag or digest of images that are needed, and by whom: ``{"prod-7": "ECS service payments"}``.
        pushes: What will be pushed meanwhile. By default nothing; for the example builds and releases.
        day: The day to look at, 0 to 365.

    Returns:
        A widget in JupyterLab; elsewhere, and printed, a page with the same content.

    Raises:
        InvalidInput: An argument is none of these, ``day`` is out of range, or ``repository`` comes without ``client``.
        AwsCallError, RegistryError: AWS refused to tell the policy or the images.
    """
    if repository is not None and client is None:
        way_out = 'add client=lab.client("ecr")'
        raise InvalidInput("show.lifecycle_simulator", "repository comes without a client", way_out)
    if not isinstance(day, int) or not 0 <= day <= DAYS:
        raise InvalidInput("show.lifecycle_simulator", f"day={day!r} is out of range", f"use 0 to {DAYS}")
    text = None if policy is None else _text(policy)
    if client is not None and repository is not None and (text is None or images is None):
        there, found = fetched(client, repository)
        text = there if text is None else text
        images = found if images is None else images
    scene = _scene(images, repository or "your images", now, in_use or {}, pushes)
    if text is None:
        text = example_policy() if images is None else _STARTER
    return Simulator(Simulation.of(scene, text, day), client, repository or "")


def _text(policy: object) -> str:
    match policy:
        case str():
            return policy
        case Policy():
            return policy.text(indent=2)
        case Mapping():
            return json.dumps(policy, indent=2, ensure_ascii=False)
        case _:
            fact = f"a value of type {type(policy).__name__} is no policy"
            raise InvalidInput("show.lifecycle_simulator", fact, "hand over a lifecycle.Policy, a dict or JSON text")


def _scene(
    images: Iterable[Image] | None,
    name: str,
    now: datetime | None,
    in_use: Mapping[str, str],
    pushes: Sequence[PushPattern] | None,
) -> Scene:
    if images is None:
        moment = now or START
        coming = PUSHES if pushes is None else tuple(pushes)
        return Scene("the built-in example", example_images(moment), moment, coming, in_use)
    given = images if isinstance(images, Inventory) else tuple(images)
    note = given.warning if isinstance(given, Inventory) else ""
    return Scene(name, tuple(given), now or moment_of_the_lab(), tuple(pushes or ()), in_use, note)


def moment_of_the_lab() -> datetime:
    """Return the time of the open lab, or the system's if none is open."""
    try:
        return current_lab().clock.now()
    except NoOpenLab:
        return SystemClock().now()


def fetched(client: ECRClient, repository: str, *, read_indexes: bool = False) -> tuple[str | None, Inventory]:
    """Read policy and images of a repository, and change nothing; the policy is ``None`` if it has none.

    Raises:
        InvalidInput: The name is no repository's.
        AwsCallError, RegistryError: AWS refused.
    """
    found = inventory(client, repository, read_indexes=read_indexes)
    try:
        with aws_call("GetLifecyclePolicy", f"repository {repository!r}"):
            text = client.get_lifecycle_policy(repositoryName=repository)["lifecyclePolicyText"]
    except AwsCallError as refusal:
        if refusal.code != "LifecyclePolicyNotFoundException":
            raise
        return None, found
    return json.dumps(json.loads(text), indent=2, ensure_ascii=False), found
