"""Whom a verifier trusts: whose root certificates, and which signers below them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ecrlab.cards import Card, ShownAs
from ecrlab.errors import InvalidInput
from ecrlab.signatures.certificate import Certificate
from ecrlab.signatures.keys import Authority

__all__ = ["Trust", "trust"]


@dataclass(frozen=True, slots=True, repr=False)
class Trust(ShownAs):
    """What the Notary Project calls trust stores and trusted identities.

    Args:
        roots: Of authorities whose signers sign for themselves (a store of type ``ca``).
        signing_authorities: Of services that sign for others and vouch for the time, such as AWS Signer
            (a store of type ``signingAuthority``).
        identities: Signers by their certificate's subject (``CN=build,O=Team``), or signing profiles by their ARN;
            ``*`` means every signer of ``roots``, and no profile: AWS Signer signs for everybody who pays for it.

    Source: Notary Project specifications, trust-store-trust-policy.md; source code of aws/aws-signer-notation-plugin.
    """

    roots: tuple[Certificate, ...] = ()
    signing_authorities: tuple[Certificate, ...] = ()
    identities: tuple[str, ...] = ("*",)

    def _shown(self) -> Card:
        facts = [
            *(("root", each.subject) for each in self.roots),
            *(("signing authority", each.subject) for each in self.signing_authorities),
            *(("identity", "any signer of these roots" if each == "*" else f"`{each}`") for each in self.identities),
        ]
        return Card("Trust", facts or (("nobody", "every signature is refused"),))


def trust(
    *roots: Authority | Certificate | str | bytes,
    signing_authorities: Sequence[Authority | Certificate | str | bytes] = (),
    identities: Sequence[str] = ("*",),
) -> Trust:
    """Say whom to trust.

    Args:
        roots: Root certificates, as values, as PEM or DER, or the authorities that have them.
        signing_authorities: Likewise, of services that sign for others.
        identities: See :class:`Trust`.

    Raises:
        InvalidInput: Something is no certificate, or ``identities`` is one text instead of several.
    """
    if isinstance(identities, str) or not all(isinstance(each, str) and each for each in identities):
        raise InvalidInput("identities", f"{identities!r} is no list of names", "write ['CN=build,O=Team']")
    return Trust(tuple(map(_root, roots)), tuple(map(_root, signing_authorities)), tuple(identities))


def _root(given: object) -> Certificate:
    if isinstance(given, Authority):
        return given.root
    if isinstance(given, Certificate):
        return given
    if isinstance(given, str | bytes):
        return Certificate.parse(given)
    raise InvalidInput("trust", f"a {type(given).__name__} is no root certificate", "hand over one in PEM or DER")
