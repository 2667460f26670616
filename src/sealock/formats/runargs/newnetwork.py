"""Writes the line that makes a network, in front of the first run line that needs it."""

from __future__ import annotations

from typing import Final

from sealock.errors import FormatError
from sealock.formats.runargs.quotes import quote
from sealock.formats.runargs.spot import RunLineText
from sealock.formats.scripts import find_created_networks, find_run_commands
from sealock.model.absent import given
from sealock.model.change import Add, Edit, FieldChange, Set, Swap
from sealock.model.container import Network
from sealock.model.location import Place, Source

_OTHER_FILES: Final = (
    ".md", ".markdown", ".yml", ".yaml", ".json", ".toml", ".mk", ".service", ".timer", ".rst", ".txt", ".conf",
    ".html",
)  # fmt: skip
_OPEN_ENDS: Final = ("\\", "&&", "||", "|")
_PREFIXES: Final = ("sudo", "exec", "time")


def create_networks(source: Source, spot: RunLineText, change: FieldChange) -> tuple[Edit, ...]:
    """Make the networks that a change speaks of and the text never makes; FormatError where no shell reads the text."""
    if change.field != "networks":
        return ()
    match change:
        case Set(value=value):
            wanted = value or ()
        case Add(value=value) | Swap(new=value):
            wanted = (value,)
        case _:
            wanted = ()
    present = {name for name, _, _ in find_created_networks(source)}
    present |= {network.name for network in given(spot.line.container.networks, ())}
    missing = [one.name for one in wanted if isinstance(one, Network) and one.name not in present]
    if not missing:
        return ()
    base = source.name.lower().replace("\\", "/").rpartition("/")[2]
    if spot.host != "shell" or base.endswith(_OTHER_FILES):
        msg = f"the network {missing[0]} has to be made first: docker network create {missing[0]}"
        raise FormatError(msg)
    start, indent = _statement(source.text, spot.place.start)
    engine = _engine(source.text, spot, start + len(indent))
    # All lines that are changed together are to agree on the place, which is in front of the first of them.
    for found in find_run_commands(source):
        first, outer = _statement(source.text, found.place.start)
        if first < start and len(outer) <= len(indent):
            start, indent = first, outer
            break
    lines = "".join(
        f"{indent}{engine} network inspect {name} >/dev/null 2>&1 || {engine} network create {name}\n"
        for name in map(quote, missing)
    )
    return (Edit(Place(start, start), lines),)


def _statement(text: str, at: int) -> tuple[int, str]:
    """The start of the line on which the statement around an offset begins, and its indentation."""
    start = text.rfind("\n", 0, at) + 1
    while start > 0:
        before = text.rfind("\n", 0, start - 1) + 1
        if not text[before : start - 1].rstrip().endswith(_OPEN_ENDS):
            break
        start = before
    end = start
    while end < at and text[end] in " \t":
        end += 1
    return start, text[start:end]


def _engine(text: str, spot: RunLineText, line_start: int) -> str:
    """The words that call the engine, as the run line itself has them."""
    called = text[spot.place.start : spot.verb.place.start].split()
    if called[-1:] == ["container"]:
        called.pop()
    before = text[line_start : spot.place.start].split()
    return " ".join([*(before if all(one in _PREFIXES for one in before) else []), *(called or [spot.engine])])
