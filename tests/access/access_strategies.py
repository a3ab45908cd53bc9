"""Generated principals, policies and requests, small enough that statements often apply."""

from __future__ import annotations

from ecrlab import access
from ecrlab.access import Policies, PolicyKind, Principal, Request
from hypothesis import strategies as st

OWNER, OTHER = "111122223333", "444455556666"
REPOSITORY = f"arn:aws:ecr:us-east-1:{OWNER}:repository/payments/api"
CALLERS = (
    f"arn:aws:iam::{OWNER}:user/ana",
    f"arn:aws:sts::{OWNER}:assumed-role/ci/build-7",
    f"arn:aws:iam::{OWNER}:role/ci",
    f"arn:aws:iam::{OWNER}:root",
    f"arn:aws:sts::{OWNER}:federated-user/bo",
    f"arn:aws:iam::{OTHER}:user/eve",
    f"arn:aws:sts::{OTHER}:assumed-role/deploy/web-1",
    f"arn:aws:iam::{OTHER}:root",
    "lambda.amazonaws.com",
    "*",
)
ACTIONS = ("ecr:BatchGetImage", "ecr:PutImage", "ecr:DescribeRegistry", "ecr:GetAuthorizationToken")
SLOTS = {
    "identity": PolicyKind.IDENTITY,
    "repository": PolicyKind.REPOSITORY,
    "registry": PolicyKind.REGISTRY,
    "boundary": PolicyKind.BOUNDARY,
    "session": PolicyKind.SESSION,
    "scps": PolicyKind.SCP,
    "rcps": PolicyKind.RCP,
    "endpoint": PolicyKind.ENDPOINT,
}
"""Member of ``Policies`` -> what kind of policy it holds."""

KINDS = {slot: kind for slot, kind in SLOTS.items() if kind is not PolicyKind.RCP}
"""The slots that are drawn: a resource control policy may only deny."""


def any_of(*texts: str) -> st.SearchStrategy:
    """Draw one of some texts, or a list of one or two of them."""
    one = st.sampled_from(texts)
    return one | st.lists(one, min_size=1, max_size=2, unique=True)


actions = any_of("*", "ecr:*", "ecr:Batch*", "ECR:putimage", "ecr:Get*", "ecr:DescribeRegistr?")
resources = any_of(
    "*", REPOSITORY, "arn:aws:ecr:*:*:repository/payments/*", "arn:aws:ecr:*:*:repository/${aws:username}/*"
)
principals = st.just("*") | st.fixed_dictionaries(
    {},
    optional={
        "AWS": any_of(
            *CALLERS[:2], f"arn:aws:iam::{OWNER}:role/ci", OWNER, OTHER, CALLERS[5], f"arn:aws:iam::{OTHER}:role/deploy"
        ),
        "Service": st.just("lambda.amazonaws.com"),
    },
).filter(bool)
conditions = st.fixed_dictionaries(
    {},
    optional={
        "StringEquals": st.fixed_dictionaries({"aws:SourceVpce": any_of("vpce-1", "vpce-2")}),
        "StringNotEqualsIfExists": st.fixed_dictionaries({"aws:SourceVpce": st.just("vpce-1")}),
        "NotIpAddress": st.fixed_dictionaries({"aws:SourceIp": any_of("203.0.113.0/24", "2001:db8::/32")}),
        "ForAnyValue:StringLike": st.fixed_dictionaries({"aws:TagKeys": any_of("c*", "team")}),
        "ForAllValues:StringEquals": st.fixed_dictionaries({"aws:TagKeys": any_of("cost", "team")}),
        "ArnLike": st.fixed_dictionaries({"aws:PrincipalArn": st.just(f"arn:aws:iam::{OWNER}:*")}),
        "Null": st.fixed_dictionaries({"aws:SourceIp": st.sampled_from(["true", "false"])}),
    },
)


@st.composite
def statements(draw: st.DrawFn, kind: PolicyKind, effects: tuple[str, ...] = ("Allow", "Allow", "Deny")) -> dict:
    """Draw one legal statement of a kind."""
    effect = draw(st.sampled_from(effects))
    statement = {"Effect": effect, draw(st.sampled_from(["Action", "Action", "NotAction"])): draw(actions)}
    if kind.names_principals:
        negate = effect == "Deny" and draw(st.booleans())
        statement["NotPrincipal" if negate else "Principal"] = draw(principals)
    if kind is not PolicyKind.REPOSITORY or draw(st.booleans()):
        statement[draw(st.sampled_from(["Resource", "Resource", "NotResource"]))] = draw(resources)
    if draw(st.booleans()):
        statement["Condition"] = draw(conditions)
    return statement


def lists_of_statements(kind: PolicyKind) -> st.SearchStrategy[list[dict]]:
    """Draw the statements of a document."""
    return st.lists(statements(kind), min_size=1, max_size=3)


def documents() -> st.SearchStrategy[dict[str, list[dict]]]:
    """Draw the statements of every layer that there is, by the name of its slot."""
    return st.fixed_dictionaries({}, optional={slot: lists_of_statements(kind) for slot, kind in KINDS.items()})


def policies(layers: dict[str, list[dict]]) -> Policies:
    """Parse drawn layers."""
    slots = {}
    for slot, content in layers.items():
        policy = access.parse({"Version": "2012-10-17", "Statement": content}, KINDS[slot], name=slot)
        slots[slot] = {"identity": (policy,), "session": (policy,), "scps": ((policy,),)}.get(slot, policy)
    return Policies(**slots)


@st.composite
def requests(draw: st.DrawFn) -> Request:
    """Draw a request: somebody, something, with some context."""
    action = draw(st.sampled_from(ACTIONS))
    resource = REPOSITORY if action in ACTIONS[:2] else "*"
    context = draw(
        st.fixed_dictionaries(
            {},
            optional={
                "aws:SourceVpce": st.sampled_from(["vpce-1", "vpce-2"]),
                "aws:SourceIp": st.sampled_from(["203.0.113.1", "198.51.100.1", "2001:db8::1"]),
                "aws:TagKeys": st.lists(st.sampled_from(["cost", "team", "x"]), max_size=2),
            },
        )
    )
    return Request(Principal.of(draw(st.sampled_from(CALLERS))), action, resource, OWNER, context)
