"""The content of a Notation signature, in either envelope format, before verification.

Steps and names follow the Notary Project's signature specification, version 1.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import Final, Literal, TypeAlias

from msgspec import Struct

from sealock.net.registry.names import is_digest
from sealock.trust.refusal import SignatureRefusedError
from sealock.trust.wire import malformed, shaped, table_of

ARTIFACT_TYPE: Final = "application/vnd.cncf.notary.signature"
PAYLOAD_TYPE: Final = "application/vnd.cncf.notary.payload.v1+json"
JWS: Final = "application/jose+json"
COSE: Final = "application/cose"
MOST_BYTES: Final = 1 << 20
"""Maximum size of an envelope."""
MOST_CERTIFICATES: Final = 16

SCHEME: Final = "io.cncf.notary.signingScheme"
SIGNED: Final = "io.cncf.notary.signingTime"
AUTHENTIC: Final = "io.cncf.notary.authenticSigningTime"
EXPIRY: Final = "io.cncf.notary.expiry"
PLUGIN: Final = "io.cncf.notary.verificationPlugin"
AGENT: Final = "io.cncf.notary.signingAgent"
TIMESTAMP: Final = "io.cncf.notary.timestampSignature"

UNABLE: Final = "unable"
"""The check of an error that is not a refusal: the signature could not be verified."""
SigningScheme: TypeAlias = Literal["notary.x509", "notary.x509.signingAuthority"]
_KNOWN: Final = frozenset({SCHEME, AUTHENTIC, EXPIRY})
"""The critical attributes that sealock understands."""
_RESERVED: Final = "io.cncf.notary."
_NEVER: Final = datetime.min.replace(tzinfo=UTC)


class NotationEnvelope(Struct, frozen=True):
    """A parsed signature.

    `chain` are certificates in DER, the signer's first. `signature` is over `signed_bytes`, by `algorithm` (a JWS name,
    also for COSE). `timestamp` is a token of RFC 3161.
    """

    algorithm: str
    chain: tuple[bytes, ...]
    signed_bytes: bytes
    signature: bytes
    payload: bytes
    scheme: SigningScheme
    signed: datetime
    expiry: datetime | None = None
    timestamp: bytes = b""
    agent: str = ""


class Target(Struct, frozen=True):
    """The signed descriptor, with the signer's annotations."""

    media_type: str
    digest: str
    size: int
    annotations: Mapping[str, str] = {}


class Attributes(Struct, frozen=True):
    """Signed attributes as in the envelope, before validation."""

    content_type: object
    critical: Collection[str]
    values: Mapping[str, object]
    times: Mapping[str, datetime]
    """Those of `values` that are times: a reader refuses what should be one and is none."""


class _Artifact(Struct, rename="camel"):
    media_type: str
    digest: str
    size: int
    annotations: dict[str, str] | None = None


class _Payload(Struct, rename="camel"):
    target_artifact: _Artifact


def checked(attributes: Attributes) -> tuple[SigningScheme, datetime, datetime | None]:
    """Validate signed attributes by the specification; return scheme, signing time, expiry."""
    what = "its signed attributes"
    if attributes.content_type != PAYLOAD_TYPE:
        why = f"its payload has the type {str(attributes.content_type)[:100]!r}, not {PAYLOAD_TYPE}"
        raise SignatureRefusedError(check="type", why=why)
    if not attributes.critical or SCHEME not in attributes.critical:
        raise malformed(what, f"crit does not name {SCHEME}")
    if PLUGIN in attributes.values:
        why = f"it needs the verification plugin {str(attributes.values[PLUGIN])[:100]!r}, which is not supported"
        raise SignatureRefusedError(check="critical", why=why)
    if len(set(attributes.critical)) != len(attributes.critical):
        raise malformed(what, "crit names an attribute twice")
    for name in attributes.critical:
        if name not in _KNOWN:
            why = f"its critical attribute {name[:100]!r} is not supported"
            raise SignatureRefusedError(check="critical", why=why)
        if name not in attributes.values:
            raise malformed(what, f"crit names {name[:100]}, which is missing")
    scheme = attributes.values.get(SCHEME)
    if scheme == "notary.x509":
        time, other, known = SIGNED, AUTHENTIC, scheme
    elif scheme == "notary.x509.signingAuthority":
        time, other, known = AUTHENTIC, SIGNED, scheme
    else:
        why = f"its signing scheme {str(scheme)[:100]!r} is not known"
        raise SignatureRefusedError(check="scheme", why=why)
    if time not in attributes.times or other in attributes.values:
        raise malformed(what, f"the scheme {known} needs {time}, without {other}")
    must = {name for name in (AUTHENTIC, EXPIRY) if name in attributes.values} - set(attributes.critical)
    if must:
        raise malformed(what, f"{min(must)} is not critical")
    signed, expiry = attributes.times[time], attributes.times.get(EXPIRY)
    if signed == _NEVER:
        raise malformed(what, f"{time} is Go's zero time, which stands for none")
    if expiry is not None and expiry <= signed:
        raise malformed(what, "it expired before it was signed")
    return known, signed, expiry  # type: ignore[return-value]  # one of the two, by the comparisons above


def read_target(payload: bytes) -> Target:
    """Read the signed descriptor."""
    what = "its payload"
    artifact = shaped(table_of(payload, what, MOST_BYTES), _Payload, what).target_artifact
    if not is_digest(artifact.digest):
        raise malformed(what, "targetArtifact.digest is not a digest")
    own = {key: value for key, value in (artifact.annotations or {}).items() if not key.startswith(_RESERVED)}
    return Target(artifact.media_type, artifact.digest, artifact.size, own)
