"""Installing into moto: idempotent, reversible, out of the way of everything else."""

from __future__ import annotations

import json
import subprocess
import sys
import threading

import boto3
import pytest
import requests
from client_world import World, digest_of, manifest, refusal
from ecrlab import emulator
from ecrlab.clock import START, ManualClock
from ecrlab.errors import InvalidInput
from moto import mock_aws

STACK = json.dumps(
    {
        "Resources": {
            "Repo": {
                "Type": "AWS::ECR::Repository",
                "Properties": {
                    "RepositoryName": "stacked",
                    "ImageScanningConfiguration": {"ScanOnPush": "true"},
                    "EncryptionConfiguration": {"EncryptionType": "KMS"},
                    "Tags": [{"Key": "team", "Value": "a"}],
                },
            }
        },
        "Outputs": {"Uri": {"Value": {"Fn::GetAtt": ["Repo", "RepositoryUri"]}}},
    }
)


@pytest.fixture(autouse=True)
def _installed():
    yield
    emulator.uninstall()


def expiry_year() -> int:
    """Ask for a token: moto's own expired in 2015."""
    with mock_aws():
        token = boto3.client("ecr", region_name="us-east-1").get_authorization_token()
    return token["authorizationData"][0]["expiresAt"].year


def test_uninstall_puts_motos_own_back():
    """Before, during and after, and a second time."""
    years = [expiry_year()]
    for _ in range(2):
        emulator.install(clock=ManualClock())
        years.append(expiry_year())
        emulator.uninstall()
        years.append(expiry_year())
    assert [2015, 2026, 2015, 2026, 2015] == years


def test_moto_does_not_remember_us():
    """After uninstall every hook is as it was."""
    import moto.backend_index as backend_index
    import moto.ecr.models as models
    import moto.ecr.urls as urls

    def hooks():
        return models.ecr_backends.backend, dict(urls.url_paths), list(backend_index.backend_url_patterns)

    before = hooks()
    emulator.install()
    emulator.install(strict=False)
    emulator.uninstall()
    emulator.uninstall()
    assert before == hooks()


def test_install_twice_is_install_once():
    """The second call's settings count."""
    emulator.install(clock=ManualClock())
    emulator.install(clock=ManualClock(START.replace(year=2030)))
    assert 2030 == expiry_year()


def test_installing_inside_a_mock_works():
    """Also when moto's ECR has been used already."""
    with mock_aws():
        ecr = boto3.client("ecr", region_name="us-east-1")
        ecr.create_repository(repositoryName="motos")
        emulator.install()
        assert [] == ecr.describe_repositories()["repositories"]
        assert "LayersNotFoundException" == _put(ecr)


def _put(ecr) -> str:
    ecr.create_repository(repositoryName="ours")
    return refusal(ecr.put_image, repositoryName="ours", imageManifest=manifest(b"missing"))[0]


def test_the_compatible_setting_is_relaxed():
    """Users of moto may put an image without layers."""
    emulator.install(strict=False)
    with mock_aws():
        ecr = boto3.client("ecr", region_name="us-east-1")
        ecr.create_repository(repositoryName="ours")
        ecr.put_image(repositoryName="ours", imageManifest=manifest(b"missing"))


def test_a_mock_that_ends_takes_its_state_along():
    """Each ``mock_aws`` starts empty, upload counters included."""
    emulator.install()
    ids = []
    for _ in range(2):
        with mock_aws():
            ecr = boto3.client("ecr", region_name="us-east-1")
            ecr.create_repository(repositoryName="same")
            ids.append(ecr.initiate_layer_upload(repositoryName="same")["uploadId"])
    assert ids[0] == ids[1]


def test_importing_the_emulator_does_not_import_moto():
    """It costs next to nothing until it is installed."""
    program = "import sys, ecrlab.emulator; print([name for name in sys.modules if name.split('.')[0] == 'moto'])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "[]" == done.stdout.strip()


def test_cloudformation_makes_our_repositories():
    """Created, changed in place, replaced, deleted."""
    emulator.install(clock=ManualClock())
    with mock_aws():
        cloudformation = boto3.client("cloudformation", region_name="us-east-1")
        ecr = boto3.client("ecr", region_name="us-east-1")
        cloudformation.create_stack(StackName="s", TemplateBody=STACK)
        (made,) = ecr.describe_repositories()["repositories"]
        assert (True, "KMS", START) == (
            made["imageScanningConfiguration"]["scanOnPush"],
            made["encryptionConfiguration"]["encryptionType"],
            made["createdAt"],
        )
        output = cloudformation.describe_stacks(StackName="s")["Stacks"][0]["Outputs"][0]["OutputValue"]
        assert made["repositoryUri"] == output
        changed = STACK.replace('"KMS"}', '"KMS"}, "ImageTagMutability": "IMMUTABLE"')
        cloudformation.update_stack(StackName="s", TemplateBody=changed)
        assert "IMMUTABLE" == ecr.describe_repositories()["repositories"][0]["imageTagMutability"]
        tags = ecr.list_tags_for_resource(resourceArn=made["repositoryArn"])["tags"]
        assert {"Key": "team", "Value": "a"} in tags
        cloudformation.delete_stack(StackName="s")
        assert [] == ecr.describe_repositories()["repositories"]


def test_lambda_finds_our_images(monkeypatch):
    """A function from an image takes its code hash from the image's digest."""
    monkeypatch.setenv("MOTO_LAMBDA_STUB_ECR", "false")
    emulator.install()
    with mock_aws():
        world = World(boto3.client("ecr", region_name="us-east-1"), ManualClock(), repository="fn")
        uri = world.ecr.create_repository(repositoryName="fn")["repository"]["repositoryUri"]
        digest = world.push(b"code", tag="v1")
        iam = boto3.client("iam", region_name="us-east-1")
        role = iam.create_role(RoleName="r", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
        function = boto3.client("lambda", region_name="us-east-1").create_function(
            FunctionName="f", PackageType="Image", Code={"ImageUri": f"{uri}:v1"}, Role=role
        )
        assert digest.removeprefix("sha256:") == function["CodeSha256"]


def test_threads_may_push_at_once():
    """Every image arrives, and each tag is on one of them."""
    emulator.install()
    with mock_aws():
        ecr = boto3.client("ecr", region_name="us-east-1")
        world = World(ecr, ManualClock())
        ecr.create_repository(repositoryName=world.repository)
        world.upload(b"{}")
        texts = [manifest(annotations={"n": str(number)}) for number in range(16)]
        threads = [threading.Thread(target=world.put, args=(text, "latest")) for text in texts]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert {digest_of(text) for text in texts} == {image["imageDigest"] for image in world.details()}
        assert ["latest"] == list(world.tags())


NO_CLOCKS = {  # id: (what was passed, how it is shown)
    "a moment": (START, repr(START)),
    "a text": ("2026-11-02", "'2026-11-02'"),
}


@pytest.mark.parametrize(("clock", "shown"), NO_CLOCKS.values(), ids=NO_CLOCKS)
def test_what_is_no_clock_is_refused(clock, shown):
    """At once, not at the first push."""
    with pytest.raises(InvalidInput) as refused:
        emulator.install(clock=clock)
    expected = f"emulator.install: clock {shown} is no clock; pass ManualClock(start) or SystemClock()"
    assert expected == str(refused.value)


def test_a_body_that_is_no_json_is_refused():
    """As AWS does it before a service sees the request; SDKs never send one."""
    emulator.install()
    with mock_aws():
        response = requests.post(
            "https://api.ecr.us-east-1.amazonaws.com/",
            data=b"{",
            headers={"X-Amz-Target": "AmazonEC2ContainerRegistry_V20150921.DescribeRepositories"},
            timeout=5,
        )
    assert (400, "SerializationException") == (response.status_code, response.json()["__type"])


def test_the_same_calls_give_the_same_answers():
    """Two runs on two clocks of the same start agree on every id, token and address."""
    answers = []
    for _ in range(2):
        clock = ManualClock()
        emulator.install(clock=clock)
        with mock_aws():
            world = World(boto3.client("ecr", region_name="us-east-1"), clock)
            made = world.ecr.create_repository(repositoryName=world.repository)["repository"]
            upload_id = world.ecr.initiate_layer_upload(repositoryName=world.repository)["uploadId"]
            digests = [world.push(b"layer", tag="v1"), world.push(b"other")]
            page = world.ecr.describe_images(repositoryName=world.repository, maxResults=1)
            asked = {"repositoryName": world.repository, "layerDigest": digest_of(b"layer")}
            url = world.ecr.get_download_url_for_layer(**asked)["downloadUrl"]
            token = world.ecr.get_authorization_token()["authorizationData"]
        answers.append((made, upload_id, digests, page["imageDetails"], page["nextToken"], url, token))
    assert answers[0] == answers[1]
