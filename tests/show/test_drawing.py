"""What holds for every picture, whatever it shows."""

from xml.etree import ElementTree

import pytest
from ecrlab.show.drawing import WIDTH, Box, Drawing, Node, arrow, curve, size_text, tree, words, wrapped
from hypothesis import given
from hypothesis import strategies as st

PRINTABLE = st.text(st.characters(exclude_categories=["C", "Z"]), max_size=60)
HOSTILE = "<script>alert(\"1\")</script> & 'quotes'"


def drawing(text: str) -> Drawing:
    """Return a picture that says ``text`` wherever a picture can say something."""
    return Drawing(text, text, (text,), (words(0, 10, text), Box(text, (text,)).draw(0, 20, 200)), 100)


def test_hostile_text_stays_text() -> None:
    """Markup in a title, a summary, a box or a line is shown, not obeyed."""
    html = drawing(HOSTILE)._repr_html_()
    assert "<script" not in html
    assert html.count("&lt;script&gt;") >= 5


@given(PRINTABLE)
def test_any_text_gives_well_formed_svg(text: str) -> None:
    """Whatever the text, the picture parses as XML and its alternative text holds it."""
    svg = ElementTree.fromstring(drawing(text).svg())
    assert f"{text}. {text}" == svg.attrib["aria-label"]


def test_picture_has_alternative_text_and_a_width() -> None:
    """A screen reader is told: an image, its title, its description; no picture is wider than the page."""
    svg = ElementTree.fromstring(drawing("Tags").svg())
    assert svg.attrib["role"] == "img"
    assert [child.text for child in svg][:2] == ["Tags", "Tags"]
    assert int(svg.attrib["width"]) == WIDTH <= 760


def test_picture_has_no_ids_and_no_script() -> None:
    """Two pictures on one page cannot disturb each other."""
    html = drawing("Tags")._repr_html_()
    assert " id=" not in html
    assert "<script" not in html


def test_colours_follow_the_theme() -> None:
    """Every colour is a theme variable or the colour of the text around it."""
    html = drawing("Tags")._repr_html_().replace("aria-label", "")
    fills = {part.split(";")[0].split("}")[0] for part in html.split("fill:")[1:]}
    assert {fill for fill in fills if not fill.startswith(("var(--jp-", "currentColor", "none"))} == set()


def test_text_forms_hold_title_and_lines() -> None:
    """Plain text and Markdown say what the picture says."""
    shown = Drawing("Title", "Summary", ("first", "second"), (), 10)
    assert str(shown) == repr(shown) == "Title\nfirst\nsecond"
    assert shown._repr_markdown_() == "**Title**\n\n```text\nfirst\nsecond\n```\n"


@given(PRINTABLE, st.integers(40, 760))
def test_wrapping_loses_nothing(text: str, width: int) -> None:
    """Broken lines, joined, are the text again."""
    assert "".join(wrapped(text, width, code=True)) == text


def test_wrapped_lines_fit() -> None:
    """A digest in a narrow box is broken into lines that fit."""
    assert all(len(part) * 7.3 <= 200 for part in wrapped("sha256:" + "0" * 64, 200, code=True))


def test_arrows_point_where_they_end() -> None:
    """An arrow to the left has its head on the left."""
    assert 'd="M10 5l8' in arrow(90, 5, 10)
    assert 'd="M90 5l-8' in arrow(10, 5, 90)
    assert 'd="M90 7l-8' in curve(10, 5, 90, 7)


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 B"),
        (9_999, "9,999 B"),
        (10_000, "10.0 kB"),
        (3_412_345, "3.4 MB"),
        (52_000 * 1024**2, "54.5 GB"),
        (2_000 * 10**9, "2,000.0 GB"),
    ],
)
def test_sizes_read_well(size: int, text: str) -> None:
    """Small sizes are exact, larger ones are rounded in steps of 1,000."""
    assert size_text(size) == text


def test_tree_joins_its_branches() -> None:
    """The last branch of each level turns the corner."""
    root = Node("a", (Node("b", (Node("c"), Node("d"))), Node("e", (Node("f"),))))
    assert tree(root) == ("a", "├─ b", "│  ├─ c", "│  └─ d", "└─ e", "   └─ f")
