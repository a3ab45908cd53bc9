"""Account settings: three are known, each belongs to one account in one Region."""

from __future__ import annotations

import boto3
import pytest
from access_world import OWN, allow, client, user
from client_world import refusal

DEFAULTS = {"BASIC_SCAN_TYPE_VERSION": "AWS_NATIVE", "BLOB_MOUNTING": "DISABLED", "REGISTRY_POLICY_SCOPE": "V2"}


def value_of(ecr, name: str) -> str:
    """Read a setting."""
    return ecr.get_account_setting(name=name)["value"]


@pytest.mark.parametrize(("name", "value"), DEFAULTS.items(), ids=DEFAULTS)
def test_a_new_registry_has_a_value_for_each(ecr, name, value):
    """Nobody has to set any; blob mounting has to be switched on."""
    answer = ecr.get_account_setting(name=name)
    assert (name, value) == (answer["name"], answer["value"])


def test_a_setting_stays_as_it_was_put(ecr):
    """On, off again, and on; the answer repeats what was put."""
    for value in ("ENABLED", "DISABLED", "ENABLED"):
        answer = ecr.put_account_setting(name="BLOB_MOUNTING", value=value)
        assert ("BLOB_MOUNTING", value, value) == (answer["name"], answer["value"], value_of(ecr, "BLOB_MOUNTING"))


def test_a_setting_belongs_to_one_region(ecr):
    """As everything of a registry does."""
    ecr.put_account_setting(name="BLOB_MOUNTING", value="ENABLED")
    assert "DISABLED" == value_of(boto3.client("ecr", region_name="eu-west-1"), "BLOB_MOUNTING")


WORDS = "failed to satisfy constraint: 'Member must satisfy enum value set:"
NAMES = "[BASIC_SCAN_TYPE_VERSION, BLOB_MOUNTING, REGISTRY_POLICY_SCOPE]'"
REFUSED = {
    "an unknown setting": ("blob_mounting", "ENABLED", f"Invalid parameter at 'name' {WORDS} {NAMES}"),
    "a value of another setting": ("BLOB_MOUNTING", "V2", f"Invalid parameter at 'value' {WORDS} [DISABLED, ENABLED]'"),
    "the scanner that is gone": (
        "BASIC_SCAN_TYPE_VERSION",
        "CLAIR",
        f"Invalid parameter at 'value' {WORDS} [AWS_NATIVE]'",
    ),
    "the scope that is gone": ("REGISTRY_POLICY_SCOPE", "V1", f"Invalid parameter at 'value' {WORDS} [V2]'"),
    "a name of 65 characters": (
        "X" * 65,
        "V2",
        "Invalid parameter at 'name' failed to satisfy constraint: 'Member must have length less than or equal to 64'",
    ),
}


@pytest.mark.parametrize(("name", "value", "message"), REFUSED.values(), ids=REFUSED)
def test_other_names_and_values_are_refused(ecr, name, value, message):
    """With the values that there are, and nothing changes."""
    assert ("InvalidParameterException", message) == refusal(ecr.put_account_setting, name=name, value=value)
    assert list(DEFAULTS.values()) == [value_of(ecr, each) for each in DEFAULTS]


def test_a_policy_can_name_the_setting(ecr):
    """By the condition key ``ecr:AccountSetting``."""
    only_mounting = {"StringEquals": {"ecr:AccountSetting": "BLOB_MOUNTING"}}
    dev = client("ecr", user("dev", allow("ecr:PutAccountSetting", Condition=only_mounting)))
    dev.put_account_setting(name="BLOB_MOUNTING", value="ENABLED")
    assert (
        "AccessDeniedException",
        f"User: arn:aws:iam::{OWN}:user/dev is not authorized to perform: ecr:PutAccountSetting on resource: * "
        "because no identity-based policy allows the ecr:PutAccountSetting action",
    ) == refusal(dev.put_account_setting, name="REGISTRY_POLICY_SCOPE", value="V2")
