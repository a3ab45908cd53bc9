"""What the tests of managed signing do all the time: make profiles, write rules, push, verify."""

from __future__ import annotations

from typing import Any

import boto3
from client_world import World
from ecrlab import oci, registry, signatures

REGION = "us-east-1"
PLATFORM = "Notation-OCI-SHA384-ECDSA"
IMAGE = oci.image(oci.layer({"app.py": "print('hi')"}))
OTHER = oci.image(oci.layer({"app.py": "print('ho')"}))


def profile(name: str = "api", platform: str = PLATFORM, **parameters: Any) -> str:
    """Make a signing profile; return its ARN."""
    signer = boto3.client("signer", region_name=REGION)
    return signer.put_signing_profile(profileName=name, platformId=platform, **parameters)["arn"]


def rule(arn: str, *filters: str) -> dict[str, Any]:
    """Write a signing rule."""
    listed = [{"filter": each, "filterType": "WILDCARD_MATCH"} for each in filters]
    return {"signingProfileArn": arn} | ({"repositoryFilters": listed} if listed else {})


def configure(ecr: Any, *rules: dict[str, Any]) -> dict[str, Any]:
    """Put a signing configuration."""
    return ecr.put_signing_configuration(signingConfiguration={"rules": list(rules)})


def status(world: World, image: oci.Image = IMAGE, repository: str = "team/api") -> list[dict[str, str]]:
    """Look how the signatures of an image stand."""
    wanted = {"imageDigest": str(image.digest)}
    return world.ecr.describe_image_signing_status(repositoryName=repository, imageId=wanted)["signingStatuses"]


def signatures_of(world: World, image: oci.Image = IMAGE, repository: str = "team/api") -> list[oci.Image]:
    """Pull the signatures that are listed as referrers of an image."""
    listed = world.ecr.list_image_referrers(
        repositoryName=repository,
        subjectId={"imageDigest": str(image.digest)},
        filter={"artifactTypes": [signatures.SIGNATURE_TYPE]},
    )["referrers"]
    return [registry.pull(world.ecr, repository, each["digest"]) for each in listed]


def verified(world: World, artifact: oci.Image, *profiles: str, image: oci.Image = IMAGE) -> signatures.Verification:
    """Verify a signature with trust in some profiles."""
    trust = signatures.trust(signing_authorities=[signatures.lab_signer_root()], identities=profiles)
    return signatures.verify(artifact, subject=image, trust=trust, now=world.clock.now())
