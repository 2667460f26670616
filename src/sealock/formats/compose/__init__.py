"""The Compose format: services as `docker compose config` resolves them, each with the places that it came from."""

from __future__ import annotations

from sealock.formats.compose.editing import edits
from sealock.formats.compose.reading import read, read_many

__all__ = ["edits", "read", "read_many"]
