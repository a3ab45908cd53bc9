"""Mode Aws, with moto standing in for AWS: the real flow, offline, in an account that others use as well."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal

import boto3
import pytest
from botocore.exceptions import ClientError
from ecrlab import Aws, Lab, emulator, open_lab
from ecrlab.cli import main
from ecrlab.clock import START, SystemClock
from ecrlab.cloud import estimate, reading_client
from ecrlab.cloud.guard import is_guarding
from ecrlab.emulator.errors import EcrError
from ecrlab.emulator.operations import OPERATIONS
from ecrlab.errors import AccountMismatch, AwsCallError, InvalidInput, LabError
from moto import mock_aws
from moto.core.exceptions import ServiceException
from moto.sts.responses import TokenResponse

ACCOUNT = "123456789012"  # moto's own
MODE = Aws(profile="course", account_id=ACCOUNT)


@pytest.fixture
def aws(aws_files) -> Iterator[None]:
    """An AWS that is moto, with our ECR in it; as on a real machine, other keys are in the environment."""
    emulator.install()
    with mock_aws():
        yield
    emulator.uninstall()


@pytest.fixture
def lab(aws) -> Iterator[Lab]:
    """A lab on that account."""
    with open_lab(MODE) as lab:
        yield lab


def owners_client(region: str = "eu-west-1"):
    """A client of somebody else's in the same account, without the lab's guard rails."""
    return boto3.Session("AKIASOMEBODYELSE0000", "secret", region_name=region).client("ecr")


def names(ecr) -> set[str]:
    """The repositories that a client sees."""
    pages = ecr.get_paginator("describe_repositories").paginate()
    return {found["repositoryName"] for page in pages for found in page["repositories"]}


def test_a_card_says_that_it_is_real(lab):
    """Mode, account, region, prefix, estimate, limit and the date of the price are on the card."""
    assert (
        re.sub(r"ecrlab-[0-9a-f]{8}/", "ecrlab-<id>/", str(lab))
        == """\
☁ Your lab is open
  Mode      Aws: a real account, through profile course
  Account   123456789012
  Region    eu-west-1
  Registry  123456789012.dkr.ecr.eu-west-1.amazonaws.com
  Prefix    ecrlab-<id>/ begins the name of every repository: use lab.repository_name()
  Clock     real time
  Cost      at most 0.00 USD a month for the 0 bytes that the lab stores; limit 1.00 USD a month
  Price     0.10 USD per GB-month in us-east-1, March 2026, third party
  Clean-up  lab.clean_up() lists what the lab made; lab.clean_up(dry_run=False) deletes it"""
    )


def test_the_profiles_keys_sign_and_no_others(lab):
    """Though keys are in the environment, every request carries the profile's."""
    signed = []

    def note(request, **_):
        signed.extend(re.findall(r"Credential=([^/]+)/", request.headers["Authorization"].decode()))

    for service in ("ecr", "sts"):
        lab.client(service).meta.events.register_first("before-send", note)
    lab.client("ecr").describe_repositories()
    lab.client("sts").get_caller_identity()

    assert signed == ["AKIACOURSEPROFILE000"] * 2


def test_an_endpoint_in_the_environment_is_not_asked(aws, monkeypatch):
    """A forgotten AWS_ENDPOINT_URL does not decide who says which account this is."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")

    lab = open_lab(MODE)

    assert lab.client("ecr").meta.endpoint_url == "https://api.ecr.eu-west-1.amazonaws.com"


def test_a_real_account_is_not_guarded_and_runs_on_real_time(lab):
    """Mode Aws needs the network, and its clock cannot be moved."""
    assert not is_guarding()
    assert isinstance(lab.clock, SystemClock)
    with pytest.raises(InvalidInput):
        lab.clock.advance(days=1)


REGIONS = {  # id: (mode's region, parameter, variable, the lab's)
    "the profile's": (None, None, None, "eu-west-1"),
    "the variable's": (None, None, "eu-west-2", "eu-west-2"),
    "the mode's": ("eu-west-3", None, "eu-west-2", "eu-west-3"),
    "the parameter's": ("eu-west-3", "us-west-2", "eu-west-2", "us-west-2"),
}


@pytest.mark.parametrize(("of_mode", "parameter", "variable", "region"), REGIONS.values(), ids=REGIONS)
def test_where_the_region_comes_from(aws, monkeypatch, of_mode, parameter, variable, region):
    """The nearest statement wins: parameter, mode, variable, profile."""
    if variable:
        monkeypatch.setenv("ECRLAB_REGION", variable)

    lab = open_lab(Aws(profile="course", account_id=ACCOUNT, region=of_mode), region=parameter)

    assert region == lab.region


def test_variables_open_it_if_they_name_the_account_twice(aws, monkeypatch):
    """ECRLAB_MODE=aws works together with profile and account, and only then."""
    monkeypatch.setenv("ECRLAB_MODE", "aws")
    monkeypatch.setenv("ECRLAB_AWS_PROFILE", "course")
    with pytest.raises(InvalidInput):
        open_lab()

    monkeypatch.setenv("ECRLAB_AWS_ACCOUNT_ID", ACCOUNT)
    assert open_lab().mode == MODE


def test_the_prefix_is_the_same_after_a_restart(aws):
    """It comes from who you are, so that a new session finds what an earlier one left."""
    with open_lab(MODE) as first:
        first.client("ecr").create_repository(repositoryName=first.repository_name("team/api"))
    with open_lab(MODE) as second:
        left = second.clean_up()

    assert first.repository_name("x") == second.repository_name("x")
    assert [second.repository_name("team/api")] == [found.repository for found in left.owned]


def test_a_name_gets_the_prefix_once(lab):
    """``repository_name`` of a name that has the prefix is that name."""
    name = lab.repository_name("team/api")

    assert re.fullmatch(r"ecrlab-[0-9a-f]{8}/team/api", name)
    assert name == lab.repository_name(name)


def test_what_a_lab_makes_carries_its_tags(lab):
    """A new repository gets the lab's tags beside those that were asked for; a forged one is replaced."""
    ecr = lab.client("ecr")
    tags = [{"Key": "team", "Value": "payments"}, {"Key": "ecrlab:lab", "Value": "another"}]
    arn = ecr.create_repository(repositoryName=lab.repository_name("api"), tags=tags)["repository"]["repositoryArn"]

    found = {tag["Key"]: tag["Value"] for tag in ecr.list_tags_for_resource(resourceArn=arn)["tags"]}

    lab_id = lab.repository_name("").removeprefix("ecrlab-").removesuffix("/")
    assert {"team": "payments", "ecrlab:lab": lab_id, "ecrlab:created-by": "ecrlab"} == found


def test_cleaning_up_removes_exactly_the_labs_own(lab):
    """Foreign names, a prefix without the tag and a tag without the prefix survive; pages and regions are walked."""
    ecr, elsewhere, owner = lab.client("ecr"), lab.client("ecr", region="us-east-1"), owners_client()
    tags = [
        {"Key": "ecrlab:lab", "Value": lab.repository_name("")[7:-1]},
        {"Key": "ecrlab:created-by", "Value": "ecrlab"},
    ]
    foreign = {"production/api", lab.repository_name("untagged"), "tagged", "ecrlab-00000000/api"}
    for name in foreign:
        owner.create_repository(repositoryName=name, tags=tags if name == "tagged" else [])
    own = {lab.repository_name(f"team/{number:03}") for number in range(120)}
    for name in own:
        ecr.create_repository(repositoryName=name)
    elsewhere.create_repository(repositoryName=lab.repository_name("team/far"))

    listed = lab.clean_up()
    assert own | {lab.repository_name("team/far")} == {found.repository for found in listed.owned}
    assert own | foreign == names(owner)

    deleted = lab.clean_up(dry_run=False)
    assert listed.owned == deleted.deleted
    assert foreign == names(owner)
    assert set() == names(owners_client("us-east-1"))
    assert lab.clean_up().owned == ()


def test_a_clean_up_reads_as_a_table(lab):
    """One row per repository, and a caption that says what happens or has happened."""
    lab.client("ecr").create_repository(repositoryName=lab.repository_name("api"))
    would = "1 repository would be deleted by lab.clean_up(dry_run=False) (searched: eu-west-1)"

    assert would == str(lab.clean_up()).splitlines()[0]
    assert "1 repository deleted, and seen to be gone" in lab.clean_up(dry_run=False)._repr_markdown_()
    assert "Nothing of this lab is left (searched: eu-west-1)" in lab.clean_up()._repr_html_()


REACHING_TOO_FAR = {  # id: (call, the whole message; <prefix> stands for the lab's)
    "create without the prefix": (
        lambda lab: lab.client("ecr").create_repository(repositoryName="team/api"),
        "CreateRepository on repository 'team/api': on a real account a lab changes only repositories under "
        "'<prefix>'; write lab.repository_name('team/api')",
    ),
    "delete what is not its own": (
        lambda lab: lab.client("ecr").delete_repository(repositoryName="production/api", force=True),
        "DeleteRepository on repository 'production/api': on a real account a lab changes only repositories under "
        "'<prefix>'; write lab.repository_name('production/api')",
    ),
    "push to what is not its own": (
        lambda lab: lab.client("ecr").put_image(repositoryName="production/api", imageManifest="{}"),
        "PutImage on repository 'production/api': on a real account a lab changes only repositories under '<prefix>'; "
        "write lab.repository_name('production/api')",
    ),
    "tag what is not its own": (
        lambda lab: lab.client("ecr").tag_resource(
            resourceArn=f"arn:aws:ecr:eu-west-1:{ACCOUNT}:repository/production/api", tags=[{"Key": "a", "Value": "b"}]
        ),
        f"TagResource on 'arn:aws:ecr:eu-west-1:{ACCOUNT}:repository/production/api': on a real account a lab tags "
        "only its own repositories, and keeps its own tags on them; choose a repository of the lab and a key that does "
        "not begin with 'ecrlab:'",
    ),
    "take its own tags off": (
        lambda lab: lab.client("ecr").untag_resource(
            resourceArn=f"arn:aws:ecr:eu-west-1:{ACCOUNT}:repository/{lab.repository_name('api')}",
            tagKeys=["ecrlab:lab"],
        ),
        f"UntagResource on 'arn:aws:ecr:eu-west-1:{ACCOUNT}:repository/<prefix>api': on a real account a lab tags "
        "only its own repositories, and keeps its own tags on them; choose a repository of the lab and a key that does "
        "not begin with 'ecrlab:'",
    ),
    "settings of the whole registry": (
        lambda lab: lab.client("ecr").put_registry_policy(policyText="{}"),
        "PutRegistryPolicy: on a real account a lab changes only its own repositories, and this reaches further; "
        "try it in Mode Mock, or make the call outside the lab",
    ),
    "another service": (
        lambda lab: lab.client("iam").create_user(UserName="intruder"),
        "CreateUser: on a real account a lab changes only its own repositories, and this reaches further; "
        "try it in Mode Mock, or make the call outside the lab",
    ),
}


@pytest.mark.parametrize(("call", "message"), REACHING_TOO_FAR.values(), ids=REACHING_TOO_FAR)
def test_error_a_lab_changes_only_its_own(lab, call, message):
    """Calls that would change something else are refused before they are sent."""
    owners_client().create_repository(repositoryName="production/api")

    with pytest.raises(LabError) as failure:
        call(lab)

    assert message == str(failure.value).replace(lab.repository_name(""), "<prefix>")
    assert {"production/api"} == names(owners_client())


def test_reading_is_free(lab):
    """A lab may look at what is not its own."""
    owners_client().create_repository(repositoryName="production/api")
    ecr = lab.client("ecr")

    assert {"production/api"} == names(ecr)
    assert ecr.describe_images(repositoryName="production/api")["imageDetails"] == []


def test_its_own_tags_may_be_read_and_others_set(lab):
    """Resource tags of the lab's own repositories are the learner's to set, under keys of their own."""
    ecr = lab.client("ecr")
    arn = ecr.create_repository(repositoryName=lab.repository_name("api"))["repository"]["repositoryArn"]
    ecr.tag_resource(resourceArn=arn, tags=[{"Key": "team", "Value": "payments"}])
    ecr.untag_resource(resourceArn=arn, tagKeys=["team"])

    keys = {tag["Key"] for tag in ecr.list_tags_for_resource(resourceArn=arn)["tags"]}

    assert {"ecrlab:lab", "ecrlab:created-by"} == keys


def test_above_the_limit_nothing_is_added(aws):
    """Bytes that are uploaded count at once; deleting makes the lab look again."""
    with open_lab(Aws(profile="course", account_id=ACCOUNT, spend_limit_usd=Decimal(0))) as lab:
        ecr, name = lab.client("ecr"), lab.repository_name("api")
        ecr.create_repository(repositoryName=name)
        upload = ecr.initiate_layer_upload(repositoryName=name)["uploadId"]
        part = {"repositoryName": name, "uploadId": upload, "partFirstByte": 0, "partLastByte": 3}
        ecr.upload_layer_part(**part, layerPartBlob=b"four")

        with pytest.raises(LabError) as failure:
            ecr.initiate_layer_upload(repositoryName=name)
        assert str(failure.value) == (
            "InitiateLayerUpload: what the lab stores may cost 0.01 USD a month and the limit is 0; "
            "lab.clean_up(dry_run=False), or open the lab with a higher spend_limit_usd"
        )

        lab.clean_up(dry_run=False)
        ecr.create_repository(repositoryName=name)


COSTS = {  # id: (bytes, US dollars a month)
    "nothing": (0, "0.00"),
    "a byte is rounded up to a cent": (1, "0.01"),
    "a gigabyte": (10**9, "0.10"),
    "the default limit": (10 * 10**9, "1.00"),
    "just above it": (10 * 10**9 + 1, "1.01"),
}


@pytest.mark.parametrize(("size", "usd"), COSTS.values(), ids=COSTS)
def test_the_estimate(size, usd):
    """Storage times price, rounded up."""
    assert Decimal(usd) == estimate.monthly_usd(size)


def test_the_price_has_a_date_and_a_source():
    """The price is data: it says when it was true and who says so."""
    price = estimate.storage_price()

    assert ("us-east-1", "0.10 USD per GB-month", "March 2026") == (price.region, price.in_words(), price.as_of)
    assert price.source.startswith("https://")


def test_error_another_account_than_the_one_named(aws):
    """Both accounts are in the message, and no lab is open afterwards."""
    with pytest.raises(AccountMismatch) as failure:
        open_lab(Aws(profile="course", account_id="999988887777"))

    assert str(failure.value) == (
        "profile 'course': it belongs to account 123456789012 and 999988887777 was named; "
        "name the account that you mean, or the profile that belongs to it"
    )


NOT_OPENED = {  # id: (profile, the whole message)
    "missing profile": (
        "curse",
        "GetCallerIdentity on profile 'curse': ProfileNotFound: The config profile (curse) could not be found; "
        "take a name that `aws configure list-profiles` prints",
    ),
    "profile without keys, though the environment has some": (
        "empty",
        "GetCallerIdentity on profile 'empty': NoCredentialsError: Unable to locate credentials; "
        "give the profile credentials with `aws configure` or `aws configure sso`",
    ),
}


@pytest.mark.parametrize(("profile", "message"), NOT_OPENED.values(), ids=NOT_OPENED)
def test_error_a_profile_that_cannot_be_used(aws, profile, message):
    """One line with the way out, and botocore's own exception as the cause."""
    with pytest.raises(AwsCallError) as failure:
        open_lab(Aws(profile=profile, account_id=ACCOUNT))

    assert message == str(failure.value)
    assert failure.value.__cause__ is not None


REFUSED_BY_STS = {  # id: (code, message of AWS, the whole message)
    "expired": (
        "ExpiredToken",
        "The security token included in the request is expired",
        "GetCallerIdentity on profile 'course': ExpiredToken: The security token included in the request is expired; "
        "log in again (`aws sso login`, or fetch new keys), then open the lab again",
    ),
    "denied": (
        "AccessDenied",
        "User: arn:aws:iam::123456789012:user/x is not authorized to perform: sts:GetCallerIdentity",
        "GetCallerIdentity on profile 'course': AccessDenied: User: arn:aws:iam::123456789012:user/x is not authorized "
        "to perform: sts:GetCallerIdentity; allow this action for your identity, and look for a Deny in every policy "
        "that applies",
    ),
    "unknown key": (
        "InvalidClientTokenId",
        "The security token included in the request is invalid.",
        "GetCallerIdentity on profile 'course': InvalidClientTokenId: The security token included in the request is "
        "invalid; the access key is unknown to AWS: check the profile's keys",
    ),
}


@pytest.mark.filterwarnings("ignore:Exception.Refusal.:UserWarning")  # moto knows these codes less well than AWS does
@pytest.mark.parametrize(("code", "words", "message"), REFUSED_BY_STS.values(), ids=REFUSED_BY_STS)
def test_error_sts_refuses(aws, monkeypatch, code, words, message):
    """Whatever AWS STS refuses becomes one line with the way out."""

    class Refusal(ServiceException):
        pass

    def refuse(_):
        raise Refusal(code, words)

    monkeypatch.setattr(TokenResponse, "get_caller_identity", refuse)

    with pytest.raises(AwsCallError) as failure:
        open_lab(MODE)

    assert message == str(failure.value)


UNFIT_PARAMETERS = {  # id: (parameters, the whole message)
    "another account": (
        {"account_id": "999988887777"},
        "open_lab(account_id=…): a real account has its own id, named in Aws(…); "
        "leave it out with Aws(…), or use Mock()",
    ),
    "strict": (
        {"strict": True},
        "open_lab(strict=…): a real account has its own rules; leave it out with Aws(…), or use Mock()",
    ),
    "start": (
        {"start": START},
        "open_lab(start=…): a real account has its own time; leave it out with Aws(…), or use Mock()",
    ),
    "a region that is not there": (
        {"region": "us-east-9"},
        "region 'us-east-9': botocore knows no such region; did you mean 'us-east-2'?",
    ),
}


@pytest.mark.parametrize(("parameters", "message"), UNFIT_PARAMETERS.values(), ids=UNFIT_PARAMETERS)
def test_error_parameters_that_do_not_fit(parameters, message):
    """What only an emulator can be told is refused together with Aws, and so is a region that nobody has."""
    with pytest.raises(InvalidInput) as failure:
        open_lab(MODE, **parameters)

    assert message == str(failure.value)


def test_the_account_may_be_repeated(aws):
    """The same account id as a parameter does no harm."""
    assert open_lab(MODE, account_id=ACCOUNT).account_id == ACCOUNT


def test_a_lab_that_follows_a_real_one_says_what_stays(lab):
    """Opening another lab closes the real one, whose repositories stay where they are; its keys are out of reach."""
    lab.client("ecr").create_repository(repositoryName=lab.repository_name("api"))

    following = open_lab()

    assert str(following).splitlines()[-1] == (
        "  The lab that was open before is closed; what it made stays in its account until it is cleaned up."
    )
    assert following.client("sts").get_caller_identity()["Account"] == "111122223333"


def test_an_estimate_that_aws_does_not_allow(lab, monkeypatch):
    """If the profile may not list repositories, the card says so instead of failing."""

    def deny(**_):
        raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, "DescribeRepositories")

    lab.client("ecr")
    lab._account.session.events.register_first("provide-client-params.ecr.DescribeRepositories", deny)

    assert (
        "  Cost      not known, since DescribeRepositories was refused (AccessDeniedException); limit 1.00 USD a month"
        in str(lab).splitlines()
    )


def test_error_an_account_that_does_not_let_itself_be_listed(aws, capsys, monkeypatch):
    """An expired token is one line with the way out, and no traceback."""

    def expired(*_: object, **__: object) -> None:
        raise EcrError("ExpiredTokenException", "The security token included in the request is expired")

    monkeypatch.setitem(OPERATIONS, "DescribeRepositories", expired)
    assert 2 == main(["cost", "--profile", "course", "--region", "eu-west-1"])
    said = capsys.readouterr().err
    assert said.startswith("ecrlab: DescribeRepositories on the registry in eu-west-1: ExpiredTokenException")
    assert 1 == len(said.splitlines())


def test_a_reading_client_changes_nothing(aws):
    """It answers questions, and refuses everything else before it is sent."""
    client = reading_client("course", "eu-west-1")
    assert [] == client.describe_repositories()["repositories"]
    with pytest.raises(LabError) as failure:
        client.create_repository(repositoryName="team/api")
    assert "CreateRepository: this client only reads; use a client of a lab, or of your own" == str(failure.value)
    assert [] == client.describe_repositories()["repositories"]
