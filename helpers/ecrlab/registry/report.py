"""What a push or a pull did, call by call. Times are left out, so that a report is the same in every run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from ecrlab.cards import Card, Table, Tone
from ecrlab.naming import Digest
from ecrlab.oci.image import AnyImage
from ecrlab.oci.shown import Shown, size_in_words

__all__ = ["Call", "Progress", "ProgressCallback", "PullReport", "PushReport"]

_ROWS_SHOWN = 60


@dataclass(frozen=True, slots=True)
class Call:
    """One request and its answer.

    Args:
        operation: The ECR operation, or ``GET`` for a download from the layer bucket.
        subject: What it was about: ``layer 8bf9ec62a7de``.
        detail: More about the request: ``bytes 0-1,697``.
        size_bytes: Payload sent or received, in bytes.
        result: The answer in a few words.
    """

    operation: str
    subject: str
    detail: str = ""
    size_bytes: int = 0
    result: str = ""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a transfer is.

    Args:
        stage: ``upload`` or ``download``.
        subject: The blob that just moved.
        done_bytes: Moved so far, over all blobs of this transfer.
        total_bytes: To be moved, over all blobs; what the registry has already is not counted.
    """

    stage: str
    subject: str
    done_bytes: int
    total_bytes: int


ProgressCallback: TypeAlias = Callable[[Progress], None]


class _Report(Shown):
    """What a push and a pull tell alike: the facts as a card, and below it the calls."""

    __slots__ = ()

    repository: str
    digest: Digest
    tag: str | None
    calls: tuple[Call, ...]

    @property
    def summary(self) -> Card:
        """The facts without the calls."""
        raise NotImplementedError

    def card(self) -> Card:
        """Return the facts without the calls."""
        return self.summary

    def table(self) -> Table:
        """Return the calls, one row each."""
        return _table(self.calls)

    def __repr__(self) -> str:
        reference = _reference(self.repository, self.tag, self.digest)
        return f"<{type(self).__name__} {reference} {len(self.calls)} calls>"


@dataclass(frozen=True, slots=True, repr=False)
class PushReport(_Report):
    """A push that worked.

    Args:
        repository: Where the image is now.
        digest: Of the manifest, or of the index.
        tag: The tag that points to it; ``None`` if it was pushed without one.
        calls: Every request in true order.
        uploaded: Configs and layers that were sent.
        skipped: Configs and layers that the repository had.
        bytes_sent: Sum of what was uploaded.
    """

    repository: str
    digest: Digest
    tag: str | None
    calls: tuple[Call, ...]
    uploaded: tuple[Digest, ...]
    skipped: tuple[Digest, ...]
    bytes_sent: int

    @property
    def summary(self) -> Card:
        """The facts without the calls."""
        return Card(
            f"Pushed {_reference(self.repository, self.tag, self.digest)}",
            (
                ("digest", f"`{self.digest}`"),
                ("uploaded", f"{_blobs(self.uploaded)}, {size_in_words(self.bytes_sent)}"),
                ("skipped", f"{_blobs(self.skipped)}, already in the repository"),
                ("calls", f"{len(self.calls):,}"),
            ),
            tone=Tone.GOOD,
        )


@dataclass(frozen=True, slots=True, repr=False)
class PullReport(_Report):
    """A pull that worked, every digest and size verified.

    Args:
        repository: Where the image came from.
        digest: Of the manifest or index that the reference named; ``image.digest`` is that of the chosen child.
        tag: The tag that was asked for; ``None`` if it was a digest.
        image: What was pulled.
        calls: Every request in true order.
        downloaded: Configs and layers that were fetched, each once.
        bytes_received: Sum of what was downloaded.
    """

    repository: str
    digest: Digest
    tag: str | None
    image: AnyImage
    calls: tuple[Call, ...]
    downloaded: tuple[Digest, ...]
    bytes_received: int

    @property
    def summary(self) -> Card:
        """The facts without the calls."""
        return Card(
            f"Pulled {_reference(self.repository, self.tag, self.digest)}",
            (
                ("digest", f"`{self.digest}`"),
                ("image", repr(self.image).strip("<>")),
                ("downloaded", f"{_blobs(self.downloaded)}, {size_in_words(self.bytes_received)}, verified"),
                ("calls", f"{len(self.calls):,}"),
            ),
            tone=Tone.GOOD,
        )


def _reference(repository: str, tag: str | None, digest: Digest) -> str:
    return f"{repository}:{tag}" if tag else f"{repository}@sha256:{digest.short}…"


def _blobs(digests: tuple[Digest, ...]) -> str:
    return f"{len(digests)} blob{'' if len(digests) == 1 else 's'}"


def _table(calls: tuple[Call, ...]) -> Table:
    rows = [
        (str(number), call.operation, call.subject, call.detail, call.size_bytes, call.result)
        for number, call in enumerate(calls[:_ROWS_SHOWN], start=1)
    ]
    if len(calls) > _ROWS_SHOWN:
        rest = calls[_ROWS_SHOWN:]
        rows.append(("…", f"{len(rest):,} more", "", "", sum(call.size_bytes for call in rest), "see .calls"))
    return Table(("#", "operation", "subject", "detail", "bytes", "result"), rows)
