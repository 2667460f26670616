"""A shell script for rules: which commands run, in which order, and which pipe into which.

Compound commands (if, for, case, functions, groups) are flattened into the order of the text. What runs inside another
command (subshells, substitutions, `sh -c "…"`, `sudo …`) is its `nested`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Literal, TypeAlias

from msgspec import Struct

from sealock.model.location import Place

NestedKind: TypeAlias = Literal["subshell", "substitution", "process", "argument", "wrapped"]
"""(…) or {…} | $(…) or `…` | <(…) or >(…) | sh -c "…", eval "…", a here-document fed to a shell | sudo …, env …"""
Joint: TypeAlias = Literal["", "&&", "||", ";", "&", "\n"]
BOURNE: Final = frozenset({"sh", "bash", "dash", "ash", "zsh", "ksh", "mksh", "rbash", "hush", "busybox"})
"""The shells whose scripts are parsed."""


class Word(Struct, frozen=True, gc=False):
    """One word. `text` is its value after quotes and escapes; expansions stay as written ("$HOME/x").

    `literal` says that no expansion is in it, so that `text` is exactly what the program gets. `place` is the token in
    the file, quotes included.
    """

    text: str
    place: Place
    literal: bool = True


class Redirect(Struct, frozen=True):
    """A redirection. `operator` is one of > >> < <> >| &> &>> >& <& << <<- <<<; `body` is a here-document's text."""

    operator: str
    target: Word | None = None
    fd: int | None = None
    body: str | None = None


class Assignment(Struct, frozen=True):
    """NAME=value, before a command or on its own (also by export, readonly, declare, local).

    `value` is None where the variable gets a value that the text does not hold, or several: `for NAME in …`, whose
    words are the `items`. Those of an array are its elements, and its `value` is as written: "(a b)". `append` says
    that it was NAME+=value.
    """

    name: str
    value: Word | None
    place: Place
    items: tuple[Word, ...] = ()
    append: bool = False


class Nested(Struct, frozen=True):
    """A script that runs inside a command, and how."""

    kind: NestedKind
    script: Script


class Command(Struct, frozen=True):
    """One simple command; `words` is empty for a mere assignment and for a group, which is then in `nested`."""

    words: tuple[Word, ...]
    place: Place
    assignments: tuple[Assignment, ...] = ()
    redirects: tuple[Redirect, ...] = ()
    nested: tuple[Nested, ...] = ()

    @property
    def name(self) -> str:
        """The program's base name: "curl" for /usr/bin/curl; "" where there is none."""
        return self.words[0].text.rpartition("/")[2] if self.words else ""

    @property
    def arguments(self) -> tuple[str, ...]:
        """The texts of the words after the first."""
        return tuple(word.text for word in self.words[1:])

    def option(self, *names: str) -> Word | None:
        """The word that gives one of these options: "-k" (also joined: -fsSLk), "--insecure" (also --insecure=…).

        Words after "--" are not options.
        """
        short = {name[1] for name in names if len(name) == 2 and name[0] == "-" and name[1] != "-"}
        for word in self.words[1:]:
            text = word.text
            if text == "--":
                return None
            if text in names or (text.startswith("-") and text.partition("=")[0] in names):
                return word
            if text[:1] == "-" and text[1:2] != "-" and not short.isdisjoint(text[1:]):
                return word
        return None

    def value(self, *names: str) -> Word | str | None:
        """The argument of an option: the next word, or the text joined to it (-oFILE, --output=FILE); None for none."""
        for index, word in enumerate(self.words[1:], 1):
            text = word.text
            if text == "--":
                return None
            if text in names:
                return self.words[index + 1] if index + 1 < len(self.words) else None
            for name in names:
                if name.startswith("--") and text.startswith(name + "="):
                    return text[len(name) + 1 :]
                if len(name) == 2 and text.startswith(name) and len(text) > 2:
                    return text[2:]
        return None

    def walk(self) -> Iterator[Command]:
        """This command and every command inside it."""
        yield self
        for nested in self.nested:
            yield from nested.script.commands()


class Pipeline(Struct, frozen=True):
    """Commands joined by |, and what joins the pipeline to the one before it.

    `guarded` marks one in a branch, a loop or a function, which may run never or more than once.
    """

    commands: tuple[Command, ...]
    joint: Joint = ""
    negated: bool = False
    guarded: bool = False


class Script(Struct, frozen=True):
    """A script. `broken` holds the places that the grammar could not parse; the rest is there.

    `unread` holds what lies beyond the bounds: nested too deeply, behind too many commands, or too expensive to parse.

    `shell` is the interpreter where it is known: "sh", "bash", "powershell", "cmd", "python" …; only the Bourne family
    is parsed.
    """

    pipelines: tuple[Pipeline, ...] = ()
    shell: str = "sh"
    broken: tuple[Place, ...] = ()
    unread: tuple[Place, ...] = ()

    @property
    def is_whole(self) -> bool:
        """Whether every command of it was read, those of nested scripts apart."""
        return not self.broken and not self.unread

    def unread_within(self) -> Iterator[Place]:
        """What lies beyond the bounds, in nested scripts too."""
        yield from self.unread
        for command in self.commands():
            for nested in command.nested:
                yield from nested.script.unread

    def commands(self) -> Iterator[Command]:
        """Every command; nested ones follow the command that they are in."""
        for pipeline in self.pipelines:
            for command in pipeline.commands:
                yield from command.walk()

    def every_pipeline(self) -> Iterator[Pipeline]:
        """Every pipeline, nested ones too."""
        for pipeline in self.pipelines:
            yield pipeline
            for command in pipeline.commands:
                for nested in command.nested:
                    yield from nested.script.every_pipeline()
