"""Dockerfiles, as BuildKit reads them."""

from __future__ import annotations

from sealock.formats.dockerfile.reader import read

__all__ = ["read"]
