"""The whole way from layers to findings, on the lab images: what was expected of them is found, and nothing else."""

import json
from pathlib import Path

import pytest
from ecrlab import oci, scan
from ecrlab.oci import recipes

ROWS = json.loads((Path(__file__).parent / "lab_images.json").read_text(encoding="utf-8"))
OLD = [row["name"] for row in ROWS if row["expected"]]


def found(report):
    """Number and source package of each finding."""
    return sorted([finding.id, finding.source] for finding in report.findings)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["name"])
def test_a_lab_image_has_exactly_its_findings(row):
    """The findings were worked out with another matcher; ours gives them from the image's own layers."""
    report = scan.scan(recipes.lab_image(row["name"]))
    assert sorted(row["expected"]) == found(report)
    assert row["expectedSeverityCounts"] == report.severity_counts
    assert not report.unsupported


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["name"])
def test_nothing_in_a_lab_image_is_left_unjudged(row):
    """No version that cannot be compared, no file that cannot be read; at most the age of the system is noted."""
    report = scan.scan(recipes.lab_image(row["name"]))
    assert [] == [warning for warning in report.warnings if "support" not in warning and "AWS" not in warning]


@pytest.mark.parametrize("name", OLD)
def test_rebuilding_removes_every_finding(name):
    """Compared with its rebuilt partner, all that an old image had is gone and nothing is new."""
    rebuilt = f"{name.rpartition('-')[0]}-rebuilt"
    before, after = (scan.scan(recipes.lab_image(each)) for each in (name, rebuilt))
    comparison = scan.compare(before, after)
    assert (before.findings, (), ()) == (comparison.gone, comparison.new, comparison.still)
    assert comparison.is_clean


@pytest.mark.parametrize("name", ["debian-11-old", "python-app-old"])
def test_both_platforms_have_the_same_findings(name):
    """An index is scanned platform by platform; ours differ in nothing that an advisory speaks of."""
    index = recipes.multi_platform(name)
    amd, arm = (scan.scan(index.pick(platform)) for platform in ("linux/amd64", "linux/arm64"))
    assert found(amd) == found(arm)
    assert amd.inventory.manifest_digest != arm.inventory.manifest_digest


@pytest.mark.parametrize("packaging", ["fat jar", "war", "libraries"])
def test_log4shell_is_found_wherever_the_jar_lies(packaging):
    """In one jar, in a web application or as a file: the finding's path says where."""
    application = recipes.java_app({"org.apache.logging.log4j:log4j-core": "2.14.1"}, packaging=packaging)
    finding = scan.scan(application).finding("CVE-2021-44228")
    wanted = {
        "fat jar": "app/shop.jar!/BOOT-INF/lib/log4j-core-2.14.1.jar",
        "war": "usr/local/tomcat/webapps/ROOT.war!/WEB-INF/lib/log4j-core-2.14.1.jar",
        "libraries": "app/lib/log4j-core-2.14.1.jar",
    }
    assert finding.package.file_path.startswith(wanted[packaging])


def test_a_finding_names_the_layer_it_came_with():
    """Findings of the system point at the base, those of libraries at the layer that pip filled."""
    image = recipes.python_app({"flask": "1.0.2"}, base=recipes.lab_image("debian-12-2023"))
    report = scan.scan(image)
    layers = {finding.source: image.layers.index(_layer_of(image, finding)) for finding in report.findings}
    assert {"curl": 0, "glibc": 0, "libwebp": 0, "nghttp2": 0, "flask": 2} == layers


def _layer_of(image, finding):
    return next(layer for layer in image.layers if layer.digest == finding.package.layer_digest)


def test_a_base_is_mended_once_for_all():
    """Ten applications on one old base: one layer brings what all of them have, and moving them removes it."""
    old, new = recipes.lab_image("debian-12-2023"), recipes.lab_image("debian-12-rebuilt")
    sets = [{"flask": "3.0.3", "urllib3": f"2.2.{patch}"} for patch in range(10)]
    cache = {}
    reports = {f"app-{n}": scan.scan(recipes.python_app(each, base=old), cache=cache) for n, each in enumerate(sets)}
    (shared,) = scan.shared_base(reports)
    assert (old.layers[0].digest, 10, 5, 50) == (
        shared.digest,
        len(shared.images),
        len(shared.findings),
        shared.occurrences,
    )
    assert 1 + 1 + 10 + 10 == len(cache), "base, interpreter, ten sets of libraries, ten times the code"
    moved = [scan.scan(recipes.python_app(each, base=new), cache=cache) for each in sets]
    assert {()} == {report.findings for report in moved}


def test_a_patch_in_a_layer_above_counts():
    """Installing the mended packages on top cleans the image, though the old database is still in a layer below."""
    old = recipes.lab_image("debian-12-2023")
    names = {finding.source for finding in scan.scan(old).findings}
    mended = {row["name"]: row["packages"] for row in ROWS}["debian-12-rebuilt"]
    patched = recipes.install(old, {name: mended[name] for name in names})
    assert () == scan.scan(patched).findings
    assert old.layers == patched.layers[:-1]


def test_libraries_that_an_upgrade_leaves_behind_still_count():
    """A new OpenSSL under another library name does not take the old libssl away: its findings stay."""
    patched = recipes.install(recipes.lab_image("alpine-old"), {"openssl": "3.3.7-r2"})
    (finding,) = [each for each in scan.scan(patched).findings if each.id == "CVE-2022-0778"]
    assert ["libcrypto1.1", "libssl1.1"] == [package.name for package in finding.packages]


def test_an_image_with_nothing_but_a_program_cannot_be_scanned():
    """What is built on scratch names no system: ECR answers that it does not support it, and so do we."""
    report = scan.scan(recipes.runnable())
    assert (True, ()) == (report.unsupported, report.findings)


def test_deleting_the_database_hides_the_packages():
    """A whiteout above takes the whole inventory away: scanners see what is in the image, not what was built in."""
    image = oci.append(recipes.lab_image("debian-11-old"), oci.layer({"var/lib/dpkg/.wh.status": ""}))
    report = scan.scan(image)
    assert ((), ()) == (report.inventory.packages, report.findings)
