"""Time stamps that openssl makes on Notation's signatures: they hold after the signer's certificate has expired."""

from __future__ import annotations

import json
import subprocess
from base64 import b64encode
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from sealock.model.trust import TrustResult
from sealock.trust.notation import envelope, timestamps
from sealock.trust.notation.policy import LEVELS
from sealock.trust.notation.requirements import Anchor
from support.notationworld import NOW, Holder, World, unpacked, usage, world

TODAY = datetime.now(UTC)
DAYS = (TODAY - NOW).days
SETTINGS = """\
[tsa]
dir = .
serial = ./serial
signer_cert = ./tsa.pem
certs = ./chain.pem
signer_key = ./tsa.key
signer_digest = sha256
default_policy = {policy}
digests = sha256, sha384
{accuracy}
ess_cert_id_alg = sha256
"""


class Stamper:
    """An authority for time stamps, of openssl's."""

    def __init__(self, folder: Path, accuracy: str = "secs:1", policy: str = "1.2.3.4") -> None:
        self.folder = folder
        folder.mkdir()
        self.root = Holder("stamps", authority=True, days=(DAYS - 9, DAYS + 900))
        uses = (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), True)
        extensions = {"uses": uses, "usage": (usage("digital_signature"), True)}
        leaf = self.leaf = Holder("stamper", self.root, days=(DAYS - 9, DAYS + 900), extensions=extensions)
        (folder / "tsa.key").write_bytes(leaf.pem())
        (folder / "tsa.pem").write_bytes(
            leaf.chain_pem().partition(b"-----END CERTIFICATE-----\n")[0] + b"-----END CERTIFICATE-----\n"
        )
        (folder / "chain.pem").write_bytes(self.root.chain_pem())
        (folder / "serial").write_text("01\n")
        (folder / "tsa.cnf").write_text(
            SETTINGS.format(policy=policy, accuracy=f"accuracy = {accuracy}" if accuracy else "")
        )

    def stamp(self, data: bytes, digest: str = "sha256") -> bytes:
        (self.folder / "data").write_bytes(data)
        for words in (
            ("-query", "-data", "data", f"-{digest}", "-cert", "-out", "query"),
            ("-reply", "-config", "tsa.cnf", "-section", "tsa", "-queryfile", "query", "-token_out", "-out", "token"),
        ):
            done = subprocess.run(
                ["openssl", "ts", *words], capture_output=True, text=True, check=False, cwd=self.folder
            )
            assert done.returncode == 0, done.stderr
        return (self.folder / "token").read_bytes()


@pytest.fixture
def here() -> Iterator[World]:
    with world() as one:
        one.root = Holder("root", authority=True, days=(DAYS - 9, DAYS + 900))
        one.signer = Holder("signer", one.root, days=(DAYS - 1, DAYS + 2))
        yield one


@pytest.fixture
def stamper(tmp_path: Path) -> Stamper:
    return Stamper(tmp_path / "tsa")


def attach(here: World, stamper: Stamper, digest: str = "sha256", changed: Any = None) -> None:
    """Sign, and have the signature stamped; `changed` alters what is stamped, or the stamp."""
    table = json.loads(here.envelope(signed=TODAY - timedelta(minutes=1)))
    signature = unpacked(table["signature"])
    stamp = stamper.stamp(signature + (b"x" if changed == "another signature" else b""), digest)
    if changed == "cut":
        stamp = stamp[:-9]
    elif changed == "altered":
        stamp = stamp[:-9] + bytes([stamp[-9] ^ 1]) + stamp[-8:]
    elif changed == "large":
        stamp += b"x" * (1 << 17)
    table["header"][envelope.TIMESTAMP] = b64encode(stamp).decode()
    here.refer(json.dumps(table).encode())


def later(here: World, *anchors: Anchor, days: int = 30) -> TrustResult:
    """Verify in some days from now; after thirty, the signer's certificate has expired."""
    return here.verify(anchors=(Anchor(here.root.der), *anchors), now=datetime.now(UTC) + timedelta(days=days))


@pytest.mark.parametrize("digest", ["sha256", "sha384"])
def test_a_stamped_signature_holds_for_longer(here: World, stamper: Stamper, digest: str) -> None:
    attach(here, stamper, digest)
    tsa = Anchor(stamper.root.der, "tsa")
    assert later(here, tsa, days=0).state == "trusted"
    result = later(here, tsa)
    assert result.state == "trusted", result.why


@pytest.mark.parametrize(
    ("accuracy", "policy", "margin"),
    [
        ("secs:3", "1.2.3.4", 3_000_000),
        ("secs:2, millisecs:500, microsecs:250", "1.2.3.4", 2_500_250),
        ("millisecs:5", "1.2.3.4", 5_000),
        ("microsecs:7", "1.2.3.4", 7),
        ("", "1.2.3.4", 0),
        ("", "0.4.0.2023.1.1", 1_000_000),
        ("secs:2", "0.4.0.2023.1.1", 2_000_000),
    ],
)
def test_a_stamp_is_as_exact_as_its_authority_says(tmp_path: Path, accuracy: str, policy: str, margin: int) -> None:
    """A policy of RFC 3628 without an accuracy means one second."""
    stamper = Stamper(tmp_path / "tsa", accuracy, policy)
    before = datetime.now(UTC).replace(microsecond=0)
    stamped = timestamps.verify(stamper.stamp(b"signature"), b"signature", [stamper.root.der])
    assert stamped.latest - stamped.earliest == 2 * timedelta(microseconds=margin)
    assert before <= stamped.earliest + timedelta(microseconds=margin) <= datetime.now(UTC)
    issued = {(one.subject, by.subject) for one, by in stamped.certificates}
    assert issued == {(stamper.leaf.name, stamper.root.name), (stamper.root.name, stamper.root.name)}


def test_without_an_authority_for_stamps_it_does_not(here: World, stamper: Stamper) -> None:
    attach(here, stamper)
    result = later(here)
    assert (result.state, result.check) == ("untrusted", "certificate")
    assert "no time-stamping authority is trusted" in result.why
    assert later(here, days=0).state == "trusted"


def test_an_authority_of_signers_is_none_of_stamps(here: World, stamper: Stamper) -> None:
    attach(here, stamper)
    assert later(here, Anchor(stamper.root.der, "ca")).check == "certificate"


def test_anothers_stamp_does_not_count(here: World, stamper: Stamper, tmp_path: Path) -> None:
    attach(here, Stamper(tmp_path / "other"))
    assert later(here, Anchor(stamper.root.der, "tsa")).check == "timestamp"


@pytest.mark.parametrize("changed", ["another signature", "cut", "altered", "large"])
def test_a_stamp_that_is_not_right_does_not_count(here: World, stamper: Stamper, changed: str) -> None:
    attach(here, stamper, changed=changed)
    result = later(here, Anchor(stamper.root.der, "tsa"))
    assert (result.state, result.check) == ("untrusted", "timestamp"), result.why
    assert "ErrorStack" not in result.why


def test_a_stamp_before_the_certificate_does_not_help(here: World, stamper: Stamper) -> None:
    """The certificate begins only after the signature was stamped."""
    here.signer = Holder("signer", here.root, days=(DAYS + 9, DAYS + 20))
    attach(here, stamper)
    assert later(here, Anchor(stamper.root.der, "tsa"), days=15).check == "certificate"


def test_a_lenient_policy_notes_it(here: World, stamper: Stamper) -> None:
    attach(here, stamper, changed="cut")
    anchors = (Anchor(here.root.der), Anchor(stamper.root.der, "tsa"))
    result = here.verify(anchors=anchors, actions=LEVELS["permissive"], now=TODAY)
    assert result.passes
    assert any("time stamp does not count" in note for note in result.notes)
