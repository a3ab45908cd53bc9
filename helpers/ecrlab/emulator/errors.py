"""The errors of Amazon ECR, with AWS's codes and, where it is known, AWS's wording.

An ``EcrError`` is an answer of the service, not a fault of the kit: the adapter turns it into the JSON that botocore
raises as ``ClientError``. Wording marked *guess* was not seen in a public report; the code is modelled in any case.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

__all__ = ["EcrError", "invalid_parameter", "unsupported_operation"]


class EcrError(Exception):
    """A modelled error.

    Args:
        code: The shape's name in the service model, e.g. ``RepositoryNotFoundException``.
        message: The text that AWS sends.
        members: Further members of the error shape, e.g. ``lastValidByteReceived``.
    """

    def __init__(self, code: str, message: str, members: Mapping[str, Any] | None = None) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message
        self.members = dict(members or {})

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"


def invalid_parameter(parameter: str, constraint: str) -> EcrError:
    """Build the error for a parameter that breaks ``constraint`` (AWS's sentence, without the outer quotes)."""
    return EcrError(
        "InvalidParameterException",
        f"Invalid parameter at '{parameter}' failed to satisfy constraint: '{constraint}'",
    )


def unsupported_operation(operation: str) -> EcrError:
    """Build the answer for an operation that Amazon ECR has and this emulator does not."""
    return EcrError(
        "UnsupportedOperationException",
        f"{operation} is an operation of Amazon ECR that this emulator does not have yet; "
        "docs/emulator.md lists what it has",
    )


def _named(repository: str, registry_id: str) -> str:
    return f"the repository with name '{repository}' in the registry with id '{registry_id}'"


def _within(repository: str, registry_id: str) -> str:
    return f"in {_named(repository, registry_id)}"


def repository_not_found(repository: str, registry_id: str) -> EcrError:
    """Build RepositoryNotFoundException."""
    return EcrError(
        "RepositoryNotFoundException",
        f"The repository with name '{repository}' does not exist in the registry with id '{registry_id}'",
    )


def repository_already_exists(repository: str, registry_id: str) -> EcrError:
    """Build RepositoryAlreadyExistsException."""
    return EcrError(
        "RepositoryAlreadyExistsException",
        f"The repository with name '{repository}' already exists in the registry with id '{registry_id}'",
    )


def repository_not_empty(repository: str, registry_id: str) -> EcrError:
    """Build RepositoryNotEmptyException."""
    return EcrError(
        "RepositoryNotEmptyException",
        f"The repository with name '{repository}' in registry with id '{registry_id}' "
        "cannot be deleted because it still contains images",
    )


def image_not_found(identifier: Mapping[str, str], repository: str, registry_id: str) -> EcrError:
    """Build ImageNotFoundException for an ``imageId`` structure."""
    digest, tag = identifier.get("imageDigest") or "null", identifier.get("imageTag") or "null"
    shown = f"{{imageDigest:'{digest}', imageTag:'{tag}'}}"
    return EcrError(
        "ImageNotFoundException",
        f"The image with imageId {shown} does not exist within the repository with name '{repository}' "
        f"in the registry with id '{registry_id}'",
    )


def image_archived(digest: str, repository: str, registry_id: str) -> EcrError:
    """Build ImageArchivedException: what is in the archive cannot be scanned. Wording: guess after the model."""
    return EcrError(
        "ImageArchivedException",
        f"The image with digest '{digest}' {_within(repository, registry_id)} is archived and cannot be scanned",
    )


def unsupported_image_type(digest: str, repository: str, registry_id: str) -> EcrError:
    """Build UnsupportedImageTypeException: an index or an artifact cannot be scanned. Wording: guess."""
    return EcrError(
        "UnsupportedImageTypeException",
        f"The image with digest '{digest}' {_within(repository, registry_id)} is of a type that cannot be scanned",
    )


def scan_not_found(identifier: Mapping[str, str], repository: str, registry_id: str) -> EcrError:
    """Build ScanNotFoundException for an ``imageId`` structure: nobody has asked for a scan yet."""
    digest, tag = identifier.get("imageDigest") or "null", identifier.get("imageTag") or "null"
    return EcrError(
        "ScanNotFoundException",
        f"Image scan does not exist for the image with '{{imageDigest:'{digest}', imageTag:'{tag}'}}' "
        f"in the repository with name '{repository}' in the registry with id '{registry_id}'",
    )


def feature_disabled() -> EcrError:
    """Build ValidationException for what the settings of a registry rule out. The sentence is AWS's."""
    return EcrError("ValidationException", "This feature is disabled")


def storage_class_update_not_supported(digest: str, fact: str, repository: str, registry_id: str) -> EcrError:
    """Build ImageStorageClassUpdateNotSupportedException; ``fact`` ends the sentence. Wording: guess."""
    return EcrError(
        "ImageStorageClassUpdateNotSupportedException",
        f"The storage class of the image with digest '{digest}' {_within(repository, registry_id)} "
        f"cannot be updated: {fact}",
    )


def image_already_exists(digest: str, tag: str | None, repository: str, registry_id: str) -> EcrError:
    """Build ImageAlreadyExistsException: neither manifest nor tag would change."""
    return EcrError(
        "ImageAlreadyExistsException",
        f"Image with digest '{digest}' and tag '{tag or 'null'}' already exists "
        f"in the repository with name '{repository}' in registry with id '{registry_id}'",
    )


def image_tag_already_exists(tag: str, repository: str) -> EcrError:
    """Build ImageTagAlreadyExistsException.

    Source: as docker shows it in public logs of 2025 and 2026; moby/buildkit issue 3776 (2023, before tags could be
    excluded) has "the repository is immutable".
    """
    return EcrError(
        "ImageTagAlreadyExistsException",
        f"The image tag '{tag}' already exists in the '{repository}' repository "
        "and cannot be overwritten because the tag is immutable.",
    )


def image_digest_does_not_match(given: str, calculated: str) -> EcrError:
    """Build ImageDigestDoesNotMatchException. Wording: guess after the model's documentation."""
    return EcrError(
        "ImageDigestDoesNotMatchException",
        f"The specified image digest '{given}' does not match the digest '{calculated}' "
        "that Amazon ECR calculated for the image",
    )


def layers_required(digests: Iterable[str], repository: str, registry_id: str) -> EcrError:
    """Build PutImage's LayersNotFoundException. Wording as docker shows it for the sibling error on indexes."""
    return EcrError(
        "LayersNotFoundException",
        f"Layers with digests '[{', '.join(digests)}]' required for pushing image into repository "
        f"with name '{repository}' in the registry with id '{registry_id}' do not exist",
    )


def images_required(digests: Iterable[str], repository: str, registry_id: str) -> EcrError:
    """Build ReferencedImagesNotFoundException: an index names children that are not there."""
    return EcrError(
        "ReferencedImagesNotFoundException",
        f"Images with digests '[{', '.join(digests)}]' required for pushing image into repository "
        f"with name '{repository}' in the registry with id '{registry_id}' do not exist",
    )


def layer_not_found(digest: str, repository: str, registry_id: str) -> EcrError:
    """Build GetDownloadUrlForLayer's LayersNotFoundException. Source: monken/aws-ecr-public issue 11."""
    return EcrError(
        "LayersNotFoundException",
        f"The layer with digest '{digest}' does not exist within the repository with name '{repository}' "
        f"in the registry with id '{registry_id}'",
    )


def layer_inaccessible() -> EcrError:
    """Build LayerInaccessibleException. Wording: the model's documentation."""
    return EcrError(
        "LayerInaccessibleException",
        "The specified layer is not available because it is not associated with an image. "
        "Unassociated image layers may be cleaned up at any time.",
    )


def layer_already_exists(digest: str, repository: str, registry_id: str) -> EcrError:
    """Build LayerAlreadyExistsException. Wording: guess in the pattern of its siblings."""
    return EcrError(
        "LayerAlreadyExistsException",
        f"The layer with digest '{digest}' already exists {_within(repository, registry_id)}",
    )


def upload_not_found(upload_id: str, repository: str, registry_id: str) -> EcrError:
    """Build UploadNotFoundException."""
    return EcrError(
        "UploadNotFoundException",
        f"Upload with id '{upload_id}' could not be found for the repository with name '{repository}' "
        f"in the registry with id '{registry_id}'",
    )


def invalid_layer_part(fact: str, upload_id: str, repository: str, registry_id: str, last_valid_byte: int) -> EcrError:
    """Build InvalidLayerPartException with its members; ``fact`` completes the sentence (guess)."""
    return EcrError(
        "InvalidLayerPartException",
        f"Invalid layer part upload for upload with id '{upload_id}' {_within(repository, registry_id)}: {fact}",
        {
            "registryId": registry_id,
            "repositoryName": repository,
            "uploadId": upload_id,
            "lastValidByteReceived": last_valid_byte,
        },
    )


def layer_part_too_small(part: int, size: int, upload_id: str) -> EcrError:
    """Build LayerPartTooSmallException; parts are counted from 1, sizes in bytes. Wording: guess."""
    return EcrError(
        "LayerPartTooSmallException",
        f"Layer parts must be at least 5 MiB in size, except the last: "
        f"part {part} of upload '{upload_id}' has {size} bytes",
    )


def invalid_layer() -> EcrError:
    """Build InvalidLayerException. Source: dotnet/sdk-container-builds issue 424."""
    return EcrError("InvalidLayerException", "None of the provided layer digests match the calculated layer digest")


def empty_upload(upload_id: str, repository: str, registry_id: str) -> EcrError:
    """Build EmptyUploadException. Source: devcontainers/cli issue 814."""
    return EcrError(
        "EmptyUploadException",
        f"The upload with id '{upload_id}' in the repository with name '{repository}' in registry with id "
        f"'{registry_id}' cannot be completed because it does not have any parts",
    )


def layer_archived(digest: str, repository: str, registry_id: str) -> EcrError:
    """Build LayerInaccessibleException for a layer of archived images. Guess: the model has no code of its own."""
    return EcrError(
        "LayerInaccessibleException",
        f"The layer with digest '{digest}' {_within(repository, registry_id)} "
        "is not available because all images it is associated with are archived",
    )


def kms_exception(kms_error: str, message: str) -> EcrError:
    """Build KmsException: KMS's error code is a member of its own, its sentence the message (guess)."""
    return EcrError("KmsException", message, {"kmsError": kms_error})


def limit_exceeded(fact: str) -> EcrError:
    """Build LimitExceededException. Wording: guess."""
    return EcrError("LimitExceededException", fact)


def access_denied(message: str) -> EcrError:
    """Build the error of a request that the caller may not make; the sentence is AWS's."""
    return EcrError("AccessDeniedException", message)


def unrecognized_client() -> EcrError:
    """Build what AWS answers to a key that is switched off, before the service sees the request."""
    return EcrError("UnrecognizedClientException", "The security token included in the request is invalid.")


def policy_not_found(kind: str, repository: str, registry_id: str) -> EcrError:
    """Build the error for a missing ``Lifecycle`` or ``Repository`` policy."""
    return EcrError(
        f"{kind}PolicyNotFoundException",
        f"{kind} policy does not exist for {_named(repository, registry_id)}",
    )


def preview_in_progress(repository: str, registry_id: str) -> EcrError:
    """Build LifecyclePolicyPreviewInProgressException. Wording: guess after the model's documentation."""
    return EcrError(
        "LifecyclePolicyPreviewInProgressException",
        f"The previous lifecycle policy preview for {_named(repository, registry_id)} has not completed. "
        "Wait and try again.",
    )


def preview_not_found(repository: str, registry_id: str) -> EcrError:
    """Build LifecyclePolicyPreviewNotFoundException. Wording: guess in the pattern of its siblings."""
    return EcrError(
        "LifecyclePolicyPreviewNotFoundException",
        f"Lifecycle policy preview does not exist for {_named(repository, registry_id)}",
    )


def signing_configuration_not_found(registry_id: str) -> EcrError:
    """Build SigningConfigurationNotFoundException. Wording: guess in the pattern of its siblings."""
    return EcrError(
        "SigningConfigurationNotFoundException",
        f"Signing configuration does not exist for the registry with id '{registry_id}'",
    )


def signing_invalid(place: str, fact: str) -> EcrError:
    """Build the ValidationException for a signing rule that cannot work. Wording: guess."""
    return EcrError("ValidationException", f"Invalid signing configuration at '{place}': {fact}")


def backfill_in_progress(region: str, registry_id: str) -> EcrError:
    """Build ReplicationBackfillInProgressException. Wording: guess after the model's documentation."""
    return EcrError(
        "ReplicationBackfillInProgressException",
        f"A replication backfill to the Region '{region}' is already in progress "
        f"in the registry with id '{registry_id}'",
    )


def backfill_invalid_status(backfill_id: str, status: str) -> EcrError:
    """Build ReplicationBackfillInvalidStatusException. Wording: guess."""
    return EcrError(
        "ReplicationBackfillInvalidStatusException",
        f"The replication backfill with id '{backfill_id}' cannot be stopped: its status is {status}",
    )


def backfill_not_found(backfill_id: str, registry_id: str) -> EcrError:
    """Build ReplicationBackfillNotFoundException. Wording: guess in the pattern of its siblings."""
    return EcrError(
        "ReplicationBackfillNotFoundException",
        f"The replication backfill with id '{backfill_id}' does not exist in the registry with id '{registry_id}'",
    )


def exclusion_already_exists(principal_arn: str, registry_id: str) -> EcrError:
    """Build ExclusionAlreadyExistsException. Wording: guess after the model's documentation."""
    return EcrError(
        "ExclusionAlreadyExistsException",
        f"The pull time update exclusion for the principal '{principal_arn}' already exists "
        f"in the registry with id '{registry_id}'",
    )


def exclusion_not_found(principal_arn: str, registry_id: str) -> EcrError:
    """Build ExclusionNotFoundException. Wording: guess after the model's documentation."""
    return EcrError(
        "ExclusionNotFoundException",
        f"The pull time update exclusion for the principal '{principal_arn}' was not found "
        f"in the registry with id '{registry_id}'",
    )
