"""The stand-in for AWS Signer in a lab: an authority that signs on behalf of signing profiles.

root, for a hundred years ──► one authority for each region ──► a new key every week

Its keys follow from what anybody can read here, so a signature of it proves nothing outside a lab. On AWS the root
certificate is downloaded from the documentation of AWS Signer, and the keys have never left the service.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache

from ecrlab.signatures.certificate import Certificate
from ecrlab.signatures.keys import Authority, Signer, authority

__all__ = ["lab_signer", "lab_signer_root"]

_SINCE = datetime(2020, 1, 1, tzinfo=UTC)
_CENTURY = 36_525  # days
_WEEK = timedelta(days=7)
_OVERLAP = 1  # day by which a key outlives its week


def lab_signer_root() -> Certificate:
    """Return the certificate to trust as a signing authority: ``trust(signing_authorities=[lab_signer_root()])``."""
    return _region("").root


def lab_signer(region: str, at: datetime) -> Signer:
    """Return the key that AWS Signer's stand-in signs with in a region at a time (timezone-aware)."""
    week = (at - _SINCE) // _WEEK
    return _region(region).issue("Lab Signer key", since=_SINCE + week * _WEEK, days=_WEEK.days + _OVERLAP)


@lru_cache(maxsize=64)
def _region(region: str) -> Authority:
    root = authority("Lab Signer", since=_SINCE, days=_CENTURY, seed="lab signer")
    return root.subordinate(f"Lab Signer {region}", since=_SINCE, days=_CENTURY) if region else root
