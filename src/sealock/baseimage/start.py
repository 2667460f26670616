"""Follows what an image starts: from its configuration through scripts to programs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final

from sealock.baseimage.paths import ImageFiles
from sealock.model.absent import UNKNOWN, given
from sealock.model.advice import Start, StartStep, StepKind
from sealock.model.container import Container

Commands = Callable[[str], Iterable[tuple[str, ...]]]
"""Parses a shell script: the words of each command, nested ones included."""

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
"""Programs that start the program named after them: letters of options with an argument; "1" is one own argument."""
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
"""Most characters of shell scripts in all, plus a cost per script."""
_COST: Final = 1000
_MOST_SAID: Final = 20
"""Most entries of unknown things."""


def follow(container: Container, files: ImageFiles, commands: Commands) -> Start:
    """Follow the entrypoint and command of a configuration."""
    entrypoint, command = given(container.entrypoint, ()), given(container.command, ())
    words = (*entrypoint, *command)
    if not words:
        says = container.entrypoint is UNKNOWN and container.command is UNKNOWN
        why = "a root file system has no start command" if says else "the configuration names no program to start"
        return Start((), unknown=(why,))
    follower = _Follower(files, commands, words)
    follower.run(words, "the entrypoint" if entrypoint else "the command", 0)
    return follower.result()


class _Follower:
    """The state of following."""

    def __init__(self, files: ImageFiles, commands: Commands, words: tuple[str, ...]) -> None:
        self.files, self.commands, self.words = files, commands, words
        self.steps: dict[tuple[str, str], StartStep] = {}
        self.room = _MOST_TEXT
        self.shell = ""
        self.form = False
        self.managers: dict[str, None] = {}
        self.unknown: dict[str, None] = {}

    def run(self, words: Sequence[str], by: str, depth: int) -> None:
        """Follow the program of a command."""
        if not words or depth > _DEEPEST:
            return
        word = words[0]
        if "$" in word or "`" in word:
            self.unknown[f"{by} starts {word}, which is known only at run time"] = None
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
        """Add a step; whether it is new and has to be followed."""
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
            self.unknown[f"/{path} is too large to read"] = None
            return
        self.text(text, f"/{path}", words[1:], depth)

    def shell_(self, word: str, path: str, words: Sequence[str], by: str, depth: int) -> None:
        """Follow `sh -c TEXT`, `sh SCRIPT`, or an interactive shell."""
        fresh = self.step(StartStep(word, "shell", path, by))
        rest = list(words[1:])
        option = next((at for at, word in enumerate(rest) if word.startswith("-") and "c" in word.lstrip("-")[:4]), -1)
        if option >= 0 and option + 1 < len(rest):
            text = rest[option + 1]
            commands = [command for command in self.commands(text) if command]
            if not self.shell and depth == 0:
                self.form = len(commands) == 1 and not any(mark in text for mark in "$`|&;<>*?(")
            self.shell = self.shell or (
                f"{by} is written in shell form: {word} -c" if depth == 0 else f"{by} runs {word} -c"
            )
            self.text(text, f"{word} -c", rest[option + 2 :], depth)
            return
        script = next((word for word in rest if not word.startswith("-")), "")
        if script and (script_path := self.files.command(script if "/" in script else f"./{script}")):
            self.shell = self.shell or f"{by} runs {script} with {word}"
            if fresh and (content := self.files.content.texts.get(script_path)) is not None:
                self.text(content, f"/{script_path}", rest[1:], depth)
            elif fresh:
                self.unknown[f"{script}, which {word} runs, was not read"] = None
        else:
            self.shell = self.shell or f"{by} is the interactive shell {word}"
            self.unknown[f"{by} is the interactive shell {word}, whose input is unknown"] = None

    def text(self, text: str, by: str, arguments: Sequence[str], depth: int) -> None:
        """Follow the commands of a shell script; `"$@"` is replaced by the arguments."""
        self.room -= len(text) + _COST
        if self.room < 0:
            self.unknown["the scripts are too long to follow to their end"] = None
            return
        for command in self.commands(text):
            words = [
                argument for word in command for argument in (arguments if word in {"$@", "${@}", "$*"} else (word,))
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
            # A word that is not a program can be a function of the script, except after exec.
            if self.files.command(name) or "/" in name or "$" in name or command[0] == "exec":
                self.run(words, by, depth + 1)

    def result(self) -> Start:
        """The result."""
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
    """The words of a wrapper's command."""
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
