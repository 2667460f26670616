"""A made-up Sigstore: an authority that certifies anybody, its log of certificates, and a log of signatures.

What it makes has the form of Fulcio's and Rekor's, and any part can be left wrong.
"""

from __future__ import annotations

import hashlib
import json
import struct
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

from sealock.trust.dsse import IN_TOTO, pae

ISSUER = "https://accounts.example.org"
SCT = ObjectIdentifier("1.3.6.1.4.1.11129.2.4.2")
ISSUER_OID = ObjectIdentifier("1.3.6.1.4.1.57264.1.8")
OLD_ISSUER_OID = ObjectIdentifier("1.3.6.1.4.1.57264.1.1")
SIGNED = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=2)
"""When everything was signed: long after the certificates ended, by now."""


def b64(data: bytes) -> str:
    return b64encode(data).decode()


def spki(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def sign(key: ec.EllipticCurvePrivateKey, message: bytes) -> bytes:
    return key.sign(message, ec.ECDSA(hashes.SHA256()))


class Sigstore:
    """The authority and the logs."""

    def __init__(self) -> None:
        self.authority_key, self.certificates_key, self.log_key = (
            ec.generate_private_key(ec.SECP256R1()) for _ in range(3)
        )
        self.name = x509.Name(
            [
                x509.NameAttribute(NameOID.ORGANIZATION_NAME, "made-up.dev"),
                x509.NameAttribute(NameOID.COMMON_NAME, "made-up"),
            ]
        )
        begin, end = SIGNED - timedelta(days=100), SIGNED + timedelta(days=1000)
        self.authority = (
            x509.CertificateBuilder(
                self.name, self.name, self.authority_key.public_key(), x509.random_serial_number(), begin, end
            )
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_usage(certify=True), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(self.authority_key.public_key()), critical=False)
            .sign(self.authority_key, hashes.SHA256())
        )

    @property
    def root(self) -> bytes:
        """The trusted root."""
        start = {"start": "2020-01-01T00:00:00Z"}

        def log(key: ec.EllipticCurvePrivateKey, url: str) -> dict[str, Any]:
            return {
                "baseUrl": url,
                "hashAlgorithm": "SHA2_256",
                "publicKey": {"rawBytes": b64(spki(key)), "keyDetails": "PKIX_ECDSA_P256_SHA_256", "validFor": start},
                "logId": {"keyId": b64(hashlib.sha256(spki(key)).digest())},
            }

        table = {
            "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
            "tlogs": [log(self.log_key, "https://log.made-up.dev")],
            "ctlogs": [log(self.certificates_key, "https://ct.made-up.dev")],
            "certificateAuthorities": [
                {
                    "subject": {"organization": "made-up.dev", "commonName": "made-up"},
                    "uri": "https://ca.made-up.dev",
                    "certChain": {"certificates": [{"rawBytes": b64(self.authority.public_bytes(Encoding.DER))}]},
                    "validFor": start,
                }
            ],
        }
        return json.dumps(table).encode()

    def certify(
        self,
        key: ec.EllipticCurvePrivateKey,
        subject: str,
        issuer: str = ISSUER,
        *,
        at: datetime = SIGNED,
        logged_by: ec.EllipticCurvePrivateKey | None = None,
    ) -> x509.Certificate:
        """A certificate of ten minutes."""
        who = (
            x509.RFC822Name(subject)
            if "@" in subject and ":" not in subject
            else x509.UniformResourceIdentifier(subject)
        )
        builder = (
            x509.CertificateBuilder(
                self.name,
                x509.Name([]),
                key.public_key(),
                x509.random_serial_number(),
                at - timedelta(minutes=1),
                at + timedelta(minutes=9),
            )
            .add_extension(_usage(certify=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING]), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self.authority_key.public_key()), critical=False
            )
            .add_extension(x509.SubjectAlternativeName([who]), critical=True)
            .add_extension(
                x509.UnrecognizedExtension(ISSUER_OID, bytes([0x0C, len(issuer)]) + issuer.encode()), critical=False
            )
            .add_extension(x509.UnrecognizedExtension(OLD_ISSUER_OID, issuer.encode()), critical=False)
        )
        # RFC 6962: the log signs the certificate as it is without the log's own word, which is then put into it.
        bare = builder.sign(self.authority_key, hashes.SHA256()).tbs_certificate_bytes
        when = int(at.timestamp() * 1000)
        entry = hashlib.sha256(spki(self.authority_key)).digest() + len(bare).to_bytes(3, "big") + bare
        log = logged_by or self.certificates_key
        signature = sign(log, struct.pack("!BBQH", 0, 0, when, 1) + entry + b"\0\0")
        one = (
            struct.pack("!B32sQH", 0, hashlib.sha256(spki(self.certificates_key)).digest(), when, 0)
            + struct.pack("!BBH", 4, 3, len(signature))
            + signature
        )
        listed = struct.pack("!H", len(one)) + one
        whole = struct.pack("!H", len(listed)) + listed
        # An OCTET STRING within the extension's own.
        return builder.add_extension(x509.UnrecognizedExtension(SCT, _octets(whole)), critical=False).sign(
            self.authority_key, hashes.SHA256()
        )

    def bundle(self, payload: bytes, subject: str, issuer: str = ISSUER, **how: Any) -> dict[str, Any]:
        """A bundle of a statement that somebody signed, with its entry in the log."""
        key = ec.generate_private_key(ec.SECP256R1())
        at = how.get("at", SIGNED)
        certificate = how.get("certificate") or self.certify(
            how.get("certified", key), subject, issuer, at=how.get("certified_at", at), logged_by=how.get("logged_by")
        )
        signature = sign(key, pae(IN_TOTO, payload))
        return {
            "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
            "verificationMaterial": {
                "certificate": {"rawBytes": b64(certificate.public_bytes(Encoding.DER))},
                "tlogEntries": [self.entry(how.get("logged", payload), signature, certificate, at)],
            },
            "dsseEnvelope": {
                "payload": b64(payload),
                "payloadType": IN_TOTO,
                "signatures": [{"sig": b64(signature)}],
            },
        }

    def annotations(self, message: bytes, payload: bytes, subject: str, **how: Any) -> dict[str, str]:
        """What cosign 2 puts beside a signature under a tag, for one over `message`, as `kind` of the log's entries.

        `layer` is what to make of the signature, where the entry is about that.
        """
        key = how.get("key") or ec.generate_private_key(ec.SECP256R1())
        at = how.get("at", SIGNED)
        certificate = how.get("certificate") or self.certify(
            key, subject, how.get("issuer", ISSUER), at=how.get("certified_at", at), logged_by=how.get("logged_by")
        )
        signature = sign(key, message)
        pem = certificate.public_bytes(Encoding.PEM)
        hashed = {"algorithm": "sha256", "value": hashlib.sha256(how.get("logged", payload)).hexdigest()}
        kind = how.get("kind", "hashedrekord")
        spec: dict[str, Any] = {
            "data": {"hash": hashed},
            "signature": {"content": b64(how.get("logged_signature", signature)), "publicKey": {"content": b64(pem)}},
        }
        whole = how.get("layer", lambda _: payload)(signature)
        enveloped = {"algorithm": "sha256", "value": hashlib.sha256(how.get("logged", whole)).hexdigest()}
        version = "0.0.1"
        if kind == "intoto 0.0.1":
            spec = {"content": {"hash": enveloped, "payloadHash": hashed}, "publicKey": b64(pem)}
        elif kind == "intoto 0.0.2":
            version = "0.0.2"
            told = {"publicKey": b64(pem), "sig": b64(b64(signature).encode())}
            envelope = {"payloadType": IN_TOTO, "signatures": [told]}
            spec = {"content": {"envelope": envelope, "hash": enveloped, "payloadHash": hashed}}
        elif kind == "dsse":
            spec = {
                "envelopeHash": enveloped,
                "payloadHash": hashed,
                "signatures": [{"signature": b64(signature), "verifier": b64(pem)}],
            }
        body = b64(_canonical({"apiVersion": version, "kind": kind.partition(" ")[0], "spec": spec}))
        log_id = hashlib.sha256(spki(self.log_key)).hexdigest()
        payload_of = {"body": body, "integratedTime": int(at.timestamp()), "logIndex": 1, "logID": log_id}
        stamp = b64(sign(how.get("promised_by", self.log_key), _canonical(payload_of)))
        promise = {"SignedEntryTimestamp": stamp, "Payload": payload_of | how.get("promise", {})}
        return {
            "dev.cosignproject.cosign/signature": b64(signature),
            "dev.sigstore.cosign/certificate": pem.decode(),
            "dev.sigstore.cosign/chain": self.authority.public_bytes(Encoding.PEM).decode(),
            "dev.sigstore.cosign/bundle": json.dumps(promise),
        }

    def entry(self, payload: bytes, signature: bytes, certificate: x509.Certificate, at: datetime) -> dict[str, Any]:
        """The log's entry, with its promise, and its proof in a log of two entries."""
        spec = {
            "envelopeHash": {"algorithm": "sha256", "value": "0" * 64},
            "payloadHash": {"algorithm": "sha256", "value": hashlib.sha256(payload).hexdigest()},
            "signatures": [{"signature": b64(signature), "verifier": b64(certificate.public_bytes(Encoding.PEM))}],
        }
        body = _canonical({"apiVersion": "0.0.1", "kind": "dsse", "spec": spec})
        when = int(at.timestamp())
        log_id = hashlib.sha256(spki(self.log_key)).digest()
        promised = _canonical({"body": b64(body), "integratedTime": when, "logID": log_id.hex(), "logIndex": 1})
        other = hashlib.sha256(b"\0another").digest()
        top = hashlib.sha256(b"\1" + other + hashlib.sha256(b"\0" + body).digest()).digest()
        note = f"log.made-up.dev - 1\n2\n{b64(top)}\n"
        stamp = b64(log_id[:4] + sign(self.log_key, note.encode()))
        return {
            "logIndex": "1",
            "logId": {"keyId": b64(log_id)},
            "kindVersion": {"kind": "dsse", "version": "0.0.1"},
            "integratedTime": str(when),
            "inclusionPromise": {"signedEntryTimestamp": b64(sign(self.log_key, promised))},
            "inclusionProof": {
                "logIndex": "1",
                "rootHash": b64(top),
                "treeSize": "2",
                "hashes": [b64(other)],
                "checkpoint": {"envelope": f"{note}\n\u2014 log.made-up.dev {stamp}\n"},
            },
            "canonicalizedBody": b64(body),
        }


def _canonical(table: dict[str, Any]) -> bytes:
    return json.dumps(table, sort_keys=True, separators=(",", ":")).encode()


def _octets(data: bytes) -> bytes:
    length = bytes([len(data)]) if len(data) < 0x80 else bytes([0x81, len(data)])
    return b"\x04" + length + data


def _usage(*, certify: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not certify,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=certify,
        crl_sign=certify,
        encipher_only=False,
        decipher_only=False,
    )
