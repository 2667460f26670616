"""A database of Trivy's with a few advisories, so that it can judge without a network. The format is bbolt's.

https://github.com/etcd-io/bbolt/blob/main/internal/common/page.go has its pages, Trivy's schema 2 the buckets.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias

Bucket: TypeAlias = "Mapping[str, Bucket | bytes]"
_SIZE = 65536
"""Bytes of a page: all fits into one."""
_LEAF, _META, _FREE = 2, 4, 16


def write_trivy_db(cache: Path, release: str, flaws: Mapping[str, Mapping[str, str]]) -> None:
    """Lay it out in a cache folder: for a release ("debian 12"), by package and CVE, the version that mends it."""
    known = {cve for of_package in flaws.values() for cve in of_package}
    buckets: Bucket = {
        "data-source": {release: _json({"ID": "debian", "Name": "Debian", "URL": "https://example.com"})},
        release: {
            package: {cve: _json({"FixedVersion": fixed}) for cve, fixed in of_package.items()}
            for package, of_package in flaws.items()
        },
        "vulnerability": {cve: _json({"Title": cve, "Severity": "HIGH"}) for cve in known},
    }
    folder = cache / "db"
    folder.mkdir(parents=True)
    (folder / "trivy.db").write_bytes(_file(buckets))
    times = {"NextUpdate": "2099-01-01T00:00:00Z", "UpdatedAt": "2026-01-01T00:00:00Z"}
    (folder / "metadata.json").write_bytes(_json({"Version": 2, "DownloadedAt": "2026-01-01T00:00:00Z"} | times))


def _json(value: Any) -> bytes:
    return json.dumps(value).encode()


def _file(root: Bucket) -> bytes:
    free = struct.pack("<QHHI", 2, _FREE, 0, 0)
    return b"".join(page.ljust(_SIZE, b"\0") for page in (_meta(0), _meta(1), free, _leaf(root, 3)))


def _meta(number: int) -> bytes:
    body = struct.pack("<IIIIQQQQQ", 0xED0CDAED, 2, _SIZE, 0, 3, 0, 2, 4, number)
    return struct.pack("<QHHI", number, _META, 0, 0) + body + struct.pack("<Q", _fnv(body))


def _fnv(data: bytes) -> int:
    found = 0xCBF29CE484222325
    for byte in data:
        found = (found ^ byte) * 0x100000001B3 % (1 << 64)
    return found


def _leaf(bucket: Bucket, number: int = 0) -> bytes:
    """A page of keys in order; a bucket within is a value that holds its own page."""
    heads, bodies = b"", b""
    rows = sorted((name.encode(), value) for name, value in bucket.items())
    for place, (name, value) in enumerate(rows):
        inner = value if isinstance(value, bytes) else struct.pack("<QQ", 0, 0) + _leaf(value)
        at = (len(rows) - place) * 16 + len(bodies)
        heads += struct.pack("<IIII", 0 if isinstance(value, bytes) else 1, at, len(name), len(inner))
        bodies += name + inner
    return struct.pack("<QHHI", number, _LEAF, len(rows), 0) + heads + bodies
