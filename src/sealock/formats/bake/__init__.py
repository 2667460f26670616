"""Bake files of buildx, in HCL and JSON: targets, with their variables, functions, inheritance and matrices."""

from __future__ import annotations

from sealock.formats.bake.reader import comments, edits, read

__all__ = ["comments", "edits", "read"]
