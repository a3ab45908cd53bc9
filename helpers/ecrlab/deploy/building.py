"""What a lab needs around a deployment, made in a few words: roles and clusters.

Each function makes real calls to IAM, EC2, ECS and EKS; a role or a cluster that is there is used as it is.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ecrlab.access import MANAGED_POLICIES
from ecrlab.deploy.lab_networks import LabNetwork
from ecrlab.deploy.reading import ask, attempt
from ecrlab.errors import InvalidInput

if TYPE_CHECKING:
    from ecrlab.cloud import Lab

__all__ = [
    "cluster",
    "container_instance",
    "execution_role",
    "kubernetes_cluster",
    "node_role",
    "pod_execution_role",
    "role",
]

PolicyLike = str | Mapping[str, Any]
"""The name of one of AWS's managed policies for ECR, any policy's ARN, or a document."""


def role(lab: Lab, name: str, *policies: PolicyLike, trusts: str) -> str:
    """Make a role with policies, or give more of them to the role that is there.

    Args:
        lab: The open lab.
        name: Of the role.
        policies: Names of AWS's managed policies, ARNs, or documents. A document becomes an inline
            policy, in the place of the one that an earlier call put there.
        trusts: The service that may take it on: ``ecs-tasks.amazonaws.com``.

    Returns:
        Its ARN.

    Raises:
        InvalidInput: A name is no managed policy's.
        AwsCallError: IAM refused.
    """
    trust = {"Effect": "Allow", "Principal": {"Service": trusts}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    place = f"role {name!r}"
    with lab.administrator():
        iam = lab.client("iam")
        found = attempt(iam, "GetRole", place, absent={"NoSuchEntity"}, RoleName=name)
        made = found or ask(iam, "CreateRole", place, RoleName=name, AssumeRolePolicyDocument=document)
        for number, policy in enumerate(policies):
            _give(iam, name, policy, number)
    return str(made["Role"]["Arn"])


def _give(iam: Any, role_name: str, policy: PolicyLike, number: int) -> None:
    place = f"role {role_name!r}"
    if not isinstance(policy, str | Mapping):
        raise InvalidInput(place, f"{policy!r} is no policy", "name a managed policy, an ARN, or write a document")
    if isinstance(policy, Mapping) or policy.lstrip().startswith("{"):
        text = policy if isinstance(policy, str) else json.dumps(policy)
        named = {"RoleName": role_name, "PolicyName": f"inline-{number}"}
        ask(iam, "PutRolePolicy", place, PolicyDocument=text, **named)
        return
    arn = policy if policy.startswith("arn:") else _managed_arn(policy)
    ask(iam, "AttachRolePolicy", place, RoleName=role_name, PolicyArn=arn)


def _managed_arn(name: str) -> str:
    if name not in MANAGED_POLICIES:
        known = ", ".join(MANAGED_POLICIES)
        raise InvalidInput(f"policy {name!r}", "AWS has no such managed policy for ECR", f"take one of {known}")
    return MANAGED_POLICIES[name].arn


def execution_role(
    lab: Lab, name: str = "ecsTaskExecutionRole", policy: PolicyLike | None = "AmazonECSTaskExecutionRolePolicy"
) -> str:
    """Make a task execution role and return its ARN; without a policy it may nothing."""
    return role(lab, name, *([policy] if policy is not None else []), trusts="ecs-tasks.amazonaws.com")


def node_role(
    lab: Lab, name: str = "eksNodeRole", policy: PolicyLike | None = "AmazonEC2ContainerRegistryPullOnly"
) -> str:
    """Make a role for EKS nodes or container instances, which are EC2 instances, and return its ARN."""
    return role(lab, name, *([policy] if policy is not None else []), trusts="ec2.amazonaws.com")


def pod_execution_role(
    lab: Lab, name: str = "eksPodExecutionRole", policy: PolicyLike | None = "AmazonEC2ContainerRegistryPullOnly"
) -> str:
    """Make a pod execution role for EKS on Fargate, and return its ARN."""
    return role(lab, name, *([policy] if policy is not None else []), trusts="eks-fargate-pods.amazonaws.com")


# --- clusters ---------------------------------------------------------------------------------------------------------


def cluster(lab: Lab, name: str = "course") -> str:
    """Make an ECS cluster, or find the one that is there, and return its name."""
    with lab.administrator():
        made = ask(lab.client("ecs"), "CreateCluster", f"cluster {name!r}", clusterName=name)
    return str(made["cluster"]["clusterName"])


def container_instance(
    lab: Lab, cluster_name: str, network: LabNetwork, role_arn: str, *, architecture: str = "amd64"
) -> str:
    """Put an EC2 instance into an ECS cluster.

    Args:
        lab: The open lab.
        cluster_name: Of the cluster.
        network: Where it stands, in the first subnet.
        role_arn: The role that it has: the one that pulls.
        architecture: ``amd64`` or ``arm64``.

    Returns:
        The ARN of the container instance.
    """
    name = role_arn.rpartition("/")[2]
    instance_type = _INSTANCE_TYPES[_known_architecture(architecture)]
    with lab.administrator():
        iam, ec2, ecs = lab.client("iam"), lab.client("ec2"), lab.client("ecs")
        place = f"instance profile {name!r}"
        if attempt(iam, "GetInstanceProfile", place, absent={"NoSuchEntity"}, InstanceProfileName=name) is None:
            ask(iam, "CreateInstanceProfile", place, InstanceProfileName=name)
            ask(iam, "AddRoleToInstanceProfile", place, InstanceProfileName=name, RoleName=name)
        image = _machine_image(ec2)
        instance = ask(
            ec2,
            "RunInstances",
            f"cluster {cluster_name!r}",
            ImageId=image,
            MinCount=1,
            MaxCount=1,
            InstanceType=instance_type,
            SubnetId=network.subnets[0],
            SecurityGroupIds=[network.security_group],
            IamInstanceProfile={"Name": name},
        )["Instances"][0]["InstanceId"]
        registered = ask(
            ecs,
            "RegisterContainerInstance",
            f"cluster {cluster_name!r}",
            cluster=cluster_name,
            instanceIdentityDocument=json.dumps({"instanceId": instance}),
        )
    return str(registered["containerInstance"]["containerInstanceArn"])


def _machine_image(ec2: Any) -> str:
    """Return the id of some machine image; it only has to be there."""
    found = ask(ec2, "DescribeImages", "the images of EC2", Owners=["amazon", "self"])["Images"]
    if found:
        return str(found[0]["ImageId"])
    return str(ask(ec2, "RegisterImage", "an image for ECS", Name="ecs-instance")["ImageId"])


_INSTANCE_TYPES = {"amd64": "t3.small", "arm64": "t4g.small"}
_AMI_TYPES = {"amd64": "AL2023_x86_64_STANDARD", "arm64": "AL2023_ARM_64_STANDARD"}


def _known_architecture(architecture: str) -> str:
    if architecture not in _INSTANCE_TYPES:
        raise InvalidInput(f"architecture {architecture!r}", "EC2 has none like it", "write 'amd64' or 'arm64'")
    return architecture


def kubernetes_cluster(
    lab: Lab,
    network: LabNetwork,
    role_arn: str,
    *,
    name: str = "course",
    nodegroup: str | None = "nodes",
    fargate_profile: str | None = None,
    architecture: str = "amd64",
) -> str:
    """Make an EKS cluster with nodes, or with a Fargate profile.

    Args:
        lab: The open lab.
        network: Where nodes and pods run.
        role_arn: The role that pulls: of the nodes, or of pods on Fargate.
        name: Of the cluster.
        nodegroup: Name of the group of nodes; ``None`` for no nodes.
        fargate_profile: Name of the profile for pods of the namespace ``default``.
        architecture: Of the nodes, ``amd64`` or ``arm64``.

    Returns:
        The name of the cluster.
    """
    _known_architecture(architecture)
    place = f"EKS cluster {name!r}"
    subnets = list(network.subnets)
    with lab.administrator():
        eks = lab.client("eks")
        if attempt(eks, "DescribeCluster", place, absent={"ResourceNotFoundException"}, name=name) is None:
            settings = {"subnetIds": subnets, "securityGroupIds": [network.security_group]}
            ask(eks, "CreateCluster", place, name=name, roleArn=role_arn, resourcesVpcConfig=settings)
        if nodegroup is not None:
            ask(
                eks,
                "CreateNodegroup",
                f"node group {nodegroup!r}",
                clusterName=name,
                nodegroupName=nodegroup,
                subnets=subnets,
                nodeRole=role_arn,
                amiType=_AMI_TYPES[architecture],
                instanceTypes=[_INSTANCE_TYPES[architecture]],
            )
        if fargate_profile is not None:
            ask(
                eks,
                "CreateFargateProfile",
                f"Fargate profile {fargate_profile!r}",
                clusterName=name,
                fargateProfileName=fargate_profile,
                podExecutionRoleArn=role_arn,
                subnets=subnets,
                selectors=[{"namespace": "default"}],
            )
    return name
