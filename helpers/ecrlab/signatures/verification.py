"""What a verification found: a verdict, and every check with what it saw."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from ecrlab.cards import Card, ShownAs, Tone
from ecrlab.signatures.envelope import Job

__all__ = ["Check", "Verdict", "Verification"]


_SIGNS = {True: "✓", False: "✗", None: "○"}


class Verdict(Enum):
    """How a verification ends; the value is how we say it."""

    TRUSTED = "signed by somebody you trust"
    NOT_A_SIGNATURE = "no signature"
    MALFORMED = "no sound envelope"
    BAD_CERTIFICATES = "no chain of certificates that may sign"
    BROKEN = "changed after it was signed"
    WRONG_SUBJECT = "a signature of something else"
    UNTRUSTED_ROOT = "signed under a root that you do not trust"
    UNTRUSTED_IDENTITY = "signed by somebody whom you did not name"
    OUTSIDE_VALIDITY = "signed while the certificate was not valid"
    CERTIFICATE_EXPIRED = "signed with a certificate that has expired since"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Check:
    """One question that was asked.

    Args:
        name: Of what: ``integrity``.
        passed: ``None`` if it was not asked, because an earlier answer made it pointless.
        found: What there was to see, as a clause.
    """

    name: str
    passed: bool | None
    found: str

    def __str__(self) -> str:
        return f"{_SIGNS[self.passed]} {self.found}"


@dataclass(frozen=True, slots=True, repr=False)
class Verification(ShownAs):
    """The outcome of :func:`ecrlab.signatures.verify`.

    Args:
        verdict: The first thing that is wrong, or ``TRUSTED``.
        checks: In the order in which they were made; those after the first failure were not.
        signed_by: The subject of the signer's certificate, once the signature was found to be its own.
        signed_at: Likewise the time of signing.
        job: On whose behalf, if a signing authority signed.
    """

    verdict: Verdict
    checks: tuple[Check, ...]
    signed_by: str | None = None
    signed_at: datetime | None = None
    job: Job | None = None

    @property
    def trusted(self) -> bool:
        """Whether every check was passed."""
        return self.verdict is Verdict.TRUSTED

    @property
    def reason(self) -> str:
        """What the deciding check saw, as a sentence."""
        failed = next((check.found for check in self.checks if check.passed is False), None)
        found = failed or f"{self.job.profile if self.job else self.signed_by} signed this very image"
        return found[0].upper() + found[1:] + "."

    def _shown(self) -> Card:
        title = f"{'Trusted' if self.trusted else 'Not trusted'}: {self.verdict.value}"
        facts = [(check.name, str(check)) for check in self.checks]
        return Card(title, facts, tone=Tone.GOOD if self.trusted else Tone.BAD)
