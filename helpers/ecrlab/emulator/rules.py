"""How strictly the emulator follows Amazon ECR: one named switch per place where moto 5.2.5 differs.

Strict, the default, is what AWS does. ``COMPATIBLE`` relaxes every switch, so that moto's own ECR tests pass
against our state; it serves people who have written tests against moto's behaviour, and nobody else.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields

__all__ = ["COMPATIBLE", "STRICT", "Rules"]


def _rule(why: str) -> bool:
    """Declare a switch that is on in strict mode; ``why`` says what relaxing it allows, and for whose sake."""
    switch: bool = field(default=True, metadata={"why": why})
    return switch


@dataclass(frozen=True, slots=True)
class Rules:
    """One switch per rule of ECR that moto's tests contradict. ``True`` is AWS's behaviour."""

    model_limits: bool = _rule(
        "Patterns of ids and lengths are not checked; moto's tests use registry id '123', upload id 'does-not-exist'."
    )
    registry_id_selects_registry: bool = _rule(
        "registryId is a label in the caller's own registry, BatchDeleteImage ignores it; moto's tests use foreign ids."
    )
    digest_is_of_manifest_bytes: bool = _rule(
        "An image's digest is that of its joined layer digests, or what imageDigest says; moto's test helpers do so."
    )
    layers_must_exist: bool = _rule(
        "PutImage accepts a manifest whose layers were never uploaded; moto's tests put images without any."
    )
    media_types_must_agree: bool = _rule(
        "imageManifestMediaType may contradict the manifest's own mediaType; moto's tests mix Docker and OCI there."
    )
    index_has_a_size: bool = _rule(
        "An index is described without imageSizeInBytes; a moto test asserts that it has none."
    )
    moved_tag_leaves_image: bool = _rule(
        "An image that loses its last tag to another image is deleted; a moto test counts on its absence."
    )
    immutable_tag_has_own_error: bool = _rule(
        "Moving an immutable tag answers ImageAlreadyExistsException; moto's tests expect that code."
    )
    filters_are_wildcards: bool = _rule(
        "A mutability filter is a regular expression anchored at the start; moto's tests write 'tagME.*'."
    )
    repeated_untagged_push_fails: bool = _rule(
        "Putting a known manifest again without a tag succeeds silently; a moto test does it between two tags."
    )
    parts_have_a_minimum: bool = _rule(
        "Layer parts other than the last may be under 5 MiB; a moto test uploads two parts of eleven bytes."
    )
    tokens_expire: bool = _rule(
        "GetAuthorizationToken answers a constant that expired in 2015; moto's tests compare it literally."
    )
    engines_are_ours: bool = _rule(
        "Scans, policy documents and replication are moto's code over our state, its canned CVE included."
    )
    kms_is_asked: bool = _rule(
        "A KMS key need not exist and is never missed; a moto test names a key that nobody has made."
    )
    access_is_decided: bool = _rule(
        "Nobody is refused by a policy; moto's tests call with keys of users that have none."
    )
    mismatched_tag_has_own_failure: bool = _rule(
        "Deleting by a digest and a tag that do not belong together fails with ImageNotFound; moto compares it."
    )


STRICT = Rules()
COMPATIBLE = Rules(**{rule.name: False for rule in fields(Rules)})
