"""Policy documents: every fault with its place and a way out, and what a legal one is read into."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import pytest
from ecrlab import access
from ecrlab.access import POLICY_TEXT_LIMIT, Effect, NamedPrincipal, PolicyKind
from ecrlab.errors import InvalidPolicy
from hypothesis import given
from hypothesis import strategies as st

FAULTS = json.loads((Path(__file__).parent / "policy_faults.json").read_text("utf-8"))["cases"]
PUSHERS = {"Effect": "Allow", "Principal": "*", "Action": "ecr:PutImage"}


@pytest.mark.parametrize(
    ("kind", "document", "expected"), [pytest.param(PolicyKind[case[0]], *case[1:], id=n) for n, case in FAULTS.items()]
)
def test_a_fault_has_place_fact_and_way_out(kind, document, expected):
    """Everything that is wrong is said at once, whether the document is text or already read."""
    assert expected == [str(fault) for fault in access.faults_of(document, kind)]
    if isinstance(document, dict):
        assert expected == [str(fault) for fault in access.faults_of(json.dumps(document), kind)]


def test_parsing_raises_with_every_fault():
    """The error names the first fault and counts the others; it keeps them all, also through a pickle."""
    kind, document, expected = FAULTS["everything at once"]
    with pytest.raises(InvalidPolicy) as caught:
        access.parse(document, PolicyKind[kind])
    assert f"{expected[0]} (and 4 more)" == str(caught.value)
    assert expected == [str(fault) for fault in pickle.loads(pickle.dumps(caught.value)).faults]


@pytest.mark.parametrize("kind", [PolicyKind.REPOSITORY, PolicyKind.REGISTRY])
def test_a_policy_on_a_resource_has_a_limit(kind):
    """10,240 characters are the limit of the API's model; identity policies have others, in other places."""
    statement = PUSHERS | {"Resource": "*"}
    room = POLICY_TEXT_LIMIT - len(json.dumps({"Id": "", "Statement": statement}))
    fits, exceeds = ({"Id": "x" * length, "Statement": statement} for length in (room, room + 1))
    assert () == access.faults_of(json.dumps(fits), kind)
    assert [
        "policy: it has 10,241 characters and 10,240 is the limit; "
        "drop the spaces, or grant to an account or organization, not to each role"
    ] == [str(fault) for fault in access.faults_of(json.dumps(exceeds), kind)]


def test_too_deep_a_document_is_a_fault():
    """Nesting without end neither crashes nor hangs, wherever it is."""
    (fault,) = access.faults_of("[" * 100_000, PolicyKind.REPOSITORY)
    assert "policy: it is nested too deeply; a policy needs no more than six levels" == str(fault)
    for depth in (10, 300, 700, 900, 950, 990):
        deep = "[" * depth + "]" * depth
        assert access.faults_of(f'{{"Statement": {{"Principal": {deep}}}}}', PolicyKind.REPOSITORY)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["Statement", "Effect", "Principal", "Condition", "Bool", "AWS", "x"]), inner, max_size=3
        )
    ),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(["Version", "Id", "Statement"]), JSON), st.sampled_from(PolicyKind))
def test_nothing_makes_the_reader_stumble(document, kind):
    """Whatever the document says, it is a policy, or an error of ours with faults."""
    faults = access.faults_of(document, kind)
    if not faults:
        assert access.parse(document, kind).kind is kind
    else:
        with pytest.raises(InvalidPolicy):
            access.parse(json.dumps(document), kind)


@given(JSON)
def test_nor_does_one_statement(statement):
    """The same holds one level further down."""
    assert access.faults_of({"Statement": [{"Effect": "Allow", "Action": statement}]}, PolicyKind.REPOSITORY)
    shape = {"Effect": "Allow", "Principal": statement, "Action": "*", "Condition": statement}
    access.faults_of({"Statement": [shape]}, PolicyKind.REPOSITORY)


def test_a_key_may_be_anything():
    """A mapping from Python may have keys that JSON does not know."""
    document = {
        "Statement": {"Effect": "Allow", "Principal": {7: "x"}, "Action": "*", "Condition": {8: {9: "a"}}, 1: 2}
    }
    faults = [fault.place for fault in access.faults_of(document, PolicyKind.REPOSITORY)]
    assert ["Statement[0].1", "Statement[0].Principal.7", "Statement[0].Condition.8"] == faults


@pytest.mark.parametrize(
    ("kind", "document"),
    [
        pytest.param("REPOSITORY", {"Statement": PUSHERS}, id="a lone statement, without a version"),
        pytest.param("REPOSITORY", {"Version": "2008-10-17", "Id": "x", "Statement": [PUSHERS]}, id="the old version"),
        pytest.param("REPOSITORY", {"Statement": PUSHERS | {"Sid": "new statement"}}, id="a Sid with a space"),
        pytest.param("REPOSITORY", {"Statement": PUSHERS | {"Resource": "*"}}, id="Resource in a repository policy"),
        pytest.param("REPOSITORY", {"Statement": PUSHERS | {"Principal": "arn:aws:iam::111122223333:root"}}, id="bare"),
        pytest.param("REPOSITORY", {"Statement": PUSHERS | {"Condition": {}}}, id="no condition in Condition"),
        pytest.param("REPOSITORY", {"Statement": PUSHERS | {"Condition": {"Bool": {"aws:A": True}}}}, id="plain true"),
        pytest.param("REPOSITORY", {"Statement": PUSHERS | {"Principal": {"AWS": "AIDACKCEVSQ6C2EXAMPLE"}}}, id="gone"),
        pytest.param(
            "IDENTITY", {"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}, id="administrator"
        ),
        pytest.param("IDENTITY", {"Statement": {"Effect": "Deny", "NotAction": "ecr:*", "NotResource": "*"}}, id="not"),
        pytest.param("RCP", {"Statement": PUSHERS | {"Effect": "Deny", "Resource": "*"}}, id="an RCP"),
        pytest.param("RCP", {"Statement": PUSHERS | {"Action": "*", "Resource": "*"}}, id="RCPFullAWSAccess"),
    ],
)
def test_what_is_legal(kind, document):
    """What AWS accepts is no fault, however unusual."""
    assert () == access.faults_of(document, PolicyKind[kind])


def test_a_document_becomes_a_value():
    """Everything in the document is in the value, and single texts have become tuples."""
    document = {
        "Version": "2012-10-17",
        "Id": "pull",
        "Statement": {
            "Sid": "A B",
            "Effect": "Deny",
            "NotPrincipal": {"AWS": ["111122223333", "*"], "Service": "lambda.amazonaws.com"},
            "NotAction": "ecr:PutImage",
            "NotResource": ["arn:aws:ecr:*:*:repository/a"],
            "Condition": {"NumericLessThan": {"aws:A": [1, "2"]}, "Bool": {"aws:B": False}},
        },
    }
    policy = access.parse(document, PolicyKind.REPOSITORY, name="payments/api")
    assert ("2012-10-17", "pull", 'repository policy "payments/api"') == (policy.version, policy.id, policy.title)
    (statement,) = policy
    assert (0, "A B", Effect.DENY, True) == (statement.index, statement.sid, statement.effect, statement.variables)
    assert ((), ("ecr:PutImage",)) == (statement.actions, statement.not_actions)
    assert ((), ("arn:aws:ecr:*:*:repository/a",)) == (statement.resources, statement.not_resources)
    assert () == statement.principals
    assert (
        NamedPrincipal("AWS", "arn:aws:iam::111122223333:root"),
        NamedPrincipal("AWS", "*"),
        NamedPrincipal("Service", "lambda.amazonaws.com"),
    ) == statement.not_principals
    assert [("NumericLessThan", "aws:A", ("1", "2")), ("Bool", "aws:B", ("false",))] == [
        (condition.operator, condition.key, condition.values) for condition in statement.conditions
    ]
