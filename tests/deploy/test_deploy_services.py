"""Services of ECS: a tag is resolved once for each deployment."""

from __future__ import annotations

import pytest
from deploy_world import ALL
from ecrlab import deploy
from ecrlab.errors import InvalidInput


@pytest.fixture
def network(world):
    """A private network in which pulls work."""
    return deploy.private_network(world.lab, endpoints=ALL)


def running(service):
    """Return the digests that the tasks of a service run."""
    return {task.pull().digest for task in service.tasks}


def test_a_moved_tag_shows_only_after_a_new_deployment(world, network):
    """Tasks that come later in a deployment run its digest; force_new_deployment looks the tag up anew."""
    old = world.push("old", "live")
    service = deploy.service(world.lab, "api", world.task(world.name(":live")), network=network, desired_count=2)
    new = world.push("new", "live")

    assert {old.digest} == running(service.scale(3)) == running(service.replace_tasks())
    assert {old.digest} == running(service.update())  # neither a new task definition nor force: nothing happens
    assert {new.digest} == running(service.update(force_new_deployment=True))
    assert [(1, False, 0), (2, True, 3)] == [
        (each.number, each.is_primary, each.running) for each in service.deployments
    ]
    assert str(new.digest) in str(service)


def test_a_task_names_tag_and_digest(world, network):
    """After the first task has resolved the tag, the others are asked to run that digest."""
    old = world.push("old", "live")
    service = deploy.service(world.lab, "api", world.task(world.name(":live")), network=network, desired_count=2)

    assert [world.name(":live"), f"{world.name(':live')}@{old.digest}"] == [
        str(task.pull().reference) for task in service.tasks
    ]


def test_a_digest_that_is_deleted_takes_the_deployment_with_it(world, network):
    """Running tasks go on; the next one that has to start cannot, although the tag names an image."""
    old = world.push("old", "live")
    service = deploy.service(world.lab, "api", world.task(world.name(":live")), network=network)
    world.push("new", "live")
    world.ecr.batch_delete_image(repositoryName="team/api", imageIds=[{"imageDigest": str(old.digest)}])

    assert 1 == service.running_count
    failed = service.replace_tasks().primary.tasks[0].failed
    assert "Repository team/api has no image with this digest any more, or never had." == failed.reason
    assert f"{world.name(':live')}@{old.digest}: not found" in failed.message


def test_a_deployment_that_fails_leaves_the_old_tasks_alone(world, network):
    """Tasks of the deployment before go only once the new ones run; a retry after the repair finishes it."""
    old = world.push("old")
    service = deploy.service(world.lab, "api", world.task(), network=network, desired_count=2)
    service.update(world.task(world.name(":2.0")))

    assert ({old.digest}, 2, 1) == (running(service), service.running_count, service.primary.failed)
    new = world.push("new", "2.0")
    assert ({new.digest}, 2) == (running(service.retry()), service.running_count)


def test_ecs_knows_the_service(world, network):
    """DescribeServices tells the desired count and the task definition."""
    world.push("old")
    deploy.service(world.lab, "api", world.task(), network=network, desired_count=1).scale(2)
    told = world.lab.client("ecs").describe_services(cluster="course", services=["api"])["services"][0]

    assert (2, "api:1") == (told["desiredCount"], told["taskDefinition"].rpartition("/")[2])


def test_scaling_in_stops_tasks(world, network):
    """Fewer wanted, fewer running; the deployment stays."""
    world.push("old")
    service = deploy.service(world.lab, "api", world.task(), network=network, desired_count=3)
    assert (1, 1) == (service.scale(1).running_count, len(service.deployments))
    assert 0 == service.scale(0).running_count


def test_error_no_number_of_tasks(world, network):
    """A count is a whole number from 0."""
    with pytest.raises(InvalidInput) as failure:
        deploy.service(world.lab, "api", world.task(), network=network, desired_count=-1)
    assert "desired_count=-1: it is no number of tasks; write 0, 1, 2 …" == str(failure.value)
