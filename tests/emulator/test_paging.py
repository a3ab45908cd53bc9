"""Pages: the defaults and maxima of the model, each item once, and tokens that belong to their list."""

from __future__ import annotations

import boto3
import pytest
from client_world import manifest, refusal
from ecrlab.emulator.errors import EcrError
from ecrlab.emulator.paging import decode_token, encode_token, page
from hypothesis import given
from hypothesis import strategies as st


@pytest.fixture
def full(world):
    """Seven images, tagged as follows: t0, t1 and u1, none, t3, t4, none, t6."""
    world.digests = [
        world.push(annotations={"n": str(number)}, tag=None if number in (2, 5) else f"t{number}")
        for number in range(7)
    ]
    world.put(manifest(annotations={"n": "1"}), "u1")
    return world


def pages(call, key: str, **parameters) -> list[list]:
    """Follow nextToken to the end; return the items of each page."""
    result, token = [], None
    while True:
        answer = call(**parameters, **({"nextToken": token} if token else {}))
        result.append(answer[key])
        token = answer.get("nextToken")
        if token is None:
            return result


@pytest.mark.parametrize("size", [1, 2, 3, 7, 8, 1000])
def test_the_pages_of_images_are_the_list(size, full):
    """Whatever their size, and no page but the last is short."""
    got = pages(full.ecr.describe_images, "imageDetails", repositoryName=full.repository, maxResults=size)
    assert full.digests == [image["imageDigest"] for part in got for image in part]
    assert all(len(part) == size for part in got[:-1])


@pytest.mark.parametrize("size", [1, 2, 3, 8, 1000])
def test_the_pages_of_identifiers_are_the_list(size, full):
    """One identifier for each tag; a page may end between two tags of one image."""
    got = pages(full.ecr.list_images, "imageIds", repositoryName=full.repository, maxResults=size)
    tags = [item.get("imageTag") for part in got for item in part]
    assert ["t0", "t1", "u1", None, "t3", "t4", None, "t6"] == tags
    assert all(len(part) == size for part in got[:-1])


FILTERS = {  # id: (filter, tags of the images that pass)
    "none": ({}, ["t0", "t1", None, "t3", "t4", None, "t6"]),
    "any": ({"tagStatus": "ANY"}, ["t0", "t1", None, "t3", "t4", None, "t6"]),
    "tagged": ({"tagStatus": "TAGGED"}, ["t0", "t1", "t3", "t4", "t6"]),
    "untagged": ({"tagStatus": "UNTAGGED"}, [None, None]),
    "active": ({"imageStatus": "ACTIVE", "tagStatus": "UNTAGGED"}, [None, None]),
    "archived": ({"imageStatus": "ARCHIVED"}, []),
    "of any status": ({"imageStatus": "ANY", "tagStatus": "UNTAGGED"}, [None, None]),
}


@pytest.mark.parametrize(("chosen", "expected"), FILTERS.values(), ids=FILTERS)
def test_filters_come_before_pages(chosen, expected, full):
    """A page holds as many as asked for of those that pass."""
    got = pages(full.ecr.describe_images, "imageDetails", repositoryName=full.repository, maxResults=2, filter=chosen)
    assert expected == [image.get("imageTags", [None])[0] for part in got for image in part]


def test_a_hundred_is_the_default(world):
    """For images and for repositories."""
    for number in range(101):
        world.ecr.create_repository(repositoryName=f"many/{number:03}")
        world.push(annotations={"n": str(number)})
    assert [100, 1] == [
        len(part) for part in pages(world.ecr.describe_images, "imageDetails", repositoryName=world.repository)
    ]
    assert [100, 1] == [len(part) for part in pages(world.ecr.list_images, "imageIds", repositoryName=world.repository)]
    repositories = pages(world.ecr.describe_repositories, "repositories")
    assert [100, 2] == [len(part) for part in repositories]
    names = [repository["repositoryName"] for part in repositories for repository in part]
    assert sorted(names) == names


def test_botocores_paginator_works(full):
    """The tokens go where the model says."""
    found = full.ecr.get_paginator("describe_images").paginate(
        repositoryName=full.repository, PaginationConfig={"PageSize": 2}
    )
    assert full.digests == [image["imageDigest"] for part in found for image in part["imageDetails"]]


def test_images_that_come_and_go_between_pages(full):
    """Those that stay are neither skipped nor repeated."""
    first = full.ecr.describe_images(repositoryName=full.repository, maxResults=3)
    full.delete({"imageDigest": full.digests[0]}, {"imageDigest": full.digests[2]}, {"imageDigest": full.digests[4]})
    new = full.push(annotations={"n": "new"})
    second = full.ecr.describe_images(repositoryName=full.repository, nextToken=first["nextToken"])
    expected = [full.digests[3], full.digests[5], full.digests[6], new]
    assert expected == [image["imageDigest"] for image in second["imageDetails"]]


def test_tokens_are_the_same_on_a_rerun(full):
    """They depend on the list and the position alone."""
    asked = {"repositoryName": full.repository, "maxResults": 3}
    tokens = {full.ecr.describe_images(**asked)["nextToken"] for _ in range(2)}
    assert 1 == len(tokens)


def test_a_token_belongs_to_its_list(full):
    """Another operation, filter, repository or region refuses it."""
    full.ecr.create_repository(repositoryName="other")
    token = full.ecr.describe_images(repositoryName=full.repository, maxResults=3)["nextToken"]
    elsewhere = boto3.client("ecr", region_name="eu-west-1")
    elsewhere.create_repository(repositoryName=full.repository)
    refused = [
        refusal(full.ecr.list_images, repositoryName=full.repository, nextToken=token),
        refusal(full.ecr.describe_images, repositoryName="other", nextToken=token),
        refusal(
            full.ecr.describe_images,
            repositoryName=full.repository,
            nextToken=token,
            filter={"tagStatus": "TAGGED"},
        ),
        refusal(elsewhere.describe_images, repositoryName=full.repository, nextToken=token),
    ]
    message = "Invalid parameter at 'nextToken' failed to satisfy constraint: 'Invalid next token'"
    assert [("InvalidParameterException", message)] * 4 == refused


def test_a_token_of_repositories_belongs_to_its_registry(world):
    """The same list in another region refuses it."""
    world.ecr.create_repository(repositoryName="other")
    token = world.ecr.describe_repositories(maxResults=1)["nextToken"]
    elsewhere = boto3.client("ecr", region_name="eu-west-1")
    message = "Invalid parameter at 'nextToken' failed to satisfy constraint: 'Invalid next token'"
    assert ("InvalidParameterException", message) == refusal(elsewhere.describe_repositories, nextToken=token)


@given(st.text())
def test_no_text_but_a_token_is_a_token(text):
    """Whatever somebody sends, the answer is a modelled error."""
    with pytest.raises(EcrError, match="Invalid next token"):
        decode_token(text, "DescribeImages")


@given(st.tuples(st.integers(0), st.integers(0)))
def test_a_token_holds_its_position(position):
    """Reading undoes writing."""
    assert position == decode_token(encode_token(position, "a", "b"), "a", "b")


@given(st.lists(st.integers(), unique=True).map(sorted), st.integers(1, 10))
def test_pages_concatenate_to_the_list(items, limit):
    """Each item once, in order, for any list and any page size."""
    got: list[int] = []
    after, token = None, "first"
    while token:
        rest = (((item,), item) for item in items if after is None or item > after)
        part, token = page(rest, limit, "list")
        got += part
        after = decode_token(token, "list")[0] if token else None
    assert items == got
