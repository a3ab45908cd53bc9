"""Whatever the values of a document are, the checks answer: a wrong type is a finding, never a crash."""

from __future__ import annotations

import contextlib
import json

from ecrlab.errors import InvalidDocument
from ecrlab.workloads import Findings, check_manifests, check_task_definition, parse_manifests, parse_task_definition
from hypothesis import given, settings
from hypothesis import strategies as st

WORDS = [
    *(
        "",
        "web",
        "FARGATE",
        "EC2",
        "awsvpc",
        "256",
        "1 vCPU",
        "512",
        "nginx",
        "${X}",
        "awslogs",
        "arn:aws:iam::1:role/x",
    ),
    *("Always", "latest", "a/b:1", "x" * 70, "true", "AKIAIOSFODNN7EXAMPLE", "::", "sha256:1"),
]
TASK_KEYS = [
    *("family", "executionRoleArn", "taskRoleArn", "networkMode", "cpu", "memory", "requiresCompatibilities", "tags"),
    *("runtimePlatform", "cpuArchitecture", "name", "image", "essential", "portMappings", "containerPort", "hostPort"),
    *("environment", "value", "secrets", "valueFrom", "logConfiguration", "logDriver", "options", "awslogs-group"),
    *(
        "firelensConfiguration",
        "memoryReservation",
        "repositoryCredentials",
        "status",
        "privileged",
        "placementConstraints",
    ),
]
POD_KEYS = [
    *("containers", "initContainers", "name", "image", "imagePullPolicy", "env", "value", "valueFrom", "secretKeyRef"),
    *("imagePullSecrets", "nodeSelector", "kubernetes.io/arch", "beta.kubernetes.io/arch", "affinity", "nodeAffinity"),
    *("requiredDuringSchedulingIgnoredDuringExecution", "nodeSelectorTerms", "matchExpressions", "key", "values"),
    *("restartPolicy", "serviceAccountName", "replicas", "selector", "matchLabels", "labels"),
]


def values(keys: list[str]) -> st.SearchStrategy:
    """Draw JSON of every type, with objects that have some of the known keys."""
    return st.recursive(
        st.sampled_from([None, True, False, 0, 80, -1, 1.5, *WORDS]),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(keys), inner, max_size=5),
        max_leaves=14,
    )


containers = st.lists(st.dictionaries(st.sampled_from(TASK_KEYS), values(TASK_KEYS), max_size=7), max_size=3)
tasks = st.builds(
    lambda fields, entries: {**fields, "containerDefinitions": entries},
    st.dictionaries(st.sampled_from(TASK_KEYS), values(TASK_KEYS), max_size=6),
    containers,
)
pods = st.dictionaries(st.sampled_from(POD_KEYS), values(POD_KEYS), max_size=5)
objects = st.builds(
    lambda kind, metadata, spec, pod: {
        "apiVersion": "v1" if kind in ("Pod", "Secret") else "apps/v1",
        "kind": kind,
        "metadata": metadata,
        "spec": pod if kind == "Pod" else {**(spec if isinstance(spec, dict) else {}), "template": {"spec": pod}},
    },
    st.sampled_from(["Pod", "Deployment", "DaemonSet", "Secret", "CronJob"]),
    values(POD_KEYS),
    values(POD_KEYS),
    pods | values(POD_KEYS),
)


@given(tasks)
def test_any_task_definition_is_judged(document):
    """There are findings, in the order of their severity, each at a place, and they can be shown."""
    found = check_task_definition(document)
    assert isinstance(found, Findings)
    assert sorted(f.severity.rank for f in found) == [f.severity.rank for f in found]
    assert str(found)
    assert found == check_task_definition(parse_task_definition(json.dumps(document, indent=2) + "\n"))


@settings(max_examples=60, deadline=None)
@given(objects)
def test_any_object_is_judged(content):
    """Kubernetes objects of any content are judged as well; JSON is YAML."""
    found = check_manifests(json.dumps(content))
    assert isinstance(found, Findings)
    assert str(found)
    assert str(parse_manifests(json.dumps(content)))


@given(values(TASK_KEYS))
def test_any_mapping_is_a_task_definition_or_not(value):
    """What has no list of containers is refused, and nothing else happens."""
    with contextlib.suppress(InvalidDocument):
        parse_task_definition({"containerDefinitions": value})
