"""The lifecycle simulator without a front end: a page that says all of it, the same on every machine."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest
from ecrlab import lifecycle, oci, open_lab, registry, show
from ecrlab.clock import START
from ecrlab.errors import AwsCallError, InvalidInput, RegistryError
from ecrlab.lifecycle import Image, PushPattern
from ecrlab.show.lifecycle_drafts import NEW, added, drafts_of, moved, text_of
from ecrlab.show.lifecycle_example import example_images, example_policy

NOW = datetime(2026, 11, 2, 9, tzinfo=UTC)
KEEP_ONE = {
    "rules": [
        {
            "rulePriority": 1,
            "selection": {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 1},
            "action": {"type": "expire"},
        }
    ]
}
TWO = tuple(Image(f"sha256:{n:064x}", NOW - timedelta(days=n), (f"v{n}",), 1_000_000) for n in (1, 2))


class TestPage:
    """``show.lifecycle_simulator``, as papermill sees it."""

    def test_it_is_a_page_and_no_widget(self):
        """Outside a front end the three forms are text, HTML and Markdown, and each says what happens."""
        bundle = show.lifecycle_simulator(KEEP_ONE, TWO, now=NOW)._repr_mimebundle_()
        assert {"text/plain", "text/html", "text/markdown"} == bundle.keys()
        for form in bundle.values():
            assert "v2" in form
            assert "Number 2 of 2, newest first; rule 1 keeps 1" in form
            assert "Example prices" in form

    def test_without_arguments_it_shows_an_example(self):
        """The built-in repository has 23 images and a policy without faults that does something."""
        page = str(show.lifecycle_simulator())
        assert "the built-in example" in page
        assert "23, together 1.6 GB" in page
        assert "A run at this moment: 7 expire, 1 is archived." in page
        assert () == lifecycle.faults_of(example_policy())
        assert example_images(START) == example_images(START)

    def test_the_same_page_every_time(self):
        """Nothing in it depends on the machine, the time or the run."""
        code = "from ecrlab import show; print(show.lifecycle_simulator(day=30)._repr_html_())"
        runs = [
            subprocess.run([sys.executable, "-X", "utf8", "-c", code], capture_output=True, check=True).stdout
            for _ in range(2)
        ]
        assert runs[0] == runs[1]

    def test_a_day_to_come(self):
        """A later day shows what is left by then, and what goes next."""
        page = str(show.lifecycle_simulator(KEEP_ONE, TWO, now=NOW, day=2))
        assert "Day 2, 2026-11-04" in page
        assert "Before it 1 expired and 0 moved to the archive. It leaves 1 image with 1.0 MB." in page
        assert "What goes from day 2 on: nothing until day 365" in page

    def test_pushes_to_come(self):
        """What will be pushed goes as well, on its day."""
        coming = (PushPattern("v{number}", 10, 1_000_000, 3),)
        page = str(show.lifecycle_simulator(KEEP_ONE, TWO, now=NOW, pushes=coming))
        assert "`v{number}` every 10 days, 1.0 MB" in page
        assert "11  2026-11-13  v1" in page

    def test_what_is_in_use(self):
        """An image that somebody needs, and that a rule deletes, draws a warning."""
        page = str(show.lifecycle_simulator(KEEP_ONE, TWO, now=NOW, in_use={"v2": "ECS service payments"}))
        assert "`v2` by ECS service payments" in page
        assert "Rule 1 expires `v2` with its next run: ECS service payments uses it" in page

    @pytest.mark.parametrize("form", [KEEP_ONE, json.dumps(KEEP_ONE), lifecycle.parse(KEEP_ONE)], ids=str)
    def test_a_policy_in_any_form(self, form):
        """A dict, JSON text and a Policy are the same policy."""
        assert str(show.lifecycle_simulator(KEEP_ONE, TWO, now=NOW)) == str(
            show.lifecycle_simulator(form, TWO, now=NOW)
        )

    def test_broken_json_is_shown_at_its_place(self):
        """A fault of spelling names line and column, quotes the line and points into it; nothing is raised."""
        page = str(show.lifecycle_simulator('{"rules": [\n  {"rulePriority": 1;}\n]}', TWO, now=NOW))
        assert "1 fault in the policy: AWS would not accept it" in page
        assert '      {"rulePriority": 1;}\n' + " " * 24 + "^" in page

    def test_a_fault_of_content_is_shown_with_its_place(self):
        """All faults are there, each with its path."""
        page = str(show.lifecycle_simulator({"rules": [{"rulePriority": 0}]}, TWO, now=NOW))
        assert "3 faults in the policy" in page
        assert "`rules[0].rulePriority`: it is 0, below the minimum of 1; write 1 or more" in page

    def test_hostile_text_stays_text(self):
        """Markup in a policy or a tag is shown, not obeyed."""
        evil = Image(f"sha256:{7:064x}", NOW, ("<script>x",))
        html = show.lifecycle_simulator('{"rules": "<script>"}', [evil], now=NOW, in_use={"<script>": "<script>"})
        assert "<script" not in html._repr_html_()


class TestFetching:
    """A repository that is read through the API."""

    @pytest.fixture
    def ecr(self):
        """A client of a registry with a repository of two images and a policy."""
        with open_lab() as lab:
            client = lab.client("ecr")
            client.create_repository(repositoryName="team/api")
            for number in (1, 2):
                registry.push(client, oci.image(oci.layer({"n": str(number)})), "team/api", tag=f"v{number}")
                lab.clock.advance(hours=1)
            yield client

    def test_policy_and_images_are_read_and_nothing_else(self, ecr):
        """Day 0 is the lab's moment; only calls that read are made."""
        ecr.put_lifecycle_policy(repositoryName="team/api", lifecyclePolicyText=json.dumps(KEEP_ONE, indent=2))
        calls = []
        ecr.meta.events.register("provide-client-params.ecr.*", lambda model, **_: calls.append(model.name))
        page = str(show.lifecycle_simulator(client=ecr, repository="team/api"))
        assert ["DescribeImages", "GetLifecyclePolicy"] == calls
        assert "Day 0           2026-11-02 11:00 UTC" in page
        assert "A run at this moment: 1 expires." in page

    def test_a_repository_without_a_policy(self, ecr):
        """It begins with a careful policy for leftovers."""
        page = str(show.lifecycle_simulator(client=ecr, repository="team/api"))
        assert "Rule 1 expires untagged images more than 14 days after the push" in page

    def test_ones_own_policy_on_it(self, ecr):
        """A policy that is given is tried; that of the repository is not."""
        page = str(show.lifecycle_simulator(KEEP_ONE, client=ecr, repository="team/api"))
        assert "A run at this moment: 1 expires." in page

    def test_error_no_such_repository(self, ecr):
        """AWS's refusal is passed on."""
        with pytest.raises((RegistryError, AwsCallError)) as caught:
            show.lifecycle_simulator(client=ecr, repository="team/web")
        assert str(caught.value).startswith("inventory of team/web: there is no repository 'team/web'")


BAD = {  # id: (arguments, the whole message)
    "a number": ({"policy": 7}, "a value of type int is no policy; hand over a lifecycle.Policy, a dict or JSON text"),
    "a day too far": ({"day": 366}, "day=366 is out of range; use 0 to 365"),
    "a day before": ({"day": -1}, "day=-1 is out of range; use 0 to 365"),
    "no client": ({"repository": "a"}, 'repository comes without a client; add client=lab.client("ecr")'),
}


@pytest.mark.parametrize(("arguments", "message"), BAD.values(), ids=BAD)
def test_error_arguments(arguments, message):
    """What cannot be meant is refused in one line."""
    with pytest.raises(InvalidInput) as caught:
        show.lifecycle_simulator(**arguments)
    assert f"show.lifecycle_simulator: {message}" == str(caught.value)


class TestDrafts:
    """Rules as a form holds them."""

    def test_a_policy_survives_the_form(self):
        """JSON becomes fields and the same JSON again."""
        drafts = drafts_of(example_policy())
        assert drafts
        assert json.loads(example_policy()) == json.loads(text_of(drafts))

    def test_defaults_that_are_spelled_out(self):
        """A policy without faults always has a form, whatever it spells out."""
        spelled = json.loads(json.dumps(KEEP_ONE))
        spelled["rules"][0]["selection"]["storageClass"] = "standard"
        assert drafts_of(json.dumps(KEEP_ONE)) == drafts_of(json.dumps(spelled))

    LOST = {  # id: JSON that a form would change
        "broken": '{"rules": [',
        "no object": "[]",
        "no list": '{"rules": 7}',
        "a number as a text": json.dumps(KEEP_ONE).replace(": 1,", ': "1",'),
        "an unknown member": json.dumps(KEEP_ONE).replace('"action"', '"note": 1, "action"'),
        "a unit too much": json.dumps(KEEP_ONE).replace('"countNumber"', '"countUnit": "days", "countNumber"'),
        "true as a number": json.dumps(KEEP_ONE).replace('"countNumber": 1', '"countNumber": true'),
        "empty": "",
        "deep": "[" * 100_000,
    }

    @pytest.mark.parametrize("text", LOST.values(), ids=LOST)
    def test_nothing_is_lost_in_a_form(self, text):
        """What fields cannot say has no form, so that editing cannot drop it."""
        assert drafts_of(text) is None

    def test_a_fault_that_a_form_can_show(self):
        """A rule may be wrong and still be edited: one that keeps no image at all."""
        text = json.dumps(KEEP_ONE).replace('"countNumber": 1', '"countNumber": 0')
        (draft,) = drafts_of(text)
        assert 0 == draft.count_number
        assert lifecycle.faults_of(text) == lifecycle.faults_of(text_of([draft]))

    def test_a_new_rule_is_legal_at_once(self):
        """It stands before the rules for any image, which must keep the highest numbers."""
        drafts, place = added(drafts_of(example_policy()))
        assert () == lifecycle.faults_of(text_of(drafts))
        assert (3, [1, 2, 3, 4, 5, 6]) == (place, [draft.priority for draft in drafts])
        assert ((NEW,), 0) == added(())

    def test_rules_change_places_with_their_numbers(self):
        """Earlier and later swap the numbers; at the ends nothing happens."""
        drafts = drafts_of(example_policy())
        later = moved(drafts, 0, 1)
        assert ["build-*", "prod-*"] == [draft.tags for draft in later[:2]]
        assert [1, 2, 3, 4, 5] == [draft.priority for draft in later]
        assert drafts == moved(drafts, 0, -1) == moved(drafts, 4, 1)
