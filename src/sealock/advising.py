"""Opens an image, lists what is in it, lays its layers over one another, and advises on its base."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Final

from msgspec.structs import replace

from sealock.advice.advising import advise
from sealock.image.opening import open_image
from sealock.inventory.content import content
from sealock.listing import How, inventories
from sealock.model.advice import Advice
from sealock.model.finding import Problem

_MOST: Final = 2000
"""Commands of one script that are followed."""


def advices(
    path: str, how: How, start: tuple[str, ...] = (), progress: Callable[[str], None] = lambda _name: None
) -> Iterator[tuple[Advice, tuple[Problem, ...]]]:
    """Advise on every image that a file or folder holds; `start` stands for what the configuration says is started."""
    listed = inventories(path, how, progress)
    images = open_image(path, platform=how.platform, bounds=how.bounds, verify=False, access=how.access)
    for inventory, image in zip(listed, images, strict=True):
        progress("the file system")
        told = replace(inventory.container, entrypoint=start, command=()) if start else inventory.container
        yield advise(inventory, content(image.layers), commands, told), inventory.problems


def commands(text: str) -> Iterator[tuple[str, ...]]:
    """Yield the words of every command in a shell's text, those within others included."""
    from sealock.formats.shell import parse  # noqa: PLC0415  its grammar is needed only where there is a script

    for command in islice(parse(text).commands(), _MOST):
        yield tuple(word.text for word in command.words)
