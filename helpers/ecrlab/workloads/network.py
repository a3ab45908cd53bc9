"""Which way the bytes of a pull take: a public address, a NAT gateway, or VPC endpoints with their policies.

api.ecr.<region>.amazonaws.com                login           ecr.api  interface endpoint ┐
<account>.dkr.ecr.<region>.amazonaws.com      manifest        ecr.dkr  interface endpoint ├ or the internet
prod-<region>-starport-layer-bucket.s3.…      every layer     s3       gateway endpoint   ┘

Source: Amazon ECR User Guide, "Amazon ECR interface VPC endpoints (AWS PrivateLink)".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum

from ecrlab.access import Policy
from ecrlab.errors import InvalidInput

__all__ = ["Endpoint", "Internet", "Network", "Route", "Service", "Way"]


class Service(Enum):
    """One of the three services that a pull speaks to; the value is the end of its endpoint's service name."""

    API = "ecr.api"
    REGISTRY = "ecr.dkr"
    LAYERS = "s3"

    def host(self, account_id: str, region: str) -> str:
        """Return the name that a client looks up."""
        domain = "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
        if self is Service.API:
            return f"api.ecr.{region}.{domain}"
        if self is Service.REGISTRY:
            return f"{account_id}.dkr.ecr.{region}.{domain}"
        return f"prod-{region}-starport-layer-bucket.s3.{region}.{domain}"


class Internet(Enum):
    """How a subnet reaches the internet; the value is how we say it."""

    PUBLIC_IP = "a public IP address and an internet gateway"
    NAT = "a NAT gateway"
    NO_ADDRESS = "an internet gateway, but no public IP address"
    NONE = "no route to the internet"

    @property
    def is_open(self) -> bool:
        """Whether anything gets out."""
        return self in (Internet.PUBLIC_IP, Internet.NAT)


class Way(Enum):
    """The way that is taken in the end."""

    INTERNET = "internet"
    ENDPOINT = "VPC endpoint"
    NONE = "no way"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One VPC endpoint that the subnet can use.

    A gateway endpoint counts only if the subnet's route table names it; whoever makes this value has looked.

    Args:
        service: What it leads to.
        id: ``vpce-…``.
        policy: Its policy, of the kind ``ENDPOINT``; ``None`` is AWS's default, which allows everything.
        lets_in_443: Whether its security groups let the client in on port 443. A gateway has none.
        private_dns: Whether the service's usual name leads to it. A gateway needs none: it is a route.
    """

    service: Service
    id: str = "vpce-0a1b2c3d4e5f60718"
    policy: Policy | None = None
    lets_in_443: bool = True
    private_dns: bool = True

    @property
    def is_gateway(self) -> bool:
        """Whether it is a route rather than a network interface."""
        return self.service is Service.LAYERS

    @property
    def is_in_use(self) -> bool:
        """Whether requests to the service's usual name come through it."""
        return self.is_gateway or self.private_dns

    @property
    def words(self) -> str:
        """How we call it: ``the ecr.dkr endpoint vpce-…``."""
        return f"the {self.service.value} endpoint {self.id}"


@dataclass(frozen=True, slots=True)
class Route:
    """The way to one service, or why there is none.

    Args:
        service: Where it leads.
        way: Through what.
        words: The same in a sentence's middle: ``through the ecr.api endpoint vpce-…``.
        endpoint: The endpoint, if it is one.
        fault: Why nothing arrives, as a sentence; empty if the way is open.
        way_out: What would open it; empty if it is open.
    """

    service: Service
    way: Way
    words: str
    endpoint: Endpoint | None = None
    fault: str = ""
    way_out: str = ""

    @property
    def is_open(self) -> bool:
        """Whether requests arrive."""
        return not self.fault


@dataclass(frozen=True, slots=True)
class Network:
    """What the network of a task, a node or a pod allows.

    Args:
        region: The region of the subnet.
        internet: How it reaches the internet.
        endpoints: The VPC endpoints that it can use, at most one for each service.
        lets_out_443: Whether its own security group lets it out to port 443.
        resolves_names: Whether the VPC resolves names (``enableDnsSupport``).
        vpc_id: For ``aws:SourceVpc`` in policies; empty if it does not matter.
        public_ip: The address that requests from the internet carry, for ``aws:SourceIp``; empty if it is not known.
        name: What to call it: ``subnet-…``.

    Raises:
        InvalidInput: Two endpoints lead to the same service.
    """

    region: str
    internet: Internet = Internet.NONE
    endpoints: tuple[Endpoint, ...] = ()
    lets_out_443: bool = True
    resolves_names: bool = True
    vpc_id: str = ""
    public_ip: str = ""
    name: str = "the subnet"

    def __post_init__(self) -> None:
        services = [endpoint.service for endpoint in self.endpoints]
        double = next((service for service in services if services.count(service) > 1), None)
        if double is not None:
            raise InvalidInput(
                f"endpoints of {self.name}", f"two of them lead to {double.value}", "name the one whose name is private"
            )

    @classmethod
    def public(cls, region: str) -> Network:
        """Return a subnet with an internet gateway, for tasks that have a public address."""
        return cls(region, Internet.PUBLIC_IP, name="a public subnet")

    @classmethod
    def private(cls, region: str, services: Sequence[Service] = (), *, nat: bool = False) -> Network:
        """Return a private subnet with endpoints to some services, and perhaps a NAT gateway."""
        endpoints = tuple(Endpoint(service, f"vpce-{number:017x}") for number, service in enumerate(services, start=1))
        return cls(region, Internet.NAT if nat else Internet.NONE, endpoints, name="a private subnet")

    def with_endpoint(self, endpoint: Endpoint) -> Network:
        """Return the same network with an endpoint more, or with another one in its place."""
        others = tuple(each for each in self.endpoints if each.service is not endpoint.service)
        return replace(self, endpoints=(*others, endpoint))

    @property
    def words(self) -> str:
        """What there is, in a line."""
        there = ", ".join(endpoint.service.value for endpoint in self.endpoints)
        return f"{self.name}: {self.internet.value}; endpoints: {there or 'none'}"

    def route(self, service: Service, region: str) -> Route:
        """Find the way to a service of some region.

        An endpoint whose private name is in use takes every request, also where there is a NAT gateway beside it: if
        it is closed, nothing goes round it.
        """
        if not self.resolves_names:
            fault = f"the VPC resolves no names, so {service.value} has no address"
            return Route(service, Way.NONE, "nowhere", None, f"{_capital(fault)}.", "set enableDnsSupport of the VPC")
        endpoint = self._endpoint(service, region)
        if endpoint is None:
            route = self._over_the_internet(service, region)
        else:
            route = Route(service, Way.ENDPOINT, f"through {endpoint.words}", endpoint)
            if not endpoint.is_gateway and not endpoint.lets_in_443:
                fault = f"{_capital(endpoint.words)} has a security group that does not let the client in on port 443."
                route = replace(route, fault=fault, way_out=f"allow TCP 443 from {self.name} in its security group")
        if route.is_open and not self.lets_out_443:
            fault = f"The client's own security group lets nothing out to port 443, so {service.value} is out of reach."
            return replace(route, fault=fault, way_out="allow TCP 443 outbound in the security group of task or node")
        return route

    def _endpoint(self, service: Service, region: str) -> Endpoint | None:
        if region != self.region:
            return None  # an endpoint leads to the services of its own region
        return next((each for each in self.endpoints if each.service is service and each.is_in_use), None)

    def _over_the_internet(self, service: Service, region: str) -> Route:
        if self.internet.is_open:
            return Route(service, Way.INTERNET, f"over {self.internet.value}")
        return Route(service, Way.NONE, "nowhere", None, *self._why_closed(service, region))

    def _why_closed(self, service: Service, region: str) -> tuple[str, str]:
        """Say why the internet is no way, and what would help."""
        unused = next((each for each in self.endpoints if each.service is service), None)
        nowhere = f"From {self.name} there is {self.internet.value}"
        if region != self.region and unused is not None:
            return (
                f"{nowhere}, and {unused.words} leads to {self.region} only, not to {region}.",
                f"replicate the image to {self.region}, or add a NAT gateway",
            )
        if unused is not None:
            return (
                f"{nowhere}, and {unused.words} has no private DNS, so the usual name leads to the internet.",
                f"enable private DNS on {unused.id}; the VPC needs enableDnsHostnames and enableDnsSupport",
            )
        kind = "gateway" if service is Service.LAYERS else "interface"
        wish = f"an {kind}" if kind == "interface" else f"a {kind}"
        addition = f"add {wish} endpoint for com.amazonaws.{region}.{service.value}, or a NAT gateway"
        if self.internet is Internet.NO_ADDRESS:
            addition = f"give the task a public IP address (assignPublicIp), or {addition}"
        return f"{nowhere} and no {service.value} endpoint.", addition


def _capital(sentence: str) -> str:
    return sentence[0].upper() + sentence[1:]
