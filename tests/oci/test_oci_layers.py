"""A layer follows from its files alone, and other tools read what we write."""

import gzip
import hashlib
import io
import os
import random
import stat
import subprocess
import sys
import tarfile

import pytest
from ecrlab import oci
from ecrlab.errors import InvalidImage, InvalidInput, LayerChanged
from ecrlab.naming import Digest
from ecrlab.oci import media
from ecrlab.oci.deflate import COMPRESSED_LIMIT, gzip_bytes
from hypothesis import given, settings
from hypothesis import strategies as st
from oci_strategies import TREES


def unpacked(layer):
    """The members of a layer as Python's tarfile reads them: name -> (kind, mode, content or target)."""
    with layer.open() as stream:
        data = stream.read()
    tar = gzip.decompress(data) if layer.media_type.endswith("gzip") else data
    with tarfile.open(fileobj=io.BytesIO(tar)) as archive:
        return {
            member.name: (
                "link" if member.issym() else "dir" if member.isdir() else "file",
                member.mode,
                member.linkname if member.issym() else archive.extractfile(member).read() if member.isfile() else None,
            )
            for member in archive
        }


# --- same input, same bytes -------------------------------------------------------------------------------------------


def test_the_digest_of_a_known_layer():
    """These files have this digest on every machine and every Python; it may never change."""
    layer = oci.layer({"app/main.py": "print('hello')\n", "bin/run": oci.File("#!/bin/sh\n", 0o755)})
    assert "sha256:a0b7ed9dc64324f5a9b2a7218a499bd815610a05c9e1b1ff616fe5be0299ca99" == str(layer.digest)
    assert "sha256:8285467bd0720529270f42c9299b83f307ae7136152f03d1d679725be7ef1072" == str(layer.diff_id)


@given(TREES, st.randoms(use_true_random=False))
def test_the_order_of_files_is_irrelevant(files, shuffle):
    """Files in any order make the same layer."""
    pairs = list(files.items())
    shuffle.shuffle(pairs)
    assert oci.layer(files) == oci.layer(dict(pairs))


def test_the_digest_does_not_depend_on_the_process():
    """Another process with another hash seed builds the same image."""
    program = (
        "from ecrlab import oci; print(oci.image(oci.layer({'b': '2', 'a': '1'}), labels={'y': '1', 'x': '2'}).digest)"
    )
    here = oci.image(oci.layer({"a": "1", "b": "2"}), labels={"x": "2", "y": "1"}).digest
    command = [sys.executable, "-c", program]
    there = [
        subprocess.check_output(command, env={**os.environ, "PYTHONHASHSEED": seed}, text=True).strip()
        for seed in ("1", "2")
    ]
    assert [str(here), str(here)] == there


# --- what other tools see ---------------------------------------------------------------------------------------------


@given(TREES)
def test_tarfile_reads_what_was_put_in(files):
    """Every file, mode and link comes back; nothing else but the directories above them."""
    seen = unpacked(oci.layer(files))
    wanted = {}
    for name, content in files.items():
        file = content if isinstance(content, oci.File) else oci.File(content)
        wanted[name] = ("link", 0o777, file.link_to) if file.link_to else ("file", file.mode, file.data)
    parents = {name.rsplit("/", depth)[0] for name in files for depth in range(1, name.count("/") + 1)}
    assert {**wanted, **dict.fromkeys(parents, ("dir", 493, None))} == seen


@given(TREES)
def test_members_are_sorted_and_parents_come_first(files):
    """The order in the archive is that of the names."""
    names = list(unpacked(oci.layer(files)))
    assert sorted(names, key=str.encode) == names


def test_no_time_and_no_owner_leaks():
    """Every member has time, owner and group zero, and no names for them."""
    with oci.layer({"a/b": "1"}, compression="none").open() as stream, tarfile.open(fileobj=stream) as archive:
        members = [(m.mtime, m.uid, m.gid, m.uname, m.gname) for m in archive]
    assert [(0, 0, 0, "", "")] * 2 == members


@pytest.mark.parametrize("length", [99, 100, 101, 155, 156, 200, 255, 256, 257, 300])
@pytest.mark.parametrize("shape", ["one part", "many parts", "not ascii"])
def test_long_names_survive(length, shape):
    """Names of every length are read back whole, whichever header they need."""
    name = {"one part": "n" * length, "many parts": ("d/" * length)[: length - 1] + "x", "not ascii": "é" * length}[
        shape
    ]
    assert name in unpacked(oci.layer({name: "1"}))


def test_a_directory_and_a_whiteout_are_plain_names():
    """A name that ends in '/' is a directory; '.wh.' files travel as they are."""
    seen = unpacked(oci.layer({"var/empty/": "", "etc/.wh.motd": "", "tmp/": oci.File(mode=0o1777)}))
    assert ("dir", 0o755, None) == seen["var/empty"]
    assert ("file", 0o644, b"") == seen["etc/.wh.motd"]
    assert ("dir", 0o1777, None) == seen["tmp"]


def test_no_files_make_an_empty_archive():
    """A layer without files is the two empty blocks that end an archive."""
    assert Digest.of(bytes(1024)) == oci.layer({}).diff_id


@given(TREES, st.sampled_from(["gzip", "none"]))
def test_digest_and_diff_id_are_those_of_the_bytes(files, compression):
    """The digest is of what is stored, the diff_id of the tar inside."""
    layer = oci.layer(files, compression=compression)
    with layer.open() as stream:
        data = stream.read()
    tar = gzip.decompress(data) if compression == "gzip" else data
    assert (Digest.of(data), len(data), Digest.of(tar)) == (layer.digest, layer.size, layer.diff_id)


# --- our own gzip -----------------------------------------------------------------------------------------------------


@given(st.binary(max_size=3000) | st.binary(max_size=40).map(lambda piece: piece * 60))
def test_the_gzip_module_unpacks_what_we_pack(data):
    """Whatever goes in comes out."""
    assert data == gzip.decompress(gzip_bytes(data))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"x" * 257,
        b"x" * 258,
        b"x" * 259,
        random.Random(1).randbytes(33_000) * 3,  # repeats beyond the window of 32 KiB
        bytes(COMPRESSED_LIMIT),
        bytes(COMPRESSED_LIMIT + 1),
        random.Random(2).randbytes(0xFFFF),
        random.Random(3).randbytes(0x10000),
    ],
    ids=lambda data: f"{len(data)} bytes",
)
def test_edges_of_the_block_kinds(data):
    """Longest match, window, stored block and limit: each edge unpacks."""
    assert data == gzip.decompress(gzip_bytes(data))


def test_text_gets_smaller_and_noise_hardly_grows():
    """Compression is worth something on text; noise pays the stored blocks only."""
    text, noise = b"a line of a program\n" * 500, random.Random(4).randbytes(10_000)
    assert len(gzip_bytes(text)) < len(text) / 20
    assert len(gzip_bytes(noise)) == len(noise) + 23


def test_the_gzip_header_says_nothing():
    """No time, no file name, operating system 'unknown'."""
    assert bytes([0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 255]) == gzip_bytes(b"x")[:10]


# --- layers of files on disk ------------------------------------------------------------------------------------------


def test_a_file_keeps_its_bytes(tmp_path):
    """A tar.gz of another tool keeps its digest; the diff_id is that of the tar inside."""
    tar = b"".join([tarfile.TarInfo("x").tobuf(), bytes(1024)])
    path = tmp_path / "layer.tar.gz"
    path.write_bytes(gzip.compress(tar, mtime=0))
    layer = oci.layer_from_file(path)
    assert (Digest.of(path.read_bytes()), Digest.of(tar)) == (layer.digest, layer.diff_id)
    assert media.OCI_LAYER_GZIP == layer.media_type


def test_several_gzip_members_are_one_stream(tmp_path):
    """Members one after the other unpack as one tar, as RFC 1952 says."""
    path = tmp_path / "layer.tar.gz"
    path.write_bytes(gzip.compress(b"one") + gzip.compress(b"two"))
    assert Digest.of(b"onetwo") == oci.layer_from_file(path).diff_id


FILE_KINDS = {
    "a plain tar": (tarfile.TarInfo("x").tobuf() + bytes(1024), {}, media.OCI_LAYER),
    "a chart": (b"anything", {"media_type": "application/vnd.cncf.helm.chart.content.v1.tar+gzip"}, None),
    "zstd with its diff_id": (b"\x28\xb5\x2f\xfdrest", {"diff_id": Digest.of(b"tar")}, media.OCI_LAYER_ZSTD),
}


@pytest.mark.parametrize(("data", "options", "media_type"), FILE_KINDS.values(), ids=FILE_KINDS)
def test_the_kind_of_a_file_is_found_out_or_told(tmp_path, data, options, media_type):
    """The first bytes say what a file is, unless the caller does."""
    path = tmp_path / "blob"
    path.write_bytes(data)
    layer = oci.layer_from_file(path, **options)
    assert (media_type or options["media_type"], Digest.of(data)) == (layer.media_type, layer.digest)


CHANGES = {
    "other bytes": (b"B" * 100, "it changed while it was read: its bytes are no longer those of {digest}"),
    "shorter": (b"A" * 99, "it changed while it was read: it had 100 bytes and has 99 now"),
    "longer": (b"A" * 101, "it changed while it was read: it had 100 bytes and has more now"),
    "empty": (b"", "it changed while it was read: it had 100 bytes and has 0 now"),
}


@pytest.mark.parametrize(("data", "fact"), CHANGES.values(), ids=CHANGES)
def test_error_layer_changed(tmp_path, data, fact):
    """A file that is not what it was when the layer was made never reads to its end."""
    path = tmp_path / "blob"
    path.write_bytes(b"A" * 100)
    layer = oci.layer_from_file(path, media_type="application/octet-stream")
    path.write_bytes(data)
    with pytest.raises(LayerChanged) as caught, layer.open() as stream:
        stream.read()
    fact = fact.format(digest=layer.digest)
    assert f"layer {str(path)!r}: {fact}; make the layer again from the file" == str(caught.value)


def test_error_layer_gone(tmp_path):
    """A file that was deleted is missed when it is opened."""
    path = tmp_path / "blob"
    path.write_bytes(b"A")
    layer = oci.layer_from_file(path, media_type="application/octet-stream")
    path.unlink()
    with pytest.raises(LayerChanged) as caught:
        layer.open()
    assert f"layer {str(path)!r}: the file is gone; put it back" == str(caught.value)


def test_a_changed_file_is_noticed_in_small_reads_too(tmp_path):
    """The size of the reads does not matter."""
    path = tmp_path / "blob"
    path.write_bytes(bytes(3_000_000))
    layer = oci.layer_from_file(path, media_type="application/octet-stream")
    with layer.open() as stream:
        digest = hashlib.sha256()
        while piece := stream.read(777):
            digest.update(piece)
    assert layer.digest.hex == digest.hexdigest()


# --- bad input --------------------------------------------------------------------------------------------------------

BAD_FILES = {
    "absolute": ({"/etc/x": "1"}, "file '/etc/x': it is absolute; write 'etc/x': a layer is unpacked at the root"),
    "leads out": (
        {"a/../../x": "1"},
        "file 'a/../../x': '..' would leave the layer; write the name from the root of the file system",
    ),
    "empty name": ({"": "1"}, "file '': a part of it is empty or '.'; write e.g. 'app/main.py'"),
    "dot": ({"./a": "1"}, "file './a': a part of it is empty or '.'; write e.g. 'app/main.py'"),
    "double slash": ({"a//b": "1"}, "file 'a//b': a part of it is empty or '.'; write e.g. 'app/main.py'"),
    "zero byte": (
        {"a\0b": "1"},
        "file 'a\\x00b': it has a control character, or half of one that needs two; rename the file",
    ),
    "lone surrogate": (
        {"a\ud800": "1"},
        "file 'a\\ud800': it has a control character, or half of one that needs two; rename the file",
    ),
    "name is no text": ({1: "1"}, "file 1: a name is text, and this is int; write it in quotes"),
    "content is a number": ({"a": 1}, "file 'a': its content is int; give bytes, text or oci.File(…)"),
    "content in File": ({"a": oci.File(None)}, "file 'a': its content is NoneType; give bytes, text or oci.File(…)"),
    "inside a file": (
        {"a": "1", "a/b": "2"},
        "file 'a/b': it lies inside 'a', which is no directory; rename one of them",
    ),
    "file and directory": (
        {"a": "1", "a/": ""},
        "file 'a/': it is there twice, as a file and as a directory; keep one",
    ),
    "directory with content": (
        {"a/": "x"},
        "file 'a/': a directory or a link has no content; leave the content empty",
    ),
    "link to nothing": (
        {"a": oci.File(link_to="")},
        "file 'a': the target of the link is empty; name what it points to",
    ),
    "mode in decimal": ({"a": oci.File("", 100644)}, "file 'a': its mode is 100644; write it in octal, e.g. 0o755"),
    "owner": ({"a": oci.File("", uid=-1)}, "file 'a': its owner is -1:0; use numbers from 0 to 2097151"),
    "a list": (["a"], "layer: a value of type list is no mapping; write {'app/main.py': '…'}"),
    "a path": ("app.tar", "layer: 'app.tar' is no mapping; write {'app/main.py': '…'}"),
}


@pytest.mark.parametrize(("files", "message"), BAD_FILES.values(), ids=BAD_FILES)
def test_error_bad_files(files, message):
    """What no layer can hold is refused by name."""
    with pytest.raises(InvalidImage) as caught:
        oci.layer(files)
    assert message == str(caught.value)


def test_error_bad_compression():
    """The kit writes gzip or nothing."""
    with pytest.raises(InvalidInput) as caught:
        oci.layer({}, compression="zstd")
    assert "compression 'zstd': the kit does not write it; use 'gzip' or 'none'" == str(caught.value)


BAD_BLOBS = {
    "not there": (None, "it is not there, or not a file; check the path"),
    "unknown kind": (b"hello", "it is neither a tar nor compressed with gzip or zstd; name its media_type"),
    "zstd": (b"\x28\xb5\x2f\xfd", "the kit does not unpack zstd; give its diff_id"),
    "gzip cut short": (gzip.compress(bytes(1000))[:-5], "its gzip stream ends early; make the file again"),
    "gzip damaged": (
        gzip.compress(bytes(1000), mtime=0)[:-8] + bytes(8),
        "it is not a sound gzip stream (Error -3 while decompressing data: incorrect data check); make the file again",
    ),
}


@pytest.mark.parametrize(("data", "message"), BAD_BLOBS.values(), ids=BAD_BLOBS)
def test_error_bad_file_on_disk(tmp_path, data, message):
    """A file that cannot become a layer is refused by name."""
    path = tmp_path / "blob"
    if data is not None:
        path.write_bytes(data)
    with pytest.raises(InvalidImage) as caught:
        oci.layer_from_file(path)
    assert f"file 'blob': {message}" == str(caught.value)


@settings(max_examples=20)
@given(TREES)
def test_symbolic_modes_are_plain_permissions(files):
    """No member has bits beyond permissions in its mode."""
    assert all(mode == stat.S_IMODE(mode) for _, mode, _ in unpacked(oci.layer(files)).values())
