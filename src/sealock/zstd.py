"""The decompressor of zstd, which Python has from 3.14 on, and a backport before."""

from __future__ import annotations

import sys

if sys.version_info >= (3, 14):
    from compression.zstd import ZstdDecompressor, ZstdError
else:
    from backports.zstd import ZstdDecompressor, ZstdError

__all__ = ("ZstdDecompressor", "ZstdError")
