"""Cuts the shell texts out of a file of any kind, and reads the engine commands in them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct

from sealock.formats import shell
from sealock.formats.scripts.engines import ENGINES
from sealock.formats.scripts.variables import resolved
from sealock.model.location import Source
from sealock.model.shell import Command, Word


class Fragment(Struct, frozen=True):
    """A shell text in a file, and where its characters stand there.

    `given` are variables that have a value when it starts (Make's). `rewritten` says that the text differs from the
    file's own.
    """

    text: str
    offsets: Sequence[int] | int
    shell: str = "sh"
    given: Mapping[str, tuple[Word, ...]] = {}
    rewritten: bool = False


def commands_of(source: Source) -> tuple[Command, ...]:
    """Read all commands of a text that may be an engine's, variables resolved."""
    text = source.text
    if not any(engine in text for engine in ENGINES):
        return ()
    found: list[Command] = []
    for fragment in _fragments(source):
        script = shell.parse(fragment.text, fragment.offsets, shell=fragment.shell)
        found.extend(resolved(script, source))
    return tuple(found)


def _fragments(source: Source) -> Iterator[Fragment]:
    yield Fragment(source.text, 0, "bash")
