"""The pictures of lifecycle policies say what the engine says: every image, every rule, every month."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree

import pytest
from ecrlab import lifecycle, show
from ecrlab.errors import InvalidInput
from ecrlab.lifecycle import ActionType, CountType, Image, Policy, Rule, Selection, StorageClass, TagStatus
from hypothesis import given, settings
from hypothesis import strategies as st

NOW = datetime(2026, 11, 2, 9, tzinfo=UTC)
GB = 10**9


def image(days: float, *tags: str, name: str = "", **more) -> Image:
    """An image of an age in days."""
    return Image(f"sha256:{(name or tags[0]).encode().hex():0<64}", NOW - timedelta(days=days), tags, **more)


def rule(priority: int, *patterns: str, newest: int = 0, days: int = 0, action=ActionType.EXPIRE) -> Rule:
    """A rule for tags, by count or by days since the push."""
    kind = CountType.IMAGE_COUNT_MORE_THAN if newest else CountType.SINCE_IMAGE_PUSHED
    return Rule(priority, Selection(TagStatus.TAGGED, kind, newest or days, patterns), action)


POLICY = Policy([rule(1, "prod-*", newest=1), rule(2, "dev-*", days=7, action=ActionType.TRANSITION)])
IMAGES = (
    image(1, "prod-2"),
    image(40, "prod-1"),
    image(9, "dev-1", "nightly"),
    image(3, name="abcdef"),
    image(400, "old", storage_class=StorageClass.ARCHIVE, archived_at=NOW - timedelta(days=5)),
)


def words_in(drawing) -> list[str]:
    """What the picture says, in its order."""
    svg = ElementTree.fromstring(drawing.svg())
    return ["".join(each.itertext()) for each in svg.iter("{http://www.w3.org/2000/svg}text")]


class TestTimeline:
    """``show.timeline``."""

    def test_each_image_has_its_fate_and_rule(self):
        """Name, verdict and rule number stand beside each mark; untagged images go by their digest."""
        said = words_in(show.timeline(POLICY, IMAGES, now=NOW))
        expected = {"prod-2 stays (1)", "prod-1 expires (1)", "dev-1 +1 is archived (2)", "old stays archived"}
        assert expected <= set(said)
        assert f"{IMAGES[3].short_digest[:7]} stays" in said

    def test_the_text_form_gives_every_reason(self):
        """What the plan says about an image stands below it, word for word."""
        told = str(show.timeline(POLICY, IMAGES, now=NOW))
        for entry in lifecycle.plan(POLICY, IMAGES, now=NOW).entries:
            assert entry.reason.replace("`", "") in told
        assert "✕ prod-1, 40 days old: expires, rule 1" in told
        assert "▽ dev-1, nightly, 9 days old: is archived, rule 2" in told

    def test_tags_that_begin_alike_stand_together(self):
        """Families are counted; commits and numbers have families of their own, untagged images come last."""
        images = [image(n, tag) for n, tag in enumerate(("v1.2", "v1.3", "1.0", "4f9d01c", "latest"), start=1)]
        headings = [line for line in show.timeline(Policy(()), [*images, IMAGES[3]], now=NOW).lines if line[0] != " "]
        assert [
            "commits, 1 image: 1 stays",
            "latest, 1 image: 1 stays",
            "numbers, 1 image: 1 stays",
            "v…, 2 images: 2 stay",
            "untagged, 1 image: 1 stays",
        ] == headings

    def test_a_rule_that_counts_days_is_drawn(self):
        """Where the days of a push rule end there is a line with its name; other rules have no place on the axis."""
        said = words_in(show.timeline(POLICY, IMAGES, now=NOW))
        assert "rule 2: 7 days" in said
        assert not any(text.startswith("rule 1:") for text in said)

    def test_newer_is_further_right(self):
        """The axis runs from the oldest image to now."""
        svg = ElementTree.fromstring(show.timeline(Policy(()), [image(d, f"t{d}") for d in (1, 5, 60)], now=NOW).svg())
        places = [float(each.attrib["cx"]) for each in svg.iter("{http://www.w3.org/2000/svg}circle")][:-1]
        assert sorted(places, reverse=True) == places
        assert 3 == len(set(places))

    def test_what_is_not_drawn_is_counted(self):
        """Of many images those that go are drawn first, then the newest."""
        images = [image(n, f"prod-{n}") for n in range(1, 101)]
        drawing = show.timeline(Policy([rule(1, "prod-*", newest=98)]), images, now=NOW, most=3)
        assert "and 97 more: 97 stay" in drawing.lines
        assert {"prod-99 expires (1)", "prod-100 expires (1)", "prod-1 stays (1)"} <= set(words_in(drawing))

    def test_an_empty_repository(self):
        """No image is a fact, too."""
        assert "no image" in words_in(show.timeline(POLICY, (), now=NOW))

    def test_colour_never_speaks_alone(self):
        """Four shapes tell the four fates apart, and a legend names them."""
        drawing = show.timeline(POLICY, IMAGES, now=NOW)
        assert {"stays", "expires", "is archived", "stays archived"} <= set(words_in(drawing))

    @settings(max_examples=30, deadline=None)
    @given(st.lists(st.floats(0, 4000), min_size=1, max_size=40))
    def test_labels_keep_apart(self, ages):
        """However old the images are: no two labels overlap, and none leaves the picture."""
        images = [image(age, f"tag-{n}", name=f"{n:04d}") for n, age in enumerate(ages)]
        svg = ElementTree.fromstring(show.timeline(Policy(()), images, now=NOW).svg())
        spans: dict[float, list[tuple[float, float]]] = {}
        for each in svg.iter("{http://www.w3.org/2000/svg}text"):
            text, x, y = each.text or "", float(each.attrib["x"]), float(each.attrib["y"])
            if text.startswith("tag-"):
                width = 6.5 * len(text)
                span = (x - width, x) if each.attrib["text-anchor"] == "end" else (x, x + width)
                assert 0 <= span[0]
                assert span[1] <= 760
                assert all(span[1] < left or right < span[0] for left, right in spans.setdefault(y, []))
                spans[y].append(span)

    def test_error_nothing_to_draw(self):
        """A picture of no image is refused."""
        with pytest.raises(InvalidInput) as caught:
            show.timeline(POLICY, IMAGES, now=NOW, most=0)
        assert "show.timeline: most=0 leaves nothing to draw; use a whole number from 1 up" == str(caught.value)


def test_rules_are_told_in_sentences():
    """One sentence per rule, with its description, and one about claiming."""
    policy = Policy(
        [Rule(3, Selection(TagStatus.UNTAGGED, CountType.SINCE_IMAGE_PUSHED, 7), ActionType.EXPIRE, "tidy")]
    )
    told = str(show.policy_rules(policy))
    assert "Rule 3 expires untagged images more than 7 days after the push (“tidy”)." in told
    assert "no later rule acts on these" in told
    assert "Nothing happens to any image." in str(show.policy_rules(Policy(())))


class TestStorageYear:
    """``show.storage_year``."""

    def test_a_month_costs_what_its_days_store(self):
        """10 GB over a whole month of 30 days cost 1.00 USD at the example price, and the price names its source."""
        forecast = lifecycle.forecast(
            Policy(()), [image(1, "a", size_bytes=10 * GB)], start=datetime(2026, 11, 1, tzinfo=UTC), days=31
        )
        drawing = show.storage_year(forecast)
        assert "Together 1.00 USD in these 30 days." in drawing.lines
        assert any("Example prices" in line and "https://" in line and "March 2026" in line for line in drawing.lines)
        assert "10.0 GB" in words_in(drawing)

    def test_both_classes_are_told_apart(self):
        """What moves to the archive moves from one column to the other, and costs the same."""
        policy = Policy([rule(1, "a", days=5, action=ActionType.TRANSITION)])
        forecast = lifecycle.forecast(policy, [image(400, "a", size_bytes=GB)], start=NOW, days=60)
        table = show.storage_year(forecast).lines
        assert any(line.startswith("2026-12") and "0 B" in line and "1.0 GB" in line for line in table)

    def test_with_and_without(self):
        """The forecast without the policy stands beside it, as a line and in the text."""
        images = [image(n, f"prod-{n}", size_bytes=GB) for n in range(10)]
        forecast, without = (lifecycle.forecast(policy, images, start=NOW, days=100) for policy in (POLICY, Policy(())))
        drawing = show.storage_year(forecast, without=without)
        assert "without the policy" in words_in(drawing)
        assert "USD without the policy" in drawing.summary

    @pytest.mark.parametrize("days", [1, 365])
    def test_an_empty_repository_costs_nothing(self, days):
        """Nothing stored is nothing paid, however long."""
        forecast = lifecycle.forecast(POLICY, (), start=NOW, days=days)
        assert f"Together 0.00 USD in these {days} days." in show.storage_year(forecast).lines


def test_same_input_same_bytes():
    """Two drawings of one plan are equal, whatever the order of the images."""
    one, other = (show.timeline(POLICY, given, now=NOW) for given in (IMAGES, IMAGES[::-1]))
    assert one.svg() == other.svg()
    assert " id=" not in one._repr_html_()
