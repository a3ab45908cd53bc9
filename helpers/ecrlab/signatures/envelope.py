"""The envelope of a signature: a payload, protected headers, a certificate chain and the signature over the first two.

{"payload": …, "protected": …, "header": {"x5c": [leaf, …, root], …}, "signature": …}      base64url without padding

Source: Notary Project specifications, signature-envelope-jws.md; RFC 7515 (JWS), flattened JSON serialization.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from ecrlab.errors import InvalidInput
from ecrlab.oci.descriptor import Descriptor
from ecrlab.oci.document import Node, canonical_json, parse_object
from ecrlab.signatures.certificate import Certificate

__all__ = ["ENVELOPE_TYPE", "PAYLOAD_TYPE", "SIGNATURE_TYPE", "Envelope", "Job", "Statement", "open_envelope", "seal"]

SIGNATURE_TYPE = "application/vnd.cncf.notary.signature"
"""The artifact type of a Notary Project signature."""
ENVELOPE_TYPE = "application/jose+json"
"""The media type of its one blob."""
PAYLOAD_TYPE = "application/vnd.cncf.notary.payload.v1+json"

_NOTARY = "io.cncf.notary."
_SCHEME, _EXPIRY = f"{_NOTARY}signingScheme", f"{_NOTARY}expiry"
_SIGNING_TIME, _AUTHENTIC_TIME = f"{_NOTARY}signingTime", f"{_NOTARY}authenticSigningTime"
_PLUGIN = f"{_NOTARY}verificationPlugin"
# The attributes of AWS Signer, and the plugin that understands them: source code of aws/aws-signer-notation-plugin.
_PROFILE, _JOB = "com.amazonaws.signer.signingProfileVersion", "com.amazonaws.signer.signingJob"
_AWS_PLUGIN = "com.amazonaws.signer.notation.plugin"
_X509, _AUTHORITY = "notary.x509", "notary.x509.signingAuthority"
_UNDERSTOOD = frozenset({_SCHEME, _EXPIRY, _AUTHENTIC_TIME, _PLUGIN, _PROFILE, _JOB})
_TIME = "%Y-%m-%dT%H:%M:%SZ"  # RFC 3339 without fractions, as the specification advises


@dataclass(frozen=True, slots=True)
class Job:
    """For whom a signing authority signed: the versioned ARN of a signing profile, and the ARN of the job."""

    profile_version: str
    job: str

    @property
    def profile(self) -> str:
        """The ARN of the profile, without its version."""
        return self.profile_version.rpartition("/")[0]


@dataclass(frozen=True, slots=True)
class Statement:
    """What is signed.

    Args:
        subject: Media type, digest and size of the image.
        signed_at: In whole seconds.
        expires_at: From when on the image should not be used any more, if the signer has an opinion.
        by_authority: Whether a signing authority signed, which vouches for the time; otherwise the signer claims it.
        job: On whose behalf the authority signed, if it is AWS Signer.
    """

    subject: Descriptor
    signed_at: datetime
    expires_at: datetime | None = None
    by_authority: bool = False
    job: Job | None = None


@dataclass(frozen=True, slots=True)
class Envelope:
    """An envelope that was opened. Nothing in it is to be believed before ``signature`` was checked over ``signed``."""

    statement: Statement
    algorithm: str
    chain: tuple[Certificate, ...]
    signed: bytes
    signature: bytes


def headers_of(statement: Statement, algorithm: str) -> dict[str, Any]:
    """Return the protected headers of a statement; what a verifier has to understand is listed under ``crit``."""
    job, by_authority = statement.job, statement.by_authority
    critical = {_SCHEME: _AUTHORITY if by_authority else _X509}
    if by_authority:
        critical |= {_AUTHENTIC_TIME: statement.signed_at.strftime(_TIME)}
    if statement.expires_at:
        critical |= {_EXPIRY: statement.expires_at.strftime(_TIME)}
    if job:
        critical |= {_PLUGIN: _AWS_PLUGIN, _PROFILE: job.profile_version, _JOB: job.job}
    claimed = {} if by_authority else {_SIGNING_TIME: statement.signed_at.strftime(_TIME)}
    return {"alg": algorithm, "cty": PAYLOAD_TYPE, "crit": list(critical), **critical, **claimed}


def payload_of(statement: Statement) -> bytes:
    """Return the bytes that say which image is meant."""
    return canonical_json({"targetArtifact": statement.subject.to_json()})


def signing_input(headers: Mapping[str, Any], payload: bytes) -> bytes:
    """Return the bytes that are signed: both parts in base64url with a full stop between them."""
    return b".".join((_encode(canonical_json(headers)), _encode(payload)))


def seal(signed: bytes, signature: bytes, chain: tuple[Certificate, ...]) -> bytes:
    """Put an envelope together."""
    protected, _, payload = signed.decode().partition(".")
    envelope = {
        "payload": payload,
        "protected": protected,
        "header": {
            "x5c": [base64.b64encode(certificate.der).decode() for certificate in chain],
            f"{_NOTARY}signingAgent": "ecrlab",
        },
        "signature": _encode(signature).decode(),
    }
    return canonical_json(envelope)


def open_envelope(data: bytes) -> Envelope:
    """Take an envelope apart, strictly: everything that has to be there is, and nothing critical is unknown.

    Raises:
        InvalidImage: At which place it is none.
    """
    outer = parse_object(data, "envelope")
    strangers = set(outer.value) - {"payload", "protected", "header", "signature"}
    if strangers:
        outer.refuse(
            f"it has {min(strangers)!r} on top", "a flattened JWS has payload, protected, header and signature"
        )
    protected, payload = _decoded(outer, "protected"), _decoded(outer, "payload")
    headers = parse_object(protected, "protected")
    _check_headers(headers)
    by_authority = headers.text(_SCHEME) == _AUTHORITY
    return Envelope(
        Statement(_target(payload), *_times(headers, by_authority), by_authority, _job(headers)),
        headers.text("alg"),
        _chain(outer.object("header")),
        f"{outer.value['protected']}.{outer.value['payload']}".encode(),
        _decoded(outer, "signature"),
    )


def _check_headers(headers: Node) -> None:
    content = headers.text("cty")
    if content != PAYLOAD_TYPE:
        headers.child("cty").refuse(f"{content!r} is no payload of the Notary Project", f"it is {PAYLOAD_TYPE!r}")
    critical = headers.child("crit")
    critical.expect(list, "a list", "write […]")
    for name in critical.value:
        if name not in _UNDERSTOOD:
            critical.refuse(f"{name!r} is critical and not understood", "verify with the plugin that it is for")
        headers.text(name)
    # A header that decides about trust and is not marked critical could be passed over by another verifier.
    for name in (_SCHEME, _AUTHENTIC_TIME, _EXPIRY):
        if headers.has(name) and name not in critical.value:
            critical.refuse(f"{name!r} is missing", "it has to be critical")
    if headers.text(_SCHEME) not in (_X509, _AUTHORITY):
        headers.child(_SCHEME).refuse(f"{headers.text(_SCHEME)!r} is no signing scheme", f"use {_X509!r}")


def _times(headers: Node, by_authority: bool) -> tuple[datetime, datetime | None]:
    right, wrong = (_AUTHENTIC_TIME, _SIGNING_TIME) if by_authority else (_SIGNING_TIME, _AUTHENTIC_TIME)
    if headers.has(wrong):
        headers.child(wrong).refuse("it belongs to the other signing scheme", f"use {right!r}")
    return _moment(headers, right), _moment(headers, _EXPIRY) if headers.has(_EXPIRY) else None


def _moment(headers: Node, name: str) -> datetime:
    text = headers.text(name)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        headers.child(name).refuse(f"{text!r} is no time", "write 2026-01-31T12:00:00Z")
    if moment.tzinfo is None:
        headers.child(name).refuse(f"{text!r} has no timezone", "write 2026-01-31T12:00:00Z")
    return moment.astimezone(UTC)


def _job(headers: Node) -> Job | None:
    """Return what AWS's plugin would look at; another plugin's part of the verification nobody here can play."""
    if not headers.has(_PLUGIN):
        return None
    if headers.text(_PLUGIN) != _AWS_PLUGIN:
        headers.child(_PLUGIN).refuse(f"{headers.text(_PLUGIN)!r} has to verify it, too", "use Notation with it")
    if headers.text(_SCHEME) != _AUTHORITY:
        headers.child(_SCHEME).refuse("AWS Signer is a signing authority", f"use {_AUTHORITY!r}")
    return Job(headers.text(_PROFILE), headers.text(_JOB))


def _target(payload: bytes) -> Descriptor:
    target = parse_object(payload, "payload").object("targetArtifact")
    return Descriptor(target.media_type("mediaType"), target.digest("digest"), target.size("size"))


def _chain(header: Node) -> tuple[Certificate, ...]:
    listed = header.child("x5c")
    listed.expect(list, "a list", "write […]")
    if not listed.value:
        listed.refuse("it is empty", "list the signer's certificate first and its root last")
    return tuple(_certificate(Node(f"{listed.path}[{i}]", text, header.root)) for i, text in enumerate(listed.value))


def _certificate(node: Node) -> Certificate:
    node.expect(str, "text", "write base64")
    try:
        return Certificate(base64.b64decode(node.value, validate=True))
    except (binascii.Error, InvalidInput):
        node.refuse("it is no certificate in base64", "write the base64 of its DER form")


def _decoded(node: Node, key: str) -> bytes:
    text = node.text(key)
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        data = b""
    if _encode(data).decode() != text:  # also refuses a second spelling of the same bytes
        node.child(key).refuse("it is no base64url without padding", "encode it as RFC 7515 says")
    return data


def _encode(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")
