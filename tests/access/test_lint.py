"""What the linter says of a policy: each finding by a small document, and silence about careful ones."""

import json
from pathlib import Path

import pytest
from ecrlab.access import MANAGED_POLICIES, Code, Findings, PolicyKind, Severity, lint, parse
from ecrlab.access.actions import ACTIONS
from ecrlab.access.condition_keys import CONDITION_KEYS, condition_key, nearest_key
from ecrlab.errors import InvalidInput, InvalidName, InvalidPolicy
from hypothesis import given
from hypothesis import strategies as st


def rows(name: str) -> list[dict]:
    """Read a table of cases."""
    return json.loads((Path(__file__).parent / name).read_text("utf-8"))["cases"]


def of_row(row: dict) -> Findings:
    """Lint the document of a row."""
    return lint(row["document"], PolicyKind[row["kind"]], **row.get("given", {}))


FINDINGS, CLEAN = rows("lint_findings.json"), rows("lint_clean.json")


@pytest.mark.parametrize("row", FINDINGS, ids=lambda row: row["id"])
def test_findings(row):
    """The small document has exactly these findings: code, place and severity, the worst first; the login is a note."""
    found = [(f.code.value, f.place, f.severity.value) for f in of_row(row)]
    assert [tuple(expected) for expected in row["findings"]] == found


@pytest.mark.parametrize("row", CLEAN, ids=lambda row: row["id"])
def test_careful_documents_are_left_alone(row):
    """A sensible document, most of them after AWS's own examples, gives at most notes."""
    assert () == of_row(row).worth_fixing()


@pytest.mark.parametrize("name", sorted(MANAGED_POLICIES.keys() - {"AmazonEC2ContainerRegistryFullAccess"}))
def test_managed_policies_are_left_alone(name):
    """There is nothing to say about AWS's own policies, FullAccess apart."""
    assert () == lint(MANAGED_POLICIES[name].document, PolicyKind.IDENTITY)


def test_every_code_has_a_document():
    """Each code of the linter is shown by a row of the table."""
    assert set(Code) == {finding.code for row in FINDINGS for finding in of_row(row)}


@pytest.mark.parametrize("row", FINDINGS, ids=lambda row: row["id"])
def test_sentences_are_sentences(row):
    """A finding says what is the case in one or two sentences, and what to do in an instruction without a full stop."""
    for finding in of_row(row):
        assert (True, True, False) == (
            finding.sentence[0].isupper() or finding.sentence[0] in "`'$",
            finding.sentence.endswith("."),
            finding.way_out.endswith("."),
        ), finding


SAYS = [
    (
        "anybody may pull",
        'Principal "*" is any principal of any AWS account, and there is no condition: strangers can pull from here.',
        "name accounts, roles or users in Principal, or require aws:PrincipalOrgID",
    ),
    (
        "login in a statement for one repository",
        "`ecr:GetAuthorizationToken` has no resource type: it belongs to no repository, so a statement that names one "
        "never grants it, and docker login fails.",
        'give it a statement of its own with "Resource": "*"',
    ),
    (
        "an action with a slip of the pen",
        "`ecr:BatchCheckLayerAvailibility` fits none of the 60 actions of ECR, so it does nothing.",
        "did you mean ecr:BatchCheckLayerAvailability?",
    ),
    (
        "the manifest without the layers",
        "A pull takes 2 actions and the document gives 1 of them: it fails at ecr:GetDownloadUrlForLayer unless "
        "another policy allows that.",
        "add ecr:GetDownloadUrlForLayer",
    ),
    (
        "a tag",
        f"`arn:aws:ecr:us-east-1:{111122223333}:repository/team/api:1.0` names a tag or a digest, and the smallest "
        "resource of ECR is the repository, so the statement never applies through it.",
        "end it after the name",
    ),
    (
        "a key that only S3 has",
        "No request to ECR carries `s3:prefix`; an absent key fits nothing, so the statement never applies.",
        "remove it",
    ),
    (
        "a negated key that is never there",
        "No request to ECR carries `ecr:ImageTag`; `StringNotEquals` is negated and holds for an absent key, so the "
        "condition always holds.",
        "remove it",
    ),
    (
        "a star under StringEquals",
        "`StringEquals` compares letter by letter, and `arn:aws:iam::111122223333:role/*` has a wildcard that it takes "
        "as a letter: the condition never holds.",
        "use StringLike",
    ),
    (
        "a Deny for everybody",
        "The Deny spares nobody: not even the owner's administrators may change or remove this policy.",
        "deny only the actions on images, or spare an administrator: ArnNotLike on aws:PrincipalArn",
    ),
    (
        "the owner's whole account",
        "The root of 111122223333 stands for your whole account and only delegates: everybody in it still needs an "
        "identity policy that allows the action, and with one would not need this statement.",
        "name a role or a user if not the whole account is meant",
    ),
]


@pytest.mark.parametrize(("name", "sentence", "way_out"), SAYS, ids=[name for name, *_ in SAYS])
def test_says(name, sentence, way_out):
    """The sentences in full."""
    row = next(row for row in FINDINGS if row["id"].removeprefix("a resource with ") == name)
    finding = of_row(row)[0]
    assert (sentence, way_out) == (finding.sentence, finding.way_out)


def test_findings_show_themselves_as_a_table():
    """Findings are a table, the worst first; one finding is a card; none is a card that says so."""
    open_to_all = {"Statement": [{"Effect": "Allow", "Principal": "*", "Action": ["ecr:ListImages"]}]}
    found = lint(open_to_all, PolicyKind.REPOSITORY)
    assert ["severity  finding      place", "caution   public-read  `Statement[0].Principal`"] == [
        str(found).splitlines()[0][:28],
        str(found).splitlines()[2][:47],
    ]
    assert "<table>" in found._repr_html_()
    assert "? public-read" == str(found[0]).splitlines()[0]
    assert "✓ Nothing to find fault with" == str(Findings())


def test_json_text_and_parsed_policies_are_taken():
    """A document may come as JSON text, as a mapping, or parsed."""
    document = CLEAN[0]["document"]
    parsed = parse(document, PolicyKind.REPOSITORY)
    texts = (json.dumps(document), document, parsed)
    assert [lint(document, PolicyKind.REPOSITORY)] * 3 == [lint(each, PolicyKind.REPOSITORY) for each in texts]


def test_broken_input_raises():
    """A document that AWS refuses, an ARN of something else, and a policy of another kind are errors."""
    with pytest.raises(InvalidPolicy):
        lint("{", PolicyKind.IDENTITY)
    with pytest.raises(InvalidName):
        lint(CLEAN[0]["document"], PolicyKind.REPOSITORY, repository_arn="team/api")
    with pytest.raises(InvalidInput) as caught:
        lint(parse(CLEAN[0]["document"], PolicyKind.REPOSITORY, name="images"), PolicyKind.REGISTRY)
    assert 'repository policy "images": it is no registry policy; lint it as PolicyKind.REPOSITORY' == str(caught.value)


@given(st.sampled_from(FINDINGS), st.randoms(use_true_random=False))
def test_findings_do_not_depend_on_the_case_of_actions(row, random):
    """Actions ignore case, for the linter, too."""
    document = json.loads(json.dumps(row["document"]))
    for statement in document["Statement"]:
        for element in {"Action", "NotAction"} & statement.keys():
            actions = statement[element] if isinstance(statement[element], list) else [statement[element]]
            statement[element] = [random.choice((action, action.upper(), action.lower())) for action in actions]
    changed = of_row(row | {"document": document})
    assert [(f.code, f.place) for f in of_row(row)] == [(f.code, f.place) for f in changed]


def test_keys_of_tags_stand_for_every_tag():
    """A row with a slash at its end is every tag; without a tag it is no key."""
    assert (CONDITION_KEYS["aws:resourcetag/"], None, "aws:SourceVpce") == (
        condition_key("aws:ResourceTag/Team"),
        condition_key("aws:ResourceTag"),
        nearest_key("aws:SourceVpcEndpoint") and nearest_key("aws:SourcVpce"),
    )


def test_keys_know_their_actions():
    """A key of the repository's tags comes with the 35 actions on repositories, aws:SourceIp with all 60."""
    assert (35, len(ACTIONS)) == (
        len(condition_key("ecr:ResourceTag/x").actions),
        len(condition_key("aws:SourceIp").actions),
    )


def test_severities_are_ordered():
    """Dangers come before mistakes, mistakes before cautions, and notes last."""
    assert [0, 1, 2, 3] == [s.rank for s in (Severity.DANGER, Severity.MISTAKE, Severity.CAUTION, Severity.NOTE)]
