"""Policies that people really wrote: accepted or refused as AWS does, and what a reviewer would say of them."""

import json
from pathlib import Path

import pytest
from ecrlab.access import PolicyKind, faults_of, lint, parse

FOLDER = Path(__file__).parent / "samples"
SAMPLES = json.loads((FOLDER / "index.json").read_text("utf-8"))["samples"]


def document_of(sample: dict) -> dict:
    """Read the document of a row of the index."""
    return json.loads((FOLDER / f"{sample['id']}.json").read_text("utf-8"))


def test_every_file_is_in_the_index():
    """The index has a row for each file beside it, and no other."""
    files = {path.stem for path in FOLDER.glob("*.json")} - {"index"}
    assert {sample["id"] for sample in SAMPLES} == files


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample["id"])
def test_accepted_or_refused_as_aws_does(sample):
    """A document that AWS takes parses, as text and as a mapping; one that it refuses has a fault."""
    document, kind = document_of(sample), PolicyKind[sample["kind"]]
    faults = faults_of(document, kind)
    assert sample["accepted"] is (not faults), faults
    assert faults == faults_of(json.dumps(document), kind)


@pytest.mark.parametrize("sample", [s for s in SAMPLES if s["accepted"]], ids=lambda sample: sample["id"])
def test_findings(sample):
    """Lint says of each what the notes in the index say, and of the careful ones nothing."""
    document, kind = document_of(sample), PolicyKind[sample["kind"]]
    found = lint(document, kind)
    assert sample["findings"] == list(found.codes)
    assert found == lint(parse(document, kind), kind)
