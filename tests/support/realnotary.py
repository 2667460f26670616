"""Real notary servers and a real registry of the test's own, on ports of this machine, ended when the test ends."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from support.ports import is_listening, reserved_port
from support.waiting import PATIENCE, wait_until

PASSPHRASES = {
    "DOCKER_CONTENT_TRUST_ROOT_PASSPHRASE": "a root passphrase",
    "DOCKER_CONTENT_TRUST_REPOSITORY_PASSPHRASE": "another passphrase",
    "NOTARY_ROOT_PASSPHRASE": "a root passphrase",
    "NOTARY_TARGETS_PASSPHRASE": "another passphrase",
    "NOTARY_SNAPSHOT_PASSPHRASE": "another passphrase",
    "NOTARY_DELEGATION_PASSPHRASE": "another passphrase",
}


class Servers:
    """A notary server, a registry, and folders of clients that trust the server's certificate."""

    def __init__(self, folder: Path, notary: int, registry: int) -> None:
        self.folder = folder
        self.notary = f"https://127.0.0.1:{notary}"
        self.registry = f"127.0.0.1:{registry}"
        self._certificate = folder / "certificate.pem"
        self._port = notary

    def client(self, name: str) -> Mapping[str, str]:
        """The environment of a client with a folder of its own."""
        home = self.folder / name
        place = home / ".docker" / "tls" / f"127.0.0.1:{self._port}"
        place.mkdir(parents=True, exist_ok=True)
        shutil.copy(self._certificate, place / "ca.crt")
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "DOCKER_CONFIG": str(home / ".docker"),
            "DOCKER_CONTENT_TRUST_SERVER": self.notary,
            # The sealock of this checkout, also where another one is installed.
            "PYTHONPATH": str(Path(__file__).parents[2] / "src"),
            **PASSPHRASES,
        }

    def run_notary(self, client: Mapping[str, str], *words: str) -> str:
        """Run the real notary client on a client's folder; give what it said."""
        trust = f"{client['DOCKER_CONFIG']}/trust"
        done = subprocess.run(
            ["notary", "-s", self.notary, "--tlscacert", self._certificate, "-d", trust, *words],
            env=client, capture_output=True, text=True, check=False, cwd=self.folder, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def refused_by_notary(self, client: Mapping[str, str], *words: str) -> str:
        """Run the real notary client, which is to refuse; give what it said."""
        trust = f"{client['DOCKER_CONFIG']}/trust"
        done = subprocess.run(
            ["notary", "-s", self.notary, "--tlscacert", self._certificate, "-d", trust, *words],
            env=client, capture_output=True, text=True, check=False, cwd=self.folder, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        assert done.returncode != 0, done.stdout
        return done.stderr


@contextmanager
def servers(*, signer: bool = False) -> Iterator[Servers]:
    """Start a registry and a notary server, with a notary signer behind it if asked for."""
    folder = Path(tempfile.mkdtemp(prefix="sealock-notary-", dir="/tmp"))
    with ExitStack() as ends:
        ends.callback(shutil.rmtree, folder, ignore_errors=True)
        key, certificate = _certificate(folder)
        notary, registry = (ends.enter_context(reserved_port()) for _ in range(2))
        service: dict[str, object] = {"type": "local"}
        if signer:
            grpc = ends.enter_context(reserved_port())
            behind = {
                "server": {"grpc_addr": f"127.0.0.1:{grpc}", "tls_cert_file": str(certificate), "tls_key_file": str(key),
                           "client_ca_file": str(certificate)},
                "storage": {"backend": "memory"},
                "logging": {"level": "error"},
            }  # fmt: skip
            (folder / "signer.json").write_text(json.dumps(behind))
            secret = {"NOTARY_SIGNER_TIMESTAMP": "a passphrase", "NOTARY_SIGNER_DEFAULT_ALIAS": "timestamp"}
            _start(ends, folder, ["notary-signer", "-config", folder / "signer.json"], grpc, secret)
            service = {
                "type": "remote", "hostname": "127.0.0.1", "port": str(grpc), "key_algorithm": "ecdsa",
                "tls_ca_file": str(certificate), "tls_client_cert": str(certificate), "tls_client_key": str(key),
            }  # fmt: skip
        config: dict[str, object] = {
            "server": {"http_addr": f"127.0.0.1:{notary}", "tls_key_file": str(key), "tls_cert_file": str(certificate)},
            "trust_service": service,
            "storage": {"backend": "memory"},
            "logging": {"level": "error"},
        }
        (folder / "server.json").write_text(json.dumps(config))
        _start(ends, folder, ["notary-server", "-config", folder / "server.json"], notary)
        (folder / "registry.yml").write_text(
            f"version: 0.1\nstorage: {{filesystem: {{rootdirectory: {folder}/registry}}}}\n"
            f"http: {{addr: '127.0.0.1:{registry}'}}\nlog: {{level: error}}\n"
        )
        _start(ends, folder, ["docker-registry", "serve", folder / "registry.yml"], registry)
        yield Servers(folder, notary, registry)


def _start(
    ends: ExitStack, folder: Path, words: list[str | Path], port: int, more: Mapping[str, str] | None = None
) -> None:
    name = Path(words[0]).name
    log = ends.enter_context((folder / f"{name}.log").open("wb"))
    process = subprocess.Popen(words, stdout=log, stderr=log, env={"PATH": os.environ["PATH"], **(more or {})})
    ends.callback(process.wait, PATIENCE)
    ends.callback(process.terminate)
    wait_until(lambda: process.poll() is not None or is_listening(port))
    assert process.poll() is None, (folder / f"{name}.log").read_text()[-2000:]


def _certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate for this machine, which signs itself and serves both sides of TLS."""
    secret = ec.generate_private_key(ec.SECP256R1())
    name, now = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")]), datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(secret.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(secret, hashes.SHA256())
    )
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    key.write_bytes(secret.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    certificate.write_bytes(made.public_bytes(Encoding.PEM))
    return key, certificate
