"""Patch and prove clean, and fix the base once: what is gone, what stayed, where it comes from."""

from __future__ import annotations

import pytest
from ecrlab import oci, scan, security
from ecrlab.oci import recipes
from ecrlab.security import Finding, Findings, ScannedImage, VulnerablePackage

PAIRS = [name.removesuffix("-rebuilt") for name in recipes.LAB_IMAGES if name.endswith("-rebuilt")]
ONE, OTHER = "sha256:" + "5e" * 32, "sha256:" + "6f" * 32


def scanned(image, name="payments/api:1.0"):
    """Return the findings of an image as the kit's scanner sees it."""
    return security.from_report(scan.scan(image), image=name)


def made(digest, *findings, status="COMPLETE", kind="basic", name="payments/api:1.0"):
    """Return findings: vulnerability and the names of its packages."""
    entries = [Finding(id_, "HIGH", tuple(VulnerablePackage(p, "1") for p in names)) for id_, *names in findings]
    return Findings(name, digest, status, tuple(entries), kind)


@pytest.mark.parametrize("pair", PAIRS)
def test_a_rebuilt_lab_image_is_proven_clean(pair):
    """Every old lab image has findings, its rebuilt one has none, and the comparison says that all are gone."""
    old = next(name for name in recipes.LAB_IMAGES if name.startswith(pair) and not name.endswith("-rebuilt"))
    before, after = scanned(recipes.lab_image(old)), scanned(recipes.lab_image(f"{pair}-rebuilt"), "payments/api:1.1")

    proof = security.compare(before, after)

    assert (True, len(before), 0, 0) == (proof.proven_clean, len(proof.gone), len(proof.still), len(proof.new))
    assert "✓ Proven clean" in str(proof)


def test_gone_still_and_new():
    """A finding is the same if the vulnerability is, and one of its packages, whatever the versions."""
    before = made(ONE, ("CVE-1", "curl", "libcurl4"), ("CVE-2", "git"), ("CVE-3",))
    after = made(OTHER, ("CVE-1", "libcurl4"), ("CVE-2", "bash"), ("CVE-3",))

    proof = security.compare(before, after)

    names = [[each.vulnerability for each in found] for found in (proof.gone, proof.still, proof.new)]
    assert [["CVE-2"], ["CVE-1", "CVE-3"], ["CVE-2"]] == names
    assert (False, "") == (proof.proven_clean, proof.why_nothing_is_proven)
    assert "<Comparison: 1 gone, 2 still there, 1 new>" == repr(proof)
    assert "✗ Not clean yet" == str(proof).splitlines()[0]


NOT_PROVEN = {  # id: (before, after, why)
    "the same image": (
        made(ONE, ("CVE-1", "curl")),
        made(ONE),
        "Both are the same image: the digest has not changed, so nothing was rebuilt.",
    ),
    "no scan of the new one": (
        made(ONE, ("CVE-1", "curl")),
        made(OTHER, status="IN_PROGRESS", name="payments/api:1.1"),
        "payments/api:1.1 has no result: IN_PROGRESS: the scan is running; the waiter `image_scan_complete` waits for "
        "it.",
    ),
    "another scanner": (
        made(ONE, ("CVE-1", "curl")),
        made(OTHER, kind="enhanced"),
        "One scan is basic, the other enhanced: they name packages differently.",
    ),
}


@pytest.mark.parametrize(("before", "after", "why"), NOT_PROVEN.values(), ids=NOT_PROVEN)
def test_what_proves_nothing(before, after, why):
    """An empty list of findings is no proof if nothing was rebuilt, scanned, or scanned alike."""
    proof = security.compare(before, after)

    assert (False, why) == (proof.proven_clean, proof.why_nothing_is_proven)
    assert "○ Nothing is proven" == str(proof).splitlines()[0]


def stacked(*layers):
    """Return an image that stands on a base that many share."""
    return oci.append(recipes.lab_image("debian-12-2023"), *(oci.layer({f"app/{name}": name}) for name in layers))


def with_layers(image, name, *, named=True):
    """Return a scanned image, with or without the layers that a scan may name."""
    found = scanned(image, name)
    if not named:
        bare = (
            Finding(f.vulnerability, f.severity, tuple(VulnerablePackage(p.name, p.version) for p in f.packages))
            for f in found
        )
        found = Findings(name, found.digest, "COMPLETE", tuple(bare), "basic")
    return ScannedImage(found, tuple(str(layer.digest) for layer in image.layers))


def test_a_shared_base_is_mended_once():
    """Three images on one base have each of its findings; the base's layer is named, and one repair mends them all."""
    images = [with_layers(stacked(name), f"team/{name}:1") for name in ("api", "web", "job")]

    found = security.origins_of(images)

    (base,) = found.entries
    bottom = recipes.lab_image("debian-12-2023").layers[-1].digest
    assert ((str(bottom),), True) == (base.layers, base.certain)
    assert (("team/api:1", "team/web:1", "team/job:1"), 5, 15) == (base.images, len(base.findings), base.mended)
    assert f"layer {bottom.short}" == base.words
    row = f"layer {bottom.short} team/api:1, team/web:1, team/job:1 1 CRITICAL, 3 HIGH, 1 UNDEFINED curl, libc-bin,"
    assert " ".join(str(found).splitlines()[3].split()).startswith(row)


def test_without_named_layers_the_common_beginning_is_likely():
    """A basic scan names no layer: what several images share is where it most likely comes from, and is called that."""
    images = [with_layers(stacked(name), f"team/{name}:1", named=False) for name in ("api", "web")]

    (base,) = security.origins_of(images).entries

    count = len(recipes.lab_image("debian-12-2023").layers)
    assert (count, False) == (len(base.layers), base.certain)
    assert base.words.startswith("likely")


def test_a_single_image_says_nothing_about_origins_unless_the_scan_does():
    """With one image and no named layer the origin is not known; it is not guessed."""
    (origin,) = security.origins_of([with_layers(stacked("api"), "team/api:1", named=False)]).entries

    assert ("not known", (), False) == (origin.words, origin.layers, origin.certain)


def test_what_an_application_brings_is_not_laid_on_the_base():
    """Findings of the base and of one application are told apart, the repair that mends more comes first."""
    base = recipes.lab_image("debian-12-2023")
    app = recipes.python_app({"urllib3": "1.26.5"}, base=base)
    images = [with_layers(app, "team/api:1"), with_layers(stacked("web"), "team/web:1")]

    entries = security.origins_of(images).entries

    assert [("team/api:1", "team/web:1"), ("team/api:1",)] == [entry.images for entry in entries]
    assert {"urllib3"} == {name for finding in entries[-1].findings for name in finding.package_names}


def test_clean_images_have_no_origins():
    """Nothing found, nothing to mend."""
    image = with_layers(recipes.lab_image("debian-12-rebuilt"), "team/api:2")

    assert "✓ No findings in 1 image" == str(security.origins_of([image]))
