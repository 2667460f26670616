"""Renders advice on an image's base, for a terminal, as JSON, or as the list of the files it needs."""

from __future__ import annotations

from importlib import import_module
from typing import Any, Literal, TypeAlias

from sealock.model.advice import BaseAdvice

AdviceFormat: TypeAlias = Literal["terminal", "json", "files"]


def render(form: AdviceFormat, advice: BaseAdvice, **style: Any) -> str:  # noqa: ANN401  only the terminal takes a style
    """Render the advice; the style (width, colour, unicode) is for the terminal."""
    words = style if form == "terminal" else {}
    text: str = import_module(f"sealock.reports.bases.{form}").render(advice, **words)
    return text
