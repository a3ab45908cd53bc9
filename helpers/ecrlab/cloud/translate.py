"""botocore's exceptions in the kit's words: the one place that knows both.

A refused call becomes an ``AwsCallError`` of one line, which says what was tried, AWS's code and message, and the way
out. botocore's own exception stays its ``__cause__``.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    NoCredentialsError,
    SSOError,
)

from ecrlab.errors import AwsCallError

__all__ = ["WAYS_OUT", "aws_call", "refusal_of", "way_out_of"]

WAYS_OUT: dict[str, str] = {
    # authentication and permission
    "AccessDeniedException": "allow this action for your identity, and look for a Deny in every policy that applies",
    "AccessDenied": "allow this action for your identity, and look for a Deny in every policy that applies",
    "ExpiredTokenException": "log in again (`aws sso login`, or fetch new keys), then open the lab again",
    "ExpiredToken": "log in again (`aws sso login`, or fetch new keys), then open the lab again",
    "RequestExpired": "set this machine's clock right, or log in again",
    "UnrecognizedClientException": "the access key is unknown to AWS: check the profile's keys",
    "InvalidClientTokenId": "the access key is unknown to AWS: check the profile's keys",
    "InvalidSignatureException": "check the profile's secret key and this machine's clock",
    "SignatureDoesNotMatch": "check the profile's secret key and this machine's clock",
    "OptInRequired": "enable this region for the account, or choose another one",
    # repositories
    "RepositoryNotFoundException": "check the name with describe_repositories, and account and region on lab.card()",
    "RepositoryAlreadyExistsException": "use the repository that is there, or choose another name",
    "RepositoryNotEmptyException": "delete its images first, or pass force=True to lose them",
    "RepositoryPolicyNotFoundException": "set one with set_repository_policy",
    "LifecyclePolicyNotFoundException": "set one with put_lifecycle_policy",
    # images and tags
    "ImageNotFoundException": "look at list_images: has the tag moved, or the digest a typing error?",
    "ImageAlreadyExistsException": "nothing to do: this manifest is there under this tag already",
    "ImageTagAlreadyExistsException": "push under a new tag, since this repository does not let tags move",
    "ImageDigestDoesNotMatchException": "compute the digest from the very bytes that you send as imageManifest",
    "ReferencedImagesNotFoundException": "push the images that the index names before the index itself",
    "ImageReferencedByManifestList": "delete the index that refers to this image first",
    "TooManyTagsException": "remove some: a resource carries 50 tags at most",
    "InvalidTagParameterException": "mend the resource tag: keys up to 128 characters, values up to 256",
    # layers
    "LayersNotFoundException": "upload the layers it names before put_image, the config blob among them",
    "LayerInaccessibleException": "upload the layer again under the same digest",
    "LayerAlreadyExistsException": "nothing to do: this layer is there already",
    "LayerPartTooSmallException": "send parts of at least 5 MiB, only the last may be smaller",
    "InvalidLayerException": "compare the digest that you claim with the sha256 of the bytes that you sent",
    "InvalidLayerPartException": "send parts in order, each beginning where the one before ended",
    "EmptyUploadException": "upload at least one part before complete_layer_upload",
    "UploadNotFoundException": "start again with initiate_layer_upload: an upload id lives for one layer",
    # limits, and the service itself
    "LimitExceededException": "delete what you no longer need, or ask for a higher quota in Service Quotas",
    "ThrottlingException": "wait and try again, with longer pauses each time",
    "Throttling": "wait and try again, with longer pauses each time",
    "RequestLimitExceeded": "wait and try again, with longer pauses each time",
    "TooManyRequestsException": "wait and try again, with longer pauses each time",
    "KmsException": "check that the KMS key exists, is enabled, and lets Amazon ECR use it",
    "KmsError": "check that the KMS key exists, is enabled, and lets Amazon ECR use it",
    "InvalidParameterException": "compare the parameter it names with the ECR API reference",
    "ValidationException": "compare the parameter it names with the ECR API reference",
    "ServerException": "try again; if it stays, look at the AWS Health Dashboard",
    "ServiceUnavailable": "try again; if it stays, look at the AWS Health Dashboard",
    "InternalFailure": "try again; if it stays, look at the AWS Health Dashboard",
    # botocore, before anything was sent
    "ParamValidationError": "correct the arguments of the call",
    "NoCredentialsError": "give the profile credentials with `aws configure` or `aws configure sso`",
    "ProfileNotFound": "take a name that `aws configure list-profiles` prints",
    "EndpointConnectionError": "check the region's name and this machine's network",
    "ConnectTimeoutError": "check this machine's network",
    "SSOTokenLoadError": "log in with `aws sso login`, then open the lab again",
    "UnauthorizedSSOTokenError": "log in with `aws sso login`, then open the lab again",
}
"""AWS's error code, or the name of botocore's exception -> what to do."""

_WAYS_OUT_OF_CALLS = {
    ("StartImageScan", "LimitExceededException"): (
        "wait: an image is scanned once in 24 hours, a scan on push included"
    ),
}
"""Operation and code -> what to do where the same code means something else. Source: Amazon ECR service quotas."""

_OTHERWISE = "look up this code under the operation in the AWS API reference"


def way_out_of(error: BaseException, code: str) -> str:
    """Return the instruction for a refusal, by its call, its code, or by what kind of exception it is."""
    asked = str(getattr(error, "operation_name", ""))
    if (asked, code) in _WAYS_OUT_OF_CALLS:
        return _WAYS_OUT_OF_CALLS[asked, code]
    if code in WAYS_OUT:
        return WAYS_OUT[code]
    kinds = {SSOError: "SSOTokenLoadError", NoCredentialsError: "NoCredentialsError"}
    return next((WAYS_OUT[name] for kind, name in kinds.items() if isinstance(error, kind)), _OTHERWISE)


def refusal_of(error: BaseException) -> tuple[str, str] | None:
    """Return code and message of a refusal by AWS or by botocore; ``None`` for any other exception."""
    if isinstance(error, AwsCallError):
        return error.code, error.message
    if isinstance(error, ClientError):
        details: Any = error.response.get("Error", {})
        return str(details.get("Code", "Unknown")), str(details.get("Message", ""))
    if isinstance(error, BotoCoreError):
        return type(error).__name__, str(error)
    return None


@contextmanager
def aws_call(operation: str, subject: str) -> Iterator[None]:
    """Raise the kit's error for botocore's, with the original as its cause.

    Args:
        operation: AWS's name of the call: ``CreateRepository``.
        subject: What it was made on: ``repository 'payments/api'``.

    Raises:
        AwsCallError: The call was refused, by AWS or before it was sent.
    """
    try:
        yield
    except (ClientError, BotoCoreError) as exc:
        code, message = refusal_of(exc) or ("", "")
        one_line = " ".join(message.split()).rstrip(".;")
        raise AwsCallError(operation, subject, code, one_line, way_out_of(exc, code)) from exc
