"""Checks of a repository: its settings, and what lies in it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import timedelta

from ecrlab.errors import InvalidPolicy
from ecrlab.lifecycle import (
    Action,
    CountType,
    Image,
    Policy,
    StorageClass,
    TagStatus,
    WarningKind,
    parse,
    plan,
    warnings,
)
from ecrlab.security.checks import Verdict, failed, not_applicable, not_known, passed
from ecrlab.security.facts import RegistryFacts, RepositoryFacts, Scanning, Terms, is_app
from ecrlab.security.reading import Unread

__all__ = [
    "encryption",
    "lifecycle_present",
    "lifecycle_safe",
    "no_stale_images",
    "pinned_by_digest",
    "registry_scans",
    "scanning_on",
    "tags_immutable",
    "untagged_kept_down",
]

UNTAGGED_DAYS = 14
"""Days after which an untagged image that no rule will take counts as left behind. Our choice."""

_DANGEROUS = frozenset(
    {WarningKind.DELETES_IN_USE, WarningKind.NEVER_ACTS, WarningKind.AND_NOT_OR, WarningKind.DESCRIPTION_DIFFERS}
)
_MODEST_POLICY = {
    "rules": [
        {
            "rulePriority": 1,
            "description": f"Untagged images go after {UNTAGGED_DAYS} days",
            "selection": {
                "tagStatus": "untagged",
                "countType": "sinceImagePushed",
                "countUnit": "days",
                "countNumber": UNTAGGED_DAYS,
            },
            "action": {"type": "expire"},
        }
    ]
}


def tags_immutable(facts: RepositoryFacts, _: Terms) -> Verdict:
    """A tag, once pushed, keeps meaning the same image."""
    if isinstance(facts.settings, Unread):
        return not_known(facts.settings)
    mutability, exclusions = facts.settings.mutability, facts.settings.exclusions
    listed = ", ".join(f"`{pattern}`" for pattern in exclusions)
    if mutability.startswith("IMMUTABLE") and "*" not in exclusions:
        return passed(f"Tags cannot be moved, except {listed}." if listed else "Tags cannot be moved.")
    reason = {
        "MUTABLE": "Every tag can be moved to another image by whoever may push.",
        "MUTABLE_WITH_EXCLUSION": f"Tags can be moved, except {listed}.",
    }.get(mutability, f"The exclusion {listed} covers every tag.")
    return failed(
        reason,
        "make tags immutable (not where a pull-through cache fills the repository: it has to move tags)",
        f"ecr.put_image_tag_mutability(repositoryName={facts.name!r}, imageTagMutability='IMMUTABLE')",
    )


# --- scanning ---------------------------------------------------------------------------------------------------------


def scanning_on(facts: RepositoryFacts, _: Terms) -> Verdict:
    """Images are scanned without anybody asking for it."""
    if isinstance(facts.scanning, Unread):
        return not_known(facts.scanning)
    if _scans(facts.scanning):
        frequency = facts.scanning.frequency if facts.scanning.frequency != "MANUAL" else "SCAN_ON_PUSH"
        return passed(f"Images are scanned: {frequency}.")
    fix = "let the registry's scanning rules cover it (a filter without a star is found anywhere in a name)"
    return failed("Nothing scans what is pushed here.", fix, _scanning_call(facts.registry, facts.name))


def _scans(scanning: Scanning) -> bool:
    return scanning.frequency != "MANUAL" or scanning.scan_on_push


def registry_scans(facts: RegistryFacts, _: Terms) -> Verdict:
    """The registry has scanning rules."""
    if isinstance(facts.scanning, Unread):
        return not_known(facts.scanning)
    rules = facts.scanning.get("rules", ())
    if rules:
        filters = ", ".join(f"`{each['filter']}`" for rule in rules for each in rule.get("repositoryFilters", ()))
        return passed(f"{facts.scanning.get('scanType', 'BASIC').capitalize()} scanning, for {filters}.")
    fix = "scan every repository on push"
    return failed("The registry has no scanning rule.", fix, _scanning_call(facts, "*"))


def _scanning_call(registry: RegistryFacts, pattern: str) -> str:
    """Write the call that adds a filter; it repeats the rules that are there, since the call replaces all of them."""
    if isinstance(registry.scanning, Unread):
        return ""
    added = {"filter": pattern, "filterType": "WILDCARD"}
    rules = [dict(rule) for rule in registry.scanning.get("rules", ())]
    on_push = next((rule for rule in rules if rule.get("scanFrequency") == "SCAN_ON_PUSH"), None)
    if on_push is None:
        rules.append({"scanFrequency": "SCAN_ON_PUSH", "repositoryFilters": [added]})
    else:
        on_push["repositoryFilters"] = [*on_push.get("repositoryFilters", ()), added]
    scan_type = registry.scanning.get("scanType", "BASIC")
    return f"ecr.put_registry_scanning_configuration(scanType={scan_type!r}, rules={rules!r})"


# --- encryption, pinning ----------------------------------------------------------------------------------------------


def encryption(facts: RepositoryFacts, terms: Terms) -> Verdict:
    """Which key encrypts the repository; a question of taste, unless an own key is wanted."""
    if isinstance(facts.settings, Unread):
        return not_known(facts.settings)
    kind, key = facts.settings.encryption, facts.settings.kms_key
    if kind != "AES256":
        return passed(f"Encrypted with {kind}, key {key or 'aws/ecr'}; KMS says whose key that is and who may use it.")
    if not terms.own_key:
        return passed("Encrypted with AES256, keys of Amazon S3.")
    return failed(
        "Encrypted with AES256, keys of Amazon S3, and an own key is wanted.",
        "create another repository with the key and copy the images: encryption cannot be changed later",
        f"ecr.create_repository(repositoryName={facts.name + '-kms'!r}, "
        "encryptionConfiguration={'encryptionType': 'KMS', 'kmsKey': '<ARN of your key>'})",
    )


def pinned_by_digest(facts: RepositoryFacts, terms: Terms) -> Verdict:
    """Whatever runs an image of this repository names it by digest."""
    ours = [reference for reference in terms.references if reference.repository.value == facts.name]
    if not ours:
        return not_applicable("No reference to an image of this repository was handed over.")
    moving = [reference for reference in ours if reference.digest is None]
    if not moving:
        return passed(f"All {len(ours)} reference(s) name a digest.")
    tag = moving[0].tag or "latest"
    return failed(
        f"`{moving[0]}` names a tag, and {len(moving)} of {len(ours)} reference(s) do.",
        "write the digest that the tag means today",
        f"security.pinned(ecr, '{facts.name}:{tag}')",
    )


# --- lifecycle --------------------------------------------------------------------------------------------------------


def lifecycle_present(facts: RepositoryFacts, _: Terms) -> Verdict:
    """There is a lifecycle policy."""
    if isinstance(facts.lifecycle, Unread):
        return not_known(facts.lifecycle)
    if facts.lifecycle is not None:
        return passed("There is a lifecycle policy.")
    return failed(
        "There is no lifecycle policy: nothing that is pushed ever goes by itself.",
        "begin with a rule for untagged images, after a preview",
        f"ecr.put_lifecycle_policy(repositoryName={facts.name!r}, lifecyclePolicyText={json.dumps(_MODEST_POLICY)!r})",
    )


def lifecycle_safe(facts: RepositoryFacts, terms: Terms) -> Verdict:
    """The lifecycle policy does what it seems to do, and spares the newest image and those in use."""
    policy = _policy(facts)
    if isinstance(policy, Verdict):
        return policy
    images: Sequence[Image] = () if isinstance(facts.images, Unread) else facts.images
    for problem in _dangers(policy, images, facts, terms):
        return problem
    if isinstance(facts.images, Unread):
        return not_known(facts.images)
    return passed("Its rules act, spare the newest image, and say what they do.")


def _dangers(policy: Policy, images: Sequence[Image], facts: RepositoryFacts, terms: Terms) -> Iterator[Verdict]:
    newest = facts.newest.image.digest if facts.newest else None
    for entry in plan(policy, images, now=terms.now).entries:
        if entry.image.digest == newest and entry.action is not Action.KEEP:
            fix = "let a rule with a low number keep some images by imageCountMoreThan"
            reason = entry.reason[0].lower() + entry.reason[1:]
            yield failed(f"The newest image, `{entry.image.name}`, goes with the next run: {reason}", fix)
    for warning in warnings(policy, images, now=terms.now, in_use=terms.in_use):
        if warning.kind in _DANGEROUS:
            yield failed(warning.sentence, warning.way_out[0].lower() + warning.way_out[1:].removesuffix("."))


def _policy(facts: RepositoryFacts) -> Policy | Verdict:
    if isinstance(facts.lifecycle, Unread):
        return not_known(facts.lifecycle)
    if facts.lifecycle is None:
        return not_applicable("There is no lifecycle policy.")
    try:
        return parse(facts.lifecycle)
    except InvalidPolicy as invalid:
        return not_known(f"The lifecycle policy cannot be read here: {invalid.fact}.", "look at it yourself")


# --- what lies in it --------------------------------------------------------------------------------------------------


def no_stale_images(facts: RepositoryFacts, terms: Terms) -> Verdict:
    """Tagged images are pulled now and then, or are young."""
    if isinstance(facts.images, Unread):
        return not_known(facts.images)
    limit = terms.now - timedelta(days=terms.stale_days)
    tagged = [image for image in _here(facts.images) if image.tags and is_app(image)]
    if not tagged:
        return not_applicable("There is no image with a tag.")
    stale = [image for image in tagged if max(image.last_pulled_at or image.pushed_at, image.pushed_at) < limit]
    if not stale:
        return passed(f"Every tagged image was pushed or pulled within {terms.stale_days} days.")
    oldest = min(stale, key=lambda image: image.pushed_at)
    return failed(
        f"{len(stale):,} of {len(tagged):,} tagged images were neither pushed nor pulled for {terms.stale_days} days, "
        f"such as `{oldest.name}` of {oldest.pushed_at:%Y-%m-%d}.",
        f"let a lifecycle rule that counts `{CountType.SINCE_IMAGE_PULLED}` archive or expire them",
    )


def untagged_kept_down(facts: RepositoryFacts, terms: Terms) -> Verdict:
    """Untagged images do not pile up: there are no old ones, or a lifecycle rule takes them."""
    if isinstance(facts.images, Unread):
        return not_known(facts.images)
    limit = terms.now - timedelta(days=UNTAGGED_DAYS)
    untagged = [image for image in _here(facts.images) if not image.tags and is_app(image) and not image.parents]
    old = [image for image in untagged if image.pushed_at < limit]
    if not old:
        return passed(f"No untagged image is older than {UNTAGGED_DAYS} days.")
    if _takes_untagged(facts):
        return passed(f"{len(old):,} untagged images are old, and a lifecycle rule looks at them.")
    if facts.images.unread_indexes:
        reason = f"{len(old):,} images without a tag are old; some may belong to an index, which was not read."
        return not_known(reason, "ask with read_indexes=True, which counts as a pull of each index")
    return failed(
        f"{len(old):,} untagged images are older than {UNTAGGED_DAYS} days, and no lifecycle rule takes them.",
        "add a rule for untagged images to the lifecycle policy",
    )


def _takes_untagged(facts: RepositoryFacts) -> bool:
    policy = _policy(facts)
    return not isinstance(policy, Verdict) and any(
        rule.selection.tag_status is not TagStatus.TAGGED and rule.selection.storage_class is StorageClass.STANDARD
        for rule in policy.rules
    )


def _here(images: Sequence[Image]) -> list[Image]:
    return [image for image in images if image.storage_class is StorageClass.STANDARD]
