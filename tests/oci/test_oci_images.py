"""Images and indexes are values: changing one makes another."""

import json
from datetime import UTC, datetime

import pytest
from ecrlab import oci
from ecrlab.errors import InvalidInput
from ecrlab.naming import Digest
from ecrlab.oci import media
from hypothesis import given
from oci_strategies import IMAGES, LABELS, LAYERS

LAYER = oci.layer({"a": "1"})
TOP = oci.layer({"b": "2"})
IMAGE = oci.image(LAYER)
ARM = oci.image(LAYER, architecture="arm64")
INDEX = oci.index(IMAGE, ARM)
CHART = oci.Image(
    json.dumps(
        {
            "schemaVersion": 2,
            "config": {
                "mediaType": "application/vnd.cncf.helm.config.v1+json",
                "digest": str(Digest.of(b"{}")),
                "size": 2,
            },
            "layers": [],
        }
    ).encode(),
    b"{}",
    (),
)


# --- laws -------------------------------------------------------------------------------------------------------------


@given(IMAGES)
def test_the_digest_is_that_of_the_manifest(image):
    """Not of the layers, not of the tag: of the bytes of the manifest."""
    assert Digest.of(image.manifest) == image.digest


@given(IMAGES)
def test_the_size_is_the_sum_of_the_layers(image):
    """Compressed, as ECR counts it."""
    assert sum(layer.size for layer in image.layers) == image.size


@given(IMAGES)
def test_what_we_build_is_sound(image):
    """Every claim in a built image is true."""
    assert () == oci.validate(image)


@given(IMAGES, LAYERS)
def test_append_changes_layers_and_config_only(image, layer):
    """One layer more on top; architecture, labels and annotations stay."""
    longer = oci.append(image, layer)
    assert (*image.layers, layer) == longer.layers
    before, after = json.loads(image.config), json.loads(longer.config)
    assert [*before["rootfs"]["diff_ids"], str(layer.diff_id)] == after["rootfs"]["diff_ids"]
    assert len(before["history"]) + 1 == len(after["history"])
    assert _without(before, "rootfs", "history") == _without(after, "rootfs", "history")
    assert _without(json.loads(image.manifest), "config", "layers") == _without(
        json.loads(longer.manifest), "config", "layers"
    )
    assert () == oci.validate(longer)


@given(IMAGES, LABELS)
def test_relabel_keeps_the_layers(image, labels):
    """New labels make a new config and a new digest over the same layers."""
    relabelled = oci.relabel(image, labels)
    assert {**image.labels, **labels} == relabelled.labels
    assert image.layers == relabelled.layers
    assert () == oci.validate(relabelled)


@given(IMAGES, LABELS)
def test_annotate_keeps_the_config(image, annotations):
    """Annotations live in the manifest alone."""
    annotated = oci.annotate(image, annotations)
    assert annotations == annotated.document.annotations
    assert (image.config, image.layers) == (annotated.config, annotated.layers)


@given(LAYERS, LAYERS)
def test_appending_is_building_with_more_layers(lower, upper):
    """There is one way to say it, however it was built."""
    assert oci.image(lower, upper) == oci.append(oci.image(lower), upper)


def _without(document, *keys):
    return {key: value for key, value in document.items() if key not in keys}


# --- building ---------------------------------------------------------------------------------------------------------


def test_the_config_says_how_to_run_it():
    """Config, labels, variant and time go where Docker and OCI look for them."""
    image = oci.image(
        LAYER,
        architecture="arm64",
        variant="v8",
        config={"Env": ["PORT=80"], "Cmd": ["python", "main.py"], "Labels": {"b": "2"}},
        labels={"a": "1"},
        created=datetime(2026, 11, 2, 9, tzinfo=UTC),
    )
    assert {
        "created": "2026-11-02T09:00:00Z",
        "architecture": "arm64",
        "os": "linux",
        "variant": "v8",
        "config": {"Env": ["PORT=80"], "Cmd": ["python", "main.py"], "Labels": {"a": "1", "b": "2"}},
        "rootfs": {"type": "layers", "diff_ids": [str(LAYER.diff_id)]},
        "history": [{"created_by": "ecrlab"}],
    } == json.loads(image.config)
    assert "linux/arm64/v8" == str(image.platform)


def test_time_is_left_out_unless_it_is_given():
    """Two builds on two days are one image."""
    assert "created" not in json.loads(IMAGE.config)


def test_a_docker_image_is_docker_throughout():
    """Manifest, config and layers change their media types together; the bytes of the layers do not."""
    image = oci.append(oci.image(LAYER, family="docker"), TOP)
    manifest = json.loads(image.manifest)
    types = [
        manifest["mediaType"],
        manifest["config"]["mediaType"],
        *(each["mediaType"] for each in manifest["layers"]),
    ]
    assert [media.DOCKER_MANIFEST, media.DOCKER_CONFIG, media.DOCKER_LAYER_GZIP, media.DOCKER_LAYER_GZIP] == types
    assert [LAYER.digest, TOP.digest] == [layer.digest for layer in image.layers]
    assert media.DOCKER_INDEX == oci.index(image, family="docker").media_type


def test_fields_we_do_not_know_survive_a_change():
    """A change keeps what another tool wrote, known to us or not."""
    manifest = {**json.loads(IMAGE.manifest), "org.example.extra": [1, {"x": None}]}
    base = oci.Image(json.dumps(manifest).encode(), IMAGE.config, IMAGE.layers)
    assert [1, {"x": None}] == json.loads(oci.relabel(base, {"a": "1"}).manifest)["org.example.extra"]


# --- indexes ----------------------------------------------------------------------------------------------------------


def test_an_index_reads_platforms_from_the_configs():
    """Each child is listed with digest, size and platform."""
    listed = json.loads(INDEX.manifest)["manifests"]
    assert [
        {
            "mediaType": media.OCI_MANIFEST,
            "digest": str(child.digest),
            "size": len(child.manifest),
            "platform": {"architecture": architecture, "os": "linux"},
        }
        for child, architecture in [(IMAGE, "amd64"), (ARM, "arm64")]
    ] == listed


def test_pick_follows_nested_indexes():
    """A child that is an index offers its own children."""
    nested = oci.index(INDEX, oci.image(LAYER, architecture="s390x"))
    assert ["linux/amd64", "linux/arm64", "linux/s390x"] == [str(platform) for platform in nested.platforms]
    assert ARM == nested.pick("linux/arm64/v8")


def test_the_size_of_an_index_is_its_largest_child():
    """As ECR reports it."""
    assert oci.image(LAYER, TOP).size == oci.index(ARM, oci.image(LAYER, TOP)).size


def test_error_pick():
    """A platform that is not there is answered with those that are."""
    with pytest.raises(InvalidInput) as caught:
        INDEX.pick("linux/s390x")
    wanted = (
        f"index {INDEX.digest.short}: no matching manifest for linux/s390x; this index has linux/amd64, linux/arm64"
    )
    assert wanted == str(caught.value)


# --- bad input --------------------------------------------------------------------------------------------------------

BAD = {
    "image of text": (
        lambda: oci.image("app.tar"),
        "layers[0]: 'app.tar' is no layer; use oci.layer(…)",
    ),
    "image of a list": (
        lambda: oci.image([LAYER]),
        "layers[0]: a value of type list is no layer; use oci.layer(…)",
    ),
    "image of a chart's blob": (
        lambda: oci.image(oci.Layer(LAYER.digest, 1, None, "text/plain", LAYER.blob)),
        f"layer {LAYER.digest.short}: 'text/plain' is no file system layer; give it a tar layer",
    ),
    "no architecture": (
        lambda: oci.image(architecture=""),
        "architecture: '' is no name; write it as Go does, e.g. 'linux' and 'arm64'",
    ),
    "Cmd is text": (
        lambda: oci.image(config={"Cmd": "run"}),
        "config.Cmd: 'run' is no list of texts; write e.g. ['run']",
    ),
    "User is a number": (
        lambda: oci.image(config={"User": 0}),
        "config.User: 0 is not text; write it in quotes",
    ),
    "config is no JSON": (
        lambda: oci.image(config={"x": b""}),
        "document: it cannot be written as JSON (Object of type bytes is not JSON serializable); "
        "use text, numbers and lists",
    ),
    "label is a number": (
        lambda: oci.image(labels={"version": 1}),
        "labels['version']: 1 is not text; write it in quotes",
    ),
    "created without timezone": (
        lambda: oci.image(created=datetime(2026, 1, 1)),  # noqa: DTZ001
        "created: 2026-01-01T00:00:00 has no timezone; add one, e.g. tzinfo=UTC",
    ),
    "unknown family": (
        lambda: oci.image(family="rkt"),
        "family 'rkt': there is no such family of media types; use 'oci' or 'docker'",
    ),
    "a manifest of 5 MiB": (
        lambda: oci.image(annotations={"x": "y" * 5 * 1024 * 1024}),
        "manifest: it has 5,243,150 bytes and ECR takes 4,194,304 at most; "
        "move data out of its annotations, or use fewer layers",
    ),
    "append to an index": (
        lambda: oci.append(INDEX, LAYER),
        "append: a value of type Index is no single image; pick one of its images first",
    ),
    "append text": (
        lambda: oci.append(IMAGE, "x"),
        "layers[0]: 'x' is no layer; use oci.layer(…)",
    ),
    "relabel a chart": (
        lambda: oci.relabel(CHART, {}),
        "relabel: its config is 'application/vnd.cncf.helm.config.v1+json'; use a container image",
    ),
    "relabel with a number": (
        lambda: oci.relabel(IMAGE, {"a": 1}),
        "labels['a']: 1 is not text; write it in quotes",
    ),
    "annotate text": (
        lambda: oci.annotate("x", {}),
        "annotate: 'x' is no single image; use oci.image(…)",
    ),
    "annotate with a number": (
        lambda: oci.annotate(IMAGE, {"a": 1}),
        "annotations['a']: 1 is not text; write it in quotes",
    ),
    "an index of nothing": (
        lambda: oci.index(),
        "index: it would be empty; hand over one image for each platform",
    ),
    "an index of layers": (
        lambda: oci.index(LAYER),
        "images[0]: a value of type Layer is no image; use oci.image(…)",
    ),
    "two images for one platform": (
        lambda: oci.index(IMAGE, ARM, oci.append(ARM, TOP)),
        "images[2]: images[1] is for linux/arm64 too; build one of them with another architecture",
    ),
    "an index as an image": (
        lambda: oci.Image(INDEX.manifest, b"", ()),
        "manifest: it is an index; make an Index of it",
    ),
    "a config that is no JSON": (
        lambda: oci.Image(IMAGE.manifest, b"x", IMAGE.layers),
        "config: it is not JSON (Expecting value at line 1, column 1); correct it there",
    ),
    "a config whose labels are no text": (
        lambda: oci.Image(IMAGE.manifest, b'{"config":{"Labels":{"a":1}}}', IMAGE.layers),
        "config.Labels['a']: 1 is not text; write \"…\"",
    ),
    "an image as an index": (
        lambda: oci.Index(IMAGE.manifest, ()),
        "manifest: it describes one image; make an Image of it",
    ),
    "a manifest that names a layer more": (
        lambda: oci.Image(IMAGE.manifest, IMAGE.config, ()),
        "layers: the manifest names 1 and 0 are given; hand over one layer for each, in the same order",
    ),
    "an index that names a child more": (
        lambda: oci.Index(INDEX.manifest, (IMAGE,)),
        "manifests: the index names 2 and 1 are given; hand over one image for each, in the same order",
    ),
}


@pytest.mark.parametrize(("build", "message"), BAD.values(), ids=BAD)
def test_error_bad_input(build, message):
    """Whatever cannot become an image is refused in one line."""
    with pytest.raises(InvalidInput) as caught:
        build()
    assert message == str(caught.value)


# --- displays ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", [LAYER, IMAGE, INDEX, CHART], ids=["layer", "image", "index", "chart"])
def test_every_form_names_the_digest(value):
    """HTML, Markdown and text say the same, and a list of values shows one line each."""
    digest = str(value.digest)
    assert all(digest in form for form in (value._repr_html_(), value._repr_markdown_(), str(value)))
    assert "\n" not in repr(value)
    assert value.digest.short in repr(value)


def test_an_image_in_text():
    """The text form, line by line."""
    image = oci.annotate(oci.image(LAYER, labels={"team": "payments"}), {"note": "x"})
    wanted = f"""\
ℹ Image
  digest      `{image.digest}`
  media type  `application/vnd.oci.image.manifest.v1+json`
  platform    linux/amd64
  config      `{image.config_descriptor.digest}`, {len(image.config)} bytes
  layers      1, {LAYER.size} bytes compressed
  label       `team=payments`
  annotation  `note=x`

layer  digest                bytes  media type
-----  --------------------  -----  -------------------------------------------
    1  sha256:{LAYER.digest.short}…    {LAYER.size:>3}  application/vnd.oci.image.layer.v1.tar+gzip"""
    assert wanted == str(image)


def test_a_label_cannot_inject_html():
    """What an image says of itself is shown, not run."""
    assert "<script>" not in oci.image(labels={"x": "<script>alert(1)</script>"})._repr_html_()
