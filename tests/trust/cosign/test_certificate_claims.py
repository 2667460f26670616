"""Which signer a certificate of Fulcio's claims: its addresses and URIs, and who says so, by either extension."""

from __future__ import annotations

from datetime import UTC, datetime
from ipaddress import ip_address

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from sealock.trust.cosign.certificates import claimed, read_claims

KEY = ec.generate_private_key(ec.SECP256R1())
START = datetime(2026, 11, 25, tzinfo=UTC)
NEW, OLD = x509.ObjectIdentifier("1.3.6.1.4.1.57264.1.8"), x509.ObjectIdentifier("1.3.6.1.4.1.57264.1.1")
URL = "https://issuer.example/"
LONG = URL + "x" * (200 - len(URL))


def certificate(*names: x509.GeneralName, new: bytes | None = None, old: bytes | None = None) -> bytes:
    builder = x509.CertificateBuilder(x509.Name([]), x509.Name([]), KEY.public_key(), 1, START, datetime(2027, 1, 1))  # noqa: DTZ001  UTC
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=True)
    for kind, value in ((NEW, new), (OLD, old)):
        if value is not None:
            builder = builder.add_extension(x509.UnrecognizedExtension(kind, value), critical=False)
    return builder.sign(KEY, hashes.SHA256()).public_bytes(Encoding.DER)


MAIL, URI = x509.RFC822Name("ann@example.com"), x509.UniformResourceIdentifier("https://ci.example/run")
HOST, ADDRESS = x509.DNSName("example.com"), x509.IPAddress(ip_address("192.0.2.1"))


@pytest.mark.parametrize(
    ("names", "subjects"),
    [
        ([MAIL], ("ann@example.com",)),
        ([URI], ("https://ci.example/run",)),
        ([MAIL, URI], ("ann@example.com", "https://ci.example/run")),
        ([HOST, MAIL, ADDRESS], ("ann@example.com",)),
        ([HOST, ADDRESS], None),
        ([], None),
    ],
    ids=["an address", "a URI", "both", "among hosts", "hosts alone", "nobody"],
)
def test_a_signer_has_an_address_or_a_uri(names: list[x509.GeneralName], subjects: tuple[str, ...] | None) -> None:
    claims = read_claims(certificate(*names))
    assert (claims.subjects if claims else None) == subjects
    assert claims is None or claims.start == START


@pytest.mark.parametrize(
    ("new", "old", "issuer"),
    [
        (b"\x0c\x17" + URL.encode(), None, URL),
        (b"\x0c\x81\xc8" + LONG.encode(), None, LONG),
        (b"\x0c\x7f" + LONG[:127].encode(), None, LONG[:127]),
        (b"\x0c\x81\x80" + LONG[:128].encode(), None, LONG[:128]),
        (None, URL.encode(), URL),
        (b"\x0c\x01n", b"old", "n"),
        (b"\x0c\x00", b"old", ""),
        (None, b"\xff", "\ufffd"),
        (None, None, ""),
        (b"", b"old", ""),
        (b"\x0c", None, ""),
        (b"\x16\x17" + URL.encode(), None, ""),
        (b"\x0c\x16" + URL.encode(), None, ""),
        (b"\x0c\x18" + URL.encode(), None, ""),
        (b"\x0c\x81", None, ""),
        (b"\x0c\x82\x00\x01n", None, ""),
        (b"\x0c\x80", None, ""),
        (b"\x0c\x80n", None, ""),
    ],
    ids=[
        "a URL", "a long one", "127 bytes", "128 bytes", "the old extension", "the new one first", "empty", "no UTF-8", "none", "no bytes",
        "no length", "another kind of text", "too short a length", "too long a length", "half a length", "a length of two bytes",
        "without an end", "without an end, and a text",
    ],
)  # fmt: skip
def test_the_issuer_is_the_text_of_an_extension(new: bytes | None, old: bytes | None, issuer: str) -> None:
    claims = read_claims(certificate(MAIL, new=new, old=old))
    assert claims is not None
    assert claims.issuer == issuer


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (certificate(MAIL, old=URL.encode()), f"ann@example.com ({URL}) on 2026-11-25"),
        (certificate(MAIL), "ann@example.com (no issuer) on 2026-11-25"),
        (
            certificate(x509.UniformResourceIdentifier("u" * 201), old=b"i" * 201),
            f"{'u' * 200} ({'i' * 200}) on 2026-11-25",
        ),
        (certificate(HOST), "a signer whose certificate cannot be read"),
        (b"", "a signer whose certificate cannot be read"),
        (b"-----BEGIN CERTIFICATE-----", "a signer whose certificate cannot be read"),
    ],
    ids=["with its issuer", "without", "long names", "a host", "nothing", "a torn one"],
)
def test_a_message_names_who_a_certificate_claims(raw: bytes, words: str) -> None:
    assert claimed(raw) == words


def test_a_certificate_of_more_than_64_kib_is_not_read() -> None:
    pem = x509.load_der_x509_certificate(certificate(MAIL)).public_bytes(Encoding.PEM)
    assert read_claims(pem + b"\n" * ((64 << 10) - len(pem))) is not None
    assert read_claims(pem + b"\n" * ((64 << 10) - len(pem) + 1)) is None
