"""What a kubelet does with the image of one container: pull by its policy, start, back off, try again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from ecrlab.naming import Digest, ImageReference
from ecrlab.workloads import Container, PullOutcome, PullPolicy, PullResult, back_off_seconds
from ecrlab.workloads.backoff import BACK_OFF_LIMIT_S

__all__ = ["ContainerState", "ContainerStatus", "Event", "ImageCache", "Kubelet"]

Pull = Callable[[ImageReference], PullResult]


class ContainerState(StrEnum):
    """What kubectl shows in its column STATUS."""

    RUNNING = "Running"
    ERR_IMAGE_PULL = "ErrImagePull"
    IMAGE_PULL_BACK_OFF = "ImagePullBackOff"
    CRASH_LOOP_BACK_OFF = "CrashLoopBackOff"
    ERR_IMAGE_NEVER_PULL = "ErrImageNeverPull"
    INVALID_IMAGE_NAME = "InvalidImageName"
    POD_INITIALIZING = "PodInitializing"
    PENDING = "Pending"


@dataclass(frozen=True, slots=True)
class Event:
    """One line of ``kubectl get events``; what happens again is counted in the same line.

    Args:
        first_at: When it happened first.
        at: When it happened last.
        type: ``Normal`` or ``Warning``.
        reason: ``Pulling``, ``Pulled``, ``Failed``, ``BackOff``, ``Started`` …
        message: The text.
        count: How often it happened.
    """

    first_at: datetime
    at: datetime
    type: str
    reason: str
    message: str
    count: int = 1


@dataclass(slots=True)
class ImageCache:
    """The images that a node keeps, by the name under which they were pulled.

    A tag that moves in the registry does not move here; that is what surprises people about ``IfNotPresent``.
    """

    pulls: dict[str, PullResult] = field(default_factory=dict)

    def find(self, reference: ImageReference) -> PullResult | None:
        """Return the pull that brought an image here; ``None`` if it is not here."""
        return self.pulls.get(_name(reference))

    def keep(self, result: PullResult) -> None:
        """Keep what was pulled."""
        self.pulls[_name(result.reference)] = result


def _name(reference: ImageReference) -> str:
    return str(reference) if reference.tag or reference.digest else f"{reference}:latest"


@dataclass(frozen=True, slots=True)
class ContainerStatus:
    """A container of a pod at one moment.

    Args:
        container: Its name.
        image: As the manifest writes it.
        state: What kubectl shows.
        message: The text beside it; empty if it runs.
        digest: What runs; ``None`` if nothing does.
        tries: How often the kubelet has tried to pull or start it.
        next_try: When it tries again; ``None`` if it does not.
        from_cache: Whether it runs an image that was on the node already.
        pull: The pull behind it; ``None`` if none was tried.
    """

    container: str
    image: str
    state: ContainerState
    message: str = ""
    digest: Digest | None = None
    tries: int = 0
    next_try: datetime | None = None
    from_cache: bool = False
    pull: PullResult | None = None

    @property
    def is_running(self) -> bool:
        """Whether it runs."""
        return self.state is ContainerState.RUNNING


class Kubelet:
    """The loop around one container.

    Args:
        container: What the manifest asks for.
        cache: The images of the node.
        pull: Resolves a pull as things stand at that moment.
    """

    def __init__(self, container: Container, cache: ImageCache, pull: Pull) -> None:
        self.container = container
        self.events: list[Event] = []
        self._cache = cache
        self._pull = pull
        self._failures = 0
        self._last_try: datetime | None = None
        self._status = ContainerStatus(container.name, container.image, ContainerState.POD_INITIALIZING)

    @property
    def has_begun(self) -> bool:
        """Whether it has tried."""
        return self._last_try is not None

    def begin(self, now: datetime) -> None:
        """Try for the first time."""
        self._try(now)

    def catch_up(self, now: datetime) -> bool:
        """Make the tries that have become due, and tell whether the container runs or stopped running by that.

        The first one is made as things stand now. If it fails, those after it would fail alike and are only counted.
        """
        before, due = self._status.is_running, self._status.next_try
        if due is None or due > now:
            return False
        self._try(due)
        if self._status.next_try is not None:
            self._count_tries(now)
        return before is not self._status.is_running

    def _count_tries(self, now: datetime) -> None:
        """Count the tries up to a moment that end like the one before them."""
        failures, last = self._failures, self._last_try
        following = self._status.next_try
        while following is not None and following <= now:
            at_once = 1
            if back_off_seconds(failures) == BACK_OFF_LIMIT_S:
                at_once += (now - following) // timedelta(seconds=BACK_OFF_LIMIT_S)
            failures += at_once
            last = following + (at_once - 1) * timedelta(seconds=BACK_OFF_LIMIT_S)
            following = last + timedelta(seconds=back_off_seconds(failures))
        repeated = failures - self._failures
        if not repeated or last is None:
            return
        self._repeat_events(last, repeated)
        self._failures, self._last_try = failures, last
        self._status = replace(self._status, tries=self._status.tries + repeated, next_try=following)

    def _repeat_events(self, last: datetime, repeated: int) -> None:
        """Count the events of the latest try again."""
        newest = self._last_try
        for number, event in enumerate(self.events):
            if event.at == newest:
                self.events[number] = replace(event, at=last, count=event.count + repeated)

    def status(self, now: datetime) -> ContainerStatus:
        """Say how the container is doing: right at a failed pull ``ErrImagePull``, afterwards ``ImagePullBackOff``."""
        status = self._status
        if status.state is ContainerState.ERR_IMAGE_PULL and self._last_try is not None and now > self._last_try:
            message = f'Back-off pulling image "{self.container.image}"'
            return replace(status, state=ContainerState.IMAGE_PULL_BACK_OFF, message=message)
        return status

    def _try(self, now: datetime) -> None:
        self._last_try = now
        reference = self.container.reference
        if reference is None:
            text = f'Failed to apply default image tag "{self.container.image}": couldn\'t parse image name: '
            self._stays(now, ContainerState.INVALID_IMAGE_NAME, f"{text}invalid reference format")
            return
        policy, cached = self.container.effective_pull_policy, self._cache.find(reference)
        if policy is PullPolicy.NEVER and cached is None:
            text = f'Container image "{self.container.image}" is not present with pull policy of Never'
            self._stays(now, ContainerState.ERR_IMAGE_NEVER_PULL, text)
        elif policy is not PullPolicy.ALWAYS and cached is not None:
            self._note(now, "Normal", "Pulled", f'Container image "{self.container.image}" already present on machine')
            self._start(now, cached, from_cache=True)
        else:
            self._pull_and_start(now, reference)

    def _pull_and_start(self, now: datetime, reference: ImageReference) -> None:
        self._note(now, "Normal", "Pulling", f'Pulling image "{self.container.image}"')
        result = self._pull(reference)
        if result.outcome is PullOutcome.NOT_PULLED:
            self._note(now, "Warning", "Failed", result.message)
            self._note(now, "Warning", "Failed", f"Error: {ContainerState.ERR_IMAGE_PULL}")
            self._fails(now, ContainerState.ERR_IMAGE_PULL, result)
            return
        self._cache.keep(result)
        self._note(now, "Normal", "Pulled", f'Successfully pulled image "{self.container.image}"')
        self._start(now, result, from_cache=False)

    def _start(self, now: datetime, result: PullResult, *, from_cache: bool) -> None:
        if result.outcome is PullOutcome.CRASHED:
            self._note(now, "Warning", "BackOff", f"Back-off restarting failed container {self.container.name}")
            self._fails(now, ContainerState.CRASH_LOOP_BACK_OFF, result)
            return
        self._note(now, "Normal", "Started", f"Started container {self.container.name}")
        self._status = replace(
            self._status,
            state=ContainerState.RUNNING,
            message="",
            digest=result.digest,
            tries=self._status.tries + 1,
            next_try=None,
            from_cache=from_cache,
            pull=result,
        )

    def _fails(self, now: datetime, state: ContainerState, result: PullResult) -> None:
        self._failures += 1
        self._status = replace(
            self._status,
            state=state,
            message=result.message,
            tries=self._status.tries + 1,
            next_try=now + timedelta(seconds=back_off_seconds(self._failures)),
            pull=result,
        )

    def _stays(self, now: datetime, state: ContainerState, message: str) -> None:
        """Give up: nothing but a change of the manifest or of the node helps."""
        self._note(now, "Warning", "Failed", message)
        self._status = replace(self._status, state=state, message=message, tries=self._status.tries + 1)

    def _note(self, now: datetime, kind: str, reason: str, message: str) -> None:
        for number, event in enumerate(self.events):
            if (event.type, event.reason, event.message) == (kind, reason, message):
                self.events[number] = replace(event, at=now, count=event.count + 1)
                return
        self.events.append(Event(now, now, kind, reason, message))
