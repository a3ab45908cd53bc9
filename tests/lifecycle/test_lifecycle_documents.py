"""Policy documents: what AWS accepts is read, what it refuses is refused with every fault and its place."""

from __future__ import annotations

import json
import pickle
import re

import pytest
from ecrlab.errors import InvalidInput, InvalidPolicy
from ecrlab.lifecycle import TEXT_LENGTHS, Policy, StorageClass, faults_of, length_faults, parse
from hypothesis import given
from hypothesis import strategies as st
from lifecycle_world import HERE, newest, policies, rule, table

SAMPLES = {item["file"]: item for item in table("samples/index.json")["items"]}
INVALID = {case["name"]: case for case in table("invalid_policies.json")}
BROKEN = table("broken_policies.json")


def text_of(sample):
    """Return the document of a sample; one that is no JSON is kept as a text inside it."""
    text = (HERE / "samples" / sample).read_text("utf-8")
    return json.loads(text).get("raw_text", text)


def test_every_sample_is_listed():
    """The index names the files of its folder."""
    assert {path.name for path in (HERE / "samples").glob("lc-*.json")} == SAMPLES.keys()


@pytest.mark.parametrize("sample", SAMPLES)
def test_real_policies(sample):
    """Policies that people published are accepted or refused as by AWS, and those accepted come back unchanged."""
    text = text_of(sample)
    valid = SAMPLES[sample]["valid"] == "valid"
    assert valid == (faults_of(text) == ())
    if valid:
        assert parse(text) == parse(parse(text).text())


@pytest.mark.parametrize("case", INVALID.values(), ids=INVALID)
def test_documented_demands(case):
    """A policy that breaks a documented demand is refused: by its grammar, or for its length."""
    text = case.get("policy_text") or json.dumps(case["policy"])
    assert faults_of(text) or length_faults(text)
    if faults_of(text):
        with pytest.raises(InvalidPolicy) as caught:
            parse(text)
        assert faults_of(text) == caught.value.faults


@pytest.mark.parametrize("case", BROKEN.values(), ids=BROKEN)
def test_broken_documents(case):
    """Every fault of a document is named: its place, what is the case, the way out."""
    document = case["text"] if "text" in case else case["document"]
    assert case["faults"] == [str(fault) for fault in faults_of(document)]


def test_text_and_dict_are_the_same():
    """A document that is parsed already gives the same policy as its text."""
    text = text_of("lc-006.json")
    assert parse(text) == parse(json.loads(text))


def test_all_faults_are_collected():
    """The error's text names the first fault and counts the others; pickled it keeps them all."""
    with pytest.raises(InvalidPolicy) as caught:
        parse('{"rules": [{"rulePriority": 0}]}')
    assert 3 == len(caught.value.faults)
    expected = "rules[0]: 'selection' is missing; add \"selection\": { … } (and 2 more)"
    assert expected == str(caught.value) == str(pickle.loads(pickle.dumps(caught.value)))


@pytest.mark.parametrize("text", ["[" * 100_000, '{"rules": [1' + "0" * 5_000 + "]}"], ids=["nesting", "digits"])
def test_hostile_text(text):
    """Bottomless nesting and endless numbers are faults, not crashes."""
    assert 1 == len(faults_of(text))


def test_lengths_of_the_text():
    """The API takes 100 to 30,720 characters; the grammar does not mind."""
    assert (100, 30_720) == (TEXT_LENGTHS[0], TEXT_LENGTHS[-1])
    told = [str(fault) for length in (99, 100, 30_720, 30_721) for fault in length_faults("x" * length)]
    assert [
        "lifecyclePolicyText: it has 99 characters, and the API takes 100 or more; "
        "add a description to each rule, or indent the JSON",
        "lifecyclePolicyText: it has 30,721 characters, and the API takes 30,720; "
        "write it without indentation, shorten descriptions, or merge rules",
    ] == told


@given(policies())
def test_texts_are_read_back(policy):
    """A policy's text parses to the policy, indented or not, and has no fault."""
    assert () == faults_of(policy.text())
    assert policy == parse(policy.text()) == parse(policy.text(indent=2)) == parse(policy.document())


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6) | st.just("tagged") | st.just("days"),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["rules", "rulePriority", "selection", "action", "type", "tagStatus", "tagPatternList",
                             "tagPrefixList", "storageClass", "countType", "countUnit", "countNumber", "x"]),
            inner,
            max_size=6,
        )
    ),
    max_leaves=20,
)  # fmt: skip


@given(JSON.map(lambda rules: {"rules": rules}) | JSON.map(lambda one: {"rules": [one, one]}))
def test_anything_is_refused_or_read(document):
    """No JSON value makes the reader fail otherwise than by naming faults."""
    for form in (document, json.dumps(document)):
        if not faults_of(form):
            parse(form)


def test_priorities_are_unique():
    """A policy that is put together in code has one rule per number, sorted."""
    one, two = rule(1, newest(1, "a*")), rule(2, newest(1))
    assert (one, two) == Policy([two, one]).rules
    assert two == Policy([two, one]).rule(2)
    with pytest.raises(InvalidInput) as caught:
        Policy([one, one])
    assert "policy: two rules have priority 1; give each a number of its own" == str(caught.value)
    with pytest.raises(InvalidInput) as caught:
        Policy([one, two]).rule(3)
    assert "policy: no rule has priority 3; there are: 1, 2" == str(caught.value)


def test_a_policy_shows_itself():
    """A policy is a table: who, when, what."""
    policy = parse(text_of("lc-008.json"))
    assert StorageClass.ARCHIVE is policy.rule(2).selection.storage_class
    described = "Delete images archived for more than 365 days"
    rows = [re.split(r"  +", line.strip()) for line in str(policy).splitlines()]
    assert [
        ["Lifecycle policy"],
        ["rule", "looks at", "acts", "action", "description"],
        [
            "1",
            "all images",
            "more than 90 days after the last pull",
            "transition",
            "Archive images not pulled in 90 days",
        ],
        ["2", "all archived images", "more than 365 days after the archiving", "expire", described],
    ] == [row for row in rows if "--" not in row[0]]
    assert "<table>" in policy._repr_html_()
    assert "rule 1 archives all images more than 90 days after the last pull" == str(policy.rule(1))
