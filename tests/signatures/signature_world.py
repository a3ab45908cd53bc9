"""What the tests of signatures do all the time: a team with a signer, an image, and ways to cheat."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta

from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA384
from ecrlab import oci, signatures
from ecrlab.signatures import SIGNATURE_TYPE, Authority, Signer

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
DAY = timedelta(days=1)
IMAGE = oci.image(oci.layer({"app.py": "print('hi')"}))
OTHER_IMAGE = oci.image(oci.layer({"app.py": "print('mined')"}))
TEAM = signatures.authority("Team", since=NOW - DAY)
BUILD = TEAM.issue("build", since=NOW - DAY)
MALLORY = signatures.authority("Mallory", since=NOW - DAY).issue("build", since=NOW - DAY)
PROFILE = "arn:aws:signer:us-east-1:123456789012:/signing-profiles/api"
JOB = signatures.Job(f"{PROFILE}/0123456789", "arn:aws:signer:us-east-1:123456789012:/signing-jobs/1")
SCHEME, TIME, EXPIRY = (f"io.cncf.notary.{name}" for name in ("signingScheme", "signingTime", "expiry"))


def signed(subject=IMAGE, signer=BUILD, **parameters):
    """Sign an image at noon."""
    return signatures.sign(subject, signer, signed_at=parameters.pop("signed_at", NOW), **parameters)


def managed(**parameters):
    """Sign as AWS Signer's stand-in does, for a profile."""
    return signed(signer=signatures.lab_signer("us-east-1", NOW), job=JOB, **parameters)


def verify(artifact, subject=IMAGE, trust=None, now=NOW):
    """Verify with trust in the team, at noon."""
    return signatures.verify(artifact, subject=subject, trust=trust or signatures.trust(TEAM), now=now)


def decoded(text: str) -> bytes:
    """Undo base64url."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def encoded(data: bytes | dict | str) -> str:
    """Write bytes, or an object as JSON, in base64url without padding."""
    if isinstance(data, dict):
        data = json.dumps(data)
    return base64.urlsafe_b64encode(data.encode() if isinstance(data, str) else data).rstrip(b"=").decode()


def envelope_of(artifact) -> dict:
    """Read the envelope of a signature."""
    with artifact.layers[0].open() as stream:
        return json.load(stream)


def wrapped(envelope: dict | str, subject=IMAGE, **parameters):
    """Make an artifact of an envelope."""
    parameters = {"artifact_type": SIGNATURE_TYPE, "media_type": "application/jose+json"} | parameters
    return oci.artifact(subject, data=envelope, **parameters)


def changed(artifact, part: str, change):
    """Return a signature with a part of its envelope changed and not signed again."""
    envelope = envelope_of(artifact)
    envelope[part] = change(envelope[part])
    return wrapped(envelope)


def resigned(change, signer: Signer = BUILD, chain=None, artifact=None):
    """Return a signature whose payload and protected headers were changed and signed again, as the signer can."""
    envelope = envelope_of(artifact or signed())
    payload, headers = json.loads(decoded(envelope["payload"])), json.loads(decoded(envelope["protected"]))
    replaced = change(payload, headers)
    envelope["payload"], envelope["protected"] = encoded(payload), encoded(replaced or headers)
    message = f"{envelope['protected']}.{envelope['payload']}".encode()
    r, s = decode_dss_signature(signer.private_key().sign(message, ECDSA(SHA384())))
    envelope["signature"] = encoded(r.to_bytes(48) + s.to_bytes(48))
    envelope["header"]["x5c"] = [base64.b64encode(each.der).decode() for each in chain or signer.chain]
    return wrapped(envelope)


def header(name: str, value):
    """Return a change that sets a protected header; ``None`` takes it out."""

    def change(_payload, headers):
        headers.pop(name, None) if value is None else headers.__setitem__(name, value)

    return change


def issued_by_signer(signer: Signer) -> Signer:
    """Return a signer whose certificate was issued by one who may issue none."""
    return Authority("build", "Team", signer.chain, signer.secret).issue("apprentice", since=NOW - DAY)
