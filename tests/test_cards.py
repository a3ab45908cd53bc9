"""Cards and tables say the same as HTML, as Markdown and as text, and colour is never alone."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from ecrlab.cards import Card, Table, Tone
from hypothesis import given
from hypothesis import strategies as st

CARD = Card(
    "Lab open",
    facts=(("Mode", "Mock"), ("Account", "111122223333")),
    body=("Call `lab.close()` when you are done.",),
    code='lab.client("ecr")',
    tone=Tone.GOOD,
)
TABLE = Table(("Repository", "Images", "Share"), (("team/api", 1234, 0.5), ("web", 7, 12.25)), "Two repositories")


class Text(HTMLParser):
    """The words and the elements of an HTML fragment."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.words, self.opened, self._style = [], [], False
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        """Note an element."""
        self._style = tag == "style"
        self.opened.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        """Note the end of the style sheet."""
        self._style = self._style and tag != "style"

    def handle_data(self, data):
        """Keep what is read."""
        if not self._style:
            self.words.append(data)

    @property
    def text(self) -> str:
        """All words, as a screen reader gets them."""
        return " ".join(self.words)


def test_a_card_as_text():
    """A terminal gets sign, title, facts in columns, sentences and code."""
    expected = (
        "✓ Lab open\n  Mode     Mock\n  Account  111122223333\n  Call `lab.close()` when you are done.\n"
        '    lab.client("ecr")'
    )
    assert expected == str(CARD) == repr(CARD)


def test_a_card_as_markdown():
    """Markdown keeps title, list, sentences and a block of code."""
    expected = (
        "**✓ Lab open**\n\n- Mode: Mock\n- Account: 111122223333\n\nCall `lab.close()` when you are done.\n\n"
        '```python\nlab.client("ecr")\n```\n'
    )
    assert expected == CARD._repr_markdown_()


def test_a_card_as_html():
    """HTML has the same words; what stands in backticks is code."""
    html = Text(CARD._repr_html_())
    for word in ("Lab open", "Mode", "Mock", "111122223333", "lab.close()", 'lab.client("ecr")'):
        assert word in html.text
    assert ["lab.close()", 'lab.client("ecr")'] == [w for w in html.words if w.startswith("lab.")]
    assert 2 == sum(tag == "code" for tag, _ in html.opened)


def test_numbers_are_set_flush_right():
    """A column of numbers is aligned right, in all three forms; headings too."""
    assert (
        "Two repositories\n"
        "Repository  Images  Share\n"
        "----------  ------  -----\n"
        "team/api     1,234    0.5\n"
        "web              7  12.25"
    ) == str(TABLE)
    assert (
        "**Two repositories**\n\n| Repository | Images | Share |\n| --- | ---: | ---: |\n"
        "| team/api | 1,234 | 0.5 |\n| web | 7 | 12.25 |\n"
    ) == TABLE._repr_markdown_()
    cells = [attrs.get("class") for tag, attrs in Text(TABLE._repr_html_()).opened if tag in {"th", "td"}]
    assert [None, "ecrlab-number", "ecrlab-number"] * 3 == cells


def test_yes_and_no_are_words():
    """A bool is no number, though Python thinks so."""
    assert "Immutable\n---------\nTrue" == str(Table(("Immutable",), ((True,),)))


def test_a_table_may_be_empty():
    """No rows is a table with headings."""
    assert "Tag  Size\n---  ----" == str(Table(("Tag", "Size")))
    assert "| Tag | Size |\n| --- | --- |\n" == Table(("Tag", "Size"))._repr_markdown_()
    assert 0 == sum(tag == "td" for tag, _ in Text(Table(("Tag", "Size"))._repr_html_()).opened)


def test_headings_say_that_they_are():
    """Column headings have a scope and the table has a caption, for those who listen."""
    html = Text(TABLE._repr_html_())
    assert ["col"] * 3 == [attrs.get("scope") for tag, attrs in html.opened if tag == "th"]
    assert "caption" in dict(html.opened)


def test_a_bar_in_a_cell_is_no_column():
    """Markdown's column mark inside a value is escaped."""
    assert "| a\\|b |" in Table(("x",), (("a|b",),))._repr_markdown_()


def test_a_row_too_short_is_refused():
    """A row that does not fit the headings is a mistake of the author."""
    with pytest.raises((IndexError, ValueError)):
        str(Table(("a", "b"), ((1,),)))


@pytest.mark.parametrize("tone", Tone, ids=lambda tone: tone.name)
def test_no_colour_without_a_sign(tone):
    """Each tone has a sign of its own and a colour that follows the theme, with one to fall back on."""
    card = Card("Title", tone=tone)
    assert 1 == len(tone.sign)
    assert str(card).startswith(tone.sign)
    assert tone.sign in Text(card._repr_html_()).text
    assert tone.colour.startswith("var(--jp-")
    assert tone.colour in card._repr_html_()
    assert [tone] == [other for other in Tone if other.sign == tone.sign]


texts = st.text(st.characters(exclude_characters="`", exclude_categories=("Cs", "Cc")), min_size=1, max_size=20)


@given(texts, texts, texts)
def test_nothing_that_is_shown_can_be_markup(title, label, value):
    """Whatever a name contains, HTML shows it and runs none of it."""
    hostile = f"{title}<script>alert(1)</script>"
    for shown in (
        Card(hostile, facts=((label, hostile),), body=(hostile,), code=hostile),
        Table((label,), ((hostile,),), hostile),
    ):
        html = Text(shown._repr_html_())
        assert "script" not in [tag for tag, _ in html.opened]
        assert hostile in "".join(html.words)


LINKS = {
    "a link": ("see [the page](https://aws.amazon.com/ecr/)", True),
    "not secure": ("see [the page](http://aws.amazon.com/ecr/)", False),
    "a script": ("see [the page](javascript:alert(1))", False),
    "a quote in it": ('see [the page](https://aws.amazon.com/"onclick="x)', False),
}


@pytest.mark.parametrize(("text", "linked"), LINKS.values(), ids=LINKS)
def test_only_addresses_of_the_secure_web_become_links(text, linked):
    """A link in a sentence opens a page of its own; anything else stays text."""
    html = Card("Title", body=[text]).inner_html()
    assert linked == ('<a href="https://aws.amazon.com/ecr/" target="_blank" rel="noopener">the page</a>' in html)
    assert linked == ("<a " in html)
