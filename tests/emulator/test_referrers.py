"""Referrers: what is about an image is listed by the image's digest, whether the image is there or not."""

from __future__ import annotations

import json

import pytest
from access_world import OWN, allow, client, user
from client_world import OCI_IMAGE, descriptor, digest_of, manifest, refusal
from ecrlab import oci, registry

SBOM = "application/vnd.cyclonedx+json"
SIGNATURE = "application/vnd.cncf.notary.signature"
IMAGE = oci.image(oci.layer({"app.py": "print('hi')"}))


def attach(world, subject, number=0, artifact_type=SBOM, **parameters):
    """Push an artifact about ``subject``; return its digest."""
    data = f"artifact {number}"
    made = oci.artifact(subject, artifact_type, data, media_type=SBOM, **parameters)
    registry.push(world.ecr, made, world.repository)
    return str(made.digest)


def referrers(world, subject=IMAGE, **parameters):
    """List the referrers of an image."""
    wanted = {"imageDigest": str(subject.digest)}
    return world.ecr.list_image_referrers(repositoryName=world.repository, subjectId=wanted, **parameters)


def digests(answer):
    """Reduce an answer to its digests."""
    return [each["digest"] for each in answer["referrers"]]


def test_an_attached_artifact_is_found(world):
    """Pushed like an image, without a tag; described as OCI describes a referrer, and counted as an image."""
    registry.push(world.ecr, IMAGE, world.repository, tag="1.0")
    made = oci.artifact(IMAGE, SBOM, {"components": []}, media_type=SBOM, annotations={"tool": "ecrlab"})
    registry.push(world.ecr, made, world.repository)
    expected = {
        "digest": str(made.digest),
        "mediaType": OCI_IMAGE,
        "artifactType": SBOM,
        "size": len(made.manifest),
        "annotations": {"tool": "ecrlab"},
        "artifactStatus": "ACTIVE",
    }
    assert [expected] == referrers(world)["referrers"]
    pulled = registry.pull(world.ecr, world.repository, str(made.digest))
    assert made == pulled
    details = world.details()
    assert [None, str(IMAGE.digest)] == [each.get("subjectManifestDigest") for each in details]


def test_the_subject_may_come_later_or_never(world):
    """OCI: a client may attach what it likes first; listing the referrers of nothing is an empty list, no error."""
    assert [] == digests(referrers(world))
    early = attach(world, IMAGE)
    assert [early] == digests(referrers(world))
    registry.push(world.ecr, IMAGE, world.repository)
    assert [early] == digests(referrers(world))


def test_an_artifact_may_refer_to_an_artifact(world):
    """A signature of a bill of materials is about the bill, not about the image."""
    sbom = oci.artifact(IMAGE, SBOM, "components", media_type=SBOM)
    registry.push(world.ecr, sbom, world.repository)
    signature = attach(world, sbom, artifact_type=SIGNATURE)
    assert [str(sbom.digest)] == digests(referrers(world))
    assert [signature] == digests(referrers(world, sbom))


def test_filters_by_type(world):
    """Up to five types; an image manifest without artifactType has the type of its config."""
    sbom, signature = attach(world, IMAGE, 1), attach(world, IMAGE, 2, SIGNATURE)
    config = b"chart"
    world.ensure(config)
    helm = "application/vnd.cncf.helm.config.v1+json"
    subject = {"mediaType": OCI_IMAGE, "digest": str(IMAGE.digest), "size": len(IMAGE.manifest)}
    chart = world.put(
        json.dumps(json.loads(manifest(config=config, subject=subject)) | {"config": descriptor(config, helm)})
    )
    found = {
        kinds: digests(referrers(world, filter={"artifactTypes": list(kinds)}))
        for kinds in [(), (SBOM,), (SIGNATURE, helm), ("application/json",)]
    }
    expected = {
        (): [sbom, signature, chart],
        (SBOM,): [sbom],
        (SIGNATURE, helm): [signature, chart],
        ("application/json",): [],
    }
    assert expected == found


def test_filters_by_status(world):
    """What lies in the archive is left out unless it is asked for."""
    in_use, archived = attach(world, IMAGE, 1), attach(world, IMAGE, 2)
    world.ecr.update_image_storage_class(
        repositoryName=world.repository, imageId={"imageDigest": archived}, targetStorageClass="ARCHIVE"
    )
    found = {
        status: digests(referrers(world, filter={"artifactStatus": status})) for status in ("ACTIVE", "ARCHIVED", "ANY")
    }
    assert {"ACTIVE": [in_use], "ARCHIVED": [archived], "ANY": [in_use, archived]} == found
    assert [in_use] == digests(referrers(world))


def test_pages(world):
    """Twenty a page unless maxResults says otherwise; no referrer is lost or repeated when others go meanwhile."""
    pushed = [attach(world, IMAGE, number) for number in range(23)]
    first = referrers(world)
    assert pushed[:20] == digests(first)
    world.delete({"imageDigest": pushed[3]})
    rest = referrers(world, nextToken=first["nextToken"])
    assert (pushed[20:], False) == (digests(rest), "nextToken" in rest)
    page = referrers(world, maxResults=2)
    refused = refusal(
        world.ecr.list_image_referrers,
        repositoryName=world.repository,
        subjectId={"imageDigest": str(IMAGE.digest)},
        filter={"artifactStatus": "ANY"},
        nextToken=page["nextToken"],
    )
    sentence = "Invalid parameter at 'nextToken' failed to satisfy constraint: 'Invalid next token'"
    assert ("InvalidParameterException", sentence) == refused


REFUSED = {
    "no such repository": (
        {"repositoryName": "team/none"},
        "RepositoryNotFoundException",
        "The repository with name 'team/none' does not exist in the registry with id '123456789012'",
    ),
    "a tag for a digest": (
        {"subjectId": {"imageDigest": "latest"}},
        "InvalidParameterException",
        "Invalid parameter at 'subjectId.imageDigest' failed to satisfy constraint: 'must satisfy regular expression "
        "'sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}''",
    ),
    "six types": (
        {"filter": {"artifactTypes": ["a/b"] * 6}},
        "InvalidParameterException",
        "Invalid parameter at 'filter.artifactTypes' failed to satisfy constraint: 'Member must have length less than "
        "or equal to 5'",
    ),
    "an unknown status": (
        {"filter": {"artifactStatus": "DELETED"}},
        "InvalidParameterException",
        "Invalid parameter at 'filter.artifactStatus' failed to satisfy constraint: 'Member must satisfy enum value "
        "set: [ACTIVE, ARCHIVED, ACTIVATING, ANY]'",
    ),
    "too large a page": (
        {"maxResults": 51},
        "InvalidParameterException",
        "Invalid parameter at 'maxResults' failed to satisfy constraint: 'Member must have value less than or equal "
        "to 50'",
    ),
}


@pytest.mark.parametrize(("changed", "code", "message"), REFUSED.values(), ids=REFUSED)
def test_what_is_refused(changed, code, message, ecr):
    """AWS's code, and the whole message."""
    parameters = {"repositoryName": "team/api", "subjectId": {"imageDigest": digest_of("x")}} | changed
    assert (code, message) == refusal(ecr.list_image_referrers, **parameters)


def test_whoever_may_pull_may_list_referrers(world):
    """AWS checks ecr:BatchGetImage for it; a permission of the operation's own name is worth nothing."""
    registry.push(world.ecr, IMAGE, world.repository)
    call = {"repositoryName": world.repository, "subjectId": {"imageDigest": str(IMAGE.digest)}}
    puller = client("ecr", user("ana", allow("ecr:BatchGetImage"), account=OWN))
    assert [] == puller.list_image_referrers(**call)["referrers"]
    lister = client("ecr", user("ben", allow("ecr:ListImageReferrers"), account=OWN))
    code, message = refusal(lister.list_image_referrers, **call)
    assert ("AccessDeniedException", True) == (code, "perform: ecr:BatchGetImage on" in message)
