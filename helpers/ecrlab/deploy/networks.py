"""What a subnet's network allows, read from Amazon EC2: routes, gateways, endpoints, security groups, names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_network
from typing import TYPE_CHECKING, Any

from ecrlab.access import Policy, PolicyKind, parse
from ecrlab.deploy.reading import ask
from ecrlab.errors import InvalidInput
from ecrlab.workloads import Endpoint, Internet, Network, Service

if TYPE_CHECKING:
    from ecrlab.cloud import Lab

__all__ = ["network_of"]

_HTTPS = 443
_EVERYWHERE = "0.0.0.0/0"
_FULL_ACCESS = {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}


def network_of(
    lab: Lab, subnet_id: str, *, security_groups: Sequence[str] = (), public_ip: bool | None = None, region: str = ""
) -> Network:
    """Read the network that a task, a node or a pod in a subnet has. Only calls that read.

    Network ACLs and endpoints of other VPCs are not looked at, and a security group's rule counts for every address
    that it may mean.

    Args:
        lab: The open lab.
        subnet_id: ``subnet-…``.
        security_groups: Of the task or node; by default the VPC's own.
        public_ip: Whether it has a public address; ``None`` asks the subnet (``MapPublicIpOnLaunch``).
        region: Another region than the lab's.

    Raises:
        AwsCallError: There is no such subnet or security group, or AWS refused to tell.
        InvalidPolicy: An endpoint has a policy that AWS would not accept.
    """
    with lab.administrator():
        ec2 = lab.client("ec2", region=region or None)
        return _Reader(ec2, subnet_id, security_groups, public_ip, region or lab.region).read()


@dataclass(slots=True)
class _Reader:
    ec2: Any
    subnet_id: str
    security_groups: Sequence[str]
    public_ip: bool | None
    region: str

    def read(self) -> Network:
        subnet = self._ask("DescribeSubnets", SubnetIds=[self.subnet_id])["Subnets"][0]
        vpc, cidr = subnet["VpcId"], subnet["CidrBlock"]
        groups = self._groups(vpc)
        table = self._route_table(vpc)
        addressed = subnet.get("MapPublicIpOnLaunch", False) if self.public_ip is None else self.public_ip
        internet, address = self._internet(table, bool(addressed))
        names = self._vpc_flag(vpc, "enableDnsSupport")
        private_names = names and self._vpc_flag(vpc, "enableDnsHostnames")
        return Network(
            region=self.region,
            internet=internet,
            endpoints=tuple(self._endpoints(vpc, table["RouteTableId"], groups, cidr, private_names)),
            lets_out_443=any(_covers_443(rule) for group in groups for rule in group["IpPermissionsEgress"]),
            resolves_names=names,
            vpc_id=vpc,
            public_ip=address,
            name=self.subnet_id,
        )

    def _ask(self, operation: str, **parameters: Any) -> dict[str, Any]:
        return ask(self.ec2, operation, f"subnet {self.subnet_id!r}", **parameters)

    def _vpc_flag(self, vpc: str, attribute: str) -> bool:
        answer = self._ask("DescribeVpcAttribute", VpcId=vpc, Attribute=attribute)
        return bool(answer[attribute[0].upper() + attribute[1:]]["Value"])

    def _groups(self, vpc: str) -> list[dict[str, Any]]:
        if self.security_groups:
            asked: dict[str, Any] = {"GroupIds": list(self.security_groups)}
        else:
            asked = {"Filters": [_filter("vpc-id", vpc), _filter("group-name", "default")]}
        groups: list[dict[str, Any]] = self._ask("DescribeSecurityGroups", **asked)["SecurityGroups"]
        return groups

    def _route_table(self, vpc: str) -> dict[str, Any]:
        """Return the table that the subnet is associated with, or else the VPC's main table."""
        own = self._ask("DescribeRouteTables", Filters=[_filter("association.subnet-id", self.subnet_id)])[
            "RouteTables"
        ]
        main = [_filter("vpc-id", vpc), _filter("association.main", "true")]
        tables: list[dict[str, Any]] = own or self._ask("DescribeRouteTables", Filters=main)["RouteTables"]
        if not tables:
            raise InvalidInput(f"subnet {self.subnet_id!r}", "its VPC has no route table", "associate one")
        return tables[0]

    def _internet(self, table: Mapping[str, Any], has_public_ip: bool) -> tuple[Internet, str]:
        """Return the way to the internet, and the address that requests then carry, if it is known."""
        route: Mapping[str, Any] = next(
            (each for each in table["Routes"] if each.get("DestinationCidrBlock") == _EVERYWHERE and _is_active(each)),
            {},
        )
        if route.get("NatGatewayId"):
            nat = self._ask("DescribeNatGateways", NatGatewayIds=[route["NatGatewayId"]])["NatGateways"]
            if not nat or nat[0]["State"] != "available":
                return Internet.NONE, ""
            addresses = nat[0].get("NatGatewayAddresses", ())
            return Internet.NAT, next((each["PublicIp"] for each in addresses if each.get("PublicIp")), "")
        if str(route.get("GatewayId", "")).startswith("igw-"):
            return (Internet.PUBLIC_IP if has_public_ip else Internet.NO_ADDRESS), ""
        return Internet.NONE, ""

    def _endpoints(
        self, vpc: str, table: str, groups: Sequence[Mapping[str, Any]], cidr: str, private_names: bool
    ) -> Iterator[Endpoint]:
        described = self._ask("DescribeVpcEndpoints", Filters=[_filter("vpc-id", vpc)])["VpcEndpoints"]
        usable = [each for each in described if each.get("State", "available").lower() == "available"]
        for service in Service:
            name = f"com.amazonaws.{self.region}.{service.value}"
            found = [
                self._endpoint(service, each, groups, cidr, private_names)
                for each in usable
                if each["ServiceName"] == name and _is_reachable(service, each, table)
            ]
            # Several may lead to one service; the private name can belong to one of them only.
            yield from sorted(found, key=lambda endpoint: not endpoint.is_in_use)[:1]

    def _endpoint(
        self,
        service: Service,
        described: Mapping[str, Any],
        groups: Sequence[Mapping[str, Any]],
        cidr: str,
        private_names: bool,
    ) -> Endpoint:
        identifier = described["VpcEndpointId"]
        own = [group["GroupId"] for group in described.get("Groups", ())]
        return Endpoint(
            service,
            identifier,
            _endpoint_policy(described.get("PolicyDocument"), identifier),
            lets_in_443=not own or self._lets_in(own, [group["GroupId"] for group in groups], cidr),
            private_dns=private_names and bool(described.get("PrivateDnsEnabled")),
        )

    def _lets_in(self, endpoint_groups: list[str], client_groups: Sequence[str], cidr: str) -> bool:
        groups = self._ask("DescribeSecurityGroups", GroupIds=endpoint_groups)["SecurityGroups"]
        rules = [rule for group in groups for rule in group["IpPermissions"] if _covers_443(rule)]
        return any(_lets_in(rule, client_groups, cidr) for rule in rules)


def _is_active(route: Mapping[str, Any]) -> bool:
    return bool(route.get("State", "active") == "active")


def _is_reachable(service: Service, described: Mapping[str, Any], table: str) -> bool:
    """Say whether an endpoint counts for a subnet: a gateway is a route in its table, an interface is anywhere."""
    is_gateway = (described.get("VpcEndpointType") or "Gateway") == "Gateway"  # EC2's default; moto leaves it out
    if service is not Service.LAYERS:
        return not is_gateway
    return is_gateway and table in described.get("RouteTableIds", ())


def _covers_443(rule: Mapping[str, Any]) -> bool:
    protocol, first, last = rule["IpProtocol"], rule.get("FromPort", 0), rule.get("ToPort", 65535)
    return bool(protocol == "-1" or (protocol in ("tcp", "6") and first <= _HTTPS <= last))


def _lets_in(rule: Mapping[str, Any], client_groups: Sequence[str], cidr: str) -> bool:
    if any(pair.get("GroupId") in client_groups for pair in rule.get("UserIdGroupPairs", ())):
        return True
    client = ip_network(cidr)
    ranges = [ip_network(each["CidrIp"], strict=False) for each in rule.get("IpRanges", ())]
    return any(each.version == client.version and each.supernet_of(client) for each in ranges)  # type: ignore[arg-type]


def _endpoint_policy(text: str | None, identifier: str) -> Policy | None:
    """Read an endpoint's policy; ``None`` if it is AWS's own, which lets everything through."""
    if not text:
        return None
    policy = parse(text, PolicyKind.ENDPOINT, name=identifier)
    everything = parse({"Version": policy.version, "Statement": [_FULL_ACCESS]}, PolicyKind.ENDPOINT)
    return None if policy.statements == everything.statements else policy


def _filter(name: str, value: str) -> dict[str, Any]:
    return {"Name": name, "Values": [value]}
