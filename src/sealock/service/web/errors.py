"""Answers that are errors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sealock.patterns import compile_lazily

_FORM: Final = compile_lazily(r"Expected `str` matching regex '.*'")


class HttpError(Exception):
    """An answer that is an error; its text is for who asked, and says what to do."""

    def __init__(self, status: int, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status, self.headers = status, dict(headers or {})


def too_many(seconds: float) -> HttpError:
    """The answer to somebody who asks too often."""
    return HttpError(
        429, f"too many requests: wait {seconds:.0f} seconds", {"retry-after": str(max(1, round(seconds + 0.5)))}
    )


def explain(error: Exception) -> str:
    """Where a value does not fit; an expression of 300 characters says nobody what to write."""
    return _FORM.sub("Expected text of the form that /api/v1/openapi.json describes", str(error))
