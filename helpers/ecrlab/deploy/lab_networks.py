"""Networks for labs: a VPC with public or private subnets, a NAT gateway, VPC endpoints, made in a few words."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ecrlab.cards import Card, ShownAs
from ecrlab.deploy.reading import ask
from ecrlab.errors import InvalidInput
from ecrlab.workloads import Service

if TYPE_CHECKING:
    from ecrlab.cloud import Lab

__all__ = ["LabNetwork", "private_network", "public_network"]

PolicyDocument = str | Mapping[str, Any]
"""A policy as JSON text, or what it says."""

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
    policies: Mapping[str, PolicyDocument] | None = None,
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
    policy: PolicyDocument | None,
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
