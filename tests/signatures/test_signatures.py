"""Signatures of images: what is made, that it verifies, that Notation and openssl see it alike, and how it looks."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from ecrlab import oci, signatures
from ecrlab.errors import InvalidImage, InvalidInput
from ecrlab.signatures import Certificate, Verdict
from ecrlab.signatures.envelope import open_envelope
from hypothesis import given
from hypothesis import strategies as st
from signature_world import (
    BUILD,
    DAY,
    IMAGE,
    JOB,
    NOW,
    OTHER_IMAGE,
    PROFILE,
    TEAM,
    decoded,
    envelope_of,
    signed,
    verify,
)

NOTATION = json.loads((Path(__file__).parent / "notation.json").read_text("utf-8"))["cases"]


# --- what is made ---------------------------------------------------------------------------------------------------


def test_a_signature_is_the_artifact_of_the_specification():
    """Type, empty config, one envelope, the image as its subject, thumbprints of the chain."""
    manifest = json.loads(signed().manifest)
    thumbprints = json.loads(manifest["annotations"]["io.cncf.notary.x509chain.thumbprint#S256"])
    assert (
        "application/vnd.cncf.notary.signature",
        "application/vnd.oci.empty.v1+json",
        ["application/jose+json"],
    ) == (
        manifest["artifactType"],
        manifest["config"]["mediaType"],
        [layer["mediaType"] for layer in manifest["layers"]],
    )
    assert str(IMAGE.digest) == manifest["subject"]["digest"]
    assert [each.fingerprint for each in BUILD.chain] == thumbprints


def test_an_envelope_of_a_signer():
    """The headers of the scheme notary.x509; the time is the signer's claim and not critical."""
    envelope = envelope_of(signed(expires_at=NOW + DAY))
    assert {"payload", "protected", "header", "signature"} == envelope.keys()
    assert {
        "alg": "ES384",
        "cty": "application/vnd.cncf.notary.payload.v1+json",
        "crit": ["io.cncf.notary.signingScheme", "io.cncf.notary.expiry"],
        "io.cncf.notary.signingScheme": "notary.x509",
        "io.cncf.notary.expiry": "2026-11-25T12:00:00Z",
        "io.cncf.notary.signingTime": "2026-11-24T12:00:00Z",
    } == json.loads(decoded(envelope["protected"]))
    target = {"mediaType": IMAGE.media_type, "digest": str(IMAGE.digest), "size": len(IMAGE.manifest)}
    assert {"targetArtifact": target} == json.loads(decoded(envelope["payload"]))


def test_an_envelope_of_a_signing_authority():
    """The headers of AWS Signer; its time is critical, and so is for whom it signed."""
    artifact = signed(signer=signatures.lab_signer("us-east-1", NOW), job=JOB)
    headers = json.loads(decoded(envelope_of(artifact)["protected"]))
    critical = {name: headers[name] for name in headers["crit"]}
    assert {
        "io.cncf.notary.signingScheme": "notary.x509.signingAuthority",
        "io.cncf.notary.authenticSigningTime": "2026-11-24T12:00:00Z",
        "io.cncf.notary.verificationPlugin": "com.amazonaws.signer.notation.plugin",
        "com.amazonaws.signer.signingProfileVersion": f"{PROFILE}/0123456789",
        "com.amazonaws.signer.signingJob": "arn:aws:signer:us-east-1:123456789012:/signing-jobs/1",
    } == critical
    assert {"alg", "cty", "crit"} == headers.keys() - critical.keys()


def test_the_same_arguments_give_the_same_bytes():
    """Keys come from seeds, and signatures from RFC 6979; another process makes the same digest."""
    program = (
        "from datetime import UTC, datetime; from ecrlab import oci, signatures as s;"
        "now = datetime(2026, 11, 24, 12, tzinfo=UTC);"
        "image = oci.image(oci.layer({'a': 'b'}));"
        "print(s.sign(image, s.authority('Team', since=now).issue('build', since=now), signed_at=now).digest)"
    )
    runs = {
        subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout for _ in "ab"
    }
    assert 1 == len(runs)
    assert signed() == signed(signed_at=NOW.astimezone(timezone(timedelta(hours=5))) + timedelta(microseconds=7))


def test_seeds_names_and_regions_make_other_keys():
    """Nobody has a key of somebody else by accident."""
    since = {"since": NOW}
    keys = {
        TEAM.secret,
        BUILD.secret,
        signatures.authority("Team", **since, seed="other").secret,
        signatures.authority("Other", **since).secret,
        TEAM.issue("release", **since).secret,
        TEAM.subordinate("build", **since).secret,
        TEAM.subordinate("build", **since).issue("build", **since).secret,
        signatures.lab_signer("us-east-1", NOW).secret,
        signatures.lab_signer("eu-west-1", NOW).secret,
    }
    assert 9 == len(keys)


def test_the_labs_signer_changes_its_certificate_every_week():
    """As AWS Signer does within days; the root stays."""
    chains = [signatures.lab_signer("us-east-1", NOW + days * DAY).chain for days in (0, 7)]
    assert chains[0][0] != chains[1][0]
    assert {signatures.lab_signer_root()} == {chain[-1] for chain in chains}
    assert all(chain[0].is_valid_at(NOW + days * DAY) for chain, days in zip(chains, (0, 7), strict=True))


REFUSED = {
    "no image": (
        lambda: signed("team/api:1.0"),
        InvalidImage,
        "sign: its subject, 'team/api:1.0', is no image; hand over an image or its descriptor",
    ),
    "an authority for a signer": (
        lambda: signed(signer=TEAM),
        InvalidInput,
        "sign: signer is a Authority; use authority(…).issue(…)",
    ),
    "no timezone": (
        lambda: signed(signed_at=NOW.replace(tzinfo=None)),
        InvalidInput,
        "signed_at: 2026-11-24T12:00:00 has no timezone; add one, e.g. tzinfo=UTC",
    ),
    "before the certificate": (
        lambda: signed(signed_at=NOW - 2 * DAY),
        InvalidInput,
        "signed_at 2026-11-22 12:00:00 UTC: the signer's certificate is valid from 2026-11-23 12:00:00 "
        "to 2027-11-23 12:00:00 UTC; issue another one, or sign within that time",
    ),
    "expired from the start": (
        lambda: signed(expires_at=NOW),
        InvalidInput,
        "expires_at 2026-11-24 12:00:00 UTC: the signature is made at 2026-11-24 12:00:00 UTC; "
        "let it expire later, or never",
    ),
    "an empty name": (
        lambda: TEAM.issue("", since=NOW),
        InvalidInput,
        "name '': a certificate names its owner in 1 to 64 characters; choose another",
    ),
    "no day": (
        lambda: TEAM.issue("build", since=NOW, days=0),
        InvalidInput,
        "days 0: a certificate is valid for a day at least; write days=365",
    ),
    "a text for an artifact": (
        lambda: verify("sha256:…"),
        InvalidInput,
        "verify: a str is no artifact; pull the signature by its digest",
    ),
    "a certificate for trust": (
        lambda: verify(signed(), trust=TEAM.root),
        InvalidInput,
        "verify: trust is a Certificate; use trust(authority)",
    ),
    "trust in a number": (
        lambda: signatures.trust(7),
        InvalidInput,
        "trust: a int is no root certificate; hand over one in PEM or DER",
    ),
    "one identity": (
        lambda: signatures.trust(TEAM, identities="CN=build"),
        InvalidInput,
        "identities: 'CN=build' is no list of names; write ['CN=build,O=Team']",
    ),
    "no certificate": (
        lambda: signatures.trust("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
        InvalidInput,
        "certificate: these bytes are no X.509 certificate that can be read; hand over one in PEM or DER",
    ),
}


@pytest.mark.parametrize(("call", "kind", "message"), REFUSED.values(), ids=REFUSED)
def test_what_is_refused(call, kind, message):
    """Place, fact, way out."""
    with pytest.raises(kind) as caught:
        call()
    assert message == str(caught.value)


# --- laws -----------------------------------------------------------------------------------------------------------

CONTENTS = st.binary(min_size=1, max_size=20)
SECONDS = st.integers(min_value=0, max_value=300 * 86_400)


@given(CONTENTS, SECONDS, SECONDS)
def test_what_is_signed_verifies(content, signed_after, looked_after):
    """Of every image, at every time within the certificate, by whoever trusts the root."""
    image = oci.image(oci.layer({"a": content}))
    at = NOW + timedelta(seconds=signed_after)
    artifact = signed(image, signed_at=at)
    verification = verify(artifact, image, now=max(at, NOW + timedelta(seconds=looked_after)))
    assert (Verdict.TRUSTED, at, BUILD.name) == (verification.verdict, verification.signed_at, verification.signed_by)


@given(CONTENTS, CONTENTS)
def test_a_signature_is_of_one_image(one, other):
    """Never of another one."""
    first, second = (oci.image(oci.layer({"a": content})) for content in (one, other))
    verdict = verify(signed(first), second).verdict
    assert verdict is (Verdict.TRUSTED if one == other else Verdict.WRONG_SUBJECT)


@pytest.mark.parametrize("subject", [IMAGE, IMAGE.descriptor, oci.index(IMAGE)], ids=["image", "descriptor", "index"])
def test_what_can_be_signed(subject):
    """Whatever has a digest."""
    assert verify(signed(subject), subject).trusted


def test_a_longer_chain():
    """Root, authority, signer."""
    signer = TEAM.subordinate("Builds", since=NOW - DAY).issue("build", since=NOW - DAY)
    verification = verify(signed(signer=signer))
    assert (True, "CN=build,O=Team") == (verification.trusted, verification.signed_by)
    names = "CN=build,O=Team ← CN=Builds,O=Team ← CN=Team,O=Team"
    assert names == verification.checks[1].found


# --- peers ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", NOTATION.values(), ids=NOTATION)
def test_envelopes_of_notation(case):
    """They verify here as they do in Notation's own tests: RSA keys, roots of others, metadata, expiry."""
    data = json.dumps(case["envelope"]).encode()
    target = json.loads(decoded(NOTATION["a signer below a root, PS384"]["envelope"]["payload"]))["targetArtifact"]
    chain = [Certificate(base64.b64decode(text)) for text in case["envelope"]["header"]["x5c"]]
    try:
        subject = open_envelope(data).statement.subject
    except InvalidImage:
        subject = oci.Descriptor(target["mediaType"], IMAGE.digest, target["size"])
    artifact = oci.artifact(subject, signatures.SIGNATURE_TYPE, data, media_type="application/jose+json")
    trusted = signatures.trust(chain[-1], signing_authorities=[chain[-1]])
    verification = verify(artifact, subject, trust=trusted, now=datetime.fromisoformat(case["now"]))
    assert case["verdict"] == verification.verdict.name


@pytest.fixture
def openssl(tmp_path):
    """Run openssl in a folder of its own."""
    program = shutil.which("openssl")
    if program is None:
        pytest.skip("openssl is not installed")

    def run(*arguments):
        done = subprocess.run([program, *arguments], cwd=tmp_path, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout + done.stderr

    run.folder = tmp_path
    return run


def test_openssl_follows_the_chain(openssl):
    """Our certificates are certificates to others: issued for signing code, and to the right key."""
    chain = TEAM.subordinate("Builds", since=NOW - DAY).issue("build", since=NOW - DAY).chain
    for name, certificate in zip(("leaf", "middle", "root"), chain, strict=True):
        (openssl.folder / f"{name}.pem").write_text(certificate.pem, "ascii")
    at = ["-attime", str(int(NOW.timestamp()))]
    code, output = openssl("verify", *at, "-x509_strict", "-CAfile", "root.pem", "-untrusted", "middle.pem", "leaf.pem")
    assert (0, "leaf.pem: OK\n") == (code, output)
    _, text = openssl("x509", "-in", "leaf.pem", "-noout", "-ext", "extendedKeyUsage,keyUsage,basicConstraints")
    for expected in ("Code Signing", "Digital Signature", "CA:FALSE", "critical"):
        assert expected in text
    _, fingerprint = openssl("x509", "-in", "leaf.pem", "-noout", "-fingerprint", "-sha256")
    assert chain[0].fingerprint == fingerprint.strip().partition("=")[2].replace(":", "").lower()


def test_openssl_verifies_the_signature(openssl):
    """Over protected header, full stop, payload: with SHA-384 and the key of the certificate."""
    envelope = envelope_of(signed())
    signature = decoded(envelope["signature"])
    der = encode_dss_signature(int.from_bytes(signature[:48]), int.from_bytes(signature[48:]))
    key = BUILD.chain[0].parsed().public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    for name, data in (
        ("signature", der),
        ("key.pem", key),
        ("signed", f"{envelope['protected']}.{envelope['payload']}".encode()),
        ("other", f"{envelope['protected']}.{envelope['payload']}x".encode()),
    ):
        (openssl.folder / name).write_bytes(data)
    check = ("dgst", "-sha384", "-verify", "key.pem", "-signature", "signature")
    assert (0, "Verified OK\n") == openssl(*check, "signed")
    assert 1 == openssl(*check, "other")[0]


# --- how it looks ---------------------------------------------------------------------------------------------------

TRUSTED = """\
✓ Trusted: signed by somebody you trust
  envelope      ✓ one envelope, ES384, 2 certificates
  certificates  ✓ CN=build,O=Team ← CN=Team,O=Team
  integrity     ✓ the signature fits payload and headers
  subject       ✓ the signed digest is the image's, sha256:{digest}…
  root          ✓ CN=Team,O=Team
  identity      ✓ CN=build,O=Team
  signing time  ✓ 2026-11-24 12:00:00 UTC, the signer says so
  expiry        ✓ not until 2026-11-25 12:00:00 UTC
  revocation    ○ not looked up here"""
REFUSED_CARD = """\
✗ Not trusted: a signature of something else
  envelope      ✓ one envelope, ES384, 2 certificates
  certificates  ✓ CN=build,O=Team ← CN=Team,O=Team
  integrity     ✓ the signature fits payload and headers
  subject       ✗ the signed digest is {other}, the image's is {digest}
  root          ○ not asked any more
  identity      ○ not asked any more
  signing time  ○ not asked any more
  expiry        ○ not asked any more
  revocation    ○ not looked up here"""


def test_a_verification_is_a_card():
    """Each check is a row: passed, failed, or not asked any more."""
    artifact = signed(expires_at=NOW + DAY)
    assert TRUSTED.format(digest=IMAGE.digest.short) == str(verify(artifact)) == repr(verify(artifact))
    refused = verify(artifact, OTHER_IMAGE)
    assert REFUSED_CARD.format(digest=OTHER_IMAGE.digest, other=IMAGE.digest) == str(refused)
    for form in (refused._repr_html_(), refused._repr_markdown_()):
        assert "Not trusted: a signature of something else" in form
        assert form.count("not asked any more") == 4


def test_everything_else_has_a_card_too():
    """Who signs, who vouches, whom one trusts; no secret is shown."""
    shown = {
        "Signer CN=build,O=Team": BUILD,
        "Authority Team": TEAM,
        "Trust": signatures.trust(TEAM, signing_authorities=[signatures.lab_signer_root()], identities=[PROFILE]),
        "Certificate": TEAM.root,
    }
    for title, value in shown.items():
        assert f"ℹ {title}" == str(value).partition("\n")[0]
        assert str(BUILD.secret) not in str(value) + value._repr_html_() + value._repr_markdown_()
    assert "nobody  every signature is refused" in str(signatures.Trust(identities=()))


def test_a_certificate_as_text():
    """PEM and back; read from bytes or text."""
    certificate = TEAM.root
    assert [certificate] * 3 == [
        Certificate.parse(each) for each in (certificate.pem, certificate.pem.encode(), certificate.der)
    ]
    assert (datetime(2026, 11, 23, 12, tzinfo=UTC), "CN=Team,O=Team") == (certificate.valid_from, certificate.issuer)


def test_cryptography_is_imported_when_it_is_needed():
    """Not by naming the package."""
    program = "import sys; from ecrlab import signatures; print('cryptography' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "False\n" == done.stdout
