"""Notation's signatures at the real registry, which lists no referrers; and openssl's word on what we sign."""

from __future__ import annotations

import json
import subprocess
import sys
from base64 import b64decode, urlsafe_b64decode
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from sealock.net.http import HttpTransport
from sealock.net.registry import upload
from sealock.net.registry.client import Fetched, Registry
from sealock.net.registry.names import reference
from sealock.trust.notation.envelope import ARTIFACT_TYPE
from support.madeimages import config
from support.notationworld import NOW, Holder, rsa_key
from support.realregistry import real_registry
from support.waiting import PATIENCE

pytestmark = pytest.mark.live

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
DAYS = (datetime.now(UTC) - NOW).days
KEYS: dict[str, Callable[[], Any]] = {
    "ES256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "PS256": lambda: rsa_key(2048),
}


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with real_registry(tmp_path_factory.mktemp("registry")) as one:
        yield one


def client() -> Registry:
    return Registry(HttpTransport(environment={}))


def push(text: str) -> Fetched:
    name = reference(text)
    sent = upload.push_blob(client(), name, config())
    told = upload.written(sent) | {"mediaType": "application/vnd.oci.image.config.v1+json"}
    table = {"schemaVersion": 2, "mediaType": MANIFEST, "config": told, "layers": []}
    return upload.push_manifest(client(), name, json.dumps(table).encode(), MANIFEST, name.tag or "")


def sealock(folder: Path, *words: str, status: int = 0) -> str:
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}
    done = subprocess.run(
        [sys.executable, "-m", "sealock", "trust", *words, "--no-policy"],
        capture_output=True, text=True, check=False, cwd=folder, env=environment, timeout=PATIENCE,
    )  # fmt: skip
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout


def keep(folder: Path, key: Any) -> tuple[Holder, Holder]:
    """An authority and a signer, with their files; the authority is in notation's trust store."""
    span = (DAYS - 9, DAYS + 9)
    root = Holder("root", authority=True, days=span)
    middle = Holder("middle", root, authority=True, days=span)
    signer = Holder("signer", middle, key=key, days=span)
    (folder / "my.key").write_bytes(signer.pem())
    (folder / "my.crt").write_bytes(signer.chain_pem())
    store = folder / "notation" / "trust-store" / "x509" / "ca" / "mine"
    store.mkdir(parents=True)
    (store / "ca.crt").write_bytes(root.chain_pem())
    statement = {
        "name": "all",
        "registryScopes": ["*"],
        "signatureVerification": {"level": "strict"},
        "trustStores": ["ca:mine"],
        "trustedIdentities": ["x509.subject: C=US, ST=WA, O=example"],
    }
    policy = {"version": "1.0", "trustPolicies": [statement]}
    (folder / "notation" / "trustpolicy.json").write_text(json.dumps(policy))
    return root, signer


@pytest.mark.parametrize("algorithm", KEYS)
def test_what_is_signed_is_verified_and_openssl_agrees(host: str, tmp_path: Path, algorithm: str) -> None:
    text = f"{host}/app-{algorithm.lower()}:1"
    image = push(text)
    root, signer = keep(tmp_path, KEYS[algorithm]())
    sealock(tmp_path, "verify", "--notation", text, status=1)
    sealock(tmp_path, "sign", "--notation", "--key", "my.key", "--certificate", "my.crt", text)
    assert image.digest in sealock(tmp_path, "verify", "--notation", text)
    # The tag lists it, with the type by which others look for it.
    [entry] = client().fallback(reference(text), image.digest)
    assert entry.artifact_type == ARTIFACT_TYPE
    manifest: Any = client().child(reference(text), entry).noun
    envelope = json.loads(client().read_blob(reference(text), manifest.layers[0]))
    check_by_openssl(tmp_path, envelope, root, signer)


def check_by_openssl(folder: Path, envelope: dict[str, Any], root: Holder, signer: Holder) -> None:
    ders = [b64decode(one) for one in envelope["header"]["x5c"]]
    assert ders == list(signer.chain)
    (folder / "message").write_text(f"{envelope['protected']}.{envelope['payload']}")
    raw = urlsafe_b64decode(envelope["signature"] + "==")
    options = ["-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:32"]
    if isinstance(signer.key, ec.EllipticCurvePrivateKey):
        raw = encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
        options = []
    (folder / "signature").write_bytes(raw)
    (folder / "root.pem").write_bytes(root.chain_pem())
    chain = ["openssl", "verify", "-CAfile", "root.pem", "-untrusted", "my.crt", "my.crt"]
    public = ["openssl", "x509", "-in", "my.crt", "-pubkey", "-noout", "-out", "public.pem"]
    made = ["openssl", "dgst", "-sha256", "-verify", "public.pem", "-signature", "signature", *options, "message"]
    for words in (chain, public, made):
        done = subprocess.run(words, capture_output=True, text=True, check=False, cwd=folder)
        assert done.returncode == 0, done.stdout + done.stderr


def test_signatures_of_two_people_stay_side_by_side(host: str, tmp_path: Path) -> None:
    text = f"{host}/both:1"
    image = push(text)
    for who in ("first", "second"):
        folder = tmp_path / who
        folder.mkdir()
        keep(folder, KEYS["ES256"]())
        sealock(folder, "sign", "--notation", "--key", "my.key", "--certificate", "my.crt", text)
    for who in ("first", "second"):
        sealock(tmp_path / who, "verify", "--notation", text)
    assert len(client().fallback(reference(text), image.digest)) == 2


def test_a_registry_that_is_gone_is_no_verdict(tmp_path: Path) -> None:
    keep(tmp_path, KEYS["ES256"]())
    sealock(tmp_path, "verify", "--notation", "127.0.0.1:1/app:1", status=2)
