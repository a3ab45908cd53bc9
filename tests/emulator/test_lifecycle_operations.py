"""Lifecycle policies at the door: what is kept, what is refused, and what a preview shows."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from botocore.exceptions import ClientError, WaiterError
from client_world import digest_of, index, manifest, refusal
from ecrlab import lifecycle
from test_paging import pages
from test_refusals import filled

BEGINNING = (
    "Invalid parameter at 'LifecyclePolicyText' failed to satisfy constraint: 'Lifecycle policy validation failure: "
)
CASES = json.loads((Path(__file__).parent / "lifecycle_refusals.json").read_text("utf-8"))["cases"]


def rule(priority: int, tag_status: str, count_type: str, number: int, action: str = "expire", **selection) -> dict:
    """Write a rule as AWS spells it; times are in days."""
    if count_type != "imageCountMoreThan":
        selection["countUnit"] = "days"
    target = {"targetStorageClass": "archive"} if action == "transition" else {}
    return {
        "rulePriority": priority,
        "description": "A rule of the tests, long enough for the least length of a policy",
        "selection": {"tagStatus": tag_status, "countType": count_type, "countNumber": number, **selection},
        "action": {"type": action, **target},
    }


def text(*rules: dict) -> str:
    """Write a policy."""
    return json.dumps({"rules": list(rules)})


KEEP_ONE = text(rule(1, "any", "imageCountMoreThan", 1))
OLD_UNTAGGED = text(rule(1, "untagged", "sinceImagePushed", 14))
ARCHIVE_THEN_KEEP_TWO = text(
    rule(1, "tagged", "imageCountMoreThan", 1, "transition", tagPatternList=["v*"]),
    rule(2, "untagged", "imageCountMoreThan", 2),
)


@pytest.fixture
def names(world):
    """Fill the registry as lifecycle_refusals.json says."""
    child, archived = world.push(b"child"), world.push(b"archived", tag="old")
    restoring = world.push(b"restoring", tag="back")
    of_index = world.put(index(manifest(b"child")), "multi")
    for digest in (archived, restoring):
        world.ecr.update_image_storage_class(
            repositoryName="team/api", imageId={"imageDigest": digest}, targetStorageClass="ARCHIVE"
        )
    world.ecr.update_image_storage_class(
        repositoryName="team/api", imageId={"imageTag": "back"}, targetStorageClass="STANDARD"
    )
    world.ecr.create_repository(repositoryName="team/previewed")
    world.ecr.start_lifecycle_policy_preview(repositoryName="team/previewed", lifecyclePolicyText=KEEP_ONE)
    world.ecr.register_pull_time_update_exclusion(principalArn="arn:aws:iam::123456789012:role/scanner")
    return {
        "$child": child,
        "$archived": archived,
        "$restoring": restoring,
        "$index": of_index,
        "$keep-one": KEEP_ONE,
        "$space30720": " " * 30720,
        "$a200": "a" * 200,
        "$layer": digest_of(b"archived"),
        "$a129": "a" * 129,
    }


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_call_is_refused(case, names, world):
    """The code and the whole message are AWS's as far as they are known, and nothing changes."""
    before = world.details(filter={"imageStatus": "ANY"})
    code, message = refusal(getattr(world.ecr, case["operation"]), **filled(case["parameters"], names))
    assert (case["code"], filled(case["message"], names)) == (code, message)
    assert before == world.details(filter={"imageStatus": "ANY"})


INVALID = json.loads((Path(__file__).parents[1] / "lifecycle" / "invalid_policies.json").read_text("utf-8"))


@pytest.mark.parametrize("case", INVALID, ids=[case["name"] for case in INVALID])
def test_a_policy_that_aws_refuses(case, ecr):
    """The sentence begins as AWS's does, and goes on with the place of the first fault."""
    written = (case.get("policy_text") or json.dumps(case["policy"])).ljust(100)
    first = lifecycle.faults_of(written)[0]
    for call in (ecr.put_lifecycle_policy, ecr.start_lifecycle_policy_preview):
        code, message = refusal(call, repositoryName="team/api", lifecyclePolicyText=written)
        assert ("InvalidParameterException", f"{BEGINNING}{first.place}: {first.fact}'") == (code, message)


HOSTILE = {  # id: the text
    "deep": "[" * 15_000,
    "deep in a rule": '{"rules": [{"selection": ' + "[" * 10_000 + "]" * 10_000 + "}]}",
    "half a surrogate pair": json.dumps({"rules": ["\ud800"]}).ljust(100),
    "no number": '{"rules": [{"rulePriority": NaN}]}'.ljust(100),
    "a number of 5,000 digits": '{"rules": [{"rulePriority": ' + "9" * 5_000 + "}]}",
    "the end of time": text(rule(1, "any", "sinceImagePushed", 10**400)),
    "text": json.dumps("a" * 100),
    "null bytes": "\x00" * 100,
    "keys twice": '{"rules": [], "rules": [{}]}'.ljust(100),
    "a rule that is a list": json.dumps({"rules": [[1, 2, 3]]}).ljust(100),
}


@pytest.mark.parametrize("written", HOSTILE.values(), ids=HOSTILE)
def test_error_a_text_that_nobody_means(written, world):
    """It is refused in AWS's words, or it is a policy that does nothing; the old policy stays in force."""
    put = {"repositoryName": "team/api", "lifecyclePolicyText": KEEP_ONE}
    world.ecr.put_lifecycle_policy(**put)
    try:
        world.ecr.put_lifecycle_policy(**put | {"lifecyclePolicyText": written})
    except ClientError as refused:
        error = refused.response["Error"]
        assert ("InvalidParameterException", True) == (error["Code"], error["Message"].startswith(BEGINNING))
        assert KEEP_ONE == world.ecr.get_lifecycle_policy(repositoryName="team/api")["lifecyclePolicyText"]
    world.push(b"layer", tag="v1")
    assert () == world.clock.advance(days=3000)


def test_a_policy_is_given_back_as_it_came(ecr):
    """White space and order included, until it is deleted."""
    written = json.dumps(json.loads(KEEP_ONE), indent=4)
    put = ecr.put_lifecycle_policy(repositoryName="team/api", lifecyclePolicyText=written)
    got = ecr.get_lifecycle_policy(repositoryName="team/api")
    gone = ecr.delete_lifecycle_policy(repositoryName="team/api")
    for answer in (put, got, gone):
        del answer["ResponseMetadata"]
    kept = {"registryId": "123456789012", "repositoryName": "team/api", "lifecyclePolicyText": written}
    never = {"lastEvaluatedAt": datetime.fromtimestamp(0, UTC)}
    assert (kept, kept | never, kept | never) == (put, got, gone)
    assert "LifecyclePolicyNotFoundException" == refusal(ecr.get_lifecycle_policy, repositoryName="team/api")[0]


def test_last_evaluated_at_is_the_last_run(ecr, clock):
    """Runs are at 02:00 UTC; a policy that is put anew has not run yet."""
    ecr.put_lifecycle_policy(repositoryName="team/api", lifecyclePolicyText=KEEP_ONE)
    clock.advance(hours=16)
    assert datetime.fromtimestamp(0, UTC) == ecr.get_lifecycle_policy(repositoryName="team/api")["lastEvaluatedAt"]
    clock.advance(hours=1)
    first = datetime(2026, 11, 3, 2, tzinfo=UTC)
    assert first == ecr.get_lifecycle_policy(repositoryName="team/api")["lastEvaluatedAt"]
    clock.advance(days=400, hours=23)
    evaluated = ecr.get_lifecycle_policy(repositoryName="team/api")["lastEvaluatedAt"]
    assert first + timedelta(days=400) == evaluated
    ecr.put_lifecycle_policy(repositoryName="team/api", lifecyclePolicyText=OLD_UNTAGGED)
    assert datetime.fromtimestamp(0, UTC) == ecr.get_lifecycle_policy(repositoryName="team/api")["lastEvaluatedAt"]


# --- previews -------------------------------------------------------------------------------------------------


@pytest.fixture
def shelf(world):
    """Four tagged images v0 … v3 and three untagged ones, pushed an hour apart; ``digests`` in push order."""
    world.digests = []
    for number in range(7):
        world.digests.append(world.push(annotations={"n": str(number)}, tag=f"v{number}" if number < 4 else None))
        world.clock.advance(hours=1)
    return world


def start(world, policy: str = ARCHIVE_THEN_KEEP_TWO) -> None:
    """Start a preview and wait for its end."""
    world.ecr.start_lifecycle_policy_preview(repositoryName="team/api", lifecyclePolicyText=policy)
    waiter = world.ecr.get_waiter("lifecycle_policy_preview_complete")
    waiter.wait(repositoryName="team/api", WaiterConfig={"Delay": 0, "MaxAttempts": 3})


def get(world, **parameters) -> dict:
    """Get the preview."""
    return world.ecr.get_lifecycle_policy_preview(repositoryName="team/api", **parameters)


def test_what_a_preview_shows(shelf):
    """Each image with its tags, its time, what happens to it and by which rule; and the totals."""
    begun = shelf.clock.now()
    start(shelf)
    answer = get(shelf)
    archive = {"type": "TRANSITION", "targetStorageClass": "ARCHIVE"}
    pushed = {digest: begun - timedelta(hours=7 - number) for number, digest in enumerate(shelf.digests)}
    assert ("COMPLETE", ARCHIVE_THEN_KEEP_TWO) == (answer["status"], answer["lifecyclePolicyText"])
    assert {
        "imageTags": ["v0"],
        "imageDigest": shelf.digests[0],
        "imagePushedAt": pushed[shelf.digests[0]],
        "action": archive,
        "appliedRulePriority": 1,
        "storageClass": "STANDARD",
    } == answer["previewResults"][0]
    assert [(["v0"], archive, 1), (["v1"], archive, 1), (["v2"], archive, 1), ([], {"type": "EXPIRE"}, 2)] == [
        (result["imageTags"], result["action"], result["appliedRulePriority"]) for result in answer["previewResults"]
    ]
    totals = [{"targetStorageClass": "ARCHIVE", "imageTotalCount": 3}]
    assert {"expiringImageTotalCount": 1, "transitioningImageTotalCounts": totals} == answer["summary"]


def test_a_preview_changes_nothing(shelf):
    """No image, and no policy of the repository."""
    before = shelf.details()
    start(shelf)
    assert before == shelf.details()
    assert "LifecyclePolicyNotFoundException" == refusal(shelf.ecr.get_lifecycle_policy, repositoryName="team/api")[0]


def test_without_transitions_there_is_no_count_of_them(shelf):
    """The member is there only if something moves."""
    start(shelf, KEEP_ONE)
    assert {"expiringImageTotalCount": 6} == get(shelf)["summary"]


def test_the_repositorys_own_policy_is_the_default(shelf):
    """Without a text the preview is of the policy in force."""
    shelf.ecr.put_lifecycle_policy(repositoryName="team/api", lifecyclePolicyText=KEEP_ONE)
    answer = shelf.ecr.start_lifecycle_policy_preview(repositoryName="team/api")
    assert (KEEP_ONE, "IN_PROGRESS") == (answer["lifecyclePolicyText"], answer["status"])


def test_from_in_progress_to_expired(shelf):
    """The first look finds it in progress, the next one complete, and one a day later finds nothing."""
    shelf.ecr.start_lifecycle_policy_preview(repositoryName="team/api", lifecyclePolicyText=KEEP_ONE)
    first, second = get(shelf), get(shelf)
    assert ("IN_PROGRESS", []) == (first["status"], first["previewResults"])
    assert ("COMPLETE", 6) == (second["status"], len(second["previewResults"]))
    shelf.clock.advance(hours=23, minutes=59)
    assert "COMPLETE" == get(shelf)["status"]
    shelf.clock.advance(minutes=1)
    third = get(shelf)
    assert ("EXPIRED", [], KEEP_ONE) == (third["status"], third["previewResults"], third["lifecyclePolicyText"])
    shelf.ecr.start_lifecycle_policy_preview(repositoryName="team/api", lifecyclePolicyText=KEEP_ONE)


def test_a_moment_later_it_is_complete(shelf):
    """Time alone completes a preview, too."""
    shelf.ecr.start_lifecycle_policy_preview(repositoryName="team/api", lifecyclePolicyText=KEEP_ONE)
    shelf.clock.advance(seconds=1)
    assert "COMPLETE" == get(shelf)["status"]


def test_error_a_waiter_without_patience(shelf):
    """One look is one too few, as it may be on AWS."""
    shelf.ecr.start_lifecycle_policy_preview(repositoryName="team/api", lifecyclePolicyText=KEEP_ONE)
    waiter = shelf.ecr.get_waiter("lifecycle_policy_preview_complete")
    with pytest.raises(WaiterError, match="Max attempts exceeded"):
        waiter.wait(repositoryName="team/api", WaiterConfig={"Delay": 0, "MaxAttempts": 1})


def test_a_preview_is_a_snapshot(shelf):
    """What is pushed or deleted after the start does not change it."""
    shelf.ecr.start_lifecycle_policy_preview(repositoryName="team/api", lifecyclePolicyText=KEEP_ONE)
    shelf.delete({"imageDigest": shelf.digests[0]})
    shelf.push(b"later", tag="later")
    shelf.clock.advance(minutes=1)
    assert shelf.digests[:6] == [result["imageDigest"] for result in get(shelf)["previewResults"]]


FILTERS = {  # id: (parameters, numbers of the images that are shown)
    "any": ({"filter": {"tagStatus": "ANY"}}, [0, 1, 2, 4]),
    "tagged": ({"filter": {"tagStatus": "TAGGED"}}, [0, 1, 2]),
    "untagged": ({"filter": {"tagStatus": "UNTAGGED"}}, [4]),
    "by tag": ({"imageIds": [{"imageTag": "v1"}]}, [1]),
    "by tag and digest": ({"imageIds": [{"imageTag": "v1", "imageDigest": 1}, {"imageDigest": 4}]}, [1, 4]),
    "a tag of another image": ({"imageIds": [{"imageTag": "v1", "imageDigest": 0}]}, []),
    "one that stays": ({"imageIds": [{"imageTag": "v3"}]}, []),
    "one that is not there": ({"imageIds": [{"imageTag": "nope"}]}, []),
    "both": ({"imageIds": [{"imageTag": "v1"}, {"imageDigest": 4}], "filter": {"tagStatus": "UNTAGGED"}}, [4]),
}


@pytest.mark.parametrize(("parameters", "expected"), FILTERS.values(), ids=FILTERS)
def test_filters(parameters, expected, shelf):
    """They choose what is shown; the summary counts everything."""
    ids = [
        identifier | ({"imageDigest": shelf.digests[identifier["imageDigest"]]} if "imageDigest" in identifier else {})
        for identifier in parameters.get("imageIds", [])
    ]
    start(shelf)
    answer = get(shelf, **(parameters | ({"imageIds": ids} if ids else {})))
    shown = [result["imageDigest"] for result in answer["previewResults"]]
    assert [shelf.digests[number] for number in expected] == shown
    assert 1 == answer["summary"]["expiringImageTotalCount"]


@pytest.mark.parametrize("size", [1, 2, 3, 4, 100])
def test_the_pages_are_the_preview(size, shelf):
    """Whatever their size, each result is on one page, and the paginator of boto3 walks them."""
    start(shelf)
    whole = get(shelf)["previewResults"]
    got = pages(shelf.ecr.get_lifecycle_policy_preview, "previewResults", repositoryName="team/api", maxResults=size)
    assert whole == [result for part in got for result in part]
    assert all(len(part) == size for part in got[:-1])
    paginator = shelf.ecr.get_paginator("get_lifecycle_policy_preview")
    walked = paginator.paginate(repositoryName="team/api", PaginationConfig={"PageSize": size})
    assert whole == [result for part in walked for result in part["previewResults"]]


def test_error_a_token_of_another_preview(shelf):
    """A token belongs to one preview and one filter."""
    start(shelf)
    token = get(shelf, maxResults=1)["nextToken"]
    message = "Invalid parameter at 'nextToken' failed to satisfy constraint: 'Invalid next token'"
    assert ("InvalidParameterException", message) == refusal(
        get, world=shelf, nextToken=token, filter={"tagStatus": "TAGGED"}
    )
    shelf.clock.advance(minutes=1)
    start(shelf)
    assert ("InvalidParameterException", message) == refusal(get, world=shelf, nextToken=token)
