"""What a repository stores, read through the API alone."""

from __future__ import annotations

import pytest
from ecrlab import oci, open_lab, registry
from ecrlab.errors import InvalidInput, RegistryError
from ecrlab.pricing import bill_of, storage_of

BASE = oci.layer({"lib/base": "b" * 5000}, compression="none")


@pytest.fixture
def ecr():
    """A registry with two images on one base, and an index."""
    with open_lab() as lab:
        client = lab.client("ecr")
        client.create_repository(repositoryName="team/api")
        for number in (1, 2):
            image = oci.image(BASE, oci.layer({"app": f"version {number}"}, compression="none"))
            registry.push(client, image, "team/api", tag=f"{number}")
        both = oci.index(*(oci.image(BASE, architecture=each) for each in ("amd64", "arm64")))
        registry.push(client, both, "team/api", tag="both")
        yield client


def test_layers_are_read_when_asked_for(ecr):
    """With layers the base counts once; without them every image counts in full, and nothing was pulled."""
    seen = registry.stored(ecr, "team/api")
    details = ecr.describe_images(repositoryName="team/api")["imageDetails"]
    assert {} == next(iter(seen)).blobs
    assert sum(each["imageSizeInBytes"] for each in details) == storage_of(seen).standard_bytes
    assert all("lastRecordedPullTime" not in each for each in details)

    exact = storage_of(registry.stored(ecr, "team/api", read_layers=True))
    blobs = {str(BASE.digest): BASE.size}
    for number in (1, 2):
        image = registry.pull(ecr, "team/api", f"{number}")
        blobs |= {str(layer.digest): layer.size for layer in image.layers}
    assert sum(blobs.values()) == exact.standard_bytes
    assert exact.standard_bytes < storage_of(seen).standard_bytes


def test_a_bill_for_each_repository(ecr):
    """The table names the repository, and the sum is that of its lines."""
    ecr.create_repository(repositoryName="other")
    registry.push(ecr, oci.image(BASE), "other", tag="1")
    images = [each for name in ("team/api", "other") for each in registry.stored(ecr, name, read_layers=True)]
    bill = bill_of(images)
    assert ["team/api", "other"] == [each.name for each in bill.storage.repositories]
    assert "team/api" in str(bill)
    assert bill.usd == 0


def test_an_archived_image_counts_in_the_archive(ecr):
    """Its layers cannot be read, so it counts in full, in the class in which it lies."""
    digest = ecr.describe_images(repositoryName="team/api", imageIds=[{"imageTag": "1"}])["imageDetails"][0]
    ecr.update_image_storage_class(repositoryName="team/api", imageId={"imageTag": "1"}, targetStorageClass="ARCHIVE")
    made = storage_of(registry.stored(ecr, "team/api", read_layers=True))
    assert digest["imageSizeInBytes"] == made.archive_bytes


def test_error_no_such_repository(ecr):
    """The message names the repository."""
    with pytest.raises(RegistryError, match=r"team/app"):
        registry.stored(ecr, "team/app")


def test_error_no_client():
    """Something that is no client is refused before any call."""
    with pytest.raises(InvalidInput):
        registry.stored(None, "team/api")
