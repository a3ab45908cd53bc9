"""Verify a signature: the same bytes, the right image, a signer who is trusted, a time that fits.

envelope ─► certificates ─► integrity ─► subject ─► root ─► identity ─► signing time ─► expiry

Each check is asked only when those before it were passed: what an envelope says counts for nothing before its
signature holds, and a signature for nothing before its signer is trusted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from ecrlab.errors import InvalidImage, InvalidInput
from ecrlab.naming import Digest
from ecrlab.oci.artifact import subject_descriptor
from ecrlab.oci.descriptor import Descriptor
from ecrlab.oci.image import AnyImage, Image
from ecrlab.signatures.chains import chain_faults, is_signature, signing_algorithm
from ecrlab.signatures.envelope import ENVELOPE_TYPE, SIGNATURE_TYPE, Envelope, open_envelope
from ecrlab.signatures.keys import checked_moment
from ecrlab.signatures.trust import Trust
from ecrlab.signatures.verification import Check, Verdict, Verification

__all__ = ["verify"]

_LARGEST_ENVELOPE = 4 * 1024 * 1024  # bytes; a real one has a few thousand


def verify(artifact: Image, *, subject: AnyImage | Descriptor, trust: Trust, now: datetime) -> Verification:
    """Verify a Notary Project signature of an image.

    Args:
        artifact: The signature, as it was pulled; another kind of artifact is refused by the verdict.
        subject: The image that it should be of. Name it by digest: a tag may have moved since.
        trust: Whose signatures count.
        now: For expiry; timezone-aware.

    Returns:
        A verdict with every check. Revocation is not looked up: it would need the network.

    Raises:
        InvalidInput: An argument is of the wrong kind, or ``now`` has no timezone.

    Source: Notary Project specifications, signature-envelope-jws.md, trust-store-trust-policy.md.
    """
    if not isinstance(artifact, Image):
        raise InvalidInput("verify", f"a {type(artifact).__name__} is no artifact", "pull the signature by its digest")
    if not isinstance(trust, Trust):
        raise InvalidInput("verify", f"trust is a {type(trust).__name__}", "use trust(authority)")
    case = _Case(subject_descriptor(subject, "verify"), trust, checked_moment(now, "now"))
    opened = _opened(artifact)
    if not isinstance(opened, Envelope):
        return _refused(opened)
    checks = [Check("envelope", True, f"one envelope, {opened.algorithm}, {len(opened.chain)} certificates")]
    for name, ask in _QUESTIONS.items():
        answer = ask(opened, case)
        if isinstance(answer, _Fault):
            checks.append(Check(name, False, answer.found))
            return _verification(answer.verdict, checks, opened)
        checks.append(Check(name, True, answer))
    return _verification(Verdict.TRUSTED, checks, opened)


@dataclass(frozen=True, slots=True)
class _Case:
    """What an envelope is held against."""

    subject: Descriptor
    trust: Trust
    now: datetime


@dataclass(frozen=True, slots=True)
class _Fault:
    """Why a check was not passed."""

    verdict: Verdict
    found: str


def _opened(artifact: Image) -> Envelope | _Fault:
    document = artifact.document
    kind = document.artifact_type or document.config.media_type
    if kind != SIGNATURE_TYPE:
        return _Fault(Verdict.NOT_A_SIGNATURE, f"the artifact is of type {kind}")
    if [layer.media_type for layer in document.layers] != [ENVELOPE_TYPE]:
        types = ", ".join(layer.media_type for layer in document.layers) or "nothing"
        return _Fault(Verdict.MALFORMED, f"a signature has one blob of type {ENVELOPE_TYPE}, this one has {types}")
    with artifact.layers[0].open() as stream:
        data = stream.read(_LARGEST_ENVELOPE + 1)
    if len(data) > _LARGEST_ENVELOPE:
        return _Fault(Verdict.MALFORMED, f"the envelope has more than {_LARGEST_ENVELOPE:,} bytes")
    if Digest.of(data) != document.layers[0].digest:
        return _Fault(Verdict.BROKEN, "the envelope is not the one that the manifest names")
    try:
        return open_envelope(data)
    except InvalidImage as exc:
        return _Fault(Verdict.MALFORMED, f"{exc.place}: {exc.fact}")


# --- the questions, each answered by what was found or by a fault -----------------------------------------------


def _certificates(envelope: Envelope, _case: _Case) -> str | _Fault:
    fault = next(chain_faults(envelope.chain), None)
    if fault:
        return _Fault(Verdict.BAD_CERTIFICATES, fault)
    return " ← ".join(certificate.subject for certificate in envelope.chain)


def _integrity(envelope: Envelope, _case: _Case) -> str | _Fault:
    right = signing_algorithm(envelope.chain[0])
    if right != envelope.algorithm:
        # Otherwise whoever changes an envelope could choose a weaker algorithm for it.
        return _Fault(Verdict.BROKEN, f"it says {envelope.algorithm}, and the signer's key is one for {right}")
    if not is_signature(envelope.signature, envelope.signed, envelope.chain[0]):
        return _Fault(Verdict.BROKEN, "the signature does not fit what it is said to sign")
    return "the signature fits payload and headers"


def _subject(envelope: Envelope, case: _Case) -> str | _Fault:
    signed, wanted = envelope.statement.subject, case.subject
    for what, here, there in (
        ("digest", signed.digest, wanted.digest),
        ("size", signed.size, wanted.size),
        ("media type", signed.media_type, wanted.media_type),
    ):
        if here != there:
            return _Fault(Verdict.WRONG_SUBJECT, f"the signed {what} is {here}, the image's is {there}")
    return f"the signed digest is the image's, sha256:{wanted.digest.short}…"


def _root(envelope: Envelope, case: _Case) -> str | _Fault:
    root, trusted = envelope.chain[-1], case.trust
    for_itself = ("roots", trusted.roots), ("signing authorities", trusted.signing_authorities)
    (right, store), (wrong, other) = for_itself[::-1] if envelope.statement.by_authority else for_itself
    if root in store:
        return root.subject
    where = f"is trusted among the {wrong}, not among the {right}" if root in other else "is not trusted"
    return _Fault(Verdict.UNTRUSTED_ROOT, f"{root.subject} {where}")


def _identity(envelope: Envelope, case: _Case) -> str | _Fault:
    job, trusted = envelope.statement.job, case.trust.identities
    if job is None:
        name = envelope.chain[0].subject
        return name if name in trusted or "*" in trusted else _Fault(Verdict.UNTRUSTED_IDENTITY, f"{name} is not named")
    if job.profile in trusted or job.profile_version in trusted:
        return f"signing profile {job.profile}"
    hint = ", and * names no profile" if "*" in trusted else ""
    return _Fault(Verdict.UNTRUSTED_IDENTITY, f"signing profile {job.profile} is not named{hint}")


def _signing_time(envelope: Envelope, case: _Case) -> str | _Fault:
    """Hold the time against every certificate; one that nobody but the signer vouches for has to hold today, too."""
    moment = envelope.statement.signed_at
    if moment > case.now:
        return _Fault(Verdict.OUTSIDE_VALIDITY, f"signed at {_shown(moment)}, which is still to come")
    for certificate in envelope.chain:
        if not certificate.is_valid_at(moment):
            found = f"signed at {_shown(moment)}, when {certificate.subject} was not valid"
            return _Fault(Verdict.OUTSIDE_VALIDITY, found)
        if not envelope.statement.by_authority and not certificate.is_valid_at(case.now):
            found = f"{certificate.subject} was valid until {_shown(certificate.valid_until)}"
            return _Fault(Verdict.CERTIFICATE_EXPIRED, found)
    vouched = "the authority vouches for it" if envelope.statement.by_authority else "the signer says so"
    return f"{_shown(moment)}, {vouched}"


def _expiry(envelope: Envelope, case: _Case) -> str | _Fault:
    expiry = envelope.statement.expires_at
    if expiry is None:
        return "none"
    if case.now >= expiry:
        return _Fault(Verdict.EXPIRED, f"expired at {_shown(expiry)}")
    return f"not until {_shown(expiry)}"


_QUESTIONS: dict[str, Callable[[Envelope, _Case], str | _Fault]] = {
    "certificates": _certificates,
    "integrity": _integrity,
    "subject": _subject,
    "root": _root,
    "identity": _identity,
    "signing time": _signing_time,
    "expiry": _expiry,
}


def _refused(fault: _Fault) -> Verification:
    checks = (Check("envelope", False, fault.found), *_unasked(_QUESTIONS), _REVOCATION)
    return Verification(fault.verdict, checks)


def _verification(verdict: Verdict, checks: list[Check], envelope: Envelope) -> Verification:
    asked = {check.name for check in checks}
    whole = (*checks, *_unasked(name for name in _QUESTIONS if name not in asked), _REVOCATION)
    if verdict in (Verdict.BAD_CERTIFICATES, Verdict.BROKEN):
        return Verification(verdict, whole)  # then nothing it says about itself is worth repeating
    said = envelope.statement
    return Verification(verdict, whole, envelope.chain[0].subject, said.signed_at, said.job)


_REVOCATION = Check("revocation", None, "not looked up here")


def _unasked(names: Iterable[str]) -> Iterator[Check]:
    return (Check(name, None, "not asked any more") for name in names)


def _shown(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"
