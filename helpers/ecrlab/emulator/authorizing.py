"""Whether a caller may do what it asks: one place decides, whatever door the request came through.

Nobody is decided about unless somebody asked for it: administrators are let through, and so are callers whom IAM does
not know, who come without a `Caller`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import lru_cache
from typing import Any

from ecrlab.access import ACTIONS, Decision, Policies, Policy, PolicyKind, Principal, Request, action_of, decide, parse
from ecrlab.emulator.state import Registry, Repository
from ecrlab.naming import partition_of

__all__ = [
    "Caller",
    "Context",
    "Keys",
    "administrator",
    "decide_elsewhere",
    "decisions",
    "locks_out",
    "replication_is_let_in",
]

_EVERYTHING = parse(
    {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]},
    PolicyKind.IDENTITY,
    name="AdministratorAccess",
)

_REPLICATION_ROLE = (
    "arn:{partition}:iam::{account}:role/aws-service-role/replication.ecr.amazonaws.com/AWSServiceRoleForECRReplication"
)
_REPLICATES = parse(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": ["ecr:CreateRepository", "ecr:ReplicateImage"], "Resource": "*"}],
    },
    PolicyKind.IDENTITY,
    name="ECRReplicationServiceRolePolicy",
)

Context = Mapping[str, str | Sequence[str]]


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody whom IAM knows: who it is, what its own side says, and how its requests come.

    Args:
        principal: Who it is.
        identity: What is attached to it, its groups included.
        boundary: Its permissions boundary.
        session: What narrows its session.
        scps: The service control policies over its account, level by level from the root down.
        endpoint: The policy of the VPC endpoint that its requests come through.
        context: Condition keys of all its requests: ``aws:userid``, ``aws:SourceIp``, ``aws:SourceVpce``.
        is_administrator: Whether it is let through undecided.
    """

    principal: Principal
    identity: tuple[Policy, ...] = ()
    boundary: Policy | None = None
    session: tuple[Policy, ...] = ()
    scps: tuple[tuple[Policy, ...], ...] = ()
    endpoint: Policy | None = None
    context: Context = field(default_factory=dict)
    is_administrator: bool = False


@dataclass(frozen=True, slots=True)
class Keys:
    """What signs the requests of somebody; ``arn`` is how AWS names it."""

    access_key_id: str
    secret_access_key: str
    session_token: str | None
    arn: str


def administrator(arn: str) -> Caller:
    """Make a caller who may do everything in its account and is let through undecided."""
    return Caller(Principal.of(arn), (_EVERYTHING,), is_administrator=True)


def decisions(
    caller: Caller, operation: str, parameters: Mapping[str, Any], registry: Registry, now: datetime
) -> Iterator[Decision]:
    """Decide an operation for each resource that it names; all have to be allowed.

    Guess: AWS decides before it looks whether a repository exists, so that a refusal tells nobody what is there.

    Args:
        caller: Who asks.
        operation: AWS's name, ``PutImage``.
        parameters: The checked request.
        registry: The registry that ``registryId`` names, by default the caller's own.
        now: For ``aws:CurrentTime``; timezone-aware.
    """
    action = action_of(operation) or f"ecr:{operation}"
    common = _context(caller, parameters, registry, now)
    if operation.endswith("AccountSetting"):
        common["ecr:AccountSetting"] = parameters["name"]
    for resource, repository in _resources(action, parameters, registry):
        tags = repository.resource_tags if repository else {}
        context = common | {f"{prefix}:ResourceTag/{key}": tags[key] for key in tags for prefix in ("aws", "ecr")}
        owner = "" if "resourceArn" in parameters else registry.account_id  # an ARN says itself whose it is
        request = Request(caller.principal, action, resource, owner, context)
        yield decide(request, _policies(caller, registry, repository))


def decide_elsewhere(caller: Caller, action: str, resource: str, registry: Registry, now: datetime) -> Decision:
    """Decide what ECR asks of another service in the caller's name; only the caller's own side has a say.

    Args:
        caller: Who asked ECR.
        action: What ECR asks for, ``signer:SignPayload``.
        resource: The ARN of a resource of that service; its own policy, if it has one, is not asked.
        registry: For which registry.
        now: For ``aws:CurrentTime``; timezone-aware.
    """
    context = _context(caller, {}, registry, now) | {"aws:ViaAWSService": "true"}
    request = Request(caller.principal, action, resource, caller.principal.account_id or "", context)
    own_side = Policies(identity=caller.identity, boundary=caller.boundary, session=caller.session, scps=caller.scps)
    return decide(request, own_side)


def replication_is_let_in(source: str, action: str, repository: str, registry: Registry, now: datetime) -> bool:
    """Tell whether a registry lets ECR copy something into it for a source account.

    ECR comes as the source account's service-linked role, which may do both things that replication needs; the policy
    of the destination's registry decides about another account. The policy of a repository has no say.

    Args:
        source: The account that replicates.
        action: ``ecr:ReplicateImage`` or ``ecr:CreateRepository``.
        repository: The name at the destination, whether it exists or not.
        registry: The destination.
        now: For ``aws:CurrentTime``; timezone-aware.
    """
    role = Principal.of(_REPLICATION_ROLE.format(partition=partition_of(registry.region), account=source))
    arn = f"arn:{partition_of(registry.region)}:ecr:{registry.region}:{registry.account_id}:repository/{repository}"
    context = _context(Caller(role), {}, registry, now) | {"aws:ViaAWSService": "true"}
    policies = Policies(identity=(_REPLICATES,), registry=_read(registry.policy, PolicyKind.REGISTRY))
    return decide(Request(role, action, arn, registry.account_id, context), policies).allowed


def locks_out(caller: Caller | None, repository: Repository, policy: Policy, registry: Registry, now: datetime) -> bool:
    """Tell whether a new repository policy would keep its author from setting another one.

    Source: the ``force`` parameter of SetRepositoryPolicy in the service model.
    """
    author = caller or administrator(f"arn:aws:iam::{registry.account_id}:user/administrator")
    resource, action = repository.arn, "ecr:SetRepositoryPolicy"
    context = _context(author, {}, registry, now)
    request = Request(author.principal, action, resource, registry.account_id, context)
    policies = replace(_policies(author, registry, repository), repository=policy)
    return not decide(request, policies).allowed


def _policies(caller: Caller, registry: Registry, repository: Repository | None) -> Policies:
    return Policies(
        identity=caller.identity,
        repository=_read(repository.policy, PolicyKind.REPOSITORY) if repository else None,
        registry=_read(registry.policy, PolicyKind.REGISTRY),
        boundary=caller.boundary,
        session=caller.session,
        scps=caller.scps,
        endpoint=caller.endpoint,
    )


@lru_cache(maxsize=256)
def _read(text: str | None, kind: PolicyKind) -> Policy | None:
    return None if text is None else parse(text, kind)


def _resources(
    action: str, parameters: Mapping[str, Any], registry: Registry
) -> Iterator[tuple[str, Repository | None]]:
    known = ACTIONS.get(action.removeprefix("ecr:"))
    if known is not None and not known.takes_repository:
        yield "*", None
        return
    beginning = f"arn:{partition_of(registry.region)}:ecr:{registry.region}:{registry.account_id}:repository/"
    arn = parameters.get("resourceArn")
    names = [parameters["repositoryName"]] if "repositoryName" in parameters else parameters.get("repositoryNames")
    if arn is not None:
        yield arn, registry.repository(arn.removeprefix(beginning))
    elif names is None:
        yield f"{beginning}*", None  # a listing asks for all repositories at once
    else:
        yield from ((f"{beginning}{name}", registry.repository(name)) for name in names)


def _context(caller: Caller, parameters: Mapping[str, Any], registry: Registry, now: datetime) -> dict[str, Any]:
    """Collect the global condition keys, those of the request and those of the session."""
    context: dict[str, Any] = {
        "aws:CurrentTime": f"{now:%Y-%m-%dT%H:%M:%SZ}",
        "aws:EpochTime": str(int(now.timestamp())),
        "aws:RequestedRegion": registry.region,
        "aws:SecureTransport": "true",
        "aws:ViaAWSService": "false",
    }
    sent = {tag["Key"]: tag.get("Value", "") for tag in parameters.get("tags", ())}
    context |= {f"aws:RequestTag/{key}": value for key, value in sent.items()}
    tag_keys = [*sent, *parameters.get("tagKeys", ())]
    if tag_keys:
        context["aws:TagKeys"] = tag_keys
    return context | dict(caller.context)
