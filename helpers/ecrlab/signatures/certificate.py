"""A certificate as a value: who it is for, who vouches for it, and when."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Self

from ecrlab.cards import Card, ShownAs
from ecrlab.errors import InvalidInput

if TYPE_CHECKING:
    from cryptography.x509 import Certificate as X509

__all__ = ["Certificate"]


@dataclass(frozen=True, slots=True, repr=False)
class Certificate(ShownAs):
    """An X.509 certificate: ``der`` has its bytes, which alone decide whether two are equal.

    Raises:
        InvalidInput: The bytes are no certificate.
    """

    der: bytes

    def __post_init__(self) -> None:
        from cryptography import x509
        from cryptography.exceptions import UnsupportedAlgorithm

        try:  # all that is read of it later: cryptography looks at each part only when it is asked for
            parsed = x509.load_der_x509_certificate(self.der)
            parsed.public_key()
            _ = (parsed.subject, parsed.issuer, parsed.extensions, parsed.signature_hash_algorithm)
            _ = (parsed.not_valid_before_utc, parsed.not_valid_after_utc)
        except (TypeError, ValueError, UnsupportedAlgorithm, x509.InvalidVersion, x509.DuplicateExtension) as exc:
            raise _none() from exc

    @classmethod
    def parse(cls, text: str | bytes) -> Self:
        """Read one certificate, as PEM (``-----BEGIN CERTIFICATE-----``) or as DER.

        Raises:
            InvalidInput: It is neither.
        """
        data = text.encode() if isinstance(text, str) else text
        if not data.lstrip().startswith(b"-----BEGIN"):
            return cls(data)
        from cryptography import x509
        from cryptography.hazmat.primitives.serialization import Encoding

        try:
            der = x509.load_pem_x509_certificate(data).public_bytes(Encoding.DER)
        except ValueError as exc:
            raise _none() from exc
        return cls(der)

    def parsed(self) -> X509:
        """Return it as an object of the cryptography package."""
        from cryptography import x509

        return x509.load_der_x509_certificate(self.der)

    @property
    def subject(self) -> str:
        """Who it is for: ``CN=build,O=Team``."""
        return self.parsed().subject.rfc4514_string()

    @property
    def issuer(self) -> str:
        """Who vouches for it; itself in a root."""
        return self.parsed().issuer.rfc4514_string()

    @property
    def valid_from(self) -> datetime:
        """The first moment at which it is valid."""
        return self.parsed().not_valid_before_utc

    @property
    def valid_until(self) -> datetime:
        """The last moment at which it is valid."""
        return self.parsed().not_valid_after_utc

    @property
    def fingerprint(self) -> str:
        """SHA-256 of its bytes, 64 hexadecimal digits."""
        return hashlib.sha256(self.der).hexdigest()

    @property
    def pem(self) -> str:
        """Its text form, as ``notation certificate add`` and openssl read it."""
        from cryptography.hazmat.primitives.serialization import Encoding

        return self.parsed().public_bytes(Encoding.PEM).decode("ascii")

    def is_valid_at(self, moment: datetime) -> bool:
        """Tell whether a moment lies within its validity, both ends included (RFC 5280, 4.1.2.5)."""
        return self.valid_from <= moment <= self.valid_until

    def _shown(self) -> Card:
        facts = (
            ("for", self.subject),
            ("issued by", "itself: it is a root" if self.issuer == self.subject else self.issuer),
            ("valid", f"{self.valid_from:%Y-%m-%d %H:%M} to {self.valid_until:%Y-%m-%d %H:%M} UTC"),
            ("SHA-256", f"`{self.fingerprint}`"),
        )
        return Card("Certificate", facts)

    def __repr__(self) -> str:
        return f"<Certificate {self.subject} {self.fingerprint[:12]}>"


def _none() -> InvalidInput:
    return InvalidInput(
        "certificate", "these bytes are no X.509 certificate that can be read", "hand over one in PEM or DER"
    )
