"""The lifecycle simulator, played in JupyterLab: form and JSON follow each other, the day moves, faults show."""

from __future__ import annotations

import re

import pytest
from page import LabPage
from playwright.sync_api import Locator, Page, expect
from test_first_lab import CONTRASTS

pytestmark = pytest.mark.browser

NOTEBOOK = "notebooks/00_start_here.ipynb"
SOURCE = 'ecr = lab.client("ecr")\nshow.lifecycle_simulator(client=ecr)'
SETUP = "lab = open_lab(region=region)"


def opened(page: Page) -> Locator:
    """Run a cell that shows the simulator with its example, and return it."""
    lab = LabPage(page, NOTEBOOK)
    lab.set_up()
    lab.rewrite(SETUP, f"from ecrlab import open_lab, show\nlab = open_lab()\n{SOURCE}")
    simulator = page.locator(".ecrlab-sim")
    expect(simulator.get_by_role("slider")).to_be_visible()
    return simulator


def json_of(simulator: Locator) -> Locator:
    """Return the field with the policy's JSON."""
    return simulator.get_by_label("The same as JSON")


def test_form_and_json_follow_each_other(page):
    """A field of the form changes the JSON and the result; the JSON changes the form; nothing waits for a button."""
    simulator = opened(page)
    expect(simulator).to_contain_text("A run at this moment: 7 expire, 1 is archived.")

    simulator.get_by_label("Number", exact=True).fill("1")
    expect(json_of(simulator)).to_have_value(re.compile('"countNumber": 1\n'))
    expect(simulator).to_contain_text("A run at this moment: 9 expire, 1 is archived.")

    text = json_of(simulator).input_value()
    json_of(simulator).fill(text.replace('"prod-*"', '"release-*"'))
    expect(simulator.get_by_label("Entries")).to_have_value("release-*")
    expect(simulator).to_contain_text("Rule 1 expires images tagged release-* beyond the newest one.")

    simulator.get_by_label("Rules: choose one").select_option(index=3)
    # Fields are filled in one by one, this one last; a choice made before "Action" is filled in would change nothing.
    expect(simulator.get_by_label("Description")).to_have_value("archive what nobody pulls")
    simulator.get_by_label("Action").select_option("expire")
    expect(simulator).to_contain_text("✗ action.type: a rule that counts 'sinceImagePulled' can only archive")
    expect(simulator.get_by_label("Rules: choose one")).to_contain_text("✗ 4: any image")


def test_broken_json_shows_where_and_is_kept(page):
    """While the JSON is broken its fault is shown with the line, the form waits, and what was shown stays."""
    simulator = opened(page)
    whole = json_of(simulator).input_value()

    json_of(simulator).fill(whole.replace('"tagStatus": "untagged",', '"tagStatus": "untagged"'))
    expect(simulator).to_contain_text("1 fault in the policy: AWS would not accept it")
    expect(simulator).to_contain_text(re.compile(r"line \d+, column \d+"))
    expect(simulator).to_contain_text("The form waits")
    expect(simulator.get_by_label("Action")).to_be_disabled()
    expect(simulator).to_contain_text("7 expire, 1 is archived.")

    json_of(simulator).fill(whole)
    expect(simulator).to_contain_text("No fault: AWS would accept this policy")
    expect(simulator.get_by_label("Action")).to_be_enabled()


def test_the_day_moves_with_the_keyboard(page):
    """The slider takes arrow keys; day, pictures and the table of what goes follow."""
    simulator = opened(page)
    simulator.get_by_role("slider").focus()
    page.keyboard.press("ArrowRight")
    expect(simulator).to_contain_text("Day 1, 2026-11-03")
    expect(simulator).to_contain_text("What goes from day 1 on")

    simulator.get_by_label("Number of the day").fill("40")
    page.keyboard.press("Tab")
    expect(simulator).to_contain_text("Day 40, 2026-12-12")
    expect(simulator).to_contain_text("What goes from day 40 on")
    expect(simulator.locator("svg desc").first).to_contain_text("image")

    simulator.get_by_label("Show the reason for every image").check()
    expect(simulator).to_contain_text("Plan for 2026-12-12 02:00")


def test_rules_are_added_moved_and_removed(page):
    """The buttons change the policy, and the rule that was touched stays chosen."""
    simulator = opened(page)
    rules = simulator.get_by_label("Rules: choose one")
    simulator.get_by_role("button", name="Later").click()
    expect(rules.locator("option").nth(1)).to_have_text("2: prod-*, beyond newest 3: expire")
    simulator.get_by_role("button", name="Add", exact=True).click()
    expect(rules.locator("option")).to_have_count(6)
    expect(simulator.get_by_label("Entries")).to_have_value("feature-*")
    simulator.get_by_role("button", name="Remove").click()
    expect(rules.locator("option")).to_have_count(5)
    simulator.get_by_role("button", name="Start over").click()
    expect(rules.locator("option").first).to_have_text("1: prod-*, beyond newest 3: expire")


def test_a_policy_of_ones_own(page, tmp_path):
    """A file is read into the JSON, whatever is in it; a repository that is not there is answered in words."""
    simulator = opened(page)
    mine = tmp_path / "mine.json"
    mine.write_text('{"rules": [{"rulePriority": 1}]}')
    with page.expect_file_chooser() as chooser:
        simulator.get_by_role("button", name="Load a JSON file").click()
    chooser.value.set_files(mine)
    expect(simulator).to_contain_text("Loaded mine.json")
    expect(json_of(simulator)).to_have_value('{"rules": [{"rulePriority": 1}]}')
    expect(simulator).to_contain_text("'selection' is missing")

    simulator.get_by_label("Repository").fill("payments/nowhere")
    simulator.get_by_role("button", name="Fetch, read only").click()
    expect(simulator).to_contain_text("payments/nowhere was not fetched")


@pytest.mark.parametrize("theme", ["JupyterLab Light", "JupyterLab Dark"])
def test_the_simulator_is_legible_in_both_themes(page, theme):
    """Words of cards, tables and labels stand out by 4.5 to 1 or more (WCAG 2.2, 1.4.3)."""
    simulator = opened(page)
    LabPage(page, NOTEBOOK).theme(theme)
    words = (
        ".ecrlab-card p, .ecrlab-card dt, .ecrlab-card dd, .ecrlab td, .ecrlab th, .widget-label, h4, select, textarea"
    )
    contrasts = simulator.locator(words).evaluate_all(CONTRASTS)
    assert contrasts
    assert min(contrasts) >= 4.5


def test_every_control_has_a_name(page):
    """A screen reader can say what each field is; none needs the mouse."""
    simulator = opened(page)
    nameless = simulator.locator("input:visible, select, textarea, button").evaluate_all(
        "all => all.filter(e => !(e.labels?.[0]?.innerText || e.innerText || '').trim() || e.tabIndex < 0).length"
    )
    assert 0 == nameless
