"""Inventories against advisories: exactly the expected findings, nothing silent, and what removes them."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime

import pytest
from ecrlab import oci, scan
from ecrlab.errors import InvalidInput
from ecrlab.scan.advisories import Advisories, load
from ecrlab.scan.advisory import Advisory, Range, Vulnerability
from ecrlab.scan.matching import match
from ecrlab.scan.package import System
from ecrlab.scan.report import compare
from ecrlab.scan.sharing import shared_base
from ecrlab.scan.support import Coverage, support_of
from findings_world import (
    APPLICATION,
    BASE,
    DEBIAN_12,
    LAB_IMAGES,
    inventory,
    lab_inventory,
    lab_report,
    package,
    report,
    table,
)
from hypothesis import given
from hypothesis import strategies as st

SYSTEMS = {case["name"]: case for case in table("system_cases.json")}
OLD = [name for name in LAB_IMAGES if not name.endswith("-rebuilt")]
LOG4J = "org.apache.logging.log4j:log4j-core"


def ids(findings):
    """Return numbers and sources, in order."""
    return [(finding.id, finding.source) for finding in findings]


# Findings


@pytest.mark.parametrize("name", LAB_IMAGES)
def test_every_lab_image_has_exactly_its_findings(name):
    """The findings are those that were computed without our matcher, and no other; so are the counts."""
    image, found = LAB_IMAGES[name], lab_report(name)
    assert [tuple(pair) for pair in image["expected"]] == sorted(ids(found.findings))
    assert image["expectedSeverityCounts"] == found.severity_counts
    assert () == found.inventory.warnings


@pytest.mark.parametrize("name", OLD)
def test_every_rebuilt_image_is_clean(name):
    """Rebuilding removes every finding and brings none."""
    rebuilt = next(other for other in LAB_IMAGES if other.startswith(name.rpartition("-")[0]) and other != name)
    change = compare(lab_report(name), lab_report(rebuilt))
    assert change.is_clean
    assert (len(LAB_IMAGES[name]["expected"]), 0, 0) == (len(change.gone), len(change.new), len(change.still))


@pytest.mark.parametrize("name", OLD)
def test_every_finding_rests_on_a_verified_row(name):
    """Each finding leads to the places that say so, and to a version that is free of it."""
    for finding in lab_report(name).findings:
        assert finding.advisory.verified
        assert finding.vulnerability.verified
        assert finding.advisory.affects(finding.version) is True
        assert finding.advisory.affects(finding.fixed_in) is False


def test_the_worst_come_first():
    """Severity decides, then the number; what nobody rated comes last."""
    found = lab_report("debian-11-old")
    severities = [finding.severity for finding in found.findings]
    assert ["CRITICAL"] * 5 + ["HIGH"] * 12 + ["UNDEFINED"] == severities
    assert ["CRITICAL", "HIGH", "UNDEFINED"] == list(found.severity_counts)
    numbers = [finding.id for finding in found.at_least("HIGH")]
    assert sorted(numbers[:5]) + sorted(numbers[5:]) == numbers


@given(st.data())
def test_findings_do_not_depend_on_the_order_of_packages(data):
    """However an inventory is shuffled, the report is the same."""
    name = data.draw(st.sampled_from(list(LAB_IMAGES)))
    whole = lab_inventory(name)
    shuffled = inventory(*data.draw(st.permutations(whole.packages)), system=whole.system, name=name)
    assert lab_report(name).findings == match(shuffled, load()).findings


@given(st.data())
def test_a_package_is_judged_by_itself(data):
    """The findings of two images together are those of each: no package changes what is said about another."""
    names = data.draw(st.lists(st.sampled_from(list(LAB_IMAGES)), unique=True, max_size=4))
    packages = [each for name in names for each in lab_inventory(name).packages]
    expected = {(*pair, name) for name in names for pair in map(tuple, LAB_IMAGES[name]["expected"])}
    assert sorted((number, source) for number, source, _ in expected) == sorted(ids(report(*packages).findings))


def test_packages_of_one_source_are_one_finding():
    """Three packages built from openssl have its flaw once; the one named like the source stands for all."""
    built = [
        package("Debian:12", name, "3.0.5-1", source="openssl") for name in ("libssl3", "openssl", "libssl-dev")
    ]  # fmt: skip
    found = report(*built)
    assert ["openssl"] == list({finding.source for finding in found.findings})
    for finding in found.findings:
        assert ["openssl", "libssl-dev", "libssl3"] == [each.name for each in finding.packages]


def test_a_rebuild_is_judged_by_the_version_of_its_source():
    """A binary rebuild has a version of its own; only the source's counts."""
    rebuilt = package("Debian:11", "zlib1g", "1:1.2.11.dfsg-2+deb11u2+b1", source="zlib",
                      source_version="1:1.2.11.dfsg-2+deb11u2")  # fmt: skip
    assert () == report(rebuilt).findings
    old = package("Debian:11", "zlib1g", "9:9", source="zlib", source_version="1:1.2.11.dfsg-2")
    assert ["zlib", "zlib"] == [finding.source for finding in report(old).findings]


def test_two_versions_of_a_library_are_two_findings():
    """Node keeps several versions of a package in one image; each has its own way out."""
    found = report(
        package("npm", "ws", "7.4.6", file_path="app/node_modules/ws/package.json"),
        package("npm", "ws", "5.2.0", file_path="app/node_modules/a/node_modules/ws/package.json"),
        package("npm", "ws", "8.18.0", file_path="app/node_modules/b/node_modules/ws/package.json"),
    )
    assert [("5.2.0", "5.2.4"), ("7.4.6", "7.5.10")] == [(each.version, each.fixed_in) for each in found.findings]


def test_one_flaw_in_two_ecosystems():
    """Log4Shell in Debian's package and in a jar are two findings with the same number."""
    found = report(package("Debian:12", "apache-log4j2", "2.14.1-1"), package("Maven", LOG4J, "2.14.1"))
    assert {"apache-log4j2", LOG4J} == {each.source for each in found.findings if each.id == "CVE-2021-44228"}


def test_a_flaw_that_came_late():
    """The flaw of OpenSSL 3.0 is not in 1.1.1, nor the backdoor of xz in what came before it."""
    assert "CVE-2022-3602" not in dict(ids(lab_report("debian-11-old").findings))
    assert () == report(package("Debian:13", "xz-utils", "5.4.5-0.3")).findings
    assert [("CVE-2024-3094", "xz-utils")] == ids(report(package("Debian:13", "xz-utils", "5.6.1-1")).findings)
    assert () == report(package("Debian:13", "xz-utils", "5.6.1+really5.4.5-1")).findings


# What could not be judged


def test_a_version_that_is_not_comparable_is_reported():
    """A snapshot version of Alpine, which nobody here can order, is a warning, not a clean bill of health."""
    found = report(package("Alpine", "busybox", "1.30_git20190101-r0"), system=System("alpine", "3.21.0"))
    assert () == found.findings
    expected = (
        "busybox 1.30_git20190101-r0 (Alpine) is not judged: its version is not comparable with those of "
        "CVE-2021-28831, CVE-2022-28391."
    )
    assert (expected,) == found.warnings


def test_an_ecosystem_without_advisories_is_reported():
    """Packages of a system that no advisory is about are listed, and the report says that it knows nothing."""
    packages = [package("Ubuntu:24.04", name, "1.0-1", manager="dpkg") for name in ("openssl", "bash")]
    found = report(*packages, package("RedHat:9", "openssl", "3.0.7-1"), system=System("ubuntu", "24.04"))
    assert (
        "No advisory of the kit is about RedHat:9: 1 package is listed and not judged.",
        "No advisory of the kit is about Ubuntu:24.04: 2 packages are listed and not judged.",
    ) == found.warnings


def test_warnings_of_the_inventory_are_kept():
    """What could not be read stays in the report."""
    assert ("a layer was cut off",) == report(warnings=("a layer was cut off",)).warnings


@pytest.mark.parametrize("case", SYSTEMS.values(), ids=SYSTEMS)
def test_which_systems_are_covered(case):
    """Supported until the day on which support ends; older and unknown ones are said to be."""
    system = System(*case["system"]) if case["system"] else None
    now = datetime.fromisoformat(case["now"]) if "now" in case else None
    support = support_of(system, now=now)
    ended = date.fromisoformat(case["ended"]) if "ended" in case else None
    assert (Coverage[case["coverage"]], ended, case["sentence"]) == (support.coverage, support.ended, support.sentence)


def test_a_discontinued_system_keeps_its_findings():
    """The end of support is a warning on the findings; before that day there is none, and never a refusal."""
    whole = lab_inventory("debian-11-old")
    before, after = (match(whole, load(), now=datetime(2026, month, 1, tzinfo=UTC)) for month in (8, 9))
    assert before.findings == after.findings
    assert (0, 1) == (len(before.warnings), len(after.warnings))
    assert not after.unsupported
    assert report(system=None).unsupported


# What removes findings


def test_one_update_removes_what_earlier_ones_would():
    """Going to the last fixed version of OpenSSL ends all four of its flaws."""
    fixes = lab_report("debian-11-old").fixes()
    openssl = [fix for fix in fixes if fix.package == "openssl"]
    assert [("1.1.1n-0+deb11u4", 4, 0), ("1.1.1n-0+deb11u3", 3, 1), ("1.1.1k-1+deb11u2", 2, 2),
            ("1.1.1k-1+deb11u1", 1, 3)] == [
        (fix.fixed_in, len(fix.removes), len(fix.leaves)) for fix in openssl
    ]  # fmt: skip
    assert 18 == sum(len(fix.removes) for fix in fixes.most_thorough)


def test_an_update_into_another_affected_branch_removes_nothing():
    """A version that ends one flaw may lie in the range of another: that one stays."""
    flaws = [_flaw("CVE-1"), _flaw("CVE-2")]
    rows = (
        _advisory(flaws[0], Range("0", "1.5"), Range("2.0", "2.5")),
        _advisory(flaws[1], Range("0", "2.2")),
    )
    found = match(inventory(package("PyPI", "lib", "1.0")), _known(rows))
    assert [("1.5", ["CVE-1"]), ("2.2", ["CVE-2"])] == [
        (fix.fixed_in, [each.id for each in fix.removes]) for fix in found.fixes()
    ]


def test_what_has_no_fix_has_no_update():
    """A flaw without a fixed version gives a finding, and advice to do without the package."""
    found = match(inventory(package("PyPI", "lib", "1.0")), _known((_advisory(_flaw("CVE-1"), Range("0", None)),)))
    assert [None] == [finding.fixed_in for finding in found.findings]
    assert () == found.fixes()
    assert "What to do: take lib out of the image, or keep the flaw out of reach." in str(found.findings[0])
    assert "✓ Nothing to update" == str(found.fixes())


def test_a_shared_base_is_mended_once():
    """Three services on one old base: its layer brings most of what they have, the layer of one brings the rest."""
    base = lab_inventory("debian-12-2023").packages
    own = package("PyPI", "pyyaml", "5.3.1", layer=APPLICATION)
    reports = {"team/a:1": report(*base), "team/b:1": report(*base, own), "team/c:1": report(*base)}
    first, second = shared_base(reports)
    assert (BASE, ("team/a:1", "team/b:1", "team/c:1"), 5, 15) == (
        first.digest, first.images, len(first.findings), first.occurrences
    )  # fmt: skip
    assert (APPLICATION, ("team/b:1",), ["CVE-2020-14343"]) == (
        second.digest, second.images, [finding.id for finding in second.findings]
    )  # fmt: skip
    assert {"CRITICAL": 1, "HIGH": 3, "UNDEFINED": 1} == first.severity_counts
    assert "1 critical, 3 high, 1 undefined" in str(shared_base(reports))
    assert "✓ No layer brings a finding" == str(shared_base({"clean": report()}))


def test_a_comparison_tells_gone_new_and_still():
    """Findings are followed by flaw and package, whatever the version."""
    before = report(package("PyPI", "pyyaml", "5.3.1"), package("PyPI", "django", "2.2"))
    after = report(package("PyPI", "django", "2.2.10"), package("npm", "json5", "2.2.0"))
    change = compare(before, after)
    assert {"CVE-2020-14343", "CVE-2019-14234"} == {finding.id for finding in change.gone}
    assert ["CVE-2022-46175"] == [finding.id for finding in change.new]
    assert [("CVE-2022-28346", "2.2.10")] == [(finding.id, finding.version) for finding in change.still]
    assert not change.is_clean
    assert str(change).startswith("✗ 2 gone, 1 new, 1 still there\n")
    assert "new          HIGH" in str(change)


@given(st.sampled_from(list(LAB_IMAGES)), st.sampled_from(list(LAB_IMAGES)))
def test_comparisons_add_up(one, other):
    """Each finding of the first is gone or still there, each of the second new or still there; swapped, they swap."""
    before, after = lab_report(one), lab_report(other)
    change, back = compare(before, after), compare(after, before)
    assert len(before.findings) == len(change.gone) + len(back.still)
    assert len(after.findings) == len(change.new) + len(change.still)
    assert (change.gone, change.new) == (back.new, back.gone)


# How it reads


def test_a_report_says_how_far_its_knowledge_goes():
    """Also without a finding: none of these 47, in every form."""
    sentence = (
        "The kit knows only its advisories of 2026-11-23, about 47 vulnerabilities: "
        "'no finding' means 'none of these 47'."
    )
    for found in (lab_report("debian-12-2023"), lab_report("debian-12-rebuilt")):
        for text in (str(found), found._repr_markdown_(), found._repr_html_()):
            assert sentence in text.replace("&#x27;", "'")


def test_the_forms_of_a_report():
    """Card and table in text, Markdown and HTML; one line inside a list."""
    found = lab_report("debian-12-2023")
    head, *_ = str(found).splitlines()
    assert f"✗ Scan of {found.inventory.manifest_digest.short}: 5 findings" == head
    assert "CRITICAL   CVE-2023-38545  curl     7.88.1-10  7.88.1-10+deb12u4  curl: SOCKS5 heap overflow" in str(found)
    assert "AWS takes the distribution's own rating first" in str(found)
    assert "| CRITICAL | CVE-2023-38545 | curl |" in found._repr_markdown_()
    assert "<td>CVE-2023-38545</td>" in found._repr_html_()
    assert f"<Report on {found.inventory.manifest_digest.short}: 1 critical, 3 high, 1 undefined>" == repr(found)
    assert str(lab_report("debian-12-rebuilt")).startswith("✓ Scan of ")


def test_a_finding_explains_itself():
    """Flaw, package, layer, fixed version, record, way out, and who says so."""
    built = [package("Debian:12", name, "3.0.7-1", source="openssl") for name in ("libssl3", "openssl")]
    text = str(report(*built).finding("CVE-2023-0286"))
    for part in (
        "✗ CVE-2023-0286 in openssl: OpenSSL: type confusion in X.509 GeneralName",
        "severity          HIGH (7.4 by NVD)",
        "package           `openssl 3.0.7-1`, and `libssl3 3.0.7-1`",
        "listed in         `var/lib/dpkg/status`",
        f"brought by layer  `{BASE}`",
        "fixed in          3.0.8-1",
        "record            https://nvd.nist.gov/vuln/detail/CVE-2023-0286",
        "What to do: rebuild the base image with openssl 3.0.8-1 or later.",
        "Checked against debian/changelog of the source package",
    ):
        assert part in text


def test_a_long_report_shows_its_beginning():
    """Of very many findings the table shows the worst, and says how many there are."""
    rows = tuple(_advisory(_flaw(f"CVE-{number:03}"), Range("0", "2")) for number in range(200))
    found = match(inventory(package("PyPI", "lib", "1.0")), _known(rows))
    assert 200 == len(found.findings)
    assert "The first 60 of 200" in str(found)
    assert "CVE-059" in str(found)
    assert "CVE-060" not in str(found)


# Wrong questions

WRONG = {
    "severity": (
        lambda: lab_report("alpine-old").at_least("high"),
        "severity 'high': there is no such severity; use one of CRITICAL, HIGH, MEDIUM, LOW, INFORMATIONAL, UNDEFINED",
    ),
    "finding": (
        lambda: report(package("PyPI", "pyyaml", "5.3.1"), name="x").finding("CVE-2021-44228", LOG4J),
        "scan of 2d711642b726: there is no finding CVE-2021-44228 in org.apache.logging.log4j:log4j-core; "
        "it has CVE-2020-14343",
    ),
    "clean": (
        lambda: report(name="x").finding("CVE-2021-44228"),
        "scan of 2d711642b726: there is no finding CVE-2021-44228; it has no finding at all",
    ),
    "advisories": (
        lambda: compare(report(), match(inventory(), Advisories(date(2025, 1, 2), (), {}, ()))),
        "reports: one rests on advisories of 2026-11-23, the other of 2025-01-02; "
        "scan both images with the same advisories",
    ),
}


@pytest.mark.parametrize(("question", "message"), WRONG.values(), ids=WRONG)
def test_error_wrong_questions(question, message):
    """The error says what there is instead."""
    with pytest.raises(InvalidInput) as caught:
        question()
    assert message == str(caught.value)


# Speed, and a real image


def _flaw(number, severity="HIGH"):
    return Vulnerability(number, "a flaw", "It is one.", date(2026, 1, 1), severity, (), (), None, "https://…", ())


def _advisory(flaw, *ranges, ecosystem="PyPI", name="lib"):
    return Advisory(flaw, ecosystem, name, ranges, (), "1", "9", "", ())


def _known(rows):
    return Advisories(date(2026, 11, 23), (), {row.id: row.vulnerability for row in rows}, rows)


def test_many_packages_and_very_many_advisories():
    """500 packages against 50,000 advisories take well under a second of processor time."""
    flaws = [_flaw(f"CVE-{number}") for number in range(5_000)]
    rows = tuple(
        _advisory(flaws[n % 5_000], Range("0", f"1:{n % 90}.{n % 7}-{n % 13}+deb12u{n % 5}"),
                  ecosystem="Debian:12", name=f"source-{n % 8_000}")
        for n in range(50_000)
    )  # fmt: skip
    packages = [package("Debian:12", f"source-{n}", f"1:{n % 80}.3-2+deb12u{n % 4}") for n in range(500)]
    known, listed = _known(rows), inventory(*packages)
    started = time.process_time()
    found = match(listed, known)
    elapsed = time.process_time() - started
    assert len(found.findings) > 500
    assert elapsed < 0.7


STATUS = """\
Package: openssl
Status: install ok installed
Architecture: amd64
Version: 3.0.9-1

Package: libc6
Status: install ok installed
Architecture: amd64
Source: glibc
Version: 2.36-9
"""


def test_an_image_is_scanned_in_one_step():
    """From layers to findings: what the base brings is named with the base's layer, and read once."""
    base = oci.image(
        oci.layer({
            "etc/os-release": 'ID=debian\nVERSION_ID="12"\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n',
            "var/lib/dpkg/status": STATUS,
        })
    )  # fmt: skip
    wheel = "usr/lib/python3/dist-packages/PyYAML-5.3.1.dist-info/METADATA"
    image = oci.append(base, oci.layer({wheel: "Metadata-Version: 2.1\nName: PyYAML\nVersion: 5.3.1\n"}))
    cache = {}
    found = scan.scan(image, cache=cache)
    assert [("CVE-2020-14343", "pyyaml"), ("CVE-2023-4911", "glibc"), ("CVE-2024-2961", "glibc")] == ids(found.findings)
    assert [layer.digest for layer in reversed(image.layers)] == list(
        dict.fromkeys(finding.package.layer_digest for finding in found.findings)
    )
    assert {layer.digest for layer in image.layers} == set(cache)
    assert found.findings == scan.scan(image, cache=cache).findings
    assert DEBIAN_12 == found.inventory.system
