"""Mode Aws, with moto standing in for AWS: a deployment is read and explained, and nothing is changed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext

import boto3
import pytest
from deploy_world import ALL, World
from ecrlab import Aws, deploy, emulator, open_lab
from ecrlab.emulator.moto_policies import stock
from ecrlab.errors import AccountMismatch, LabError
from ecrlab.workloads import Obstacle
from moto import mock_aws
from moto.iam.models import iam_backends

ACCOUNT, REGION = "123456789012", "us-east-1"


class Owner:
    """Somebody in that account without a lab's guard rails, who has set everything up."""

    mode, account_id, region, registry = None, ACCOUNT, REGION, f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com"

    def client(self, service, *, region=None):
        """Make a client with keys of the owner's."""
        return boto3.Session("AKIASOMEBODYELSE0000", "secret", region_name=region or REGION).client(service)

    def administrator(self):
        """Be the administrator already."""
        return nullcontext()


@pytest.fixture
def owned(tmp_path, monkeypatch) -> Iterator[World]:
    """A real account, as far as anybody can tell, with a repository, a cluster and a role that may pull."""
    (tmp_path / "config").write_text(f"[profile course]\nregion = {REGION}\n")
    (tmp_path / "credentials").write_text("[course]\naws_access_key_id = AKIACOURSE\naws_secret_access_key = secret\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    emulator.install()
    with mock_aws():
        stock(iam_backends[ACCOUNT]["aws"])  # AWS has its managed policies
        yield World(Owner())
    emulator.uninstall()


def test_a_preview_on_a_real_account(owned):
    """What IAM, EC2 and ECR say there is read with calls that read; running a task is refused by the lab's rails."""
    owned.push("one")
    network = deploy.private_network(owned.lab, endpoints=ALL)
    task = owned.task()
    with open_lab(Aws(profile="course", account_id=ACCOUNT)) as lab:
        seen = deploy.preview(lab, task, network=network)
        assert ("", None) == (seen.arn, seen.pull().obstacle)
        with pytest.raises(LabError) as failure:
            deploy.run_task(lab, task, network=network)
    assert "RegisterTaskDefinition" == failure.value.place


def test_pods_on_a_real_account(owned):
    """A manifest is resolved for a real node group; time there does not wait, so the kubelet tries once."""
    network, role = deploy.private_network(owned.lab, endpoints=ALL[:2]), deploy.node_role(owned.lab)
    owned.push("one")
    deploy.kubernetes_cluster(owned.lab, network, role)
    with open_lab(Aws(profile="course", account_id=ACCOUNT)) as lab:
        pods = deploy.pods(lab, owned.manifest())
        assert pods.status.pull.obstacle is Obstacle.NO_WAY_TO_LAYERS


def test_error_another_real_account_cannot_be_looked_into(owned):
    """Its roles are nobody's business but its own."""
    with open_lab(Aws(profile="course", account_id=ACCOUNT)) as lab, pytest.raises(AccountMismatch) as failure:
        deploy.role_of(lab, "arn:aws:iam::444455556666:role/theirs")
    assert str(failure.value).startswith("account 444455556666: the lab works in 123456789012 and cannot look into")
