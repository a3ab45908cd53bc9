"""Single checks on facts that no lab can be brought to at will: what signing says, odd policies, what is missing."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from ecrlab import lifecycle
from ecrlab.clock import START
from ecrlab.errors import RegistryError
from ecrlab.registry import Inventory
from ecrlab.security import newest_checks, policy_checks, repository_checks
from ecrlab.security.fact_reading import read_registry, read_repository
from ecrlab.security.facts import Newest, Referrer, RegistryFacts, RepositoryFacts, Settings, SigningStatus, Terms
from ecrlab.security.reading import Reading, Unread, unread_from

NAME = "payments/api"
ARN = "arn:aws:ecr:us-east-1:111122223333:repository/payments/api"
PROFILE = "arn:aws:signer:us-east-1:111122223333:/signing-profiles/release"
TERMS = Terms(now=START)
IMAGE = lifecycle.Image("sha256:" + "5e" * 32, START, ("1.0",))
DENIED = Unread("ListImageReferrers", denied=True, message="no")
NOTATION = Referrer("sha256:" + "6f" * 32, "application/vnd.cncf.notary.signature")


def facts(*, newest=None, **more):
    """Return facts about a repository with one image, as AWS's defaults have it."""
    settings = Settings(ARN, "MUTABLE", (), "AES256", None)
    given = {"settings": settings, "scanning": DENIED, "policy": None, "lifecycle": None, "newest": newest}
    given |= {"images": Inventory([IMAGE], NAME), "registry": RegistryFacts({}, None)}
    return RepositoryFacts(name=NAME, **(given | more))


def signing(*statuses, referrers=()):
    """Return the newest image with what managed signing says of it."""
    listed = tuple(SigningStatus(PROFILE, status, "AccessDenied" * (status == "FAILED")) for status in statuses)
    return Newest(IMAGE, None, listed, referrers)


SIGNING = {  # id: (the newest image, outcome, reason)
    "done": (
        signing("COMPLETE"),
        "PASS",
        f"`payments/api:1.0` was signed with {PROFILE}; whether to trust it, only a verification says.",
    ),
    "failed": (signing("FAILED"), "FAIL", f"Signing `payments/api:1.0` with {PROFILE} failed: AccessDenied."),
    "one profile failed, another signed": (
        signing("FAILED", "COMPLETE"),
        "PASS",
        f"`payments/api:1.0` was signed with {PROFILE}; whether to trust it, only a verification says.",
    ),
    "under way": (signing("IN_PROGRESS"), "NOT_KNOWN", "`payments/api:1.0` is being signed."),
    "nobody": (signing(), "FAIL", "Nobody has signed `payments/api:1.0`."),
    "a signature, whatever managed signing says": (
        Newest(IMAGE, None, DENIED, (NOTATION,)),
        "PASS",
        "`payments/api:1.0` has a signature; whether to trust it, only a verification says.",
    ),
    "referrers may not be listed": (
        signing(referrers=DENIED),
        "NOT_KNOWN",
        "AWS does not let this caller use `ecr:BatchGetImage`.",
    ),
}


@pytest.mark.parametrize(("newest", "outcome", "reason"), SIGNING.values(), ids=SIGNING)
def test_signed(newest, outcome, reason):
    """A signature that is there counts more than a status; a status counts more than silence."""
    verdict = newest_checks.signed(facts(newest=newest), TERMS)

    assert (outcome, reason) == (verdict.outcome.name, verdict.reason)


RULES = {  # id: (signing rules of the registry, what the card says to do, whether it names a call)
    "none": ((), "let a profile of AWS Signer sign what is pushed from now on, then push the image again", True),
    "for all": (
        ({"signingProfileArn": PROFILE},),
        "push the image again: a signing rule covers this repository by now",
        False,
    ),
    "not known": (
        DENIED,
        "add a signing rule of the registry that covers this repository, then push the image again",
        False,
    ),
}


@pytest.mark.parametrize(("rules", "fix", "calls"), RULES.values(), ids=RULES)
def test_how_to_sign(rules, fix, calls):
    """The fix depends on the rules that are there; unread rules are not overwritten."""
    verdict = newest_checks.signed(facts(newest=signing(), registry=RegistryFacts({}, None, rules)), TERMS)

    assert (fix, calls) == (verdict.fix, bool(verdict.call))


def test_a_policy_that_the_kit_cannot_read():
    """AWS may accept what this kit does not know yet: then it is not known, and not a crash."""
    strange = facts(policy='{"Statement": 1}', lifecycle='{"rules": 1}')
    registry = RegistryFacts({}, '{"Statement": 1}')

    verdicts = [
        policy_checks.no_public_access(strange, TERMS),
        policy_checks.policy_sound(strange, TERMS),
        policy_checks.registry_policy_sound(registry, TERMS),
        repository_checks.lifecycle_safe(strange, TERMS),
    ]

    assert {"NOT_KNOWN"} == {verdict.outcome.name for verdict in verdicts}
    assert all("cannot be read here" in verdict.reason for verdict in verdicts)


def test_a_registry_that_may_not_be_read():
    """Without the permissions of the registry its checks are not known, and no call is made up for it."""
    unread = RegistryFacts(Unread("GetRegistryScanningConfiguration", True, ""), Unread("GetRegistryPolicy", True, ""))

    verdicts = repository_checks.registry_scans(unread, TERMS), policy_checks.registry_policy_sound(unread, TERMS)

    assert ["NOT_KNOWN", "NOT_KNOWN"] == [verdict.outcome.name for verdict in verdicts]


KEYS = {"KMS": "arn:aws:kms:us-east-1:111122223333:key/1", "KMS_DSSE": "arn:aws:kms:us-gov-west-1:111122223333:key/2"}


@pytest.mark.parametrize(("kind", "key"), KEYS.items())
def test_a_key_of_kms(kind, key):
    """A KMS key passes even where an own key is wanted; whose it is, KMS says."""
    settings = Settings(ARN, "IMMUTABLE", (), kind, key)

    verdict = repository_checks.encryption(facts(settings=settings), Terms(now=START, own_key=True))

    assert "PASS" == verdict.outcome.name
    assert f"Encrypted with {kind}, key {key}; KMS says whose key that is and who may use it." == verdict.reason


def test_a_partial_exclusion_is_immutable_enough():
    """Tags that cannot be moved, with named exceptions, pass; the exceptions are told."""
    settings = Settings(ARN, "IMMUTABLE_WITH_EXCLUSION", ("latest", "dev-*"), "AES256", None)

    verdict = repository_checks.tags_immutable(facts(settings=settings), TERMS)

    assert ("PASS", "Tags cannot be moved, except `latest`, `dev-*`.") == (verdict.outcome.name, verdict.reason)


# --- reading ----------------------------------------------------------------------------------------------------------


def test_the_old_setting_of_a_repository_may_settle_it(answered):
    """A reader with AWS's ReadOnly policy may not read the registry's rules, but sees scanOnPush of the repository."""
    client, stub = answered
    for operation in (
        "get_registry_scanning_configuration",
        "get_signing_configuration",
        "get_registry_policy",
        "describe_images",
    ):
        stub.add_client_error(operation, "AccessDeniedException", "no")
    for operation in ("batch_get_repository_scanning_configuration", "get_repository_policy", "get_lifecycle_policy"):
        stub.add_client_error(operation, "AccessDeniedException", "no")
    described = {"repositoryArn": ARN, "imageScanningConfiguration": {"scanOnPush": True}}
    reading = Reading(client, "report card")

    read = read_repository(reading, NAME, described, read_registry(reading), read_indexes=False)

    assert "Images are scanned: SCAN_ON_PUSH." == repository_checks.scanning_on(read, TERMS).reason
    assert "NOT_KNOWN" == newest_checks.sbom_attached(read, TERMS).outcome.name


def test_an_operation_that_is_not_offered():
    """A registry without an operation leaves the check open, with words of its own."""
    error = RegistryError("report card", "no", "no")
    answer = {"Error": {"Code": "UnknownOperationException", "Message": ""}}
    error.__cause__ = ClientError(answer, "DescribeImageSigningStatus")

    unread = unread_from(error)

    assert ("This registry does not offer DescribeImageSigningStatus.", "look there by other means") == (
        unread.reason,
        unread.way_out,
    )


def test_other_refusals_stay_errors(answered):
    """Throttling, for one, is no missing permission: the error says what AWS said."""
    client, stub = answered
    stub.add_client_error("get_registry_scanning_configuration", "ThrottlingException", "Rate exceeded")

    with pytest.raises(RegistryError) as refused:
        read_registry(Reading(client, "report card of the account"))

    assert (
        "report card of the account: AWS asks to slow down: Rate exceeded (ThrottlingException from "
        "GetRegistryScanningConfiguration); wait a little and start again" == str(refused.value)
    )


def test_no_way_to_aws(answered):
    """Without a network the error names the call, and what to look at."""
    client, _ = answered

    def unreachable(**_):
        raise EndpointConnectionError(endpoint_url="https://api.ecr.us-east-1.amazonaws.com/")

    client.meta.events.register("provide-client-params.ecr.GetRegistryPolicy", unreachable)
    with pytest.raises(RegistryError) as refused:
        Reading(client, "report card").attempt("GetRegistryPolicy")

    assert (
        'report card: GetRegistryPolicy could not be called: Could not connect to the endpoint URL: "https://api.ecr.'
        'us-east-1.amazonaws.com/"; check credentials, region and network' == str(refused.value)
    )
