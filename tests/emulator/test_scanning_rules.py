"""Which repositories are scanned, and how often: the registry's rules, their filters, and what is refused."""

from __future__ import annotations

import json
import re
from itertools import permutations
from pathlib import Path

import pytest
from client_world import refusal
from ecrlab.emulator.errors import EcrError
from ecrlab.emulator.model import checked
from hypothesis import given, settings
from hypothesis import strategies as st
from scanning_world import rule

FILTERS = json.loads((Path(__file__).parent / "scanning_filters.json").read_text("utf-8"))["cases"]
ACTING = {name: case for name, case in FILTERS.items() if not case.get("refused")}


def ways(ecr, *names: str) -> dict[str, tuple[str, list[str]]]:
    """Return frequency and applied filters of repositories."""
    answer = ecr.batch_get_repository_scanning_configuration(repositoryNames=list(names))
    return {
        each["repositoryName"]: (each["scanFrequency"], [item["filter"] for item in each["appliedScanFilters"]])
        for each in answer["scanningConfigurations"]
    }


@pytest.mark.parametrize("case", ACTING.values(), ids=ACTING)
def test_a_filter_covers(case, ecr):
    """As the table of the User Guide has it: without a star it is found anywhere in the name."""
    names = [*case["covers"], *case["leaves"]]
    for name in set(names) - {"team/api"}:
        ecr.create_repository(repositoryName=name)
    ecr.put_registry_scanning_configuration(scanType="BASIC", rules=[rule("SCAN_ON_PUSH", case["filter"])])
    expected = {name: ("SCAN_ON_PUSH", [case["filter"]]) for name in case["covers"]}
    expected |= {name: ("MANUAL", []) for name in case["leaves"]}
    assert expected == ways(ecr, *names)


@pytest.mark.parametrize("order", list(permutations(("SCAN_ON_PUSH", "CONTINUOUS_SCAN"))), ids=" then ".join)
def test_continuous_wins(order, ecr):
    """Where filters of both frequencies match, in whichever order they stand."""
    ecr.create_repository(repositoryName="team/web")
    filters = {"SCAN_ON_PUSH": ("*", "team/*"), "CONTINUOUS_SCAN": ("api",)}
    ecr.put_registry_scanning_configuration(scanType="ENHANCED", rules=[rule(each, *filters[each]) for each in order])
    expected = {"team/api": ("CONTINUOUS_SCAN", ["api"]), "team/web": ("SCAN_ON_PUSH", ["team/*"])}
    assert expected == ways(ecr, "team/api", "team/web")


def test_nothing_is_scanned_by_itself_at_first(ecr):
    """Basic scanning without rules: manual."""
    configuration = ecr.get_registry_scanning_configuration()
    assert ("123456789012", {"scanType": "BASIC", "rules": []}) == (
        configuration["registryId"],
        configuration["scanningConfiguration"],
    )
    assert {"team/api": ("MANUAL", [])} == ways(ecr, "team/api")


def test_rules_are_given_back(ecr):
    """By the call that puts them and by the one that gets them; a type that is not named stays."""
    rules = [rule("CONTINUOUS_SCAN", "prod"), rule("SCAN_ON_PUSH", "*")]
    put = ecr.put_registry_scanning_configuration(scanType="ENHANCED", rules=rules)
    expected = {"scanType": "ENHANCED", "rules": rules}
    assert expected == put["registryScanningConfiguration"]
    assert expected == ecr.get_registry_scanning_configuration()["scanningConfiguration"]
    ecr.put_registry_scanning_configuration(rules=[])
    assert {"scanType": "ENHANCED", "rules": []} == ecr.get_registry_scanning_configuration()["scanningConfiguration"]


def test_the_repositorys_own_setting_counts_in_basic_scanning(ecr):
    """Until a rule of the registry says something, or enhanced scanning takes over."""
    answer = ecr.put_image_scanning_configuration(
        repositoryName="team/api", imageScanningConfiguration={"scanOnPush": True}
    )
    assert {"scanOnPush": True} == answer["imageScanningConfiguration"]
    assert {"team/api": ("SCAN_ON_PUSH", [])} == ways(ecr, "team/api")
    (configuration,) = ecr.batch_get_repository_scanning_configuration(repositoryNames=["team/api"])[
        "scanningConfigurations"
    ]
    assert configuration["scanOnPush"]
    ecr.put_registry_scanning_configuration(scanType="ENHANCED", rules=[])
    assert {"team/api": ("MANUAL", [])} == ways(ecr, "team/api")


def test_a_repository_that_is_not_there_is_a_failure(ecr):
    """BatchGetRepositoryScanningConfiguration answers for the others all the same."""
    answer = ecr.batch_get_repository_scanning_configuration(repositoryNames=["team/none", "team/api"])
    failure = {
        "repositoryName": "team/none",
        "failureCode": "REPOSITORY_NOT_FOUND",
        "failureReason": "REPOSITORY_NOT_FOUND",
    }
    assert ([failure], 1) == (answer["failures"], len(answer["scanningConfigurations"]))


PATTERN = r"^[a-z0-9*](?:[._\-/a-z0-9*]?[a-z0-9*]+)*$"
REFUSED = {  # id: (parameters, where, why)
    "three rules": (
        {"rules": [rule("SCAN_ON_PUSH", "a")] * 3},
        "rules",
        "Member must have length less than or equal to 2",
    ),
    "101 filters": (
        {"rules": [rule("SCAN_ON_PUSH", *(f"team-{number}" for number in range(101)))]},
        "rules.1.member.repositoryFilters",
        "Member must have length less than or equal to 100",
    ),
    "a filter that ends with a slash": (
        {"rules": [rule("SCAN_ON_PUSH", FILTERS["a namespace without a star is found anywhere"]["filter"])]},
        "rules.1.member.repositoryFilters.1.member.filter",
        f"must satisfy regular expression '{PATTERN}'",
    ),
    "a filter with capitals": (
        {"rules": [rule("SCAN_ON_PUSH", "ok", "Prod")]},
        "rules.1.member.repositoryFilters.2.member.filter",
        f"must satisfy regular expression '{PATTERN}'",
    ),
    "a filter of 255 characters, the last a capital": (
        {"rules": [rule("SCAN_ON_PUSH", "a" * 254 + "A")]},
        "rules.1.member.repositoryFilters.1.member.filter",
        f"must satisfy regular expression '{PATTERN}'",
    ),
    "a filter of 256 characters": (
        {"rules": [rule("SCAN_ON_PUSH", "a" * 256)]},
        "rules.1.member.repositoryFilters.1.member.filter",
        "Member must have length less than or equal to 255",
    ),
    "a type that is none": (
        {"scanType": "THOROUGH"},
        "scanType",
        "Member must satisfy enum value set: [BASIC, ENHANCED]",
    ),
    "a frequency that is none": (
        {"rules": [rule("HOURLY", "a")]},
        "rules.1.member.scanFrequency",
        "Member must satisfy enum value set: [SCAN_ON_PUSH, CONTINUOUS_SCAN, MANUAL]",
    ),
    "continuous and basic": (
        {"scanType": "BASIC", "rules": [rule("SCAN_ON_PUSH", "a"), rule("CONTINUOUS_SCAN", "b")]},
        "rules.2.member.scanFrequency",
        "scanFrequency CONTINUOUS_SCAN is not supported when scanType is set as BASIC",
    ),
    "continuous, and basic as before": (
        {"rules": [rule("CONTINUOUS_SCAN", "b")]},
        "rules.1.member.scanFrequency",
        "scanFrequency CONTINUOUS_SCAN is not supported when scanType is set as BASIC",
    ),
    "manual and enhanced": (
        {"scanType": "ENHANCED", "rules": [rule("MANUAL", "a")]},
        "rules.1.member.scanFrequency",
        "scanFrequency MANUAL is not supported when scanType is set as ENHANCED",
    ),
}


@pytest.mark.parametrize(("parameters", "where", "why"), REFUSED.values(), ids=REFUSED)
def test_error_a_configuration_that_is_none(parameters, where, why, ecr):
    """InvalidParameterException names the member; the rules stay as they were."""
    before = ecr.get_registry_scanning_configuration()["scanningConfiguration"]
    code, message = refusal(ecr.put_registry_scanning_configuration, **parameters)
    expected = f"Invalid parameter at '{where}' failed to satisfy constraint: '{why}'"
    assert ("InvalidParameterException", expected) == (code, message)
    assert before == ecr.get_registry_scanning_configuration()["scanningConfiguration"]


@settings(max_examples=500)
@given(st.text("ab*./-_A ", max_size=9))
def test_the_pattern_for_filters_is_read_as_it_stands(text):
    """Python's engine would take minutes for a capital at the end of 30 letters; what we match instead is the same."""
    parameters = {"rules": [rule("SCAN_ON_PUSH", text)]}
    try:
        checked("PutRegistryScanningConfiguration", parameters, limits=True)
        is_taken = True
    except EcrError:
        is_taken = False
    assert (re.fullmatch(PATTERN, text) is not None) == is_taken
