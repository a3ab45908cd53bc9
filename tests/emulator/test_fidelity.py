"""The fidelity table is complete, and true: measured by calling every operation of botocore."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from botocore.exceptions import ClientError
from client_world import digest_of
from ecrlab.emulator.fidelity import FIDELITY, Degree
from ecrlab.emulator.model import operation_names, service_model
from ecrlab.emulator.moto_adapter import EcrResponse
from ecrlab.emulator.operations import OPERATIONS
from moto.core.utils import camelcase_to_underscores, method_names_from_class

SAMPLES = {  # what to send for a required member; anything else gets a word
    "repositoryName": "team/api",
    "repositoryNames": ["team/api"],
    "imageManifest": "{}",
    "imageIds": [{"imageTag": "v1"}],
    "imageId": {"imageTag": "v1"},
    "layerDigests": [digest_of(b"")],
    "layerDigest": digest_of(b""),
    "resourceArn": "arn:aws:ecr:us-east-1:123456789012:repository/team/api",
    "tags": [],
    "tagKeys": [],
}


def sample(shape, name: str):
    """Make up a value that botocore lets through."""
    if name in SAMPLES:
        return SAMPLES[name]
    match shape.type_name:
        case "structure":
            return {member: sample(shape.members[member], member) for member in shape.required_members}
        case "list":
            return [sample(shape.member, "")] * shape.metadata.get("min", 0)
        case "boolean":
            return False
        case "integer" | "long":
            return shape.metadata.get("min", 0)
        case "blob":
            return b"x"
    return (shape.metadata.get("enum") or ["x" * max(8, shape.metadata.get("min", 0))])[0]


def test_botocores_operations_are_all_in_the_table():
    """An upgrade that adds or removes one fails here: put it into ecrlab/emulator/fidelity.py."""
    assert operation_names() == tuple(sorted(FIDELITY))


def test_the_door_has_a_method_for_each():
    """Its own one: none is left to moto's class."""
    expected = {camelcase_to_underscores(name) for name in operation_names()}
    assert expected <= set(method_names_from_class(EcrResponse))
    assert expected <= vars(EcrResponse).keys()


def test_what_is_not_absent_has_a_function():
    """The table and the operations agree."""
    assert {name for name, entry in FIDELITY.items() if entry.degree is not Degree.ABSENT} == set(OPERATIONS)


@pytest.mark.parametrize("operation", operation_names())
def test_an_operation_answers_as_the_table_says(operation, world):
    """By calling it: an answer or a modelled refusal, never a crash; absent ones say so."""
    shape = service_model().operation_model(operation).input_shape
    call = getattr(world.ecr, camelcase_to_underscores(operation))
    try:
        status = call(**sample(shape, ""))["ResponseMetadata"]["HTTPStatusCode"]
        code = "answered"
    except ClientError as refused:
        status, code = refused.response["ResponseMetadata"]["HTTPStatusCode"], refused.response["Error"]["Code"]
    absent = FIDELITY[operation].degree is Degree.ABSENT
    assert (absent, 400 if code != "answered" else 200) == (code == "UnsupportedOperationException", status)
    if not absent and code != "answered":
        assert code in world.ecr.exceptions._code_to_exception


def test_the_page_counts_right():
    """docs/emulator.md says how many operations act, and how many are missing."""
    page = (Path(__file__).parents[2] / "docs" / "emulator.md").read_text("utf-8")
    count = Counter(entry.degree for entry in FIDELITY.values())
    assert f"Of botocore's {len(FIDELITY)} operations {count[Degree.ACTS]} act" in page
    assert f"and {count[Degree.ABSENT]} answer `UnsupportedOperationException` by name" in page


def test_a_sentence_for_what_is_missing():
    """Whatever does not act says what AWS does."""
    silent = [name for name, entry in FIDELITY.items() if entry.degree is not Degree.ACTS and not entry.on_aws]
    assert [] == silent
