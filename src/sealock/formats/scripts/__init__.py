"""Finds the `docker run` lines of a text: a shell script, Makefile, Markdown page, systemd unit or CI file.

What a line means as a container is for `formats.runargs` to tell; this package says where the lines are and which words
they have, with variables resolved where the same text gives them a literal value.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

from msgspec import Struct

from sealock.formats import shell
from sealock.formats.scripts.engines import CreatedNetwork, EngineCall, parse_engine_call, parse_network_create
from sealock.formats.scripts.fragments import detect_kind, read_engine_commands
from sealock.model.location import Place, Source
from sealock.model.shell import Command, Word

__all__ = ["Found", "find_created_networks", "find_run_commands", "refusal"]


class RunCommand(Struct, frozen=True):
    """One `docker run` or `docker create` of a text.

    `engine` is "docker", "podman" or "nerdctl"; `verb` is "run" or "create".

    `command` is the command from the engine's word on (`sudo` and its like are left out). Its words are the whole line:
    `docker -H tcp://a container run --rm alpine id`; `first` is the index of the first word after the verb, so that
    `arguments` are `--rm alpine id`. Each word has its value (quotes, escapes, resolved variables gone), and its place
    in the source, quotes included. Where nothing was quoted or resolved, `source.excerpt(word.place) == word.text`.

    A word that could not be resolved has `literal` False and its text as written: `$HOME/x`, `${X:-y}`, `$(pwd)`,
    Make's `$(VAR)`, systemd's `%i`, GitHub's `${{ … }}`, and `<placeholder>` in Markdown. An unresolved word that is
    unquoted and all expansion (`$OPTS`, `"${ARGS[@]}"`) may stand for any number of words.

    A variable that stands for several words becomes these words, each with the place of the variable (`$OPTS`); the
    elements of an array keep the places that they have where the array is written.

    `place` reaches from the engine's word to the end of the last word; `verb_place` is the verb's word, after which new
    options can be written.
    """

    command: Command
    engine: str
    verb: Literal["run", "create"]
    first: int
    place: Place
    verb_place: Place

    @property
    def arguments(self) -> tuple[Word, ...]:
        """The words after the verb: options, image, and the container's own command."""
        return self.command.words[self.first :]


def find_run_commands(source: Source) -> tuple[RunCommand, ...]:
    """Find every `docker run`, `docker create`, `docker container run|create` of a text, also podman's and nerdctl's.

    They are given in the order of the text. Nothing that a text says makes this raise.
    """
    found: list[RunCommand] = []
    for command in _commands(source):
        run: EngineCall | None = parse_engine_call(command)
        if run is not None:
            words = command.words[run.engine_at :]
            verb = words[run.verb_at - run.engine_at]
            place = Place(words[0].place.start, max(words[-1].place.end, verb.place.end), "", words[0].place.file)
            inner = Command(words, place, command.assignments, command.redirects, command.nested)
            first = run.verb_at - run.engine_at + 1
            found.append(RunCommand(inner, run.engine, run.verb, first, place, verb.place))
    return tuple(sorted(found, key=lambda one: one.place.start))


def find_created_networks(source: Source) -> tuple[tuple[str, Place, bool], ...]:
    """Find every `docker network create`: the network's name, the command's place, and whether it is internal."""
    networks: list[CreatedNetwork] = [
        found for command in _commands(source) if (found := parse_network_create(command)) is not None
    ]
    return tuple((network.name, network.place, network.internal) for network in networks)


def refusal(source: Source) -> str:
    """Say why a script is not looked through, "" for one that is."""
    return shell.refusal(source.text) if detect_kind(source) == "shell" else ""


@lru_cache(maxsize=2)
def _commands(source: Source) -> tuple[Command, ...]:
    """The engine commands of a text; kept, since both questions are asked of each text."""
    return read_engine_commands(source)
