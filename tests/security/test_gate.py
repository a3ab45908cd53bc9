"""The severity gate: what fails a build, what somebody decided to live with, and until when."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from ecrlab import scan, security
from ecrlab.errors import InvalidInput
from ecrlab.oci import recipes
from ecrlab.security import Finding, Findings, Ignore, VulnerablePackage
from hypothesis import given
from hypothesis import strategies as st

NOW = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
CURL = "CVE-2023-38545"
DIGEST = "sha256:" + "5e" * 32


def found(*pairs, status="COMPLETE"):
    """Return findings of an image, one for each severity and package; a package ``name!`` has no fixed version."""
    entries = [
        Finding(f"CVE-{number}", severity, (VulnerablePackage(name.rstrip("!"), "1", None if "!" in name else "2"),))
        for number, (severity, name) in enumerate(pairs)
    ]
    return Findings("payments/api:1.0", DIGEST, status, tuple(entries))


THRESHOLDS = {  # severity of the only finding -> whether each threshold stops it, the worst first
    "CRITICAL": "yyyyyy",
    "HIGH": "nyyyyy",
    "MEDIUM": "nnyyyy",
    "LOW": "nnnyyy",
    "INFORMATIONAL": "nnnnyy",
    "UNDEFINED": "nnnnny",
}


@pytest.mark.parametrize(("severity", "stopped"), THRESHOLDS.items(), ids=THRESHOLDS)
def test_the_threshold_and_what_is_worse(severity, stopped):
    """A finding stops the build if it is as bad as the threshold, or worse; one that nobody rated is the least bad."""
    verdicts = [security.gate(found((severity, "curl")), fail_on=threshold) for threshold in security.SEVERITIES]

    assert stopped == "".join("n" if verdict.passed else "y" for verdict in verdicts)
    assert [int(letter == "y") for letter in stopped] == [verdict.exit_code for verdict in verdicts]


@given(st.lists(st.sampled_from(security.SEVERITIES)), st.sampled_from(security.SEVERITIES))
def test_every_finding_is_accounted_for(severities, threshold):
    """Blocking and below together are all findings, and the gate passes exactly if none blocks."""
    verdict = security.gate(found(*((severity, "curl") for severity in severities)), fail_on=threshold)

    assert len(severities) == len(verdict.blocking) + sum(number for _, number in verdict.below)
    assert verdict.passed == (not verdict.blocking)


def test_what_was_not_scanned_does_not_pass():
    """No findings without a scan prove nothing: the gate stays shut and says why."""
    verdict = security.gate(found(status="NOT_SCANNED"))

    assert (False, 1) == (verdict.passed, verdict.exit_code)
    assert verdict.reasons[0].startswith("NOT_SCANNED: nobody has scanned it")


def test_the_reasons_of_a_failure():
    """Each finding in the way is named with what mends it; the others are counted."""
    report = security.from_report(scan.scan(recipes.lab_image("debian-12-2023")), image="payments/api:1.0")

    verdict = security.gate(report)

    assert (
        "CRITICAL CVE-2023-38545 in curl, libcurl4 is fixed in curl 7.88.1-10+deb12u4, libcurl4 7.88.1-10+deb12u4.",
        "Below the threshold: 3 HIGH, 1 UNDEFINED.",
    ) == verdict.reasons


UNTIL = {  # last day -> whether the build may go on at NOW
    "the day before": (date(2026, 11, 1), False),
    "the very day": (date(2026, 11, 2), True),
    "the day after": (date(2026, 11, 3), True),
}


@pytest.mark.parametrize(("until", "passes"), UNTIL.values(), ids=UNTIL)
def test_a_decision_to_live_with_it_has_a_last_day(until, passes):
    """An ignored finding lets the build pass up to and including its last day, and stops it afterwards."""
    decision = Ignore("CVE-0", "nothing here calls it", until=until)

    verdict = security.gate(found(("CRITICAL", "curl")), ignore=[decision], now=NOW)

    assert passes == verdict.passed
    assert ((decision,) if not passes else ()) == verdict.expired
    word = "is ignored until 2026-11" if passes else "ended on 2026-11-01"
    assert any(word in reason for reason in verdict.reasons)


def test_a_decision_can_be_about_one_package():
    """The same vulnerability in another package stays in the way."""
    both = found(("CRITICAL", "curl"), ("CRITICAL", "git"))
    decision = Ignore("CVE-0", "only used at build time", date(2026, 12, 31), package="curl")

    assert ("CVE-1",) == tuple(f.vulnerability for f in security.gate(both, ignore=[decision], now=NOW).blocking)
    other = Ignore("CVE-0", "only used at build time", date(2026, 12, 31), package="git")
    assert 2 == len(security.gate(both, ignore=[other], now=NOW).blocking)


def test_a_decision_about_nothing_is_to_be_dropped():
    """What is ignored and not there any more is said, so that the list does not grow for ever."""
    decision = Ignore("CVE-2014-6271", "no shell is reachable", date(2026, 12, 31))

    verdict = security.gate(found(("LOW", "curl")), ignore=[decision], now=NOW)

    assert (True, (decision,)) == (verdict.passed, verdict.unused)
    assert "The decision about CVE-2014-6271 is about nothing here: drop it." in verdict.reasons


def test_findings_without_a_fix_can_be_let_through():
    """With only_fixable a finding that nobody can mend does not stop the build, and is still told."""
    image = found(("CRITICAL", "curl!"), ("LOW", "git"))

    assert not security.gate(image).passed
    verdict = security.gate(image, only_fixable=True)

    assert (True, 1) == (verdict.passed, len(verdict.unfixable))
    assert "CRITICAL CVE-0 in curl is let through: no fixed version is named." in verdict.reasons


def test_how_a_gate_looks():
    """The verdict is a word beside its sign; what is in the way stands in a table."""
    failed = security.gate(found(("CRITICAL", "curl")))
    passed = security.gate(found(("LOW", "curl")))

    assert "✗ Severity gate failed" == str(failed).splitlines()[0]
    assert "CRITICAL  CVE-0          curl     curl 2" == str(failed).splitlines()[-1]
    assert "✓ Severity gate passed" == str(passed).splitlines()[0]
    assert "Nothing at CRITICAL or above stands in the way." in str(passed)
    assert "<Gate on payments/api:1.0: failed, 1 in the way>" == repr(failed)


WRONG = {  # id: (what is done, message)
    "no such severity": (
        lambda: security.gate(found(), fail_on="SEVERE"),
        "gate(fail_on=…): 'SEVERE' is no severity; take one of CRITICAL, HIGH, MEDIUM, LOW, INFORMATIONAL, UNDEFINED",
    ),
    "a severity that is no text": (
        lambda: security.gate(found(), fail_on=9.8),
        "gate(fail_on=…): 9.8 is no severity; take one of CRITICAL, HIGH, MEDIUM, LOW, INFORMATIONAL, UNDEFINED",
    ),
    "ignore without now": (
        lambda: security.gate(found(), ignore=[Ignore("CVE-0", "why", date(2026, 12, 31))]),
        "gate: ignore comes without now; say for which moment: now=lab.clock.now()",
    ),
    "a bare id": (
        lambda: security.gate(found(), ignore=["CVE-0"], now=NOW),
        "gate(ignore=…): 'CVE-0' has neither reason nor last day; write security.Ignore('CVE-2024-2961', 'why it is "
        "bearable', until=date(2026, 12, 31))",
    ),
    "only what can be mended, by a scan that does not say": (
        lambda: security.gate(Findings("payments/api:1.0", DIGEST, "COMPLETE", kind="basic"), only_fixable=True),
        "gate: only_fixable would let everything through, for a basic scan names no fixed versions; leave it out, or "
        "scan with enhanced scanning",
    ),
    "no reason": (
        lambda: Ignore("CVE-0", "  ", date(2026, 12, 31)),
        "Ignore('CVE-0'): there is no reason; say why it is bearable: somebody will ask",
    ),
    "no vulnerability": (
        lambda: Ignore("", "why", date(2026, 12, 31)),
        "Ignore(''): it names no vulnerability; write e.g. 'CVE-2024-2961'",
    ),
    "a moment for a day": (
        lambda: Ignore("CVE-0", "why", NOW),
        "Ignore('CVE-0'): until=datetime.datetime(2026, 11, 2, 9, 0, tzinfo=datetime.timezone.utc) is no date; write "
        "date(2026, 12, 31)",
    ),
}


@pytest.mark.parametrize(("wrong", "message"), WRONG.values(), ids=WRONG)
def test_what_a_gate_does_not_take(wrong, message):
    """Each wrong argument gets its own line: place, fact, way out."""
    with pytest.raises(InvalidInput) as refused:
        wrong()

    assert message == str(refused.value)


def test_a_severity_may_be_written_in_small_letters():
    """``fail_on="high"`` is HIGH."""
    assert "HIGH" == security.gate(found(), fail_on="high").fail_on
