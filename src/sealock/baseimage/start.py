"""Follows what an image starts, from its configuration through scripts to the programs that run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final

from sealock.baseimage.paths import ImageFiles
from sealock.model.absent import UNKNOWN
from sealock.model.advice import Start, StartStep, StepKind
from sealock.model.container import Container

Commands = Callable[[str], Iterable[tuple[str, ...]]]
"""Reads a shell's text: the words of each command that it runs, those within others included."""

SHELLS: Final = frozenset({"sh", "bash", "dash", "ash", "ksh", "mksh", "zsh", "fish", "busybox"})
MANAGERS: Final = frozenset(
    {
        "apt", "apt-get", "dpkg", "apk", "yum", "dnf", "microdnf", "zypper", "rpm", "pacman", "pip", "pip3", "npm",
        "yarn", "pnpm", "gem", "bundle", "composer", "conda", "uv",
    }
)  # fmt: skip
LANGUAGES: Final = {
    "python": "Python", "pypy": "Python", "node": "Node.js", "nodejs": "Node.js", "bun": "Node.js", "ruby": "Ruby",
    "perl": "Perl", "php": "PHP", "php-fpm": "PHP", "java": "Java", "dotnet": ".NET", "lua": "Lua", "luajit": "Lua",
    "Rscript": "R", "julia": "Julia", "tclsh": "Tcl", "erl": "Erlang", "guile": "Scheme",
}  # fmt: skip
_WRAPPERS: Final = {
    "tini": "ep", "tini-static": "ep", "docker-init": "ep", "dumb-init": "", "catatonit": "", "gosu": "1",
    "su-exec": "1", "s6-setuidgid": "1", "env": "uCS", "nice": "n", "nohup": "", "setpriv": "", "exec": "a",
    "stdbuf": "ioe", "timeout": "ks1", "chpst": "uUbe/1", "pid1": "", "time": "", "command": "",
}  # fmt: skip
"""Programs that start the one named after them: letters of options that take a word; "1" is one word of their own."""
_BUILTIN: Final = frozenset(
    {
        "set", "echo", "printf", "test", "[", "[[", "cd", "export", "if", "shift", "eval", "trap", "return", "exit",
        "local", "read", "true", "false", ":", ".", "source", "unset", "declare", "typeset", "readonly", "wait",
        "umask", "ulimit", "shopt", "type", "hash", "getopts", "break", "continue", "pwd", "kill", "let", "alias",
        "mapfile", "times", "jobs", "compgen", "help", "history", "popd", "pushd", "dirs", "caller",
    }
)  # fmt: skip
_MOST_STEPS: Final = 60
_DEEPEST: Final = 8
_MOST_TEXT: Final = 2 << 20
"""Characters of shell that are read, all texts together, with as much as reading one costs besides."""
_COST: Final = 1000
_MOST_SAID: Final = 20
"""Things that could not be told."""


def follow(container: Container, files: ImageFiles, commands: Commands) -> Start:
    """Follow the entrypoint and command of a configuration."""
    entrypoint = container.entrypoint if isinstance(container.entrypoint, tuple) else ()
    command = container.command if isinstance(container.command, tuple) else ()
    words = (*entrypoint, *command)
    if not words:
        says = container.entrypoint is UNKNOWN and container.command is UNKNOWN
        why = (
            "a root file system does not say what it starts" if says else "the configuration names no program to start"
        )
        return Start((), unknown=(why,))
    way = _Way(files, commands, words)
    way.run(words, "the entrypoint" if entrypoint else "the command", 0)
    return way.done()


class _Way:
    """What was found on the way."""

    def __init__(self, files: ImageFiles, commands: Commands, words: tuple[str, ...]) -> None:
        self.files, self.commands, self.words = files, commands, words
        self.steps: dict[tuple[str, str], StartStep] = {}
        self.room = _MOST_TEXT
        self.shell = ""
        self.form = False
        self.managers: dict[str, None] = {}
        self.unknown: dict[str, None] = {}

    def run(self, words: Sequence[str], by: str, depth: int) -> None:
        """Follow the program that these words start."""
        if not words or depth > _DEEPEST:
            return
        word = words[0]
        if "$" in word or "`" in word:
            self.unknown[f"{by} starts {word}, which is known only when it runs"] = None
            return
        path = self.files.command(word)
        name = word.rpartition("/")[2]
        program = self.files.content.programs.get(path)
        if name in MANAGERS and path:
            self.managers[name] = None
        if not path:
            self.step(StartStep(word, "missing", "", by))
        elif program is None:
            self.step(StartStep(word, "unreadable", path, by))
        elif program.kind == "script":
            self.script(word, path, words, by, depth)
        elif name in SHELLS or path.rpartition("/")[2] in SHELLS:
            self.shell_(word, path, words, by, depth)
        else:
            kind: StepKind = "static" if program.kind == "static" else "dynamic"
            language = _language(path.rpartition("/")[2]) or _language(name)
            fresh = self.step(StartStep(word, "interpreted" if language else kind, path, by, language))
            if fresh and name in _WRAPPERS:
                self.run(_wrapped(name, words[1:]), name, depth + 1)

    def step(self, step: StartStep) -> bool:
        """Note a step; whether it is a new one that is to be followed."""
        key = (step.path or step.word, step.kind)
        if key in self.steps or len(self.steps) >= _MOST_STEPS:
            return False
        self.steps[key] = step
        return True

    def script(self, word: str, path: str, words: Sequence[str], by: str, depth: int) -> None:
        """Follow a script through the interpreter that its first line names."""
        program = self.files.content.programs[path]
        first = [program.interpreter, *" ".join(program.arguments).split()]
        if first[0].rpartition("/")[2] == "env":
            self.run(first[:1], path, depth + 1)
            first = _wrapped("env", first[1:])
        name = first[0].rpartition("/")[2] if first else ""
        if name not in SHELLS:
            language = _language(name)
            if self.step(StartStep(word, "script", path, by, language)):
                self.run(first, f"/{path}", depth + 1)
            return
        if not self.step(StartStep(word, "script", path, by)):
            return
        self.shell = self.shell or f"/{path} is a script for {name}"
        self.form = False
        shell = self.files.command(first[0])
        kind: StepKind = "shell" if shell else "missing"
        self.step(StartStep(first[0], kind, shell, f"/{path}"))
        text = self.files.content.texts.get(path)
        if text is None:
            self.unknown[f"/{path} is too large to be followed"] = None
            return
        self.text(text, f"/{path}", words[1:], depth)

    def shell_(self, word: str, path: str, words: Sequence[str], by: str, depth: int) -> None:
        """Follow `sh -c TEXT`, `sh SCRIPT`, or a shell that is to be talked to."""
        fresh = self.step(StartStep(word, "shell", path, by))
        rest = list(words[1:])
        given = next((at for at, one in enumerate(rest) if one.startswith("-") and "c" in one.lstrip("-")[:4]), -1)
        if given >= 0 and given + 1 < len(rest):
            text = rest[given + 1]
            told = [command for command in self.commands(text) if command]
            if not self.shell and depth == 0:
                self.form = len(told) == 1 and not any(mark in text for mark in "$`|&;<>*?(")
            self.shell = self.shell or (
                f"{by} is written in shell form: {word} -c" if depth == 0 else f"{by} runs {word} -c"
            )
            self.text(text, f"{word} -c", rest[given + 2 :], depth)
            return
        script = next((one for one in rest if not one.startswith("-")), "")
        if script and (found := self.files.command(script if "/" in script else f"./{script}")):
            self.shell = self.shell or f"{by} lets {word} read {script}"
            if fresh and (text_ := self.files.content.texts.get(found)) is not None:
                self.text(text_, f"/{found}", rest[1:], depth)
            elif fresh:
                self.unknown[f"what {word} reads in {script} was not followed"] = None
        else:
            self.shell = self.shell or f"{by} is the shell {word} itself"
            self.unknown[f"{by} is the shell {word} itself, and what is typed there is not known"] = None

    def text(self, text: str, by: str, arguments: Sequence[str], depth: int) -> None:
        """Follow the commands of a shell's text; `"$@"` stands for the arguments."""
        self.room -= len(text) + _COST
        if self.room < 0:
            self.unknown["what is started is too much to be followed to its end"] = None
            return
        for given in self.commands(text):
            words = [
                argument for word in given for argument in (arguments if word in {"$@", "${@}", "$*"} else (word,))
            ]
            name = words[0] if words else ""
            if name in _WRAPPERS and (name in {"exec", "command", "time"} or self.files.command(name)):
                if name not in {"exec", "command", "time"}:
                    self.run(words, by, depth + 1)
                    continue
                words = _wrapped(name, words[1:])
                name = words[0] if words else ""
            if not name or name in _BUILTIN or name.startswith("-") or "=" in name:
                continue
            # A word that is no program may be a function of the script; one that exec gets is none.
            if self.files.command(name) or "/" in name or "$" in name or given[0] == "exec":
                self.run(words, by, depth + 1)

    def done(self) -> Start:
        """All of it."""
        return Start(
            self.words,
            tuple(self.steps.values()),
            self.shell,
            self.form and bool(self.shell),
            tuple(self.managers),
            tuple(self.unknown)[:_MOST_SAID],
        )


def _language(name: str) -> str:
    return LANGUAGES.get(name) or LANGUAGES.get(name.rstrip("0123456789.-"), "")


def _wrapped(name: str, words: Sequence[str]) -> list[str]:
    """The words of the command that a wrapper starts."""
    takes, own, at = _WRAPPERS[name], int("1" in _WRAPPERS[name]), 0
    while at < len(words):
        word = words[at]
        if word == "--":
            at += 1
            break
        if word.startswith("-") and len(word) > 1:
            at += 2 if len(word) == 2 and word[1] in takes and word[1].isalpha() else 1
        elif name == "env" and "=" in word:
            at += 1
        else:
            break
    return list(words[at + own :])
