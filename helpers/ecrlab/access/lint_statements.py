"""Findings that one statement is enough for. Each check yields findings about one statement of one policy."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches

from ecrlab.access.actions import ACTIONS, LOGIN, PULL, PUSH
from ecrlab.access.condition_keys import condition_key, nearest_key
from ecrlab.access.findings import Code, Finding, Severity
from ecrlab.access.matching import arn_matcher, matcher
from ecrlab.access.policy import Condition, Effect, PolicyKind, Quantifier, Statement
from ecrlab.access.reach import (
    account_of,
    concerns_ecr_only,
    covers,
    everything,
    is_account,
    is_anyone,
    names,
    narrowed_to_somebody,
    narrowed_to_source,
    network_of,
    without_variables,
)

__all__ = ["STATEMENT_CHECKS", "Scope", "finding"]

RESOURCE_KINDS = frozenset({PolicyKind.REPOSITORY, PolicyKind.REGISTRY})
GRANTING_KINDS = frozenset({PolicyKind.IDENTITY, *RESOURCE_KINDS})
CHANGES = (
    "ecr:SetRepositoryPolicy",
    "ecr:DeleteRepositoryPolicy",
    "ecr:DeleteRepository",
    "ecr:BatchDeleteImage",
    "ecr:PutLifecyclePolicy",
    "ecr:PutRegistryPolicy",
    "ecr:DeleteRegistryPolicy",
)
POLICY_CHANGES = CHANGES[:3]


@dataclass(frozen=True, slots=True)
class Scope:
    """What is known about the place of a policy.

    Args:
        kind: Where it hangs.
        owner: The account of the registry, if known.
        repository_arn: The repository of a repository policy, if known.
        trusted: Accounts that may be let in; empty if nobody said.
    """

    kind: PolicyKind
    owner: str | None = None
    repository_arn: str | None = None
    trusted: frozenset[str] = frozenset()


Check = Callable[[Statement, Scope], Iterator[Finding]]


def finding(
    code: Code, statement: Statement, element: str, sentence: str, way_out: str, severity: Severity = Severity.CAUTION
) -> Finding:
    """Make a finding about an element of a statement; an empty element is the statement itself."""
    place = statement.place + (f".{element}" if element else "")
    return Finding(code, place, statement.index, sentence, way_out, severity)


# Open to too many ----------------------------------------------------------------------------------------------------


def open_to_anyone(statement: Statement, scope: Scope) -> Iterator[Finding]:
    """An Allow for ``*`` that no condition narrows to somebody."""
    anyone = any(is_anyone(principal) for principal in statement.principals)
    if (
        scope.kind not in RESOURCE_KINDS
        or statement.effect is Effect.DENY
        or not anyone
        or narrowed_to_somebody(statement.conditions)
    ):
        return
    why = "and no condition says who or from where" if statement.conditions else "and there is no condition"
    who = f'Principal "*" is any principal of any AWS account, {why}'
    way_out = "name accounts, roles or users in Principal, or require aws:PrincipalOrgID"
    reached = False
    for code, actions, what, severity in (
        (Code.PUBLIC_PUSH, PUSH[1:], "push images here", Severity.DANGER),
        (Code.PUBLIC_CHANGE, CHANGES, "delete things or change policies here", Severity.DANGER),
        (Code.PUBLIC_PULL, PULL, "pull from here", Severity.DANGER),
    ):
        if any(covers(statement, action) for action in actions):
            reached = True
            yield finding(code, statement, "Principal", f"{who}: strangers can {what}.", way_out, severity)
    if not reached:
        yield finding(
            Code.PUBLIC_READ, statement, "Principal", f"{who}: strangers can call the actions listed.", way_out
        )


def every_action(statement: Statement, scope: Scope) -> Iterator[Finding]:
    """``ecr:*`` or ``*`` in an Allow: more than anybody listed by name, and every action that ECR will ever have."""
    if scope.kind not in (PolicyKind.IDENTITY, PolicyKind.REPOSITORY) or statement.effect is Effect.DENY:
        return
    for number, pattern in enumerate(statement.actions):
        if everything(pattern):
            login = "; login is still not among them, since it needs an identity policy"
            yield finding(
                Code.EVERY_ACTION,
                statement,
                f"Action[{number}]",
                f"`{pattern}` also allows to delete images and to change policies, and whatever action ECR gets "
                f"next{login if scope.kind is PolicyKind.REPOSITORY else ''}.",
                "list the actions that are needed: two for a pull, five for a push",
            )


def inverted(statement: Statement, scope: Scope) -> Iterator[Finding]:
    """``NotAction`` in an Allow, ``NotPrincipal`` in a Deny."""
    if statement.not_actions and statement.effect is Effect.ALLOW and scope.kind in GRANTING_KINDS:
        yield finding(
            Code.NOT_ACTION_ALLOW,
            statement,
            "NotAction",
            "An Allow with NotAction grants every action that it does not list, those of the future included.",
            "list in Action what is needed",
            Severity.DANGER,
        )
    if statement.not_principals:
        yield finding(
            Code.NOT_PRINCIPAL,
            statement,
            "NotPrincipal",
            "NotPrincipal spares only the exact names listed: a role's sessions and their account have to be listed, "
            "too, and a principal with a permissions boundary is refused even if it is.",
            'write Principal "*" with a condition ArnNotLike on aws:PrincipalArn',
        )


def services(statement: Statement, scope: Scope) -> Iterator[Finding]:
    """A service that may come on anybody's behalf, or that may change the policy."""
    if scope.kind not in RESOURCE_KINDS or statement.effect is Effect.DENY:
        return
    for principal in statement.principals:
        if principal.type != "Service":
            continue
        if not narrowed_to_source(statement.conditions):
            yield _unguarded_service(statement, principal.name)
        if any(covers(statement, action) for action in POLICY_CHANGES):
            yield finding(
                Code.SERVICE_CHANGES_POLICY,
                statement,
                "Action",
                f"`{principal.name}` may change or remove this policy, which no pull needs. The Lambda console writes "
                "statements like this.",
                "leave SetRepositoryPolicy and DeleteRepositoryPolicy out",
                Severity.NOTE,
            )


def _unguarded_service(statement: Statement, service: str) -> Finding:
    if service == "lambda.amazonaws.com":
        return finding(
            Code.LAMBDA_ANY_FUNCTION,
            statement,
            "Principal",
            "Any function of any account may be made from this image: Lambda is let in whoever it works for.",
            "add a condition on aws:SourceArn (your functions) or aws:SourceAccount (your account)",
        )
    return finding(
        Code.CONFUSED_DEPUTY,
        statement,
        "Principal",
        f"`{service}` is let in whoever it works for, so that a stranger can send it (the confused deputy).",
        "add conditions on aws:SourceArn and aws:SourceAccount",
    )


def accounts(statement: Statement, scope: Scope) -> Iterator[Finding]:
    """Whole accounts, accounts that nobody trusts, and others that may change the policy."""
    if scope.kind not in RESOURCE_KINDS or statement.effect is Effect.DENY:
        return
    for principal in statement.principals:
        account = account_of(principal)
        if account is None:
            continue
        if is_account(principal):
            yield _delegation(statement, account, scope)
        if account == scope.owner:
            continue
        if scope.trusted and account not in scope.trusted:
            yield finding(
                Code.UNTRUSTED_ACCOUNT,
                statement,
                "Principal",
                f"Account {account} is let in, and it is not among those you trust.",
                f"remove `{principal.name}`, or add the account to the trusted ones",
                Severity.DANGER,
            )
        if is_account(principal) and any(covers(statement, action) for action in POLICY_CHANGES):
            yield finding(
                Code.OTHERS_CHANGE_POLICY,
                statement,
                "Action",
                f"Whoever administers account {account} may change this policy or delete the repository.",
                "leave the policy and delete actions to the owner's own identity policies",
            )


def _delegation(statement: Statement, account: str, scope: Scope) -> Finding:
    if account == scope.owner:
        sentence = (
            f"The root of {account} stands for your whole account and only delegates: everybody in it still needs an "
            "identity policy that allows the action, and with one would not need this statement."
        )
    else:
        sentence = (
            f"The root of {account} stands for the whole account and only delegates: its administrators decide, by "
            "identity policies, which of its users and roles may use this."
        )
    return finding(
        Code.ROOT_DELEGATES,
        statement,
        "Principal",
        sentence,
        "name a role or a user if not the whole account is meant",
        Severity.NOTE,
    )


# Without the effect that it seems to have ----------------------------------------------------------------------------


def scoped_actions(statement: Statement, scope: Scope) -> Iterator[Finding]:
    """Actions without a resource type in a statement that names resources: the statement never grants them."""
    if scope.kind is PolicyKind.REPOSITORY or statement.effect is Effect.DENY or not statement.resources:
        return
    if any(arn_matcher((without_variables(pattern),), complete=True)("*") for pattern in statement.resources):
        return
    for number, pattern in enumerate(statement.actions):
        named = [a for a in ACTIONS.values() if names([pattern], a.qualified)]
        if not named or any(action.takes_repository for action in named):
            continue
        login = pattern.lower() == LOGIN[0].lower()
        yield finding(
            Code.LOGIN_SCOPED if login else Code.NEEDS_ALL_RESOURCES,
            statement,
            f"Action[{number}]",
            f"`{pattern}` has no resource type: it belongs to no repository, so a statement that names one never "
            f"grants it{', and docker login fails' if login else ''}.",
            'give it a statement of its own with "Resource": "*"',
            Severity.MISTAKE,
        )


def no_effect_here(statement: Statement, scope: Scope) -> Iterator[Finding]:
    """Actions in a repository policy that do not act on a repository."""
    if scope.kind is not PolicyKind.REPOSITORY:
        return
    for number, pattern in enumerate(statement.actions):
        named = [a for a in ACTIONS.values() if names([pattern], a.qualified)]
        if named and not any(action.takes_repository for action in named):
            yield finding(
                Code.NO_EFFECT_HERE,
                statement,
                f"Action[{number}]",
                f"`{pattern}` is not about a repository, so a repository policy neither grants nor refuses it.",
                'put it into an identity policy, with "Resource": "*"',
                Severity.MISTAKE,
            )


def unknown_actions(statement: Statement, scope: Scope) -> Iterator[Finding]:
    """Patterns that fit no action of ECR, and actions of other services where only ECR's can act."""
    element = "NotAction" if statement.not_actions else "Action"
    for number, pattern in enumerate(statement.not_actions or statement.actions):
        service, _, name = pattern.partition(":")
        place = f"{element}[{number}]"
        if service.lower() == "ecr":
            if not any(names([pattern], action.qualified) for action in ACTIONS.values()):
                yield _unknown_action(statement, place, pattern, name)
        elif scope.kind in RESOURCE_KINDS and not matcher((service,), ignore_case=True)("ecr"):
            yield finding(
                Code.FOREIGN_ACTION,
                statement,
                place,
                f"`{pattern}` is no action of ECR, and nothing else is ever asked of a {scope.kind.words}.",
                f"write ecr:{name}" if name in ACTIONS else "remove it",
                Severity.MISTAKE,
            )


def _unknown_action(statement: Statement, place: str, pattern: str, name: str) -> Finding:
    by_lowered = {known.lower(): known for known in ACTIONS}
    close = get_close_matches(name.lower().strip("*"), by_lowered, n=1, cutoff=0.6)
    way_out = f"did you mean ecr:{by_lowered[close[0]]}?" if close else "take a name from ecrlab.access.ACTIONS"
    return finding(
        Code.UNKNOWN_ACTION,
        statement,
        place,
        f"`{pattern}` fits none of the {len(ACTIONS)} actions of ECR, so it does nothing.",
        way_out,
        Severity.MISTAKE,
    )


def resources(statement: Statement, scope: Scope) -> Iterator[Finding]:
    """Resource patterns that no repository, or not this one, can fit."""
    if scope.kind not in RESOURCE_KINDS and not concerns_ecr_only(statement):
        return
    for number, pattern in enumerate(statement.resources):
        why = _never_matches(without_variables(pattern), scope)
        if why:
            fact, way_out = why
            yield finding(
                Code.RESOURCE_NEVER_MATCHES,
                statement,
                f"Resource[{number}]",
                f"`{pattern}` {fact}, so the statement never applies through it.",
                way_out,
                Severity.MISTAKE,
            )


def implied_resource(statement: Statement, scope: Scope) -> Iterator[Finding]:
    """A resource in a repository policy, which belongs to one repository anyway."""
    if scope.kind is PolicyKind.REPOSITORY and (statement.resources or statement.not_resources):
        yield finding(
            Code.RESOURCE_IS_IMPLIED,
            statement,
            "Resource" if statement.resources else "NotResource",
            "The policy belongs to one repository, so a resource adds nothing. AWS's own examples have it with and "
            "without, and in 2019 ECR still refused it.",
            "leave it out",
            Severity.NOTE,
        )


def _never_matches(pattern: str, scope: Scope) -> tuple[str, str] | None:
    """Say why no repository fits a pattern and what to write; ``None`` if one can."""
    form = "write arn:aws:ecr:<region>:<account>:repository/<name>"
    parts = pattern.split(":", 5)
    if not pattern.strip("*") or len(parts) < 6:
        return None
    _, _, service, region, account, rest = parts
    if not matcher((service,))("ecr"):
        return f"names service {service!r} and repositories are of service 'ecr'", form
    if not region or not account:
        return f"leaves out the {'account' if region else 'region'}, which every repository's ARN has", form
    literal = re.split(r"[*?]", rest, maxsplit=1)[0]
    wild = literal != rest
    if not (literal.startswith("repository/") or (wild and "repository/".startswith(literal))):
        return "lacks 'repository/' before the name", form
    name = rest.removeprefix("repository/")
    if ":" in name or "@" in name:
        return "names a tag or a digest, and the smallest resource of ECR is the repository", "end it after the name"
    if not name or name != name.lower():
        return ("names no repository", form) if not name else ("has capitals, which no repository has", form)
    return _elsewhere(pattern, account, scope)


def _elsewhere(pattern: str, account: str, scope: Scope) -> tuple[str, str] | None:
    if scope.kind is PolicyKind.REPOSITORY and scope.repository_arn:
        if not arn_matcher((pattern,), complete=True)(scope.repository_arn):
            return "is another repository than the one that the policy belongs to", "leave Resource out"
    elif scope.kind in RESOURCE_KINDS and scope.owner and not matcher((account,))(scope.owner):
        return "is in another account's registry", f"write account {scope.owner}"
    return None


# Conditions ----------------------------------------------------------------------------------------------------------


def condition_keys(statement: Statement, scope: Scope) -> Iterator[Finding]:
    """Keys that ECR never supplies, or never with these actions, or never for these principals."""
    if scope.kind not in RESOURCE_KINDS and not concerns_ecr_only(statement):
        return
    for condition in statement.conditions:
        why = _never_supplied(condition, statement, scope)
        if why:
            fact, way_out = why
            yield finding(
                Code.KEY_NEVER_SUPPLIED,
                statement,
                _condition_place(condition),
                f"{fact}; {_on_absence(condition)}.",
                way_out,
                Severity.MISTAKE,
            )


def _never_supplied(condition: Condition, statement: Statement, scope: Scope) -> tuple[str, str] | None:
    known = condition_key(condition.key)
    if known is None:
        near = nearest_key(condition.key)
        return f"No request to ECR carries `{condition.key}`", f"did you mean {near}?" if near else "remove it"
    if not any(covers(statement, action) for action in known.actions):
        carriers = sorted(known.actions) if len(known.actions) < 5 else ["actions on a repository"]
        fact = f"`{condition.key}` comes only with {', '.join(carriers)}, which the statement is not about"
        return fact, "give the condition a statement of its own, with those actions"
    people = [p for p in statement.principals if p.type == "AWS" and not is_anyone(p)]
    if (
        known.name in ("aws:SourceArn", "aws:SourceAccount")
        and scope.kind is PolicyKind.REPOSITORY
        and people
        and len(people) == len(statement.principals)
    ):
        fact = f"`{condition.key}` comes with calls that a service makes itself, not with those of users and roles"
        return fact, "use aws:PrincipalArn or aws:PrincipalAccount for users and roles"
    return None


def _on_absence(condition: Condition) -> str:
    if condition.operator == "Null":
        return f"`Null` with {condition.values[0]} then always {'holds' if condition.values[0] == 'true' else 'fails'}"
    if condition.if_exists or condition.quantifier is Quantifier.ALL:
        return f"`{condition.written}` holds for an absent key, so the condition limits nothing"
    if "Not" in condition.operator:
        return f"`{condition.written}` is negated and holds for an absent key, so the condition always holds"
    return "an absent key fits nothing, so the statement never applies"


def _condition_place(condition: Condition) -> str:
    return f"Condition.{condition.written}.{condition.key}"


_EXACT = frozenset({"StringEquals", "StringNotEquals", "StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase"})


def condition_values(statement: Statement, _: Scope) -> Iterator[Finding]:
    """Values that no request has: wildcards under an exact operator, sessions as principals, private addresses."""
    for condition in statement.conditions:
        outcome = "the condition always holds" if "Not" in condition.operator else "the condition never holds"
        for value in condition.values:
            why = _hopeless(condition, value, statement)
            if why:
                code, fact, way_out = why
                yield finding(
                    code, statement, _condition_place(condition), f"{fact}: {outcome}.", way_out, Severity.MISTAKE
                )


def _hopeless(condition: Condition, value: str, statement: Statement) -> tuple[Code, str, str] | None:
    key, operator = condition.key.lower(), condition.operator
    text = re.sub(r"\$\{[^{}]*\}", "", value) if statement.variables else value
    if operator in _EXACT and ("*" in text or "?" in text):
        like = operator.replace("EqualsIgnoreCase", "Equals").replace("Equals", "Like")
        fact = f"`{operator}` compares letter by letter, and `{value}` has a wildcard that it takes as a letter"
        return Code.WILDCARD_IS_LITERAL, fact, f"use {like}"
    if key == "aws:principalarn" and ":assumed-role/" in value:
        fact = f"For a role's session aws:PrincipalArn is the role's ARN, and `{value}` is a session's"
        return Code.VALUE_NEVER_MATCHES, fact, "write arn:aws:iam::<account>:role/<role>"
    if key == "aws:sourceip" and operator in ("IpAddress", "NotIpAddress"):
        network = network_of(value)
        if network is not None and network.is_private and not network.is_loopback and _is_rfc1918(value):
            fact = f"`{condition.key}` is the public address of a request, and `{value}` is private"
            return Code.PRIVATE_ADDRESS, fact, "use aws:VpcSourceIp or aws:SourceVpce for traffic out of a VPC"
    return None


def _is_rfc1918(value: str) -> bool:
    """Whether an address is of the ranges for private use; Python calls the ranges for documentation private, too."""
    return re.match(r"10\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.|f[cd][0-9a-f]{2}:", value.lower()) is not None


def weak_guards(statement: Statement, scope: Scope) -> Iterator[Finding]:
    """Conditions of an Allow that hold whenever their key is absent."""
    if statement.effect is Effect.DENY or scope.kind not in GRANTING_KINDS:
        return
    required = {c.key.lower() for c in statement.conditions if c.operator == "Null" and c.values == ("false",)}
    for condition in statement.conditions:
        known = condition_key(condition.key)
        if condition.key.lower() in required or condition.operator == "Null" or (known and known.always):
            continue
        if condition.if_exists and "Not" not in condition.operator:
            yield finding(
                Code.IF_EXISTS_GUARD,
                statement,
                _condition_place(condition),
                f"`{condition.written}` lets every request through that does not carry `{condition.key}`.",
                f"use {condition.operator} if the key is what keeps others out",
            )
        elif condition.quantifier is Quantifier.ALL:
            yield finding(
                Code.FOR_ALL_VALUES_GUARD,
                statement,
                _condition_place(condition),
                f"`ForAllValues` also holds for a request that does not carry `{condition.key}` at all.",
                f'add "Null": {{"{condition.key}": "false"}}, or use ForAnyValue',
            )


def plain_variables(statement: Statement, _: Scope) -> Iterator[Finding]:
    """Variables in a document whose version does not know them."""
    if statement.variables:
        return
    texts = [*statement.resources, *statement.not_resources, *(v for c in statement.conditions for v in c.values)]
    written = next((text for text in texts if re.search(r"\$\{[^{}]+\}", text)), None)
    if written:
        yield finding(
            Code.VARIABLE_IS_LITERAL,
            statement,
            "",
            f"`{written}` is taken letter by letter: without a Version, or with 2008-10-17, there are no variables.",
            'write "Version": "2012-10-17"',
            Severity.MISTAKE,
        )


# Refuses more than it seems to ---------------------------------------------------------------------------------------


def registry_wide(statement: Statement, scope: Scope) -> Iterator[Finding]:
    """What a registry policy should not say, since it is asked about every request."""
    if scope.kind is not PolicyKind.REGISTRY:
        return
    deny = statement.effect is Effect.DENY
    for number, pattern in enumerate(statement.actions):
        if everything(pattern) and not deny:
            yield finding(
                Code.REGISTRY_EVERY_ACTION,
                statement,
                f"Action[{number}]",
                f"`{pattern}` in a registry policy reaches every action on every repository of the region.",
                "name the actions, usually ecr:ReplicateImage and ecr:CreateRepository",
            )
    if deny and covers(statement, "ecr:PutRegistryScanningConfiguration"):
        yield finding(
            Code.REGISTRY_DENY_HITS_INSPECTOR,
            statement,
            "Action",
            "The Deny includes ecr:PutRegistryScanningConfiguration, which Amazon Inspector uses for enhanced scans.",
            "name in the Deny only the actions that it is about",
        )
    if any(condition.key.lower() == "aws:sourceip" for condition in statement.conditions):
        yield finding(
            Code.REGISTRY_ADDRESS_FILTER,
            statement,
            "Condition",
            "A registry policy is asked about every request, so an address filter in it also meets callers with IPv6 "
            "and Amazon Inspector.",
            "filter addresses in the policies of the repositories that need it",
        )


_NETWORK = frozenset({"aws:sourceip", "aws:sourcevpc", "aws:sourcevpce", "aws:sourcevpcarn", "aws:vpcsourceip"})
_BY_A_SERVICE = frozenset({"aws:viaawsservice", "aws:principalisawsservice", "aws:calledvia"})


def elsewhere_only(condition: Condition) -> bool:
    """Whether a condition of a Deny holds for whoever comes from elsewhere: ``NotIpAddress``, not this endpoint."""
    return condition.key.lower() in _NETWORK and "Not" in condition.operator


def about_services(condition: Condition) -> bool:
    """Whether a condition tells calls of AWS services from those of people."""
    return condition.key.lower() in _BY_A_SERVICE


def denied_services(statement: Statement, scope: Scope) -> Iterator[Finding]:
    """A Deny for other networks that forgets the AWS services that work for the owner."""
    anyone = any(is_anyone(principal) for principal in statement.principals)
    if scope.kind not in RESOURCE_KINDS or statement.effect is Effect.ALLOW or not anyone:
        return
    network = [condition for condition in statement.conditions if elsewhere_only(condition)]
    if network and not any(about_services(condition) for condition in statement.conditions):
        condition = network[0]
        yield finding(
            Code.DENY_HITS_SERVICES,
            statement,
            _condition_place(condition),
            f"A call that an AWS service makes for you does not come from there, and may carry no `{condition.key}` at "
            f"all; `{condition.written}` holds then, so Lambda, for one, is refused.",
            'add "Bool": {"aws:PrincipalIsAWSService": "false", "aws:ViaAWSService": "false"}',
        )


def misleading_sid(statement: Statement, _: Scope) -> Iterator[Finding]:
    """A Sid that says the opposite of the effect."""
    opposite = "deny" if statement.effect is Effect.ALLOW else "allow"
    if opposite in statement.sid.lower():
        yield finding(
            Code.SID_CONTRADICTS,
            statement,
            "Sid",
            f"The Sid says {opposite} and the effect is {statement.effect}.",
            "rename the statement",
            Severity.NOTE,
        )


STATEMENT_CHECKS: tuple[Check, ...] = (
    open_to_anyone,
    every_action,
    inverted,
    services,
    accounts,
    scoped_actions,
    no_effect_here,
    unknown_actions,
    resources,
    implied_resource,
    condition_keys,
    condition_values,
    weak_guards,
    plain_variables,
    registry_wide,
    denied_services,
    misleading_sid,
)
