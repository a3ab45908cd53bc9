"""Opening, using and closing a lab in Mode Mock."""

from __future__ import annotations

import os
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import boto3
import pytest
from botocore.exceptions import ClientError
from ecrlab import Lab, Mock, emulator, open_lab
from ecrlab.clock import START
from ecrlab.cloud import current_lab
from ecrlab.cloud.credentials import FAKE_ACCESS_KEY_ID
from ecrlab.errors import InvalidInput, NoOpenLab
from moto import mock_aws

CARD = """\
✓ Your lab is open
  Mode        Mock: an emulator of Amazon ECR inside this kernel
  Account     111122223333
  Region      us-east-1
  Registry    111122223333.dkr.ecr.us-east-1.amazonaws.com
  Clock       2026-11-02 09:00:00 UTC; it moves when you call lab.clock.advance()
  Strictness  refuses what AWS is known to refuse
  Cost        nothing: no connection leaves this machine"""


def names(ecr) -> list[str]:
    """The repositories that a client sees."""
    return [found["repositoryName"] for found in ecr.describe_repositories()["repositories"]]


def test_a_lab_shows_where_it_is():
    """The card of a new lab says mode, account, region, registry, time, strictness and cost, the same every time."""
    lab = open_lab()

    assert str(lab) == CARD
    assert str(lab.card()) == CARD
    assert lab.card()._repr_html_() == lab._repr_html_()
    assert "- Account: 111122223333" in lab._repr_markdown_()


def test_the_defaults():
    """Without parameters or variables a lab is in Mode Mock, at the documented account, region and moment."""
    lab = open_lab()

    assert (Mock(), "111122223333", "us-east-1", START) == (lab.mode, lab.account_id, lab.region, lab.clock.now())
    assert str(lab.registry) == "111122223333.dkr.ecr.us-east-1.amazonaws.com"


def test_parameters_change_everything():
    """Account, region, strictness and the first moment are the caller's to choose."""
    start = datetime(2027, 1, 1, tzinfo=UTC)

    lab = open_lab(Mock(), account_id="444455556666", region="eu-central-1", strict=False, start=start)

    assert ("444455556666", "eu-central-1", start) == (lab.account_id, lab.region, lab.clock.now())
    assert "compatible with moto" in str(lab.card())
    created = lab.client("ecr").create_repository(repositoryName="team/api")["repository"]
    assert created["repositoryUri"] == "444455556666.dkr.ecr.eu-central-1.amazonaws.com/team/api"


def test_variables_change_the_defaults(monkeypatch):
    """ECRLAB_* variables set account, region, strictness and start for a lab that is opened without parameters."""
    monkeypatch.setenv("ECRLAB_MODE", "mock")
    monkeypatch.setenv("ECRLAB_ACCOUNT_ID", "444455556666")
    monkeypatch.setenv("ECRLAB_REGION", "ap-northeast-1")
    monkeypatch.setenv("ECRLAB_STRICT", "0")
    monkeypatch.setenv("ECRLAB_START", "2027-01-01T00:00:00Z")

    lab = open_lab()

    assert (lab.account_id, lab.region) == ("444455556666", "ap-northeast-1")
    assert datetime(2027, 1, 1, tzinfo=UTC) == lab.clock.now()
    assert "compatible with moto" in str(lab.card())


def test_a_parameter_wins_over_its_variable(monkeypatch):
    """What the caller writes is stronger than what the environment says."""
    monkeypatch.setenv("ECRLAB_REGION", "ap-northeast-1")
    monkeypatch.setenv("ECRLAB_STRICT", "no")

    lab = open_lab(region="us-west-2", strict=True)

    assert lab.region == "us-west-2"
    assert "refuses what AWS is known to refuse" in str(lab.card())


def test_our_ecr_is_in_it():
    """The lab's ECR has the kit's emulator behind it: its creation times come from the lab's clock."""
    lab = open_lab()
    lab.clock.advance(days=1)

    created = lab.client("ecr").create_repository(repositoryName="team/api")["repository"]["createdAt"]

    assert START + timedelta(days=1) == created


def test_sts_answers_with_the_account_and_the_learner():
    """Who am I: an IAM user of the lab's account, for the lab's client and for a client of the learner's own."""
    lab = open_lab(account_id="444455556666")

    identities = [client.get_caller_identity() for client in (lab.client("sts"), boto3.client("sts"))]

    assert [who["Arn"] for who in identities] == ["arn:aws:iam::444455556666:user/learner"] * 2
    assert [who["Account"] for who in identities] == ["444455556666"] * 2


def test_any_other_key_is_in_the_labs_account_as_well():
    """A session with keys that nobody knows works in the lab's account, not in moto's."""
    open_lab()
    other = boto3.Session("AKIAUNKNOWN", "unknown", region_name="us-east-1")

    assert other.client("sts").get_caller_identity()["Account"] == "111122223333"


def test_a_role_of_another_account_is_in_that_account():
    """Assuming a role elsewhere leads to another, empty registry."""
    lab = open_lab()
    lab.client("ecr").create_repository(repositoryName="team/api")
    role = lab.client("sts").assume_role(RoleArn="arn:aws:iam::444455556666:role/reader", RoleSessionName="visit")
    keys = role["Credentials"]

    visitor = boto3.Session(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"], "us-east-1")

    assert visitor.client("sts").get_caller_identity()["Account"] == "444455556666"
    assert names(visitor.client("ecr")) == []


def test_clients_are_kept():
    """The same service in the same region is the same client; another region is another one."""
    lab = open_lab()

    assert lab.client("ecr") is lab.client("ecr", region="us-east-1")
    assert lab.client("ecr", region="eu-west-1") is not lab.client("ecr")
    assert lab.client("ecr", region="eu-west-1").meta.region_name == "eu-west-1"


def test_a_service_with_a_resource():
    """Where boto3 has a resource, the lab hands it out, in the lab's account."""
    lab = open_lab()

    lab.resource("s3").create_bucket(Bucket="reports")

    assert [bucket["Name"] for bucket in lab.client("s3").list_buckets()["Buckets"]] == ["reports"]
    assert lab.resource("s3") is lab.resource("s3")


def test_regions_are_apart():
    """A repository exists in the region where it was created."""
    lab = open_lab()
    lab.client("ecr", region="eu-west-1").create_repository(repositoryName="team/api")

    assert names(lab.client("ecr")) == []
    assert names(lab.client("ecr", region="eu-west-1")) == ["team/api"]


def test_a_second_lab_closes_the_first_and_says_so():
    """Opening again starts afresh; the new card mentions it, nothing is printed, and the old card says closed."""
    first = open_lab()
    first.client("ecr").create_repository(repositoryName="team/api")

    second = open_lab()

    assert str(second) == CARD + "\n  The lab that was open before is closed; what it held is gone."
    assert str(first) == "○ This lab is closed\n  Open a new one with `open_lab()`."
    assert names(second.client("ecr")) == []
    assert second is current_lab()


CLOSED = "this lab: it is closed; open a new one with `lab = open_lab()`"
AFTER_CLOSE = {
    "client": lambda lab, ecr: lab.client("ecr"),
    "resource": lambda lab, ecr: lab.resource("s3"),
    "clean up": lambda lab, ecr: lab.clean_up(),
    "a call of a client it made": lambda lab, ecr: ecr.describe_repositories(),
    "a page of a client it made": lambda lab, ecr: list(ecr.get_paginator("describe_repositories").paginate()),
    "a presigned address": lambda lab, ecr: ecr.generate_presigned_url("describe_repositories"),
}


@pytest.mark.parametrize("use", AFTER_CLOSE.values(), ids=AFTER_CLOSE)
@pytest.mark.parametrize("reopened", [False, True], ids=["nothing open", "another lab open"])
def test_a_closed_lab_says_so(use, reopened):
    """Whatever is done with a closed lab, or with a client it made, says in one line that it is closed."""
    lab = open_lab()
    ecr = lab.client("ecr")
    lab.close()
    if reopened:
        open_lab()

    with pytest.raises(NoOpenLab) as failure:
        use(lab, ecr)

    assert str(failure.value) == CLOSED


def test_closing_twice_is_fine():
    """The second close does nothing, and does not close a lab that was opened since."""
    lab = open_lab()
    lab.close()
    another = open_lab()
    lab.close()

    assert another is current_lab()


def test_a_block_closes_its_lab():
    """As a context manager a lab closes at the end, also after an error."""
    opened = open_lab()
    with suppress(KeyError), opened as lab:
        assert lab is current_lab()
        raise KeyError

    with pytest.raises(NoOpenLab) as failure:
        current_lab()
    assert str(failure.value) == "lab: none is open; open one with `lab = open_lab()`"


def test_the_name_of_a_repository_is_its_own():
    """In Mode Mock the whole account is the lab's, so names need no prefix; a bad one is left for ECR to refuse."""
    lab = open_lab()

    assert [lab.repository_name(name) for name in ("team/api", "Team/API")] == ["team/api", "Team/API"]


def test_cleaning_up_empties_the_account():
    """A dry run lists the repositories of every region in use and leaves them; the real one removes them."""
    lab = open_lab()
    lab.client("ecr").create_repository(repositoryName="team/api")
    lab.client("ecr", region="eu-west-1").create_repository(repositoryName="team/web")

    listed = lab.clean_up()
    assert [(o.region, o.repository) for o in listed.owned] == [("eu-west-1", "team/web"), ("us-east-1", "team/api")]
    assert listed.deleted == ()
    assert names(lab.client("ecr")) == ["team/api"]

    deleted = lab.clean_up(dry_run=False)
    assert listed.owned == deleted.deleted
    assert names(lab.client("ecr")) + names(lab.client("ecr", region="eu-west-1")) == []
    assert str(lab.clean_up()).splitlines()[0] == "Nothing of this lab is left (searched: eu-west-1, us-east-1)"


def test_a_mock_of_the_learners_own_may_be_nested():
    """A ``mock_aws`` inside an open lab sees the lab's account and leaves it as it is."""
    lab = open_lab()
    lab.client("ecr").create_repository(repositoryName="team/api")

    with mock_aws():
        assert names(boto3.client("ecr")) == ["team/api"]

    assert names(lab.client("ecr")) == ["team/api"]
    assert os.environ["AWS_ACCESS_KEY_ID"] == FAKE_ACCESS_KEY_ID


def test_a_lab_may_be_nested_in_a_mock(monkeypatch):
    """Inside somebody's ``mock_aws`` a lab opens and closes, and both leave the environment as they found it."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIABEFOREEVERYTHING")
    before = dict(os.environ)

    with mock_aws():
        meanwhile = dict(os.environ)
        with open_lab() as lab:
            assert names(lab.client("ecr")) == []
        assert meanwhile == dict(os.environ)

    assert before == dict(os.environ)


def test_after_a_lab_moto_is_its_old_self():
    """Closing takes the emulator and the account out of moto again."""
    open_lab().close()

    with mock_aws():
        assert boto3.client("sts", region_name="us-east-1").get_caller_identity()["Account"] == "123456789012"
        with pytest.raises(ClientError):
            boto3.client("ecr", region_name="us-east-1").describe_images(repositoryName="team/api")


def test_a_lab_that_cannot_open_leaves_nothing_behind(monkeypatch):
    """If opening fails on the way, environment and network are as they were."""
    monkeypatch.setenv("AWS_PROFILE", "work")
    before = dict(os.environ)

    def refuse(**_: object) -> None:
        raise RuntimeError("no")

    with monkeypatch.context() as broken:
        broken.setattr(emulator, "install", refuse)
        with pytest.raises(RuntimeError):
            open_lab()

    assert before == dict(os.environ)
    with pytest.raises(NoOpenLab):
        current_lab()


def test_a_learners_broken_aws_files_do_not_matter(monkeypatch):
    """A profile that does not exist, or a configuration that cannot be read, is no obstacle in Mode Mock."""
    monkeypatch.setenv("AWS_PROFILE", "no-such-profile")
    monkeypatch.setenv("AWS_CONFIG_FILE", __file__)

    assert names(open_lab().client("ecr")) == []


BAD_CALLS = {  # id: (call, the whole message)
    "mode as a text": (
        lambda: open_lab("aws"),
        "open_lab(mode): 'aws' is no mode; pass Mock(), or Aws(profile='…', account_id='…')",
    ),
    "mode as a class": (
        lambda: open_lab(Mock),
        "open_lab(mode): <class 'ecrlab.cloud.modes.Mock'> is no mode; "
        "pass Mock(), or Aws(profile='…', account_id='…')",
    ),
    "account too short": (
        lambda: open_lab(account_id="1234"),
        "open_lab(account_id=…): '1234' is not twelve digits; write it like '111122223333'",
    ),
    "account as a number": (
        lambda: open_lab(account_id=111122223333),
        "open_lab(account_id=…): 111122223333 is no text, and numbers lose leading zeros; quote the twelve digits",
    ),
    "region misspelled": (
        lambda: open_lab(region="us-east-11"),
        "region 'us-east-11': botocore knows no such region; did you mean 'us-east-1'?",
    ),
    "region as a city": (
        lambda: open_lab(region="Frankfurt"),
        "open_lab(region=…): 'Frankfurt' is not spelled like a region; write it like 'us-east-1'",
    ),
    "strict as a text": (
        lambda: open_lab(strict="yes"),
        "open_lab(strict=…): 'yes' is neither True nor False; write one of them",
    ),
    "start without a timezone": (
        lambda: open_lab(start=datetime(2026, 11, 2)),  # noqa: DTZ001
        "open_lab(start=…): 2026-11-02T00:00:00 has no timezone; add tzinfo=UTC",
    ),
    "start as a text": (
        lambda: open_lab(start="2026-11-02"),
        "open_lab(start=…): '2026-11-02' is no datetime; write datetime(2026, 11, 2, tzinfo=UTC)",
    ),
    "service misspelled": (
        lambda: open_lab().client("erc"),
        "lab.client('erc'): boto3 knows no such service; did you mean 'ecr'?",
    ),
    "service in capitals": (
        lambda: open_lab().client("ECR"),
        "lab.client('ECR'): boto3 knows no such service; did you mean 'ecr'?",
    ),
    "service of another kind": (
        lambda: open_lab().client("docker-registry-please"),
        "lab.client('docker-registry-please'): boto3 knows no such service; "
        "lab.client('ecr') is the one that this course is about",
    ),
    "service as a number": (
        lambda: open_lab().client(7),
        "lab.client(7): boto3 knows no such service; lab.client('ecr') is the one that this course is about",
    ),
    "region of a client": (
        lambda: open_lab().client("ecr", region="us-east-9"),
        "region 'us-east-9': botocore knows no such region; did you mean 'us-east-2'?",
    ),
    "resource of ecr": (
        lambda: open_lab().resource("ecr"),
        "lab.resource('ecr'): boto3 has no resource for this service; use lab.client('ecr')",
    ),
    "resource misspelled": (
        lambda: open_lab().resource("s33"),
        "lab.resource('s33'): boto3 knows no such service; did you mean 's3'?",
    ),
    "repository name as a number": (
        lambda: open_lab().repository_name(7),
        "lab.repository_name: 7 is no text; write it like 'payments/api'",
    ),
}


@pytest.mark.parametrize(("call", "message"), BAD_CALLS.values(), ids=BAD_CALLS)
def test_error_bad_input_has_one_clear_line(call, message):
    """Each bad input gets its whole message: place, fact, way out."""
    with pytest.raises(InvalidInput) as failure:
        call()

    assert message == str(failure.value)


@pytest.mark.parametrize(
    "call", [lambda: open_lab(region="Frankfurt"), lambda: open_lab("aws")], ids=["region", "mode"]
)
def test_error_bad_input_leaves_the_open_lab_open(call):
    """A call of open_lab that cannot be right does not cost the learner the lab that is open."""
    lab = open_lab()

    with pytest.raises(InvalidInput):
        call()

    assert lab is current_lab()
    assert isinstance(current_lab(), Lab)
    assert names(lab.client("ecr")) == []
