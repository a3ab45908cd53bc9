"""What a layer lists and hides, read as a stream; and that no layer, however made, harms the reader."""

import gzip
import io
import json
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
from ecrlab import oci, scan
from ecrlab.errors import InvalidImage
from ecrlab.oci.media import DOCKER_LAYER, OCI_LAYER, OCI_LAYER_GZIP, OCI_LAYER_ZSTD
from ecrlab.scan.limits import LIMITS
from ecrlab.scan.unpacking import Pieces
from ecrlab.scan.untar import members
from hypothesis import given
from hypothesis import strategies as st
from layers_world import (
    BASE,
    contents,
    egg,
    file_warnings,
    installed,
    jar,
    listed,
    member,
    pom,
    read_bytes,
    read_members,
    rpm_header,
    rpmdb,
    tar_of,
)

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

HERE = Path(__file__).parent
STATUS = "var/lib/dpkg/status"


def cases(name):
    """Read a table of cases, each with its name as test id."""
    rows = json.loads((HERE / name).read_text("utf-8"))
    return [pytest.param(row, id=row["name"]) for row in rows]


# --- what files list --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", cases("package_files.json"))
def test_what_a_file_lists(case):
    """Each row: a path, the lines there, and (name, version, source, source version, architecture) of what it lists."""
    layer = contents({case["path"]: "".join(f"{line}\n" for line in case["content"])})
    if case["listed"] is None:
        assert () == layer.package_files
        return
    (file,) = layer.package_files
    found = [(e.name, e.version, e.source, e.source_version, e.architecture) for e in file.listed]
    assert [tuple(row) + ("",) * (5 - len(row)) for row in case["listed"]] == found
    assert case.get("warning", "") == file.warning


@pytest.mark.parametrize("case", cases("java_archives.json"))
def test_what_an_archive_says_of_itself(case):
    """Each row: an archive's file name, poms and manifest, and what it lists."""
    entries = {"a/B.class": b"\xca\xfe\xba\xbe"}
    for group, artifact, version in case.get("poms", []):
        entries |= pom(group, artifact, version)
    if "manifest" in case:
        entries["META-INF/MANIFEST.MF"] = "".join(f"{k}: {v}\r\n" for k, v in case["manifest"].items()) + "\r\n"
    layer = contents({f"app/{case['file']}": jar(entries)})
    assert [tuple(row) for row in case["listed"]] == listed(layer)
    assert [] == file_warnings(layer)


def test_a_manifest_continues_long_lines():
    """A line that begins with a space belongs to the one before; other sections are about other things."""
    manifest = "Implementation-Version: 1.2\r\n 3.4\r\n\r\nName: a/\r\nImplementation-Version: 9\r\n"
    assert [("x", "1.23.4")] == listed(contents({"x.jar": jar({"META-INF/MANIFEST.MF": manifest})}))


def test_archives_in_archives():
    """A jar in a jar in a war is listed, with the way there."""
    inner = jar(pom("g", "inner", "1"))
    middle = jar({"BOOT-INF/lib/inner-1.jar": inner, **pom("g", "middle", "2")})
    layer = contents({"srv/shop.war": jar({"WEB-INF/lib/middle-2.jar": middle})})
    (file,) = layer.package_files
    assert [
        ("g:middle", "WEB-INF/lib/middle-2.jar"),
        ("g:inner", "WEB-INF/lib/middle-2.jar!/BOOT-INF/lib/inner-1.jar"),
    ] == [(each.name, each.inside) for each in file.listed]


def test_an_archive_behind_a_script():
    """A jar that is a shell script in front is a jar all the same, as Spring Boot makes them."""
    data = b"#!/bin/sh\nexec java -jar $0\n" + jar(pom("g", "a", "1"))
    assert [("g:a", "1")] == listed(contents({"app.jar": data}))


def test_a_broken_archive_inside_a_sound_one():
    """What can be read is listed; what cannot is named."""
    layer = contents({"app.jar": jar({"lib/bad.jar": b"PK", **pom("g", "a", "1")})})
    assert [("g:a", "1")] == listed(layer)
    assert ["app.jar: lib/bad.jar: it is no sound archive (File is not a zip file)"] == file_warnings(layer)


# --- rpm --------------------------------------------------------------------------------------------------------------


def test_a_database_that_rpm_wrote():
    """Its maker is rpm 4.18; it has three packages, and is marked as having a journal, as rpm's databases are."""
    data = gzip.decompress((HERE / "rpmdb.sqlite.gz").read_bytes())
    assert b"\x02\x02" == data[18:20]  # built from two empty specs, and filled with rpm --justdb
    (file,) = contents({"var/lib/rpm/rpmdb.sqlite": data}).package_files
    assert "" == file.warning
    assert [
        ("bash", "5.1.8-6.el9", "bash", "5.1.8-6.el9", "noarch"),
        ("openssl", "1:3.0.7-27.el9", "openssl", "3.0.7-27.el9", "noarch"),
        ("openssl-libs", "1:3.0.7-27.el9", "openssl", "3.0.7-27.el9", "noarch"),
    ] == sorted((e.name, e.version, e.source, e.source_version, e.architecture) for e in file.listed)


def test_rpms_keys_are_no_packages():
    """A trusted key is stored like a package."""
    data = rpmdb(rpm_header({1000: "gpg-pubkey", 1001: "1", 1002: "2"}), rpm_header({1000: "a", 1001: "1", 1002: "2"}))
    assert [("a", "1-2")] == listed(contents({"usr/lib/sysimage/rpm/rpmdb.sqlite": data}))


HEADER = rpm_header({1000: "a", 1001: "1", 1002: "2"})
BROKEN_RPM = {
    "a header cut short": (rpmdb(HEADER, HEADER[:20]), "damaged package headers: 1"),
    "a header without a name": (rpmdb(rpm_header({1001: "1"})), "damaged package headers: 1"),
    "a count of four billion": (rpmdb(b"\xff" * 64), "damaged package headers: 1"),
    "no table": (rpmdb(schema="CREATE TABLE Other (blob BLOB)", table="Other"), "it has no table of packages"),
    "cut short": (rpmdb(HEADER)[:3000], "it is no sound SQLite database (database disk image is malformed)"),
}


@pytest.mark.parametrize(("data", "fact"), BROKEN_RPM.values(), ids=BROKEN_RPM)
def test_error_a_broken_rpm_database(data, fact):
    """It is named in a warning; what was read before stands."""
    layer = contents({"var/lib/rpm/rpmdb.sqlite": data})
    assert [f"var/lib/rpm/rpmdb.sqlite: {fact}"] == file_warnings(layer)


# --- how layers are packed --------------------------------------------------------------------------------------------

TAR = tar_of((STATUS, installed("bash").encode() * 50), ("a.egg-info", egg("a").encode()))
PACKED = {
    "plain": (TAR, OCI_LAYER),
    "gzip": (gzip.compress(TAR), OCI_LAYER_GZIP),
    "gzip in two members": (gzip.compress(TAR[:700]) + gzip.compress(TAR[700:]), OCI_LAYER_GZIP),
    "zstd": (zstd.compress(TAR), OCI_LAYER_ZSTD),
    "zstd in two frames": (zstd.compress(TAR[:700]) + zstd.compress(TAR[700:]), OCI_LAYER_ZSTD),
    "zstd behind a frame to skip": (b"\x50\x2a\x4d\x18\x03\0\0\0abc" + zstd.compress(TAR), OCI_LAYER_ZSTD),
    "gzip under another name": (gzip.compress(TAR), DOCKER_LAYER),
    "without an end marker": (TAR[: TAR.rindex(b"Prose.") // 512 * 512 + 512], OCI_LAYER),
    "with something behind its end": (TAR + b"\x07" * 5000, OCI_LAYER),
}


@pytest.mark.parametrize(("data", "media_type"), PACKED.values(), ids=PACKED)
def test_the_packing_makes_no_difference(data, media_type):
    """Gzip, zstd or nothing, whatever the media type says: the bytes decide."""
    assert [("a", "1.0"), ("bash", "1.0")] == listed(read_bytes(data, media_type))


@given(st.sampled_from(sorted(PACKED)), st.integers(1, 3000))
def test_the_size_of_pieces_makes_no_difference(packing, size):
    """A layer may come in pieces of any size, empty ones included."""
    data, media_type = PACKED[packing]
    pieces = [b"", *(data[at : at + size] for at in range(0, len(data), size)), b""]
    assert read_bytes(data, media_type) == scan.read_layer(pieces, digest=BASE, media_type=media_type)


def test_a_blob_that_is_no_layer():
    """A Helm chart, say, holds no file system; that is said, and nothing else is."""
    layer = read_bytes(b"anything", "application/vnd.cncf.helm.chart.content.v1.tar+gzip")
    fact = "layer e3b0c44298fc is no part of a file system: application/vnd.cncf.helm.chart.content.v1.tar+gzip"
    assert scan.LayerContents(BASE, warnings=(fact,)) == layer


BODY = gzip.compress(bytes(5000), mtime=0)
DAMAGED = {
    "gzip cut short": (gzip.compress(TAR)[:-20], "its gzip stream ends early"),
    "gzip damaged": (
        gzip.compress(TAR[:-1024], mtime=0)[:-8] + bytes(8),
        "it is not a sound gzip stream (Error -3 while decompressing data: incorrect data check)",
    ),
    "zstd cut short": (zstd.compress(TAR[:-1024])[:-9], "its zstd stream ends early"),
    "zstd damaged": (
        b"\x28\xb5\x2f\xfd" + b"\xff" * 40,
        "it is not a sound zstd stream (Unable to decompress Zstandard data: Unsupported frame parameter)",
    ),
    "no tar": (b"hello, world\n" * 100, "there is no tar header at byte 0"),
    "something between members": (
        tar_of(member("a", tarfile.DIRTYPE))[:512] + b"x" * 512,
        "there is no tar header at byte 512",
    ),
    "cut within a header": (TAR[:300], "its tar ends within a header"),
    "cut within a file": (TAR[:600], "its tar ends early"),
}


@pytest.mark.parametrize(("data", "fact"), DAMAGED.values(), ids=DAMAGED)
def test_error_damaged_layer(data, fact):
    """A layer that no container runtime would take is refused by name."""
    with pytest.raises(InvalidImage) as caught:
        read_bytes(data)
    assert f"layer e3b0c44298fc: {fact}; push the image again" == str(caught.value)


# --- the archive ------------------------------------------------------------------------------------------------------

NAMES = st.text("ab/.é漢 ", min_size=1, max_size=300).filter(lambda name: name.strip("/"))
KINDS = st.sampled_from([tarfile.REGTYPE, tarfile.DIRTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE])
MEMBERS = st.lists(st.tuples(NAMES, KINDS, st.binary(max_size=1500), NAMES), max_size=5)


@given(MEMBERS, st.sampled_from([tarfile.PAX_FORMAT, tarfile.GNU_FORMAT]))
def test_our_reading_of_archives_is_pythons(described, tar_format):
    """Names, kinds, links and contents are those that tarfile reads, in both formats and at every length."""
    made = []
    for name, kind, content, link in described:
        info = member(name, kind, link if kind in (tarfile.SYMTYPE, tarfile.LNKTYPE) else "")
        info.size = len(content) if kind == tarfile.REGTYPE else 0
        made.append((info, content))
    data = tar_of(*made, tar_format=tar_format)
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        wanted = [
            (m.name, m.isdir(), m.isfile(), m.linkname, archive.extractfile(m).read() if m.isfile() else b"")
            for m in archive
        ]
    read = members(Pieces(iter([data])), LIMITS, "layer")
    found = [
        (m.name.rstrip("/"), m.kind.name == "DIRECTORY", m.kind.name == "FILE", m.link_to, m.content()) for m in read
    ]
    assert [(name.rstrip("/"), *rest) for name, *rest in wanted] == found


def test_a_sparse_file_of_gnu_tar_is_passed_over():
    """Its map of holes may go on in further blocks; what follows is read as ever."""
    info = member("sparse", b"S")
    info.size = 512
    block = bytearray(info.tobuf(tarfile.GNU_FORMAT)[:512])
    block[482] = 1
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    extensions = (b"\0" * 504 + b"\x01").ljust(512, b"\0") + bytes(512)
    data = bytes(block) + extensions + bytes(512) + tar_of(("a.egg-info", egg("a").encode()))
    assert [("a", "1.0")] == listed(read_bytes(data, OCI_LAYER))


# --- whiteouts, links, names ------------------------------------------------------------------------------------------


def test_whiteouts_and_opaque_directories():
    """A whiteout names a path of the layers below, the opaque one empties its directory; AUFS's notes mean nothing."""
    layer = contents(
        {"etc/.wh.motd": "", "opt/.wh..wh..opq": "", ".wh..wh..opq": "", "srv/.wh..wh.plnk": "", "tmp/.wh.": ""}
    )
    assert {"etc/motd"} == layer.whiteouts
    assert {"opt", ""} == layer.opaque
    assert frozenset() == layer.occupied


OUTSIDE = ["../../etc/passwd", "/../x", "a/../../var/lib/dpkg/status", "..", "../.wh.etc", "../.wh..wh..opq"]


@pytest.mark.parametrize("name", OUTSIDE)
def test_names_that_lead_out_are_harmless(name):
    """Such a member adds nothing and hides nothing; the layer says that it had one."""
    layer = read_members((name, installed("evil").encode()), (STATUS, installed("bash").encode()))
    assert [("bash", "1.0")] == listed(layer)
    assert (frozenset(), frozenset(), {STATUS}) == (layer.whiteouts, layer.opaque, layer.occupied)
    assert ("layer e3b0c44298fc: names that lead out of the file system were passed over: 1",) == layer.warnings


@pytest.mark.parametrize("name", [f"./{STATUS}", f"/{STATUS}", "var//lib/./dpkg/status", "x/../var/lib/dpkg/status"])
def test_a_path_has_many_spellings(name):
    """Tools write names with './' or '/' in front, or with detours."""
    layer = read_members((name, installed("bash").encode()))
    assert ([("bash", "1.0")], {STATUS}) == (listed(layer), layer.occupied)


@pytest.mark.parametrize("name", ["./", ".", "/", "a/.."])
def test_the_root_is_no_file(name):
    """Archives often begin with their root."""
    layer = read_members(member(name, tarfile.DIRTYPE))
    assert scan.LayerContents(BASE) == layer


def test_a_link_is_no_package_file():
    """A symbolic link has no content of its own; what it points to is read where it is."""
    layer = read_members(member("b.jar", tarfile.SYMTYPE, "/etc/passwd"), member("c.jar", tarfile.FIFOTYPE))
    assert ((), {"b.jar", "c.jar"}) == (layer.package_files, layer.occupied)


def test_a_hard_link_is_the_same_file():
    """The content came with the first name, and counts under the second too."""
    first, second = "cache/a.egg-info", "venv/a.egg-info"
    layer = read_members((first, egg("a").encode()), member(second, tarfile.LNKTYPE, f"./{first}"))
    assert [first, second] == [file.path for file in layer.package_files]
    assert [("a", "1.0")] * 2 == listed(layer)


def test_a_hard_link_to_what_was_passed_over():
    """Reading never goes back, so such a file is missing, and said to be."""
    layer = read_members(("store/1f", egg("a").encode()), member("a.egg-info", tarfile.LNKTYPE, "store/1f"))
    assert ["a.egg-info: it is a hard link to 'store/1f', whose content was passed over"] == file_warnings(layer)


def test_the_last_of_two_members_with_one_name_counts():
    """A tar may write a file twice; unpacked, the later one is there."""
    assert [("b", "2")] == listed(
        read_members((STATUS, installed("a").encode()), (STATUS, installed("b", "2").encode()))
    )
    link = member(STATUS, tarfile.SYMTYPE, "elsewhere")
    assert [] == listed(read_members((STATUS, installed("a").encode()), link))
    assert [] == listed(read_members(("a.jar", jar(pom("g", "a", "1"))), member("a.jar", tarfile.DIRTYPE)))


# --- hostile content --------------------------------------------------------------------------------------------------

PATHS = [
    STATUS,
    "var/lib/dpkg/status.d/x",
    "lib/apk/db/installed",
    "var/lib/rpm/rpmdb.sqlite",
    "a.dist-info/METADATA",
    "a.egg-info",
    "node_modules/a/package.json",
    "a.jar",
    "etc/os-release",
]
BEGINNINGS = st.sampled_from(
    [b"", b"SQLite format 3\0", b"PK\x03\x04", b"{", b"Package: ", b"ID=", HEADER, rpmdb(HEADER)]
)
HOSTILE = st.builds(lambda head, tail: head + tail, BEGINNINGS, st.binary(max_size=400))


@given(st.sampled_from(PATHS), HOSTILE)
def test_no_content_of_a_file_is_an_error(path, data):
    """Whatever bytes a file has, its layer is read, and lists texts."""
    for name, version in listed(contents({path: data})):
        assert name
        assert version


@given(st.integers(0, 5000), st.integers(0, 255))
def test_no_damage_to_an_archive_is_an_error(at, value):
    """One changed byte in a jar costs its packages at most."""
    data = bytearray(jar({"lib/x.jar": jar(pom("g", "x", "1")), **pom("g", "a", "1")}))
    data[at % len(data)] = value
    contents({"a.jar": bytes(data)})


def test_json_nested_without_end():
    """A parser that would recurse a million times gives up on this one file."""
    layer = contents({"node_modules/a/package.json": "[" * 1_000_000})
    assert ["node_modules/a/package.json: it is not JSON"] == file_warnings(layer)


def test_a_database_that_never_answers():
    """A view in the place of rpm's table could compute for ever; it is not asked."""
    schema = "CREATE VIEW Packages AS WITH RECURSIVE n(blob) AS (SELECT 1 UNION ALL SELECT 2 FROM n) SELECT * FROM n"
    layer = contents({"var/lib/rpm/rpmdb.sqlite": rpmdb(schema=schema)})
    assert ["var/lib/rpm/rpmdb.sqlite: it has no table of packages"] == file_warnings(layer)


# --- limits -----------------------------------------------------------------------------------------------------------

MANY = {f"{n}.egg-info": egg(f"p{n}") for n in range(20)}
LAYER_LIMITS = {
    "bytes": ({"unpacked": 6000}, "it unpacks to more than 6,000 bytes"),
    "ratio": ({"ratio": 5, "ratio_from": 1000}, "it unpacks to more than 5 times its size"),
    "members": ({"members": 7}, "it has more than 7 files"),
    "names": ({"names": 60}, "the names of its files have more than 60 characters"),
    "packages": ({"packages": 5}, "it lists more than 5 packages"),
}


@pytest.mark.parametrize(("limits", "fact"), LAYER_LIMITS.values(), ids=LAYER_LIMITS)
def test_a_limit_ends_the_reading_with_a_warning(limits, fact):
    """What was read until then stands, and the layer says that it is not all."""
    pieces = gzip.compress(tar_of(*((name, text.encode()) for name, text in MANY.items())))
    layer = scan.read_layer(
        [pieces[:200], pieces[200:]], digest=BASE, media_type=OCI_LAYER_GZIP, limits=scan.Limits(**limits)
    )
    assert (f"layer e3b0c44298fc: {fact}, so the rest of it was not read",) == layer.warnings
    assert 0 <= len(layer.package_files) < 20


def test_a_long_header_ends_the_reading():
    """An extended header that claims gigabytes is never read."""
    info = member("a" * 5000, tarfile.REGTYPE)
    layer = read_members(info, header=1000)
    assert (
        "layer e3b0c44298fc: it has a header of more than 1,000 bytes, so the rest of it was not read",
    ) == layer.warnings


# What reading a bomb may take: processor time, and memory beyond what the process had before. On the machine this was
# written on, a second for the files without end, and 40 MiB for the jars.
SECONDS, MIB = 60, 150
TIMES = "layer e3b0c44298fc: it unpacks to more than 200 times its size, so the rest of it was not read"
HEADER_OF = "layer e3b0c44298fc: it has a header of more than 1,048,576 bytes, so the rest of it was not read"
BOMBS = {
    "no bomb: 170 MiB that no packer makes smaller": [],
    "40 GiB of zeros in a file": [TIMES],
    "40 GiB of zeros and nothing else": [],
    "a jar of 40 GiB": [TIMES, "x.jar: it has 42,949,672,960 bytes, more than the scanner reads of one file"],
    "a header of 40 GiB": [HEADER_OF],
    "a name of 40 GiB": [HEADER_OF],
    "files without end": [TIMES],
    "jars in jars in jars": [
        "x.jar: 0.jar!/0.jar!/zeros.jar: it is no sound archive (File is not a zip file) (and 27 more)"
    ],
    "a jar of many files": ["x.jar: it has more than 200,000 entries"],
    "packages without end": ["var/lib/dpkg/status: it lists more than 100,000 packages"],
}


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no getrusage to measure with")
@pytest.mark.parametrize(("name", "warnings"), BOMBS.items(), ids=BOMBS)
def test_a_bomb_ends_soon_and_in_flat_memory(name, warnings):
    """A few kilobytes that unpack to 40 GiB and their like, and a large layer, measured in a process of their own."""
    command = [sys.executable, HERE / "bomb_probe.py", name]
    done = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    assert warnings == done["warnings"]
    assert done["seconds"] < SECONDS
    assert done["mib"] < MIB


DEEP = jar({"1.jar": jar({"2.jar": jar({"3.jar": jar(pom("g", "deep", "1")), **pom("g", "three", "1")})})})
FILE_LIMITS = {
    "size": ({"file": 50}, "it has {size:,} bytes, more than the scanner reads of one file", []),
    "depth": (
        {"depth": 3},
        "1.jar!/2.jar!/3.jar: an archive in 3 others is not opened",
        [("g:three", "1")],
    ),
    "entries": ({"entries": 0}, "it has more than 0 entries", []),
    "unpacked from it": ({"nested": 100}, "1.jar: it cannot be unpacked (larger than the scanner unpacks)", []),
}


@pytest.mark.parametrize(("limits", "fact", "names"), FILE_LIMITS.values(), ids=FILE_LIMITS)
def test_a_limit_of_one_file_is_its_own(limits, fact, names):
    """The file is named with what it passed; the rest of the layer is read as ever."""
    layer = contents({"app.jar": DEEP, "node_modules/z/package.json": '{"name":"z","version":"1"}'}, **limits)
    assert [f"app.jar: {fact.format(size=len(DEEP))}"] == file_warnings(layer)
    assert sorted([*names, ("z", "1")]) == listed(layer)


LONG = {
    STATUS: installed("a" * 3000),
    "a.egg-info": egg("a", "1" * 3000),
    "node_modules/a/package.json": json.dumps({"name": "a", "version": "1" * 3000}),
    "a.jar": jar({"l" * 3000 + ".jar": jar(pom("g", "a", "1"))}),
}


@pytest.mark.parametrize("path", LONG)
def test_a_name_without_end_is_not_kept(path):
    """No package has a name or a version of thousands of characters."""
    layer = contents({path: LONG[path]})
    assert [f"{path}: it has a name or a version of more than 2,000 characters"] == file_warnings(layer)


def test_a_jar_of_an_unusual_packing():
    """Java knows stored and deflated; what else zip allows could need gigabytes to unpack."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("lib/x.jar", jar(pom("g", "x", "1")))
    assert ["a.jar: lib/x.jar: it cannot be unpacked (encrypted, or packed in a way unknown to Java)"] == file_warnings(
        contents({"a.jar": out.getvalue()})
    )


def test_the_layers_of_the_kit_are_read_by_their_stream():
    """A stream works as well as pieces."""
    layer = oci.layer({STATUS: installed("bash")})
    with layer.open() as stream:
        from_stream = scan.read_layer(stream, digest=layer.digest, media_type=layer.media_type)
    with layer.open() as stream:
        data = stream.read()
    assert scan.read_layer([data], digest=layer.digest, media_type=layer.media_type) == from_stream
