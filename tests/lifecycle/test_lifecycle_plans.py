"""Plans: what a policy does to a repository at one moment, and the sentence under every image."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import timedelta, timezone

import pytest
from ecrlab.errors import InvalidInput
from ecrlab.lifecycle import (
    Action,
    ActionType,
    CountType,
    Image,
    Policy,
    Selection,
    StorageClass,
    TagStatus,
    Why,
    matches,
    parse,
    plan,
)
from lifecycle_world import NOW, ago, done, image_of, newest, older, rule, table

EXAMPLES = {case["name"]: case for case in table("examples.json")}
REASONS = table("reasons.json")
ARCHIVE = ActionType.TRANSITION


@pytest.mark.parametrize("case", EXAMPLES.values(), ids=EXAMPLES)
def test_worked_examples(case):
    """The examples of AWS's page, their older forms, and cases derived from its rules come out as written there."""
    result = plan(parse(case["policy"]), map(image_of, case["images"]), now=NOW)
    assert {item["image"]: (item["rule"], item["action"]) for item in case["expected"]} == done(result)
    assert set(case["kept"]) == {entry.image.digest for entry in result.kept}


@pytest.mark.parametrize("case", REASONS.values(), ids=REASONS)
def test_reasons(case):
    """Every image has a sentence that names tags, rule, counts and days, also when it stays."""
    result = plan(parse(case["policy"]), map(image_of, case["images"]), now=NOW)
    assert case["reasons"] == {entry.image.digest: entry.reason for entry in result.entries}
    assert case.get("why", {}) == {d: result.entry(d).why.name for d in case.get("why", {})}


PATTERNS = {
    "prod*": (["prod", "prod-1", "production"], ["myprod", "Prod"]),
    "*prod*": (["prod", "myprod", "a-prod-1"], ["pro-d"]),
    "prod": (["prod"], ["prod-1", ""]),
    "*": (["a", ""], []),
    "a*b*c": (["abc", "a-b-c", "abbc"], ["ab", "abcd", "acb"]),
    "v1.*": (["v1.2", "v1."], ["v1x2"]),
    "**a": (["a", "ba"], ["ab"]),
    "[ab]+": (["[ab]+"], ["a"]),
}


@pytest.mark.parametrize(("pattern", "tags"), PATTERNS.items(), ids=PATTERNS)
def test_patterns(pattern, tags):
    """A star stands for any characters or none, all else for itself, and the whole tag has to match."""
    fits, fails = tags
    assert (fits, []) == (
        [tag for tag in fits if matches(pattern, tag)],
        [tag for tag in fails if matches(pattern, tag)],
    )


def test_a_star_in_a_prefix_is_no_wildcard():
    """A prefix always means: begins with this, letter by letter."""
    selection = replace(older(1, status=TagStatus.TAGGED), tag_prefixes=("a*c",))
    assert {} == done(plan(Policy([rule(1, selection)]), [Image("d", ago(9), ("abc",))], now=NOW))


def test_ages_are_strict_to_the_second():
    """Exactly the limit is not older than the limit; a second more is."""
    policy = Policy([rule(1, older(14))])
    images = [Image("exact", ago(14)), Image("over", ago(14) - timedelta(seconds=1))]
    result = plan(policy, images, now=NOW)
    assert {"over": (1, "expire")} == done(result)
    assert NOW == result.entry("exact").when_due


def test_enormous_numbers():
    """Counts and days beyond every calendar act on nothing, and say so."""
    policy = Policy([rule(1, newest(10**30, "a")), rule(2, older(10**30))])
    result = plan(policy, [Image("a", ago(3), ("a",)), Image("b", ago(3))], now=NOW)
    assert ({}, None) == (done(result), result.entry("b").when_due)
    assert "which no calendar reaches" in result.entry("b").reason


def test_an_index_frees_its_children_at_the_next_run():
    """Children stay while the list is there, even in the run that deletes it."""
    policy = Policy([rule(1, older(30, "v*")), rule(2, older(1, status=TagStatus.UNTAGGED))])
    index, child = Image("index", ago(40), ("v1",)), Image("child", ago(40), parents=("index",))
    first = plan(policy, [index, child], now=NOW)
    assert {"index": (1, "expire")} == done(first)
    assert (Why.CHILD_OF_INDEX, index) == (first.entry("child").why, first.entry("child").related)
    assert {"child": (2, "expire")} == done(plan(policy, [child], now=NOW + timedelta(days=1)))


def test_children_of_an_archived_index():
    """Once the list lies in the archive, its children may follow it there, and still not expire; so we read it."""
    index = Image("index", ago(200), ("v1",), storage_class=StorageClass.ARCHIVE, archived_at=ago(100))
    child = Image("child", ago(200), parents=("index",))
    selection = older(90)
    assert {"child": (1, "transition")} == done(plan(Policy([rule(1, selection, ARCHIVE)]), [index, child], now=NOW))
    assert {} == done(plan(Policy([rule(1, selection)]), [index, child], now=NOW))


def test_artifacts_share_the_fate_of_their_subject():
    """A signature goes with its image, a signature of the signature too, and none is judged by itself."""
    policy = Policy([rule(1, older(30, "v*")), rule(2, newest(1, status=TagStatus.UNTAGGED))])
    images = [
        Image("old", ago(40), ("v1",)),
        Image("signature", ago(39), subject="old"),
        Image("countersignature", ago(38), subject="signature"),
        Image("new", ago(2), ("v2",)),
        Image("attestation", ago(90), subject="new"),
        Image("orphan", ago(1), subject="gone"),
    ]
    result = plan(policy, images, now=NOW)
    going = dict.fromkeys(("old", "signature", "countersignature"), (1, "expire"))
    assert going == done(result)
    kept = result.entry("attestation")
    assert (Why.FOLLOWS_SUBJECT, Action.KEEP, None) == (kept.why, kept.action, kept.rule)
    assert Why.WITHIN_COUNT is result.entry("orphan").why


def test_subjects_in_a_circle():
    """Data that no push can make is answered with a plan, not with an endless loop."""
    images = [Image("a", ago(9), subject="b"), Image("b", ago(9), subject="a"), Image("c", ago(9), subject="c")]
    assert {"c": (1, "expire")} == done(plan(Policy([rule(1, older(1))]), images, now=NOW))


def test_an_archived_artifact_is_not_archived_again():
    """A follower that lies in the archive already stays there when its subject arrives."""
    images = [
        Image("image", ago(99), ("v1",)),
        Image("signature", ago(99), subject="image", storage_class=StorageClass.ARCHIVE, archived_at=ago(9)),
    ]
    assert {"image": (1, "transition")} == done(plan(Policy([rule(1, older(1), ARCHIVE)]), images, now=NOW))


def test_equal_times_are_ordered_by_sequence():
    """Of images pushed in the same moment the one with the higher sequence is the newer one."""
    images = [Image("a", ago(1), sequence=2), Image("b", ago(1), sequence=1)]
    assert {"b": (1, "expire")} == done(plan(Policy([rule(1, newest(1))]), images, now=NOW))


PULLS = {  # id: (pulled, restored, the day it counts from), all in days ago; the push was 100 days ago
    "never pulled": (None, None, 100),
    "pulled": (7, None, 7),
    "restored, not pulled since": (50, 5, 5),
    "restored, never pulled": (None, 5, 5),
    "pulled after the restore": (3, 5, 3),
}


@pytest.mark.parametrize(("pulled", "restored", "since"), PULLS.values(), ids=PULLS)
def test_the_last_use(pulled, restored, since):
    """A pull rule counts from the last pull, else from the push; from a restore if that came later."""
    image = Image("a", ago(100), last_pulled_at=ago(pulled), activated_at=ago(restored))
    selection = Selection(TagStatus.ANY, CountType.SINCE_IMAGE_PULLED, 200)
    entry = plan(Policy([rule(1, selection, ARCHIVE)]), [image], now=NOW).entry("a")
    assert ago(since) + timedelta(days=200) == entry.when_due


BAD_INPUT = {
    "a moment without a timezone": (
        lambda: plan(Policy([rule(1, newest(1))]), [], now=NOW.replace(tzinfo=None)),
        "now: 2026-11-24T02:00:00 carries no timezone; add tzinfo=UTC",
    ),
    "a push without a timezone": (
        lambda: Image("sha256:" + "ab" * 32, NOW.replace(tzinfo=None)),
        "image abababababab: pushed_at is 2026-11-24T02:00:00, without a timezone; add tzinfo=UTC",
    ),
    "a pull without a timezone": (
        lambda: Image("a", NOW, ("v1",), last_pulled_at=NOW.replace(tzinfo=None)),
        "image v1: last_pulled_at is 2026-11-24T02:00:00, without a timezone; add tzinfo=UTC",
    ),
    "archived, but since when": (
        lambda: Image("a", NOW, ("v1",), storage_class=StorageClass.ARCHIVE),
        "image v1: it is archived, and archived_at is missing; say since when",
    ),
    "an image twice": (
        lambda: plan(Policy([rule(1, newest(1))]), [Image("b", NOW), Image("a", NOW), Image("a", NOW)], now=NOW),
        "images: a appears twice; give every image of the repository once",
    ),
    "an image that is not there": (
        lambda: plan(Policy([rule(1, newest(1))]), [], now=NOW).entry("v1"),
        "plan: no image has the tag or digest 'v1'; look at plan.entries",
    ),
}


@pytest.mark.parametrize(("call", "message"), BAD_INPUT.values(), ids=BAD_INPUT)
def test_bad_input(call, message):
    """What cannot be right is refused in one line."""
    with pytest.raises(InvalidInput) as caught:
        call()
    assert message == str(caught.value)


def test_times_of_other_zones():
    """A time is a moment, whatever its zone."""
    tokyo = timezone(timedelta(hours=9))
    policy = Policy([rule(1, older(1))])
    images = [Image("a", ago(2).astimezone(tokyo)), Image("b", ago(0.5).astimezone(tokyo))]
    assert {"a": (1, "expire")} == done(plan(policy, images, now=NOW))


def test_a_plan_shows_itself():
    """A plan is a table with a reason per image; a long one begins with what happens."""
    images = [Image(f"sha256:{n:064x}", ago(n / 10), (f"v{n}",) if n else (), sequence=-n) for n in range(100)]
    short = plan(Policy([rule(1, newest(2))]), images[:3], now=NOW)
    expected = """\
Plan for 2026-11-24 02:00: 1 expire, 0 move to the archive, 2 stay
image                  days old  action  rule  reason
---------------------  --------  ------  ----  ------------------------------------------------------------------
untagged 000000000000         0  keep       1  Number 1 of 3, newest first; rule 1 keeps 2 (whatever its tags).
v1                            0  keep       1  Number 2 of 3, newest first; rule 1 keeps 2 (whatever its tags).
v2                            0  expire     1  Number 3 of 3, newest first; rule 1 keeps 2 (whatever its tags)."""
    assert [line.split() for line in expected.splitlines() if "--" not in line] == [
        line.split() for line in str(short).splitlines() if "--" not in line
    ]
    long = str(plan(Policy([rule(1, newest(80))]), images, now=NOW)).splitlines()
    assert (3 + 60, True) == (len(long), long[0].endswith("(the first 60 of 100)"))
    assert "expire" in long[3]
    assert "v2: expire" in str(short.entry("v2"))


def test_a_large_repository_takes_about_a_second():
    """100,000 images under 50 rules are planned in seconds even on a busy machine; the bench has the figure."""
    moments = [NOW - timedelta(minutes=n * 7919 % 100_000) for n in range(100_000)]
    images = [Image(f"sha256:{n:064x}", at, (f"f{n % 49}-{n}",) if n % 10 else ()) for n, at in enumerate(moments)]
    rules = [rule(n + 1, newest(10, f"f{n}-*")) for n in range(48)]
    policy = Policy([*rules, rule(60, older(7, status=TagStatus.UNTAGGED)), rule(99, older(30))])
    started = time.process_time()
    result = plan(policy, images, now=NOW)
    assert 6 > time.process_time() - started
    assert 100_000 == len(result.expiring) + len(result.kept)
