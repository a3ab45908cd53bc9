"""Requests to ECR made from a seed, with every layer of policies that can decide them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

OWNER, STRANGER = "111122223333", "444455556666"
REPOSITORY = f"arn:aws:ecr:us-east-1:{OWNER}:repository/team/api"
ON_THE_REPOSITORY = ("BatchGetImage", "GetDownloadUrlForLayer", "PutImage", "BatchDeleteImage", "CreateRepository")
ON_NOTHING = ("GetAuthorizationToken", "PutAccountSetting", "DescribeRegistry")

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Case:
    """One request and the documents that decide it.

    Args:
        number: Its place in the run; the same seed gives the same cases.
        principal: An ARN, a service such as ``lambda.amazonaws.com``, or ``*`` for nobody in particular.
        action: ``ecr:BatchGetImage``.
        resource: A repository's ARN, or ``*``.
        context: Every condition key of the request, those of the principal included.
        layers: Documents by layer: identity, repository, boundary, session, endpoint; scps and rcps, one per level of
            the organization. Beside each RCP stands AWS's own, which allows everything.
    """

    number: int
    principal: str
    action: str
    resource: str
    context: Mapping[str, str | Sequence[str]]
    layers: Mapping[str, list[Document]] = field(default_factory=dict)

    @property
    def account(self) -> str:
        """The caller's account; empty for services and anonymous callers."""
        return account_of(self.principal)

    @property
    def resource_account(self) -> str:
        """The account that is asked: the owner of the repository, or the caller's own if there is none."""
        return OWNER if self.resource != "*" or not self.account else self.account

    def statements(self, *layers: str) -> Iterator[Document]:
        """Yield the statements of some layers, or of all."""
        for layer in layers or self.layers:
            for document in self.layers.get(layer, ()):
                yield from document["Statement"]


# Who asks ------------------------------------------------------------------------------------------------------------

PRINCIPALS = (
    f"arn:aws:iam::{OWNER}:user/ana",
    f"arn:aws:sts::{OWNER}:assumed-role/deploy/build-7",
    f"arn:aws:iam::{STRANGER}:user/ana",
    f"arn:aws:sts::{STRANGER}:assumed-role/deploy/build-7",
    f"arn:aws:sts::{OWNER}:federated-user/ana",
    f"arn:aws:iam::{OWNER}:root",
    f"arn:aws:iam::{STRANGER}:root",
    "lambda.amazonaws.com",
    "*",
)
OFTEN = (8, 8, 7, 7, 2, 1, 1, 2, 1)


def account_of(principal: str) -> str:
    """Return the account of an ARN; empty for services and anonymous callers."""
    return principal.split(":")[4] if principal.startswith("arn:") else ""


def role_of(principal: str) -> str:
    """Return the ARN of the role that a session of ours belongs to."""
    return f"arn:aws:iam::{account_of(principal)}:role/deploy"


def _context(random: Random, principal: str, action: str) -> dict[str, str | list[str]]:
    context: dict[str, str | list[str]] = {"aws:SecureTransport": random.choice(("true", "false"))}
    offered: dict[str, Sequence[str | list[str]]] = {
        "aws:SourceIp": ("203.0.113.7", "198.51.100.20", "2001:db8::7"),
        "aws:SourceVpce": ("vpce-0a1", "vpce-0b2"),
        "aws:CurrentTime": ("2026-11-24T09:00:00Z", "2027-02-01T00:00:00Z"),
    }
    if action in ("ecr:CreateRepository",):
        offered["aws:TagKeys"] = (["team"], ["team", "env"], ["cost", "env"])
        offered["aws:RequestTag/team"] = ("blue", "red")
    if action == "ecr:PutAccountSetting":
        offered["ecr:AccountSetting"] = ("BLOB_MOUNTING", "REGISTRY_POLICY_SCOPE")
    elif action.removeprefix("ecr:") in ON_THE_REPOSITORY:
        offered["aws:ResourceTag/team"] = ("blue", "red", "b*e")
        offered["ecr:ResourceTag/team"] = ("blue", "red")
    if principal.startswith("arn:"):
        is_session = ":assumed-role/" in principal
        context["aws:PrincipalArn"] = role_of(principal) if is_session else principal
        context["aws:PrincipalAccount"] = account_of(principal)
        offered["aws:PrincipalOrgID"] = ("o-own", "o-other")
        offered["aws:PrincipalOrgPaths"] = (["o-own/r-1/ou-1/"], ["o-other/r-9/ou-1/"])
        offered["aws:PrincipalTag/team"] = ("blue", "red", "*", "t?am", "api")
        offered["aws:MultiFactorAuthAge"] = ("60", "7200")
        if ":user/" in principal:
            context["aws:username"] = "ana"
    elif principal != "*":
        offered["aws:SourceArn"] = (f"arn:aws:lambda:us-east-1:{OWNER}:function:web",)
        offered["aws:SourceAccount"] = (OWNER, STRANGER)
    return context | {key: random.choice(values) for key, values in offered.items() if random.random() < 0.6}


# What the policies say -----------------------------------------------------------------------------------------------

WORDS: Mapping[str, Sequence[str]] = {
    "aws:PrincipalTag/team": ("blue", "red", "b*", "${aws:ResourceTag/team}", "${aws:PrincipalTag/none, 'blue'}"),
    "aws:ResourceTag/team": ("blue", "r?d", "${aws:PrincipalTag/team}", "${aws:PrincipalTag/none}", "b${*}e"),
    "ecr:ResourceTag/team": ("blue", "red"),
    "aws:RequestTag/team": ("blue", "${aws:PrincipalTag/team}"),
    "aws:SourceVpce": ("vpce-0a1", "vpce-*", "VPCE-0A1"),
    "aws:PrincipalOrgID": ("o-own", "o-*"),
    "aws:PrincipalAccount": (OWNER, STRANGER),
    "aws:username": ("ana", "a*"),
    "aws:SourceAccount": (OWNER,),
    "ecr:AccountSetting": ("BLOB_MOUNTING",),
}
SEVERAL: Mapping[str, Sequence[str]] = {
    "aws:TagKeys": ("team", "env", "c*"),
    "aws:PrincipalOrgPaths": ("o-own/*", "o-own/r-1/ou-1/", "o-other/*/ou-1/*"),
}
ARNS: Mapping[str, Sequence[str]] = {
    "aws:PrincipalArn": (
        f"arn:aws:iam::{OWNER}:role/deploy",
        "arn:aws:iam::*:role/*",
        f"arn:aws:iam::{STRANGER}:user/ana",
        "arn:aws:iam::*:user/${aws:username}",
    ),
    "aws:SourceArn": (f"arn:aws:lambda:*:{OWNER}:function:*",),
}
STRING_OPERATORS = (
    "StringEquals",
    "StringNotEquals",
    "StringEqualsIgnoreCase",
    "StringNotEqualsIgnoreCase",
    "StringLike",
    "StringNotLike",
)
ARN_OPERATORS = ("ArnEquals", "ArnLike", "ArnNotEquals", "ArnNotLike")
NUMERIC_OPERATORS = (
    "NumericEquals",
    "NumericNotEquals",
    "NumericLessThan",
    "NumericLessThanEquals",
    "NumericGreaterThan",
    "NumericGreaterThanEquals",
)
DATE_OPERATORS = (
    "DateEquals",
    "DateNotEquals",
    "DateLessThan",
    "DateLessThanEquals",
    "DateGreaterThan",
    "DateGreaterThanEquals",
)


def _some(random: Random, values: Sequence[str], most: int = 2) -> str | list[str]:
    chosen = random.sample(values, random.randint(1, min(most, len(values))))
    return chosen[0] if len(chosen) == 1 and random.random() < 0.5 else chosen


def _words(random: Random) -> tuple[str, str, str | list[str]]:
    key = random.choice(list(WORDS))
    return random.choice(STRING_OPERATORS), key, _some(random, WORDS[key])


def _several(random: Random) -> tuple[str, str, str | list[str]]:
    key = random.choice(list(SEVERAL))
    quantifier = random.choice(("ForAllValues:", "ForAnyValue:"))
    return quantifier + random.choice(STRING_OPERATORS), key, _some(random, SEVERAL[key])


def _arns(random: Random) -> tuple[str, str, str | list[str]]:
    key = random.choice(list(ARNS))
    return random.choice((*ARN_OPERATORS, "StringLike", "StringNotLike")), key, _some(random, ARNS[key])


def _address(random: Random) -> tuple[str, str, str | list[str]]:
    ranges = ("203.0.113.0/24", "198.51.100.20", "2001:db8::/32", "0.0.0.0/0")
    return random.choice(("IpAddress", "NotIpAddress")), "aws:SourceIp", _some(random, ranges)


def _number(random: Random) -> tuple[str, str, str | list[str]]:
    return random.choice(NUMERIC_OPERATORS), "aws:MultiFactorAuthAge", _some(random, ("60", "3600"))


def _date(random: Random) -> tuple[str, str, str | list[str]]:
    days = ("2026-11-24T09:00:00Z", "2027-01-01T00:00:00Z", "2026-12-01")
    return random.choice(DATE_OPERATORS), "aws:CurrentTime", _some(random, days, most=1)


def _truth(random: Random) -> tuple[str, str, str | list[str]]:
    return "Bool", "aws:SecureTransport", random.choice(("true", "false"))


def _presence(random: Random) -> tuple[str, str, str | list[str]]:
    return "Null", random.choice([*WORDS, *ARNS]), random.choice(("true", "false"))


KINDS: Sequence[Callable[[Random], tuple[str, str, str | list[str]]]] = (
    *(_words,) * 4,
    *(_several,) * 2,
    *(_arns,) * 2,
    _address,
    _number,
    _date,
    _truth,
    _presence,
)


def _conditions(random: Random) -> Document:
    block: Document = {}
    for _ in range(random.choice((0, 0, 0, 1, 1, 2))):
        operator, key, values = random.choice(KINDS)(random)
        if operator != "Null" and random.random() < 0.2:
            operator += "IfExists"
        key = random.choice((key, key, key, key.lower()))
        block.setdefault(operator, {})[key] = values
    return {"Condition": block} if block else {}


def _actions(random: Random, action: str) -> Document:
    patterns = (action, action, "ecr:*", "*", action.upper(), action[:9] + "*", "ecr:?" + action[5:], "ecr:ListImages")
    element = "Action" if random.random() < 0.85 else "NotAction"
    return {element: _some(random, patterns[:7] if element == "Action" else ("ecr:ListImages", action, "ecr:Put*"))}


def _resources(random: Random, resource: str) -> Document:
    patterns = (
        resource,
        "*",
        "arn:aws:ecr:*:*:repository/*",
        f"arn:aws:ecr:us-east-1:{OWNER}:repository/team/*",
        f"arn:aws:ecr:us-east-1:{OWNER}:repository/${{aws:PrincipalTag/team}}/*",
        "arn:aws:ecr:*:*:repository/team/${aws:PrincipalTag/none, 'api'}",
        f"arn:aws:ecr:eu-west-1:{OWNER}:repository/*",
    )
    element = "Resource" if random.random() < 0.88 else "NotResource"
    return {element: _some(random, patterns if element == "Resource" else patterns[2:])}


def _principals(random: Random, principal: str, effect: str) -> Document:
    account = account_of(principal) or OWNER
    names: list[Any] = ["*", {"AWS": "*"}, {"AWS": f"arn:aws:iam::{account}:root"}, {"AWS": account}]
    names.append({"AWS": [f"arn:aws:iam::{OWNER}:user/ana", f"arn:aws:iam::{STRANGER}:role/deploy"]})
    if principal.startswith("arn:"):
        names += [{"AWS": principal}] * 3
    if ":assumed-role/" in principal:
        names += [{"AWS": role_of(principal)}] * 3
    if not principal.startswith("arn:"):
        names += [{"Service": "lambda.amazonaws.com"}] * 2
    if effect == "Deny" and random.random() < 0.25:
        listed = [f"arn:aws:iam::{account}:root", principal if principal.startswith("arn:") else OWNER]
        return {"NotPrincipal": {"AWS": _some(random, [*listed, f"arn:aws:iam::{OWNER}:user/ben"], most=3)}}
    return {"Principal": random.choice(names)}


def _statement(random: Random, case: Case, layer: str, deny: float) -> Document:
    effect = "Deny" if random.random() < deny else "Allow"
    statement: Document = {"Effect": effect}
    if layer == "repository":
        statement |= _principals(random, case.principal, effect)
    if layer in ("endpoint", "rcps"):
        statement |= {"Principal": "*"}  # all that iam-simulate takes there
    if layer == "rcps":
        actions: Document = {"Action": _some(random, (case.action, "ecr:*", "ecr:Put*"))}
    else:
        actions = _actions(random, case.action)
    return statement | actions | _resources(random, case.resource) | _conditions(random)


def _document(random: Random, case: Case, layer: str, *, statements: int, deny: float = 0.25) -> Document:
    version = "2008-10-17" if random.random() < 0.1 and layer != "rcps" else "2012-10-17"
    return {
        "Version": version,
        "Statement": [_statement(random, case, layer, deny) for _ in range(random.randint(1, statements))],
    }


ALL_FROM_ANYONE = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}],
}
"""What AWS attaches on every level of resource control policies."""

ALL = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}


def _layers(random: Random, case: Case) -> dict[str, list[Document]]:
    person = case.principal.startswith("arn:")
    root = case.principal.endswith(":root")
    layers: dict[str, list[Document]] = {}
    if root:
        layers["identity"] = [ALL]  # what the root of an account may do in it, written out for both sides
    elif person:
        layers["identity"] = [_document(random, case, "identity", statements=3) for _ in range(random.randint(0, 2))]
    if case.resource != "*" and random.random() < 0.75:
        layers["repository"] = [_document(random, case, "repository", statements=3)]
    if person and not root and ":federated-user/" not in case.principal and random.random() < 0.25:
        layers["boundary"] = [_document(random, case, "boundary", statements=2, deny=0.15)]
    if "arn:aws:sts:" in case.principal and random.random() < 0.3:
        layers["session"] = [_document(random, case, "session", statements=2, deny=0.15)]
    if person and random.random() < 0.2:
        layers["scps"] = [ALL, _document(random, case, "scps", statements=2, deny=0.2)]
    if random.random() < 0.1:
        layers["rcps"] = [_document(random, case, "rcps", statements=2, deny=1.0)]
    if random.random() < 0.1:
        layers["endpoint"] = [_document(random, case, "endpoint", statements=2, deny=0.15)]
    return layers


def cases(seed: int, count: int) -> Iterator[Case]:
    """Make the requests of a run; the same seed and count give the same ones, in the same order."""
    random = Random(seed)
    for number in range(count):
        principal = random.choices(PRINCIPALS, OFTEN)[0]
        name = random.choice(ON_NOTHING if random.random() < 0.12 else ON_THE_REPOSITORY)
        resource = REPOSITORY if name in ON_THE_REPOSITORY else "*"
        action = f"ecr:{name}"
        bare = Case(number, principal, action, resource, _context(random, principal, action))
        yield Case(number, principal, action, resource, bare.context, _layers(random, bare))


def simulation(case: Case) -> dict[str, Any]:
    """Write a case the way iam-simulate takes it."""

    def named(layer: str) -> list[dict[str, Any]]:
        return [{"name": f"{layer}{i}", "policy": policy} for i, policy in enumerate(case.layers.get(layer, ()))]

    def levels(layer: str) -> list[dict[str, Any]]:
        return [{"orgIdentifier": f"level{i}", "policies": [policy]} for i, policy in enumerate(named(layer))]

    request = {
        "principal": {"type": "Anonymous"} if case.principal == "*" else case.principal,
        "action": case.action,
        "resource": {"resource": case.resource, "accountId": case.resource_account},
        "contextVariables": dict(case.context),
    }
    written: dict[str, Any] = {
        "request": request,
        "identityPolicies": named("identity"),
        "serviceControlPolicies": levels("scps"),
        "resourceControlPolicies": levels("rcps"),
    }
    if case.layers.get("repository"):
        written["resourcePolicy"] = case.layers["repository"][0]
    if case.layers.get("session"):
        written["sessionPolicy"] = case.layers["session"][0]
    for layer, element in (("boundary", "permissionBoundaryPolicies"), ("endpoint", "vpcEndpointPolicies")):
        if case.layers.get(layer):
            written[element] = named(layer)
    return written
