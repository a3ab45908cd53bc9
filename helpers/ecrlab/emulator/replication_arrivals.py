"""Replication at the destination: what arrives is let in or not, unpacked, and told to EventBridge.

Copy ─► registry policy ─► repository, made if it is missing ─► images, layers ─► tags that may be set ─► scan on push

Nothing that arrives is sent on. Source: "Private image replication in Amazon ECR", Amazon ECR User Guide.
"""

from __future__ import annotations

from ecrlab.clock import Happening
from ecrlab.emulator import cargo, creation_templates, encryption, events, storage
from ecrlab.emulator.authorizing import replication_is_let_in
from ecrlab.emulator.mutability import is_fixed
from ecrlab.emulator.replications import Arrival, Copy, Removal
from ecrlab.emulator.state import Registry

__all__ = ["receive"]

_IMAGES_PER_REPOSITORY = 100_000  # Amazon ECR service quotas


def receive(registry: Registry, arrival: Arrival) -> Happening | None:
    """Take in what arrives; return what happened, ``None`` if nothing did.

    Args:
        registry: The destination.
        arrival: A copy or a deletion.
    """
    if isinstance(arrival, Copy):
        return _receive_copy(registry, arrival)
    assert isinstance(arrival, Removal)  # there is nothing else
    return _receive_removal(registry, arrival)


def _receive_copy(registry: Registry, copy: Copy) -> Happening:
    failure = _failure(registry, copy)
    if failure is None:
        subject = _let_in(registry, copy)
        what = f"arrived in {registry.region} from {_source(registry, copy)}"
        copy.standing.status = "COMPLETE"
    else:
        subject = f"{copy.repository}@{copy.cargo.digest[:19]}"
        what = f"did not arrive in {registry.region} from {_source(registry, copy)}: {failure}"
        copy.standing.status, copy.standing.failure_code = "FAILED", failure
    for tag in copy.tags or (None,):
        registry.publish(
            events.image_replicated(
                copy, tag, account_id=registry.account_id, region=registry.region, succeeded=failure is None
            )
        )
    return Happening(copy.at, subject, what)


def _failure(registry: Registry, copy: Copy) -> str | None:
    """Return why a copy is not let in.

    Guess: the codes. The model only says that they are text; here they are those of the operations that a push by hand
    would need, and of what it would be answered.
    """
    if not _is_allowed(registry, copy, "ecr:ReplicateImage"):
        return "AccessDeniedException"
    repository = registry.repository(copy.repository)
    if repository is None:
        if not _is_allowed(registry, copy, "ecr:CreateRepository"):
            return "RepositoryNotFoundException"
        return creation_templates.fault(registry, copy.repository, creation_templates.REPLICATION)
    if encryption.trouble(registry, repository):
        return "KmsException"
    return "LimitExceededException" if len(repository.images) >= _IMAGES_PER_REPOSITORY else None


def _is_allowed(registry: Registry, arrival: Arrival, action: str) -> bool:
    return replication_is_let_in(arrival.source_account, action, arrival.repository, registry, arrival.at)


def _let_in(registry: Registry, copy: Copy) -> str:
    """Unpack a copy and set its tags; return the image's name. A tag that must not move stays where it is."""
    repository = registry.repository(copy.repository)
    if repository is None:  # settings and policies of the source are not copied: a template may give it some
        repository = creation_templates.make(registry, copy.repository, creation_templates.REPLICATION, copy.at)
    image = cargo.unload(registry, repository, copy.cargo, copy.at)
    for tag in copy.tags:
        holder = repository.images.by_tag(tag)
        if holder in (None, image) or not is_fixed(tag, repository.mutability):
            repository.images.tag(image, tag)
    return repository.name_of(image)


def _receive_removal(registry: Registry, removal: Removal) -> Happening | None:
    """Repeat a deletion. Guess: it needs what a copy needs, and an image that an index here refers to stays."""
    repository = registry.repository(removal.repository)
    image = repository.images.by_digest(removal.digest) if repository else None
    if repository is None or image is None or not _is_allowed(registry, removal, "ecr:ReplicateImage"):
        return None
    name, as_at_the_source = repository.name_of(image), f"as in {_source(registry, removal)}"
    if removal.tag is None and not repository.images.parents(image.digest):
        storage.delete(registry, repository, image, removal.at, is_repeated=True)
        return Happening(removal.at, name, f"deleted in {registry.region}, {as_at_the_source}")
    if removal.tag in image.tags:
        repository.images.untag(image, removal.tag)
        registry.publish(events.image_deleted(repository, image.digest, removal.tag, removal.at))
        return Happening(removal.at, name, f"lost the tag {removal.tag} in {registry.region}, {as_at_the_source}")
    return None


def _source(registry: Registry, arrival: Arrival) -> str:
    """Name where something comes from; the account only if it is another one."""
    return arrival.source_region + (
        f" of {arrival.source_account}" if arrival.source_account != registry.account_id else ""
    )
