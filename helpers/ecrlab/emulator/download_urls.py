"""The addresses from which layers are fetched: made, and checked when somebody comes with one.

On AWS this is a pre-signed address of an S3 bucket that ECR owns. Ours looks the same, depends on nothing but the
layer, its repository and the time, and is answered by the adapter while the mock is active.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlencode, urlsplit

from ecrlab.emulator.ids import derived_hex, derived_uuid
from ecrlab.emulator.state import Repository

__all__ = ["HOST", "Refusal", "Ticket", "folder_of", "redeem", "sign"]

HOST = re.compile(r"https?://prod-(?P<region>[a-z0-9-]+)-starport-layer-bucket\.s3\.(?P=region)\.amazonaws\.com")
_PATH = re.compile(r"/(?P<account>[0-9]+)-(?P<folder>[0-9a-f-]{36})/(?P<algorithm>[^:/]+):(?P<hex>[0-9a-f]+)")
_LIFETIME = timedelta(hours=1)
_STAMP = "%Y%m%dT%H%M%SZ"


@dataclass(frozen=True, slots=True)
class Ticket:
    """What a valid address gives access to; ``folder`` is that of the layer's repository in the bucket."""

    account_id: str
    region: str
    folder: str
    digest: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why an address gives access to nothing: S3's error code and message."""

    code: str
    message: str


def sign(repository: Repository, digest: str, now: datetime) -> str:
    """Return the address of a layer, valid for an hour from ``now``."""
    host = f"prod-{repository.region}-starport-layer-bucket.s3.{repository.region}.amazonaws.com"
    path = f"/{repository.registry_id}-{folder_of(repository)}/{digest}"
    date = now.astimezone(UTC).strftime(_STAMP)
    seconds = str(int(_LIFETIME.total_seconds()))
    query = {
        "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
        "X-Amz-Date": date,
        "X-Amz-SignedHeaders": "host",
        "X-Amz-Expires": seconds,
        "X-Amz-Signature": _signature(path, date, seconds),
    }
    return f"https://{host}{path}?{urlencode(query)}"


def folder_of(repository: Repository) -> str:
    """Return the name of a repository's part of the bucket."""
    return derived_uuid("layers of", repository.arn)


def redeem(method: str, url: str, now: datetime) -> Ticket | Refusal:
    """Check an address and return what it opens, or why it opens nothing."""
    parts = urlsplit(url)
    host, path = HOST.match(url), _PATH.fullmatch(parts.path)
    if host is None or path is None:
        return Refusal("NoSuchKey", "The specified key does not exist.")
    query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    date, seconds = query.get("X-Amz-Date", ""), query.get("X-Amz-Expires", "")
    # An address is signed for one method: whoever was given a GET can not PUT with it.
    if method != "GET" or query.get("X-Amz-Signature") != _signature(parts.path, date, seconds):
        return Refusal("SignatureDoesNotMatch", "The request signature we calculated does not match.")
    given_out = datetime.strptime(date, _STAMP).replace(tzinfo=UTC)
    if now >= given_out + timedelta(seconds=int(seconds)):
        return Refusal("AccessDenied", "Request has expired")
    return Ticket(path["account"], host["region"], path["folder"], f"{path['algorithm']}:{path['hex']}")


def _signature(path: str, date: str, seconds: str) -> str:
    return derived_hex("layer address", path, date, seconds)
