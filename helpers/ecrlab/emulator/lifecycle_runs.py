"""What a registry does by itself while time passes: policies run, referrers follow their subjects, restores end.

        since ├─────────┬─────────────┬─────────────────┬────┤ until
                      02:00     a restore ends        02:00

Each thing happens at its own moment, in one repository after the other, so that it does not matter in how many steps a
clock is moved. AWS applies a policy "within 24 hours" after an image meets its criteria; here that is at 02:00 UTC.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from ecrlab import lifecycle
from ecrlab.clock import Happening
from ecrlab.emulator.state import Image, Registry, Repository
from ecrlab.lifecycle import Action, Entry, Plan, Policy, StorageClass, Why

__all__ = ["catch_up", "plan"]

_DAY = timedelta(days=1)


def catch_up(registry: Registry, until: datetime, *, run_policies: bool = True) -> tuple[Happening, ...]:
    """Do what the registry does by itself up to a moment; a moment that has been reached changes nothing.

    Args:
        registry: Its images expire, are archived, or come back.
        until: Where the clock stands.
        run_policies: ``False`` leaves lifecycle policies alone: in the compatible setting they are moto's.

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
    for repository in registry:
        text = repository.lifecycle_policy if run_policies else None
        happened.extend(_lived(repository, text, since, until))
    return tuple(sorted(happened, key=lambda happening: happening.at))


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


def _lived(repository: Repository, policy_text: str | None, since: datetime, until: datetime) -> Iterator[Happening]:
    """Live through the time after ``since`` and up to ``until``.

    A run on which nothing can change is left out. Without calls in between, what can change is this: a run has just
    changed something, an image comes of age, or a restore ends.
    """
    run = lifecycle.first_run_after(since)
    if run <= until:
        policy = lifecycle.parse(policy_text) if policy_text else None
        while run <= until:
            yield from _ended_restores(repository, run)
            happened, entries = _run(repository, policy, run)
            yield from happened
            change = run if happened else min([until, *_coming_changes(repository, entries)])
            run = max(run + _DAY, lifecycle.first_run_after(change - timedelta.resolution))
        if policy is not None:
            repository.lifecycle_evaluated_at = lifecycle.first_run_after(until) - _DAY
    yield from _ended_restores(repository, until)


def _coming_changes(repository: Repository, entries: Sequence[Entry]) -> Iterator[datetime]:
    """Tell when an image comes of age, and when a restore ends."""
    yield from (due for entry in entries if (due := entry.when_due) is not None)
    yield from repository.images.restores.values()


def _run(repository: Repository, policy: Policy | None, at: datetime) -> tuple[list[Happening], Sequence[Entry]]:
    """Run once; return what happened, and what the policy says about each image."""
    happened = _followed(repository, at)
    if policy is None:
        return happened, ()
    entries = plan(repository, policy, at).entries
    happened += [_done(repository, entry, at) for entry in entries if entry.why is Why.ACTED]
    return happened, entries


def _done(repository: Repository, entry: Entry, at: datetime) -> Happening:
    """Do what a rule says to one image."""
    image = repository.images.by_digest(entry.image.digest)
    assert image is not None  # it was in the plan a moment ago
    expires = entry.action is Action.EXPIRE
    reason = entry.reason[0].lower() + entry.reason[1:].rstrip(".")
    what = f"{'expired' if expires else 'archived'} by rule {entry.rule}: {reason}"
    happening = Happening(at, _name(repository, image), what)
    if expires:
        repository.remove_image(image)
    else:
        repository.images.archive(image, at)
    return happening


def _followed(repository: Repository, at: datetime) -> list[Happening]:
    """Let referrers follow: those whose subject was deleted or archived before this run.

    Guess: one that came before its subject, or without it, stays; and none is restored with its subject.
    """
    images = repository.images
    followers, images.followers = images.followers, set()
    found = [image for digest in followers if (image := images.by_digest(digest)) is not None]
    happened: list[Happening] = []
    for image in sorted(found, key=lambda image: image.sequence):
        subject = images.by_digest(image.manifest.subject or "")
        if images.parents(image.digest):
            images.followers.add(image.digest)
        elif subject is None:
            happened.append(Happening(at, _name(repository, image), "deleted, as the image it refers to was before"))
            repository.remove_image(image)
        elif subject.status == "ARCHIVED" and image.status == "ACTIVE":
            happened.append(Happening(at, _name(repository, image), "archived, as the image it refers to was before"))
            images.archive(image, at)
    return happened


def _ended_restores(repository: Repository, until: datetime) -> Iterator[Happening]:
    images = repository.images
    ended = sorted((at, digest) for digest, at in images.restores.items() if at <= until)
    for at, digest in ended:
        image = images.by_digest(digest)
        assert image is not None  # a restore goes with its image
        images.activate(image, at)
        yield Happening(at, _name(repository, image), "restored from the archive; it can be pulled again")


def _name(repository: Repository, image: Image) -> str:
    """Name an image by repository, the first twelve digits of its digest, and its tags."""
    algorithm, _, digits = image.digest.partition(":")
    tags = f" ({', '.join(image.tags)})" if image.tags else ""
    return f"{repository.name}@{algorithm}:{digits[:12]}{tags}"
