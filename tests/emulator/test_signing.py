"""Managed signing: what is pushed is signed for real, and the signature lies beside the image as its referrer."""

from __future__ import annotations

from datetime import UTC, datetime

import boto3
import pytest
from access_world import allow, client, deny, user
from client_world import ACCOUNT, OCI_IMAGE, refusal
from ecrlab import oci, registry, signatures
from ecrlab.clock import START
from ecrlab.emulator.signing_runs import _after
from signing_world import IMAGE, OTHER, REGION, configure, profile, rule, signatures_of, status, verified

NONE = "Signing configuration does not exist for the registry with id '123456789012'"
ARN = f"arn:aws:signer:{REGION}:{ACCOUNT}:/signing-profiles/"


def push(world, image=IMAGE, tag="1.0", repository="team/api"):
    """Push an image."""
    registry.push(world.ecr, image, repository, tag=tag)


# --- the configuration --------------------------------------------------------------------------------------------


def test_a_configuration_is_kept_until_it_is_deleted(ecr):
    """Put, replaced, got, deleted; without one, Get and Delete say so."""
    first, second = rule(profile("one")), rule(profile("two"), "team/*", "*prod*")
    assert {"rules": [first]} == configure(ecr, first)["signingConfiguration"]
    assert {"rules": [second, first]} == configure(ecr, second, first)["signingConfiguration"]
    for call in (ecr.get_signing_configuration, ecr.delete_signing_configuration):
        answer = call()
        assert (ACCOUNT, {"rules": [second, first]}) == (answer["registryId"], answer["signingConfiguration"])
    for call in (ecr.get_signing_configuration, ecr.delete_signing_configuration):
        assert ("SigningConfigurationNotFoundException", NONE) == refusal(call)


def test_a_configuration_belongs_to_one_region(ecr):
    """As everything of a registry does."""
    configure(ecr, rule(profile()))
    elsewhere = boto3.client("ecr", region_name="eu-west-1")
    assert ("SigningConfigurationNotFoundException", NONE) == refusal(elsewhere.get_signing_configuration)


PATTERN = r"^arn:aws(-[a-z]+)*:signer:[a-z0-9-]+:[0-9]{12}:\/signing-profiles\/[a-zA-Z0-9_]{2,}$"
FILTER = r"^(?:[a-z0-9*]+(?:[._-][a-z0-9*]+)*/)*[a-z0-9*]+(?:[._-][a-z0-9*]+)*$"
WHERE = "signingConfiguration.rules"
REFUSED = {
    "eleven rules": (
        [rule(f"{ARN}api")] * 11,
        "InvalidParameterException",
        f"Invalid parameter at '{WHERE}' failed to satisfy constraint: "
        "'Member must have length less than or equal to 10'",
    ),
    "101 filters": (
        [rule(f"{ARN}api", *(f"team/{number}" for number in range(101)))],
        "InvalidParameterException",
        f"Invalid parameter at '{WHERE}.1.member.repositoryFilters' failed to satisfy constraint: "
        "'Member must have length less than or equal to 100'",
    ),
    "a filter with capitals": (
        [rule(f"{ARN}api", "Team/*")],
        "InvalidParameterException",
        f"Invalid parameter at '{WHERE}.1.member.repositoryFilters.1.member.filter' failed to satisfy constraint: "
        f"'must satisfy regular expression '{FILTER}''",
    ),
    "another kind of filter": (
        [{"signingProfileArn": f"{ARN}api", "repositoryFilters": [{"filter": "a", "filterType": "PREFIX_MATCH"}]}],
        "InvalidParameterException",
        f"Invalid parameter at '{WHERE}.1.member.repositoryFilters.1.member.filterType' failed to satisfy constraint: "
        "'Member must satisfy enum value set: [WILDCARD_MATCH]'",
    ),
    "the name of a profile": (
        [rule("api")],
        "InvalidParameterException",
        f"Invalid parameter at '{WHERE}.1.member.signingProfileArn' failed to satisfy constraint: "
        f"'must satisfy regular expression '{PATTERN}''",
    ),
    "a profile of another Region": (
        [rule(f"{ARN}api"), rule(f"arn:aws:signer:eu-west-1:{ACCOUNT}:/signing-profiles/api")],
        "ValidationException",
        f"Invalid signing configuration at '{WHERE}.2.member.signingProfileArn': "
        "The signing profile must be in the Region us-east-1 of the registry",
    ),
    "a profile that is not there": (
        [rule(f"{ARN}none")],
        "ValidationException",
        f"Invalid signing configuration at '{WHERE}.1.member.signingProfileArn': The signing profile does not exist",
    ),
    "a profile that was cancelled": (
        [rule(f"{ARN}old")],
        "ValidationException",
        f"Invalid signing configuration at '{WHERE}.1.member.signingProfileArn': The signing profile is canceled",
    ),
    "a profile for Lambda": (
        [rule(f"{ARN}lambda")],
        "ValidationException",
        f"Invalid signing configuration at '{WHERE}.1.member.signingProfileArn': The platform of the signing profile "
        "must be Notation-OCI-SHA384-ECDSA, not AWSLambda-SHA384-ECDSA",
    ),
}


@pytest.mark.parametrize(("rules", "code", "message"), REFUSED.values(), ids=REFUSED)
def test_rules_that_are_refused(rules, code, message, ecr):
    """The model's limits, and profiles that cannot sign; what was configured before stays."""
    profile("api")
    profile("lambda", "AWSLambda-SHA384-ECDSA")
    profile("old")
    boto3.client("signer", region_name=REGION).cancel_signing_profile(profileName="old")
    configure(ecr)
    assert (code, message) == refusal(ecr.put_signing_configuration, signingConfiguration={"rules": rules})
    assert {"rules": []} == ecr.get_signing_configuration()["signingConfiguration"]


# --- signing ------------------------------------------------------------------------------------------------------


def test_a_push_is_signed(world):
    """In progress at the first look, complete at the next; a referrer that verifies for this profile only."""
    arn = profile()
    configure(world.ecr, rule(arn))
    push(world)
    expected = [{"signingProfileArn": arn, "status": "IN_PROGRESS"}]
    assert expected == status(world)
    assert [expected[0] | {"status": "COMPLETE"}] == status(world)
    (signature,) = signatures_of(world)
    assert IMAGE.digest == signature.document.subject.digest
    verification = verified(world, signature, arn)
    assert (True, START) == (verification.trusted, verification.signed_at)
    assert arn == verification.job.profile
    assert signatures.Verdict.UNTRUSTED_IDENTITY is verified(world, signature, f"{arn}2").verdict
    assert signatures.Verdict.WRONG_SUBJECT is verified(world, signature, arn, image=OTHER).verdict


def test_whoever_looks_elsewhere_finds_it_signed(world):
    """Any call but the question for the status comes after the signing, and so does a later time."""
    configure(world.ecr, rule(profile()))
    push(world)
    assert 1 == len(signatures_of(world))
    push(world, OTHER, "2.0")
    world.clock.advance(seconds=1)
    assert ["COMPLETE"] == [each["status"] for each in status(world, OTHER)]


def test_the_answer_names_the_image(world):
    """By digest, and by the tag if it was asked by one."""
    configure(world.ecr)
    push(world)
    answer = world.ecr.describe_image_signing_status(repositoryName="team/api", imageId={"imageTag": "1.0"})
    named = {"imageDigest": str(IMAGE.digest), "imageTag": "1.0"}
    assert (ACCOUNT, "team/api", named, []) == (
        answer["registryId"],
        answer["repositoryName"],
        answer["imageId"],
        answer["signingStatuses"],
    )


def test_a_signature_is_an_image(world):
    """It counts, it is described with its subject and its type, it has no tag, and nobody signs it in turn."""
    configure(world.ecr, rule(profile()))
    push(world)
    (signature,) = signatures_of(world)
    image, described = world.details()
    assert str(IMAGE.digest) == image["imageDigest"]
    expected = {
        "imageDigest": str(signature.digest),
        "imageSizeInBytes": signature.size,
        "imagePushedAt": START,
        "imageManifestMediaType": OCI_IMAGE,
        "artifactMediaType": signatures.SIGNATURE_TYPE,
        "subjectManifestDigest": str(IMAGE.digest),
        "imageStatus": "ACTIVE",
    }
    assert expected == {name: described.get(name) for name in expected}
    assert "imageTags" not in described
    assert [] == signatures_of(world, signature)
    assert 2 == len(world.details())


def test_signatures_of_ones_own_are_not_signed(world):
    """Whoever pushed them; a bill of materials is."""
    arn = profile()
    configure(world.ecr, rule(arn))
    team = signatures.authority("Team", since=START)
    own = signatures.sign(IMAGE, team.issue("build", since=START), signed_at=START)
    sbom = oci.artifact(IMAGE, "application/vnd.cyclonedx+json", "{}", media_type="application/vnd.cyclonedx+json")
    for artifact in (own, sbom):
        registry.push(world.ecr, artifact, "team/api")
    assert [] == status(world, own)
    assert [arn] == [each["signingProfileArn"] for each in status(world, sbom)]


def test_every_manifest_of_an_index_is_signed(world):
    """Each is a push of its own."""
    index = oci.index(IMAGE, oci.image(oci.layer({"app.py": "print('hi')"}), architecture="arm64"))
    arn = profile()
    configure(world.ecr, rule(arn))
    registry.push(world.ecr, index, "team/api", tag="1.0")
    for pushed in (*index.children, index):
        (signature,) = signatures_of(world, pushed)
        assert verified(world, signature, arn, image=pushed).trusted


FILTERS = {
    "all": ([()], {"team/api": 1, "team/prod-web": 1, "prod": 1}),
    "a name": ([("team/api",)], {"team/api": 1}),
    "a beginning": ([("team/*",)], {"team/api": 1, "team/prod-web": 1}),
    "a middle": ([("*prod*",)], {"team/prod-web": 1, "prod": 1}),
    "an end": ([("*/api", "pr*")], {"team/api": 1, "prod": 1}),
    "a name is no beginning": ([("team",)], {}),
    "several rules": ([("team/*",), ("*prod*",), ("nobody",)], {"team/api": 1, "team/prod-web": 2, "prod": 1}),
}


@pytest.mark.parametrize(("rules", "expected"), FILTERS.values(), ids=FILTERS)
def test_rules_choose_by_the_repository(rules, expected, world):
    """A star stands for any characters; without one a filter is the whole name. Several rules, several signatures."""
    configure(world.ecr, *(rule(profile(f"rule_{number}"), *each) for number, each in enumerate(rules)))
    found = {}
    for name in ("team/api", "team/prod-web", "prod"):
        if name != "team/api":
            world.ecr.create_repository(repositoryName=name)
        push(world, repository=name)
        found[name] = len(signatures_of(world, repository=name))
    assert expected == {name: count for name, count in found.items() if count}


def test_two_rules_with_one_profile_sign_once(world):
    """The status is the profile's, and so is the signature."""
    arn = profile()
    configure(world.ecr, rule(arn, "team/*"), rule(arn, "*api"))
    push(world)
    assert 1 == len(signatures_of(world))


def test_what_was_there_before_stays_unsigned(world):
    """A configuration holds for what is pushed from now on; so does its end."""
    push(world)
    configure(world.ecr, rule(profile()))
    assert ([], []) == (status(world), signatures_of(world))
    push(world, OTHER, "2.0")
    world.ecr.delete_signing_configuration()
    assert 1 == len(signatures_of(world, OTHER))
    third = oci.image(oci.layer({"app.py": "3"}))
    push(world, third, "3.0")
    assert [] == signatures_of(world, third)


def test_another_tag_brings_no_second_signature(world):
    """The digest is signed, not the tag; a profile that came later signs now."""
    first, second = profile("first"), profile("second")
    configure(world.ecr, rule(first))
    push(world)
    configure(world.ecr, rule(first), rule(second))
    push(world, tag="stable")
    assert 2 == len(signatures_of(world))


def test_the_same_pushes_give_the_same_signatures(world):
    """For one version of a profile: keys, times and ids follow from what is signed."""
    configure(world.ecr, rule(profile()))
    push(world)
    (first,) = signatures_of(world)
    world.delete({"imageDigest": str(first.digest)}, {"imageDigest": str(IMAGE.digest)})
    push(world)
    assert [first] == signatures_of(world)


def test_a_signature_expires_with_its_profiles_validity(world):
    """135 months unless the profile says otherwise."""
    arn = profile(signatureValidityPeriod={"value": 2, "type": "DAYS"})
    configure(world.ecr, rule(arn), rule(profile("long")))
    push(world)
    short, long = signatures_of(world)
    world.clock.advance(days=2)
    assert signatures.Verdict.EXPIRED is verified(world, short, arn).verdict
    assert verified(world, long, f"{ARN}long").trusted


@pytest.mark.parametrize(
    ("number", "unit", "expected"),
    [
        (1, "DAYS", datetime(2024, 2, 1, 12, tzinfo=UTC)),
        (1, "MONTHS", datetime(2024, 2, 29, 12, tzinfo=UTC)),
        (13, "MONTHS", datetime(2025, 2, 28, 12, tzinfo=UTC)),
        (135, "MONTHS", datetime(2035, 4, 30, 12, tzinfo=UTC)),
        (11, "MONTHS", datetime(2024, 12, 31, 12, tzinfo=UTC)),
        (4, "YEARS", datetime(2028, 1, 31, 12, tzinfo=UTC)),
    ],
)
def test_validity_periods(number, unit, expected):
    """From the last day of January 2024."""
    assert expected == _after(datetime(2024, 1, 31, 12, tzinfo=UTC), number, unit)


def test_a_signature_follows_its_subject(world):
    """Deleted within a day, as every referrer is."""
    configure(world.ecr, rule(profile()))
    push(world)
    assert 1 == len(signatures_of(world))
    world.delete({"imageTag": "1.0"})
    world.clock.advance(days=1)
    assert [] == world.details()


# --- failures -----------------------------------------------------------------------------------------------------


def failure(world, image=IMAGE):
    """Return code and reason of a signing that has failed."""
    status(world, image)
    (found,) = status(world, image)
    assert "FAILED" == found["status"]
    return found["failureCode"], found["failureReason"]


def test_a_profile_that_is_cancelled_meanwhile(world):
    """The push succeeds; the signature fails, and is tried again when the image is pushed again."""
    arn = profile()
    configure(world.ecr, rule(arn))
    boto3.client("signer", region_name=REGION).cancel_signing_profile(profileName="api")
    push(world)
    assert ("ValidationException", f"The signing profile {arn} is canceled") == failure(world)
    assert [] == signatures_of(world)
    profile()
    push(world, tag="again")
    assert 1 == len(signatures_of(world))
    assert ["COMPLETE"] == [each["status"] for each in status(world)]


def test_a_profile_that_is_gone(world):
    """Moto forgets nothing by itself; here somebody took it away."""
    arn = profile()
    configure(world.ecr, rule(arn))
    from moto.signer.models import signer_backends

    del signer_backends[ACCOUNT][REGION].signing_profiles["api"]
    push(world)
    assert ("ResourceNotFoundException", f"The signing profile {arn} does not exist") == failure(world)


def pusher(*statements):
    """Return a client of somebody who may push, and what else is said."""
    keys = user("ana", allow("ecr:*"), *statements)
    return client("ecr", keys)


def test_the_pusher_has_to_be_allowed_to_sign(world):
    """signer:SignPayload on the profile; without it the push is let in, and nothing is signed."""
    arn = profile()
    configure(world.ecr, rule(arn))
    registry.push(pusher(), IMAGE, "team/api", tag="1.0")
    sentence = (
        f"User: arn:aws:iam::{ACCOUNT}:user/ana is not authorized to perform: signer:SignPayload on resource: {arn} "
        "because no identity-based policy allows the signer:SignPayload action"
    )
    assert ("AccessDeniedException", sentence) == failure(world)


def test_a_pusher_who_may_sign(world):
    """With one profile and not with another."""
    arn, other = profile(), profile("other")
    configure(world.ecr, rule(arn), rule(other))
    ecr = pusher(allow("signer:SignPayload"), deny("signer:*", resource=other))
    registry.push(ecr, IMAGE, "team/api", tag="1.0")
    status(world)
    assert {arn: "COMPLETE", other: "FAILED"} == {each["signingProfileArn"]: each["status"] for each in status(world)}


def test_a_repository_whose_key_is_disabled_meanwhile(world):
    """The signature could not be stored."""
    kms = boto3.client("kms", region_name=REGION)
    key = kms.create_key()["KeyMetadata"]
    configuration = {"encryptionType": "KMS", "kmsKey": key["Arn"]}
    world.ecr.create_repository(repositoryName="team/secret", encryptionConfiguration=configuration)
    configure(world.ecr, rule(profile()))
    push(world, repository="team/secret")
    kms.disable_key(KeyId=key["KeyId"])
    status(world, repository="team/secret")
    (found,) = status(world, repository="team/secret")
    expected = ("FAILED", "KmsException", f"DisabledException: {key['Arn']} is disabled.")
    assert expected == (found["status"], found["failureCode"], found["failureReason"])


def test_an_image_that_is_deleted_at_once(world):
    """Nothing is left of it, and nothing of its signing."""
    configure(world.ecr, rule(profile()))
    push(world)
    world.ecr.delete_repository(repositoryName="team/api", force=True)
    world.clock.advance(seconds=1)
    world.ecr.create_repository(repositoryName="team/api")
    assert [] == world.details()


def test_the_status_of_what_is_not_there(ecr):
    """ImageNotFoundException, RepositoryNotFoundException."""
    asked = {"repositoryName": "team/api", "imageId": {"imageTag": "none"}}
    sentence = (
        "The image with imageId {imageDigest:'null', imageTag:'none'} does not exist within the repository with name "
        "'team/api' in the registry with id '123456789012'"
    )
    assert ("ImageNotFoundException", sentence) == refusal(ecr.describe_image_signing_status, **asked)
    code, _ = refusal(ecr.describe_image_signing_status, **asked | {"repositoryName": "team/none"})
    assert "RepositoryNotFoundException" == code
