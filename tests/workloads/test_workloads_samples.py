"""Task definitions, manifests and image references that people really wrote: usable or not, and why."""

import json
from pathlib import Path

import pytest
from ecrlab.errors import InvalidDocument, InvalidName
from ecrlab.naming import ImageReference
from ecrlab.workloads import check_manifests, check_task_definition, compare, parse_manifests, with_image

FOLDER = Path(__file__).parent / "samples"
INDEX = json.loads((FOLDER / "index.json").read_text("utf-8"))
TASK_DEFINITIONS, MANIFESTS, REFERENCES = (INDEX[key] for key in ("task_definitions", "manifests", "image_references"))


def by_id(row: dict) -> str:
    """Name a row in a test id."""
    return row["id"]


def text_of(row: dict) -> str:
    """Read the document of a row."""
    return (FOLDER / row["file"]).read_text("utf-8")


def test_every_file_is_in_the_index():
    """The index has a row for each document beside it, and no other; each says where it comes from."""
    files = {str(path.relative_to(FOLDER)) for path in FOLDER.glob("*/*")}
    rows = [*TASK_DEFINITIONS, *MANIFESTS]
    assert {row["file"] for row in rows} == files
    assert all(row["source"] for row in [*rows, *REFERENCES])


@pytest.mark.parametrize("row", TASK_DEFINITIONS, ids=by_id)
def test_task_definitions(row):
    """A task definition is usable or not as its row says, and the findings name the places."""
    if "error" in row:
        with pytest.raises(InvalidDocument) as caught:
            check_task_definition(text_of(row))
        assert (row["usable"], row["error"]) == (False, str(caught.value))
        return
    found = check_task_definition(text_of(row))
    assert (row["usable"], row["findings"]) == (found.usable, [[f.code.value, f.place] for f in found])


@pytest.mark.parametrize("row", MANIFESTS, ids=by_id)
def test_manifests(row):
    """A manifest is usable or not as its row says, and the findings name the places."""
    found = check_manifests(text_of(row))
    assert (row["usable"], row["findings"]) == (found.usable, [[f.code.value, f.place] for f in found])


@pytest.mark.parametrize("row", REFERENCES, ids=by_id)
def test_image_references(row):
    """An image reference can be pulled or not as its row says."""
    try:
        reference = ImageReference.as_pulled(row["reference"])
    except InvalidName:
        assert not row["usable"]
    else:
        assert (row["usable"], row["reference"]) == (True, str(reference))


def test_the_repository_that_was_none():
    """What one of the references was used for, the name of a private repository, it cannot be."""
    row = next(row for row in REFERENCES if row["id"] == "ref-006")
    reference = ImageReference.as_pulled(row["reference"])
    assert (True, None) == (reference.is_public_ecr, reference.host)


@pytest.mark.parametrize("row", MANIFESTS, ids=by_id)
def test_another_image_changes_one_line(row):
    """Putting another image into a manifest changes the line of that image, and nothing else of the text."""
    manifests = parse_manifests(text_of(row))
    workload = manifests.workloads[0]
    container = workload.containers[0]
    changed = with_image(manifests, container.name, "public.ecr.aws/nginx/nginx:1.27")
    lines = zip(manifests.text.splitlines(), changed.text.splitlines(), strict=True)
    assert [f"image: {container.image}"] == [old.strip(" -") for old, new in lines if old != new]
    assert ((f"{workload.title}: {container.name}", container.image, "public.ecr.aws/nginx/nginx:1.27"),) == (
        compare(manifests, changed).images
    )
