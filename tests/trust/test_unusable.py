"""What the library raises for what it cannot use stands in the table of the places that read it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, x25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key

from sealock.trust.unusable import NO_CERTIFICATE, NO_EXTENSION, NO_KEY, NOT_SIGNED

NAME = x509.Name([])
CURVE = ec.generate_private_key(ec.SECP256R1())
_SPKI = CURVE.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def certificate(
    *names: x509.GeneralName, public: ec.EllipticCurvePublicKey | x25519.X25519PublicKey | None = None
) -> bytes:
    """A certificate for names."""
    days = datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)
    builder = x509.CertificateBuilder(NAME, NAME, public or CURVE.public_key(), 1, *days)
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        builder = builder.add_extension(x509.IssuerAlternativeName(names), critical=False)
    return builder.sign(CURVE, hashes.SHA256()).public_bytes(Encoding.DER)


def read(der: bytes) -> x509.Certificate:
    return x509.load_der_x509_certificate(der)


PLAIN, NAMED = certificate(), certificate(x509.DNSName("abc"))
STRANGER = ec.generate_private_key(ec.SECP256R1())
FAULTS: dict[str, tuple[Callable[[], object], type[Exception], tuple[type[Exception], ...]]] = {
    "no key": (lambda: load_der_public_key(b"0"), ValueError, NO_KEY),
    "a key of an unknown algorithm": (lambda: load_der_public_key(_SPKI.replace(b"\x2a\x86\x48\xce\x3d\x02", b"\x2a\x86\x48\xce\x3d\x7f")), UnsupportedAlgorithm, NO_KEY),
    "no certificate": (lambda: read(b"0"), ValueError, NO_CERTIFICATE),
    "a certificate of an unknown version": (lambda: read(PLAIN.replace(b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01\x05")), x509.InvalidVersion, NO_CERTIFICATE),
    "a certificate with an extension twice": (lambda: read(NAMED.replace(b"\x55\x1d\x12", b"\x55\x1d\x11")).extensions, x509.DuplicateExtension, NO_CERTIFICATE),
    "a certificate for a name of X.400": (lambda: read(NAMED.replace(b"\x82\x03abc", b"\xa3\x03abc")).extensions, x509.UnsupportedGeneralNameType, NO_CERTIFICATE),
    "a certificate without extensions": (lambda: read(PLAIN).extensions.get_extension_for_class(x509.KeyUsage), x509.ExtensionNotFound, NO_EXTENSION),
    "a certificate of another authority": (lambda: read(PLAIN).verify_directly_issued_by(read(certificate(public=STRANGER.public_key()))), InvalidSignature, NOT_SIGNED),
    "a certificate of an authority whose key signs nothing": (
        lambda: read(PLAIN).verify_directly_issued_by(read(certificate(public=x25519.X25519PrivateKey.generate().public_key()))), TypeError, NOT_SIGNED,
    ),
}  # fmt: skip


@pytest.mark.parametrize(("use", "fault", "table"), FAULTS.values(), ids=FAULTS)
def test_what_the_library_raises_is_caught(
    use: Callable[[], object], fault: type[Exception], table: tuple[type[Exception], ...]
) -> None:
    with pytest.raises(fault):
        use()
    assert issubclass(fault, table)
