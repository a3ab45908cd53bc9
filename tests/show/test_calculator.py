"""The calculator: fields where somebody can type, the same figures as a table everywhere else."""

from __future__ import annotations

from dataclasses import fields

import pytest
from ecrlab import pricing, show
from ecrlab.pricing import Usage
from ecrlab.show.calculator import FIELDS, _widget

GB = 10**9
TEAM = Usage(standard_bytes=40 * GB, internet_bytes=3 * GB, requests=5000, nat_bytes=100 * GB)


def test_every_figure_has_a_label():
    """A usage has no figure that cannot be typed."""
    assert {field.name for field in fields(Usage)} == FIELDS.keys()


def test_the_page_says_what_the_estimate_says():
    """Text, HTML and Markdown hold the used figures and the plain twin's table."""
    made = show.price_calculator(TEAM)
    twin = pricing.estimate(TEAM)
    assert str(twin) in str(made)
    assert twin._repr_html_() in made._repr_html_()
    assert twin._repr_markdown_() in made._repr_markdown_()
    assert "pulled over the internet (GB)" in str(made)
    assert "archive" not in str(made.figures())


@pytest.mark.parametrize(
    ("name", "typed", "kept"),
    [("standard_bytes", 2.5, 2_500_000_000), ("requests", 12, 12), ("endpoint_hours", 1460, 1460)],
)
def test_a_figure_is_typed_as_its_label_asks(name, typed, kept):
    """Bytes are typed as GB, everything else as it is counted; nothing else changes."""
    changed = show.price_calculator(TEAM).with_figure(name, typed)
    assert kept == getattr(changed.usage, name)
    assert changed.with_figure(name, getattr(TEAM, name) / (GB if name.endswith("_bytes") else 1)).usage == TEAM


def test_the_controls_answer_at_once():
    """An edited field and another Region change the table below."""
    box = _widget(show.price_calculator(TEAM))
    region, groups, shown = box.children
    assert "22.95" not in shown.value
    stored = groups.children[0].children[0]
    assert "stored, standard class (GB)" == stored.description
    stored.value = 182.7
    assert "18.27 USD" in shown.value
    region.value = "ap-northeast-1"
    assert "One month in ap-northeast-1" in shown.value
    assert "not known" in shown.value


def test_a_front_end_gets_a_widget(kinds_shown):
    """In JupyterLab the value is a widget, and the table stays beside it for everything else."""
    code = "from ecrlab import show; show.price_calculator()"
    assert "application/vnd.jupyter.widget-view+json" in kinds_shown(code, {"cellId": "one"})
    assert {"text/plain", "text/html", "text/markdown"} == kinds_shown(code, {})
