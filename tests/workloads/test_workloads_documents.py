"""Task definitions and manifests are read into values; what cannot be read says where it is broken and what to do."""

from __future__ import annotations

import contextlib
import json
from textwrap import dedent

import pytest
from ecrlab.errors import InvalidDocument, InvalidInput
from ecrlab.oci import Platform
from ecrlab.workloads import PullPolicy, parse_manifests, parse_task_definition
from ecrlab.workloads.json_text import span_of
from ecrlab.workloads.yaml_text import parse_documents
from hypothesis import given
from hypothesis import strategies as st

WEB = {"name": "web", "image": "111122223333.dkr.ecr.eu-west-1.amazonaws.com/team/web:1.4"}


def task(**fields: object) -> dict:
    """Build a task definition with one container."""
    return {"family": "web", "containerDefinitions": [WEB], **fields}


# Task definitions


def test_a_task_definition_knows_its_containers():
    """Name, image, place, whether it is essential, and where the password of its registry lies."""
    credentials = {"credentialsParameter": "arn:aws:secretsmanager:eu-west-1:111122223333:secret:hub-AbCdEf"}
    entry = {"name": "b", "image": "x", "essential": False, "repositoryCredentials": credentials}
    entry["versionConsistency"] = "disabled"
    web, other = parse_task_definition(task(containerDefinitions=[WEB, entry])).containers
    assert ("web", WEB["image"], "containerDefinitions[0]", True, None, True) == (
        web.name,
        web.image,
        web.place,
        web.essential,
        web.credentials,
        web.version_consistency,
    )
    assert (False, credentials["credentialsParameter"], False) == (
        other.essential,
        other.credentials,
        other.version_consistency,
    )
    assert ("docker.io/library/x", "team/web") == (str(other.reference), str(web.reference.repository))


PLATFORMS = {  # id: (fields, platform)
    "EC2 leaves it to the instance": ({}, None),
    "Fargate's default": ({"requiresCompatibilities": ["FARGATE"]}, "linux/amd64"),
    "Fargate on ARM": (
        {"requiresCompatibilities": ["FARGATE"], "runtimePlatform": {"cpuArchitecture": "ARM64"}},
        "linux/arm64",
    ),
    "EC2 that says so": ({"runtimePlatform": {"cpuArchitecture": "ARM64"}}, "linux/arm64"),
    "Windows": (
        {
            "requiresCompatibilities": ["FARGATE"],
            "runtimePlatform": {"operatingSystemFamily": "WINDOWS_SERVER_2022_CORE"},
        },
        "windows/amd64",
    ),
}


@pytest.mark.parametrize(("fields", "platform"), PLATFORMS.values(), ids=PLATFORMS)
def test_the_platform_of_a_task(fields, platform):
    """What it runs on follows from runtimePlatform and Fargate's default."""
    expected = None if platform is None else Platform.parse(platform)
    assert expected == parse_task_definition(task(**fields)).platform


@pytest.mark.parametrize(
    ("fields", "mode"),
    [
        ({}, "bridge"),
        ({"networkMode": None}, "bridge"),
        ({"requiresCompatibilities": ["FARGATE"]}, "awsvpc"),
        ({"networkMode": "host"}, "host"),
    ],
)
def test_the_network_mode_of_a_task(fields, mode):
    """Without a word it is bridge on instances and awsvpc on Fargate."""
    assert mode == parse_task_definition(task(**fields)).network_mode


def test_the_answer_of_describe_task_definition_will_do():
    """What DescribeTaskDefinition answers is unwrapped."""
    assert "web" == parse_task_definition({"taskDefinition": task(), "tags": []}).family


def test_text_and_mapping_are_read_alike():
    """A mapping and its JSON text make the same containers."""
    assert parse_task_definition(task()).containers == parse_task_definition(json.dumps(task())).containers


def test_a_container_is_found_by_its_name():
    """container() finds it, and lists the names that there are if it does not."""
    definition = parse_task_definition(task())
    assert definition.containers[0] is definition.container("web")
    with pytest.raises(InvalidInput) as caught:
        definition.container("wep")
    assert "task definition 'web': no container is called 'wep'; there are: 'web'" == str(caught.value)


BROKEN_JSON = {  # id: (text, message)
    "nothing": ("", "task definition: it is empty; write the document, starting with '{'"),
    "blanks": (" \n", "task definition: it is empty; write the document, starting with '{'"),
    "a comma before a bracket": (
        '{\n  "containerDefinitions": [\n    {},\n  ]\n}',
        "task definition: a comma stands before the closing ']' at line 3, column 7; take the comma away",
    ),
    "a comma before a brace": (
        '{"family": "web",}',
        "task definition: a comma stands before the closing '}' at line 1, column 17; take the comma away",
    ),
    "a comma missing": (
        '{"family": "web"\n "cpu": "256"}',
        "task definition: a comma or a closing bracket is missing at line 2, column 2; add it before this place",
    ),
    "a comment": (
        '{\n  // ours\n  "family": "web"}',
        "task definition: a comment stands there and JSON has none at line 2, column 3; take the comment away",
    ),
    "single quotes": (
        "{'family': 'web'}",
        'task definition: a text stands in single quotes at line 1, column 2; write it in "double quotes"',
    ),
    "two documents": (
        "{} {}",
        "task definition: the document has ended and more follows at line 1, column 4; keep one object",
    ),
    "cut short": (
        '{"family": "we',
        "task definition: it is not JSON (Unterminated string starting at) at line 1, column 12; correct it there",
    ),
    "a key twice": (
        '{"family": "a", "family": "b"}',
        "task definition: the key 'family' is there twice in one object; keep one, in plain JSON",
    ),
    "no number": ('{"cpu": NaN}', "task definition: NaN is not JSON; keep one, in plain JSON"),
    "a list": ("[]", "task definition: it is JSON, but no object; start it with '{'"),
    "without containers": (
        '{"family": "web"}',
        "task definition: it has no list 'containerDefinitions'; add one, with a name and an image for each container",
    ),
    "as CloudFormation spells it": (
        '{"Family": "web", "ContainerDefinitions": []}',
        "task definition: it has no list 'containerDefinitions', but 'ContainerDefinitions'; begin every key with a "
        "small letter, as RegisterTaskDefinition does",
    ),
    "a container that is text": (
        '{"containerDefinitions": ["web"]}',
        "containerDefinitions[0]: it is no object; write {…} with a name and an image",
    ),
    "nested beyond reason": (
        "[" * 100_000,
        "task definition: it is nested too deeply; it needs no more than a few levels",
    ),
}


@pytest.mark.parametrize(("text", "message"), BROKEN_JSON.values(), ids=BROKEN_JSON)
def test_error_a_broken_task_definition(text, message):
    """A text that is no task definition is refused with its place and the way out."""
    with pytest.raises(InvalidDocument) as caught:
        parse_task_definition(text)
    assert message == str(caught.value)


@pytest.mark.parametrize("value", [None, 5, b"{}", ["x"]], ids=repr)
def test_error_a_task_definition_is_text_or_a_mapping(value):
    """What is neither text nor a mapping is told as such."""
    with pytest.raises(InvalidDocument) as caught:
        parse_task_definition(value)
    kind = type(value).__name__
    assert f"task definition: {kind} is neither text nor a mapping; hand over the JSON text" == str(caught.value)


def test_error_a_mapping_that_is_no_json():
    """A mapping with a value that JSON does not have is refused."""
    with pytest.raises(InvalidDocument) as caught:
        parse_task_definition(task(cpu={1, 2}))
    expected = (
        "task definition: it cannot be written as JSON (Object of type set is not JSON serializable); "
        "use text, numbers and lists"
    )
    assert expected == str(caught.value)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(st.text(max_size=6), json_values, max_size=4), st.sampled_from([None, 1, "\t"]), st.booleans())
def test_every_value_is_found_in_its_text(document, indent, ascii_only):
    """The span of a path holds exactly the JSON of the value that the path leads to."""
    text = json.dumps(document, indent=indent, ensure_ascii=ascii_only)
    for path, value in walk(document):
        span = span_of(text, path)
        assert value == json.loads(text[span.start : span.end])
    assert span_of(text, ("not there at all",)) is None


def walk(value: object, path: tuple = ()) -> list:
    """List every value of a document with its path."""
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [(path, value), *(found for key, entry in entries for found in walk(entry, (*path, key)))]


# Manifests

POD = dedent("""\
    apiVersion: v1
    kind: Pod
    metadata: {name: web}
    spec:
      containers:
        - name: web
          image: nginx:1
    """)


def test_a_manifest_knows_its_workloads():
    """Several documents, a List, empty documents and comments: what makes pods is found with its containers."""
    text = dedent("""\
        # the service
        apiVersion: v1
        kind: Service
        metadata: {name: web}
        ---
        ---
        apiVersion: v1
        kind: List
        items:
          - apiVersion: batch/v1
            kind: CronJob
            metadata: {name: nightly, namespace: jobs}
            spec:
              schedule: "0 3 * * *"
              jobTemplate:
                spec:
                  template:
                    spec:
                      imagePullSecrets: [{name: hub}]
                      serviceAccountName: nightly
                      initContainers:
                        - {name: first, image: "a/b:1"}
                        - {name: proxy, image: "a/c:1", restartPolicy: Always}
                      containers:
                        - {name: job, image: "a/d", imagePullPolicy: IfNotPresent}
        """)
    manifests = parse_manifests(text)
    assert ["Service/web", "CronJob/nightly"] == [entry.title for entry in manifests.objects]
    (job,) = manifests.workloads
    assert ("jobs", "nightly", ("hub",), 1) == (job.namespace, job.service_account, job.pull_secrets, job.replicas)
    assert [("first", True), ("proxy", False), ("job", False)] == [(c.name, c.runs_first) for c in job.containers]
    place = "CronJob/nightly.spec.jobTemplate.spec.template.spec.containers[0]"
    assert (place, PullPolicy.IF_NOT_PRESENT) == (job.container("job").place, job.container("job").pull_policy)
    assert ("Service/web",) == tuple(entry.title for entry in manifests.kind("Service"))


POLICIES = {  # image: what a kubelet does where the manifest says nothing
    "nginx": PullPolicy.ALWAYS,
    "nginx:latest": PullPolicy.ALWAYS,
    "nginx:1.27": PullPolicy.IF_NOT_PRESENT,
    "localhost:5000/team/api": PullPolicy.ALWAYS,
    f"nginx:latest@sha256:{'0' * 64}": PullPolicy.IF_NOT_PRESENT,
    f"nginx@sha256:{'0' * 64}": PullPolicy.IF_NOT_PRESENT,
}


@pytest.mark.parametrize(("image", "policy"), POLICIES.items(), ids=POLICIES)
def test_the_default_of_the_pull_policy(image, policy):
    """Always for latest or no tag, otherwise IfNotPresent; a digest needs no second look."""
    (container,) = parse_manifests(POD.replace("nginx:1", image)).containers
    assert (None, policy) == (container.pull_policy, container.effective_pull_policy)


PLACES = {  # id: (lines of the pod's specification, architectures, platform)
    "anywhere": ("", (), None),
    "by selector": ("  nodeSelector: {kubernetes.io/arch: arm64}\n", ("arm64",), "linux/arm64"),
    "by the old label": ("  nodeSelector: {beta.kubernetes.io/arch: arm64}\n", ("arm64",), "linux/arm64"),
    "by affinity": (
        "  affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: "
        "[{matchExpressions: [{key: kubernetes.io/arch, operator: In, values: [amd64, arm64]}]}]}}}\n",
        ("amd64", "arm64"),
        None,
    ),
    "on Windows": (
        "  nodeSelector: {kubernetes.io/arch: amd64, kubernetes.io/os: windows}\n",
        ("amd64",),
        "windows/amd64",
    ),
}


@pytest.mark.parametrize(("lines", "architectures", "platform"), PLACES.values(), ids=PLACES)
def test_the_platform_of_a_pod(lines, architectures, platform):
    """What it runs on follows from the node selector and the required affinity."""
    (workload,) = parse_manifests(POD + lines).workloads
    assert architectures == workload.architectures
    assert platform == (None if workload.platform is None else str(workload.platform))


def test_workloads_are_found_by_name():
    """By name, or by kind and name where a name is used twice."""
    text = f"{POD}---\n{POD.replace('Pod', 'Job', 1)}---\n{POD.replace('name: web}', 'name: api}')}"
    manifests = parse_manifests(text.replace("kind: Job", "kind: ReplicaSet"))
    assert "Pod/api" == manifests.workload("api").title
    assert "ReplicaSet/web" == manifests.workload("ReplicaSet/web").title
    with pytest.raises(InvalidInput) as caught:
        manifests.workload("web")
    assert "manifest: 2 workloads are called 'web'; there are: Pod/web, ReplicaSet/web, Pod/api" == str(caught.value)
    with pytest.raises(InvalidInput) as caught:
        manifests.workload("db")
    assert "manifest: no workload is called 'db'; there are: Pod/web, ReplicaSet/web, Pod/api" == str(caught.value)


SCALARS = {  # what is written: what Kubernetes makes of it
    "yes": True,
    "Off": False,
    "true": True,
    "'yes'": "yes",
    "y": "y",
    "~": None,
    "": None,
    "null": None,
    "12": 12,
    "-3": -3,
    "0644": 0o644,
    "0o17": 15,
    "0x1F": 31,
    "1e3": 1000.0,
    ".5": 0.5,
    "1.27": 1.27,
    '"1.27"': "1.27",
    "1.2.3": "1.2.3",
    "12:30:45": "12:30:45",
    "2020-01-01": "2020-01-01",
    "2020-01-01T00:00:00Z": "2020-01-01T00:00:00Z",
    "!!str 12": "12",
    "089": 89.0,
}


@pytest.mark.parametrize(("written", "value"), SCALARS.items(), ids=SCALARS)
def test_plain_words_mean_what_kubernetes_makes_of_them(written, value):
    """Booleans and octal numbers of YAML 1.1, dates that stay text."""
    (document,) = parse_documents(f"a: {written}\n", "manifest")
    found = document.value["a"]
    assert (value, type(value)) == (found, type(found))


def test_merged_keys_stand_back():
    """What << merges in is there, behind the mapping's own keys."""
    (document,) = parse_documents("a: &a {x: 1, y: 1}\nb:\n  <<: *a\n  y: 2\nc:\n  <<: [*a, {z: 3}]\n", "manifest")
    assert {"a": {"x": 1, "y": 1}, "b": {"x": 1, "y": 2}, "c": {"x": 1, "y": 1, "z": 3}} == document.value


ENDLESS = (
    "manifest: its aliases make more than 100,000 values, or 100 levels, of it; write it out without so many aliases"
)
BROKEN_YAML = {  # id: (text, message)
    "nothing": ("", "manifest: it is empty; write an object, starting with apiVersion and kind"),
    "only comments": ("# later\n---\n", "manifest: it is empty; write an object, starting with apiVersion and kind"),
    "a tab": (
        "apiVersion: v1\nkind: Pod\nmetadata:\n\tname: web\n",
        "manifest: a tab stands in the indentation at line 4, column 1; indent with blanks",
    ),
    "a colon too many": (
        "apiVersion: v1\nkind: Pod: x\n",
        "manifest: a ':' stands where none can at line 2, column 10; put the value in quotes, or mend the indentation",
    ),
    "a template": (
        "apiVersion: v1\nkind: Pod\nmetadata:\n{{- if .x }}\n  name: web\n",
        "manifest: a template is there, not YAML at line 4, column 1; render it first, e.g. with helm template",
    ),
    "an anchor that is not there": (
        "apiVersion: v1\nkind: *kind\n",
        "manifest: it is not YAML (found undefined alias 'kind') at line 2, column 7; correct it there",
    ),
    "a key twice": (
        "apiVersion: v1\nkind: Pod\nkind: Job\n",
        "manifest: the key 'kind' is twice, at line 3, column 1; keep one plain key",
    ),
    "a key that is a list": (
        "apiVersion: v1\nkind: Pod\n? [a]\n: b\n",
        "manifest: a key is no text, at line 3, column 3; keep one plain key",
    ),
    "a merge of text": (
        "apiVersion: v1\nkind: Pod\n<<: text\n",
        "manifest: '<<' can only merge mappings, at line 3, column 5; keep one plain key",
    ),
    "a character of no text": (
        "apiVersion: v1\nkind: \x00\n",
        "manifest: it is not YAML (unacceptable character #x0000: special characters are not allowed in "
        '"<unicode string>", position 21); take out what is no text',
    ),
    "a list": ("- apiVersion: v1\n", "document[0]: it is no mapping; start it with apiVersion and kind"),
    "no kind": (
        "apiVersion: v1\n",
        "document[0]: it has no 'kind'; every object of Kubernetes has apiVersion and kind",
    ),
    "no API version": (
        f"{POD}---\nkind: Pod\n",
        "document[1]: it has no 'apiVersion'; every object of Kubernetes has apiVersion and kind",
    ),
    "no kind in a list": (
        "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n",
        "document[0].items[0]: it has no 'kind'; every object of Kubernetes has apiVersion and kind",
    ),
    "a laugh": (
        "a: &a [x, x, x, x, x, x, x, x, x, x]\n"
        + "".join(f"{b}: &{b} [{', '.join([f'*{a}'] * 10)}]\n" for a, b in zip("abcdef", "bcdefg", strict=True)),
        ENDLESS,
    ),
    "a list in itself": (
        "a: &a [*a]\n",
        ENDLESS,
    ),
    "nested beyond reason": (
        "[" * 10_000,
        "manifest: it is nested too deeply; a manifest needs no more than a few levels",
    ),
}


@pytest.mark.parametrize(("text", "message"), BROKEN_YAML.values(), ids=BROKEN_YAML)
def test_error_a_broken_manifest(text, message):
    """A text that is no manifest is refused with its place and the way out."""
    with pytest.raises(InvalidDocument) as caught:
        parse_manifests(text)
    assert message == str(caught.value)


@pytest.mark.parametrize("value", [None, 5, b"kind: Pod", {"kind": "Pod"}], ids=repr)
def test_error_a_manifest_is_text(value):
    """What is no text is told as such."""
    with pytest.raises(InvalidDocument) as caught:
        parse_manifests(value)
    assert f"manifest: {type(value).__name__} is no text; hand over the YAML text" == str(caught.value)


def test_error_a_manifest_beyond_reason():
    """A text far beyond what a cluster stores is refused before it is read."""
    with pytest.raises(InvalidDocument) as caught:
        parse_manifests("a" * 2_000_001)
    expected = "manifest: it has 2,000,001 characters; split it; etcd takes objects up to 1.5 MB"
    assert expected == str(caught.value)


@given(st.text(alphabet="ab:-#{}[]&*?|>!%@'\" \n\t<.0", max_size=40))
def test_any_text_is_read_or_refused(text):
    """Whatever is handed over, there are objects, or one InvalidDocument that says why not."""
    for parse in (parse_manifests, parse_task_definition):
        with contextlib.suppress(InvalidDocument):
            parse(text)
