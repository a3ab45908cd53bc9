# mypy: disable-error-code="override"
# moto keeps plain attributes where a view has to look through to our state.
"""Our repositories and images in the shape in which moto's own code looks at them.

CloudFormation, Lambda and, in the compatible setting, moto's scan and policy methods read and write these attributes.
A view holds nothing of its own but what moto wants to keep on an image between two calls.
"""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping, Sequence
from datetime import datetime
from typing import Any

import moto.ecr.models as moto_models
from moto.ecr.exceptions import ImageNotFoundException

from ecrlab.emulator.state import Image, Mutability, Repository

__all__ = ["ImageView", "RepositoryView", "scan_on_push"]


class ImageView(moto_models.Image):
    """One of our images as a ``moto.ecr.models.Image``."""

    def __init__(self, image: Image) -> None:
        self._image = image
        self.last_scan: datetime | None = None
        self.scan_finding_results_queue: list[Any] = []
        self.scan_finding_results: dict[str, Any] = {}

    @property
    def image_digest(self) -> str:
        """The digest."""
        return self._image.digest

    @property
    def image_manifest(self) -> str:
        """The manifest as it came."""
        return self._image.manifest_text

    @property
    def image_tags(self) -> list[str]:
        """All tags, oldest first."""
        return list(self._image.tags)

    @property
    def image_tag(self) -> str | None:
        """The tag that came last."""
        return next(reversed(self._image.tags), None)

    @property
    def image_id(self) -> dict[str, Any]:
        """Digest and latest tag."""
        return {"imageTag": self.image_tag, "imageDigest": self.image_digest}


class RepositoryView(moto_models.Repository):
    """One of our repositories as a ``moto.ecr.models.Repository``, which is a CloudFormation resource.

    ``encryption`` is the encryption setting as CloudFormation spelled it: moto compares it on an update of the stack.
    """

    def __init__(
        self,
        repository: Repository,
        images: MutableMapping[Image, ImageView],
        encryption: Mapping[str, str] | None = None,
    ) -> None:
        self._repository = repository
        self._images = images
        self.encryption_configuration = dict(encryption or {"encryptionType": "AES256"})

    @property
    def name(self) -> str:
        """The name."""
        return self._repository.name

    @property
    def arn(self) -> str:
        """The Amazon Resource Name."""
        return self._repository.arn

    @property
    def uri(self) -> str:
        """The address for a pull."""
        return self._repository.uri

    @property
    def registry_id(self) -> str:
        """The account id of the registry."""
        return self._repository.registry_id

    @property
    def policy(self) -> str | None:
        """The repository policy."""
        return self._repository.policy

    @policy.setter
    def policy(self, text: str | None) -> None:
        self._repository.policy = text

    @property
    def lifecycle_policy(self) -> str | None:
        """The lifecycle policy."""
        return self._repository.lifecycle_policy

    @lifecycle_policy.setter
    def lifecycle_policy(self, text: str | None) -> None:
        self._repository.lifecycle_policy = text

    def update(self, property_type: str, **values: Any) -> None:
        """Take a changed property of the CloudFormation template."""
        if property_type == moto_models.RepositoryUpdateProperty.IMAGE_TAG_MUTABILITY:
            filters: Sequence[Mapping[str, str]] = values.get("image_tag_mutability_exclusion_filters") or ()
            mode = values.get("image_tag_mutability") or "MUTABLE"
            self._repository.mutability = Mutability(mode, tuple(item["filter"] for item in filters))
        elif values.get("image_scanning_configuration"):
            self._repository.scan_on_push = scan_on_push(values["image_scanning_configuration"])

    def _get_image(self, image_tag: str | None, image_digest: str | None) -> ImageView:
        image = self._repository.images.find(image_digest, image_tag)
        if image is None:
            shown = f"{{imageDigest:'{image_digest or 'null'}', imageTag:'{image_tag or 'null'}'}}"
            raise ImageNotFoundException(shown, self.name, self.registry_id)
        return self._images.setdefault(image, ImageView(image))


def scan_on_push(settings: Mapping[str, Any]) -> bool:
    """Read the setting in CloudFormation's spelling (``ScanOnPush``, maybe as text) or the API's."""
    value = settings.get("ScanOnPush", settings.get("scanOnPush", False))
    return str(value).lower() == "true"
