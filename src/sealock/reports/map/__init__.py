"""The network map: for a terminal, as JSON, as DOT, and as SVG."""

from __future__ import annotations

from importlib import import_module
from typing import Any, Final, Literal, TypeAlias

from sealock.model.netmap import Map

MapFormat: TypeAlias = Literal["terminal", "json", "dot", "svg"]
FORMATS: Final[tuple[MapFormat, ...]] = ("terminal", "json", "dot", "svg")


def render(form: MapFormat, network_map: Map, **style: Any) -> str:  # noqa: ANN401  only the terminal's takes a style
    """Render in a format; only the terminal's takes width, colour and unicode."""
    text: str = import_module(f"sealock.reports.map.{form}").render(network_map, **style)
    return text
