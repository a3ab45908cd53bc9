"""Put another image into a document and leave the rest as it is: comments, order, quotes and indentation.

The image's own characters in the text are replaced and no others. Then the new text is read, and has to say the same
as the old one but for that image; anchors that other places share would make it say more, and are refused.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, TypeVar

from ecrlab.errors import InvalidInput
from ecrlab.naming import ImageReference
from ecrlab.workloads.container import Container
from ecrlab.workloads.definitions import TaskDefinition, one_named, parse_task_definition
from ecrlab.workloads.json_text import Span, span_of
from ecrlab.workloads.manifests import Manifests, Workload, parse_manifests
from ecrlab.workloads.yaml_text import scalar_span

__all__ = ["with_image"]

Document = TypeVar("Document", TaskDefinition, Manifests)


def with_image(document: Document, container: str, image: str | ImageReference, *, workload: str = "") -> Document:
    """Return a document in which one container runs another image.

    Args:
        document: A task definition or manifests that have been read.
        container: The name of the container.
        image: The image that it is to run from now on.
        workload: For manifests, the workload that the container belongs to, as ``api`` or ``Deployment/api``. Needed
            only if several have a container of that name.

    Raises:
        InvalidName: The image is no usable reference.
        InvalidInput: No container has that name, or several; or its image is shared with other places by an anchor.
    """
    text = str(image)
    ImageReference.as_pulled(text)
    if isinstance(document, TaskDefinition):
        return _in_task_definition(document, container, text)
    return _in_manifests(document, container, text, workload)


def _in_task_definition(definition: TaskDefinition, name: str, image: str) -> TaskDefinition:
    container = definition.container(name)
    number = definition.containers.index(container)
    span = span_of(definition.text, ("containerDefinitions", number, "image"))
    if span is None:
        raise _no_image(container)
    return parse_task_definition(_replaced(definition.text, span, json.dumps(image)))


def _in_manifests(manifests: Manifests, name: str, image: str, workload_name: str) -> Manifests:
    workload = manifests.workload(workload_name) if workload_name else _workload_with(manifests, name)
    container = one_named(workload.containers, name, workload.title)
    path = (*workload.container_paths[workload.containers.index(container)], "image")
    written = workload.document.spans.get((*workload.path, *path))
    if written is None or not container.image:
        raise _no_image(container)
    span = scalar_span(manifests.text, written)
    new_text = _replaced(manifests.text, span, _as_yaml(image, manifests.text[span.start]))
    changed = parse_manifests(new_text)
    if _contents(changed) != _contents_with(manifests, workload, path, image):
        raise InvalidInput(
            f"{container.place}.image",
            "it is shared with other places by an anchor",
            "write the image out where it is used, without '&' and '*'",
        )
    return changed


def _workload_with(manifests: Manifests, container: str) -> Workload:
    found = [w for w in manifests.workloads if any(c.name == container for c in w.containers)]
    if len(found) == 1:
        return found[0]
    if not found:
        one_named(manifests.containers, container, "manifest")
    titles = " and ".join(workload.title for workload in found)
    raise InvalidInput(
        "manifest", f"{titles} each have a container {container!r}", f"name one, as in workload={found[0].title!r}"
    )


def _as_yaml(image: str, first: str) -> str:
    """Write the image with the quotes that were there; a bare name could be read as a number or a word."""
    if first in "'\"":
        return f"{first}{image}{first}"
    return image if "/" in image else f'"{image}"'


def _contents(manifests: Manifests) -> list[Mapping[str, Any]]:
    return [entry.content for entry in manifests.objects]


def _contents_with(manifests: Manifests, workload: Workload, path: tuple[str | int, ...], image: str) -> list[Any]:
    return [_changed(entry.content, path, image) if entry is workload else entry.content for entry in manifests.objects]


def _changed(value: Any, path: tuple[str | int, ...], image: str) -> Any:
    """Copy a value, with another one under a path."""
    if not path:
        return image
    step, rest = path[0], path[1:]
    if isinstance(value, Mapping):
        return {key: _changed(entry, rest, image) if key == step else entry for key, entry in value.items()}
    return [_changed(entry, rest, image) if number == step else entry for number, entry in enumerate(value)]


def _replaced(text: str, span: Span, new: str) -> str:
    return text[: span.start] + new + text[span.end :]


def _no_image(container: Container) -> InvalidInput:
    return InvalidInput(container.place, "it names no image that could be replaced", "write an `image` there first")
