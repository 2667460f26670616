"""`docker run` and `docker create` lines (podman's and nerdctl's too), wherever they stand: reads and changes them."""

from __future__ import annotations

from sealock.formats.runargs.document import read

__all__ = ["read"]
