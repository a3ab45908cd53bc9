"""Input that no client sends by accident: it is answered with an error of AWS, quickly, and nothing is lost."""

from __future__ import annotations

import base64
import json
import random

import pytest
import requests
from botocore.exceptions import ClientError
from ecrlab import emulator, oci, open_lab, registry
from ecrlab.clock import ManualClock
from ecrlab.emulator.mutability import matches
from ecrlab.errors import InvalidInput

IMAGE = oci.image(oci.layer({"app": "1"}))


@pytest.fixture
def ecr():
    """A client of a lab with one image, tagged v1, in team/api."""
    with open_lab() as lab:
        client = lab.client("ecr")
        client.create_repository(repositoryName="team/api")
        registry.push(client, IMAGE, "team/api", tag="v1")
        yield client


def test_many_stars_cost_nothing():
    """A filter of 128 characters, every second one a star, is matched in one walk over the tag."""
    pattern = "a*" * 63 + "b"
    assert not matches("a" * 128, pattern)
    assert matches("a" * 127 + "b", pattern)


def naive(tag, parts):
    """Say the same by trying everything, for short texts."""
    if len(parts) == 1:
        return tag == parts[0]
    return tag.startswith(parts[0]) and any(naive(tag[at:], parts[1:]) for at in range(len(parts[0]), len(tag) + 1))


def test_the_walk_agrees_with_trying_everything():
    """For thousands of short tags and filters the one walk finds what exhaustive search finds."""
    dice = random.Random(7)
    for _ in range(4000):
        tag = "".join(dice.choices("ab", k=dice.randrange(6)))
        pattern = "".join(dice.choices("ab*", k=dice.randrange(1, 6)))
        assert naive(tag, pattern.split("*")) == matches(tag, pattern), (tag, pattern)


def test_a_filter_that_is_no_regular_expression_is_a_wildcard_in_compatible_too():
    """Moto reads filters as regular expressions and breaks on ``*``; there the wildcard reading is taken."""
    assert matches("latest", "*", wildcards=False)


def token(text):
    """Wrap a text as a page token looks from outside."""
    return base64.urlsafe_b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    "next_token",
    [token('["\\ud800","x"]'), token("[" * 150_000), token("{}"), "é"],
    ids=["half a pair", "deep", "no list", "no base64"],
)
def test_error_a_token_that_was_never_given_out(ecr, next_token):
    """A made-up token is refused like a mistyped one."""
    with pytest.raises(ClientError, match=r"InvalidParameterException.*Invalid next token"):
        ecr.describe_images(repositoryName="team/api", nextToken=next_token)


def manifest(**change):
    """Return the manifest of the image with some members exchanged."""
    return json.dumps(json.loads(IMAGE.manifest) | change, ensure_ascii=False)


LAYER = json.loads(IMAGE.manifest)["layers"][0]
BAD_MANIFESTS = {
    "half a surrogate pair": (manifest(annotations={"a": "\ud800"}), "Invalid JSON syntax"),
    "no number": (manifest(annotations={"a": float("nan")}), "Invalid JSON syntax"),
    "a size of true": (manifest(layers=[LAYER | {"size": True}]), "layers[0] is no descriptor with digest and size"),
    "an empty subject": (manifest(subject={}), "subject is no descriptor with digest and size"),
    "a subject that is no digest": (manifest(subject=LAYER | {"digest": "zz"}), "the digest of its subject is 'zz'"),
}


@pytest.mark.parametrize(("text", "fact"), BAD_MANIFESTS.values(), ids=BAD_MANIFESTS)
def test_error_a_manifest_that_cannot_be(ecr, text, fact):
    """It is refused with the fact, and no image is left."""
    with pytest.raises(ClientError) as caught:
        ecr.put_image(repositoryName="team/api", imageManifest=text, imageTag="v2")
    assert "InvalidParameterException" == caught.value.response["Error"]["Code"]
    assert fact in caught.value.response["Error"]["Message"]
    assert 1 == len(ecr.describe_images(repositoryName="team/api")["imageDetails"])


def test_a_listing_handed_back_deletes_without_failures(ecr):
    """ListImages names an image once per tag; deleting the whole listing is no failure for the second tag."""
    registry.push(ecr, IMAGE, "team/api", tag="latest")
    listing = ecr.list_images(repositoryName="team/api")["imageIds"]
    answer = ecr.batch_delete_image(repositoryName="team/api", imageIds=listing)
    assert ([], 2) == (answer["failures"], len(answer["imageIds"]))


def test_a_tag_named_twice_is_deleted_once(ecr):
    """The second mention finds its work done; the image keeps its other tag."""
    registry.push(ecr, IMAGE, "team/api", tag="latest")
    twice = [{"imageTag": "latest"}, {"imageTag": "latest"}]
    answer = ecr.batch_delete_image(repositoryName="team/api", imageIds=twice)
    assert ([], 1) == (answer["failures"], len(answer["imageIds"]))
    assert ["v1"] == ecr.describe_images(repositoryName="team/api")["imageDetails"][0]["imageTags"]


def test_error_progress_that_is_no_function(ecr):
    """It is refused before the first byte is sent."""
    for transfer in (
        lambda: registry.push(ecr, IMAGE, "team/api", progress=5),
        lambda: registry.pull(ecr, "team/api", "v1", progress=5),
    ):
        with pytest.raises(InvalidInput, match=r"progress=5 is no function; hand over show\.progress_bar"):
            transfer()


BAD_INSTALLS = {
    "strict is a text": ({"strict": "x"}, "strict 'x' is neither True nor False; write one of them"),
    "a class is no clock": (
        {"clock": ManualClock},
        "clock <class 'ecrlab.clock.ManualClock'> is no clock; pass ManualClock(start) or SystemClock()",
    ),
}


@pytest.mark.parametrize(("arguments", "message"), BAD_INSTALLS.values(), ids=BAD_INSTALLS)
def test_error_an_install_that_cannot_be_meant(arguments, message):
    """It is refused before moto is touched."""
    with pytest.raises(InvalidInput) as caught:
        emulator.install(**arguments)
    assert f"emulator.install: {message}" == str(caught.value)


@pytest.mark.parametrize("method", ["PUT", "POST", "DELETE", "HEAD"])
def test_error_an_address_is_for_reading(ecr, method):
    """The address of a layer is signed for GET; the bucket refuses every other method."""
    digest = str(IMAGE.layers[0].digest)
    url = ecr.get_download_url_for_layer(repositoryName="team/api", layerDigest=digest)["downloadUrl"]
    assert 200 == requests.get(url, timeout=10).status_code
    assert 403 == requests.request(method, url, timeout=10).status_code
