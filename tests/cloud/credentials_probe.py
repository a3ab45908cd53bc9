"""Run in a process whose environment is full of real-looking credentials: use AWS, and say whose keys signed.

``lab`` opens a lab first; ``bare`` does not, and shows that the bait works.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from contextlib import suppress
from typing import Any

import boto3
from botocore.exceptions import ClientError

SIGNED: list[str] = []


def note_signature(request: Any, **_: object) -> None:
    """Keep the access key id of a signed request that is about to be sent."""
    header = request.headers.get("Authorization", b"")
    text = header.decode() if isinstance(header, bytes) else header
    SIGNED.extend(re.findall(r"Credential=([^/]+)/", text))


def listening(client: Any) -> Any:
    """Read the signatures of a client's requests."""
    client.meta.events.register_first("before-send", note_signature)
    return client


def bare() -> dict[str, Any]:
    """Use boto3 as it comes."""
    with suppress(ClientError):  # the listener answers with an error
        listening(boto3.client("sts", region_name="us-east-1")).get_caller_identity()
    return {"signed": SIGNED}


def in_a_lab() -> dict[str, Any]:
    """Use the lab's clients, clients of the learner's own, and a program that the notebook starts."""
    from ecrlab import open_lab

    before = dict(os.environ)
    with open_lab() as lab:
        listening(lab.client("ecr")).describe_repositories()
        listening(lab.client("ecr", region="eu-west-1")).get_authorization_token()
        listening(lab.client("sts")).get_caller_identity()
        listening(lab.client("s3")).list_buckets()
        listening(lab.resource("iam").meta.client).list_users()
        listening(boto3.client("sts")).get_caller_identity()
        listening(boto3.Session().client("ecr")).describe_repositories()
        source = "import boto3; keys = boto3.Session().get_credentials(); print(keys.method, keys.access_key)"
        child = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=True)
        leaked = sorted(name for name, value in os.environ.items() if "real" in value.lower() and "PYTEST" not in name)
    restored = before == dict(os.environ)
    return {"signed": SIGNED, "child": child.stdout.strip(), "leaked": leaked, "restored": restored}


if __name__ == "__main__":
    json.dump(in_a_lab() if sys.argv[1] == "lab" else bare(), sys.stdout)
