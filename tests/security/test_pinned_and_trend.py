"""Pinning by digest, and how a repository's scans came out one after another."""

from __future__ import annotations

from datetime import timedelta

import pytest
from ecrlab import oci, registry, security
from ecrlab.clock import START
from ecrlab.errors import InvalidInput, RegistryError
from ecrlab.oci import recipes
from ecrlab.security import Findings, Trend

NAME = "payments/api"
HOST = "111122223333.dkr.ecr.us-east-1.amazonaws.com"
OLD, CLEAN = recipes.lab_image("alpine-old"), recipes.lab_image("alpine-rebuilt")
REFERENCES = {
    "short": f"{NAME}:1.0",
    "in full": f"{HOST}/{NAME}:1.0",
    "a digest": f"{NAME}@{OLD.digest}",
    "tag and digest": f"{HOST}/{NAME}:2.0@{OLD.digest}",
}


@pytest.mark.parametrize("reference", REFERENCES.values(), ids=REFERENCES)
def test_a_reference_by_digest(ecr, called, reference):
    """Whatever names the image, what comes back names registry, repository and digest; it takes one call."""
    registry.push(ecr, OLD, NAME, tag="1.0")
    called.clear()

    assert f"{HOST}/{NAME}@{OLD.digest}" == str(security.pinned(ecr, reference))
    assert ["DescribeImages"] == called


def test_a_tag_that_moves_does_not_move_what_was_pinned(ecr):
    """The reference made before a push means the old image afterwards, and no pull is counted for it."""
    registry.push(ecr, OLD, NAME, tag="latest")
    before = security.pinned(ecr, f"{NAME}:latest")
    registry.push(ecr, CLEAN, NAME, tag="latest")

    assert (str(OLD.digest), str(CLEAN.digest)) == (
        str(before.digest),
        str(security.pinned(ecr, f"{NAME}:latest").digest),
    )
    assert [None, None] == [image.last_pulled_at for image in registry.inventory(ecr, NAME)]


NOT_PINNED = {  # id: (reference, error, message)
    "neither tag nor digest": (
        NAME,
        InvalidInput,
        "image reference 'payments/api': it names neither a tag nor a digest, which clients read as 'latest'; say "
        "which image you mean: add ':latest' if it is that",
    ),
    "no such tag": (
        f"{NAME}:9",
        RegistryError,
        "pinning payments/api:9: repository 'payments/api' has no image '9'; see ecr.list_images(): has the tag moved, "
        "or been deleted?",
    ),
    "another region": (
        f"{HOST.replace('us-east-1', 'eu-west-1')}/{NAME}:1.0",
        InvalidInput,
        "image reference '111122223333.dkr.ecr.eu-west-1.amazonaws.com/payments/api:1.0': its registry is in eu-west-1 "
        "and the client in us-east-1; hand over lab.client('ecr', region='eu-west-1')",
    ),
    "another kind of registry": (
        "quay.io/payments/api:1.0",
        InvalidInput,
        "registry 'quay.io': it is not the address of a private ECR registry; write "
        "<12-digit account>.dkr.ecr.<region>.amazonaws.com",
    ),
    "no text": (None, InvalidInput, "image reference: None is no text; write it like 'payments/api:1.4'"),
}


@pytest.mark.parametrize(("reference", "error", "message"), NOT_PINNED.values(), ids=NOT_PINNED)
def test_what_cannot_be_pinned(ecr, reference, error, message):
    """A reference that means no image of this registry is an error in one line."""
    with pytest.raises(error) as refused:
        security.pinned(ecr, reference)

    assert message == str(refused.value)


@pytest.fixture
def scanned(ecr, lab):
    """Four images, a day apart, the last without a scan: old, clean, old again under another tag, and a new one."""
    rule = {"scanFrequency": "SCAN_ON_PUSH", "repositoryFilters": [{"filter": "*", "filterType": "WILDCARD"}]}
    ecr.put_registry_scanning_configuration(scanType="BASIC", rules=[rule])
    for tag, name in (("1.0", "alpine-old"), ("1.1", "alpine-rebuilt"), ("1.2", "debian-12-2023")):
        registry.push(ecr, recipes.lab_image(name), NAME, tag=tag)
        lab.clock.advance(days=1)
    ecr.put_registry_scanning_configuration(scanType="BASIC", rules=[])
    registry.push(ecr, recipes.lab_image("debian-12-rebuilt"), NAME, tag="1.3")
    return ecr


def test_a_trend(scanned):
    """Tags in the order of their pushes, with counts by severity and what changed since the last one with a result."""
    found = security.trend(scanned, NAME)

    assert ["1.0", "1.1", "1.2", "1.3"] == [row.label for row in found.standings]
    assert [8, 0, 5, None] == [row.total for row in found.standings]
    assert (None, -8, 5, None) == found.changes
    assert [START + timedelta(days=day) for day in range(4)] == [row.at for row in found.standings]
    lines = str(found).splitlines()
    assert "payments/api: findings, the oldest first" == lines[0]
    assert "1.1 2026-11-03 09:00 COMPLETE 0 0 0 0 ▼ −8" == " ".join(lines[4].split())
    assert "1.3 2026-11-05 09:00 NOT_SCANNED – – – – –" == " ".join(lines[6].split())


def test_a_trend_takes_one_call_for_each_image(scanned, called):
    """The counts stand on the first page, so one finding is enough to ask for, and only of the newest images."""
    called.clear()

    assert ["1.2", "1.3"] == [row.label for row in security.trend(scanned, NAME, last=2).standings]
    assert ["DescribeImages", "DescribeImageScanFindings", "DescribeImageScanFindings"] == called


def test_archived_images_stay_in_the_trend(scanned, called):
    """An archived image is not scanned; it is named with that status, and not asked for."""
    scanned.update_image_storage_class(repositoryName=NAME, imageId={"imageTag": "1.0"}, targetStorageClass="ARCHIVE")

    first = security.trend(scanned, NAME).standings[0]

    assert ("1.0", "IMAGE_ARCHIVED", None) == (first.label, first.status, first.total)


def test_scans_of_one_image_in_a_row():
    """ECR keeps only the latest scan of an image; results that were kept can be lined up."""
    scans = [Findings("payments/api:1.0", str(OLD.digest), "COMPLETE", scanned_at=START) for _ in range(2)]

    found = Trend.of(*scans)

    assert ("payments/api:1.0", (None, 0)) == (found.subject, found.changes)
    assert "= 0" in str(found)
    with pytest.raises(InvalidInput) as refused:
        Trend.of()
    assert "Trend.of: there is no scan; hand over security.findings(…), one for each scan" == str(refused.value)


def test_a_repository_without_tags(ecr):
    """Nothing to line up is said so."""
    assert "○ No tagged image in payments/api" == str(security.trend(ecr, NAME))


@pytest.mark.parametrize("last", [0, -1, "all"])
def test_a_trend_of_no_images(ecr, last):
    """``last`` is a number of images."""
    with pytest.raises(InvalidInput) as refused:
        security.trend(ecr, NAME, last=last)

    assert f"trend: last={last!r} is no number of images; use a whole number of 1 or more" == str(refused.value)


def test_origins_through_the_api(ecr, lab):
    """Findings and layers of images in the registry lead to the shared base; manifests are read, no layer is."""
    filters = [{"filter": "*", "filterType": "WILDCARD"}]
    rule = {"scanFrequency": "CONTINUOUS_SCAN", "repositoryFilters": filters}
    ecr.put_registry_scanning_configuration(scanType="ENHANCED", rules=[rule])
    for name in ("api", "web"):
        if name != "api":
            ecr.create_repository(repositoryName=f"payments/{name}")
        registry.push(ecr, oci.append(OLD, oci.layer({f"srv/{name}": name})), f"payments/{name}", tag="1.0")
    lab.clock.advance(minutes=10)

    (base,) = security.origins(ecr, ["payments/api:1.0", "payments/web:1.0"]).entries

    assert (("payments/api:1.0", "payments/web:1.0"), True, 16) == (base.images, base.certain, base.mended)
    assert set(base.layers) <= {str(layer.digest) for layer in OLD.layers}


WITHOUT_LAYERS = {  # id: (references, message)
    "one text": ("payments/api:1.0", "origins: 'payments/api:1.0' is one text; hand over a list of references"),
    "an index": (
        ["payments/api:both"],
        "image payments/api:both: it is an index, which has no layers; name one of its images",
    ),
}


@pytest.mark.parametrize(("references", "message"), WITHOUT_LAYERS.values(), ids=WITHOUT_LAYERS)
def test_what_has_no_origins(ecr, references, message):
    """A text for a list, and an index for an image, are called what they are."""
    registry.push(ecr, recipes.multi_platform("alpine-old"), NAME, tag="both")

    with pytest.raises(InvalidInput) as refused:
        security.origins(ecr, references)

    assert message == str(refused.value)


def test_an_archived_image_has_no_manifest_to_read(ecr):
    """Findings may be there; the layers of an archived image cannot be read until it is restored."""
    registry.push(ecr, OLD, NAME, tag="1.0")
    ecr.update_image_storage_class(repositoryName=NAME, imageId={"imageTag": "1.0"}, targetStorageClass="ARCHIVE")

    with pytest.raises(RegistryError) as refused:
        security.origins(ecr, [f"{NAME}@{OLD.digest}"])

    assert (
        f"layers of {NAME}@{OLD.digest}: the image is archived, or it is being restored (ImageInaccessible from "
        "BatchGetImage); restore it with ecr.update_image_storage_class(), wait until it is ACTIVE, and pull again"
        == str(refused.value)
    )
