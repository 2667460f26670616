"""Reads and edits Dockerfiles as BuildKit does."""

from __future__ import annotations

from sealock.formats.dockerfile.reader import comments, read

__all__ = ["comments", "read"]
