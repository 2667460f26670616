"""Finds the `docker run` lines of a text: a shell script, Makefile, Markdown page, systemd unit or CI file.

This package returns the places and words of the lines, with variables resolved if the same text assigns them a literal
value; `formats.runargs` reads them as containers.
"""

from __future__ import annotations

from bisect import bisect_left
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from sealock import shell
from sealock.formats.files import FileWindow
from sealock.formats.runcalls import mentions_run, sources_engine
from sealock.formats.scripts.engines import (
    EngineVerb,
    is_like_engine_call,
    parse_built_images,
    parse_engine_call,
    parse_network_create,
    unknown_verb,
)
from sealock.formats.scripts.reader import comments, detect_kind, is_guessed, read_engine_commands
from sealock.model.location import Place, Source
from sealock.model.shell import Command, Word
from sealock.patterns import compile_lazily

if TYPE_CHECKING:
    from sealock.formats.scripts.includes import IncludedFiles

__all__ = [
    "EngineVerb",
    "RunCommand",
    "comments",
    "detect_kind",
    "find_built_images",
    "find_created_networks",
    "find_included_commands",
    "find_run_commands",
    "find_unknown_commands",
    "find_unknown_functions",
    "find_unread_commands",
    "is_guessed",
    "is_makefile",
    "refusal",
    "unread_includes",
    "with_included",
]


_PASSED_ON: Final = compile_lazily(r"[\"']?\$(?:[@*\d]|\{[@*\d][^}]*\})[\"']?")
"""Arguments of a script or a function."""


_INCLUDES: Final = compile_lazily(r"\binclude\b|(?:^|[\s;&{])(?:\.|source)[ \t]")
"""What a text with files of its own has: `include` of make, `source` of a shell."""
_MOST_INCLUDED: Final = 2_000_000
"""Characters that are read of included files, each with all others."""


class RunCommand(Struct, frozen=True):
    """A `docker run`, or another command that says what a container gets, in a text.

    `engine` is "docker", "podman" or "nerdctl".

    `command` starts at the engine's word, without `sudo` and the like. Its words are the whole line, for example
    `docker -H tcp://a container run --rm alpine id`; `first` is the index of the first word after the verb, so
    `arguments` are `--rm alpine id`. Each word has its value (without quotes and escapes, with variables resolved) and
    its place in the source, including quotes. Without quoting and variables, `source.excerpt(word.place) == word.text`.

    An unresolved word has `literal` False and its text as written: `$HOME/x`, `${X:-y}`, `$(pwd)`, Make's `$(VAR)`,
    systemd's `%i`, GitHub's `${{ … }}`, and `<placeholder>` in Markdown. An unresolved, unquoted word that is a mere
    expansion (`$OPTS`, `"${ARGS[@]}"`) may expand to any number of words.

    A variable with several words becomes these words, each with the place of the variable (`$OPTS`); the elements of an
    array keep their places in the array.

    A `loose` command stands where a text may be about it: without an image or an option, it is no command. In a
    `guessed` one a variable stands for the engine: what no engine takes is a command of another program.

    `place` extends from the engine's word to the end of the last word; new options belong after `verb_place`.
    """

    command: Command
    engine: str
    verb: EngineVerb
    first: int
    place: Place
    verb_place: Place
    loose: bool = False
    guessed: bool = False

    @property
    def arguments(self) -> tuple[Word, ...]:
        """The words after the verb: options, image, and the container's own command."""
        return self.command.words[self.first :]


def find_run_commands(source: Source) -> tuple[RunCommand, ...]:
    """Find every `docker run`, `create`, `exec`, `update`, `build`, `service create|update` of a text, of any engine.

    They are in the order of the text. Never raises for any content.
    """
    runs: list[RunCommand] = []
    for command, about in _commands(source):
        call = parse_engine_call(command)
        if call is not None:
            words = command.words[call.engine_at :]
            verb = words[call.verb_at - call.engine_at]
            place = Place(words[0].place.start, max(words[-1].place.end, verb.place.end), "", words[0].place.file)
            inner = Command(words, place, command.assignments, command.redirects, command.nested)
            first = call.verb_at - call.engine_at + 1
            passed_on = call.engine_at > 0 and command.words[0].literal
            loose = about or passed_on
            if (about and passed_on) or (loose and not _is_command(words[first:])):
                continue
            runs.append(RunCommand(inner, call.engine, call.verb, first, place, verb.place, loose, call.guessed))
    return tuple(sorted(runs, key=lambda run: run.place.start))


def _is_command(arguments: tuple[Word, ...]) -> bool:
    """Whether the words after the verb are more than the name of the command: an option, and something else."""
    options = [word.text.startswith("-") for word in arguments]
    return any(options) and not all(options)


def find_unknown_commands(source: Source) -> tuple[Place, ...]:
    """Where a variable that is not known decides what an engine does: `docker $ARGS`, `docker @words`.

    What a script or function passes on of its own arguments is none: its caller decides.
    """
    return tuple(
        command.words[at].place
        for command, loose in _commands(source)
        if not loose and (at := unknown_verb(command)) and _PASSED_ON.fullmatch(command.words[at].text) is None
    )


def find_unread_commands(source: Source) -> tuple[Place, ...]:
    """Where a text mentions commands that say what a container gets, in a script that could not be read there."""
    if not mentions_run(source.text):
        return ()
    found = sorted(run.place.start for run in find_run_commands(source))
    unread = _read(source)[1]

    def is_unread(place: Place) -> bool:
        after = bisect_left(found, place.start)
        return (after == len(found) or found[after] >= place.end) and mentions_run(source.excerpt(place))

    return tuple(filter(is_unread, unread))


def find_created_networks(source: Source) -> tuple[tuple[str, Place, bool], ...]:
    """Find every `docker network create`: the network's name, the command's place, and whether it is internal."""
    networks = filter(None, (parse_network_create(command) for command, _ in _commands(source)))
    return tuple((network.name, network.place, network.internal) for network in networks)


def find_built_images(source: Source) -> frozenset[str]:
    """The names of the images that commands of the text build, tag or commit, with and without the default tag."""
    names = {name.removesuffix(":latest") for command, _ in _commands(source) for name in parse_built_images(command)}
    return frozenset({*names, *(f"{name}:latest" for name in names)})


def with_included(source: Source, files: FileWindow) -> Source:
    """The text with those that it includes, where it is a Makefile, or sources, where it is a shell script.

    It is the same object where there are none, since what was read of one text is kept for the next reader.
    """
    if source.included or not _INCLUDES.search(source.text):
        return source
    included = _included(source, files).sources
    return Source(source.name, source.text, included) if included else source


def unread_includes(source: Source, files: FileWindow) -> tuple[str, ...]:
    """The files that a Makefile includes, or a script sources, and that could not be read, each with why."""
    return _included(source, files).unread if _INCLUDES.search(source.text) else ()


def is_makefile(source: Source) -> bool:
    """Whether a text is read as a Makefile."""
    return detect_kind(source) == "make"


def _included(source: Source, files: FileWindow) -> IncludedFiles:
    from sealock.formats.scripts import includes, sourced  # noqa: PLC0415  few texts have files of their own

    kind = detect_kind(source)
    if kind == "make" and includes.may_include(source):
        return includes.read_included(source, files)
    if kind == "shell" and sources_engine(source.text):
        return sourced.read_sourced(source, files)
    return includes.IncludedFiles()


def find_unknown_functions(source: Source) -> tuple[Place, ...]:
    """Where a command that no engine names has a verb and options that only engines have: `dk run --privileged x`."""
    return tuple(
        command.words[0].place
        for command, loose in _commands(source)
        if not loose and is_like_engine_call(command) and parse_engine_call(command) is None
    )


def find_included_commands(source: Source, files: FileWindow) -> tuple[tuple[Source, tuple[Place, ...]], ...]:
    """The commands in what a Makefile includes that only its variables make commands of an engine.

    They are run lines of neither file: the included one is read without these variables, this one without its recipes.
    Where these are too long to be read with each other's variables, it is the start of each.
    """
    if not is_makefile(source):
        return ()
    whole = with_included(source, files)
    many = len(whole.included) * sum(len(each.text) for each in (source, *whole.included)) > _MOST_INCLUDED
    found: list[tuple[Source, tuple[Place, ...]]] = []
    for each in whole.included:
        if "$" not in each.text or "\t" not in each.text:
            continue
        if many:
            found.append((each, (Place(0, 0),)))
            continue
        others = (Source(source.name, source.text), *(other for other in whole.included if other is not each))
        together = find_run_commands(Source(each.name, each.text, others))
        alone = {run.place.start for run in find_run_commands(each)} if together else set()
        if places := tuple(run.place for run in together if run.place.start not in alone):
            found.append((each, places))
    return tuple(found)


def refusal(source: Source) -> str:
    """Why a script is too expensive to search; "" if it is not."""
    return shell.refusal(source.text) if detect_kind(source) == "shell" else ""


def _commands(source: Source) -> tuple[tuple[Command, bool], ...]:
    """The engine commands of a text, and whether each is loose."""
    return _read(source)[0]


@lru_cache(maxsize=2)
def _read(source: Source) -> tuple[tuple[tuple[Command, bool], ...], tuple[Place, ...]]:
    """What `_commands` gives, and what of the scripts could not be read; kept for who asks next."""
    unread: list[Place] = []
    return read_engine_commands(source, unread=unread), tuple(unread)
