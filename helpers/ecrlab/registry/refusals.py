"""What a refusal of AWS means for a push or a pull: code → fact and way out.

The codes are those of the botocore 1.44.5 model of ECR, and the common errors of every AWS API. The fact may use
``{repository}`` and ``{message}``, AWS's own text; the way out may use ``{repository}``.
"""

from __future__ import annotations

from ecrlab.errors import RegistryError

__all__ = ["refused"]

_LOGIN_AGAIN = "renew your AWS credentials and make a new client"

_MEANINGS: dict[str, tuple[str, str]] = {
    "RepositoryNotFoundException": (
        "there is no repository {repository!r} in this registry",
        "create it with ecr.create_repository(repositoryName={repository!r}), or check region and account",
    ),
    "ImageTagAlreadyExistsException": (
        "the tag is immutable and names another image already",
        "push under a new tag, or exclude this tag from immutability",
    ),
    "LayersNotFoundException": (
        "the manifest names a layer that the repository does not have: {message}",
        "push the image again with all its layers",
    ),
    "ReferencedImagesNotFoundException": (
        "the index names an image that the repository does not have: {message}",
        "push the images first, then the index",
    ),
    "ImageDigestDoesNotMatchException": (
        "ECR computed another digest for the manifest: {message}",
        "push the bytes of the manifest unchanged",
    ),
    "InvalidLayerException": (
        "ECR computed another digest for the layer than was named: {message}",
        "check the layer with oci.validate(image)",
    ),
    "InvalidLayerPartException": ("ECR expected another byte next: {message}", "start the push again"),
    "LayerPartTooSmallException": ("a part is too small: {message}", "only the last part may be below 5 MiB"),
    "EmptyUploadException": ("the layer has no bytes", "leave it out of the image"),
    "UploadNotFoundException": ("ECR has forgotten the upload: {message}", "start the push again"),
    "LayerInaccessibleException": (
        "the layer exists and cannot be fetched: {message}",
        "restore the image from the archive first",
    ),
    "LimitExceededException": ("a quota is reached: {message}", "delete images, or ask AWS for more"),
    "KmsException": ("the key of the repository cannot be used: {message}", "check the KMS key and its policy"),
    "UnableToGetUpstreamImageException": ("the upstream registry has no such image: {message}", "check the name"),
    "UnableToGetUpstreamLayerException": ("the upstream registry did not give the layer: {message}", "try again"),
    "AccessDeniedException": (
        "it is not allowed: {message}",
        "ask for this action in an identity or repository policy",
    ),
    "ExpiredTokenException": ("the AWS credentials have expired", _LOGIN_AGAIN),
    "ExpiredToken": ("the AWS credentials have expired", _LOGIN_AGAIN),
    "UnrecognizedClientException": ("AWS does not know these credentials", _LOGIN_AGAIN),
    "InvalidSignatureException": ("AWS does not accept the signature: {message}", "check the secret key and the clock"),
    "ThrottlingException": ("AWS asks to slow down: {message}", "wait a little and start again"),
    "ServerException": ("ECR has a fault of its own: {message}", "try again"),
    # failures[] of BatchGetImage
    "ImageNotFound": ("there is no such image in repository {repository!r}", "see ecr.list_images()"),
    "ImageInaccessible": (
        "the image is archived, or it is being restored",
        "restore it with ecr.update_image_storage_class(), wait until it is ACTIVE, and pull again",
    ),
    "KmsError": ("the key of the repository cannot be used: {message}", "check the KMS key and its policy"),
    "UpstreamAccessDenied": ("the upstream registry refused: {message}", "check the pull-through cache rule's secret"),
    "UpstreamTooManyRequests": ("the upstream registry asks to slow down: {message}", "wait and pull again"),
    "UpstreamUnavailable": ("the upstream registry does not answer: {message}", "pull again later"),
}


def refused(place: str, operation: str, code: str, message: str, repository: str) -> RegistryError:
    """Return the error for a refusal; an unknown code is passed on with AWS's words."""
    fact, way_out = _MEANINGS.get(code, ("{message}", f"read about {operation} in the ECR API reference"))
    words = {"repository": repository, "message": message.strip() or "no message"}
    return RegistryError(place, f"{fact.format(**words)} ({code} from {operation})", way_out.format(**words))
