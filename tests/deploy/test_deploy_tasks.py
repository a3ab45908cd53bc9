"""Tasks of ECS in a lab: run there, their pulls resolved from what IAM, EC2 and ECR say."""

from __future__ import annotations

import json

import pytest
from deploy_world import ALL, OTHER, PULL, allowing
from ecrlab import deploy, oci, registry
from ecrlab.errors import InvalidInput
from ecrlab.workloads import Obstacle


def test_a_task_in_a_private_network_with_three_endpoints_runs(world):
    """ECS shows it running, and the digest that runs is the one that was pushed."""
    pushed = world.push("one")
    task = world.run(deploy.private_network(world.lab, endpoints=ALL))

    assert task.started
    assert pushed.digest == task.pull().digest == task.images["api"]
    assert ("RUNNING", "") == (world.described(task)["lastStatus"], world.described(task)["stoppedReason"])
    assert str(task).startswith("✓ The task runs\n")


def test_a_task_that_cannot_start_is_stopped_at_ecs_with_the_services_text(world):
    """DescribeTasks and the value tell the same story."""
    world.push("one")
    task = world.run(deploy.private_network(world.lab, endpoints=["ecr.dkr", "s3"]))
    told = world.described(task)

    assert ("STOPPED", task.stopped_reason) == (told["lastStatus"], told["stoppedReason"])
    assert task.stopped_reason.startswith(
        "ResourceInitializationError: unable to pull secrets or registry auth: The task cannot pull registry auth"
    )
    assert "TaskFailedToStart" == task.stop_code
    assert task.pull().obstacle is Obstacle.NO_WAY_TO_API


def test_before_1_4_0_the_api_endpoint_is_not_needed(world):
    """The same network is enough for Fargate 1.3.0."""
    world.push("one")
    assert world.run(deploy.private_network(world.lab, endpoints=["ecr.dkr", "s3"]), platform_version="1.3.0").started


def test_a_public_subnet_needs_a_public_address(world):
    """An internet gateway is of no use to a task without one."""
    world.push("one")
    public = deploy.public_network(world.lab)

    assert world.run(public).pull().way_out.startswith("give the task a public IP address (assignPublicIp)")
    assert world.run(public, assign_public_ip=True).started


def test_a_security_group_of_the_task_that_lets_nothing_out(world):
    """Outbound rules count as well."""
    world.push("one")
    network = deploy.private_network(world.lab, nat=True)
    everything = [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]
    ec2 = world.lab.client("ec2")
    ec2.revoke_security_group_egress(GroupId=network.security_group, IpPermissions=everything)

    assert world.run(network).pull().reason == (
        "The client's own security group lets nothing out to port 443, so ecr.api is out of reach."
    )


def test_mending_the_network_mends_the_task(world):
    """The next task is resolved from what EC2 says then."""
    world.push("one")
    network = deploy.private_network(world.lab, endpoints=ALL, lets_in_443=False)
    assert not world.run(network).started
    rule = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": [{"CidrIp": "10.0.0.0/16"}]}
    world.lab.client("ec2").authorize_security_group_ingress(
        GroupId=network.endpoint_security_group, IpPermissions=[rule]
    )
    assert world.run(network).started


def test_a_role_without_permission(world):
    """What IAM says about the execution role decides; a managed policy mends it."""
    world.push("one")
    network = deploy.private_network(world.lab, endpoints=ALL)
    world.role = deploy.execution_role(world.lab, "bare", None)
    assert world.run(network).pull().obstacle is Obstacle.LOGIN_DENIED
    arn = "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryPullOnly"
    world.lab.client("iam").attach_role_policy(RoleName="bare", PolicyArn=arn)
    assert world.run(network).started


def test_a_boundary_of_the_role_is_read(world):
    """A permissions boundary that leaves ECR out keeps the role from logging in."""
    world.push("one")
    iam = world.lab.client("iam")
    only_logs = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "logs:*", "Resource": "*"}]}
    policy = iam.create_policy(PolicyName="only-logs", PolicyDocument=json.dumps(only_logs))["Policy"]["Arn"]
    iam.put_role_permissions_boundary(RoleName="ecsTaskExecutionRole", PermissionsBoundary=policy)

    result = world.run(deploy.private_network(world.lab, nat=True)).pull()
    assert "No permissions boundary of the caller allows ecr:GetAuthorizationToken." == result.reason


def test_a_deleted_image(world):
    """A tag whose image is gone cannot be pulled; the tags that are left are named."""
    world.push("one")
    world.push("two", "2.0")
    world.ecr.batch_delete_image(repositoryName="team/api", imageIds=[{"imageTag": "1.0"}])
    result = world.run(deploy.private_network(world.lab, nat=True)).pull()

    assert "Repository team/api has no tag 1.0; its tags are 2.0." == result.reason
    assert f"failed to resolve ref {world.name()}: {world.name()}: not found" in result.message


def test_an_archived_image_comes_back(world):
    """Archived, on its way back, there again: three answers to the same pull."""
    pushed = world.push("one")
    network = deploy.private_network(world.lab, nat=True)
    identifier = {"imageDigest": str(pushed.digest)}
    update = world.ecr.update_image_storage_class

    update(repositoryName="team/api", imageId=identifier, targetStorageClass="ARCHIVE")
    assert "The image is in the archive." == world.run(network).pull().reason
    update(repositoryName="team/api", imageId=identifier, targetStorageClass="STANDARD")
    assert "The image is on its way back from the archive." == world.run(network).pull().reason
    world.lab.clock.advance(minutes=21)
    assert world.run(network).started


def test_a_repository_that_is_not_there(world):
    """The text names no tag; the reason says that the repository is missing."""
    result = world.run(deploy.private_network(world.lab, nat=True), f"{world.lab.registry}/team/web:1.0").pull()
    assert result.obstacle is Obstacle.REPOSITORY_NOT_FOUND


def test_a_disabled_key(world):
    """An image that is encrypted with a key that is switched off cannot be read."""
    kms = world.lab.client("kms")
    key = kms.create_key()["KeyMetadata"]
    encryption = {"encryptionType": "KMS", "kmsKey": key["Arn"]}
    world.ecr.create_repository(repositoryName="team/secret", encryptionConfiguration=encryption)
    registry.push(world.ecr, oci.image(oci.layer({"app": "one"})), "team/secret", tag="1.0")
    network, named = deploy.private_network(world.lab, nat=True), f"{world.lab.registry}/team/secret:1.0"

    assert world.run(network, named).started
    kms.disable_key(KeyId=key["KeyId"])
    result = world.run(network, named).pull()
    assert (Obstacle.KEY_UNUSABLE, "The KMS key of the repository is Disabled.") == (result.obstacle, result.reason)


def test_an_index_and_a_task_for_arm(world):
    """``runtimePlatform`` decides which image of an index runs."""
    intel, arm = (oci.image(oci.layer({"app": name}), architecture=name) for name in ("amd64", "arm64"))
    index = oci.index(intel, arm)
    registry.push(world.ecr, index, "team/api", tag="1.0")
    network = deploy.private_network(world.lab, endpoints=ALL)
    on_arm = world.task(runtimePlatform={"cpuArchitecture": "ARM64", "operatingSystemFamily": "LINUX"})

    ran = deploy.run_task(world.lab, on_arm, network=network)
    assert (arm.digest, index.digest) == (ran.pull().digest, ran.images["api"])
    assert intel.digest == world.run(network).pull().digest


def test_a_program_for_another_architecture_ends_at_once(world):
    """It is pulled and started; ECS says that an essential container exited, and its log has the words."""
    world.push("one", architecture="arm64")
    task = world.run(deploy.private_network(world.lab, nat=True))

    assert ("STOPPED", "Essential container in task exited") == (task.status, task.stopped_reason)
    assert "EssentialContainerExited" == task.stop_code
    assert "The container's log says: exec /app: exec format error" in str(task)


def test_an_image_of_another_account(world):
    """Both sides have to allow: the role here, the repository's policy there."""
    with world.lab.act_as(f"arn:aws:iam::{OTHER}:root") as owner:
        theirs = owner.client("ecr")
        theirs.create_repository(repositoryName="team/api")
        registry.push(theirs, oci.image(oci.layer({"app": "theirs"})), "team/api", tag="1.0")
    named = f"{OTHER}.dkr.ecr.us-east-1.amazonaws.com/team/api:1.0"
    network = deploy.private_network(world.lab, endpoints=ALL)

    assert world.run(network, named).pull().obstacle is Obstacle.MANIFEST_DENIED
    theirs.set_repository_policy(repositoryName="team/api", policyText=allowing({"AWS": world.lab.account_id}, *PULL))
    assert world.run(network, named).started


def test_an_image_of_another_region(world):
    """Endpoints lead to the services of their own region; over NAT every region is in reach."""
    there = world.lab.client("ecr", region="eu-west-1")
    there.create_repository(repositoryName="team/api")
    registry.push(there, oci.image(oci.layer({"app": "there"})), "team/api", tag="1.0")
    named = f"{world.lab.account_id}.dkr.ecr.eu-west-1.amazonaws.com/team/api:1.0"

    through_endpoints = world.run(deploy.private_network(world.lab, endpoints=ALL), named).pull()
    assert "replicate the image to us-east-1, or add a NAT gateway" == through_endpoints.way_out
    assert world.run(deploy.private_network(world.lab, nat=True), named).started


def test_a_container_instance_pulls_with_its_own_role_over_its_own_network(world):
    """On EC2 neither the execution role nor the task's subnets count."""
    pushed = world.push("one")
    container = {"name": "api", "image": world.name(), "memory": 128}
    task = {"family": "on-ec2", "containerDefinitions": [container]}
    bare = deploy.node_role(world.lab, "bare-instances", None)
    deploy.container_instance(world.lab, "course", deploy.private_network(world.lab, nat=True), bare)

    denied = deploy.run_task(world.lab, task, launch_type="EC2")
    assert denied.stopped_reason.startswith("CannotPullECRContainerError: AccessDeniedException: User: arn:aws:sts::")
    deploy.node_role(world.lab, "bare-instances")
    assert pushed.digest == deploy.run_task(world.lab, task, launch_type="EC2").pull().digest


def test_a_task_with_a_network_of_its_own_on_an_instance(world):
    """In the mode awsvpc the task has its own address, and its image still comes over the instance's network."""
    world.push("one")
    outside = deploy.private_network(world.lab, nat=True)
    deploy.container_instance(world.lab, "course", outside, deploy.node_role(world.lab))
    container = {"name": "api", "image": world.name(), "memory": 128}
    task = {"family": "own", "networkMode": "awsvpc", "containerDefinitions": [container]}
    closed = deploy.private_network(world.lab)

    ran = deploy.run_task(world.lab, task, launch_type="EC2", network=closed)
    assert (True, outside.subnets[0]) == (ran.started, ran.pull().network.name)
    with pytest.raises(InvalidInput) as failure:
        deploy.run_task(world.lab, "own", launch_type="EC2")
    assert str(failure.value).endswith(
        "its network mode is awsvpc, and no subnet is named; hand over network=… or subnets=[…]"
    )


def test_an_arm_instance_takes_the_image_for_arm(world):
    """The machine decides, not the task definition."""
    intel, arm = (oci.image(oci.layer({"app": name}), architecture=name) for name in ("amd64", "arm64"))
    registry.push(world.ecr, oci.index(intel, arm), "team/api", tag="1.0")
    network, role = deploy.private_network(world.lab, nat=True), deploy.node_role(world.lab)
    deploy.container_instance(world.lab, "course", network, role, architecture="arm64")
    task = {"family": "on-ec2", "containerDefinitions": [{"name": "api", "image": world.name(), "memory": 128}]}

    assert arm.digest == deploy.run_task(world.lab, task, launch_type="EC2").pull().digest


def test_after_an_essential_container_no_other_is_pulled(world):
    """The task stops there; a container that is not essential stops nothing."""
    world.push("one")
    missing = {"name": "helper", "image": world.name(":gone"), "essential": False}
    api = {"name": "api", "image": world.name(), "essential": True}
    network = deploy.private_network(world.lab, nat=True)

    both = deploy.run_task(world.lab, world.task(containerDefinitions=[missing, api]), network=network)
    assert (True, ["helper", "api"]) == (both.started, [pull.container for pull in both.pulls])
    stopped = deploy.run_task(
        world.lab, world.task(containerDefinitions=[missing | {"essential": True}, api]), network=network
    )
    assert ["helper"] == [pull.container for pull in stopped.pulls]


def test_a_preview_only_reads(world):
    """It registers nothing, runs nothing, and calls nothing that changes anything: fit for a real account."""
    world.push("one")
    network = deploy.private_network(world.lab, endpoints=ALL)
    called = []
    for service in ("ecr", "ec2", "iam", "ecs", "kms"):
        events = world.lab.client(service).meta.events
        events.register("before-parameter-build", lambda model, **_: called.append(model.name))
    task = deploy.preview(world.lab, world.task(), network=network)

    assert ("", True) == (task.arn, task.started)
    assert [] == [name for name in called if not name.startswith(("Describe", "Get", "List", "BatchGet"))]
    assert {"DescribeVpcEndpoints", "GetRole", "BatchGetImage"} <= set(called)


def test_a_registered_task_definition_can_be_named(world):
    """By family or by ARN."""
    pushed = world.push("one")
    arn = deploy.register(world.lab, world.task())
    network = deploy.private_network(world.lab, nat=True)

    assert arn.endswith(":task-definition/api:1")
    assert pushed.digest == deploy.run_task(world.lab, "api", network=network).pull().digest


def test_a_vpc_without_host_names_runs_the_task_all_the_same(world):
    """The ECS of moto cannot place it; the value says what becomes of it."""
    world.push("one")
    network = deploy.private_network(world.lab, nat=True)
    world.lab.client("ec2").modify_vpc_attribute(VpcId=network.vpc_id, EnableDnsHostnames={"Value": False})

    task = world.run(network)
    assert ("", True) == (task.arn, task.started)
