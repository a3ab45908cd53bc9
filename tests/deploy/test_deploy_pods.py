"""Pods on EKS: a kubelet's patience on the lab's clock, pull policies and a node's cache."""

from __future__ import annotations

import pytest
from deploy_world import ALL
from ecrlab import deploy, oci, registry
from ecrlab.errors import InvalidInput
from ecrlab.workloads import Obstacle


@pytest.fixture
def cluster(world):
    """An EKS cluster with nodes that may pull, over NAT."""
    network = deploy.private_network(world.lab, nat=True)
    return deploy.kubernetes_cluster(world.lab, network, deploy.node_role(world.lab))


def reload(pods):
    """Say what runs and where it was taken from."""
    container = pods.status.containers[0]
    return container.digest, container.from_cache


def test_pods_run(world, cluster):
    """The image arrives and starts; two replicas, as the manifest says."""
    pushed = world.push("one")
    pods = deploy.pods(world.lab, world.manifest())

    assert ("Running", "Running", pushed.digest) == (pods.status.phase, pods.status.status, reload(pods)[0])
    assert "ready     2/2" in str(pods)
    assert ["Pulling", "Pulled", "Started"] == [event.reason for event in pods.events]


def test_back_off_and_repair(world, cluster):
    """ErrImagePull first, then ImagePullBackOff; the push is noticed at the next try and not before."""
    pods = deploy.pods(world.lab, world.manifest())
    assert ("Pending", "ErrImagePull") == (pods.status.phase, pods.status.status)
    waits = []
    for _ in range(8):
        container = pods.status.containers[0]
        waits.append(int((container.next_try - world.lab.clock.now()).total_seconds()))
        world.lab.clock.advance(seconds=waits[-1])
    assert [10, 20, 40, 80, 160, 300, 300, 300] == waits

    world.lab.clock.advance(seconds=1)
    assert "ImagePullBackOff" == pods.status.status
    assert f'Back-off pulling image "{world.name()}"' == pods.status.containers[0].message
    pushed = world.push("one")
    assert "ImagePullBackOff" == pods.status.status  # nobody has tried yet
    happened = world.lab.clock.advance(minutes=5)
    assert ["Started container api"] == [each.what for each in happened if each.subject == "Deployment/api"]
    assert (pushed.digest, False) == reload(pods)


def test_a_year_of_back_off_costs_nothing(world, cluster):
    """Tries that end alike are counted, not made: one each five minutes."""
    pods = deploy.pods(world.lab, world.manifest())
    world.lab.clock.advance(days=365)
    status = pods.status

    assert 5 + (365 * 86_400 - 10 - 20 - 40 - 80 - 160) // 300 + 1 == status.containers[0].tries
    assert 0 < (status.containers[0].next_try - status.at).total_seconds() <= 300
    assert pods.events[-1].count == status.containers[0].tries


def test_a_node_without_permission(world):
    """The kubelet has no login and tries without; the reason names the node role's missing action."""
    world.push("one")
    network = deploy.private_network(world.lab, endpoints=ALL)
    deploy.kubernetes_cluster(world.lab, network, deploy.node_role(world.lab, "bare", "AmazonEKSWorkerNodePolicy"))
    pods = deploy.pods(world.lab, world.manifest())

    assert pods.status.pull.obstacle is Obstacle.LOGIN_DENIED
    assert "authorization failed: no basic auth credentials" in pods.status.containers[0].message
    deploy.node_role(world.lab, "bare")
    world.lab.clock.advance(seconds=10)
    assert pods.is_running


def test_pull_policies_and_the_nodes_cache(world, cluster):
    """A moved tag reaches a node that has the old image with ``Always`` only."""
    old = world.push("old", "live")
    first = deploy.pods(world.lab, world.manifest(world.name(":live")))
    new = world.push("new", "live")
    again = world.manifest(world.name(":live"), "IfNotPresent")
    always = world.manifest(world.name(":live"), "Always")

    assert (old.digest, True) == reload(deploy.pods(world.lab, again, cache=first.cache))
    assert (new.digest, False) == reload(deploy.pods(world.lab, again))  # another node
    assert (new.digest, False) == reload(deploy.pods(world.lab, always, cache=first.cache))


def test_applying_the_same_manifest_changes_nothing(world, cluster):
    """A tag that moved is no change of the manifest; a restart fetches by policy, a digest is a change."""
    old = world.push("old", "latest")
    manifest = world.manifest(world.name(":latest"))  # latest: Always is the default
    pods = deploy.pods(world.lab, manifest)
    new = world.push("new", "latest")

    assert (old.digest, False) == reload(pods.apply(manifest))
    assert (new.digest, False) == reload(pods.restart())
    assert (old.digest, False) == reload(pods.apply(world.manifest(world.name(f"@{old.digest}"))))


def test_a_cached_image_outlives_its_deletion(world, cluster):
    """``IfNotPresent`` does not ask the registry; another node has to."""
    pushed = world.push("one")
    pods = deploy.pods(world.lab, world.manifest())
    world.ecr.batch_delete_image(repositoryName="team/api", imageIds=[{"imageDigest": str(pushed.digest)}])

    assert (pushed.digest, True) == reload(pods.restart())
    assert "ErrImagePull" == deploy.pods(world.lab, world.manifest()).status.status


def test_never_pull(world, cluster):
    """``Never`` runs what is there, and says so if nothing is."""
    world.push("one")
    absent = deploy.pods(world.lab, world.manifest(policy="Never"))
    present = deploy.pods(world.lab, world.manifest())

    assert "ErrImageNeverPull" == absent.status.status
    assert f'Container image "{world.name()}" is not present with pull policy of Never' == (
        absent.status.containers[0].message
    )
    assert deploy.pods(world.lab, world.manifest(policy="Never"), cache=present.cache).is_running


def test_an_image_for_another_architecture_crashes_again_and_again(world, cluster):
    """It is pulled; the pod counts as running and its container is in CrashLoopBackOff."""
    world.push("one", architecture="arm64")
    pods = deploy.pods(world.lab, world.manifest())

    assert ("Running", "CrashLoopBackOff") == (pods.status.phase, pods.status.status)
    assert "exec /app: exec format error" == pods.status.containers[0].message
    world.lab.clock.advance(minutes=1)
    assert 3 == pods.status.containers[0].tries


def test_nodes_take_their_own_image_of_an_index(world):
    """An Arm node group runs the image for Arm; an index without it leaves the pod pending."""
    arm = oci.image(oci.layer({"app": "arm64"}), architecture="arm64")
    registry.push(world.ecr, oci.index(oci.image(oci.layer({"app": "amd64"})), arm), "team/api", tag="1.0")
    network, role = deploy.private_network(world.lab, nat=True), deploy.node_role(world.lab)
    deploy.kubernetes_cluster(world.lab, network, role, nodegroup="graviton", architecture="arm64")

    assert arm.digest == reload(deploy.pods(world.lab, world.manifest()))[0]
    wants_intel = world.manifest(nodeSelector={"kubernetes.io/arch": "amd64"})
    pending = deploy.pods(world.lab, wants_intel).status
    assert ("Pending", "Pending") == (pending.phase, pending.status)
    assert "node(s) didn't match Pod's node affinity/selector." in pending.refusal


def test_pods_on_fargate_pull_with_the_pod_execution_role_and_keep_nothing(world):
    """Every pod gets a machine of its own, so a restart asks the registry again."""
    pushed = world.push("one")
    network, role = deploy.private_network(world.lab, nat=True), deploy.pod_execution_role(world.lab)
    deploy.kubernetes_cluster(world.lab, network, role, nodegroup=None, fargate_profile="default")
    pods = deploy.pods(world.lab, world.manifest(), fargate_profile="default")

    assert (pushed.digest, False) == reload(pods.restart())
    assert "the pod execution role, on EKS with Fargate" in pods.status.pull.puller.words
    elsewhere = world.manifest().replace(
        '"name": "api"}, "spec": {"replicas"', '"name": "api", "namespace": "shop"}, "spec": {"replicas"'
    )
    assert "no Fargate profile selects the namespace shop" == (
        deploy.pods(world.lab, elsewhere, fargate_profile="default").status.refusal
    )


def test_a_container_that_runs_first_holds_the_others_up(world, cluster):
    """Until an init container has its image, nobody asks for the others'."""
    world.push("one")
    init = [{"name": "migrate", "image": world.name(":gone")}]
    pods = deploy.pods(world.lab, world.manifest(initContainers=init))

    assert ["ErrImagePull", "PodInitializing"] == [each.state.value for each in pods.status.containers]
    world.push("two", "gone")
    world.lab.clock.advance(seconds=10)
    assert pods.is_running


def test_a_name_that_is_none(world, cluster):
    """A placeholder that was never filled in is no image's name; nothing but another manifest helps."""
    pods = deploy.pods(world.lab, world.manifest("${ECR_REGISTRY}/team/api:1.0"))
    assert "InvalidImageName" == pods.status.status
    assert pods.status.containers[0].message.endswith("couldn't parse image name: invalid reference format")


def test_events_count_what_happens_again(world, cluster):
    """Like kubectl: one line for what repeats, with its count."""
    pods = deploy.pods(world.lab, world.manifest())
    world.lab.clock.advance(seconds=30)

    assert ["09:00:30 (x3 over 30s)"] * 3 == [row[0] for row in pods.event_table().rows]
    assert {3} == {event.count for event in pods.events}


def test_error_nodes_and_fargate_at_once(world, cluster):
    """A pod runs on one of them."""
    with pytest.raises(InvalidInput) as failure:
        deploy.pods(world.lab, world.manifest(), nodegroup="nodes", fargate_profile="default")
    assert "pods: a pod runs on a node or on Fargate, not on both; name one of them" == str(failure.value)
