"""The advisories: every row proven, every score recomputed, every example judged; a document with a hole is refused."""

from __future__ import annotations

import copy
import math
import re

import pytest
from ecrlab.errors import InvalidInput
from ecrlab.scan.advisories import Advisories, attribution, load
from ecrlab.scan.advisory import Range
from ecrlab.scan.versions import compare
from findings_world import LAB_IMAGES, package, table
from hypothesis import given
from hypothesis import strategies as st

KNOWN = load()
ROWS = {f"{row.id} {row.ecosystem} {row.package}": row for row in KNOWN}
SCORED = {
    f"{flaw.id} by {score.source}": score
    for flaw in KNOWN.vulnerabilities.values()
    for score in flaw.scores
}  # fmt: skip
BROKEN = {case["name"]: case for case in table("broken_advisories.json")}


def test_what_the_kit_knows():
    """47 vulnerabilities of a stated day in 76 rows; nothing is counted that is not there."""
    assert ("47 vulnerabilities, collected on 2026-11-23", 76) == (KNOWN.extent, len(KNOWN))
    assert KNOWN.ecosystems == ("Alpine", "Debian:11", "Debian:12", "Debian:13", "Maven", "PyPI", "npm")
    assert {row.id for row in KNOWN} == set(KNOWN.vulnerabilities)


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_every_row_says_who_verified_it(row):
    """Ranges and flaw each name a source and a place in it; addresses in repositories are pinned to a commit."""
    for each in (*row.verified, *row.vulnerability.verified):
        assert each.source in KNOWN.sources
        assert each.fact.strip()
        assert each.locator.strip()
        if "://github.com/" in each.locator:
            assert re.search(r"/blob/[0-9a-f]{7,40}/", each.locator)


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_the_examples_of_every_row(row):
    """The affected example is affected, and the other one is not."""
    assert row.affects(row.affected_example) is True
    assert row.affects(row.fixed_example) is False
    assert row.range_of(row.affected_example) in row.ranges
    assert row.range_of(row.fixed_example) is None


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_a_fixed_version_is_never_affected(row):
    """No range ends with a version that another range of the row takes in again."""
    assert {False} == {row.affects(each.fixed) for each in row.ranges if each.fixed}
    starts = [each for each in row.ranges if each.introduced != "0"]
    assert all(compare(row.ecosystem, each.introduced, each.fixed) == -1 for each in starts)
    assert all(row.affects(each.introduced) is True for each in starts)


NUMBERS = {
    "AV": {"N": 0.85, "A": 0.62, "L": 0.55, "P": 0.2},
    "AC": {"L": 0.77, "H": 0.44},
    "UI": {"N": 0.85, "R": 0.62},
    "C": {"N": 0, "L": 0.22, "H": 0.56},
}


def base_score(vector):
    """Compute the base score of a CVSS 3 vector, as section 7 of its specification does."""
    metric = dict(part.split(":") for part in vector.split("/")[1:])
    changed = metric["S"] == "C"
    privileges = {"N": 0.85, "L": 0.68 if changed else 0.62, "H": 0.5 if changed else 0.27}[metric["PR"]]
    missed = math.prod(1 - NUMBERS["C"][metric[kind]] for kind in "CIA")
    lost = 1 - missed
    impact = 7.52 * (lost - 0.029) - 3.25 * (lost - 0.02) ** 15 if changed else 6.42 * lost
    ease = 8.22 * math.prod(NUMBERS[kind][metric[kind]] for kind in ("AV", "AC", "UI")) * privileges
    if impact <= 0:
        return 0.0
    raw = min((impact + ease) * (1.08 if changed else 1), 10)
    return math.ceil(round(raw * 100_000) / 10_000) / 10


@pytest.mark.parametrize("score", SCORED.values(), ids=SCORED)
def test_every_score_follows_from_its_vector(score):
    """Recomputed from the vector, the score is the one that the record gives."""
    assert score.score == base_score(score.vector)
    assert score.vector.startswith(f"CVSS:{score.version}/")


@pytest.mark.parametrize("flaw", KNOWN.vulnerabilities.values(), ids=lambda flaw: flaw.id)
def test_every_severity_is_the_band_of_the_first_score(flaw):
    """The severity is NVD's band, and UNDEFINED where the record has no score."""
    bands = ((9.0, "CRITICAL"), (7.0, "HIGH"), (4.0, "MEDIUM"), (0.1, "LOW"), (0.0, "INFORMATIONAL"))
    expected = next(band for least, band in bands if flaw.score.score >= least) if flaw.score else "UNDEFINED"
    assert expected == flaw.severity


def test_debian_and_alpine_are_looked_up_by_source():
    """A binary package finds the advisories about what it was built from, in the version of that."""
    binary = package("Debian:12", "libssl3", "3.0.9-1+b1", source="openssl", source_version="3.0.9-1")
    assert {"openssl"} == {row.package for row in KNOWN.about(binary)}
    assert () == KNOWN.about(package("Debian:12", "libssl3", "3.0.9-1"))
    assert () == KNOWN.about(package("Debian:10", "openssl", "1.1.1d-0"))


@pytest.mark.parametrize("name", ["PyYAML", "pyyaml", "Pyyaml"])
def test_python_names_are_compared_without_their_spelling(name):
    """PEP 503: capitals, dots and underscores make no other project."""
    assert ["CVE-2020-14343"] == [row.id for row in KNOWN.affecting(package("PyPI", name, "5.3.1"))]


def test_only_affecting_advisories_are_returned():
    """A fixed version, and one that is not comparable, have no affecting advisory."""
    assert () == KNOWN.affecting(package("PyPI", "pyyaml", "6.0.2"))
    assert () == KNOWN.affecting(package("Alpine", "busybox", "1.30_git20190101-r0"))
    assert len(KNOWN.about(package("Alpine", "busybox", "1.30_git20190101-r0"))) == 2


@pytest.mark.parametrize(
    ("given_range", "version", "inside", "text"),
    [
        (Range("0", "2.0"), "1.9", True, "before 2.0"),
        (Range("0", "2.0"), "2.0", False, "before 2.0"),
        (Range("1.0", "2.0"), "0.9", False, "from 1.0 before 2.0"),
        (Range("1.0", "2.0"), "1.0", True, "from 1.0 before 2.0"),
        (Range("1.0", None), "99", True, "from 1.0 on, without a fix"),
        (Range("0", None), "0", True, "on, without a fix"),
        (Range("0", "2.0"), "no version", None, "before 2.0"),
        (Range("1.0", "2.0"), "no version", None, "from 1.0 before 2.0"),
    ],
)
def test_ranges(given_range, version, inside, text):
    """From the introduced version on, up to but without the fixed one."""
    assert inside is given_range.contains("PyPI", version)
    assert text == str(given_range)


@given(st.sampled_from(sorted(ROWS)), st.integers(0, 9), st.integers(0, 9))
def test_a_rebuild_of_a_fixed_version_is_not_affected(name, number, rebuild):
    """What comes after the last fix of a row stays unaffected, however it is rebuilt."""
    row = ROWS[name]
    last = row.fixed_example
    later = {
        "Debian": f"{last}+deb{number}u{rebuild}+b1",
        "Alpine": re.sub(r"-r[0-9]+$", f"-r{100 + rebuild}", last),
        "PyPI": f"{last}.post{rebuild}",
        "npm": f"{last}+{rebuild}",
        "Maven": f"{last}-sp-{rebuild + 1}",
    }[row.ecosystem.partition(":")[0]]
    assert row.affects(later) is False


def test_the_notices_name_every_source_and_its_licence():
    """Data under CC-BY is attributed; every line names one source."""
    head, *lines = attribution().splitlines()
    assert "Facts about 47 vulnerabilities, collected on 2026-11-23, in our own words, checked against:" == head
    assert len(lines) == len(KNOWN.sources)
    assert "- GitHub Advisory Database: CC-BY-4.0" in lines
    assert "- PyPA advisory database: CC-BY-4.0" in lines


def test_the_set_shows_itself():
    """A table of ecosystems says how much is known of each, in every form."""
    assert str(KNOWN).startswith("The kit knows 47 vulnerabilities, collected on 2026-11-23\n")
    assert "<td>policykit-1</td>" not in KNOWN._repr_html_()
    assert "org.apache.commons:commons-text" in KNOWN._repr_html_()
    assert "| Debian:13 | 1 | 1 | xz-utils |" in KNOWN._repr_markdown_()


def test_a_vulnerability_shows_itself():
    """A card tells the flaw, all its scores, whether it is exploited, and the record."""
    assert str(KNOWN.vulnerabilities["CVE-2021-44228"]).splitlines()[1:5] == [
        "  severity   CRITICAL (10.0 by GitHub Advisory Database)",
        "  published  2021-12-10",
        "  exploited  known since 2021-12-10",
        "  record     https://nvd.nist.gov/vuln/detail/CVE-2021-44228",
    ]
    assert "HIGH (7.3 by NVD, 9.8 by CISA-ADP)" in str(KNOWN.vulnerabilities["CVE-2022-2068"])
    assert "UNDEFINED (the record has no score)" in str(KNOWN.vulnerabilities["CVE-2024-2961"])


def test_lab_images_use_known_packages_only():
    """Every package of a lab image is one that an advisory is about."""
    about = {(row.ecosystem, row.package) for row in KNOWN}
    used = {(image["ecosystem"], name) for image in LAB_IMAGES.values() for name in image["packages"]}
    assert set() == used - about


SMALL = {
    "collected": "2026-11-23",
    "sources": {"nvd": {"title": "NVD", "licence": "public domain"}},
    "vulnerabilities": {
        "CVE-2014-6271": {
            "title": "Shellshock",
            "description": "bash runs commands from the environment.",
            "published": "2014-09-24",
            "severity": "CRITICAL",
            "cvss": [{"source": "NVD", "version": "3.1", "vector": "CVSS:3.1/AV:N/…", "score": 9.8}],
            "cwe": ["CWE-78"],
            "url": "https://nvd.nist.gov/vuln/detail/CVE-2014-6271",
            "verified": [{"fact": "all", "source": "nvd", "locator": "the record"}],
        }
    },
    "advisories": [
        {
            "id": "CVE-2014-6271",
            "ecosystem": "Debian:12",
            "package": "bash",
            "ranges": [{"introduced": "0", "fixed": "4.3-9.1"}],
            "sample": {"vulnerable": "4.3-9", "fixed": "5.2.15-2"},
            "verified": [{"fact": "fixed version", "source": "nvd", "locator": "the record"}],
        }
    ],
}  # fmt: skip


def broken(case):
    """Make the document of a case: whole, but for one thing."""
    if "document" in case:
        return case["document"]
    document = copy.deepcopy(SMALL)
    path, value = (case.get("without") or case.get("repeat")), None
    if "set" in case:
        path, value = case["set"]
    *above, last = path
    place = document
    for step in above:
        place = place[step]
    if "without" in case:
        del place[last]
    elif "repeat" in case:
        place.append(place[last])
    else:
        place[last] = value
    return document


def test_a_small_document_is_read():
    """The document that the broken ones are made of is whole."""
    assert ["CVE-2014-6271"] == [row.id for row in Advisories.of(SMALL)]


@pytest.mark.parametrize("case", BROKEN.values(), ids=BROKEN)
def test_error_a_document_with_a_hole_is_refused(case):
    """The error names the place, what is the case and the way out."""
    with pytest.raises(InvalidInput) as caught:
        Advisories.of(broken(case))
    assert case["error"] == str(caught.value)
