"""The payload of a `.sig` layer, "simple signing": an image's digest, and the repository that it is signed for."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from msgspec import Struct

from sealock.trust.refusal import SignatureRefusedError
from sealock.trust.wire import field, malformed, table_of, text

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

    @property
    def signed(self) -> datetime | None:
        """The signing time that the signer claims, if any."""
        when = self.optional.get("timestamp")
        if isinstance(when, int) and not isinstance(when, bool) and 0 < when <= _LAST:
            return datetime.fromtimestamp(when, UTC)
        return None


def read_claims(payload: bytes, what: str) -> Claims:
    """Read a payload whose signature was verified."""
    table = table_of(payload, what, MOST_BYTES)
    critical = field(table, "critical", what)
    kind = text(critical, "type", what)
    if kind != _TYPE:
        raise SignatureRefusedError(check="type", why=f"it has the type {kind[:100]!r}, which is not cosign's")
    repository = text(field(critical, "identity", what), "docker-reference", what, default="")
    digest = text(field(critical, "image", what), "docker-manifest-digest", what)
    optional = table.get("optional") or {}
    if not isinstance(optional, dict):
        raise malformed(what, "optional is not an object")
    return Claims(repository, digest, optional)


def write_claims(repository: str, digest: str, optional: Mapping[str, object]) -> bytes:
    """Write a payload, its fields in cosign's order."""
    critical = {
        "identity": {"docker-reference": repository},
        "image": {"docker-manifest-digest": digest},
        "type": _TYPE,
    }
    table = {"critical": critical, "optional": dict(optional) or None}
    return json.dumps(table, separators=(",", ":"), ensure_ascii=False).encode()
