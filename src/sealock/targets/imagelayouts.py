"""Images that lie among the files of a directory: a walk names them, and reads no file of theirs as the project's."""

from __future__ import annotations

import os
import re
from typing import Final

from sealock.formats.files import FileRefusedError
from sealock.patterns import compile_lazily
from sealock.targets.files import TRANSPORT, read_start

WHY: Final = "an image, which is not checked with the files around it: give its own path to sealock check"
DESCRIPTIONS: Final = frozenset({"oci-layout", "index.json", "manifest.json", "version"})
"""Files of which each image directory has one."""
_MEMBER: Final = compile_lazily(
    r"oci-layout|(?:index|manifest)\.json|repositories|version|blobs|signature-\d+"
    r"|(?:sha256:)?[0-9a-f]{64}(?:\.json|\.manifest\.json|\.tar(?:\.gz)?)?"
)
"""The names of an image's own files and directories, as Docker, Podman, skopeo and crane write them."""
_SAVED: Final = compile_lazily(rb"\s*\[\s*\{(?=.*\"Config\"\s*:)(?=.*\"Layers\"\s*:)", re.DOTALL)
BZIP2: Final = b"BZh"
ARCHIVE_START: Final = compile_lazily(
    rb"\x1f\x8b|BZh|\xfd7zXZ\0|\x28\xb5\x2f\xfd|[\x50-\x5f]\x2a\x4d\x18|.{257}ustar", re.DOTALL
)
"""What archives start with: gzip, bzip2, xz, zstd and its frames to be skipped, tar."""
_ARCHIVES: Final = (".tar", ".gz", ".tgz", ".bz2", ".xz", ".zst")
"""How names of archives end, among those that a walk does not open."""
_STORED: Final = 256 << 10
"""Bytes of an archive that decide about it: zstd makes nothing of less than a block, of at most 128 KiB."""
_STORED_BZIP2: Final = 1 << 20
"""The same for bzip2, whose blocks have 900 KB."""
_HEAD: Final = 64 << 10
"""Bytes of a manifest.json that decide whether `docker save` wrote it."""


def is_image_directory(path: str) -> bool:
    """Whether a directory is an OCI layout, an unpacked archive of `docker save`, or one that skopeo copied into."""
    if os.path.isfile(os.path.join(path, "oci-layout")):
        return True
    if os.path.isfile(os.path.join(path, "index.json")) and os.path.isdir(os.path.join(path, "blobs", "sha256")):
        return True
    return _start(path, "version", 64).startswith(TRANSPORT) or bool(_SAVED.match(_start(path, "manifest.json", _HEAD)))


def read_archive_start(path: str) -> bytes:
    """Read what decides whether a file is an image's archive; nothing where its name is not that of an archive."""
    if not path.lower().endswith(_ARCHIVES):
        return b""
    data = _start("", path, _STORED)
    return _start("", path, _STORED_BZIP2) if data.startswith(BZIP2) else data


def has_others(path: str) -> bool:
    """Whether an image directory holds anything beside the image."""
    try:
        return not all(map(is_member, os.listdir(path)))
    except OSError:
        return True  # whoever walks it says why not


def is_member(name: str) -> bool:
    """Whether a file or directory of an image directory belongs to the image; others may lie beside it."""
    return _MEMBER.fullmatch(name) is not None


def _start(directory: str, name: str, size: int) -> bytes:
    try:
        return read_start(os.path.join(directory, name), size)
    except FileRefusedError:
        return b""
