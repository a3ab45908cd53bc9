"""What a change to a document would change: lines, and images."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import unified_diff

from ecrlab.cards import Card, ShownAs, Tone
from ecrlab.workloads.definitions import TaskDefinition
from ecrlab.workloads.manifests import Manifests

__all__ = ["Difference", "compare"]


@dataclass(frozen=True, slots=True, repr=False)
class Difference(ShownAs):
    """What changes between two documents.

    Args:
        text: The change line by line, as ``diff -u`` writes it; empty if nothing changes.
        images: For each container whose image changes: its name, the image before and the image after. A container
            that is new has no image before, one that is gone none after.
    """

    text: str
    images: tuple[tuple[str, str, str], ...]

    def _shown(self) -> Card:
        if not self.text:
            return Card("Nothing changes", tone=Tone.GOOD)
        title = "Another image runs" if self.images else "Other lines, the same images"
        facts = [(f"`{name}`", f"{before or 'not there'} → {after or 'gone'}") for name, before, after in self.images]
        return Card(title, facts, code=self.text.rstrip("\n"), language="diff")


def compare(before: TaskDefinition | Manifests, after: TaskDefinition | Manifests) -> Difference:
    """Say what changes from one document to another of the same kind."""
    lines = unified_diff(before.text.splitlines(), after.text.splitlines(), "before", "after", lineterm="", n=2)
    return Difference("".join(f"{line}\n" for line in lines), tuple(_changes(before, after)))


def _changes(before: TaskDefinition | Manifests, after: TaskDefinition | Manifests) -> Iterator[tuple[str, str, str]]:
    old, new = _images(before), _images(after)
    for name in [*old, *(name for name in new if name not in old)]:
        if old.get(name) != new.get(name):
            yield name, old.get(name, ""), new.get(name, "")


def _images(document: TaskDefinition | Manifests) -> dict[str, str]:
    if isinstance(document, TaskDefinition):
        return {container.name: container.image for container in document.containers}
    return {f"{w.title}: {c.name}": c.image for w in document.workloads for c in w.containers}
