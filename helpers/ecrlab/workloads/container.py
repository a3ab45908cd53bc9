"""A container as a task definition or a pod asks for it: above all the image, as written and as a runtime reads it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from ecrlab.errors import InvalidName
from ecrlab.naming import ImageReference

__all__ = ["Container", "PullPolicy"]


class PullPolicy(StrEnum):
    """When a kubelet asks the registry, spelled as Kubernetes spells it."""

    ALWAYS = "Always"
    IF_NOT_PRESENT = "IfNotPresent"
    NEVER = "Never"

    @classmethod
    def default_for(cls, image: str) -> PullPolicy:
        """Return what holds when a manifest says nothing: ``Always`` for ``latest`` or no tag, else ``IfNotPresent``.

        Source: Kubernetes documentation, "Images", default image pull policy.
        """
        reference = reference_of(image)
        if reference is None:
            return cls.IF_NOT_PRESENT
        tag = reference.tag_pulled
        return cls.ALWAYS if tag is not None and tag.value == "latest" else cls.IF_NOT_PRESENT


@dataclass(frozen=True, slots=True)
class Container:
    """One container of a task definition or of a pod.

    Args:
        name: Its name; empty if the document gives none.
        image: The image as the document writes it; empty if the document gives none.
        place: Where it stands: ``containerDefinitions[0]``, ``Deployment/api.spec.template.spec.containers[0]``.
        essential: Whether the task or the pod cannot go on without it.
        runs_first: Whether it has to end before the others begin (an init container).
        pull_policy: What the manifest says; ``None`` if it says nothing, and on ECS, which has no such field.
        credentials: Where the document says that a registry's password lies: the ARN of ``repositoryCredentials``.
        version_consistency: Whether ECS resolves its tag once per deployment; always so unless it is switched off.
    """

    name: str
    image: str
    place: str
    essential: bool = True
    runs_first: bool = False
    pull_policy: PullPolicy | None = None
    credentials: str | None = None
    version_consistency: bool = True

    @property
    def reference(self) -> ImageReference | None:
        """The image as a container runtime reads it, Docker Hub's defaults filled in; ``None`` if it is unusable."""
        return reference_of(self.image)

    @property
    def pulled(self) -> str:
        """What a pull of it brings, in words."""
        reference = self.reference
        if reference is None:
            return f"nothing: {self.image!r} is no usable image"
        where = f"{reference.registry}/{reference.repository}"
        if reference.digest is not None:
            return f"{where}, exactly {reference.digest.short}"
        return f"{where}, whatever the tag {reference.tag_pulled} then is"

    @property
    def effective_pull_policy(self) -> PullPolicy:
        """The pull policy that a kubelet goes by: the one that is written, or the default for this image."""
        return self.pull_policy or PullPolicy.default_for(self.image)


def reference_of(image: str) -> ImageReference | None:
    """Read an image as a container runtime does; ``None`` if it cannot be used."""
    try:
        return ImageReference.as_pulled(image)
    except InvalidName:
        return None
