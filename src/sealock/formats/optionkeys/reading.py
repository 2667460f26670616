"""Makes a container of the words that a format's keys stand for."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

from msgspec.structs import replace

from sealock.formats.runargs.options import OPTIONS
from sealock.formats.runargs.reader import RunLine, read_words
from sealock.model.absent import UNKNOWN, UNSET
from sealock.model.container import FIELDS
from sealock.model.location import Place
from sealock.model.shell import Word

_NO_IMAGE: Final = Word("sealock/none", Place())


def read_container(
    options: Sequence[Word],
    image: Word | None,
    command: Sequence[Word] = (),
    *,
    engine: str = "docker",
    says: Collection[str] = FIELDS,
) -> RunLine:
    """Read the options, image and command of a container; without an image, that is unset.

    What the format cannot say, the fields outside of `says`, is unknown unless an option sets it.
    """
    words = [*options, Word("--", Place()), image or _NO_IMAGE, *command]
    line = read_words(words, engine, "run")
    container = line.container
    values = {field: UNKNOWN for field in FIELDS if field not in says and getattr(container, field) is UNSET}
    where = dict(line.where)
    if image is None:
        values["image"] = UNSET if "image" in says else UNKNOWN
        where.pop(("image",), None)
    return replace(line, container=replace(container, **values), where=where)


def known_arguments(words: Sequence[Word], engine: str) -> list[Word]:
    """The words without the options that `run` does not have, for commands that have others too.

    A word that starts no option ends what an option without its value in the same word may take.
    """
    known: list[Word] = []
    takes = False
    for word in words:
        if not word.text.startswith("-"):
            known += [word] if takes else []
            takes = False
            continue
        name, equals, _ = word.text.removeprefix("--").partition("=")
        option = OPTIONS.get(name) if word.text.startswith("--") else None
        fits = option is not None and (not option.engines or engine in option.engines)
        known += [word] if fits else []
        takes = fits and not equals and option is not None and not option.flag
    return known
