"""What is pushed can be described and pulled, byte for byte; what fails says why, and leaves no image."""

import json

import pytest
from botocore.stub import Stubber
from ecrlab import oci, registry
from ecrlab.errors import EcrLabError, InvalidImage, InvalidInput, InvalidName, LayerChanged, RegistryError
from ecrlab.naming import Digest
from ecrlab.registry import Progress

BASE = oci.layer({"etc/os-release": "NAME=Teaching Linux\n"})
APP = oci.layer({"app/main.py": "print(1)\n"})
IMAGE = oci.image(BASE, APP)
ARM = oci.image(BASE, oci.layer({"app/main.py": "print(2)\n"}), architecture="arm64")
INDEX = oci.index(IMAGE, ARM)
MIB = 1024 * 1024


def operations(report):
    """The names of the calls, in order."""
    return [call.operation for call in report.calls]


def images_in(ecr, repository="team/api"):
    """What DescribeImages knows, oldest first."""
    return ecr.describe_images(repositoryName=repository)["imageDetails"]


def tags_in(ecr):
    """Digest and tags of every image."""
    return [(each["imageDigest"], each.get("imageTags")) for each in images_in(ecr)]


# --- what works -------------------------------------------------------------------------------------------------------

SHAPES = {
    "an image": IMAGE,
    "an image without layers": oci.image(),
    "a Docker image": oci.image(BASE, family="docker"),
    "an index": INDEX,
    "a Docker list": oci.index(IMAGE, ARM, family="docker"),
    "an index in an index": oci.index(INDEX, oci.image(BASE, architecture="s390x")),
    "one layer twice": oci.image(BASE, APP, BASE),
    "an uncompressed layer": oci.image(oci.layer({"a": "1"}, compression="none")),
}


@pytest.mark.parametrize("image", SHAPES.values(), ids=SHAPES)
def test_what_is_pushed_comes_back(ecr, image):
    """Manifest, config and layers are the same bytes, by tag and by digest."""
    registry.push(ecr, image, "team/api", tag="v1")
    for reference in ("v1", str(image.digest)):
        again = registry.pull(ecr, "team/api", reference)
        assert image == again
        assert () == oci.validate(again)


def test_a_push_is_described_with_our_digest_and_size(ecr):
    """The service and the image agree on digest, size and tag."""
    report = registry.push(ecr, IMAGE, "team/api", tag="v1")
    (details,) = images_in(ecr)
    assert (str(IMAGE.digest), IMAGE.size, ["v1"]) == (
        details["imageDigest"],
        details["imageSizeInBytes"],
        details["imageTags"],
    )
    assert (IMAGE.digest, "v1", "team/api") == (report.digest, report.tag, report.repository)


def test_the_calls_of_a_push_in_order(ecr):
    """Check once, three calls per blob, the manifest last."""
    report = registry.push(ecr, IMAGE, "team/api", tag="v1")
    per_blob = ["InitiateLayerUpload", "UploadLayerPart", "CompleteLayerUpload"]
    assert ["BatchCheckLayerAvailability", *per_blob * 3, "PutImage"] == operations(report)
    assert report.bytes_sent == sum(call.size_bytes for call in report.calls if call.operation == "UploadLayerPart")
    assert (IMAGE.config_descriptor.digest, BASE.digest, APP.digest) == report.uploaded


def test_the_calls_of_a_pull_in_order(ecr):
    """The manifest, then for each blob its address and its bytes."""
    registry.push(ecr, IMAGE, "team/api", tag="v1")
    report = registry.pull_with_report(ecr, "team/api", "v1")
    assert ["BatchGetImage", *["GetDownloadUrlForLayer", "GET"] * 3] == operations(report)
    assert (IMAGE, IMAGE.digest, "v1") == (report.image, report.digest, report.tag)
    assert len(IMAGE.config) + IMAGE.size == report.bytes_received


def test_children_come_before_their_index(ecr):
    """ECR refuses an index whose images it does not know; only the index gets the tag."""
    report = registry.push(ecr, INDEX, "team/api", tag="v1")
    puts = [(call.subject, call.detail) for call in report.calls if call.operation == "PutImage"]
    assert [
        (f"image {IMAGE.digest.short}", "no tag"),
        (f"image {ARM.digest.short}", "no tag"),
        (f"index {INDEX.digest.short}", "tag v1"),
    ] == puts


def test_what_is_there_is_skipped(ecr):
    """A second image over the same base sends what is new only."""
    registry.push(ecr, IMAGE, "team/api", tag="v1")
    report = registry.push(ecr, oci.append(IMAGE, oci.layer({"more": "1"})), "team/api", tag="v2")
    assert (BASE.digest, APP.digest) == report.skipped
    assert 2 == len(report.uploaded)


def test_a_layer_twice_is_sent_once(ecr):
    """A digest is a digest, however often an image names it."""
    report = registry.push(ecr, oci.image(BASE, BASE, BASE), "team/api")
    assert 2 == operations(report).count("InitiateLayerUpload")


def test_pushing_again_is_no_failure(ecr):
    """The same image under the same tag is there already, and the report says so."""
    registry.push(ecr, INDEX, "team/api", tag="v1")
    again = registry.push(ecr, INDEX, "team/api", tag="v1")
    assert ["there already"] * 3 == [call.result for call in again.calls if call.operation == "PutImage"]
    assert ((), 0) == (again.uploaded, again.bytes_sent)


def test_a_layer_that_arrives_from_elsewhere_meanwhile_counts_as_sent(ecr):
    """LayerAlreadyExistsException is an answer, not an accident."""
    raced = []

    def somebody_else(model, **_):
        if not raced:
            raced.append(model.name)
            registry.push(ecr, IMAGE, "team/api", tag="other")

    ecr.meta.events.register("before-call.ecr.CompleteLayerUpload", somebody_else)
    report = registry.push(ecr, IMAGE, "team/api", tag="v1")
    assert "there already" in [call.result for call in report.calls if call.operation == "CompleteLayerUpload"]
    assert ["v1", "other"] == sorted(images_in(ecr)[0]["imageTags"], reverse=True)


def test_more_than_a_hundred_layers(ecr):
    """BatchCheckLayerAvailability takes a hundred digests; BatchGetImage takes a hundred images."""
    image = oci.image(*(oci.layer({f"f{number}": ""}) for number in range(250)))
    report = registry.push(ecr, image, "team/api", tag="v1")
    assert 3 == operations(report).count("BatchCheckLayerAvailability")
    assert image == registry.pull(ecr, "team/api", "v1")
    assert "more" in str(report)


def test_a_platform_is_picked_without_fetching_the_others(ecr):
    """Only the chosen image's blobs are downloaded."""
    registry.push(ecr, INDEX, "team/api", tag="v1")
    report = registry.pull_with_report(ecr, "team/api", "v1", platform="linux/arm64/v8")
    assert (ARM, INDEX.digest) == (report.image, report.digest)
    assert {ARM.config_descriptor.digest, *(layer.digest for layer in ARM.layers)} == set(report.downloaded)


def test_a_platform_is_found_in_a_nested_index(ecr):
    """Indexes in indexes are followed."""
    registry.push(ecr, SHAPES["an index in an index"], "team/api", tag="v1")
    assert ARM == registry.pull(ecr, "team/api", "v1", platform="linux/arm64")


def test_a_plain_image_for_the_right_platform(ecr):
    """A platform may be asked for where there is no index, too."""
    registry.push(ecr, ARM, "team/api", tag="v1")
    assert ARM == registry.pull(ecr, "team/api", "v1", platform="linux/arm64")


def test_an_artifact_travels_like_an_image(ecr):
    """A chart has another config and layers that are no file system."""
    chart = b"not a tar"
    described = [
        ("application/vnd.cncf.helm.config.v1+json", b"{}"),
        ("application/vnd.cncf.helm.chart.content.v1.tar+gzip", chart),
    ]
    config, layer = ({"mediaType": t, "digest": str(Digest.of(d)), "size": len(d)} for t, d in described)
    manifest = json.dumps({"schemaVersion": 2, "config": config, "layers": [layer]}).encode()
    blob = oci.Layer(Digest.of(chart), len(chart), None, layer["mediaType"], type(BASE.blob)(chart))
    image = oci.Image(manifest, b"{}", (blob,))
    registry.push(ecr, image, "team/api", tag="1.0.0")
    again = registry.pull(ecr, "team/api", "1.0.0", platform="linux/amd64")
    assert (image, None) == (again, again.platform)


# --- large layers -----------------------------------------------------------------------------------------------------


@pytest.fixture
def large(tmp_path):
    """An image with a layer of 25 MiB in a file."""
    path = tmp_path / "large.bin"
    path.write_bytes(b"".join(bytes([number]) * MIB for number in range(25)))
    return oci.image(oci.layer_from_file(path, media_type="application/vnd.oci.image.layer.v1.tar"))


def test_a_large_layer_goes_in_parts_and_comes_back_in_a_file(ecr, large):
    """Parts follow one another without a gap, none beyond the size that the service proposed."""
    report = registry.push(ecr, large, "team/api", tag="v1")
    parts = [
        (call.detail, call.size_bytes) for call in report.calls if call.subject.startswith("layer") and call.size_bytes
    ]
    assert [
        ("bytes 0-10,485,759", 10 * MIB),
        ("bytes 10,485,760-20,971,519", 10 * MIB),
        ("bytes 20,971,520-26,214,399", 5 * MIB),
    ] == parts
    pulled = registry.pull(ecr, "team/api", "v1")
    path = pulled.layers[0].blob.path
    assert () == oci.validate(pulled)
    assert path.exists()
    del pulled
    assert not path.exists()


def test_progress_counts_all_bytes_once(ecr, large):
    """Both ways the bytes grow to the announced total."""
    for move in (
        lambda seen: registry.push(ecr, large, "team/api", tag="v1", progress=seen.append),
        lambda seen: registry.pull(ecr, "team/api", "v1", progress=seen.append),
    ):
        seen: list[Progress] = []
        move(seen)
        done = [each.done_bytes for each in seen]
        assert sorted(done) == done
        assert {large.size + len(large.config)} == {each.total_bytes for each in seen}
        assert seen[-1].done_bytes == seen[-1].total_bytes
    assert {"download"} == {each.stage for each in seen}


def test_error_layer_changes_while_it_is_read(ecr, large):
    """The push stops before the last part, and no image is left."""
    path = large.layers[0].blob.path

    def meddle(progress):
        with path.open("r+b") as file:
            file.seek(24 * MIB)
            file.write(b"meddled")

    with pytest.raises(LayerChanged) as caught:
        registry.push(ecr, large, "team/api", tag="v1", progress=meddle)
    wanted = (
        f"layer {str(path)!r}: it changed while it was read: its bytes are no longer those of "
        f"{large.layers[0].digest}; make the layer again from the file"
    )
    assert wanted == str(caught.value)
    assert [] == images_in(ecr)


def test_error_more_than_the_quota_of_parts(ecr):
    """A layer beyond 4,200 parts of 10 MiB is refused before a byte is sent."""
    size = 4_200 * 10 * MIB + 1
    layer = oci.Layer(Digest.of(b"large"), size, Digest.of(b"large"), BASE.media_type, BASE.blob)
    with pytest.raises(RegistryError) as caught:
        registry.push(ecr, oci.image(layer), "team/api")
    wanted = (
        f"push to team/api: layer {layer.digest.short} has 44,040,192,001 bytes, more than 4,200 parts of 10 MiB; "
        "split it into several layers"
    )
    assert wanted == str(caught.value)


# --- bad input and refusals -------------------------------------------------------------------------------------------

CAPITALS = "repository 'Team/API': capitals are not allowed and it has 'AIPT'; try 'team/api'"
BAD_TAG = "tag 'v 1': ' ' does not belong there; use letters, digits, '_', '.' and '-', the last two not first"

CASES = {
    "push: capitals in the name": (lambda ecr: registry.push(ecr, IMAGE, "Team/API"), InvalidName, CAPITALS),
    "push: a bad tag": (lambda ecr: registry.push(ecr, IMAGE, "team/api", tag="v 1"), InvalidName, BAD_TAG),
    "push: a path for an image": (
        lambda ecr: registry.push(ecr, "app.tar", "team/api"),
        InvalidInput,
        "push: 'app.tar' is no image; build one with oci.image(…) or oci.read_layout(…)",
    ),
    "push: a layer for an image": (
        lambda ecr: registry.push(ecr, BASE, "team/api"),
        InvalidInput,
        "push: a value of type Layer is no image; build one with oci.image(…) or oci.read_layout(…)",
    ),
    "push: no client": (
        lambda ecr: registry.push("ecr", IMAGE, "team/api"),
        InvalidInput,
        "push: a str is no ECR client; hand over lab.client('ecr')",
    ),
    "push: an unknown repository": (
        lambda ecr: registry.push(ecr, IMAGE, "team/apy", tag="v1"),
        RegistryError,
        "push to team/apy:v1: there is no repository 'team/apy' in this registry (RepositoryNotFoundException from "
        "BatchCheckLayerAvailability); create it with ecr.create_repository(repositoryName='team/apy'), or check "
        "region and account",
    ),
    "push: a manifest that names another layer": (
        lambda ecr: registry.push(ecr, oci.Image(IMAGE.manifest, IMAGE.config, (BASE, BASE)), "team/api"),
        InvalidImage,
        f"layers[1].digest: the manifest names {APP.digest} and the image holds {BASE.digest}; see oci.validate(image)",
    ),
    "push: a manifest that names another config": (
        lambda ecr: registry.push(ecr, oci.Image(IMAGE.manifest, b"{}", IMAGE.layers), "team/api"),
        InvalidImage,
        f"config.digest: the manifest names {IMAGE.config_descriptor.digest} and the image holds {Digest.of(b'{}')}; "
        "see oci.validate(image)",
    ),
    "push: an index that names another image": (
        lambda ecr: registry.push(ecr, oci.Index(INDEX.manifest, (ARM, IMAGE)), "team/api"),
        InvalidImage,
        f"manifests[0].digest: the manifest names {IMAGE.digest} and the image holds {ARM.digest}; "
        "see oci.validate(image)",
    ),
    "pull: capitals in the name": (lambda ecr: registry.pull(ecr, "Team/API", "v1"), InvalidName, CAPITALS),
    "pull: a bad tag": (lambda ecr: registry.pull(ecr, "team/api", "v 1"), InvalidName, BAD_TAG),
    "pull: a digest cut short": (
        lambda ecr: registry.pull(ecr, "team/api", "sha256:12"),
        InvalidName,
        "digest 'sha256:12': there are 2 digits after 'sha256:' where 64 belong; "
        "copy the whole imageDigest, 71 characters, as DescribeImages shows it",
    ),
    "pull: a bad platform": (
        lambda ecr: registry.pull(ecr, "team/api", "v1", platform="arm64"),
        InvalidInput,
        "platform 'arm64': it is not an operating system and an architecture; "
        "write e.g. 'linux/amd64' or 'linux/arm/v7'",
    ),
    "pull: no client": (
        lambda ecr: registry.pull(None, "team/api", "v1"),
        InvalidInput,
        "pull: a NoneType is no ECR client; hand over lab.client('ecr')",
    ),
    "pull: an unknown repository": (
        lambda ecr: registry.pull(ecr, "team/apy", "v1"),
        RegistryError,
        "pull of team/apy:v1: there is no repository 'team/apy' in this registry (RepositoryNotFoundException from "
        "BatchGetImage); create it with ecr.create_repository(repositoryName='team/apy'), or check region and account",
    ),
    "pull: a tag that is not there": (
        lambda ecr: registry.pull(ecr, "team/api", "v7"),
        RegistryError,
        "pull of team/api:v7: there is no tag 'v7' in repository 'team/api'; the tags are v1, v2",
    ),
    "pull: a digest that is not there": (
        lambda ecr: registry.pull(ecr, "team/api", f"sha256:{'0' * 64}"),
        RegistryError,
        "pull of team/api@sha256:000000000000…: there is no such image in repository 'team/api' (ImageNotFound from "
        "BatchGetImage); see ecr.list_images()",
    ),
    "pull: a platform that the index does not have": (
        lambda ecr: registry.pull(ecr, "team/api", "v2", platform="linux/s390x"),
        RegistryError,
        "pull of team/api:v2: no matching manifest for linux/s390x; this index has linux/amd64, linux/arm64",
    ),
    "pull: a platform that the image is not for": (
        lambda ecr: registry.pull(ecr, "team/api", "v1", platform="linux/arm64"),
        RegistryError,
        "pull of team/api:v1: no matching manifest for linux/arm64; there is one image only, for linux/amd64",
    ),
}


@pytest.mark.parametrize(("act", "kind", "message"), CASES.values(), ids=CASES)
def test_error_cases(ecr, act, kind, message):
    """Every failure is one line: place, fact, way out; and nothing was changed."""
    registry.push(ecr, IMAGE, "team/api", tag="v1")
    registry.push(ecr, INDEX, "team/api", tag="v2")
    before = tags_in(ecr)
    with pytest.raises(EcrLabError) as caught:
        act(ecr)
    assert (kind, message) == (type(caught.value), str(caught.value))
    assert before == tags_in(ecr)


def test_error_pull_from_an_empty_repository(ecr):
    """Where no tag exists the message says so."""
    with pytest.raises(RegistryError) as caught:
        registry.pull(ecr, "team/api", "latest")
    wanted = (
        "pull of team/api:latest: there is no tag 'latest' in repository 'team/api'; "
        "no image there has a tag yet; push one first"
    )
    assert wanted == str(caught.value)


def test_error_pull_names_five_tags_at_most(ecr):
    """A hint, not a listing."""
    for number in range(7):
        registry.push(ecr, IMAGE, "team/api", tag=f"v{number}")
    with pytest.raises(RegistryError) as caught:
        registry.pull(ecr, "team/api", "latest")
    assert "the tags are v0, v1, v2, v3, v4, …" == caught.value.way_out


def test_error_immutable_tag(ecr):
    """A tag that must not move stays; the layers are there, the image is not."""
    ecr.put_image_tag_mutability(repositoryName="team/api", imageTagMutability="IMMUTABLE")
    registry.push(ecr, IMAGE, "team/api", tag="v1")
    with pytest.raises(RegistryError) as caught:
        registry.push(ecr, ARM, "team/api", tag="v1")
    wanted = (
        "push to team/api:v1: the tag is immutable and names another image already (ImageTagAlreadyExistsException "
        "from PutImage); push under a new tag, or exclude this tag from immutability"
    )
    assert wanted == str(caught.value)
    assert [str(IMAGE.digest)] == [each["imageDigest"] for each in images_in(ecr)]
    assert "ImageTagAlreadyExistsException" == caught.value.__cause__.response["Error"]["Code"]


REFUSALS = {
    "ExpiredTokenException": "the AWS credentials have expired (ExpiredTokenException from BatchGetImage); "
    "renew your AWS credentials and make a new client",
    "AccessDeniedException": "it is not allowed: AWS says so (AccessDeniedException from BatchGetImage); "
    "ask for this action in an identity or repository policy",
    "ServerException": "ECR has a fault of its own: AWS says so (ServerException from BatchGetImage); try again",
    "SomethingNew": "AWS says so (SomethingNew from BatchGetImage); read about BatchGetImage in the ECR API reference",
}


@pytest.mark.parametrize(("code", "message"), REFUSALS.items(), ids=REFUSALS)
def test_error_refusals_of_aws(ecr, code, message):
    """Each code of AWS has its sentence; an unknown one passes AWS's words on."""
    with Stubber(ecr) as stub:
        stub.add_client_error("batch_get_image", code, "AWS says so")
        with pytest.raises(RegistryError) as caught:
            registry.pull(ecr, "team/api", "v1")
    assert f"pull of team/api:v1: {message}" == str(caught.value)


def test_error_archived(ecr):
    """An archived image has to be restored first."""
    failure = {"imageId": {"imageTag": "v1"}, "failureCode": "ImageInaccessible", "failureReason": "archived"}
    with Stubber(ecr) as stub:
        stub.add_response("batch_get_image", {"images": [], "failures": [failure]})
        with pytest.raises(RegistryError) as caught:
            registry.pull(ecr, "team/api", "v1")
    wanted = (
        "pull of team/api:v1: the image is archived, or it is being restored (ImageInaccessible from BatchGetImage); "
        "restore it with ecr.update_image_storage_class(), wait until it is ACTIVE, and pull again"
    )
    assert wanted == str(caught.value)


def test_error_layers_that_vanish_before_the_manifest(ecr):
    """PutImage refuses a manifest whose layers are not there; its words are kept."""
    registry.push(ecr, IMAGE, "team/api", tag="v1")
    digests = [str(IMAGE.config_descriptor.digest), str(BASE.digest), str(APP.digest)]
    available = [{"layerDigest": digest, "layerAvailability": "AVAILABLE"} for digest in digests]
    with Stubber(ecr) as stub:
        stub.add_response("batch_check_layer_availability", {"layers": available, "failures": []})
        stub.add_client_error("put_image", "LayersNotFoundException", "Layers with digests 'x' not found")
        with pytest.raises(RegistryError) as caught:
            registry.push(ecr, IMAGE, "team/api", tag="v2")
    wanted = (
        "push to team/api:v2: the manifest names a layer that the repository does not have: Layers with digests 'x' "
        "not found (LayersNotFoundException from PutImage); push the image again with all its layers"
    )
    assert wanted == str(caught.value)


# --- a service that answers falsely -----------------------------------------------------------------------------------


def answer_falsely(ecr, operation, change):
    """Let ``change`` edit every answer of an operation before our code sees it."""
    ecr.meta.events.register(f"after-call.ecr.{operation}", lambda parsed, **_: change(parsed))


def test_error_manifest_with_other_bytes(ecr):
    """The digest of the manifest is computed, not believed."""
    registry.push(ecr, IMAGE, "team/api", tag="v1")
    answer_falsely(ecr, "BatchGetImage", lambda parsed: parsed["images"][0].update(imageManifest=ARM.manifest.decode()))
    with pytest.raises(RegistryError) as caught:
        registry.pull(ecr, "team/api", "v1")
    wanted = f"pull of team/api:v1: the manifest was named {IMAGE.digest} and its bytes are {ARM.digest}; pull again"
    assert wanted == str(caught.value)


SAME_SIZE = [oci.layer({"a": text}, compression="none") for text in "xy"]
WRONG_LAYERS = {
    "fewer bytes": (SAME_SIZE[0], BASE, "the manifest names {named.size:,} bytes and {came.size:,} arrived"),
    "more bytes": (BASE, SAME_SIZE[0], "the manifest names {named.size:,} bytes and more arrived"),
    "other bytes": (*SAME_SIZE, "the manifest names {named.digest} and what arrived is {came.digest}"),
}


@pytest.mark.parametrize(("named", "came", "fact"), WRONG_LAYERS.values(), ids=WRONG_LAYERS)
def test_error_layer_with_other_bytes(ecr, named, came, fact):
    """Size and digest of each download are computed, and both sides are named."""
    image = oci.image(named)
    registry.push(ecr, image, "team/api", tag="v1")
    registry.push(ecr, oci.image(came), "team/api", tag="other")
    url = ecr.get_download_url_for_layer(repositoryName="team/api", layerDigest=str(came.digest))["downloadUrl"]

    def swap(parsed):
        if parsed["layerDigest"] == str(named.digest):
            parsed["downloadUrl"] = url

    answer_falsely(ecr, "GetDownloadUrlForLayer", swap)
    with pytest.raises(RegistryError) as caught:
        registry.pull(ecr, "team/api", "v1")
    wanted = (
        f"pull of team/api:v1, layer {named.digest.short}: {fact.format(named=named, came=came)}; "
        "pull again; if it stays so, push the image again"
    )
    assert wanted == str(caught.value)


def test_error_address_that_leads_nowhere(ecr):
    """A bucket that does not give the layer is a failed pull."""
    registry.push(ecr, IMAGE, "team/api", tag="v1")
    answer_falsely(ecr, "GetDownloadUrlForLayer", lambda parsed: parsed.update(downloadUrl="http://127.0.0.1:1/x"))
    with pytest.raises(RegistryError) as caught:
        registry.pull(ecr, "team/api", "v1")
    wanted = (
        f"pull of team/api:v1, config {IMAGE.config_descriptor.digest.short}: the download failed (ConnectionError); "
        "pull again; if it stays so, push the image again"
    )
    assert wanted == str(caught.value)


# --- reports ----------------------------------------------------------------------------------------------------------


def test_a_report_is_the_same_in_every_run(ecr):
    """No time, no random id: two repositories give the same report but for the name."""
    ecr.create_repository(repositoryName="team/web")
    first, second = (registry.push(ecr, INDEX, name, tag="v1") for name in ("team/api", "team/web"))
    assert first.calls == second.calls
    assert first._repr_html_() == second._repr_html_().replace("team/web", "team/api")


def test_a_report_in_text(ecr):
    """The summary and a row per call; the digests are those of the empty image, always."""
    report = registry.push(ecr, oci.image(), "team/api", tag="v1")
    wanted = """\
✓ Pushed team/api:v1
  digest    `sha256:86e4047f00271a17da511eb9f8d1b027f50fb50a226a659c2b690f6752a4f044`
  uploaded  1 blob, 91 bytes
  skipped   0 blobs, already in the repository
  calls     5

#  operation                    subject              detail      bytes  result
-  ---------------------------  -------------------  ----------  -----  -------------------------------
1  BatchCheckLayerAvailability  1 blob                               0  0 available, 1 missing
2  InitiateLayerUpload          config 95e2e9d70140                  0  parts of up to 10,485,760 bytes
3  UploadLayerPart              config 95e2e9d70140  bytes 0-90     91  received
4  CompleteLayerUpload          config 95e2e9d70140                  0  digest confirmed
5  PutImage                     image 86e4047f0027   tag v1        247  stored"""
    assert wanted == str(report)


@pytest.mark.parametrize("reference", ["v1", str(IMAGE.digest)])
def test_reports_name_what_was_asked_for(ecr, reference):
    """By tag or by digest, in every form of the report."""
    registry.push(ecr, IMAGE, "team/api", tag="v1")
    report = registry.pull_with_report(ecr, "team/api", reference)
    name = "team/api:v1" if reference == "v1" else f"team/api@sha256:{IMAGE.digest.short}…"
    assert all(name in form for form in (repr(report), str(report), report._repr_html_(), report._repr_markdown_()))
