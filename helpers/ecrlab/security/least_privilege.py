"""Least privilege: the policy with exactly the actions that a purpose takes, and nothing else."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ecrlab.access import ACTIONS, LOGIN, PULL, PUSH, PolicyKind, Principal, PrincipalKind
from ecrlab.cards import Card, ShownAs
from ecrlab.errors import InvalidInput
from ecrlab.naming import RepositoryArn
from ecrlab.security.reading import ACTIONS_READ

__all__ = ["PURPOSES", "MinimalPolicy", "minimal_policy"]

PURPOSES = {"pull": PULL, "push": PUSH, "report": ACTIONS_READ}
"""What a policy can be for, and the actions that takes; ``report`` is what a report card reads."""

_ACCOUNT = re.compile(r"[0-9]{12}")
_LAMBDA = "lambda.amazonaws.com"


@dataclass(frozen=True, slots=True, repr=False)
class MinimalPolicy(ShownAs):
    """A policy document, where it hangs, and what it leaves to others.

    Args:
        purpose: ``pull``, ``push`` or ``report``.
        kind: An identity policy, or a repository policy.
        text: The document as indented JSON.
        notes: What else it takes, a sentence each.
    """

    purpose: str
    kind: PolicyKind
    text: str
    notes: tuple[str, ...] = ()

    @property
    def document(self) -> dict[str, Any]:
        """The policy document, a new one each time, so that it may be changed."""
        document: dict[str, Any] = json.loads(self.text)
        return document

    def _shown(self) -> Card:
        return Card(f"Least privilege to {self.purpose}: {self.kind.words}", body=self.notes, code=self.text)


def minimal_policy(
    purpose: str,
    repository_arns: str | Sequence[str],
    *,
    principal: str | None = None,
    source_account: str | None = None,
) -> MinimalPolicy:
    """Write the policy that lets somebody do one thing with some repositories, and nothing else.

    Args:
        purpose: ``pull``, ``push``, or ``report`` (everything that :func:`report_card` reads).
        repository_arns: The repositories; an identity policy names them, and a star at the end of an ARN stands for
            all that begin so. A repository policy belongs to one.
        principal: ``None`` writes an identity policy, for a user or role of the repositories' own account. An ARN or
            an account id writes a repository policy that lets this caller in, ``lambda.amazonaws.com`` one for the
            functions of ``source_account``.
        source_account: The account whose functions Lambda may pull for; default: the repository's.

    Raises:
        InvalidInput: An unknown purpose, no ARN, a principal that may not be named (everybody, or a service for which
            no policy is known), or a purpose that a repository policy cannot serve.
        InvalidName: An ARN or the principal does not parse.

    Source: Amazon ECR User Guide, pushing an image (IAM permissions) and repository policy examples; AWS Lambda
    Developer Guide, functions from container images, for the condition on ``aws:SourceArn``.
    """
    if purpose not in PURPOSES:
        raise InvalidInput("minimal_policy", f"{purpose!r} is no purpose", f"take one of {', '.join(PURPOSES)}")
    given = [repository_arns] if isinstance(repository_arns, str) else list(repository_arns)
    if not given:
        raise InvalidInput("minimal_policy", "there is no repository", "name at least one ARN")
    if principal is None:
        return _identity_policy(purpose, [_pattern(arn) for arn in given])
    arns = [RepositoryArn.parse(arn) for arn in given]
    return _repository_policy(purpose, arns, Principal.of(principal), source_account)


def _pattern(arn: str) -> str:
    """Return an ARN, or one with a star at its end, as it was written."""
    if isinstance(arn, str) and arn.endswith("*"):
        RepositoryArn.parse(f"{arn.removesuffix('*')}xx")  # whatever may follow, the beginning has to be right
        return arn
    return str(RepositoryArn.parse(arn))


def _identity_policy(purpose: str, arns: list[str]) -> MinimalPolicy:
    actions = PURPOSES[purpose]
    anywhere = [a for a in actions if not ACTIONS[a.removeprefix("ecr:")].takes_repository]
    anywhere = [*(LOGIN if purpose != "report" else ()), *anywhere]
    scoped = [action for action in actions if action not in anywhere]
    statements = [
        {"Sid": "Registry", "Effect": "Allow", "Action": anywhere, "Resource": "*"},
        {"Sid": "Repositories", "Effect": "Allow", "Action": scoped, "Resource": arns},
    ]
    note = f"`{LOGIN[0]}` takes no repository, so its statement has to say `*`."
    if purpose == "report":
        note = "`ecr:BatchGetImage` reads manifests and lists referrers; without the layers nobody pulls with it."
    return MinimalPolicy(purpose, PolicyKind.IDENTITY, _text(statements), (note,))


def _repository_policy(
    purpose: str, arns: Sequence[RepositoryArn], principal: Principal, source_account: str | None
) -> MinimalPolicy:
    if len(arns) > 1:
        fact = f"a repository policy belongs to one repository, and {len(arns)} are named"
        raise InvalidInput("minimal_policy", fact, "write one policy for each")
    if purpose == "report":
        fact = "a report also reads settings of the registry, which no repository policy can allow"
        raise InvalidInput("minimal_policy", fact, "leave principal out and attach the identity policy")
    if principal.kind is PrincipalKind.ANONYMOUS:
        raise InvalidInput("minimal_policy", "principal '*' is everybody", "name accounts, roles or users")
    statement: dict[str, Any] = {"Sid": purpose.capitalize(), "Effect": "Allow"}
    if principal.kind is PrincipalKind.SERVICE:
        owner = source_account or arns[0].account_id
        statement |= {"Principal": {"Service": principal.arn}, "Action": _for_service(purpose, principal)}
        statement["Condition"] = {"StringLike": {"aws:SourceArn": _functions(arns[0], owner)}}
        notes: tuple[str, ...] = (f"Only functions of account {owner} in {arns[0].region} are pulled for.",)
    else:
        statement |= {"Principal": {"AWS": principal.arn}, "Action": list(PURPOSES[purpose])}
        notes = _notes_for(purpose, principal, arns[0])
    return MinimalPolicy(purpose, PolicyKind.REPOSITORY, _text([statement]), notes)


def _for_service(purpose: str, principal: Principal) -> list[str]:
    if principal.arn != _LAMBDA or purpose != "pull":
        fact = f"no source is known for what {principal.arn} needs to {purpose}"
        raise InvalidInput("minimal_policy", fact, f"name an ARN, or {_LAMBDA!r} to pull")
    return list(PULL)


def _functions(arn: RepositoryArn, account_id: str) -> str:
    if not _ACCOUNT.fullmatch(account_id):
        raise InvalidInput("minimal_policy(source_account=…)", f"{account_id!r} is not twelve digits", "quote them")
    partition = str(arn).split(":")[1]
    return f"arn:{partition}:lambda:{arn.region}:{account_id}:function:*"


def _notes_for(purpose: str, principal: Principal, arn: RepositoryArn) -> tuple[str, ...]:
    login = f"The caller also needs `{LOGIN[0]}` on `*` from an identity policy: no repository policy can give it."
    if principal.account_id == arn.account_id and principal.kind is not PrincipalKind.ROOT:
        return (login,)
    both = f"Account {principal.account_id} has to allow its people to {purpose} as well: `minimal_policy` without "
    return login, f"{both}`principal` writes that policy."


def _text(statements: Sequence[dict[str, Any]]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)}, indent=2)
