"""Layers: the upload's states, and where bytes can be fetched afterwards."""

from __future__ import annotations

import boto3
import pytest
import requests
from botocore.exceptions import ClientError
from client_world import ACCOUNT, MIB, digest_of, manifest, refusal


@pytest.fixture
def upload(world):
    """An upload of ``world`` in its first state: a function that makes calls on it."""
    upload_id = world.ecr.initiate_layer_upload(repositoryName=world.repository)["uploadId"]

    def part(data: bytes, first: int, last: int | None = None):
        return world.ecr.upload_layer_part(
            repositoryName=world.repository,
            uploadId=upload_id,
            partFirstByte=first,
            partLastByte=first + len(data) - 1 if last is None else last,
            layerPartBlob=data,
        )

    def complete(*digests: str):
        return world.ecr.complete_layer_upload(
            repositoryName=world.repository, uploadId=upload_id, layerDigests=list(digests)
        )

    part.complete, part.upload_id = complete, upload_id
    return part


def test_ten_mebibytes_are_recommended(world):
    """PartSize is 10485760, as on AWS."""
    assert 10485760 == world.ecr.initiate_layer_upload(repositoryName=world.repository)["partSize"]


def test_a_layer_is_there_once_it_is_complete(world, upload):
    """Not before."""
    digest = digest_of(b"bytes")
    asked = {"repositoryName": world.repository, "layerDigests": [digest]}
    assert 4 == upload(b"bytes", 0)["lastByteReceived"]
    assert "MissingLayerDigest" == world.ecr.batch_check_layer_availability(**asked)["failures"][0]["failureCode"]
    assert digest == upload.complete(digest)["layerDigest"]
    (layer,) = world.ecr.batch_check_layer_availability(**asked)["layers"]
    assert ("AVAILABLE", 5) == (layer["layerAvailability"], layer["layerSize"])


WRONG_PARTS = {  # id: (bytes, first byte, last byte, what is wrong), after a first part of four bytes
    "a gap": (b"x", 5, 5, "the part begins at byte 5, the next byte is 4"),
    "an overlap": (b"x", 3, 3, "the part begins at byte 3, the next byte is 4"),
    "the first part again": (b"AAAA", 0, 3, "the part begins at byte 0, the next byte is 4"),
    "fewer bytes than promised": (b"x", 4, 9, "the part has 1 bytes, partFirstByte 4 and partLastByte 9 say 6"),
    "no bytes": (b"", 4, 4, "the part has 0 bytes, partFirstByte 4 and partLastByte 4 say 1"),
}


@pytest.mark.parametrize(("data", "first", "last", "fact"), WRONG_PARTS.values(), ids=WRONG_PARTS)
def test_a_wrong_part_is_refused_and_changes_nothing(data, first, last, fact, upload):
    """The error says up to where the upload is good, and the upload goes on from there."""
    upload(b"AAAA", 0)
    with pytest.raises(ClientError) as refused:
        upload(data, first, last)
    response = refused.value.response
    assert "InvalidLayerPartException" == response["Error"]["Code"]
    assert (
        f"Invalid layer part upload for upload with id '{upload.upload_id}' in the repository with name 'team/api' "
        f"in the registry with id '{ACCOUNT}': {fact}"
    ) == response["Error"]["Message"]
    assert (ACCOUNT, "team/api", upload.upload_id, 3) == tuple(
        response[name] for name in ("registryId", "repositoryName", "uploadId", "lastValidByteReceived")
    )
    assert 7 == upload(b"BBBB", 4)["lastByteReceived"]


def test_an_upload_without_parts_cannot_be_completed(upload):
    """EmptyUploadException, in AWS's words."""
    assert (
        "EmptyUploadException",
        f"The upload with id '{upload.upload_id}' in the repository with name 'team/api' in registry with id "
        f"'{ACCOUNT}' cannot be completed because it does not have any parts",
    ) == refusal(_completing(upload))


def _completing(upload, digest: str = digest_of(b"")):
    return lambda: upload.complete(digest)


def test_the_digest_is_checked(upload):
    """Bytes other than promised are no layer; with the right digest the same upload is."""
    upload(b"bytes", 0)
    assert (
        "InvalidLayerException",
        "None of the provided layer digests match the calculated layer digest",
    ) == refusal(_completing(upload, digest_of(b"other")))
    assert digest_of(b"bytes") == upload.complete(digest_of(b"other"), digest_of(b"bytes"))["layerDigest"]


def test_only_the_last_part_may_be_small(upload):
    """Five mebibytes are the least for the others."""
    upload(b"a" * (5 * MIB), 0)
    upload(b"b", 5 * MIB)
    upload(b"c", 5 * MIB + 1)
    assert (
        "LayerPartTooSmallException",
        "Layer parts must be at least 5 MiB in size, except the last: "
        f"part 2 of upload '{upload.upload_id}' has 1 bytes",
    ) == refusal(_completing(upload, digest_of(b"a" * (5 * MIB) + b"bc")))


def test_a_layer_is_not_stored_twice(world, upload):
    """The second upload of the same bytes ends with an error, and is gone."""
    world.upload(b"bytes")
    upload(b"bytes", 0)
    assert (
        "LayerAlreadyExistsException",
        f"The layer with digest '{digest_of(b'bytes')}' already exists in the repository with name 'team/api' "
        f"in the registry with id '{ACCOUNT}'",
    ) == refusal(_completing(upload, digest_of(b"bytes")))
    assert "UploadNotFoundException" == refusal(_completing(upload, digest_of(b"bytes")))[0]


def test_an_upload_belongs_to_its_repository(world, upload):
    """Its id means nothing elsewhere."""
    world.ecr.create_repository(repositoryName="other")
    code, _ = refusal(
        world.ecr.complete_layer_upload,
        repositoryName="other",
        uploadId=upload.upload_id,
        layerDigests=[digest_of(b"")],
    )
    assert "UploadNotFoundException" == code


def test_a_layer_is_a_member_of_each_repository_it_was_pushed_to(world):
    """Without blob mounting another repository has to be given the bytes again."""
    world.ecr.create_repository(repositoryName="other")
    world.upload(b"bytes")
    answer = world.ecr.batch_check_layer_availability(repositoryName="other", layerDigests=[digest_of(b"bytes")])
    assert [] == answer["layers"]
    assert digest_of(b"bytes") == world.upload(b"bytes", repository="other")


def test_upload_ids_do_not_depend_on_other_repositories(world):
    """The n-th upload of a repository has the same id whatever else happens."""
    world.ecr.create_repository(repositoryName="other")
    ids = []
    for noise in (0, 3):
        world.ecr.create_repository(repositoryName="again")
        for _ in range(noise):
            world.ecr.initiate_layer_upload(repositoryName="other")
        ids.append([world.ecr.initiate_layer_upload(repositoryName="again")["uploadId"] for _ in range(2)])
        world.ecr.delete_repository(repositoryName="again")
    assert ids[0] == ids[1]
    assert 2 == len(set(ids[0]))


def test_a_layer_is_fetched_from_its_address(world):
    """The bytes come from a bucket of ECR, also as a stream, and the address is the same every time."""
    world.push(b"the bytes", tag="v1")
    asked = {"repositoryName": world.repository, "layerDigest": digest_of(b"the bytes")}
    url = world.ecr.get_download_url_for_layer(**asked)["downloadUrl"]
    assert url.startswith("https://prod-us-east-1-starport-layer-bucket.s3.us-east-1.amazonaws.com/")
    assert url == world.ecr.get_download_url_for_layer(**asked)["downloadUrl"]
    assert b"the bytes" == requests.get(url, timeout=5).content
    with requests.get(url, stream=True, timeout=5) as response:
        assert [b"the ", b"byte", b"s"] == list(response.iter_content(4))


def test_a_layer_in_parts_comes_back_whole(world):
    """Parts are kept as they came and joined when somebody fetches them."""
    data = bytes(range(256)) * 40_000
    world.upload(data, [5 * MIB, len(data) - 5 * MIB])
    world.push(data)
    url = world.ecr.get_download_url_for_layer(repositoryName=world.repository, layerDigest=digest_of(data))
    assert digest_of(data) == digest_of(requests.get(url["downloadUrl"], timeout=5).content)


CHANGES = {  # id: (old text, new text, status, S3's code)
    "signature": ("X-Amz-Signature=", "X-Amz-Signature=0", 403, "SignatureDoesNotMatch"),
    "lifetime": ("X-Amz-Expires=3600", "X-Amz-Expires=9999", 403, "SignatureDoesNotMatch"),
    "path": ("sha256:", "sha512:", 403, "SignatureDoesNotMatch"),
    "another key": ("/sha256:", "/", 404, "NoSuchKey"),
}


@pytest.mark.parametrize(("old", "new", "status", "code"), CHANGES.values(), ids=CHANGES)
def test_an_address_cannot_be_changed(old, new, status, code, world):
    """It is signed, as S3's are."""
    world.push(b"bytes")
    url = world.ecr.get_download_url_for_layer(repositoryName=world.repository, layerDigest=digest_of(b"bytes"))
    response = requests.get(url["downloadUrl"].replace(old, new), timeout=5)
    assert (status, True) == (response.status_code, f"<Code>{code}</Code>" in response.text)


def test_an_address_expires(world):
    """After an hour on the lab's clock."""
    world.push(b"bytes")
    url = world.ecr.get_download_url_for_layer(repositoryName=world.repository, layerDigest=digest_of(b"bytes"))
    world.clock.advance(minutes=59)
    assert 200 == requests.get(url["downloadUrl"], timeout=5).status_code
    world.clock.advance(minutes=1)
    assert "Request has expired" in requests.get(url["downloadUrl"], timeout=5).text


def test_an_address_outlives_nothing(world):
    """Once the image is gone, so are its bytes."""
    digest = world.push(b"bytes")
    url = world.ecr.get_download_url_for_layer(repositoryName=world.repository, layerDigest=digest_of(b"bytes"))
    world.delete({"imageDigest": digest})
    assert 404 == requests.get(url["downloadUrl"], timeout=5).status_code


def test_s3_is_still_motos(world):
    """Only ECR's own bucket is answered by the emulator."""
    s3 = boto3.client("s3", region_name="us-east-1")
    s3.create_bucket(Bucket="mine")
    s3.put_object(Bucket="mine", Key="k", Body=b"v")
    assert b"v" == s3.get_object(Bucket="mine", Key="k")["Body"].read()


def test_the_media_type_is_the_manifests(world):
    """A layer that an image refers to is described as that image calls it."""
    world.push(b"bytes")
    answer = world.ecr.batch_check_layer_availability(
        repositoryName=world.repository, layerDigests=[digest_of(b"bytes"), "nonsense"]
    )
    assert ["application/vnd.oci.image.layer.v1.tar+gzip"] == [layer["mediaType"] for layer in answer["layers"]]
    assert [("nonsense", "InvalidLayerDigest", "Invalid layer digest 'nonsense'")] == [
        (failure["layerDigest"], failure["failureCode"], failure["failureReason"]) for failure in answer["failures"]
    ]


def test_manifests_may_share_layers_and_repeat_them(world):
    """A layer that a manifest names twice is counted twice and dropped once."""
    digest = world.push(b"same", b"same")
    assert 8 == world.details()[0]["imageSizeInBytes"]
    assert [] == world.delete({"imageDigest": digest})["failures"]
    code, _ = refusal(world.ecr.put_image, repositoryName=world.repository, imageManifest=manifest(b"same"))
    assert "LayersNotFoundException" == code
