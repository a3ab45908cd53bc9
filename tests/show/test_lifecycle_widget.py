"""The simulator's controls, moved by their values as a front end moves them."""

from __future__ import annotations

import json
import time
from datetime import timedelta

import pytest
from ecrlab import oci, open_lab, registry, show
from ecrlab.clock import START
from ecrlab.lifecycle import Image
from ecrlab.show.lifecycle_example import PUSHES, example_images, example_policy
from ecrlab.show.lifecycle_page import DAYS
from ecrlab.show.lifecycle_widget import SimulatorWidget


@pytest.fixture
def simulator() -> SimulatorWidget:
    """The simulator with its example."""
    return SimulatorWidget(show.lifecycle_simulator().simulation, None, "")


def test_the_form_writes_the_json(simulator):
    """A field changes the JSON and what is shown, and nothing else of the policy."""
    before = json.loads(simulator.json.value)
    simulator.form.count_number.value = 1
    before["rules"][0]["selection"]["countNumber"] = 1
    assert before == json.loads(simulator.json.value)
    assert "9 expire" in simulator.shown.outcome.value


def test_the_json_fills_the_form(simulator):
    """Text that is typed is read at once."""
    simulator.json.value = simulator.json.value.replace('"prod-*"', '"release-*", "v*"')
    assert "release-* v*" == simulator.form.tags.value
    assert "1: release-* and v*, beyond newest 3: expire" == simulator.rules.options[0]


def test_blanks_that_are_being_typed_stay(simulator):
    """The form does not take away the blank after a pattern, which the next one needs."""
    simulator.form.tags.value = "prod-* "
    assert "prod-* " == simulator.form.tags.value
    simulator.form.tags.value = "prod-* v"
    assert ["prod-*", "v"] == json.loads(simulator.json.value)["rules"][0]["selection"]["tagPatternList"]


def test_broken_json_is_kept(simulator):
    """While it is broken the form waits, what was shown stays, and the text is what was typed."""
    whole, outcome = simulator.json.value, simulator.shown.outcome.value
    simulator.json.value = whole[:-1]
    assert whole[:-1] == simulator.json.value
    assert "the JSON ends too early" in simulator.shown.faults.value
    assert simulator.form.action.disabled
    assert outcome == simulator.shown.outcome.value
    simulator.json.value = whole
    assert "No fault" in simulator.shown.faults.value
    assert not simulator.form.action.disabled


def test_a_fault_stands_at_its_rule(simulator):
    """The rule is marked in the list, and the fault is told under its fields."""
    simulator.rules.index = 3
    simulator.form.action.value = "expire"
    assert simulator.rules.options[3].startswith("✗ 4: any image")
    assert "can only archive" in simulator.form_note.value
    simulator.rules.index = 0
    assert "can only archive" not in simulator.form_note.value


def test_the_day_moves_slider_and_number(simulator):
    """Either moves the other; what is shown is that of the page for the day."""
    simulator.day.value = 30
    assert 30 == simulator.day_number.value
    simulator.day_number.value = DAYS
    assert DAYS == simulator.day.value
    page = show.lifecycle_simulator(day=DAYS)._repr_html_()
    assert simulator.simulation.outcome()._repr_html_() in page
    assert simulator.simulation.timeline().svg() in page


def test_rules_come_and_go(simulator):
    """Down to none, and up again."""
    for _ in range(5):
        simulator.remove.click()
    assert {"rules": []} == json.loads(simulator.json.value)
    assert "there is no rule" in simulator.shown.faults.value
    assert simulator.form.action.disabled
    simulator.add.click()
    assert "1: feature-*, 30 days since push: expire" == simulator.rules.value
    simulator.source.again.click()
    assert 5 == len(simulator.rules.options)


def test_moving_a_rule_keeps_it_chosen(simulator):
    """The rule that moved is the one that is edited."""
    simulator.later.click()
    assert (1, "prod-*") == (simulator.rules.index, simulator.form.tags.value)
    simulator.earlier.click()
    assert (0, "prod-*") == (simulator.rules.index, simulator.form.tags.value)


def test_pushes_to_come(simulator):
    """Without pushes the year costs less."""
    before = simulator.shown.saved.value
    simulator.pushes.active.value = False
    assert "nothing" in simulator.shown.heading.value
    assert before != simulator.shown.saved.value
    simulator.pushes.active.value = True
    assert before == simulator.shown.saved.value


def test_folds_open_on_request(simulator):
    """Reasons and figures are filled in when they are asked for, and follow the day."""
    assert "" == simulator.shown.reasons.value
    simulator.with_reasons.value = simulator.with_figures.value = True
    assert "Number 4 of 5" in simulator.shown.reasons.value
    assert "Example prices" in simulator.shown.figures.value
    simulator.day.value = 1
    assert "Plan for 2026-11-03 02:00" in simulator.shown.reasons.value


FILES = {  # id: (content, what is said, whether it becomes the text)
    "a policy": (b'{"rules": []}', "Loaded mine.json", True),
    "with a byte order mark": (b'\xef\xbb\xbf{"rules": []}', "Loaded mine.json", True),
    "no text": (b"\xff\xfe", "mine.json is no text in UTF-8", False),
    "too large": (b" " * 1_000_001, "mine.json is no policy", False),
}


@pytest.mark.parametrize(("content", "said", "taken"), FILES.values(), ids=FILES)
def test_a_file_is_loaded(simulator, content, said, taken):
    """A file becomes the text, whatever it says; what is no text is answered in words."""
    before = simulator.json.value
    simulator.source.upload.value = (
        {"name": "mine.json", "type": "", "size": len(content), "content": memoryview(content), "last_modified": START},
    )
    assert said in simulator.source.message.value
    assert ('{"rules": []}' if taken else before) == simulator.json.value


def test_a_repository_is_fetched():
    """Images and moment are those of the registry; a repository that is not there is answered in words."""
    with open_lab() as lab:
        ecr = lab.client("ecr")
        ecr.create_repository(repositoryName="team/api")
        registry.push(ecr, oci.index(oci.image(oci.layer({"a": "1"}))), "team/api", tag="v1")
        simulator = SimulatorWidget(show.lifecycle_simulator(client=ecr).simulation, ecr, "team/api")
        simulator.source.fetch.click()
        assert "Fetched team/api: 2 images" in simulator.source.message.value
        assert "1 index is unread" in simulator.shown.heading.value
        simulator.source.read_indexes.value = True
        simulator.source.fetch.click()
        assert "unread" not in simulator.shown.heading.value
        simulator.source.repository.value = "team/web"
        simulator.source.fetch.click()
        assert "team/web was not fetched" in simulator.source.message.value
        simulator.source.repository.value = ""
        simulator.source.fetch.click()
        assert "Say which repository first" in simulator.source.message.value


def test_an_edit_is_shown_at_once():
    """With 50 images and pushes to come an edit takes far less than a fifth of a second, a day even less."""
    builds = (Image(f"sha256:{n:064x}", START - timedelta(hours=7 * n), (f"build-{n}",), 10**7) for n in range(27))
    images = [*example_images(START), *builds]
    assert 50 == len(images)
    made = show.lifecycle_simulator(example_policy(), images, now=START, pushes=PUSHES)
    simulator = SimulatorWidget(made.simulation, None, "")
    begun = time.perf_counter()
    simulator.form.count_number.value = 1
    edited = time.perf_counter()
    simulator.day.value = 100
    moved = time.perf_counter()
    assert edited - begun < 1  # on a machine under load; alone it is a fifteenth of that
    assert moved - edited < 0.5


@pytest.mark.notebook
@pytest.mark.parametrize(("metadata", "live"), [({"cellId": "a1"}, True), ({}, False)], ids=["JupyterLab", "nbclient"])
def test_a_widget_where_somebody_can_click(kinds_shown, metadata, live):
    """JupyterLab names the cell in its request and gets a widget beside the page; programs get the page alone."""
    kinds = kinds_shown("from ecrlab import show\nshow.lifecycle_simulator()", metadata)
    assert live is ("application/vnd.jupyter.widget-view+json" in kinds)
    assert {"text/plain", "text/html", "text/markdown"} <= kinds
