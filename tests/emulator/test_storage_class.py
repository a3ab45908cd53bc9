"""The archive: what is in it cannot be pulled, everything else about it stays, and it comes back in two ways."""

from __future__ import annotations

from datetime import timedelta

import pytest
from client_world import digest_of, index, manifest
from ecrlab import oci, registry
from ecrlab.errors import RegistryError


def move(world, target: str, **image_id) -> str:
    """Ask for another storage class; return the status in the answer."""
    answer = world.ecr.update_image_storage_class(
        repositoryName=world.repository, imageId=image_id, targetStorageClass=target
    )
    return answer["imageStatus"]


def statuses(world) -> dict[str, str]:
    """Return the status of every image by its digest."""
    return {image["imageDigest"]: image["imageStatus"] for image in world.details(filter={"imageStatus": "ANY"})}


@pytest.fixture
def archived(world) -> str:
    """An archived image of one layer, tagged v1 and stable; its digest."""
    digest = world.push(b"layer", tag="v1")
    world.put(manifest(b"layer"), "stable")
    move(world, "ARCHIVE", imageTag="v1")
    return digest


def test_the_answer_names_image_and_status(world):
    """UpdateImageStorageClass answers digest and tag of the image, and where it stands now."""
    digest = world.push(b"layer", tag="v1")
    answer = world.ecr.update_image_storage_class(
        repositoryName="team/api", imageId={"imageTag": "v1"}, targetStorageClass="ARCHIVE"
    )
    del answer["ResponseMetadata"]
    expected = {
        "registryId": "123456789012",
        "repositoryName": "team/api",
        "imageId": {"imageDigest": digest, "imageTag": "v1"},
        "imageStatus": "ARCHIVED",
    }
    assert expected == answer


@pytest.mark.parametrize("image_id", [{"imageTag": "v1"}, {"imageTag": "stable"}, {}], ids=["v1", "stable", "digest"])
def test_an_archived_image_cannot_be_pulled(world, archived, image_id):
    """BatchGetImage succeeds and puts it among the failures, whatever name is used; no pull is recorded."""
    wanted = image_id or {"imageDigest": archived}
    answer = world.ecr.batch_get_image(repositoryName="team/api", imageIds=[wanted])
    reason = "Requested image is not available: its status is ARCHIVED"
    failure = {"imageId": wanted, "failureCode": "ImageInaccessible", "failureReason": reason}
    assert ([], [failure]) == (answer["images"], answer["failures"])
    assert "lastRecordedPullTime" not in world.details(imageIds=[wanted])[0]


def test_it_is_described_with_its_tags_and_times(world, archived):
    """Size, tags and push time stay; lastArchivedAt says since when."""
    pushed = world.clock.now()
    (image,) = world.details(filter={"imageStatus": "ARCHIVED"})
    assert ("ARCHIVED", ["v1", "stable"], 5) == (image["imageStatus"], image["imageTags"], image["imageSizeInBytes"])
    assert (pushed, pushed) == (image["imagePushedAt"], image["lastArchivedAt"])
    assert "lastActivatedAt" not in image


def test_the_default_listing_leaves_it_out(world, archived):
    """ListImages and DescribeImages show what is active unless imageStatus asks for more."""
    active = world.push(b"other", tag="v2")
    listed = world.ecr.list_images(repositoryName="team/api")["imageIds"]
    assert ([{"imageDigest": active, "imageTag": "v2"}], [active]) == (
        listed,
        [image["imageDigest"] for image in world.details()],
    )
    for status, expected in (("ARCHIVED", [archived]), ("ACTIVATING", []), ("ANY", [archived, active])):
        assert expected == [image["imageDigest"] for image in world.details(filter={"imageStatus": status})]
        listed = world.ecr.list_images(repositoryName="team/api", filter={"imageStatus": status})["imageIds"]
        assert set(expected) == {item["imageDigest"] for item in listed}


def test_a_restore_takes_twenty_minutes(world, archived):
    """Until then the image is ACTIVATING and cannot be pulled; the end of it is a happening of the clock."""
    begun = world.clock.now()
    assert "ACTIVATING" == move(world, "STANDARD", imageDigest=archived)
    assert () == world.clock.advance(minutes=19, seconds=59)
    assert ({archived: "ACTIVATING"}, 1) == (
        statuses(world),
        len(world.ecr.batch_get_image(repositoryName="team/api", imageIds=[{"imageTag": "v1"}])["failures"]),
    )
    (happening,) = world.clock.advance(hours=1)
    ended = begun + timedelta(minutes=20)
    subject = f"team/api@{archived[:19]} (v1, stable)"
    assert (ended, subject, "restored from the archive; it can be pulled again") == (
        happening.at,
        happening.subject,
        happening.what,
    )
    (image,) = world.details()
    assert ("ACTIVE", begun, ended) == (image["imageStatus"], image["lastArchivedAt"], image["lastActivatedAt"])
    assert 1 == len(world.ecr.batch_get_image(repositoryName="team/api", imageIds=[{"imageTag": "v1"}])["images"])


@pytest.mark.parametrize("restoring", [False, True], ids=["archived", "activating"])
@pytest.mark.parametrize("tag", [None, "v1", "v2"], ids=["untagged", "its own tag", "a new tag"])
def test_pushing_again_restores_at_once(world, archived, tag, restoring):
    """Neither the same tag nor a missing one makes PutImage fail, and no restore ends later."""
    if restoring:
        move(world, "STANDARD", imageDigest=archived)
    world.clock.advance(minutes=5)
    world.put(manifest(b"layer"), tag)
    (image,) = world.details()
    assert ("ACTIVE", world.clock.now()) == (image["imageStatus"], image["lastActivatedAt"])
    assert world.clock.now() - timedelta(minutes=5) == image["imagePushedAt"]
    assert ["v1", "stable"] + ["v2"] * (tag == "v2") == image["imageTags"]
    assert () == world.clock.advance(hours=1)


def test_a_client_pushes_and_pulls_it_again(world):
    """The kit's own push sends the archived layers again, and then the pull works as before."""
    image = oci.image(oci.layer({"app": "1"}))
    registry.push(world.ecr, image, "team/api", tag="v1")
    move(world, "ARCHIVE", imageTag="v1")
    with pytest.raises(RegistryError, match="the image is archived, or it is being restored"):
        registry.pull(world.ecr, "team/api", "v1")
    registry.push(world.ecr, image, "team/api", tag="v1")
    assert image.manifest == registry.pull(world.ecr, "team/api", "v1").manifest


def test_a_tag_moves_away_from_the_archive(world, archived):
    """The new image takes the tag; the archived one keeps the other."""
    digest = world.push(b"new", tag="v1")
    assert {"v1": digest} == world.tags()
    (old,) = world.details(filter={"imageStatus": "ARCHIVED"})
    assert (archived, ["stable"]) == (old["imageDigest"], old["imageTags"])


def availability(world, data: bytes) -> str:
    """Ask whether a layer must be uploaded."""
    answer = world.ecr.batch_check_layer_availability(repositoryName="team/api", layerDigests=[digest_of(data)])
    return answer["layers"][0]["layerAvailability"] if answer["layers"] else "missing"


def test_layers_of_archived_images_alone_are_archived(world):
    """A layer that an active image shares is available; a restore brings the others back with the image."""
    digest = world.push(b"own", b"shared", tag="old")
    world.push(b"shared", tag="new")
    move(world, "ARCHIVE", imageTag="old")
    assert ("ARCHIVED", "AVAILABLE", "AVAILABLE") == tuple(
        availability(world, data) for data in (b"own", b"shared", b"{}")
    )
    move(world, "STANDARD", imageTag="old")
    assert "ARCHIVED" == availability(world, b"own")
    world.clock.advance(minutes=20)
    assert "AVAILABLE" == availability(world, b"own")
    world.delete({"imageDigest": digest})
    assert ("missing", "AVAILABLE") == (availability(world, b"own"), availability(world, b"shared"))


def test_an_archived_layer_serves_a_new_image(world, archived):
    """An image that is put over it makes it available, and it stays so when the archived one is deleted."""
    world.put(manifest(b"layer", annotations={"n": "2"}), "new")
    assert "AVAILABLE" == availability(world, b"layer")
    world.delete({"imageDigest": archived})
    assert "AVAILABLE" == availability(world, b"layer")
    assert world.ecr.get_download_url_for_layer(repositoryName="team/api", layerDigest=digest_of(b"layer"))


def test_an_archived_image_can_be_deleted(world, archived):
    """BatchDeleteImage does not wait for the ninety days; AWS charges them."""
    world.delete({"imageDigest": archived})
    assert ({}, "missing") == (statuses(world), availability(world, b"layer"))


def test_children_follow_their_index_into_the_archive_by_hand(world):
    """While the index is in use they cannot be archived, and after it they can."""
    child = world.push(b"layer")
    of_index = world.put(index(manifest(b"layer")), "multi")
    assert "ARCHIVED" == move(world, "ARCHIVE", imageTag="multi")
    assert {child: "ACTIVE", of_index: "ARCHIVED"} == statuses(world)
    assert "ARCHIVED" == move(world, "ARCHIVE", imageDigest=child)


def test_a_restore_that_is_deleted_does_not_end(world, archived):
    """Nothing is left that could become active."""
    move(world, "STANDARD", imageDigest=archived)
    world.delete({"imageDigest": archived})
    assert ((), {}) == (world.clock.advance(hours=1), statuses(world))
