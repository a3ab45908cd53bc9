"""What the checks say of task definitions and manifests: each finding by a small document, no word on careful ones."""

import json
from pathlib import Path

import botocore.session
import pytest
from ecrlab.access import Severity
from ecrlab.errors import InvalidInput
from ecrlab.oci import Platform
from ecrlab.workloads import Code, Finding, Findings, check_manifests, check_task_definition, parse_manifests
from ecrlab.workloads.task_size import cpu_units, fargate_memory_text, memory_mib

FOLDER = Path(__file__).parent
TASK_DEFINITIONS = json.loads((FOLDER / "task_definition_findings.json").read_text("utf-8"))
MANIFESTS = json.loads((FOLDER / "manifest_findings.json").read_text("utf-8"))
IMAGE = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/team/web:1.4"


def platforms_of(row: dict) -> dict:
    """Say which platforms the image of the base is there for."""
    return {IMAGE: [Platform.parse(text) for text in row["platforms"]]} if "platforms" in row else {}


def task_definition_of(row: dict) -> dict:
    """Build the document of a row."""
    document = json.loads(json.dumps(TASK_DEFINITIONS["bases"][row["base"]]))
    for place in row.get("drop", ()):
        parent, key = parent_of(document, place)
        del parent[key]
    for place, value in row.get("set", {}).items():
        parent, key = parent_of(document, place)
        if isinstance(parent, list):
            parent.insert(key, value)
        else:
            parent[key] = value
    return document


def parent_of(document: dict, place: str) -> tuple:
    """Find what holds a place such as ``containerDefinitions/0/image``, and the last step to it."""
    *steps, last = (int(step) if step.isdigit() else step for step in place.split("/"))
    for step in steps:
        document = document[step]
    return document, last


def manifest_of(row: dict) -> str:
    """Build the text of a row."""
    text = "\n".join(MANIFESTS["base"]) + "\n"
    for old, new in row.get("replace", ()):
        assert old in text, f"{old!r} is not in the base"
        text = text.replace(old, new)
    return text


def findings_of_task(row: dict) -> Findings:
    """Check the task definition of a row."""
    return check_task_definition(task_definition_of(row), platforms=platforms_of(row), **row.get("given", {}))


def findings_of_manifest(row: dict) -> Findings:
    """Check the manifest of a row."""
    nodes = [Platform.parse(text) for text in row.get("nodes", ())]
    return check_manifests(manifest_of(row), nodes=nodes, platforms=platforms_of(row), **row.get("given", {}))


def told(findings: Findings) -> list[list[str]]:
    """Write findings as the tables do."""
    return [[f.code.value, f.place, f.severity.value] for f in findings]


@pytest.mark.parametrize("row", TASK_DEFINITIONS["cases"], ids=lambda row: row["id"])
def test_task_definitions(row):
    """The small task definition has exactly these findings."""
    assert row["findings"] == told(findings_of_task(row))


@pytest.mark.parametrize("row", MANIFESTS["cases"], ids=lambda row: row["id"])
def test_manifests(row):
    """The small manifest has exactly these findings."""
    assert row["findings"] == told(findings_of_manifest(row))


def all_findings() -> list[Finding]:
    """List the findings of both tables."""
    rows = [findings_of_task(row) for row in TASK_DEFINITIONS["cases"]]
    rows += [findings_of_manifest(row) for row in MANIFESTS["cases"]]
    return [finding for findings in rows for finding in findings]


def test_every_code_has_a_document():
    """Each code of the checks is shown by a row of one of the tables."""
    assert set(Code) == {finding.code for finding in all_findings()}


def test_sentences_are_sentences():
    """A finding says what is the case in a sentence, and what to do in an instruction without a full stop."""
    for finding in all_findings():
        assert (True, True, False) == (
            finding.sentence[0].isupper() or finding.sentence[0] in "`'",
            finding.sentence.endswith("."),
            finding.way_out.endswith("."),
        ), finding


def test_a_place_has_its_line():
    """A finding names the line of what it is about, or of what is around it if that is missing."""
    text = '{"family": "web",\n "containerDefinitions": [\n  {"name": "web",\n   "image": "nginx:1"}]}'
    assert [("docker-hub", 4), ("container-size", 3)] == sorted(
        ((f.code.value, f.line) for f in check_task_definition(text)), key=lambda entry: -entry[1]
    )


def test_aliases_are_found_where_they_are_defined():
    """What an alias repeats is a finding at each place, with the line of its anchor."""
    text = manifest_of({"replace": [["web:1.4", "web"], ["image: ", "image: &image "]]})
    text = text.replace("          ports:", "        - name: copy\n          image: *image\n          ports:")
    found = [(f.place[-20:], f.line) for f in check_manifests(text)]
    assert [(".containers[0].image", 19), (".containers[1].image", 19)] == found


def test_findings_show_themselves():
    """Findings are a table, one finding is a card, none is a card of its own."""
    findings = findings_of_task({"base": "ec2", "set": {"containerDefinitions/0/image": "nginx:1"}})
    assert "docker-hub" in str(findings)
    assert "| caution | docker-hub |" in findings._repr_markdown_()
    assert "<td>docker-hub</td>" in findings._repr_html_()
    assert "✓ Nothing to find fault with" == str(findings_of_task({"base": "ec2"}))
    assert str(findings[0]).startswith("? docker-hub\n  place     `containerDefinitions[0].image` (line 9)")


def test_notes_can_be_left_out():
    """worth_fixing() has all but the notes, and a document with dangers and cautions alone is usable."""
    findings = check_task_definition(
        task_definition_of(
            {
                "base": "fargate",
                "drop": ["runtimePlatform"],
                "set": {"containerDefinitions/0/environment": [{"name": "PASSWORD", "value": "x"}]},
            }
        )
    )
    assert [Severity.DANGER, Severity.NOTE] == [f.severity for f in findings]
    assert (Code.PLAIN_SECRET,) == findings.worth_fixing().codes
    assert findings.usable


@pytest.mark.parametrize("version", ["1.2", "2.0", "latest", "", None, "1.33.1", "1.999"], ids=repr)
def test_error_a_version_of_kubernetes_without_schemas(version):
    """A version that there is no schema for is refused by name."""
    with pytest.raises(InvalidInput) as caught:
        check_manifests(manifest_of({}), kubernetes_version=version)
    expected = f"Kubernetes {version!r}: there are no schemas of that version; write e.g. '1.33'"
    assert expected == str(caught.value)


def test_a_parsed_document_is_checked_as_its_text():
    """It makes no difference whether text or a value is handed over."""
    text = manifest_of({"replace": [[":1.4", ""]]})
    assert check_manifests(text) == check_manifests(parse_manifests(text))


# The schema of task definitions


def test_the_schema_is_the_model_of_botocore():
    """The schema has the fields, types, allowed words and required fields of RegisterTaskDefinition, no others."""
    model = botocore.session.get_session().get_service_model("ecs").operation_model("RegisterTaskDefinition")
    path = Path(__file__).parents[2] / "helpers/ecrlab/workloads/task_definition_schema.json"
    schema = json.loads(path.read_text("utf-8"))
    assert described(model.input_shape) == flat(schema, schema["$defs"])


def described(shape) -> object:
    """Write a shape of botocore as JSON Schema, with every structure in place."""
    match shape.type_name:
        case "structure":
            members = {name: described(member) for name, member in shape.members.items()}
            found = {"type": "object", "properties": members, "additionalProperties": False}
            return found | ({"required": shape.required_members} if shape.required_members else {})
        case "list":
            return {"type": "array", "items": described(shape.member)}
        case "map":
            return {"type": "object", "additionalProperties": described(shape.value)}
        case "string":
            return {"enum": shape.enum} if shape.enum else {"type": "string"}
        case other:
            return {"type": {"long": "integer", "double": "number", "float": "number"}.get(other, other)}


def flat(schema: object, definitions: dict) -> object:
    """Put every definition that a schema refers to in its place; leave its headings out."""
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return flat(definitions[schema["$ref"].rpartition("/")[2]], definitions)
    headings = ("$schema", "title", "description", "$defs")
    if "properties" in schema:
        members = {name: flat(member, definitions) for name, member in schema["properties"].items()}
        return {key: value for key, value in schema.items() if key not in headings} | {"properties": members}
    return {key: flat(value, definitions) for key, value in schema.items()}


# Sizes


@pytest.mark.parametrize(
    ("text", "units"),
    [("256", 256), (".25 vCPU", 256), ("1 vcpu", 1024), ("2vCPU", 2048), ("0.5", None), ("", None), ("one", None)],
)
def test_cpu(text, units):
    """CPU is written in units, or in vCPU."""
    assert units == cpu_units(text)


@pytest.mark.parametrize(
    ("text", "mib"), [("512", 512), ("2 GB", 2048), ("0.5gb", 512), ("1.5", None), ("512 MB", None), (".", None)]
)
def test_memory(text, mib):
    """Memory is written in MiB, or in GB."""
    assert mib == memory_mib(text)


def test_sizes_of_fargate_in_words():
    """The sizes are told as they are listed in the manual."""
    assert "512, 1024 or 2048 MiB" == fargate_memory_text(256)
    assert "8192 to 30720 MiB in steps of 1 GiB" == fargate_memory_text(4096)
    assert "32768 to 122880 MiB in steps of 8 GiB" == fargate_memory_text(16384)
