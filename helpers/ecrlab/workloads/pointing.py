"""Pointing at a place in a text: the same finding for JSON and YAML, with its path and its line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ecrlab.workloads.definitions import TaskDefinition
from ecrlab.workloads.findings import Code, Finding
from ecrlab.workloads.json_text import Path, Span, path_text, span_of
from ecrlab.workloads.manifests import KubernetesObject

__all__ = ["Pointer", "into_object", "into_task_definition"]


@dataclass(frozen=True, slots=True)
class Pointer:
    """Makes findings about one document.

    Args:
        text: The text that it was read from.
        spell: Writes a path into the document as readers write it.
        find: Says where the value under a path stands in the text; ``None`` if there is no such value.
    """

    text: str
    spell: Callable[[Path], str]
    find: Callable[[Path], Span | None]

    def finding(self, code: Code, path: Path, sentence: str, way_out: str) -> Finding:
        """Make a finding about the value under a path, or about its absence."""
        return Finding(code, self.spell(path), self._line(path), sentence, way_out)

    def _line(self, path: Path) -> int | None:
        """Return the line of the value, or of the nearest thing around it that is there."""
        for length in range(len(path), 0, -1):
            span = self.find(path[:length])
            if span is not None:
                return span.line_in(self.text)
        return None


def into_task_definition(definition: TaskDefinition) -> Pointer:
    """Point into a task definition."""

    def spell(path: Path) -> str:
        return path_text(path) or "task definition"

    return Pointer(definition.text, spell, lambda path: span_of(definition.text, path))


def into_object(text: str, found: KubernetesObject) -> Pointer:
    """Point into one object of a manifest."""
    return Pointer(
        text,
        lambda path: found.place(*path),
        lambda path: found.document.spans.get((*found.path, *path)),
    )
