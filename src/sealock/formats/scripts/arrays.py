"""Finds the commands that configurations hold as arrays: mcp.json, the settings of coding agents, tasks and the like.

`"command": "docker", "args": ["run", "--rm", …]`, or the whole command as one array, in JSON, YAML and TOML; and what
containers of Docker's own image give to its program: `image: docker:cli` with `command: run --rm …`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from sealock.formats import jsontext, tomltree, yamltree
from sealock.formats.optionkeys.table import KeyWord, OptionKey
from sealock.formats.runcalls import gives_run_to_image
from sealock.formats.scripts.engines import engine_of
from sealock.formats.yamltree import Mapping, Scalar, Sequence, YamlNode
from sealock.model.imagename import parse
from sealock.model.location import Place, Source
from sealock.model.shell import Command, Word
from sealock.patterns import compile_lazily
from sealock.shell import parse as parse_script

ARRAY: Final = OptionKey("arguments", shape="arguments")
_ENGINE: Final = compile_lazily(
    r"(?<![\w.-])(?<![\w.] )(?<!/lib/)(?:docker|podman(?:-remote)?|nerdctl)(?:\.exe)?"
    r"(?: +(?:container +)?(?:run|create))?[\"']?[ \t]*"
    r"(?=[,\]\r\n}]|$)",
    re.IGNORECASE,
)
"""An engine's name as a value, or at the end of a path; descriptions of APIs have it at the ends of lines."""
_PROGRAM_KEYS: Final = compile_lazily(
    r"command|cmd|program|exec|executable|path|bin|binary|runtime|entrypoint", re.IGNORECASE
)
_VARIABLE: Final = compile_lazily(r"\$\{[^}]*\}|\{\{.*?\}\}")
_VERBS: Final = frozenset({"run", "create", "container", "exec", "build", "buildx", "compose", "service", "update"})
"""Commands of `docker` that say what a container gets."""
_Entry = tuple[YamlNode, YamlNode]
_WRAPPERS: Final = frozenset({"sudo", "doas", "CMD"})
"""Programs that run the rest of an array, and the word for that in a health check."""


def may_have_arrays(text: str) -> bool:
    """Whether a text may name an engine as a value."""
    return _ENGINE.search(text) is not None or gives_run_to_image(text)


def commands(source: Source, kind: str) -> Iterator[Command]:
    """The commands of engines that the arrays of a text hold, in the order of the text."""
    if not may_have_arrays(source.text):
        return
    found = [command for root in _roots(source.text, kind) for command in _commands(root, source.text)]
    yield from sorted(found, key=lambda command: command.place.start)


def _roots(text: str, kind: str) -> Iterator[YamlNode]:
    if kind == "toml":
        yield tomltree.parse(text)
        return
    tree = jsontext.parse(text) if kind == "json" else yamltree.parse(text)
    yield from tree.documents


def _commands(root: YamlNode, text: str) -> Iterator[Command]:
    """The commands of a tree; what an alias refers to is read where it stands."""
    pending = [root]
    while pending:
        node = pending.pop()
        if isinstance(node, Sequence):
            pending += node.items
            if (command := _whole(node)) is not None:
                yield command
        elif isinstance(node, Mapping):
            begun = _begun(node, text)
            pending += [value for _, value in node.entries if begun is None or value is not begun[0]]
            yield from _split(node)
            if (command := begun[1] if begun else _of_image(node, text)) is not None:
                yield command


def _whole(node: Sequence) -> Command | None:
    """A command that is all in one array."""
    words = _words(node)
    start = 0
    if words and words[0].text in _WRAPPERS:
        start = next((index for index, word in enumerate(words) if index and not word.text.startswith("-")), 0)
    if len(words) < start + 2 or not engine_of(words[start]):
        return None
    return _command(words[start:])


def _split(node: Mapping) -> Iterator[Command]:
    """Commands of a mapping that holds the program's name and its arguments under keys of their own."""
    programs = [
        value
        for key, value in node.entries
        if isinstance(key, Scalar) and isinstance(value, Scalar) and _PROGRAM_KEYS.fullmatch(key.text)
    ]
    for program in programs:
        names = program.text.split()
        if not names or not engine_of(Word(names[0], Place())) or len(names) > 3:
            continue
        for _, value in node.entries:
            if isinstance(value, Sequence) and (words := _words(value)):
                before = program.start < value.start
                place = Place(program.start, program.end) if before else Place(value.start, value.start + 1)
                yield _command([*(Word(name, place) for name in names), *words])


def _of_image(node: Mapping, text: str) -> Command | None:
    """What a container gives to the program `docker` of its image, or to one of that name as its entrypoint.

    The image's own entrypoint puts `docker` before a command of that program.
    """
    entry, given = _entrypoint_and_command(node)
    if entry is not None and isinstance(entry[1], Scalar) and given is not None and isinstance(given[1], Sequence):
        return None  # as any program with its arguments
    if given is None or not (_names_engine(entry[1]) if entry is not None else _is_dockers(node)):
        return None
    words = _given_words(given[1], text)
    if not words or words[0].text not in _VERBS:
        return None
    return _command([Word("docker", Place(words[0].place.start, words[0].place.start)), *words])


def _entrypoint_and_command(node: Mapping) -> tuple[_Entry | None, _Entry | None]:
    """Both of a container; a pod calls them command and args."""
    entry, given = node.entry("entrypoint"), node.entry("command")
    return (entry, given) if (arguments := node.entry("args")) is None else (given, arguments)


def _begun(node: Mapping, text: str) -> tuple[Sequence, Command] | None:
    """An entrypoint that begins a command of an engine, and the command with what it is given."""
    entry, given = _entrypoint_and_command(node)
    if entry is None or given is None or not isinstance(entry[1], Sequence):
        return None
    begin, words = _whole(entry[1]), _given_words(given[1], text)
    if begin is None or not words:
        return None
    # The entrypoint may stand after what it is given.
    place = Place(words[0].place.start, words[0].place.start)
    return entry[1], _command([*(Word(word.text, place) for word in begin.words), *words])


def _given_words(node: YamlNode, text: str) -> list[Word]:
    return _words(node) if isinstance(node, Sequence) else _scalar_words(node, text)


def _names_engine(node: YamlNode) -> bool:
    """Whether an entrypoint is the name of the engine, as a string or an array of one item."""
    only = node.items[0] if isinstance(node, Sequence) and len(node.items) == 1 else node
    return isinstance(only, Scalar) and engine_of(Word(only.text, Place())) == "docker"


def _is_dockers(node: Mapping) -> bool:
    """Whether a container has Docker's own image."""
    image = node.entry("image")
    name = parse(image[1].text) if image is not None and isinstance(image[1], Scalar) else None
    return name is not None and name.familiar == "docker"


def _scalar_words(node: YamlNode, text: str) -> list[Word]:
    """The words of a command that is one string."""
    if not isinstance(node, Scalar):
        return []
    at = next((at for at in (node.start, node.start + 1) if text.startswith(node.text, at)), None)
    offsets = at if at is not None else [node.start] * len(node.text)
    commands = list(parse_script(node.text, offsets).commands())
    return list(commands[0].words) if len(commands) == 1 else []


def _words(node: Sequence) -> list[Word]:
    """The items of an array that holds nothing but scalars, as words."""
    items = [item for item in node.items if isinstance(item, Scalar)]
    if len(items) < len(node.items):
        return []
    return [
        KeyWord(
            item.text, Place(item.start, item.end), _VARIABLE.search(item.text) is None, row=ARRAY, holder=node, item=at
        )
        for at, item in enumerate(items)
    ]


def _command(words: list[Word]) -> Command:
    return Command(tuple(words), Place(words[0].place.start, words[-1].place.end))
