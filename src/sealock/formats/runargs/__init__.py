"""`docker run` and `docker create` lines (podman's and nerdctl's too), wherever they stand: reads and changes them."""

from __future__ import annotations

from sealock.formats.runargs.document import edits, read

__all__ = ["edits", "read"]
