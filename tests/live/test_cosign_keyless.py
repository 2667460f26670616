"""Signatures without keys: there is no Sigstore here but a made-up one, so the real cosign and we are shown what it made."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from sealock.net.registry import upload
from sealock.net.registry.names import reference
from sealock.trust.cosign import bundles, simple
from sealock.trust.cosign.attachments import ENVELOPE_TYPE, tag_of
from sealock.trust.cosign.requirements import CosignRequirements, SignerIdentity
from sealock.trust.cosign.verifier import verify_attestations, verify_cosign
from sealock.trust.dsse import IN_TOTO, pae, write_envelope
from sealock.trust.intoto import SIGNATURE, type_of, write_statement
from support.realcosign import PLAIN, Place, cosign_place
from support.sigstoreworld import ISSUER, SIGNED, Sigstore

pytestmark = pytest.mark.live


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with cosign_place(tmp_path_factory.mktemp("cosign")) as one:
        yield one


class Keyless:
    """A made-up Sigstore, and what cosign must be given to know it."""

    def __init__(self, place: Place) -> None:
        self.place, self.sigstore = place, Sigstore()
        (place.folder / "made-up.json").write_bytes(self.sigstore.root)
        self.expected = CosignRequirements(
            identities=(SignerIdentity("alice@example.org", ISSUER),), trusted_root=self.sigstore.root
        )

    def cosign(self, image: str, *words: str) -> bool:
        """Whether the real cosign verifies."""
        done = self.place.cosign(
            *words,
            *PLAIN,
            "--certificate-identity=alice@example.org",
            f"--certificate-oidc-issuer={ISSUER}",
            image,
            # cosign 2 fetches these beside the trusted root, unless it is given them.
            SIGSTORE_ROOT_FILE=self._pem("authority", self.sigstore.authority.public_bytes(Encoding.PEM)),
            SIGSTORE_REKOR_PUBLIC_KEY=self._pem("log", _public(self.sigstore.log_key)),
            SIGSTORE_CT_LOG_PUBLIC_KEY_FILE=self._pem("ct", _public(self.sigstore.certificates_key)),
        )
        assert "no such host" not in done.stderr
        return done.returncode == 0

    def _pem(self, name: str, raw: bytes) -> str:
        path = self.place.folder / f"{name}.pem"
        path.write_bytes(raw)
        return str(path)


def _public(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


WHO = pytest.mark.parametrize(
    ("who", "counts"), [("alice@example.org", True), ("mallory@example.org", False)], ids=["expected", "another"]
)


@WHO
def test_both_judge_a_bundle_without_a_key_alike(place: Place, who: str, counts: bool) -> None:  # noqa: FBT001  a row
    here, image = Keyless(place), place.image()
    name = reference(image)
    body = json.dumps(here.sigstore.bundle(write_statement(name.digest or "", SIGNATURE, {}), who)).encode()
    subject = place.client.manifest(name).descriptor
    upload.push_artifact(place.client, name, bundles.MEDIA_TYPE, [(body, bundles.MEDIA_TYPE, {})], subject=subject)
    words = ["verify-attestation", "--new-bundle-format", "--trusted-root=made-up.json", f"--type={SIGNATURE}"]
    ours = verify_cosign(place.client, name, name.digest or "", here.expected)
    assert (ours.state == "trusted", here.cosign(image, *words)) == (counts, counts)


UNDER_TAG: list[tuple[str, dict[str, Any], bool]] = [
    ("as it should be", {}, True),
    ("by somebody else", {"subject": "mallory@example.org"}, False),
    ("by another issuer", {"issuer": "https://evil.example"}, False),
    ("an entry about another payload", {"logged": b"other"}, False),
    ("an entry for another signature", {"logged_signature": b"other"}, False),
    ("signed after the certificate ended", {"certified_at": SIGNED - timedelta(hours=1)}, False),
    ("another time than was promised", {"promise": {"integratedTime": int(SIGNED.timestamp()) + 1}}, False),
]


@pytest.mark.parametrize(("how", "counts"), [row[1:] for row in UNDER_TAG], ids=[row[0] for row in UNDER_TAG])
def test_both_judge_a_signature_without_a_key_alike(place: Place, how: dict[str, Any], counts: bool) -> None:  # noqa: FBT001  a row
    here, image = Keyless(place), place.image()
    name = reference(image)
    body = simple.write_claims(image.partition("@")[0], name.digest or "", {})
    beside = here.sigstore.annotations(body, body, **{"subject": "alice@example.org", **how})
    tag = tag_of(name.digest or "", "sig")
    upload.push_artifact(place.client, name, "", [(body, simple.MEDIA_TYPE, beside)], tag=tag)
    ours = verify_cosign(place.client, name, name.digest or "", here.expected)
    assert (ours.state == "trusted", here.cosign(image, "verify")) == (counts, counts)


@pytest.mark.parametrize("kind", ["dsse", "intoto 0.0.1", "intoto 0.0.2"])
def test_both_take_an_attestation_without_a_key(place: Place, kind: str) -> None:
    here, image = Keyless(place), place.image()
    name = reference(image)
    payload = write_statement(name.digest or "", type_of("cyclonedx"), {"a": 1}, name=image.partition("@")[0])
    bodies: list[bytes] = []

    def layer(signature: bytes) -> bytes:
        bodies.append(write_envelope(payload, signature))
        return bodies[0]

    beside = here.sigstore.annotations(pae(IN_TOTO, payload), payload, "alice@example.org", kind=kind, layer=layer)
    beside |= {simple.SIGNATURE: "", "predicateType": type_of("cyclonedx")}
    tag = tag_of(name.digest or "", "att")
    upload.push_artifact(place.client, name, "", [(bodies[0], ENVELOPE_TYPE, beside)], tag=tag)
    ours = verify_attestations(place.client, name, name.digest or "", here.expected, type_of("cyclonedx"))
    assert ours.state == "trusted", ours.why
    assert here.cosign(image, "verify-attestation", "--type=cyclonedx")
