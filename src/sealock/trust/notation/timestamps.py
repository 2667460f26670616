"""Time stamps of RFC 3161 on a signature: when it was there at the latest, by the word of an authority that is trusted.

A library verifies them (the extra `timestamps`); what counts as an authority is told by anchors of the kind "tsa".
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from warnings import catch_warnings, simplefilter

from cryptography.x509 import Certificate
from msgspec import Struct

from sealock.trust.notary import der
from sealock.trust.notation import chain
from sealock.trust.notation.envelope import UNABLE
from sealock.trust.refusal import SignatureRefusedError

MOST_BYTES: Final = 64 << 10
"""Of a time stamp."""
_GRANTED: Final = bytes.fromhex("3003020100")
"""PKIStatusInfo: granted. A token is what a response holds beside it."""
_EXPLICIT: Final = 0xA0
"""The tag of a ContentInfo's content, and of a SignedData's certificates."""
_BASELINE: Final = "0.4.0.2023.1.1"
"""The policy (RFC 3628) whose stamps are good to a second where they do not say."""


class Stamped(Struct, frozen=True):
    """Between which moments the stamp was made, and the certificates that speak for it, each with its issuer."""

    earliest: datetime
    latest: datetime
    certificates: tuple[tuple[Certificate, Certificate], ...]


def verify(token: bytes, signature: bytes, anchors: Sequence[bytes]) -> Stamped:
    """Verify a time stamp on a signature; SignatureRefusedError says why it does not count."""
    try:
        import rfc3161_client as library  # noqa: PLC0415  it costs 150 ms, and is an extra
    except ImportError:
        why = "it has a time stamp, and time stamps need a library: install sealock[timestamps]"
        raise SignatureRefusedError(check=UNABLE, why=why) from None
    if len(token) > MOST_BYTES:
        raise _refused(why=f"its time stamp has {len(token)} bytes, more than the {MOST_BYTES} that are read")
    roots = chain.load(anchors)
    try:
        with catch_warnings():
            simplefilter("ignore")
            response = library.decode_timestamp_response(der.sequence(_GRANTED, _in_order(token)))
            library.VerifierBuilder(roots=list(roots)).build().verify_message(response, signature)
            return _stamped(response, roots)
    except (library.VerificationError, ValueError, TypeError) as error:
        said = str(error)[:100]
        if "pkcs7" in said:  # the library's words for it are OpenSSL's, a screenful of them
            said = "no authority for time stamps that you trust vouches for it, or it was changed"
        raise _refused(why=f"its time stamp does not count: {said}") from None


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
    for one in known:
        issuer = next((other for other in (*known, *roots) if other.subject == one.issuer), one)
        pairs.append((one, issuer))
    return Stamped(info.gen_time - margin, info.gen_time + margin, tuple(pairs))


def _in_order(token: bytes) -> bytes:
    """The token with its certificates in the order that DER wants for sets, as the library does, and few stampers do.

    They are no part of what is signed. What is not as expected is left to the library to refuse.
    """
    outer = der.DerReader(token)
    content = outer.sequence()
    kind = der.value(der.OID, content.take(der.OID))
    data = der.DerReader(content.take(_EXPLICIT)).sequence()
    if outer or content:
        msg = "something follows its end"
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
