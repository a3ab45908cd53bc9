"""Encryption with KMS: the key has to be there when a repository is made, and to answer when it is used."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree

import boto3
import pytest
import requests
from access_world import OTHER, administrator_of
from botocore.exceptions import ClientError
from client_world import ACCOUNT, digest_of, manifest, refusal
from ecrlab import emulator
from ecrlab.clock import ManualClock
from moto import mock_aws

REGION = "us-east-1"
SECRET = "team/secret"
ABSENT = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
def kms(world):
    """Moto's KMS beside the registry."""
    return boto3.client("kms", region_name=REGION)


@pytest.fixture
def key(kms):
    """The ARN of an own key, with an alias."""
    made = kms.create_key(Description="images")["KeyMetadata"]
    kms.create_alias(AliasName="alias/images", TargetKeyId=made["KeyId"])
    return made["Arn"]


@pytest.fixture
def secret(world, key):
    """A repository under that key, with the image ``v1`` in it."""
    create(world.ecr, kmsKey=key)
    return world.push(b"layer", tag="v1", repository=SECRET)


def create(ecr, name=SECRET, encryption_type="KMS", **parameters):
    """Make an encrypted repository; return its description."""
    configuration = {"encryptionType": encryption_type, **parameters}
    return ecr.create_repository(repositoryName=name, encryptionConfiguration=configuration)["repository"]


def id_of(arn):
    """Return the id of a key; some of moto's operations take no ARN."""
    return arn.rpartition("/")[2]


def kms_refusal(call, **parameters):
    """Make a call that KMS spoils; return KMS's code and the message."""
    with pytest.raises(ClientError) as refused:
        call(**parameters)
    response = refused.value.response
    assert ("KmsException", 400) == (response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"])
    return response["kmsError"], response["Error"]["Message"]


# --- the choice ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("spelled", ["id", "ARN", "alias", "alias ARN"])
def test_a_key_has_four_names(spelled, ecr, key):
    """Whichever is given, the repository names the key by its ARN."""
    names = {
        "id": id_of(key),
        "ARN": key,
        "alias": "alias/images",
        "alias ARN": f"arn:aws:kms:{REGION}:{ACCOUNT}:alias/images",
    }
    made = create(ecr, kmsKey=names[spelled])
    assert {"encryptionType": "KMS", "kmsKey": key} == made["encryptionConfiguration"]


def test_an_alias_that_moves_takes_no_repository_along(ecr, kms, key):
    """The key was chosen when the repository was made; nothing of ECR changes it, and no alias does."""
    create(ecr, kmsKey="alias/images")
    kms.update_alias(AliasName="alias/images", TargetKeyId=kms.create_key()["KeyMetadata"]["KeyId"])
    (described,) = ecr.describe_repositories(repositoryNames=[SECRET])["repositories"]
    assert key == described["encryptionConfiguration"]["kmsKey"]
    changing = [name for name in dir(ecr) if "encryption" in name]
    assert [] == changing


def test_without_a_key_it_is_the_one_of_ecr(ecr, kms):
    """AWS manages it, under the alias aws/ecr; the same for every repository of the account and Region."""
    keys = {create(ecr, name)["encryptionConfiguration"]["kmsKey"] for name in ("one", "two")}
    metadata = kms.describe_key(KeyId="alias/aws/ecr")["KeyMetadata"]
    assert (keys, "AWS") == ({metadata["Arn"]}, metadata["KeyManager"])
    assert keys == {create(ecr, "three", kmsKey="alias/aws/ecr")["encryptionConfiguration"]["kmsKey"]}


def test_the_key_of_ecr_has_the_same_id_on_every_run():
    """Notebooks show it."""
    emulator.install(clock=ManualClock())
    seen = []
    for _ in range(2):
        with mock_aws():
            made = create(boto3.client("ecr", region_name=REGION))
            seen.append(made["encryptionConfiguration"]["kmsKey"])
    emulator.uninstall()
    assert f"arn:aws:kms:{REGION}:{ACCOUNT}:key/" == seen[0][: seen[0].index("/") + 1]
    assert seen[0] == seen[1]


def test_a_key_of_another_account(world):
    """By its ARN; its id alone means a key of one's own."""
    theirs = administrator_of(OTHER, "kms").create_key()["KeyMetadata"]
    assert theirs["Arn"] == create(world.ecr, kmsKey=theirs["Arn"])["encryptionConfiguration"]["kmsKey"]
    found = kms_refusal(create, ecr=world.ecr, name="team/other", kmsKey=theirs["KeyId"])
    assert ("NotFoundException", f"Key 'arn:aws:kms:{REGION}:{ACCOUNT}:key/{theirs['KeyId']}' does not exist") == found


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (ABSENT, f"Key 'arn:aws:kms:{REGION}:{ACCOUNT}:key/{ABSENT}' does not exist"),
        (
            f"arn:aws:kms:{REGION}:{ACCOUNT}:key/{ABSENT}",
            f"Key 'arn:aws:kms:{REGION}:{ACCOUNT}:key/{ABSENT}' does not exist",
        ),
        ("alias/none", f"Alias arn:aws:kms:{REGION}:{ACCOUNT}:alias/none is not found."),
        ("arn:aws:kms", "Key 'arn:aws:kms' does not exist"),
        ("*", f"Key 'arn:aws:kms:{REGION}:{ACCOUNT}:key/*' does not exist"),
    ],
)
def test_a_key_that_is_not_there(name, message, ecr, key):
    """KmsException with KMS's own code; no repository is made."""
    assert ("NotFoundException", message) == kms_refusal(create, ecr=ecr, kmsKey=name)
    assert ["team/api"] == [each["repositoryName"] for each in ecr.describe_repositories()["repositories"]]


def test_a_key_of_another_region(ecr):
    """The key has to be in the repository's Region, whatever its ARN says."""
    elsewhere = boto3.client("kms", region_name="eu-west-1").create_key()["KeyMetadata"]["Arn"]
    assert ("NotFoundException", f"Key '{elsewhere}' does not exist") == kms_refusal(create, ecr=ecr, kmsKey=elsewhere)


def test_a_key_for_signing(ecr, kms):
    """Only symmetric keys make data keys."""
    signing = kms.create_key(KeyUsage="SIGN_VERIFY", KeySpec="RSA_2048")["KeyMetadata"]["Arn"]
    expected = ("InvalidKeyUsageException", f"{signing} key usage is not valid for GenerateDataKey.")
    assert expected == kms_refusal(create, ecr=ecr, kmsKey=signing)


def test_two_layers_of_encryption_in_govcloud_only(ecr):
    """KMS_DSSE."""
    sentence = "KMS_DSSE is available in AWS GovCloud (US) Regions only"
    where = "encryptionConfiguration.encryptionType"
    expected = f"Invalid parameter at '{where}' failed to satisfy constraint: '{sentence}'"
    assert ("InvalidParameterException", expected) == refusal(create, ecr=ecr, encryption_type="KMS_DSSE")
    govcloud = boto3.client("ecr", region_name="us-gov-west-1")
    made = create(govcloud, encryption_type="KMS_DSSE")["encryptionConfiguration"]
    assert ("KMS_DSSE", True) == (
        made["encryptionType"],
        made["kmsKey"].startswith("arn:aws-us-gov:kms:us-gov-west-1:"),
    )


# --- grants -------------------------------------------------------------------------------------------------------


def test_two_grants_live_as_long_as_the_repository(ecr, kms, key):
    """They name the repository, and go with it; those of another repository stay."""
    made, other = create(ecr, kmsKey=key), create(ecr, "team/other", kmsKey=key)
    grants = kms.list_grants(KeyId=key)["Grants"]
    of_repository = [
        grant
        for grant in grants
        if {"aws:ecr:arn": made["repositoryArn"]} == grant["Constraints"]["EncryptionContextSubset"]
    ]
    assert (4, 2) == (len(grants), len(of_repository))
    assert [["GenerateDataKey", "Decrypt"], ["RetireGrant", "DescribeKey"]] == [
        each["Operations"] for each in of_repository
    ]
    assert {f"ecr.{REGION}.amazonaws.com"} == {each["GranteePrincipal"] for each in grants}
    ecr.delete_repository(repositoryName=SECRET)
    left = kms.list_grants(KeyId=key)["Grants"]
    assert [{"aws:ecr:arn": other["repositoryArn"]}] * 2 == [
        each["Constraints"]["EncryptionContextSubset"] for each in left
    ]


@pytest.mark.parametrize("state", ["Disabled", "PendingDeletion", "gone"])
def test_a_repository_can_be_deleted_whatever_its_key(state, world, secret, kms, key):
    """To delete it is AWS's advice to whoever wants to take ECR's access away."""
    locked(kms, key, state)
    world.ecr.delete_repository(repositoryName=SECRET, force=True)
    assert ["team/api"] == [each["repositoryName"] for each in world.ecr.describe_repositories()["repositories"]]


# --- use ----------------------------------------------------------------------------------------------------------


def locked(kms, key, state):
    """Bring a key into a state; return KMS's code and sentence for whoever wants to use it."""
    if state == "Disabled":
        kms.disable_key(KeyId=id_of(key))
        return "DisabledException", f"{key} is disabled."
    if state == "PendingDeletion":
        kms.schedule_key_deletion(KeyId=id_of(key), PendingWindowInDays=7)
        return "KMSInvalidStateException", f"{key} is pending deletion."
    if state == "revoked":
        kms.revoke_grant(KeyId=key, GrantId=kms.list_grants(KeyId=key)["Grants"][0]["GrantId"])
        sentence = (
            "The ciphertext refers to a customer master key that does not exist, does not exist in this region, "
            "or you are not allowed to access."
        )
        return "AccessDeniedException", sentence
    from moto.kms.models import kms_backends

    kms_backends[ACCOUNT][REGION].delete_key(id_of(key))  # as after the waiting time of its deletion
    return "NotFoundException", f"Key '{key}' does not exist"


STATES = ["Disabled", "PendingDeletion", "gone", "revoked"]


@pytest.mark.parametrize("state", STATES)
def test_nothing_can_be_pushed_without_the_key(state, world, secret, kms, key):
    """All four operations of a push fail with KmsException, and leave everything as it was."""
    upload = {"repositoryName": SECRET, "uploadId": world.ecr.initiate_layer_upload(repositoryName=SECRET)["uploadId"]}
    part = {"partFirstByte": 0, "partLastByte": 2, "layerPartBlob": b"new"}
    expected = locked(kms, key, state)
    assert [expected] * 4 == [
        kms_refusal(world.ecr.initiate_layer_upload, repositoryName=SECRET),
        kms_refusal(world.ecr.upload_layer_part, **upload, **part),
        kms_refusal(world.ecr.complete_layer_upload, **upload, layerDigests=[digest_of(b"new")]),
        kms_refusal(world.ecr.put_image, repositoryName=SECRET, imageManifest=manifest(b"layer"), imageTag="v2"),
    ]
    assert [{"imageDigest": secret, "imageTag": "v1"}] == world.ecr.list_images(repositoryName=SECRET)["imageIds"]


@pytest.mark.parametrize("state", STATES)
def test_nothing_can_be_pulled_without_the_key(state, world, secret, kms, key):
    """BatchGetImage answers KmsError for what is there; what is not there is still just not found."""
    code, sentence = locked(kms, key, state)
    wanted = [{"imageTag": "v1"}, {"imageTag": "none"}]
    answer = world.ecr.batch_get_image(repositoryName=SECRET, imageIds=wanted)
    expected = [
        {"imageId": wanted[0], "failureCode": "KmsError", "failureReason": f"{code}: {sentence}"},
        {"imageId": wanted[1], "failureCode": "ImageNotFound", "failureReason": "Requested image not found"},
    ]
    assert ([], expected) == (answer["images"], answer["failures"])


@pytest.mark.parametrize("state", STATES)
def test_the_bucket_hands_out_no_layer_without_the_key(state, world, secret, kms, key):
    """The address is given out, and S3 cannot decrypt what it leads to; the same layer beside it is readable."""
    world.push(b"layer", tag="v1")
    asked = {"layerDigest": digest_of(b"layer")}
    code, sentence = locked(kms, key, state)
    address = world.ecr.get_download_url_for_layer(repositoryName=SECRET, **asked)["downloadUrl"]
    answer = requests.get(address, timeout=5)
    shown = (403, "AccessDenied") if state == "revoked" else (400, f"KMS.{code}")
    assert (*shown, True) == (
        answer.status_code,
        ElementTree.fromstring(answer.text).findtext("Code"),
        sentence in answer.text,
    )
    beside = world.ecr.get_download_url_for_layer(repositoryName=world.repository, **asked)["downloadUrl"]
    assert b"layer" == requests.get(beside, timeout=5).content


def test_what_needs_no_key(world, secret, kms, key):
    """Describing, tagging resources and the repositories beside it go on."""
    kms.disable_key(KeyId=id_of(key))
    assert [secret] == [
        each["imageDigest"] for each in world.ecr.describe_images(repositoryName=SECRET)["imageDetails"]
    ]
    world.push(b"layer", tag="v1")


def test_a_key_that_is_enabled_again_opens_the_repository(world, secret, kms, key):
    """Nothing is lost by a disabled key."""
    kms.disable_key(KeyId=id_of(key))
    kms.enable_key(KeyId=id_of(key))
    answer = world.ecr.batch_get_image(repositoryName=SECRET, imageIds=[{"imageTag": "v1"}])
    assert ([], secret) == (answer["failures"], answer["images"][0]["imageId"]["imageDigest"])


def test_compatible_asks_nobody():
    """Moto's own tests name keys that nobody has made."""
    emulator.install(strict=False)
    with mock_aws():
        ecr = boto3.client("ecr", region_name=REGION)
        assert "alias/none" == create(ecr, kmsKey="alias/none")["encryptionConfiguration"]["kmsKey"]
        ecr.put_image(repositoryName=SECRET, imageManifest=manifest(b"layer"), imageTag="v1")
        assert 0 == len(ecr.batch_get_image(repositoryName=SECRET, imageIds=[{"imageTag": "v1"}])["failures"])
        ecr.delete_repository(repositoryName=SECRET, force=True)
    emulator.uninstall()
