"""Opens an image, takes its inventory and file system, and advises on its base image."""

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
"""Most commands of one script that are read."""


class Advised(Struct, frozen=True):
    """Advice on the first image of a file or directory, its errors, and the names of the other images."""

    advice: BaseAdvice
    errors: tuple[InputError, ...]
    others: tuple[str, ...] = ()


def advised(
    path: str, how: ImageOptions, start: tuple[str, ...] = (), progress: Callable[[str], None] = lambda _name: None
) -> Advised:
    """Advise; `start` replaces the configured command. TargetError where there is no image."""
    inventory, *others = read_inventories(path, how, progress)
    # The inventory has verified the digests.
    image, *_ = open_image(
        path, platform=how.platform, bounds=how.bounds, verify=False, access=how.access, engine=how.engine
    )
    progress("the file system")
    container = replace(inventory.container, entrypoint=start, command=()) if start else inventory.container
    advice = advise(inventory, content(image.layers), commands, container)
    return Advised(advice, inventory.errors, tuple(", ".join(other.names) or other.id[:19] for other in others))


def commands(text: str) -> Iterator[tuple[str, ...]]:
    """Yield the words of every command in a shell script, nested ones included."""
    from sealock.shell import parse  # noqa: PLC0415  tree-sitter: only for scripts

    for command in islice(parse(text).commands(), _MOST):
        yield tuple(word.text for word in command.words)
