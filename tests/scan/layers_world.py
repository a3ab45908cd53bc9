"""Layers for tests: from files, from hand-made tar members, and the databases of rpm and Java that are no text."""

from __future__ import annotations

import io
import sqlite3
import struct
import tarfile
import zipfile

from ecrlab import oci, scan
from ecrlab.naming import Digest
from ecrlab.oci.media import OCI_LAYER, OCI_LAYER_GZIP

BASE = Digest.of(b"")
DEBIAN_12 = 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nID=debian\nVERSION_ID="12"\n'


def contents(files, **limits):
    """Read a layer made of files."""
    return read(oci.layer(files), **limits)


def read(layer, **limits):
    """Read a layer."""
    with layer.open() as stream:
        return scan.read_layer(stream, digest=layer.digest, media_type=layer.media_type, limits=scan.Limits(**limits))


def read_bytes(data, media_type=OCI_LAYER_GZIP, **limits):
    """Read the bytes of a layer."""
    return scan.read_layer([data], digest=BASE, media_type=media_type, limits=scan.Limits(**limits))


def read_members(*members, **limits):
    """Read a plain tar of (name, content) pairs or ready tarfile.TarInfo, in this order."""
    return read_bytes(tar_of(*members), OCI_LAYER, **limits)


def tar_of(*members, tar_format=tarfile.PAX_FORMAT):
    """Write an archive as Python's tarfile does, whatever the names are."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tar_format) as archive:
        for member in members:
            info, content = member if isinstance(member, tuple) else (member, b"")
            if isinstance(info, str):
                info = tarfile.TarInfo(info)
                info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return out.getvalue()


def member(name, kind, link_to=""):
    """Describe a member without content, e.g. of tarfile.DIRTYPE, LNKTYPE or SYMTYPE."""
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, link_to
    return info


def listed(layer):
    """Name what a layer lists: (name, version) pairs, sorted."""
    return sorted((each.name, each.version) for file in layer.package_files for each in file.listed)


def file_warnings(layer):
    """Collect the warnings of a layer's files."""
    return [file.warning for file in layer.package_files if file.warning]


def image(*trees):
    """Build an image of layers, each given by its files."""
    return oci.image(*map(oci.layer, trees))


def installed(name, version="1.0", source=""):
    """Write one paragraph of dpkg's status."""
    of = f"Source: {source}\n" if source else ""
    return f"Package: {name}\nStatus: install ok installed\nArchitecture: amd64\n{of}Version: {version}\n\n"


def egg(name, version="1.0"):
    """Write the description of a Python distribution."""
    return f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n\nProse.\n"


def jar(entries):
    """Write a Java archive of names and contents; like all of them, it has a manifest."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in ({"META-INF/MANIFEST.MF": "Manifest-Version: 1.0\n\n"} | entries).items():
            archive.writestr(zipfile.ZipInfo(name), content)
    return out.getvalue()


def pom(group, artifact, version):
    """Return the entry of a jar that Maven built."""
    text = f"groupId={group}\nartifactId={artifact}\nversion={version}\n"
    return {f"META-INF/maven/{group}/{artifact}/pom.properties": text}


def rpm_header(tags):
    """Write an rpm header: tags to texts, or to numbers."""
    entries, store = b"", b""
    for tag, value in tags.items():
        if isinstance(value, int):
            store += bytes(-len(store) % 4)
        entries += struct.pack(">IIII", tag, 4 if isinstance(value, int) else 6, len(store), 1)
        store += struct.pack(">I", value) if isinstance(value, int) else value.encode() + b"\0"
    return struct.pack(">II", len(tags), len(store)) + entries + store


def rpmdb(
    *headers,
    schema="CREATE TABLE Packages (hnum INTEGER PRIMARY KEY AUTOINCREMENT, blob BLOB NOT NULL)",
    table="Packages",
):
    """Write a database as rpm's SQLite backend lays it out."""
    database = sqlite3.connect(":memory:")
    database.execute(schema)
    for header in headers:
        database.execute(f"INSERT INTO {table} (blob) VALUES (?)", (header,))
    database.commit()
    data = database.serialize()
    database.close()
    return data
