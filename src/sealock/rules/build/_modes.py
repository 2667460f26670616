"""File modes as chmod, COPY --chmod, install -m and mkdir -m write them, compared as bits."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from sealock.model.build import AddFile, Build, Copy
from sealock.model.change import Edit
from sealock.model.location import At, Place
from sealock.model.shell import Command, Word
from sealock.rules.build._commands import known, line, rewrite
from sealock.rules.build._ran import ran


class GivenMode(NamedTuple):
    """A mode that a command sets: `text` is the mode itself, `prefix` what is before it in its word (-m)."""

    at: At
    text: str
    place: Place | None
    evidence: str
    word: Word | Place
    prefix: str
    directory: bool
    """Whether it is for directories, as far as the command shows."""
    paths: tuple[str, ...]
    """What gets the mode."""

    def fixed(self, build: Build, mode: str) -> tuple[Edit, ...]:
        """Replace the mode."""
        if isinstance(self.word, Place):
            return (Edit(self.word, mode),)
        return rewrite(build, self.word, self.prefix + mode)


def modes(build: Build) -> Iterator[GivenMode]:
    """Every mode that the build sets on files."""
    for at, _, copy in build.each(Copy, AddFile):
        if copy.chmod is not None:
            evidence, given = f"{copy.keyword} --chmod={copy.chmod.text}", copy.chmod
            target = (copy.target.text,)
            yield GivenMode(
                at, given.text, known(given.place), evidence, given.place, "", directory=False, paths=target
            )
    for call in ran(build, "chmod"):
        word = next((word for word in call.command.words[1:] if is_mode(word.text)), None)
        if word is not None:
            place, recursive = known(word.place), _recursive(call.command)
            paths = _operands(call.command, word)
            yield GivenMode(call.at, word.text, place, line(call.command), word, "", recursive, paths)
    for call in ran(build, "mkdir", "install"):
        words = call.command.words
        directory = call.command.name == "mkdir" or call.command.option("-d", "--directory") is not None
        for index, word in enumerate(words):
            for prefix in ("-m", "--mode="):
                if word.text in {"-m", "--mode"} and prefix == "-m" and index + 1 < len(words):
                    mode, start = words[index + 1], ""
                elif word.text.startswith(prefix) and len(word.text) > len(prefix):
                    mode, start = word, prefix
                else:
                    continue
                text, paths = mode.text.removeprefix(start), _operands(call.command, mode)
                yield GivenMode(call.at, text, known(mode.place), line(call.command), mode, start, directory, paths)


def _operands(command: Command, mode: Word) -> tuple[str, ...]:
    return tuple(word.text for word in command.words[1:] if word is not mode and not word.text.startswith("-"))


def _recursive(command: Command) -> bool:
    return command.option("-R", "--recursive") is not None


def is_mode(text: str) -> bool:
    """Whether a word of chmod is a mode."""
    return re.fullmatch(r"[0-7]{1,5}|[ugoa]*[-+=][rwxXstugo]*(?:,[ugoa]*[-+=][rwxXstugo]*)*", text) is not None


def bits(text: str) -> int | None:
    """The bits of an octal mode."""
    return int(text, 8) if re.fullmatch(r"[0-7]{1,5}", text) else None


def clauses(text: str) -> Iterator[tuple[str, str, str]]:
    """The clauses of a symbolic mode: classes ("a" if none is named), operator, permissions."""
    for match in re.finditer(r"([ugoa]*)([-+=])([rwxXstugo]*)", text):
        yield match[1] or "a", match[2], match[3]
