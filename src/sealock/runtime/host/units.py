"""How systemd would start the engine: its unit, the unit's drop-ins, and their environment files.

It implements what the command line of one program needs of systemd.unit(5), systemd.service(5) and systemd.exec(5).
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from typing import Final

from sealock.patterns import compile_lazily
from sealock.runtime.kernel.tree import ProcTree

DIRECTORIES: Final = ("etc/systemd/system", "run/systemd/system", "usr/lib/systemd/system", "lib/systemd/system")
"""Where systemd looks for units: the first that has one counts, but drop-ins come from all."""
UNIT: Final = "docker.service"
_MOST: Final = 100
_LINES: Final = 10_000
_VARIABLE: Final = compile_lazily(r"\$(?:\{([A-Za-z_]\w*)\}|([A-Za-z_]\w*))")
_PREFIXES: Final = "@-:+!"
"""Prefixes of a program that change how it runs, but not its arguments."""


def engine_words(tree: ProcTree) -> tuple[str, ...] | None:
    """The arguments that systemd would start the engine with; None where it has no unit."""
    texts = [text for path in _parts(tree) if isinstance(text := tree.text(path), str)]
    if not texts:
        return None
    command = ""
    environment: dict[str, str] = {}
    for key, value in (pair for text in texts for pair in _settings(text)):
        match key:
            case "ExecStart":
                # An empty one clears those before it; a unit for one program has one.
                command = value
            case "Environment":
                environment = (environment | dict(_assigned(_split(value)))) if value else {}
            case "EnvironmentFile":
                environment |= dict(_file(tree, value.lstrip("-")))
    words = _split(command.lstrip(_PREFIXES))
    return tuple(_expanded(words[1:], environment)) if words else None


def _parts(tree: ProcTree) -> Iterator[str]:
    """The unit, then its drop-ins by name; a drop-in hides those of the same name in later directories."""
    unit = next((f"{directory}/{UNIT}" for directory in DIRECTORIES if tree.exists(f"{directory}/{UNIT}")), None)
    if unit is None:
        return
    yield unit
    drop_ins: dict[str, str] = {}
    for directory in DIRECTORIES:
        for name in tree.names(f"{directory}/{UNIT}.d")[:_MOST]:
            if name.endswith(".conf"):
                drop_ins.setdefault(name, f"{directory}/{UNIT}.d/{name}")
    for name in sorted(drop_ins):
        yield drop_ins[name]


def _settings(text: str) -> Iterator[tuple[str, str]]:
    """The settings of [Service], comments by names that are none; a backslash at the end continues a line."""
    section = ""
    for row in text.replace("\\\n", " ").split("\n")[:_LINES]:
        line = row.strip()
        if line.startswith("[") and line.endswith("]"):
            section = line
        elif section == "[Service]":
            key, equals, value = line.partition("=")
            if equals:
                yield key.strip(), value.strip()


def _split(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError:
        # An unclosed quote.
        return text.split()


def _assigned(words: list[str]) -> Iterator[tuple[str, str]]:
    for word in words:
        name, equals, value = word.partition("=")
        if equals:
            yield name, value


def _file(tree: ProcTree, path: str) -> Iterator[tuple[str, str]]:
    """The assignments in an environment file; glob patterns are not expanded."""
    text = tree.read_text(path.lstrip("/")) if path.startswith("/") else ""
    for row in text.replace("\\\n", "").split("\n")[:_LINES]:
        # The name of a comment is no variable's.
        name, equals, value = row.partition("=")
        if equals:
            yield name.strip(), _unquoted(value.strip())


def _unquoted(value: str) -> str:
    return value[1:-1] if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'" else value


def _expanded(words: list[str], environment: dict[str, str]) -> Iterator[str]:
    """Expand variables: one without braces that is a whole word may become several words."""
    for word in words[:_LINES]:
        name = word[1:]
        if word.startswith("$") and name.isidentifier():
            yield from _split(environment.get(name, ""))
        else:
            yield _VARIABLE.sub(lambda match: environment.get(match[1] or match[2], ""), word)
