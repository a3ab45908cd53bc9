"""Findings in the words of ECR's API: held to botocore's models of ``ecr`` and ``inspector2``."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime

import botocore.session
import pytest
from botocore.validate import ParamValidator
from ecrlab.naming import Digest, RepositoryArn
from ecrlab.scan.package import System
from ecrlab.scan.shapes import ScannedImage, basic_findings, enhanced_findings, severity_counts_of
from findings_world import BASE, LAB_IMAGES, lab_report, package, report

LOADED = botocore.session.get_session()
ECR = LOADED.get_service_model("ecr")
INSPECTOR = LOADED.get_service_model("inspector2")
ANSWER = ECR.operation_model("DescribeImageScanFindings").output_shape

PUSHED = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
FIRST = datetime(2026, 11, 20, 8, 1, tzinfo=UTC)
NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
IMAGE = ScannedImage(
    repository=RepositoryArn.parse("arn:aws:ecr:eu-central-1:111122223333:repository/team/api"),
    digest=Digest.of(b"an image"),
    pushed_at=PUSHED,
    tags=("1.0", "latest"),
    author="The team",
    last_in_use_at=NOW,
    in_use_count=3,
)
OS_IMAGES = [name for name in LAB_IMAGES if name.startswith(("debian", "alpine"))]
OLD = [name for name in LAB_IMAGES if not name.endswith("-rebuilt")]


def enhanced(found, image=IMAGE):
    """Return the enhanced findings of a report at the usual times."""
    return enhanced_findings(found, image, first_observed_at=FIRST, now=NOW)


def faults(value, shape, place=""):
    """Walk a value along a shape, stricter than botocore: no unknown field, every enum, pattern and limit kept."""
    match shape.type_name:
        case "structure":
            unknown = value.keys() - shape.members.keys()
            yield from (f"{place}.{name}: unknown" for name in sorted(unknown))
            yield from (f"{place}.{name}: missing" for name in shape.required_members if name not in value)
            for name in value.keys() & shape.members.keys():
                yield from faults(value[name], shape.members[name], f"{place}.{name}")
        case "list":
            for number, entry in enumerate(value):
                yield from faults(entry, shape.member, f"{place}[{number}]")
        case "map":
            for key, entry in value.items():
                yield from faults(key, shape.key, f"{place}.{key}")
                yield from faults(entry, shape.value, f"{place}.{key}")
        case "string":
            limits = shape.metadata
            if shape.enum and value not in shape.enum:
                yield f"{place}: {value!r} is not one of {shape.enum}"
            if not limits.get("min", 0) <= len(value) <= limits.get("max", len(value)):
                yield f"{place}: {len(value)} characters"
            if "pattern" in limits and not re.fullmatch(limits["pattern"], value):
                yield f"{place}: {value!r} does not match"
        case "timestamp":
            if value.tzinfo is None:
                yield f"{place}: no timezone"


def assert_an_answer_of_ecr(findings):
    """Hold an answer with these parts to the model, with botocore's validator and with our own walk."""
    answer = {
        "registryId": "111122223333",
        "repositoryName": "team/api",
        "imageId": {"imageDigest": str(IMAGE.digest)},
        "imageScanFindings": findings,
    }
    told = ParamValidator().validate(answer, ANSWER)
    assert not told.has_errors(), told.generate_report()
    assert [] == list(faults(answer, ANSWER))


@pytest.mark.parametrize("name", LAB_IMAGES)
def test_basic_findings_have_ecrs_shape(name):
    """Every lab image's basic findings and counts are an answer that the API's model allows."""
    found = basic_findings(lab_report(name))
    assert_an_answer_of_ecr({"findings": found, "findingSeverityCounts": severity_counts_of(found)})


@pytest.mark.parametrize("name", LAB_IMAGES)
def test_enhanced_findings_have_ecrs_shape(name):
    """And so are its enhanced findings."""
    found = enhanced(lab_report(name))
    assert_an_answer_of_ecr({"enhancedFindings": found, "findingSeverityCounts": severity_counts_of(found)})


@pytest.mark.parametrize("name", OLD)
def test_enhanced_findings_have_inspectors_values(name):
    """What ECR's model leaves free, Inspector's own constrains: kinds, managers, digests, what has to be there."""
    for each in enhanced(lab_report(name)):
        details = each["packageVulnerabilityDetails"]
        assert [] == list(faults(details, INSPECTOR.shape_for("PackageVulnerabilityDetails")))
        resource = each["resources"][0]
        image = resource["details"]["awsEcrContainerImage"]
        assert [] == list(faults(image, INSPECTOR.shape_for("AwsEcrContainerImageDetails")))
        for value, shape in (
            (each["severity"], "Severity"),
            (each["status"], "FindingStatus"),
            (each["type"], "FindingType"),
            (each["fixAvailable"], "FixAvailable"),
            (each.get("exploitAvailable", "NO"), "ExploitAvailable"),
            (resource["type"], "ResourceType"),
            (each["findingArn"], "FindingArn"),
        ):
            assert [] == list(faults(value, INSPECTOR.shape_for(shape)))


@pytest.mark.parametrize("name", LAB_IMAGES)
def test_basic_scanning_sees_the_system_only(name):
    """A package of Python, Node or Java is none of its business; enhanced scanning sees them all."""
    expected = [] if name not in OS_IMAGES else LAB_IMAGES[name]["expected"]
    basic = [(each["name"], each["attributes"][1]["value"]) for each in basic_findings(lab_report(name))]
    assert sorted(map(tuple, expected)) == sorted(basic)
    assert len(LAB_IMAGES[name]["expected"]) == len(enhanced(lab_report(name)))


@pytest.mark.parametrize("name", LAB_IMAGES)
def test_counts_are_the_reports(name):
    """Both ways of scanning count as the report does; what enhanced scanning calls UNTRIAGED counts as UNDEFINED."""
    found = lab_report(name)
    assert found.severity_counts == severity_counts_of(enhanced(found))
    if name in OS_IMAGES:
        assert found.severity_counts == severity_counts_of(basic_findings(found))


def test_a_basic_finding_field_by_field():
    """Name, description, address, severity, and the attributes that AWS's sample has."""
    found = lab_report("debian-11-old")
    shape = next(each for each in basic_findings(found) if each["name"] == "CVE-2022-2068")
    assert {
        "name": "CVE-2022-2068",
        "description": "The c_rehash script passes certificate file names to a shell without cleaning them.",
        "uri": "https://nvd.nist.gov/vuln/detail/CVE-2022-2068",
        "severity": "HIGH",
        "attributes": [
            {"key": "package_version", "value": "1.1.1k-1"},
            {"key": "package_name", "value": "openssl"},
            {"key": "CVSS3_VECTOR", "value": "CVSS:3.1/AV:L/AC:L/PR:L/UI:R/S:U/C:H/I:H/A:H"},
            {"key": "CVSS3_SCORE", "value": "7.3"},
        ],
    } == shape


def test_an_enhanced_finding_field_by_field():
    """Everything that AWS documents of a finding about a package of the system."""
    built = [package("Debian:11", name, "1:1.2.11.dfsg-2", source="zlib") for name in ("zlib1g", "zlib1g-dev")]
    shape = enhanced(report(*built, system=System("debian", "11")))[1]
    arn = f"arn:aws:ecr:eu-central-1:111122223333:repository/team/api/{IMAGE.digest}"
    finding_arn = shape.pop("findingArn")
    vulnerable = {
        "arch": "AMD64",
        "epoch": 1,
        "version": "1.2.11.dfsg",
        "release": "2",
        "packageManager": "OS",
        "sourceLayerHash": str(BASE),
        "fixedInVersion": "1:1.2.11.dfsg-2+deb11u1",
    }
    record = "https://nvd.nist.gov/vuln/detail/CVE-2018-25032"
    read_at = report(*built).finding("CVE-2018-25032").vulnerability.verified[0].locator
    vector = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H"
    assert re.fullmatch(r"arn:aws:inspector2:eu-central-1:111122223333:finding/[0-9a-f]{32}", finding_arn)
    assert {
        "awsAccountId": "111122223333",
        "description": "Input with many distant matches corrupts memory while compressing (before 1.2.12).",
        "firstObservedAt": FIRST,
        "fixAvailable": "YES",
        "lastObservedAt": NOW,
        "packageVulnerabilityDetails": {
            "cvss": [{"baseScore": 7.5, "scoringVector": vector, "source": "NVD", "version": "3.1"}],
            "referenceUrls": [record, read_at],
            "relatedVulnerabilities": [],
            "source": "NVD",
            "sourceUrl": record,
            "vendorCreatedAt": datetime(2022, 3, 25, tzinfo=UTC),
            "vendorSeverity": "HIGH",
            "vulnerabilityId": "CVE-2018-25032",
            "vulnerablePackages": [{"name": "zlib1g", **vulnerable}, {"name": "zlib1g-dev", **vulnerable}],
        },
        "remediation": {"recommendation": {"text": "Update zlib to 1:1.2.11.dfsg-2+deb11u1 or later.", "url": record}},
        "resources": [
            {
                "details": {
                    "awsEcrContainerImage": {
                        "architecture": "amd64",
                        "author": "The team",
                        "imageHash": str(IMAGE.digest),
                        "imageTags": ["1.0", "latest"],
                        "inUseCount": 3,
                        "lastInUseAt": NOW,
                        "platform": "DEBIAN_11",
                        "pushedAt": PUSHED,
                        "registry": "111122223333",
                        "repositoryName": "team/api",
                    }
                },
                "id": arn,
                "tags": {},
                "type": "AWS_ECR_CONTAINER_IMAGE",
            }
        ],
        "score": 7.5,
        "scoreDetails": {
            "cvss": {
                "adjustments": [],
                "score": 7.5,
                "scoreSource": "NVD",
                "scoringVector": vector,
                "version": "3.1",
            }
        },
        "severity": "HIGH",
        "status": "ACTIVE",
        "title": "CVE-2018-25032 - zlib1g, zlib1g-dev",
        "type": "PACKAGE_VULNERABILITY",
        "updatedAt": NOW,
    } == shape


def test_a_library_is_named_with_its_file():
    """A package of a language has its whole version, no release and no architecture, and the file it was found in."""
    vulnerable = enhanced(lab_report("java-app-old"))[0]["packageVulnerabilityDetails"]["vulnerablePackages"][0]
    assert {
        "epoch": 0,
        "filePath": "app/log4j-core.jar",
        "fixedInVersion": "2.15.0",
        "name": "org.apache.logging.log4j:log4j-core",
        "packageManager": "JAR",
        "sourceLayerHash": str(BASE),
        "version": "2.14.1",
    } == vulnerable
    managers = {
        each["packageVulnerabilityDetails"]["vulnerablePackages"][0]["packageManager"]
        for name in ("python-app-old", "node-app-old", "alpine-old")
        for each in enhanced(lab_report(name))
    }
    assert {"PYTHONPKG", "NODEPKG", "OS"} == managers


def test_a_version_without_an_epoch_has_epoch_zero():
    """Inspector splits a system's version, and writes the fixed one with its epoch."""
    vulnerable = enhanced(lab_report("alpine-old"))[0]["packageVulnerabilityDetails"]["vulnerablePackages"][0]
    assert ("musl", 0, "1.1.22", "r3", "0:1.1.23-r2") == tuple(
        vulnerable[key] for key in ("name", "epoch", "version", "release", "fixedInVersion")
    )
    assert "arch" not in vulnerable


def test_without_a_score_a_finding_is_untriaged():
    """What the record does not rate has no score; basic scanning calls it UNDEFINED."""
    found = report(package("Debian:12", "glibc", "2.36-9+deb12u5"))
    (shape,) = enhanced(found)
    assert ("UNTRIAGED", "not yet assigned") == (
        shape["severity"], shape["packageVulnerabilityDetails"]["vendorSeverity"]
    )  # fmt: skip
    assert not {"score", "scoreDetails"} & shape.keys()
    (basic,) = basic_findings(found)
    assert ("UNDEFINED", 2) == (basic["severity"], len(basic["attributes"]))
    assert {"UNDEFINED": 1} == severity_counts_of([shape]) == severity_counts_of([basic])


def test_a_known_exploit_is_named():
    """YES where CISA's catalogue knows it; silence where the record is silent."""
    by_id = {
        each["packageVulnerabilityDetails"]["vulnerabilityId"]: each for each in enhanced(lab_report("java-app-old"))
    }
    assert "YES" == by_id["CVE-2021-44228"]["exploitAvailable"]
    assert "exploitAvailable" not in by_id["CVE-2022-42889"]


def test_a_findings_name_is_its_own():
    """The same finding in the same image has the same ARN at every scan; no two share one, nor do two images."""
    found = lab_report("debian-11-old")
    arns = [each["findingArn"] for each in enhanced(found)]
    again = enhanced_findings(found, IMAGE, first_observed_at=NOW, now=NOW)
    other = ScannedImage(IMAGE.repository, Digest.of(b"another"), PUSHED)
    assert arns == [each["findingArn"] for each in again]
    assert len(arns) == len(set(arns))
    assert set() == set(arns) & {each["findingArn"] for each in enhanced(found, other)}


def test_what_is_not_known_of_an_image_is_left_out():
    """No author, no use, no system: no field."""
    bare = ScannedImage(IMAGE.repository, IMAGE.digest, PUSHED, architecture="arm64")
    found = report(package("PyPI", "pyyaml", "5.3.1"), system=None)
    (shape,) = enhanced(found, bare)
    assert {"architecture", "imageHash", "imageTags", "pushedAt", "registry", "repositoryName"} == set(
        shape["resources"][0]["details"]["awsEcrContainerImage"]
    )
    assert [] == shape["resources"][0]["details"]["awsEcrContainerImage"]["imageTags"]


def test_the_shapes_survive_json():
    """Nothing but text, numbers, lists, objects and times goes over the wire."""
    assert json.loads(json.dumps(basic_findings(lab_report("alpine-old")))) == basic_findings(lab_report("alpine-old"))
    json.dumps(enhanced(lab_report("node-app-old")), default=lambda time: time.isoformat())
