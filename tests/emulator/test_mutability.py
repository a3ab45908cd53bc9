"""Tag mutability: the table in mutability.json, once as a function and once through the API."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from client_world import manifest, refusal
from ecrlab.emulator.mutability import is_fixed, matches
from ecrlab.emulator.state import Mutability
from hypothesis import given
from hypothesis import strategies as st

CASES = json.loads((Path(__file__).parent / "mutability.json").read_text("utf-8"))["cases"]
LETTERS = st.text("ab.-", max_size=8)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_tag_is_fixed(case):
    """By mode and filters alone."""
    assert case["fixed"] == is_fixed(case["tag"], Mutability(case["mode"], tuple(case["filters"])))


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_push_moves_the_tag_or_is_refused(case, world):
    """ImageTagAlreadyExistsException keeps the tag where it was; a new tag is never refused."""
    filters = [{"filterType": "WILDCARD", "filter": text} for text in case["filters"]]
    world.ecr.put_image_tag_mutability(
        repositoryName=world.repository,
        imageTagMutability=case["mode"],
        **({"imageTagMutabilityExclusionFilters": filters} if filters else {}),
    )
    old = world.push(b"old", tag=case["tag"])
    if case["fixed"]:
        assert (
            "ImageTagAlreadyExistsException",
            f"The image tag '{case['tag']}' already exists in the 'team/api' repository "
            "and cannot be overwritten because the tag is immutable.",
        ) == refusal(world.push, tag=case["tag"], annotations={"is": "new"})
        assert {case["tag"]: old} == world.tags()
    else:
        new = world.push(b"new", tag=case["tag"])
        assert {case["tag"]: new} == world.tags()


def test_the_same_image_under_a_fixed_tag_exists_already(world):
    """Nothing would move, so the error is the one for an unchanged push."""
    world.ecr.put_image_tag_mutability(repositoryName=world.repository, imageTagMutability="IMMUTABLE")
    world.push(b"layer", tag="v1")
    code, _ = refusal(
        world.ecr.put_image, repositoryName=world.repository, imageManifest=manifest(b"layer"), imageTag="v1"
    )
    assert "ImageAlreadyExistsException" == code


def test_a_fixed_tag_can_be_deleted(world):
    """Immutability is about moving a tag, not about deleting it."""
    world.ecr.put_image_tag_mutability(repositoryName=world.repository, imageTagMutability="IMMUTABLE")
    world.push(b"layer", tag="v1")
    world.delete({"imageTag": "v1"})
    assert {"v1": world.push(b"new", tag="v1")} == world.tags()


@given(LETTERS, LETTERS, LETTERS)
def test_a_star_stands_for_any_text(before, middle, after):
    """Whatever lies between the parts."""
    assert matches(before + middle + after, f"{before}*{after}")


@given(LETTERS, LETTERS)
def test_without_a_star_only_the_same_text_matches(tag, pattern):
    """Dots and dashes have no other meaning."""
    assert (tag == pattern) == matches(tag, pattern)
