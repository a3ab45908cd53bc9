"""Who pulls: the role of a task, of a container instance, of a node or a pod, or the service AWS Lambda."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import Enum

from ecrlab.access import Policies, Principal, PrincipalKind
from ecrlab.access.request import Context
from ecrlab.errors import InvalidInput
from ecrlab.oci import Platform

__all__ = ["Creator", "Dialect", "Puller", "PullerKind"]

_LAMBDA = "lambda.amazonaws.com"
_CURRENT_FARGATE = "1.4.0"
_AMD64 = Platform("linux", "amd64")


class PullerKind(Enum):
    """Where a container runs, which decides whose permissions count; the value is how we say it.

    Source: Amazon ECS Developer Guide, "Using Amazon ECR images with Amazon ECS" and "Amazon ECS task execution IAM
    role"; Amazon EKS User Guide, "Amazon EKS node IAM role"; AWS Lambda Developer Guide, "Create a Lambda function
    using a container image".
    """

    ECS_TASK_EXECUTION_ROLE = "the task execution role, on Fargate"
    ECS_INSTANCE_ROLE = "the container instance role, on EC2"
    EKS_NODE_ROLE = "the node role, on EKS"
    EKS_POD_EXECUTION_ROLE = "the pod execution role, on EKS with Fargate"
    LAMBDA = "the service AWS Lambda"


class Dialect(Enum):
    """Who words the error: the client software behind the service."""

    FARGATE = "fargate"  # containerd, and an agent of AWS around it: platform version 1.4.0 and later
    DOCKER = "docker"  # the Docker daemon: EC2, and Fargate up to 1.3.0
    KUBELET = "kubelet"  # containerd under a kubelet
    LAMBDA = "lambda"


@dataclass(frozen=True, slots=True)
class Creator:
    """Who creates a Lambda function, since that caller's permissions count as well.

    Args:
        principal: The user or role.
        policies: What has a say about it; the repository's own policy is added by the pull.
    """

    principal: Principal
    policies: Policies = field(default_factory=Policies)


@dataclass(frozen=True, slots=True)
class Puller:
    """Who pulls, from where, onto which machine.

    Args:
        kind: Where the container runs.
        principal: The role (or its session) whose permissions count; for Lambda the service.
        region: Where it runs.
        policies: What has a say about the role. The policies of repository, registry and endpoints are added by the
            pull.
        platform: What the machine is: ``linux/amd64``.
        platform_version: Of Fargate on ECS: ``1.4.0``, ``1.3.0``, ``LATEST``.
        account_id: The account in which it runs; by default the principal's.
        creator: For Lambda, who creates the function.
        context: Condition keys that every request carries.

    Raises:
        InvalidInput: The platform version is none, or a role stands where the service belongs, or the other way round.
    """

    kind: PullerKind
    principal: Principal
    region: str
    policies: Policies = field(default_factory=Policies)
    platform: Platform = _AMD64
    platform_version: str = "LATEST"
    account_id: str = ""
    creator: Creator | None = None
    context: Context = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        if self.platform_version != "LATEST" and not re.fullmatch(r"[0-9]+\.[0-9]+\.[0-9]+", self.platform_version):
            raise InvalidInput(
                f"platform version {self.platform_version!r}",
                "Fargate has no such version",
                "write '1.4.0' or 'LATEST'",
            )
        is_service = self.principal.kind is PrincipalKind.SERVICE
        if is_service is not (self.kind is PullerKind.LAMBDA):
            raise InvalidInput(
                f"puller {self.principal.arn!r}",
                f"it cannot be {self.kind.value}",
                f"name a role's ARN, or {_LAMBDA!r} for a Lambda function",
            )
        if not self.account_id:
            object.__setattr__(self, "account_id", self.principal.account_id or _account_of(self.creator))

    @classmethod
    def aws_lambda(
        cls, creator: Creator, region: str, *, platform: Platform = _AMD64, function_arn: str = ""
    ) -> Puller:
        """Return the service AWS Lambda on behalf of somebody who creates a function.

        Args:
            creator: Who creates it.
            region: Where.
            platform: The function's architecture.
            function_arn: For ``aws:SourceArn`` in the repository's policy.
        """
        context = {"aws:SourceAccount": _account_of(creator)} | (
            {"aws:SourceArn": function_arn} if function_arn else {}
        )
        return cls(
            PullerKind.LAMBDA, Principal.of(_LAMBDA), region, platform=platform, creator=creator, context=context
        )

    @property
    def dialect(self) -> Dialect:
        """Who words the errors."""
        if self.kind is PullerKind.LAMBDA:
            return Dialect.LAMBDA
        if self.kind in (PullerKind.EKS_NODE_ROLE, PullerKind.EKS_POD_EXECUTION_ROLE):
            return Dialect.KUBELET
        return (
            Dialect.DOCKER if self.kind is PullerKind.ECS_INSTANCE_ROLE or self._is_early_fargate else Dialect.FARGATE
        )

    @property
    def asks_the_api_itself(self) -> bool:
        """Whether the login goes over the client's own network; before Fargate 1.4.0, ECS logged in for the task.

        Source: Amazon ECR User Guide, "Amazon ECR interface VPC endpoints", considerations for Amazon ECS.
        """
        return not (self.kind is PullerKind.ECS_TASK_EXECUTION_ROLE and self._is_early_fargate)

    @property
    def is_lambda(self) -> bool:
        """Whether a service pulls, inside AWS, without a network of yours."""
        return self.kind is PullerKind.LAMBDA

    @property
    def _is_early_fargate(self) -> bool:
        if self.platform.os == "windows" or self.platform_version == "LATEST":
            return False
        numbers = tuple(map(int, self.platform_version.split(".")))
        return numbers < tuple(map(int, _CURRENT_FARGATE.split(".")))

    @property
    def words(self) -> str:
        """Who it is, in a line."""
        return f"{self.principal.words}, {self.kind.value}" if not self.is_lambda else self.kind.value


def _account_of(creator: Creator | None) -> str:
    return (creator.principal.account_id or "") if creator else ""
