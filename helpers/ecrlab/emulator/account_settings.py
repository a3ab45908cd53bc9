"""Which account settings there are, and their values, the first of which holds until somebody sets another.

Source: the service model of ECR, ``PutAccountSetting``; blob mounting has to be switched on, says the ECR User Guide.
"""

from __future__ import annotations

__all__ = ["ACCOUNT_SETTINGS", "BLOB_MOUNTING", "defaults"]

BLOB_MOUNTING = "BLOB_MOUNTING"
"""Whether a push may take a layer from another repository of the registry in place of sending it."""

ACCOUNT_SETTINGS = {
    "BASIC_SCAN_TYPE_VERSION": ("AWS_NATIVE",),
    BLOB_MOUNTING: ("DISABLED", "ENABLED"),
    "REGISTRY_POLICY_SCOPE": ("V2",),
}
"""Each setting with its values."""


def defaults() -> dict[str, str]:
    """Return what a new registry has."""
    return {name: values[0] for name, values in ACCOUNT_SETTINGS.items()}
