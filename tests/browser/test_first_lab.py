"""The first lab, worked through in JupyterLab as a learner does: wrong answer, hint, right answer, progress."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from page import LabPage
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

LAB = "labs/01_push_and_pull/lab.ipynb"
CONTRASTS = """(elements) => {
  const rgb = text => text.match(/[\\d.]+/g).map(Number);
  const linear = value => value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  const light = ([r, g, b]) =>
    0.2126 * linear(r / 255) + 0.7152 * linear(g / 255) + 0.0722 * linear(b / 255);
  const ground = element => {
    for (let each = element; each; each = each.parentElement) {
      const colour = rgb(getComputedStyle(each).backgroundColor);
      if (colour.length < 4 || colour[3] > 0) return colour;
    }
    return [255, 255, 255];
  };
  return elements.map(element => {
    const both = [light(rgb(getComputedStyle(element).color)), light(ground(element))];
    return (Math.max(...both) + 0.05) / (Math.min(...both) + 0.05);
  });
}"""
"""The contrast of each element's text with what is behind it, by the formula of WCAG 2.2."""

CREATE = 'ecr = lab.client("ecr")\necr.create_repository(repositoryName=lab.repository_name("{}"))'


def test_a_task_from_the_blank_to_progress_that_stays(page, running_lab):
    """A blank, a mistake, a hint and the solution each get their own answer; the progress outlives the kernel."""
    lab = LabPage(page, LAB)
    expect(lab.set_up()).to_contain_text("Your lab is open")
    expect(lab.run('reset("01.create")')).to_contain_text("Ready: A home for the image")

    expect(lab.run("lab.repository_name(____)")).to_contain_text("Fill in the blank")
    expect(lab.run('check("01.create")')).to_contain_text("Not attempted")

    lab.rewrite("lab.repository_name(____)", CREATE.format("payments-api"))
    expect(lab.run('check("01.create")')).to_contain_text("Not yet")
    expect(lab.run('check("01.create")')).to_contain_text("one name with a dash in it")

    expect(lab.add_below('check("01.create")', 'hint("01.create")')).to_contain_text("Hint 1 of 3")

    lab.rewrite('lab.repository_name("payments-api")', CREATE.format("payments/api"))
    expect(lab.run('check("01.create")')).to_contain_text("Correct")

    page.evaluate("() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()")
    kept = json.loads(running_lab.progress.read_text())["exercises"]["01.create"]
    assert ("correct", 3, {"dash": 2}, 1) == (kept["outcome"], kept["attempts"], kept["mistakes"], kept["hints"])
    environment = os.environ | {"ECRLAB_PROGRESS": str(running_lab.progress)}
    told = subprocess.run(
        [sys.executable, "-m", "ecrlab.cli", "progress"], env=environment, capture_output=True, text=True, check=True
    )
    assert "01.create" in told.stdout


def test_a_question_is_answered_by_clicking(page, running_lab):
    """In JupyterLab a quiz has buttons: a wrong option answers with its reason, the right one as well."""
    notebook = LabPage(page, "notebooks/00_start_here.ipynb")
    notebook.set_up()
    asked = notebook.run('quiz("00.registry")')
    asked.get_by_text("15, one for each repository").click()
    asked.get_by_role("button", name="Answer").click()
    expect(asked).to_contain_text("Repositories lie inside a registry.")
    asked.get_by_text("c) 2").click()
    asked.get_by_role("button", name="Answer").click()
    expect(asked).to_contain_text("Each account has one private registry in each region")
    kept = json.loads(running_lab.progress.read_text())["quizzes"]["00.registry"]
    assert (2, True) == (kept["answers"], kept["right"])


@pytest.mark.parametrize("theme", ["JupyterLab Light", "JupyterLab Dark"])
def test_cards_are_legible_in_both_themes(page, theme):
    """The text of a card stands out from its ground by 4.5 to 1 or more, as WCAG 2.2 asks (1.4.3)."""
    lab = LabPage(page, LAB)
    lab.theme(theme)
    contrasts = lab.set_up().locator(".ecrlab-card p, .ecrlab-card dt, .ecrlab-card dd").evaluate_all(CONTRASTS)
    assert contrasts
    assert min(contrasts) >= 4.5
