"""Reads a service's files of NAME=VALUE lines: env_file and label_file."""

from __future__ import annotations

from collections.abc import Mapping
from posixpath import normpath

from sealock.formats.compose import dotenv
from sealock.formats.compose.loader import Loader
from sealock.model.location import Place


def pointer(*path: str | int) -> str:
    """A JSON pointer."""
    return "".join(f"/{str(part).replace('~', '~0').replace('/', '~1')}" for part in path)


def read_pairs(  # noqa: PLR0913  a file, the place of its name, and how it is read
    loader: Loader,
    path: str,
    named: Place,
    at: tuple[str, ...],
    known: Mapping[str, str],
    *,
    raw: bool = False,
    optional: bool = False,
) -> dict[str, tuple[str | None, Place]] | None:
    """Read the names, each with its value (None: from the environment) and place; None for an unreadable file.

    A required file that cannot be read is reported at `named`, the place of its name.
    """
    name = normpath(path)
    if optional and loader.files.fact(name).exists is False:
        return {}
    source = loader.text(name, named, quiet=loader.files.blind)
    if source is None:
        return None
    if raw:
        lines = dotenv.parse_raw(source.text)
    else:
        lines, wrong = dotenv.parse(source.text, known)
        if wrong:
            loader.report(f"{name}: {wrong}", named)
    pairs: dict[str, tuple[str | None, Place]] = {}
    for key, value, start in lines:
        end = source.text.find("\n", start)
        pairs[key] = value, Place(start, len(source.text) if end < 0 else end, pointer(*at, key), name)
    return pairs
