"""Show a document before it is applied, and what a change to it would change."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import unified_diff

from ecrlab.cards import Card, ShownAs, Tone
from ecrlab.workloads.container import Container
from ecrlab.workloads.definitions import TaskDefinition
from ecrlab.workloads.manifests import Manifests

__all__ = ["Difference", "compare", "preview"]


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


def preview(document: TaskDefinition | Manifests) -> Card:
    """Show a document as it would be applied: what each container pulls, then the text."""
    if isinstance(document, TaskDefinition):
        where = " and ".join(document.launch_types) or "EC2"
        title, language = f"Task definition {document.family} for {where}", "json"
    else:
        title, language = "Manifest of " + ", ".join(entry.title for entry in document.objects), "yaml"
    facts = [(f"`{container.name}` pulls", _pulled(container)) for container in document.containers]
    return Card(title, facts, code=document.text.rstrip("\n"), language=language)


def _pulled(container: Container) -> str:
    reference = container.reference
    if reference is None:
        return f"nothing: {container.image!r} is no usable image"
    if reference.digest is not None:
        return f"{reference.registry}/{reference.repository}, exactly {reference.digest.short}"
    return f"{reference.registry}/{reference.repository}, whatever the tag {reference.tag_pulled} then is"
