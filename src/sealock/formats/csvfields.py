"""Splits the values that clients and builders read as a line of CSV, as Go's reader does: type=bind,"source=a,b"."""

from __future__ import annotations

from typing import Final

from sealock.patterns import compile_lazily

_FIELD: Final = r"(?:\"(?:[^\"]|\"\")*+\"|[^\",]*+)"
_LINE: Final = compile_lazily(rf"{_FIELD}(?:,{_FIELD})*+")


def split_fields(text: str) -> list[str]:
    """Split at the commas outside of quotes; ValueError for a quote that encloses no whole field."""
    if '"' not in text:
        return text.split(",")
    import csv  # noqa: PLC0415  few lists have quotes, and start-up counts

    if _LINE.fullmatch(text) is None:
        message = "has a quote that encloses no whole field"
        raise ValueError(message)
    return next(csv.reader([text], strict=True), [])
