"""Version order: each ecosystem's own rules, and a plain "not comparable" where they are not known."""

from __future__ import annotations

import shutil
import subprocess
from itertools import pairwise

import pytest
from ecrlab.scan.advisories import load
from ecrlab.scan.versions import compare, is_readable
from findings_world import table
from hypothesis import given, settings
from hypothesis import strategies as st

CASES = table("version_cases.json")
ORDERED = {f"{c['ecosystem']} {c['one']} {c['sign']} {c['other']}": c for c in CASES["ordered"]}
NOT_COMPARABLE = {f"{c['ecosystem']} {c['version']!r}": c for c in CASES["not_comparable"]}
DEBIAN = [c for c in CASES["ordered"] if c["ecosystem"].startswith(("Debian", "Ubuntu"))]
SIGNS = {"<": -1, "=": 0, ">": 1}

needs_dpkg = pytest.mark.skipif(shutil.which("dpkg") is None, reason="dpkg, the reference itself, is not at hand")


def by_dpkg(one, other):
    """Compare two versions with the real dpkg."""
    for relation, sign in (("lt", -1), ("eq", 0), ("gt", 1)):
        if subprocess.run(["dpkg", "--compare-versions", one, relation, other], check=False).returncode == 0:
            return sign
    raise AssertionError(f"dpkg says nothing about {one} and {other}")


@pytest.mark.parametrize("case", ORDERED.values(), ids=ORDERED)
def test_the_order_of_two_versions(case):
    """Each ecosystem's rules give this order, from both sides."""
    sign = SIGNS[case["sign"]]
    assert sign == compare(case["ecosystem"], case["one"], case["other"]), case["because"]
    assert -sign == compare(case["ecosystem"], case["other"], case["one"]), case["because"]


@pytest.mark.parametrize("case", NOT_COMPARABLE.values(), ids=NOT_COMPARABLE)
def test_what_is_not_comparable_is_said_to_be(case):
    """A version that cannot be read, or an order that is not known, is no order: never a guess, never an exception."""
    for other in ("1", "1.0.0", case["version"]):
        assert compare(case["ecosystem"], case["version"], other) is None, case["because"]
        assert compare(case["ecosystem"], other, case["version"]) is None, case["because"]
    assert not is_readable(case["ecosystem"], case["version"])


def test_endless_digits_are_not_read():
    """A version longer than any real one is not comparable, for Python refuses such numbers."""
    for ecosystem in ("Debian:12", "Alpine", "RedHat:9", "PyPI", "npm", "Maven"):
        assert compare(ecosystem, "1" * 5_000, "1") is None
        assert compare(ecosystem, "1.0.0", "1.0." + "9" * 5_000) is None


@needs_dpkg
@pytest.mark.parametrize("case", DEBIAN, ids=lambda case: f"{case['one']} {case['sign']} {case['other']}")
def test_dpkg_itself_agrees_with_the_table(case):
    """The rows about Debian say what the real dpkg says."""
    assert by_dpkg(case["one"], case["other"]) == SIGNS[case["sign"]]


@needs_dpkg
def test_dpkg_itself_agrees_about_every_debian_advisory():
    """Fixed versions and the examples beside them are ordered as dpkg orders them."""
    pairs = {
        (example, each.fixed)
        for row in load()
        if row.ecosystem.startswith("Debian")
        for each in row.ranges
        for example in (row.affected_example, row.fixed_example, each.introduced)
    }
    differing = [pair for pair in sorted(pairs) if by_dpkg(*pair) != compare("Debian:12", *pair)]
    assert len(pairs) > 100
    assert [] == differing


PIECES = {
    "Debian:12": (["", "0:", "1:"], list("0129"), [".", "~", "~~", "+", "+b1", "-0", "-1", "+deb12u3", "a", "Z", "10"]),
    "Alpine": (["0", "1", "10"], [""], [".0", ".1", ".01", ".10"]),
    "RedHat:9": (["", "0:", "1:"], list("01a"), [".", "~", "^", "+", "_", "rc", "00", "10", "b"]),
    "npm": (["0.", "1.", "10."], ["0.0", "0.9", "0.10"], ["-1", "-a", "-rc.9", "-rc.10"]),
    "PyPI": (["", "1!"], ["1", "1.0", "1.10"], ["a1", "rc2", ".post1", ".dev1"]),
    "Maven": (["0", "1", "1.0"], ["", ".9", ".10"], ["-alpha", "-beta9", "-beta-10", "-rc1", "-SNAPSHOT", "-sp"]),
}  # fmt: skip
MANY_PIECES = {"Debian:12": 5, "Alpine": 3, "RedHat:9": 5}


@st.composite
def versions_of(draw, ecosystem):
    """Draw a version like those that are published; other than for distributions, with one qualifier at most.

    Maven's order is none at all once qualifiers follow dots here and hyphens there: see the test below.
    """
    first, second, pieces = PIECES[ecosystem]
    tail = draw(st.lists(st.sampled_from(pieces), max_size=MANY_PIECES.get(ecosystem, 1)))
    version = draw(st.sampled_from(first)) + draw(st.sampled_from(second)) + "".join(tail)
    if ecosystem == "Alpine":
        suffixes = st.sampled_from(["", "a", "b", "_alpha1", "_rc1_p2", "_p1"])
        version += draw(suffixes) + draw(st.sampled_from(["", "-r0", "-r2", "-r10"]))
    return version


@pytest.mark.parametrize("ecosystem", PIECES)
def test_versions_are_ordered(ecosystem):
    """The order is reflexive, antisymmetric and transitive; what can be compared at all, all three ways."""

    @given(st.lists(versions_of(ecosystem).filter(lambda v: is_readable(ecosystem, v)), min_size=3, max_size=3))
    def law(versions):
        a, b, c = versions
        assert compare(ecosystem, a, a) == 0
        assert compare(ecosystem, a, b) == -compare(ecosystem, b, a)
        if compare(ecosystem, a, b) <= 0 and compare(ecosystem, b, c) <= 0:
            assert compare(ecosystem, a, c) <= 0

    law()


@needs_dpkg
@settings(max_examples=40, deadline=None)
@given(st.tuples(versions_of("Debian:12"), versions_of("Debian:12")))
def test_dpkg_itself_agrees_about_arbitrary_versions(pair):
    """What can be compared here is ordered as dpkg orders it."""
    ours = compare("Debian:12", *pair)
    assert ours is None or ours == by_dpkg(*pair)


def test_mavens_order_runs_in_circles():
    """A known gap, of Maven's rules as much as of univers: a qualifier behind a dot and one behind a hyphen."""
    circle = ["1.1-SNAPSHOT", "1.1", "1.1.jre2", "1.1-SNAPSHOT"]
    assert [-1, -1, -1] == [compare("Maven", one, other) for one, other in pairwise(circle)]


@given(st.sampled_from(list(PIECES)), st.text(max_size=12), st.text(max_size=12))
def test_no_text_breaks_the_comparison(ecosystem, one, other):
    """Whatever is in a package file, comparing gives an answer."""
    assert compare(ecosystem, one, other) in (-1, 0, 1, None)
