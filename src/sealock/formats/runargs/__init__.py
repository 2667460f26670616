"""Reads and edits `docker run` and `docker create` lines (also of podman and nerdctl) in any text."""

from __future__ import annotations

from sealock.formats.runargs.document import MAX_LENGTH, comments, edits, edits_together, read

__all__ = ["MAX_LENGTH", "comments", "edits", "edits_together", "read"]
