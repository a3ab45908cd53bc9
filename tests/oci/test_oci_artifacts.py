"""Artifacts about an image: one blob, an empty config, and a subject by which a registry finds them."""

from __future__ import annotations

import json

import pytest
from ecrlab import oci
from ecrlab.errors import InvalidImage

SBOM = "application/vnd.cyclonedx+json"
IMAGE = oci.image(oci.layer({"app.py": "print('hi')"}))


def artifact(**changed):
    """Build a bill of materials about ``IMAGE``, with something in it changed."""
    parameters = {"subject": IMAGE, "artifact_type": SBOM, "data": {"components": []}, "media_type": SBOM} | changed
    return oci.artifact(**parameters)


def test_the_manifest_is_the_one_of_the_specification():
    """Type, empty config, one blob, subject, annotations: in the order of OCI's examples."""
    expected = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "artifactType": SBOM,
        "config": {
            "mediaType": "application/vnd.oci.empty.v1+json",
            # the digest that the specification gives for {}
            "digest": "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",
            "size": 2,
        },
        "layers": [{"mediaType": SBOM, "digest": str(artifact().layers[0].digest), "size": 17}],
        "subject": {
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "digest": str(IMAGE.digest),
            "size": len(IMAGE.manifest),
        },
        "annotations": {"a": "1", "b": "2"},
    }
    manifest = artifact(annotations={"b": "2", "a": "1"}).manifest
    assert list(expected.items()) == list(json.loads(manifest).items())


def test_it_is_a_sound_image_without_a_platform():
    """Everything that pushes, pulls and checks images takes it."""
    made = artifact()
    assert ((), None, SBOM) == (oci.validate(made), made.platform, made.document.artifact_type)
    assert IMAGE.digest == made.document.subject.digest


def test_a_subject_is_an_image_an_index_or_a_descriptor():
    """A descriptor is enough; its platform and annotations stay out of the manifest."""
    index = oci.index(IMAGE, oci.image(architecture="arm64"))
    entry = index.document.manifests[0]
    assert entry.platform is not None
    assert artifact() == artifact(subject=entry)
    assert index.digest == artifact(subject=index).document.subject.digest


@pytest.mark.parametrize(
    ("data", "stored"),
    [(b"\x00\x01", b"\x00\x01"), ("Grüße", "Grüße".encode()), ({"b": 1, "a": [2]}, b'{"b":1,"a":[2]}')],
    ids=["bytes", "text", "mapping"],
)
def test_data_is_stored_as_it_is(data, stored):
    """Bytes as they are, text as UTF-8, a mapping as JSON in its own order."""
    with artifact(data=data).layers[0].open() as stream:
        assert stored == stream.read()


REFUSED = {
    "no image": (
        {"subject": "team/api:1.0"},
        "artifact: its subject, 'team/api:1.0', is no image; hand over an image or its descriptor",
    ),
    "no artifact type": (
        {"artifact_type": "signature"},
        'artifact_type: "signature" is no media type; write type/subtype',
    ),
    "empty artifact type": (
        {"artifact_type": ""},
        "artifact_type: it is empty; leave the key out or give it a value",
    ),
    "no media type": ({"media_type": "json"}, 'layers[0].mediaType: "json" is no media type; write type/subtype'),
    "no data": ({"data": b""}, "artifact: its data is empty; hand over at least one byte; ECR takes no empty blob"),
    "other data": ({"data": 7}, "artifact: its data is a value of type int; hand over bytes, text or a mapping"),
    "annotation": ({"annotations": {"a": 1}}, "annotations['a']: 1 is not text; write it in quotes"),
    "annotation key": ({"annotations": {1: "a"}}, "annotations[1]: 'a' is not text; write it in quotes"),
}


@pytest.mark.parametrize(("changed", "message"), REFUSED.values(), ids=REFUSED)
def test_what_is_refused(changed, message):
    """Place, fact, way out."""
    with pytest.raises(InvalidImage) as caught:
        artifact(**changed)
    assert message == str(caught.value)
