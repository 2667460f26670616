"""The payload of a `.sig` layer, "simple signing": an image's digest, and the repository that it is signed for."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from msgspec import Struct

from sealock.trust.refusal import SignatureRefusedError
from sealock.trust.wire import shaped, table_of

MEDIA_TYPE: Final = "application/vnd.dev.cosign.simplesigning.v1+json"
SIGNATURE: Final = "dev.cosignproject.cosign/signature"
"""The annotation with a layer's signature."""
_TYPE: Final = "cosign container image signature"
MOST_BYTES: Final = 256 << 10
_LAST: Final = 253402300799
"""The last second of the year 9999."""


class Claims(Struct, frozen=True):
    """The claims of a payload. `optional` are the signer's own."""

    repository: str
    digest: str
    optional: Mapping[str, Any]


class _Identity(Struct, rename="kebab"):
    docker_reference: str = ""


class _Image(Struct, rename="kebab"):
    docker_manifest_digest: str


class _Critical(Struct):
    type: str
    identity: _Identity
    image: _Image


class _Payload(Struct):
    critical: _Critical
    optional: dict[str, Any] | None = None


def signing_time(optional: Mapping[str, Any]) -> datetime | None:
    """The time in a signer's own claims, if it is one."""
    when = optional.get("timestamp")
    return datetime.fromtimestamp(when, UTC) if type(when) is int and 0 < when <= _LAST else None


def read_claims(payload: bytes, what: str) -> Claims:
    """Read a payload whose signature was verified."""
    claims = shaped(table_of(payload, what, MOST_BYTES), _Payload, what)
    critical, kind = claims.critical, claims.critical.type
    if kind != _TYPE:
        raise SignatureRefusedError(check="type", why=f"it has the type {kind[:100]!r}, which is not cosign's")
    return Claims(critical.identity.docker_reference, critical.image.docker_manifest_digest, claims.optional or {})


def write_claims(repository: str, digest: str, optional: Mapping[str, object]) -> bytes:
    """Write a payload, its fields in cosign's order."""
    critical = {
        "identity": {"docker-reference": repository},
        "image": {"docker-manifest-digest": digest},
        "type": _TYPE,
    }
    table = {"critical": critical, "optional": dict(optional) or None}
    return json.dumps(table, separators=(",", ":"), ensure_ascii=False).encode()
