"""What a public registry holds: blobs, images and uploads as in a private one, and what the gallery shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ecrlab.emulator.ids import derived_hex
from ecrlab.emulator.state import Registry, Repository

__all__ = ["HOME", "PublicRegistry", "PublicRepository"]

HOME = "us-east-1"
"""The Region that public registries live in (Amazon ECR Public User Guide, registry authentication)."""


@dataclass(slots=True)
class PublicRepository(Repository):
    """A public repository: ``alias`` is its registry's, ``catalog`` what the gallery shows, ``None`` if never told."""

    alias: str = ""
    catalog: dict[str, Any] | None = None

    @property
    def arn(self) -> str:
        """The Amazon Resource Name, which has no Region (AWS CLI examples, ``create-repository``)."""
        return f"arn:aws:ecr-public::{self.registry_id}:repository/{self.name}"

    @property
    def uri(self) -> str:
        """What stands in front of ``:tag`` in a pull."""
        return f"public.ecr.aws/{self.alias}/{self.name}"


class PublicRegistry(Registry):
    """The public registry of one account.

    Args:
        account_id: Twelve digits.
    """

    def __init__(self, account_id: str) -> None:
        super().__init__(account_id, HOME)
        self.display_name: str | None = None

    @property
    def alias(self) -> str:
        """The default alias: four pairs of letter and digit, as AWS gives them out; here they follow from the account."""
        digits = derived_hex("public alias", self.account_id)
        pairs = (int(digits[at : at + 4], 16) for at in range(0, 16, 4))
        return "".join(f"{chr(ord('a') + pair % 26)}{pair // 26 % 10}" for pair in pairs)
