"""Renders the differences between two images: for a terminal, as JSON, or as Markdown for a pull request."""

from __future__ import annotations

from importlib import import_module
from typing import Any, Literal, TypeAlias

from sealock.model.imagediff import ImageDiff

DiffFormat: TypeAlias = Literal["terminal", "json", "markdown"]


def render(form: DiffFormat, diff: ImageDiff, **style: Any) -> str:  # noqa: ANN401  only the terminal takes a style
    """Render the differences; the style (width, colour, unicode) is for the terminal."""
    words = style if form == "terminal" else {}
    text: str = import_module(f"sealock.reports.imagediff.{form}").render(diff, **words)
    return text
