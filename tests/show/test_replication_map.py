"""The map of replication: what has arrived where, what is on its way, and what was never sent."""

from __future__ import annotations

import re

import pytest
from ecrlab import oci, open_lab, registry, show
from ecrlab.errors import InvalidInput
from ecrlab.show.drawing import WIDTH, WORD_ADVANCE


def image(text):
    """Build a tiny image."""
    return oci.image(oci.layer({"app/main.py": text}))


@pytest.fixture
def lab():
    """A lab with one image that was pushed before its rule, and one after it."""
    with open_lab(region="us-east-1") as lab:
        ecr = lab.client("ecr")
        ecr.create_repository(repositoryName="team/api")
        registry.push(ecr, image("before"), "team/api", tag="1")
        destination = {"region": "eu-west-1", "registryId": lab.account_id}
        ecr.put_replication_configuration(replicationConfiguration={"rules": [{"destinations": [destination]}]})
        registry.push(ecr, image("after"), "team/api", tag="2")
        yield lab


def test_a_copy_on_its_way_and_one_never_sent(lab):
    """Right after the push the copy is on its way; what was there before the rule was never sent."""
    drawn = show.replication_map(lab)
    text = "\n".join(drawn.lines)
    assert "→ eu-west-1" in text
    assert "0 of 1 arrived" in text
    assert "… team/api:2 is on its way" in text
    assert "– team/api:1 was never sent" in text


def test_a_copy_that_arrived_tells_when(lab):
    """With the clock moved on the copy is there, and the picture says since when."""
    lab.clock.advance(hours=1)
    text = "\n".join(show.replication_map(lab).lines)
    assert "1 of 1 arrived" in text
    there = lab.client("ecr", region="eu-west-1").describe_images(repositoryName="team/api")["imageDetails"][0]
    assert f"✓ team/api:2 there since {there['imagePushedAt']:%Y-%m-%d %H:%M}" in text


def test_without_another_regions_client_nothing_is_looked_up_there(lab):
    """A client alone knows that the copy arrived, and not when."""
    lab.clock.advance(hours=1)
    text = "\n".join(show.replication_map(lab.client("ecr")).lines)
    assert "✓ team/api:2 arrived" in text


def test_no_rule():
    """A registry without rules says so."""
    with open_lab() as lab:
        assert "no rule: nothing is copied anywhere" in str(show.replication_map(lab))


def test_the_rest_is_counted(lab):
    """Only the newest images are drawn, and no text leaves the picture."""
    drawn = show.replication_map(lab, most=1)
    assert any("and 1 more" in row for row in drawn.lines)
    texts = [text for shape in drawn.shapes for text in re.findall(r">([^<]+)<", shape)]
    assert max(map(len, texts)) * WORD_ADVANCE <= WIDTH


@pytest.mark.parametrize(
    ("source", "most", "message"),
    [
        (None, 8, "a value of type NoneType is neither a lab nor an ECR client; hand over the lab, or lab.client"),
        ("lab", 0, "most=0 leaves nothing to draw; use a whole number from 1 up"),
    ],
)
def test_error_arguments(source, most, message):
    """What is no lab, and a number that draws nothing, are refused with the way out."""
    with pytest.raises(InvalidInput) as failure:
        show.replication_map(source, most=most)
    assert str(failure.value).startswith(f"show.replication_map: {message}")
