"""The inventory of a repository: what lifecycle rules need to know, and a word about what it does not know."""

from __future__ import annotations

from datetime import timedelta

import pytest
from ecrlab import lifecycle, oci, open_lab, registry
from ecrlab.clock import START
from ecrlab.errors import InvalidInput, RegistryError
from ecrlab.lifecycle import StorageClass

BASE = oci.layer({"etc/os-release": "NAME=Teaching Linux\n"})
AMD = oci.image(BASE)
ARM = oci.image(BASE, architecture="arm64")
BOTH = oci.index(AMD, ARM)
NAME = "payments/api"


@pytest.fixture
def lab():
    """A fresh account in Mode Mock."""
    with open_lab() as opened:
        yield opened


@pytest.fixture
def ecr(lab):
    """A client of a registry with one empty repository."""
    client = lab.client("ecr")
    client.create_repository(repositoryName=NAME)
    return client


@pytest.fixture
def called(ecr):
    """The operations that the client has called since, in order, with their parameters."""
    calls = []
    ecr.meta.events.register(
        "provide-client-params.ecr.*", lambda params, model, **_: calls.append((model.name, dict(params)))
    )
    return calls


def test_an_image_as_rules_see_it(ecr, lab):
    """Digest, tags, size and push time come from DescribeImages; what never happened is None."""
    registry.push(ecr, AMD, NAME, tag="1.0")
    lab.clock.advance(hours=1)

    (image,) = registry.inventory(ecr, NAME)

    size = ecr.describe_images(repositoryName=NAME)["imageDetails"][0]["imageSizeInBytes"]
    assert lifecycle.Image(str(AMD.digest), START, ("1.0",), size) == image


def test_the_archive_is_part_of_it(ecr, lab):
    """Archived images are asked for, with the time of archiving; one that is being restored still lies there."""
    for image, tag in ((AMD, "old"), (ARM, "older")):
        registry.push(ecr, image, NAME, tag=tag)
    lab.clock.advance(hours=1)
    for tag in ("old", "older"):
        ecr.update_image_storage_class(repositoryName=NAME, imageId={"imageTag": tag}, targetStorageClass="ARCHIVE")
    ecr.update_image_storage_class(repositoryName=NAME, imageId={"imageTag": "older"}, targetStorageClass="STANDARD")

    found = registry.inventory(ecr, NAME)

    archived = (StorageClass.ARCHIVE, START + timedelta(hours=1))
    assert [archived, archived] == [(image.storage_class, image.archived_at) for image in found]


def test_all_pages_are_read(ecr, called):
    """A repository with more images than a page holds is read to the end."""
    ecr.meta.events.register(
        "provide-client-params.ecr.DescribeImages", lambda params, **_: {**params, "maxResults": 2}
    )
    for number in range(5):
        registry.push(ecr, oci.image(oci.layer({"n": str(number)})), NAME, tag=f"v{number}")

    called.clear()

    assert [(f"v{number}",) for number in range(5)] == [image.tags for image in registry.inventory(ecr, NAME)]
    assert 3 == len(called)


def test_an_index_is_not_read_unasked(ecr, called):
    """Only DescribeImages is called, no child knows its index, and the inventory says so."""
    registry.push(ecr, BOTH, NAME, tag="1.0")
    called.clear()

    found = registry.inventory(ecr, NAME)

    assert ["DescribeImages"] == [name for name, _ in called]
    assert {()} == {image.parents for image in found}
    assert (str(BOTH.digest),) == found.unread_indexes
    assert (
        "1 index is unread, so its children look like images of their own, and a plan may let go of some that AWS "
        "keeps. read_indexes=True reads them, which counts as a pull."
    ) == found.warning
    assert found.warning.removesuffix(".") in str(found)


def test_an_index_is_read_on_request(ecr, called):
    """With read_indexes the children name their index; that is a pull of the index, and of nothing else."""
    registry.push(ecr, BOTH, NAME, tag="1.0")
    called.clear()

    found = registry.inventory(ecr, NAME, read_indexes=True)

    assert ["DescribeImages", "BatchGetImage"] == [name for name, _ in called]
    parents = {image.digest: image.parents for image in found}
    index = str(BOTH.digest)
    assert {index: (), str(AMD.digest): (index,), str(ARM.digest): (index,)} == parents
    assert ((), "") == (found.unread_indexes, found.warning)
    pulled = [image.digest for image in registry.inventory(ecr, NAME) if image.last_pulled_at]
    assert [index] == pulled


def test_the_plan_is_that_of_the_preview(ecr, lab):
    """What the engine says about the inventory is what the service says about the repository."""
    policy = lifecycle.parse(
        '{"rules": [{"rulePriority": 1, "selection": {"tagStatus": "any", "countType": "imageCountMoreThan", '
        '"countNumber": 3}, "action": {"type": "expire"}}]}'
    )
    for number in range(5):
        registry.push(ecr, oci.image(oci.layer({"n": str(number)})), NAME, tag=f"v{number}")

    plan = lifecycle.plan(policy, registry.inventory(ecr, NAME), now=lab.clock.now())

    ecr.start_lifecycle_policy_preview(repositoryName=NAME, lifecyclePolicyText=policy.text(indent=2))
    ecr.get_lifecycle_policy_preview(repositoryName=NAME)
    preview = ecr.get_lifecycle_policy_preview(repositoryName=NAME)["previewResults"]
    assert [entry["imageDigest"] for entry in preview] == [entry.image.digest for entry in plan.expiring]


def test_it_shows_itself(ecr):
    """The table names every image; an empty repository is a fact, too."""
    assert "0 images in payments/api" in str(registry.inventory(ecr, NAME))
    registry.push(ecr, AMD, NAME, tag="1.0")
    assert "1 image in payments/api" in str(registry.inventory(ecr, NAME))


BAD = {  # id: (repository, the error, its message)
    "no such repository": (
        "payments/web",
        RegistryError,
        "inventory of payments/web: there is no repository 'payments/web' in this registry "
        "(RepositoryNotFoundException from DescribeImages); create it with "
        "ecr.create_repository(repositoryName='payments/web'), or check region and account",
    ),
}


@pytest.mark.parametrize(("repository", "error", "message"), BAD.values(), ids=BAD)
def test_error_a_refusal_is_one_line(ecr, repository, error, message):
    """AWS's refusal is passed on with a way out."""
    with pytest.raises(error) as caught:
        registry.inventory(ecr, repository)
    assert message == str(caught.value)


def test_error_no_client():
    """What is no client is refused before anything is called."""
    with pytest.raises(InvalidInput) as caught:
        registry.inventory("ecr", NAME)
    assert "inventory: a str is no ECR client; hand over lab.client('ecr')" == str(caught.value)
