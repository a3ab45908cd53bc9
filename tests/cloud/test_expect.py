"""Failures on purpose."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError, ParamValidationError
from ecrlab import expect_error, open_lab, registry
from ecrlab.cloud import aws_call
from ecrlab.errors import AwsCallError, InvalidInput, InvalidName, PlannedFailureMissing
from ecrlab.naming import RepositoryName


@pytest.fixture
def ecr():
    """An ECR client of a lab that is closed again."""
    with open_lab() as lab:
        yield lab.client("ecr")


def nothing_there(ecr) -> None:
    """Fail as one does who has mistaken the name."""
    ecr.describe_images(repositoryName="nope")


def test_a_refusal_is_kept_and_shown(ecr):
    """Code, operation and message are there, and the text form is the same on every run."""
    with expect_error("RepositoryNotFoundException") as failure:
        nothing_there(ecr)

    assert str(failure) == (
        "✗ AWS refused: RepositoryNotFoundException\n"
        "  Code       RepositoryNotFoundException\n"
        "  Operation  DescribeImages\n"
        "  Message    The repository with name 'nope' does not exist in the registry with id '111122223333'\n"
        "  Way out    check the name with describe_repositories, and account and region on lab.card()"
    )
    assert (failure.code, failure.operation) == ("RepositoryNotFoundException", "DescribeImages")
    assert failure.message.startswith("The repository with name 'nope' does not exist")
    assert isinstance(failure.error, ClientError)
    assert "AWS refused" in failure._repr_html_()
    assert "- Operation: DescribeImages" in failure._repr_markdown_()


def test_what_is_refused_before_it_is_sent(ecr):
    """Botocore's validation is expected by its name or its class; many lines become one on the card."""
    for expected in ("ParamValidationError", ParamValidationError):
        with expect_error(expected) as failure:
            ecr.create_repository(repositoryName=7)

    assert str(failure).splitlines()[0] == "✗ Refused before anything was sent: ParamValidationError"
    assert failure.operation is None
    assert "Invalid type for parameter repositoryName, value: 7" in str(failure).splitlines()[2]


def test_a_push_that_ends_half_way_was_not_refused_before_anything_was_sent(ecr):
    """A push or a pull is many calls, so the card of its error does not say that none was sent."""
    with expect_error("RegistryError") as failure:
        registry.pull(ecr, "nope", "1.0")

    assert str(failure).splitlines()[0] == "✗ Refused: RegistryError"


def test_the_kits_own_errors_can_be_expected():
    """An exception class of the kit fits, with its one line as the message."""
    with expect_error(InvalidName) as failure:
        RepositoryName.parse("Team/API")

    assert failure.code == "InvalidName"
    assert failure.message.startswith("repository 'Team/API': ")


def test_a_translated_refusal_fits_its_code(ecr):
    """Code and operation are found behind the kit's translation as well."""
    with expect_error("RepositoryNotFoundException") as failure, aws_call("DescribeImages", "repository 'nope'"):
        nothing_there(ecr)

    assert isinstance(failure.error, AwsCallError)
    assert (failure.code, failure.operation) == ("RepositoryNotFoundException", "DescribeImages")
    assert str(failure).startswith("✗ AWS refused: RepositoryNotFoundException")


def test_any_refusal_will_do(ecr):
    """Without an argument, whatever AWS or the kit refuses is the planned failure."""
    with expect_error() as failure:
        nothing_there(ecr)

    assert failure.code == "RepositoryNotFoundException"


def test_before_its_block_has_run():
    """A failure that is not there yet shows that it is awaited."""
    failure = expect_error("RepositoryNotFoundException")

    assert str(failure) == "○ RepositoryNotFoundException is expected\n  Its block has not run."
    with pytest.raises(PlannedFailureMissing) as missing:
        _ = failure.code
    assert str(missing.value) == "expect_error: its block has not run; use it as `with expect_error(…) as failure:`"


def run(expected, fail) -> None:
    """Run a block under expect_error."""
    with expect_error(expected):
        fail()


def raise_(error: BaseException) -> None:
    """Raise."""
    raise error


DENIED = ClientError({"Error": {"Code": "AccessDeniedException", "Message": "Not you.\n Ask somebody."}}, "PutImage")
NOT_AS_PLANNED = {  # id: (expected, what happens, the whole message)
    "nothing failed": (
        "RepositoryNotFoundException",
        lambda: None,
        "expect_error: RepositoryNotFoundException was expected and nothing failed; make the call inside the block",
    ),
    "nothing failed, any would do": (
        None,
        lambda: None,
        "expect_error: an error was expected and nothing failed; make the call inside the block",
    ),
    "another code": (
        "RepositoryNotFoundException",
        lambda: raise_(DENIED),
        "expect_error: RepositoryNotFoundException was expected and AccessDeniedException came: "
        "Not you. Ask somebody; correct the call, or expect that error",
    ),
    "a mistake in Python": (
        None,
        lambda: raise_(NameError("name 'ecr' is not defined")),
        "expect_error: an error was expected and NameError came: name 'ecr' is not defined; "
        "correct the call, or expect that error",
    ),
    "another class": (
        InvalidName,
        lambda: raise_(DENIED),
        "expect_error: InvalidName was expected and AccessDeniedException came: Not you. Ask somebody; "
        "correct the call, or expect that error",
    ),
}


@pytest.mark.parametrize(("expected", "fail", "message"), NOT_AS_PLANNED.values(), ids=NOT_AS_PLANNED)
def test_error_not_as_planned(expected, fail, message):
    """Nothing, or something else: one line says what was expected and what came."""
    with pytest.raises(PlannedFailureMissing) as failure:
        run(expected, fail)

    assert message == str(failure.value)
    assert isinstance(failure.value, AssertionError)


def test_an_interruption_is_nobodys_plan():
    """Stopping a cell goes through, whatever was expected."""
    with pytest.raises(KeyboardInterrupt):
        run(None, lambda: raise_(KeyboardInterrupt()))


NO_EXPECTATION = {  # id: (argument, the whole message)
    "a number": (
        404,
        "expect_error(404): that is neither an error code nor an exception class; "
        'write a code of AWS in quotes, e.g. "RepositoryNotFoundException"',
    ),
    "nothing in quotes": (
        " ",
        "expect_error(' '): that is neither an error code nor an exception class; "
        'write a code of AWS in quotes, e.g. "RepositoryNotFoundException"',
    ),
    "a class of something else": (
        dict,
        "expect_error(<class 'dict'>): that is neither an error code nor an exception class; "
        'write a code of AWS in quotes, e.g. "RepositoryNotFoundException"',
    ),
    "an interruption": (
        KeyboardInterrupt,
        "expect_error(<class 'KeyboardInterrupt'>): that is neither an error code nor an exception class; "
        'write a code of AWS in quotes, e.g. "RepositoryNotFoundException"',
    ),
}


@pytest.mark.parametrize(("expected", "message"), NO_EXPECTATION.values(), ids=NO_EXPECTATION)
def test_error_an_expectation_that_is_none(expected, message):
    """What is neither a code nor an exception class is refused at once."""
    with pytest.raises(InvalidInput) as failure:
        expect_error(expected)

    assert message == str(failure.value)
