"""Look through Kubernetes manifests: what the API refuses, what a node cannot pull, what goes stale or leaks.

Source: Kubernetes documentation, "Images" and "Well-known labels, annotations and taints"; Amazon EKS User Guide,
"Amazon EKS node IAM role"; Amazon ECR User Guide, "Private registry authentication" (a token lasts twelve hours).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping

from ecrlab.naming import placeholder_in
from ecrlab.oci.descriptor import Platform
from ecrlab.workloads.container import Container, PullPolicy
from ecrlab.workloads.findings import Code, Finding, Findings, in_order
from ecrlab.workloads.images import Surroundings, findings_about_image
from ecrlab.workloads.lenient import at_path, list_of, mapping_of
from ecrlab.workloads.manifest_shape import DEFAULT_VERSION, shape_findings
from ecrlab.workloads.manifests import KubernetesObject, Manifests, Workload, parse_manifests
from ecrlab.workloads.pointing import Pointer, into_object
from ecrlab.workloads.secrets_in_text import Kept, how_kept

__all__ = ["check_manifests"]

Steps = tuple[str | int, ...]

_NAME = re.compile(r"[a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?")
_CONTAINER_NAME = re.compile(r"[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?")
_MOVED = "a pod that starts later, or starts again, may run another build than the pods beside it"
_WITH_SELECTOR = ("Deployment", "ReplicaSet", "StatefulSet", "DaemonSet")


def check_manifests(
    document: str | Manifests,
    *,
    account_id: str | None = None,
    region: str | None = None,
    nodes: Collection[Platform] = (),
    platforms: Mapping[str, Collection[Platform]] | None = None,
    kubernetes_version: str = DEFAULT_VERSION,
) -> Findings:
    """Find what is wrong, risky or worth knowing in Kubernetes manifests.

    Args:
        document: YAML text, or manifests that have been read.
        account_id: The account of the cluster, if known.
        region: The region of the cluster, if known.
        nodes: The platforms of the cluster's nodes, if known.
        platforms: The platforms that images are there for, by the image as the manifest writes it. Only for these
            images can the platform be judged.
        kubernetes_version: The version whose API the objects have to fit.

    Returns:
        The findings, the worst first; ``usable`` says whether it could be applied and its images be pulled.

    Raises:
        InvalidDocument: It is not YAML, or an object lacks its kind or API version.
        InvalidInput: There are no schemas of that version of Kubernetes.
    """
    manifests = document if isinstance(document, Manifests) else parse_manifests(document)
    around = Surroundings(account_id, region, platforms or {}, _MOVED)
    found: list[Finding] = []
    for entry in manifests.objects:
        point = into_object(manifests.text, entry)
        found += shape_findings(entry, point, kubernetes_version)
        found += _about_the_name(entry, point)
        if isinstance(entry, Workload):
            found += _about_a_workload(entry, point, around, nodes)
        elif entry.kind == "Secret":
            found += _about_a_secret(entry, point)
    return in_order(found)


def _about_the_name(entry: KubernetesObject, point: Pointer) -> Iterator[Finding]:
    path = ("metadata", "name")
    if not entry.name:
        if not at_path(entry.content, ("metadata", "generateName")):
            yield point.finding(Code.MISSING_FIELD, path, f"The {entry.kind} has no name.", "add `metadata.name`")
    elif placeholder_in(entry.name) is not None:
        sentence = f"`{placeholder_in(entry.name)}` is a placeholder that was never filled in."
        yield point.finding(Code.PLACEHOLDER, path, sentence, "put the real value in its place before you apply it")
    elif not _NAME.fullmatch(entry.name) and "rbac" not in entry.api_version:
        sentence = f"{entry.name!r} is no name that Kubernetes takes."
        yield point.finding(Code.WRONG_SHAPE, path, sentence, "use a-z, 0-9 and '-', no separator at an edge")


def _about_a_workload(
    workload: Workload, point: Pointer, around: Surroundings, nodes: Collection[Platform]
) -> Iterator[Finding]:
    wanted = tuple(Platform("linux", name) for name in workload.architectures) or tuple(nodes)
    yield from _about_containers(workload, point)
    for container, path in zip(workload.containers, workload.container_paths, strict=True):
        yield from findings_about_image(container, (*path, "image"), point, around, wanted)
        yield from _about_the_pull_policy(container, workload, path, point)
        yield from _about_settings(at_path(workload.content, path), path, point)
    yield from _about_pull_secrets(workload, point)
    yield from _about_the_selector(workload, point)
    yield from _about_platforms(workload, point, nodes)


def _about_containers(workload: Workload, point: Pointer) -> Iterator[Finding]:
    if not any(not container.runs_first for container in workload.containers):
        path = (*workload.pod_path, "containers")
        sentence = "There is no container, and a pod needs at least one."
        yield point.finding(Code.NO_CONTAINERS, path, sentence, "add a container with a name and an image")
    names = Counter(container.name for container in workload.containers)
    for container, path in zip(workload.containers, workload.container_paths, strict=True):
        if names[container.name] > 1 and container.name:
            sentence = f"The name {container.name!r} is given to {names[container.name]} containers."
            way_out = "give each container a name of its own"
            yield point.finding(Code.DUPLICATE_NAME, (*path, "name"), sentence, way_out)
        elif container.name and not _CONTAINER_NAME.fullmatch(container.name):
            sentence = f"{container.name!r} is no name that a container may have."
            way_out = "use a-z, 0-9 and '-', at most 63 characters, no '-' at an edge"
            yield point.finding(Code.WRONG_SHAPE, (*path, "name"), sentence, way_out)


def _about_the_pull_policy(container: Container, workload: Workload, path: Steps, point: Pointer) -> Iterator[Finding]:
    place = (*path, "imagePullPolicy")
    written = at_path(workload.content, place)
    if isinstance(written, str) and written not in list(PullPolicy):  # the schemas take any text
        sentence = f"`{written}` is no pull policy."
        yield point.finding(Code.UNKNOWN_VALUE, place, sentence, f"write one of {', '.join(PullPolicy)}")
    if container.pull_policy is PullPolicy.NEVER:
        sentence = "The kubelet never pulls this image: it has to be on every node already."
        yield point.finding(Code.NEVER_PULLED, place, sentence, "leave `imagePullPolicy` out")
    if container.reference is None or container.pull_policy is not PullPolicy.IF_NOT_PRESENT:
        return
    tag = container.reference.tag_pulled
    if tag is not None and tag.value == "latest":
        sentence = "A node that has some `latest` keeps it: after a push, old and new builds run side by side."
        yield point.finding(Code.STALE_IMAGE, place, sentence, "name a tag that never moves, or the digest")


def _about_settings(entry: object, path: Steps, point: Pointer) -> Iterator[Finding]:
    for number, setting in enumerate(list_of(mapping_of(entry).get("env"))):
        pair = mapping_of(setting)
        name, place = str(pair.get("name", "")), (*path, "env", number)
        secret = at_path(pair, ("valueFrom", "secretKeyRef", "name"))
        # Judged as if something stood there: the name alone tells of a user's keys.
        kept = how_kept(name, "in a Secret" if secret else pair.get("value"))
        if kept is Kept.STATIC_KEYS:
            where = f"in the Secret {secret!r}" if secret else "in plain text"
            sentence = f"`{name}` holds a key of an AWS user {where}; such keys last until somebody deletes them."
            way_out = "give the pod's service account a role: EKS Pod Identity, or IAM roles for service accounts"
            yield point.finding(Code.STATIC_KEYS, place, sentence, way_out)
        elif kept is Kept.PLAIN and not secret:
            sentence = f"`{name}` looks like a secret and stands in plain text, for everybody who may read it."
            yield point.finding(Code.PLAIN_SECRET, place, sentence, "keep it in a Secret and use `valueFrom`")


def _about_pull_secrets(workload: Workload, point: Pointer) -> Iterator[Finding]:
    from_ecr = [c for c in workload.containers if c.reference is not None and c.reference.host is not None]
    if not workload.pull_secrets or not from_ecr:
        return
    names = ", ".join(repr(name) for name in workload.pull_secrets)
    sentence = (
        f"A password for ECR is a token of twelve hours: with {names}, pods that start later cannot pull unless "
        "something keeps renewing it."
    )
    way_out = "leave `imagePullSecrets` out on EKS, where nodes log in with their role"
    yield point.finding(Code.SHORT_LIVED_SECRET, (*workload.pod_path, "imagePullSecrets"), sentence, way_out)


def _about_the_selector(workload: Workload, point: Pointer) -> Iterator[Finding]:
    if workload.kind not in _WITH_SELECTOR:
        return
    wanted = mapping_of(at_path(workload.content, ("spec", "selector", "matchLabels")))
    offered = mapping_of(at_path(workload.content, ("spec", "template", "metadata", "labels")))
    missing = [key for key, value in wanted.items() if offered.get(key) != value]
    if missing:
        sentence = f"The selector asks for {', '.join(f'`{key}`' for key in missing)}, which its own pods do not have."
        way_out = "give `template.metadata.labels` the same labels"
        yield point.finding(Code.SELECTOR_MISMATCH, ("spec", "selector", "matchLabels"), sentence, way_out)


def _about_platforms(workload: Workload, point: Pointer, nodes: Collection[Platform]) -> Iterator[Finding]:
    for path, label in _old_labels(workload):
        new = label.removeprefix("beta.")
        sentence = f"The label `{label}` has been deprecated since Kubernetes 1.14."
        yield point.finding(Code.OLD_LABEL, path, sentence, f"write `{new}`")
    if not workload.architectures and len(set(nodes)) != 1:
        sentence = "Any node may get these pods; on one whose processor the image is not there for, they cannot start."
        way_out = "build for every processor of the cluster, or add `nodeSelector: {kubernetes.io/arch: amd64}`"
        yield point.finding(Code.PLATFORM_UNSAID, workload.pod_path, sentence, way_out)


def _old_labels(workload: Workload) -> Iterator[tuple[Steps, str]]:
    old = ("beta.kubernetes.io/arch", "beta.kubernetes.io/os")
    yield from (
        ((*workload.pod_path, "nodeSelector", label), label) for label in old if label in workload.node_selector
    )
    required = ("affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution", "nodeSelectorTerms")
    for term, choice in enumerate(list_of(at_path(workload.pod, required))):
        for number, rule in enumerate(list_of(mapping_of(choice).get("matchExpressions"))):
            label = mapping_of(rule).get("key")
            if label in old:
                yield (*workload.pod_path, *required, term, "matchExpressions", number, "key"), label


def _about_a_secret(entry: KubernetesObject, point: Pointer) -> Iterator[Finding]:
    held = [key for key in ("data", "stringData") if entry.content.get(key)]
    if held:
        sentence = "What a Secret holds stands in this text for everybody who may read it; base64 hides nothing."
        way_out = "keep it out of files: create it from Secrets Manager, or encrypt the file"
        yield point.finding(Code.PLAIN_SECRET, (held[0],), sentence, way_out)
    if str(entry.content.get("type", "")).startswith("kubernetes.io/dockerc") and held:
        sentence = "If this logs in to ECR, it works for twelve hours."
        way_out = "let nodes log in with their role, or renew it by a CronJob"
        yield point.finding(Code.SHORT_LIVED_SECRET, ("type",), sentence, way_out)
