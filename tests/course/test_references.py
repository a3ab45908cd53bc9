"""References, corrections, terms and history: one list each, made from the pages and from data, and kept in order."""

from __future__ import annotations

import json
import re
from datetime import date
from pathlib import Path

import pytest
from ecrlab import show
from ecrlab.course.glossary import glossary, look_up_term, timeline
from ecrlab.course.notebook import course_notebooks, read_notebook
from ecrlab.course.references import corrections, reference_faults, references
from ecrlab.errors import InvalidInput

COURSE = Path(__file__).parents[2]
PAGES = course_notebooks(COURSE)


def test_the_references_of_the_course_are_in_order():
    """Every reference has its form, one title for each address, and no address that is known to have moved."""
    assert () == reference_faults(COURSE)


def test_every_page_that_has_references_is_in_the_list():
    """The list names each page whose section "References" has a link, and every link in it."""
    listed = references(COURSE)
    text = {each.url for each in listed}
    for path in PAGES:
        page = read_notebook(path)
        links = {
            url
            for cell, part in page.section("References")
            if not cell.is_code
            for url in re.findall(r"\]\((https?://[^)\s]+)\)", part)
        }
        assert links <= text
        assert not links or any(page.facts().title in each.pages for each in listed)
    assert all(date(2026, 1, 1) <= each.checked for each in listed)


def page(folder: Path, name: str, lines: list[str]) -> None:
    """Write a notebook with references and a table of corrections."""
    facts = json.loads(PAGES[0].read_text("utf-8"))["metadata"]["ecrlab"] | {"title": name}
    cell = {"cell_type": "markdown", "id": "end", "metadata": {}, "source": "\n".join(["## References", "", *lines])}
    notebook = {"cells": [cell], "metadata": {"ecrlab": facts}, "nbformat": 4, "nbformat_minor": 5}
    (folder / "notebooks").mkdir(exist_ok=True)
    (folder / "labs").mkdir(exist_ok=True)
    (folder / "notebooks" / f"{name}.ipynb").write_text(json.dumps(notebook))


GOOD = "- [One](https://aws.amazon.com/one): a fact (checked 2026-11-23)"
FAULTS = {
    "no date": (
        ["- [One](https://aws.amazon.com/one): a fact"],
        "01_a.ipynb: '- [One](https://aws.amazon.com/one): a fact' is no reference; "
        "write - [title](https://…): what it backs (checked YYYY-MM-DD)",
    ),
    "no fact": (
        ["- [One](https://aws.amazon.com/one) (checked 2026-11-23)"],
        "01_a.ipynb: '- [One](https://aws.amazon.com/one) (checked 2026-11-23)' is no reference; "
        "write - [title](https://…): what it backs (checked YYYY-MM-DD)",
    ),
    "not secure": (
        ["- [One](http://aws.amazon.com/one): a fact (checked 2026-11-23)"],
        "01_a: http://aws.amazon.com/one is no address of the secure web; begin it with https://",
    ),
    "two titles": (
        [GOOD, "- [Two](https://aws.amazon.com/one): more (checked 2026-11-24)"],
        "01_a.ipynb: https://aws.amazon.com/one is called 'Two' here and 'One' before; use one title",
    ),
    "the same page": (
        [GOOD, "- [One](https://aws.amazon.com/one/): more (checked 2026-11-24)"],
        "https://aws.amazon.com/one/: https://aws.amazon.com/one is the same page; use one address",
    ),
    "moved": (
        ["- [Old](https://aws.amazon.com/old): a fact (checked 2026-11-23)"],
        "01_a: https://aws.amazon.com/old has moved; use https://aws.amazon.com/new",
    ),
}


@pytest.mark.parametrize(("lines", "message"), FAULTS.values(), ids=FAULTS)
def test_a_fault_is_found_without_a_network(tmp_path, lines, message):
    """Each kind of fault has its own line: place, fact, way out."""
    page(tmp_path, "01_a", lines)
    moves = {"https://aws.amazon.com/old": "https://aws.amazon.com/new"}
    assert [message] == [str(fault) for fault in reference_faults(tmp_path, moved=moves)]


def test_an_address_on_two_pages_is_one_reference(tmp_path):
    """It tells what it backs on both, and the later of the two days."""
    page(tmp_path, "01_a", [GOOD])
    page(tmp_path, "02_b", ["- [One](https://aws.amazon.com/one): more (checked 2026-11-24)"])
    (found,) = references(tmp_path)
    assert (("a fact", "more"), ("01_a", "02_b"), date(2026, 11, 24)) == (found.backs, found.pages, found.checked)
    assert found.is_official


def test_corrections_come_from_the_pages():
    """The notes' claim about API requests is corrected, on the page about prices."""
    said = {each.page for each in corrections(COURSE) if "API requests" in each.said}
    assert {"Pricing"} == said


def test_terms_are_written_one_way():
    """No page uses a spelling that the glossary does not."""
    wrong = [
        f"{path.parent.name}/{path.name}: {found!r} for {term.name!r}"
        for path in PAGES
        for cell in read_notebook(path).cells
        if not cell.is_code
        for term in glossary()
        if (found := term.is_miswritten_in(cell.prose))
    ]
    assert [] == wrong


def test_every_row_of_the_data_has_a_source():
    """Terms and changes name a page of the secure web; changes lie in order, between 2023 and today."""
    assert all(row.source.startswith("https://") for row in (*glossary(), *timeline()))
    days = [change.when for change in timeline()]
    assert sorted(days) == days
    assert all(re.fullmatch(r"202[3-6]-\d\d(-\d\d)?", day) for day in days)
    names = [term.name for term in glossary()]
    assert len(set(names)) == len(names)


def test_the_lists_are_shown():
    """Each list is a table whose caption counts its rows; one term is a card."""
    assert f"{len(references(COURSE))} references" in str(show.references())
    assert f"{len(glossary())} terms" in str(show.glossary())
    assert "one name" not in str(show.glossary("tag"))
    assert look_up_term("Tag").meaning in str(show.glossary("tag")).replace("\n  ", " ")
    assert "2026-01-20" in str(show.history([2026]))
    assert "2025" not in str(show.history([2026]))
    assert "API requests" in str(show.corrections())


def test_error_a_term_that_is_not_there():
    """The message says how to list the terms."""
    with pytest.raises(InvalidInput) as failure:
        show.glossary("flux")
    assert "term 'flux': the glossary does not have it; show.glossary() lists what it has" == str(failure.value)


def test_error_a_page_without_references():
    """The message names the pages that have some."""
    with pytest.raises(InvalidInput, match=r"^page 'Nowhere': it names no reference; use one of .*Pricing"):
        show.references("Nowhere")
