"""A small reader of what images say is installed, written for the tests and by other means than the kit's own."""

from __future__ import annotations

import email
import io
import json
import tarfile
import zipfile


def files_of(image):
    """Return the files of an image by name, the highest layer's where several have one; links as ``-> target``."""
    found = {}
    for layer in image.layers:
        with layer.open() as stream, tarfile.open(fileobj=stream) as tar:
            for member in tar:
                if member.issym():
                    found[member.name] = f"-> {member.linkname}".encode()
                elif member.isfile():
                    found[member.name] = tar.extractfile(member).read()
    return found


def system_packages(files):
    """Yield (binary, version, source, source version, architecture) from both databases."""
    for paragraph in files.get("var/lib/dpkg/status", b"").decode().strip().split("\n\n"):
        fields = dict(line.split(": ", 1) for line in paragraph.splitlines())
        if fields and fields["Status"] == "install ok installed":
            name, version = fields["Package"], fields["Version"]
            source, _, built_from = fields.get("Source", name).partition(" ")
            yield name, version, source, built_from.strip("()") or version, fields["Architecture"]
    for paragraph in files.get("lib/apk/db/installed", b"").decode().strip().split("\n\n"):
        fields = dict(line.split(":", 1) for line in paragraph.splitlines())
        if fields:
            yield fields["P"], fields["V"], fields["o"], fields["V"], fields["A"]


def libraries(files):
    """Yield (ecosystem, name as written, version) of Python, npm and Maven packages, jars in jars included."""
    for name, content in files.items():
        if name.endswith(".dist-info/METADATA"):
            metadata = email.message_from_bytes(content)
            yield "PyPI", metadata["Name"], metadata["Version"]
        elif "/node_modules/" in name and name.endswith("/package.json"):
            document = json.loads(content)
            yield "npm", document["name"], document["version"]
        elif name.endswith((".jar", ".war")):
            for group, artifact, version in _artifacts(content):
                yield "Maven", f"{group}:{artifact}", version


def _artifacts(archive):
    with zipfile.ZipFile(io.BytesIO(archive)) as zipped:
        for name in zipped.namelist():
            if name.endswith("pom.properties"):
                pairs = dict(line.split("=", 1) for line in zipped.read(name).decode().splitlines())
                yield pairs["groupId"], pairs["artifactId"], pairs["version"]
            elif name.endswith(".jar"):
                yield from _artifacts(zipped.read(name))
