"""A lab with one repository, the calls that were made in it, and a client whose answers a test writes itself."""

from __future__ import annotations

import json

import boto3
import pytest
from botocore.stub import Stubber
from ecrlab import open_lab

NAME = "payments/api"


@pytest.fixture
def lab():
    """A fresh account in Mode Mock."""
    with open_lab() as opened:
        yield opened


@pytest.fixture
def ecr(lab):
    """A client of a registry with one empty repository."""
    client = lab.client("ecr")
    client.create_repository(repositoryName=NAME)
    return client


@pytest.fixture
def called(ecr):
    """The operations that the client has called since, in order."""
    calls = []
    ecr.meta.events.register("provide-client-params.ecr.*", lambda model, **_: calls.append(model.name))
    return calls


@pytest.fixture
def answered():
    """A client and the answers it will get: each is checked against botocore's model, none leaves this process."""
    keys = {"aws_access_key_id": "AKIAIOSFODNN7EXAMPLE", "aws_secret_access_key": "not-a-key"}
    client = boto3.client("ecr", region_name="us-east-1", **keys)
    with Stubber(client) as stub:
        yield client, stub
        stub.assert_no_pending_responses()


@pytest.fixture
def auditor(lab):
    """Makes a role with one policy, given as a document, and answers its ARN."""

    def make(document):
        iam = lab.client("iam")
        trust = {"Effect": "Allow", "Principal": {"AWS": lab.account_id}, "Action": "sts:AssumeRole"}
        text = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
        arn = iam.create_role(RoleName="auditor", AssumeRolePolicyDocument=text)["Role"]["Arn"]
        iam.put_role_policy(RoleName="auditor", PolicyName="own", PolicyDocument=json.dumps(document))
        return arn

    return make
