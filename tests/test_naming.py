"""Names parse once, print as they were, and say what is wrong with them; the pattern is AWS's own."""

from __future__ import annotations

import json
import re
from pathlib import Path

import botocore.session
import pytest
from ecrlab.errors import InvalidName
from ecrlab.naming import Digest, ImageReference, RegistryHost, RepositoryArn, RepositoryName, Tag, placeholder_in
from hypothesis import given
from hypothesis import strategies as st

KINDS = {
    "reference": ImageReference,
    "repository": RepositoryName,
    "tag": Tag,
    "digest": Digest,
    "registry": RegistryHost,
    "arn": RepositoryArn,
}
CASES = json.loads((Path(__file__).parent / "naming_cases.json").read_text("utf-8"))


def cases(which: str) -> list:
    """List the valid or the invalid cases as parameters: kind, text, what comes of it."""
    return [
        pytest.param(KINDS[kind], *case, id=f"{kind}: {name}")
        for kind in KINDS
        for name, case in CASES[kind][which].items()
    ]


@pytest.mark.parametrize(("kind", "text", "parts"), cases("valid"))
def test_a_good_name_prints_as_it_was(kind, text, parts):
    """Parsing keeps everything: what is printed is what was read."""
    name = kind.parse(text)
    assert text == str(name)
    assert name == kind.parse(text)
    host = getattr(name, "host", None)
    found = {
        part: getattr(host, {"account": "account_id"}.get(part, part), None)
        if part in {"region", "account"}
        else getattr(name, part)
        for part in parts
    }
    assert parts == {part: None if value is None else str(value) for part, value in found.items()}


@pytest.mark.parametrize(("kind", "text", "message"), cases("invalid"))
def test_a_bad_name_says_what_is_wrong(kind, text, message):
    """A name that cannot be right raises, with place, fact and way out in one line."""
    with pytest.raises(InvalidName) as caught:
        kind.parse(text)
    assert message == str(caught.value)


@pytest.mark.parametrize(("text", "meant"), CASES["pulled"]["valid"].values(), ids=CASES["pulled"]["valid"])
def test_a_runtime_fills_in_the_registry(text, meant):
    """Without a host Docker Hub is meant; what is meant says so, and means itself."""
    reference = ImageReference.as_pulled(text)
    assert meant == str(reference)
    assert reference == ImageReference.as_pulled(meant)
    assert (meant.startswith("docker.io/"), meant.startswith("public.ecr.aws/")) == (
        reference.is_docker_hub,
        reference.is_public_ecr,
    )


@pytest.mark.parametrize(("text", "message"), CASES["pulled"]["invalid"].values(), ids=CASES["pulled"]["invalid"])
def test_a_runtime_refuses(text, message):
    """What no runtime could pull raises; a placeholder is called by its name."""
    with pytest.raises(InvalidName) as caught:
        ImageReference.as_pulled(text)
    assert message == str(caught.value)


@pytest.mark.parametrize(
    ("text", "tag"), [("nginx", "latest"), ("nginx:1.27", "1.27"), (f"nginx:1.27@sha256:{'0' * 64}", None)]
)
def test_the_tag_that_is_pulled(text, tag):
    """It is `latest` where nothing is written, and there is none where a digest decides."""
    pulled = ImageReference.as_pulled(text).tag_pulled
    assert tag == (None if pulled is None else str(pulled))


PLACEHOLDERS = {  # text: the first placeholder in it
    "${A}-x": "${A}",
    "$(A)": "$(A)",
    "$A": "$A",
    "{{A}}": "{{A}}",
    "%A%": "%A%",
    "<a b>": "<a b>",
    "x/YOUR_NAME:1": "YOUR_NAME",
    "__NAME_HERE__": "__NAME_HERE__",
    "x:RELEASE_7": None,
    "Team/API": None,
    "a-b_c": None,
    "": None,
}


@pytest.mark.parametrize(("text", "placeholder"), PLACEHOLDERS.items(), ids=PLACEHOLDERS)
def test_placeholders(text, placeholder):
    """What somebody was meant to fill in is found; capitals alone, or in a tag, are none."""
    assert placeholder == placeholder_in(text)


@given(st.text(alphabet="<>${}()%A_b:/@. ", max_size=30))
def test_any_text_is_a_reference_or_not(text):
    """A text is refused by InvalidName, or is a reference that means itself."""
    try:
        reference = ImageReference.as_pulled(text)
    except InvalidName:
        return
    assert reference == ImageReference.as_pulled(str(reference))


def test_a_long_name_is_quoted_in_part():
    """A name that is far too long does not fill the screen."""
    with pytest.raises(InvalidName) as caught:
        RepositoryName.parse("x" * 300)
    expected = (
        f"repository '{'x' * 79}…': a name has 2 to 256 characters and this has 300; rename it, e.g. 'payments/api'"
    )
    assert expected == str(caught.value)


def test_an_account_is_twelve_digits():
    """A registry of no account is refused when it is built, too."""
    with pytest.raises(InvalidName) as caught:
        RegistryHost.of("1234", "us-east-1")
    assert "account '1234': an account id is twelve digits; e.g. '111122223333'" == str(caught.value)


REGIONS = {  # region: (address, partition)
    "us-east-1": ("111122223333.dkr.ecr.us-east-1.amazonaws.com", "aws"),
    "cn-north-1": ("111122223333.dkr.ecr.cn-north-1.amazonaws.com.cn", "aws-cn"),
    "us-gov-west-1": ("111122223333.dkr.ecr.us-gov-west-1.amazonaws.com", "aws-us-gov"),
    "eusc-de-east-1": ("111122223333.dkr.ecr.eusc-de-east-1.amazonaws.eu", "aws-eusc"),
}


@pytest.mark.parametrize(("region", "address", "partition"), [(r, *a) for r, a in REGIONS.items()], ids=REGIONS)
def test_the_region_decides_suffix_and_partition(region, address, partition):
    """Addresses and ARNs follow the partition of the region."""
    assert address == str(RegistryHost.of("111122223333", region))
    arn = RepositoryArn("111122223333", region, RepositoryName.parse("api"))
    assert f"arn:{partition}:ecr:{region}:111122223333:repository/api" == str(arn)


def test_a_digest_is_of_bytes():
    """The digest of nothing is the well-known one, and people see twelve digits of it."""
    digest = Digest.of(b"")
    assert "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" == str(digest)
    assert "e3b0c44298fc" == digest.short


def test_a_repository_has_a_namespace():
    """The namespace is everything before the last slash."""
    assert ["", "team", "team/payments"] == [
        RepositoryName.parse(name).namespace for name in ("api", "team/api", "team/payments/api")
    ]


MODEL = botocore.session.Session().get_service_model("ecr").shape_for("RepositoryName")
PATTERN = re.compile(MODEL.metadata["pattern"])


def allowed_by_aws(text: str) -> bool:
    """Ask botocore's model of Amazon ECR, our oracle."""
    return MODEL.metadata["min"] <= len(text) <= MODEL.metadata["max"] and bool(PATTERN.fullmatch(text))


def parses(text: str) -> bool:
    """Say whether we take a repository name."""
    try:
        RepositoryName.parse(text)
    except InvalidName:
        return False
    return True


good_names = st.from_regex(PATTERN, fullmatch=True).filter(lambda text: 2 <= len(text) <= 256)
digests = st.binary(max_size=8).map(Digest.of)
tags = st.from_regex(re.compile(r"[a-zA-Z0-9_][a-zA-Z0-9._-]{0,20}", re.ASCII), fullmatch=True).map(Tag.parse)
accounts = st.from_regex(re.compile(r"[0-9]{12}", re.ASCII), fullmatch=True)
hosts = st.builds(RegistryHost, accounts, st.sampled_from([*REGIONS, "ap-southeast-7"]), st.booleans(), st.booleans())
names = good_names.map(RepositoryName.parse)


@given(st.one_of(st.text(alphabet="ab1._-/AB \n", max_size=12), st.text(max_size=6), good_names))
def test_we_take_exactly_the_names_that_aws_takes(text):
    """The pattern of botocore's model and ours agree on every name."""
    assert allowed_by_aws(text) == parses(text)


@given(hosts, names, st.none() | tags, st.none() | digests)
def test_every_reference_survives_printing(host, repository, tag, digest):
    """parse(str(x)) is x, for every reference to private ECR."""
    reference = ImageReference(str(host), repository, tag, digest)
    assert reference == ImageReference.parse(str(reference))
    assert host == reference.host


@given(st.builds(RepositoryArn, accounts, st.sampled_from([*REGIONS]), names))
def test_every_arn_survives_printing(arn):
    """parse(str(x)) is x, for every ARN of a repository."""
    assert arn == RepositoryArn.parse(str(arn))


KINDS = {
    "digest": Digest,
    "image reference": ImageReference,
    "registry": RegistryHost,
    "ARN": RepositoryArn,
    "repository": RepositoryName,
    "tag": Tag,
}


@pytest.mark.parametrize("value", [None, 5, b"api", ["api"]], ids=repr)
@pytest.mark.parametrize(("kind", "name"), KINDS.items(), ids=KINDS)
def test_error_a_name_is_text(kind, name, value):
    """What is no text is told as such, whatever kind of name was asked for."""
    with pytest.raises(InvalidName) as caught:
        name.parse(value)
    assert f"{kind} {value!r}: it is no text; write it in quotes" == str(caught.value)
