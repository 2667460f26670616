"""Verifies RFC 3161 time stamps, which prove that a signature existed at a time.

A library verifies them (the extra `timestamps`); the trusted authorities are the anchors of the kind "tsa".
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from cryptography.x509 import Certificate
from msgspec import Struct

from sealock.trust.librarywarnings import ignore_warnings
from sealock.trust.notary import der
from sealock.trust.notation import chain
from sealock.trust.notation.envelope import UNABLE
from sealock.trust.refusal import SignatureRefusedError

MOST_BYTES: Final = 64 << 10
"""Maximum size of a time stamp."""
_GRANTED: Final = bytes.fromhex("3003020100")
"""PKIStatusInfo: granted. A response is this and a token."""
_EXPLICIT: Final = 0xA0
"""The tag of a ContentInfo's content, and of a SignedData's certificates."""
_BASELINE: Final = "0.4.0.2023.1.1"
"""The policy (RFC 3628) whose stamps have an accuracy of one second by default."""


class Stamped(Struct, frozen=True):
    """The earliest and latest time of a stamp, and its certificates, each with its issuer."""

    earliest: datetime
    latest: datetime
    certificates: tuple[tuple[Certificate, Certificate], ...]


def verify(token: bytes, signature: bytes, anchors: Sequence[bytes]) -> Stamped:
    """Verify a time stamp on a signature; SignatureRefusedError says why it does not count."""
    try:
        import rfc3161_client as library  # noqa: PLC0415  it costs 150 ms, and is an extra
    except ImportError:
        why = "its time stamp needs a library: install sealock[timestamps]"
        raise SignatureRefusedError(check=UNABLE, why=why) from None
    if len(token) > MOST_BYTES:
        raise _refused(why=f"its time stamp has {len(token)} bytes; the limit is {MOST_BYTES}")
    roots = chain.load(anchors)
    try:
        with ignore_warnings():
            response = library.decode_timestamp_response(der.sequence(_GRANTED, _in_order(token)))
            library.VerifierBuilder(roots=list(roots)).build().verify_message(response, signature)
            return _stamped(response, roots)
    except (library.VerificationError, ValueError, TypeError) as error:
        reason = str(error)[:100]
        if "pkcs7" in reason:  # a screenful of OpenSSL's errors
            reason = "no trusted time-stamping authority signed it, or it was changed"
        raise _refused(why=f"its time stamp does not count: {reason}") from None


def _stamped(response: Any, roots: tuple[Certificate, ...]) -> Stamped:  # noqa: ANN401  of a library that is imported late
    info = response.tst_info
    accuracy = info.accuracy
    margin = timedelta()
    if accuracy is not None:
        margin = timedelta(
            seconds=accuracy.seconds or 0, milliseconds=accuracy.millis or 0, microseconds=accuracy.micros or 0
        )
    elif info.policy.dotted_string == _BASELINE:
        margin = timedelta(seconds=1)
    known = chain.load(sorted(response.signed_data.certificates))
    pairs = []
    for certificate in known:
        issuer = next((other for other in (*known, *roots) if other.subject == certificate.issuer), certificate)
        pairs.append((certificate, issuer))
    return Stamped(info.gen_time - margin, info.gen_time + margin, tuple(pairs))


def _in_order(token: bytes) -> bytes:
    """Sort the token's certificates as DER requires for sets: the library insists on it, and few authorities do it.

    The signature does not cover them. The library refuses any other malformed token.
    """
    outer = der.DerReader(token)
    content = outer.sequence()
    kind = der.value(der.OID, content.take(der.OID))
    data = der.DerReader(content.take(_EXPLICIT)).sequence()
    if outer or content:
        msg = "it has trailing bytes"
        raise der.DerError(msg)
    parts = []
    while data:
        tag = data.tag
        body = data.take(tag)
        if tag == _EXPLICIT:
            body = b"".join(sorted(_each(body)))
        parts.append(der.value(tag, body))
    return der.sequence(kind, der.value(_EXPLICIT, der.sequence(*parts)))


def _each(body: bytes) -> Iterator[bytes]:
    reader = der.DerReader(body)
    while reader:
        tag = reader.tag
        yield der.value(tag, reader.take(tag))


def _refused(*, why: str) -> SignatureRefusedError:
    return SignatureRefusedError(check="timestamp", why=why)
