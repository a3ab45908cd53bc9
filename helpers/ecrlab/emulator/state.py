"""What a registry holds. Plain mutable records with the indexes that keep put and describe fast.

Registry ─┬─ blobs: one content-addressed store; a blob lives as long as a repository holds it
          ├─ scanning rules, and what each layer has in it once a scan has read it
          ├─ pull time exclusions; up to when its own doings are done; where its events go
           ├─ what is on its way here from other registries; backfills that it has begun
          └─ repositories, by name ─┬─ images: by digest, by tag, in push order; who refers to whom; what is archived
                                    │  each with the latest scan of either type
                                    ├─ layers: which blobs are members here
                                    ├─ uploads in progress
                                    └─ the lifecycle policy, when it ran last, and its latest preview

Digests and tags are plain strings here: they come from checked requests, and in the compatible setting they need not
be well-formed. Nothing in this module knows moto, boto3 or the time.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_left, bisect_right, insort
from collections import Counter, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary, WeakValueDictionary

from ecrlab.emulator import account_settings
from ecrlab.emulator.events import Event
from ecrlab.emulator.ids import derived_uuid
from ecrlab.emulator.manifest import Manifest
from ecrlab.emulator.neighbours import Alone, Neighbours
from ecrlab.emulator.replication_rules import Destination
from ecrlab.emulator.replications import Arrival, Replication
from ecrlab.emulator.scans import BASIC, Scan
from ecrlab.lifecycle import Plan
from ecrlab.naming import RegistryHost, partition_of

if TYPE_CHECKING:
    from ecrlab.emulator.backfills import Backfill
    from ecrlab.emulator.creation_templates import Template
    from ecrlab.scan import LayerContents

__all__ = ["Blob", "Image", "Images", "Mutability", "Preview", "Registry", "Repository", "Upload"]


@dataclass(frozen=True, slots=True, weakref_slot=True, eq=False)
class Blob:
    """Bytes under their digest. They stay in the parts in which they came: nothing is copied to join them."""

    digest: str
    size: int
    parts: tuple[bytes, ...]

    def read(self) -> bytes:
        """Return all bytes in one piece."""
        return self.parts[0] if len(self.parts) == 1 else b"".join(self.parts)


@dataclass(slots=True)
class Upload:
    """A layer on its way in: parts that follow each other without a gap, hashed as they come."""

    upload_id: str
    parts: list[bytes] = field(default_factory=list)
    size: int = 0
    _hash: Any = field(default_factory=hashlib.sha256)

    def append(self, part: bytes) -> None:
        """Take the next bytes."""
        self.parts.append(part)
        self.size += len(part)
        self._hash.update(part)

    @property
    def digest(self) -> str:
        """The digest of what has come so far."""
        return f"sha256:{self._hash.hexdigest()}"


@dataclass(slots=True)
class Signing:
    """How the signature of an image by one profile stands: AWS's status, and why it failed if it did.

    ``refusal`` says why the pusher may not sign with the profile; it was decided at the push.
    """

    begun_at: datetime
    status: str = "IN_PROGRESS"
    failure_code: str | None = None
    failure_reason: str | None = None
    refusal: str | None = None


@dataclass(slots=True, weakref_slot=True, eq=False)
class Image:
    """A manifest in a repository.

    ``sequence`` counts pushes and settles the order of images that were pushed in the same second. ``tags`` maps each
    tag to the number of the push that brought it. ``size`` is in bytes, ``None`` if it is not to be shown.

    ``status`` is AWS's: ACTIVE, ARCHIVED, or ACTIVATING while a restore is under way; ``Images`` changes it, with
    ``archived_at``, the latest move into the archive, and ``activated_at``, the latest return from it. ``scans`` holds
    the latest scan of each type, ``signings`` the signature of each profile by its ARN, ``replications`` the latest
    copy to each destination.
    """

    digest: str
    sequence: int
    manifest_text: str
    manifest: Manifest
    size: int | None
    pushed_at: datetime
    tags: dict[str, int] = field(default_factory=dict)
    signings: dict[str, Signing] = field(default_factory=dict)
    status: str = "ACTIVE"
    archived_at: datetime | None = None
    activated_at: datetime | None = None
    last_pulled_at: datetime | None = None
    scans: dict[str, Scan] = field(default_factory=dict)
    replications: dict[Destination, Replication] = field(default_factory=dict)


class Images:
    """The images of one repository: found by digest and by tag, walked in push order, moved between storage classes.

    ``followers`` holds the digests of referrers whose subject was deleted or archived: they follow it at the next run
    of lifecycle policies. ``restores`` maps the digest of an image that is being restored to the end of its restore.
    ``scanning`` holds the digests of images that are being scanned.
    """

    def __init__(self) -> None:
        self._by_digest: dict[str, Image] = {}
        self._digest_of_tag: dict[str, str] = {}
        self._by_sequence: dict[int, Image] = {}
        self._sequences: list[int] = []
        self._layer_users: Counter[str] = Counter()
        self._active_layer_users: Counter[str] = Counter()
        self._layer_types: dict[str, str] = {}
        self._parents: dict[str, set[str]] = {}
        self._referrers: dict[str, set[str]] = {}
        self.followers: set[str] = set()
        self.restores: dict[str, datetime] = {}
        self.scanning: set[str] = set()
        self._last_sequence = 0

    def __len__(self) -> int:
        return len(self._by_digest)

    def __iter__(self) -> Iterator[Image]:
        return iter(self._by_digest.values())

    def __contains__(self, digest: object) -> bool:
        return digest in self._by_digest

    def next_sequence(self) -> int:
        """Return a number that is higher than any before it in this repository."""
        self._last_sequence += 1
        return self._last_sequence

    def by_digest(self, digest: str) -> Image | None:
        """Return the image with this digest."""
        return self._by_digest.get(digest)

    def by_tag(self, tag: str) -> Image | None:
        """Return the image that the tag points to now."""
        digest = self._digest_of_tag.get(tag)
        return self._by_digest[digest] if digest is not None else None

    def find(self, digest: str | None, tag: str | None) -> Image | None:
        """Return the image that answers to both names, or to the one that is given."""
        image = self.by_tag(tag) if tag is not None else self.by_digest(digest or "")
        return image if image and digest in (None, image.digest) else None

    def from_sequence(self, sequence: int) -> Iterator[Image]:
        """Walk in push order, beginning with the first image whose sequence is at least ``sequence``."""
        for index in range(bisect_left(self._sequences, sequence), len(self._sequences)):
            yield self._by_sequence[self._sequences[index]]

    def add(self, image: Image) -> None:
        """Store a new image; its digest must not be there yet."""
        self._by_digest[image.digest] = image
        self._by_sequence[image.sequence] = image
        insort(self._sequences, image.sequence)
        for blob in image.manifest.blobs:
            self._layer_users[blob.digest] += 1
            self._layer_types[blob.digest] = blob.media_type
        self._active_layer_users.update(blob.digest for blob in image.manifest.blobs)
        for child in image.manifest.children:
            self._parents.setdefault(child.digest, set()).add(image.digest)
        if image.manifest.subject:
            self._referrers.setdefault(image.manifest.subject, set()).add(image.digest)

    def remove(self, image: Image) -> set[str]:
        """Drop an image with its tags; return the digests of the layers that no image refers to any more."""
        for tag in image.tags:
            del self._digest_of_tag[tag]
        del self._by_digest[image.digest]
        del self._by_sequence[image.sequence]
        del self._sequences[bisect_left(self._sequences, image.sequence)]
        for child in image.manifest.children:
            _discard(self._parents, child.digest, image.digest)
        if image.manifest.subject:
            _discard(self._referrers, image.manifest.subject, image.digest)
        self._leave_active(image)
        self.followers.discard(image.digest)
        self.followers.update(self._referrers.get(image.digest, ()))
        return {blob.digest for blob in image.manifest.blobs if self._release(blob.digest)}

    def tag(self, image: Image, tag: str) -> Image | None:
        """Point a tag at an image; return the image that it pointed to before, if that was another one."""
        before = self.by_tag(tag)
        if before is image:
            return None
        if before:
            self.untag(before, tag)
        image.tags[tag] = self.next_sequence()
        self._digest_of_tag[tag] = image.digest
        return before

    def untag(self, image: Image, tag: str) -> None:
        """Take a tag off an image."""
        del image.tags[tag]
        del self._digest_of_tag[tag]

    def archive(self, image: Image, at: datetime) -> None:
        """Move an active image into the archive, where nothing is scanned; what a basic scan has found stays."""
        self._leave_active(image)
        image.scans = {kind: scan for kind, scan in image.scans.items() if kind == BASIC and scan.is_over}
        image.status, image.archived_at = "ARCHIVED", at
        self.followers.update(self._referrers.get(image.digest, ()))

    def begin_restore(self, image: Image, ends_at: datetime) -> None:
        """Begin to bring an archived image back."""
        image.status = "ACTIVATING"
        self.restores[image.digest] = ends_at

    def activate(self, image: Image, at: datetime) -> None:
        """Bring an image back from the archive, whether a restore was under way or not."""
        image.status, image.activated_at = "ACTIVE", at
        self.restores.pop(image.digest, None)
        self._active_layer_users.update(blob.digest for blob in image.manifest.blobs)

    def parents(self, digest: str) -> tuple[str, ...]:
        """Return the digests of the indexes that refer to an image, sorted."""
        return tuple(sorted(self._parents.get(digest, ())))

    def parents_in_use(self, digest: str) -> tuple[str, ...]:
        """Return the digests of the indexes in use that refer to an image, sorted."""
        return tuple(parent for parent in self.parents(digest) if self._by_digest[parent].status == "ACTIVE")

    def referrers(self, digest: str) -> list[Image]:
        """Return the images whose subject is a digest, oldest push first, whether an image has that digest or not."""
        found = (self._by_digest[referrer] for referrer in self._referrers.get(digest, ()))
        return sorted(found, key=lambda image: image.sequence)

    def refers_to_layer(self, digest: str) -> bool:
        """Tell whether any image here has this layer or config."""
        return digest in self._layer_users

    def has_archived_layer(self, digest: str) -> bool:
        """Tell whether a layer belongs to archived images alone."""
        return digest in self._layer_users and digest not in self._active_layer_users

    def layer_media_type(self, digest: str) -> str | None:
        """Return the media type under which an image here refers to a layer."""
        return self._layer_types.get(digest) or None

    def _release(self, layer: str) -> bool:
        is_last = _count_down(self._layer_users, layer)
        if is_last:
            del self._layer_types[layer]
        return is_last

    def _leave_active(self, image: Image) -> None:
        self.restores.pop(image.digest, None)
        self.scanning.discard(image.digest)
        if image.status == "ACTIVE":
            for blob in image.manifest.blobs:
                _count_down(self._active_layer_users, blob.digest)


def _count_down(counts: Counter[str], key: str) -> bool:
    """Take one off a count; tell whether it was the last."""
    counts[key] -= 1
    if counts[key]:
        return False
    del counts[key]
    return True


def _discard(digests: dict[str, set[str]], key: str, digest: str) -> None:
    """Take a digest out of the set under a key; the last one takes the key along."""
    remaining = digests.get(key, set())
    remaining.discard(digest)
    if not remaining:
        digests.pop(key, None)


@dataclass(slots=True)
class Preview:
    """A dry run of a lifecycle policy: its text, when it was asked for, what it found; ``asked`` once it was got."""

    policy_text: str
    started_at: datetime
    plan: Plan
    asked: bool = False


@dataclass(frozen=True, slots=True)
class Mutability:
    """Whether a tag may move: AWS's mode, and the wildcard filters that the two ``_WITH_EXCLUSION`` modes take."""

    mode: str = "MUTABLE"
    filters: tuple[str, ...] = ()


@dataclass(slots=True)
class Repository:
    """A named place for images, with its settings."""

    name: str
    registry_id: str
    region: str
    created_at: datetime
    mutability: Mutability = Mutability()
    scan_on_push: bool = False
    encryption: dict[str, str] = field(default_factory=lambda: {"encryptionType": "AES256"})
    grants: tuple[str, ...] = ()
    resource_tags: dict[str, str] = field(default_factory=dict)
    policy: str | None = None
    lifecycle_policy: str | None = None
    lifecycle_evaluated_at: datetime | None = None
    preview: Preview | None = None
    images: Images = field(default_factory=Images)
    layers: dict[str, Blob] = field(default_factory=dict)
    uploads: dict[str, Upload] = field(default_factory=dict)
    _uploads_begun: int = 0

    @property
    def arn(self) -> str:
        """The Amazon Resource Name."""
        return f"arn:{partition_of(self.region)}:ecr:{self.region}:{self.registry_id}:repository/{self.name}"

    @property
    def uri(self) -> str:
        """What stands in front of ``:tag`` in a pull."""
        return f"{RegistryHost(self.registry_id, self.region)}/{self.name}"

    def name_of(self, image: Image) -> str:
        """Name an image for people: repository, the first twelve digits of its digest, and its tags."""
        algorithm, _, digits = image.digest.partition(":")
        tags = f" ({', '.join(image.tags)})" if image.tags else ""
        return f"{self.name}@{algorithm}:{digits[:12]}{tags}"

    def begin_upload(self) -> Upload:
        """Open an upload under an id that depends on this repository alone."""
        self._uploads_begun += 1
        upload = Upload(derived_uuid("upload", self.arn, self._uploads_begun))
        self.uploads[upload.upload_id] = upload
        return upload

    def remove_image(self, image: Image) -> None:
        """Drop an image, and the layers that only it referred to.

        Guess: AWS says that unassociated layers "may be cleaned up at any time"; we do it at once.
        """
        for digest in self.images.remove(image):
            self.layers.pop(digest, None)


class Registry:
    """The private registry of one account in one region.

    ``pull_time_exclusions`` maps the ARN of a principal to the moment it was listed. ``caught_up_to`` is the moment up
    to which the registry has done what it does by itself; ``None`` before the first call. ``layer_contents`` keeps what
    a scan has read in a layer for as long as the layer is there; ``basic_scans`` has the moments at which the basic
    scans of the last day, and perhaps older ones, began.

    Args:
        account_id: Twelve digits.
        region: For example ``eu-central-1``.
        publish: Takes each event of the registry; by default nobody listens.
        neighbours: The services that it asks; by default there are none.
        elsewhere: Finds the registry of an account in a Region, ``None`` if nothing can be copied there; by default
            there is no other.
    """

    def __init__(
        self,
        account_id: str,
        region: str,
        publish: Callable[[Event], None] = lambda event: None,
        neighbours: Neighbours | None = None,
        elsewhere: Callable[[str, str], Registry | None] = lambda account_id, region: None,
    ) -> None:
        self.account_id = account_id
        self.region = region
        self.publish = publish
        self.neighbours: Neighbours = neighbours or Alone()
        self.elsewhere = elsewhere
        self.policy: str | None = None
        self.account_settings = account_settings.defaults()
        self.templates: dict[str, Template] = {}
        self.replication: dict[str, Any] = {"rules": []}
        self.arrivals: list[Arrival] = []
        self.backfills: dict[str, Backfill] = {}
        self.backfills_begun = 0
        self.scanning: dict[str, Any] = {"scanType": BASIC, "rules": []}
        self.basic_scans: deque[datetime] = deque()
        self.layer_contents: WeakKeyDictionary[Blob, LayerContents] = WeakKeyDictionary()
        self.signing: dict[str, Any] | None = None
        self.unsigned: list[tuple[Repository, Image]] = []
        self.pull_time_exclusions: dict[str, datetime] = {}
        self.caught_up_to: datetime | None = None
        self._blobs: WeakValueDictionary[str, Blob] = WeakValueDictionary()
        self._repositories: dict[str, Repository] = {}
        self._names: list[str] = []

    def __len__(self) -> int:
        return len(self._repositories)

    def __iter__(self) -> Iterator[Repository]:
        return iter(self._repositories.values())

    def repository(self, name: str) -> Repository | None:
        """Return a repository by name."""
        return self._repositories.get(name)

    def after_name(self, name: str) -> Iterator[Repository]:
        """Walk the repositories behind ``name`` in the order of their names."""
        for index in range(bisect_right(self._names, name), len(self._names)):
            yield self._repositories[self._names[index]]

    def add(self, repository: Repository) -> None:
        """Store a new repository; its name must be free."""
        self._repositories[repository.name] = repository
        insort(self._names, repository.name)

    def remove(self, repository: Repository) -> None:
        """Drop a repository with everything in it."""
        del self._repositories[repository.name]
        del self._names[bisect_left(self._names, repository.name)]

    def expect(self, arrival: Arrival, now: datetime) -> None:
        """Take note of what is on its way here; a registry that nobody has called begins to live with it."""
        self.arrivals.append(arrival)
        if self.caught_up_to is None:
            self.caught_up_to = now

    def due(self, until: datetime) -> list[Arrival]:
        """Take out what arrives up to a moment, in the order of its arrival."""
        due = [arrival for arrival in self.arrivals if arrival.at <= until]
        if due:
            self.arrivals = [arrival for arrival in self.arrivals if arrival.at > until]
        return sorted(due, key=lambda arrival: arrival.at)

    def blob(self, digest: str) -> Blob | None:
        """Return a blob that some repository of this registry holds."""
        return self._blobs.get(digest)

    def store(self, digest: str, size: int, parts: tuple[bytes, ...]) -> Blob:
        """Return the blob under a digest: the one that is there already, else a new one of these parts."""
        blob = self._blobs.get(digest)
        if blob is None:
            blob = self._blobs[digest] = Blob(digest, size, parts)
        return blob
