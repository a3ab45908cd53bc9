"""A bill of materials is CycloneDX 1.6, names every package once, and follows from the image alone."""

import json
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import jsonschema
import pytest
from ecrlab import __version__, oci, scan
from ecrlab.errors import InvalidInput
from ecrlab.naming import Digest
from ecrlab.scan.purl import package_url
from layers_world import DEBIAN_12, egg, image, installed, jar, pom

HERE = Path(__file__).parent
PURLS = json.loads((HERE / "package_urls.json").read_text("utf-8"))

# The parts of CycloneDX 1.6 that the kit writes, closed: no other key may appear. Source: the JSON reference of
# CycloneDX 1.6, whose patterns and required fields these are.
TEXT = {"type": "string", "minLength": 1}
PROPERTIES = {"type": "array", "items": {"required": ["name", "value"], "properties": {"name": TEXT, "value": TEXT}}}
COMPONENT = {
    "type": "object",
    "required": ["type", "name"],
    "additionalProperties": False,
    "properties": {
        "type": {"enum": ["application", "container", "library", "operating-system"]},
        "bom-ref": TEXT,
        "group": TEXT,
        "name": TEXT,
        "version": TEXT,
        "description": TEXT,
        "purl": {"type": "string", "pattern": "^pkg:[a-z]+/"},
        "hashes": {
            "type": "array",
            "items": {"properties": {"alg": {"const": "SHA-256"}, "content": {"pattern": "^[a-f0-9]{64}$"}}},
        },
        "evidence": {
            "properties": {"occurrences": {"items": {"required": ["location"], "properties": {"location": TEXT}}}}
        },
        "properties": PROPERTIES,
    },
}
UUID = "[0-9a-f]{8}-[0-9a-f]{4}-[1-5][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
SCHEMA = {
    "type": "object",
    "required": ["bomFormat", "specVersion"],
    "additionalProperties": False,
    "properties": {
        "$schema": {"const": "http://cyclonedx.org/schema/bom-1.6.schema.json"},
        "bomFormat": {"const": "CycloneDX"},
        "specVersion": {"const": "1.6"},
        "serialNumber": {"type": "string", "pattern": f"^urn:uuid:{UUID}$"},
        "version": {"type": "integer", "minimum": 1},
        "metadata": {
            "additionalProperties": False,
            "properties": {
                "timestamp": {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$"},
                "tools": {"additionalProperties": False, "properties": {"components": {"items": COMPONENT}}},
                "component": COMPONENT,
            },
        },
        "components": {"type": "array", "uniqueItems": True, "items": COMPONENT},
    },
}

IMAGE = image(
    {"etc/os-release": DEBIAN_12, "var/lib/dpkg/status": installed("libssl3", "3.0.9-1+b2", "openssl (3.0.9-1)")},
    {
        "a/six.egg-info": egg("six", "1.16.0"),
        "b/six.egg-info": egg("six", "1.16.0"),
        "app/node_modules/@babel/core/package.json": '{"name": "@babel/core", "version": "7.0.0"}',
        "app/shop.war": jar({"WEB-INF/lib/log4j.jar": jar(pom("org.apache.logging.log4j", "log4j-core", "2.14.1"))}),
    },
)


def bill(built=IMAGE, **options):
    """Write the bill of an image."""
    return scan.cyclonedx(scan.read_image(built), name="team/api:1.0", **options)


@pytest.mark.parametrize("case", [pytest.param(row, id=row["purl"]) for row in PURLS])
def test_package_urls(case):
    """Each row: a package, the system it is in, and how a purl spells it."""
    package = scan.Package(**case["package"], file_path="x", layer_digest=Digest.of(b""))
    assert case["purl"] == package_url(package, scan.System(*case["system"]) if case["system"] else None)


@pytest.mark.parametrize("built", [IMAGE, image(), oci.image()], ids=["packages", "an empty layer", "no layer"])
def test_a_bill_has_the_shape_of_cyclonedx(built):
    """Required fields, patterns and enumerations; nothing that the standard does not know."""
    document = bill(built, created=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC))
    jsonschema.Draft7Validator(SCHEMA).validate(document)
    references = [document["metadata"]["component"]["bom-ref"], *(each["bom-ref"] for each in document["components"])]
    assert len(references) == len(set(references))


def test_what_a_bill_says():
    """The image, the tool, the system, and every package with all the places that list it."""
    document = bill()
    assert {
        "tools": {"components": [{"type": "application", "name": "ecrlab", "version": __version__}]},
        "component": {
            "type": "container",
            "bom-ref": str(IMAGE.digest),
            "name": "team/api:1.0",
            "version": str(IMAGE.digest),
            "hashes": [{"alg": "SHA-256", "content": IMAGE.digest.hex}],
        },
    } == document["metadata"]
    system, deb, maven, python, npm = document["components"]
    assert {
        "type": "operating-system",
        "bom-ref": "os:debian",
        "name": "debian",
        "version": "12",
        "description": "Debian GNU/Linux 12 (bookworm)",
    } == system
    url = "pkg:deb/debian/libssl3@3.0.9-1%2Bb2?arch=amd64&distro=debian-12&upstream=openssl"
    assert {
        "type": "library",
        "bom-ref": url,
        "name": "libssl3",
        "version": "3.0.9-1+b2",
        "purl": url,
        "evidence": {"occurrences": [{"location": "var/lib/dpkg/status"}]},
        "properties": [
            {"name": "ecrlab:ecosystem", "value": "Debian:12"},
            {"name": "ecrlab:layer", "value": str(IMAGE.layers[0].digest)},
            {"name": "ecrlab:source", "value": "openssl 3.0.9-1"},
        ],
    } == deb
    assert ("org.apache.logging.log4j", "log4j-core") == (maven["group"], maven["name"])
    assert [{"location": "app/shop.war!/WEB-INF/lib/log4j.jar"}] == maven["evidence"]["occurrences"]
    assert ("@babel", "core") == (npm["group"], npm["name"])
    assert [{"location": "a/six.egg-info"}, {"location": "b/six.egg-info"}] == python["evidence"]["occurrences"]


def test_the_same_image_has_the_same_bill():
    """Serial number and all; another image has another number."""
    assert json.dumps(bill()) == json.dumps(bill())
    assert "urn:uuid:" + bill()["serialNumber"][9:] != bill(image({"a": "1"}))["serialNumber"]


def test_a_bill_is_dated_only_when_asked():
    """The day is not the image's; given, it is written in UTC."""
    east = datetime(2026, 1, 2, 5, 4, 5, tzinfo=timezone(timedelta(hours=2)))
    assert "timestamp" not in bill()["metadata"]
    assert "2026-01-02T03:04:05Z" == bill(created=east)["metadata"]["timestamp"]


def test_error_a_date_without_a_timezone():
    """A moment without a timezone is none."""
    with pytest.raises(InvalidInput) as caught:
        bill(created=datetime(2026, 1, 2))  # noqa: DTZ001
    assert "created: 2026-01-02T00:00:00 has no timezone; add one, e.g. tzinfo=UTC" == str(caught.value)
