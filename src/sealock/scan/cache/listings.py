"""Remembers what archives hold: one that is known to be unchanged need not be opened to be listed again.

The digest of an archive's inventory is kept under the file, as docs/decisions/0017 identifies it, and what was asked of
it. The names of the inventory's renderings follow from that digest.
"""

from __future__ import annotations

import os
import stat
from hashlib import sha256

from sealock.image.bytesources import is_ours
from sealock.scan.cache.code import listing_fingerprint
from sealock.scan.cache.directory import CacheEntries


def recall_listing(path: str, platform: str, directory: CacheEntries, *, files: bool) -> str:
    """The digest of the inventory that an earlier run listed of a file; "" where none is known.

    It was listed without errors and notes, with digests verified, within the usual bounds and without an allowance of
    a policy.
    """
    try:
        status = os.stat(path)
    except OSError:
        return ""
    if not stat.S_ISREG(status.st_mode) or not is_ours(status):
        return ""
    name = name_listing(path, status, platform, files=files)
    kept = directory.read(name) if name else None
    return kept.decode("ascii", "replace") if kept else ""


def name_listing(path: str, status: os.stat_result, platform: str, *, files: bool) -> str:
    """The name of the entry for a file of this status; "" if there cannot be one."""
    if not (code := listing_fingerprint()):
        return ""
    file = (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
    asked = (code, os.uname().machine, path, platform, files, *file)
    return f"listing-{sha256(repr(asked).encode()).hexdigest()}"
