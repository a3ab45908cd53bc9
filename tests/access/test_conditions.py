"""Condition operators: one table, and what policy variables in their values come to."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from ecrlab import access
from ecrlab.access import Condition, Policies, PolicyKind, Principal, Quantifier, Request
from ecrlab.access.conditions import OPERATORS, holds

TABLE = json.loads((Path(__file__).parent / "condition_cases.json").read_text("utf-8"))
GROUPS = {name: cases for name, cases in TABLE.items() if name != "about"}
ARN = "arn:aws:ecr:us-east-1:111122223333:repository/payments/api"
ROLE, ROLE_OF = "arn:aws:iam::1:role/x", "arn:aws:iam::${aws:Acc}:role/*"


def condition_of(written: str, values: list[str], key: str = "aws:Key") -> Condition:
    """Read a condition the way every policy is read."""
    statement = {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {written: {key: values}}}
    policy = access.parse({"Version": "2012-10-17", "Statement": statement}, PolicyKind.IDENTITY)
    return policy.statements[0].conditions[0]


def decided(written: str, values: list[str], context: dict, *, version: str = "2012-10-17") -> access.Decision:
    """Decide a request that one statement with one condition allows."""
    statement = {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {written: {"aws:Key": values}}}
    policy = access.parse({"Version": version, "Statement": [statement]}, PolicyKind.IDENTITY)
    caller = Principal.of("arn:aws:iam::111122223333:user/ana")
    request = Request(caller, "ecr:PutImage", ARN, context=context)
    return access.decide(request, Policies(identity=(policy,)))


@pytest.mark.parametrize(
    ("written", "wanted", "found", "expected"),
    [
        pytest.param(*case, id=f"{group}: {case[0]} {case[1]} {case[2]}")
        for group, cases in GROUPS.items()
        for case in cases
    ],
)
def test_an_operator(written, wanted, found, expected):
    """The table's condition holds or not; the trace of a request says the same."""
    values = None if found is None else tuple(found)
    assert expected is holds(condition_of(written, wanted), {"aws:Key": values}.get, variables=True)
    decision = decided(written, wanted, {} if found is None else {"aws:key": found})
    assert expected is decision.allowed
    assert expected is decision.trace[0].statements[0].conditions[0].holds


def test_every_operator_is_in_the_table():
    """No operator goes without a case."""
    used = {case[0].rpartition(":")[2].removesuffix("IfExists") for cases in GROUPS.values() for case in cases}
    assert set(OPERATORS) == used


def test_a_condition_is_read_into_its_parts():
    """Quantifier and IfExists come off the operator, and go back on for the reader."""
    condition = condition_of("ForAnyValue:StringLikeIfExists", ["a*"])
    assert ("StringLike", Quantifier.ANY, True) == (condition.operator, condition.quantifier, condition.if_exists)
    assert condition.written == "ForAnyValue:StringLikeIfExists"


def test_every_operator_and_every_key_has_to_hold():
    """Operators are joined by AND, and so are keys; only values are joined by OR."""
    statement = {
        "Effect": "Allow",
        "Action": "*",
        "Resource": "*",
        "Condition": {"StringEquals": {"aws:A": ["1", "2"], "aws:B": "1"}, "Bool": {"aws:C": True}},
    }
    policy = access.parse({"Version": "2012-10-17", "Statement": statement}, PolicyKind.IDENTITY)
    caller = Principal.of("arn:aws:iam::111122223333:user/ana")

    def allowed(**keys: str) -> bool:
        context = {f"aws:{key}": value for key, value in keys.items()}
        request = Request(caller, "ecr:PutImage", ARN, context=context)
        return access.decide(request, Policies(identity=(policy,))).allowed

    assert allowed(A="2", B="1", C="true")
    assert not allowed(A="3", B="1", C="true")
    assert not allowed(A="2", B="2", C="true")
    assert not allowed(A="2", B="1", C="false")


@pytest.mark.parametrize(
    ("written", "wanted", "context", "expected"),
    [
        pytest.param("StringEquals", "${aws:username}", {"aws:Key": "ana"}, True, id="a key of the request"),
        pytest.param("StringEquals", "${AWS:UserName}", {"aws:Key": "ana"}, True, id="keys ignore case"),
        pytest.param("StringEquals", "${aws:Nothing}", {"aws:Key": "ana"}, False, id="no value fits nothing"),
        pytest.param("StringNotEquals", "${aws:Nothing}", {"aws:Key": "ana"}, True, id="no value, negated"),
        pytest.param("StringEquals", "${aws:Nothing, 'ana'}", {"aws:Key": "ana"}, True, id="a default"),
        pytest.param("StringEquals", "${aws:Nothing, ''}", {"aws:Key": ""}, True, id="an empty default"),
        pytest.param("StringLike", "a${*}", {"aws:Key": "a*"}, True, id="a star for itself"),
        pytest.param("StringLike", "a${*}", {"aws:Key": "ab"}, False, id="a star for itself is no wildcard"),
        pytest.param("StringLike", "${?}${$}", {"aws:Key": "?$"}, True, id="question mark and dollar for themselves"),
        pytest.param("StringLike", "${aws:Tag}*", {"aws:Key": "*x", "aws:Tag": "*"}, True, id="text from the request"),
        pytest.param("StringLike", "${aws:Tag}", {"aws:Key": "ab", "aws:Tag": "*"}, False, id="is no wildcard"),
        pytest.param("StringEquals", "${aws:Many}", {"aws:Key": "a", "aws:Many": ["a", "b"]}, False, id="many values"),
        pytest.param("ArnLike", ROLE_OF, {"aws:Key": ROLE, "aws:Acc": "1"}, True, id="in an ARN"),
        pytest.param("ArnLike", ROLE_OF, {"aws:Key": ROLE, "aws:Acc": "*"}, False, id="a star in an ARN"),
    ],
)  # fmt: skip
def test_variables_in_conditions(written, wanted, context, expected):
    """A variable stands for the text of its key, never for a pattern; without a value it fits nothing."""
    assert expected is decided(written, [wanted], context).allowed


def test_the_old_language_knows_no_variables():
    """In version 2008-10-17 ``${…}`` is only text."""
    assert not decided("StringEquals", ["${aws:username}"], {"aws:Key": "ana"}, version="2008-10-17").allowed
    assert decided("StringEquals", ["${aws:username}"], {"aws:Key": "${aws:username}"}, version="2008-10-17").allowed


@pytest.mark.parametrize(
    ("written", "wanted", "context", "reason"),
    [
        ("StringEquals", ["a"], {}, "key absent: an operator that is not negated fails"),
        ("StringNotEquals", ["a"], {}, "key absent: a negated operator holds"),
        ("StringEqualsIfExists", ["a"], {}, "key absent: IfExists holds"),
        ("ForAllValues:StringEquals", ["a"], {}, "key absent: ForAllValues holds"),
        ("ForAnyValue:StringEquals", ["a"], {}, "key absent: ForAnyValue fails"),
        ("Null", ["true"], {}, "the key is absent"),
        ("Null", ["true"], {"aws:Key": "x"}, "the key is there"),
        ("StringEquals", ["a", "b"], {"aws:Key": "c"}, "c does not fit a or b"),
        ("StringNotEquals", ["a"], {"aws:Key": "a"}, "a fits a"),
        ("StringEquals", ["a", "b", "c", "d"], {"aws:Key": "c"}, "c fits one of 4 values"),
        ("ForAllValues:StringEquals", ["a"], {"aws:Key": ["a", "b"]}, "not every value of a and b fits a"),
        ("ForAllValues:StringNotEquals", ["c"], {"aws:Key": ["a", "b"]}, "every value of a and b does not fit c"),
        ("ForAnyValue:StringEquals", ["a"], {"aws:Key": ["a", "b"]}, "a value of a and b fits a"),
        ("ForAnyValue:StringEquals", ["c"], {"aws:Key": ["a", "b"]}, "no value of a and b fits c"),
        ("StringEquals", ["${aws:Nothing}"], {"aws:Key": "a"}, "${aws:Nothing} has no value, so nothing fits"),
    ],
)
def test_a_condition_says_why(written, wanted, context, reason):
    """The trace gives the reason of every condition."""
    assert reason == decided(written, wanted, context).trace[0].statements[0].conditions[0].reason
