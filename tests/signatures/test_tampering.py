"""Every way to cheat with a signature ends in a verdict of its own, and says what was seen."""

from __future__ import annotations

import base64
import json

import pytest
from ecrlab import oci, signatures
from ecrlab.signatures import Verdict
from ecrlab.signatures.envelope import Statement
from ecrlab.signatures.signing import sealed
from hypothesis import given
from hypothesis import strategies as st
from signature_world import (
    BUILD,
    DAY,
    EXPIRY,
    IMAGE,
    JOB,
    MALLORY,
    NOW,
    OTHER_IMAGE,
    PROFILE,
    SCHEME,
    TEAM,
    TIME,
    changed,
    decoded,
    encoded,
    envelope_of,
    header,
    issued_by_signer,
    managed,
    resigned,
    signed,
    verify,
    wrapped,
)

ROOT = signatures.lab_signer_root()
OTHER_DIGEST = {"targetArtifact": OTHER_IMAGE.descriptor.to_json()}


def other_bit(text: str) -> str:
    """Turn one bit of bytes in base64url."""
    data = bytearray(decoded(text))
    data[0] ^= 1
    return encoded(bytes(data))


def without_root(head):
    """Take the root out of a chain."""
    return head | {"x5c": head["x5c"][:-1]}


def with_mallorys_key(head):
    """Put another signer's certificates into the header."""
    return head | {"x5c": [base64.b64encode(each.der).decode() for each in MALLORY.chain]}


def larger(payload, _headers):
    """Sign another size."""
    payload["targetArtifact"]["size"] += 1


def other_type(payload, _headers):
    """Sign another media type."""
    payload["targetArtifact"]["mediaType"] = "application/vnd.docker.distribution.manifest.v2+json"


def other_subject(payload, _headers):
    """Sign another image."""
    payload.update(OTHER_DIGEST)


def uncritical(_payload, headers):
    """Leave the expiry out of what has to be understood."""
    headers["crit"].remove(EXPIRY)


def exclusive(_payload, headers):
    """Ask for a plugin that nobody here has."""
    headers["crit"].append("com.example.policy")
    headers["com.example.policy"] = "strict"


def claims_authority(_payload, headers):
    """Say in the words of a signing authority when it was."""
    headers.pop(TIME)
    headers[SCHEME] = "notary.x509.signingAuthority"
    times = {"io.cncf.notary.authenticSigningTime": "2026-11-24T12:00:00Z"}
    names = {"com.amazonaws.signer.signingProfileVersion": JOB.profile_version, "com.amazonaws.signer.signingJob": "x"}
    headers.update(times | names)
    headers["crit"] += [*times]


def plugin(_payload, headers):
    """Ask for a plugin by Notation's own header."""
    headers["crit"].append("io.cncf.notary.verificationPlugin")
    headers["io.cncf.notary.verificationPlugin"] = "com.example.plugin"


def plays_aws(_payload, headers):
    """Claim AWS's plugin without its scheme."""
    headers["crit"].append("io.cncf.notary.verificationPlugin")
    headers["io.cncf.notary.verificationPlugin"] = "com.amazonaws.signer.notation.plugin"


def swapped_layer():
    """Keep the manifest, exchange the blob."""
    honest, other = signed(), signed(OTHER_IMAGE)
    layer = oci.Layer(
        honest.layers[0].digest, honest.layers[0].size, None, "application/jose+json", other.layers[0].blob
    )
    return oci.Image(honest.manifest, honest.config, (layer,))


TAMPERED = {
    # --- the artifact
    "an SBOM": (
        lambda: oci.artifact(
            IMAGE, "application/vnd.cyclonedx+json", "{}", media_type="application/vnd.cyclonedx+json"
        ),
        Verdict.NOT_A_SIGNATURE,
        "The artifact is of type application/vnd.cyclonedx+json.",
    ),
    "an image": (
        lambda: IMAGE,
        Verdict.NOT_A_SIGNATURE,
        "The artifact is of type application/vnd.oci.image.config.v1+json.",
    ),
    "a COSE envelope": (
        lambda: wrapped("x", media_type="application/cose"),
        Verdict.MALFORMED,
        "A signature has one blob of type application/jose+json, this one has application/cose.",
    ),
    "the blob of another signature": (
        swapped_layer,
        Verdict.BROKEN,
        "The envelope is not the one that the manifest names.",
    ),
    # --- the envelope
    "no JSON": (
        lambda: wrapped("signed"),
        Verdict.MALFORMED,
        "Envelope: it is not JSON (Expecting value at line 1, column 1).",
    ),
    "a key twice": (
        lambda: wrapped('{"payload": "", "payload": ""}'),
        Verdict.MALFORMED,
        "Envelope: the key 'payload' is there twice.",
    ),
    "no signature": (
        lambda: wrapped({k: v for k, v in envelope_of(signed()).items() if k != "signature"}),
        Verdict.MALFORMED,
        "Signature: it is missing.",
    ),
    "several signatures": (
        lambda: wrapped(envelope_of(signed()) | {"signatures": []}),
        Verdict.MALFORMED,
        "Envelope: it has 'signatures' on top.",
    ),
    "padded base64": (
        lambda: changed(signed(), "signature", lambda text: text + "=="),
        Verdict.MALFORMED,
        "Signature: it is no base64url without padding.",
    ),
    "no chain": (
        lambda: changed(signed(), "header", lambda head: head | {"x5c": []}),
        Verdict.MALFORMED,
        "Header.x5c: it is empty.",
    ),
    "a chain of words": (
        lambda: changed(signed(), "header", lambda head: head | {"x5c": ["bm9uZQ=="]}),
        Verdict.MALFORMED,
        "Header.x5c[0]: it is no certificate in base64.",
    ),
    "no payload of Notary's": (
        lambda: resigned(header("cty", "application/json")),
        Verdict.MALFORMED,
        "Cty: 'application/json' is no payload of the Notary Project.",
    ),
    "an unknown scheme": (
        lambda: resigned(header(SCHEME, "notary.pgp")),
        Verdict.MALFORMED,
        f"{SCHEME}: 'notary.pgp' is no signing scheme.".replace("io", "Io", 1),
    ),
    "no signing time": (
        lambda: resigned(header(TIME, None)),
        Verdict.MALFORMED,
        f"{TIME}: it is missing.".replace("io", "Io", 1),
    ),
    "a time without a zone": (
        lambda: resigned(header(TIME, "2026-11-24T12:00:00")),
        Verdict.MALFORMED,
        f"{TIME}: '2026-11-24T12:00:00' has no timezone.".replace("io", "Io", 1),
    ),
    "the time of the other scheme": (
        lambda: resigned(header("io.cncf.notary.authenticSigningTime", "2026-11-24T12:00:00Z")),
        Verdict.MALFORMED,
        "Crit: 'io.cncf.notary.authenticSigningTime' is missing.",
    ),
    "an expiry that need not be understood": (
        lambda: resigned(uncritical, artifact=signed(expires_at=NOW + DAY)),
        Verdict.MALFORMED,
        f"Crit: '{EXPIRY}' is missing.",
    ),
    "a header that nobody understands": (
        lambda: resigned(exclusive),
        Verdict.MALFORMED,
        "Crit: 'com.example.policy' is critical and not understood.",
    ),
    "a plugin that nobody has": (
        lambda: resigned(plugin),
        Verdict.MALFORMED,
        "Io.cncf.notary.verificationPlugin: 'com.example.plugin' has to verify it, too.",
    ),
    "AWS's plugin without its scheme": (
        lambda: resigned(plays_aws),
        Verdict.MALFORMED,
        f"{SCHEME}: AWS Signer is a signing authority.".replace("io", "Io", 1),
    ),
    "no target": (
        lambda: resigned(lambda payload, headers: payload.clear()),
        Verdict.MALFORMED,
        "TargetArtifact: it is missing.",
    ),
    # --- the certificates
    "a chain without its root": (
        lambda: changed(signed(), "header", without_root),
        Verdict.BAD_CERTIFICATES,
        "CN=build,O=Team is no root.",
    ),
    "a chain in the wrong order": (
        lambda: resigned(header("x", "y"), chain=BUILD.chain[::-1]),
        Verdict.BAD_CERTIFICATES,
        "CN=Team,O=Team was not issued by CN=build,O=Team.",
    ),
    "a name without its key": (
        # Mallory calls herself as the team does; her root has the same name and another key
        lambda: resigned(
            header("x", "y"),
            signatures.authority("Team", since=NOW - DAY, seed="mallory").issue("build", since=NOW - DAY),
            chain=(
                signatures.authority("Team", since=NOW - DAY, seed="mallory").issue("build", since=NOW - DAY).chain[0],
                TEAM.root,
            ),
        ),
        Verdict.BAD_CERTIFICATES,
        "CN=build,O=Team was not issued by CN=Team,O=Team.",
    ),
    "a certificate issued by a signer": (
        lambda: signed(signer=issued_by_signer(BUILD)),
        Verdict.BAD_CERTIFICATES,
        "CN=build,O=Team is no authority's (critical basicConstraints cA).",
    ),
    "signed by the root itself": (
        lambda: signed(signer=signatures.Signer(TEAM.chain, TEAM.secret)),
        Verdict.BAD_CERTIFICATES,
        "CN=Team,O=Team is an authority's, and no signer's.",
    ),
    # --- the signature
    "another image in the payload": (
        lambda: changed(signed(), "payload", lambda _: encoded(OTHER_DIGEST)),
        Verdict.BROKEN,
        "The signature does not fit what it is said to sign.",
    ),
    "another header": (
        lambda: changed(signed(), "protected", lambda text: encoded(decoded(text).replace(b"12:00:00Z", b"11:00:00Z"))),
        Verdict.BROKEN,
        "The signature does not fit what it is said to sign.",
    ),
    "one bit of the signature": (
        lambda: changed(signed(), "signature", other_bit),
        Verdict.BROKEN,
        "The signature does not fit what it is said to sign.",
    ),
    "half a signature": (
        lambda: changed(signed(), "signature", lambda text: encoded(decoded(text)[:48])),
        Verdict.BROKEN,
        "The signature does not fit what it is said to sign.",
    ),
    "nought for a signature": (
        lambda: changed(signed(), "signature", lambda _: encoded(bytes(96))),
        Verdict.BROKEN,
        "The signature does not fit what it is said to sign.",
    ),
    "another key's certificate": (
        lambda: changed(signed(), "header", with_mallorys_key),
        Verdict.BROKEN,
        "The signature does not fit what it is said to sign.",
    ),
    "no algorithm": (
        lambda: resigned(header("alg", "none")),
        Verdict.BROKEN,
        "It says none, and the signer's key is one for ES384.",
    ),
    "a weaker algorithm": (
        lambda: resigned(header("alg", "ES256")),
        Verdict.BROKEN,
        "It says ES256, and the signer's key is one for ES384.",
    ),
    # --- the subject
    "a signature of another image": (
        lambda: signed(OTHER_IMAGE),
        Verdict.WRONG_SUBJECT,
        f"The signed digest is {OTHER_IMAGE.digest}, the image's is {IMAGE.digest}.",
    ),
    "attached to this image, signed for another": (
        lambda: resigned(other_subject),
        Verdict.WRONG_SUBJECT,
        f"The signed digest is {OTHER_IMAGE.digest}, the image's is {IMAGE.digest}.",
    ),
    "another size": (
        lambda: resigned(larger),
        Verdict.WRONG_SUBJECT,
        f"The signed size is {len(IMAGE.manifest) + 1}, the image's is {len(IMAGE.manifest)}.",
    ),
    "another media type": (
        lambda: resigned(other_type),
        Verdict.WRONG_SUBJECT,
        "The signed media type is application/vnd.docker.distribution.manifest.v2+json, "
        "the image's is application/vnd.oci.image.manifest.v1+json.",
    ),
    # --- the signer
    "somebody else's signature": (
        lambda: signed(signer=MALLORY),
        Verdict.UNTRUSTED_ROOT,
        "CN=Mallory,O=Mallory is not trusted.",
    ),
    "a signer who plays the authority": (
        lambda: resigned(claims_authority),
        Verdict.UNTRUSTED_ROOT,
        "CN=Team,O=Team is trusted among the roots, not among the signing authorities.",
    ),
    # --- the time
    "signed tomorrow": (
        lambda: signed(signed_at=NOW + DAY),
        Verdict.OUTSIDE_VALIDITY,
        "Signed at 2026-11-25 12:00:00 UTC, which is still to come.",
    ),
    "signed before the certificate was issued": (
        lambda: sealed(Statement(IMAGE.descriptor, NOW - 2 * DAY), BUILD),
        Verdict.OUTSIDE_VALIDITY,
        "Signed at 2026-11-22 12:00:00 UTC, when CN=build,O=Team was not valid.",
    ),
    "expired": (
        lambda: sealed(Statement(IMAGE.descriptor, NOW - DAY, NOW), BUILD),
        Verdict.EXPIRED,
        "Expired at 2026-11-24 12:00:00 UTC.",
    ),
}


@pytest.mark.parametrize(("tampered", "verdict", "reason"), TAMPERED.values(), ids=TAMPERED)
def test_a_tamper_is_seen(tampered, verdict, reason):
    """Its verdict, its reason, and nothing that was asked after it."""
    verification = verify(tampered())
    assert (verdict, reason, False) == (verification.verdict, verification.reason, verification.trusted)
    answers = [check.passed for check in verification.checks]
    first = answers.index(False)
    assert ([True] * first, {None}) == (answers[:first], set(answers[first + 1 :]))


def test_every_verdict_has_a_tamper():
    """The table leaves out the two that need time to pass or a name not to be there; they are tested beside it."""
    beside = {Verdict.TRUSTED, Verdict.UNTRUSTED_IDENTITY, Verdict.CERTIFICATE_EXPIRED}
    assert set(Verdict) == beside | {verdict for _, verdict, _ in TAMPERED.values()}


HONEST = signed()


@given(st.integers(min_value=0, max_value=HONEST.layers[0].size - 1), st.integers(min_value=1, max_value=255))
def test_no_byte_of_an_envelope_can_change_and_mislead(place, difference):
    """Whatever byte is exchanged: never does a changed statement or signer pass as trusted."""
    with HONEST.layers[0].open() as stream:
        data = bytearray(stream.read())
    data[place] ^= difference
    verification = verify(wrapped_bytes(bytes(data)))
    if verification.trusted:  # then it was in the name of the signing agent, which nobody signs and nobody reads
        honest, other = envelope_of(HONEST), json.loads(data)
        assert honest["header"].pop("x5c") == other["header"].pop("x5c")
        assert honest | {"header": other["header"]} == other


def wrapped_bytes(data):
    """Make a signature of any bytes."""
    return oci.artifact(IMAGE, signatures.SIGNATURE_TYPE, data, media_type="application/jose+json")


# --- what depends on the verifier ---------------------------------------------------------------------------------


def test_a_signer_who_is_not_named():
    """A trusted root is not enough once identities are listed."""
    verification = verify(signed(), trust=signatures.trust(TEAM, identities=["CN=release,O=Team"]))
    assert (Verdict.UNTRUSTED_IDENTITY, "CN=build,O=Team is not named.") == (verification.verdict, verification.reason)
    assert verify(signed(), trust=signatures.trust(TEAM, identities=["CN=build,O=Team"])).trusted


@pytest.mark.parametrize(
    ("identities", "reason"),
    [
        (["*"], f"Signing profile {PROFILE} is not named, and * names no profile."),
        (["CN=Lab Signer key,O=Lab Signer"], f"Signing profile {PROFILE} is not named."),
        ([f"{PROFILE}2"], f"Signing profile {PROFILE} is not named."),
        ([f"{PROFILE}/0000000000"], f"Signing profile {PROFILE} is not named."),
        ([PROFILE], None),
        ([JOB.profile_version], None),
    ],
)
def test_a_profile_has_to_be_named(identities, reason):
    """AWS Signer signs for everybody with one root: only the profile, or one version of it, says who it was."""
    trusted = signatures.trust(signing_authorities=[ROOT], identities=identities)
    verification = verify(managed(), trust=trusted)
    expected = (
        (Verdict.UNTRUSTED_IDENTITY, reason) if reason else (Verdict.TRUSTED, f"{PROFILE} signed this very image.")
    )
    expected = (expected[0], expected[1][0].upper() + expected[1][1:])
    assert expected == (verification.verdict, verification.reason)


def test_a_signing_authority_is_no_root_for_signers():
    """The two kinds of trust are kept apart, in both directions."""
    verification = verify(managed(), trust=signatures.trust(ROOT, identities=[PROFILE]))
    reason = "CN=Lab Signer,O=Lab Signer is trusted among the roots, not among the signing authorities."
    assert (Verdict.UNTRUSTED_ROOT, reason) == (verification.verdict, verification.reason)


def test_a_certificate_that_expired_since():
    """A signer's own word about the time ends with its certificate; an authority's word outlives its key."""
    later = NOW + 400 * DAY
    verification = verify(signed(), now=later)
    reason = "CN=build,O=Team was valid until 2027-11-23 12:00:00 UTC."
    assert (Verdict.CERTIFICATE_EXPIRED, reason) == (verification.verdict, verification.reason)
    trusted = signatures.trust(signing_authorities=[ROOT], identities=[PROFILE])
    assert verify(managed(), trust=trusted, now=later).trusted


def test_expiry_begins_at_its_very_second():
    """The specification: expired when the time is equal or later."""
    artifact = signed(expires_at=NOW + DAY)
    verdicts = [verify(artifact, now=NOW + DAY + (second * DAY / 86400)).verdict for second in (-1, 0)]
    assert [Verdict.TRUSTED, Verdict.EXPIRED] == verdicts


def test_trusting_nobody():
    """Nothing is trusted by default."""
    assert Verdict.UNTRUSTED_ROOT is verify(signed(), trust=signatures.trust()).verdict
