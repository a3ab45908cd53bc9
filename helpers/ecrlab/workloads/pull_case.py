"""A pull as a case: what is asked for, who asks, over which network, and what the registry holds."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ecrlab.access import Decision, Policies, Principal, Request, decide
from ecrlab.access.actions import LOGIN
from ecrlab.errors import InvalidInput
from ecrlab.naming import ImageReference, RegistryHost, Tag
from ecrlab.oci.descriptor import choose
from ecrlab.workloads.network import Network, Route, Service, Way
from ecrlab.workloads.puller import Puller
from ecrlab.workloads.stored import StoredImage, StoredRepository

__all__ = ["Case"]


@dataclass(frozen=True, slots=True)
class Case:
    """A pull with everything that is known about it.

    Raises:
        InvalidInput: The network or the repository is missing, or the repository is not the one that is named.
    """

    reference: ImageReference
    puller: Puller
    network: Network | None
    repository: StoredRepository | None

    def __post_init__(self) -> None:
        place = f"pull of {self.reference}"
        if self.network is None and not self.puller.is_lambda:
            raise InvalidInput(place, "there is no network to pull over", "hand over Network.private(region, …)")
        if self.host is None:
            return
        if self.repository is None:
            raise InvalidInput(place, "it is not known what the registry holds", "hand over a StoredRepository")
        named = (self.host.account_id, self.host.region, self.reference.repository)
        arn = self.repository.arn
        if named != (arn.account_id, arn.region, arn.repository):
            raise InvalidInput(place, f"{arn} is another repository", "hand over the one that the image names")

    @property
    def host(self) -> RegistryHost | None:
        """The registry, if it is a private one of Amazon ECR."""
        return self.reference.host

    @property
    def is_in_ecr(self) -> bool:
        """Whether the image comes from a private registry of Amazon ECR."""
        return self.host is not None

    @property
    def region(self) -> str:
        """The region of the registry."""
        return self.host.region if self.host else self.puller.region

    @property
    def account_id(self) -> str:
        """The account of the registry."""
        return self.host.account_id if self.host else ""

    @property
    def reference_pulled(self) -> ImageReference:
        """The reference with the tag that a client asks for."""
        if self.reference.tag or self.reference.digest:
            return self.reference
        return replace(self.reference, tag=Tag("latest"))

    @property
    def bucket_host(self) -> str:
        """The name of the bucket that holds the layers of this registry."""
        return Service.LAYERS.host(self.account_id, self.region)

    @property
    def found(self) -> StoredImage | None:
        """The image or index that the reference means."""
        return self.repository.find(self.reference) if self.repository and self.repository.exists else None

    @property
    def chosen(self) -> StoredImage | None:
        """The image for the machine; an image that is no index is taken whatever it was built for."""
        found = self.found
        if found is None or self.repository is None or not found.is_index:
            return found
        digest = choose(self.puller.platform, found.children)
        return self.repository.with_digest(digest) if digest else None

    def route(self, service: Service) -> Route:
        """Return the way to a service."""
        logs_in_from_within = service is Service.API and not self.puller.asks_the_api_itself
        if self.network is None or logs_in_from_within:
            return Route(service, Way.INTERNET, "inside AWS")
        return self.network.route(service, self.region)

    def decide(self, action: str, service: Service, *, principal: Principal | None = None) -> Decision:
        """Decide an action as it comes through the way to a service.

        The policy of an endpoint has a say about what comes through it: of ``ecr.api`` about the login, of ``ecr.dkr``
        about manifest and layers.
        """
        who = principal or self.puller.principal
        own = self.puller.policies
        if self.puller.creator and who == self.puller.creator.principal:
            own = self.puller.creator.policies
        route = self.route(service)
        resource = "*" if action in LOGIN else str(self.repository.arn) if self.repository else "*"
        context = {**self.puller.context, **self._context(route)}
        endpoint = route.endpoint.policy if route.endpoint else None
        return decide(Request(who, action, resource, context=context), self._with_the_owners(own, endpoint=endpoint))

    def _with_the_owners(self, own: Policies, **more: object) -> Policies:
        if self.repository is None:
            return own
        registry = self.repository.registry_policy
        return replace(own, repository=self.repository.policy, registry=registry, **more)  # type: ignore[arg-type]

    def _context(self, route: Route) -> dict[str, str]:
        """Say how a request comes. One through an endpoint carries no public address."""
        if self.network is None:
            return {}
        keys = {"aws:SourceVpc": self.network.vpc_id, "aws:SourceVpce": route.endpoint.id} if route.endpoint else {}
        keys |= {} if route.endpoint else {"aws:SourceIp": self.network.public_ip}
        return {key: value for key, value in keys.items() if value}
