"""What holds for every policy and every repository, and a second planner, written differently, that agrees."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from itertools import product

from ecrlab.lifecycle import (
    Action,
    ActionType,
    CountType,
    Policy,
    StorageClass,
    TagStatus,
    Why,
    matches,
    plan,
)
from ecrlab.lifecycle.matching import TagIndex, covers, share_a_tag
from hypothesis import given
from hypothesis import strategies as st
from lifecycle_world import NOW, PATTERNS, TAGS, done, images, policies

# The second planner: the words of AWS's page, image by image, with no regard to time


def takes(rule, image):
    """Say whether a rule's tag requirement and storage class select an image."""
    selection = rule.selection
    if selection.storage_class != image.storage_class:
        return False
    if selection.tag_status is TagStatus.ANY:
        return True
    if selection.tag_status is TagStatus.UNTAGGED:
        return image.tags == ()
    return all(any(re.fullmatch(p.replace("*", ".*"), tag) for tag in image.tags) for p in selection.tag_patterns)


def counts_from(rule, image):
    """Return the time that a rule looks at."""
    if rule.selection.count_type is CountType.SINCE_IMAGE_TRANSITIONED:
        return image.archived_at
    if rule.selection.count_type is CountType.SINCE_IMAGE_PULLED and image.last_pulled_at is not None:
        pulled = image.last_pulled_at
        return pulled if image.activated_at is None else max(pulled, image.activated_at)
    if rule.selection.count_type is CountType.SINCE_IMAGE_PULLED and image.activated_at is not None:
        return max(image.pushed_at, image.activated_at)
    return image.activated_at or image.pushed_at


def is_held(rule, image, repository):
    """Say whether a manifest list keeps a rule from acting on an image."""
    lists = [other for other in repository if other.digest in image.parents]
    if rule.action is ActionType.TRANSITION:
        lists = [other for other in lists if other.storage_class is StorageClass.STANDARD]
    return bool(lists)


def is_over(rule, image, judged, repository):
    """Say whether an image is over a rule's limit, looking at all that the rule sees."""
    if rule.selection.count_type is not CountType.IMAGE_COUNT_MORE_THAN:
        return NOW - counts_from(rule, image) > timedelta(days=rule.selection.count_number)
    newer = 0
    for other in judged:
        takes_no_place = is_held(rule, other, repository) and not other.tags
        if takes(rule, other) and not takes_no_place and age_rank(rule, other) > age_rank(rule, image):
            newer += 1
    return newer >= rule.selection.count_number


def age_rank(rule, image):
    """Return what orders images: the higher, the newer."""
    return counts_from(rule, image), image.sequence


def reference(policy, repository):
    """Return digest -> (rule, action) for the images that a policy acts on."""
    digests = {image.digest for image in repository}
    judged = [image for image in repository if image.subject not in digests]
    acts = {}
    for image in judged:
        rule = next((rule for rule in policy.rules if takes(rule, image)), None)
        if rule and is_over(rule, image, judged, repository) and not is_held(rule, image, repository):
            acts[image.digest] = (rule.priority, rule.action.value)
    fates = dict(acts)
    for image in repository:  # a subject is always drawn before the artifacts that describe it
        if image.subject in fates:
            fates[image.digest] = fate = fates[image.subject]
            if not (fate[1] == "transition" and image.storage_class is StorageClass.ARCHIVE):
                acts[image.digest] = fate
    return acts


@given(policies(), images())
def test_two_planners_agree(policy, repository):
    """The fast planner and the plain one act on the same images by the same rules."""
    assert reference(policy, repository) == done(plan(policy, repository, now=NOW))


@given(policies(), images(), st.randoms())
def test_the_order_of_images_is_irrelevant(policy, repository, random):
    """A repository has no order but that of its times."""
    shuffled = random.sample(repository, len(repository))
    one, other = (plan(policy, given, now=NOW) for given in (repository, shuffled))
    told = [{e.image.digest: (e.action, e.rule, e.why, e.reason) for e in result.entries} for result in (one, other)]
    assert told[0] == told[1]
    assert shuffled == [entry.image for entry in other.entries]


@given(policies(), images())
def test_every_image_has_one_entry(policy, repository):
    """An image is acted on by one rule or by none, and there is a sentence either way."""
    result = plan(policy, repository, now=NOW)
    assert [image.digest for image in repository] == [entry.image.digest for entry in result.entries]
    assert len(repository) == len(result.expiring) + len(result.transitioning) + len(result.kept)
    for entry in result.entries:
        assert re.fullmatch(r"[A-Z0-9].*[^.]\.", entry.reason)
        assert entry.action is Action.KEEP or entry.rule is not None


@given(policies(), images())
def test_earlier_rules_do_not_mind_later_ones(policy, repository):
    """Without its last rule a policy does the same, but for what that rule did."""
    last = policy.rules[-1].priority
    with_it = done(plan(policy, repository, now=NOW))
    without = done(plan(Policy(policy.rules[:-1]), repository, now=NOW))
    assert without == {digest: act for digest, act in with_it.items() if act[0] != last}


@given(policies(), images())
def test_claimed_images_are_safe_from_later_rules(policy, repository):
    """Only the first rule whose demand on tags an image meets can act on it."""
    result = plan(policy, repository, now=NOW)
    for entry in result.entries:
        if entry.why is not Why.FOLLOWS_SUBJECT:
            first = next((rule.priority for rule in policy.rules if takes(rule, entry.image)), None)
            assert first == entry.rule


@given(policies(), images())
def test_children_of_live_indexes_stay(policy, repository):
    """What a manifest list of the standard class refers to is not touched, whatever the rules."""
    live = {image.digest for image in repository if image.storage_class is StorageClass.STANDARD}
    for entry in plan(policy, repository, now=NOW).entries:
        if live.intersection(entry.image.parents) and entry.why is not Why.FOLLOWS_SUBJECT:
            assert Action.KEEP is entry.action


@given(policies(), images(), st.integers(0, 400))
def test_time_only_adds(policy, repository, later):
    """With the days, a repository that nobody touches has more to lose, never less."""
    now, then = (done(plan(policy, repository, now=NOW + timedelta(days=days))) for days in (0, later))
    assert now.items() <= then.items()


@given(policies(), images())
def test_due_dates_are_kept(policy, repository):
    """An image that is merely too young is acted on a second after it is due, and not at that moment."""
    result = plan(policy, repository, now=NOW)
    for entry in result.entries:
        if entry.when_due is not None:
            at = entry.when_due
            acts = [done(plan(policy, repository, now=at + timedelta(seconds=s))) for s in (0, 1)]
            assert (False, True) == tuple(entry.image.digest in act for act in acts)


@given(policies(), images())
def test_marked_images_keep_their_places(policy, repository):
    """A count rule decides the same whether stronger rules have marked images or merely claimed them."""
    patient = Policy(
        [
            *(replace(rule, selection=replace(rule.selection, count_number=10**6)) for rule in policy.rules[:-1]),
            policy.rules[-1],
        ]
    )
    last = policy.rules[-1].priority
    acts = [done(plan(rules, repository, now=NOW)) for rules in (policy, patient)]
    by_last = [{d for d, act in done_.items() if act[0] == last and not subject(d, repository)} for done_ in acts]
    assert by_last[0] == by_last[1]


def subject(digest, repository):
    """Return the subject of an image, if it has one."""
    return next(image.subject for image in repository if image.digest == digest)


# Patterns


@given(st.lists(TAGS, max_size=8), st.lists(PATTERNS, min_size=1, max_size=3))
def test_the_index_finds_what_matching_finds(tags_of, patterns):
    """Looking only where a pattern can match finds all that match."""
    expected = {
        place for place, tags in enumerate(tags_of) if all(any(matches(p, tag) for tag in tags) for p in patterns)
    }
    assert expected == TagIndex(tags_of).holding_all(patterns)


SHORT = st.text("ab*", max_size=4)
WORDS = ["".join(letters) for n in range(8) for letters in product("ab", repeat=n)]


@given(SHORT, SHORT)
def test_covering_is_inclusion(wide, narrow):
    """A pattern covers another exactly if no word tells them apart (a third letter stands for all others)."""
    words = [word for word in WORDS if matches(narrow, word)] + [narrow.replace("*", "c")]
    assert covers(wide, narrow) == all(matches(wide, word) for word in words)


@given(SHORT, SHORT)
def test_sharing_is_a_common_word(one, other):
    """Two patterns share a tag exactly if some word matches both."""
    assert share_a_tag(one, other) == any(matches(one, word) and matches(other, word) for word in WORDS)
