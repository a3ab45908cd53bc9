"""Sign an image: what comes out is an artifact about it, to be pushed beside it."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING

from ecrlab.errors import InvalidInput
from ecrlab.oci.artifact import artifact, subject_descriptor
from ecrlab.oci.descriptor import Descriptor
from ecrlab.oci.image import AnyImage, Image
from ecrlab.signatures.envelope import (
    ENVELOPE_TYPE,
    SIGNATURE_TYPE,
    Job,
    Statement,
    headers_of,
    payload_of,
    seal,
    signing_input,
)
from ecrlab.signatures.keys import Signer, checked_moment

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

__all__ = ["sign"]

_THUMBPRINTS = "io.cncf.notary.x509chain.thumbprint#S256"
_ALGORITHM = "ES384"  # what the specification prescribes for a key on P-384
_COORDINATE = 48  # bytes of each of the two numbers of a signature on P-384; RFC 7518, 3.4


def sign(
    subject: AnyImage | Descriptor,
    signer: Signer,
    *,
    signed_at: datetime,
    expires_at: datetime | None = None,
    job: Job | None = None,
) -> Image:
    """Sign an image the way Notation does; the same arguments give the same bytes.

    Args:
        subject: The image. Its digest is signed, never a tag.
        signer: Whose key signs.
        signed_at: When, in the signer's words; timezone-aware, taken in whole seconds.
        expires_at: From when on the image should not be used any more.
        job: On whose behalf, if the signer belongs to a signing authority such as AWS Signer.

    Returns:
        A Notary Project signature: push it with :func:`ecrlab.registry.push`, without a tag.

    Raises:
        InvalidImage: ``subject`` is no image.
        InvalidInput: ``signer`` is none, a time has no timezone, the signer's certificate is not valid at that time, or
            the signature would expire before it is made.

    Source: Notary Project specifications, signature-specification.md.
    """
    if not isinstance(signer, Signer):
        raise InvalidInput("sign", f"signer is a {type(signer).__name__}", "use authority(…).issue(…)")
    about = subject_descriptor(subject, "sign")
    moment = checked_moment(signed_at, "signed_at")
    expiry = checked_moment(expires_at, "expires_at") if expires_at else None
    _check(signer, moment, expiry)
    return sealed(Statement(about, moment, expiry, job is not None, job), signer)


def sealed(statement: Statement, signer: Signer) -> Image:
    """Sign a statement whatever it says; :func:`sign` says only what holds."""
    signed = signing_input(headers_of(statement, _ALGORITHM), payload_of(statement))
    envelope = seal(signed, _signature(signer.private_key(), signed), signer.chain)
    thumbprints = json.dumps([each.fingerprint for each in signer.chain], separators=(",", ":"))
    return artifact(
        statement.subject,
        SIGNATURE_TYPE,
        envelope,
        media_type=ENVELOPE_TYPE,
        annotations={_THUMBPRINTS: thumbprints},
    )


def _check(signer: Signer, moment: datetime, expiry: datetime | None) -> None:
    certificate = signer.chain[0]
    if not certificate.is_valid_at(moment):
        raise InvalidInput(
            f"signed_at {moment:%Y-%m-%d %H:%M:%S} UTC",
            f"the signer's certificate is valid from {certificate.valid_from:%Y-%m-%d %H:%M:%S} "
            f"to {certificate.valid_until:%Y-%m-%d %H:%M:%S} UTC",
            "issue another one, or sign within that time",
        )
    if expiry is not None and expiry <= moment:
        raise InvalidInput(
            f"expires_at {expiry:%Y-%m-%d %H:%M:%S} UTC",
            f"the signature is made at {moment:%Y-%m-%d %H:%M:%S} UTC",
            "let it expire later, or never",
        )


def _signature(key: EllipticCurvePrivateKey, signed: bytes) -> bytes:
    """Sign deterministically (RFC 6979); JWS wants the two numbers of the signature one after the other."""
    from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
    from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
    from cryptography.hazmat.primitives.hashes import SHA384

    r, s = decode_dss_signature(key.sign(signed, ECDSA(SHA384(), deterministic_signing=True)))
    return r.to_bytes(_COORDINATE) + s.to_bytes(_COORDINATE)
