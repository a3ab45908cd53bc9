"""What a registry does by itself as time passes: policies run, referrers follow, copies arrive, restores and scans end.

        since ├─────────┬─────────────┬─────────────┬──────────────┬────┤ until
                      02:00     a restore ends  its scan ends    02:00

Each thing happens at its own moment, in one repository after the other, so that it does not matter in how many steps a
clock is moved. AWS applies a policy "within 24 hours" after an image meets its criteria; here that is at 02:00 UTC.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from ecrlab import lifecycle
from ecrlab.clock import Happening
from ecrlab.emulator import replication_arrivals, scanning_runs, storage
from ecrlab.emulator.replications import Arrival
from ecrlab.emulator.state import Image, Registry, Repository
from ecrlab.lifecycle import Action, Entry, Plan, Policy, StorageClass, Why

__all__ = ["catch_up", "plan"]

_DAY = timedelta(days=1)


def catch_up(registry: Registry, until: datetime, *, engines_are_ours: bool = True) -> tuple[Happening, ...]:
    """Do what the registry does by itself up to a moment; a moment that has been reached changes nothing.

    Args:
        registry: Its images expire, are archived, come back, or are scanned; copies from elsewhere arrive.
        until: Where the clock stands.
        engines_are_ours: ``False`` leaves policies and scans alone: in the compatible setting they are moto's.

    Returns:
        What happened, oldest first.
    """
    since = registry.caught_up_to
    if since is not None and until <= since:
        return ()
    registry.caught_up_to = until
    if since is None:
        return ()
    happened: list[Happening] = []
    arrivals = defaultdict[str, list[Arrival]](list)
    for arrival in registry.due(until):
        arrivals[arrival.repository].append(arrival)
    for name in dict.fromkeys([*(repository.name for repository in registry), *arrivals]):
        happened.extend(_lived(registry, name, arrivals.get(name, ()), since, until, engines_are_ours))
    return tuple(sorted(happened, key=lambda happening: happening.at))


def _lived(
    registry: Registry, name: str, arrivals: Sequence[Arrival], since: datetime, until: datetime, engines_are_ours: bool
) -> Iterator[Happening]:
    """Let one repository live from arrival to arrival; the first may be what makes it."""
    for arrival in (*arrivals, None):
        moment = until if arrival is None else max(since, arrival.at)
        repository = registry.repository(name)
        if repository is not None:
            yield from _Life(registry, repository, engines_are_ours).between(since, moment)
        happening = None if arrival is None else replication_arrivals.receive(registry, arrival)
        if happening is not None:
            yield happening
        since = moment


def plan(repository: Repository, policy: Policy, now: datetime) -> Plan:
    """Return what a run of a policy at this moment does, without doing it; entries in the order of the pushes."""
    images = (_seen(repository, image) for image in repository.images.from_sequence(0))
    return lifecycle.plan(policy, images, now=now)


def _seen(repository: Repository, image: Image) -> lifecycle.Image:
    """Return an image as rules see it. One that is being restored still lies in the archive, says the User Guide."""
    return lifecycle.Image(
        digest=image.digest,
        pushed_at=image.pushed_at,
        tags=tuple(image.tags),
        size_bytes=image.size or 0,
        storage_class=StorageClass.STANDARD if image.status == "ACTIVE" else StorageClass.ARCHIVE,
        last_pulled_at=image.last_pulled_at,
        archived_at=image.archived_at,
        activated_at=image.activated_at,
        parents=repository.images.parents(image.digest),
        subject=image.manifest.subject,
        sequence=image.sequence,
    )


@dataclass(frozen=True, slots=True)
class _Life:
    """One repository as time passes."""

    registry: Registry
    repository: Repository
    engines_are_ours: bool

    def between(self, since: datetime, until: datetime) -> Iterator[Happening]:
        """Live through the time after ``since`` and up to ``until``.

        A run on which nothing can change is left out. Without calls in between, what can change is this: a run has just
        changed something, an image comes of age, or a restore ends.
        """
        run = lifecycle.first_run_after(since)
        if run <= until:
            text = self.repository.lifecycle_policy if self.engines_are_ours else None
            policy = lifecycle.parse(text) if text else None
            while run <= until:
                yield from self._until_next_run(since, run)
                happened, entries = self._run(policy, run)
                yield from happened
                change = run if happened else min([until, *_coming_changes(self.repository, entries)])
                since, run = run, max(run + _DAY, lifecycle.first_run_after(change - timedelta.resolution))
            if policy is not None:
                self.repository.lifecycle_evaluated_at = lifecycle.first_run_after(until) - _DAY
        yield from self._until_next_run(since, until)

    def _until_next_run(self, since: datetime, until: datetime) -> Iterator[Happening]:
        """Do what needs no run: restores end, and scans do."""
        yield from self._ended_restores(until)
        if self.engines_are_ours:
            yield from scanning_runs.live(self.registry, self.repository, since, until)

    def _run(self, policy: Policy | None, at: datetime) -> tuple[list[Happening], Sequence[Entry]]:
        """Run once; return what happened, and what the policy says about each image."""
        happened = self._followed(at)
        if policy is None:
            return happened, ()
        entries = plan(self.repository, policy, at).entries
        happened += [self._done(entry, at) for entry in entries if entry.why is Why.ACTED]
        return happened, entries

    def _done(self, entry: Entry, at: datetime) -> Happening:
        """Do what a rule says to one image."""
        image = self.repository.images.by_digest(entry.image.digest)
        assert image is not None  # it was in the plan a moment ago
        expires = entry.action is Action.EXPIRE
        reason = entry.reason[0].lower() + entry.reason[1:].rstrip(".")
        what = f"{'expired' if expires else 'archived'} by rule {entry.rule}: {reason}"
        happening = Happening(at, self.repository.name_of(image), what)
        if expires:
            storage.delete(self.registry, self.repository, image, at)
        else:
            storage.archive(self.registry, self.repository, image, at)
        return happening

    def _followed(self, at: datetime) -> list[Happening]:
        """Let referrers follow: those whose subject was deleted or archived before this run.

        Guess: one that came before its subject, or without it, stays; and none is restored with its subject.
        """
        images = self.repository.images
        followers, images.followers = images.followers, set()
        found = [image for digest in followers if (image := images.by_digest(digest)) is not None]
        happened: list[Happening] = []
        for image in sorted(found, key=lambda image: image.sequence):
            subject = images.by_digest(image.manifest.subject or "")
            if images.parents(image.digest):
                images.followers.add(image.digest)
            elif subject is None:
                happened.append(
                    Happening(at, self.repository.name_of(image), "deleted, as the image it refers to was before")
                )
                storage.delete(self.registry, self.repository, image, at)
            elif subject.status == "ARCHIVED" and image.status == "ACTIVE":
                happened.append(
                    Happening(at, self.repository.name_of(image), "archived, as the image it refers to was before")
                )
                storage.archive(self.registry, self.repository, image, at)
        return happened

    def _ended_restores(self, until: datetime) -> Iterator[Happening]:
        images = self.repository.images
        ended = sorted((at, digest) for digest, at in images.restores.items() if at <= until)
        for at, digest in ended:
            image = images.by_digest(digest)
            assert image is not None  # a restore goes with its image
            storage.bring_back(self.registry, self.repository, image, at, is_scanned=self.engines_are_ours)
            yield Happening(at, self.repository.name_of(image), "restored from the archive; it can be pulled again")


def _coming_changes(repository: Repository, entries: Sequence[Entry]) -> Iterator[datetime]:
    """Tell when an image comes of age, and when a restore ends."""
    yield from (due for entry in entries if (due := entry.when_due) is not None)
    yield from repository.images.restores.values()
