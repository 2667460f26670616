"""Inserts the command that creates a network before the first run line that needs it."""

from __future__ import annotations

from typing import Final

from sealock.errors import FormatError
from sealock.formats.runargs.quotes import quote
from sealock.formats.runargs.reader import RunLineText
from sealock.formats.scripts import find_created_networks, find_run_commands
from sealock.formats.scripts.reader import detect_kind
from sealock.model.absent import given
from sealock.model.change import Add, Edit, FieldChange, Set, Swap
from sealock.model.container import Network
from sealock.model.location import Place, Source

_NO_SHELL_FILES: Final = (
    ".md", ".markdown", ".yml", ".yaml", ".json", ".toml", ".mk", ".service", ".timer", ".rst", ".txt", ".conf",
    ".html",
)  # fmt: skip
ONE_COMMAND: Final = "run:"
"""The name of a text that is one command and no script: whoever runs it creates its network first."""
_CONTINUATIONS: Final = ("\\", "&&", "||", "|")
_PREFIXES: Final = ("sudo", "exec", "time")


def create_networks(source: Source, line: RunLineText, change: FieldChange) -> tuple[Edit, ...]:
    """Create the networks of a change that the text does not create; FormatError if the text is no shell script."""
    if change.field != "networks" or source.name == ONE_COMMAND:
        return ()
    match change:
        case Set(value=value):
            networks = value or ()
        case Add(value=value) | Swap(new=value):
            networks = (value,)
        case _:
            networks = ()
    existing = {name for name, _, _ in find_created_networks(source)}
    existing |= {network.name for network in given(line.run.container.networks, ())}
    missing = [network.name for network in networks if isinstance(network, Network) and network.name not in existing]
    if not missing:
        return ()
    base = source.name.lower().replace("\\", "/").rpartition("/")[2]
    is_script = detect_kind(source) in {"shell", "just"} and not base.endswith(_NO_SHELL_FILES)
    if line.quoting != "shell" or line.subcommand not in {"run", "create"} or not is_script:
        msg = f"create the network {missing[0]} first: docker network create {missing[0]}"
        raise FormatError(msg)
    start, indent = _statement_start(source.text, line.place.start)
    engine = _engine_words(source.text, line, start + len(indent))
    # All lines that change together must agree on the place: before the first of them.
    for command in find_run_commands(source):
        first, outer = _statement_start(source.text, command.place.start)
        if first < start and len(outer) <= len(indent):
            start, indent = first, outer
            break
    lines = "".join(
        f"{indent}{engine} network inspect {name} >/dev/null 2>&1 || {engine} network create {name}\n"
        for name in map(quote, missing)
    )
    return (Edit(Place(start, start), lines),)


def _statement_start(text: str, at: int) -> tuple[int, str]:
    """The start of the first line of the statement around an offset, and its indentation."""
    start = text.rfind("\n", 0, at) + 1
    while start > 0:
        before = text.rfind("\n", 0, start - 1) + 1
        if not text[before : start - 1].rstrip().endswith(_CONTINUATIONS):
            break
        start = before
    end = start
    while end < at and text[end] in " \t":
        end += 1
    return start, text[start:end]


def _engine_words(text: str, line: RunLineText, line_start: int) -> str:
    """The words that call the engine, as in the run line."""
    called = text[line.place.start : line.verb.place.start].split()
    if called[-1:] == ["container"]:
        called.pop()
    before = text[line_start : line.place.start].split()
    return " ".join([*(before if all(word in _PREFIXES for word in before) else []), *(called or [line.engine])])
