"""The programs that a build runs (downloaders, interpreters, checksum tools), and edits to their commands."""

from __future__ import annotations

import re
from bisect import bisect_left
from typing import Final

from msgspec import Struct

from sealock.model.build import Build, Run, Stage, User
from sealock.model.change import Edit
from sealock.model.imagename import default_user
from sealock.model.location import At, Place
from sealock.model.shell import Command, Pipeline, Word
from sealock.patterns import compile_lazily
from sealock.rules.build._ran import ran
from sealock.rules.downloads import DOWNLOADERS, program
from sealock.secrets.values import mask

CHECKSUMS: Final = frozenset({"sha1sum", "sha224sum", "sha256sum", "sha384sum", "sha512sum", "md5sum", "b2sum", "shasum", "cksum", "sha256", "sha512"})  # fmt: skip  # noqa: E501  a list of names
VERIFIERS: Final = CHECKSUMS | {"gpgv", "gpgv2", "cosign", "minisign", "signify", "slsa-verifier", "rhash", "jarsigner"}


class _Last:
    """The pipelines of the last build that a rule asked about; several rules ask about one build in turn."""

    build: Build | None = None
    pipelines: tuple[tuple[At, Run, Pipeline], ...] = ()


def pipelines(build: Build) -> tuple[tuple[At, Run, Pipeline], ...]:
    """Every pipeline that runs during the build, nested ones too."""
    if _Last.build is not build:
        _Last.pipelines = tuple(
            (at, run, pipeline) for at, _, run in build.each(Run) for pipeline in run.script.every_pipeline()
        )
        _Last.build = build
    return _Last.pipelines


def downloads(build: Build) -> bool:
    """Whether the build downloads anything."""
    return next(ran(build, *DOWNLOADERS), None) is not None


def verifies(command: Command) -> bool:
    """Whether the command checks something against a checksum or a signature."""
    name = program(command)
    if name in VERIFIERS:
        return True
    if name == "gpg":
        return any(text in {"--verify", "--decrypt", "-d"} for text in command.arguments)
    return name == "openssl" and any(text in {"dgst", "-verify", "cms", "smime"} for text in command.arguments)


_verified: list[tuple[Run, bool]] = []
"""The last RUN that a rule asked about, and the answer: rules ask for each of its commands."""


def is_verified(run: Run) -> bool:
    """Whether the RUN checks anything against a checksum or a signature."""
    if not _verified or _verified[0][0] is not run:
        _verified[:] = [(run, any(verifies(command) for command in run.script.commands()))]
    return _verified[0][1]


def known(place: Place) -> Place | None:
    """The place, or None if it is not in the text: the finding is then placed at the instruction."""
    return place if 0 <= place.start < place.end else None


_lined: list[tuple[Command, str]] = []
"""The last command that a rule asked about, and its line: rules ask for each of its words."""


def line(command: Command) -> str:
    """The command in one line, with its secrets masked: evidence for a fingerprint."""
    if not _lined or _lined[0][0] is not command:
        _lined[:] = [(command, mask(" ".join(word.text for word in command.words))[:200])]
    return _lined[0][1]


_QUOTED: Final = compile_lazily(r"\\.|'[^']*'|\"(?:[^\"\\]|\\.)*\"", re.DOTALL)
_ESCAPED: Final = compile_lazily(r"\\.", re.DOTALL)
_EXPANSION: Final = compile_lazily(r"\$\{?([A-Za-z_]\w*)")


def expansions(build: Build, word: Word) -> list[str]:
    """The variables that the shell expands in a word: none in single quotes or after a backslash."""
    if word.literal:
        return []
    written = build.excerpt(word.place)
    if not written:
        return _EXPANSION.findall(word.text)
    expanded = _QUOTED.sub(lambda part: "" if part[0][0] in "\\'" else _ESCAPED.sub("", part[0]), written)
    return _EXPANSION.findall(expanded)


def rewrite(build: Build, word: Word, text: str) -> tuple[Edit, ...]:
    """Replace the word, quoted as it was; no edit if the word is not a plain token."""
    written = build.excerpt(word.place)
    if written == word.text:
        return (Edit(word.place, text),)
    if written[1:-1] == word.text and written[:1] in {'"', "'"}:
        return (Edit(word.place, written[0] + text + written[-1]),)
    return ()


def swap(build: Build, word: Word, old: str, new: str) -> tuple[Edit, ...]:
    """Replace every `old` with `new` in the source of the word: for words with expansions."""
    written = build.excerpt(word.place)
    return (Edit(word.place, written.replace(old, new)),) if old in written else ()


def drop(build: Build, command: Command, *words: Word) -> tuple[Edit, ...]:
    """Remove words from a command, each with the blanks (and the comma of the exec form) before it."""
    edits: list[Edit] = []
    for word in words:
        index = next((at for at, candidate in enumerate(command.words) if candidate is word), 0)
        if index == 0 or known(word.place) is None:
            return ()
        before = command.words[index - 1].place.end
        if before > word.place.start:  # both are of one list of braces
            return ()
        gap = build.text[before : word.place.start]
        # Keep a comment between the two, and a neighbour that is not a token of its own.
        start = (
            before if 0 <= before < word.place.start and not gap.strip(f" \t\r\n,{build.escape}") else word.place.start
        )
        if start == word.place.start and build.text[start - 1] in " \t":
            start -= 1
        if edits and edits[-1].place.end == start:
            start = edits.pop().place.start
        edits.append(Edit(Place(start, word.place.end, file=word.place.file), ""))
    return tuple(edits)


def drop_option(build: Build, command: Command, word: Word, letter: str = "") -> tuple[Edit, ...]:
    """Remove an option from a command; from a bundle of short ones only its letter: -fsSLk becomes -fsSL."""
    text = word.text
    if letter and not text.startswith("--") and len(text) > 2:
        return rewrite(build, word, text.replace(letter, ""))
    return drop(build, command, word)


def settings(command: Command, *names: str) -> tuple[Word, ...]:
    """The words of `--name value` and `--name=value`, anywhere in a command."""
    matches: list[Word] = []
    for index, word in enumerate(command.words):
        if word.text in names:
            matches += command.words[index : index + 2]
        elif word.text.startswith(tuple(f"{name}=" for name in names)):
            matches.append(word)
    return tuple(matches)


class _Users(Struct):
    """The users of a build: for each stage the indices of its USERs (-1 for its start), and their users."""

    build: Build
    places: list[list[int]]
    users: list[list[str | None]]


_users: list[_Users] = []
"""The users of the last build that a rule asked about."""


def _users_of(build: Build) -> _Users:
    if _users and _users[0].build is build:
        return _users[0]
    users_of_build = _Users(build, [], [])
    for stage in build.stages:
        below = stage.start.stage
        image = stage.start.image.value
        user = default_user(image) if isinstance(image, str) else None
        if below is not None:
            user = users_of_build.users[below][-1]
        places, users = [-1], [user if isinstance(user, str) else None]
        for index, instruction in enumerate(stage.instructions):
            if isinstance(instruction, User):
                places.append(index)
                users.append(instruction.user.value if isinstance(instruction.user.value, str) else None)
        users_of_build.places.append(places)
        users_of_build.users.append(users)
    _users[:] = [users_of_build]
    return users_of_build


def user_at(build: Build, stage: Stage, at: At) -> str | None:
    """The user that an instruction of the stage runs as, or None if unknown."""
    index = at[3] if len(at) > 3 and isinstance(at[3], int) else len(stage.instructions)
    known = _users_of(build)
    return known.users[stage.index][bisect_left(known.places[stage.index], index) - 1]


def is_root(user: str | None) -> bool:
    """Whether it is root by name or number, with or without a group."""
    name = (user or "").partition(":")[0]
    return name == "root" or (name != "" and not name.strip("0"))
