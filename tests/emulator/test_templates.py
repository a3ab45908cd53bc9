"""Creation templates: the longest prefix gives a repository that ECR makes itself its settings, once."""

from __future__ import annotations

import json

import boto3
import pytest
from access_world import OWN, allow, client, document, user
from client_world import ACCOUNT, World, digest_of, manifest, refusal
from ecrlab import oci, registry
from ecrlab.emulator import prefixes
from hypothesis import given
from hypothesis import strategies as st

IMAGE = oci.image(oci.layer({"app.py": "print('hi')"}))
ROLE = f"arn:aws:iam::{ACCOUNT}:role/ecr-templates"
POLICY = document({"Effect": "Allow", "Principal": {"AWS": "444455556666"}, "Action": "ecr:BatchGetImage"})
LIFECYCLE = json.dumps(
    {
        "rules": [
            {
                "rulePriority": 1,
                "selection": {"tagStatus": "untagged", "countType": "imageCountMoreThan", "countNumber": 3},
                "action": {"type": "expire"},
            }
        ]
    }
)
NO_TEMPLATE = "The repository with name 'new/api' does not exist in the registry with id '123456789012'"


def template(ecr, prefix: str = "new", *purposes: str, **settings):
    """Make a template; by default for pushes."""
    answer = ecr.create_repository_creation_template(
        prefix=prefix, appliedFor=list(purposes or ["CREATE_ON_PUSH"]), **settings
    )
    return answer["repositoryCreationTemplate"]


def repository(ecr, name: str = "new/api"):
    """Describe a repository; ``None`` if it is not there."""
    found = ecr.describe_repositories()["repositories"]
    return next((each for each in found if each["repositoryName"] == name), None)


# --- create on push -----------------------------------------------------------------------------------------------


def test_a_push_to_a_missing_repository_fails(world):
    """Without a template, at its first call and at its last."""
    missing = ("RepositoryNotFoundException", NO_TEMPLATE)
    assert missing == refusal(world.ecr.initiate_layer_upload, repositoryName="new/api")
    assert missing == refusal(world.ecr.put_image, repositoryName="new/api", imageManifest=manifest(b"x"))
    assert missing == refusal(
        world.ecr.batch_check_layer_availability, repositoryName="new/api", layerDigests=[digest_of(b"x")]
    )


def test_a_template_makes_it(ecr):
    """The push of the kit, unchanged; the repository has what the template says."""
    template(
        ecr,
        imageTagMutability="IMMUTABLE_WITH_EXCLUSION",
        imageTagMutabilityExclusionFilters=[{"filterType": "WILDCARD", "filter": "dev*"}],
        repositoryPolicy=POLICY,
        lifecyclePolicy=LIFECYCLE,
        resourceTags=[{"Key": "team", "Value": "api"}],
        customRoleArn=ROLE,
    )
    registry.push(ecr, IMAGE, "new/api", tag="1.0")
    made = repository(ecr)
    assert ("IMMUTABLE_WITH_EXCLUSION", [{"filterType": "WILDCARD", "filter": "dev*"}]) == (
        made["imageTagMutability"],
        made["imageTagMutabilityExclusionFilters"],
    )
    assert {"encryptionType": "AES256"} == made["encryptionConfiguration"]
    assert POLICY == ecr.get_repository_policy(repositoryName="new/api")["policyText"]
    assert LIFECYCLE == ecr.get_lifecycle_policy(repositoryName="new/api")["lifecyclePolicyText"]
    assert [{"Key": "team", "Value": "api"}] == ecr.list_tags_for_resource(resourceArn=made["repositoryArn"])["tags"]
    assert IMAGE.digest == registry.pull(ecr, "new/api", "1.0").digest


def test_an_upload_makes_it_and_a_question_does_not(ecr):
    """BatchCheckLayerAvailability says that all is missing; InitiateLayerUpload is the first call that writes."""
    template(ecr)
    answer = ecr.batch_check_layer_availability(repositoryName="new/api", layerDigests=[digest_of(b"x")])
    assert ["MissingLayerDigest"] == [each["failureCode"] for each in answer["failures"]]
    assert repository(ecr) is None
    ecr.initiate_layer_upload(repositoryName="new/api")
    assert repository(ecr) is not None


def test_a_push_that_fails_makes_nothing(ecr):
    """PutImage without the layers: refused for them, and there is no repository."""
    template(ecr)
    code, _ = refusal(ecr.put_image, repositoryName="new/api", imageManifest=manifest(b"x"))
    assert ("LayersNotFoundException", None) == (code, repository(ecr))


def test_only_a_push_makes_it(ecr):
    """A pull, a listing and CreateRepository know no templates for pushes."""
    template(ecr, imageTagMutability="IMMUTABLE")
    missing = ("RepositoryNotFoundException", NO_TEMPLATE)
    assert missing == refusal(ecr.batch_get_image, repositoryName="new/api", imageIds=[{"imageTag": "1.0"}])
    assert missing == refusal(ecr.list_images, repositoryName="new/api")
    made = ecr.create_repository(repositoryName="new/api")["repository"]
    assert "MUTABLE" == made["imageTagMutability"]


def test_a_template_acts_once(ecr):
    """Its change, and its end, leave what it has made alone."""
    template(ecr, imageTagMutability="IMMUTABLE")
    ecr.initiate_layer_upload(repositoryName="new/api")
    ecr.update_repository_creation_template(prefix="new", imageTagMutability="MUTABLE")
    ecr.initiate_layer_upload(repositoryName="new/api")
    ecr.initiate_layer_upload(repositoryName="new/web")
    ecr.delete_repository_creation_template(prefix="new")
    modes = [repository(ecr, name)["imageTagMutability"] for name in ("new/api", "new/web")]
    assert ["IMMUTABLE", "MUTABLE"] == modes
    assert "RepositoryNotFoundException" == refusal(ecr.initiate_layer_upload, repositoryName="new/job")[0]


CHOSEN = {
    "the longest prefix": ("new/web/ui", "IMMUTABLE"),
    "the next longest": ("new/webshop", "MUTABLE"),
    "ROOT for the rest": ("other", "IMMUTABLE_WITH_EXCLUSION"),
    "not the prefix itself": ("new", "IMMUTABLE_WITH_EXCLUSION"),
    "a longer one for another purpose does not count": ("new/job/x", "MUTABLE"),
}


@pytest.mark.parametrize(("name", "mode"), CHOSEN.values(), ids=CHOSEN)
def test_which_template_counts(ecr, name, mode):
    """A slash is implied at the end of a prefix, written or not."""
    excluded = [{"filterType": "WILDCARD", "filter": "dev"}]
    template(ecr, "ROOT", imageTagMutability="IMMUTABLE_WITH_EXCLUSION", imageTagMutabilityExclusionFilters=excluded)
    template(ecr, "new/", imageTagMutability="MUTABLE")
    template(ecr, "new/web", imageTagMutability="IMMUTABLE")
    template(ecr, "new/job", "REPLICATION", "PULL_THROUGH_CACHE", imageTagMutability="IMMUTABLE")
    ecr.initiate_layer_upload(repositoryName=name)
    assert mode == repository(ecr, name)["imageTagMutability"]


@given(
    st.lists(st.sampled_from(["a", "a/b", "a/b/c", "b", "ab", "ROOT"])), st.sampled_from(["a/b/c/d", "ab/x", "c", "a"])
)
def test_the_longest_covers(given_prefixes, name):
    """Whatever the order: it covers the name, and none that covers it is longer."""
    found = prefixes.longest(given_prefixes, name)
    covering = [each for each in given_prefixes if each == "ROOT" or name.startswith(f"{each}/")]
    assert (found in covering) if covering else found is None
    assert all(found != "ROOT" and len(each) <= len(found) for each in covering if each != "ROOT")
    assert found == prefixes.longest(given_prefixes[::-1], name)


def test_a_template_with_a_key(ecr):
    """The key is looked up when the repository is made: one that cannot be used refuses the push."""
    kms = boto3.client("kms", region_name="us-east-1")
    key = kms.create_key()["KeyMetadata"]
    encryption = {"encryptionType": "KMS", "kmsKey": key["Arn"]}
    template(ecr, encryptionConfiguration=encryption, customRoleArn=ROLE)
    kms.disable_key(KeyId=key["KeyId"])
    assert ("KmsException", f"{key['Arn']} is disabled.") == refusal(
        ecr.initiate_layer_upload, repositoryName="new/api"
    )
    assert repository(ecr) is None
    kms.enable_key(KeyId=key["KeyId"])
    ecr.initiate_layer_upload(repositoryName="new/api")
    assert encryption == repository(ecr)["encryptionConfiguration"]
    assert 2 == len(kms.list_grants(KeyId=key["KeyId"])["Grants"])


def test_a_failed_push_gives_the_grants_back(ecr):
    """The repository that it made is gone, and ECR's use of the key with it."""
    kms = boto3.client("kms", region_name="us-east-1")
    key = kms.create_key()["KeyMetadata"]
    template(ecr, encryptionConfiguration={"encryptionType": "KMS", "kmsKey": key["Arn"]}, customRoleArn=ROLE)
    assert (
        "LayersNotFoundException" == refusal(ecr.put_image, repositoryName="new/api", imageManifest=manifest(b"x"))[0]
    )
    assert [] == kms.list_grants(KeyId=key["KeyId"])["Grants"]


def test_who_may_push_needs_no_more(ecr):
    """The template makes the repository: the pusher needs no ecr:CreateRepository; whoever may not push makes none."""
    template(ecr)
    pushing = [f"ecr:{each}" for each in ("InitiateLayerUpload", "UploadLayerPart", "CompleteLayerUpload")]
    dev = client("ecr", user("dev", allow("ecr:BatchCheckLayerAvailability", "ecr:PutImage", *pushing)))
    reader = client("ecr", user("reader", allow("ecr:BatchGetImage")))
    assert "AccessDeniedException" == refusal(reader.initiate_layer_upload, repositoryName="new/api")[0]
    assert repository(ecr) is None
    registry.push(dev, IMAGE, "new/api", tag="1.0")
    assert repository(ecr) is not None


# --- the four operations ------------------------------------------------------------------------------------------


def test_a_template_is_kept_as_it_was_made(world):
    """With defaults for what was left out."""
    made = template(world.ecr, "new/", "REPLICATION", "CREATE_ON_PUSH", "REPLICATION", description="Teams")
    now = world.clock.now()
    assert {
        "prefix": "new",
        "description": "Teams",
        "encryptionConfiguration": {"encryptionType": "AES256"},
        "imageTagMutability": "MUTABLE",
        "appliedFor": ["REPLICATION", "CREATE_ON_PUSH"],
        "createdAt": now,
        "updatedAt": now,
    } == made
    answer = world.ecr.describe_repository_creation_templates()
    assert (ACCOUNT, [made]) == (answer["registryId"], answer["repositoryCreationTemplates"])


def test_a_change_leaves_what_it_does_not_name(world: World):
    """And what it names is replaced as a whole; an empty policy is none."""
    template(world.ecr, description="Teams", repositoryPolicy=POLICY, lifecyclePolicy=LIFECYCLE)
    world.clock.advance(hours=1)
    changed = world.ecr.update_repository_creation_template(
        prefix="new/", appliedFor=["REPLICATION"], repositoryPolicy=""
    )["repositoryCreationTemplate"]
    assert ("Teams", LIFECYCLE, ["REPLICATION"]) == (
        changed["description"],
        changed["lifecyclePolicy"],
        changed["appliedFor"],
    )
    assert "repositoryPolicy" not in changed
    assert 3600 == (changed["updatedAt"] - changed["createdAt"]).total_seconds()
    assert changed == world.ecr.delete_repository_creation_template(prefix="new")["repositoryCreationTemplate"]
    assert [] == world.ecr.describe_repository_creation_templates()["repositoryCreationTemplates"]


def test_templates_are_listed_page_by_page(ecr):
    """In the order of their prefixes; named ones without those that are not there."""
    for prefix in ("web", "api", "ROOT", "job"):
        template(ecr, prefix)
    pages = ecr.get_paginator("describe_repository_creation_templates").paginate(PaginationConfig={"PageSize": 3})
    listed = [[each["prefix"] for each in page["repositoryCreationTemplates"]] for page in pages]
    assert [["ROOT", "api", "job"], ["web"]] == listed
    named = ecr.describe_repository_creation_templates(prefixes=["web/", "gone", "api"])
    assert ["api", "web"] == [each["prefix"] for each in named["repositoryCreationTemplates"]]


def test_a_template_belongs_to_one_region(ecr):
    """As everything of a registry does."""
    template(ecr)
    elsewhere = boto3.client("ecr", region_name="eu-west-1")
    assert [] == elsewhere.describe_repository_creation_templates()["repositoryCreationTemplates"]


def invalid(parameter: str, constraint: str) -> tuple[str, str]:
    """Write what InvalidParameterException says."""
    sentence = f"Invalid parameter at '{parameter}' failed to satisfy constraint: '{constraint}'"
    return "InvalidParameterException", sentence


NEEDS_ROLE = (
    "ValidationException",
    "customRoleArn is required when a template has resource tags or KMS encryption",
)
TAG = [{"Key": "team", "Value": "api"}]
REFUSED = {
    "a prefix with capitals": (
        {"prefix": "New"},
        invalid(
            "prefix",
            r"must satisfy regular expression '^([a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*"
            r"(\/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*\/?|ROOT)$'",
        ),
    ),
    "no purpose": (
        {"appliedFor": []},
        invalid("appliedFor", "Member must have length greater than or equal to 1"),
    ),
    "a description of 257 characters": (
        {"description": "x" * 257},
        invalid("description", "Member must have length less than or equal to 256"),
    ),
    "filters without exclusion": (
        {"imageTagMutabilityExclusionFilters": [{"filterType": "WILDCARD", "filter": "dev"}]},
        invalid(
            "imageTagMutabilityExclusionFilters",
            "ImageTagMutabilityExclusionFilters must be null when imageTagMutability is set as MUTABLE",
        ),
    ),
    "a policy that is none": (
        {"repositoryPolicy": "{}"},
        invalid("repositoryPolicy", "Invalid repository policy provided"),
    ),
    "a lifecycle policy that is none": (
        {"lifecyclePolicy": "{}"},
        invalid("lifecyclePolicy", "Lifecycle policy validation failure: document: 'rules' is missing"),
    ),
    "a reserved tag": (
        {"resourceTags": [{"Key": "aws:x", "Value": ""}], "customRoleArn": ROLE},
        invalid("resourceTags", "Invalid tag: tag keys that start with 'aws:' are reserved, as 'aws:x' does"),
    ),
    "tags without a role": ({"resourceTags": TAG}, NEEDS_ROLE),
    "a key without a role": ({"encryptionConfiguration": {"encryptionType": "KMS"}}, NEEDS_ROLE),
    "a key for AES256": (
        {
            "encryptionConfiguration": {
                "encryptionType": "AES256",
                "kmsKey": f"arn:aws:kms:us-east-1:{ACCOUNT}:key/1234",
            }
        },
        invalid("encryptionConfiguration.kmsKey", "kmsKey must be null for AES256"),
    ),
    "a role of another account": (
        {"customRoleArn": "arn:aws:iam::444455556666:role/theirs"},
        invalid("customRoleArn", "Role must be in the same account as the registry"),
    ),
    "a prefix that has one": (
        {"prefix": "taken/"},
        (
            "TemplateAlreadyExistsException",
            "The repository creation template with prefix 'taken' already exists "
            "in the registry with id '123456789012'",
        ),
    ),
}


@pytest.mark.parametrize(("parameters", "answer"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_work_is_refused(ecr, parameters, answer):
    """By the code and sentence in full; nothing is kept."""
    template(ecr, "taken")
    request = {"prefix": "new", "appliedFor": ["CREATE_ON_PUSH"], **parameters}
    assert answer == refusal(ecr.create_repository_creation_template, **request)
    listed = ecr.describe_repository_creation_templates()["repositoryCreationTemplates"]
    assert ["taken"] == [each["prefix"] for each in listed]


def test_a_change_that_cannot_work_changes_nothing(ecr):
    """Tags need a role then, too."""
    made = template(ecr)
    assert NEEDS_ROLE == refusal(ecr.update_repository_creation_template, prefix="new", resourceTags=TAG)
    assert [made] == ecr.describe_repository_creation_templates()["repositoryCreationTemplates"]


def test_what_is_not_there_is_not_found(ecr):
    """Neither changed nor deleted."""
    missing = (
        "TemplateNotFoundException",
        "The repository creation template with prefix 'new' does not exist in the registry with id '123456789012'",
    )
    assert missing == refusal(ecr.update_repository_creation_template, prefix="new")
    assert missing == refusal(ecr.delete_repository_creation_template, prefix="new/")


def test_a_role_has_to_be_passed(ecr):
    """A caller about whom policies decide needs iam:PassRole on it."""
    dev = client("ecr", user("dev", allow("ecr:CreateRepositoryCreationTemplate")))
    request = {"prefix": "new", "appliedFor": ["CREATE_ON_PUSH"], "customRoleArn": ROLE}
    assert (
        "AccessDeniedException",
        f"User: arn:aws:iam::{OWN}:user/dev is not authorized to perform: iam:PassRole on resource: {ROLE} "
        "because no identity-based policy allows the iam:PassRole action",
    ) == refusal(dev.create_repository_creation_template, **request)
    lead = allow("ecr:CreateRepositoryCreationTemplate", "iam:PassRole")
    client("ecr", user("lead", lead)).create_repository_creation_template(**request)
    assert repository(ecr) is None


# --- replication --------------------------------------------------------------------------------------------------


def test_a_copy_makes_its_repository_by_a_template(world: World):
    """One for REPLICATION in the destination's registry; the settings of the source stay at home."""
    there = boto3.client("ecr", region_name="eu-west-1")
    template(there, "team", "REPLICATION", imageTagMutability="IMMUTABLE", lifecyclePolicy=LIFECYCLE)
    replicate_to(world.ecr, "eu-west-1")
    registry.push(world.ecr, IMAGE, "team/api", tag="1.0")
    world.clock.advance(minutes=10)
    assert "IMMUTABLE" == repository(there, "team/api")["imageTagMutability"]
    assert LIFECYCLE == there.get_lifecycle_policy(repositoryName="team/api")["lifecyclePolicyText"]
    assert "MUTABLE" == repository(world.ecr, "team/api")["imageTagMutability"]


def test_a_copy_fails_without_the_key_of_its_template(world: World):
    """The replication of the image says so; nothing was made."""
    there = boto3.client("ecr", region_name="eu-west-1")
    gone = {"encryptionType": "KMS", "kmsKey": f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/gone"}
    template(there, "ROOT", "REPLICATION", encryptionConfiguration=gone, customRoleArn=ROLE)
    replicate_to(world.ecr, "eu-west-1")
    registry.push(world.ecr, IMAGE, "team/api", tag="1.0")
    world.clock.advance(minutes=10)
    standing = world.ecr.describe_image_replication_status(repositoryName="team/api", imageId={"imageTag": "1.0"})
    assert ["KmsException"] == [each.get("failureCode") for each in standing["replicationStatuses"]]
    assert repository(there, "team/api") is None


def replicate_to(ecr, region: str):
    """Copy everything to a Region."""
    destination = {"region": region, "registryId": ACCOUNT}
    ecr.put_replication_configuration(replicationConfiguration={"rules": [{"destinations": [destination]}]})
