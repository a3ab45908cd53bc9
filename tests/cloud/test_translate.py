"""botocore's exceptions in the kit's words."""

from __future__ import annotations

import pickle

import boto3
import pytest
from botocore.exceptions import (
    ClientError,
    EndpointConnectionError,
    NoCredentialsError,
    SSOTokenLoadError,
    UnauthorizedSSOTokenError,
)
from ecrlab.cloud import aws_call
from ecrlab.cloud.translate import WAYS_OUT
from ecrlab.errors import AwsCallError

NOT_EXPLAINED = {
    # operations that later parts of the course teach, each with its own way out
    "BlockedByOrganizationPolicyException",
    "ExclusionAlreadyExistsException",
    "ExclusionNotFoundException",
    "ImageArchivedException",
    "ImageStorageClassUpdateNotSupportedException",
    "LifecyclePolicyPreviewInProgressException",
    "LifecyclePolicyPreviewNotFoundException",
    "PullThroughCacheRuleAlreadyExistsException",
    "PullThroughCacheRuleNotFoundException",
    "RegistryPolicyNotFoundException",
    "ScanNotFoundException",
    "SecretNotFoundException",
    "SigningConfigurationNotFoundException",
    "TemplateAlreadyExistsException",
    "TemplateNotFoundException",
    "UnableToAccessSecretException",
    "UnableToDecryptSecretValueException",
    "UnableToGetUpstreamImageException",
    "UnableToGetUpstreamLayerException",
    "UnsupportedImageTypeException",
    "UnsupportedUpstreamRegistryException",
    "UnableToListUpstreamImageReferrersException",
    "ReplicationBackfillInvalidStatusException",
    "ReplicationBackfillNotFoundException",
    "ReplicationBackfillInProgressException",
}


def refused(code: str, message: str = "no") -> ClientError:
    """AWS's refusal with this code."""
    return ClientError({"Error": {"Code": code, "Message": message}}, "PutImage")


CASES = {  # id: (botocore's exception, the whole message)
    "repository not found": (
        refused("RepositoryNotFoundException", "The repository with name 'api' does not exist."),
        "PutImage on repository 'api': RepositoryNotFoundException: The repository with name 'api' does not exist; "
        "check the name with describe_repositories, and account and region on lab.card()",
    ),
    "tag is fixed": (
        refused("ImageTagAlreadyExistsException"),
        "PutImage on repository 'api': ImageTagAlreadyExistsException: no; "
        "push under a new tag, since this repository does not let tags move",
    ),
    "layers missing": (
        refused("LayersNotFoundException"),
        "PutImage on repository 'api': LayersNotFoundException: no; "
        "upload the layers it names before put_image, the config blob among them",
    ),
    "scanned within 24 hours": (
        ClientError({"Error": {"Code": "LimitExceededException", "Message": "no"}}, "StartImageScan"),
        "PutImage on repository 'api': LimitExceededException: no; "
        "wait: an image is scanned once in 24 hours, a scan on push included",
    ),
    "throttled": (
        refused("ThrottlingException", "Rate exceeded"),
        "PutImage on repository 'api': ThrottlingException: Rate exceeded; "
        "wait and try again, with longer pauses each time",
    ),
    "two lines become one": (
        refused("ServerException", "first\n  second."),
        "PutImage on repository 'api': ServerException: first second; "
        "try again; if it stays, look at the AWS Health Dashboard",
    ),
    "a code that nobody has explained": (
        refused("BrandNewException"),
        "PutImage on repository 'api': BrandNewException: no; "
        "look up this code under the operation in the AWS API reference",
    ),
    "an answer without a code": (
        ClientError({}, "PutImage"),
        "PutImage on repository 'api': Unknown: ; look up this code under the operation in the AWS API reference",
    ),
    "no credentials": (
        NoCredentialsError(),
        "PutImage on repository 'api': NoCredentialsError: Unable to locate credentials; "
        "give the profile credentials with `aws configure` or `aws configure sso`",
    ),
    "single sign-on never done": (
        SSOTokenLoadError(error_msg="no token"),
        "PutImage on repository 'api': SSOTokenLoadError: Error loading SSO Token: no token; "
        "log in with `aws sso login`, then open the lab again",
    ),
    "single sign-on expired": (
        UnauthorizedSSOTokenError(),
        "PutImage on repository 'api': UnauthorizedSSOTokenError: The SSO session associated with this profile has "
        "expired or is otherwise invalid. To refresh this SSO session run aws sso login with the corresponding "
        "profile; log in with `aws sso login`, then open the lab again",
    ),
    "no way to AWS": (
        EndpointConnectionError(endpoint_url="https://api.ecr.us-east-1.amazonaws.com/"),
        "PutImage on repository 'api': EndpointConnectionError: Could not connect to the endpoint URL: "
        "\"https://api.ecr.us-east-1.amazonaws.com/\"; check the region's name and this machine's network",
    ),
}


@pytest.mark.parametrize(("error", "message"), CASES.values(), ids=CASES)
def test_error_one_line_with_the_way_out(error, message):
    """Operation, subject, code, AWS's words and the way out, with botocore's exception as the cause."""
    with pytest.raises(AwsCallError) as failure, aws_call("PutImage", "repository 'api'"):
        raise error

    assert message == str(failure.value)
    assert error is failure.value.__cause__


def test_an_error_carries_its_parts_and_survives_pickling():
    """Code, operation and subject can be read, also in another process."""
    with pytest.raises(AwsCallError) as failure, aws_call("PutImage", "repository 'api'"):
        raise refused("AccessDeniedException")

    again = pickle.loads(pickle.dumps(failure.value))

    assert (
        again.operation,
        again.subject,
        again.code,
        again.message,
    ) == ("PutImage", "repository 'api'", "AccessDeniedException", "no")


def test_other_exceptions_pass():
    """What is not botocore's is nobody's business here."""
    with pytest.raises(KeyError), aws_call("PutImage", "repository 'api'"):
        raise KeyError


def test_a_call_that_works_is_left_alone():
    """Without a refusal nothing happens."""
    with aws_call("PutImage", "repository 'api'"):
        pass


def test_every_error_of_the_model_is_explained_or_listed():
    """A new error in botocore's model of Amazon ECR fails here, until it has a way out or a place on the list."""
    model = boto3.Session("k", "s", region_name="us-east-1").client("ecr").meta.service_model
    modelled = {shape.metadata.get("error", {}).get("code", shape.name) for shape in model.error_shapes}

    assert modelled - set(WAYS_OUT) == NOT_EXPLAINED
