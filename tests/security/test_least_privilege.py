"""Least privilege: what the policy allows is enough, and nothing less would be."""

from __future__ import annotations

import json

import pytest
from ecrlab import access, registry, security
from ecrlab.access import Code, Policies, PolicyKind, Principal
from ecrlab.errors import InvalidInput, InvalidName
from ecrlab.oci import recipes

OWN, OTHER = "111122223333", "444455556666"
ARN = f"arn:aws:ecr:us-east-1:{OWN}:repository/payments/api"
WEB = f"arn:aws:ecr:us-east-1:{OWN}:repository/payments/web"
CI, GUEST = Principal.of(f"arn:aws:iam::{OWN}:role/ci"), Principal.of(f"arn:aws:iam::{OTHER}:role/ci")
EXPLAIN = {"pull": access.explain_pull, "push": access.explain_push}


def parsed(policy, kind=PolicyKind.IDENTITY):
    """Parse the text of a policy."""
    return access.parse(policy.text, kind)


@pytest.mark.parametrize("purpose", EXPLAIN)
def test_an_identity_policy_is_enough(purpose):
    """With it alone a role of the account gets through every step, in each named repository and in no other."""
    policies = Policies(identity=(parsed(security.minimal_policy(purpose, [ARN, WEB])),))

    assert [True, True] == [EXPLAIN[purpose](CI, arn, policies).allowed for arn in (ARN, WEB)]
    other = ARN.replace("payments/api", "payments/job")
    assert not EXPLAIN[purpose](CI, other, policies).allowed


@pytest.mark.parametrize("purpose", EXPLAIN)
def test_nothing_in_it_is_too_much(purpose):
    """Without any one of its actions the chain breaks: each is needed."""
    document = security.minimal_policy(purpose, ARN).document
    actions = [(s, a) for s, statement in enumerate(document["Statement"]) for a in statement["Action"]]
    assert len(EXPLAIN[purpose](CI, ARN, Policies()).steps) - 1 == len(actions)  # one step is optional
    for number, action in actions:
        less = json.loads(json.dumps(document))
        less["Statement"][number]["Action"].remove(action)
        less["Statement"] = [statement for statement in less["Statement"] if statement["Action"]]
        policies = Policies(identity=(access.parse(less, PolicyKind.IDENTITY),))
        assert action == EXPLAIN[purpose](CI, ARN, policies).first_failure.action


def test_a_pull_policy_does_not_push():
    """Who may pull may not push, and the other way round."""
    pull, push = (Policies(identity=(parsed(security.minimal_policy(p, ARN)),)) for p in ("pull", "push"))

    assert not access.explain_push(CI, ARN, pull).allowed
    assert not access.explain_pull(CI, ARN, push).allowed


@pytest.mark.parametrize("purpose", EXPLAIN)
@pytest.mark.parametrize("principal", [GUEST.arn, OTHER], ids=["role", "account"])
def test_both_sides_across_accounts(purpose, principal):
    """For a role of another account the repository policy is one half and an identity policy the other."""
    owner = parsed(security.minimal_policy(purpose, ARN, principal=principal), PolicyKind.REPOSITORY)
    caller = parsed(security.minimal_policy(purpose, ARN))

    allowed = [
        EXPLAIN[purpose](GUEST, ARN, policies).allowed
        for policies in (
            Policies(identity=(caller,)),
            Policies(repository=owner),
            Policies(identity=(caller,), repository=owner),
        )
    ]

    assert [False, False, True] == allowed


def test_the_notes_say_what_else_it_takes():
    """The login, and the other account's half, are named; within the account only the login is."""
    across = security.minimal_policy("pull", ARN, principal=OTHER)
    within = security.minimal_policy("pull", ARN, principal=CI.arn)

    login = (
        "The caller also needs `ecr:GetAuthorizationToken` on `*` from an identity policy: no repository policy can "
        "give it."
    )
    half = (
        f"Account {OTHER} has to allow its people to pull as well: `minimal_policy` without `principal` writes that "
        "policy."
    )
    assert (login, half) == across.notes
    assert (login,) == within.notes


def test_lambda_pulls_for_functions_of_one_account():
    """The service may pull for functions of the account that is named, and for nobody else's."""
    policy = security.minimal_policy("pull", ARN, principal="lambda.amazonaws.com", source_account=OTHER)
    service = Principal.of("lambda.amazonaws.com")

    def pulls(account):
        source = f"arn:aws:lambda:us-east-1:{account}:function:pay"
        policies = Policies(repository=parsed(policy, PolicyKind.REPOSITORY))
        return access.explain_pull(service, ARN, policies, context={"aws:SourceArn": source}).allowed

    assert (True, False) == (pulls(OTHER), pulls(OWN))


POLICIES = {
    "identity, pull": (security.minimal_policy("pull", ARN), PolicyKind.IDENTITY),
    "identity, push": (security.minimal_policy("push", ARN), PolicyKind.IDENTITY),
    "identity, report": (security.minimal_policy("report", ARN), PolicyKind.IDENTITY),
    "repository, pull": (security.minimal_policy("pull", ARN, principal=GUEST.arn), PolicyKind.REPOSITORY),
    "repository, push": (security.minimal_policy("push", ARN, principal=GUEST.arn), PolicyKind.REPOSITORY),
    "repository, Lambda": (
        security.minimal_policy("pull", ARN, principal="lambda.amazonaws.com"),
        PolicyKind.REPOSITORY,
    ),
}


@pytest.mark.parametrize(("policy", "kind"), POLICIES.values(), ids=POLICIES)
def test_our_own_lint_finds_nothing(policy, kind):
    """None of the policies that are written here would be pointed at by a reviewer."""
    found = access.lint(policy.text, kind, repository_arn=ARN if kind is PolicyKind.REPOSITORY else None)
    # A report reads manifests without logging in, which looks like half a pull.
    assert ((Code.HALF_PULL, Code.NO_LOGIN) if policy.purpose == "report" else ()) == found.codes
    assert kind is policy.kind
    assert "Least privilege to" in str(policy)


def test_a_report_card_needs_no_more_than_its_policy(ecr, lab, auditor):
    """An auditor with the ``report`` policy for a repository gets its card without a gap."""
    registry.push(ecr, recipes.lab_image("alpine-rebuilt"), "payments/api", tag="1.0")
    ecr.start_image_scan(repositoryName="payments/api", imageId={"imageTag": "1.0"})
    lab.clock.advance(minutes=5)
    full = security.report_card(ecr, "payments/api", now=lab.clock.now())

    with lab.act_as(auditor(security.minimal_policy("report", ARN).document)):
        card = security.report_card(ecr, "payments/api", now=lab.clock.now())

    assert full.checks == card.checks
    assert () == card.unknowns


def test_a_star_stands_for_every_repository(ecr, lab, auditor):
    """With a star at its end one ARN is enough for the report card of the whole account."""
    everywhere = ARN.replace("payments/api", "*")

    with lab.act_as(auditor(security.minimal_policy("report", everywhere).document)):
        card = security.report_card(ecr, now=lab.clock.now())

    assert (("registry", "payments/api"), ()) == (card.subjects, card.unknowns)


def test_a_star_stands_at_the_end_only():
    """A prefix of repositories is named as such; anything else that is no ARN is refused."""
    team = ARN.replace("api", "*")

    assert [team] == security.minimal_policy("pull", team).document["Statement"][1]["Resource"]
    with pytest.raises(InvalidName):
        security.minimal_policy("pull", "*")


WRONG = {  # id: (arguments, error, message)
    "no such purpose": (
        ("delete", ARN, {}),
        InvalidInput,
        "minimal_policy: 'delete' is no purpose; take one of pull, push, report",
    ),
    "no repository": (("pull", [], {}), InvalidInput, "minimal_policy: there is no repository; name at least one ARN"),
    "a name for an ARN": (
        ("pull", "payments/api", {}),
        InvalidName,
        "ARN 'payments/api': it does not name an ECR repository; write "
        "arn:aws:ecr:<region>:<12-digit account>:repository/<name>",
    ),
    "everybody": (
        ("pull", ARN, {"principal": "*"}),
        InvalidInput,
        "minimal_policy: principal '*' is everybody; name accounts, roles or users",
    ),
    "one repository policy for two": (
        ("pull", [ARN, WEB], {"principal": OTHER}),
        InvalidInput,
        "minimal_policy: a repository policy belongs to one repository, and 2 are named; write one policy for each",
    ),
    "a report through a repository policy": (
        ("report", ARN, {"principal": OTHER}),
        InvalidInput,
        "minimal_policy: a report also reads settings of the registry, which no repository policy can allow; leave "
        "principal out and attach the identity policy",
    ),
    "a service that pushes": (
        ("push", ARN, {"principal": "lambda.amazonaws.com"}),
        InvalidInput,
        "minimal_policy: no source is known for what lambda.amazonaws.com needs to push; name an ARN, or "
        "'lambda.amazonaws.com' to pull",
    ),
    "an account that is none": (
        ("pull", ARN, {"principal": "lambda.amazonaws.com", "source_account": "12"}),
        InvalidInput,
        "minimal_policy(source_account=…): '12' is not twelve digits; quote them",
    ),
}


@pytest.mark.parametrize(("arguments", "error", "message"), WRONG.values(), ids=WRONG)
def test_what_no_policy_is_written_for(arguments, error, message):
    """Each wrong argument gets its own line: place, fact, way out."""
    purpose, arns, options = arguments
    with pytest.raises(error) as refused:
        security.minimal_policy(purpose, arns, **options)

    assert message == str(refused.value)
