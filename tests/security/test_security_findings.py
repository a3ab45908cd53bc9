"""Findings, read from ECR's own shapes: both kinds of scan, every status, every page."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from botocore.session import get_session
from ecrlab import registry, scan, security
from ecrlab.errors import InvalidInput, RegistryError
from ecrlab.naming import RepositoryArn
from ecrlab.oci import recipes

NAME = "payments/api"
DIGEST = "sha256:" + "5e" * 32
PUSHED = datetime(2026, 11, 1, 8, 30, tzinfo=UTC)
SCANNED = PUSHED + timedelta(minutes=1)
ARN = RepositoryArn.parse("arn:aws:ecr:us-east-1:111122223333:repository/payments/api")
STATUSES = json.loads(Path(__file__).with_name("scan_statuses.json").read_text("utf-8"))
DEBIAN = recipes.lab_image("debian-12-2023")


def described(**more):
    """Return an answer of DescribeImages with one image."""
    detail = {"registryId": "111122223333", "repositoryName": NAME, "imageDigest": DIGEST, "imageTags": ["1.0"]}
    detail |= {"imagePushedAt": PUSHED, "imageManifestMediaType": "application/vnd.oci.image.manifest.v1+json"}
    return {"imageDetails": [detail | more]}


def answer(status, findings=(), enhanced=(), **more):
    """Return an answer of DescribeImageScanFindings."""
    found = {"imageScanCompletedAt": SCANNED, "findings": list(findings), "enhancedFindings": list(enhanced)}
    return {"imageScanStatus": {"status": status}, "imageScanFindings": found} | more


def test_a_basic_scan(answered):
    """Severity, vulnerability, package and version come from the finding; basic scans name no layer and no fix."""
    client, stub = answered
    shapes = scan.basic_findings(scan.scan(DEBIAN))
    stub.add_response("describe_images", described(), {"repositoryName": NAME, "imageIds": [{"imageTag": "1.0"}]})
    stub.add_response("describe_image_scan_findings", answer("COMPLETE", shapes))

    found = security.findings(client, NAME, "1.0")

    assert ("payments/api:1.0", DIGEST, "basic", SCANNED) == (found.image, found.digest, found.kind, found.scanned_at)
    assert {"CRITICAL": 1, "HIGH": 3, "UNDEFINED": 1} == found.counts
    first = next(iter(found))
    assert ("CVE-2023-38545", "CRITICAL", ("curl",), 9.8) == (
        first.vulnerability,
        first.severity,
        first.package_names,
        first.score,
    )
    assert ("7.88.1-10", None, None) == (
        first.packages[0].version,
        first.packages[0].fixed_in,
        first.packages[0].layer,
    )
    assert not first.fixable


def test_an_enhanced_scan(answered):
    """An enhanced finding lists its packages with layer and mended version, and says whether an exploit is known."""
    client, stub = answered
    image = scan.ScannedImage(ARN, DEBIAN.digest, PUSHED)
    shapes = scan.enhanced_findings(scan.scan(DEBIAN), image, first_observed_at=SCANNED, now=SCANNED)
    stub.add_response("describe_images", described())
    stub.add_response("describe_image_scan_findings", answer("ACTIVE", enhanced=shapes))

    found = security.findings(client, NAME, "1.0")

    assert ("enhanced", {"CRITICAL": 1, "HIGH": 3, "UNDEFINED": 1}) == (found.kind, found.counts)
    looney = next(each for each in found if each.vulnerability == "CVE-2023-4911")
    assert (("libc-bin", "libc6"), True) == (looney.package_names, looney.fixable)
    assert next(each for each in found if each.vulnerability == "CVE-2023-4863").exploit_available
    layer = str(DEBIAN.layers[-1].digest)
    assert {("2.36-9", "2.36-9+deb12u3", layer)} == {(p.version, p.fixed_in, p.layer) for p in looney.packages}


def test_both_scanners_tell_the_same_vulnerabilities(answered):
    """A basic and an enhanced answer about one image are read as the same vulnerabilities and severities."""
    client, stub = answered
    report = scan.scan(DEBIAN)
    image = scan.ScannedImage(ARN, DEBIAN.digest, PUSHED)
    for kind in (
        answer("COMPLETE", scan.basic_findings(report)),
        answer("ACTIVE", enhanced=scan.enhanced_findings(report, image, first_observed_at=SCANNED, now=SCANNED)),
    ):
        stub.add_response("describe_images", described())
        stub.add_response("describe_image_scan_findings", kind)

    basic, enhanced = security.findings(client, NAME, "1.0"), security.findings(client, NAME, "1.0")

    told = [[(each.severity, each.vulnerability) for each in scan_] for scan_ in (basic, enhanced)]
    assert told[0] == told[1]


def test_the_findings_before_a_push(answered):
    """The kit's own report gives the same findings as ECR's enhanced shape of it."""
    client, stub = answered
    report = scan.scan(DEBIAN)
    image = scan.ScannedImage(ARN, DEBIAN.digest, PUSHED)
    shapes = scan.enhanced_findings(report, image, first_observed_at=SCANNED, now=SCANNED)
    stub.add_response("describe_images", described())
    stub.add_response("describe_image_scan_findings", answer("ACTIVE", enhanced=shapes))

    local, remote = security.from_report(report, image="payments/api:1.0"), security.findings(client, NAME, "1.0")

    assert [each.key for each in remote] == [each.key for each in local]
    assert ("local", "COMPLETE", str(DEBIAN.digest)) == (local.kind, local.status, local.digest)


def test_all_pages_are_read_and_the_tag_only_once(answered):
    """A tag may move while pages are read, so every page is asked for by the digest that the tag meant at first."""
    client, stub = answered
    shapes = scan.basic_findings(scan.scan(DEBIAN))
    by_digest = {"registryId": "111122223333", "repositoryName": NAME, "imageId": {"imageDigest": DIGEST}}
    stub.add_response("describe_images", described())
    for asked, page in (
        ({}, answer("COMPLETE", shapes[:2], nextToken="two")),
        ({"nextToken": "two"}, answer("COMPLETE", shapes[2:4], nextToken="three")),
        ({"nextToken": "three"}, answer("COMPLETE", shapes[4:])),
    ):
        stub.add_response("describe_image_scan_findings", page, {**by_digest, "maxResults": 1000, **asked})

    assert 5 == len(security.findings(client, NAME, "1.0"))


@pytest.mark.parametrize("case", STATUSES, ids=[case["status"] for case in STATUSES])
def test_every_status(answered, case):
    """Only COMPLETE and ACTIVE have findings to go by; each other status is a value with its reason."""
    client, stub = answered
    status = {"status": case["status"]} | ({"description": case["description"]} if "description" in case else {})
    stub.add_response("describe_images", described())
    stub.add_response("describe_image_scan_findings", {"imageScanStatus": status})

    found = security.findings(client, NAME, "1.0")

    assert (case["known"], case.get("why", "")) == (found.known, found.why_unknown)
    assert "No scan result" in str(found) or case["known"]


def test_the_table_of_statuses_is_complete():
    """The table above has every status of botocore's model."""
    model = get_session().get_service_model("ecr").shape_for("ScanStatus")
    assert sorted(model.enum) == sorted(case["status"] for case in STATUSES)


def test_the_severities_are_those_of_the_model():
    """``SEVERITIES`` has exactly the words of botocore's model."""
    model = get_session().get_service_model("ecr").shape_for("FindingSeverity")
    assert sorted(model.enum) == sorted(security.SEVERITIES)


def test_an_image_that_nobody_has_scanned(answered):
    """ScanNotFoundException is no error of the asker's: there is an image, and no scan of it."""
    client, stub = answered
    stub.add_response("describe_images", described())
    stub.add_client_error("describe_image_scan_findings", "ScanNotFoundException", "no scan")

    found = security.findings(client, NAME, DIGEST)

    assert ("NOT_SCANNED", False, ()) == (found.status, found.known, found.entries)


def test_an_index_says_that_its_images_are_scanned(answered):
    """A manifest list has no scan of its own."""
    client, stub = answered
    stub.add_response("describe_images", described(imageManifestMediaType="application/vnd.oci.image.index.v1+json"))
    stub.add_client_error("describe_image_scan_findings", "ScanNotFoundException", "no scan")

    found = security.findings(client, NAME, "1.0")

    assert "This is an index; its images are scanned, each under its own digest." == found.reason


def test_no_findings_is_not_no_scan(answered):
    """A clean scan reads otherwise than a missing one, and is true in a condition."""
    client, stub = answered
    stub.add_response("describe_images", described())
    stub.add_response("describe_image_scan_findings", answer("COMPLETE"))

    found = security.findings(client, NAME, "1.0")

    assert (True, 0, True) == (found.known, len(found), bool(found))
    assert "✓ No findings" in str(found)


def test_a_severity_of_tomorrow_counts_as_undefined(answered):
    """Enhanced severities are free text in the model: what we do not know is not lost, it is UNDEFINED."""
    client, stub = answered
    details = {"packageVulnerabilityDetails": {"vulnerabilityId": "CVE-2026-0001"}}
    shapes = [{"severity": word, **details} for word in ("UNTRIAGED", "DIRE")]
    stub.add_response("describe_images", described())
    stub.add_response("describe_image_scan_findings", answer("ACTIVE", enhanced=shapes))

    found = security.findings(client, NAME, "1.0")

    assert {"UNDEFINED": 2} == found.counts
    assert "an unnamed package" in str(next(iter(found)))


def test_how_findings_look(answered):
    """A table names severity, vulnerability, package, versions, layer and address; severity is a word, no colour."""
    report = scan.scan(DEBIAN)
    text = str(security.from_report(report, image="payments/api:1.0"))
    layer = DEBIAN.layers[-1].digest.short

    lines = text.splitlines()
    assert "payments/api:1.0: 1 CRITICAL, 3 HIGH, 1 UNDEFINED; local scan" == lines[0]
    row = "CRITICAL CVE-2023-38545 curl 7.88.1-10 7.88.1-10+deb12u4 " + layer
    assert f"{row} https://nvd.nist.gov/vuln/detail/CVE-2023-38545" == " ".join(lines[3].split())
    assert "<table>" in security.from_report(report, image="payments/api:1.0")._repr_html_()


REFUSED = {  # id: (repository, reference, error, message)
    "no such image": (
        NAME,
        "2.0",
        RegistryError,
        "findings of payments/api, image 2.0: repository 'payments/api' has no image '2.0'; see ecr.list_images(): has "
        "the tag moved, or been deleted?",
    ),
    "no such repository": (
        "payments/ap",
        "1.0",
        RegistryError,
        "findings of payments/ap, image 1.0: there is no repository 'payments/ap' in this registry "
        "(RepositoryNotFoundException from DescribeImages); create it with "
        "ecr.create_repository(repositoryName='payments/ap'), or check region and account",
    ),
    "half a digest": (
        NAME,
        "sha256:5e5e",
        InvalidInput,
        "digest 'sha256:5e5e': there are 4 digits after 'sha256:' where 64 belong; copy the whole imageDigest, 71 "
        "characters, as DescribeImages shows it",
    ),
    "a tag that is none": (
        NAME,
        "a tag",
        InvalidInput,
        "tag 'a tag': ' ' does not belong there; use letters, digits, '_', '.' and '-', the last two not first",
    ),
}


@pytest.mark.parametrize(("repository", "reference", "error", "message"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_read(ecr, repository, reference, error, message):
    """A name that means nothing is an error in one line: place, fact, way out."""
    registry.push(ecr, DEBIAN, NAME, tag="1.0")

    with pytest.raises(error) as refused:
        security.findings(ecr, repository, reference)

    assert message == str(refused.value)


def test_a_client_that_is_none():
    """A lab is no client."""
    with pytest.raises(InvalidInput) as refused:
        security.findings(object(), NAME, "1.0")

    assert "findings of payments/api, image 1.0: a object is no ECR client; hand over lab.client('ecr')" == str(
        refused.value
    )


def test_a_report_that_is_none():
    """Findings before a push are made from the scanner's report, not from the image."""
    with pytest.raises(InvalidInput) as refused:
        security.from_report(DEBIAN, image="payments/api:1.0")

    assert "from_report: a Image is no report; hand over scan.scan(image)" == str(refused.value)
