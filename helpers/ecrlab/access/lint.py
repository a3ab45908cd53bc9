"""Look through a legal policy for what its author may not have meant: doors left open, statements without effect."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from ecrlab.access.document import parse
from ecrlab.access.findings import Finding, Findings
from ecrlab.access.lint_documents import DOCUMENT_CHECKS
from ecrlab.access.lint_statements import STATEMENT_CHECKS, Scope
from ecrlab.access.policy import Policy, PolicyKind
from ecrlab.errors import InvalidInput
from ecrlab.naming import RepositoryArn

__all__ = ["lint"]


def lint(
    document: str | Mapping[str, Any] | Policy,
    kind: PolicyKind,
    *,
    owner_account: str | None = None,
    repository_arn: str | None = None,
    trusted: Collection[str] = (),
) -> Findings:
    """Find what is legal but unwise in a policy, or has no effect.

    A finding is about the text alone: what another policy adds or takes away is a matter for ``decide``.

    Args:
        document: JSON text, a mapping, or a policy that has been parsed.
        kind: Where the document hangs.
        owner_account: The account of the registry; taken from ``repository_arn`` if that is given.
        repository_arn: The repository that a repository policy belongs to.
        trusted: Accounts beside the owner's that may be let in; if given, any other is a finding.

    Returns:
        The findings, the worst first, then in the order of the document.

    Raises:
        InvalidPolicy: AWS would not accept the document.
        InvalidName: ``repository_arn`` is no repository's ARN.
        InvalidInput: The parsed policy is of another kind.
    """
    policy = document if isinstance(document, Policy) else parse(document, kind)
    if policy.kind is not kind:
        raise InvalidInput(policy.title, f"it is no {kind.words}", f"lint it as {policy.kind}")
    owner = RepositoryArn.parse(repository_arn).account_id if repository_arn else owner_account
    found = _findings(policy, Scope(kind, owner, repository_arn, frozenset(trusted)))
    return Findings(sorted(found, key=lambda finding: (finding.severity.rank, finding.statement)))


def _findings(policy: Policy, scope: Scope) -> Iterator[Finding]:
    for statement in policy:
        for check_statement in STATEMENT_CHECKS:
            yield from check_statement(statement, scope)
    for check_document in DOCUMENT_CHECKS:
        yield from check_document(policy, scope)
