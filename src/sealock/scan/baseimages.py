"""Opens an image, lists what is in it, lays its layers over one another, and advises on its base."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from sealock.baseimage.advice import advise
from sealock.image.opener import open_image
from sealock.inventory.content import content
from sealock.model.advice import BaseAdvice
from sealock.model.finding import InputError
from sealock.scan.images import ImageOptions, read_inventories

_MOST: Final = 2000
"""Commands of one script that are followed."""


class Advised(Struct, frozen=True):
    """Advice on the first image of a file or folder, with what could not be read, and what the others are called."""

    advice: BaseAdvice
    errors: tuple[InputError, ...]
    others: tuple[str, ...] = ()


def advised(
    path: str, how: ImageOptions, start: tuple[str, ...] = (), progress: Callable[[str], None] = lambda _name: None
) -> Advised:
    """Advise; `start` stands for what the configuration says is started. TargetError where it is no image at all."""
    inventory, *others = read_inventories(path, how, progress)
    # Digests have been verified.
    image, *_ = open_image(
        path, platform=how.platform, bounds=how.bounds, verify=False, access=how.access, engine=how.engine
    )
    progress("the file system")
    told = replace(inventory.container, entrypoint=start, command=()) if start else inventory.container
    advice = advise(inventory, content(image.layers), commands, told)
    return Advised(advice, inventory.errors, tuple(", ".join(other.names) or other.id[:19] for other in others))


def commands(text: str) -> Iterator[tuple[str, ...]]:
    """Yield the words of every command in a shell's text, those within others included."""
    from sealock.formats.shell import parse  # noqa: PLC0415  its grammar is needed only where there is a script

    for command in islice(parse(text).commands(), _MOST):
        yield tuple(word.text for word in command.words)
