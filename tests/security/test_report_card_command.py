"""``ecrlab report-card`` on an account that is moto's with our ECR in it: words, JSON and exit codes."""

from __future__ import annotations

import json

import boto3
import pytest
from ecrlab import emulator, registry
from ecrlab.cli import main
from ecrlab.oci import recipes
from moto import mock_aws

NAME = "payments/api"


@pytest.fixture
def account(tmp_path, monkeypatch):
    """An account with one profile, ``course``, and a client of its owner's."""
    (tmp_path / "config").write_text("[profile course]\nregion = us-east-1\n")
    (tmp_path / "credentials").write_text(
        "[course]\naws_access_key_id = AKIACOURSEPROFILE000\naws_secret_access_key = courseprofilesecret\n"
    )
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    emulator.install()
    with mock_aws():
        owner = boto3.Session("AKIASOMEBODYELSE0000", "secret", region_name="us-east-1").client("ecr")
        owner.create_repository(repositoryName=NAME, imageTagMutability="IMMUTABLE")
        yield owner
    emulator.uninstall()


def test_the_whole_account(account, capsys):
    """Without a repository every one is judged, and the registry; a fault means exit code 1."""
    assert 1 == main(["report-card", "--profile", "course"])

    said = capsys.readouterr()
    assert "✗ Report card of the registry in us-east-1" == said.out.splitlines()[0]
    assert "✗ fail   payments/api" in said.out
    assert "" == said.err


def test_as_json(account, capsys):
    """A program gets every check with code, outcome, reason, fix and call."""
    assert 1 == main(["report-card", "--profile", "course", "--repository", NAME, "--json"])

    told = json.loads(capsys.readouterr().out)
    assert (NAME, False) == (told["subject"], told["green"])
    checks = {check["code"]: check for check in told["checks"]}
    assert ("PASS", "Tags cannot be moved.") == (
        checks["tags-immutable"]["outcome"],
        checks["tags-immutable"]["reason"],
    )
    assert {"code", "subject", "outcome", "weight", "reason", "fix", "call"} == set(checks["scanning-on"])


def test_a_severity_alone_decides(account, capsys):
    """With --fail-on the exit code speaks of scans only: an image that was not scanned is in doubt."""
    arguments = ["report-card", "--profile", "course", "--repository", NAME, "--fail-on", "critical"]
    assert 0 == main(arguments)  # no image, no doubt

    registry.push(account, recipes.lab_image("debian-12-rebuilt"), NAME, tag="1.0")

    assert 1 == main(arguments)
    assert "? not known       no-severe-findings" in capsys.readouterr().out


WRONG = {  # id: (arguments, what is said on stderr)
    "no such severity": (
        ["--profile", "course", "--fail-on", "bad"],
        "ecrlab: report_card(fail_on=…): 'bad' is no severity; take one of CRITICAL, HIGH, MEDIUM, LOW, INFORMATIONAL, "
        "UNDEFINED\n",
    ),
    "no such repository": (
        ["--profile", "course", "--repository", "payments/web"],
        "ecrlab: report card of payments/web: there is no repository 'payments/web' in this registry "
        "(RepositoryNotFoundException from DescribeRepositories); create it with "
        "ecr.create_repository(repositoryName='payments/web'), or check region and account\n",
    ),
}


@pytest.mark.parametrize(("arguments", "said"), WRONG.values(), ids=WRONG)
def test_wrong_use_is_one_line(account, capsys, arguments, said):
    """Wrong use ends with 2, says what and what instead on stderr, and nothing on stdout."""
    assert 2 == main(["report-card", *arguments])
    assert ("", said) == tuple(capsys.readouterr())
