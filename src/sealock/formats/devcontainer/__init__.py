"""Development containers: devcontainer.json, as the Development Container Specification describes it."""

from __future__ import annotations

from sealock.formats.devcontainer.reader import comments, read

__all__ = ["comments", "read"]
