"""A notary server for one demonstration, where one is installed: on loopback, with a certificate of its own."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from sealock.errors import TargetError

PROGRAM: Final = "notary-server"
_PATIENCE: Final = 10.0
_PASSPHRASE: Final = "a passphrase of the workshop"  # noqa: S105  of keys that are gone when it ends


def is_installed() -> bool:
    """Whether this machine has a notary server."""
    return shutil.which(PROGRAM) is not None


@contextmanager
def notary(directory: Path) -> Iterator[Mapping[str, str]]:
    """Start a server with its files in a directory; give the environment for a client of its own.

    The server keeps all in memory, and ends with the demonstration. TargetError where it does not start.
    """
    with socket.create_server(("127.0.0.1", 0)) as free:
        host = f"127.0.0.1:{free.getsockname()[1]}"
    key, certificate = _certificate(directory)
    settings = {
        "server": {"http_addr": host, "tls_key_file": str(key), "tls_cert_file": str(certificate)},
        "trust_service": {"type": "local"},
        "storage": {"backend": "memory"},
        "logging": {"level": "error"},
    }
    file = directory / "notary.json"
    file.write_text(json.dumps(settings), encoding="utf-8")
    client = directory / "docker"
    (client / "tls" / host).mkdir(parents=True)
    shutil.copy(certificate, client / "tls" / host / "ca.crt")
    process = subprocess.Popen(  # noqa: S603  no shell
        [shutil.which(PROGRAM) or PROGRAM, "-config", file],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        wait_for(host, PROGRAM)
        yield {
            "DOCKER_CONFIG": str(client),
            "DOCKER_CONTENT_TRUST_SERVER": f"https://{host}",
            "DOCKER_CONTENT_TRUST_ROOT_PASSPHRASE": _PASSPHRASE,
            "DOCKER_CONTENT_TRUST_REPOSITORY_PASSPHRASE": _PASSPHRASE,
        }
    finally:
        process.terminate()
        process.wait(10)


def wait_for(host: str, program: str) -> None:
    """Wait until HOST:PORT listens; TargetError where it does not."""
    address, _, port = host.partition(":")
    until = time.monotonic() + _PATIENCE
    while time.monotonic() < until:
        with socket.socket() as probe:
            if probe.connect_ex((address, int(port))) == 0:
                return
        time.sleep(0.05)
    message = f"{program} does not listen on {host}"
    raise TargetError(message)


def _certificate(directory: Path) -> tuple[Path, Path]:
    """The files of a key and of a certificate for 127.0.0.1 that signs itself, valid for a day."""
    secret, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(secret.public_key())
    builder = builder.serial_number(x509.random_serial_number())
    builder = builder.not_valid_before(now - timedelta(hours=1)).not_valid_after(now + timedelta(days=1))
    address = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    builder = builder.add_extension(address, critical=False)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    key, certificate = directory / "notary.key", directory / "notary.crt"
    key.touch(0o600)
    key.write_bytes(secret.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    certificate.write_bytes(builder.sign(secret, hashes.SHA256()).public_bytes(Encoding.PEM))
    return key, certificate
