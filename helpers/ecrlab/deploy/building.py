"""What a lab needs around a deployment, made in a few words: networks, roles, clusters.

Each function makes real calls to EC2, IAM, ECS and EKS; a role or a cluster that is there is used as it is.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ecrlab.access import MANAGED_POLICIES
from ecrlab.cards import Card, ShownAs
from ecrlab.deploy.reading import ask, attempt
from ecrlab.errors import InvalidInput
from ecrlab.workloads import Service

if TYPE_CHECKING:
    from ecrlab.cloud import Lab

__all__ = [
    "LabNetwork",
    "cluster",
    "container_instance",
    "execution_role",
    "kubernetes_cluster",
    "node_role",
    "pod_execution_role",
    "private_network",
    "public_network",
    "role",
]

PolicyLike = str | Mapping[str, Any]
"""The name of one of AWS's managed policies for ECR, any policy's ARN, or a document."""

_BLOCK, _PUBLIC, _PRIVATE = "10.0.0.0/16", "10.0.0.0/24", ("10.0.1.0/24", "10.0.2.0/24")
_EVERYWHERE = "0.0.0.0/0"


@dataclass(frozen=True, slots=True, repr=False)
class LabNetwork(ShownAs):
    """A VPC with the subnets in which tasks, nodes and pods run.

    Args:
        vpc_id: ``vpc-…``.
        subnets: Their ids.
        security_group: What tasks and nodes belong to: lets everything out and nothing in.
        endpoint_security_group: What interface endpoints belong to; empty if there are none.
        endpoints: The id of each VPC endpoint, by the end of its service's name: ``{"ecr.api": "vpce-…"}``.
        has_nat: Whether there is a NAT gateway.
        is_public: Whether the subnets have an internet gateway.
    """

    vpc_id: str
    subnets: tuple[str, ...]
    security_group: str
    endpoint_security_group: str = ""
    endpoints: Mapping[str, str] = field(default_factory=dict, hash=False)
    has_nat: bool = False
    is_public: bool = False

    def _shown(self) -> Card:
        way = "an internet gateway" if self.is_public else "a NAT gateway" if self.has_nat else "none"
        facts = [("VPC", self.vpc_id), ("subnets", ", ".join(self.subnets)), ("security group", self.security_group)]
        facts += [("way to the internet", way)]
        facts += [(f"endpoint {service}", identifier) for service, identifier in self.endpoints.items()]
        return Card("A public network" if self.is_public else "A private network", tuple(facts))


def public_network(lab: Lab) -> LabNetwork:
    """Make a VPC whose subnet has an internet gateway; a task there still needs a public IP address."""
    with lab.administrator():
        ec2 = lab.client("ec2")
        vpc, group = _vpc(ec2)
        subnet, table = _subnet(ec2, vpc, _PUBLIC)
        _route_to_the_internet(ec2, vpc, table)
    return LabNetwork(vpc, (subnet,), group, is_public=True)


def private_network(
    lab: Lab,
    *,
    endpoints: Sequence[str] = (),
    nat: bool = False,
    policies: Mapping[str, PolicyLike] | None = None,
    private_dns: bool = True,
    lets_in_443: bool = True,
) -> LabNetwork:
    """Make a VPC with two private subnets, and what they are to have.

    Args:
        lab: The open lab.
        endpoints: Any of ``ecr.api``, ``ecr.dkr`` (interface endpoints) and ``s3`` (a gateway endpoint).
        nat: Whether there is a NAT gateway.
        policies: The policy of an endpoint, by the end of its service's name; AWS's own allows everything.
        private_dns: Whether the usual names lead to the interface endpoints.
        lets_in_443: Whether their security group lets the subnets in on port 443.

    Raises:
        InvalidInput: An endpoint is none that a pull uses.
        AwsCallError: EC2 refused.
    """
    wanted = [_service(name) for name in endpoints]
    documents = {_service(name): document for name, document in (policies or {}).items()}
    with lab.administrator():
        ec2 = lab.client("ec2")
        vpc, group = _vpc(ec2)
        made = [_subnet(ec2, vpc, block) for block in _PRIVATE]
        subnets, tables = tuple(subnet for subnet, _ in made), [table for _, table in made]
        if nat:
            _route_over_nat(ec2, vpc, tables)
        door = _endpoint_group(ec2, vpc, group if lets_in_443 else "") if wanted else ""
        ids = {
            service.value: _endpoint(
                ec2, lab.region, vpc, service, subnets, tables, door, documents.get(service), private_dns
            )
            for service in wanted
        }
    return LabNetwork(vpc, subnets, group, door, ids, has_nat=nat)


def _service(name: str) -> Service:
    known = [service.value for service in Service]
    if name not in known:
        raise InvalidInput(f"endpoint {name!r}", "a pull uses no such endpoint", f"take {', '.join(known)}")
    return Service(name)


def _vpc(ec2: Any) -> tuple[str, str]:
    """Make a VPC that resolves private names, and the security group of what runs in it."""
    vpc: str = ask(ec2, "CreateVpc", "the lab's network", CidrBlock=_BLOCK)["Vpc"]["VpcId"]
    for attribute in ("EnableDnsSupport", "EnableDnsHostnames"):
        ask(ec2, "ModifyVpcAttribute", f"VPC {vpc!r}", VpcId=vpc, **{attribute: {"Value": True}})
    described = "What runs in the lab: lets everything out"
    made = ask(ec2, "CreateSecurityGroup", f"VPC {vpc!r}", GroupName="workload", Description=described, VpcId=vpc)
    return vpc, str(made["GroupId"])


def _subnet(ec2: Any, vpc: str, block: str) -> tuple[str, str]:
    """Make a subnet and a route table of its own."""
    subnet: str = ask(ec2, "CreateSubnet", f"VPC {vpc!r}", VpcId=vpc, CidrBlock=block)["Subnet"]["SubnetId"]
    table: str = ask(ec2, "CreateRouteTable", f"VPC {vpc!r}", VpcId=vpc)["RouteTable"]["RouteTableId"]
    ask(ec2, "AssociateRouteTable", f"subnet {subnet!r}", RouteTableId=table, SubnetId=subnet)
    return subnet, table


def _route_to_the_internet(ec2: Any, vpc: str, table: str) -> None:
    gateway = ask(ec2, "CreateInternetGateway", f"VPC {vpc!r}")["InternetGateway"]["InternetGatewayId"]
    ask(ec2, "AttachInternetGateway", f"VPC {vpc!r}", InternetGatewayId=gateway, VpcId=vpc)
    place = f"route table {table!r}"
    ask(ec2, "CreateRoute", place, RouteTableId=table, DestinationCidrBlock=_EVERYWHERE, GatewayId=gateway)


def _route_over_nat(ec2: Any, vpc: str, tables: Sequence[str]) -> None:
    public, table = _subnet(ec2, vpc, _PUBLIC)
    _route_to_the_internet(ec2, vpc, table)
    address = ask(ec2, "AllocateAddress", "the NAT gateway", Domain="vpc")["AllocationId"]
    made = ask(ec2, "CreateNatGateway", f"subnet {public!r}", SubnetId=public, AllocationId=address)
    nat = made["NatGateway"]["NatGatewayId"]
    for each in tables:
        place = f"route table {each!r}"
        ask(ec2, "CreateRoute", place, RouteTableId=each, DestinationCidrBlock=_EVERYWHERE, NatGatewayId=nat)


def _endpoint_group(ec2: Any, vpc: str, client_group: str) -> str:
    described = "The VPC endpoints of the lab"
    made = ask(ec2, "CreateSecurityGroup", f"VPC {vpc!r}", GroupName="endpoints", Description=described, VpcId=vpc)
    group = str(made["GroupId"])
    if client_group:
        pairs = [{"GroupId": client_group}]
        rule = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "UserIdGroupPairs": pairs}
        ask(ec2, "AuthorizeSecurityGroupIngress", f"security group {group!r}", GroupId=group, IpPermissions=[rule])
    return group


def _endpoint(
    ec2: Any,
    region: str,
    vpc: str,
    service: Service,
    subnets: Sequence[str],
    tables: Sequence[str],
    group: str,
    policy: PolicyLike | None,
    private_dns: bool,
) -> str:
    name = f"com.amazonaws.{region}.{service.value}"
    asked: dict[str, Any] = {"VpcId": vpc, "ServiceName": name}
    if service is Service.LAYERS:
        asked |= {"VpcEndpointType": "Gateway", "RouteTableIds": list(tables)}
    else:
        asked |= {"VpcEndpointType": "Interface", "SubnetIds": list(subnets), "SecurityGroupIds": [group]}
        asked |= {"PrivateDnsEnabled": private_dns}
    if policy is not None:
        asked["PolicyDocument"] = policy if isinstance(policy, str) else json.dumps(policy)
    return str(ask(ec2, "CreateVpcEndpoint", name, **asked)["VpcEndpoint"]["VpcEndpointId"])


# --- roles ------------------------------------------------------------------------------------------------------------


def role(lab: Lab, name: str, *policies: PolicyLike, trusts: str) -> str:
    """Make a role with policies, or give more of them to the role that is there.

    Args:
        lab: The open lab.
        name: Of the role.
        policies: Names of AWS's managed policies, ARNs, or documents; a document becomes an inline policy.
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
        image = ask(ec2, "DescribeImages", "the images of EC2", Owners=["amazon"])["Images"][0]["ImageId"]
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
