"""Where pods of Amazon EKS run: a group of nodes or a Fargate profile, read from EKS and EC2."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ecrlab.deploy.networks import network_of
from ecrlab.deploy.reading import ask
from ecrlab.deploy.roles import role_of
from ecrlab.errors import InvalidInput
from ecrlab.oci import Platform
from ecrlab.workloads import Network, Puller, PullerKind, Workload

if TYPE_CHECKING:
    from ecrlab.cloud import Lab

__all__ = ["Ground", "ground_of"]


@dataclass(frozen=True, slots=True)
class Ground:
    """Where pods run.

    Args:
        cluster: Name of the EKS cluster.
        name: Of the node group or the Fargate profile.
        kind: Who pulls there.
        role_arn: The role that pulls.
        subnets: Where nodes or pods are placed; here the first counts.
        security_groups: Of the cluster.
        platform: What the machines are.
        count: How many nodes there are; 0 on Fargate, where every pod gets a machine of its own.
        namespaces: For a Fargate profile, the namespaces that it selects.
    """

    cluster: str
    name: str
    kind: PullerKind
    role_arn: str
    subnets: tuple[str, ...]
    security_groups: tuple[str, ...]
    platform: Platform
    count: int = 0
    namespaces: tuple[str, ...] = ()

    @property
    def on_fargate(self) -> bool:
        """Whether every pod gets a machine of its own, which keeps no images."""
        return self.kind is PullerKind.EKS_POD_EXECUTION_ROLE

    def puller(self, lab: Lab) -> Puller:
        """Read who pulls here, as things stand now."""
        principal, policies = role_of(lab, self.role_arn)
        return Puller(self.kind, principal, lab.region, policies, platform=self.platform)

    def network(self, lab: Lab) -> Network:
        """Read the network here, as things stand now."""
        return network_of(lab, self.subnets[0], security_groups=self.security_groups)

    def refusal(self, workload: Workload) -> str:
        """Return what the scheduler says if no machine fits; empty if one does."""
        wanted = workload.architectures
        if self.on_fargate:
            fits = any(namespace in ("*", workload.namespace) for namespace in self.namespaces)
            return "" if fits else f"no Fargate profile selects the namespace {workload.namespace}"
        if wanted and self.platform.architecture not in wanted:
            return (
                f"0/{self.count} nodes are available: {self.count} node(s) didn't match Pod's node affinity/selector."
            )
        return ""


def ground_of(lab: Lab, cluster: str, *, nodegroup: str | None = None, fargate_profile: str | None = None) -> Ground:
    """Read where pods run.

    Args:
        lab: The open lab.
        cluster: Name of the EKS cluster.
        nodegroup: A group of nodes …
        fargate_profile: … or a Fargate profile; without either, the cluster's first node group.

    Raises:
        InvalidInput: Both are named, or the cluster has no nodes.
        AwsCallError: There is no such cluster, group or profile.
    """
    if nodegroup is not None and fargate_profile is not None:
        raise InvalidInput("pods", "a pod runs on a node or on Fargate, not on both", "name one of them")
    place = f"EKS cluster {cluster!r}"
    with lab.administrator():
        eks = lab.client("eks")
        settings = ask(eks, "DescribeCluster", place, name=cluster)["cluster"]["resourcesVpcConfig"]
        groups = _groups(settings)
        if fargate_profile is not None:
            return _profile(eks, cluster, fargate_profile, groups)
        if nodegroup is None:
            names = ask(eks, "ListNodegroups", place, clusterName=cluster)["nodegroups"]
            if not names:
                raise InvalidInput(place, "it has no nodes", "add a node group, or name a Fargate profile")
            nodegroup = str(names[0])
        return _nodes(eks, cluster, nodegroup, groups)


def _groups(settings: Mapping[str, Any]) -> tuple[str, ...]:
    own = settings.get("clusterSecurityGroupId")
    return (*([own] if own else []), *settings.get("securityGroupIds", ()))


def _nodes(eks: Any, cluster: str, name: str, groups: Sequence[str]) -> Ground:
    asked = {"clusterName": cluster, "nodegroupName": name}
    described = ask(eks, "DescribeNodegroup", f"node group {name!r}", **asked)["nodegroup"]
    kind = str(described.get("amiType", ""))
    system = "windows" if "WINDOWS" in kind else "linux"
    return Ground(
        cluster,
        name,
        PullerKind.EKS_NODE_ROLE,
        described["nodeRole"],
        tuple(described["subnets"]),
        tuple(groups),
        Platform(system, "arm64" if "ARM_64" in kind else "amd64"),
        count=int(described.get("scalingConfig", {}).get("desiredSize", 1)),
    )


def _profile(eks: Any, cluster: str, name: str, groups: Sequence[str]) -> Ground:
    asked = {"clusterName": cluster, "fargateProfileName": name}
    described = ask(eks, "DescribeFargateProfile", f"Fargate profile {name!r}", **asked)["fargateProfile"]
    return Ground(
        cluster,
        name,
        PullerKind.EKS_POD_EXECUTION_ROLE,
        described["podExecutionRoleArn"],
        tuple(described["subnets"]),
        tuple(groups),
        Platform("linux", "amd64"),
        namespaces=tuple(each["namespace"] for each in described["selectors"]),
    )
