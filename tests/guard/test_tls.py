"""On TCP the name in the client's certificate is the caller, and without one there is no connection."""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from sealock.errors import UsageError
from sealock.guard.tls import terminate, tls_context
from support.commandline import sealock
from support.guardproxy import guard
from support.ports import reserved_port
from support.scriptedengine import answer, scripted
from support.waiting import PATIENCE

POLICY = """\
[guard]
[[guard.caller]]
name = "ci"
tls-name = "ci-*"
allow = ["ping", "GET /info"]
"""


def authority(folder: Path) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "authority")])
    certificate = (
        builder(name, name, key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "ca.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    return certificate, key


def builder(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return x509.CertificateBuilder(
        issuer, subject, key, x509.random_serial_number(), now - timedelta(days=1), now + timedelta(days=1)
    )


def issue(folder: Path, name: str, *common: str) -> None:
    certificate, key = AUTHORITIES[folder]
    own = ec.generate_private_key(ec.SECP256R1())
    names = [x509.NameAttribute(NameOID.COMMON_NAME, text) for text in common]
    subject = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "ci-1"), *names])
    made = (
        builder(subject, certificate.subject, own.public_key())
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    (folder / f"{name}.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    form = serialization.PrivateFormat.PKCS8
    (folder / f"{name}.key").write_bytes(
        own.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
    )


AUTHORITIES: dict[Path, tuple[x509.Certificate, ec.EllipticCurvePrivateKey]] = {}


def test_the_name_in_the_certificate_is_the_caller(tmp_path: Path) -> None:
    AUTHORITIES[tmp_path] = authority(tmp_path)
    for name, common in (
        ("server", ("server",)),
        ("ci", ("ci-1",)),
        ("other", ("web",)),
        ("two", ("ci-1", "root")),
        ("none", ()),
    ):
        issue(tmp_path, name, *common)
    words = []
    for option, file in (("--tls-cert", "server.pem"), ("--tls-key", "server.key"), ("--tls-ca", "ca.pem")):
        words += [option, str(tmp_path / file)]
    with (
        reserved_port() as port,
        scripted(tmp_path / "e.sock") as engine,
        guard(engine.path, POLICY, "--listen", f"tcp://127.0.0.1:{port}", *words) as proxy,
    ):
        engine.replies["GET /info"] = answer({"x": "y" * 200_000})
        expected = {"ci": 200, "other": 403, "two": 403, "none": 403, "": 0}
        for name, status in expected.items():
            assert asked(tmp_path, port, name) == status, name
        assert proxy.last(status=200)["caller"]["tls_name"] == "ci-1"


def asked(folder: Path, port: int, name: str) -> int:
    """Ask with a certificate, or without one; the status, 0 for no answer."""
    context = ssl.create_default_context(cafile=str(folder / "ca.pem"))
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    if name:
        context.load_cert_chain(folder / f"{name}.pem", folder / f"{name}.key")
    try:
        with (
            socket.create_connection(("127.0.0.1", port), PATIENCE) as plain,
            context.wrap_socket(plain, server_hostname="localhost") as sock,
        ):
            sock.sendall(b"GET /info HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            received = b"".join(iter(lambda: sock.recv(65536), b""))
    except OSError:
        return 0
    if not received:  # a server that refuses a handshake may close before its alert is read
        return 0
    status = int(received.split()[1])
    assert status != 200 or len(received) > 200_000
    return status


@pytest.mark.parametrize("words", [
    ("--listen", "tcp://127.0.0.1:1"), ("--listen", "tcp://127.0.0.1"), ("--listen", "tcp://x:99999"),
    ("--tls-cert", "x"), ("--listen", "tcp://127.0.0.1:1", "--tls-cert", "no", "--tls-key", "no", "--tls-ca", "no"),
])  # fmt: skip
def test_tcp_without_certificates_is_an_error(words: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "sealock.toml").write_text(POLICY)
    done: subprocess.CompletedProcess[str] = sealock(
        "guard", "proxy", "--engine", "e.sock", "--status", "", *words, cwd=tmp_path, environment=dict(os.environ)
    )
    assert done.returncode == 2
    assert "tls" in done.stderr.lower() or "tcp://" in done.stderr


@pytest.mark.parametrize(
    ("certificate", "key", "ca", "words"),
    [
        ("server.pem", "server.key", "ca.pem", ""),
        ("none.pem", "server.key", "ca.pem", "none.pem with .*server.key cannot be used for TLS"),
        ("server.pem", "none.key", "ca.pem", "server.pem with .*none.key cannot be used for TLS"),
        ("server.pem", "ci.key", "ca.pem", "server.pem with .*ci.key cannot be used for TLS"),
        ("server.key", "server.key", "ca.pem", "server.key with .*server.key cannot be used for TLS"),
        ("server.pem", "sealed.key", "ca.pem", "server.pem with .*sealed.key cannot be used for TLS"),
        ("server.pem", "server.key", "none.pem", "none.pem cannot be used for TLS"),
        ("server.pem", "server.key", "server.key", "server.key cannot be used for TLS"),
    ],
)
def test_files_that_cannot_be_used_are_named(tmp_path: Path, certificate: str, key: str, ca: str, words: str) -> None:
    make_files(tmp_path)
    files = [str(tmp_path / name) for name in (certificate, key, ca)]
    if words:
        with pytest.raises(UsageError, match=words):
            tls_context(*files)
    else:
        assert tls_context(*files).verify_mode is ssl.CERT_REQUIRED


def make_files(folder: Path) -> None:
    AUTHORITIES[folder] = authority(folder)
    for name in ("server", "ci"):
        issue(folder, name, name)
    key = serialization.load_pem_private_key((folder / "server.key").read_bytes(), None)
    form, sealed = serialization.PrivateFormat.PKCS8, serialization.BestAvailableEncryption(b"x")
    (folder / "sealed.key").write_bytes(key.private_bytes(serialization.Encoding.PEM, form, sealed))


@pytest.mark.parametrize("ending", ["words", "the end", "a cancelled task"])
def test_a_handshake_that_fails_closes_its_socket(tmp_path: Path, ending: str) -> None:
    make_files(tmp_path)
    context = tls_context(*(str(tmp_path / name) for name in ("server.pem", "server.key", "ca.pem")))

    async def shake() -> int:
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        task = asyncio.ensure_future(terminate(ours, context))
        await asyncio.sleep(0)
        if ending == "words":
            theirs.sendall(b"GET / HTTP/1.1\r\n\r\n")
        elif ending == "the end":
            theirs.shutdown(socket.SHUT_WR)
        else:
            task.cancel()
        with pytest.raises((OSError, asyncio.CancelledError)):
            await task
        theirs.close()
        return ours.fileno()

    assert asyncio.run(shake()) == -1
