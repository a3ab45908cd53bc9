"""Managed signing: who signs what is pushed, and how a signature comes to lie beside an image.

PutImage ──► IN_PROGRESS ──asked once, any other call, or any time later──► COMPLETE, and a referrer; or FAILED, and why

AWS Signer takes a moment; here it is over when anybody looks again. A failure never touches the push.
Source: ECR User Guide, "Managed signing".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from ecrlab import oci, signatures
from ecrlab.emulator import encryption, replication_runs
from ecrlab.emulator.authorizing import Caller, decide_elsewhere
from ecrlab.emulator.ids import derived_uuid
from ecrlab.emulator.manifest import read_manifest
from ecrlab.emulator.mutability import matches
from ecrlab.emulator.neighbours import Profile
from ecrlab.emulator.state import Image, Registry, Repository, Signing
from ecrlab.naming import Digest, partition_of

__all__ = ["PLATFORM", "enter", "finish"]

PLATFORM = "Notation-OCI-SHA384-ECDSA"
"""The platform of profiles that sign container images: AWS Signer Developer Guide, "Sign container images"."""

_IMAGES_PER_REPOSITORY = 100_000  # Amazon ECR service quotas; a signature counts as an image


def enter(registry: Registry, repository: Repository, image: Image, caller: Caller | None, now: datetime) -> None:
    """Begin to sign an image that was pushed, once for each profile whose rules cover its repository.

    The pusher signs: somebody about whom policies decide needs ``signer:SignPayload`` on the profile. Guess: what
    was signed with a profile is not signed again when it gets another tag; what failed is tried again.

    Args:
        registry: Its signing configuration has the rules.
        repository: Where the image is.
        image: What was pushed; a signature is not signed.
        caller: Who pushed, if IAM knows.
        now: When.
    """
    if registry.signing is None or image.manifest.artifact_type == signatures.SIGNATURE_TYPE:
        return
    for profile in dict.fromkeys(_covering(registry.signing, repository.name)):
        before = image.signings.get(profile)
        if before is None or before.status == "FAILED":
            image.signings[profile] = Signing(now, refusal=_refusal(caller, profile, registry, now))
            registry.unsigned.append((repository, image))


def finish(registry: Registry, *, begun_before: datetime | None = None) -> None:
    """Let AWS Signer end what it has begun.

    Args:
        registry: Its images get their signatures, dated when they were pushed.
        begun_before: Leaves alone what was begun at this time or later; by default nothing is left.
    """
    waiting, registry.unsigned = registry.unsigned, []
    for repository, image in waiting:
        if registry.repository(repository.name) is not repository or image.digest not in repository.images:
            continue  # deleted meanwhile
        for arn, signing in image.signings.items():
            if signing.status != "IN_PROGRESS":
                continue
            if begun_before is not None and signing.begun_at >= begun_before:
                registry.unsigned.append((repository, image))
            else:
                _end(registry, repository, image, arn, signing)


def _covering(configuration: Mapping[str, Any], name: str) -> Iterator[str]:
    """Name the profiles of the rules that cover a repository; a rule without filters covers all."""
    for rule in configuration["rules"]:
        filters = rule.get("repositoryFilters")
        if not filters or any(matches(name, each["filter"]) for each in filters):
            yield rule["signingProfileArn"]


def _refusal(caller: Caller | None, profile: str, registry: Registry, now: datetime) -> str | None:
    if caller is None or caller.is_administrator:
        return None
    decision = decide_elsewhere(caller, "signer:SignPayload", profile, registry, now)
    return None if decision.allowed else decision.aws_message


def _end(registry: Registry, repository: Repository, image: Image, arn: str, signing: Signing) -> None:
    profile = registry.neighbours.profile(arn)
    failure = _failure(registry, repository, arn, profile, signing)
    if failure:
        signing.status, (signing.failure_code, signing.failure_reason) = "FAILED", failure
        return
    assert profile is not None  # or there would be a failure
    _store(registry, repository, _signature(registry, repository, image, profile, signing), signing.begun_at)
    signing.status = "COMPLETE"


def _failure(
    registry: Registry, repository: Repository, arn: str, profile: Profile | None, signing: Signing
) -> tuple[str, str] | None:
    """Say why there will be no signature.

    Guess: the codes are those of Signer's operation SignPayload, or of ECR's own PutImage; the model only says that
    they are text. The reasons are ours.
    """
    if signing.refusal:
        return "AccessDeniedException", signing.refusal
    if profile is None:
        return "ResourceNotFoundException", f"The signing profile {arn} does not exist"
    if not profile.is_active:
        return "ValidationException", f"The signing profile {arn} is canceled"
    locked = encryption.trouble(registry, repository)
    if locked:
        return "KmsException", f"{locked.code}: {locked.message}"
    if len(repository.images) >= _IMAGES_PER_REPOSITORY:
        return "LimitExceededException", "The signature would be one image more than the repository can hold"
    return None


def _signature(
    registry: Registry, repository: Repository, image: Image, profile: Profile, signing: Signing
) -> oci.Image:
    manifest = image.manifest_text.encode()
    subject = oci.Descriptor(image.manifest.media_type, Digest.of(manifest), len(manifest))
    job = derived_uuid("signing job", repository.arn, image.digest, profile.version_arn, signing.begun_at.isoformat())
    jobs = f"arn:{partition_of(registry.region)}:signer:{registry.region}:{registry.account_id}:/signing-jobs"
    return signatures.sign(
        subject,
        signatures.lab_signer(registry.region, signing.begun_at),
        signed_at=signing.begun_at,
        expires_at=_after(signing.begun_at, *profile.validity),
        job=signatures.Job(profile.version_arn, f"{jobs}/{job}"),
    )


def _store(registry: Registry, repository: Repository, signature: oci.Image, at: datetime) -> None:
    """Put a signature into the repository: an image without a tag, whose subject is the image that was signed.

    Guess: since it is put there by the pusher's right to ecr:PutImage, it is replicated as any push.
    """
    digest, images = str(signature.digest), repository.images
    if digest in images:
        return
    with signature.layers[0].open() as stream:
        envelope = stream.read()
    for blob, data in ((signature.config_descriptor.digest, signature.config), (signature.layers[0].digest, envelope)):
        repository.layers[str(blob)] = registry.store(str(blob), len(data), (data,))
    text = signature.manifest.decode()
    manifest = read_manifest(text, None, media_types_must_agree=True)
    image = Image(digest, images.next_sequence(), text, manifest, signature.size, at)
    images.add(image)
    replication_runs.enter(registry, repository, image, (), at)


def _after(moment: datetime, number: int, unit: str) -> datetime:
    """Add a validity period; the last day of a month that is shorter stays its last day."""
    if unit == "DAYS":
        return moment + timedelta(days=number)
    months = moment.year * 12 + moment.month - 1 + number * (12 if unit == "YEARS" else 1)
    first = moment.replace(year=months // 12, month=months % 12 + 1, day=1)
    last = (first.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)
    return first.replace(day=min(moment.day, last.day))
