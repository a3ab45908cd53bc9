"""One request on its way through the emulator: what was asked, by whom, when, and under which rules."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ecrlab.emulator import errors
from ecrlab.emulator.authorizing import Caller
from ecrlab.emulator.rules import Rules
from ecrlab.emulator.state import Registry, Repository

__all__ = ["Answer", "Call", "Operation", "present"]

Answer = dict[str, Any]
"""The members of a response in AWS's spelling; times as aware datetimes."""


@dataclass(frozen=True, slots=True)
class Call:
    """A checked request.

    ``registry`` is the one that ``registryId`` names, by default the caller's own. ``principal`` identifies who calls
    (an ARN, or an access key id that IAM does not know), ``signed_with`` the access key id, and ``account_id`` to whom
    that principal belongs. ``caller`` is somebody whom IAM knows, else ``None``.
    """

    operation: str
    parameters: Mapping[str, Any]
    registry: Registry
    account_id: str
    principal: str
    signed_with: str
    now: datetime
    rules: Rules
    caller: Caller | None = None

    @property
    def registry_id(self) -> str:
        """The account id of the registry, or what the request calls it in the compatible setting."""
        if self.rules.registry_id_selects_registry:
            return self.registry.account_id
        registry_id: str = self.parameters.get("registryId") or self.registry.account_id
        return registry_id

    def repository(self) -> Repository:
        """Return the repository that the request names.

        Raises:
            EcrError: RepositoryNotFoundException.
        """
        return self.repository_named(self.parameters["repositoryName"])

    def repository_named(self, name: str) -> Repository:
        """Return a repository of the registry by name.

        Raises:
            EcrError: RepositoryNotFoundException.
        """
        repository = self.registry.repository(name)
        if repository is None or repository.registry_id != self.registry_id:
            raise errors.repository_not_found(name, self.registry_id)
        return repository


def present(**members: Any) -> Answer:
    """Return the members of an answer that have a value; AWS leaves the others out."""
    return {name: value for name, value in members.items() if value is not None}


Operation = Callable[[Call], Answer]
"""What each operation is: a function that changes the call's registry and answers, or raises EcrError."""
