"""Whether certificates form a chain that may sign images, and whether a signature is one of its first key.

Source: Notary Project specifications, signature-specification.md, "Certificate Requirements" and "Algorithm Selection".
Revocation is not looked up: it would need the network.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any, TypeVar

from ecrlab.signatures.certificate import Certificate

if TYPE_CHECKING:
    from cryptography.x509 import Certificate as X509
    from cryptography.x509 import Extension, ExtensionType

    Ext = TypeVar("Ext", bound=ExtensionType)

__all__ = ["chain_faults", "is_signature", "signing_algorithm"]

_RSA = {2048: "PS256", 3072: "PS384", 4096: "PS512"}
_EC = {"secp256r1": "ES256", "secp384r1": "ES384", "secp521r1": "ES512"}
_HASHES = {"256": "SHA256", "384": "SHA384", "512": "SHA512"}
_NOT_FOR_SIGNERS = ("key_encipherment", "data_encipherment", "key_agreement", "key_cert_sign", "crl_sign")
# Purposes that a certificate for signing code must not have: any, TLS servers and clients, mail, time stamps.
_OTHER_PURPOSES = frozenset(
    {"2.5.29.37.0", *(f"1.3.6.1.5.5.7.3.{purpose}" for purpose in (1, 2, 4, 8))},
)


def chain_faults(chain: Sequence[Certificate]) -> Iterator[str]:
    """Say what is wrong with a chain, the signer's certificate first and the root last; nothing if it is sound."""
    parsed = [certificate.parsed() for certificate in chain]
    for place, (below, above) in enumerate(pairwise([*parsed, parsed[-1]])):
        if not _issued_by(below, above):
            last = place == len(parsed) - 1
            yield f"{chain[place].subject} " + (
                "is no root" if last else f"was not issued by {chain[place + 1].subject}"
            )
    for certificate, x509 in zip(chain, parsed, strict=True):
        if x509.signature_hash_algorithm is None or x509.signature_hash_algorithm.name in ("md5", "sha1"):
            yield f"{certificate.subject} is signed with a hash that can be forged"
    yield from (f"{chain[0].subject} {fault}" for fault in _signer_faults(parsed[0]))
    for depth, (certificate, x509) in enumerate(zip(chain[1:], parsed[1:], strict=True)):
        yield from (f"{certificate.subject} {fault}" for fault in _authority_faults(x509, depth))


def signing_algorithm(certificate: Certificate) -> str | None:
    """Name the one algorithm, in JWS's words, that a key may sign with; ``None`` if it may not sign images."""
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

    key = certificate.parsed().public_key()
    if isinstance(key, EllipticCurvePublicKey):
        return _EC.get(key.curve.name)
    return _RSA.get(key.key_size) if isinstance(key, RSAPublicKey) else None


def is_signature(signature: bytes, signed: bytes, certificate: Certificate) -> bool:
    """Tell whether the key of a certificate has made a signature over some bytes."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
    from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

    algorithm, key = signing_algorithm(certificate), certificate.parsed().public_key()
    if algorithm is None:
        return False
    hashed: Any = getattr(hashes, _HASHES[algorithm[2:]])()
    try:
        if isinstance(key, ec.EllipticCurvePublicKey):
            size = (key.curve.key_size + 7) // 8
            if len(signature) != 2 * size:
                return False
            numbers = int.from_bytes(signature[:size]), int.from_bytes(signature[size:])
            key.verify(encode_dss_signature(*numbers), signed, ec.ECDSA(hashed))
        elif isinstance(key, rsa.RSAPublicKey):
            pss = padding.PSS(padding.MGF1(hashed), salt_length=hashed.digest_size)  # RFC 7518, 3.5
            key.verify(signature, signed, pss, hashed)
    except InvalidSignature:
        return False
    return True


def _issued_by(below: X509, above: X509) -> bool:
    from cryptography.exceptions import InvalidSignature

    try:
        below.verify_directly_issued_by(above)
    except (InvalidSignature, TypeError, ValueError):  # the latter: other names, or another kind of key
        return False
    return True


def _signer_faults(certificate: X509) -> Iterator[str]:
    from cryptography import x509

    constraints = _extension(certificate, x509.BasicConstraints)
    if constraints is not None and constraints.value.ca:
        yield "is an authority's, and no signer's"
    usage = _extension(certificate, x509.KeyUsage)
    if usage is None or not usage.critical or not usage.value.digital_signature:
        yield "does not say that its key signs (critical keyUsage digitalSignature)"
    elif any(getattr(usage.value, other) for other in _NOT_FOR_SIGNERS):
        yield "has a key for other things than signing"
    purposes = _extension(certificate, x509.ExtendedKeyUsage)
    if purposes is not None and _OTHER_PURPOSES & {purpose.dotted_string for purpose in purposes.value}:
        yield "is for other purposes than signing code"


def _authority_faults(certificate: X509, below: int) -> Iterator[str]:
    """Say what keeps a certificate from issuing others; ``below`` counts the authorities under it in the chain."""
    from cryptography import x509

    constraints = _extension(certificate, x509.BasicConstraints)
    if constraints is None or not constraints.critical or not constraints.value.ca:
        yield "is no authority's (critical basicConstraints cA)"
    elif constraints.value.path_length is not None and constraints.value.path_length < below:
        yield f"allows {constraints.value.path_length} authorities below it, and has {below}"
    usage = _extension(certificate, x509.KeyUsage)
    if usage is None or not usage.critical or not usage.value.key_cert_sign:
        yield "does not say that its key issues certificates (critical keyUsage keyCertSign)"


def _extension(certificate: X509, kind: type[Ext]) -> Extension[Ext] | None:
    from cryptography import x509

    try:
        return certificate.extensions.get_extension_for_class(kind)
    except x509.ExtensionNotFound:
        return None
