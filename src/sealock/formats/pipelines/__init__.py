"""Pipelines of CI systems: the containers that jobs, services and steps run in, and the run lines of their scripts."""

from __future__ import annotations

from sealock.formats.pipelines.reader import comments, read

__all__ = ["comments", "read"]
