"""Who a certificate says that it is for, whatever it says."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from warnings import catch_warnings, simplefilter

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import Certificate, CertificateBuilder, Name, NameAttribute, load_der_x509_certificate
from cryptography.x509.oid import NameOID

from sealock.trust.notary import certificates
from sealock.trust.notation import chain


def for_name(common: str, country: str) -> Certificate:
    """A certificate as whoever makes one may write it."""
    with catch_warnings():
        simplefilter("ignore")
        name = Name([
            NameAttribute(NameOID.COUNTRY_NAME, country, _validate=False),
            NameAttribute(NameOID.COMMON_NAME, common, _validate=False),
        ])  # fmt: skip
        key = ec.generate_private_key(ec.SECP256R1())
        builder = CertificateBuilder(name, name, key.public_key(), 5, datetime(2024, 1, 1), datetime(2034, 1, 1))  # noqa: DTZ001  a certificate has no zone
        made = builder.sign(key, hashes.SHA256())
    return load_der_x509_certificate(made.public_bytes(Encoding.DER))


@pytest.mark.parametrize(
    ("common", "country"), [("a" * 90, "DE"), ("app", "GER")], ids=["a long name", "a long country"]
)
@pytest.mark.parametrize(
    ("name_of", "whole"), [(certificates.name_of, "{}"), (chain.name_of, "CN={},C=%s")], ids=["notary", "notation"]
)
def test_a_name_that_no_authority_would_write_is_named_without_a_warning(
    name_of: Callable[[Certificate], str], whole: str, common: str, country: str
) -> None:
    assert name_of(for_name(common, country)) == (whole.replace("%s", country)).format(common)
