"""How systemd would start the engine: its unit, the drop-ins over it, and the files of environment that they name.

Read as systemd.unit(5), systemd.service(5) and systemd.exec(5) say, as far as the command line of one program goes.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from typing import Final

from sealock.runtime.kernel.tree import ProcTree

FOLDERS: Final = ("etc/systemd/system", "run/systemd/system", "usr/lib/systemd/system", "lib/systemd/system")
"""Where units are looked for, the first that has one counts; drop-ins are taken from all of them."""
UNIT: Final = "docker.service"
_MOST: Final = 100
_LINES: Final = 10_000
_VARIABLE: Final = re.compile(r"\$(?:\{([A-Za-z_]\w*)\}|([A-Za-z_]\w*))")
_PREFIXES: Final = "@-:+!"
"""Signs before a program that change how it is run, and not what it is told."""


def engine_words(tree: ProcTree) -> tuple[str, ...] | None:
    """The words that systemd would start the engine with, without its own name; None where there is no unit of it."""
    texts = [text for path in _parts(tree) if isinstance(text := tree.text(path), str)]
    if not texts:
        return None
    command = ""
    environment: dict[str, str] = {}
    for key, value in (pair for text in texts for pair in _settings(text)):
        match key:
            case "ExecStart":
                # An empty one takes those before it away; a unit of one program has one.
                command = value
            case "Environment":
                environment = (environment | dict(_assigned(_split(value)))) if value else {}
            case "EnvironmentFile":
                environment |= dict(_file(tree, value.lstrip("-")))
    words = _split(command.lstrip(_PREFIXES))
    return tuple(_expanded(words[1:], environment)) if words else None


def _parts(tree: ProcTree) -> Iterator[str]:
    """The unit and then its drop-ins, by name; a drop-in of a folder that comes first hides those of its name."""
    whole = next((f"{folder}/{UNIT}" for folder in FOLDERS if tree.exists(f"{folder}/{UNIT}")), None)
    if whole is None:
        return
    yield whole
    found: dict[str, str] = {}
    for folder in FOLDERS:
        for name in tree.names(f"{folder}/{UNIT}.d")[:_MOST]:
            if name.endswith(".conf"):
                found.setdefault(name, f"{folder}/{UNIT}.d/{name}")
    for name in sorted(found):
        yield found[name]


def _settings(text: str) -> Iterator[tuple[str, str]]:
    """The settings of [Service]; a line that ends with a backslash goes on."""
    section = ""
    for row in text.replace("\\\n", " ").split("\n")[:_LINES]:
        line = row.strip()
        if line.startswith("[") and line.endswith("]"):
            section = line
        elif section == "[Service]" and not line.startswith(("#", ";")):
            key, equals, value = line.partition("=")
            if equals:
                yield key.strip(), value.strip()


def _split(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError:
        # A quote that is never closed.
        return text.split()


def _assigned(words: list[str]) -> Iterator[tuple[str, str]]:
    for word in words:
        name, equals, value = word.partition("=")
        if equals:
            yield name, value


def _file(tree: ProcTree, path: str) -> Iterator[tuple[str, str]]:
    """The assignments in a file of environment; patterns of names are not followed."""
    held = tree.text(path.lstrip("/")) if path.startswith("/") else ""
    for row in (held if isinstance(held, str) else "").replace("\\\n", "").split("\n")[:_LINES]:
        line = row.strip()
        if line and not line.startswith(("#", ";")):
            name, equals, value = line.partition("=")
            if equals:
                yield name.strip(), _unquoted(value.strip())


def _unquoted(value: str) -> str:
    return value[1:-1] if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'" else value


def _expanded(words: list[str], environment: dict[str, str]) -> Iterator[str]:
    """Put variables in: one that is a whole word, without braces, becomes as many words as it holds."""
    for word in words[:_LINES]:
        name = word[1:]
        if word.startswith("$") and name.isidentifier():
            yield from _split(environment.get(name, ""))
        else:
            yield _VARIABLE.sub(lambda found: environment.get(found[1] or found[2], ""), word)
