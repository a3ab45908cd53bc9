"""The report card, on a lab with real pushes and scans: each fault is found, each fix mends it, nothing is changed."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path

import pytest
from botocore.session import get_session
from ecrlab import oci, registry, scan, security, signatures
from ecrlab.errors import InvalidInput, RegistryError
from ecrlab.oci import recipes
from ecrlab.security import CheckOutcome, Ignore, ReportCard

NAME = "payments/api"
EVERYTHING = [{"filter": "*", "filterType": "WILDCARD"}]
OLD, CLEAN = recipes.lab_image("debian-12-2023"), recipes.lab_image("debian-12-rebuilt")
HOST = "111122223333.dkr.ecr.us-east-1.amazonaws.com"


def scan_on_push(ecr):
    """Let the registry scan every push."""
    rule = {"scanFrequency": "SCAN_ON_PUSH", "repositoryFilters": EVERYTHING}
    ecr.put_registry_scanning_configuration(scanType="BASIC", rules=[rule])


def push(ecr, lab, image=CLEAN, tag="1.0"):
    """Push an image and let its scan end."""
    registry.push(ecr, image, NAME, tag=tag)
    lab.clock.advance(minutes=5)


def card_of(ecr, lab, **terms):
    """Return the report card of the repository now."""
    return security.report_card(ecr, NAME, now=lab.clock.now(), **terms)


def outcome(card, code):
    """Return the outcome of a check by its name."""
    return card.check(code).outcome.name


def test_a_fresh_repository(ecr, lab):
    """An empty repository with the defaults of AWS: what is open fails, what has no object does not apply."""
    card = card_of(ecr, lab)

    assert {
        "no-public-access": "PASS",
        "no-severe-findings": "NOT_APPLICABLE",
        "tags-immutable": "FAIL",
        "scanning-on": "FAIL",
        "policy-sound": "PASS",
        "signed": "NOT_APPLICABLE",
        "pinned-by-digest": "NOT_APPLICABLE",
        "lifecycle-present": "FAIL",
        "lifecycle-safe": "NOT_APPLICABLE",
        "sbom-attached": "NOT_APPLICABLE",
        "no-stale-images": "NOT_APPLICABLE",
        "untagged-kept-down": "PASS",
        "encryption": "PASS",
    } == {check.code: check.outcome.name for check in card.checks}
    assert 100 * (5 + 2 + 1) // (5 + 3 + 3 + 2 + 2 + 1) == card.score


def make_public(ecr, lab):
    """Let everybody pull."""
    statement = {"Effect": "Allow", "Principal": "*", "Action": ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]}
    text = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    ecr.set_repository_policy(repositoryName=NAME, policyText=text)


def make_public_among_others(ecr, lab):
    """Let everybody pull, and a neighbour too."""
    pull = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
    statements = [
        {"Sid": "All", "Effect": "Allow", "Principal": "*", "Action": pull},
        {"Sid": "Neighbour", "Effect": "Allow", "Principal": {"AWS": "444455556666"}, "Action": pull},
    ]
    text = json.dumps({"Version": "2012-10-17", "Statement": statements})
    ecr.set_repository_policy(repositoryName=NAME, policyText=text)


def enhanced_elsewhere(ecr, lab):
    """Have continuous scanning for production only."""
    filters = [{"filter": "prod", "filterType": "WILDCARD"}]
    rule = {"scanFrequency": "CONTINUOUS_SCAN", "repositoryFilters": filters}
    ecr.put_registry_scanning_configuration(scanType="ENHANCED", rules=[rule])


def on_push_elsewhere(ecr, lab):
    """Have scans on push for production only."""
    filters = [{"filter": "prod", "filterType": "WILDCARD"}]
    rule = {"scanFrequency": "SCAN_ON_PUSH", "repositoryFilters": filters}
    ecr.put_registry_scanning_configuration(scanType="BASIC", rules=[rule])


def as_it_is(ecr, lab):
    """Leave the defaults."""


def some_immutable(ecr, lab):
    """Protect release tags only."""
    ecr.put_image_tag_mutability(
        repositoryName=NAME,
        imageTagMutability="MUTABLE_WITH_EXCLUSION",
        imageTagMutabilityExclusionFilters=[{"filter": "v*", "filterType": "WILDCARD"}],
    )


def none_immutable(ecr, lab):
    """Protect all tags except all tags."""
    ecr.put_image_tag_mutability(
        repositoryName=NAME,
        imageTagMutability="IMMUTABLE_WITH_EXCLUSION",
        imageTagMutabilityExclusionFilters=[{"filter": "*", "filterType": "WILDCARD"}],
    )


MENDED = {  # id: (how it came to be, check, the reason that the card gives)
    "everybody may pull": (
        make_public,
        "no-public-access",
        'Statement[0].Principal: Principal "*" is any principal of any AWS account, and there is no condition: '
        "strangers can pull from here.",
    ),
    "everybody may pull, beside a neighbour": (
        make_public_among_others,
        "no-public-access",
        'Statement[0] "All".Principal: Principal "*" is any principal of any AWS account, and there is no condition: '
        "strangers can pull from here.",
    ),
    "tags move": (as_it_is, "tags-immutable", "Every tag can be moved to another image by whoever may push."),
    "most tags move": (some_immutable, "tags-immutable", "Tags can be moved, except `v*`."),
    "all tags are exempt": (none_immutable, "tags-immutable", "The exclusion `*` covers every tag."),
    "no rule scans": (as_it_is, "scanning-on", "Nothing scans what is pushed here."),
    "a rule scans others on push": (on_push_elsewhere, "scanning-on", "Nothing scans what is pushed here."),
    "a rule scans others all the time": (enhanced_elsewhere, "scanning-on", "Nothing scans what is pushed here."),
    "no lifecycle policy": (
        as_it_is,
        "lifecycle-present",
        "There is no lifecycle policy: nothing that is pushed ever goes by itself.",
    ),
}


@pytest.mark.parametrize(("arrange", "code", "reason"), MENDED.values(), ids=MENDED)
def test_the_call_on_the_card_mends_it(ecr, lab, arrange, code, reason):
    """A failed check names the very call; made as written, it turns the check green and breaks nothing that passed."""
    arrange(ecr, lab)
    before = card_of(ecr, lab)
    check = before.check(code)
    assert ("FAIL", reason) == (check.outcome.name, check.reason)

    eval(check.call, {"ecr": ecr})

    after = card_of(ecr, lab)
    assert "PASS" == outcome(after, code)
    passed = {each.code for each in before.checks if each.outcome is CheckOutcome.PASS}
    assert passed <= {each.code for each in after.checks if each.outcome is CheckOutcome.PASS}


def test_mending_the_scanning_keeps_the_rules_that_are_there(ecr, lab):
    """PutRegistryScanningConfiguration replaces everything, so the call on the card repeats what must stay."""
    enhanced_elsewhere(ecr, lab)
    eval(card_of(ecr, lab).check("scanning-on").call, {"ecr": ecr})

    configuration = ecr.get_registry_scanning_configuration()["scanningConfiguration"]

    assert "ENHANCED" == configuration["scanType"]
    assert [("CONTINUOUS_SCAN", ["prod"]), ("SCAN_ON_PUSH", [NAME])] == [
        (rule["scanFrequency"], [each["filter"] for each in rule["repositoryFilters"]])
        for rule in configuration["rules"]
    ]


def test_a_vulnerable_image_fails_until_a_clean_one_is_pushed(ecr, lab):
    """The newest tagged image is judged: patch, push, scan, and the check turns green."""
    scan_on_push(ecr)
    push(ecr, lab, OLD, "1.0")
    check = card_of(ecr, lab).check("no-severe-findings")
    assert "FAIL" == check.outcome.name
    assert check.reason.startswith("`payments/api:1.0` has 4 at HIGH or above: CRITICAL CVE-2023-38545 in curl,")
    assert check.reason.endswith(", and 1 more.")

    push(ecr, lab, CLEAN, "1.1")

    check = card_of(ecr, lab).check("no-severe-findings")
    assert "Nothing at HIGH or above was found in `payments/api:1.1`; below that: none." == check.reason


def test_the_threshold_and_what_is_lived_with(ecr, lab):
    """The card takes the severity and the decisions of the gate."""
    scan_on_push(ecr)
    push(ecr, lab, OLD, "1.0")
    decision = Ignore("CVE-2023-38545", "no SOCKS proxy is used", date(2026, 12, 31))

    card = card_of(ecr, lab, fail_on="critical", ignore=[decision])

    assert (
        "Nothing at CRITICAL or above was found in `payments/api:1.0`, apart from 1 that somebody decided to live "
        "with; below that: 3 HIGH, 1 UNDEFINED." == card.check("no-severe-findings").reason
    )


def test_an_image_without_a_scan_is_not_known(ecr, lab):
    """Not scanned is neither good nor bad, and stays out of the score."""
    push(ecr, lab)
    check = card_of(ecr, lab).check("no-severe-findings")

    assert ("NOT_KNOWN", "have it scanned, then ask again") == (check.outcome.name, check.fix)


def test_an_index_is_judged_by_its_images(ecr, lab):
    """Only with read_indexes is it known which images an index holds, since reading it counts as a pull."""
    scan_on_push(ecr)
    push(ecr, lab, recipes.multi_platform("debian-12-2023"), "1.0")

    unread = card_of(ecr, lab).check("no-severe-findings")
    read = card_of(ecr, lab, read_indexes=True).check("no-severe-findings")

    assert ("NOT_KNOWN", "FAIL") == (unread.outcome.name, read.outcome.name)
    assert "`payments/api:1.0` is an index, and which images it holds was not read." == unread.reason


def test_signature_and_sbom_are_found_as_referrers(ecr, lab):
    """A signature and a bill of materials that refer to the newest image count, whoever attached them."""
    push(ecr, lab)
    assert ["FAIL", "FAIL"] == [outcome(card_of(ecr, lab), code) for code in ("signed", "sbom-attached")]

    now = lab.clock.now()
    signer = signatures.authority("Payments", since=now).issue("build", since=now)
    registry.push(ecr, signatures.sign(CLEAN, signer, signed_at=now), NAME)
    kind = "application/vnd.cyclonedx+json"
    registry.push(ecr, oci.artifact(CLEAN, kind, {"bomFormat": "CycloneDX"}, media_type=kind), NAME)

    card = card_of(ecr, lab)
    assert ["PASS", "PASS"] == [outcome(card, code) for code in ("signed", "sbom-attached")]
    assert (
        "`payments/api:1.0` has a signature; whether to trust it, only a verification says."
        == card.check("signed").reason
    )


def test_another_artifact_is_neither(ecr, lab):
    """A test report that refers to the image is no signature and no bill of materials."""
    push(ecr, lab)
    kind = "application/vnd.example.report+json"
    registry.push(ecr, oci.artifact(CLEAN, kind, {"passed": 12}, media_type=kind), NAME)

    assert ["FAIL", "FAIL"] == [outcome(card_of(ecr, lab), code) for code in ("signed", "sbom-attached")]


def lifecycle(ecr, *, number, tag_status="any", description="", **selection):
    """Set a lifecycle policy of one rule."""
    selected = {"tagStatus": tag_status, "countType": "imageCountMoreThan", "countNumber": number} | selection
    rule = {"rulePriority": 1, "description": description, "selection": selected, "action": {"type": "expire"}}
    ecr.put_lifecycle_policy(repositoryName=NAME, lifecyclePolicyText=json.dumps({"rules": [rule]}))


def test_a_lifecycle_policy_that_takes_the_newest_image(ecr, lab):
    """A rule whose next run takes the newest image is a danger, and the card says which rule and why."""
    push(ecr, lab)
    lifecycle(ecr, number=1, countType="sinceImagePushed", countUnit="days")
    security_now = lab.clock.now() + timedelta(days=2)

    check = security.report_card(ecr, NAME, now=security_now).check("lifecycle-safe")

    assert "FAIL" == check.outcome.name
    assert (
        "The newest image, `1.0`, goes with the next run: 2 days old; rule 1 expires it after more than 1 day "
        "(whatever its tags)." == check.reason
    )


def test_a_lifecycle_policy_that_takes_what_is_in_use(ecr, lab):
    """Whoever says which images are in use is told if a rule takes one."""
    for number, image in enumerate((OLD, CLEAN)):
        push(ecr, lab, image, f"1.{number}")
    lifecycle(ecr, number=1)

    check = card_of(ecr, lab, in_use={"1.0": "the ECS service payments"}).check("lifecycle-safe")

    assert "FAIL" == check.outcome.name
    assert check.reason.startswith("Rule 1 expires `1.0` with its next run: the ECS service payments uses it")


def test_a_lifecycle_policy_that_says_what_it_does(ecr, lab):
    """A rule that keeps some images is fine; one that describes another number is not."""
    push(ecr, lab)
    lifecycle(ecr, number=5, description="keep 5")
    assert "PASS" == outcome(card_of(ecr, lab), "lifecycle-safe")

    lifecycle(ecr, number=5, description="keep 50")
    assert "FAIL" == outcome(card_of(ecr, lab), "lifecycle-safe")


def test_stale_images(ecr, lab):
    """A tagged image that nobody pushed or pulled for 90 days is stale; a pull makes it fresh again."""
    push(ecr, lab)
    lab.clock.advance(days=89)
    assert "PASS" == outcome(card_of(ecr, lab), "no-stale-images")
    lab.clock.advance(days=2)
    check = card_of(ecr, lab).check("no-stale-images")
    assert (
        "1 of 1 tagged images were neither pushed nor pulled for 90 days, such as `1.0` of 2026-11-02." == check.reason
    )

    registry.pull(ecr, NAME, "1.0")

    assert "PASS" == outcome(card_of(ecr, lab), "no-stale-images")


def test_untagged_images_pile_up(ecr, lab):
    """Images that lost their tag and stay for more than two weeks fail, unless a lifecycle rule looks at them."""
    push(ecr, lab, OLD, "latest")
    push(ecr, lab, CLEAN, "latest")
    assert "PASS" == outcome(card_of(ecr, lab), "untagged-kept-down")
    lab.clock.advance(days=15)
    check = card_of(ecr, lab).check("untagged-kept-down")
    assert ("FAIL", "1 untagged images are older than 14 days, and no lifecycle rule takes them.") == (
        check.outcome.name,
        check.reason,
    )

    lifecycle(ecr, number=100, tag_status="untagged")

    assert "PASS" == outcome(card_of(ecr, lab), "untagged-kept-down")


def test_children_of_an_index_are_not_taken_for_rubbish(ecr, lab):
    """Images without a tag may belong to an index; unless it was read, that is not known."""
    push(ecr, lab, recipes.multi_platform("debian-12-rebuilt"), "1.0")
    lab.clock.advance(days=15)

    cards = card_of(ecr, lab), card_of(ecr, lab, read_indexes=True)

    assert ["NOT_KNOWN", "PASS"] == [outcome(card, "untagged-kept-down") for card in cards]


def test_pinned_references(ecr, lab):
    """Workloads should name digests: a tag among the references fails, with the call that gives the digest."""
    push(ecr, lab)
    by_tag, by_digest = f"{HOST}/{NAME}:1.0", f"{HOST}/{NAME}@{CLEAN.digest}"
    elsewhere = f"{HOST}/payments/web:2.0"

    failed = card_of(ecr, lab, references=[by_digest, by_tag, elsewhere]).check("pinned-by-digest")
    assert f"`{by_tag}` names a tag, and 1 of 2 reference(s) do." == failed.reason
    assert by_digest == str(eval(failed.call, {"ecr": ecr, "security": security}))
    assert "PASS" == outcome(card_of(ecr, lab, references=[by_digest, elsewhere]), "pinned-by-digest")
    assert "NOT_APPLICABLE" == outcome(card_of(ecr, lab, references=[elsewhere]), "pinned-by-digest")


def test_an_own_key_is_a_matter_of_taste(ecr, lab):
    """AES256 is fine unless an own key is wanted; then it fails, and weighs."""
    plain, wanted = card_of(ecr, lab).check("encryption"), card_of(ecr, lab, own_key=True).check("encryption")

    assert (("PASS", 0), ("FAIL", 1)) == ((plain.outcome.name, plain.weight), (wanted.outcome.name, wanted.weight))


def test_a_policy_with_another_fault(ecr, lab):
    """What access.lint would point at fails under policy-sound; who is trusted can be said."""
    statement = {"Effect": "Allow", "Principal": {"AWS": "444455556666"}, "Action": "ecr:BatchGetImage"}
    text = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    ecr.set_repository_policy(repositoryName=NAME, policyText=text)

    assert "FAIL" == outcome(card_of(ecr, lab), "policy-sound")
    assert "PASS" == outcome(card_of(ecr, lab), "no-public-access")


def signer_profile(lab):
    """Make a signing profile; return its ARN."""
    made = lab.client("signer").put_signing_profile(profileName="release", platformId="Notation-OCI-SHA384-ECDSA")
    return made["arn"]


def test_mending_the_signing_keeps_the_rules_that_are_there(ecr, lab):
    """PutSigningConfiguration replaces everything, so the call on the card repeats what must stay."""
    profile = signer_profile(lab)
    others = {
        "signingProfileArn": profile,
        "repositoryFilters": [{"filter": "prod-*", "filterType": "WILDCARD_MATCH"}],
    }
    ecr.put_signing_configuration(signingConfiguration={"rules": [others]})
    push(ecr, lab)
    call = card_of(ecr, lab).check("signed").call

    eval(call.replace("<ARN of your profile>", profile), {"ecr": ecr})

    rules = ecr.get_signing_configuration()["signingConfiguration"]["rules"]
    assert ["prod-*", NAME] == [rule["repositoryFilters"][0]["filter"] for rule in rules]
    check = card_of(ecr, lab).check("signed")
    assert ("push the image again: a signing rule covers this repository by now", "") == (check.fix, check.call)


def test_from_red_to_green(ecr, lab):
    """Everything that the card asks for, done as it says, leads to a card without a fault and 100 of 100."""
    make_public(ecr, lab)
    push(ecr, lab, OLD, "1.0")
    first = card_of(ecr, lab)
    assert first.score < 25
    for check in first.failures:
        if check.code not in ("no-severe-findings", "sbom-attached"):
            eval(check.call.replace("<ARN of your profile>", signer_profile(lab)), {"ecr": ecr})

    push(ecr, lab, CLEAN, "1.1")
    names = {"ecr": ecr, "registry": registry, "oci": oci, "scan": scan, "image": CLEAN}
    eval(card_of(ecr, lab).check("sbom-attached").call, names)

    card = card_of(ecr, lab, references=[str(security.pinned(ecr, f"{NAME}:1.1"))])
    assert card.calls() is None
    assert (100, True, "✓ Report card of payments/api") == (card.score, card.green, str(card).splitlines()[0])
    assert {"PASS"} == {check.outcome.name for check in card.checks}


# --- the whole account ------------------------------------------------------------------------------------------------


def test_an_account(ecr, lab):
    """Without a name every repository is judged, and the registry; part and whole agree."""
    ecr.create_repository(repositoryName="payments/web", imageTagMutability="IMMUTABLE")

    whole = security.report_card(ecr, now=lab.clock.now())

    assert ("registry", NAME, "payments/web") == whole.subjects
    assert {"registry-scanning", "registry-policy"} == {check.code for check in whole.of("registry").checks}
    assert card_of(ecr, lab).checks == whole.of(NAME).checks
    assert set(security.CHECKS) == {check.code for check in whole.checks}
    table = str(whole)
    assert "✗ fail   payments/web" in table


def test_mending_the_registry(ecr, lab):
    """The registry's own scanning check names the call that covers every repository."""
    before = security.report_card(ecr, now=lab.clock.now()).check("registry-scanning")
    assert ("FAIL", "The registry has no scanning rule.") == (before.outcome.name, before.reason)

    eval(before.call, {"ecr": ecr})

    after = security.report_card(ecr, now=lab.clock.now())
    assert "Basic scanning, for `*`." == after.check("registry-scanning").reason
    assert "PASS" == after.check("scanning-on", NAME).outcome.name


def test_a_registry_policy_is_judged(ecr, lab):
    """A registry policy that grants everything is a fault, since it is asked on every request."""
    arn = "arn:aws:ecr:us-east-1:111122223333:repository/*"
    statement = {
        "Sid": "All",
        "Effect": "Allow",
        "Principal": {"AWS": "444455556666"},
        "Action": "ecr:*",
        "Resource": arn,
    }
    ecr.put_registry_policy(policyText=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))

    check = security.report_card(ecr, now=lab.clock.now()).check("registry-policy")

    assert "FAIL" == check.outcome.name


# --- it reads, and only reads -----------------------------------------------------------------------------------------

READING = ("Describe", "Get", "List", "BatchGet")


def test_only_calls_that_read_are_made(ecr, lab, called):
    """Every operation that any part of security calls is one that changes nothing; their names are a closed list."""
    scan_on_push(ecr)
    push(ecr, lab, OLD, "1.0")
    push(ecr, lab, recipes.multi_platform("debian-12-2023"), "1.1")
    called.clear()

    security.report_card(ecr, now=lab.clock.now(), read_indexes=True)
    security.findings(ecr, NAME, "1.0")
    security.trend(ecr, NAME)
    security.origins(ecr, [f"{NAME}:1.0"])
    security.pinned(ecr, f"{NAME}:1.0")

    from ecrlab.security.reading import OPERATIONS

    assert set() == set(called) - OPERATIONS
    assert [] == [name for name in OPERATIONS if not name.startswith(READING)]
    assert set() == OPERATIONS - set(get_session().get_service_model("ecr").operation_names)


def test_no_module_calls_around_the_list():
    """No module of security but the reading one touches a client's methods."""
    folder = Path(security.__file__).parent
    found = [path.name for path in folder.glob("*.py") if "getattr(self._client" in path.read_text("utf-8")]
    assert ["reading.py"] == found


# --- permissions ------------------------------------------------------------------------------------------------------


def policy(*statements):
    """Write a policy document: effect and action of each statement."""
    listed = [{"Effect": effect, "Action": action, "Resource": "*"} for effect, action in statements]
    return {"Version": "2012-10-17", "Statement": listed}


DENIED = {  # action that is denied -> the checks that are not known then
    "ecr:DescribeRepositories": {"tags-immutable", "encryption"},
    "ecr:BatchGetRepositoryScanningConfiguration": {"scanning-on"},
    "ecr:GetRepositoryPolicy": {"no-public-access", "policy-sound"},
    "ecr:GetLifecyclePolicy": {"lifecycle-present", "lifecycle-safe"},
    "ecr:DescribeImages": {
        "no-severe-findings",
        "signed",
        "sbom-attached",
        "lifecycle-safe",
        "no-stale-images",
        "untagged-kept-down",
    },
    "ecr:DescribeImageScanFindings": {"no-severe-findings"},
    "ecr:BatchGetImage": {"signed", "sbom-attached"},
    "ecr:GetRegistryScanningConfiguration": set(),
}


@pytest.mark.parametrize(("action", "unknown"), DENIED.items(), ids=DENIED)
def test_a_permission_that_is_missing(ecr, lab, auditor, action, unknown):
    """What may not be read is not known: the card names the action to ask for, and judges the rest."""
    scan_on_push(ecr)
    push(ecr, lab)
    lifecycle(ecr, number=5)

    with lab.act_as(auditor(policy(("Allow", "ecr:*"), ("Deny", action)))):
        card = card_of(ecr, lab)

    assert unknown == {check.code for check in card.unknowns}
    for check in card.unknowns:
        assert f"AWS does not let this caller use `{action}`." == check.reason
        assert f"ask for `{action}` in an identity policy" == check.fix


def test_without_the_list_of_repositories(ecr, lab, auditor):
    """If the repositories may not be listed, the card of the account says so and judges the registry."""
    with lab.act_as(auditor(policy(("Allow", "ecr:GetRegistry*")))):
        card = security.report_card(ecr, now=lab.clock.now())

    assert ["registry-scanning", "registry-policy", "repositories-listed"] == [check.code for check in card.checks]
    assert "NOT_KNOWN" == outcome(card, "repositories-listed")


def test_with_nothing_but_silence(ecr, lab, auditor):
    """A caller who may do nothing gets a card without a score, and no crash."""
    with lab.act_as(auditor(policy(("Deny", "*")))):
        card = card_of(ecr, lab)

    assert (None, False, ()) == (card.score, card.green, card.failures)
    assert "no score: nothing could be judged" in str(card)


# --- how it looks, and what it refuses --------------------------------------------------------------------------------


def test_how_a_card_looks(ecr, lab):
    """Every outcome is a sign and a word; text, Markdown, HTML and JSON say the same."""
    card = card_of(ecr, lab)

    assert "✗ Report card of payments/api" == str(card).splitlines()[0]
    assert "✗ fail            tags-immutable" in str(card)
    assert "      ecr.put_image_tag_mutability(repositoryName='payments/api', imageTagMutability='IMMUTABLE')" in str(
        card
    )
    assert all(word in card._repr_html_() for word in ("✗ fail", "✓ pass", "– not applicable"))
    assert "| ✗ fail | tags-immutable |" in card._repr_markdown_()
    for form in (card._repr_html_(), card._repr_markdown_()):
        assert "What mends it" in form
        assert "# tags-immutable\necr.put_image_tag_mutability(repositoryName='payments/api'" in form
    told = json.loads(card.to_json())
    assert (card.score, len(card.checks)) == (told["score"], len(told["checks"]))
    assert "<ReportCard of payments/api: 50 of 100, 3 failed>" == repr(card)


WRONG = {  # id: (arguments, error, message)
    "no such repository": (
        {"repository": "payments/ap"},
        RegistryError,
        "report card of payments/ap: there is no repository 'payments/ap' in this registry "
        "(RepositoryNotFoundException from DescribeRepositories); create it with "
        "ecr.create_repository(repositoryName='payments/ap'), or check region and account",
    ),
    "a name that is none": (
        {"repository": "Payments"},
        InvalidInput,
        "repository 'Payments': capitals are not allowed and it has 'P'; try 'payments'",
    ),
    "a moment without a timezone": (
        {"now": date(2026, 11, 2)},
        InvalidInput,
        "report_card: now=datetime.date(2026, 11, 2) is no moment with a timezone; hand over lab.clock.now()",
    ),
    "no such severity": (
        {"fail_on": "BAD"},
        InvalidInput,
        "report_card(fail_on=…): 'BAD' is no severity; take one of CRITICAL, HIGH, MEDIUM, LOW, INFORMATIONAL, "
        "UNDEFINED",
    ),
    "a reference without a registry": (
        {"references": ["payments/api:1.0"]},
        InvalidInput,
        "image reference 'payments/api:1.0': there is no registry host before the first '/', so clients would ask "
        "Docker Hub; put <account>.dkr.ecr.<region>.amazonaws.com/ in front",
    ),
}


@pytest.mark.parametrize(("arguments", "error", "message"), WRONG.values(), ids=WRONG)
def test_what_a_report_card_does_not_take(ecr, lab, arguments, error, message):
    """Each wrong argument gets its own line: place, fact, way out."""
    with pytest.raises(error) as refused:
        security.report_card(ecr, **{"repository": NAME, "now": lab.clock.now(), **arguments})

    assert message == str(refused.value)


def test_asking_a_card_for_what_it_does_not_say():
    """A card without checks has no score, and says what is missing when asked for it."""
    card = ReportCard(NAME, ())

    assert (None, True) == (card.score, card.green)
    with pytest.raises(InvalidInput) as refused:
        card.check("signed")
    assert "report card of payments/api: there is no check 'signed'; see its checks, and name the subject" == str(
        refused.value
    )
    with pytest.raises(InvalidInput) as refused:
        card.of("payments/web")
    assert "report card of payments/api: it says nothing of 'payments/web'; see its subjects" == str(refused.value)
