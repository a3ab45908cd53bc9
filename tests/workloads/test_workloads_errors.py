"""Pasted errors of pulls, pushes and logins: the right cause, by words of the text, however the text is wrapped."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from ecrlab.cards import Card
from ecrlab.errors import InvalidInput
from ecrlab.workloads import MESSAGES, Cause, Obstacle, explain_error
from ecrlab.workloads.error_signs import cleaned
from hypothesis import given
from hypothesis import strategies as st

FOLDER = Path(__file__).parent
COLLECTED = json.loads((FOLDER / "samples" / "errors.json").read_text("utf-8"))["errors"]
MORE = json.loads((FOLDER / "error_texts.json").read_text("utf-8"))["cases"]
BY_ID = {row["id"]: row for row in COLLECTED}

collected = st.sampled_from(COLLECTED)


@pytest.mark.parametrize("row", COLLECTED, ids=lambda row: row["id"])
def test_collected_errors(row):
    """Each error that people met has its cause, and the evidence is in their text, letter by letter."""
    found = explain_error(row["text"])
    assert (row["cause"], row["evidence"]) == (found.cause.name, found.evidence)
    assert found.evidence in row["text"]


@pytest.mark.parametrize("row", MORE, ids=lambda row: row["id"])
def test_more_errors(row):
    """Errors that were not among those collected, and texts that are no error of ours."""
    assert row["cause"] == explain_error(row["text"]).cause.name


def test_every_cause_has_a_text():
    """Each cause is told by a row of one of the tables."""
    assert {cause.name for cause in Cause} == {row["cause"] for row in [*COLLECTED, *MORE]}


# What the kit itself says when a pull fails

EXPECTED = {
    Obstacle.NOT_IN_ECR: {"BAD_REFERENCE"},
    Obstacle.OTHER_REGION: {"BAD_REFERENCE"},
    Obstacle.NO_WAY_TO_API: {"NO_ROUTE", "NO_CREDENTIALS"},
    Obstacle.LOGIN_DENIED: {"ACCESS_DENIED", "NO_CREDENTIALS"},
    Obstacle.NO_WAY_TO_REGISTRY: {"NO_ROUTE"},
    Obstacle.MANIFEST_DENIED: {"ACCESS_DENIED"},
    Obstacle.REPOSITORY_NOT_FOUND: {"REPOSITORY_MISSING", "TAG_MISSING"},
    Obstacle.IMAGE_NOT_FOUND: {"TAG_MISSING"},
    Obstacle.IMAGE_ARCHIVED: {"IMAGE_ARCHIVED", "TAG_MISSING"},
    Obstacle.KEY_UNUSABLE: {"KMS_DENIED", "ACCESS_DENIED"},
    Obstacle.INDEX_REFUSED: {"INDEX_REFUSED"},
    Obstacle.NO_PLATFORM: {"PLATFORM_MISMATCH"},
    Obstacle.TOO_LARGE: {"TOO_LARGE"},
    Obstacle.LAYERS_DENIED: {"S3_BLOCKED", "ACCESS_DENIED"},
    Obstacle.NO_WAY_TO_LAYERS: {"S3_BLOCKED", "NO_ROUTE"},
    Obstacle.BUCKET_DENIED: {"S3_BLOCKED"},
    Obstacle.OTHER_ARCHITECTURE: {"EXEC_FORMAT"},
}
"""What an explanation may say of each obstacle; services word some of them alike."""


class Parts(dict):
    """The parts of a message: those that matter for what it means, and the name of any other."""

    def __missing__(self, part: str) -> str:
        return part


PARTS = Parts(
    image="111122223333.dkr.ecr.eu-west-1.amazonaws.com/team/api:1",
    host="111122223333.dkr.ecr.eu-west-1.amazonaws.com",
    repository="team/api",
    name="1",
    address="10.0.0.7",
    dial="dial tcp 10.0.0.7:443: i/o timeout",
    denied="User: arn:aws:sts::111122223333:assumed-role/pulls/x is not authorized to perform: ecr:BatchGetImage on "
    "resource: arn:aws:ecr:eu-west-1:111122223333:repository/team/api because no identity-based policy allows the "
    "ecr:BatchGetImage action",
    digest=f"sha256:{'0' * 64}",
    platform="linux/arm64",
    bucket="prod-eu-west-1-starport-layer-bucket.s3.eu-west-1.amazonaws.com",
    state="ARCHIVED",
)


@pytest.mark.parametrize("message", MESSAGES.values(), ids=lambda m: f"{m.dialect.value}: {m.obstacle.name}")
def test_the_kit_explains_its_own_messages(message):
    """What a pull in the lab fails with is explained by what stood in its way."""
    assert explain_error(message.fill(PARTS)).cause.name in EXPECTED[message.obstacle]


# However a text is wrapped


def wrapped_in_event(text: str) -> str:
    """Put a text where EventBridge and CloudTrail put it."""
    return json.dumps({"detail-type": "ECS Task State Change", "detail": {"stoppedReason": text}}, indent=2)


WRAPPINGS = {
    "a log before and after": lambda text: f"2026-11-24T09:00:00Z starting\n  Step 3/7 : pulling\n{text}\nexit 1\n",
    "colours": lambda text: "\x1b[31mERROR\x1b[0m " + text.replace(" ", " \x1b[1m", 1) + "\x1b[0m",
    "lines broken at blanks": lambda text: text.replace(" ", "\r\n   "),
    "an event": wrapped_in_event,
    "an event inside an event": lambda text: json.dumps({"Message": wrapped_in_event(text)}),
    "an event that escapes all that is not ASCII": lambda text: json.dumps(
        {"event": f"\x1b[31m{text}\x1b[0m"}, ensure_ascii=True
    ),
    "capitals": str.upper,
}


@pytest.mark.parametrize("wrap", WRAPPINGS.values(), ids=WRAPPINGS)
@pytest.mark.parametrize("row", COLLECTED, ids=lambda row: row["id"])
def test_wrappings_make_no_difference(row, wrap):
    """Logs, colours, broken lines, events and capitals leave the cause what it is."""
    assert row["cause"] == explain_error(wrap(row["text"])).cause.name


@given(st.text(max_size=200))
def test_any_text_has_an_explanation(text):
    """Whatever is pasted, there is an answer that can be shown, and its evidence is in the text."""
    found = explain_error(text)
    assert found.evidence in cleaned(text)
    assert isinstance(found._shown(), Card)
    assert bool(found.evidence) is (found.cause is not Cause.UNKNOWN)


@given(collected, collected)
def test_of_two_errors_the_graver_counts(first, second):
    """In a log with two errors the order of the causes decides, not that of the lines."""
    there = explain_error(f"{first['text']}\n{second['text']}")
    back = explain_error(f"{second['text']}\n{first['text']}")
    assert there.cause == back.cause
    assert there.cause.name in (first["cause"], second["cause"])


HEAVY = {
    "one letter": "a",
    "blanks": " ",
    "backslashes": "\\",
    "escapes that never end": "\x1b[",
    "titles that never end": "\x1b]0;",
    "quotes of JSON": '\\"',
    "halves of a sign": "dial tcp ",
    "halves with gaps": "unable to retrieve secret from asm: ",
    "halves with words": "repository with name '",
    "roles": "arn:aws:iam::111122223333:",
    "registries": "111122223333.dkr.ecr.",
    "an error again and again": "not authorized to perform: ecr",
    "digits": "0",
}


@pytest.mark.parametrize("piece", HEAVY.values(), ids=HEAVY)
def test_a_megabyte_takes_less_than_a_second(piece):
    """No text makes the search slow: the time grows with its length, and a megabyte is quick."""
    text = piece * (1_000_000 // len(piece))
    explain_error(piece)  # what is read once is not counted
    began = time.process_time()
    explain_error(text)
    assert time.process_time() - began < 1.0


# What an explanation says


def test_an_explanation_says_who_asked_for_what():
    """The caller, the action and the resource are taken from the text; the sentence fits the policy that is missing."""
    found = explain_error(BY_ID["err-038"]["text"])
    assert {
        "who asks": "arn:aws:sts::111122223333:assumed-role/ghci-lf-github-action-runners-runner-role/"
        "i-00000000000000000",
        "for what": "ecr:InitiateLayerUpload",
        "on what": "arn:aws:ecr:us-east-1:444455556666:repository/pytorch/pytorch-linux-jammy-py3-clang18-asan",
    } == dict(found.details)
    assert "belongs to another account" in found.why
    assert () == found.also


def test_other_errors_in_the_text_are_mentioned():
    """A log with two errors that have nothing to do with each other tells of both."""
    found = explain_error(f"{BY_ID['err-034']['text']}\n{BY_ID['err-030']['text']}")
    assert (Cause.EXEC_FORMAT, ((Cause.NO_CREDENTIALS, "no basic auth credentials"),)) == (found.cause, found.also)


def test_a_waiting_state_is_no_cause():
    """ImagePullBackOff alone says where to look; with the event beside it, the event counts."""
    waiting = 'Back-off pulling image "111122223333.dkr.ecr.eu-west-1.amazonaws.com/api:1"  ImagePullBackOff'
    assert Cause.BACKING_OFF is explain_error(waiting).cause
    assert Cause.NO_CREDENTIALS is explain_error(f"{waiting}\n{BY_ID['err-024']['text']}").cause


def test_an_explanation_shows_itself():
    """A card with the words of the text, the reason, the steps in order and where to read on."""
    found = explain_error(BY_ID["err-030"]["text"])
    assert (
        "✗ The program was built for another processor\n"
        "  the text says  `exec format error`\n"
        "  The image was pulled and started, but its program is made for another architecture than the machine has"
    ) in str(found)
    assert "\n  1. See what the image is for: " in str(found)
    assert "<code>exec format error</code>" in found._repr_html_()
    assert "Read more: https://docs.aws.amazon.com/AmazonECR/" in found._repr_markdown_()


def test_an_unknown_text_says_what_to_collect():
    """A text that tells nothing is answered with what would tell."""
    found = explain_error("It does not work.")
    assert (Cause.UNKNOWN, "", ()) == (found.cause, found.evidence, found.also)
    assert ["On ECS", "On Kubernetes", "On a machine", "Add who"] == [
        next(start for start in ("On ECS", "On Kubernetes", "On a machine", "Add who") if step.startswith(start))
        for step in found.fix
    ]
    assert str(found).startswith("? This text does not say what is wrong")


def test_every_cause_is_written_in_full():
    """Each cause has a title, sentences that end, steps that end, and an address to read on."""
    for row in [*COLLECTED, *MORE]:
        found = explain_error(row["text"])
        assert found.title
        assert found.why.endswith(".")
        assert found.fix
        assert all(step.endswith((".", "`")) for step in found.fix), found.fix
        assert all(source.startswith("https://") for source in found.sources)
        assert found.sources


@pytest.mark.parametrize("value", [None, 5, b"denied", ["denied"]], ids=repr)
def test_error_an_error_text_is_text(value):
    """What is no text is told as such."""
    with pytest.raises(InvalidInput) as caught:
        explain_error(value)
    expected = f"error text: {type(value).__name__} is no text; hand over what was printed, as a string"
    assert expected == str(caught.value)
