"""Repositories that ECR makes itself: which template covers a name, and the settings that a repository gets from it.

push into a missing repository ─┐
copy from another registry ─────┼─► longest prefix that covers the name, for this purpose ─► settings, applied once
first pull through a cache ─────┘       none: defaults, and a push is refused

Source: "Templates to control repositories created during a pull through cache, create on push, or replication action",
Amazon ECR User Guide. The template's role is not asked: ECR makes the repository, whoever pushes or pulls.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from ecrlab.emulator import encryption, prefixes
from ecrlab.emulator.call import Call
from ecrlab.emulator.errors import EcrError
from ecrlab.emulator.rules import STRICT, Rules
from ecrlab.emulator.state import Mutability, Registry, Repository

__all__ = ["CACHE", "PUSH", "REPLICATION", "Template", "covering", "fault", "make", "promised", "pushed_to"]

CACHE, PUSH, REPLICATION = "PULL_THROUGH_CACHE", "CREATE_ON_PUSH", "REPLICATION"


@dataclass(frozen=True, slots=True)
class Template:
    """A repository creation template.

    Args:
        prefix: Plain, or ``ROOT``.
        applied_for: The purposes that it serves, in AWS's words.
        created_at: When it was made; ``updated_at`` is its latest change.
        description: For people.
        encryption: AWS's ``encryptionConfiguration``; ``None`` is AES256.
        resource_tags: Tags of the repositories.
        mutability: Whether their tags move.
        repository_policy: The text of their policy; empty for none, as is ``lifecycle_policy``.
        role_arn: The role with which ECR makes them.
    """

    prefix: str
    applied_for: tuple[str, ...]
    created_at: datetime
    updated_at: datetime
    description: str | None = None
    encryption: Mapping[str, str] | None = None
    resource_tags: Mapping[str, str] = field(default_factory=dict)
    mutability: Mutability = field(default_factory=Mutability)
    repository_policy: str = ""
    lifecycle_policy: str = ""
    role_arn: str | None = None


def covering(registry: Registry, name: str, purpose: str) -> Template | None:
    """Return the template that gives a new repository its settings.

    Guess: templates for other purposes are passed over, so that a shorter prefix for this one still counts.
    """
    serving = {prefix: each for prefix, each in registry.templates.items() if purpose in each.applied_for}
    prefix = prefixes.longest(serving, name)
    return serving[prefix] if prefix is not None else None


def make(registry: Registry, name: str, purpose: str, at: datetime, rules: Rules = STRICT) -> Repository:
    """Make a repository that is not there, by its template or with defaults: mutable, AES256, no policies.

    Args:
        registry: Where it will be.
        name: Its name, which must be free.
        purpose: ``CACHE``, ``PUSH`` or ``REPLICATION``.
        at: When.
        rules: Whether the key of the template has to be there.

    Raises:
        EcrError: KmsException: the template names a key that cannot be used; nothing was made.
    """
    repository = _blank(registry, name, at)
    template = covering(registry, name, purpose)
    if template is not None:
        repository.encryption = encryption.settings(template.encryption, registry, rules)
        repository.resource_tags = dict(template.resource_tags)
        repository.mutability = template.mutability
        repository.policy = template.repository_policy or None
        repository.lifecycle_policy = template.lifecycle_policy or None
    encryption.begin(registry, repository, rules)
    registry.add(repository)
    return repository


def fault(registry: Registry, name: str, purpose: str, rules: Rules = STRICT) -> str | None:
    """Return the code with which making a repository would fail; ``None`` if it would not."""
    template = covering(registry, name, purpose)
    try:
        encryption.settings(template.encryption if template else None, registry, rules)
    except EcrError as refused:
        return refused.code
    return None


def promised(call: Call) -> Repository:
    """Return the repository that a push is about to use: an empty one that is nowhere yet if a template will make it.

    Raises:
        EcrError: RepositoryNotFoundException.
    """
    name = call.parameters["repositoryName"]
    if call.registry.repository(name) is None and covering(call.registry, name, PUSH):
        return _blank(call.registry, name, call.now)
    return call.repository()


@contextmanager
def pushed_to(call: Call) -> Iterator[Repository]:
    """Hand out the repository of a push, made by a template if it is missing; a push that fails leaves none behind.

    Guess: making it asks nothing of whoever pushes but the permission to push, since ECR does it in a role of its own.

    Raises:
        EcrError: RepositoryNotFoundException without a template, KmsException if the template's key cannot be used.
    """
    name = call.parameters["repositoryName"]
    if call.registry.repository(name) is not None or not covering(call.registry, name, PUSH):
        yield call.repository()
        return
    repository = make(call.registry, name, PUSH, call.now, call.rules)
    try:
        yield repository
    except EcrError:
        call.registry.remove(repository)
        encryption.end(call.registry, repository)
        raise


def _blank(registry: Registry, name: str, at: datetime) -> Repository:
    return Repository(name, registry.account_id, registry.region, created_at=at)
