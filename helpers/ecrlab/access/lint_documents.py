"""Findings that take the whole document: what its statements give together, and what they forget."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ecrlab.access.actions import LOGIN, PULL, PUSH
from ecrlab.access.findings import Code, Finding, Severity
from ecrlab.access.lint_statements import Scope, about_services, elsewhere_only, finding
from ecrlab.access.policy import Effect, NamedPrincipal, Policy, PolicyKind, Statement
from ecrlab.access.reach import allowed, covers, is_account, is_anyone

__all__ = ["DOCUMENT_CHECKS"]

_IMAGE_KINDS = frozenset({PolicyKind.IDENTITY, PolicyKind.REPOSITORY})


def audiences(policy: Policy) -> Iterator[list[Statement]]:
    """Yield the Allow statements that reach the same principals; in an identity policy that is all of them."""
    allowing = [statement for statement in policy if statement.effect is Effect.ALLOW]
    if not policy.kind.names_principals:
        if allowing:
            yield allowing
        return
    for principal in dict.fromkeys(principal for statement in allowing for principal in statement.principals):
        yield [statement for statement in allowing if _reaches(statement, principal)]


def _reaches(statement: Statement, principal: NamedPrincipal) -> bool:
    return any(named == principal or is_anyone(named) for named in statement.principals)


def halves(policy: Policy, scope: Scope) -> Iterator[Finding]:
    """Some of the actions of a pull or a push without the others, for the same principals."""
    if scope.kind not in _IMAGE_KINDS:
        return
    found: dict[tuple[Code, int], Finding] = {}
    for statements in audiences(policy):
        for half in _halves(statements):
            found.setdefault((half.code, half.statement), half)
    yield from found.values()


def _halves(statements: list[Statement]) -> Iterator[Finding]:
    pull, push = allowed(statements, PULL), allowed(statements, PUSH)
    writes = push - {PUSH[0]}
    retags = writes == {"ecr:PutImage"} and "ecr:BatchGetImage" in pull  # a manifest read and stored under another tag
    if writes and not retags and len(push) < len(PUSH):
        yield _half(Code.HALF_PUSH, "push", statements, PUSH, push)
    if pull and not writes and len(pull) < len(PULL):
        yield _half(Code.HALF_PULL, "pull", statements, PULL, pull)


def _half(code: Code, word: str, statements: list[Statement], chain: tuple[str, ...], there: frozenset[str]) -> Finding:
    missing = [action for action in chain if action not in there]
    first = next(s for s in statements if s.effect is Effect.ALLOW and any(covers(s, action) for action in there))
    return finding(
        code,
        first,
        "Action",
        f"A {word} takes {len(chain)} actions and the document gives {len(there)} of them: "
        f"it fails at {missing[0]} unless another policy allows that.",
        f"add {', '.join(missing)}",
    )


def no_login(policy: Policy, scope: Scope) -> Iterator[Finding]:
    """An identity policy for pulls or pushes without the login."""
    if scope.kind is not PolicyKind.IDENTITY or allowed(policy, LOGIN):
        return
    for statement in policy:
        if statement.effect is Effect.ALLOW and any(covers(statement, action) for action in (*PULL, *PUSH[1:])):
            yield finding(
                Code.NO_LOGIN,
                statement,
                "Action",
                "The document lets its holder move images but not log in; a client needs a token first.",
                'allow ecr:GetAuthorizationToken on "Resource": "*", here or in another policy of the holder',
                Severity.NOTE,
            )
            return


def locked_out(policy: Policy, scope: Scope) -> Iterator[Finding]:
    """Denies that together leave nobody who may change or remove a repository policy."""
    if scope.kind is not PolicyKind.REPOSITORY:
        return
    denies = [statement for statement in policy if _denies_the_owner(statement, scope)]
    needed = ("ecr:SetRepositoryPolicy", "ecr:DeleteRepositoryPolicy")
    if not all(any(covers(statement, action) for statement in denies) for action in needed):
        return
    last = next(s for s in denies if any(covers(s, action) for action in needed))
    networks = [condition for condition in last.conditions if elsewhere_only(condition)]
    if networks:
        sentence = (
            f"Whoever does not come from where `{networks[0].key}` says is refused everything needed to change this "
            "policy, the owner's administrators included: a wrong value, or a network that is gone, locks all out."
        )
    else:
        sentence = "The Deny spares nobody: not even the owner's administrators may change or remove this policy."
    yield finding(
        Code.OWNER_LOCKED_OUT,
        last,
        "",
        sentence,
        "deny only the actions on images, or spare an administrator: ArnNotLike on aws:PrincipalArn",
        Severity.DANGER,
    )


def _denies_the_owner(statement: Statement, scope: Scope) -> bool:
    everybody = any(
        is_anyone(principal) or (is_account(principal) and scope.owner is not None and scope.owner in principal.name)
        for principal in statement.principals
    )
    spares = any(not (elsewhere_only(condition) or about_services(condition)) for condition in statement.conditions)
    return statement.effect is Effect.DENY and everybody and not spares


def same_sid(policy: Policy, _: Scope) -> Iterator[Finding]:
    """Two statements of one name."""
    seen: set[str] = set()
    for statement in policy:
        if statement.sid and statement.sid in seen:
            yield finding(
                Code.DUPLICATE_SID,
                statement,
                "Sid",
                f"{statement.sid!r} is the name of another statement, too; a report cannot tell them apart.",
                "give each statement a Sid of its own",
            )
        seen.add(statement.sid)


def replication(policy: Policy, scope: Scope) -> Iterator[Finding]:
    """A registry policy that lets images in but cannot make the repositories for them."""
    if scope.kind is not PolicyKind.REGISTRY:
        return
    for statements in audiences(policy):
        given = allowed(statements, ("ecr:ReplicateImage", "ecr:CreateRepository"))
        if given == {"ecr:ReplicateImage"}:
            yield finding(
                Code.REPLICATION_INTO_EXISTING,
                next(s for s in statements if covers(s, "ecr:ReplicateImage")),
                "Action",
                "Images are replicated only into repositories that exist here already.",
                "add ecr:CreateRepository if the others should be made",
                Severity.NOTE,
            )


DOCUMENT_CHECKS: tuple[Callable[[Policy, Scope], Iterator[Finding]], ...] = (
    halves,
    no_login,
    locked_out,
    same_sid,
    replication,
)
