"""Reads a test's text with its own format."""

from __future__ import annotations

from sealock import formats
from sealock.formats.files import NOTHING, FileWindow
from sealock.model.document import Document
from sealock.model.location import Source


def read(text: str, files: FileWindow = NOTHING) -> Document:
    """Read a text of any format: a Dockerfile, a compose file, a `docker run` line or script, an image config."""
    kind = formats.sniff("", text)
    assert kind is not None, f"no format knows this text: {text!r}"
    return formats.read(kind, Source("test", text), files)
