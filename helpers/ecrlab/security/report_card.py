"""The report card of a repository, or of every repository of an account: read, judge, add up. Nothing is changed."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from ecrlab.errors import InvalidInput
from ecrlab.naming import ImageReference, RepositoryName
from ecrlab.security import newest_checks, policy_checks, repository_checks
from ecrlab.security.checks import Check, Verdict, not_known
from ecrlab.security.fact_reading import read_registry, read_repositories, read_repository
from ecrlab.security.facts import RegistryFacts, RepositoryFacts, Terms
from ecrlab.security.gate import Ignore
from ecrlab.security.reading import Reading, Unread
from ecrlab.security.report import FINDINGS_CHECK, REGISTRY, ReportCard
from ecrlab.security.severity import checked_severity

__all__ = ["CHECKS", "report_card"]

_REGISTRY_CHECKS: tuple[tuple[str, int, Callable[[RegistryFacts, Terms], Verdict]], ...] = (
    ("registry-scanning", 2, repository_checks.registry_scans),
    ("registry-policy", 3, policy_checks.registry_policy_sound),
)
_REPOSITORY_CHECKS: tuple[tuple[str, int, Callable[[RepositoryFacts, Terms], Verdict]], ...] = (
    ("no-public-access", 5, policy_checks.no_public_access),
    (FINDINGS_CHECK, 5, newest_checks.no_severe_findings),
    ("tags-immutable", 3, repository_checks.tags_immutable),
    ("scanning-on", 3, repository_checks.scanning_on),
    ("policy-sound", 2, policy_checks.policy_sound),
    ("signed", 2, newest_checks.signed),
    ("pinned-by-digest", 2, repository_checks.pinned_by_digest),
    ("lifecycle-present", 2, repository_checks.lifecycle_present),
    ("lifecycle-safe", 2, repository_checks.lifecycle_safe),
    ("sbom-attached", 1, newest_checks.sbom_attached),
    ("no-stale-images", 1, repository_checks.no_stale_images),
    ("untagged-kept-down", 1, repository_checks.untagged_kept_down),
    ("encryption", 0, repository_checks.encryption),
)
CHECKS = tuple(code for code, _, _ in (*_REGISTRY_CHECKS, *_REPOSITORY_CHECKS))
"""The codes of all checks. They stay; sentences and weights may change."""

_OWN_KEY_WEIGHT = 1


def report_card(
    client: Any,
    repository: str | None = None,
    *,
    now: datetime,
    fail_on: str = "HIGH",
    ignore: Sequence[Ignore] = (),
    own_key: bool = False,
    trusted: Collection[str] = (),
    in_use: Mapping[str, str] | None = None,
    references: Sequence[str] = (),
    stale_days: int = 90,
    read_indexes: bool = False,
) -> ReportCard:
    """Judge how securely one repository, or every repository of the account in this region, is kept.

    What cannot be read for want of a permission is not known, and the card says which permission to ask for.

    Args:
        client: A boto3 client of ECR, e.g. ``lab.client("ecr")``. Only calls that read are made.
        repository: One repository; ``None`` judges all of them, and the registry.
        now: The moment, e.g. ``lab.clock.now()``.
        fail_on: The severity at which a finding of the newest image counts as a failure.
        ignore: Findings to live with, each with its reason and its last day.
        own_key: Whether repositories should be encrypted with a key of KMS.
        trusted: Accounts beside the owner's that policies may let in; if given, any other is a fault.
        in_use: Tag or digest of images that are needed, and by whom: lifecycle rules must not take them.
        references: How workloads name their images, in full; each should name a digest.
        stale_days: Days without push or pull after which a tagged image counts as stale.
        read_indexes: Also read which images each index holds; AWS records that as a pull of the index.

    Raises:
        InvalidInput: A name, a reference or a number that cannot be right, or a client that is none.
        RegistryError: There is no such repository, or AWS refused for another reason than a permission.
    """
    if not isinstance(now, datetime) or now.tzinfo is None:
        raise InvalidInput("report_card", f"now={now!r} is no moment with a timezone", "hand over lab.clock.now()")
    name = None if repository is None else str(RepositoryName.parse(repository))
    terms = Terms(
        now=now,
        fail_on=checked_severity(fail_on, "report_card(fail_on=…)"),
        ignore=tuple(ignore),
        own_key=own_key,
        trusted=trusted,
        in_use=in_use or {},
        references=tuple(map(ImageReference.parse, references)),
        stale_days=stale_days,
    )
    reading = Reading(client, f"report card of {name or 'the account'}", name or "")
    return ReportCard(name or f"the registry in {reading.region}", tuple(_checks(reading, name, terms, read_indexes)))


def _checks(reading: Reading, name: str | None, terms: Terms, read_indexes: bool) -> Iterator[Check]:
    described = read_repositories(reading, name)
    registry = read_registry(reading)
    if name is None:
        yield from (Check(code, REGISTRY, weight, judge(registry, terms)) for code, weight, judge in _REGISTRY_CHECKS)
    if isinstance(described, Unread):
        if name is None:
            yield Check("repositories-listed", REGISTRY, 0, not_known(described))
            return
        facts = read_repository(reading, name, described, registry, read_indexes=read_indexes)
        yield from _judged(facts, terms)
        return
    for one in described:
        facts = read_repository(reading, one["repositoryName"], one, registry, read_indexes=read_indexes)
        yield from _judged(facts, terms)


def _judged(facts: RepositoryFacts, terms: Terms) -> Iterator[Check]:
    for code, weight, judge in _REPOSITORY_CHECKS:
        counted = _OWN_KEY_WEIGHT if code == "encryption" and terms.own_key else weight
        yield Check(code, facts.name, counted, judge(facts, terms))
