"""Signing: the configuration of the registry, and how far the signatures of an image have come."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ecrlab.emulator import errors, signing_runs
from ecrlab.emulator.call import Answer, Call
from ecrlab.emulator.state import Signing

__all__ = ["OPERATIONS"]


def put_signing_configuration(call: Call) -> Answer:
    """Replace the signing rules; they hold for what is pushed from now on."""
    configuration = call.parameters["signingConfiguration"]
    for number, rule in enumerate(configuration["rules"], start=1):
        _refuse_unusable(call, f"signingConfiguration.rules.{number}.member.signingProfileArn", rule)
    call.registry.signing = configuration
    return {"signingConfiguration": configuration}


def get_signing_configuration(call: Call) -> Answer:
    """Give the signing rules back."""
    return {"registryId": call.registry.account_id, "signingConfiguration": _present(call)}


def delete_signing_configuration(call: Call) -> Answer:
    """Stop signing. Signatures stay, and so do those that are being made."""
    configuration = _present(call)
    call.registry.signing = None
    return {"registryId": call.registry.account_id, "signingConfiguration": configuration}


def describe_image_signing_status(call: Call) -> Answer:
    """Say for each profile how its signature of an image stands. The look itself lets AWS Signer end its work."""
    repository = call.repository()
    wanted = call.parameters["imageId"]
    image = repository.images.find(wanted.get("imageDigest"), wanted.get("imageTag"))
    if image is None:
        raise errors.image_not_found(wanted, repository.name, repository.registry_id)
    statuses = [_status(profile, signing) for profile, signing in image.signings.items()]
    signing_runs.finish(call.registry)
    return {
        "registryId": repository.registry_id,
        "repositoryName": repository.name,
        "imageId": {"imageDigest": image.digest} | dict(wanted),
        "signingStatuses": statuses,
    }


def _present(call: Call) -> Mapping[str, Any]:
    if call.registry.signing is None:
        raise errors.signing_configuration_not_found(call.registry.account_id)
    return call.registry.signing


def _refuse_unusable(call: Call, place: str, rule: Mapping[str, Any]) -> None:
    """Refuse a rule whose profile cannot sign images here.

    Guess: that AWS looks at the profile at once, and its words; the User Guide says that it has to be in the Region
    of the registry, and the AWS Signer Developer Guide which platform is for container images.
    """
    arn = rule["signingProfileArn"]
    if arn.split(":")[3] != call.registry.region:
        fact = f"The signing profile must be in the Region {call.registry.region} of the registry"
        raise errors.signing_invalid(place, fact)
    profile = call.registry.neighbours.profile(arn)
    if profile is None:
        raise errors.signing_invalid(place, "The signing profile does not exist")
    if not profile.is_active:
        raise errors.signing_invalid(place, "The signing profile is canceled")
    if profile.platform != signing_runs.PLATFORM:
        fact = f"The platform of the signing profile must be {signing_runs.PLATFORM}, not {profile.platform}"
        raise errors.signing_invalid(place, fact)


def _status(profile: str, signing: Signing) -> Answer:
    """Return the ``ImageSigningStatus`` structure."""
    status: Answer = {"signingProfileArn": profile, "status": signing.status}
    if signing.status == "FAILED":
        status |= {"failureCode": signing.failure_code, "failureReason": signing.failure_reason}
    return status


OPERATIONS = {
    "DeleteSigningConfiguration": delete_signing_configuration,
    "DescribeImageSigningStatus": describe_image_signing_status,
    "GetSigningConfiguration": get_signing_configuration,
    "PutSigningConfiguration": put_signing_configuration,
}
