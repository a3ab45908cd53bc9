"""Signatures of images as the Notary Project writes them: made, read and verified with real cryptography.

    team = signatures.authority("Team", since=now)
    signature = signatures.sign(image, team.issue("build", since=now), signed_at=now)
    signatures.verify(signature, subject=image, trust=signatures.trust(team), now=now)

Keys are derived from seeds, so that the same calls give the same digests; they are for learning only.
"""

from __future__ import annotations

from ecrlab.signatures.certificate import Certificate
from ecrlab.signatures.envelope import SIGNATURE_TYPE, Job
from ecrlab.signatures.keys import Authority, Signer, authority
from ecrlab.signatures.lab_signer import lab_signer, lab_signer_root
from ecrlab.signatures.signing import sign
from ecrlab.signatures.trust import Trust, trust
from ecrlab.signatures.verification import Check, Verdict, Verification
from ecrlab.signatures.verifying import verify

__all__ = [
    "SIGNATURE_TYPE",
    "Authority",
    "Certificate",
    "Check",
    "Job",
    "Signer",
    "Trust",
    "Verdict",
    "Verification",
    "authority",
    "lab_signer",
    "lab_signer_root",
    "sign",
    "trust",
    "verify",
]
