"""Rendering, previewing and editing: what is written has no fault, and an edit changes what it has to and no more."""

from __future__ import annotations

import json
from textwrap import dedent

import pytest
from ecrlab.errors import InvalidInput, InvalidName
from ecrlab.naming import ImageReference
from ecrlab.oci import Platform
from ecrlab.workloads import (
    Code,
    Container,
    LaunchType,
    check_manifests,
    check_task_definition,
    compare,
    deployment,
    parse_manifests,
    parse_task_definition,
    task_definition,
    with_image,
)
from hypothesis import given, settings
from hypothesis import strategies as st

HOST = "111122223333.dkr.ecr.eu-west-1.amazonaws.com"
IMAGE = f"{HOST}/team/web:1.4"
DIGEST = "sha256:" + "ab" * 32

words = st.from_regex(r"[a-z][a-z0-9]{0,7}", fullmatch=True)
names = st.from_regex(r"[a-z0-9]([-a-z0-9]{0,12}[a-z0-9])?", fullmatch=True)
images = st.builds(
    "{}{}{}".format,
    st.sampled_from([f"{HOST}/", "public.ecr.aws/", "localhost:5000/", "someone/", ""]),
    st.lists(words, min_size=2, max_size=3).map("/".join),
    st.sampled_from(["", ":1.4", ":latest", f"@{DIGEST}", f":2@{DIGEST}"]),
)
environments = st.dictionaries(st.from_regex(r"[A-Z][A-Z_]{0,6}", fullmatch=True), st.text(max_size=12), max_size=3)
json_spaces = st.sampled_from(["", " ", "\n", "\t", "\n    "])


# Rendering


def test_a_task_definition_for_fargate():
    """The image's account and region serve for the role and the logs; the repository's name for the rest."""
    assert {
        "family": "web",
        "requiresCompatibilities": ["FARGATE"],
        "networkMode": "awsvpc",
        "cpu": "256",
        "memory": "512",
        "runtimePlatform": {"cpuArchitecture": "X86_64", "operatingSystemFamily": "LINUX"},
        "executionRoleArn": "arn:aws:iam::111122223333:role/ecsTaskExecutionRole",
        "containerDefinitions": [
            {
                "name": "web",
                "image": IMAGE,
                "essential": True,
                "portMappings": [{"containerPort": 8080, "protocol": "tcp"}],
                "logConfiguration": {
                    "logDriver": "awslogs",
                    "options": {
                        "awslogs-group": "/ecs/web",
                        "awslogs-region": "eu-west-1",
                        "awslogs-stream-prefix": "web",
                    },
                },
            }
        ],
    } == json.loads(task_definition(IMAGE, port=8080).text)


def test_a_deployment():
    """The text is what a person would write."""
    expected = """\
        apiVersion: apps/v1
        kind: Deployment
        metadata:
          name: web
          namespace: shop
        spec:
          replicas: 3
          selector:
            matchLabels:
              app: web
          template:
            metadata:
              labels:
                app: web
            spec:
              nodeSelector:
                kubernetes.io/arch: arm64
              containers:
                - name: web
                  image: 111122223333.dkr.ecr.eu-west-1.amazonaws.com/team/web:1.4
                  ports:
                    - containerPort: 8080
                  env:
                    - name: COLOUR
                      value: "blue"
        """
    rendered = deployment(
        IMAGE, namespace="shop", replicas=3, port=8080, architecture="arm64", environment={"COLOUR": "blue"}
    )
    assert dedent(expected) == rendered.text


@given(images, environments, st.sampled_from(["linux/amd64", "linux/arm64"]), st.sampled_from(list(LaunchType)))
def test_a_rendered_task_definition_has_no_mistake(image, environment, platform, launch_type):
    """It is usable, runs the image that was asked for where it was asked for, and says the settings."""
    rendered = task_definition(
        image, platform=Platform.parse(platform), launch_type=launch_type, environment=environment
    )
    (container,) = rendered.containers
    assert (image, platform) == (container.image, str(rendered.platform))
    assert check_task_definition(rendered).usable
    written = rendered.document["containerDefinitions"][0].get("environment", [])
    assert environment == {pair["name"]: pair["value"] for pair in written}


@settings(max_examples=40)
@given(images, names, environments)
def test_a_rendered_deployment_has_no_mistake(image, name, environment):
    """It is usable, whatever the name and the settings are made of, and says them as they were given."""
    rendered = deployment(image, name=name, environment=environment)
    (workload,) = rendered.workloads
    assert (name, image) == (workload.name, workload.containers[0].image)
    assert check_manifests(rendered).usable
    written = workload.pod["containers"][0].get("env", [])
    assert environment == {pair["name"]: pair["value"] for pair in written}


def test_a_rendered_document_is_worth_no_correction():
    """By tag or by digest in ECR there is nothing to correct; what is left are notes."""
    for image in (IMAGE, f"{HOST}/team/web@{DIGEST}"):
        assert (Code.LOG_GROUP,) == check_task_definition(task_definition(image)).codes
        assert () == check_manifests(deployment(image, architecture="amd64"))


REFUSED = {  # id: (what is called, message)
    "an image that is none": (
        lambda: task_definition("Web:1"),
        "repository 'library/Web': capitals are not allowed and it has 'W'; try 'library/web'",
    ),
    "a placeholder": (
        lambda: deployment("<ACCOUNT>.dkr.ecr.eu-west-1.amazonaws.com/web:1"),
        "image reference '<ACCOUNT>.dkr.ecr.eu-west-1.amazonaws.com/web:1': '<ACCOUNT>' is a placeholder that was "
        "never filled in; put the real value in its place before you deploy",
    ),
    "a family with a blank": (
        lambda: task_definition(IMAGE, family="my web"),
        "family 'my web': it is no such name; use letters, digits, '_' and '-'",
    ),
    "a name with capitals": (
        lambda: deployment(IMAGE, name="Web"),
        "deployment 'Web': it is no such name; use a-z, 0-9 and '-', at most 63 characters",
    ),
    "a size that Fargate has not": (
        lambda: task_definition(IMAGE, cpu="300"),
        "cpu '300': Fargate has no such size; write one of '256', '512', '1024', '2048', '4096', '8192', '16384'",
    ),
    "memory that does not go with it": (
        lambda: task_definition(IMAGE, memory="4096"),
        "memory '4096': Fargate has no such size; with cpu '256' write 512, 1024 or 2048 MiB",
    ),
    "a platform of nobody": (
        lambda: task_definition(IMAGE, platform=Platform("linux", "riscv64")),
        "platform linux/riscv64: ECS does not run it here; use linux/amd64 or linux/arm64",
    ),
    "a port beyond all ports": (
        lambda: deployment(IMAGE, port=70000),
        "port 70000: it is no port; write a number from 1 to 65535",
    ),
    "a port that is true": (
        lambda: task_definition(IMAGE, port=True),
        "port True: it is no port; write a number from 1 to 65535",
    ),
    "less than no pod": (
        lambda: deployment(IMAGE, replicas=-1),
        "replicas -1: it is no number of pods; write 0 or more",
    ),
    "an architecture of nobody": (
        lambda: deployment(IMAGE, architecture="x86"),
        "architecture 'x86': EKS has no such nodes; use 'amd64' or 'arm64'",
    ),
    "a setting without a name": (
        lambda: deployment(IMAGE, environment={"": "x"}),
        "environment '': it is no name of a variable; use letters, digits and '_'",
    ),
    "a setting that is a number": (
        lambda: task_definition(IMAGE, environment={"PORT": 80}),
        "environment 'PORT': 80 is no text; write '80'",
    ),
}


@pytest.mark.parametrize(("call", "message"), REFUSED.values(), ids=REFUSED)
def test_error_what_cannot_be_rendered(call, message):
    """What could not be deployed is not written in the first place."""
    with pytest.raises(InvalidInput) as caught:
        call()
    assert message == str(caught.value)


# Editing

COMMENTED = """\
# Payments. Ask the team before you change it.
apiVersion: apps/v1
kind: Deployment
metadata: {name: 'payments'}   # one line will do
spec:
    selector: {matchLabels: {app: payments}}
    template:
        metadata: {labels: {app: payments}}
        spec:
            containers:
            -   image: "111122223333.dkr.ecr.eu-west-1.amazonaws.com/payments:1.0"   # moved by the pipeline
                name: api
            - {name: proxy, image: envoyproxy/envoy:v1.30.1}
...
---
kind: ConfigMap     # nothing to pull
apiVersion: v1
metadata: {name: payments}
data: {image: "111122223333.dkr.ecr.eu-west-1.amazonaws.com/payments:1.0"}
"""


def test_comments_order_and_quotes_stay():
    """Only the image's own characters change: comments, quotes, indentation and the other documents stay."""
    changed = with_image(parse_manifests(COMMENTED), "api", f"{HOST}/payments@{DIGEST}")
    assert COMMENTED.replace("payments:1.0", f"payments@{DIGEST}", 1) == changed.text
    changed = with_image(changed, "proxy", "envoyproxy/envoy:v1.31.0", workload="Deployment/payments")
    assert "- {name: proxy, image: envoyproxy/envoy:v1.31.0}" in changed.text


def test_json_keeps_its_form():
    """However a task definition is laid out, an edit changes the characters of the image only."""
    text = '{ "containerDefinitions" : [ {"image":"a/b:1" ,"name":"b\\u0041"}\n\t,{"name":"c","image":"a/c:1"}]\n}'
    definition = parse_task_definition(text)
    assert text.replace("a/b:1", "a/b:2") == with_image(definition, "bA", "a/b:2").text
    reference = ImageReference.as_pulled("a/cc:2")
    assert text.replace("a/c:1", "docker.io/a/cc:2") == with_image(definition, "c", reference).text


SHAPES = {  # how an image may be written in YAML: (before, after)
    "plain": ("image: a/b:1\n", "image: x/y:2\n"),
    "double quotes": ('image: "a/b:1"\n', 'image: "x/y:2"\n'),
    "single quotes": ("image: 'a/b:1'  # here\n", "image: 'x/y:2'  # here\n"),
    "on the next line": ("image:\n      a/b:1\n", "image:\n      x/y:2\n"),
    "folded": ("image: >-\n      a/b:1\n", "image: x/y:2\n"),
    "with a tag": ("image: !!str a/b:1\n", "image: !!str x/y:2\n"),
    "with an anchor that nobody uses": ("image: &image a/b:1\n", "image: &image x/y:2\n"),
    "an alias that nobody shares": ("image: *unused\n", None),
}
POD = (
    "x-image: &unused a/b:1\napiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  containers:\n  - name: web\n    "
)


@pytest.mark.parametrize(("before", "after"), SHAPES.values(), ids=SHAPES)
def test_an_image_in_every_form_of_yaml(before, after):
    """An image is replaced in its own form; one that stands elsewhere is refused."""
    manifests = parse_manifests(POD + before)
    if after is None:
        with pytest.raises(InvalidInput) as caught:
            with_image(manifests, "web", "x/y:2")
        expected = (
            "Pod/p.spec.containers[0].image: it is shared with other places by an anchor; "
            "write the image out where it is used, without '&' and '*'"
        )
        assert expected == str(caught.value)
    else:
        assert POD + after == with_image(manifests, "web", "x/y:2").text


def test_a_bare_name_gets_quotes():
    """A name that YAML could take for a word or a number is written in quotes."""
    manifests = parse_manifests(POD + "image: a/b:1\n")
    for image in ("on", "null", "12:30"):
        assert f'image: "{image}"\n' in with_image(manifests, "web", image).text


@settings(max_examples=40)
@given(images, images, st.data())
def test_an_edit_of_yaml_is_undone_by_the_next(first, second, data):
    """Whatever the images are, the container runs the new one, the others stay, and the way back is open."""
    name = data.draw(st.sampled_from(["api", "proxy"]))
    manifests = with_image(parse_manifests(COMMENTED), name, first)
    changed = with_image(manifests, name, second)
    assert second == changed.workloads[0].container(name).image
    others = {c.name: c for c in manifests.containers if c.name != name}
    assert others == {c.name: c for c in changed.containers if c.name != name}
    assert first == with_image(changed, name, first).workloads[0].container(name).image
    assert len(COMMENTED.splitlines()) == len(changed.text.splitlines())


@given(st.lists(st.tuples(names, images), min_size=1, max_size=3, unique_by=lambda pair: pair[0]), images, json_spaces)
def test_an_edit_of_json_changes_one_value(entries, image, space):
    """Whatever is in the task definition, its other values stay, and so do the blanks between them."""
    document = {"family": "f", "containerDefinitions": [{"name": n, "image": i} for n, i in entries], "volumes": []}
    text = space + json.dumps(document, separators=("," + space, space + ":")) + space
    name = entries[0][0]
    changed = with_image(parse_task_definition(text), name, image)
    document["containerDefinitions"][0]["image"] = image
    assert space + json.dumps(document, separators=("," + space, space + ":")) + space == changed.text


TWICE = f"{COMMENTED}---\n{COMMENTED}".replace("'payments'", "'p'", 1)
EDITS_REFUSED = {  # id: (what is called, message)
    "a container that is not there": (
        lambda: with_image(parse_manifests(COMMENTED), "web", IMAGE),
        "manifest: no container is called 'web'; there are: 'api', 'proxy'",
    ),
    "a container that is not there in a task definition": (
        lambda: with_image(task_definition(IMAGE), "api", IMAGE),
        "task definition 'web': no container is called 'api'; there are: 'web'",
    ),
    "a container of two workloads": (
        lambda: with_image(parse_manifests(TWICE), "api", IMAGE),
        "manifest: Deployment/p and Deployment/payments each have a container 'api'; "
        "name one, as in workload='Deployment/p'",
    ),
    "a workload that is not there": (
        lambda: with_image(parse_manifests(COMMENTED), "api", IMAGE, workload="web"),
        "manifest: no workload is called 'web'; there are: Deployment/payments",
    ),
    "an image that is shared": (
        lambda: with_image(
            parse_manifests(COMMENTED.replace('image: "', 'image: &i "').replace("envoyproxy/envoy:v1.30.1", "*i")),
            "api",
            IMAGE,
        ),
        "Deployment/payments.spec.template.spec.containers[0].image: it is shared with other places by an anchor; "
        "write the image out where it is used, without '&' and '*'",
    ),
    "no image to replace": (
        lambda: with_image(parse_task_definition({"containerDefinitions": [{"name": "web"}]}), "web", IMAGE),
        "containerDefinitions[0]: it names no image that could be replaced; write an `image` there first",
    ),
    "no image in a pod": (
        lambda: with_image(parse_manifests(POD + "tty: true\n"), "web", IMAGE),
        "Pod/p.spec.containers[0]: it names no image that could be replaced; write an `image` there first",
    ),
}


@pytest.mark.parametrize(("call", "message"), EDITS_REFUSED.values(), ids=EDITS_REFUSED)
def test_error_what_cannot_be_edited(call, message):
    """An edit that would miss its aim, or hit more than it, is refused."""
    with pytest.raises(InvalidInput) as caught:
        call()
    assert message == str(caught.value)


def test_error_an_unusable_image_is_not_put_in():
    """An image that nobody could pull does not get into a document."""
    with pytest.raises(InvalidName):
        with_image(task_definition(IMAGE), "web", "${REPO}:${VERSION}")


# Previews and differences


def test_a_document_shows_what_it_pulls():
    """What each container pulls, by tag or by digest, and the text itself: the preview of what is to be applied."""
    shown = str(deployment(f"{HOST}/team/web@{DIGEST}"))
    assert shown.startswith("ℹ Manifest of Deployment/web\n")
    assert f"`web` pulls  {HOST}/team/web, exactly abababababab\n" in shown
    assert "    apiVersion: apps/v1\n" in shown
    assert "```yaml\napiVersion: apps/v1\n" in deployment(IMAGE)._repr_markdown_()
    assert "```json\n{\n" in task_definition(IMAGE)._repr_markdown_()
    assert "whatever the tag latest then is" in str(task_definition(f"{HOST}/team/web"))
    broken = parse_task_definition({"family": "f", "containerDefinitions": [{"name": "web", "image": "${X}"}]})
    assert str(broken).startswith("ℹ Task definition f for EC2\n  `web` pulls  nothing: '${X}' is no usable image\n")


def test_objects_show_themselves():
    """A workload shows its pods and what they pull, another object where it is."""
    manifests = parse_manifests(COMMENTED)
    assert ["ℹ Deployment/payments", "ℹ ConfigMap/payments"] == [str(o).splitlines()[0] for o in manifests.objects]
    assert f"`api` pulls    {HOST}/payments, whatever the tag 1.0 then is" in str(manifests.workloads[0])
    assert "namespace  default" in str(manifests.objects[1])


def test_a_difference_names_the_images():
    """Which container runs what from now on, and the lines that change."""
    before = task_definition(IMAGE)
    difference = compare(before, with_image(before, "web", f"{HOST}/team/web:1.5"))
    assert (("web", IMAGE, f"{HOST}/team/web:1.5"),) == difference.images
    changed = [line for line in difference.text.splitlines() if line[0] in "+-"]
    assert [
        "--- before",
        "+++ after",
        f'-      "image": "{IMAGE}",',
        f'+      "image": "{HOST}/team/web:1.5",',
    ] == changed
    assert str(difference).startswith("ℹ Another image runs\n")
    assert "```diff\n--- before\n" in difference._repr_markdown_()


def test_a_difference_without_images():
    """The same text is no difference; other lines with the same images are told as such."""
    before = deployment(IMAGE)
    assert "✓ Nothing changes" == str(compare(before, before))
    assert str(compare(before, deployment(IMAGE, replicas=5))).startswith("ℹ Other lines, the same images")


def test_containers_that_come_and_go():
    """A container that is new has no image before, one that is gone none after."""
    before = parse_manifests(COMMENTED)
    after = parse_manifests(COMMENTED.replace("name: proxy", "name: edge"))
    assert (
        ("Deployment/payments: proxy", "envoyproxy/envoy:v1.30.1", ""),
        ("Deployment/payments: edge", "", "envoyproxy/envoy:v1.30.1"),
    ) == compare(before, after).images


def test_a_container_is_a_value():
    """Two containers that say the same are equal, and can be members of a set."""
    container = Container("web", IMAGE, "containerDefinitions[0]")
    assert {container} == {Container("web", IMAGE, "containerDefinitions[0]")}
