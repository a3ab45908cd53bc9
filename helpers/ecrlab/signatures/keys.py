"""Keys and the certificates that vouch for them, derived from a seed: the same names give the same digests everywhere.

Authority (root) ──► Authority (subordinate) ──► Signer (leaf)

Real keys are random and secret. These are neither: whoever knows the seed has the key. They are for learning only.
The certificates are as the Notary Project wants them (signature-specification.md, "Certificate Requirements").
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from ecrlab.cards import Card, ShownAs
from ecrlab.errors import InvalidInput
from ecrlab.signatures.certificate import Certificate

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
    from cryptography.x509 import CertificateBuilder, Name

__all__ = ["Authority", "Signer", "authority", "checked_moment"]

# The order of the curve's group (NIST SP 800-186, P-384): a private key is a number from 1 up to below it.
_P384_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973


def authority(name: str, *, since: datetime, days: int = 3650, seed: str = "ecrlab") -> Authority:
    """Make an authority with a root certificate of its own.

    Args:
        name: Its common name, and the organization of everything it issues.
        since: When its certificate begins to be valid; timezone-aware.
        days: For how long.
        seed: What the key is derived from, together with the name.

    Raises:
        InvalidInput: No name, no timezone, or no day.
    """
    _check(name, days)
    secret = _secret("authority", seed, name)
    request = _Request(name, name, secret, checked_moment(since, "since"), days, is_authority=True)
    root = _certificate(request, issuer=None, issuer_secret=secret)
    return Authority(name, name, (root,), secret)


@dataclass(frozen=True, slots=True, repr=False)
class Authority(ShownAs):
    """Somebody who issues certificates; ``chain`` holds its own certificate first and the root last.

    ``organization`` stands in every certificate below the root: it is the root's name.
    """

    name: str
    organization: str
    chain: tuple[Certificate, ...]
    secret: int = field(repr=False)

    @property
    def root(self) -> Certificate:
        """What others have to trust."""
        return self.chain[-1]

    def subordinate(self, name: str, *, since: datetime, days: int = 1825) -> Authority:
        """Make an authority that this one vouches for; the parameters are those of :func:`authority`."""
        _check(name, days)
        secret = _secret("subordinate", self.secret, name)
        own = self._issued(name, secret, since, days, is_authority=True)
        return Authority(name, self.organization, (own, *self.chain), secret)

    def issue(self, name: str, *, since: datetime, days: int = 365) -> Signer:
        """Make a key for signing images, with a certificate; the parameters are those of :func:`authority`."""
        _check(name, days)
        secret = _secret("signer", self.secret, name)
        return Signer((self._issued(name, secret, since, days, is_authority=False), *self.chain), secret)

    def _issued(self, name: str, secret: int, since: datetime, days: int, *, is_authority: bool) -> Certificate:
        moment = checked_moment(since, "since")
        request = _Request(name, self.organization, secret, moment, days, is_authority)
        return _certificate(request, issuer=self.chain[0], issuer_secret=self.secret)

    def _shown(self) -> Card:
        kind = "root" if len(self.chain) == 1 else f"subordinate of {self.chain[1].subject}"
        facts = (("kind", kind), ("valid", _span(self.chain[0])), ("root", f"`{self.root.fingerprint}`"))
        return Card(f"Authority {self.name}", facts)


@dataclass(frozen=True, slots=True, repr=False)
class Signer(ShownAs):
    """A key for signing, ECDSA on P-384; ``chain`` holds its certificate first and the root last."""

    chain: tuple[Certificate, ...]
    secret: int = field(repr=False)

    @property
    def name(self) -> str:
        """The subject of its certificate."""
        return self.chain[0].subject

    def private_key(self) -> EllipticCurvePrivateKey:
        """Return the key as an object of the cryptography package."""
        return _key(self.secret)

    def _shown(self) -> Card:
        vouched = tuple(("vouched for by", each.subject) for each in self.chain[1:])
        facts = (
            *vouched,
            ("valid", _span(self.chain[0])),
            ("key", "ECDSA on P-384, derived from a seed: for labs only"),
        )
        return Card(f"Signer {self.name}", facts)


def checked_moment(moment: datetime, place: str) -> datetime:
    """Return a moment in UTC, in whole seconds as certificates and envelopes have them.

    Raises:
        InvalidInput: It has no timezone.
    """
    if moment.tzinfo is None:
        raise InvalidInput(place, f"{moment.isoformat()} has no timezone", "add one, e.g. tzinfo=UTC")
    return moment.astimezone(UTC).replace(microsecond=0)


def _check(name: str, days: int) -> None:
    if not isinstance(name, str) or not 0 < len(name) <= 64:  # 64 is the most that X.520 allows
        raise InvalidInput(f"name {name!r}", "a certificate names its owner in 1 to 64 characters", "choose another")
    if days < 1:
        raise InvalidInput(f"days {days}", "a certificate is valid for a day at least", "write days=365")


def _secret(*parts: object) -> int:
    """Derive a private key: 512 bits over a range of 384 leave no bias worth the name."""
    text = "\x1f".join(str(part) for part in parts)
    return int.from_bytes(hashlib.sha512(text.encode()).digest()) % (_P384_ORDER - 1) + 1


def _key(secret: int) -> EllipticCurvePrivateKey:
    from cryptography.hazmat.primitives.asymmetric import ec

    return ec.derive_private_key(secret, ec.SECP384R1())


@dataclass(frozen=True, slots=True)
class _Request:
    """What a certificate is to say."""

    name: str
    organization: str
    secret: int
    since: datetime
    days: int
    is_authority: bool


def _certificate(request: _Request, *, issuer: Certificate | None, issuer_secret: int) -> Certificate:
    from cryptography import x509
    from cryptography.hazmat.primitives.hashes import SHA384
    from cryptography.hazmat.primitives.serialization import Encoding

    subject = _name(request)
    serial = hashlib.sha256(f"{issuer_secret} {request}".encode()).digest()
    own_key, issuer_key = _key(request.secret).public_key(), _key(issuer_secret)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.parsed().subject if issuer else subject)
        .public_key(own_key)
        .serial_number(int.from_bytes(serial[:16]) + 1)
        .not_valid_before(request.since)
        .not_valid_after(request.since + timedelta(days=request.days))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(own_key), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
    )
    signed = _with_purpose(builder, request.is_authority).sign(issuer_key, SHA384(), ecdsa_deterministic=True)
    return Certificate(signed.public_bytes(Encoding.DER))


def _name(request: _Request) -> Name:
    from cryptography import x509
    from cryptography.x509.oid import NameOID

    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, request.organization),
            x509.NameAttribute(NameOID.COMMON_NAME, request.name),
        ]
    )


def _with_purpose(builder: CertificateBuilder, is_authority: bool) -> CertificateBuilder:
    from cryptography import x509
    from cryptography.x509.oid import ExtendedKeyUsageOID

    usage = x509.KeyUsage(
        digital_signature=not is_authority,
        key_cert_sign=is_authority,
        crl_sign=is_authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
    builder = builder.add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
    builder = builder.add_extension(usage, critical=True)
    if is_authority:
        return builder
    return builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING]), critical=False)


def _span(certificate: Certificate) -> str:
    return f"{certificate.valid_from:%Y-%m-%d} to {certificate.valid_until:%Y-%m-%d}"
