"""What decisions, chains and tables look like, and what requests and principals are made of."""

from __future__ import annotations

import time

import access_strategies as some
import pytest
from ecrlab import access
from ecrlab.access import Policies, PolicyKind, Principal, PrincipalKind, Reach, Request
from ecrlab.errors import InvalidInput, InvalidName

ARN = some.REPOSITORY
CI = Principal.of("arn:aws:sts::111122223333:assumed-role/ci/build-7")


def policy(kind: PolicyKind, *statements: dict, name: str = "") -> access.Policy:
    """Parse statements of the current version."""
    return access.parse({"Version": "2012-10-17", "Statement": list(statements)}, kind, name=name)


LOGIN_AND_PULL = policy(
    PolicyKind.IDENTITY,
    {"Sid": "Login", "Effect": "Allow", "Action": "ecr:GetAuthorizationToken", "Resource": "*"},
    {"Sid": "Pull", "Effect": "Allow", "Action": list(access.PULL), "Resource": ARN},
    name="pull",
)
OFFICE = policy(
    PolicyKind.REPOSITORY,
    {
        "Sid": "Office",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "ecr:*",
        "Condition": {"NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}},
    },
)
PULLING = Policies(identity=(LOGIN_AND_PULL,), repository=OFFICE)
FROM_OFFICE = {"aws:SourceIp": "203.0.113.9"}

REFUSED_CARD = """\
✗ ecr:PutImage: denied by a Deny
  caller             role session ci/build-7 of account 111122223333
  resource           `arn:aws:ecr:us-east-1:111122223333:repository/payments/api`
  decided by         repository policy
  repository policy  denies, by Statement[0] "Office"
  identity policy    says nothing that applies
  Statement[0] "Office" of the repository policy denies it, and no Allow outweighs a Deny.
  AWS says: User: arn:aws:sts::111122223333:assumed-role/ci/build-7 is not authorized to perform: ecr:PutImage \
on resource: arn:aws:ecr:us-east-1:111122223333:repository/payments/api with an explicit deny in a resource-based policy
  Nearest miss: Statement[0] "Office" of the repository policy would not deny it if aws:SourceIp were in \
203.0.113.0/24 (it is 198.51.100.1)."""

ALLOWED_CARD = """\
✓ ecr:BatchGetImage: allowed
  caller             role session ci/build-7 of account 111122223333
  resource           `arn:aws:ecr:us-east-1:111122223333:repository/payments/api`
  decided by         identity policy
  repository policy  says nothing that applies
  identity policy    allows, by Statement[1] "Pull"
  Statement[1] "Pull" of the identity policy "pull" allows it, and nothing denies it."""

TRACE = """\
| layer | statement | effect | principal | action | resource | conditions | applies |
| --- | --- | --- | --- | --- | --- | --- | --- |
| repository policy | Statement[0] "Office" | Deny | exact | ecr:* | this repository | NotIpAddress aws:SourceIp: \
fails (203.0.113.9 fits 203.0.113.0/24) | ✗ condition |
| identity policy | Statement[0] "Login" | Allow | – | ✗ | * | none | ✗ action |
| identity policy | Statement[1] "Pull" | Allow | – | ecr:BatchGetImage | \
arn:aws:ecr:us-east-1:111122223333:repository/payments/api | none | ✓ applies |
"""

PUSH = """\
push by role session ci/build-7 of account 111122223333: ✗ stops at ecr:BatchCheckLayerAvailability
action                             for it    outcome                why
---------------------------------  --------  ---------------------  ------------------------------------------------\
------------------------------------
`ecr:GetAuthorizationToken`        needed    ✓ allowed              Statement[0] "Login" of the identity policy \
"pull" allows it, and nothing denies it.
`ecr:BatchCheckLayerAvailability`  needed    ✗ denied ◀ stops here  No identity policy of the caller allows \
ecr:BatchCheckLayerAvailability.
`ecr:InitiateLayerUpload`          needed    ✗ denied               No identity policy of the caller allows \
ecr:InitiateLayerUpload.
`ecr:UploadLayerPart`              needed    ✗ denied               No identity policy of the caller allows \
ecr:UploadLayerPart.
`ecr:CompleteLayerUpload`          needed    ✗ denied               No identity policy of the caller allows \
ecr:CompleteLayerUpload.
`ecr:PutImage`                     needed    ✗ denied               No identity policy of the caller allows \
ecr:PutImage.
`ecr:BatchGetImage`                optional  ✓ allowed              Statement[1] "Pull" of the identity policy \
"pull" allows it, and nothing denies it."""


def decided(action: str, address: str, resource: str = ARN) -> access.Decision:
    """Decide one action from one address."""
    return access.decide(Request(CI, action, resource, context={"aws:SourceIp": address}), PULLING)


def test_a_refusal_is_a_card_with_everything_a_reader_needs():
    """Outcome, layers, the reason, AWS's own sentence and the nearest miss."""
    decision = decided("ecr:PutImage", "198.51.100.1")
    assert str(decision) == REFUSED_CARD
    assert str(decision) == repr(decision)
    assert "<dt>decided by</dt><dd>repository policy</dd>" in decision._repr_html_()
    assert decision._repr_markdown_().startswith("**✗ ecr:PutImage: denied by a Deny**\n")


def test_an_allowed_request_is_a_card_without_a_miss():
    """What is allowed needs the reason only."""
    assert str(decided("ecr:BatchGetImage", "203.0.113.9")) == ALLOWED_CARD


def test_notes_are_on_the_card():
    """Where sources disagree, the card says so."""
    grant = {"Effect": "Allow", "Principal": {"AWS": CI.arn}, "Action": "ecr:*"}
    narrow = policy(PolicyKind.SESSION, {"Effect": "Allow", "Action": "s3:*", "Resource": "*"})
    policies = Policies(repository=policy(PolicyKind.REPOSITORY, grant), session=(narrow,))
    card = str(access.decide(Request(CI, "ecr:PutImage", ARN), policies))
    assert "  Note: The caller's session policy does not allow ecr:PutImage, and is not asked: " in card


def test_the_trace_is_a_table_of_every_statement():
    """One row for each statement, with what fits and what does not."""
    table = decided("ecr:BatchGetImage", "203.0.113.9").trace_table()
    caption = "**ecr:BatchGetImage by arn:aws:sts::111122223333:assumed-role/ci/build-7**\n\n"
    assert caption + TRACE == table._repr_markdown_()


def test_a_layer_without_statements_is_a_row():
    """A caller without identity policies has a row that says so."""
    table = access.decide(Request(CI, "ecr:PutImage", ARN), Policies()).trace_table()
    assert [("identity policy", *[""] * 6, "there is none")] == [tuple(row) for row in table.rows]


def test_a_pull_goes_through_step_by_step():
    """Login, manifest, layers; what only some clients ask for does not stop it."""
    chain = access.explain_pull(CI, ARN, PULLING, context=FROM_OFFICE)
    assert chain.allowed
    assert chain.first_failure is None
    assert [
        ("ecr:GetAuthorizationToken", True, True),
        ("ecr:BatchGetImage", True, True),
        ("ecr:GetDownloadUrlForLayer", True, True),
        ("ecr:BatchCheckLayerAvailability", False, False),
    ] == [(step.action, step.needed, step.decision.allowed) for step in chain.steps]
    assert "pull by role session ci/build-7 of account 111122223333: ✓ goes through" in str(chain)


def test_a_push_shows_where_it_stops():
    """The first needed step that fails is marked, and each step has its sentence."""
    chain = access.explain_push(CI, ARN, PULLING, context=FROM_OFFICE)
    assert not chain.allowed
    assert chain.first_failure is chain.steps[1]
    assert str(chain) == PUSH


def test_a_login_comes_first():
    """Without the token nothing else is tried."""
    chain = access.explain_pull(CI, ARN, Policies())
    assert chain.first_failure is chain.steps[0]
    assert chain.steps[0].decision.request.resource == "*"


def test_a_service_pulls_without_a_login():
    """AWS lets Lambda in by the repository policy alone."""
    grant = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": list(access.PULL)}
    lambda_ = Principal.of("lambda.amazonaws.com")
    chain = access.explain_pull(lambda_, ARN, Policies(repository=policy(PolicyKind.REPOSITORY, grant)))
    assert chain.allowed
    assert chain.steps[0].action == "ecr:BatchGetImage"


WHO_CAN = """\
who can do what on arn:aws:ecr:us-east-1:111122223333:repository/payments/api
caller   `ecr:BatchGetImage`  `ecr:GetAuthorizationToken`
-------  -------------------  ---------------------------
ci       ✓ yes                ✓ yes
outside  ✗ Deny               ✓ yes
nobody   ✗ no                 ✗ no"""


def test_who_can_do_what_is_a_table():
    """Callers against actions; actions that take no repository are asked on the star."""
    outside = Policies(identity=(LOGIN_AND_PULL,), repository=policy(PolicyKind.REPOSITORY, DENY_PULL))
    callers = {"ci": (CI, Policies(identity=(LOGIN_AND_PULL,))), "outside": (CI, outside), "nobody": (CI, Policies())}
    table = access.who_can(callers, ["BatchGetImage", "ecr:GetAuthorizationToken"], ARN, context=FROM_OFFICE)
    assert str(table) == WHO_CAN
    assert table.cell("ci", "GetAuthorizationToken").request.resource == "*"
    assert ("ci", "outside") == table.who("GetAuthorizationToken")
    with pytest.raises(InvalidInput) as caught:
        table.cell("ci", "PutImage")
    assert "cell 'ci', 'PutImage': the table has no such cell; see its labels and actions" == str(caught.value)


DENY_PULL = {"Effect": "Deny", "Principal": "*", "Action": "ecr:Batch*"}


def test_the_longer_side_of_the_table_goes_down():
    """With sixty actions and few callers the actions are the rows."""
    table = access.who_can({"ci": (CI, Policies())}, access.ACTIONS, ARN)
    assert str(table).splitlines()[1].startswith("action")
    assert len(access.ACTIONS) == len(table._shown().rows)


@pytest.mark.parametrize("action", some.ACTIONS)
@pytest.mark.parametrize("caller", some.CALLERS)
def test_everybody_gets_a_reason(caller, action):
    """Whoever asks for whatever without any policy gets a card, and if refused a hint."""
    resource = ARN if action in some.ACTIONS[:2] else "*"
    decision = access.decide(Request(Principal.of(caller), action, resource, some.OWNER), Policies())
    assert decision.summary in str(decision)
    assert decision.allowed is not bool(decision.hints)


@pytest.mark.parametrize(
    ("kind", "aws_words"),
    [
        ("identity", "because no identity-based policy allows the ecr:PutImage action"),
        ("boundary", "because no permissions boundary allows the ecr:PutImage action"),
        ("session", "because no session policy allows the ecr:PutImage action"),
        ("scps", "because no service control policy allows the ecr:PutImage action"),
        ("endpoint", "because no VPC endpoint policy allows the ecr:PutImage action"),
    ],
)
def test_aws_names_the_layer_that_is_silent(kind, aws_words):
    """AWS's sentence depends on the layer that has no Allow."""
    allow = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    nothing = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
    layers = {slot: [nothing if slot == kind else allow] for slot in ("identity", "boundary", "session", "scps")}
    layers["endpoint"] = [(nothing if kind == "endpoint" else allow) | {"Principal": "*"}]
    decision = access.decide(Request(CI, "ecr:PutImage", ARN), some.policies(layers))
    head = f"User: {CI.arn} is not authorized to perform: ecr:PutImage on resource: {ARN} "
    assert head + aws_words == decision.aws_message


@pytest.mark.parametrize(
    ("kind", "aws_words"),
    [
        ("identity", "with an explicit deny in an identity-based policy"),
        ("repository", "with an explicit deny in a resource-based policy"),
        ("registry", "with an explicit deny in a resource-based policy"),
        ("boundary", "with an explicit deny in a permissions boundary"),
        ("session", "with an explicit deny in a session policy"),
        ("scps", "with an explicit deny in a service control policy"),
        ("rcps", "with an explicit deny in a resource control policy"),
        ("endpoint", "with an explicit deny in a VPC endpoint policy"),
    ],
)
def test_aws_names_the_layer_that_denies(kind, aws_words):
    """AWS's sentence depends on the layer that has the Deny."""
    slot = some.KINDS.get(kind, PolicyKind.RCP)
    deny = {"Effect": "Deny", "Action": "ecr:*", "Resource": "*"} | (
        {"Principal": "*"} if slot.names_principals else {}
    )
    denying = policy(slot, deny)
    value = {"identity": (denying,), "session": (denying,), "scps": ((denying,),), "rcps": ((denying,),)}
    decision = access.decide(Request(CI, "ecr:PutImage", ARN), Policies(**{kind: value.get(kind, denying)}))
    head = f"User: {CI.arn} is not authorized to perform: ecr:PutImage on resource: {ARN} "
    assert head + aws_words == decision.aws_message


def test_aws_names_other_accounts_and_bare_roles():
    """Across accounts the resource-based policy is missing; a bare role is named by a session."""
    role = Principal.of("arn:aws:iam::444455556666:role/teams/deploy")
    decision = access.decide(Request(role, "ecr:PutImage", ARN), Policies())
    assert (
        "User: arn:aws:sts::444455556666:assumed-role/deploy/session is not authorized to perform: ecr:PutImage on "
        f"resource: {ARN} because no resource-based policy allows the ecr:PutImage action"
    ) == decision.aws_message
    assert decided("ecr:BatchGetImage", "203.0.113.9").aws_message == ""


@pytest.mark.parametrize(
    ("name", "kind", "account", "role"),
    [
        ("arn:aws:iam::111122223333:user/teams/ana", PrincipalKind.USER, "111122223333", None),
        ("arn:aws:iam::111122223333:role/ci", PrincipalKind.ROLE, "111122223333", "arn:aws:iam::111122223333:role/ci"),
        (CI.arn, PrincipalKind.ROLE_SESSION, "111122223333", "arn:aws:iam::111122223333:role/ci"),
        ("arn:aws-cn:iam::111122223333:root", PrincipalKind.ROOT, "111122223333", None),
        ("111122223333", PrincipalKind.ROOT, "111122223333", None),
        ("arn:aws:sts::111122223333:federated-user/bo", PrincipalKind.FEDERATED_USER, "111122223333", None),
        ("lambda.amazonaws.com", PrincipalKind.SERVICE, None, None),
        ("*", PrincipalKind.ANONYMOUS, None, None),
    ],
)
def test_a_principal_is_read_from_its_name(name, kind, account, role):
    """The ARN says what sort of caller it is, its account, and the role behind a session."""
    principal = Principal.of(name)
    assert (kind, account, role) == (principal.kind, principal.account_id, principal.role_arn)


def test_a_role_with_a_path_is_told():
    """The ARN of a session leaves the path of its role out, so it can be added."""
    plain = Principal.of("arn:aws:sts::111122223333:assumed-role/ci/x")
    told = Principal.of("arn:aws:sts::111122223333:assumed-role/ci/x", role_arn="arn:aws:iam::111122223333:role/p/ci")
    assert "arn:aws:iam::111122223333:role/p/ci" not in plain.names
    assert Reach.ROLE is told.names["arn:aws:iam::111122223333:role/p/ci"]


def test_a_principal_brings_its_keys():
    """AWS derives context keys from the caller; for a session the ARN in them is the role's."""
    principal = Principal.of(CI.arn, tags={"Team": "pay"}, organization="o-1", organization_path="o-1/r-1/ou-1/")
    keys = Request(principal, "ecr:PutImage", ARN).keys
    assert ("arn:aws:iam::111122223333:role/ci",) == keys["aws:principalarn"]
    assert ("111122223333",) == keys["aws:principalaccount"] == keys["aws:resourceaccount"]
    assert ("pay",) == keys["aws:principaltag/team"]
    assert (("o-1",), ("o-1/r-1/ou-1/",)) == (keys["aws:principalorgid"], keys["aws:principalorgpaths"])
    assert "aws:username" not in keys


@pytest.mark.parametrize(
    "name",
    ["", "ci", "arn:aws:iam::1:user/ana", "arn:aws:iam::111122223333:group/ops", "arn:aws:iam::111122223333:role/",
     "arn:aws:sts::111122223333:assumed-role/ci", "arn:aws:s3:::bucket", "lambda"],
)  # fmt: skip
def test_a_principal_that_is_none(name):
    """What names nobody is refused, with what would."""
    with pytest.raises(InvalidName) as caught:
        Principal.of(name)
    assert (
        f"principal {name!r}: it is neither the ARN of a user, role, session or account, nor the name of a service, "
        "nor '*'; e.g. 'arn:aws:iam::111122223333:role/ci' or 'lambda.amazonaws.com'"
    ) == str(caught.value)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Request(CI, "PutImage", ARN),
         "action 'PutImage': it does not name one action; e.g. 'ecr:BatchGetImage'"),
        (lambda: Request(CI, "ecr:Put*", ARN),
         "action 'ecr:Put*': it does not name one action; e.g. 'ecr:BatchGetImage'"),
        (lambda: Request(CI, "ecr:PutImage", ARN, context={"aws:SourceIp": 7}),
         "context key 'aws:SourceIp': 7 is neither text nor a list of texts; write it in quotes"),
        (lambda: Policies(scps=(LOGIN_AND_PULL,)),
         "scps: a policy stands where a level belongs; write scps=((policy, …), …)"),
        (lambda: Policies(rcps=(LOGIN_AND_PULL,)),
         "rcps: a policy stands where a level belongs; write rcps=((policy, …), …)"),
    ],
)  # fmt: skip
def test_a_request_that_is_none(make, message):
    """What cannot be asked is refused at the door."""
    with pytest.raises(InvalidInput) as caught:
        make()
    assert message == str(caught.value)


def test_the_resource_names_its_account():
    """The owner is the ARN's account; for the star it is the caller's own unless said otherwise."""
    eve = Principal.of("arn:aws:iam::444455556666:user/eve")
    assert "111122223333" == Request(eve, "ecr:PutImage", ARN).resource_account
    assert "444455556666" == Request(eve, "ecr:DescribeRegistry", "*").resource_account
    assert Request(eve, "ecr:DescribeRegistry", "*", "111122223333").crosses_accounts


def test_a_large_table_is_there_at_once():
    """Fifty callers and sixty actions, three thousand decisions, do not make anybody wait."""
    callers = {f"caller {number}": (CI, PULLING) for number in range(50)}
    start = time.perf_counter()
    table = access.who_can(callers, access.ACTIONS, ARN, context=FROM_OFFICE)
    assert time.perf_counter() - start < 2
    assert 3_000 == len(table.decisions)
