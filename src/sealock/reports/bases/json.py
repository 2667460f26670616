"""Renders advice on a base as JSON. docs/schema/advice.schema.json describes it."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from sealock import __version__
from sealock.model.advice import BaseAdvice
from sealock.reports.jsontext import encode

SCHEMA: Final = 2


def render(advice: BaseAdvice) -> str:
    """Render as JSON; `schema` counts up when its shape changes."""
    table: dict[str, Any] = msgspec.to_builtins(advice)
    surface = table["surface"]
    surface["packages"] = dict(advice.surface.packages)
    surface["tools"] = {group: list(paths) for group, paths in advice.surface.tools}
    table["closure"]["missing"] = [
        {"path": path, "library": library} for path, library in advice.closure.missing
    ]  # fmt: skip
    for key, shares in (("layers", advice.surface.layers), ("hidden_most", advice.surface.hidden_most)):
        for row, share in zip(surface[key], shares, strict=True):
            # Share's detail has another meaning in each list.
            row["hidden" if key == "layers" else "by"] = int(share.detail or 0)
            del row["detail"], row["needed"]
            row["created_by" if key == "layers" else "path"] = row.pop("name")
    surface["unowned_most"] = [
        {"path": share.name, "size": share.size, "layer": share.layer} for share in advice.surface.unowned_most
    ]
    for row in (*surface["owners"], *table["need"]["others"]):
        row["type"] = row.pop("detail")
    return encode({"sealock": __version__, "schema": SCHEMA, "advice": table})
