"""Where a file of an image came from, in words."""

from __future__ import annotations

from typing import Final

from sealock.model.inventory import FileFact, Inventory
from sealock.model.location import Place

LENGTH: Final = 80
"""Characters of an instruction that a message quotes at the most."""


def origin(image: Inventory, layer: int) -> str:
    """The layer and the instruction that made it: "layer 3 (RUN chmod u+s /x)"."""
    found = next((one for one in image.layers if one.index == layer), None)
    if found is None:
        return "the image"
    made = " ".join(found.created_by.removeprefix("/bin/sh -c ").split())
    short = made if len(made) <= LENGTH else made[: LENGTH - 1] + "…"
    return f"layer {layer + 1}" + (f" ({short})" if short else "")


def place(fact: FileFact) -> Place:
    """The file within the image, as a pointer."""
    return Place(pointer="/" + fact.path)
