"""The Compose format: services as `docker compose config` resolves them, with their places."""

from __future__ import annotations

from sealock.formats.compose.reader import comments, read, read_many

__all__ = ["comments", "read", "read_many"]
