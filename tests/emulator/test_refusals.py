"""What Amazon ECR refuses, it refuses with AWS's code and sentence: the table in refusals.json."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from client_world import MIB, digest_of, index, manifest, refusal

CASES = json.loads((Path(__file__).parent / "refusals.json").read_text("utf-8"))["cases"]


@pytest.fixture
def names(world) -> dict[str, Any]:
    """Fill the registry as the table says; return what its ``$names`` stand for."""
    app = manifest(b"app layer")
    of_app = world.push(b"app layer", tag="v1")
    world.put(app, "stable")
    of_index = world.put(index(app), "multi")
    world.upload(b"loose layer")
    world.ecr.create_repository(
        repositoryName="team/fixed",
        imageTagMutability="IMMUTABLE_WITH_EXCLUSION",
        imageTagMutabilityExclusionFilters=[{"filterType": "WILDCARD", "filter": "dev*"}],
    )
    return {
        "$app.manifest": app,
        "$app": of_app,
        "$index.manifest": index(app),
        "$index": of_index,
        "$layer": digest_of(b"app layer"),
        "$config": digest_of(b"{}"),
        "$loose": digest_of(b"loose layer"),
        "$arn": "arn:aws:ecr:us-east-1:123456789012:repository/team/api",
        "$a129": "a" * 129,
        "$a257": "a" * 257,
        "$5MiB": " " * (5 * MIB),
    }


def filled(value: Any, names: dict[str, Any]) -> Any:
    """Put the registry's digests and texts in place of the ``$names``."""
    if isinstance(value, dict):
        return {key: filled(member, names) for key, member in value.items()}
    if isinstance(value, list):
        return [filled(member, names) for member in value]
    if isinstance(value, str):
        if value in names:
            return names[value]
        for name in sorted(names, key=len, reverse=True):
            value = value.replace(name, names[name])
    return value


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_call_is_refused(case, names, ecr):
    """The code and the whole message are AWS's, and nothing changes."""
    before = ecr.list_images(repositoryName="team/api")["imageIds"]
    parameters = filled(case["parameters"], names)
    code, message = refusal(getattr(ecr, case["operation"]), **parameters)
    assert (case["code"], filled(case["message"], names)) == (code, message)
    assert before == ecr.list_images(repositoryName="team/api")["imageIds"]
