"""Renders the paths that the image's programs need, one a line, as `tar --verbatim-files-from -T` reads them."""

from __future__ import annotations

from sealock.model.advice import BaseAdvice


def render(advice: BaseAdvice) -> str:
    """Render the list. A path that holds a line feed cannot stand in it, and is left out."""
    return "".join(f"{path}\n" for path in advice.root.paths if "\n" not in path)
