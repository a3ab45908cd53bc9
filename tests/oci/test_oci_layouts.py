"""Layout folders round-trip byte for byte; what is broken in one is named; a failure leaves nothing half done."""

import json
import shutil

import pytest
from ecrlab import oci
from ecrlab.errors import InvalidImage, InvalidInput, InvalidName, LayerChanged
from ecrlab.naming import Digest
from hypothesis import HealthCheck, given, settings
from oci_strategies import IMAGES

LAYER = oci.layer({"a": "1"})
IMAGE = oci.image(LAYER, labels={"x": "1"})
ARM = oci.image(LAYER, architecture="arm64")
INDEX = oci.index(IMAGE, ARM)


def contents(folder):
    """Every file of a folder with its bytes."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


# --- round trips ------------------------------------------------------------------------------------------------------


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(IMAGES)
def test_an_image_comes_back_as_it_was(tmp_path, image):
    """Written, read and written again: the same value and the same bytes."""
    for folder in (tmp_path / "one", tmp_path / "two"):
        shutil.rmtree(folder, ignore_errors=True)
    oci.write_layout(tmp_path / "one", image, tag="v1")
    again = oci.read_layout(tmp_path / "one", "v1")
    assert image == again
    oci.write_layout(tmp_path / "two", again, tag="v1")
    assert contents(tmp_path / "one") == contents(tmp_path / "two")


def test_a_folder_as_the_specification_draws_it(tmp_path):
    """Marker, listing with tag and platform, and one file per blob, named by its hash."""
    oci.write_layout(tmp_path / "layout", IMAGE, tag="v1")
    files = contents(tmp_path / "layout")
    assert b'{"imageLayoutVersion":"1.0.0"}' == files.pop("oci-layout")
    listing = json.loads(files.pop("index.json"))
    assert [
        {
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "digest": str(IMAGE.digest),
            "size": len(IMAGE.manifest),
            "platform": {"architecture": "amd64", "os": "linux"},
            "annotations": {"org.opencontainers.image.ref.name": "v1"},
        }
    ] == listing["manifests"]
    assert {f"blobs/sha256/{Digest.of(data).hex}": data for data in files.values()} == files
    assert 3 == len(files)


def test_an_index_brings_its_children(tmp_path):
    """Nested indexes and all their blobs are written and read; what is shared is there once."""
    nested = oci.index(INDEX, oci.image(LAYER, architecture="s390x"))
    oci.write_layout(tmp_path / "layout", nested)
    assert nested == oci.read_layout(tmp_path / "layout")
    assert 1 + 3 + 3 + 1 + 1 == len(list((tmp_path / "layout/blobs/sha256").iterdir()))


def test_several_images_share_a_folder(tmp_path):
    """A second write adds an image; a tag that is there moves to the new one."""
    folder = tmp_path / "layout"
    oci.write_layout(folder, IMAGE, tag="v1")
    oci.write_layout(folder, ARM, tag="v2")
    oci.write_layout(folder, INDEX)
    oci.write_layout(folder, INDEX)
    assert [IMAGE, ARM, INDEX] == [oci.read_layout(folder, name) for name in ("v1", "v2", str(INDEX.digest))]
    oci.write_layout(folder, ARM, tag="v1")
    assert ARM == oci.read_layout(folder, "v1")
    assert 3 == len(json.loads((folder / "index.json").read_bytes())["manifests"])


def test_an_empty_folder_is_filled(tmp_path):
    """A folder that is there and empty is as good as none."""
    assert IMAGE == oci.read_layout(oci.write_layout(tmp_path, IMAGE))


def test_large_layers_stay_in_the_folder(tmp_path):
    """Above 4 MiB a layer is read when it is needed, and missed if it changes meanwhile."""
    image = oci.image(oci.layer({"big": bytes(5_000_000)}))
    oci.write_layout(tmp_path / "layout", image)
    again = oci.read_layout(tmp_path / "layout")
    assert () == oci.validate(again)
    (tmp_path / "layout/blobs/sha256" / image.layers[0].digest.hex).write_bytes(b"")
    with pytest.raises(LayerChanged), again.layers[0].open() as stream:
        stream.read()


# --- failures leave nothing half done ---------------------------------------------------------------------------------


@pytest.fixture
def spoilt(tmp_path):
    """An image whose layer no longer has its bytes."""
    path = tmp_path / "blob"
    path.write_bytes(oci.layer({"a": "1"}, compression="none").blob.data)
    image = oci.image(LAYER, oci.layer_from_file(path))
    path.write_bytes(b"other")
    return image


def test_a_failed_write_leaves_no_folder(tmp_path, spoilt):
    """A new layout appears complete or not at all."""
    (tmp_path / "inside").mkdir()
    with pytest.raises(LayerChanged):
        oci.write_layout(tmp_path / "inside/layout", spoilt)
    assert [] == list((tmp_path / "inside").iterdir())


def test_a_failed_write_leaves_a_layout_as_it_was(tmp_path, spoilt):
    """An existing layout still reads, and lists what it listed."""
    folder = oci.write_layout(tmp_path / "layout", IMAGE, tag="v1")
    listing = (folder / "index.json").read_bytes()
    with pytest.raises(LayerChanged):
        oci.write_layout(folder, spoilt, tag="v1")
    assert listing == (folder / "index.json").read_bytes()
    assert IMAGE == oci.read_layout(folder, "v1")
    assert [] == list(folder.rglob(".*"))


# --- broken layouts ---------------------------------------------------------------------------------------------------

MANIFEST = f"blobs/sha256/{IMAGE.digest.hex}"
BLOB = f"blobs/sha256/{LAYER.digest.hex}"


def _rewrite(name, data):
    return lambda folder: (folder / name).write_bytes(data)


def _remove(name):
    return lambda folder: (folder / name).unlink()


def _listing(**changes):
    entry = {**IMAGE.descriptor.to_json(), **changes}
    return _rewrite("index.json", json.dumps({"schemaVersion": 2, "manifests": [entry]}).encode())


BROKEN = {
    "no folder": (shutil.rmtree, "layout 'layout': it is not there, or not a folder; check the path"),
    "no marker": (
        _remove("oci-layout"),
        "layout 'layout': there is no file 'oci-layout' in it; name a folder that write_layout or skopeo made",
    ),
    "marker is no JSON": (
        _rewrite("oci-layout", b""),
        "layout file 'oci-layout': it is not JSON (Expecting value at line 1, column 1); correct it there",
    ),
    "another version": (
        _rewrite("oci-layout", b'{"imageLayoutVersion":"2.0.0"}'),
        "layout file 'oci-layout': its version is '2.0.0'; the kit reads '1.0.0'",
    ),
    "no index.json": (
        _remove("index.json"),
        "layout 'layout': there is no file 'index.json' in it; write the layout again",
    ),
    "index.json is an image": (
        _rewrite("index.json", IMAGE.manifest),
        "layout file 'index.json': it is no index; write the layout again",
    ),
    "index.json names a broken digest": (
        _listing(digest="sha256:12"),
        "layout file 'index.json', manifests[0].digest: digest 'sha256:12': there are 2 digits after 'sha256:' where "
        "64 belong; copy the whole imageDigest, 71 characters, as DescribeImages shows it",
    ),
    "nothing in it": (
        _rewrite("index.json", b'{"schemaVersion":2,"manifests":[]}'),
        "layout 'layout': it holds no image; write one first",
    ),
    "no manifest": (
        _remove(MANIFEST),
        f"blob {IMAGE.digest}: it is missing (application/vnd.oci.image.manifest.v1+json); write the layout again",
    ),
    "manifest of another kind": (
        _listing(mediaType="application/vnd.oci.image.index.v1+json"),
        f"blob {IMAGE.digest}: it is named 'application/vnd.oci.image.index.v1+json' and says "
        "'application/vnd.oci.image.manifest.v1+json' of itself; write the layout again",
    ),
    "layer of another length": (
        _rewrite(BLOB, b"x"),
        f"blob {LAYER.digest}: it is named with {LAYER.size} bytes and has 1; write the layout again",
    ),
    "layer with other bytes": (
        _rewrite(BLOB, bytes(LAYER.size)),
        f"blob {LAYER.digest}: its bytes are {Digest.of(bytes(LAYER.size))}; write the layout again",
    ),
    "no config": (
        _remove(f"blobs/sha256/{IMAGE.config_descriptor.digest.hex}"),
        f"blob {IMAGE.config_descriptor.digest}: it is missing (application/vnd.oci.image.config.v1+json); "
        "write the layout again",
    ),
}


@pytest.mark.parametrize(("damage", "message"), BROKEN.values(), ids=BROKEN)
def test_error_broken_layout(tmp_path, damage, message):
    """Each fault of a layout is one line that names the file."""
    folder = oci.write_layout(tmp_path / "layout", IMAGE, tag="v1")
    damage(folder)
    with pytest.raises(InvalidImage) as caught:
        oci.read_layout(folder)
    assert message == str(caught.value)


def test_error_which_image(tmp_path):
    """Several images, or a name that is not there: the message lists what there is."""
    folder = oci.write_layout(tmp_path / "layout", IMAGE, tag="v1")
    oci.write_layout(folder, ARM, tag="v2")
    for wanted, message in [
        (None, "layout 'layout': it holds 2 images; say which: v1, v2"),
        ("v3", "layout 'layout': it holds no 'v3'; it has v1, v2"),
    ]:
        with pytest.raises(InvalidImage) as caught:
            oci.read_layout(folder, wanted)
        assert message == str(caught.value)


BAD_WRITES = {
    "a path for an image": (
        lambda folder: oci.write_layout(folder, "app.tar"),
        "write_layout: 'app.tar' is no image; use oci.image(…)",
    ),
    "a bad tag": (
        lambda folder: oci.write_layout(folder, IMAGE, tag="a b"),
        "tag 'a b': ' ' does not belong there; use letters, digits, '_', '.' and '-', the last two not first",
    ),
    "a file in the way": (
        lambda folder: oci.write_layout(folder / "file", IMAGE),
        "layout 'file': it is a file; name a folder",
    ),
    "something else in the folder": (
        lambda folder: oci.write_layout(folder, IMAGE),
        "layout 'elsewhere': there is no file 'oci-layout' in it; name a folder that write_layout or skopeo made",
    ),
}


@pytest.mark.parametrize(("write", "message"), BAD_WRITES.values(), ids=BAD_WRITES)
def test_error_bad_write(tmp_path, write, message):
    """Nothing is overwritten that is no layout."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    (folder / "file").write_text("precious")
    with pytest.raises((InvalidImage, InvalidName)) as caught:
        write(folder)
    assert message == str(caught.value)
    assert {"file": b"precious"} == contents(folder)


# --- validate ---------------------------------------------------------------------------------------------------------

OTHER = oci.layer({"a": "2"})


def _image(**changes):
    """IMAGE with parts of its manifest replaced."""
    return oci.Image(json.dumps({**json.loads(IMAGE.manifest), **changes}).encode(), IMAGE.config, IMAGE.layers)


def _image_with_config(config):
    data = json.dumps(config).encode()
    manifest = json.loads(IMAGE.manifest)
    manifest["config"] |= {"digest": str(Digest.of(data)), "size": len(data)}
    return oci.Image(json.dumps(manifest).encode(), data, IMAGE.layers)


CONFIG = json.loads(IMAGE.config)
LISTED = json.loads(INDEX.manifest)["manifests"]
FALSE_CLAIMS = {
    "another layer": (
        oci.Image(IMAGE.manifest, IMAGE.config, (OTHER,)),
        [
            f"layers[0].digest: claimed {LAYER.digest}, computed {OTHER.digest}",
            f"rootfs.diff_ids[0]: claimed {LAYER.diff_id}, computed {OTHER.diff_id}",
        ],
    ),
    "another config": (
        oci.Image(IMAGE.manifest, b"{}", IMAGE.layers),
        [
            f"config.digest: claimed {Digest.of(IMAGE.config)}, computed {Digest.of(b'{}')}",
            f"config.size: claimed {len(IMAGE.config)} bytes, computed 2 bytes",
        ],
    ),
    "a size": (
        _image(layers=[{**LAYER.descriptor.to_json(), "size": 1}]),
        [f"layers[0].size: claimed 1 bytes, computed {LAYER.size} bytes"],
    ),
    "a diff_id": (
        _image_with_config({**CONFIG, "rootfs": {"type": "layers", "diff_ids": [str(LAYER.digest)]}}),
        [f"rootfs.diff_ids[0]: claimed {LAYER.digest}, computed {LAYER.diff_id}"],
    ),
    "a diff_id too few": (
        _image_with_config({**CONFIG, "rootfs": {"type": "layers", "diff_ids": []}}),
        ["rootfs.diff_ids: claimed 0 layers, computed 1 layers"],
    ),
    "a layer that is no gzip": (
        oci.Image(
            IMAGE.manifest,
            IMAGE.config,
            (oci.Layer(LAYER.digest, LAYER.size, None, LAYER.media_type, type(LAYER.blob)(b"x")),),
        ),
        [
            f"layers[0].digest: claimed {LAYER.digest}, computed {Digest.of(b'x')}",
            f"layers[0].size: claimed {LAYER.size} bytes, computed 1 bytes",
            f"rootfs.diff_ids[0]: claimed {LAYER.diff_id}, computed its gzip stream ends early",
        ],
    ),
    "the children of an index": (
        oci.Index(INDEX.manifest, (ARM, IMAGE)),
        [
            f"manifests[0].digest: claimed {IMAGE.digest}, computed {ARM.digest}",
            f"manifests[0].size: claimed {len(IMAGE.manifest)} bytes, computed {len(ARM.manifest)} bytes",
            "manifests[0].platform: claimed linux/amd64, computed linux/arm64",
            f"manifests[1].digest: claimed {ARM.digest}, computed {IMAGE.digest}",
            f"manifests[1].size: claimed {len(ARM.manifest)} bytes, computed {len(IMAGE.manifest)} bytes",
            "manifests[1].platform: claimed linux/arm64, computed linux/amd64",
        ],
    ),
    "inside a child": (
        oci.Index(INDEX.manifest, (oci.Image(IMAGE.manifest, IMAGE.config, (OTHER,)), ARM)),
        [
            f"manifests[0]: layers[0].digest: claimed {LAYER.digest}, computed {OTHER.digest}",
            f"manifests[0]: rootfs.diff_ids[0]: claimed {LAYER.diff_id}, computed {OTHER.diff_id}",
        ],
    ),
}


@pytest.mark.parametrize(("image", "mismatches"), FALSE_CLAIMS.values(), ids=FALSE_CLAIMS)
def test_every_false_claim_is_named(image, mismatches):
    """Claim and computation stand side by side, in the order of the manifest."""
    # Lengths can coincide; a claim that is true is no mismatch.
    wanted = [line for line in mismatches if len(set(line.split(": claimed ")[1].split(", computed "))) == 2]
    assert wanted == [str(mismatch) for mismatch in oci.validate(image)]


def test_error_validate_what_is_no_image():
    """Only images and indexes make claims."""
    with pytest.raises(InvalidInput) as caught:
        oci.validate("layout")
    assert "validate: 'layout' is no image; use oci.image(…) or oci.read_layout(…)" == str(caught.value)
