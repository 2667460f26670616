"""A simulated registry with a fresh image, a made-up authority with its signers, and Notation's signatures by hand."""

from __future__ import annotations

import json
import os
from base64 import b64encode, urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from sealock.model.imagename import ImageName
from sealock.model.manifest import Descriptor
from sealock.model.trust import TrustResult
from sealock.trust.notation import algorithms, envelope, signer
from sealock.trust.notation.requirements import Anchor, NotationRequirements
from sealock.trust.notation.verifier import verify_notation
from support.registryworld import OCI_MANIFEST, Client, name
from support.simulators.registry import RegistrySimulator, registry, sha256

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
CONFIG = {"mediaType": envelope.ARTIFACT_TYPE, "digest": sha256(b"{}"), "size": 2}
_BITS = (
    "digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
    "key_cert_sign", "crl_sign", "encipher_only", "decipher_only",
)  # fmt: skip


def usage(*bits: str) -> x509.KeyUsage:
    return x509.KeyUsage(**{bit: bit in bits for bit in _BITS})


def subject(common_name: str, **more: str) -> x509.Name:
    parts = {"C": "US", "ST": "WA", "O": "example", "CN": common_name} | more
    oids = {"C": NameOID.COUNTRY_NAME, "ST": NameOID.STATE_OR_PROVINCE_NAME, "O": NameOID.ORGANIZATION_NAME}
    oids |= {"CN": NameOID.COMMON_NAME, "OU": NameOID.ORGANIZATIONAL_UNIT_NAME}
    return x509.Name([x509.NameAttribute(oids[key], value) for key, value in parts.items() if value])


class Holder:
    """Somebody with a key and a certificate, issued by another or by themselves. `chain` starts with their own."""

    def __init__(
        self,
        who: str = "signer",
        issuer: Holder | None = None,
        *,
        authority: bool = False,
        key: Any = None,
        days: tuple[int, int] = (-30, 300),
        extensions: Mapping[str, tuple[x509.ExtensionType, bool] | None] | None = None,
        hashed: Any = None,
        padded: Any = None,
        **named: str,
    ) -> None:
        self.key = key or ec.generate_private_key(ec.SECP256R1())
        self.name = subject(who, **named)
        told: dict[str, tuple[x509.ExtensionType, bool] | None] = {
            "limits": (x509.BasicConstraints(ca=authority, path_length=None), True),
            "usage": (usage("key_cert_sign", "crl_sign") if authority else usage("digital_signature"), True),
            "uses": None if authority else (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING]), False),
        }
        builder = x509.CertificateBuilder(
            issuer.name if issuer else self.name, self.name, self.key.public_key(), x509.random_serial_number(),
            NOW + timedelta(days=days[0]), NOW + timedelta(days=days[1]),
        )  # fmt: skip
        for extension in (told | dict(extensions or {})).values():
            if extension is not None:
                builder = builder.add_extension(extension[0], critical=extension[1])
        self.certificate = builder.sign(
            issuer.key if issuer else self.key, hashed or hashes.SHA256(), rsa_padding=padded
        )
        self.der = self.certificate.public_bytes(serialization.Encoding.DER)
        self.chain: tuple[bytes, ...] = (self.der, *(issuer.chain if issuer else ()))

    def signer(self) -> signer.SigningKey:
        """As one who signs; nothing is checked."""
        algorithm = algorithms.algorithm_of(self.key.public_key())
        return signer.SigningKey(self.key, self.chain, algorithm, self.name.rfc4514_string())

    def pem(self, passphrase: bytes = b"") -> bytes:
        hidden = serialization.BestAvailableEncryption(passphrase) if passphrase else serialization.NoEncryption()
        found: bytes = self.key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, hidden)
        return found

    def chain_pem(self) -> bytes:
        return b"".join(
            x509.load_der_x509_certificate(one).public_bytes(serialization.Encoding.PEM) for one in self.chain
        )


def rsa_key(bits: int) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, bits)


class World:
    """The image app:1 and its digest; `root` is trusted, by way of `middle` it vouches for `signer`."""

    def __init__(self, server: RegistrySimulator) -> None:
        self.server, self.client = server, Client()
        self.root = Holder("root", authority=True)
        self.middle = Holder("middle", self.root, authority=True)
        self.signer = Holder("signer", self.middle)
        self.stranger = Holder("signer", Holder("root", authority=True))
        self.digest = self.push("app:1")

    def name(self, text: str = "app:1") -> ImageName:
        return name(self.server, text)

    def push(self, text: str) -> str:
        """An image of content that nobody has seen before."""
        repository, _, tag = text.partition(":")
        config = json.dumps({"os": "linux", "architecture": "amd64", "config": {"Labels": {"x": os.urandom(8).hex()}}})
        digest: str = self.server.add_image(repository, tag, config=config.encode(), layers=[os.urandom(32)])["digest"]
        return digest

    def target(self, text: str = "app:1") -> Descriptor:
        found = self.client.manifest(self.name(text))
        return Descriptor(found.media_type, found.digest, len(found.raw))

    # What honest people do.

    def sign(self, by: Holder | None = None, *, text: str = "app:1", **more: Any) -> signer.SignedImage:
        one = self.name(text)
        key = (by or self.signer).signer()
        return signer.sign(self.client, one, self.target(text).digest, key, **{"now": NOW, **more})

    def verify(self, digest: str = "", now: datetime = NOW, **more: Any) -> TrustResult:
        expected = NotationRequirements(**{"anchors": (Anchor(self.root.der),), **more})
        return verify_notation(self.client, self.name(), digest or self.digest, expected, now)

    # What anybody who may push can do.

    def refer(self, body: bytes, media_type: str = envelope.JWS, **more: Any) -> str:
        """An envelope that refers to the image, with any field of its manifest replaced; None leaves one out."""
        self.server.blobs[sha256(b"{}")] = b"{}"
        layer = {**self.server.add_blob(body), "mediaType": media_type}
        subject_of = {"mediaType": OCI_MANIFEST, "digest": self.digest, "size": 1}
        table = {"schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": CONFIG, "layers": [layer]}
        table |= {"subject": subject_of, **more}
        kept = {key: value for key, value in table.items() if value is not None}
        digest: str = self.server.add_manifest("app", kept)["digest"]
        return digest

    def envelope(
        self,
        by: Holder | None = None,
        *,
        head: Mapping[str, Any] | None = None,
        target: Mapping[str, Any] | None = None,
        payload: bytes | None = None,
        signed: datetime = NOW,
        expiry: datetime | None = None,
        after: Callable[[dict[str, Any]], None] = lambda _: None,
    ) -> bytes:
        """A signature, truly signed, with fields of its protected header or payload replaced before (None: left out);
        `after` may change the envelope afterwards."""
        maker = by or self.signer
        table = json.loads(signer.envelope(self.target(), maker.signer(), signed, expiry, {}))
        protected = json.loads(unpacked(table["protected"])) | dict(head or {})
        inner = json.loads(unpacked(table["payload"]))["targetArtifact"] | dict(target or {})
        body = payload if payload is not None else json.dumps({"targetArtifact": _kept(inner)}).encode()
        table["protected"], table["payload"] = packed(json.dumps(_kept(protected)).encode()), packed(body)
        table["signature"] = packed(self.made(maker, f"{table['protected']}.{table['payload']}"))
        after(table)
        return json.dumps(table).encode()

    def made(self, maker: Holder, text: str) -> bytes:
        return algorithms.made(maker.key, algorithms.algorithm_of(maker.key.public_key()), text.encode())


def _kept(table: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in table.items() if value is not None}


def packed(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def unpacked(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def spelled(chain: tuple[bytes, ...]) -> list[str]:
    return [b64encode(one).decode() for one in chain]


@contextmanager
def world() -> Iterator[World]:
    with registry() as server:
        yield World(server)
